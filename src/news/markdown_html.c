/* markdown_html.c: Markdown as safe HTML: our own walk over the tree, so that nothing gets out but what is
 * written here.
 *
 * Elements: p h1–h6 blockquote ul ol li pre code em strong del a img figure figcaption div table thead tbody
 * tr th td hr br sup section. Attributes: id, class, dir, lang, href, rel, src, alt, loading, title, start,
 * tabindex, role, aria-label. Raw HTML gives its text only. A link is http, https, mailto or relative. A
 * picture is embedded only from this node's own media ("/media/<sha256>.<ext>"): any other would tell a
 * stranger's machine who is reading, so it becomes a link. */
#include "base/utf8.h"
#include "news/markdown.h"

#include <cmark-gfm-core-extensions.h>
#include <unicase.h>
#include <unictype.h>

enum {
    max_depth = 100,   /* elements within elements; deeper ones lose their tags, not their text */
    max_slug = 80,     /* bytes of a heading's id */
    task_mark = 4,     /* bytes of "[x] " */
    slug_slots = 4096, /* headings with an id of their own, at most three quarters of it */
};

struct slug {
    struct str text;
};

struct html {
    struct arena *arena;
    const struct markdown_options *options;
    struct buf out;
    struct str prefix;                   /* of ids */
    cmark_node *struck;                  /* the node whose child text has opened <del> */
    cmark_node *unclosed[max_depth + 2]; /* by depth: a node whose child text closes no more <del> */
    cmark_node *link;                    /* the open <a>; links hold no links */
    cmark_node *task;                    /* a text that begins with a task's mark, which is not shown */
    unsigned columns;                    /* of the current row so far */
    bool table_body;                     /* <tbody> is open */
    bool header_row;
    bool footnotes;     /* <section> is open */
    unsigned footnote;  /* number of the definition we are in */
    struct slug *slugs; /* open addressing, slug_slots of them */
    size_t slug_count;
    uint32_t *references;   /* how often footnote i + 1 was referred to so far */
    size_t reference_count; /* footnotes there are */
};

static void add(struct html *h, const char *z)
{
    buf_addz(&h->out, z);
}

static void escape(struct html *h, struct str s)
{
    buf_add_html(&h->out, s);
}

/* ---- addresses */

/* The address to write, or {NULL, 0} if none may stand. */
static struct str resolve(struct html *h, const char *z, bool picture)
{
    struct str url = str_trim(str_of(z ? z : ""));
    if (h->options->link) {
        url = h->options->link(h->options->ctx, h->arena, url, picture);
        if (!url.p)
            return url;
    }
    url = news__url_clean(h->arena, url);
    if (!news__url_allowed(url))
        return (struct str){NULL, 0};
    if (url.p[0] == '#') { /* our headings' ids have a prefix */
        struct str fragment = str_slice(url, 1, url.n);
        return arena_printf(h->arena, "#%.*s%.*s", STR_ARG(h->prefix), STR_ARG(fragment));
    }
    return url;
}

static void open_link(struct html *h, struct str url)
{
    add(h, "<a href=\"");
    escape(h, url);
    bool outside = str_find(url, STR(":")) != SIZE_MAX || str_starts(url, STR("//"));
    add(h, outside ? "\" rel=\"nofollow noopener ugc\">" : "\">");
}

/* ---- text: strikethrough and bare addresses */

/* Exactly two tildes, with text on the side that matters. */
static bool is_strike(struct str text, size_t at, bool opens)
{
    if (at + 1 >= text.n || text.p[at] != '~' || text.p[at + 1] != '~' || (at && text.p[at - 1] == '~') ||
        (at + 2 < text.n && text.p[at + 2] == '~'))
        return false;
    if (opens)
        return at + 2 >= text.n || !strchr(" \t\n", text.p[at + 2]);
    return at == 0 || !strchr(" \t\n", text.p[at - 1]);
}

