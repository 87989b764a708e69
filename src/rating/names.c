/* names.c: topics and languages as they are compared, in records and in filters alike. */
#include "rating/private.h"

#include <stdlib.h>
#include <unicase.h>
#include <uninorm.h>

struct str rating__topic_name(struct arena *arena, struct str text)
{
    text = str_trim(text);
    while (text.n && text.p[0] == '#')
        text = str_trim(str_slice(text, 1, text.n));
    if (!text.n)
        return STR("");
    size_t n = 0;
    uint8_t *lower = u8_tolower((const uint8_t *)text.p, text.n, NULL, UNINORM_NFC, NULL, &n);
    struct str out = lower ? arena_str(arena, (struct str){(const char *)lower, n}) : STR("");
    free(lower);
    return out.p ? out : STR("");
}

struct str rating__language_name(struct arena *arena, struct str tag)
{
    char letters[9];
    size_t n = 0;
    for (; n < tag.n && tag.p[n] != '-'; n++) {
        char c = tag.p[n] >= 'A' && tag.p[n] <= 'Z' ? (char)(tag.p[n] | 32) : tag.p[n];
        if (n == 8 || c < 'a' || c > 'z')
            return STR("");
        letters[n] = c;
    }
    struct str out = arena_str(arena, (struct str){letters, n});
    return out.p ? out : STR("");
}

uint32_t rating__language(struct str tag)
{
    uint32_t out = 0;
    for (size_t i = 0; i < tag.n && tag.p[i] != '-'; i++) {
        char c = tag.p[i] >= 'A' && tag.p[i] <= 'Z' ? (char)(tag.p[i] | 32) : tag.p[i];
        if (i == 3 || c < 'a' || c > 'z')
            return 0;
        out |= (uint32_t)(unsigned char)c << 8 * i;
    }
    return out;
}
