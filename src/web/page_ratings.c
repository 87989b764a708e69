/* page_ratings.c: how something was rated, by whom and by which way, as a page and as JSON; and a plain page
 * for comments and other records that came from elsewhere, so that they can be read and rated, too. */
#include "templates.gen.h"
#include "web/pages.h"
#include "web/rate.h"

#define KIND_COMMENT 1111
#define MOST_MARKS 500
#define MOST_COMMENTS 100

struct all_ratings {
    struct rated rated;
    struct reader_trust trust;
    struct rating_spread *spreads;
    struct dimension *dimensions;
    struct rating_mark_shown *marks, *trusted;
    size_t spread_count, dimension_count, n, trusted_count;
};

static int load_marks(struct request *r, struct all_ratings *a, struct err *err)
{
    struct arena *arena = request_arena(r);
    struct store_read *read = request_read(r);
    struct str coordinate = a->rated.coordinate;
    int code = rating_spreads(read, arena, coordinate, &a->spreads, &a->spread_count, err);
    if (!code)
        code = rating_dimensions(
            read, arena, str_of(locale_code(request_locale(r))), &a->dimensions, &a->dimension_count, err);
    if (!code)
        code = rating_marks_of(read, arena, coordinate, MOST_MARKS, &a->marks, &a->n, err);
    if (!code)
        code = web__trust_load(r, &a->trust, err);
    struct pubkey *keys = code || !a->trust.weights.n ? NULL : web__trust_heaviest(r, &a->trust);
    if (keys)
        code = rating_marks_by(
            read, arena, coordinate, keys, a->trust.weights.n, &a->trusted, &a->trusted_count, err);
    return code;
}

/* ---- as JSON */

static void mark_json(
    struct request *r, const struct all_ratings *a, const struct rating_mark_shown *m, struct buf *out)
{
    const struct trusted *rater = web__trust_find(&a->trust, &m->rater);
    web__json_str(out, "rater", web__npub(request_arena(r), &m->rater));
    web__json_str(out, "name", web__rater_name(r, &a->trust, &m->rater));
    web__json_str(out, "dimension", m->dimension);
    buf_addf(out, ",\"rating\":%u.%04u", m->value / RATING_SCALE, m->value % RATING_SCALE);
    web__json_time(out, "rated_at", m->created_at);
    web__json_str(out, "reason", web__line(request_arena(r), m->reason, 0));
    web__json_str(out, "revision", web__id_hex(request_arena(r), &m->revision));
    buf_addf(out, ",\"of_earlier_text\":%s", m->behind ? "true" : "false");
    if (!rater)
        return;
    struct buf decimal _cleanup_buf_ = BUF_INIT;
    weight_format(rater->weight, &decimal);
    web__json_str(out, "weight", buf_str(&decimal));
    buf_addz(out, ",\"path\":[");
    for (unsigned i = 0; i < rater->path_length; i++) {
        buf_addz(out, i ? "," : "");
        buf_add_json(out, web__npub(request_arena(r), &a->trust.weights.raters[rater->path[i]].key));
    }
    buf_addc(out, ']');
}

static void marks_json(struct request *r, const struct all_ratings *a, const char *name,
    const struct rating_mark_shown *marks, size_t n, struct buf *out)
{
    buf_addf(out, ",\"%s\":[", name);
    for (size_t i = 0; i < n; i++) {
        buf_addz(out, i ? ",{" : "{");
        mark_json(r, a, &marks[i], out);
        buf_addc(out, '}');
    }
    buf_addc(out, ']');
}

static void answer_ratings_json(struct request *r, const struct all_ratings *a)
{
    struct buf out _cleanup_buf_ = BUF_INIT;
    buf_addc(&out, '{');
    web__json_str(&out, "subject", a->rated.coordinate);
    web__json_str(&out, "title", a->rated.title);
    buf_addz(&out, ",\"counts\":[");
    for (size_t i = 0; i < a->spread_count; i++) {
        const struct rating_spread *s = &a->spreads[i];
        buf_addz(&out, i ? ",{" : "{");
        web__json_str(&out, "dimension", s->dimension);
        buf_addf(&out, ",\"steps\":[%u,%u,%u,%u,%u],\"of_earlier_text\":%u}", s->steps[0], s->steps[1],
            s->steps[2], s->steps[3], s->steps[4], s->behind);
    }
    buf_addc(&out, ']');
    if (request_account(r))
        marks_json(r, a, "by_trusted", a->trusted, a->trusted_count, &out);
    marks_json(r, a, "newest", a->marks, a->n, &out);
    buf_addz(&out, "}\n");
    answer_json(r, 200, &out);
}

