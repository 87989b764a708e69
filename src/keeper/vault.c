/* vault.c: wrapping private keys: Argon2id mixed with the pepper, XChaCha20-Poly1305, sessions' tickets. */
#include "keeper/vault.h"

#include "base/utf8.h"
#include "base/wire.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <uninorm.h>

/* RFC 9106's second recommendation with one lane: 64 MiB and three passes, about 0.2 s, which a machine of
 * 512 MB can spare, as only one runs at a time. */
const struct vault_params keeper__params = {.ops = 3, .mem_kib = 64 * 1024};

void keeper__derive(const struct vault_pepper *pepper, const char *label, const void *data, size_t data_n,
    uint8_t *out, size_t n)
{
    crypto_generichash_state state;
    crypto_generichash_init(&state, pepper->b, sizeof pepper->b, n);
    crypto_generichash_update(&state, (const uint8_t *)label, strlen(label) + 1);
    crypto_generichash_update(&state, data, data_n);
    crypto_generichash_final(&state, out, n);
    sodium_memzero(&state, sizeof state);
}

int keeper__hash_password(struct vault_scratch *s, struct str password, const uint8_t salt[VAULT_SALT_BYTES],
    const struct vault_params *params, struct err *err)
{
    static_assert(VAULT_SALT_BYTES == crypto_pwhash_argon2id_SALTBYTES, "Argon2id's salt");
    if (crypto_pwhash_argon2id(s->hash, sizeof s->hash, password.p, password.n, salt, params->ops,
            (size_t)params->mem_kib * 1024, crypto_pwhash_argon2id_ALG_ARGON2ID13) != 0)
        return err_set(err, ERR_MEMORY, "not enough memory to check a password (%u MiB are needed)",
            params->mem_kib / 1024);
    return 0;
}

static void wrap_key(const struct vault_pepper *pepper, struct vault_scratch *s)
{
    keeper__derive(pepper, "widenet wrap 1", s->hash, sizeof s->hash, s->wrap, sizeof s->wrap);
}

void keeper__wrap(const struct vault_pepper *pepper, struct vault_scratch *s, struct str about,
    const uint8_t nonce[VAULT_NONCE_BYTES], uint8_t wrapped[VAULT_WRAPPED_BYTES])
{
    static_assert(VAULT_NONCE_BYTES == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, "the nonce");
    wrap_key(pepper, s);
    crypto_aead_xchacha20poly1305_ietf_encrypt(
        wrapped, NULL, s->key, sizeof s->key, (const uint8_t *)about.p, about.n, NULL, nonce, s->wrap);
}

bool keeper__unwrap(const struct vault_pepper *pepper, struct vault_scratch *s, struct str about,
    const uint8_t nonce[VAULT_NONCE_BYTES], const uint8_t wrapped[VAULT_WRAPPED_BYTES])
{
    wrap_key(pepper, s);
    return crypto_aead_xchacha20poly1305_ietf_decrypt(s->key, NULL, NULL, wrapped, VAULT_WRAPPED_BYTES,
               (const uint8_t *)about.p, about.n, nonce, s->wrap) == 0;
}

void keeper__new_key(struct vault_scratch *s, struct pubkey *out)
{
    do
        randombytes_buf(s->key, sizeof s->key);
    while (record_pubkey_of_secret(s->key, out, NULL) != 0);
}

/* ---- tickets: a nonce, then the sealed key, public key, times, generation and session id ---- */

#define TICKET_PLAIN_BYTES                                                                                   \
    (KEEPER_TICKET_BYTES - VAULT_NONCE_BYTES - crypto_aead_xchacha20poly1305_ietf_ABYTES)
static_assert(32 + 32 + 8 + 8 + 4 + VAULT_SESSION_ID_BYTES <= TICKET_PLAIN_BYTES, "a ticket holds it all");
static_assert(
    TICKET_PLAIN_BYTES <= sizeof((struct vault_scratch *)0)->other, "and the scratch holds a ticket");

static void put_u64(uint8_t *at, uint64_t v)
{
    for (int i = 0; i < 8; i++)
        at[i] = (uint8_t)(v >> (8 * i));
}

void keeper__ticket_seal(const struct vault_pepper *pepper, struct vault_scratch *s,
    const struct vault_ticket *ticket, struct keeper_session *out)
{
    randombytes_buf(out->secret, sizeof out->secret);
    randombytes_buf(out->ticket, VAULT_NONCE_BYTES);
    memset(s->other, 0, sizeof s->other);
    memcpy(s->other, s->key, 32);
    memcpy(s->other + 32, ticket->key.b, 32);
    put_u64(s->other + 64, (uint64_t)ticket->issued);
    put_u64(s->other + 72, (uint64_t)ticket->expires);
    put_u64(s->other + 80, ticket->generation);
    memcpy(s->other + 84, ticket->id, VAULT_SESSION_ID_BYTES);
    keeper__derive(pepper, "widenet ticket 1", out->secret, sizeof out->secret, s->wrap, sizeof s->wrap);
    crypto_aead_xchacha20poly1305_ietf_encrypt(out->ticket + VAULT_NONCE_BYTES, NULL, s->other,
        TICKET_PLAIN_BYTES, NULL, 0, NULL, out->ticket, s->wrap);
    sodium_memzero(s->other, sizeof s->other);
}

bool keeper__ticket_open(const struct vault_pepper *pepper, struct vault_scratch *s,
    const struct keeper_session *session, struct vault_ticket *out)
{
    keeper__derive(
        pepper, "widenet ticket 1", session->secret, sizeof session->secret, s->wrap, sizeof s->wrap);
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(s->other, NULL, NULL, session->ticket + VAULT_NONCE_BYTES,
            KEEPER_TICKET_BYTES - VAULT_NONCE_BYTES, NULL, 0, session->ticket, s->wrap) != 0)
        return false;
    memcpy(s->key, s->other, 32);
    struct unpack u = {s->other + 32, TICKET_PLAIN_BYTES - 32, false};
    unpack_bytes(&u, out->key.b, 32);
    out->issued = (int64_t)unpack_u64(&u);
    out->expires = (int64_t)unpack_u64(&u);
    out->generation = unpack_u32(&u);
    unpack_bytes(&u, out->id, sizeof out->id);
    sodium_memzero(s->other, sizeof s->other);
    return true;
}

/* ---- passwords as text ---- */

int keeper__normalize(struct str password, struct buf *out, struct err *err)
{
    size_t n = 0;
    if (!utf8_valid(password))
        return err_set(err, ERR_INPUT, "the password is not valid UTF-8");
    if (password.n == 0)
        return 0;
    uint8_t *nfkc = u8_normalize(UNINORM_NFKC, (const uint8_t *)password.p, password.n, NULL, &n);
    if (!nfkc)
        return err_set(err, ERR_MEMORY, "not enough memory for the password");
    buf_reserve(out, n);
    buf_add(out, nfkc, n);
    sodium_memzero(nfkc, n);
    free(nfkc);
    return 0;
}
