/* rated.c: the thing that is rated, found by its address: an article's revision, or another event of the
 * pool. */
#include "web/rate.h"

void web__rated_of_article(struct request *r, const struct page_article *a, struct rated *out)
{
    struct buf coordinate _cleanup_buf_ = BUF_INIT;
    address_format(&a->article.address, &coordinate);
    *out = (struct rated){
        .target = {.type = RATING_OF_ADDRESS,
            .address = a->article.address,
            .revision = a->found.record.id,
            .author = a->article.address.pubkey,
            .kind = KIND_ARTICLE},
        .current = a->item.id,
        .coordinate = arena_str(request_arena(r), buf_str(&coordinate)),
        .base = web__article_link(request_arena(r), a->item.code, ""),
        .title = web__line(request_arena(r), a->article.title, 200),
        .language = a->article.language,
        .is_article = true,
        .article = *a,
    };
    if (!out->title.n)
        out->title = locale_message(request_locale(r), M("Without a title"));
}

static bool load_event(struct request *r, struct str text, struct rated *out)
{
    struct arena *arena = request_arena(r);
    struct record_id id;
    struct store_found found;
    struct err err;
    if (!web__id_from_hex(text, &id)) {
        err_set(&err, ERR_NOT_FOUND, M("This address names no record."));
        answer_error(r, &err);
        return false;
    }
    if (store_get(request_read(r), arena, &id, &found, &err) != 0) {
        answer_error(r, &err);
        return false;
    }
    const struct record *record = &found.record;
    struct str hex = web__id_hex(arena, &id);
    *out = (struct rated){
        .target = {.type = RATING_OF_EVENT, .revision = id, .author = record->pubkey, .kind = record->kind},
        .current = id,
        .coordinate = hex,
        .base = arena_printf(arena, "/e/%.*s", STR_ARG(hex)),
        .title = web__line(arena, record->content, 80),
    };
    out->article.found = found;
    if (!out->title.n)
        out->title = arena_printf(arena, "%.*s…", 12, hex.p);
    return true;
}

bool web__rated_load(struct request *r, struct rated *out)
{
    struct page_article a;
    struct str code = request_param(r, "code"), name;
    web__page_form(r, NULL, &name);
    if (!code.p)
        return load_event(r, request_param(r, "id"), out);
    if (!web__article_load(r, code, &a))
        return false;
    web__rated_of_article(r, &a, out);
    return true;
}

bool web__rated_revision(struct request *r, struct rated *rated, struct str id_hex)
{
    struct page_article version;
    struct record_id id;
    struct err err;
    if (!rated->is_article) {
        if (web__id_from_hex(id_hex, &id) && record_id_eq(&id, &rated->target.revision))
            return true;
        err_set(&err, ERR_INPUT, M("The form is of another record than this one."));
        answer_error(r, &err);
        return false;
    }
    if (!web__article_revision(r, &rated->article, id_hex, &version))
        return false;
    rated->target.revision = version.found.record.id;
    return true;
}
