/* bench/pool.c: writes N signed articles as JSON lines, the same for the same N: what the benchmarks import
 * and search.
 *
 * Words are drawn from a made-up vocabulary as words are in real texts (Zipf), 300 authors, 40 topics, five
 * languages, dates over three years. About 1.6 KB a record. Usage: bench_pool N > pool.jsonl */
#include "base/time.h"
#include "record/record.h"
#include "words.h"

#include <stdio.h>
#include <stdlib.h>

#define AUTHORS 300
#define TOPICS 40
#define DAY 86400

static int write_one(struct words *w, struct arena *arena, size_t i, size_t n)
{
    static const char *const languages[] = {"en", "es", "fr", "de", "tr"};
    struct buf title _cleanup_buf_ = BUF_INIT, summary _cleanup_buf_ = BUF_INIT,
                     text _cleanup_buf_ = BUF_INIT, json _cleanup_buf_ = BUF_INIT;
    words_add(w, &title, 6, false);
    buf_addf(&title, " %zu", i);
    words_add(w, &summary, 18, false);
    words_add(w, &text, 120 + (unsigned)(words_number(w) % 160), true);
    int64_t date = 1700000000 + (int64_t)((double)i / (double)n * 1000 * DAY);
    char name[32], published[32], topic[32];
    snprintf(name, sizeof name, "bench-%zu", i);
    snprintf(published, sizeof published, "%lld", (long long)date);
    snprintf(topic, sizeof topic, "topic%u", (unsigned)(words_number(w) % TOPICS));
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
    uint64_t author = words_number(w) % AUTHORS + 1;
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
    struct words *w = words_create(20260423);
    if (!w)
        return 1;
    struct arena *arena = arena_create(0);
    int failed = 0;
    for (size_t i = 0; i < n && !failed; i++) {
        failed = write_one(w, arena, i, n);
        arena_reset(arena);
    }
    arena_destroy(arena);
    words_destroy(w);
    return failed || fflush(stdout) ? 1 : 0;
}
