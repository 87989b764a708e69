/* filter.c: tests of filters: strict reading, matching against a plain re-telling of NIP-01, round trips. */
#include "support.h"

#include "base/hex.h"

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static void reads_sorts_and_writes(void **state)
{
    static const struct {
        const char *json, *canonical;
    } rows[] = {
        {"{}", "{}"},
        {" { } ", "{}"},
        {"{\"kinds\":[7,1,7,0]}", "{\"kinds\":[0,1,7]}"},
        {"{\"ids\":[\"" B "\",\"" A "\",\"" B "\"]}", "{\"ids\":[\"" A "\",\"" B "\"]}"},
        {"{\"until\":5,\"since\":3,\"limit\":0}", "{\"since\":3,\"until\":5,\"limit\":0}"},
        {"{\"since\":0}", "{}"},
        {"{\"#t\":[\"b\",\"a\",\"\",\"a\"],\"#E\":[\"x\"],\"#a\":[]}",
            "{\"#E\":[\"x\"],\"#a\":[],\"#t\":[\"\",\"a\",\"b\"]}"},
        {"{\"#p\":[\"" A "\"]}", "{\"#p\":[\"" A "\"]}"},
        {"{\"search\":\"a \\\"b\\\" \\u00e9\\u0000\"}", "{\"search\":\"a \\\"b\\\" \xc3\xa9\\u0000\"}"},
        {"{\"authors\":[],\"ids\":[],\"kinds\":[]}", "{\"ids\":[],\"authors\":[],\"kinds\":[]}"},
        {"{\"k\\u0069nds\":[1]}", "{\"kinds\":[1]}"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct arena *arena _cleanup_arena_ = test_arena();
        struct filter f;
        struct err err;
        struct buf out _cleanup_buf_ = BUF_INIT;
        char *gone = str_dup(str_of(rows[i].json)); /* all is in the arena: the text may go */
        if (filter_parse(arena, str_of(gone), &f, &err))
            fail_msg("%s: %s", rows[i].json, err.what);
        memset(gone, 'X', strlen(gone));
        free(gone);
        filter_to_json(&f, &out);
        assert_str(buf_str(&out), rows[i].canonical);
    }
}

static void refuses(void **state)
{
    static const char *const rows[] = {"", "[]", "null", "{", "}", "{}x", "{},", "{\"kinds\":[1]",
        "{\"kinds\":[1,]}", "{\"kinds\":1}", "{\"kinds\":[\"1\"]}", "{\"kinds\":[65536]}", "{\"kinds\":[-1]}",
        "{\"kinds\":[1.0]}", "{\"kinds\":[1],\"kinds\":[2]}", "{\"since\":1,\"since\":1}",
        "{\"#t\":[],\"#t\":[]}", "{\"ids\":[\"aa\"]}", "{\"ids\":[\"" A "a\"]}",
        "{\"ids\":[\"Aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"]}",
        "{\"authors\":\"" A "\"}", "{\"#e\":[\"x\"]}", "{\"#p\":[\"aa\"]}", "{\"#tt\":[\"x\"]}",
        "{\"#1\":[\"x\"]}", "{\"#\":[\"x\"]}", "{\"t\":[\"x\"]}", "{\"&t\":[\"x\"]}", "{\"since\":-1}",
        "{\"since\":\"1\"}", "{\"until\":9007199254740992}", "{\"limit\":-1}", "{\"limit\":null}",
        "{\"search\":1}", "{\"search\":[\"a\"]}", "{\"extra\":1}", "{\"search\":\"\xff\"}",
        "{\"#t\":[[\"a\"]]}", "{\"#t\":{\"a\":1}}", "{\"#t\" [\"a\"]}", "{\"kinds\":[1]\"ids\":[]}",
        "{\"#t\":[\"a\" \"b\"]}"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct arena *arena _cleanup_arena_ = test_arena();
        struct filter f;
        struct err err;
        if (filter_parse(arena, str_of(rows[i]), &f, &err) != ERR_INPUT)
            fail_msg("%s was accepted", rows[i]);
        assert_non_null(strstr(err.what, "filter: "));
    }
    struct arena *arena _cleanup_arena_ = test_arena();
    struct filter f;
    struct err err;
    for (size_t n = 5000; n <= 5001; n++) {
        struct buf json _cleanup_buf_ = BUF_INIT;
        for (size_t i = 0; i < n; i++)
            buf_addf(&json, "%s%zu", i ? "," : "{\"kinds\":[", i % 10);
        buf_addz(&json, "]}");
        assert_int_equal(filter_parse(arena, buf_str(&json), &f, &err), n == 5000 ? 0 : ERR_LIMIT);
    }
    assert_false(filter_matches(&f, &(struct record){.kind = 1})); /* what was refused matches nothing */
    struct arena *small _cleanup_arena_ = arena_create(64);
    assert_int_equal(filter_parse(small, STR("{\"#t\":[\"a\"],\"#q\":[\"b\"]}"), &f, &err), ERR_MEMORY);
}

static bool matches(struct arena *arena, const char *json, const struct record *r)
{
    struct filter f;
    struct err err;
    if (filter_parse(arena, str_of(json), &f, &err))
        fail_msg("%s: %s", json, err.what);
    return filter_matches(&f, r);
}

