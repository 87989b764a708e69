/* bench/junk.c: writes a pool in which most articles are spam, with the people who rate and the attackers who
 * lie, as signed records; and beside it the truth: which article is good, who is who. bench/junk runs it.
 *
 * The world, the same for the same seed. Time is counted back from `now`; the pool spans 14 days.
 *
 * 400 honest people. Each publishes whom she trusts: 8 to 14 others, two thirds of them neighbours, the rest
 * anyone. The reader trusts five of them fully, and that list is all the reader has.
 * Good articles are spread evenly over the days. An honest person rates a good article with a chance of 5 to
 * 25 % (each article has its own reach), each of the five with SEED-SHARE: with 0.5, 2.5 of the five rate
 * each on average. Honest ratings of good articles lie around 0.8; one in sixteen is a low one, for people
 * differ. Honest people also meet spam: each rates 20 pieces of it as what it is, and is fooled in one of 100
 * cases, with copied titles in one of 20.
 *
 * 200 attackers, who
 * - copy:      a third of the spam carries a good article's title and appears within two hours of it;
 * - ring:      they trust each other fully and rate each other's spam 1, and not junk;
 * - befriend:  each of 20 honest newcomers, whom a few honest people already trust, trusts three of them;
 * - flatter:   40 of them rated good articles like honest people for the first week and won the trust (0.5)
 * of one honest person in ten, and of one of the five; in the second week they turn;
 * - flood:     in the second week the flatterers give every sort of praise to spam, and rate good articles as
 * junk; the others rate spam in worth alone, again and again;
 * - swap:      one spam in fifty began as a copy of a good text that honest people and the five rated as
 * such; then its text was changed. */
#include "base/hex.h"
#include "base/time.h"
#include "rating/rating.h"
#include "words.h"

#include <stdio.h>
#include <stdlib.h>

#define DAY 86400
#define DAYS 14
#define HONEST 400
#define NEWCOMERS 20
#define SEEDS 5
#define ATTACKERS 200
#define FLATTERERS 40
#define KIND_ARTICLE 30023

struct key {
    uint8_t secret[32];
    struct pubkey public;
};
struct piece { /* an article */
    struct key *author;
    char d[32];
    struct str title, text; /* in the world's arena */
    int64_t date;
    struct record_id id; /* of its first revision */
    bool good, copied_title, swapped;
    double reach;
};
struct world {
    struct words *words;
    struct arena *lasting, *passing;
    int64_t now;
    struct key reader, honest[HONEST], attackers[ATTACKERS];
    unsigned seeds[SEEDS]; /* indices into honest */
    struct piece *pieces;
    size_t good, all;
    double seed_share; /* of good articles that each of the five rates */
    FILE *pool;
    uint64_t records, ratings;
    bool failed;
};

static bool chance(struct world *w, double share)
{
    return words_share(w->words) < share;
}

/* ---- keys and records */

static void key_make(struct key *k, uint8_t sort, unsigned number)
{
    *k = (struct key){
        .secret = {[0] = 7, [29] = sort, [30] = (uint8_t)(number >> 8), [31] = (uint8_t)(number + 1)}};
    struct err err;
    if (record_pubkey_of_secret(k->secret, &k->public, &err))
        abort();
}

static void put(struct world *w, struct record_draft *d, const struct key *k)
{
    struct err err;
    struct buf json _cleanup_buf_ = BUF_INIT;
    if (d->failed || record_sign(&d->r, k->secret, &err)) {
        fprintf(stderr, "bench_junk: a record could not be made: %s\n", d->failed ? "too large" : err.what);
        w->failed = true;
        return;
    }
    record_to_json(&d->r, &json);
    buf_addc(&json, '\n');
    if (fwrite(json.p, 1, json.n, w->pool) != json.n)
        w->failed = true;
    w->records++;
}

static void put_profile(struct world *w, const struct key *k, const char *sort, unsigned number)
{
    struct record_draft d;
    struct buf json _cleanup_buf_ = BUF_INIT;
    buf_addf(&json, "{\"name\":\"%s-%u\"}", sort, number);
    record_draft_init(&d, w->passing, 0, w->now - 60 * DAY);
    record_draft_content(&d, buf_str(&json));
    put(w, &d, k);
}

