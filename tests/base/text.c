/* text.c: strings, buffers, UTF-8, hex and bech32 as their callers see them. */
#include "check.h"

#include "base/hex.h"
#include "base/utf8.h"

static void test_cut(void **state)
{
    (void)state;
    struct str rest = STR("a,,b"), piece;
    assert_true(str_cut(&rest, ',', &piece));
    assert_str(piece, "a");
    assert_true(str_cut(&rest, ',', &piece));
    assert_str(piece, "");
    assert_true(str_cut(&rest, ',', &piece));
    assert_str(piece, "b");
    assert_false(str_cut(&rest, ',', &piece));
}

static void test_numbers(void **state)
{
    (void)state;
    uint64_t n;
    assert_true(str_to_u64(STR("18446744073709551615"), UINT64_MAX, &n));
    assert_true(n == UINT64_MAX);
    assert_false(str_to_u64(STR("18446744073709551616"), UINT64_MAX, &n));
    assert_false(str_to_u64(STR("101"), 100, &n));
    assert_false(str_to_u64(STR(""), 100, &n));
    assert_false(str_to_u64(STR("-1"), 100, &n));
    assert_false(str_to_u64(STR(" 1"), 100, &n));
    int64_t i = 0;
    assert_true(str_to_i64(STR("-3846355200"), INT64_MIN, INT64_MAX, &i));
    assert_int_equal(i, INT64_C(-3846355200));
    assert_true(str_to_i64(STR("9223372036854775807"), INT64_MIN, INT64_MAX, &i));
    assert_true(i == INT64_MAX);
    static const char *const no_numbers[] = {
        "", "-", "--1", "-0", "+1", "1-", " 1", "9223372036854775808", "-11", "101"};
    for (size_t k = 0; k < sizeof no_numbers / sizeof *no_numbers; k++)
        assert_false(str_to_i64(str_of(no_numbers[k]), k < 8 ? INT64_MIN : -10, k < 8 ? INT64_MAX : 100, &i));
}

static void test_json_text(void **state)
{
    (void)state;
    _cleanup_buf_ struct buf b = BUF_INIT;
    buf_add_json(&b, (struct str){"a\"\\\n\x01\x7f\0é", 9});
    assert_str(buf_str(&b), "\"a\\\"\\\\\\n\\u0001\\u007f\\u0000é\"");
    buf_clear(&b);
    buf_addf(&b, "%d-%s", 7, "x");
    assert_str(buf_str(&b), "7-x");
}

static void test_html_text(void **state)
{
    (void)state;
    _cleanup_buf_ struct buf b = BUF_INIT;
    buf_add_html(&b, (struct str){"<a href=\"x\">'&\0é</a>", 20});
    assert_str(buf_str(&b), "&lt;a href=&quot;x&quot;&gt;&#39;&amp;\xEF\xBF\xBDé&lt;/a");
}

static void test_utf8(void **state)
{
    (void)state;
    assert_true(utf8_valid(STR("plain enough to use the fast path, and then: é ह 日 \U0001f600")));
    static const struct str bad[] = {
        STR_INIT("\x80"),
        STR_INIT("\xc0\x80"),
        STR_INIT("\xc1\xbf"),
        STR_INIT("\xe0\x80\x80"),
        STR_INIT("\xed\xa0\x80"),
        STR_INIT("\xf0\x80\x80\x80"),
        STR_INIT("\xf4\x90\x80\x80"),
        STR_INIT("\xf5\x80\x80\x80"),
        STR_INIT("\xe2\x82"),
        STR_INIT("12345678\xff"),
        STR_INIT("\xff"),
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(utf8_valid(bad[i]));
    assert_str(utf8_cut(STR("aé日b"), 5), "aé");
    assert_str(utf8_cut(STR("aé"), 3), "aé");
}

/* Every code point goes through utf8_add and comes back from utf8_next; surrogates do not. */
static void test_utf8_round_trip(void **state)
{
    (void)state;
    for (uint32_t u = 0; u <= 0x10ffff; u += u < 0x3000 ? 1 : 37) {
        _cleanup_buf_ struct buf b = BUF_INIT;
        utf8_add(&b, u);
        size_t at = 0;
        uint32_t got = utf8_next(buf_str(&b), &at);
        assert_true(got == (u >= 0xd800 && u <= 0xdfff ? 0xfffd : u));
        assert_true(at == b.n);
        assert_true(utf8_valid(buf_str(&b)));
    }
}

static void test_hex(void **state)
{
    (void)state;
    uint8_t bytes[3];
    char text[7];
    assert_true(hex_decode(STR("00ff7a"), bytes, 3));
    hex_encode(bytes, 3, text);
    assert_string_equal(text, "00ff7a");
    assert_false(hex_decode(STR("00FF7A"), bytes, 3));
    assert_false(hex_decode(STR("00ff7"), bytes, 3));
    assert_false(hex_decode(STR("00ff7a0"), bytes, 3));
    assert_false(hex_decode(STR("00ff7g"), bytes, 3));
}

static void test_bech32(void **state)
{
    (void)state;
    struct seeded random = {7};
    for (int round = 0; round < 500; round++) {
        uint8_t data[80];
        size_t n = seeded_below(&random, sizeof data);
        for (size_t i = 0; i < n; i++)
            data[i] = (uint8_t)seeded_next(&random);
        _cleanup_buf_ struct buf text = BUF_INIT, back = BUF_INIT;
        bech32_encode(&text, "npub", data, n);
        char hrp[8];
        assert_true(bech32_decode(buf_str(&text), hrp, sizeof hrp, &back));
        assert_string_equal(hrp, "npub");
        assert_int_equal(back.n, n);
        if (n)
            assert_memory_equal(back.p, data, n);
        /* one changed character is always noticed */
        size_t at = seeded_below(&random, text.n);
        text.p[at] = text.p[at] == 'q' ? 'p' : 'q';
        buf_clear(&back);
        assert_false(bech32_decode(buf_str(&text), hrp, sizeof hrp, &back));
        assert_int_equal(back.n, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_json_text),
        cmocka_unit_test(test_html_text),
        cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_utf8_round_trip),
        cmocka_unit_test(test_hex),
        cmocka_unit_test(test_bech32),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