static void matches_as_nip01_says(void **state)
{
    struct arena *arena _cleanup_arena_ = test_arena();
    struct record_draft d;
    record_draft_init(&d, arena, 1, 1000);
    assert_true(hex_decode(STR(A), d.r.id.b, 32));
    assert_true(hex_decode(STR(B), d.r.pubkey.b, 32));
    record_draft_tag(&d, "t", "one", "two", NULL);
    record_draft_tag(&d, "t", "three", NULL);
    record_draft_tag(&d, "T", "upper", NULL);
    record_draft_tag(&d, "e", A, NULL);
    record_draft_tag(&d, "long", "one", NULL);
    record_draft_tag(&d, "q", NULL);
    record_draft_tag(&d, "r", "", NULL);
    static const struct {
        const char *json;
        bool match;
    } rows[] = {
        {"{}", true},
        {"{\"ids\":[\"" A "\"]}", true},
        {"{\"ids\":[\"" B "\"]}", false},
        {"{\"ids\":[]}", false},
        {"{\"authors\":[\"" A "\",\"" B "\"]}", true},
        {"{\"authors\":[\"" A "\"]}", false},
        {"{\"kinds\":[0,1]}", true},
        {"{\"kinds\":[0]}", false},
        {"{\"kinds\":[]}", false},
        {"{\"since\":1000,\"until\":1000}", true},
        {"{\"since\":1001}", false},
        {"{\"until\":999}", false},
        {"{\"#t\":[\"one\"]}", true},
        {"{\"#t\":[\"two\"]}", false},
        {"{\"#t\":[\"nine\",\"three\"]}", true},
        {"{\"#t\":[]}", false},
        {"{\"#T\":[\"upper\"]}", true},
        {"{\"#T\":[\"one\"]}", false},
        {"{\"#t\":[\"One\"]}", false},
        {"{\"#e\":[\"" A "\"],\"#t\":[\"one\"]}", true},
        {"{\"#e\":[\"" B "\"],\"#t\":[\"one\"]}", false},
        {"{\"#q\":[\"\"]}", false},
        {"{\"#r\":[\"\"]}", true},
        {"{\"search\":\"nothing of this\",\"limit\":0}", true},
        {"{\"ids\":[\"" A "\"],\"kinds\":[2]}", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (matches(arena, rows[i].json, &d.r) != rows[i].match)
            fail_msg("%s", rows[i].json);
}

/* Random filters over a small world, so that matches are frequent: what comes back is the same filter, and
 * each condition taken alone gives the whole. */
static void random_filters_come_back(void **state)
{
    struct seeded s = {11};
    size_t hits = 0;
    for (int i = 0; i < 2000; i++) {
        struct arena *arena _cleanup_arena_ = test_arena();
        struct buf json _cleanup_buf_ = BUF_INIT, once _cleanup_buf_ = BUF_INIT,
                        twice _cleanup_buf_ = BUF_INIT;
        struct record_draft d;
        record_draft_init(&d, arena, (uint32_t)seeded_below(&s, 4), (int64_t)seeded_below(&s, 10));
        for (uint64_t n = seeded_below(&s, 4); n; n--)
            record_draft_tag(
                &d, (char[]){"tuT"[seeded_below(&s, 3)], 0}, (char[]){"xyz"[seeded_below(&s, 3)], 0}, NULL);
        bool want = true, any = false;
        buf_addc(&json, '{');
        if (seeded_below(&s, 2)) {
            bool hit = false;
            buf_addz(&json, "\"kinds\":[");
            for (uint64_t n = seeded_below(&s, 5), k = 0; k < n; k++) {
                uint32_t kind = (uint32_t)seeded_below(&s, 4);
                hit |= kind == d.r.kind;
                buf_addf(&json, "%s%u", k ? "," : "", kind);
            }
            buf_addc(&json, ']');
            want &= hit;
            any = true;
        }
        for (const char *letter = "tuT"; *letter; letter++) {
            if (seeded_below(&s, 3))
                continue;
            bool hit = false;
            buf_addf(&json, "%s\"#%c\":[", any ? "," : "", *letter);
            for (uint64_t n = 1 + seeded_below(&s, 3), k = 0; k < n; k++) {
                char value = "xyz"[seeded_below(&s, 3)];
                for (size_t t = 0; t < d.r.tag_count; t++)
                    hit |= d.r.tags[t].v[0].p[0] == *letter && d.r.tags[t].v[1].p[0] == value;
                buf_addf(&json, "%s\"%c\"", k ? "," : "", value);
            }
            buf_addc(&json, ']');
            want &= hit;
            any = true;
        }
        if (seeded_below(&s, 2)) {
            int64_t since = (int64_t)seeded_below(&s, 10);
            buf_addf(&json, "%s\"since\":%lld", any ? "," : "", (long long)since);
            want &= d.r.created_at >= since;
        }
        buf_addc(&json, '}');
        struct filter f, again;
        struct err err;
        assert_int_equal(filter_parse(arena, buf_str(&json), &f, &err), 0);
        assert_int_equal(filter_matches(&f, &d.r), want);
        hits += want;
        filter_to_json(&f, &once);
        assert_int_equal(filter_parse(arena, buf_str(&once), &again, &err), 0);
        filter_to_json(&again, &twice);
        assert_true(str_eq(buf_str(&once), buf_str(&twice)));
        assert_int_equal(filter_matches(&again, &d.r), want);
    }
    assert_true(hits > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_sorts_and_writes),
        cmocka_unit_test(refuses),
        cmocka_unit_test(matches_as_nip01_says),
        cmocka_unit_test(random_filters_come_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
