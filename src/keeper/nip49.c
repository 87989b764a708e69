/* nip49.c: taking a private key out and in: NIP-49's "ncryptsec1…" under a password, and bare "nsec1…". */
#include "keeper/vault.h"

#include "base/hex.h"

#include <sodium.h>

enum {
    VERSION_AT = 0,
    LOG_N_AT = 1,
    SALT_AT = 2,
    NONCE_AT = 18,
    SECURITY_AT = 42,
    SEALED_AT = 43,
    TOTAL = 91
};
#define SECURITY_NOT_TRACKED 2
#define MAX_LOG_N 20 /* 1 GiB */

static int stretch(
    struct vault_scratch *s, struct str password, const uint8_t salt[16], unsigned log_n, struct err *err)
{
    if (crypto_pwhash_scryptsalsa208sha256_ll((const uint8_t *)password.p, password.n, salt, 16,
            UINT64_C(1) << log_n, 8, 1, s->wrap, sizeof s->wrap) != 0)
        return err_set(err, ERR_MEMORY, "not enough memory for this key's password (%u MiB are needed)",
            log_n >= 10 ? 1u << (log_n - 10) : 1);
    return 0;
}

int keeper__nip49_export(
    struct vault_scratch *s, struct str password, unsigned log_n, struct buf *out, struct err *err)
{
    uint8_t data[TOTAL];
    data[VERSION_AT] = 2;
    data[LOG_N_AT] = (uint8_t)log_n;
    randombytes_buf(data + SALT_AT, SECURITY_AT - SALT_AT);
    data[SECURITY_AT] = SECURITY_NOT_TRACKED;
    int bad = stretch(s, password, data + SALT_AT, log_n, err);
    if (bad)
        return bad;
    crypto_aead_xchacha20poly1305_ietf_encrypt(
        data + SEALED_AT, NULL, s->key, sizeof s->key, data + SECURITY_AT, 1, NULL, data + NONCE_AT, s->wrap);
    bech32_encode(out, "ncryptsec", data, sizeof data);
    return 0;
}

static int open_ncryptsec(struct vault_scratch *s, struct buf *data, struct str password, struct err *err)
{
    const uint8_t *p = (const uint8_t *)data->p;
    if (data->n != TOTAL || p[VERSION_AT] != 2)
        return err_set(err, ERR_INPUT, "this ncryptsec is not of version 2 of NIP-49");
    if (p[LOG_N_AT] < 1 || p[LOG_N_AT] > MAX_LOG_N)
        return err_set(
            err, ERR_LIMIT, "this ncryptsec asks for 2^%u rounds, more than 2^%u", p[LOG_N_AT], MAX_LOG_N);
    int bad = stretch(s, password, p + SALT_AT, p[LOG_N_AT], err);
    if (bad)
        return bad;
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(s->key, NULL, NULL, p + SEALED_AT, TOTAL - SEALED_AT,
            p + SECURITY_AT, 1, p + NONCE_AT, s->wrap) != 0)
        return err_set(err, ERR_DENIED, "the password does not open this ncryptsec");
    return 0;
}

int keeper__nip49_import(struct vault_scratch *s, struct str text, struct str password, struct err *err)
{
    struct buf data _cleanup_wipe_ = BUF_INIT;
    char hrp[16];
    buf_reserve(&data, 256);
    if (text.n > 1000 || !bech32_decode(str_trim(text), hrp, sizeof hrp, &data))
        return err_set(err, ERR_INPUT, "the key is neither a whole ncryptsec1… nor a whole nsec1…");
    struct pubkey unused;
    if (!strcmp(hrp, "ncryptsec")) {
        int bad = open_ncryptsec(s, &data, password, err);
        if (bad)
            return bad;
    } else if (!strcmp(hrp, "nsec") && data.n == 32) {
        memcpy(s->key, data.p, 32);
    } else {
        return err_set(err, ERR_INPUT, "the key begins with %s1, not with ncryptsec1 or nsec1", hrp);
    }
    return record_pubkey_of_secret(s->key, &unused, err);
}