/* Is what opens at `at` closed further on in the same parent? */
static bool is_closed(cmark_node *node, struct str text, size_t at)
{
    for (; at + 1 < text.n; at++)
        if (is_strike(text, at, false))
            return true;
    while ((node = cmark_node_next(node))) {
        if (cmark_node_get_type(node) != CMARK_NODE_TEXT)
            continue;
        struct str later = news__markdown_literal(node);
        for (size_t i = 0; i + 1 < later.n; i++)
            if (is_strike(later, i, false))
                return true;
    }
    return false;
}

static void add_text(struct html *h, cmark_node *node, unsigned depth)
{
    struct str text = news__markdown_literal(node);
    cmark_node *parent = cmark_node_parent(node);
    cmark_node **unclosed = depth < max_depth + 2 ? &h->unclosed[depth] : NULL;
    size_t from = node == h->task ? task_mark : 0;
    for (size_t i = from; i < text.n; i++) {
        char c = text.p[i];
        if (c == '~' && h->struck == parent && is_strike(text, i, false)) {
            escape(h, str_slice(text, from, i));
            add(h, "</del>");
            h->struck = NULL;
            from = i += 2;
            i--;
        } else if (c == '~' && !h->struck && unclosed && *unclosed != parent && is_strike(text, i, true)) {
            if (!is_closed(node, text, i + 2)) {
                *unclosed = parent;
                continue;
            }
            escape(h, str_slice(text, from, i));
            add(h, "<del>");
            h->struck = parent;
            from = i += 2;
            i--;
        } else if ((c == 'h' || c == 'w') && !h->link) {
            bool www = false;
            size_t length = news__url_bare(text, i, &www);
            if (!length)
                continue;
            escape(h, str_slice(text, from, i));
            struct str shown = str_slice(text, i, i + length);
            struct str url = www ? arena_printf(h->arena, "https://%.*s", STR_ARG(shown)) : shown;
            open_link(h, news__url_clean(h->arena, url));
            escape(h, shown);
            add(h, "</a>");
            from = i + length;
            i = from - 1;
        }
    }
    escape(h, str_slice(text, from, text.n));
}

/* ---- headings' ids */

static struct str make_slug(struct html *h, struct str text)
{
    _cleanup_buf_ struct buf out = BUF_INIT;
    bool gap = false;
    for (size_t at = 0; at < text.n && out.n < max_slug;) {
        uint32_t c = utf8_next(text, &at);
        if (uc_is_alnum(c) || uc_is_general_category_withtable(c, UC_CATEGORY_MASK_M)) {
            if (gap && out.n)
                buf_addc(&out, '-');
            gap = false;
            utf8_add(&out, uc_tolower(c));
        } else if (c == ' ' || c == '-' || c == '_' || c == 0xa0)
            gap = true;
    }
    return arena_str(h->arena, buf_str(&out));
}

/* Takes the slug if it is free. */
static bool take_slug(struct html *h, struct str slug)
{
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < slug.n; i++)
        hash = (hash ^ (unsigned char)slug.p[i]) * 16777619u;
    for (uint32_t i = 0; i < slug_slots; i++) {
        struct slug *slot = &h->slugs[(hash + i) % slug_slots];
        if (!slot->text.p) {
            slot->text = slug;
            h->slug_count++;
            return true;
        }
        if (str_eq(slot->text, slug))
            return false;
    }
    return false;
}

static void add_heading_id(struct html *h, cmark_node *node)
{
    if (!h->slugs)
        h->slugs = ARENA_ARRAY(h->arena, struct slug, slug_slots);
    if (!h->slugs || h->slug_count >= slug_slots / 4 * 3)
        return;
    _cleanup_buf_ struct buf text = BUF_INIT;
    news__markdown_inline_text(node, &text);
    struct str slug = make_slug(h, buf_str(&text));
    if (!slug.n)
        slug = STR("section");
    struct str chosen = slug;
    if (!take_slug(h, chosen)) {
        /* The count differs from heading to heading, so this is free at once unless a heading was made to
         * look like it. */
        chosen = arena_printf(h->arena, "%.*s-%zu", STR_ARG(slug), h->slug_count + 1);
        if (!chosen.p || !take_slug(h, chosen))
            return;
    }
    add(h, " id=\"");
    escape(h, h->prefix);
    escape(h, chosen);
    add(h, "\"");
}

