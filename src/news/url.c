/* url.c: addresses found in texts: made harmless, let through or not, and recognised where they stand bare.
 */
#include "news/markdown.h"

#include "base/utf8.h"

static bool is_scheme_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '-' || c == '.';
}

/* What browsers skip or read otherwise (white space, controls, backslash, quotes) as %XX, in arena. */
struct str news__url_clean(struct arena *arena, struct str url)
{
    _cleanup_buf_ struct buf out = BUF_INIT;
    url = str_trim(url);
    for (size_t i = 0; i < url.n; i++) {
        unsigned char c = (unsigned char)url.p[i];
        if (c <= ' ' || c == 0x7f || strchr("\\\"<>`{}|^", c))
            buf_addf(&out, "%%%02X", c);
        else
            buf_addc(&out, (char)c);
    }
    return arena_str(arena, buf_str(&out));
}

bool news__url_allowed(struct str url)
{
    static const char *const schemes[] = {"http", "https", "mailto"};
    if (!url.n)
        return false;
    for (size_t i = 0; i < url.n; i++) {
        if (url.p[i] == ':') {
            for (size_t s = 0; s < sizeof schemes / sizeof schemes[0]; s++)
                if (str_eq_nocase(str_slice(url, 0, i), str_of(schemes[s])))
                    return true;
            return false;
        }
        if (!is_scheme_char(url.p[i]))
            return url.p[i] == '/' || url.p[i] == '?' || url.p[i] == '#' ||
                   str_find_char(url, ':') == SIZE_MAX;
    }
    return true;
}

bool news__url_own_media(struct str url)
{
    static const char *const kinds[] = {"jpg", "jpeg", "png", "gif", "webp"};
    if (!str_starts(url, STR("/media/")) || url.n < 7 + 64 + 2 || url.p[71] != '.')
        return false;
    for (size_t i = 7; i < 71; i++)
        if (!((url.p[i] >= '0' && url.p[i] <= '9') || (url.p[i] >= 'a' && url.p[i] <= 'f')))
            return false;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (str_eqz(str_slice(url, 72, url.n), kinds[i]))
            return true;
    return false;
}

static bool is_word_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (unsigned char)c >= 0x80;
}

/* Length of a bare address at `at`: 0 if there is none. */
size_t news__url_bare(struct str text, size_t at, bool *www)
{
    static const struct str begins[] = {STR_INIT("https://"), STR_INIT("http://"), STR_INIT("www.")};
    if (at && is_word_byte(text.p[at - 1]))
        return 0;
    struct str rest = str_slice(text, at, text.n);
    size_t start = 0;
    for (size_t i = 0; i < 3 && !start; i++)
        if (str_starts(rest, begins[i])) {
            start = begins[i].n;
            *www = i == 2;
        }
    if (!start || start >= rest.n || !is_word_byte(rest.p[start]))
        return 0;
    size_t end = start, opened = 0, closed = 0;
    while (end < rest.n && (unsigned char)rest.p[end] > ' ' && rest.p[end] != '<' &&
           !(rest.p[end] == '~' && end + 1 < rest.n && rest.p[end + 1] == '~')) {
        size_t before = end;
        uint32_t c = utf8_next(rest, &end);
        if ((c >= 0x2000 && c <= 0x206f) || (c >= 0x3000 && c <= 0x303f) || (c >= 0xff00 && c <= 0xff0f) ||
            (c >= 0xff1a && c <= 0xff20) || c == 0x60c || c == 0x61b || c == 0x61f || c == 0xab ||
            c == 0xbb) {
            end = before; /* the punctuation of other scripts is never a part */
            break;
        }
        opened += c == '(';
        closed += c == ')';
    }
    while (end > start) {
        char c = rest.p[end - 1];
        if (c == ')' && closed > opened)
            closed--;
        else if (!strchr("?!.,:;*_~'\"", c))
            break;
        end--;
    }
    return end > start ? end : 0;
}
