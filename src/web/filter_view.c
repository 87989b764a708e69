/* filter_view.c: what stands around a filtered list: the row of choices, why it shows what it shows, what it
 * hid, and what to do where it shows nothing. */
#include "web/filter.h"

#include <stdlib.h>

#define MOST_CHOICES 16

/* ---- the row of choices */

struct choices {
    struct request *r;
    const struct looking *f;
    const char *first_like; /* the ready-made one that the first filter is, or NULL */
    struct filter_choice *out;
    size_t n;
    bool current; /* the one in use is among them */
};

static void choice(struct choices *c, struct str name, struct str key, bool first, bool current)
{
    if (c->n >= MOST_CHOICES && (!current || c->n > MOST_CHOICES))
        return;
    c->out[c->n++] = (struct filter_choice){key, name, first, current};
    c->current |= current;
}

static void add_ready_made(struct choices *c)
{
    const struct looking *f = c->f;
    for (const char *const *at = recipe_ready_made_names(); *at; at++) {
        struct str name = str_of(*at);
        bool first = str_eq(name, f->first_key) || (c->first_like && !strcmp(c->first_like, *at));
        bool current = str_eq(name, f->key) || (first && f->first);
        choice(c, locale_message(request_locale(c->r), web__ready_made_title(*at)), name, first, current);
    }
}

static void add_thing(struct choices *c, const struct filter_thing *thing)
{
    struct arena *arena = request_arena(c->r);
    struct str key = web__filter_key(arena, thing), name = web__line(arena, thing->name, 40);
    bool first = str_eq(key, c->f->first_key);
    if (first && c->first_like)
        return; /* stands there under its ready-made name */
    for (size_t i = 0; i < c->n; i++)
        if (str_eq(c->out[i].key, key))
            return;
    choice(c, name.n ? name : locale_message(request_locale(c->r), M("A filter without a name")), key, first,
        str_eq(key, c->f->key));
}

static void add_own(struct choices *c)
{
    struct request *r = c->r;
    struct arena *arena = request_arena(r);
    struct private_filter *kept;
    struct filter_thing *own;
    struct str *subscribed;
    size_t n;
    if (web__private_filter_list(r, &kept, &n, NULL) == 0)
        for (size_t i = 0; i < n; i++) {
            struct str key = arena_printf(arena, PRIVATE_FILTER_BEGIN "%.*s", STR_ARG(kept[i].id));
            choice(c, web__line(arena, kept[i].name, 40), key, str_eq(key, c->f->first_key),
                str_eq(key, c->f->key));
        }
    if (web__filters_by(r, &request_account(r)->key, 1, 20, INT64_MAX, &own, &n, NULL) == 0)
        for (size_t i = 0; i < n; i++)
            add_thing(c, &own[i]);
    if (web__subscriptions(r, &subscribed, &n, NULL) == 0)
        for (size_t i = 0; i < n; i++) {
            struct filter_thing thing;
            if (filter_find(request_read(r), arena, subscribed[i], NULL, &thing, NULL) == 0)
                add_thing(c, &thing);
        }
}

void web__choices(struct request *r, const struct looking *f, struct filter_choice **out, size_t *n)
{
    struct choices c = {
        .r = r, .f = f, .out = ARENA_ARRAY(request_arena(r), struct filter_choice, MOST_CHOICES + 1)};
    struct filter_thing first;
    *n = 0;
    *out = c.out;
    if (!c.out)
        return;
    bool knows_first = filter_find(request_read(r), request_arena(r), f->first_key, NULL, &first, NULL) == 0;
    if (knows_first && !first.ready_made && !f->chose_first)
        c.first_like = web__ready_made_like(&first.recipe);
    add_ready_made(&c);
    if (knows_first && !first.ready_made)
        add_thing(&c, &first);
    if (request_account(r))
        add_own(&c);
    if (!c.current) /* somebody else's that is being looked through just now */
        choice(&c, f->name, f->key, f->first, true);
    *n = c.n;
}

