/* time.h: the clock as something passed in, and dates in and out. */
#ifndef WN_BASE_TIME_H
#define WN_BASE_TIME_H

#include "base/str.h"

#include <stdint.h>

/* Who needs the time is given a clock, so that tests decide what time it is. */
struct clock {
    int64_t (*now_us)(void *ctx); /* microseconds since 1970 UTC */
    void *ctx;
};
extern const struct clock clock_system;
static inline int64_t clock_now_us(const struct clock *c)
{
    return c->now_us(c->ctx);
}
/* The dates that can be written: years 1 to 9999. */
#define TIME_FIRST INT64_C(-62135596800) /* 0001-01-01 */
#define TIME_LAST INT64_C(253402300799)  /* 9999-12-31 23:59:59 */

static inline int64_t clock_now(const struct clock *c) /* whole seconds since 1970 UTC */
{
    return c->now_us(c->ctx) / 1000000;
}
int64_t monotonic_us(void); /* for durations; unrelated to the date */

/* Randomness likewise: tests pass a seeded one. */
struct rng {
    void (*fill)(void *ctx, void *out, size_t n);
    void *ctx;
};
extern const struct rng rng_system; /* the kernel's */

struct civil {
    int year, month, day, hour, minute, second; /* month and day from 1; UTC */
    int weekday;                                /* 0 Sunday … 6 Saturday */
};
void civil_from_unix(int64_t unix_seconds, struct civil *out); /* years 0001 to 9999, clamped */
int64_t civil_to_unix(const struct civil *c);
/* "2026-11-23T12:30:00Z"; size ≥ 21 */
void time_rfc3339(int64_t unix_seconds, char *out, size_t size);
/* Reads RFC 3339, and what front matter writes: "2026-11-23", "2026-11-23 10:00", "2026-11-23 10:00:00
 * -0500", with or without T, fraction and zone (none means UTC). False if it is not a date of years 1 to
 * 9999. */
bool time_parse(struct str s, int64_t *unix_seconds);

#endif
