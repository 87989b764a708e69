/* scan.h: finding the next byte of a string that is not plain text, 16 bytes at a step.
 *
 * Private to the room; inline, because it is the inner loop of parsing and serialising. Compiles to SSE2 or
 * NEON through the compiler's vectors, and to a byte loop on big-endian machines. */
#ifndef WN_RECORD_SCAN_H
#define WN_RECORD_SCAN_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

typedef uint8_t record__v16 __attribute__((vector_size(16)));
typedef uint64_t record__v2 __attribute__((vector_size(16)));

/* The first byte in p … end that is a quote, a backslash, a control character (below 0x20) or, where
 * stop_at_high is set, not ASCII; else end. */
static inline __attribute__((always_inline)) const char *record__scan(
    const char *p, const char *end, bool stop_at_high)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    while (end - p >= 16) {
        record__v16 v;
        memcpy(&v, p, 16);
        record__v16 low = (record__v16)(v < 0x20), quote = (record__v16)(v == '"'),
                    slash = (record__v16)(v == '\\');
        record__v16 hit = low | quote | slash;
        if (stop_at_high)
            hit |= (record__v16)(v >= 0x80);
        record__v2 halves = (record__v2)hit;
        if (halves[0] | halves[1]) {
            if (halves[0])
                return p + (__builtin_ctzll(halves[0]) >> 3);
            return p + 8 + (__builtin_ctzll(halves[1]) >> 3);
        }
        p += 16;
    }
#endif
    for (; p < end; p++) {
        uint8_t c = (uint8_t)*p;
        if (c < 0x20 || c == '"' || c == '\\' || (stop_at_high && c >= 0x80))
            return p;
    }
    return end;
}

#endif
