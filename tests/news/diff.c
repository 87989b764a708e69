/* diff.c: texts compared word by word: what a reader sees, and that the pieces always make both texts again.
 */
#include "check.h"
#include "news/news.h"

static void show(struct str a, struct str b, struct buf *out)
{
    _cleanup_arena_ struct arena *arena = arena_create(0);
    struct diff_piece *pieces;
    size_t n;
    assert_int_equal(news_diff_words(arena, a, b, &pieces, &n, NULL), 0);
    _cleanup_buf_ struct buf left = BUF_INIT, right = BUF_INIT;
    for (size_t i = 0; i < n; i++) {
        if (pieces[i].type != DIFF_ADDED)
            buf_adds(&left, pieces[i].text);
        if (pieces[i].type != DIFF_REMOVED)
            buf_adds(&right, pieces[i].text);
        buf_addc(out, "=-+"[pieces[i].type]);
        buf_adds(out, pieces[i].text);
        buf_addc(out, '|');
    }
    assert_true(str_eq(buf_str(&left), a));
    assert_true(str_eq(buf_str(&right), b));
}

static void readable(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b, *pieces;
    } cases[] = {
        {"", "", ""},
        {"same", "same", "=same|"},
        {"", "new", "+new|"},
        {"old", "", "-old|"},
        {"one two three", "one 2 three", "=one |-two|+2|= three|"},
        {"the old red house", "the new green house", "=the |-old red|+new green|= house|"},
        {"One.\n\nTwo.\n\nThree.", "One.\n\nThree.", "=One.\n\n|-Two.\n\n|=Three.|"},
        {"大楼的租户", "大楼里租户", "=大楼|-的|+里|=租户|"},
        {"a b c d", "b c d e", "-a |=b c d|+ e|"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        _cleanup_buf_ struct buf out = BUF_INIT;
        show(str_of(cases[i].a), str_of(cases[i].b), &out);
        assert_str(buf_str(&out), cases[i].pieces);
    }
}

static void both_texts_come_back(void **state)
{
    (void)state;
    static const char *const pieces[] = {
        "a", "b", "word", " ", "  ", "\n", "\n\n", ".", "é", "漢", "\xff", "ा"};
    struct seeded random = {11};
    for (int round = 0; round < 3000; round++) {
        _cleanup_buf_ struct buf a = BUF_INIT, b = BUF_INIT, out = BUF_INIT;
        size_t n = seeded_below(&random, 50);
        for (size_t i = 0; i < n; i++) {
            const char *piece = pieces[seeded_below(&random, sizeof pieces / sizeof pieces[0])];
            if (seeded_below(&random, 5))
                buf_addz(&a, piece);
            if (seeded_below(&random, 5))
                buf_addz(&b, piece);
        }
        show(buf_str(&a), buf_str(&b), &out);
    }
}

/* Nothing in common, everything turned round, and very long: bounded, and still right. */
static void large(void **state)
{
    (void)state;
    _cleanup_buf_ struct buf a = BUF_INIT, b = BUF_INIT, c = BUF_INIT, out = BUF_INIT;
    for (int i = 0; i < 20000; i++) {
        buf_addf(&a, "a%d ", i);
        buf_addf(&b, "b%d ", i);
        buf_addf(&c, "a%d ", 19999 - i);
    }
    show(buf_str(&a), buf_str(&b), &out);
    buf_clear(&out);
    show(buf_str(&a), buf_str(&c), &out);
    for (int i = 0; i < 20000; i++)
        buf_addz(&a, i & 1 ? "x\n" : "y\n");
    buf_clear(&out);
    show(buf_str(&a), buf_str(&c), &out);
    buf_clear(&out);
    show(buf_str(&a), buf_str(&a), &out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(readable),
        cmocka_unit_test(both_texts_come_back),
        cmocka_unit_test(large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