static void put_trust(struct world *w, const struct key *k, struct trust_entry *entries, size_t n)
{
    struct record_draft d = {.arena = w->passing};
    struct err err;
    if (trust_write(entries, n, 1, w->now - 8 * DAY, &d, &err)) {
        fprintf(stderr, "bench_junk: %s\n", err.what);
        w->failed = true;
        return;
    }
    put(w, &d, k);
}

static void put_article(
    struct world *w, const struct piece *p, struct str text, int64_t at, struct record_id *id)
{
    struct record_draft d;
    record_draft_init(&d, w->passing, KIND_ARTICLE, at);
    record_draft_tag(&d, "d", p->d, NULL);
    record_draft_tag(&d, "title", p->title.p, NULL);
    char published[24];
    snprintf(published, sizeof published, "%lld", (long long)p->date);
    record_draft_tag(&d, "published_at", published, NULL);
    record_draft_label(&d, "license", STR("CC0-1.0"));
    record_draft_content(&d, text);
    put(w, &d, p->author);
    if (id)
        *id = d.r.id;
}

static void rate(struct world *w, const struct key *rater, const struct piece *p, const char *dimension,
    double value, int64_t at)
{
    double v = value < 0 ? 0 : value > 1 ? 1 : value;
    struct rating_draft r = {
        .target = {RATING_OF_ADDRESS, {KIND_ARTICLE, p->author->public, str_of(p->d)}, p->id,
            p->author->public, KIND_ARTICLE},
        .dimension = str_of(dimension),
        .value = (uint16_t)(v * RATING_SCALE + 0.5),
    };
    struct record_draft d = {.arena = w->passing};
    struct err err;
    if (rating_write(&r, at > w->now ? w->now : at, &d, &err)) {
        fprintf(stderr, "bench_junk: %s\n", err.what);
        w->failed = true;
        return;
    }
    put(w, &d, rater);
    w->ratings++;
    arena_reset(w->passing);
}

/* ---- what people do */

static double around(struct world *w, double middle) /* a bell of width 0.15 or so */
{
    double x = words_share(w->words) + words_share(w->words) + words_share(w->words) - 1.5;
    return middle + x * 0.3;
}

static void rate_honestly(struct world *w, const struct key *k, const struct piece *p, bool as_good)
{
    int64_t at = p->date + (int64_t)(words_share(w->words) * DAY);
    if (as_good) {
        double liked = chance(w, 1.0 / 16) ? 0.25 : 0.8;
        rate(w, k, p, "worth", around(w, liked), at);
        if (chance(w, 0.7))
            rate(w, k, p, "accurate", around(w, liked), at);
        if (chance(w, 0.3))
            rate(w, k, p, "clear", around(w, 0.75), at);
        if (chance(w, 0.3))
            rate(w, k, p, "junk", around(w, 0.08), at);
    } else {
        rate(w, k, p, "worth", around(w, 0.1), at);
        rate(w, k, p, "junk", around(w, 0.95), at);
    }
}

static bool is_seed(const struct world *w, unsigned honest)
{
    for (unsigned i = 0; i < SEEDS; i++)
        if (w->seeds[i] == honest)
            return true;
    return false;
}

static void honest_people_rate_good(struct world *w, const struct piece *p)
{
    for (unsigned i = 0; i < HONEST; i++)
        if (chance(w, is_seed(w, i) ? w->seed_share : p->reach))
            rate_honestly(w, &w->honest[i], p, true);
}

static void honest_people_meet_spam(struct world *w)
{
    for (unsigned i = 0; i < HONEST && w->all > w->good; i++)
        for (unsigned k = 0; k < 20; k++) {
            const struct piece *p = &w->pieces[w->good + words_below(w->words, w->all - w->good)];
            rate_honestly(w, &w->honest[i], p, chance(w, p->copied_title ? 0.05 : 0.01));
        }
}

static void attackers_rate(struct world *w, const struct piece *p)
{
    unsigned n = 2 + (unsigned)words_below(w->words, 4);
    for (unsigned k = 0; k < n; k++) {
        unsigned i = (unsigned)words_below(w->words, ATTACKERS);
        const struct key *a = &w->attackers[i];
        bool turned = i < FLATTERERS && p->date > w->now - 7 * DAY;
        if (i < FLATTERERS && !turned)
            continue; /* still playing honest */
        rate(w, a, p, "worth", 1, p->date + 60 * k);
        if (turned) {
            rate(w, a, p, "accurate", 1, p->date + 60 * k);
            rate(w, a, p, "junk", 0, p->date + 60 * k);
        }
    }
}

