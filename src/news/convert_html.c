/* convert_html.c: HTML between an import's Markdown becomes Markdown, because no page shows a text's raw
 * HTML.
 *
 * Not a parser of HTML: tags are taken one by one as they come; wrong nesting gives odd Markdown and nothing
 * worse. Links, pictures, paragraphs, lists, headings, quotations and emphasis are kept, of the rest the
 * text. Code stays as it is. */
#include "news/convert.h"
#include "news/markdown.h"

enum {
    max_tag = 4000,  /* bytes from < to > */
    max_nested = 64, /* lists, links and emphasis open at once */
    max_address = 2000,
};

enum effect {
    GONE,      /* the tag goes, its text stays */
    PARAGRAPH, /* stands apart */
    BREAK,
    RULE,
    HEADING,
    LIST,
    ITEM,
    CELL,
    QUOTATION,
    ANCHOR,
    IMAGE,
    BOLD,
    ITALIC,
    CODE,
    VERBATIM,
    UNSEEN, /* goes with all that is in it */
};

/* Elements that are taken for HTML; what else stands in angle brackets is the text's own. */
static const struct {
    const char *name;
    enum effect effect;
} elements[] = {
    {"a", ANCHOR},
    {"img", IMAGE},
    {"p", PARAGRAPH},
    {"div", PARAGRAPH},
    {"br", BREAK},
    {"hr", RULE},
    {"strong", BOLD},
    {"b", BOLD},
    {"em", ITALIC},
    {"i", ITALIC},
    {"code", CODE},
    {"tt", CODE},
    {"pre", VERBATIM},
    {"h1", HEADING},
    {"h2", HEADING},
    {"h3", HEADING},
    {"h4", HEADING},
    {"h5", HEADING},
    {"h6", HEADING},
    {"ul", LIST},
    {"ol", LIST},
    {"li", ITEM},
    {"td", CELL},
    {"th", CELL},
    {"blockquote", QUOTATION},
    {"span", GONE},
    {"font", GONE},
    {"u", GONE},
    {"sup", GONE},
    {"sub", GONE},
    {"small", GONE},
    {"big", GONE},
    {"cite", GONE},
    {"abbr", GONE},
    {"mark", GONE},
    {"time", GONE},
    {"input", GONE},
    {"kbd", GONE},
    {"samp", GONE},
    {"del", GONE},
    {"ins", GONE},
    {"s", GONE},
    {"strike", GONE},
    {"q", GONE},
    {"source", GONE},
    {"wbr", GONE},
    {"meta", GONE},
    {"col", GONE},
    {"colgroup", GONE},
    {"center", PARAGRAPH},
    {"aside", PARAGRAPH},
    {"section", PARAGRAPH},
    {"article", PARAGRAPH},
    {"header", PARAGRAPH},
    {"footer", PARAGRAPH},
    {"main", PARAGRAPH},
    {"nav", PARAGRAPH},
    {"figure", PARAGRAPH},
    {"figcaption", PARAGRAPH},
    {"table", PARAGRAPH},
    {"thead", PARAGRAPH},
    {"tbody", PARAGRAPH},
    {"tfoot", PARAGRAPH},
    {"tr", PARAGRAPH},
    {"caption", PARAGRAPH},
    {"dl", PARAGRAPH},
    {"dt", PARAGRAPH},
    {"dd", PARAGRAPH},
    {"form", PARAGRAPH},
    {"fieldset", PARAGRAPH},
    {"label", PARAGRAPH},
    {"button", PARAGRAPH},
    {"details", PARAGRAPH},
    {"summary", PARAGRAPH},
    {"script", UNSEEN},
    {"style", UNSEEN},
    {"iframe", UNSEEN},
    {"object", UNSEEN},
    {"embed", GONE},
    {"noscript", UNSEEN},
    {"audio", UNSEEN},
    {"video", UNSEEN},
    {"svg", UNSEEN},
    {"select", UNSEEN},
    {"template", UNSEEN},
};

struct html_tag {
    struct str name, attributes;
    enum effect effect;
    bool closes;
};

