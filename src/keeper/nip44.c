/* nip44.c: NIP-44 version 2: ECDH, HKDF, ChaCha20 and HMAC-SHA256 between a key here and a peer's. */
#include "keeper/vault.h"

#include <secp256k1_ecdh.h>
#include <sodium.h>
#include <stdlib.h>

#define NIP44_VERSION 2
#define NIP44_EXTENDED 65536u /* from this length on the prefix takes six bytes */

struct message_keys {
    uint8_t chacha_key[32], chacha_nonce[12], hmac_key[32];
};

static void hmac(const uint8_t *key, size_t key_n, struct str a, struct str b, uint8_t out[32])
{
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, key, key_n);
    crypto_auth_hmacsha256_update(&state, (const uint8_t *)a.p, a.n);
    crypto_auth_hmacsha256_update(&state, (const uint8_t *)b.p, b.n);
    crypto_auth_hmacsha256_final(&state, out);
    sodium_memzero(&state, sizeof state);
}

static int only_x(unsigned char *out, const unsigned char *x32, const unsigned char *y32, void *data)
{
    (void)y32, (void)data;
    memcpy(out, x32, 32);
    return 1;
}

/* HKDF-extract over the shared point's x: the same from both sides. Into s->wrap. */
static int conversation_key(struct vault_scratch *s, const struct pubkey *peer, struct err *err)
{
    uint8_t point[33] = {2}, x[32];
    memcpy(point + 1, peer->b, 32);
    secp256k1_pubkey parsed;
    const secp256k1_context *context = secp256k1_context_static;
    if (!secp256k1_ec_pubkey_parse(context, &parsed, point, sizeof point) ||
        !secp256k1_ecdh(context, x, &parsed, s->key, only_x, NULL))
        return err_set(err, ERR_INPUT, "the peer's public key is not a point on the curve");
    hmac((const uint8_t *)"nip44-v2", 8, (struct str){(char *)x, 32}, STR(""), s->wrap);
    sodium_memzero(x, sizeof x);
    return 0;
}

/* HKDF-expand to 76 bytes with the nonce as info. */
static void message_keys(struct vault_scratch *s, const uint8_t nonce[32], struct message_keys *out)
{
    uint8_t okm[96], input[32 + 32 + 1];
    size_t n = 0;
    for (uint8_t i = 1; i <= 3; i++) {
        memcpy(input + n, nonce, 32);
        input[n + 32] = i;
        hmac(s->wrap, 32, (struct str){(char *)input, n + 33}, STR(""), okm + 32 * (i - 1));
        memcpy(input, okm + 32 * (i - 1), 32);
        n = 32;
    }
    memcpy(out->chacha_key, okm, 32);
    memcpy(out->chacha_nonce, okm + 32, 12);
    memcpy(out->hmac_key, okm + 44, 32);
    sodium_memzero(okm, sizeof okm);
    sodium_memzero(input, sizeof input);
}

static size_t padded_length(size_t n)
{
    if (n <= 32)
        return 32;
    size_t power = 64;
    while (power < n)
        power *= 2;
    size_t chunk = power <= 256 ? 32 : power / 8;
    return chunk * ((n - 1) / chunk + 1);
}

