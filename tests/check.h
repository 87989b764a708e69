/* check.h: what every test program includes: cmocka and the headers it wants before it. */
#ifndef WN_TESTS_CHECK_H
#define WN_TESTS_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/str.h"

/* Says both texts where they differ. */
static inline void assert_str(struct str got, const char *want)
{
    if (!str_eqz(got, want))
        fail_msg("got \"%.*s\", want \"%s\"", STR_ARG(got), want);
}

/* Small seeded generator for property tests (xorshift64*). */
struct seeded {
    uint64_t state; /* not 0 */
};
static inline uint64_t seeded_next(struct seeded *s)
{
    s->state ^= s->state >> 12;
    s->state ^= s->state << 25;
    s->state ^= s->state >> 27;
    return s->state * UINT64_C(0x2545f4914f6cdd1d);
}
static inline uint64_t seeded_below(struct seeded *s, uint64_t n)
{
    return seeded_next(s) % n;
}

#endif
