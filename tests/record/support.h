/* support.h: what the record room's tests share: seeded randomness and random records. */
#ifndef TESTS_RECORD_SUPPORT_H
#define TESTS_RECORD_SUPPORT_H

#include "record/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* xorshift64*: the same numbers on every machine. */
struct seeded {
    uint64_t state;
};
static inline uint64_t seeded_next(struct seeded *s)
{
    s->state ^= s->state >> 12;
    s->state ^= s->state << 25;
    s->state ^= s->state >> 27;
    return s->state * UINT64_C(2685821657736338717);
}
static inline uint64_t seeded_below(struct seeded *s, uint64_t n)
{
    return (seeded_next(s) >> 11) % n;
}
static inline void seeded_fill(struct seeded *s, uint8_t *out, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (uint8_t)(seeded_next(s) >> 32);
}

/* Text of up to max characters: letters, what JSON escapes, control characters with U+0000, and all planes.
 */
struct str random_text(struct seeded *s, struct arena *arena, size_t max);
void random_record(struct seeded *s, struct arena *arena, struct record *out);

static inline struct arena *test_arena(void)
{
    return arena_create(16u << 20);
}

#endif
