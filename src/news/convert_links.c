/* convert_links.c: addresses of an import's links and pictures: those that lie in its folder become the
 * imported article or picture; a link to nothing keeps its text alone. */
#include "news/convert.h"

enum { max_open = 256 }; /* brackets open at once; more are not looked at */

struct links {
    struct convert *convert;
    struct buf *out;
    size_t open[max_open]; /* where each open "[" stands in out */
    size_t depth;
};

static bool has_scheme(struct str address)
{
    for (size_t i = 0; i < address.n; i++) {
        char c = address.p[i];
        if (c == ':')
            return i > 0;
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' ||
                c == '-' || c == '.'))
            return false;
    }
    return false;
}

/* Reads an inline link's "(address "title")" at `at`, which is its "(". Returns the index behind it, 0 if it
 * is none. rest is what stands between the address and the ")". */
static size_t read_address(struct str text, size_t at, struct str *address, struct str *rest)
{
    enum { longest = 4000 };
    size_t i = at + 1, limit = text.n - at > longest ? at + longest : text.n;
    while (i < limit && (text.p[i] == ' ' || text.p[i] == '\n'))
        i++;
    size_t from = i;
    if (i < limit && text.p[i] == '<') {
        from = ++i;
        while (i < limit && text.p[i] != '>' && text.p[i] != '\n')
            i++;
        if (i >= limit || text.p[i] != '>')
            return 0;
        *address = str_slice(text, from, i++);
    } else {
        int nested = 0;
        for (; i < limit && (unsigned char)text.p[i] > ' '; i++) {
            if (text.p[i] == '\\' && i + 1 < limit)
                i++;
            else if (text.p[i] == '(')
                nested++;
            else if (text.p[i] == ')' && nested-- == 0)
                break;
        }
        *address = str_slice(text, from, i < limit ? i : limit);
    }
    from = i;
    char quote = 0;
    for (; i < limit; i++) {
        char c = text.p[i];
        if (quote) {
            if (c == quote)
                quote = 0;
        } else if (c == ')') {
            *rest = str_slice(text, from, i);
            return i + 1;
        } else if (c == '"' || c == '\'')
            quote = c;
        else if (c != ' ' && c != '\n')
            return 0;
    }
    return 0;
}

/* Takes the "[" (or "![") at `from` out again: the text stays alone. */
static void unlink_text(struct buf *out, size_t from, bool picture)
{
    size_t marks = picture ? 2 : 1;
    size_t start = picture ? from - 1 : from;
    memmove(out->p + start, out->p + start + marks, out->n - start - marks);
    out->n -= marks;
}

static bool lies_near(struct str address)
{
    return address.n && !has_scheme(address) && !str_starts(address, STR("//")) && address.p[0] != '#';
}

static bool take_picture(struct convert *c, struct str address, struct buf *found)
{
    return c->take_picture && c->take_picture(c->ctx, address, found);
}

static bool find_article(struct convert *c, struct str address, struct buf *found)
{
    return c->find_article && c->find_article(c->ctx, address, found);
}

/* A line "[label]: address "title"", to which links elsewhere in the text refer: writes it with what the
 * address becomes, up to the address's end. Returns the index behind that, `at` if it is none. */
static size_t replace_definition(struct convert *c, struct str text, size_t at, struct buf *out)
{
    enum { longest_label = 1000, longest_indent = 3 };
    size_t i = at;
    while (i < text.n && text.p[i] == ' ' && i - at < longest_indent)
        i++;
    if (i + 1 >= text.n || text.p[i] != '[' || text.p[i + 1] == '^')
        return at;
    size_t label = i;
    while (i < text.n && text.p[i] != ']' && text.p[i] != '\n' && i - label < longest_label)
        i += text.p[i] == '\\' && i + 1 < text.n ? 2 : 1;
    if (i + 1 >= text.n || text.p[i] != ']' || text.p[i + 1] != ':')
        return at;
    i += 2;
    while (i < text.n && (text.p[i] == ' ' || text.p[i] == '\t'))
        i++;
    size_t from = i, to;
    bool pointed = i < text.n && text.p[i] == '<';
    while (i < text.n && (pointed ? text.p[i] != '>' && text.p[i] != '\n' : (unsigned char)text.p[i] > ' '))
        i++;
    to = i;
    if (pointed && (i >= text.n || text.p[i++] != '>'))
        return at;
    struct str address = str_slice(text, from + pointed, to);
    _cleanup_buf_ struct buf found = BUF_INIT;
    if (!lies_near(address) || (!find_article(c, address, &found) && !take_picture(c, address, &found)))
        return at;
    buf_adds(out, str_slice(text, at, from));
    buf_adds(out, buf_str(&found));
    return i;
}

/* "](…)" behind an open bracket: writes what becomes of the link; 0 if it is none. */
static size_t replace_link(struct links *l, struct str text, size_t at)
{
    struct str address, rest;
    size_t behind = read_address(text, at + 1, &address, &rest);
    if (!behind)
        return 0;
    size_t from = l->open[--l->depth];
    bool picture = from && l->out->p[from - 1] == '!' && !(from > 1 && l->out->p[from - 2] == '\\');
    if (str_starts(address, STR(NEWS_UNRESOLVED))) {
        unlink_text(l->out, from, picture);
        return behind;
    }
    _cleanup_buf_ struct buf found = BUF_INIT;
    struct convert *c = l->convert;
    bool near = lies_near(address) &&
                (picture ? take_picture(c, address, &found) : find_article(c, address, &found));
    buf_addz(l->out, "](");
    if (near) {
        buf_adds(l->out, buf_str(&found));
        buf_adds(l->out, rest);
        buf_addc(l->out, ')');
    } else
        buf_adds(l->out, str_slice(text, at + 2, behind));
    return behind;
}

void news__convert_links(struct convert *c, struct str text, struct buf *out)
{
    struct links l = {.convert = c, .out = out};
    bool line_start = true;
    for (size_t at = 0; at < text.n;) {
        size_t behind = news__copy_code(text, at, line_start, out);
        if (behind == at && line_start)
            behind = replace_definition(c, text, at, out);
        line_start = false;
        if (behind != at) {
            at = behind;
            continue;
        }
        char ch = text.p[at];
        if (ch == '\\' && at + 1 < text.n) {
            buf_add(out, text.p + at, 2);
            at += 2;
            continue;
        }
        if (ch == '\n') {
            line_start = true;
            if (at + 1 < text.n && text.p[at + 1] == '\n')
                l.depth = 0; /* no link reaches over a paragraph's end */
        } else if (ch == '[' && l.depth < max_open)
            l.open[l.depth++] = out->n;
        else if (ch == ']' && l.depth) {
            behind = at + 1 < text.n && text.p[at + 1] == '(' ? replace_link(&l, text, at) : 0;
            if (behind) {
                at = behind;
                continue;
            }
            l.depth--;
        }
        if (ch == NEWS_UNRESOLVED[0] && str_starts(str_slice(text, at, text.n), STR(NEWS_UNRESOLVED))) {
            buf_addc(out, '#'); /* an address where no link was understood */
            at += sizeof NEWS_UNRESOLVED - 1;
            continue;
        }
        buf_addc(out, ch);
        at++;
    }
}
