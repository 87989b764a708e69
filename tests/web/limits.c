/* limits.c: tests limits of rate: bursts, refilling, addresses, a full table. */
#include "web/limits.h"
#include "pieces.h"

#define SECOND 1000000LL

static void lets_a_burst_pass_and_refills(void **state)
{
    struct limits *l = limits_create(&rng_system);
    int64_t now = 1000 * SECOND;
    for (int i = 0; i < 20; i++)
        assert_int_equal(limits_take(l, LIMIT_SIGN_IN, STR("a"), false, now), 0);
    int64_t wait = limits_take(l, LIMIT_SIGN_IN, STR("a"), false, now);
    assert_true(wait > 0 && wait <= 15);
    assert_int_equal(limits_take(l, LIMIT_SIGN_IN, STR("b"), false, now), 0); /* nobody else is held up */
    assert_int_equal(limits_take(l, LIMIT_SIGN_UP, STR("a"), false, now), 0); /* nor anything else */
    assert_true(limits_take(l, LIMIT_SIGN_IN, STR("a"), false, now + (wait - 1) * SECOND) > 0);
    assert_int_equal(limits_take(l, LIMIT_SIGN_IN, STR("a"), false, now + wait * SECOND), 0);
    assert_true(limits_take(l, LIMIT_SIGN_IN, STR("a"), false, now + wait * SECOND) > 0);
    limits_return(l, LIMIT_SIGN_IN, STR("a"), false, now + wait * SECOND);
    assert_int_equal(limits_wait(l, LIMIT_SIGN_IN, STR("a"), false, now + wait * SECOND), 0);
    assert_int_equal(limits_take(l, LIMIT_SIGN_IN, STR("a"), false, now + wait * SECOND), 0);
    for (int i = 0; i < 200; i++)
        assert_int_equal(limits_take(l, LIMIT_SIGN_IN, STR("tor"), true, now), 0);
    assert_true(limits_take(l, LIMIT_SIGN_IN, STR("tor"), true, now) > 0);
    limits_destroy(l);
}

static void survives_more_keys_than_it_holds(void **state)
{
    struct limits *l = limits_create(&rng_system);
    for (uint32_t i = 0; i < 100000; i++)
        assert_int_equal(limits_take(l, LIMIT_POST, (struct str){(char *)&i, sizeof i}, false, SECOND), 0);
    limits_destroy(l);
}

static void reads_addresses(void **state)
{
    struct limit_key a, b;
    assert_true(limit_key_of_text(STR(" 192.0.2.7 "), &a));
    assert_true(limit_key_of_text(STR("::ffff:192.0.2.7"), &b));
    assert_memory_equal(&a, &b, sizeof a);
    assert_true(limit_key_of_text(STR("2001:db8:1:2:3:4:5:6"), &a));
    assert_true(limit_key_of_text(STR("[2001:db8:1:2::1]:443"), &b));
    assert_memory_equal(&a, &b, sizeof a); /* one /64 */
    assert_true(limit_key_of_text(STR("2001:db8:1:3::1"), &b));
    assert_memory_not_equal(&a, &b, sizeof a);
    assert_false(limit_key_of_text(STR("unknown"), &a));
    assert_false(limit_key_of_text(STR(""), &a));
    assert_false(limit_key_of_text(STR("[::1"), &a));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lets_a_burst_pass_and_refills),
        cmocka_unit_test(survives_more_keys_than_it_holds),
        cmocka_unit_test(reads_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
