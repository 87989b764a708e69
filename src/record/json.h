/* json.h: what the strict JSON readers of this room share: a cursor over one text, strings and whole numbers.
 *
 * Private to the room. What it is not: a JSON library; objects and arrays are walked by parse.c and filter.c
 * themselves, each knowing its own shape, so that depth is fixed and nothing recurses. */
#ifndef WN_RECORD_JSON_H
#define WN_RECORD_JSON_H

#include "record/record.h"

#define RECORD__MAX_NUMBER INT64_C(9007199254740991) /* 2^53 − 1: the largest every JSON reader agrees on */

struct record__json {
    const char *start, *p, *end;
    struct arena *arena;
    const char *subject; /* "record", "filter": begins every message */
    struct err *err;
};

/* Returns ERR_INPUT, having said what was expected or wrong and at which byte. */
int record__json_fail(struct record__json *j, const char *format, ...) __attribute__((format(printf, 2, 3)));
int record__json_memory(struct record__json *j);

static inline void record__json_space(struct record__json *j)
{
    while (j->p < j->end && (*j->p == ' ' || *j->p == '\n' || *j->p == '\t' || *j->p == '\r'))
        j->p++;
}
/* Skips white space, then takes c if it is there. */
static inline bool record__json_take(struct record__json *j, char c)
{
    record__json_space(j);
    if (j->p == j->end || *j->p != c)
        return false;
    j->p++;
    return true;
}
/* After white space: a string. Without escapes *out points into the text, else into the arena. *extra grows
 * by the bytes that its escapes add in the form that is hashed for an id; NULL where nobody asks. */
int record__json_string(struct record__json *j, struct str *out, size_t *extra);
/* After white space: a whole number 0 … max, without sign, fraction, exponent or leading zero. */
int record__json_number(struct record__json *j, int64_t max, int64_t *out);
/* Nothing but white space is left. */
int record__json_end(struct record__json *j);

/* Appends s in quotes in the form that is hashed. */
void record__add_string(struct buf *b, struct str s);

#endif
