/* difference.c: the bounded comparison against a plain longest common subsequence; and what counts as a
 * tenth. */
#include "check.h"

#include "base/difference.h"

static size_t lcs(const uint32_t *a, size_t n, const uint32_t *b, size_t m)
{
    static size_t rows[2][200];
    memset(rows, 0, sizeof rows);
    for (size_t i = 1; i <= n; i++)
        for (size_t k = 1; k <= m; k++) {
            size_t best = rows[(i - 1) & 1][k] > rows[i & 1][k - 1] ? rows[(i - 1) & 1][k]
                                                                    : rows[i & 1][k - 1];
            if (a[i - 1] == b[k - 1] && rows[(i - 1) & 1][k - 1] + 1 > best)
                best = rows[(i - 1) & 1][k - 1] + 1;
            rows[i & 1][k] = best;
        }
    return rows[n & 1][m];
}

static void random_sequences(void **state)
{
    struct seeded dice = {7};
    uint32_t a[150], b[150];
    for (int round = 0; round < 4000; round++) {
        size_t n = seeded_below(&dice, 60), m = 0, letters = 1 + seeded_below(&dice, 12);
        for (size_t i = 0; i < n; i++)
            a[i] = (uint32_t)seeded_below(&dice, letters);
        if (round % 3 == 0) { /* unrelated */
            m = seeded_below(&dice, 60);
            for (size_t i = 0; i < m; i++)
                b[i] = (uint32_t)seeded_below(&dice, letters);
        } else { /* edited here and there */
            for (size_t i = 0; i < n; i++) {
                uint64_t what = seeded_below(&dice, 12);
                if (what != 0)
                    b[m++] = a[i];
                if (what < 2)
                    b[m++] = (uint32_t)seeded_below(&dice, letters);
            }
        }
        size_t changed = (n > m ? n : m) - lcs(a, n, b, m);
        for (size_t allowed = 0; allowed < 30; allowed++) {
            if (sequence_changed_by_more(a, n, b, m, allowed) != (changed > allowed))
                fail_msg("round %d: %zu changed, %zu allowed", round, changed, allowed);
            if (sequence_changed_by_more(b, m, a, n, allowed) != (changed > allowed))
                fail_msg("round %d, turned: %zu changed, %zu allowed", round, changed, allowed);
        }
    }
}

static bool changed(const char *a, const char *b)
{
    struct str one = str_of(a), two = str_of(b);
    bool there = text_changed_by_tenth(&one, &two, 1);
    assert_int_equal(there, text_changed_by_tenth(&two, &one, 1));
    return there;
}

static void a_tenth(void **state)
{
    assert_false(changed("", ""));
    assert_true(changed("", "one"));
    assert_false(changed("one two three four five six seven eight nine ten",
        "one 2 three four five six seven eight nine ten"));
    assert_true(changed(
        "one two three four five six seven eight nine ten", "one 2 3 four five six seven eight nine ten"));
    assert_true(changed(
        "one two three four five six seven eight nine", "1 two three four five six seven eight nine"));
    assert_false(changed("one two three four five six seven eight nine",
        "One, two; THREE four five\n\nsix seven eight nine!"));
    assert_true(changed("ten nine eight seven six five four three two one",
        "one two three four five six seven eight nine ten"));
    assert_false(changed("我们明天在广场见面吧工友", "我们明天在广场见面吧工人")); /* one of twelve */
    assert_true(changed("我们明天在广场见", "我们今天在公园见"));
    assert_false(changed("\xff\xfe a", "a"));
    struct str a[] = {STR("A title"), STR("and summary"), STR("a body of some six words")};
    struct str b[] = {STR("A title and"), STR("summary"), STR("a body of some six words")};
    struct str c[] = {STR("Another heading"), STR("and summary"), STR("a body of some six words")};
    assert_false(text_changed_by_tenth(a, b, 3));
    assert_true(text_changed_by_tenth(a, c, 3));
}

static void long_texts(void **state)
{
    struct buf a _cleanup_buf_ = BUF_INIT, b _cleanup_buf_ = BUF_INIT, c _cleanup_buf_ = BUF_INIT;
    for (unsigned i = 0; i < 30000; i++) {
        buf_addf(&a, "w%u ", i);
        buf_addf(&b, "w%u ", 29999 - i);      /* the same words */
        buf_addf(&c, "w%u ", i % 15 ? i : 0); /* 1,999 changed, few enough */
    }
    struct str one = buf_str(&a), two = buf_str(&b), three = buf_str(&c);
    assert_true(text_changed_by_tenth(&one, &two, 1));
    assert_false(text_changed_by_tenth(&one, &three, 1));
    buf_clear(&c);
    for (unsigned i = 0; i < 30000; i++)
        buf_addf(&c, "w%u ", i % 14 ? i : 0); /* below a tenth, but above DIFFERENCE_MOST */
    three = buf_str(&c);
    assert_true(text_changed_by_tenth(&one, &three, 1));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_sequences),
        cmocka_unit_test(a_tenth),
        cmocka_unit_test(long_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
