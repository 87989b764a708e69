/* tags.c: tests of reading tags, classes of kinds, addresses of records, order of revisions, and drafts. */
#include "support.h"

static void finds_tags(void **state)
{
    struct arena *arena _cleanup_arena_ = test_arena();
    struct record_draft d;
    record_draft_init(&d, arena, 30023, 100);
    record_draft_tag(&d, "x", NULL);
    record_draft_tag(&d, "d", "first", "more", NULL);
    record_draft_tag(&d, "d", "second", NULL);
    record_draft_tag(&d, "l", "en", NULL);
    record_draft_tag(&d, "l", "fr", "other", NULL);
    record_draft_label(&d, "ISO-639-1", STR("es"));
    record_draft_label(&d, "ISO-639-1", STR("ar"));
    record_draft_content(&d, STR("text"));
    assert_false(d.failed);
    assert_str(record_tag_value(&d.r, "d"), "first");
    assert_int_equal(record_tag(&d.r, "d")->n, 3);
    assert_null(record_tag(&d.r, "none"));
    assert_non_null(record_tag(&d.r, "x"));
    assert_null(record_tag_value(&d.r, "x").p);
    assert_null(record_tag_value(&d.r, "none").p);
    assert_str(record_label(&d.r, "ISO-639-1"), "es");
    assert_null(record_label(&d.r, "license").p);
    assert_str(record_d(&d.r), "first");
    struct buf out _cleanup_buf_ = BUF_INIT;
    record_address(&d.r, &out);
    assert_str(buf_str(&out), "30023:0000000000000000000000000000000000000000000000000000000000000000:first");
    d.r.kind = 10002; /* replaceable: its d tag means nothing */
    buf_clear(&out);
    record_address(&d.r, &out);
    assert_str(buf_str(&out), "10002:0000000000000000000000000000000000000000000000000000000000000000:");
    d.r.kind = 30023;
    d.r.tag_count = 1;
    assert_str(record_d(&d.r), "");
    assert_non_null(record_d(&d.r).p);
}

static void classes_of_kinds(void **state)
{
    static const struct {
        uint32_t kind;
        enum record_class class;
    } rows[] = {{0, RECORD_REPLACEABLE}, {1, RECORD_REGULAR}, {2, RECORD_REGULAR}, {3, RECORD_REPLACEABLE},
        {4, RECORD_REGULAR}, {44, RECORD_REGULAR}, {45, RECORD_REGULAR}, {62, RECORD_REGULAR},
        {1000, RECORD_REGULAR}, {9999, RECORD_REGULAR}, {10000, RECORD_REPLACEABLE},
        {19999, RECORD_REPLACEABLE}, {20000, RECORD_EPHEMERAL}, {29999, RECORD_EPHEMERAL},
        {30000, RECORD_ADDRESSABLE}, {39999, RECORD_ADDRESSABLE}, {40000, RECORD_REGULAR},
        {65535, RECORD_REGULAR}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(record_class_of(rows[i].kind), rows[i].class);
}

static void expiry(void **state)
{
    static const struct {
        const char *value;
        int64_t expires;
    } rows[] = {{"1700000000", 1700000000}, {"0", 0}, {"", 0}, {"-5", 0}, {"1e9", 0}, {"soon", 0},
        {"99999999999999999999", 0}, {" 5", 0}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct arena *arena _cleanup_arena_ = test_arena();
        struct record_draft d;
        record_draft_init(&d, arena, 1, 0);
        assert_int_equal(record_expiration(&d.r), 0);
        record_draft_tag(&d, "expiration", rows[i].value, NULL);
        assert_int_equal(record_expiration(&d.r), rows[i].expires);
    }
}

static void newer_then_lower_id(void **state)
{
    struct record a = {.created_at = 2, .id = {{9}}}, b = {.created_at = 1, .id = {{1}}};
    assert_true(record_is_newer(&a, &b));
    assert_false(record_is_newer(&b, &a));
    b.created_at = 2;
    assert_false(record_is_newer(&a, &b));
    assert_true(record_is_newer(&b, &a));
    assert_false(record_is_newer(&a, &a));
}

static void drafts_copy_and_fail_safely(void **state)
{
    static const uint8_t secret[32] = {[31] = 1};
    struct arena *arena _cleanup_arena_ = test_arena();
    struct record_draft d;
    struct err err;
    char text[] = "kept";
    record_draft_init(&d, arena, 1, 1);
    for (int i = 0; i < 100; i++)
        record_draft_tag(&d, "t", text, NULL);
    record_draft_content(&d, (struct str){text, 4});
    memset(text, 0, sizeof text);
    assert_int_equal(d.r.tag_count, 100);
    assert_str(d.r.tags[99].v[1], "kept");
    assert_str(d.r.content, "kept");
    assert_int_equal(record_sign(&d.r, secret, &err), 0);

    for (size_t cap = 16; cap < 1500; cap += 16) { /* wherever it runs out, nothing is signed */
        struct arena *small _cleanup_arena_ = arena_create(cap);
        record_draft_init(&d, small, 1, 1);
        for (int i = 0; i < 20; i++)
            record_draft_tag(&d, "t", "value", NULL);
        record_draft_content(&d, STR("text"));
        assert_true(d.failed);
        assert_int_equal(record_sign(&d.r, secret, &err), ERR_INPUT);
    }
}

static void drafts_refuse_impossible_tags(void **state)
{
    struct arena *arena _cleanup_arena_ = test_arena();
    struct record_draft d;
    record_draft_init(&d, arena, 1, 1);
    record_draft_tag(
        &d, "a", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16", NULL);
    assert_false(d.failed);
    assert_int_equal(d.r.tags[0].n, 16);
    record_draft_tag(&d, "a", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15",
        "16", "17", NULL);
    assert_true(d.failed);
    record_draft_init(&d, arena, 1, 1);
    record_draft_tag_strs(&d, NULL, 0);
    assert_true(d.failed);
    assert_int_equal(d.r.tag_count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_tags),
        cmocka_unit_test(classes_of_kinds),
        cmocka_unit_test(expiry),
        cmocka_unit_test(newer_then_lower_id),
        cmocka_unit_test(drafts_copy_and_fail_safely),
        cmocka_unit_test(drafts_refuse_impossible_tags),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
