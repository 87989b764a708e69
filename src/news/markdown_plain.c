/* markdown_plain.c: the text a reader sees of a Markdown text, without marks: for search, snippets, word
 * counts. */
#include "base/utf8.h"
#include "news/markdown.h"

struct plain {
    struct buf out;
};

/* Ends the line, and the paragraph if lines is 2, without piling up empty ones. */
static void end_block(struct plain *p, unsigned lines)
{
    struct buf *b = &p->out;
    while (b->n && (b->p[b->n - 1] == ' ' || b->p[b->n - 1] == '\t'))
        b->n--;
    if (!b->n)
        return;
    unsigned have = 0;
    while (have < lines && have < b->n && b->p[b->n - 1 - have] == '\n')
        have++;
    for (; have < lines; have++)
        buf_addc(b, '\n');
}

static bool is_tight(cmark_node *paragraph)
{
    cmark_node *item = cmark_node_parent(paragraph);
    cmark_node *list = item ? cmark_node_parent(item) : NULL;
    return list && cmark_node_get_type(list) == CMARK_NODE_LIST && cmark_node_get_list_tight(list);
}

/* Strikethrough's tildes are marks, not text. */
static void add_text(struct plain *p, struct str text)
{
    size_t from = 0, at;
    for (size_t i = 0; (at = str_find_char(str_slice(text, i, text.n), '~')) != SIZE_MAX;) {
        i += at;
        size_t n = 1;
        while (i + n < text.n && text.p[i + n] == '~')
            n++;
        if (n == 2) {
            buf_adds(&p->out, str_slice(text, from, i));
            from = i + n;
        }
        i += n;
    }
    buf_adds(&p->out, str_slice(text, from, text.n));
}

static bool enter(void *ctx, cmark_node *node, enum markdown_type type, unsigned depth)
{
    (void)depth;
    struct plain *p = ctx;
    switch (type) {
    case MD_TEXT:
        add_text(p, news__markdown_literal(node));
        break;
    case MD_CODE:
        buf_adds(&p->out, news__markdown_literal(node));
        break;
    case MD_CODE_BLOCK:
        buf_adds(&p->out, news__markdown_literal(node));
        end_block(p, 2);
        break;
    case MD_HTML_BLOCK:
        end_block(p, 2);
        news__html_text(news__markdown_literal(node), &p->out);
        end_block(p, 2);
        break;
    case MD_HTML:
        if (!news__html_is_tag(news__markdown_literal(node)))
            buf_adds(&p->out, news__markdown_literal(node));
        break;
    case MD_SOFT_BREAK:
        buf_addc(&p->out, ' ');
        break;
    case MD_LINE_BREAK:
        buf_addc(&p->out, '\n');
        break;
    default:
        break;
    }
    return true;
}

static void leave(void *ctx, cmark_node *node, enum markdown_type type, unsigned depth)
{
    (void)depth;
    struct plain *p = ctx;
    switch (type) {
    case MD_PARAGRAPH:
        end_block(p, is_tight(node) ? 1 : 2);
        break;
    case MD_HEADING:
    case MD_LIST:
    case MD_TABLE:
        end_block(p, 2);
        break;
    case MD_ROW:
    case MD_ITEM:
        end_block(p, 1);
        break;
    case MD_CELL:
        buf_addc(&p->out, '\t');
        break;
    default:
        break;
    }
}

int markdown_plain(struct arena *arena, struct str text, struct str *plain, struct err *err)
{
    _cleanup_arena_ struct arena *work = arena_create(NEWS_MARKDOWN_ARENA);
    cmark_node *root;
    int status = news__markdown_parse(work, text, &root, err);
    if (status)
        return status;
    struct plain p = {.out = BUF_INIT};
    news__markdown_walk(root, &(struct markdown_visitor){enter, leave, &p});
    while (p.out.n && (p.out.p[p.out.n - 1] == '\n' || p.out.p[p.out.n - 1] == ' '))
        p.out.n--;
    *plain = arena_str(arena, buf_str(&p.out));
    bool fits = plain->p || !p.out.n;
    buf_finish(&p.out);
    return fits ? 0 : err_set(err, ERR_MEMORY, "the plain text does not fit");
}