/* ---- blocks */

static bool is_language_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr("+-.#_", c));
}

static void add_code_block(struct html *h, cmark_node *node)
{
    const char *info = cmark_node_get_fence_info(node);
    struct str language = str_of(info ? info : "");
    size_t n = 0;
    while (n < language.n && n < 30 && is_language_char(language.p[n]))
        n++;
    add(h, "<pre dir=\"ltr\" tabindex=\"0\"><code");
    if (n) {
        add(h, " class=\"language-");
        escape(h, str_slice(language, 0, n));
        add(h, "\"");
    }
    add(h, ">");
    escape(h, news__markdown_literal(node));
    add(h, "</code></pre>\n");
}

static void add_html_block(struct html *h, cmark_node *node)
{
    _cleanup_buf_ struct buf text = BUF_INIT;
    news__html_text(news__markdown_literal(node), &text);
    struct str rest = buf_str(&text), line;
    while (str_cut(&rest, '\n', &line)) {
        line = str_trim(line);
        if (!line.n)
            continue;
        add(h, "<p dir=\"auto\">");
        escape(h, line);
        add(h, "</p>\n");
    }
}

/* An embedded picture alone in its paragraph is a figure. */
static bool is_figure(struct html *h, cmark_node *paragraph)
{
    cmark_node *only = cmark_node_first_child(paragraph);
    if (!only || cmark_node_next(only) || cmark_node_get_type(only) != CMARK_NODE_IMAGE)
        return false;
    struct str url = resolve(h, cmark_node_get_url(only), true);
    return url.p && news__url_own_media(url);
}

static void add_picture(struct html *h, cmark_node *node)
{
    _cleanup_buf_ struct buf alt = BUF_INIT;
    news__markdown_inline_text(node, &alt);
    struct str url = resolve(h, cmark_node_get_url(node), true);
    if (!url.p || !news__url_own_media(url)) {
        bool linked = url.p && !h->link;
        if (linked)
            open_link(h, url);
        struct str shown = str_trim(buf_str(&alt));
        if (shown.n)
            escape(h, shown);
        else if (url.p) { /* its file name */
            size_t at = url.n;
            while (at && url.p[at - 1] != '/')
                at--;
            escape(h, at < url.n ? str_slice(url, at, url.n) : url);
        }
        if (linked)
            add(h, "</a>");
        return;
    }
    cmark_node *parent = cmark_node_parent(node);
    bool figure = parent && cmark_node_get_type(parent) == CMARK_NODE_PARAGRAPH && is_figure(h, parent);
    struct str title = str_of(cmark_node_get_title(node) ? cmark_node_get_title(node) : "");
    add(h, "<img src=\"");
    escape(h, url);
    add(h, "\" alt=\"");
    escape(h, str_trim(buf_str(&alt)));
    add(h, "\" loading=\"lazy\">");
    if (figure && title.n) {
        add(h, "<figcaption dir=\"auto\">");
        escape(h, title);
        add(h, "</figcaption>");
    }
}

static bool is_tight(cmark_node *paragraph)
{
    cmark_node *item = cmark_node_parent(paragraph);
    cmark_node *list = item ? cmark_node_parent(item) : NULL;
    return list && cmark_node_get_type(list) == CMARK_NODE_LIST && cmark_node_get_list_tight(list);
}

