/* str.h: strings that carry their length, borrowed (struct str) and growing (struct buf).
 *
 * A struct str never owns what it points to and need not end in a zero byte. A struct buf owns its bytes and
 * keeps a zero behind them. Memory that runs out ends the process: buffers are for sizes bounded elsewhere.
 */
#ifndef WN_BASE_STR_H
#define WN_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
    const char *p; /* may be NULL where n is 0 */
    size_t n;      /* bytes */
};

/* A string literal as a str; and one in a static initialiser. */
#define STR(literal) ((struct str){(literal), sizeof(literal) - 1})
#define STR_INIT(literal)                                                                                    \
    {                                                                                                        \
        (literal), sizeof(literal) - 1                                                                       \
    }
/* For printf's "%.*s". */
#define STR_ARG(s) (int)(s).n, (s).p

static inline struct str str_of(const char *z)
{
    return (struct str){z, z ? strlen(z) : 0};
}
static inline struct str str_slice(struct str s, size_t from, size_t to)
{
    return (struct str){s.p + from, to - from};
}
static inline bool str_eq(struct str a, struct str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}
static inline bool str_eqz(struct str a, const char *z)
{
    return str_eq(a, str_of(z));
}
static inline bool str_starts(struct str s, struct str prefix)
{
    return s.n >= prefix.n && (prefix.n == 0 || memcmp(s.p, prefix.p, prefix.n) == 0);
}
static inline bool str_ends(struct str s, struct str suffix)
{
    return s.n >= suffix.n && (suffix.n == 0 || memcmp(s.p + s.n - suffix.n, suffix.p, suffix.n) == 0);
}
int str_cmp(struct str a, struct str b);        /* by bytes, shorter first; <0, 0, >0 */
bool str_eq_nocase(struct str a, struct str b); /* ASCII letters only */
/* Index of the first c or of needle, or SIZE_MAX. */
size_t str_find_char(struct str s, char c);
size_t str_find(struct str s, struct str needle);
/* Without the byte order mark that some editors put before UTF-8. */
struct str str_without_mark(struct str s);
struct str str_trim(struct str s); /* without ASCII white space at both ends */
/* Cuts *rest at the first separator: returns what was before it, leaves what is after. False at the end. */
bool str_cut(struct str *rest, char separator, struct str *piece);
/* A whole decimal number without sign, spaces or leading zeros' limits; false if it is none or above max. */
bool str_to_u64(struct str s, uint64_t max, uint64_t *out);
/* How many letters to put in, take out or change make b of a (Levenshtein); both are cut to 64 bytes. For
 * naming the nearest known word to one that is not known. */
unsigned str_distance(struct str a, struct str b);
/* Likewise with "-" before it; "-0" and "+1" are no such numbers. */
bool str_to_i64(struct str s, int64_t min, int64_t max, int64_t *out);
char *str_dup(struct str s); /* caller frees; ends in a zero byte */

struct buf {
    char *p;
    size_t n, cap;
};
#define BUF_INIT                                                                                             \
    {                                                                                                        \
        NULL, 0, 0                                                                                           \
    }
void buf_finish(struct buf *b); /* frees; b may be NULL */
void buf_wipe(struct buf
        *b); /* overwrites what it holds, then frees: passwords. Reserve first: growing leaves copies */
void buf_reserve(struct buf *b, size_t more);
void buf_add(struct buf *b, const void *p, size_t n);
void buf_addz(struct buf *b, const char *z);
void buf_adds(struct buf *b, struct str s);
void buf_addf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_add_json(struct buf *b, struct str s); /* as a quoted JSON string; s is valid UTF-8 */
/* As text or inside a quoted attribute of HTML or XML; U+0000, which neither can hold, as U+FFFD. */
void buf_add_html(struct buf *b, struct str s);
void buf_clear(struct buf *b); /* keeps the memory */
static inline void buf_addc(struct buf *b, char c)
{
    if (b->cap - b->n < 2)
        buf_reserve(b, 1);
    b->p[b->n++] = c;
    b->p[b->n] = 0;
}
static inline struct str buf_str(const struct buf *b)
{
    return (struct str){b->p ? b->p : "", b->n};
}

/* struct buf line _cleanup_buf_ = BUF_INIT; */
#define _cleanup_buf_ __attribute__((cleanup(buf_finish)))
#define _cleanup_wipe_ __attribute__((cleanup(buf_wipe)))
static inline void cleanup_free_(void *p)
{
    void **held = p;
    extern void free(void *);
    free(*held);
}
#define _cleanup_free_ __attribute__((cleanup(cleanup_free_)))

#endif
