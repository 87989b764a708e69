/* template_escape.c: writing a string from outside into HTML: as text, in an attribute, as an address or a
 * piece of one. */
#include "web/template_ops.h"

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Relative, or of a scheme that only leads to a page or a letter. A browser drops tabs and line feeds before
 * it looks for the scheme, so any control character condemns the address. */
static bool address_is_safe(struct str s)
{
    static const struct str schemes[] = {STR_INIT("http"), STR_INIT("https"), STR_INIT("mailto")};
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f)
            return false;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == '/' || c == '?' || c == '#')
            return true;
        if (c != ':')
            continue;
        for (size_t k = 0; k < sizeof schemes / sizeof *schemes; k++)
            if (str_eq_nocase(str_slice(s, 0, i), schemes[k]))
                return true;
        return false;
    }
    return true;
}

static void escape_part(struct str s, struct buf *out)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (is_letter((char)c) || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~') {
            buf_addc(out, (char)c);
        } else {
            char code[3] = {'%', digits[c >> 4], digits[c & 15]};
            buf_add(out, code, sizeof code);
        }
    }
}

void template_escape(enum template_context context, struct str s, struct buf *out)
{
    switch (context) {
    case CONTEXT_URL:
        s = str_trim(s);
        buf_add_html(out, address_is_safe(s) ? s : STR("#"));
        break;
    case CONTEXT_URL_PART:
        escape_part(s, out);
        break;
    case CONTEXT_TEXT:
    case CONTEXT_PLAIN_TEXT:
    case CONTEXT_ATTRIBUTE:
    case CONTEXT_DATETIME:
        buf_add_html(out, s);
        break;
    }
}
