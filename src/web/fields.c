/* fields.c: reading the request headers that have a syntax of their own: cookies, codings, entity tags,
 * ranges. */
#include "web/form.h"

struct str cookie_find(struct str header, const char *name)
{
    struct str pair, wanted = str_of(name);
    while (str_cut(&header, ';', &pair)) {
        pair = str_trim(pair);
        if (pair.n > wanted.n && pair.p[wanted.n] == '=' && str_starts(pair, wanted)) {
            struct str value = str_slice(pair, wanted.n + 1, pair.n);
            if (value.n >= 2 && value.p[0] == '"' && value.p[value.n - 1] == '"')
                value = str_slice(value, 1, value.n - 1);
            return value;
        }
    }
    return (struct str){NULL, 0};
}

/* "q=0", "q=0.0", … among a coding's parameters */
static bool refused_by_quality(struct str parameters)
{
    struct str piece;
    while (str_cut(&parameters, ';', &piece)) {
        piece = str_trim(piece);
        if (piece.n < 3 || (piece.p[0] | 32) != 'q' || piece.p[1] != '=')
            continue;
        for (size_t i = 2; i < piece.n; i++)
            if (piece.p[i] != '0' && piece.p[i] != '.')
                return false;
        return true;
    }
    return false;
}

bool accepts_gzip(struct str accept_encoding)
{
    struct str coding;
    bool any = false;
    while (str_cut(&accept_encoding, ',', &coding)) {
        size_t semicolon = str_find_char(coding, ';');
        struct str name = str_trim(semicolon == SIZE_MAX ? coding : str_slice(coding, 0, semicolon));
        struct str parameters = semicolon == SIZE_MAX ? STR("") : str_slice(coding, semicolon + 1, coding.n);
        if (str_eq_nocase(name, STR("gzip")) || str_eq_nocase(name, STR("x-gzip")))
            return !refused_by_quality(parameters);
        if (str_eq(name, STR("*")))
            any = !refused_by_quality(parameters);
    }
    return any;
}

bool etag_matches(struct str if_none_match, struct str etag)
{
    struct str tag;
    while (str_cut(&if_none_match, ',', &tag)) {
        tag = str_trim(tag);
        if (str_eq(tag, STR("*")))
            return true;
        if (str_starts(tag, STR("W/")))
            tag = str_slice(tag, 2, tag.n);
        if (str_eq(tag, etag))
            return true;
    }
    return false;
}

int range_parse(struct str header, uint64_t size, uint64_t *from, uint64_t *length)
{
    if (!str_starts(header, STR("bytes=")))
        return 0;
    struct str range = str_trim(str_slice(header, 6, header.n));
    size_t dash = str_find_char(range, '-');
    if (dash == SIZE_MAX || str_find_char(range, ',') != SIZE_MAX)
        return 0; /* of several ranges the whole is a valid answer */
    struct str first = str_slice(range, 0, dash), last = str_slice(range, dash + 1, range.n);
    uint64_t a, b;
    if (first.n == 0) { /* the last b bytes */
        if (!str_to_u64(last, UINT64_MAX, &b))
            return 0;
        if (b == 0 || size == 0)
            return -1;
        *from = b < size ? size - b : 0;
        *length = size - *from;
        return 1;
    }
    if (!str_to_u64(first, UINT64_MAX, &a))
        return 0;
    if (last.n == 0)
        b = UINT64_MAX;
    else if (!str_to_u64(last, UINT64_MAX, &b) || b < a)
        return 0;
    if (a >= size)
        return -1;
    if (b > size - 1)
        b = size - 1;
    *from = a;
    *length = b - a + 1;
    return 1;
}
