/* parse.c: tests that records are read strictly, bounded, and come back unchanged when written. */
#include "support.h"

static const char id_hex[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
static const char key_hex[] = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

/* A record's JSON with the given raw JSON for tags and content. */
static struct str json_of(struct arena *arena, unsigned kind, const char *tags, const char *content)
{
    return arena_printf(arena,
        "{\"id\":\"%s\",\"pubkey\":\"%s\",\"created_at\":1700000000,\"kind\":%u,\"tags\":%s,"
        "\"content\":%s,\"sig\":\"%s%s\"}",
        id_hex, key_hex, kind, tags, content, id_hex, key_hex);
}

static void reads_all_fields(void **state)
{
    struct arena *arena _cleanup_arena_ = test_arena();
    struct record r;
    struct err err;
    struct str json = json_of(arena, 30023, "[[\"d\",\"x\"],[\"t\",\"a\",\"b\"]]", "\"hello\"");
    assert_int_equal(record_parse(arena, json, &r, &err), 0);
    assert_int_equal(r.id.b[31], 0xaa);
    assert_int_equal(r.pubkey.b[0], 0xbb);
    assert_int_equal(r.sig.b[0], 0xaa);
    assert_int_equal(r.sig.b[63], 0xbb);
    assert_int_equal(r.created_at, 1700000000);
    assert_int_equal(r.kind, 30023);
    assert_int_equal(r.tag_count, 2);
    assert_int_equal(r.tags[1].n, 3);
    assert_true(str_eqz(r.tags[1].v[2], "b"));
    assert_true(str_eqz(r.content, "hello"));
    struct buf out _cleanup_buf_ = BUF_INIT;
    record_to_json(&r, &out);
    assert_true(str_eq(buf_str(&out), json));
}

static void reads_any_order_and_white_space(void **state)
{
    struct arena *arena _cleanup_arena_ = test_arena();
    struct str json = arena_printf(arena,
        " \t\r\n{ \"content\" : \"c\" ,\n\"tags\":[ [ \"a\" , \"b\" ] , [\"c\"] ],\"sig\":\"%s%s\", "
        "\"k\\u0069nd\" : 0 , \"created_at\":0 ,\"pubkey\":\"%s\",\"id\":\"%s\" } \n",
        id_hex, id_hex, key_hex, id_hex);
    struct record r;
    struct err err;
    assert_int_equal(record_parse(arena, json, &r, &err), 0);
    assert_int_equal(r.kind, 0);
    assert_int_equal(r.tag_count, 2);
}

static void resolves_every_escape(void **state)
{
    static const struct {
        const char *json, *text;
        size_t n;
    } rows[] = {
        {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t", 8},
        {"\"a\\u0000b\"", "a\0b", 3},
        {"\"\\u00e9\\u00E9\\u4e2d\"", "\xc3\xa9\xc3\xa9\xe4\xb8\xad", 7},
        {"\"x\\ud83d\\ude00y\"", "x\xf0\x9f\x98\x80y", 6},
        {"\"\\udbff\\udfff\"", "\xf4\x8f\xbf\xbf", 4},
        {"\"\xf0\x9f\x98\x80\xef\xbf\xbf\x7f\"", "\xf0\x9f\x98\x80\xef\xbf\xbf\x7f", 8},
        {"\"\"", "", 0},
        {"\"0123456789abcdef0123456789abcdef\\n0123456789abcdef\\\"\"",
            "0123456789abcdef0123456789abcdef\n0123456789abcdef\"", 50},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct arena *arena _cleanup_arena_ = test_arena();
        struct record r;
        struct err err;
        assert_int_equal(record_parse(arena, json_of(arena, 1, "[]", rows[i].json), &r, &err), 0);
        assert_true(str_eq(r.content, (struct str){rows[i].text, rows[i].n}));
        struct buf out _cleanup_buf_ = BUF_INIT;
        record_to_json(&r, &out);
        struct record again;
        assert_int_equal(record_parse(arena, buf_str(&out), &again, &err), 0);
        assert_true(str_eq(again.content, r.content));
    }
}

static void refuses_bad_strings(void **state)
{
    static const char *const rows[] = {
        "\"\\ud83d\"",
        "\"\\ud83dx\"",
        "\"\\ud83d\\n\"",
        "\"\\ude00\"",
        "\"\\ude00\\ud83d\"",
        "\"\\ud83d\\ud83d\"",
        "\"\\ud83d\\u0041\"",
        "\"\\x41\"",
        "\"\\u12\"",
        "\"\\u12g4\"",
        "\"\\",
        "\"\\u",
        "\"abc",
        "\"a\nb\"",
        "\"a\tb\"",
        "\"\x01\"",
        "\"\x1f\"",
        "\"\x80\"",
        "\"\xc0\x80\"",
        "\"\xc1\xbf\"",
        "\"\xe0\x9f\xbf\"",
        "\"\xed\xa0\x80\"",
        "\"\xf0\x8f\xbf\xbf\"",
        "\"\xf4\x90\x80\x80\"",
        "\"\xf5\x80\x80\x80\"",
        "\"\xff\"",
        "\"\xc3\"",
        "\"\xe4\xb8\"",
        "\"\xf0\x9f\x98\"",
        "\"0123456789abcdef\xc3(0123456789abcdef\"",
        "\"\\n\xc3\"",
        "'a'",
        "null",
        "5",
        "[]",
        "{}",
        "",
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct arena *arena _cleanup_arena_ = test_arena();
        struct record r;
        struct err err;
        assert_int_equal(record_parse(arena, json_of(arena, 1, "[]", rows[i]), &r, &err), ERR_INPUT);
        assert_non_null(strstr(err.what, "record: "));
        assert_non_null(strstr(err.what, "at byte "));
    }
}

static void refuses_bad_structure(void **state)
{
    static const char *const rows[] = {"[[]]", "[\"a\"]", "[[\"a\"],]", "[,[\"a\"]]", "[[\"a\",]]",
        "[[\"a\" \"b\"]]", "[[1]]", "[[null]]", "[[[\"a\"]]]", "[[\"a\"]", "[[\"a\"", "{}", "null", "\"\"",
        "[[\"a\"][\"b\"]]"};
    struct arena *arena _cleanup_arena_ = test_arena();
    struct record r;
    struct err err;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(record_parse(arena, json_of(arena, 1, rows[i], "\"\""), &r, &err), ERR_INPUT);

    struct str good = json_of(arena, 1, "[]", "\"\"");
    assert_int_equal(record_parse(arena, good, &r, &err), 0);
    for (size_t n = 0; n < good.n; n++) { /* cut anywhere */
        char *exact = malloc(n ? n : 1);  /* so that the sanitizer sees a byte read too many */
        memcpy(exact, good.p, n);
        assert_int_equal(record_parse(arena, (struct str){exact, n}, &r, &err), ERR_INPUT);
        free(exact);
    }
    assert_int_equal(record_parse(arena, (struct str){NULL, 0}, &r, &err), ERR_INPUT);
    struct str rest = arena_printf(arena, "%s{}", good.p);
    assert_int_equal(record_parse(arena, rest, &r, &err), ERR_INPUT);
    rest = arena_printf(arena, "%s,", good.p);
    assert_int_equal(record_parse(arena, rest, &r, &err), ERR_INPUT);
    /* A zero byte behind it is no end of the text. */
    assert_int_equal(record_parse(arena, (struct str){good.p, good.n + 1}, &r, &err), ERR_INPUT);
}

/* good with the first `from` replaced by `to`. */
static struct str replaced(struct arena *arena, struct str good, const char *from, const char *to)
{
    size_t at = str_find(good, str_of(from));
    assert_true(at != SIZE_MAX);
    return arena_printf(arena, "%.*s%s%s", (int)at, good.p, to, good.p + at + strlen(from));
}

static void refuses_bad_fields(void **state)
{
    static const struct {
        const char *from, *to, *says;
    } rows[] = {
        {"\"kind\":1", "\"kind\":65536", "whole number from 0 to 65535"},
        {"\"kind\":1", "\"kind\":-1", "whole number"},
        {"\"kind\":1", "\"kind\":1.0", "whole number"},
        {"\"kind\":1", "\"kind\":1e0", "whole number"},
        {"\"kind\":1", "\"kind\":01", "whole number"},
        {"\"kind\":1", "\"kind\":+1", "whole number"},
        {"\"kind\":1", "\"kind\":\"1\"", "whole number"},
        {"\"kind\":1", "\"kind\":", "whole number"},
        {"\"kind\":1", "\"kind\":true", "whole number"},
        {"\"kind\":1", "\"kind\":0x1", "comma or }"},
        {"1700000000", "9007199254740992", "9007199254740991"},
        {"1700000000", "99999999999999999999999999", "9007199254740991"},
        {"1700000000", "18446744073709551617", "9007199254740991"},
        {"1700000000", "-5", "whole number"},
        {"1700000000", "NaN", "whole number"},
        {"\"kind\":1", "\"kind\":1,\"kind\":1", "second field \"kind\""},
        {"\"kind\":1", "\"kind\":1,\"k\\u0069nd\":1", "second field \"kind\""},
        {"\"kind\":1", "\"kind\":1,\"extra\":1", "unknown field, \"extra\""},
        {"\"kind\":1", "\"Kind\":1", "unknown field"},
        {"\"kind\":1", "\"kind \":1", "unknown field"},
        {"\"kind\":1,", "", "no field \"kind\""},
        {"\"id\":\"a", "\"id\":\"A", "id is not 64"},
        {"\"id\":\"a", "\"id\":\"", "id is not 64"},
        {"\"id\":\"a", "\"id\":\"aaa", "id is not 64"},
        {"\"pubkey\":\"b", "\"pubkey\":\"g", "pubkey is not 64"},
        {"\"sig\":\"a", "\"sig\":\"", "sig is not 128"},
        {"\"kind\":1,", "\"kind\":1,,", "string is expected"},
        {"\"kind\":1,", "\"kind\" 1,", "colon"},
        {"{\"id\"", "{,\"id\"", "string is expected"},
        {"{\"id\"", "[\"id\"", "JSON object"},
        {"{\"id\"", "\xef\xbb\xbf{\"id\"", "JSON object"},
    };
    struct arena *arena _cleanup_arena_ = test_arena();
    struct str good = json_of(arena, 1, "[]", "\"\"");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct record r;
        struct err err;
        struct str bad = replaced(arena, good, rows[i].from, rows[i].to);
        assert_int_equal(record_parse(arena, bad, &r, &err), ERR_INPUT);
        if (!strstr(err.what, rows[i].says))
            fail_msg("row %zu: \"%s\" does not say \"%s\"", i, err.what, rows[i].says);
    }
    struct record r;
    struct err err;
    struct str most = replaced(arena, good, "1700000000", "9007199254740991");
    assert_int_equal(record_parse(arena, most, &r, &err), 0);
    assert_int_equal(r.created_at, 9007199254740991);
}

/* A record of exactly `bytes` as serialised for its id. unit: raw JSON of one piece of the content, which
 * takes unit_bytes there. */
static struct str of_size(
    struct arena *arena, unsigned kind, size_t bytes, const char *unit, size_t unit_bytes)
{
    const char *tags = "[[\"d\",\"\\u0041\\\"\"],[\"e\",\"f\",\"\"],[\"g\"]]";
    struct record r;
    struct err err;
    struct buf form _cleanup_buf_ = BUF_INIT;
    assert_int_equal(record_parse(arena, json_of(arena, kind, tags, "\"\""), &r, &err), 0);
    record_serialize_for_id(&r, &form);
    size_t left = bytes - form.n;
    struct buf content _cleanup_buf_ = BUF_INIT;
    buf_addc(&content, '"');
    for (; left >= unit_bytes; left -= unit_bytes)
        buf_addz(&content, unit);
    for (; left; left--)
        buf_addc(&content, 'x');
    buf_addc(&content, '"');
    return json_of(arena, kind, tags, content.p);
}

static void bounds_size_to_the_byte(void **state)
{
    static const struct {
        unsigned kind;
        size_t limit;
        const char *unit;
        size_t unit_bytes;
    } rows[] = {
        {1, 65536, "x", 1},
        {30023, 131072, "x", 1},
        {30024, 65536, "x", 1},
        {1, 65536, "\\n", 2},
        {1, 65536, "\\u000a", 2},
        {30023, 131072, "\\u0001", 6},
        {30023, 131072, "\\/", 1},
        {30023, 131072, "\\u0041", 1},
        {30023, 131072, "\\u4e2d", 3},
        {30023, 131072, "\\ud83d\\ude00", 4},
        {30023, 131072, "\xe4\xb8\xad", 3},
        {1, 65536, "\\u007f", 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct arena *arena _cleanup_arena_ = test_arena();
        struct record r;
        struct err err;
        struct buf form _cleanup_buf_ = BUF_INIT;
        struct str json = of_size(arena, rows[i].kind, rows[i].limit, rows[i].unit, rows[i].unit_bytes);
        assert_int_equal(record_parse(arena, json, &r, &err), 0);
        record_serialize_for_id(&r, &form);
        assert_int_equal(form.n, rows[i].limit);

        json = of_size(arena, rows[i].kind, rows[i].limit + 1, rows[i].unit, rows[i].unit_bytes);
        assert_int_equal(record_parse(arena, json, &r, &err), ERR_LIMIT);
        char number[32];
        snprintf(number, sizeof number, "%zu", rows[i].limit + 1);
        assert_non_null(strstr(err.what, number));
        snprintf(number, sizeof number, "%zu", rows[i].limit);
        assert_non_null(strstr(err.what, number));
    }
}

static void bounds_tags_and_text(void **state)
{
    struct arena *arena _cleanup_arena_ = test_arena();
    struct record r;
    struct err err;
    for (size_t n = RECORD_MAX_TAGS; n <= RECORD_MAX_TAGS + 1; n++) {
        struct buf tags _cleanup_buf_ = BUF_INIT;
        for (size_t i = 0; i < n; i++)
            buf_addz(&tags, i ? ",[\"a\",\"b\"]" : "[[\"a\",\"b\"]");
        buf_addc(&tags, ']');
        int rc = record_parse(arena, json_of(arena, 1, tags.p, "\"\""), &r, &err);
        assert_int_equal(rc, n == RECORD_MAX_TAGS ? 0 : ERR_LIMIT);
        if (!rc) {
            assert_int_equal(r.tag_count, n);
            assert_true(str_eqz(r.tags[n - 1].v[1], "b"));
        }
    }
    /* A great deal of white space. */
    struct buf long_text _cleanup_buf_ = BUF_INIT;
    buf_reserve(&long_text, 2u << 20);
    memset(long_text.p, ' ', 2u << 20);
    long_text.n = 2u << 20;
    assert_int_equal(record_parse(arena, buf_str(&long_text), &r, &err), ERR_LIMIT);
    /* Depth: nothing recurses. */
    memset(long_text.p, '[', 1u << 20);
    long_text.n = 1u << 20;
    assert_int_equal(record_parse(arena, buf_str(&long_text), &r, &err), ERR_INPUT);
    /* An arena too small. */
    struct arena *small _cleanup_arena_ = arena_create(64);
    struct str escaped = json_of(arena, 1, "[[\"a\",\"b\",\"c\",\"d\",\"e\",\"f\"]]", "\"\\n\\n\\n\"");
    assert_int_equal(record_parse(small, escaped, &r, &err), ERR_MEMORY);
}

static void random_records_come_back(void **state)
{
    struct seeded s = {20261123};
    for (int i = 0; i < 400; i++) {
        struct arena *arena _cleanup_arena_ = test_arena();
        struct record r, again;
        struct err err;
        random_record(&s, arena, &r);
        struct buf json _cleanup_buf_ = BUF_INIT, twice _cleanup_buf_ = BUF_INIT;
        record_to_json(&r, &json);
        assert_int_equal(record_parse(arena, buf_str(&json), &again, &err), 0);
        assert_int_equal(record_verify(&again, &err), 0);
        record_to_json(&again, &twice);
        assert_true(str_eq(buf_str(&json), buf_str(&twice)));
        assert_int_equal(again.tag_count, r.tag_count);
        for (size_t t = 0; t < r.tag_count; t++)
            for (size_t k = 0; k < r.tags[t].n; k++)
                assert_true(str_eq(r.tags[t].v[k], again.tags[t].v[k]));
        assert_true(str_eq(r.content, again.content));
    }
}

/* Whatever one byte is changed to, the result is refused, or is another spelling of the same record. */
static void mutated_records_never_pass(void **state)
{
    struct seeded s = {7};
    for (int i = 0; i < 60; i++) {
        struct arena *arena _cleanup_arena_ = test_arena();
        struct record r, other;
        struct err err;
        random_record(&s, arena, &r);
        struct buf json _cleanup_buf_ = BUF_INIT;
        record_to_json(&r, &json);
        for (int k = 0; k < 50; k++) {
            struct buf changed _cleanup_buf_ = BUF_INIT;
            buf_adds(&changed, buf_str(&json));
            size_t at = seeded_below(&s, changed.n);
            switch (seeded_below(&s, 3)) {
            case 0:
                changed.p[at] ^= (char)(1 + seeded_below(&s, 255));
                break;
            case 1:
                memmove(changed.p + at, changed.p + at + 1, changed.n - at - 1);
                changed.n--;
                break;
            default:
                changed.n = at;
            }
            if (record_parse(arena, buf_str(&changed), &other, &err) || record_verify(&other, &err))
                continue;
            struct buf canonical _cleanup_buf_ = BUF_INIT;
            record_to_json(&other, &canonical);
            assert_true(str_eq(buf_str(&canonical), buf_str(&json)));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_all_fields),
        cmocka_unit_test(reads_any_order_and_white_space),
        cmocka_unit_test(resolves_every_escape),
        cmocka_unit_test(refuses_bad_strings),
        cmocka_unit_test(refuses_bad_structure),
        cmocka_unit_test(refuses_bad_fields),
        cmocka_unit_test(bounds_size_to_the_byte),
        cmocka_unit_test(bounds_tags_and_text),
        cmocka_unit_test(random_records_come_back),
        cmocka_unit_test(mutated_records_never_pass),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
