/* view_list.c: a list of articles as data, and answered as a page, as JSON or as an Atom feed. */
#include "base/utf8.h"
#include "web/filter.h"

#include <inttypes.h>

/* "DATE-SEQ" of the last item seen. */
static bool read_before(struct str text, struct news_query *q)
{
    size_t sign = text.n && text.p[0] == '-'; /* dates before 1970 */
    size_t joint = str_find_char(str_slice(text, sign, text.n), '-');
    uint64_t seq;
    if (joint == SIZE_MAX ||
        !str_to_i64(str_slice(text, 0, sign + joint), INT64_MIN, INT64_MAX, &q->before_date) ||
        !str_to_u64(str_slice(text, sign + joint + 1, text.n), (uint64_t)INT64_MAX, &seq))
        return false;
    q->before_seq = seq;
    return true;
}

bool web__listing_load(struct request *r, struct news_query *q, struct listing *l)
{
    struct err err;
    struct str before = request_query(r, "before");
    q->before_date = INT64_MAX;
    q->before_seq = 0;
    q->limit = q->limit ? q->limit : PAGE_ITEMS;
    if (before.n && !read_before(before, q)) {
        err_set(&err, ERR_INPUT, M("The address does not say where the list is to go on."));
        err_todo(&err, M("Begin at the list's first page."));
        answer_error(r, &err);
        return false;
    }
    l->paged = before.n > 0;
    return web__listing_more(r, q, l);
}

struct str web__before(struct arena *arena, const struct news_query *q)
{
    return arena_printf(arena, "before=%" PRId64 "-%" PRIu64, q->before_date, q->before_seq);
}

bool web__listing_more(struct request *r, struct news_query *q, struct listing *l)
{
    struct err err;
    bool more = false;
    if (news_list(request_read(r), request_arena(r), q, &l->items, &l->n, &more, &err) != 0) {
        answer_error(r, &err);
        return false;
    }
    l->older = STR("");
    if (more && l->n) {
        struct news_query last = {
            .before_date = l->items[l->n - 1].date, .before_seq = l->items[l->n - 1].seq};
        l->older = web__before(request_arena(r), &last);
    }
    return true;
}

static struct str with_query(struct arena *arena, struct str path, struct str query, struct str more)
{
    return arena_printf(arena, "%.*s%s%.*s%s%.*s", STR_ARG(path), query.n || more.n ? "?" : "",
        STR_ARG(query), query.n && more.n ? "&" : "", STR_ARG(more));
}

static struct str other_form(struct arena *arena, const struct listing *l, const char *ending)
{
    struct str path = str_eqz(l->path, "/") ? STR("/index") : l->path;
    return with_query(
        arena, arena_printf(arena, "%.*s%s", STR_ARG(path), ending), l->query, (struct str){"", 0});
}

static void snippet_view(struct view *v, const struct snippet *s)
{
    view_bool(v, "has_snippet", s->n > 0);
    view_bool(v, "cut_before", s->cut_before);
    view_bool(v, "cut_after", s->cut_after);
    for (size_t i = 0; i < s->n; i++) {
        struct view *piece = view_item(v, "snippet");
        view_bool(piece, "hit", i % 2 == 1);
        view_str(piece, "text", s->pieces[i]);
    }
}

static void answer_html(struct request *r, struct listing *l)
{
    struct arena *arena = request_arena(r);
    struct view *v = l->view;
    struct str none = {"", 0};
    view_bool(v, "has_items", l->n > 0);
    for (size_t i = 0; i < l->n; i++) {
        struct view *item = view_item(v, "items");
        web__item_view(r, item, &l->items[i]);
        view_bool(item, "lead", i == 0 && !l->paged && !l->snippets);
        if (l->snippets && l->snippets[i].n) {
            snippet_view(item, &l->snippets[i]);
            view_str(item, "summary", none);
        }
        if (l->looking && l->because && l->because[i].n) {
            view_str(item, "because", l->because[i]);
            view_str(item, "why_link",
                arena_printf(arena, "/r/%s/why?%.*s", l->items[i].code,
                    STR_ARG(web__page_link(arena, "filter=", l->looking->key, ""))));
        }
    }
    view_str(v, "why", l->why_text.n ? l->why_text : locale_message(request_locale(r), l->why));
    view_str(v, "first", with_query(arena, l->path, l->query, none));
    view_bool(v, "paged", l->paged);
    view_bool(v, "has_more", l->paged || l->older.n || l->earlier.n);
    view_str(v, "older", l->older.n ? with_query(arena, l->path, l->query, l->older) : none);
    view_str(v, "earlier", l->earlier.n ? with_query(arena, l->path, l->query, l->earlier) : none);
    view_str(v, "json", other_form(arena, l, ".json"));
    view_str(v, "atom", other_form(arena, l, ".atom"));
    if (l->paged || l->query.n || l->noindex || !l->n)
        view_bool(v, "noindex", true);
    else
        view_str(
            v, "canonical", arena_printf(arena, "%.*s%.*s", STR_ARG(request_origin(r)), STR_ARG(l->path)));
    answer_page(r, 200, l->template, v, l->title);
}

