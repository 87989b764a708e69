/* memory.c: arenas, errors and the dates, as their callers see them. */
#include "check.h"

#include "base/arena.h"
#include "base/err.h"
#include "base/time.h"

#include <errno.h>

static void test_arena(void **state)
{
    (void)state;
    _cleanup_arena_ struct arena *arena = arena_create(0);
    struct seeded random = {3};
    char *held[200];
    size_t sizes[200];
    for (int i = 0; i < 200; i++) {
        sizes[i] = seeded_below(&random, 9000);
        held[i] = arena_alloc(arena, sizes[i]);
        assert_non_null(held[i]);
        assert_int_equal((uintptr_t)held[i] % 16, 0);
        memset(held[i], i, sizes[i]);
    }
    for (int i = 0; i < 200; i++)
        for (size_t k = 0; k < sizes[i]; k++)
            assert_int_equal((unsigned char)held[i][k], i);
    assert_str(arena_str(arena, STR("x")), "x");
    assert_str(arena_printf(arena, "%d%%", 5), "5%");
    arena_reset(arena);
    assert_int_equal(arena_used(arena), 0);
    assert_non_null(arena_alloc(arena, 1));
}

static void test_arena_cap(void **state)
{
    (void)state;
    _cleanup_arena_ struct arena *arena = arena_create(1000);
    assert_non_null(arena_alloc(arena, 900));
    assert_null(arena_alloc(arena, 200));
    assert_null(arena_alloc(arena, SIZE_MAX));
    assert_null(arena_zero(arena, SIZE_MAX / 2, 3));
    assert_null(arena_str(arena, (struct str){"", SIZE_MAX}).p);
    arena_reset(arena);
    assert_non_null(arena_alloc(arena, 200));
}

static void test_err(void **state)
{
    (void)state;
    struct err err;
    char line[400];
    assert_int_equal(err_errno(&err, ENOSPC, "cannot write %s", "x"), ERR_FULL);
    err_prefix(&err, "import");
    err_kept(&err, "12 records are kept");
    assert_string_equal(err_line(&err, line, sizeof line),
        "import: cannot write x: No space left on device; 12 records are kept; free some space on that disk "
        "and "
        "try again");
    assert_int_equal(err_set(NULL, ERR_INPUT, "nobody listens"), ERR_INPUT);
}

static void test_dates(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t want;
    } rows[] = {
        {"2019-11-04 10:00:00 -0500", 1572879600},
        {"2026-11-23", 1795392000},
        {"2026-11-23T12:30:00Z", 1795437000},
        {"2026-11-23t12:30z", 1795437000},
        {"2026-11-23T12:30:00.123+01:00", 1795433400},
        {"1969-12-31 23:59:59", -1},
        {"2024-02-29", 1709164800},
        {"0001-01-01", -62135596800},
        {"9999-12-31T23:59:59Z", 253402300799},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t got;
        if (!time_parse(str_of(rows[i].text), &got))
            fail_msg("\"%s\" was refused", rows[i].text);
        assert_true(got == rows[i].want);
        char again[24];
        time_rfc3339(got, again, sizeof again);
        int64_t back;
        assert_true(time_parse(str_of(again), &back) && back == got);
    }
    static const char *const bad[] = {"", "2023-02-29", "2023-13-01", "2023-00-01", "2023-1-1", "2023-01-01x",
        "2023-01-01 25:00", "2023-01-01 10:00 +99:00", "yesterday", "20230101"};
    int64_t ignored;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (time_parse(str_of(bad[i]), &ignored))
            fail_msg("\"%s\" was taken for a date", bad[i]);
}

static void test_calendar(void **state)
{
    (void)state;
    for (int64_t day = -719162; day < 2932896; day += 41) {
        struct civil c;
        civil_from_unix(day * 86400 + 3661, &c);
        assert_true(civil_to_unix(&c) == day * 86400 + 3661);
        assert_int_equal(c.weekday, ((day + 4) % 7 + 7) % 7);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arena),
        cmocka_unit_test(test_arena_cap),
        cmocka_unit_test(test_err),
        cmocka_unit_test(test_dates),
        cmocka_unit_test(test_calendar),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
