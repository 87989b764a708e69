/* sign.c: signs a record with a secret key (BIP-340). Called in the keeper, in tests and benchmarks only. */
#include "base/utf8.h"
#include "record/json.h"
#include "record/private.h"

#include <pthread.h>
#include <secp256k1_schnorrsig.h>
#include <sodium.h>
#include <stdlib.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static secp256k1_context *context; /* written once, blinded with fresh randomness */

static void make_context(void)
{
    uint8_t seed[32];
    context = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
    randombytes_buf(seed, sizeof seed);
    if (!context || !secp256k1_context_randomize(context, seed))
        abort();
    sodium_memzero(seed, sizeof seed);
}

static int make_pair(const uint8_t secret[32], secp256k1_keypair *pair, struct pubkey *out, struct err *err)
{
    pthread_once(&once, make_context);
    secp256k1_xonly_pubkey key;
    if (!secp256k1_keypair_create(context, pair, secret))
        return err_set(err, ERR_INPUT, "a secret key out of range");
    if (!secp256k1_keypair_xonly_pub(context, &key, NULL, pair) ||
        !secp256k1_xonly_pubkey_serialize(context, out->b, &key))
        return err_set(err, ERR_INTERNAL, "the public key of a secret key could not be made");
    return 0;
}

int record_pubkey_of_secret(const uint8_t secret[32], struct pubkey *out, struct err *err)
{
    secp256k1_keypair pair;
    int rc = make_pair(secret, &pair, out, err);
    sodium_memzero(&pair, sizeof pair);
    return rc;
}

/* What record_parse() would refuse is not signed. */
static int check(const struct record *r, struct err *err)
{
    if (r->kind > UINT16_MAX)
        return err_set(err, ERR_INPUT, "record: kind %u is not from 0 to %u", r->kind, UINT16_MAX);
    if (r->created_at < 0 || r->created_at > RECORD__MAX_NUMBER)
        return err_set(err, ERR_INPUT, "record: created_at is not from 0 to 2^53-1");
    if (r->tag_count > RECORD_MAX_TAGS)
        return err_set(err, ERR_LIMIT, "record: %zu tags, the limit is %d", r->tag_count, RECORD_MAX_TAGS);
    for (size_t i = 0; i < r->tag_count; i++) {
        if (!r->tags[i].n)
            return err_set(err, ERR_INPUT, "record: tag %zu is empty", i + 1);
        for (size_t k = 0; k < r->tags[i].n; k++)
            if (!utf8_valid(r->tags[i].v[k]))
                return err_set(err, ERR_INPUT, "record: tag %zu is not UTF-8", i + 1);
    }
    if (!utf8_valid(r->content))
        return err_set(err, ERR_INPUT, "record: its content is not UTF-8");
    return 0;
}

int record__sign_bytes(const uint8_t secret[32], const uint8_t message[32], const uint8_t fresh[32],
    struct pubkey *key, struct signature *sig, struct err *err)
{
    secp256k1_keypair pair;
    int rc = make_pair(secret, &pair, key, err);
    if (!rc && !secp256k1_schnorrsig_sign32(context, sig->b, message, &pair, fresh))
        rc = err_set(err, ERR_INTERNAL, "signing failed");
    sodium_memzero(&pair, sizeof pair);
    return rc;
}

int record_sign(struct record *r, const uint8_t secret[32], struct err *err)
{
    int rc = check(r, err);
    if (!rc)
        rc = record_pubkey_of_secret(secret, &r->pubkey, err);
    if (rc)
        return rc;
    struct buf form _cleanup_buf_ = BUF_INIT;
    record_serialize_for_id(r, &form);
    rc = record__check_size(r->kind, form.n, err);
    if (rc)
        return rc;
    uint8_t fresh[32];
    randombytes_buf(fresh, sizeof fresh);
    record__sha256(form.p, form.n, r->id.b);
    return record__sign_bytes(secret, r->id.b, fresh, &r->pubkey, &r->sig, err);
}
