/* json.c: strict JSON strings and whole numbers, read in one pass with UTF-8 checked on the way.
 *
 * Strings without escapes are borrowed from the text. Refused: raw control characters, unknown escapes,
 * surrogates without their partner, UTF-8 that is not (overlong, surrogates, beyond U+10FFFF). */
#include "record/json.h"

#include "record/scan.h"

#include <stdarg.h>
#include <stdio.h>

int record__json_fail(struct record__json *j, const char *format, ...)
{
    char what[200];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    return err_set(j->err, ERR_INPUT, "%s: %s at byte %zu", j->subject, what, (size_t)(j->p - j->start));
}

int record__json_memory(struct record__json *j)
{
    return err_set(j->err, ERR_MEMORY, "%s of %zu bytes needs more memory than it may have", j->subject,
        (size_t)(j->end - j->start));
}

/* Length of the multi-byte character at p, 0 if it is none. */
static inline size_t character(const uint8_t *p, size_t n)
{
    uint8_t c = p[0];
    if (c < 0xc2)
        return 0;
    if (c < 0xe0)
        return n >= 2 && (p[1] & 0xc0) == 0x80 ? 2 : 0;
    if (c < 0xf0) {
        if (n < 3 || (p[1] & 0xc0) != 0x80 || (p[2] & 0xc0) != 0x80)
            return 0;
        if ((c == 0xe0 && p[1] < 0xa0) || (c == 0xed && p[1] > 0x9f))
            return 0;
        return 3;
    }
    if (c > 0xf4 || n < 4 || (p[1] & 0xc0) != 0x80 || (p[2] & 0xc0) != 0x80 || (p[3] & 0xc0) != 0x80)
        return 0;
    if ((c == 0xf0 && p[1] < 0x90) || (c == 0xf4 && p[1] > 0x8f))
        return 0;
    return 4;
}

