/* html_text.c: what a reader would see of raw HTML, as plain text. Not a parser of HTML: tags are left out,
 * never understood, so its output is text like any other and is escaped like any other. Linear time. */
#include "news/markdown.h"

#include <cmark-gfm/houdini.h>

void news__html_entities(struct str text, struct buf *out)
{
    if (str_find_char(text, '&') == SIZE_MAX) {
        buf_adds(out, text);
        return;
    }
    cmark_strbuf decoded;
    cmark_strbuf_init(cmark_get_default_mem_allocator(), &decoded, 0);
    houdini_unescape_html_f(&decoded, (const uint8_t *)text.p, (bufsize_t)text.n);
    buf_add(out, decoded.ptr, (size_t)decoded.size);
    cmark_strbuf_free(&decoded);
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_one_of(struct str name, const char *const *names)
{
    for (; *names; names++)
        if (str_eq_nocase(name, str_of(*names)))
            return true;
    return false;
}

/* Behind the end of a tag that begins at `at`; SIZE_MAX if it never ends. */
static size_t tag_end(struct str html, size_t at)
{
    char quote = 0;
    for (size_t i = at + 1; i < html.n; i++) {
        char c = html.p[i];
        if (quote) {
            if (c == quote)
                quote = 0;
        } else if (c == '"' || c == '\'')
            quote = c;
        else if (c == '>')
            return i + 1;
    }
    return SIZE_MAX;
}

/* Behind the next needle from at on, or the end. */
static size_t behind(struct str html, size_t at, struct str needle)
{
    size_t found = str_find(str_slice(html, at, html.n), needle);
    return found == SIZE_MAX ? html.n : at + found + needle.n;
}

/* Behind "</name …>". */
static size_t behind_element(struct str html, size_t at, struct str name)
{
    for (size_t i = at; i + 2 + name.n <= html.n; i++)
        if (html.p[i] == '<' && html.p[i + 1] == '/' &&
            str_eq_nocase(str_slice(html, i + 2, i + 2 + name.n), name)) {
            size_t end = tag_end(html, i);
            return end == SIZE_MAX ? html.n : end;
        }
    return html.n;
}

/* White space as one space; none at a line's beginning. */
static void add_collapsed(struct buf *out, struct str text)
{
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        bool space = c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
        if (!space)
            buf_addc(out, c);
        else if (out->n && out->p[out->n - 1] != ' ' && out->p[out->n - 1] != '\n')
            buf_addc(out, ' ');
    }
}

static void end_line(struct buf *out)
{
    while (out->n && out->p[out->n - 1] == ' ')
        out->n--;
    if (out->n && out->p[out->n - 1] != '\n')
        buf_addc(out, '\n');
}

void news__html_text(struct str html, struct buf *out)
{
    static const char *const unseen[] = {"script", "style", "template", "iframe", "object", "svg", "math",
        "noscript", "head", "title", "textarea", "select", NULL};
    static const char *const inside_lines[] = {"a", "abbr", "b", "bdi", "bdo", "cite", "code", "del", "dfn",
        "em", "font", "i", "img", "ins", "kbd", "mark", "q", "s", "samp", "small", "span", "strike", "strong",
        "sub", "sup", "time", "tt", "u", "var", "wbr", NULL};
    static const char *const cells[] = {"td", "th", NULL};
    _cleanup_buf_ struct buf text = BUF_INIT;
    size_t from = 0, at = 0;
    while (at < html.n) {
        if (html.p[at] != '<' || at + 1 >= html.n) {
            at++;
            continue;
        }
        char next = html.p[at + 1];
        bool closing = next == '/' && at + 2 < html.n && is_letter(html.p[at + 2]);
        if (!is_letter(next) && !closing && next != '!' && next != '?') {
            at++;
            continue;
        }
        buf_clear(&text);
        news__html_entities(str_slice(html, from, at), &text);
        add_collapsed(out, buf_str(&text));
        if (next == '!' || next == '?') {
            bool comment = str_starts(str_slice(html, at, html.n), STR("<!--"));
            at = comment ? behind(html, at + 4, STR("-->")) : behind(html, at, STR(">"));
            from = at;
            continue;
        }
        size_t name_at = at + (closing ? 2 : 1), name_end = name_at;
        while (name_end < html.n &&
               (is_letter(html.p[name_end]) || (html.p[name_end] >= '0' && html.p[name_end] <= '9')))
            name_end++;
        struct str name = str_slice(html, name_at, name_end);
        size_t end = tag_end(html, at);
        if (end == SIZE_MAX) { /* no tag after all: the rest is text */
            from = at;
            break;
        }
        if (!closing && is_one_of(name, unseen))
            end = behind_element(html, end, name);
        else if (is_one_of(name, cells))
            add_collapsed(out, STR(" "));
        else if (!is_one_of(name, inside_lines))
            end_line(out);
        from = at = end;
    }
    buf_clear(&text);
    news__html_entities(str_slice(html, from, html.n), &text);
    add_collapsed(out, buf_str(&text));
    end_line(out);
}