/* "[ ] " and "[x] " at the beginning of a list item: what to show instead, or NULL. */
static const char *task_sign(cmark_node *item)
{
    cmark_node *paragraph = cmark_node_first_child(item);
    cmark_node *text = paragraph ? cmark_node_first_child(paragraph) : NULL;
    if (!text || cmark_node_get_type(paragraph) != CMARK_NODE_PARAGRAPH ||
        cmark_node_get_type(text) != CMARK_NODE_TEXT)
        return NULL;
    struct str s = news__markdown_literal(text);
    if (s.n < 4 || s.p[0] != '[' || s.p[2] != ']' || s.p[3] != ' ')
        return NULL;
    if (s.p[1] == ' ')
        return "☐ ";
    return s.p[1] == 'x' || s.p[1] == 'X' ? "☑ " : NULL;
}

/* ---- footnotes: cmark gives the references their numbers and puts the definitions, in order, at the end */

static size_t reference_number(struct html *h, cmark_node *node)
{
    uint64_t n;
    if (!str_to_u64(news__markdown_literal(node), h->reference_count, &n) || n == 0)
        return 0;
    return (size_t)n;
}

static void add_reference_id(struct html *h, size_t number, uint32_t turn)
{
    escape(h, h->prefix);
    buf_addf(&h->out, "fnref:%zu", number);
    if (turn > 1)
        buf_addf(&h->out, "-%u", turn);
}

static void add_reference(struct html *h, cmark_node *node)
{
    size_t number = reference_number(h, node);
    if (!number || h->link)
        return;
    add(h, "<sup class=\"footnote\"><a id=\"");
    add_reference_id(h, number, ++h->references[number - 1]);
    add(h, "\" href=\"#");
    escape(h, h->prefix);
    buf_addf(&h->out, "fn:%zu\" role=\"doc-noteref\">%zu</a></sup>", number, number);
}

static void add_back_references(struct html *h)
{
    uint32_t turns = h->footnote && h->footnote <= h->reference_count ? h->references[h->footnote - 1] : 0;
    for (uint32_t turn = 1; turn <= turns && turn <= 20; turn++) {
        add(h, " <a href=\"#");
        add_reference_id(h, h->footnote, turn);
        add(h, "\" role=\"doc-backlink\" aria-label=\"↩ ");
        buf_addf(&h->out, "%u", h->footnote);
        add(h, "\">↩</a>");
    }
}

static bool count_footnote(void *ctx, cmark_node *node, enum markdown_type type, unsigned depth)
{
    (void)node, (void)depth;
    struct html *h = ctx;
    h->reference_count += type == MD_FOOTNOTE;
    return true;
}

/* ---- the walk */

static void open_heading(struct html *h, cmark_node *node)
{
    int level = cmark_node_get_heading_level(node) + (int)h->options->heading_shift;
    buf_addf(&h->out, "<h%d dir=\"auto\"", level > 6 ? 6 : level);
    add_heading_id(h, node);
    add(h, ">");
}

static void open_list(struct html *h, cmark_node *node)
{
    bool numbered = cmark_node_get_list_type(node) == CMARK_ORDERED_LIST;
    int start = cmark_node_get_list_start(node);
    if (numbered && start != 1)
        buf_addf(&h->out, "<ol start=\"%d\">\n", start);
    else
        add(h, numbered ? "<ol>\n" : "<ul>\n");
}

/* A cell above a column, unless it is empty: a heading that says nothing is read out as nothing. */
static bool is_heading_cell(const struct html *h, cmark_node *node)
{
    return h->header_row && cmark_node_first_child(node);
}

static void open_cell(struct html *h, cmark_node *node)
{
    cmark_node *row = cmark_node_parent(node);
    cmark_node *table = row ? cmark_node_parent(row) : NULL;
    uint8_t *sides = table ? cmark_gfm_extensions_get_table_alignments(table) : NULL;
    uint16_t columns = table ? cmark_gfm_extensions_get_table_columns(table) : 0;
    char side = sides && h->columns < columns ? (char)sides[h->columns] : 0;
    h->columns++;
    add(h, is_heading_cell(h, node) ? "<th dir=\"auto\"" : "<td dir=\"auto\"");
    if (side == 'l' || side == 'c' || side == 'r')
        buf_addf(&h->out, " class=\"cell-%s\"", side == 'l' ? "left" : side == 'c' ? "center" : "right");
    add(h, ">");
}

