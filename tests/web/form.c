/* form.c: tests reading what browsers send: percent-encoding, forms, cookies, codings, entity tags, ranges.
 */
#include "web/form.h"
#include "pieces.h"

#define PARSE_URLENCODED(text) form_parse_urlencoded(arena, STR(text), &form, &err)

static void decodes_percent(void **state)
{
    struct arena *arena _cleanup_arena_ = arena_create(0);
    assert_piece(percent_decode(arena, STR("a%20b+c%C3%A9"), true), "a b c\xC3\xA9");
    assert_piece(percent_decode(arena, STR("a+b"), false), "a+b");
    assert_piece(percent_decode(arena, STR(""), false), "");
    assert_non_null(percent_decode(arena, STR(""), false).p);
    static const char *const bad[] = {"%", "%4", "%zz", "%ff", "%00", "a%C3", "%ED%A0%80"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_null(percent_decode(arena, str_of(bad[i]), true).p);
    struct buf out _cleanup_buf_ = BUF_INIT;
    percent_encode(STR("a b/\xC3\xA9~"), &out);
    assert_piece(buf_str(&out), "a%20b%2F%C3%A9~");
}

static void reads_urlencoded_forms(void **state)
{
    struct arena *arena _cleanup_arena_ = arena_create(0);
    struct form form = {0};
    struct err err = {0};
    assert_int_equal(PARSE_URLENCODED("a=1&b=x%0D%0Ay+z&&c&=d&a=2"), 0);
    assert_int_equal(form.n, 5);
    assert_piece(form_find(&form, "a")->value, "1");
    assert_piece(form_find(&form, "b")->value, "x\ny z");
    assert_piece(form_find(&form, "c")->value, "");
    assert_null(form_find(&form, "d"));
    form = (struct form){0};
    assert_int_equal(PARSE_URLENCODED("a=%"), ERR_INPUT);
    struct buf many _cleanup_buf_ = BUF_INIT;
    for (int i = 0; i <= FORM_MAX_FIELDS; i++)
        buf_addz(&many, "a&");
    form = (struct form){0};
    assert_int_equal(form_parse_urlencoded(arena, buf_str(&many), &form, &err), ERR_LIMIT);
}

static int multipart(struct arena *arena, const char *type, const char *body, struct form *form)
{
    struct err err = {0};
    *form = (struct form){0};
    return form_parse_multipart(arena, str_of(type), str_of(body), form, &err);
}

#define TYPE "multipart/form-data; boundary=X"
static void reads_multipart_forms(void **state)
{
    struct arena *arena _cleanup_arena_ = arena_create(0);
    struct form form;
    const char *body = "--X\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\none\r\ntwo\r\n--X\r\n"
                       "content-disposition: form-data; name=\"f\"; filename=\"x \\\"y\\\".png\"\r\n"
                       "Content-Type: image/png\r\n\r\n\x89PNG\r\n--Y\r\n\r\n--X\r\n"
                       "Content-Disposition: form-data; name=empty\r\n\r\n\r\n--X--\r\nrubbish";
    assert_int_equal(multipart(arena, TYPE, body, &form), 0);
    assert_int_equal(form.n, 3);
    assert_piece(form.fields[0].value, "one\ntwo");
    assert_true(form.fields[1].upload);
    assert_piece(form.fields[1].file_name, "x \"y\".png");
    assert_piece(form.fields[1].media_type, "image/png");
    assert_piece(form.fields[1].value, "\x89PNG\r\n--Y\r\n");
    assert_piece(form.fields[2].value, "");
    assert_int_equal(
        multipart(arena, "multipart/form-data; x=\";boundary=Z\"; Boundary=\"X\"", body, &form), 0);
    static const char *const bad[] = {
        "",
        "--X",
        "--X\r\n",
        "rubbish\r\n--X--",
        "--X\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nno end",
        "--X\r\nContent-Disposition: form-data; name=\"a\"\r\n--X--",
        "--X\r\nContent-Disposition: attachment; name=\"a\"\r\n\r\nv\r\n--X--",
        "--X\r\nContent-Disposition: form-data\r\n\r\nv\r\n--X--",
        "--X\r\nContent-Disposition: form-data; name=\"a\r\n\r\nv\r\n--X--",
        "--X\r\nno colon\r\n\r\nv\r\n--X--",
        "--X\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n\xff\r\n--X--",
        "--Xrubbish\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nv\r\n--X--",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(multipart(arena, TYPE, bad[i], &form), ERR_INPUT);
    assert_int_equal(multipart(arena, "multipart/form-data", body, &form), ERR_INPUT);
    assert_int_equal(multipart(arena, "multipart/form-data; boundary=", body, &form), ERR_INPUT);
    assert_int_equal(multipart(arena, "multipart/form-data; boundary=\"X", body, &form), ERR_INPUT);
}

static void keeps_within_its_arena(void **state)
{
    struct arena *arena _cleanup_arena_ = arena_create(4096);
    struct form form = {0};
    struct err err = {0};
    struct buf many _cleanup_buf_ = BUF_INIT;
    for (int i = 0; i < 400; i++)
        buf_addz(&many, "name%20=value%20&");
    assert_true(form_parse_urlencoded(arena, buf_str(&many), &form, &err) < 0);
}

static void finds_cookies(void **state)
{
    struct str header = STR("a=1; ab=2;b=\"3\"; c=; x y; d=4=5");
    assert_piece(cookie_find(header, "a"), "1");
    assert_piece(cookie_find(header, "ab"), "2");
    assert_piece(cookie_find(header, "b"), "3");
    assert_piece(cookie_find(header, "d"), "4=5");
    assert_non_null(cookie_find(header, "c").p);
    assert_null(cookie_find(header, "x").p);
    assert_null(cookie_find((struct str){NULL, 0}, "a").p);
}

static void understands_codings(void **state)
{
    assert_true(accepts_gzip(STR("gzip, deflate, br")));
    assert_true(accepts_gzip(STR("br;q=1.0, GZIP;q=0.8")));
    assert_true(accepts_gzip(STR("*")));
    assert_false(accepts_gzip(STR("")));
    assert_false(accepts_gzip(STR("identity")));
    assert_false(accepts_gzip(STR("gzip;q=0, *")));
    assert_false(accepts_gzip(STR("gzip; q=0.000")));
    assert_false(accepts_gzip(STR("*;q=0")));
    assert_false(accepts_gzip(STR("gzipper")));
}

static void compares_entity_tags(void **state)
{
    assert_true(etag_matches(STR("\"a\""), STR("\"a\"")));
    assert_true(etag_matches(STR("\"b\", W/\"a\""), STR("\"a\"")));
    assert_true(etag_matches(STR("*"), STR("\"a\"")));
    assert_false(etag_matches(STR("a"), STR("\"a\"")));
    assert_false(etag_matches(STR("\"ab\""), STR("\"a\"")));
}

static void cuts_ranges(void **state)
{
    static const struct {
        const char *header;
        int result;
        uint64_t from, length;
    } cases[] = {
        {"bytes=0-9", 1, 0, 10},
        {"bytes=90-", 1, 90, 10},
        {"bytes=-10", 1, 90, 10},
        {"bytes=-1000", 1, 0, 100},
        {"bytes=50-1000", 1, 50, 50},
        {"bytes=99-99", 1, 99, 1},
        {"bytes=100-", -1, 0, 0},
        {"bytes=-0", -1, 0, 0},
        {"bytes=9-0", 0, 0, 0},
        {"bytes=0-1,3-4", 0, 0, 0},
        {"bytes=a-b", 0, 0, 0},
        {"bytes=", 0, 0, 0},
        {"items=0-1", 0, 0, 0},
        {"bytes=99999999999999999999-", 0, 0, 0},
        {"bytes=0-18446744073709551615", 1, 0, 100},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint64_t from = 0, length = 0;
        assert_int_equal(range_parse(str_of(cases[i].header), 100, &from, &length), cases[i].result);
        assert_int_equal(from, cases[i].from);
        assert_int_equal(length, cases[i].length);
    }
    uint64_t from, length;
    assert_int_equal(range_parse(STR("bytes=0-"), 0, &from, &length), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decodes_percent),
        cmocka_unit_test(reads_urlencoded_forms),
        cmocka_unit_test(reads_multipart_forms),
        cmocka_unit_test(keeps_within_its_arena),
        cmocka_unit_test(finds_cookies),
        cmocka_unit_test(understands_codings),
        cmocka_unit_test(compares_entity_tags),
        cmocka_unit_test(cuts_ranges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
