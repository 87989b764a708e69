/* ratings_dump.c: a pool of articles, revisions, ratings, trust and filters as records in JSONL, the same for
 * the same seed: for tests that recount it, here and on another processor.
 *
 * Usage: ratings_dump SEED ARTICLES RATERS. Key n is the secret 7, 0, …, n. The first rater trusts some of
 * the others, publicly; many trust many. Dated within 20 days from 1,700,000,000. */
#include "base/hex.h"
#include "record/record.h"

#include <stdio.h>
#include <stdlib.h>

#define T0 INT64_C(1700000000)
#define DAY 86400

struct maker {
    uint64_t state;
    struct arena *arena;
    unsigned articles, raters;
    int64_t *dates;
    struct record_id *ids;
};

static uint64_t next(struct maker *m, uint64_t below)
{
    m->state ^= m->state >> 12;
    m->state ^= m->state << 25;
    m->state ^= m->state >> 27;
    return (m->state * UINT64_C(0x2545f4914f6cdd1d)) % below;
}

static void secret_of(unsigned who, uint8_t secret[32])
{
    memset(secret, 0, 32);
    secret[0] = 7;
    secret[30] = (uint8_t)(who >> 8);
    secret[31] = (uint8_t)who;
}

static const char *hex_of(struct maker *m, const uint8_t bytes[32])
{
    char *hex = arena_alloc(m->arena, 65);
    hex_encode(bytes, 32, hex);
    return hex;
}

static const char *key_of(struct maker *m, unsigned who)
{
    uint8_t secret[32];
    struct pubkey key;
    secret_of(who, secret);
    if (record_pubkey_of_secret(secret, &key, NULL))
        abort();
    return hex_of(m, key.b);
}

static void emit(struct record_draft *d, unsigned who)
{
    uint8_t secret[32];
    struct err err;
    struct buf line = BUF_INIT;
    secret_of(who, secret);
    if (d->failed || record_sign(&d->r, secret, &err))
        abort();
    record_to_json(&d->r, &line);
    puts(line.p);
    buf_finish(&line);
}

static struct record_draft begin(struct maker *m, uint32_t kind, int64_t at)
{
    struct record_draft d = {.arena = m->arena};
    record_draft_init(&d, m->arena, kind, at);
    return d;
}

static unsigned author_of(const struct maker *m, unsigned article)
{
    return 1 + article * 7 % m->raters;
}

static const char *coordinate_of(struct maker *m, unsigned article)
{
    return arena_printf(m->arena, "30023:%s:a%u", key_of(m, author_of(m, article)), article).p;
}

static void write_article(struct maker *m, unsigned n, int64_t at, bool revised)
{
    static const char *const languages[] = {"en", "pt", "ar"}, *const topics[] = {
                                                                   "rent", "strike", "Sport", "trams"};
    struct record_draft d = begin(m, 30023, at);
    record_draft_tag(&d, "d", arena_printf(m->arena, "a%u", n).p, NULL);
    record_draft_tag(&d, "title", arena_printf(m->arena, "Piece %u: \"ü\" \\ %u", n, n % 13).p, NULL);
    record_draft_tag(&d, "t", topics[n % 4], NULL);
    record_draft_label(&d, "ISO-639-1", str_of(languages[n % 3]));
    record_draft_label(&d, "license", STR("CC0-1.0"));
    if (n % 10 == 9) { /* a version of the one before */
        record_draft_tag(&d, "A", coordinate_of(m, n - 1), NULL);
        record_draft_tag(&d, "a", coordinate_of(m, n - 1), "", "fork", NULL);
    }
    struct buf text = BUF_INIT;
    for (unsigned i = 0; i < 40; i++)
        buf_addf(&text, "word%u ", revised && i % 3 == 0 ? 900 + i : i * (n + 1) % 97);
    record_draft_content(&d, buf_str(&text));
    emit(&d, author_of(m, n));
    m->ids[n] = d.r.id;
    m->dates[n] = at;
    buf_finish(&text);
}

