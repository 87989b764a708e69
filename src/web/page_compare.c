/* page_compare.c: two filters on today's pool: what the one shows and the other does not, and by which rule.
 */
#include "templates.gen.h"
#include "web/filter.h"
#include "web/pages.h"

#include <stdlib.h>

#define LOOKED_AT 500 /* that each shows, from the top */
#define SHOWN 100     /* of a side */

struct side {
    struct looking f;
    struct filter_result result;
    bool blind;
    /* What the other hides of it: */
    struct news_item *items;
    struct scored *others;
    size_t n;
};

static int look(struct request *r, struct str key, struct side *s, struct err *err)
{
    struct filter_page page = {.limit = LOOKED_AT};
    int code = web__look_through(r, PAGE_HTML, key, &s->f, err);
    if (!code && !(s->blind = web__look_is_blind(&s->f)))
        code = web__filter_run(r, &s->f, &page, &s->result, err);
    return code;
}

static int by_subject(const void *a, const void *b)
{
    const struct scored *x = a, *y = b;
    return (x->subject > y->subject) - (x->subject < y->subject);
}

/* Those of mine's first that are not among the other's first, asked of the other one by one. */
static int subtract(
    struct request *r, struct side *mine, const struct side *other, size_t *both, struct err *err)
{
    struct arena *arena = request_arena(r);
    struct scored *theirs = ARENA_ARRAY(arena, struct scored, other->result.n + 1);
    struct filter_result rest = {.items = ARENA_ARRAY(arena, struct scored, mine->result.n + 1)};
    struct news_item *items;
    struct scored *ours;
    size_t n;
    if (!theirs || !rest.items)
        return err_set(err, ERR_MEMORY, "the list does not fit");
    if (other->result.n)
        memcpy(theirs, other->result.items, other->result.n * sizeof *theirs);
    qsort(theirs, other->result.n, sizeof *theirs, by_subject);
    *both = 0;
    for (size_t i = 0; i < mine->result.n; i++)
        if (bsearch(&mine->result.items[i], theirs, other->result.n, sizeof *theirs, by_subject))
            ++*both;
        else
            rest.items[rest.n++] = mine->result.items[i];
    int code = web__filter_items(r, &rest, &items, &ours, &n, err);
    struct scored *judged = ARENA_ARRAY(arena, struct scored, n + 1);
    if (code || !judged)
        return code ? code : err_set(err, ERR_MEMORY, "the list does not fit");
    if (other->blind)
        for (size_t i = 0; i < n; i++)
            judged[i] = (struct scored){.rule = RULE_SUPPORT, .rule_name = STR("support")};
    else if (n)
        code = web__filter_judge(r, &other->f, items, n, judged, NULL, err);
    if (code)
        return code;
    mine->items = ARENA_ARRAY(arena, struct news_item, n + 1);
    mine->others = ARENA_ARRAY(arena, struct scored, n + 1);
    for (size_t i = 0; mine->items && mine->others && i < n; i++)
        if (judged[i].rule == RULE_NONE) { /* it stands further down there */
            ++*both;
        } else {
            mine->items[mine->n] = items[i];
            mine->others[mine->n++] = judged[i];
        }
    return 0;
}

static void side_view(struct request *r, struct view *v, const struct side *mine, const struct side *other)
{
    struct arena *arena = request_arena(r);
    struct view *side = view_item(v, "sides");
    view_str(side, "name", mine->f.name);
    view_str(side, "link", mine->f.link);
    view_int(side, "passed", (int64_t)mine->result.passed);
    view_bool(side, "blind", mine->blind);
    view_bool(side, "has_items", mine->n > 0);
    view_int(side, "more", mine->n > SHOWN ? (int64_t)(mine->n - SHOWN) : 0);
    for (size_t i = 0; i < mine->n && i < SHOWN; i++) {
        struct view *item = view_item(side, "items");
        web__item_view(r, item, &mine->items[i]);
        view_str(item, "rule", web__rule_words(r, &other->f, mine->others[i].rule_name));
        view_str(item, "why_link",
            arena_printf(arena, "/r/%s/why?%.*s", mine->items[i].code,
                STR_ARG(web__page_link(arena, "filter=", other->f.key, ""))));
    }
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
    size_t both[2] = {0};
    int code = 0;
    for (unsigned i = 0; asked && !code && i < 2; i++)
        code = look(r, keys[i], &sides[i], &err);
    for (unsigned i = 0; asked && !code && i < 2; i++)
        code = subtract(r, &sides[i], &sides[!i], &both[i], &err);
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
    if (asked) {
        view_int(v, "both", (int64_t)(both[0] > both[1] ? both[0] : both[1]));
        view_int(v, "most", LOOKED_AT);
        side_view(r, v, &sides[0], &sides[1]);
        side_view(r, v, &sides[1], &sides[0]);
    }
    view_bool(v, "noindex", asked);
    answer_page(r, 200, &template_compare, v, locale_message(request_locale(r), M("Compare two filters")));
}

/* method, path, handler, permission, csrf, class, caching, max_body, help */
const struct route page_compare_routes[] = {
    {"GET", "/filters/compare", compare, ANYONE, CSRF_NONE, POOL, CACHE_PUBLIC, 0,
        "what one filter shows and another hides: ?a=&b="},
    {NULL},
};
