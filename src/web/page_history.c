/* page_history.c: the versions of an article that this node has kept, and what changed between two of them.
 */
#include "templates.gen.h"
#include "web/page.h"
#include "web/pages.h"

#define MOST_VERSIONS 200
#define MOST_COUNTED (4u * 1024 * 1024) /* bytes of text whose words are counted for one page */
#define CONTEXT_BYTES 240               /* of unchanged text on each side of a change */

struct version {
    struct record_id id;
    int64_t created_at;
    uint32_t words;
};
struct versions {
    struct arena *arena;
    struct version list[MOST_VERSIONS];
    size_t n, counted;
};

static int on_version(void *ctx, const struct store_found *f)
{
    struct versions *all = ctx;
    struct str plain;
    if (all->n == MOST_VERSIONS)
        return 1;
    struct version *v = &all->list[all->n++];
    *v = (struct version){.id = f->record.id, .created_at = f->record.created_at};
    all->counted += f->record.content.n;
    if (all->counted <= MOST_COUNTED) {
        struct arena *work _cleanup_arena_ = arena_create(0);
        v->words = text_words(
            markdown_plain(work, f->record.content, &plain, NULL) == 0 ? plain : f->record.content);
    }
    return 0;
}

static int load_versions(
    struct request *r, const struct page_article *a, struct versions **out, struct err *err)
{
    struct versions *all = *out = ARENA_NEW(request_arena(r), struct versions);
    if (!all)
        return err_set(err, ERR_MEMORY, M("The list of versions did not fit into a page's memory."));
    all->arena = request_arena(r);
    int code = store_revisions(request_read(r), &a->article.address, STORE_PARSE, on_version, all, err);
    return code < 0 ? code : 0;
}

static struct str diff_link(
    struct arena *arena, const char *code, const struct record_id *from, const struct record_id *to)
{
    return arena_printf(arena, "/r/%s/diff?from=%.*s&to=%.*s", code, STR_ARG(web__id_hex(arena, from)),
        STR_ARG(web__id_hex(arena, to)));
}

static struct str version_link(struct arena *arena, const char *code, const struct record_id *id)
{
    return arena_printf(arena, "/r/%s/v/%.*s", code, STR_ARG(web__id_hex(arena, id)));
}

static void history_json(struct request *r, const struct page_article *a, const struct versions *all)
{
    struct buf out _cleanup_buf_ = BUF_INIT;
    struct str origin = request_origin(r);
    buf_addz(&out, "{\"items\":[");
    for (size_t i = 0; i < all->n; i++) {
        struct str link = version_link(request_arena(r), a->item.code, &all->list[i].id);
        buf_addz(&out, i ? ",{" : "{");
        web__json_str(&out, "id", web__id_hex(request_arena(r), &all->list[i].id));
        web__json_str(
            &out, "link", arena_printf(request_arena(r), "%.*s%.*s", STR_ARG(origin), STR_ARG(link)));
        web__json_time(&out, "revised_at", all->list[i].created_at);
        buf_addf(&out, ",\"words\":%u}", all->list[i].words);
    }
    buf_addz(&out, "]}\n");
    answer_json(r, 200, &out);
}

static void history(struct request *r)
{
    struct arena *arena = request_arena(r);
    struct err err;
    struct str name;
    struct page_article a;
    struct versions *all;
    if (!web__article_load(r, request_param(r, "code"), &a))
        return;
    if (load_versions(r, &a, &all, &err) != 0) {
        answer_error(r, &err);
        return;
    }
    if (web__page_form(r, NULL, &name) == PAGE_JSON) {
        history_json(r, &a, all);
        return;
    }
    struct view *v = view_create(arena);
    web__item_view(r, v, &a.item);
    for (size_t i = 0; i < all->n; i++) {
        struct view *row = view_item(v, "versions_list");
        view_int(row, "number", (int64_t)(all->n - i));
        view_str(row, "id", web__id_hex(arena, &all->list[i].id));
        view_date(row, "date", all->list[i].created_at, DATE_TIME);
        view_bool(row, "current", i == 0);
        view_int(row, "words", all->list[i].words);
        view_bool(row, "is_from", i == 1);
        view_bool(row, "is_to", i == 0);
        view_str(row, "version_link", version_link(arena, a.item.code, &all->list[i].id));
        view_str(row, "change_link",
            i + 1 < all->n ? diff_link(arena, a.item.code, &all->list[i + 1].id, &all->list[i].id)
                           : (struct str){"", 0});
    }
    view_bool(v, "can_compare", all->n > 1);
    view_str(v, "diff_link", web__article_link(arena, a.item.code, "/diff"));
    view_str(v, "json", web__article_link(arena, a.item.code, "/history.json"));
    view_bool(v, "noindex", true);
    answer_page(r, 200, &template_history, v, locale_message(request_locale(r), M("Versions")));
}

/* ---- the difference of two */

struct count {
    int64_t added, removed;
};

static void add_same(struct arena *arena, struct view *field, struct str text, bool first, bool last)
{
    size_t before = first ? 0 : CONTEXT_BYTES, after = last ? 0 : CONTEXT_BYTES;
    if (text.n <= before + after + 2 * CONTEXT_BYTES)
        before = text.n;
    struct str head = str_slice(text, 0, before), tail = {"", 0};
    if (before < text.n) { /* the middle is left out; cut at characters */
        size_t from = text.n - after;
        while (before > 0 && ((unsigned char)text.p[before] & 0xc0) == 0x80)
            before--;
        while (from < text.n && ((unsigned char)text.p[from] & 0xc0) == 0x80)
            from++;
        head = str_slice(text, 0, before);
        tail = str_slice(text, from, text.n);
    }
    for (int i = 0; i < 3; i++) {
        if ((i == 0 && !head.n) || (i == 1 && before >= text.n) || (i == 2 && !tail.n))
            continue;
        struct view *piece = view_item(field, "pieces");
        view_bool(piece, "added", false);
        view_bool(piece, "removed", false);
        view_bool(piece, "same", i != 1);
        view_bool(piece, "gap", i == 1);
        view_str(piece, "text", web__text(arena, i ? tail : head));
    }
}

