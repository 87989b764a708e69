/* markdown.c: hostile Markdown into a syntax tree, within bounds of time and memory, and walks over that
 * tree.
 *
 * What it is not: output; see markdown_html.c and markdown_plain.c. Of cmark-gfm's extensions only tables and
 * footnotes are switched on: those for strikethrough and links change tables of the library that all threads
 * share while they parse, and are as well done on the finished tree. */
#include "news/markdown.h"

#include <cmark-gfm-core-extensions.h>
#include <pthread.h>
#include <setjmp.h>

/* cmark's allocator takes no context and must not fail. So the arena of the parse that this thread is in
 * stands here, and where its cap is reached we leave the parser altogether: whatever it holds is the arena's.
 */
struct parse {
    struct arena *arena;
    jmp_buf over_cap;
};
static _Thread_local struct parse *parsing;

enum { header = 16 }; /* before each block: its size; keeps the alignment */

static void *take(size_t size)
{
    size_t whole;
    if (__builtin_add_overflow(size, header, &whole))
        longjmp(parsing->over_cap, 1);
    char *block = arena_alloc(parsing->arena, whole);
    if (!block)
        longjmp(parsing->over_cap, 1);
    memcpy(block, &size, sizeof size);
    return block + header;
}

static void *md_calloc(size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes))
        longjmp(parsing->over_cap, 1);
    void *p = take(bytes);
    memset(p, 0, bytes);
    return p;
}

static void *md_realloc(void *old, size_t size)
{
    size_t had = 0;
    if (old)
        memcpy(&had, (char *)old - header, sizeof had);
    if (old && size <= had)
        return old;
    void *p = take(size);
    if (had)
        memcpy(p, old, had);
    return p;
}

static void md_free(void *p)
{
    (void)p;
}

static cmark_mem in_arena = {md_calloc, md_realloc, md_free};

static cmark_syntax_extension *table_extension;

static void register_extensions(void)
{
    cmark_gfm_core_extensions_ensure_registered();
    table_extension = cmark_find_syntax_extension("table");
}

/* cmark makes its strings when they are first asked for: all of them now, while the cap is watched. */
static void ripen(cmark_node *root)
{
    cmark_iter *nodes = cmark_iter_new(root);
    while (cmark_iter_next(nodes) != CMARK_EVENT_DONE) {
        cmark_node *node = cmark_iter_get_node(nodes);
        cmark_node_get_literal(node);
        cmark_node_get_url(node);
        cmark_node_get_title(node);
        cmark_node_get_fence_info(node);
    }
    cmark_iter_free(nodes);
}

int news__markdown_parse(struct arena *work, struct str text, cmark_node **root, struct err *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, register_extensions);
    int status = news__markdown_scan(text, err);
    if (status)
        return status;
    struct parse parse = {.arena = work};
    parsing = &parse;
    if (setjmp(parse.over_cap)) {
        parsing = NULL;
        return err_set(err, ERR_LIMIT, "the text's marks need more than %zu MiB to be understood",
            NEWS_MARKDOWN_ARENA >> 20);
    }
    cmark_parser *parser = cmark_parser_new_with_mem(
        CMARK_OPT_FOOTNOTES | CMARK_OPT_VALIDATE_UTF8, &in_arena);
    cmark_parser_attach_syntax_extension(parser, table_extension);
    cmark_parser_feed(parser, text.n ? text.p : "", text.n);
    *root = cmark_parser_finish(parser);
    cmark_consolidate_text_nodes(*root);
    ripen(*root);
    parsing = NULL;
    return 0;
}

enum markdown_type news__markdown_type(cmark_node *node)
{
    static const struct {
        cmark_node_type type;
        enum markdown_type ours;
    } types[] = {
        {CMARK_NODE_TEXT, MD_TEXT},
        {CMARK_NODE_SOFTBREAK, MD_SOFT_BREAK},
        {CMARK_NODE_LINEBREAK, MD_LINE_BREAK},
        {CMARK_NODE_CODE, MD_CODE},
        {CMARK_NODE_HTML_INLINE, MD_HTML},
        {CMARK_NODE_EMPH, MD_EMPHASIS},
        {CMARK_NODE_STRONG, MD_STRONG},
        {CMARK_NODE_LINK, MD_LINK},
        {CMARK_NODE_IMAGE, MD_PICTURE},
        {CMARK_NODE_FOOTNOTE_REFERENCE, MD_FOOTNOTE_REFERENCE},
        {CMARK_NODE_PARAGRAPH, MD_PARAGRAPH},
        {CMARK_NODE_DOCUMENT, MD_DOCUMENT},
        {CMARK_NODE_BLOCK_QUOTE, MD_QUOTE},
        {CMARK_NODE_LIST, MD_LIST},
        {CMARK_NODE_ITEM, MD_ITEM},
        {CMARK_NODE_CODE_BLOCK, MD_CODE_BLOCK},
        {CMARK_NODE_HTML_BLOCK, MD_HTML_BLOCK},
        {CMARK_NODE_HEADING, MD_HEADING},
        {CMARK_NODE_THEMATIC_BREAK, MD_RULE},
        {CMARK_NODE_FOOTNOTE_DEFINITION, MD_FOOTNOTE},
    };
    static const struct {
        const char *name;
        enum markdown_type ours;
    } names[] = {
        {"table", MD_TABLE},
        {"table_row", MD_ROW},
        {"table_header", MD_ROW},
        {"table_cell", MD_CELL},
    };
    cmark_node_type type = cmark_node_get_type(node);
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (types[i].type == type)
            return types[i].ours;
    const char *name = cmark_node_get_type_string(node);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (!strcmp(names[i].name, name))
            return names[i].ours;
    return MD_OTHER;
}

void news__markdown_walk(cmark_node *root, const struct markdown_visitor *visitor)
{
    cmark_node *node = root;
    unsigned depth = 0;
    for (;;) {
        bool inside = visitor->enter(visitor->ctx, node, news__markdown_type(node), depth);
        cmark_node *child = inside ? cmark_node_first_child(node) : NULL;
        if (child) {
            node = child;
            depth++;
            continue;
        }
        for (;;) {
            if (visitor->leave)
                visitor->leave(visitor->ctx, node, news__markdown_type(node), depth);
            if (node == root)
                return;
            cmark_node *next = cmark_node_next(node);
            if (next) {
                node = next;
                break;
            }
            node = cmark_node_parent(node);
            depth--;
        }
    }
}

struct str news__markdown_literal(cmark_node *node)
{
    const char *z = cmark_node_get_literal(node);
    return str_of(z ? z : "");
}

static bool add_inline(void *ctx, cmark_node *node, enum markdown_type type, unsigned depth)
{
    (void)depth;
    struct buf *out = ctx;
    if (type == MD_TEXT || type == MD_CODE)
        buf_adds(out, news__markdown_literal(node));
    else if (type == MD_SOFT_BREAK || type == MD_LINE_BREAK)
        buf_addc(out, ' ');
    return true;
}

void news__markdown_inline_text(cmark_node *node, struct buf *out)
{
    news__markdown_walk(node, &(struct markdown_visitor){.enter = add_inline, .ctx = out});
}