struct html {
    struct str text;
    struct buf *out;
    int blocks;                /* open HTML blocks: their lines' indentation means nothing */
    int cells;                 /* open table cells: no paragraph fits in */
    bool row_started;          /* a cell of this row was written */
    bool numbered[max_nested]; /* open lists */
    unsigned lists;
    bool after_mark; /* behind a list's mark: white space is skipped */
    struct str link; /* the open link's address; {NULL, 0}: none */
    size_t link_at;  /* where its text begins in out */
    bool bold, italic;
};

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Reads the tag at `at`; returns the index behind it, 0 if it is none. */
static size_t read_tag(struct str text, size_t at, struct html_tag *out)
{
    size_t i = at + 1;
    *out = (struct html_tag){0};
    if (i < text.n && text.p[i] == '/') {
        out->closes = true;
        i++;
    }
    size_t from = i;
    while (i < text.n && (is_letter(text.p[i]) || (i > from && text.p[i] >= '0' && text.p[i] <= '9')))
        i++;
    out->name = str_slice(text, from, i);
    if (i >= text.n || (text.p[i] != '>' && text.p[i] != '/' && !is_space(text.p[i])))
        return 0;
    bool known = false;
    for (size_t k = 0; k < sizeof elements / sizeof elements[0] && !known; k++) {
        known = str_eq_nocase(out->name, str_of(elements[k].name));
        out->effect = elements[k].effect;
    }
    if (!known)
        return 0;
    size_t attributes = i, limit = text.n - at > max_tag ? at + max_tag : text.n;
    char quote = 0;
    for (; i < limit; i++) {
        char c = text.p[i];
        if (quote)
            quote = c == quote ? 0 : quote;
        else if (c == '"' || c == '\'')
            quote = c;
        else if (c == '>') {
            out->attributes = str_slice(text, attributes, i);
            return i + 1;
        }
    }
    return 0;
}

bool news__html_is_tag(struct str html)
{
    struct html_tag tag;
    bool letters = html.n > 1 &&
                   (is_letter(html.p[1]) || (html.p[1] == '/' && html.n > 2 && is_letter(html.p[2])));
    return !letters || read_tag(html, 0, &tag) != 0;
}

static struct str attribute(const struct html_tag *tag, const char *name)
{
    struct str s = tag->attributes;
    for (size_t i = 0; i < s.n;) {
        if (is_space(s.p[i]) || s.p[i] == '/') {
            i++;
            continue;
        }
        size_t from = i;
        while (i < s.n && !is_space(s.p[i]) && s.p[i] != '=')
            i++;
        struct str key = str_slice(s, from, i);
        while (i < s.n && is_space(s.p[i]))
            i++;
        struct str value = STR("");
        if (i < s.n && s.p[i] == '=') {
            i++;
            while (i < s.n && is_space(s.p[i]))
                i++;
            char quote = i < s.n && (s.p[i] == '"' || s.p[i] == '\'') ? s.p[i++] : 0;
            from = i;
            while (i < s.n && (quote ? s.p[i] != quote : !is_space(s.p[i])))
                i++;
            value = str_slice(s, from, i);
            i += i < s.n && quote;
        } else if (i == from)
            i++;
        if (str_eq_nocase(key, str_of(name)))
            return str_trim(value);
    }
    return (struct str){NULL, 0};
}

/* ---- output */

static char last(const struct html *h)
{
    return h->out->n ? h->out->p[h->out->n - 1] : '\n';
}

/* The line that is being written, without what makes it a list item or a quotation, is still empty. */
static bool line_is_empty(const struct html *h)
{
    size_t from = h->out->n;
    while (from && h->out->p[from - 1] != '\n')
        from--;
    for (size_t i = from; i < h->out->n; i++) {
        char c = h->out->p[i];
        if (c != ' ' && c != '\t' && c != '>' && c != '-' && c != '*' && c != '+' && c != '.' && c != ')' &&
            !(c >= '0' && c <= '9'))
            return false;
    }
    return true;
}

static void break_paragraph(struct html *h)
{
    if (h->cells || h->link.p) {
        if (!is_space(last(h)) && last(h) != '[')
            buf_addc(h->out, ' ');
        return;
    }
    if (h->out->n && last(h) != '\n' && line_is_empty(h))
        return; /* behind a list's or quotation's mark */
    while (h->out->n && (last(h) == ' ' || last(h) == '\t'))
        h->out->n--;
    while (h->out->n && !str_ends(buf_str(h->out), STR("\n\n")))
        buf_addc(h->out, '\n');
}

