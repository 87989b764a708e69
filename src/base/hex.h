/* hex.h: bytes as lower-case hexadecimal, and bech32 (BIP-173) for NIP-19 names. */
#ifndef WN_BASE_HEX_H
#define WN_BASE_HEX_H

#include "base/str.h"

void hex_encode(const uint8_t *bytes, size_t n, char *out); /* writes 2n characters and a zero byte */
bool hex_decode(struct str text, uint8_t *out, size_t n);   /* exactly 2n lower-case digits, else false */

/* bech32 without the 90-character limit, as NIP-19 uses it. data are 8-bit bytes. */
void bech32_encode(struct buf *out, const char *hrp, const uint8_t *data, size_t n);
/* Accepts all-lower or all-upper case. hrp_size includes its zero byte. false on any error. */
bool bech32_decode(struct str text, char *hrp, size_t hrp_size, struct buf *data);

#endif
