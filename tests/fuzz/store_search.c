/* store_search.c: fuzz target: whatever is typed into the search box; both back ends answer without an error,
 * and the same. */
#include "store/store.h"
#include "target.h"

#include <unistd.h>

static int64_t now(void *ctx)
{
    return INT64_C(1700000000000000);
}

static int extract(struct arena *arena, const struct record *r, struct store_text *out)
{
    out->title = record_tag_value(r, "title");
    out->body = r->content;
    out->language = STR("en");
    return 0;
}

static void fill(struct store *s)
{
    static const char *const texts[] = {
        "a b c", "b c d", "c court case", "strike 北京工人", "é a-b c:d", "東京 ก การ"};
    struct arena *arena _cleanup_arena_ = arena_create(0);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct record_draft d;
        uint8_t secret[32] = {[31] = (uint8_t)(1 + i % 3)};
        record_draft_init(&d, arena, 30023, 1600000000 + (int64_t)i * 40000000);
        char name[2] = {(char)('a' + i), 0};
        record_draft_tag(&d, "d", name, NULL);
        record_draft_tag(&d, "title", texts[(i + 1) % 6], NULL);
        record_draft_tag(&d, "t", i % 2 ? "a" : "b", NULL);
        record_draft_content(&d, str_of(texts[i]));
        MUST(record_sign(&d.r, secret, NULL) == 0);
        struct store_item item = {.record = &d.r};
        MUST(store_append(s, &item, 1, NULL) == 0 && store_wait_applied(s, item.seq, 20000, NULL) == 0);
    }
}

static void ask(struct store *s, struct arena *arena, struct str text, bool newest, struct search_result *out)
{
    struct search_query q = {.text = text, .kind = 30023, .limit = 100, .newest = newest};
    struct store_read *r;
    struct err err = {0};
    MUST(store_read_begin(s, &r, &err) == 0);
    int rc = store_search(r, arena, &q, out, &err);
    if (rc < 0)
        fprintf(stderr, "%s\n", err.what);
    MUST(rc == 0);
    store_read_end(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct store *lite, *memory;
    if (!lite) {
        static const struct store_text_source texts[] = {{30023, extract}, {0, NULL}};
        static const struct store_tables tables = {NULL, NULL, texts};
        struct store_options options = {.clock = {now, NULL}};
        static char directory[] = "/tmp/widenet-fuzz-XXXXXX";
        MUST(mkdtemp(directory) && store_open(directory, STORE_WRITE, &tables, &options, &lite, NULL) == 0);
        MUST(store_open_memory(&tables, &options, &memory, NULL) == 0);
        fill(lite);
        fill(memory);
        char command[100]; /* the open files live on without their names */
        snprintf(command, sizeof command, "rm -r %s", directory);
        MUST(system(command) == 0);
    }
    struct arena *arena _cleanup_arena_ = arena_create(0);
    struct str text = {(const char *)data, size};
    struct search_result a, b;
    ask(lite, arena, text, true, &a);
    ask(memory, arena, text, true, &b);
    MUST(a.n == b.n && a.more == b.more);
    for (size_t i = 0; i < a.n; i++)
        MUST(a.hits[i].seq == b.hits[i].seq);
    ask(lite, arena, text, false, &b);
    MUST(a.n == b.n);
    struct snippet snippet;
    store_snippet(arena, text, a.words, a.word_count, 60, &snippet);
    return 0;
}
