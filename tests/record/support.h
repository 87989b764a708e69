/* support.h: what the record room's tests share: random text and random records from a seed. */
#ifndef TESTS_RECORD_SUPPORT_H
#define TESTS_RECORD_SUPPORT_H

#include "check.h"
#include "record/record.h"

#include <stdio.h>
#include <stdlib.h>

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
