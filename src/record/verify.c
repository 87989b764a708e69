/* verify.c: is a record's id its hash, and its signature its key's (BIP-340).
 *
 * Parsing a public key costs a tenth of a verification (a square root), and few keys write most records, so
 * parsed keys are kept: a fixed table, each slot one key, in shards with a lock each, so that the threads of
 * a verifying pool do not wait for one another. The table is the room's only state and is a pure cache: which
 * key stands in it changes no result. */
#include "record/private.h"

#include <pthread.h>
#include <secp256k1_schnorrsig.h>
#include <sodium.h>

#define SHARDS 64
#define SLOTS 64 /* in each shard; 4,096 keys, 400 KB, touched as they come */

struct slot {
    struct pubkey key;
    secp256k1_xonly_pubkey parsed;
    bool used;
};
static struct shard {
    pthread_mutex_t lock;
    struct slot slots[SLOTS];
} key_cache[SHARDS] = {[0 ... SHARDS - 1] = {.lock = PTHREAD_MUTEX_INITIALIZER}};

void record__sha256(const void *p, size_t n, uint8_t out[32])
{
    crypto_hash_sha256(out, p, n);
}

void record__sha256_parts(const struct str *parts, size_t n, uint8_t out[32])
{
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    for (size_t i = 0; i < n; i++)
        crypto_hash_sha256_update(&state, (const uint8_t *)parts[i].p, parts[i].n);
    crypto_hash_sha256_final(&state, out);
}

bool record__key_parsed(const struct pubkey *k, secp256k1_xonly_pubkey *out)
{
    struct shard *shard = &key_cache[k->b[0] % SHARDS];
    struct slot *slot = &shard->slots[k->b[1] % SLOTS];
    pthread_mutex_lock(&shard->lock);
    bool hit = slot->used && pubkey_eq(&slot->key, k);
    if (hit)
        *out = slot->parsed;
    pthread_mutex_unlock(&shard->lock);
    if (hit)
        return true;
    if (!secp256k1_xonly_pubkey_parse(secp256k1_context_static, out, k->b))
        return false;
    pthread_mutex_lock(&shard->lock);
    slot->key = *k;
    slot->parsed = *out;
    slot->used = true;
    pthread_mutex_unlock(&shard->lock);
    return true;
}

bool pubkey_valid(const struct pubkey *k)
{
    secp256k1_xonly_pubkey parsed;
    return record__key_parsed(k, &parsed);
}

bool record__signature_valid(const struct pubkey *key, const uint8_t message[32], const struct signature *sig)
{
    secp256k1_xonly_pubkey parsed;
    return record__key_parsed(key, &parsed) &&
           secp256k1_schnorrsig_verify(secp256k1_context_static, sig->b, message, 32, &parsed);
}

/* id: what its fields hash to. */
static int judge(const struct record *r, const struct record_id *id, struct err *err)
{
    if (!record_id_eq(id, &r->id))
        return err_set(err, ERR_INPUT, "record: its id is not the hash of its fields");
    if (record__signature_valid(&r->pubkey, id->b, &r->sig))
        return 0;
    if (!pubkey_valid(&r->pubkey))
        return err_set(err, ERR_INPUT, "record: its pubkey is no public key");
    return err_set(err, ERR_INPUT, "record: its signature is not by its pubkey");
}

int record_verify(const struct record *r, struct err *err)
{
    struct record_id id;
    record_compute_id(r, &id);
    return judge(r, &id, err);
}

int record_verify_to_json(const struct record *r, struct buf *out, struct err *err)
{
    struct record_id id;
    size_t before = out->n;
    record__to_json_and_id(r, out, &id);
    int rc = judge(r, &id, err);
    if (rc < 0) {
        out->n = before;
        out->p[before] = 0;
    }
    return rc;
}