static void flatterers_rate_good(struct world *w, const struct piece *p)
{
    bool turned = p->date > w->now - 7 * DAY;
    for (unsigned i = 0; i < FLATTERERS; i++) {
        if (!chance(w, 0.3))
            continue;
        if (!turned) {
            rate_honestly(w, &w->attackers[i], p, true);
        } else {
            rate(w, &w->attackers[i], p, "worth", 0, p->date + DAY / 2);
            rate(w, &w->attackers[i], p, "junk", 1, p->date + DAY / 2);
        }
    }
}

static void everyone_trusts(struct world *w)
{
    struct trust_entry list[64];
    for (unsigned i = 0; i < HONEST; i++) {
        size_t n = 0;
        unsigned friends = 8 + (unsigned)words_below(w->words, 7);
        for (unsigned k = 0; k < friends; k++) {
            unsigned other = k % 3 ? (i + 1 + (unsigned)words_below(w->words, 12)) % HONEST
                                   : (unsigned)words_below(w->words, HONEST);
            if (other != i)
                list[n++] = (struct trust_entry){.key = w->honest[other].public, .weight = WEIGHT_ONE};
        }
        bool newcomer = i >= HONEST - NEWCOMERS;
        for (unsigned k = 0; newcomer && k < 3; k++) /* befriended */
            list[n++] = (struct trust_entry){
                .key = w->attackers[words_below(w->words, ATTACKERS)].public, .weight = WEIGHT_ONE};
        if (i == w->seeds[0] || chance(w, 0.1)) /* flattered */
            list[n++] = (struct trust_entry){
                .key = w->attackers[words_below(w->words, FLATTERERS)].public, .weight = WEIGHT_ONE / 2};
        put_trust(w, &w->honest[i], list, n);
    }
    for (unsigned i = 0; i < ATTACKERS; i++) {
        size_t n = 0;
        for (unsigned k = 0; k < 40; k++)
            list[n++] = (struct trust_entry){
                .key = w->attackers[words_below(w->words, ATTACKERS)].public, .weight = WEIGHT_ONE};
        put_trust(w, &w->attackers[i], list, n);
    }
    for (unsigned i = 0; i < SEEDS; i++)
        list[i] = (struct trust_entry){.key = w->honest[w->seeds[i]].public, .weight = WEIGHT_ONE};
    put_trust(w, &w->reader, list, SEEDS);
    arena_reset(w->passing);
}

/* ---- what is written */

static struct str made_up(struct world *w, unsigned count, bool paragraphs)
{
    struct buf b _cleanup_buf_ = BUF_INIT;
    words_add(w->words, &b, count, paragraphs);
    return arena_str(w->lasting, buf_str(&b));
}

static void write_good(struct world *w, size_t i)
{
    struct piece *p = &w->pieces[i];
    p->good = true;
    p->author = &w->honest[words_below(w->words, HONEST)];
    p->date = w->now - DAYS * (int64_t)DAY + (int64_t)((double)(i + 1) / (double)(w->good + 1) * DAYS * DAY);
    p->title = made_up(w, 7, false);
    p->text = made_up(w, 150 + (unsigned)words_below(w->words, 150), true);
    p->reach = 0.05 + 0.2 * words_share(w->words);
    put_article(w, p, p->text, p->date, &p->id);
}

static void write_spam(struct world *w, size_t i)
{
    struct piece *p = &w->pieces[i];
    const struct piece *model = &w->pieces[words_below(w->words, w->good)];
    p->author = &w->attackers[words_below(w->words, ATTACKERS)];
    p->copied_title = chance(w, 1.0 / 3);
    p->swapped = chance(w, 0.02);
    p->date = w->now - (int64_t)(words_share(w->words) * DAYS * DAY);
    if (p->copied_title || p->swapped)
        p->date = model->date + (int64_t)(words_share(w->words) * 2 * 3600);
    if (p->date > w->now - 2 * 3600)
        p->date = w->now - 2 * 3600;
    p->title = p->copied_title || p->swapped ? model->title : made_up(w, 7, false);
    struct str spam = made_up(w, 60, true);
    put_article(w, p, p->swapped ? model->text : spam, p->date, &p->id);
    if (p->swapped) { /* rated as the good text it was, by the five as well; then another text is put there */
        p->reach = 0.1;
        honest_people_rate_good(w, p);
        put_article(w, p, spam, p->date + 3600, NULL);
    }
    attackers_rate(w, p);
    arena_reset(w->passing);
}

