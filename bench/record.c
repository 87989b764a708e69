/* bench/record.c: reading and verifying records on one core, against the machine's bare signature checks.
 *
 * Peer: libsecp256k1's schnorrsig_verify on ready keys, which nobody who verifies gets below. Prints rates
 * and the ratio. */
#include "record/record.h"
#include "base/time.h"

#include <secp256k1_schnorrsig.h>
#include <stdio.h>
#include <stdlib.h>

#define RECORDS 1000
#define KEYS 50
#define ROUND_US 700000

struct sample {
    struct str json;
    struct record r;
    secp256k1_xonly_pubkey key;
};

/* About 500 bytes of JSON: a short note with three tags, as most records of a pool are. */
static void make(struct arena *arena, size_t i, struct sample *out)
{
    struct record_draft d;
    uint8_t secret[32] = {[30] = 1, [31] = (uint8_t)(i % KEYS)};
    record_draft_init(&d, arena, 1, 1700000000 + (int64_t)i);
    record_draft_tag(
        &d, "e", "5c83da77af1dec6d7289834998ad7aafbd9e2191396d75ec3cc27f5a77226f36", "", "reply", NULL);
    record_draft_tag(&d, "t", "strike", NULL);
    struct str text = arena_printf(arena,
        "Note %zu: the depot\xe2\x80\x99s night shift \"walked out\" at four.\n"
        "Who can bring tea?",
        i);
    record_draft_content(&d, text);
    struct err err;
    if (record_sign(&d.r, secret, &err)) {
        fprintf(stderr, "%s\n", err.what);
        exit(1);
    }
    struct buf json _cleanup_buf_ = BUF_INIT;
    record_to_json(&d.r, &json);
    *out = (struct sample){.json = arena_str(arena, buf_str(&json)), .r = d.r};
    if (!secp256k1_xonly_pubkey_parse(secp256k1_context_static, &out->key, d.r.pubkey.b))
        exit(1);
}

enum job { BARE, PARSE, PARSE_AND_ID, ALL };

static bool run_one(enum job job, const struct sample *s, struct arena *arena)
{
    if (job == BARE)
        return secp256k1_schnorrsig_verify(secp256k1_context_static, s->r.sig.b, s->r.id.b, 32, &s->key);
    struct record r;
    struct record_id id;
    arena_reset(arena);
    if (record_parse(arena, s->json, &r, NULL))
        return false;
    if (job == PARSE)
        return true;
    if (job == ALL)
        return record_verify(&r, NULL) == 0;
    record_compute_id(&r, &id);
    return record_id_eq(&id, &r.id);
}

static double rate(enum job job, const struct sample *samples)
{
    struct arena *arena _cleanup_arena_ = arena_create(0);
    int64_t start = monotonic_us(), now;
    size_t done = 0;
    do {
        for (size_t i = 0; i < RECORDS / 10; i++, done++)
            if (!run_one(job, &samples[done % RECORDS], arena))
                exit(1);
        now = monotonic_us();
    } while (now - start < ROUND_US);
    return (double)done * 1e6 / (double)(now - start);
}

int main(void)
{
    struct arena *arena _cleanup_arena_ = arena_create(0);
    struct sample *samples = ARENA_ARRAY(arena, struct sample, RECORDS);
    size_t bytes = 0;
    for (size_t i = 0; i < RECORDS; i++) {
        make(arena, i, &samples[i]);
        bytes += samples[i].json.n;
    }
    double bare = rate(BARE, samples), all = rate(ALL, samples), parse = rate(PARSE, samples),
           id = rate(PARSE_AND_ID, samples);
    printf("record: %zu bytes each; parse %.2f us, parse and id %.2f us\n", bytes / RECORDS, 1e6 / parse,
        1e6 / id);
    printf("record: parse, id and verify %.0f/s; bare verify %.0f/s; ratio %.2f\n", all, bare, all / bare);
    return 0;
}
