/* locale.c: tests the interface's languages: choosing, plurals, numbers, dates. */
#include "web/locale.h"
#include "pieces.h"

static const struct locale *lang(const char *code)
{
    const struct locale *l = locale_find(str_of(code));
    assert_non_null(l);
    return l;
}

static void chooses_by_accept_language(void **state)
{
    static const struct {
        const char *header, *code;
    } cases[] = {
        {"", "en"},
        {"fr", "fr"},
        {"fr-CA,fr;q=0.9,en;q=0.8", "fr"},
        {"de, es;q=0.5, ar;q=0.7", "ar"},
        {"de;q=1, en;q=0.1", "en"},
        {"fr;q=0, es;q=0.001", "es"},
        {"fr;q=x, es;q=0.2", "es"},
        {"FR", "fr"},
        {"*", "en"},
        {"ar-EG;q=0.30,fr;q=0.299", "ar"},
        {",,;;q=,fr;;;q=1", "fr"},
        {"es ; q=0.4 , fr ; q=0.6", "fr"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(locale_code(locale_choose(str_of(cases[i].header))), cases[i].code);
    assert_string_equal(locale_code(locale_choose((struct str){NULL, 0})), "en");
    assert_null(locale_find(STR("de")));
    assert_null(locale_find(STR("")));
    assert_null(locale_at(4));
}

static void writes_numbers(void **state)
{
    static const struct {
        const char *code;
        int64_t n;
        const char *text;
    } cases[] = {
        {"en", 0, "0"},
        {"en", 999, "999"},
        {"en", 1000, "1,000"},
        {"en", -1234567, "-1,234,567"},
        {"en", INT64_MIN, "-9,223,372,036,854,775,808"},
        {"fr", 1234, "1\u202f234"},
        {"es", 1234, "1234"},
        {"es", 12345, "12.345"},
        {"ar", 1234, "١٬٢٣٤"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf out _cleanup_buf_ = BUF_INIT;
        locale_add_int(lang(cases[i].code), cases[i].n, &out);
        assert_piece(buf_str(&out), cases[i].text);
    }
}

static void writes_dates(void **state)
{
    static const struct {
        const char *code;
        enum date_style style;
        const char *text;
    } cases[] = {
        {"en", DATE_LONG, "1 March 2026"},
        {"en", DATE_TIME, "1 March 2026 at 08:05 UTC"},
        {"fr", DATE_LONG, "1er mars 2026"},
        {"fr", DATE_SHORT, "1er mars 2026"},
        {"es", DATE_LONG, "1 de marzo de 2026"},
        {"es", DATE_SHORT, "1 mar 2026"},
        {"ar", DATE_LONG, "١ مارس ٢٠٢٦"},
        {"ar", DATE_TIME, "١ مارس ٢٠٢٦، ٠٨:٠٥ UTC"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf out _cleanup_buf_ = BUF_INIT;
        locale_add_date(lang(cases[i].code), 1772352300, cases[i].style, &out);
        assert_piece(buf_str(&out), cases[i].text);
    }
}

static void tells_ages(void **state)
{
    const int64_t now = 1772352300;
    static const struct {
        int64_t age;
        const char *text;
    } cases[] = {
        {0, "just now"},
        {-100, "just now"},
        {59, "just now"},
        {60, "one minute ago"},
        {3599, "59 minutes ago"},
        {3600, "one hour ago"},
        {3 * 3600, "3 hours ago"},
        {86400, "yesterday"},
        {2 * 86400, "2 days ago"},
        {7 * 86400, "22 February 2026"},
        {-86400, "2 March 2026"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf out _cleanup_buf_ = BUF_INIT;
        locale_add_ago(lang("en"), now - cases[i].age, now, &out);
        assert_piece(buf_str(&out), cases[i].text);
    }
    struct buf out _cleanup_buf_ = BUF_INIT;
    locale_add_ago(lang("en"), INT64_MIN, INT64_MAX, &out); /* no overflow */
    assert_true(out.n > 0);
}

static void names_languages(void **state)
{
    assert_piece(locale_language_name(lang("fr"), STR("ar")), "arabe");
    assert_piece(locale_language_name(lang("en"), STR("pt-BR")), "Portuguese");
    assert_piece(locale_language_name(lang("en"), STR("tlh")), "tlh");
    assert_string_equal(language_direction(STR("ar-EG")), "rtl");
    assert_string_equal(language_direction(STR("fr")), "ltr");
    assert_string_equal(language_direction(STR("")), "ltr");
}

static void formats_values(void **state)
{
    struct buf out _cleanup_buf_ = BUF_INIT;
    locale_format(lang("en"), &out, "%{a} and %{b}, %{c}%{", "a", STR("%{b}"), "b", STR("2"), NULL);
    assert_piece(buf_str(&out), "%{b} and 2, %{");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chooses_by_accept_language),
        cmocka_unit_test(writes_numbers),
        cmocka_unit_test(writes_dates),
        cmocka_unit_test(tells_ages),
        cmocka_unit_test(names_languages),
        cmocka_unit_test(formats_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
