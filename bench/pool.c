/* bench/pool.c: writes N signed articles as JSON lines, the same for the same N: what the benchmarks import
 * and search.
 *
 * Words are drawn from a made-up vocabulary as words are in real texts (Zipf), 300 authors, 40 topics, five
 * languages, dates over three years. About 1.6 KB a record. Usage: bench_pool N > pool.jsonl */
#include "base/time.h"
#include "record/record.h"

#include <stdio.h>
#include <stdlib.h>

#define AUTHORS 300
#define TOPICS 40
#define VOCABULARY 30000
#define DAY 86400

struct generator {
    uint64_t state;
    double *cumulative; /* of the vocabulary's frequencies */
};

static uint64_t next(struct generator *g)
{
    g->state ^= g->state >> 12;
    g->state ^= g->state << 25;
    g->state ^= g->state >> 27;
    return g->state * UINT64_C(0x2545f4914f6cdd1d);
}

/* A word's number: frequent ones are small. */
static unsigned pick(struct generator *g)
{
    double x = (double)(next(g) >> 11) * 0x1p-53 * g->cumulative[VOCABULARY - 1];
    unsigned low = 0, high = VOCABULARY - 1;
    while (low < high) {
        unsigned middle = (low + high) / 2;
        if (g->cumulative[middle] < x)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void add_word(struct buf *b, unsigned n)
{
    static const char *const syllables[] = {"ba", "de", "ki", "lo", "mu", "na", "pe", "ri", "so", "tu", "va",
        "ne", "ster", "mon", "tal", "gar", "fen", "lis", "dor", "qua"};
    do {
        buf_addz(b, syllables[n % 20]);
        n /= 20;
    } while (n);
}

static void add_words(struct generator *g, struct buf *b, unsigned count, bool paragraphs)
{
    for (unsigned i = 0; i < count; i++) {
        if (paragraphs && i && i % 60 == 0)
            buf_addz(b, ".\n\n");
        else if (i)
            buf_addz(b, i % 11 ? " " : ", ");
        add_word(b, pick(g));
    }
}

static int write_one(struct generator *g, struct arena *arena, size_t i, size_t n)
{
    static const char *const languages[] = {"en", "es", "fr", "de", "tr"};
    struct buf title _cleanup_buf_ = BUF_INIT, summary _cleanup_buf_ = BUF_INIT,
                     text _cleanup_buf_ = BUF_INIT, json _cleanup_buf_ = BUF_INIT;
    add_words(g, &title, 6, false);
    buf_addf(&title, " %zu", i);
    add_words(g, &summary, 18, false);
    add_words(g, &text, 120 + (unsigned)(next(g) % 160), true);
    int64_t date = 1700000000 + (int64_t)((double)i / (double)n * 1000 * DAY);
    char name[32], published[32], topic[32];
    snprintf(name, sizeof name, "bench-%zu", i);
    snprintf(published, sizeof published, "%lld", (long long)date);
    snprintf(topic, sizeof topic, "topic%u", (unsigned)(next(g) % TOPICS));
    struct record_draft d;
    record_draft_init(&d, arena, 30023, date);
    record_draft_tag(&d, "d", name, NULL);
    record_draft_tag(&d, "title", title.p, NULL);
    record_draft_tag(&d, "summary", summary.p, NULL);
    record_draft_tag(&d, "published_at", published, NULL);
    record_draft_tag(&d, "t", topic, NULL);
    record_draft_label(&d, "license", STR("CC0-1.0"));
    record_draft_label(&d, "ISO-639-1", str_of(languages[i % 5]));
    record_draft_content(&d, buf_str(&text));
    uint64_t author = next(g) % AUTHORS + 1;
    uint8_t secret[32] = {[29] = 1, [30] = (uint8_t)(author >> 8), [31] = (uint8_t)author};
    struct err err;
    if (record_sign(&d.r, secret, &err)) {
        fprintf(stderr, "bench_pool: %s\n", err.what);
        return -1;
    }
    record_to_json(&d.r, &json);
    buf_addc(&json, '\n');
    return fwrite(json.p, 1, json.n, stdout) == json.n ? 0 : -1;
}

int main(int argc, char **argv)
{
    size_t n = argc == 2 ? strtoul(argv[1], NULL, 10) : 0;
    if (!n) {
        fprintf(stderr, "usage: bench_pool N > pool.jsonl\n");
        return 2;
    }
    struct generator g = {.state = 20260423, .cumulative = calloc(VOCABULARY, sizeof(double))};
    if (!g.cumulative)
        return 1;
    double sum = 0;
    for (unsigned i = 0; i < VOCABULARY; i++)
        g.cumulative[i] = sum += 1.0 / (i + 2.7);
    struct arena *arena = arena_create(0);
    int failed = 0;
    for (size_t i = 0; i < n && !failed; i++) {
        failed = write_one(&g, arena, i, n);
        arena_reset(arena);
    }
    arena_destroy(arena);
    free(g.cumulative);
    return failed || fflush(stdout) ? 1 : 0;
}
