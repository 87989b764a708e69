/* filter_list.c: lists through a filter: what it shows of the pool in its own order, or a plain list without
 * what it hides. */
#include "web/filter.h"

#define FURTHEST 100000  /* items that one may page through */
#define MOST_SIFTED 1500 /* articles looked at for one page */

static bool say_why(struct request *r, const struct looking *f, const struct filter_page *page,
    struct listing *l, const struct scored *scored, struct err *err)
{
    struct arena *arena = request_arena(r);
    struct why_short *whys = ARENA_ARRAY(arena, struct why_short, l->n + 1);
    l->because = ARENA_ARRAY(arena, struct str, l->n + 1);
    if (!whys || !l->because) {
        err_set(err, ERR_MEMORY, "the list does not fit");
        return false;
    }
    if (l->n && web__filter_whys(r, f, page, l->filtered, scored, l->n, whys, err) != 0)
        return false;
    for (size_t i = 0; i < l->n; i++)
        l->because[i] = web__because(r, f, &whys[i]);
    return true;
}

bool web__filtered_load(struct request *r, enum page_form form, const struct looking *f,
    const struct filter_page *page, struct listing *l)
{
    struct err err = {0};
    struct arena *arena = request_arena(r);
    struct filter_page here = *page;
    struct filter_result *result = ARENA_NEW(arena, struct filter_result);
    struct scored *scored;
    uint64_t from = 0;
    struct str asked = request_query(r, "from");
    if (asked.n && !str_to_u64(asked, FURTHEST, &from)) {
        err_set(&err, ERR_INPUT, M("The address does not say where the list is to go on."));
        err_todo(&err, M("Begin at the list's first page."));
        answer_error(r, &err);
        return false;
    }
    l->looking = f;
    l->filtered = result;
    l->why_text = web__filter_about(r, &f->thing);
    if (!l->why_text.n)
        l->why = M("What this filter shows, in its own order.");
    here.offset = from;
    here.limit = here.limit ? here.limit : PAGE_ITEMS;
    int code = result ? 0 : err_set(&err, ERR_MEMORY, "the list does not fit");
    if (!code && !web__look_is_blind(f)) {
        code = web__filter_run(r, f, &here, result, &err);
        if (!code)
            code = web__filter_items(r, result, &l->items, &scored, &l->n, &err);
        if (!code && form == PAGE_HTML && !say_why(r, f, page, l, scored, &err))
            code = err.code;
    }
    if (code == ERR_NOT_FOUND && here.hidden_rule.n) {
        err_set(&err, ERR_NOT_FOUND, M("This filter has no rule of that name."));
        err_todo(&err, M("Choose one from the list of its rules."));
    }
    if (code) {
        answer_error(r, &err);
        return false;
    }
    l->paged = from > 0;
    uint64_t all = result->passed;
    for (size_t i = 0; here.hidden_rule.n && i < result->hidden_count; i++)
        if (str_eq(result->hidden[i].rule, here.hidden_rule))
            all = result->hidden[i].n;
    if (from + here.limit < all && from + here.limit < FURTHEST)
        l->older = arena_printf(arena, "from=%llu", (unsigned long long)(from + here.limit));
    if (from)
        l->earlier = arena_printf(
            arena, "from=%llu", (unsigned long long)(from < here.limit ? 0 : from - here.limit));
    return true;
}

bool web__sifted_load(struct request *r, const struct looking *f, struct news_query *q, struct listing *l)
{
    struct err err = {0};
    struct arena *arena = request_arena(r);
    struct news_item *kept = ARENA_ARRAY(arena, struct news_item, PAGE_ITEMS);
    struct str *because = ARENA_ARRAY(arena, struct str, PAGE_ITEMS);
    struct scored *scored = ARENA_ARRAY(arena, struct scored, 500);
    struct why_short *whys = ARENA_ARRAY(arena, struct why_short, 500);
    size_t n = 0, looked_at = 0;
    struct listing piece = *l;
    if (!kept || !because || !scored || !whys) {
        err_set(&err, ERR_MEMORY, "the list does not fit");
        answer_error(r, &err);
        return false;
    }
    q->limit = PAGE_ITEMS;
    l->looking = f;
    l->because = because;
    if (!web__listing_load(r, q, &piece))
        return false;
    l->paged = piece.paged;
    while (n < PAGE_ITEMS && piece.n) {
        int code = web__filter_judge(r, f, piece.items, piece.n, scored, whys, &err);
        if (code) {
            answer_error(r, &err);
            return false;
        }
        size_t i = 0;
        for (; i < piece.n && n < PAGE_ITEMS; i++) {
            q->before_date = piece.items[i].date;
            q->before_seq = piece.items[i].seq;
            if (scored[i].rule != RULE_NONE) {
                l->sifted++;
                continue;
            }
            because[n] = web__because(r, f, &whys[i]);
            kept[n++] = piece.items[i];
        }
        looked_at += i;
        bool more = piece.older.n || i < piece.n;
        l->older = more ? web__before(arena, q) : STR("");
        if (!more || n == PAGE_ITEMS || looked_at >= MOST_SIFTED)
            break;
        q->limit = 250;
        if (!web__listing_more(r, q, &piece))
            return false;
    }
    l->items = kept;
    l->n = n;
    return true;
}

void web__sifted_view(
    struct request *r, struct view *v, const struct looking *f, const struct listing *l, struct str query)
{
    web__choices_view(r, v, f, l->path, query);
    web__filter_line_view(r, v, f);
    if (f->everything)
        return;
    view_bool(v, "sifting", true);
    view_int(v, "sifted", (int64_t)l->sifted);
    view_bool(v, "begin", web__look_is_blind(f));
    view_str(v, "everything_link",
        arena_printf(request_arena(r), "%.*s?%.*s%sfilter=everything", STR_ARG(l->path), STR_ARG(query),
            query.n ? "&" : ""));
}

void web__filter_json(struct request *r, const struct listing *l, struct buf *out)
{
    const struct looking *f = l->looking;
    struct arena *arena = request_arena(r);
    buf_addz(out, ",\"filter\":{");
    web__json_str(out, "key", f->key);
    web__json_str(out, "name", f->name);
    web__json_str(out, "link", arena_printf(arena, "%.*s%.*s", STR_ARG(request_origin(r)), STR_ARG(f->link)));
    if (f->thing.address.kind)
        web__json_str(out, "address", web__coordinate(arena, &f->thing.address));
    buf_addc(out, '}');
    if (!l->filtered)
        return;
    buf_addf(out, ",\"passed\":%llu,\"hidden\":{", (unsigned long long)l->filtered->passed);
    for (size_t i = 0; i < l->filtered->hidden_count; i++) {
        if (i)
            buf_addc(out, ',');
        buf_add_json(out, l->filtered->hidden[i].rule);
        buf_addf(out, ":%llu", (unsigned long long)l->filtered->hidden[i].n);
    }
    buf_addc(out, '}');
}