static int add_field(struct request *r, struct view *v, const char *name, struct str from, struct str to,
    struct count *count, struct err *err)
{
    struct arena *arena = request_arena(r);
    struct diff_piece *pieces;
    size_t n;
    if (str_eq(from, to))
        return 0;
    int code = news_diff_words(arena, from, to, &pieces, &n, err);
    if (code != 0)
        return code;
    struct view *field = view_item(v, "fields");
    view_str(field, "field", locale_message(request_locale(r), name));
    for (size_t i = 0; i < n; i++) {
        if (pieces[i].type == DIFF_SAME) {
            add_same(arena, field, pieces[i].text, i == 0, i + 1 == n);
            continue;
        }
        struct view *piece = view_item(field, "pieces");
        bool added = pieces[i].type == DIFF_ADDED;
        *(added ? &count->added : &count->removed) += text_words(pieces[i].text);
        view_bool(piece, "added", added);
        view_bool(piece, "removed", !added);
        view_bool(piece, "same", false);
        view_bool(piece, "gap", false);
        view_str(piece, "text", web__text(arena, pieces[i].text));
    }
    return 0;
}

static struct str joined(struct arena *arena, const struct str *list, size_t n)
{
    struct buf out _cleanup_buf_ = BUF_INIT;
    for (size_t i = 0; i < n; i++) {
        buf_addz(&out, i ? ", " : "");
        buf_adds(&out, list[i]);
    }
    return arena_str(arena, buf_str(&out));
}

static struct str license_of(const struct article *a)
{
    return a->license ? str_of(a->license->name) : (struct str){"", 0};
}

/* Without ?from= and ?to= the present version against the one before it. */
static bool choose(
    struct request *r, const struct page_article *a, struct page_article *from, struct page_article *to)
{
    struct str from_id = request_query(r, "from"), to_id = request_query(r, "to");
    struct versions *all;
    struct err err;
    if (!from_id.n || !to_id.n) {
        int code = load_versions(r, a, &all, &err);
        if (code == 0 && all->n < 2)
            code = err_set(&err, ERR_NOT_FOUND, M("This article has only one version."));
        if (code != 0) {
            answer_error(r, &err);
            return false;
        }
        from_id = from_id.n ? from_id : web__id_hex(request_arena(r), &all->list[1].id);
        to_id = to_id.n ? to_id : web__id_hex(request_arena(r), &all->list[0].id);
    }
    return web__article_revision(r, a, from_id, from) && web__article_revision(r, a, to_id, to);
}

static void diff(struct request *r)
{
    struct arena *arena = request_arena(r);
    struct err err;
    struct page_article a, from, to;
    struct count count = {0};
    if (!web__article_load(r, request_param(r, "code"), &a) || !choose(r, &a, &from, &to))
        return;
    struct view *v = view_create(arena);
    web__item_view(r, v, &a.item);
    web__content_view(v, to.article.language);
    const struct article *f = &from.article, *t = &to.article;
    int code = add_field(r, v, M("Title"), f->title, t->title, &count, &err);
    if (code == 0)
        code = add_field(r, v, M("Summary"), f->summary, t->summary, &count, &err);
    if (code == 0)
        code = add_field(r, v, M("Topics"), joined(arena, f->topics, f->topic_count),
            joined(arena, t->topics, t->topic_count), &count, &err);
    if (code == 0)
        code = add_field(r, v, M("Licence"), license_of(f), license_of(t), &count, &err);
    /* The text of a version is shown only where that version's own licence lets it. */
    if (code == 0 && f->whole && t->whole)
        code = add_field(r, v, M("Text"), f->record->content, t->record->content, &count, &err);
    if (code != 0) {
        answer_error(r, &err);
        return;
    }
    view_int(v, "words_added", count.added);
    view_int(v, "words_removed", count.removed);
    view_bool(v, "changed", count.added || count.removed);
    view_date(v, "from_date", f->record->created_at, DATE_TIME);
    view_date(v, "to_date", t->record->created_at, DATE_TIME);
    view_str(v, "from_link", version_link(arena, a.item.code, &f->record->id));
    view_str(v, "to_link", version_link(arena, a.item.code, &t->record->id));
    view_bool(v, "noindex", true);
    answer_page(r, 200, &template_diff, v, locale_message(request_locale(r), M("What changed")));
}

/* method, path, handler, permission, csrf, class, caching, max_body, help */
const struct route page_history_routes[] = {
    {"GET", "/r/{code}/history", history, ANYONE, CSRF_NONE, POOL, CACHE_PUBLIC, 0, "the article's versions"},
    {"GET", "/r/{code}/history.json", history, ANYONE, CSRF_NONE, POOL, CACHE_PUBLIC, 0, "the same as JSON"},
    {"GET", "/r/{code}/diff", diff, ANYONE, CSRF_NONE, POOL, CACHE_PUBLIC, 0,
        "what changed: ?from=ID&to=ID; without them the last change"},
    {NULL},
};
