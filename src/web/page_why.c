/* page_why.c: the full account of one article under a filter: who rated it how, what each counts for and by
 * which way, the sums, and the rule it passed or failed. */
#include "templates.gen.h"
#include "web/filter.h"
#include "web/pages.h"

#include <stdlib.h>

#define MOST_SHOWN 200 /* raters on one page; the sums are of all */

/* One dimension's sums over the raters that count. */
struct sums {
    struct str dimension;
    const struct recipe_dimension *rule; /* NULL: the filter does not go by it */
    double rated, weights;               /* Σ w·v, Σ w, in whole raters */
    uint32_t raters;
};

static struct sums *sums_of(
    struct request *r, const struct recipe *recipe, const struct why *whys, size_t n, size_t *count)
{
    struct arena *arena = request_arena(r);
    struct sums *all = ARENA_ARRAY(arena, struct sums, recipe->dimension_count + n + 1);
    *count = 0;
    if (!all)
        return NULL;
    for (size_t i = 0; i < recipe->dimension_count; i++)
        all[(*count)++] = (struct sums){
            .dimension = recipe->dimensions[i].name, .rule = &recipe->dimensions[i]};
    for (size_t i = 0; i < n; i++) {
        size_t k = 0;
        while (k < *count && !str_eq(all[k].dimension, whys[i].dimension))
            k++;
        if (k == *count) {
            if (*count > recipe->dimension_count + 20)
                continue;
            all[(*count)++] = (struct sums){.dimension = whys[i].dimension};
        }
        if (whys[i].behind)
            continue;
        double w = (double)whys[i].weight / (double)WEIGHT_ONE;
        all[k].rated += w * (2 * (double)whys[i].value - RATING_SCALE) / RATING_SCALE;
        all[k].weights += w;
        all[k].raters++;
    }
    return all;
}

static void sums_view(
    struct request *r, struct view *v, const struct recipe *recipe, const struct why *whys, size_t n)
{
    size_t count;
    const struct sums *all = sums_of(r, recipe, whys, n, &count);
    for (size_t i = 0; all && i < count; i++) {
        struct view *row = view_item(v, "sums");
        double mean = all[i].rated / (1 + all[i].weights);
        double counts = all[i].rule ? all[i].rule->coefficient : 0;
        view_str(row, "dimension", web__dimension_name(r, all[i].dimension));
        view_int(row, "raters", all[i].raters);
        view_str(row, "rated", web__decimal(r, all[i].rated, 3));
        view_str(row, "weights", web__decimal(r, all[i].weights, 3));
        view_str(row, "mean", web__decimal(r, mean, 3));
        view_str(row, "coefficient", web__decimal(r, counts, 3));
        view_str(row, "part", web__decimal(r, counts * mean, 3));
    }
    view_bool(v, "has_sums", all && count > 0);
}

/* "Ana → Ben": from whom the reader trusts to the rater. */
static struct str path_of(struct request *r, const struct looking *f, const struct why *why)
{
    struct buf out _cleanup_buf_ = BUF_INIT;
    bool rtl = locale_rtl(request_locale(r));
    for (unsigned i = 0; i + 1 < why->path_length && i < 4; i++)
        buf_addf(&out, "%s\u2068%.*s\u2069", i ? (rtl ? " ← " : " → ") : "",
            STR_ARG(web__rater_name(r, &f->trust, &why->path[i])));
    return arena_str(request_arena(r), buf_str(&out));
}

static struct view *rater_view(
    struct request *r, struct view *v, const struct looking *f, const struct why *why)
{
    struct arena *arena = request_arena(r);
    struct view *item = view_item(v, "raters");
    view_str(item, "name", web__rater_name(r, &f->trust, &why->rater));
    view_str(item, "link",
        request_account(r) ? arena_printf(arena, "/trust/of/%.*s", STR_ARG(web__npub(arena, &why->rater)))
                           : web__author_link(arena, &why->rater, ""));
    view_str(item, "weight", web__weight(r, why->weight));
    view_bool(item, "direct", why->path_length == 1 && f->recipe.sources == SOURCES_TRUSTED);
    view_str(item, "through", path_of(r, f, why));
    return item;
}