void web__choices_view(
    struct request *r, struct view *v, const struct looking *f, struct str path, struct str query)
{
    struct arena *arena = request_arena(r);
    struct filter_choice *all;
    size_t n;
    web__choices(r, f, &all, &n);
    view_bool(v, "has_choices", n > 0);
    for (size_t i = 0; i < n; i++) {
        struct view *item = view_item(v, "choices");
        struct str filter = all[i].first ? STR("") : web__page_link(arena, "filter=", all[i].key, "");
        view_str(item, "name", all[i].name);
        view_str(item, "link",
            arena_printf(arena, "%.*s%s%.*s%s%.*s", STR_ARG(path), query.n || filter.n ? "?" : "",
                STR_ARG(query), query.n && filter.n ? "&" : "", STR_ARG(filter)));
        view_bool(item, "current", all[i].current);
    }
}

/* ---- a recipe without one of its rules */

/* Rules by their name up to a colon; what taking each away is called; how it is done. */
enum relaxed {
    RELAX_WINDOW,
    RELAX_SUPPORT,
    RELAX_QUALITY,
    RELAX_BOUNDS,
    RELAX_LANGUAGES,
    RELAX_TAGS,
    RELAX_WITHOUT_TAGS,
    RELAX_WITHOUT_AUTHORS
};
static const struct {
    const char *rule, *without;
    enum relaxed what;
} relaxations[] = {
    {"window", M("however old they are"), RELAX_WINDOW},
    {"support", M("however few have rated them"), RELAX_SUPPORT},
    {"quality", M("however low they are rated in all"), RELAX_QUALITY},
    {"floor", M("without the least that one dimension must have"), RELAX_BOUNDS},
    {"ceiling", M("without the most that one dimension may have"), RELAX_BOUNDS},
    {"languages", M("in all languages"), RELAX_LANGUAGES},
    {"tags", M("on all topics"), RELAX_TAGS},
    {"without_tags", M("with the topics that it leaves out"), RELAX_WITHOUT_TAGS},
    {"without_authors", M("with the authors whom it leaves out"), RELAX_WITHOUT_AUTHORS},
};

void web__recipe_relax(struct arena *arena, struct recipe *recipe, struct str rule)
{
    struct str name = {"", 0}, rest = rule;
    str_cut(&rest, ':', &name);
    for (size_t i = 0; i < sizeof relaxations / sizeof *relaxations; i++) {
        if (!str_eqz(name, relaxations[i].rule))
            continue;
        switch (relaxations[i].what) {
        case RELAX_WINDOW:
            recipe->window = 0;
            return;
        case RELAX_SUPPORT:
            recipe->has_support = true;
            recipe->support = 0;
            return;
        case RELAX_QUALITY:
            recipe->has_quality = false;
            recipe->quality = 0;
            return;
        case RELAX_BOUNDS: {
            struct recipe_dimension *copy = ARENA_ARRAY(
                arena, struct recipe_dimension, recipe->dimension_count);
            for (size_t k = 0; copy && k < recipe->dimension_count; k++) {
                copy[k] = recipe->dimensions[k];
                copy[k].has_floor = copy[k].has_ceiling = false;
            }
            if (copy)
                recipe->dimensions = copy;
            return;
        }
        case RELAX_LANGUAGES:
            recipe->language_count = 0;
            return;
        case RELAX_TAGS:
            recipe->tag_count = 0;
            return;
        case RELAX_WITHOUT_TAGS:
            recipe->without_tag_count = 0;
            return;
        case RELAX_WITHOUT_AUTHORS:
            recipe->without_author_count = 0;
            return;
        }
    }
}

static const char *relaxed_words(struct str rule)
{
    struct str name = {"", 0}, rest = rule;
    str_cut(&rest, ':', &name);
    for (size_t i = 0; i < sizeof relaxations / sizeof *relaxations; i++)
        if (str_eqz(name, relaxations[i].rule))
            return relaxations[i].without;
    return NULL;
}

/* ---- over the list */

void web__looking_view(struct request *r, struct view *v, const struct looking *f,
    const struct filter_result *result, struct str narrow)
{
    struct arena *arena = request_arena(r);
    uint64_t hidden = 0;
    for (size_t i = 0; i < result->hidden_count; i++)
        hidden += result->hidden[i].n;
    view_bool(v, "filtered", true);
    view_int(v, "hidden", (int64_t)hidden);
    view_int(v, "passed", (int64_t)result->passed);
    struct str filter = web__page_link(arena, "filter=", f->key, "");
    view_str(v, "hidden_link",
        arena_printf(arena, "/hidden?%.*s%s%.*s", STR_ARG(filter), narrow.n ? "&" : "", STR_ARG(narrow)));
    bool by_trust = f->recipe.sources == SOURCES_TRUSTED && f->reader && !web__look_is_blind(f);
    view_bool(v, "few_decide", by_trust && result->full_seeds < 4 * WEIGHT_ONE);
    view_bool(v, "through_author", f->through_author);
}

