/* rating_view.c: how a thing was rated, made fit to be shown: by whom that the reader trusts and by which
 * way, by everyone in counts, and by the reader. Never one anonymous number. */
#include "web/rate.h"

#include "base/hex.h"
#include "templates.gen.h"

#include <stdlib.h>

#define SHOWN_IN_PANEL 4

/* ---- whom the reader trusts */

int web__trust_load(struct request *r, struct reader_trust *out, struct err *err)
{
    const struct account *account = request_account(r);
    *out = (struct reader_trust){0};
    if (!account)
        return 0;
    int code = trust_own(
        request_read(r), request_arena(r), &account->key, &out->own, &out->n, &out->is_private, err);
    return code ? code
                : trust_widen(request_read(r), request_arena(r), &account->key, out->own, out->n, 3,
                      &out->weights, err);
}

const struct trust_entry *web__trust_entry(const struct reader_trust *t, const struct pubkey *key)
{
    for (size_t low = 0, high = t->n; low < high;) {
        size_t middle = low + (high - low) / 2;
        int order = memcmp(key, &t->own[middle].key, sizeof *key);
        if (!order)
            return &t->own[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

const struct trusted *web__trust_find(const struct reader_trust *t, const struct pubkey *key)
{
    for (size_t low = 0, high = t->weights.n; low < high;) {
        size_t middle = low + (high - low) / 2;
        int order = memcmp(key, &t->weights.raters[middle].key, sizeof *key);
        if (!order)
            return &t->weights.raters[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

struct str web__rater_name(struct request *r, const struct reader_trust *t, const struct pubkey *key)
{
    struct profile profile = {0};
    const struct trust_entry *own = web__trust_entry(t, key);
    struct str petname = own ? web__line(request_arena(r), own->petname, 80) : (struct str){"", 0};
    if (petname.n)
        return petname;
    if (news_profile(request_read(r), request_arena(r), key, &profile, NULL) != 0)
        profile = (struct profile){0};
    return web__author_name(r, profile.display_name.n ? profile.display_name : profile.name, key);
}

/* The names on the way from the reader to the rater, without either: "Ana, Berta". */
static struct str way_to(struct request *r, const struct reader_trust *t, const struct trusted *rater)
{
    struct buf out _cleanup_buf_ = BUF_INIT;
    for (unsigned i = 0; i + 1 < rater->path_length; i++) {
        struct str name = web__rater_name(r, t, &t->weights.raters[rater->path[i]].key);
        /* What strangers call themselves must not turn the list round. */
        buf_addf(&out, "%s\xe2\x81\xa8%.*s\xe2\x81\xa9", i ? " → " : "", STR_ARG(name));
    }
    return arena_str(request_arena(r), buf_str(&out));
}

void web__rater_view(
    struct request *r, struct view *v, const struct reader_trust *t, const struct pubkey *key)
{
    struct arena *arena = request_arena(r);
    const struct trusted *rater = web__trust_find(t, key);
    const struct account *account = request_account(r);
    struct str npub = web__npub(arena, key);
    view_str(v, "rater", web__rater_name(r, t, key));
    view_str(v, "rater_link", web__author_link(arena, key, ""));
    view_bool(v, "myself", account && pubkey_eq(&account->key, key));
    view_bool(v, "trusted", rater != NULL);
    view_str(
        v, "of_link", account ? arena_printf(arena, "/trust/of/%.*s", STR_ARG(npub)) : (struct str){"", 0});
    view_str(v, "through", rater && rater->depth ? way_to(r, t, rater) : (struct str){"", 0});
    view_str(v, "weight", rater ? web__weight_text(r, rater->weight) : (struct str){"", 0});
}

struct str web__weight_text(struct request *r, weight w)
{
    /* To the reader three digits say enough; nothing looks like a full rater that is not one. */
    unsigned long long thousandths = (w >> 32) * 1000 +
                                     (((w & (WEIGHT_ONE - 1)) * 1000 + WEIGHT_ONE / 2) >> 32);
    if (w < WEIGHT_ONE && thousandths == 1000)
        thousandths = 999;
    if (w && !thousandths)
        return STR("< 0.001");
    struct str text = arena_printf(request_arena(r), "%llu.%03llu", thousandths / 1000, thousandths % 1000);
    while (text.n && text.p[text.n - 1] == '0')
        text.n--;
    if (text.n && text.p[text.n - 1] == '.')
        text.n--;
    return text;
}

/* ---- dimensions */

const struct dimension *web__dimension_named(const struct dimension *all, size_t n, struct str name)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(all[i].shipped ? all[i].name : all[i].coordinate, name) || str_eq(all[i].name, name))
            return &all[i];
    return NULL;
}

struct dimension_text web__dimension_text(struct request *r, const struct dimension *d)
{
    static const struct {
        const char *question, *low, *high;
    } shipped[] = {
        [DIMENSION_WORTH] = {M("Is it newsworthy?"), M("not worth the time"),
            M("everybody should know of it")},
        [DIMENSION_ACCURATE] = {M("Is it accurate?"), M("wrong or misleading"),
            M("it holds in every detail")},
        [DIMENSION_CLEAR] = {M("Is it clear?"), M("hard to follow"), M("plain and well told")},
        [DIMENSION_JUNK] = {M("Is it junk?"), M("an honest piece"), M("spam or a fake")},
        [DIMENSION_AGREE] = {M("Do you share its position?"), M("not at all"), M("entirely")},
    };
    const struct locale *locale = request_locale(r);
    struct arena *arena = request_arena(r);
    if (d->shipped && d->number < sizeof shipped / sizeof *shipped)
        return (struct dimension_text){locale_message(locale, shipped[d->number].question),
            locale_message(locale, shipped[d->number].low), locale_message(locale, shipped[d->number].high)};
    return (struct dimension_text){
        web__line(arena, d->question, 200), web__line(arena, d->low, 60), web__line(arena, d->high, 60)};
}

void web__dimension_view(struct request *r, struct view *v, const struct dimension *d)
{
    struct dimension_text words = web__dimension_text(r, d);
    view_str(v, "name", web__line(request_arena(r), d->name, 60));
    view_str(v, "question", words.question);
    view_str(v, "low", words.low);
    view_str(v, "high", words.high);
    view_int(v, "number", d->number);
    view_bool(v, "shipped", d->shipped);
}

void web__steps_view(struct view *v, int chosen, struct str low, struct str high)
{
    view_bool(v, "none", chosen < 0);
    view_str(v, "low", low);
    view_str(v, "high", high);
    for (int i = 0; i < RATING_STEPS; i++) {
        struct view *step = view_item(v, "steps");
        view_int(step, "step", i + 1);
        view_int(step, "value", i * 100 / (RATING_STEPS - 1));
        view_bool(step, "chosen", i + 1 == chosen);
        view_str(step, "word", i == 0 ? low : i == RATING_STEPS - 1 ? high : (struct str){"", 0});
    }
}

unsigned web__rating_step(uint16_t value)
{
    unsigned step = (unsigned)value * RATING_STEPS / RATING_SCALE; /* as rating_spreads() counts them */
    return (step < RATING_STEPS ? step : RATING_STEPS - 1) + 1;
}

struct str web__opinion_subject(struct request *r, const struct rated *rated)
{
    return arena_printf(request_arena(r), "%.*s#agree", STR_ARG(rated->coordinate));
}

/* ---- the panel */

static int by_weight(const void *a, const void *b)
{
    const struct trusted *x = *(const struct trusted *const *)a, *y = *(const struct trusted *const *)b;
    return x->weight != y->weight ? (x->weight < y->weight) - (x->weight > y->weight)
                                  : memcmp(&x->key, &y->key, sizeof x->key);
}

struct pubkey *web__trust_heaviest(struct request *r, const struct reader_trust *t)
{
    struct arena *arena = request_arena(r);
    const struct trusted **order = arena_zero(arena, t->weights.n + 1, sizeof(struct trusted *));
    struct pubkey *keys = ARENA_ARRAY(arena, struct pubkey, t->weights.n + 1);
    if (!order || !keys)
        return NULL;
    for (size_t i = 0; i < t->weights.n; i++)
        order[i] = &t->weights.raters[i];
    qsort(order, t->weights.n, sizeof *order, by_weight);
    for (size_t i = 0; i < t->weights.n; i++)
        keys[i] = order[i]->key;
    return keys;
}

static void trusted_marks_view(struct request *r, struct view *v, const struct rated *rated,
    const struct reader_trust *trust, const struct dimension *dimensions, size_t dimension_count)
{
    struct rating_mark_shown *marks;
    struct err err;
    size_t n;
    struct pubkey *keys = web__trust_heaviest(r, trust);
    if (!keys || trust->weights.n == 0)
        return;
    if (rating_marks_by(request_read(r), request_arena(r), rated->coordinate, keys, trust->weights.n, &marks,
            &n, &err) != 0)
        return;
    web__by_rater_view(r, v, marks, n, SHOWN_IN_PANEL, trust, dimensions, dimension_count);
}

void web__by_rater_view(struct request *r, struct view *v, const struct rating_mark_shown *marks, size_t n,
    size_t most, const struct reader_trust *trust, const struct dimension *dimensions, size_t dimension_count)
{
    size_t people = 0;
    struct view *person = NULL;
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || !pubkey_eq(&marks[i - 1].rater, &marks[i].rater)) {
            person = ++people <= most ? view_item(v, "trusted_raters") : NULL;
            if (person)
                web__rater_view(r, person, trust, &marks[i].rater);
        }
        if (person)
            web__mark_view(r, view_item(person, "said"), &marks[i], trust, dimensions, dimension_count);
    }
    view_bool(v, "has_trusted", people > 0);
    view_int(v, "trusted_more", people > most ? (int64_t)(people - most) : 0);
}
void web__mark_view(struct request *r, struct view *v, const struct rating_mark_shown *m,
    const struct reader_trust *trust, const struct dimension *dimensions, size_t dimension_count)
{
    const struct dimension *d = web__dimension_named(dimensions, dimension_count, m->dimension);
    web__rater_view(r, v, trust, &m->rater);
    if (d)
        web__dimension_view(r, v, d);
    else
        view_str(v, "question", web__line(request_arena(r), m->dimension, 60));
    view_int(v, "step", web__rating_step(m->value));
    view_str(v, "reason", web__line(request_arena(r), m->reason, 300));
    view_date(v, "rated_at", m->created_at, DATE_SHORT);
    view_bool(v, "behind", m->behind);
}

void web__rated_view(struct request *r, struct view *v, const struct rated *rated)
{
    struct arena *arena = request_arena(r);
    struct err err;
    struct reader_trust trust;
    struct rating_spread *spreads;
    struct dimension *dimensions;
    size_t n, dimension_count;
    const struct account *account = request_account(r);
    struct str id = web__id_hex(arena, &rated->target.revision);
    view_bool(v, "ratable", true);
    view_str(v, "rate_link", arena_printf(arena, "%.*s/rate?v=%.*s", STR_ARG(rated->base), STR_ARG(id)));
    view_str(v, "ratings_link", arena_printf(arena, "%.*s/ratings", STR_ARG(rated->base)));
    if (rating_spreads(request_read(r), arena, rated->coordinate, &spreads, &n, &err) != 0 ||
        rating_dimensions(request_read(r), arena, str_of(locale_code(request_locale(r))), &dimensions,
            &dimension_count, &err) != 0)
        return;
    for (size_t i = 0; i < n; i++) {
        const struct dimension *d = web__dimension_named(dimensions, dimension_count, spreads[i].dimension);
        struct view *item = view_item(v, "rated_in");
        uint64_t all = spreads[i].behind;
        for (size_t k = 0; k < RATING_STEPS; k++)
            all += spreads[i].steps[k];
        if (d)
            web__dimension_view(r, item, d);
        else
            view_str(item, "question", web__line(arena, spreads[i].dimension, 60));
        view_int(item, "people", (int64_t)all);
    }
    view_bool(v, "rated", n > 0);
    if (!account || web__trust_load(r, &trust, &err) != 0)
        return;
    trusted_marks_view(r, v, rated, &trust, dimensions, dimension_count);
    struct rating_mark_shown *own;
    if (rating_marks_by(request_read(r), arena, rated->coordinate, &account->key, 1, &own, &n, &err) != 0)
        return;
    bool behind = false;
    for (size_t i = 0; i < n; i++)
        behind = behind || own[i].behind;
    view_bool(v, "rated_by_me", n > 0);
    view_bool(v, "mine_behind", behind);
}