static void open_row(struct html *h, cmark_node *node)
{
    h->columns = 0;
    h->header_row = cmark_gfm_extensions_get_table_row_is_header(node);
    if (!h->header_row && !h->table_body) {
        add(h, "<tbody>\n");
        h->table_body = true;
    }
    add(h, h->header_row ? "<thead>\n<tr>" : "<tr>");
}

static void open_footnote(struct html *h)
{
    if (!h->footnotes)
        add(h, "<section class=\"footnotes\" role=\"doc-endnotes\">\n<ol>\n");
    h->footnotes = true;
    h->footnote++;
    add(h, "<li id=\"");
    escape(h, h->prefix);
    buf_addf(&h->out, "fn:%u\">", h->footnote);
}

static void open_item(struct html *h, cmark_node *node)
{
    const char *sign = task_sign(node);
    add(h, sign ? "<li class=\"task\">" : "<li>");
    if (!sign)
        return;
    add(h, sign);
    h->task = cmark_node_first_child(cmark_node_first_child(node));
}

static void open_paragraph(struct html *h, cmark_node *node)
{
    if (is_figure(h, node))
        add(h, "<figure>");
    else if (!is_tight(node))
        add(h, "<p dir=\"auto\">");
}

static void close_paragraph(struct html *h, cmark_node *node)
{
    cmark_node *parent = cmark_node_parent(node);
    if (parent && cmark_node_get_type(parent) == CMARK_NODE_FOOTNOTE_DEFINITION && !cmark_node_next(node))
        add_back_references(h);
    if (is_figure(h, node))
        add(h, "</figure>\n");
    else if (!is_tight(node))
        add(h, "</p>\n");
    else if (cmark_node_next(node))
        add(h, "\n");
}

static void open_anchor(struct html *h, cmark_node *node)
{
    struct str url = resolve(h, cmark_node_get_url(node), false);
    if (!url.p || h->link)
        return;
    open_link(h, url);
    if (!cmark_node_first_child(node))
        escape(h, url); /* something to click on */
    h->link = node;
}

static bool enter(void *ctx, cmark_node *node, enum markdown_type type, unsigned depth)
{
    struct html *h = ctx;
    bool tags = depth <= max_depth;
    switch (type) {
    case MD_TEXT:
        add_text(h, node, depth);
        break;
    case MD_SOFT_BREAK:
        add(h, "\n");
        break;
    case MD_LINE_BREAK:
        add(h, "<br>\n");
        break;
    case MD_CODE:
        add(h, "<code>");
        escape(h, news__markdown_literal(node));
        add(h, "</code>");
        break;
    case MD_HTML:
        if (str_starts(news__markdown_literal(node), STR("<br")))
            add(h, "<br>");
        else if (!news__html_is_tag(news__markdown_literal(node)))
            escape(h, news__markdown_literal(node)); /* "a <type of person>" */
        break;
    case MD_HTML_BLOCK:
        add_html_block(h, node);
        break;
    case MD_CODE_BLOCK:
        add_code_block(h, node);
        break;
    case MD_RULE:
        add(h, "<hr>\n");
        break;
    case MD_PICTURE:
        add_picture(h, node);
        return false;
    case MD_FOOTNOTE_REFERENCE:
        add_reference(h, node);
        break;
    case MD_FOOTNOTE:
        open_footnote(h);
        break;
    case MD_TABLE:
        h->table_body = false;
        add(h, "<div class=\"table\" tabindex=\"0\"><table>\n");
        break;
    case MD_ROW:
        open_row(h, node);
        break;
    case MD_CELL:
        open_cell(h, node);
        break;
    case MD_LINK:
        open_anchor(h, node);
        break;
    default:
        break;
    }
    if (!tags)
        return true;
    switch (type) {
    case MD_PARAGRAPH:
        open_paragraph(h, node);
        break;
    case MD_HEADING:
        open_heading(h, node);
        break;
    case MD_QUOTE:
        add(h, "<blockquote>\n");
        break;
    case MD_LIST:
        open_list(h, node);
        break;
    case MD_ITEM:
        open_item(h, node);
        break;
    case MD_EMPHASIS:
        add(h, "<em>");
        break;
    case MD_STRONG:
        add(h, "<strong>");
        break;
    default:
        break;
    }
    return true;
}