/* What the row of choices cannot say: which filter it is, whose, and that one may keep it. */
void web__filter_line_view(struct request *r, struct view *v, const struct looking *f)
{
    const struct locale *locale = request_locale(r);
    view_str(v, "filter_name", f->name);
    view_str(v, "filter_link", f->link);
    view_bool(v, "filter_of_node", f->of_node && !f->thing.ready_made);
    view_bool(v, "may_be_first", request_account(r) && f->asked && !f->first);
    view_str(v, "filter_key", f->key);
    const char *without = f->without.n ? relaxed_words(f->without) : NULL;
    if (without)
        view_str(v, "without_words", locale_message(locale, without));
    if (f->notice)
        view_str(v, "filter_notice", locale_message(locale, f->notice));
}

/* ---- where it shows nothing */

/* The same recipe without one of its rules: what it would show. */
static bool would_show(struct request *r, const struct looking *f, const struct recipe *recipe,
    const struct filter_page *page, uint64_t *passed)
{
    struct looking without = *f;
    struct filter_result result;
    struct filter_page one = {.limit = 1, .language = page->language, .topic = page->topic};
    without.recipe = *recipe;
    if (web__filter_run(r, &without, &one, &result, NULL) != 0)
        return false;
    *passed = result.passed;
    return result.passed > 0;
}

static int most_first(const void *a, const void *b)
{
    const struct hidden_count *x = a, *y = b;
    return x->n != y->n ? (x->n < y->n ? 1 : -1) : str_cmp(x->rule, y->rule);
}

/* The same filter without the rule that hides most and by whose absence something is shown. */
static bool offer_nearest(struct request *r, struct view *v, const struct looking *f,
    const struct filter_result *result, const struct filter_page *page)
{
    struct arena *arena = request_arena(r);
    size_t n = result->hidden_count;
    struct hidden_count *rules = ARENA_ARRAY(arena, struct hidden_count, n + 1);
    if (!rules)
        return false;
    memcpy(rules, result->hidden, n * sizeof *rules);
    qsort(rules, n, sizeof *rules, most_first);
    for (size_t i = 0; i < n && i < 4; i++) {
        struct recipe recipe = f->recipe;
        const char *words = relaxed_words(rules[i].rule);
        uint64_t passed = 0;
        if (!words)
            continue;
        web__recipe_relax(arena, &recipe, rules[i].rule);
        if (!would_show(r, f, &recipe, page, &passed))
            continue;
        view_bool(v, "has_nearest", true);
        view_str(v, "nearest_words", locale_message(request_locale(r), words));
        view_int(v, "nearest_passed", (int64_t)passed);
        struct str key = web__page_link(arena, "/?filter=", f->key, "&without=");
        view_str(v, "nearest_link",
            arena_printf(
                arena, "%.*s%.*s", STR_ARG(key), STR_ARG(web__page_link(arena, "", rules[i].rule, ""))));
        return true;
    }
    return false;
}

void web__nothing_view(struct request *r, struct view *v, const struct looking *f,
    const struct filter_result *result, const struct filter_page *page)
{
    bool begin = web__look_is_blind(f) || (f->through_author && !result->full_seeds);
    view_bool(v, "has_nothing", true);
    view_bool(v, "begin", begin);
    view_bool(v, "stranger", !request_account(r));
    view_bool(v, "hides_all", !begin && result->hidden_count > 0);
    if (begin || !result->hidden_count)
        return;
    const char *name = NULL;
    if (offer_nearest(r, v, f, result, page) || web__filter_nearest(r, f, &name, NULL) != 0 || !name)
        return;
    view_bool(v, "has_nearest", true);
    view_str(v, "nearest_words", STR(""));
    view_str(v, "nearest_name", locale_message(request_locale(r), web__ready_made_title(name)));
    view_str(v, "nearest_link", arena_printf(request_arena(r), "/?filter=%s", name));
}