int keeper__nip44_encrypt(struct vault_scratch *s, const struct pubkey *peer, struct str plain,
    const uint8_t nonce[32], struct buf *out, struct err *err)
{
    if (plain.n < 1 || plain.n > NIP44_MAX_PLAIN)
        return err_set(
            err, ERR_INPUT, "a private text is 1 to %u bytes long, not %zu", NIP44_MAX_PLAIN, plain.n);
    int bad = conversation_key(s, peer, err);
    if (bad)
        return bad;
    struct message_keys keys;
    message_keys(s, nonce, &keys);
    size_t prefix = plain.n < NIP44_EXTENDED ? 2 : 6;
    size_t sealed_n = prefix + padded_length(plain.n), n = 1 + 32 + sealed_n + 32;
    struct buf payload _cleanup_wipe_ = BUF_INIT;
    buf_reserve(&payload, n);
    memset(payload.p, 0, n);
    uint8_t *p = (uint8_t *)payload.p, *sealed = p + 33;
    p[0] = NIP44_VERSION;
    memcpy(p + 1, nonce, 32);
    for (size_t i = 0; i < (prefix == 2 ? 2u : 4u); i++)
        sealed[prefix - 1 - i] = (uint8_t)(plain.n >> (8 * i));
    memcpy(sealed + prefix, plain.p, plain.n);
    crypto_stream_chacha20_ietf_xor(sealed, sealed, sealed_n, keys.chacha_nonce, keys.chacha_key);
    hmac(keys.hmac_key, 32, (struct str){(char *)nonce, 32}, (struct str){(char *)sealed, sealed_n},
        sealed + sealed_n);
    sodium_memzero(&keys, sizeof keys);
    size_t text_n = sodium_base64_ENCODED_LEN(n, sodium_base64_VARIANT_ORIGINAL);
    buf_reserve(out, text_n);
    sodium_bin2base64(out->p + out->n, text_n, p, n, sodium_base64_VARIANT_ORIGINAL);
    out->n += text_n - 1;
    return 0;
}

static int read_padded(struct str sealed, struct buf *out, struct err *err)
{
    const uint8_t *p = (const uint8_t *)sealed.p;
    size_t prefix = 2, n = (size_t)p[0] << 8 | p[1];
    if (n == 0) {
        prefix = 6;
        n = (size_t)p[2] << 24 | (size_t)p[3] << 16 | (size_t)p[4] << 8 | p[5];
        if (n < NIP44_EXTENDED)
            n = 0;
    }
    if (n == 0 || n > NIP44_MAX_PLAIN || sealed.n != prefix + padded_length(n))
        return err_set(err, ERR_INPUT, "the private text's padding is wrong");
    buf_add(out, p + prefix, n);
    return 0;
}

int keeper__nip44_decrypt(
    struct vault_scratch *s, const struct pubkey *peer, struct str payload, struct buf *out, struct err *err)
{
    if (payload.n == 0 || payload.p[0] == '#')
        return err_set(err, ERR_INPUT, "this version of private texts is not known here");
    if (payload.n < 132 || payload.n > 4 * (NIP44_MAX_PLAIN + NIP44_MAX_PLAIN / 4 + 128) / 3)
        return err_set(err, ERR_INPUT, "the private text is cut off or too long");
    struct buf data _cleanup_wipe_ = BUF_INIT;
    buf_reserve(&data, payload.n);
    size_t n = 0;
    if (sodium_base642bin((uint8_t *)data.p, payload.n, payload.p, payload.n, NULL, &n, NULL,
            sodium_base64_VARIANT_ORIGINAL) != 0 ||
        n < 99)
        return err_set(err, ERR_INPUT, "the private text is not whole base64");
    uint8_t *p = (uint8_t *)data.p, *sealed = p + 33, mac[32];
    size_t sealed_n = n - 33 - 32;
    if (p[0] != NIP44_VERSION)
        return err_set(err, ERR_INPUT, "version %u of private texts is not known here", p[0]);
    int bad = conversation_key(s, peer, err);
    if (bad)
        return bad;
    struct message_keys keys;
    message_keys(s, p + 1, &keys);
    hmac(keys.hmac_key, 32, (struct str){(char *)p + 1, 32}, (struct str){(char *)sealed, sealed_n}, mac);
    bool right = sodium_memcmp(mac, sealed + sealed_n, 32) == 0;
    if (right)
        crypto_stream_chacha20_ietf_xor(sealed, sealed, sealed_n, keys.chacha_nonce, keys.chacha_key);
    sodium_memzero(&keys, sizeof keys);
    if (!right)
        return err_set(err, ERR_DENIED, "the private text is not for this key, or was changed on its way");
    return read_padded((struct str){(char *)sealed, sealed_n}, out, err);
}
