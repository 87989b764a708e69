/* utf8.c: strict UTF-8 (RFC 3629), eight bytes at a time where they are ASCII. */
#include "base/utf8.h"

#define HIGH_BITS UINT64_C(0x8080808080808080)

/* Length of the valid sequence at p (of n bytes left), 0 if it is none; *code_point is set. */
static size_t sequence(const unsigned char *p, size_t n, uint32_t *code_point)
{
    unsigned char c = p[0];
    if (c < 0x80) {
        *code_point = c;
        return 1;
    }
    if (c < 0xc2)
        return 0;
    if (c < 0xe0) {
        if (n < 2 || (p[1] & 0xc0) != 0x80)
            return 0;
        *code_point = (uint32_t)(c & 0x1f) << 6 | (p[1] & 0x3f);
        return 2;
    }
    if (c < 0xf0) {
        if (n < 3 || (p[1] & 0xc0) != 0x80 || (p[2] & 0xc0) != 0x80)
            return 0;
        uint32_t u = (uint32_t)(c & 0x0f) << 12 | (uint32_t)(p[1] & 0x3f) << 6 | (p[2] & 0x3f);
        if (u < 0x800 || (u >= 0xd800 && u <= 0xdfff))
            return 0;
        *code_point = u;
        return 3;
    }
    if (c > 0xf4 || n < 4 || (p[1] & 0xc0) != 0x80 || (p[2] & 0xc0) != 0x80 || (p[3] & 0xc0) != 0x80)
        return 0;
    uint32_t u = (uint32_t)(c & 0x07) << 18 | (uint32_t)(p[1] & 0x3f) << 12 | (uint32_t)(p[2] & 0x3f) << 6 |
                 (p[3] & 0x3f);
    if (u < 0x10000 || u > 0x10ffff)
        return 0;
    *code_point = u;
    return 4;
}

bool utf8_valid(struct str s)
{
    const unsigned char *p = (const unsigned char *)s.p;
    size_t i = 0;
    while (i < s.n) {
        if (s.n - i >= 8) {
            uint64_t word;
            memcpy(&word, p + i, 8);
            if (!(word & HIGH_BITS)) {
                i += 8;
                continue;
            }
        }
        uint32_t u;
        size_t step = sequence(p + i, s.n - i, &u);
        if (!step)
            return false;
        i += step;
    }
    return true;
}

uint32_t utf8_next(struct str s, size_t *at)
{
    uint32_t u;
    size_t step = sequence((const unsigned char *)s.p + *at, s.n - *at, &u);
    if (!step) {
        *at += 1;
        return 0xfffd;
    }
    *at += step;
    return u;
}

void utf8_add(struct buf *b, uint32_t u)
{
    char out[4];
    size_t n;
    if (u < 0x80) {
        out[0] = (char)u;
        n = 1;
    } else if (u < 0x800) {
        out[0] = (char)(0xc0 | u >> 6);
        out[1] = (char)(0x80 | (u & 0x3f));
        n = 2;
    } else if (u < 0x10000) {
        if (u >= 0xd800 && u <= 0xdfff)
            u = 0xfffd;
        out[0] = (char)(0xe0 | u >> 12);
        out[1] = (char)(0x80 | (u >> 6 & 0x3f));
        out[2] = (char)(0x80 | (u & 0x3f));
        n = 3;
    } else if (u <= 0x10ffff) {
        out[0] = (char)(0xf0 | u >> 18);
        out[1] = (char)(0x80 | (u >> 12 & 0x3f));
        out[2] = (char)(0x80 | (u >> 6 & 0x3f));
        out[3] = (char)(0x80 | (u & 0x3f));
        n = 4;
    } else {
        utf8_add(b, 0xfffd);
        return;
    }
    buf_add(b, out, n);
}

struct str utf8_cut(struct str s, size_t n)
{
    if (s.n <= n)
        return s;
    while (n && ((unsigned char)s.p[n] & 0xc0) == 0x80)
        n--;
    return str_slice(s, 0, n);
}
