/* private.h: the bounds and the key handling that several files of the room share. */
#ifndef WN_RECORD_PRIVATE_H
#define WN_RECORD_PRIVATE_H

#include "record/record.h"

#include <secp256k1_extrakeys.h>

/* ERR_LIMIT, naming both numbers, where a record of that kind may not have so many bytes. */
int record__check_size(uint32_t kind, size_t serialized_bytes, struct err *err);
/* SHA-256 of n bytes. */
void record__sha256(const void *p, size_t n, uint8_t out[32]);
void record__sha256_parts(const struct str *parts, size_t n, uint8_t out[32]);
/* Appends the canonical JSON, and computes the id from the fields that stand in it: they are written once. */
void record__to_json_and_id(const struct record *r, struct buf *out, struct record_id *id);
/* BIP-340 of 32 bytes as such; fresh is its auxiliary randomness. */
int record__sign_bytes(const uint8_t secret[32], const uint8_t message[32], const uint8_t fresh[32],
    struct pubkey *key, struct signature *sig, struct err *err);
bool record__signature_valid(
    const struct pubkey *key, const uint8_t message[32], const struct signature *sig);
/* The key ready for verifying, from the cache where it was seen lately; false where it is no point. */
bool record__key_parsed(const struct pubkey *k, secp256k1_xonly_pubkey *out);

#endif
