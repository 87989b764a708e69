/* vault.h: the keeper's cryptography: wrapping keys under passwords and tickets, and what follows from the
 * pepper. Inside the room only. Leans on libsodium and libsecp256k1. */
#ifndef WN_KEEPER_VAULT_H
#define WN_KEEPER_VAULT_H

#include "keeper/keeper.h"

#define VAULT_SALT_BYTES 16
#define VAULT_NONCE_BYTES 24
#define VAULT_WRAPPED_BYTES (32 + 16)
#define VAULT_SESSION_ID_BYTES 16

/* Locked pages: the pepper, and one thread's place to hold secrets while it works with them. */
struct vault_pepper {
    uint8_t b[32];
};
struct vault_scratch {
    uint8_t key[32];    /* a private key, for as long as it is needed */
    uint8_t hash[32];   /* what a password was hashed to */
    uint8_t wrap[32];   /* a symmetric key made from it */
    uint8_t other[144]; /* an opened ticket, or the like */
};

struct vault_params { /* of Argon2id */
    uint32_t ops, mem_kib;
};
extern const struct vault_params keeper__params;

/* BLAKE2b keyed with the pepper over label and data: n ≤ 64 bytes. */
void keeper__derive(const struct vault_pepper *pepper, const char *label, const void *data, size_t data_n,
    uint8_t *out, size_t n);
/* The slow part: s->hash from the password. ERR_MEMORY. */
int keeper__hash_password(struct vault_scratch *s, struct str password, const uint8_t salt[VAULT_SALT_BYTES],
    const struct vault_params *params, struct err *err);
/* s->key to or from wrapped, under s->hash and the pepper. about is authenticated with it. */
void keeper__wrap(const struct vault_pepper *pepper, struct vault_scratch *s, struct str about,
    const uint8_t nonce[VAULT_NONCE_BYTES], uint8_t wrapped[VAULT_WRAPPED_BYTES]);
bool keeper__unwrap(const struct vault_pepper *pepper, struct vault_scratch *s, struct str about,
    const uint8_t nonce[VAULT_NONCE_BYTES], const uint8_t wrapped[VAULT_WRAPPED_BYTES]);
/* A new random private key into s->key. */
void keeper__new_key(struct vault_scratch *s, struct pubkey *out);

struct vault_ticket { /* what a ticket says beside the key, which is in s->key */
    struct pubkey key;
    int64_t issued, expires; /* Unix seconds */
    uint32_t generation;
    uint8_t id[VAULT_SESSION_ID_BYTES];
};
void keeper__ticket_seal(const struct vault_pepper *pepper, struct vault_scratch *s,
    const struct vault_ticket *ticket, struct keeper_session *out);
bool keeper__ticket_open(const struct vault_pepper *pepper, struct vault_scratch *s,
    const struct keeper_session *session, struct vault_ticket *out);

/* NIP-44 version 2 with s->key. nonce: 32 random bytes, given so that vectors can be tested. */
#define NIP44_MAX_PLAIN (128u * 1024)
int keeper__nip44_encrypt(struct vault_scratch *s, const struct pubkey *peer, struct str plain,
    const uint8_t nonce[32], struct buf *out, struct err *err);
int keeper__nip44_decrypt(
    struct vault_scratch *s, const struct pubkey *peer, struct str payload, struct buf *out, struct err *err);

/* NIP-49 of s->key. The password is in NFKC already. */
int keeper__nip49_export(
    struct vault_scratch *s, struct str password, unsigned log_n, struct buf *out, struct err *err);
int keeper__nip49_import(struct vault_scratch *s, struct str text, struct str password, struct err *err);

/* NFKC, so that a password typed on another keyboard is the same one. ERR_INPUT for what is not UTF-8. */
int keeper__normalize(struct str password, struct buf *out, struct err *err);

#endif