/* Moves j->p over plain text, checking its UTF-8, to a quote or a backslash. */
static int plain(struct record__json *j)
{
    for (;;) {
        j->p = record__scan(j->p, j->end, true);
        if (j->p == j->end)
            return record__json_fail(j, "it ends inside a string");
        uint8_t c = (uint8_t)*j->p;
        if (c == '"' || c == '\\')
            return 0;
        if (c < 0x20)
            return record__json_fail(j, "a control character that is not escaped");
        do {
            size_t n = character((const uint8_t *)j->p, (size_t)(j->end - j->p));
            if (!n)
                return record__json_fail(j, "bytes that are not UTF-8");
            j->p += n;
        } while (j->p < j->end && (uint8_t)*j->p >= 0x80);
    }
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The four digits of \uXXXX, j->p being on the first; −1 if they are not. */
static int32_t four_digits(struct record__json *j)
{
    if (j->end - j->p < 4)
        return -1;
    int32_t u = 0;
    for (int i = 0; i < 4; i++) {
        int d = hex_digit(j->p[i]);
        if (d < 0)
            return -1;
        u = u << 4 | d;
    }
    j->p += 4;
    return u;
}

static char *put_character(char *o, uint32_t u)
{
    if (u < 0x80) {
        *o++ = (char)u;
    } else if (u < 0x800) {
        *o++ = (char)(0xc0 | u >> 6);
        *o++ = (char)(0x80 | (u & 0x3f));
    } else if (u < 0x10000) {
        *o++ = (char)(0xe0 | u >> 12);
        *o++ = (char)(0x80 | (u >> 6 & 0x3f));
        *o++ = (char)(0x80 | (u & 0x3f));
    } else {
        *o++ = (char)(0xf0 | u >> 18);
        *o++ = (char)(0x80 | (u >> 12 & 0x3f));
        *o++ = (char)(0x80 | (u >> 6 & 0x3f));
        *o++ = (char)(0x80 | (u & 0x3f));
    }
    return o;
}

/* How many bytes an ASCII character takes beyond itself in the hashed form. */
static inline size_t extra_of(uint32_t c)
{
    if (c == '"' || c == '\\')
        return 1;
    if (c >= 0x20)
        return 0;
    return c == '\n' || c == '\t' || c == '\r' || c == '\b' || c == '\f' ? 1 : 5;
}

/* One escape, j->p being on its backslash: writes the character at *o, which moves on. */
static int escape(struct record__json *j, char **o, size_t *extra)
{
    if (j->end - j->p < 2)
        return record__json_fail(j, "it ends inside an escape");
    uint32_t u;
    switch (j->p[1]) {
    case '"':
    case '\\':
    case '/':
        u = (uint8_t)j->p[1];
        break;
    case 'n':
        u = '\n';
        break;
    case 't':
        u = '\t';
        break;
    case 'r':
        u = '\r';
        break;
    case 'b':
        u = '\b';
        break;
    case 'f':
        u = '\f';
        break;
    case 'u': {
        const char *at = j->p;
        j->p += 2;
        int32_t high = four_digits(j);
        if (high < 0) {
            j->p = at;
            return record__json_fail(j, "an escape \\u without four hexadecimal digits");
        }
        u = (uint32_t)high;
        if (u >= 0xd800 && u <= 0xdfff) {
            int32_t low = -1;
            if (u < 0xdc00 && j->end - j->p >= 6 && j->p[0] == '\\' && j->p[1] == 'u') {
                j->p += 2;
                low = four_digits(j);
            }
            if (low < 0xdc00 || low > 0xdfff) {
                j->p = at;
                return record__json_fail(j, "half of a surrogate pair");
            }
            u = 0x10000 + ((u - 0xd800) << 10 | (uint32_t)(low - 0xdc00));
        }
        *extra += extra_of(u);
        *o = put_character(*o, u);
        return 0;
    }
    default:
        return record__json_fail(j, "an unknown escape");
    }
    j->p += 2;
    *extra += extra_of(u);
    *(*o)++ = (char)u;
    return 0;
}

/* The closing quote of the string that j->p is in; the end of the text where there is none. */
static const char *closing_quote(const struct record__json *j)
{
    const char *p = j->p;
    while (p < j->end) {
        p = record__scan(p, j->end, false);
        if (p == j->end || *p == '"')
            return p;
        p += *p == '\\' ? 2 : 1;
    }
    return j->end;
}

int record__json_string(struct record__json *j, struct str *out, size_t *extra)
{
    if (!record__json_take(j, '"'))
        return record__json_fail(j, "a string is expected");
    const char *from = j->p;
    int rc = plain(j);
    if (rc)
        return rc;
    if (*j->p == '"') {
        *out = (struct str){from, (size_t)(j->p - from)};
        j->p++;
        return 0;
    }

    /* It has escapes. No escape gets longer by being resolved, so the text's length is enough. */
    char *copy = arena_alloc(j->arena, (size_t)(closing_quote(j) - from));
    if (!copy)
        return record__json_memory(j);
    char *o = copy;
    size_t added = 0;
    for (;;) {
        size_t n = (size_t)(j->p - from);
        memcpy(o, from, n);
        o += n;
        if (*j->p == '"')
            break;
        rc = escape(j, &o, &added);
        if (rc)
            return rc;
        from = j->p;
        rc = plain(j);
        if (rc)
            return rc;
    }
    j->p++;
    *out = (struct str){copy, (size_t)(o - copy)};
    if (extra)
        *extra += added;
    return 0;
}

int record__json_number(struct record__json *j, int64_t max, int64_t *out)
{
    record__json_space(j);
    const char *from = j->p, *p = from;
    int64_t value = 0;
    while (p < j->end && *p >= '0' && *p <= '9' && p - from < 17)
        value = value * 10 + (*p++ - '0');
    bool whole = p > from && (p == from + 1 || *from != '0');
    bool goes_on = p < j->end && (*p == '.' || *p == 'e' || *p == 'E' || (*p >= '0' && *p <= '9'));
    if (!whole || goes_on || value > max)
        return record__json_fail(j, "a whole number from 0 to %lld is expected", (long long)max);
    j->p = p;
    *out = value;
    return 0;
}

int record__json_end(struct record__json *j)
{
    record__json_space(j);
    return j->p == j->end ? 0 : record__json_fail(j, "something follows its end");
}

void record__add_string(struct buf *b, struct str s)
{
    static const char hex[] = "0123456789abcdef";
    const size_t escaped = sizeof "\\u0000\"";
    size_t room = s.n + s.n / 16 + 32; /* of what follows; more where it has many escapes */
    buf_reserve(b, room);
    char *o = b->p + b->n, *limit = o + room;
    *o++ = '"';
    const char *p = s.n ? s.p : "", *end = p + s.n;
    while (p < end) {
        const char *stop = record__scan(p, end, false);
        memcpy(o, p, (size_t)(stop - p));
        o += stop - p;
        if (stop == end)
            break;
        if ((size_t)(limit - o) < (size_t)(end - stop) + escaped) {
            b->n = (size_t)(o - b->p);
            room = 2 * (size_t)(end - stop) + 4 * escaped;
            buf_reserve(b, room);
            o = b->p + b->n;
            limit = o + room;
        }
        uint8_t c = (uint8_t)*stop;
        *o++ = '\\';
        switch (c) {
        case '"':
        case '\\':
            *o++ = (char)c;
            break;
        case '\n':
            *o++ = 'n';
            break;
        case '\t':
            *o++ = 't';
            break;
        case '\r':
            *o++ = 'r';
            break;
        case '\b':
            *o++ = 'b';
            break;
        case '\f':
            *o++ = 'f';
            break;
        default:
            memcpy(o, "u00", 3);
            o[3] = hex[c >> 4];
            o[4] = hex[c & 15];
            o += 5;
        }
        p = stop + 1;
    }
    *o++ = '"';
    *o = 0;
    b->n = (size_t)(o - b->p);
}