static void indent(struct html *h)
{
    for (unsigned i = 1; i < h->lists; i++)
        buf_addz(h->out, "   ");
}

static void add_address(struct buf *out, struct str address)
{
    for (size_t i = 0; i < address.n && i < max_address; i++) {
        unsigned char c = (unsigned char)address.p[i];
        if (c <= ' ' || c == '(' || c == ')' || c == '<' || c == '>' || c == '\\')
            buf_addf(out, "%%%02X", c);
        else
            buf_addc(out, (char)c);
    }
}

static void close_link(struct html *h)
{
    if (!h->link.p)
        return;
    while (h->out->n > h->link_at && is_space(last(h)))
        h->out->n--;
    if (h->out->n == h->link_at)
        h->out->n--; /* nothing to click on: the bracket goes */
    else {
        buf_addz(h->out, "](");
        add_address(h->out, h->link);
        buf_addc(h->out, ')');
    }
    h->link = (struct str){NULL, 0};
}

static void open_link(struct html *h, const struct html_tag *tag)
{
    close_link(h);
    struct str address = attribute(tag, "href");
    if (!address.n)
        return;
    buf_addc(h->out, '[');
    h->link = address;
    h->link_at = h->out->n;
}

static void add_image(struct html *h, const struct html_tag *tag)
{
    struct str source = attribute(tag, "src"), alt = attribute(tag, "alt");
    if (!source.n)
        return;
    buf_addz(h->out, "![");
    for (size_t i = 0; i < alt.n; i++) {
        if (alt.p[i] == '[' || alt.p[i] == ']')
            buf_addc(h->out, '\\');
        buf_addc(h->out, alt.p[i] == '\n' ? ' ' : alt.p[i]);
    }
    buf_addz(h->out, "](");
    add_address(h->out, source);
    buf_addc(h->out, ')');
}

/* Emphasis only where Markdown will see it: with text right behind the opening and before the closing mark.
 */
static void emphasis(struct html *h, const struct html_tag *tag, size_t behind, bool *open, const char *mark)
{
    if (!tag->closes) {
        bool text = behind < h->text.n && !is_space(h->text.p[behind]) && h->text.p[behind] != '<' &&
                    h->text.p[behind] != '*';
        if (!*open && text) {
            buf_addz(h->out, mark);
            *open = true;
        }
        return;
    }
    if (!*open)
        return;
    size_t spaces = 0;
    while (h->out->n && is_space(last(h))) {
        h->out->n--;
        spaces++;
    }
    buf_addz(h->out, mark);
    if (spaces)
        buf_addc(h->out, ' ');
    *open = false;
}

/* The index of "</name" from at on, or the end. */
static size_t find_close(struct str text, size_t at, struct str name)
{
    for (; at + 2 + name.n <= text.n; at++)
        if (text.p[at] == '<' && text.p[at + 1] == '/' &&
            str_eq_nocase(str_slice(text, at + 2, at + 2 + name.n), name))
            return at;
    return text.n;
}

static size_t behind_close(struct str text, size_t close)
{
    size_t end = str_find_char(str_slice(text, close, text.n), '>');
    return end == SIZE_MAX ? text.n : close + end + 1;
}

/* `code`, if it is short and plain; otherwise the tag just goes. */
static size_t add_code(struct html *h, const struct html_tag *tag, size_t behind)
{
    enum { longest = 300 };
    size_t limit = h->text.n - behind > longest ? behind + longest : h->text.n;
    struct str near = str_slice(h->text, 0, limit);
    size_t close = find_close(near, behind, tag->name);
    struct str inside = str_slice(h->text, behind, close < limit ? close : behind);
    for (size_t i = 0; i < inside.n; i++)
        if (inside.p[i] == '`' || inside.p[i] == '<' || inside.p[i] == '\n')
            return behind;
    if (!str_trim(inside).n)
        return behind;
    buf_addc(h->out, '`');
    news__html_entities(inside, h->out);
    buf_addc(h->out, '`');
    return behind_close(h->text, close);
}