void web__listing_answer(struct request *r, enum page_form form, struct listing *l)
{
    if (form == PAGE_HTML) {
        answer_html(r, l);
        return;
    }
    struct buf out _cleanup_buf_ = BUF_INIT;
    if (form == PAGE_ATOM) {
        web__listing_atom(r, l, &out);
        answer_bytes(r, 200, "application/atom+xml; charset=utf-8", buf_str(&out));
    } else {
        web__listing_json(r, l, &out);
        answer_json(r, 200, &out);
    }
}

/* ---- JSON */

static void json_name(struct buf *out, const char *name)
{
    if (out->n && out->p[out->n - 1] != '{' && out->p[out->n - 1] != '[')
        buf_addc(out, ',');
    if (name) {
        buf_add_json(out, str_of(name));
        buf_addc(out, ':');
    }
}

void web__json_str(struct buf *out, const char *name, struct str value)
{
    json_name(out, name);
    buf_add_json(out, value);
}

static void json_int(struct buf *out, const char *name, int64_t value)
{
    json_name(out, name);
    buf_addf(out, "%" PRId64, value);
}

void web__json_time(struct buf *out, const char *name, int64_t unix_seconds)
{
    char text[32];
    time_rfc3339(unix_seconds, text, sizeof text);
    web__json_str(out, name, str_of(text));
}

static struct str absolute(struct request *r, struct str link)
{
    return arena_printf(request_arena(r), "%.*s%.*s", STR_ARG(request_origin(r)), STR_ARG(link));
}

void web__item_json(struct request *r, const struct news_item *item, struct buf *out)
{
    struct arena *arena = request_arena(r);
    struct buf address _cleanup_buf_ = BUF_INIT;
    address_format(&item->address, &address);
    web__json_str(out, "id", web__id_hex(arena, &item->id));
    web__json_str(out, "address", buf_str(&address));
    web__json_str(out, "code", str_of(item->code));
    web__json_str(out, "link", absolute(r, web__article_link(arena, item->code, "")));
    web__json_str(out, "title", item->title);
    web__json_str(out, "summary", item->summary);
    web__json_str(out, "language", item->language);
    json_name(out, "author");
    buf_addc(out, '{');
    web__json_str(out, "npub", web__npub(arena, &item->address.pubkey));
    web__json_str(out, "name", item->author_name);
    buf_addc(out, '}');
    json_name(out, "credits");
    buf_addc(out, '[');
    for (size_t i = 0; i < item->credit_count; i++) {
        json_name(out, NULL);
        buf_addc(out, '{');
        web__json_str(out, "name", item->credits[i].name);
        web__json_str(out, "role", item->credits[i].role);
        web__json_str(out, "link", item->credits[i].link);
        buf_addc(out, '}');
    }
    buf_addc(out, ']');
    json_name(out, "topics");
    buf_addc(out, '[');
    for (size_t i = 0; i < item->topic_count; i++)
        web__json_str(out, NULL, item->topics[i]);
    buf_addc(out, ']');
    web__json_str(out, "license", item->license);
    json_name(out, "whole");
    buf_addz(out, item->whole ? "true" : "false");
    web__json_str(out, "source", item->source);
    web__json_str(out, "image", item->image);
    web__json_str(out, "image_alt", item->image_alt);
    web__json_time(out, "date", item->date);
    web__json_time(out, "revised_at", item->revised_at);
    json_int(out, "versions", item->revisions);
    json_int(out, "words", item->words);
}

void web__listing_json(struct request *r, const struct listing *l, struct buf *out)
{
    struct arena *arena = request_arena(r);
    struct str path = str_eqz(l->path, "/") ? STR("/index") : l->path;
    path = arena_printf(arena, "%.*s.json", STR_ARG(path));
    buf_addc(out, '{');
    web__json_str(out, "title", l->title);
    web__json_str(out, "why", l->why_text.n ? l->why_text : str_of(l->why));
    web__json_str(out, "link", absolute(r, with_query(arena, l->path, l->query, (struct str){"", 0})));
    if (l->older.n)
        web__json_str(out, "next", absolute(r, with_query(arena, path, l->query, l->older)));
    if (l->looking)
        web__filter_json(r, l, out);
    json_name(out, "items");
    buf_addc(out, '[');
    for (size_t i = 0; i < l->n; i++) {
        json_name(out, NULL);
        buf_addc(out, '{');
        web__item_json(r, &l->items[i], out);
        buf_addc(out, '}');
    }
    buf_addz(out, "]}\n");
}
