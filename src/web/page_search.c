/* page_search.c: what people look for, with the words they used marked where they were found. */
#include "templates.gen.h"
#include "web/filter.h"
#include "web/pages.h"

#define RESULTS 20
#define FURTHEST 2000 /* results that can be leafed through */
#define SNIPPET_BYTES 300
#define SIFTED_AT_ONCE 100 /* hits that a filter looks at */
#define MOST_SIFTED 500    /* for one page */

/* By the name of a profile, or of an account here. */
static size_t author_keys(void *ctx, struct str name, struct pubkey *out, size_t max)
{
    struct request *r = ctx;
    struct account account;
    size_t n = news_keys_by_name(request_read(r), name, out, max);
    if (n < max && node_account_by_name(request_read(r), request_arena(r), name, &account, NULL) == 0)
        out[n++] = account.key;
    return n;
}

/* The passage of the article's text in which the words stand; nothing where its licence hides the text. */
static void find_snippet(
    struct request *r, const struct news_item *item, const struct search_result *result, struct snippet *out)
{
    struct arena *arena = request_arena(r);
    struct store_found found;
    struct article article;
    struct str plain;
    if (!result->word_count || !item->whole ||
        store_get_seq(request_read(r), arena, item->seq, &found, NULL) != 0 ||
        news_article_read(arena, &found.record, &article, NULL) != 0 || !article.whole)
        return;
    if (markdown_plain(arena, found.record.content, &plain, NULL) != 0)
        plain = found.record.content;
    plain = web__line(arena, plain, 0);
    store_snippet(arena, plain, result->words, result->word_count, SNIPPET_BYTES, out);
}

/* The articles of a search's hits. */
static int load_hits(struct request *r, const struct search_result *result, struct news_item *items,
    size_t *n, struct err *err)
{
    *n = 0;
    for (size_t i = 0; i < result->n; i++) {
        int code = news_item_by_seq(request_read(r), request_arena(r), result->hits[i].seq, &items[*n], err);
        if (code == 0)
            ++*n;
        else if (code != ERR_NOT_FOUND && code != ERR_GONE)
            return code;
    }
    return 0;
}

/* Appends those that the filter shows, until the page is full; *taken of the hits are done then. */
static int add_hits(struct request *r, const struct looking *f, const struct search_result *result,
    struct listing *l, size_t *taken, struct err *err)
{
    struct arena *arena = request_arena(r);
    struct news_item *items = ARENA_ARRAY(arena, struct news_item, result->n + 1);
    struct scored *scored = ARENA_ARRAY(arena, struct scored, result->n + 1);
    struct why_short *whys = ARENA_ARRAY(arena, struct why_short, result->n + 1);
    size_t n, i = 0;
    if (!items || !scored || !whys)
        return err_set(err, ERR_MEMORY, M("The results did not fit into a page's memory."));
    int code = load_hits(r, result, items, &n, err);
    if (!code && n && !f->everything)
        code = web__filter_judge(r, f, items, n, scored, whys, err);
    for (; !code && i < n && l->n < RESULTS; i++) {
        if (!f->everything && scored[i].rule != RULE_NONE) {
            l->sifted++;
            continue;
        }
        l->because[l->n] = f->everything ? STR("") : web__because(r, f, &whys[i]);
        l->items[l->n] = items[i];
        find_snippet(r, &items[i], result, &l->snippets[l->n++]);
    }
    *taken = i == n ? result->n : i;
    return code;
}