/* ---- as a page */

static void spread_view(
    struct request *r, struct view *v, const struct all_ratings *a, const struct rating_spread *s)
{
    const struct dimension *d = web__dimension_named(a->dimensions, a->dimension_count, s->dimension);
    struct dimension_text words = {0};
    uint32_t most = 1;
    if (d) {
        words = web__dimension_text(r, d);
        web__dimension_view(r, v, d);
    } else {
        view_str(v, "question", web__line(request_arena(r), s->dimension, 60));
    }
    for (size_t i = 0; i < RATING_STEPS; i++)
        most = s->steps[i] > most ? s->steps[i] : most;
    for (size_t i = 0; i < RATING_STEPS; i++) {
        struct view *step = view_item(v, "steps");
        view_int(step, "step", (int64_t)i + 1);
        view_str(step, "word", i == 0 ? words.low : i == RATING_STEPS - 1 ? words.high : (struct str){"", 0});
        view_int(step, "percent", (int64_t)((uint64_t)s->steps[i] * 100 / most));
        view_int(step, "count", s->steps[i]);
    }
    view_int(v, "behind_count", s->behind);
    if (d && d->shipped && d->number == DIMENSION_AGREE)
        view_str(v, "note",
            locale_message(request_locale(r), M("Whoever shares a position does not thereby call the text "
                                                "good: this never counts as quality.")));
}

static void ratings_page(struct request *r)
{
    struct err err;
    struct str name;
    struct all_ratings a = {0};
    if (!web__rated_load(r, &a.rated))
        return;
    if (load_marks(r, &a, &err) != 0) {
        answer_error(r, &err);
        return;
    }
    if (web__page_form(r, NULL, &name) == PAGE_JSON) {
        answer_ratings_json(r, &a);
        return;
    }
    struct arena *arena = request_arena(r);
    struct view *v = view_create(arena);
    struct str id = web__id_hex(arena, &a.rated.target.revision);
    view_str(v, "headline", a.rated.title);
    web__content_view(v, a.rated.language);
    view_str(v, "link", a.rated.base);
    view_str(v, "rate_link", arena_printf(arena, "%.*s/rate?v=%.*s", STR_ARG(a.rated.base), STR_ARG(id)));
    view_str(v, "json", arena_printf(arena, "%.*s/ratings.json", STR_ARG(a.rated.base)));
    view_bool(v, "rated", a.spread_count > 0);
    for (size_t i = 0; i < a.spread_count; i++)
        spread_view(r, view_item(v, "rated_in"), &a, &a.spreads[i]);
    view_bool(v, "few", a.trust.weights.own_sum < 4 * WEIGHT_ONE);
    web__by_rater_view(r, v, a.trusted, a.trusted_count, SIZE_MAX, &a.trust, a.dimensions, a.dimension_count);
    view_bool(v, "has_marks", a.n > 0);
    view_bool(v, "cut", a.n == MOST_MARKS);
    for (size_t i = 0; i < a.n; i++)
        web__mark_view(r, view_item(v, "marks"), &a.marks[i], &a.trust, a.dimensions, a.dimension_count);
    view_bool(v, "noindex", true);
    answer_page(r, 200, &template_ratings, v, locale_message(request_locale(r), M("How it was rated")));
}

/* ---- a record that is no article */

static const char *sort_of(uint32_t kind)
{
    switch (kind) {
    case KIND_COMMENT:
        return M("Comment");
    case 1:
        return M("Note");
    case KIND_RATING:
        return M("Rating");
    default:
        return M("Signed record");
    }
}

