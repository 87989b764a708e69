/* tokenizer.c: what counts as a word, in the scripts that readers use. */
#include "check.h"

#include "base/tokenizer.h"

static int add(void *ctx, const struct token *t)
{
    struct buf *out = ctx;
    if (out->n)
        buf_addc(out, t->again ? '=' : '|');
    buf_adds(out, t->folded);
    if (t->prefix)
        buf_addc(out, '*');
    return 0;
}

static void check(const char *text, unsigned flags, const char *want)
{
    _cleanup_buf_ struct buf got = BUF_INIT;
    assert_int_equal(tokenize(str_of(text), flags, add, &got), 0);
    assert_str(buf_str(&got), want);
}

static void test_words(void **state)
{
    (void)state;
    check("", 0, "");
    check(" ,.!", 0, "");
    check("Night shift: 212 to 9!", 0, "night|shift|212|to|9");
    check("Straße ＡＢＣ ﬁn co\u00adop", 0, "strasse|abc|fin|coop");
    check("Étudiants", 0, "étudiants=etudiants");
    check("e\u0301te\u0301", 0, "été=ete");
    check("Étudiants", TOKEN_FOR_QUERY, "étudiants");
    check("ЗАБАСТОВКА в порту", 0, "забастовка|в|порту");
    check("l'ouvrier", 0, "l|ouvrier");
}

/* ASCII words are read on a way of their own: where it ends, nothing may change. */
static void test_ascii(void **state)
{
    (void)state;
    check("NAIVE naive\u0308 naïve", 0, "naive|naivë=naive|naïve=naive");
    check("co\u200dop a\u00ad1", 0, "coop|a1");
    check("x\xff\xfey Z", 0, "x|y|z");
    check("A日本b", 0, "a|日本=本|b");
    check("@[`{/:A0Z9az@", 0, "a0z9az");
    char longest[300];
    memset(longest, 'Q', sizeof longest);
    char cut[129] = {0};
    memset(cut, 'q', sizeof cut - 1);
    _cleanup_buf_ struct buf got = BUF_INIT;
    assert_int_equal(tokenize((struct str){longest, sizeof longest}, 0, add, &got), 0);
    assert_str(buf_str(&got), cut);
}

static void test_arabic(void **state)
{
    (void)state;
    check("الْعُمَّالُ", 0, "العمال");
    check("العـــمال", 0, "العمال");
    check("أحمد إلى آخر", 0, "احمد|الي|اخر");
    check("می\u200cخواهم", 0, "ميخواهم");
}

static void test_devanagari(void **state)
{
    (void)state;
    check("हिन्दी में", 0, "हिन्दी|में");
}

static void test_bigrams(void **state)
{
    (void)state;
    check("日本語", 0, "日本|本語=語");
    check("日本語", TOKEN_FOR_QUERY, "日本|本語");
    check("本", TOKEN_FOR_QUERY, "本*");
    check("本", 0, "本");
    check("東京2026年", 0, "東京=京|2026|年");
    check("ｶﾀｶﾅ", 0, "カタ|タカ|カナ=ナ");
    check("กินข้าว", TOKEN_WHOLE_RUNS, "กิ|น|ข้|า|ว");
    check("กิน", 0, "กิน=น");
    check("日本", TOKEN_WHOLE_RUNS, "日|本");
}

struct spans {
    size_t last_end;
    uint32_t last_position;
    size_t n, length;
};
static int check_span(void *ctx, const struct token *t)
{
    struct spans *s = ctx;
    assert_true(t->start < t->end && t->end <= s->length);
    assert_true(t->folded.n > 0 && t->folded.n <= 128);
    if (s->n && !t->again)
        assert_true(t->position == s->last_position + 1);
    s->last_position = t->position;
    s->n++;
    return 0;
}

/* Bytes of any sort: tokens stay inside the text, positions count up by one. */
static void test_any_bytes(void **state)
{
    (void)state;
    static const char *const pieces[] = {"日", "本", "ก", "ิ", "a", "É", "́", "\xff", "\xe6\x97", " ", "-",
        "ー", "م", "ُ", "\u200d", "9", "\U0001f600", "क", "्", "㍿", "ﷺ"};
    struct seeded random = {11};
    for (int round = 0; round < 3000; round++) {
        _cleanup_buf_ struct buf text = BUF_INIT;
        for (uint64_t i = seeded_below(&random, 30); i; i--)
            buf_addz(&text, pieces[seeded_below(&random, sizeof pieces / sizeof *pieces)]);
        for (unsigned flags = 0; flags < 4; flags++) {
            struct spans s = {.length = text.n};
            assert_int_equal(tokenize(buf_str(&text), flags, check_span, &s), 0);
        }
    }
}

static int stop(void *ctx, const struct token *t)
{
    (void)t;
    return ++*(int *)ctx == 2 ? 42 : 0;
}

static void test_stop(void **state)
{
    (void)state;
    int calls = 0;
    assert_int_equal(tokenize(STR("a b c d"), 0, stop, &calls), 42);
    assert_int_equal(calls, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_ascii),
        cmocka_unit_test(test_arabic),
        cmocka_unit_test(test_devanagari),
        cmocka_unit_test(test_bigrams),
        cmocka_unit_test(test_any_bytes),
        cmocka_unit_test(test_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