static void marks_view(
    struct request *r, struct view *v, const struct looking *f, const struct why *whys, size_t n)
{
    struct view *rater = NULL;
    size_t raters = 0;
    for (size_t i = 0; i < n; i++) {
        if (!i || !pubkey_eq(&whys[i].rater, &whys[i - 1].rater)) {
            if (raters == MOST_SHOWN)
                break;
            rater = rater_view(r, v, f, &whys[i]);
            raters++;
        }
        struct view *mark = view_item(rater, "marks");
        view_str(mark, "dimension", web__dimension_name(r, whys[i].dimension));
        view_str(mark, "word", web__dimension_word(r, whys[i].dimension, whys[i].value * 2 >= RATING_SCALE));
        view_str(mark, "value", web__decimal(r, (double)whys[i].value / RATING_SCALE, 2));
        view_str(mark, "reason", web__line(request_arena(r), whys[i].reason, 400));
        view_bool(mark, "behind", whys[i].behind);
    }
    view_bool(v, "has_raters", raters > 0);
}

/* One rater's ratings together, the heaviest rater first, as the engine gives them; for the same weight by
 * key. */
static int by_weight_and_rater(const void *a, const void *b)
{
    const struct why *x = a, *y = b;
    if (x->weight != y->weight)
        return x->weight < y->weight ? 1 : -1;
    int order = memcmp(x->rater.b, y->rater.b, sizeof x->rater.b);
    return order ? order : str_cmp(x->dimension, y->dimension);
}

/* What support it needs: the recipe's, or min(1.6, half of the weights given directly). */
static double support_needed(const struct looking *f)
{
    const struct recipe *recipe = &f->recipe;
    const struct trust_entry *seeds = recipe->sources == SOURCES_LIST ? recipe->list : f->trust.own;
    size_t n = recipe->sources == SOURCES_LIST ? recipe->list_count : f->trust.n;
    double sum = 0;
    if (recipe->has_support)
        return recipe->support;
    for (size_t i = 0; i < n; i++)
        sum += (double)seeds[i].weight / (double)WEIGHT_ONE;
    return sum / 2 < 1.6 ? sum / 2 : 1.6;
}

static void verdict_view(
    struct request *r, struct view *v, const struct looking *f, const struct scored *scored)
{
    view_bool(v, "shown", scored->rule == RULE_NONE);
    view_str(v, "rule", web__rule_words(r, f, scored->rule_name));
    view_str(v, "support", web__weight(r, scored->support));
    view_str(v, "needed", web__decimal(r, support_needed(f), 2));
    view_str(v, "score", web__decimal(r, scored->score, 3));
    view_bool(v, "has_dimensions", f->recipe.dimension_count > 0);
    if (f->recipe.has_quality)
        view_str(v, "quality", web__decimal(r, f->recipe.quality, 3));
}

static void why_page(struct request *r)
{
    struct arena *arena = request_arena(r);
    struct err err = {0};
    struct page_article a;
    struct looking f;
    struct scored scored = {0};
    struct why *whys = NULL;
    size_t n = 0;
    if (!web__article_load(r, request_param(r, "code"), &a) || !web__look(r, PAGE_HTML, &f))
        return;
    struct view *v = view_create(arena);
    bool blind = web__look_is_blind(&f);
    if (!blind &&
        web__filter_explain(r, &f, web__coordinate(arena, &a.item.address), &scored, &whys, &n, &err) != 0) {
        answer_error(r, &err);
        return;
    }
    web__item_view(r, v, &a.item);
    web__choices_view(r, v, &f, web__article_link(arena, a.item.code, "/why"), STR(""));
    web__filter_line_view(r, v, &f);
    if (blind) {
        web__nothing_view(r, v, &f, &(struct filter_result){0}, &(struct filter_page){0});
    } else {
        struct why *sorted = ARENA_ARRAY(arena, struct why, n + 1);
        for (size_t i = 0; sorted && i < n; i++)
            sorted[i] = whys[i];
        if (sorted)
            qsort(whys = sorted, n, sizeof *sorted, by_weight_and_rater);
        verdict_view(r, v, &f, &scored);
        sums_view(r, v, &f.recipe, whys, n);
        marks_view(r, v, &f, whys, n);
        web__recipe_view(r, v, &f.recipe);
    }
    view_bool(v, "blind", blind);
    view_str(v, "ratings_link", web__article_link(arena, a.item.code, "/ratings"));
    view_bool(v, "noindex", true);
    answer_page(r, 200, &template_why, v, locale_message(request_locale(r), M("Why this article")));
}

/* method, path, handler, permission, csrf, class, caching, max_body, help */
const struct route page_why_routes[] = {
    {"GET", "/r/{code}/why", why_page, ANYONE, CSRF_NONE, POOL, CACHE_PUBLIC, 0,
        "why a filter shows or hides an article: ?filter=; raters, weights, ways, sums"},
    {NULL},
};