/* Where the article this speaks of has its page: NIP-22's "A", else "a". */
static void of_view(struct request *r, struct view *v, const struct record *record)
{
    struct address address;
    struct news_item item;
    char code[NEWS_CODE_CHARS + 1];
    struct str a = record_tag_value(record, "A");
    if (!a.n)
        a = record_tag_value(record, "a");
    if (!address_parse(a, &address) || address.kind != KIND_ARTICLE)
        return;
    news_article_code(&address, code);
    if (news_item_by_code(request_read(r), request_arena(r), str_of(code), &item, NULL) != 0)
        return;
    view_str(v, "of", web__line(request_arena(r), item.title, 200));
    view_str(v, "of_link", web__article_link(request_arena(r), item.code, ""));
}

static void event_page(struct request *r)
{
    struct rated rated;
    struct arena *arena = request_arena(r);
    struct profile profile = {0};
    struct news_item item;
    char code[NEWS_CODE_CHARS + 1];
    if (!web__rated_load(r, &rated))
        return;
    const struct record *record = &rated.article.found.record;
    struct str hex = web__id_hex(arena, &record->id);
    if (record->kind == KIND_ARTICLE) {
        struct address address = {KIND_ARTICLE, record->pubkey, record_d(record)};
        news_article_code(&address, code);
        if (news_item_by_code(request_read(r), arena, str_of(code), &item, NULL) == 0) {
            answer_redirect(r, arena_printf(arena, "/r/%s/v/%.*s", code, STR_ARG(hex)));
            return;
        }
    }
    struct view *v = view_create(arena);
    bool words = record->kind == KIND_COMMENT || record->kind == 1;
    const char *sort = sort_of(record->kind);
    news_profile(request_read(r), arena, &record->pubkey, &profile, NULL);
    view_str(v, "sort", locale_message(request_locale(r), sort));
    view_str(v, "headline", words ? rated.title : locale_message(request_locale(r), sort));
    view_str(v, "author",
        web__author_name(r, profile.display_name.n ? profile.display_name : profile.name, &record->pubkey));
    view_str(v, "author_link", web__author_link(arena, &record->pubkey, ""));
    view_time(v, "date", record->created_at);
    of_view(r, v, record);
    view_bool(v, "whole", words);
    if (words)
        web__text_view(r, v, record->content);
    else
        view_str(v, "raw", web__text(arena, rated.article.found.raw));
    view_str(v, "record_id", hex);
    web__rated_view(r, v, &rated);
    view_bool(v, "noindex", true);
    answer_page(r, 200, &template_event, v, rated.title);
}

/* ---- the comments an article has received */

struct comments {
    struct request *r;
    struct view *view; /* or, where that is NULL, */
    struct buf json;
    size_t n;
};

static int add_comment(void *ctx, const struct store_found *f)
{
    struct comments *c = ctx;
    struct arena *arena = request_arena(c->r);
    struct profile profile = {0};
    struct pubkey *author = ARENA_NEW(arena, struct pubkey);
    if (!author)
        return ERR_MEMORY;
    *author = f->record.pubkey;
    struct str hex = web__id_hex(arena, &f->record.id);
    news_profile(request_read(c->r), arena, author, &profile, NULL);
    struct str name = web__author_name(
        c->r, profile.display_name.n ? profile.display_name : profile.name, author);
    if (!c->view) {
        buf_addz(&c->json, c->n++ ? ",{" : "{");
        web__json_str(&c->json, "id", hex);
        web__json_str(&c->json, "author", web__npub(arena, author));
        web__json_str(&c->json, "name", name);
        web__json_time(&c->json, "written_at", f->record.created_at);
        web__json_str(&c->json, "text", f->record.content);
        buf_addc(&c->json, '}');
        return 0;
    }
    struct view *item = view_item(c->view, "items");
    view_str(item, "author", name);
    view_str(item, "author_link", web__author_link(arena, author, ""));
    view_str(item, "text", web__line(arena, f->record.content, 400));
    view_str(item, "link", arena_printf(arena, "/e/%.*s", STR_ARG(hex)));
    view_time(item, "date", f->record.created_at);
    c->n++;
    return 0;
}