static size_t add_verbatim(struct html *h, const struct html_tag *tag, size_t behind)
{
    size_t close = find_close(h->text, behind, tag->name);
    struct str inside = str_slice(h->text, behind, close);
    break_paragraph(h);
    bool fence = str_find(inside, STR("```")) == SIZE_MAX;
    buf_addz(h->out, fence ? "```\n" : "~~~~\n");
    _cleanup_buf_ struct buf plain = BUF_INIT;
    for (size_t i = 0; i < inside.n;) {
        struct html_tag inner;
        size_t end = inside.p[i] == '<' ? read_tag(inside, i, &inner) : 0;
        if (!end)
            buf_addc(&plain, inside.p[i++]);
        else {
            if (inner.effect == BREAK)
                buf_addc(&plain, '\n');
            i = end;
        }
    }
    struct str code = buf_str(&plain);
    while (code.n && (code.p[0] == '\n' || code.p[0] == '\r'))
        code = str_slice(code, 1, code.n);
    news__html_entities(code, h->out);
    if (last(h) != '\n')
        buf_addc(h->out, '\n');
    buf_addz(h->out, fence ? "```\n\n" : "~~~~\n\n");
    return behind_close(h->text, close);
}

static void item(struct html *h, const struct html_tag *tag)
{
    close_link(h);
    while (h->out->n && (last(h) == ' ' || last(h) == '\t'))
        h->out->n--;
    if (h->out->n && last(h) != '\n')
        buf_addc(h->out, '\n');
    if (tag->closes)
        return;
    indent(h);
    buf_addz(h->out, h->lists && h->numbered[h->lists - 1] ? "1. " : "- ");
    h->after_mark = true;
}

static void cell(struct html *h, const struct html_tag *tag)
{
    if (tag->closes) {
        h->cells -= h->cells > 0;
        return;
    }
    if (h->row_started && !line_is_empty(h))
        buf_addz(h->out, " | ");
    h->row_started = true;
    h->cells++;
}

static void list(struct html *h, const struct html_tag *tag)
{
    if (tag->closes) {
        h->lists -= h->lists > 0;
        if (!h->lists)
            break_paragraph(h);
        return;
    }
    if (!h->lists)
        break_paragraph(h);
    if (h->lists < max_nested)
        h->numbered[h->lists++] = str_eq_nocase(tag->name, STR("ol"));
}

static void heading(struct html *h, const struct html_tag *tag)
{
    break_paragraph(h);
    if (tag->closes || h->cells || h->link.p)
        return;
    for (char n = '0'; n < tag->name.p[1]; n++)
        buf_addc(h->out, '#');
    buf_addc(h->out, ' ');
}

/* Emphasis and links do not reach over a paragraph's end. */
static void end_inline(struct html *h)
{
    close_link(h);
    h->bold = h->italic = false;
}

/* Writes what becomes of the tag; returns the index behind it, or behind what goes with it. */
static size_t replace(struct html *h, const struct html_tag *tag, size_t behind)
{
    bool block = tag->effect == PARAGRAPH || tag->effect == LIST || tag->effect == ITEM ||
                 tag->effect == CELL || tag->effect == QUOTATION || tag->effect == HEADING;
    if (block && !h->cells)
        h->bold = h->italic = false;
    if (block)
        h->blocks += tag->closes ? -(h->blocks > 0) : 1;
    switch (tag->effect) {
    case GONE:
        break;
    case PARAGRAPH:
        if (str_eq_nocase(tag->name, STR("tr")) || str_eq_nocase(tag->name, STR("table"))) {
            h->row_started = false;
            h->cells = 0;
        }
        break_paragraph(h);
        break;
    case BREAK:
        buf_addz(h->out, h->cells || h->link.p ? " " : "  \n");
        break;
    case RULE:
        end_inline(h);
        break_paragraph(h);
        buf_addz(h->out, "---\n\n");
        break;
    case HEADING:
        heading(h, tag);
        break;
    case LIST:
        list(h, tag);
        break;
    case ITEM:
        item(h, tag);
        break;
    case CELL:
        cell(h, tag);
        break;
    case QUOTATION:
        end_inline(h);
        break_paragraph(h);
        if (!tag->closes && !h->cells)
            buf_addz(h->out, "> ");
        break;
    case ANCHOR:
        if (tag->closes)
            close_link(h);
        else
            open_link(h, tag);
        break;
    case IMAGE:
        add_image(h, tag);
        break;
    case BOLD:
        emphasis(h, tag, behind, &h->bold, "**");
        break;
    case ITALIC:
        emphasis(h, tag, behind, &h->italic, "*");
        break;
    case CODE:
        return tag->closes ? behind : add_code(h, tag, behind);
    case VERBATIM:
        return tag->closes ? behind : add_verbatim(h, tag, behind);
    case UNSEEN:
        return tag->closes ? behind : behind_close(h->text, find_close(h->text, behind, tag->name));
    }
    return behind;
}

