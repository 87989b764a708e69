/* page_hidden.c: what a filter hides of the pool just now, rule by rule, with a way to peek: titles stand
 * behind a fold, each with the account of why. */
#include "templates.gen.h"
#include "web/filter.h"
#include "web/pages.h"

static struct str rule_link(struct request *r, struct str query, struct str rule)
{
    struct arena *arena = request_arena(r);
    struct str piece = web__page_link(arena, "rule=", rule, "");
    return arena_printf(arena, "/hidden?%.*s%s%.*s", STR_ARG(query), query.n ? "&" : "", STR_ARG(piece));
}

/* The address's own narrowing and filter, as they go into links. */
static struct str query_of(struct request *r, const struct looking *f, const struct filter_page *page)
{
    struct arena *arena = request_arena(r);
    struct str narrow = page->language.n ? web__page_link(arena, "lang=", page->language, "")
                        : page->topic.n  ? web__page_link(arena, "tag=", page->topic, "")
                                         : STR("");
    struct str filter = web__look_query(r, f);
    return arena_printf(
        arena, "%.*s%s%.*s", STR_ARG(filter), filter.n && narrow.n ? "&" : "", STR_ARG(narrow));
}

static void rules_view(struct request *r, struct view *v, const struct looking *f,
    const struct filter_result *result, struct str query)
{
    uint64_t hidden = 0;
    for (size_t i = 0; i < result->hidden_count; i++) {
        if (!result->hidden[i].n)
            continue;
        struct view *item = view_item(v, "rules");
        view_str(item, "words", web__rule_words(r, f, result->hidden[i].rule));
        view_str(item, "link", rule_link(r, query, result->hidden[i].rule));
        view_int(item, "count", (int64_t)result->hidden[i].n);
        hidden += result->hidden[i].n;
    }
    view_int(v, "hidden", (int64_t)hidden);
    view_int(v, "passed", (int64_t)result->passed);
    view_bool(v, "has_rules", hidden > 0);
}

static void items_view(struct request *r, struct view *v, const struct looking *f, const struct listing *l)
{
    struct arena *arena = request_arena(r);
    for (size_t i = 0; i < l->n; i++) {
        struct view *item = view_item(v, "items");
        web__item_view(r, item, &l->items[i]);
        view_str(item, "why_link",
            arena_printf(arena, "/r/%s/why?%.*s", l->items[i].code,
                STR_ARG(web__page_link(arena, "filter=", f->key, ""))));
    }
    view_bool(v, "has_items", l->n > 0);
}

static void answer_list_json(struct request *r, const struct listing *l, struct str rule)
{
    struct buf out _cleanup_buf_ = BUF_INIT;
    buf_addc(&out, '{');
    web__json_str(&out, "rule", rule);
    web__filter_json(r, l, &out);
    buf_addz(&out, ",\"items\":[");
    for (size_t i = 0; i < l->n; i++) {
        buf_addz(&out, i ? ",{" : "{");
        web__item_json(r, &l->items[i], &out);
        buf_addc(&out, '}');
    }
    buf_addz(&out, "]}\n");
    answer_json(r, 200, &out);
}

static void hidden(struct request *r)
{
    struct arena *arena = request_arena(r);
    struct looking f;
    struct str name, rule = request_query(r, "rule");
    enum page_form form = web__page_form(r, NULL, &name);
    struct filter_page page = {.language = request_query(r, "lang"), .topic = request_query(r, "tag")};
    struct listing l = {.path = STR("/hidden")};
    if (!web__look(r, form, &f))
        return;
    if (rule.n > 200)
        rule.n = 0;
    page.hidden_rule = rule.n ? rule : (struct str){"", 0};
    page.limit = rule.n ? PAGE_ITEMS : 1;
    if (!web__filtered_load(r, form, &f, &page, &l))
        return;
    if (form == PAGE_JSON) {
        if (!rule.n)
            l.n = 0;
        answer_list_json(r, &l, page.hidden_rule);
        return;
    }
    struct view *v = view_create(arena);
    struct str query = query_of(r, &f, &page);
    web__choices_view(r, v, &f, l.path, STR(""));
    web__filter_line_view(r, v, &f);
    rules_view(r, v, &f, l.filtered, query);
    if (web__look_is_blind(&f))
        web__nothing_view(r, v, &f, l.filtered, &page);
    if (rule.n) {
        struct str here = rule_link(r, query, rule);
        items_view(r, v, &f, &l);
        view_str(v, "rule", web__rule_words(r, &f, rule));
        view_str(v, "all_link", arena_printf(arena, "/hidden%s%.*s", query.n ? "?" : "", STR_ARG(query)));
        view_bool(v, "has_more", l.older.n || l.earlier.n);
        if (l.older.n)
            view_str(v, "older", arena_printf(arena, "%.*s&%.*s", STR_ARG(here), STR_ARG(l.older)));
        if (l.earlier.n)
            view_str(v, "earlier", arena_printf(arena, "%.*s&%.*s", STR_ARG(here), STR_ARG(l.earlier)));
    }
    bool bounded = f.recipe.window > 0;
    view_bool(v, "bounded", bounded);
    view_int(v, "window_days", (f.recipe.window + 23) / 24);
    view_bool(v, "noindex", true);
    view_str(v, "json",
        arena_printf(arena, "/hidden.json?%.*s", STR_ARG(web__page_link(arena, "filter=", f.key, ""))));
    answer_page(r, 200, &template_hidden, v, locale_message(request_locale(r), M("What is hidden")));
}

/* method, path, handler, permission, csrf, class, caching, max_body, help */
const struct route page_hidden_routes[] = {
    {"GET", "/hidden", hidden, ANYONE, CSRF_NONE, POOL, CACHE_PUBLIC, 0,
        "what a filter hides, by rule: ?filter=&rule=&lang=&tag="},
    {"GET", "/hidden.json", hidden, ANYONE, CSRF_NONE, POOL, CACHE_PUBLIC, 0, "the same as JSON"},
    {NULL},
};