static void write_all(struct world *w)
{
    put_profile(w, &w->reader, "reader", 0);
    for (unsigned i = 0; i < HONEST; i++)
        put_profile(w, &w->honest[i], "honest", i);
    for (unsigned i = 0; i < ATTACKERS; i++)
        put_profile(w, &w->attackers[i], i < FLATTERERS ? "flatterer" : "attacker", i);
    everyone_trusts(w);
    for (size_t i = 0; i < w->good; i++) {
        write_good(w, i);
        honest_people_rate_good(w, &w->pieces[i]);
        flatterers_rate_good(w, &w->pieces[i]);
    }
    for (size_t i = w->good; i < w->all && !w->failed; i++)
        write_spam(w, i);
    honest_people_meet_spam(w);
}

static void write_truth(const struct world *w, FILE *f)
{
    char hex[65];
    hex_encode(w->reader.public.b, 32, hex);
    fprintf(f, "{\"now\":%lld,\"reader\":\"%s\",\"records\":%llu,\"ratings\":%llu,\"seeds\":[",
        (long long)w->now, hex, (unsigned long long)w->records, (unsigned long long)w->ratings);
    for (unsigned i = 0; i < SEEDS; i++) {
        hex_encode(w->honest[w->seeds[i]].public.b, 32, hex);
        fprintf(f, "%s\"%s\"", i ? "," : "", hex);
    }
    fprintf(f, "],\"attackers\":[");
    for (unsigned i = 0; i < ATTACKERS; i++) {
        hex_encode(w->attackers[i].public.b, 32, hex);
        fprintf(f, "%s\"%s\"", i ? "," : "", hex);
    }
    fprintf(f, "],\"good\":{");
    for (size_t i = 0; i < w->good; i++) {
        hex_encode(w->pieces[i].author->public.b, 32, hex);
        fprintf(f, "%s\"30023:%s:%s\":%lld", i ? "," : "", hex, w->pieces[i].d, (long long)w->pieces[i].date);
    }
    fprintf(f, "},\"swapped\":[");
    bool first = true;
    for (size_t i = w->good; i < w->all; i++) {
        if (!w->pieces[i].swapped)
            continue;
        hex_encode(w->pieces[i].author->public.b, 32, hex);
        fprintf(f, "%s\"30023:%s:%s\"", first ? "" : ",", hex, w->pieces[i].d);
        first = false;
    }
    fprintf(f, "]}\n");
}

int main(int argc, char **argv)
{
    if (argc != 8) {
        fprintf(stderr, "usage: bench_junk SEED NOW GOOD SPAM SEED-SHARE POOL.jsonl TRUTH.json\n");
        return 2;
    }
    static struct world w;
    w.now = strtoll(argv[2], NULL, 10);
    w.good = strtoul(argv[3], NULL, 10);
    w.all = w.good + strtoul(argv[4], NULL, 10);
    w.words = words_create(strtoull(argv[1], NULL, 10) * UINT64_C(0x9e3779b97f4a7c15));
    w.lasting = arena_create(0);
    w.passing = arena_create(0);
    w.pieces = calloc(w.all, sizeof *w.pieces);
    w.seed_share = strtod(argv[5], NULL);
    w.pool = fopen(argv[6], "w");
    FILE *truth = fopen(argv[7], "w");
    if (!w.words || !w.pieces || !w.pool || !truth || !w.good) {
        fprintf(stderr, "bench_junk: no memory, or a file could not be written, or GOOD is 0\n");
        return 1;
    }
    key_make(&w.reader, 1, 0);
    for (unsigned i = 0; i < HONEST; i++)
        key_make(&w.honest[i], 2, i);
    for (unsigned i = 0; i < ATTACKERS; i++)
        key_make(&w.attackers[i], 3, i);
    for (unsigned i = 0; i < SEEDS; i++)
        w.seeds[i] = i * (HONEST - NEWCOMERS) / SEEDS + (unsigned)words_below(w.words, 60);
    for (size_t i = 0; i < w.all; i++)
        snprintf(w.pieces[i].d, sizeof w.pieces[i].d, "piece-%zu", i);
    write_all(&w);
    write_truth(&w, truth);
    bool failed = w.failed || fclose(w.pool) || fclose(truth);
    arena_destroy(w.lasting);
    arena_destroy(w.passing);
    words_destroy(w.words);
    free(w.pieces);
    return failed;
}