static void comments_filter(struct filter *f, struct filter_tag *tag, const uint32_t *kind)
{
    *f = (struct filter){.kinds = (uint32_t *)kind,
        .kind_count = 1,
        .has_kinds = true,
        .tags = tag,
        .tag_count = 1,
        .until = INT64_MAX,
        .limit = MOST_COMMENTS};
}

void web__comments_view(struct request *r, struct view *v, const struct rated *rated)
{
    static const uint32_t kind = KIND_COMMENT;
    struct str coordinate = rated->coordinate;
    struct filter_tag tag = {rated->is_article ? 'A' : 'e', &coordinate, 1};
    struct filter filter;
    comments_filter(&filter, &tag, &kind);
    filter.limit = -1;
    int64_t n = store_count(request_read(r), &filter, 1, NULL);
    view_int(v, "comments", n > 0 ? n : 0);
    view_str(v, "comments_link", arena_printf(request_arena(r), "%.*s/comments", STR_ARG(rated->base)));
}

static void comments_page(struct request *r)
{
    static const uint32_t kind = KIND_COMMENT;
    struct err err;
    struct rated rated;
    if (!web__rated_load(r, &rated))
        return;
    struct str ignored;
    bool as_json = web__page_form(r, NULL, &ignored) == PAGE_JSON;
    struct comments c = {.r = r, .view = as_json ? NULL : view_create(request_arena(r))};
    struct filter_tag tag = {rated.is_article ? 'A' : 'e', &rated.coordinate, 1};
    struct filter filter;
    comments_filter(&filter, &tag, &kind);
    buf_addz(&c.json, "{\"items\":[");
    int code = store_query(request_read(r), &filter, 1, STORE_PARSE, add_comment, &c, &err);
    buf_addz(&c.json, "]}\n");
    if (code == 0 && as_json)
        answer_json(r, 200, &c.json);
    buf_finish(&c.json);
    if (code != 0)
        answer_error(r, &err);
    if (code != 0 || as_json)
        return;
    view_bool(c.view, "has_items", c.n > 0);
    view_str(c.view, "headline", rated.title);
    web__content_view(c.view, rated.language);
    view_str(c.view, "link", rated.base);
    view_str(c.view, "json", arena_printf(request_arena(r), "%.*s/comments.json", STR_ARG(rated.base)));
    view_bool(c.view, "noindex", true);
    answer_page(r, 200, &template_comments, c.view, locale_message(request_locale(r), M("Comments")));
}

/* method, path, handler, permission, csrf, class, caching, max_body, help */
const struct route page_ratings_routes[] = {
    {"GET", "/r/{code}/ratings", ratings_page, ANYONE, CSRF_NONE, POOL, CACHE_PUBLIC, 0,
        "how an article was rated: by those one trusts, by everyone in counts, one by one"},
    {"GET", "/r/{code}/ratings.json", ratings_page, ANYONE, CSRF_NONE, POOL, CACHE_PUBLIC, 0,
        "the same as JSON"},
    {"GET", "/r/{code}/comments", comments_page, ANYONE, CSRF_NONE, POOL, CACHE_PUBLIC, 0,
        "comments on an article that came from elsewhere"},
    {"GET", "/r/{code}/comments.json", comments_page, ANYONE, CSRF_NONE, POOL, CACHE_PUBLIC, 0,
        "the same as JSON"},
    {"GET", "/e/{id}", event_page, ANYONE, CSRF_NONE, POOL, CACHE_PUBLIC, 0,
        "a comment or another record, by its id"},
    {"GET", "/e/{id}/ratings", ratings_page, ANYONE, CSRF_NONE, POOL, CACHE_PUBLIC, 0, "how it was rated"},
    {"GET", "/e/{id}/ratings.json", ratings_page, ANYONE, CSRF_NONE, POOL, CACHE_PUBLIC, 0,
        "the same as JSON"},
    {"GET", "/e/{id}/comments", comments_page, ANYONE, CSRF_NONE, POOL, CACHE_PUBLIC, 0,
        "comments on a comment"},
    {"GET", "/e/{id}/comments.json", comments_page, ANYONE, CSRF_NONE, POOL, CACHE_PUBLIC, 0,
        "the same as JSON"},
    {NULL},
};