size_t news__copy_code(struct str text, size_t at, bool line_start, struct buf *out)
{
    size_t i = at;
    if (line_start)
        while (i < text.n && i - at < 3 && text.p[i] == ' ')
            i++;
    if (i >= text.n || (text.p[i] != '`' && text.p[i] != '~'))
        return at;
    char mark = text.p[i];
    size_t run = i;
    while (run < text.n && text.p[run] == mark)
        run++;
    size_t length = run - i;
    if (line_start && length >= 3) { /* a fence: up to a line that begins with one as long */
        size_t line = run;
        while (line < text.n) {
            size_t end = str_find_char(str_slice(text, line, text.n), '\n');
            if (end == SIZE_MAX)
                break;
            line += end + 1;
            size_t closing = line;
            while (closing < text.n && closing - line < 3 && text.p[closing] == ' ')
                closing++;
            size_t from = closing;
            while (closing < text.n && text.p[closing] == mark)
                closing++;
            if (closing - from >= length) {
                buf_adds(out, str_slice(text, at, closing));
                return closing;
            }
        }
        buf_adds(out, str_slice(text, at, text.n));
        return text.n;
    }
    if (mark == '~')
        return at;
    enum { longest = 2000 }; /* of code in a line */
    for (size_t k = run; k < text.n && k - run < longest; k++) {
        if (text.p[k] == '\n' && k + 1 < text.n && text.p[k + 1] == '\n')
            break;
        if (text.p[k] != '`')
            continue;
        size_t end = k;
        while (end < text.n && text.p[end] == '`')
            end++;
        if (end - k == length) {
            buf_adds(out, str_slice(text, at, end));
            return end;
        }
        k = end - 1;
    }
    buf_adds(out, str_slice(text, at, run)); /* only backticks */
    return run;
}

/* At a line's beginning inside HTML: its indentation goes. A line of Markdown behind an empty one shows that
 * the HTML is over, whatever was left open. */
static size_t line_start(struct html *h, size_t at)
{
    if (!h->blocks)
        return at;
    bool after_blank = str_ends(buf_str(h->out), STR("\n\n"));
    size_t text = at;
    while (text < h->text.n && (h->text.p[text] == ' ' || h->text.p[text] == '\t'))
        text++;
    if (text == at && after_blank && at < h->text.n && h->text.p[at] != '<' && h->text.p[at] != '\n') {
        h->blocks = h->cells = 0;
        h->lists = 0;
        return at;
    }
    return text;
}

void news__convert_html(struct str text, struct buf *out)
{
    struct html h = {.text = text, .out = out};
    bool at_line_start = true;
    for (size_t at = 0; at < text.n;) {
        if (at_line_start) {
            at = line_start(&h, at);
            if (at >= text.n)
                break;
        }
        size_t behind = news__copy_code(text, at, at_line_start, out);
        if (behind != at) {
            at = behind;
            at_line_start = false;
            continue;
        }
        at_line_start = false;
        if (h.after_mark && is_space(text.p[at])) {
            at++;
            continue;
        }
        h.after_mark = false;
        if (text.p[at] == '\\' && at + 1 < text.n) {
            buf_add(out, text.p + at, 2);
            at += 2;
            continue;
        }
        struct html_tag tag;
        if (str_starts(str_slice(text, at, text.n), STR("<!--"))) {
            size_t end = str_find(str_slice(text, at + 4, text.n), STR("-->"));
            at = end == SIZE_MAX ? text.n : at + 4 + end + 3;
        } else if (text.p[at] == '<' && (behind = read_tag(text, at, &tag)) != 0)
            at = replace(&h, &tag, behind);
        else {
            at_line_start = text.p[at] == '\n';
            if (at_line_start && at + 1 < text.n && text.p[at + 1] == '\n' && !h.cells)
                end_inline(&h);
            if (!at_line_start || !str_ends(buf_str(out), STR("\n\n")))
                buf_addc(out, text.p[at]);
            at++;
        }
    }
    close_link(&h);
}
