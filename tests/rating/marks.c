/* marks.c: ratings and weights as decimals, and what rating_write() makes. */
#include "check.h"

#include "rating/rating.h"

static void values(void **state)
{
    static const struct {
        const char *text;
        int value; /* −1: refused */
        const char *back;
    } rows[] = {
        {"0", 0, "0"},
        {"1", 10000, "1"},
        {"0.5", 5000, "0.5"},
        {"0.85", 8500, "0.85"},
        {"1.000", 10000, "1"},
        {"0.00005", 1, "0.0001"},
        {"0.00004999", 0, "0"},
        {"0.99995", 10000, "1"},
        {"00.25", 2500, "0.25"},
        {"0.0700", 700, "0.07"},
        {"1.0001", -1, ""},
        {"2", -1, ""},
        {"-0", -1, ""},
        {"-0.5", -1, ""},
        {"1e-3", -1, ""},
        {"0.5e0", -1, ""},
        {"", -1, ""},
        {".5", -1, ""},
        {"0.", -1, ""},
        {"0,5", -1, ""},
        {" 0.5", -1, ""},
        {"NaN", -1, ""},
        {"inf", -1, ""},
        {"0x1", -1, ""},
        {"100", -1, ""},
        {"0.5.5", -1, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint16_t value = 4711;
        bool ok = rating_value_parse(str_of(rows[i].text), &value);
        if (ok != (rows[i].value >= 0) || (ok && value != rows[i].value))
            fail_msg("\"%s\": %d %u", rows[i].text, ok, value);
        if (!ok)
            continue;
        struct buf back _cleanup_buf_ = BUF_INIT;
        rating_value_format(value, &back);
        assert_str(buf_str(&back), rows[i].back);
    }
    for (unsigned v = 0; v <= RATING_SCALE; v++) {
        struct buf text _cleanup_buf_ = BUF_INIT;
        uint16_t again;
        rating_value_format((uint16_t)v, &text);
        assert_true(rating_value_parse(buf_str(&text), &again));
        assert_int_equal(again, v);
    }
}

static void weights(void **state)
{
    static const struct {
        const char *text;
        weight w; /* 0: refused */
    } rows[] = {
        {"1", WEIGHT_ONE},
        {"1.00", WEIGHT_ONE},
        {"0.5", WEIGHT_ONE / 2},
        {"0.25", WEIGHT_ONE / 4},
        {"0.8", 3435973836},
        {"0.00000000023283064365386962890625", 1},
        {"0.00000000023283064365386962890624", 0},
        {"0", 0},
        {"0.0", 0},
        {"1.0000000001", 0},
        {"2", 0},
        {"1e-1", 0},
        {"", 0},
        {"-1", 0},
        {"0.9999999999999999999999999", WEIGHT_ONE - 1},
        {"half", 0},
        {"0.00000000000000000000000000000000000000000000000000000000000000000001", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        weight w = 0;
        bool ok = weight_parse(str_of(rows[i].text), &w);
        if (ok != (rows[i].w > 0) || (ok && w != rows[i].w))
            fail_msg("\"%s\": %d %lu", rows[i].text, ok, (unsigned long)w);
    }
    struct seeded dice = {4};
    for (int i = 0; i < 20000; i++) {
        weight w = 1 + seeded_next(&dice) % WEIGHT_ONE, again;
        if (i < 100)
            w = (weight)i + 1;
        else if (i < 200)
            w = WEIGHT_ONE - (weight)(i - 100);
        struct buf text _cleanup_buf_ = BUF_INIT;
        weight_format(w, &text);
        assert_true(text.n <= 12);
        if (!weight_parse(buf_str(&text), &again) || again != w)
            fail_msg("%lu became %s", (unsigned long)w, text.p);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(values), cmocka_unit_test(weights)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