static void close_heading(struct html *h, cmark_node *node)
{
    int level = cmark_node_get_heading_level(node) + (int)h->options->heading_shift;
    buf_addf(&h->out, "</h%d>\n", level > 6 ? 6 : level);
}

static void leave(void *ctx, cmark_node *node, enum markdown_type type, unsigned depth)
{
    struct html *h = ctx;
    bool tags = depth <= max_depth;
    switch (type) {
    case MD_FOOTNOTE: {
        cmark_node *last = cmark_node_last_child(node);
        if (!last || cmark_node_get_type(last) != CMARK_NODE_PARAGRAPH)
            add_back_references(h);
        add(h, "</li>\n");
        break;
    }
    case MD_TABLE:
        add(h, h->table_body ? "</tbody>\n</table></div>\n" : "</table></div>\n");
        break;
    case MD_ROW:
        add(h, h->header_row ? "</tr>\n</thead>\n" : "</tr>\n");
        break;
    case MD_CELL:
        add(h, is_heading_cell(h, node) ? "</th>" : "</td>");
        break;
    case MD_LINK:
        if (h->link == node) {
            add(h, "</a>");
            h->link = NULL;
        }
        break;
    default:
        break;
    }
    if (!tags)
        return;
    switch (type) {
    case MD_PARAGRAPH:
        close_paragraph(h, node);
        break;
    case MD_HEADING:
        close_heading(h, node);
        break;
    case MD_QUOTE:
        add(h, "</blockquote>\n");
        break;
    case MD_LIST:
        add(h, cmark_node_get_list_type(node) == CMARK_ORDERED_LIST ? "</ol>\n" : "</ul>\n");
        break;
    case MD_ITEM:
        add(h, "</li>\n");
        break;
    case MD_EMPHASIS:
        add(h, "</em>");
        break;
    case MD_STRONG:
        add(h, "</strong>");
        break;
    default:
        break;
    }
}

int markdown_render(struct arena *arena, struct str text, const struct markdown_options *options,
    struct str *html, struct err *err)
{
    static const struct markdown_options plain_options = {0};
    _cleanup_arena_ struct arena *work = arena_create(NEWS_MARKDOWN_ARENA);
    cmark_node *root;
    int status = news__markdown_parse(work, text, &root, err);
    if (status)
        return status;
    struct html h = {.arena = arena, .options = options ? options : &plain_options, .out = BUF_INIT};
    h.prefix = h.options->id_prefix.n ? h.options->id_prefix : STR("s-");
    news__markdown_walk(root, &(struct markdown_visitor){.enter = count_footnote, .ctx = &h});
    h.references = ARENA_ARRAY(arena, uint32_t, h.reference_count);
    if (!h.references)
        return err_set(err, ERR_MEMORY, "the page does not fit");
    news__markdown_walk(root, &(struct markdown_visitor){enter, leave, &h});
    if (h.footnotes)
        add(&h, "</ol>\n</section>\n");
    *html = arena_str(arena, buf_str(&h.out));
    bool fits = html->p || !h.out.n;
    buf_finish(&h.out);
    return fits ? 0 : err_set(err, ERR_MEMORY, "the page does not fit");
}