static void write_rating(struct maker *m, unsigned who, unsigned article)
{
    static const char *const dimensions[] = {"worth", "accurate", "clear", "junk", "agree"};
    const char *dimension = dimensions[next(m, 5)], *coordinate = coordinate_of(m, article);
    int64_t at = m->dates[article] + (int64_t)next(m, 2 * DAY);
    struct record_draft d = begin(m, next(m, 12) ? 34259 : 7, at);
    if (d.r.kind == 7) {
        record_draft_tag(&d, "e", hex_of(m, m->ids[article].b), NULL);
        record_draft_tag(&d, "a", coordinate, NULL);
        record_draft_content(&d, next(m, 3) ? STR("+") : STR("-"));
    } else {
        record_draft_tag(&d, "d", arena_printf(m->arena, "address:%s#%s", coordinate, dimension).p, NULL);
        record_draft_tag(&d, "a", coordinate, NULL);
        if (next(m, 2))
            record_draft_tag(&d, "e", hex_of(m, m->ids[article].b), NULL);
        record_draft_tag(&d, "rating", arena_printf(m->arena, "0.%04u", (unsigned)next(m, 10000)).p, NULL);
        record_draft_label(&d, "widenet.rating", str_of(dimension));
        record_draft_content(&d, next(m, 4) ? STR("") : STR("As I read it"));
    }
    emit(&d, who);
}

static void write_trust(struct maker *m, unsigned who)
{
    struct record_draft d = begin(m, 30000, T0 + DAY);
    record_draft_tag(&d, "d", "widenet.trust", NULL);
    unsigned n = 1 + (unsigned)next(m, 6);
    for (unsigned i = 0; i < n; i++) {
        unsigned weight = 1 + (unsigned)next(m, 100000);
        record_draft_tag(&d, "p", key_of(m, 1 + (unsigned)next(m, m->raters)), "", "", /* itself, too */
            weight == 100000 ? "1" : arena_printf(m->arena, "0.%05u", weight).p, NULL);
    }
    emit(&d, who);
}

static void write_filter(struct maker *m, unsigned who, unsigned n)
{
    struct record_draft d = begin(m, 34701, T0 + DAY);
    record_draft_tag(&d, "d", arena_printf(m->arena, "f%u", n).p, NULL);
    record_draft_tag(&d, "name", arena_printf(m->arena, "Filter %u", n).p, NULL);
    record_draft_content(
        &d, n % 2 ? STR("{\"sources\":\"everyone\",\"support\":0,\"languages\":[\"pt\",\"en\"]}")
                  : STR("{\"depth\":2,\"support\":0.01,\"dimensions\":{\"worth\":{\"coefficient\":1,"
                        "\"floor\":-0.9},\"clear\":{\"coefficient\":0.37}},\"order\":\"fresh\","
                        "\"without_tags\":[\"sport\"],\"one_per_lineage\":true}"));
    emit(&d, who);
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return 2;
    struct maker m = {.state = strtoull(argv[1], NULL, 10) + 1,
        .articles = (unsigned)atoi(argv[2]),
        .raters = (unsigned)atoi(argv[3])};
    if (m.articles < 1 || m.articles > 100000 || m.raters < 2 || m.raters > 60000)
        return 2;
    m.dates = calloc(m.articles, sizeof *m.dates);
    m.ids = calloc(m.articles, sizeof *m.ids);
    for (unsigned n = 0; n < m.articles; n++) {
        m.arena = arena_create(0);
        write_article(&m, n, T0 + (int64_t)next(&m, 18 * DAY), false);
        for (unsigned i = 0; i < 12; i++)
            write_rating(&m, 1 + (unsigned)next(&m, m.raters), n);
        if (n % 8 == 3)
            write_article(&m, n, m.dates[n] + DAY / 4, true);
        arena_destroy(m.arena);
    }
    m.arena = arena_create(0);
    for (unsigned who = 1; who <= m.raters; who++)
        write_trust(&m, who);
    for (unsigned n = 0; n < 12; n++)
        write_filter(&m, 1 + n % m.raters, n);
    arena_destroy(m.arena);
    free(m.dates);
    free(m.ids);
    return 0;
}