static int find(struct request *r, const struct looking *f, struct str text, bool newest, uint64_t offset,
    struct listing *l, struct err *err)
{
    struct arena *arena = request_arena(r);
    struct search_query q = {
        .text = text,
        .kind = KIND_ARTICLE,
        .author_keys = author_keys,
        .ctx = r,
        .offset = offset,
        .limit = f->everything ? RESULTS : SIFTED_AT_ONCE,
        .newest = newest,
    };
    struct search_result result = {.more = true};
    size_t taken = 0;
    l->items = ARENA_ARRAY(arena, struct news_item, RESULTS);
    l->snippets = ARENA_ARRAY(arena, struct snippet, RESULTS);
    l->because = ARENA_ARRAY(arena, struct str, RESULTS);
    if (!l->items || !l->snippets || !l->because)
        return err_set(err, ERR_MEMORY, M("The results did not fit into a page's memory."));
    bool more = true;
    while (more && l->n < RESULTS && q.offset < offset + MOST_SIFTED && q.offset < FURTHEST) {
        result = (struct search_result){0};
        int code = store_search(request_read(r), arena, &q, &result, err);
        if (!code)
            code = add_hits(r, f, &result, l, &taken, err);
        if (code)
            return code;
        more = result.more || taken < result.n;
        q.offset += taken;
        if (f->everything)
            break;
    }
    if (result.widened && l->n)
        l->why = M("No article has exactly these words. These have words that begin like them.");
    if (more && q.offset < FURTHEST)
        l->older = arena_printf(arena, "from=%llu", (unsigned long long)q.offset);
    /* What a filter left out does not count pages back. */
    if (offset)
        l->earlier = arena_printf(arena, "from=%llu",
            (unsigned long long)(offset < RESULTS || !f->everything ? 0 : offset - RESULTS));
    return 0;
}

static void search(struct request *r)
{
    struct arena *arena = request_arena(r);
    struct err err;
    struct str name;
    uint64_t offset = 0;
    enum page_form form = web__page_form(r, NULL, &name);
    struct str query = str_trim(request_query(r, "q")), from = request_query(r, "from");
    bool newest = str_eqz(request_query(r, "order"), "newest");
    if (from.n && !str_to_u64(from, FURTHEST, &offset)) {
        err_set(&err, ERR_INPUT, M("The address does not say where the results are to go on."));
        err_todo(&err, M("Search again from the beginning."));
        answer_error(r, &err);
        return;
    }
    struct view *v = view_create(arena);
    struct str encoded = web__page_link(arena, "q=", query, newest ? "&order=newest" : "");
    struct listing l = {
        .template = &template_search,
        .view = v,
        .path = STR("/search"),
        .query = query.n ? encoded : (struct str){"", 0},
        .title = query.n ? web__line(arena, query, 80) : locale_message(request_locale(r), M("Search")),
        .why = newest ? M("Articles that fit your words, newest first.")
                      : M("Articles that fit your words, those that fit best first."),
        .noindex = query.n > 0,
        .paged = offset > 0,
    };
    if (query.n > 400) {
        err_set(&err, ERR_LIMIT, M("The search is longer than 400 bytes."));
        err_todo(&err, M("Look for fewer words."));
        answer_error(r, &err);
        return;
    }
    struct looking f;
    if (!web__look_asked(r, form, true, &f))
        return;
    struct str filter = web__look_query(r, &f);
    if (query.n && filter.n)
        l.query = arena_printf(arena, "%.*s&%.*s", STR_ARG(encoded), STR_ARG(filter));
    l.looking = f.everything ? NULL : &f;
    if (query.n && find(r, &f, query, newest, offset, &l, &err) != 0) {
        answer_error(r, &err);
        return;
    }
    if (form == PAGE_HTML && query.n)
        web__sifted_view(r, v, &f, &l, encoded);
    view_bool(v, "asked", query.n > 0);
    view_str(v, "form_filter", f.asked ? f.key : STR(""));
    view_str(v, "query", query);
    view_bool(v, "newest", newest);
    view_bool(v, "at_search", true);
    web__listing_answer(r, form, &l);
}

const struct route page_search_routes[] = {
    {"GET", "/search", search, ANYONE, CSRF_NONE, POOL, CACHE_PUBLIC, 0,
        "search: ?q=words&order=newest&filter="},
    {"GET", "/search.json", search, ANYONE, CSRF_NONE, POOL, CACHE_PUBLIC, 0, "the same as JSON"},
    {"GET", "/search.atom", search, ANYONE, CSRF_NONE, POOL, CACHE_PUBLIC, 0, "the same as an Atom feed"},
    {NULL},
};
