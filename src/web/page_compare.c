/* page_compare.c: two filters on today's pool: what the one shows and the other does not, and by which rule.
 */
#include "templates.gen.h"
#include "web/filter.h"
#include "web/pages.h"

#define SHOWN 100 /* of a side */

struct side {
    struct looking f;
    struct filter_run run;
};

static void side_view(struct request *r, struct view *v, const struct side *mine, const struct side *other,
    const struct news_item *items, const struct scored *hidden, size_t n, uint64_t only, uint64_t both)
{
    struct arena *arena = request_arena(r);
    struct view *side = view_item(v, "sides");
    view_str(side, "name", mine->f.name);
    view_str(side, "link", mine->f.link);
    view_int(side, "passed", (int64_t)(only + both));
    view_bool(side, "blind", web__look_is_blind(&mine->f));
    view_bool(side, "has_items", n > 0);
    view_int(side, "more", only > n ? (int64_t)(only - n) : 0);
    for (size_t i = 0; i < n; i++) {
        struct view *item = view_item(side, "items");
        web__item_view(r, item, &items[i]);
        view_str(item, "rule", web__rule_words(r, &other->f, hidden[i].rule_name));
        view_str(item, "why_link",
            arena_printf(arena, "/r/%s/why?%.*s", items[i].code,
                STR_ARG(web__page_link(arena, "filter=", other->f.key, ""))));
    }
}

/* One column: what the one shows and the other does not. */
static int add_side(struct request *r, struct view *v, const struct side *mine, const struct side *other,
    struct scored *only, size_t listed, uint64_t n, uint64_t both, struct err *err)
{
    struct filter_result listed_only = {.items = only, .n = listed};
    struct news_item *items;
    struct scored *hidden;
    size_t count;
    int code = web__filter_items(r, &listed_only, &items, &hidden, &count, err);
    if (!code)
        side_view(r, v, mine, other, items, hidden, count, n, both);
    return code;
}

static int compare_two(struct request *r, struct view *v, struct side sides[2], struct err *err)
{
    struct filter_difference d;
    for (unsigned i = 0; i < 2; i++) {
        web__run_of(r, &sides[i].f, &sides[i].run);
        sides[i].run.limit = SHOWN;
    }
    int code = web__filter_compare(r, &sides[0].run, &sides[1].run, &d, err);
    if (code)
        return code;
    view_int(v, "both", (int64_t)d.both);
    code = add_side(r, v, &sides[0], &sides[1], d.only_first, d.first_listed, d.first, d.both, err);
    return code ? code
                : add_side(r, v, &sides[1], &sides[0], d.only_second, d.second_listed, d.second, d.both, err);
}

static void choices_view(struct request *r, struct view *v, const char *list, const struct looking *mine,
    const struct side *chosen, struct str key)
{
    struct filter_choice *all;
    size_t n;
    bool there = false;
    web__choices(r, mine, &all, &n);
    for (size_t i = 0; i < n; i++) {
        struct view *item = view_item(v, list);
        bool selected = str_eq(all[i].key, key);
        view_str(item, "key", all[i].key);
        view_str(item, "name", all[i].name);
        view_bool(item, "selected", selected);
        there |= selected;
    }
    if (!there && chosen) {
        struct view *item = view_item(v, list);
        view_str(item, "key", chosen->f.key);
        view_str(item, "name", chosen->f.name);
        view_bool(item, "selected", true);
    }
}

static void compare(struct request *r)
{
    struct err err = {0};
    struct looking mine;
    struct side sides[2] = {0};
    struct str keys[2] = {request_query(r, "a"), request_query(r, "b")};
    if (!web__look(r, PAGE_HTML, &mine))
        return;
    struct view *v = view_create(request_arena(r));
    bool asked = keys[0].n && keys[1].n;
    int code = 0;
    for (unsigned i = 0; asked && !code && i < 2; i++)
        code = web__look_through(r, PAGE_HTML, keys[i], &sides[i].f, &err);
    if (asked && !code)
        code = compare_two(r, v, sides, &err);
    if (code) {
        answer_error(r, &err);
        return;
    }
    choices_view(r, v, "choices_a", &mine, asked ? &sides[0] : NULL,
        asked       ? sides[0].f.key
        : keys[0].n ? keys[0]
                    : mine.key);
    choices_view(r, v, "choices_b", &mine, asked ? &sides[1] : NULL, asked ? sides[1].f.key : keys[1]);
    view_bool(v, "compared", asked);
    view_bool(v, "noindex", asked);
    answer_page(r, 200, &template_compare, v, locale_message(request_locale(r), M("Compare two filters")));
}

/* method, path, handler, permission, csrf, class, caching, max_body, help */
const struct route page_compare_routes[] = {
    {"GET", "/filters/compare", compare, ANYONE, CSRF_NONE, POOL, CACHE_PUBLIC, 0,
        "what one filter shows and another hides: ?a=&b="},
    {NULL},
};
