/* missed.c: what those a reader trusts would have shown and the reader's own filter does not.
 *
 * The filters are the published ones of the reader's own trust list, each run as its author sees it by
 * published trust alone. The cost is bounded: at most max_filters of them, those of the weightiest authors
 * first, and none looks further back than the filter that asks; one that asks for what is missed is left out.
 */
#include "rating/judge.h"

#include <stdlib.h>

enum { max_filters = 60, max_of_one = 10 };

struct tallying {
    uint32_t *subjects;
    size_t n, cap;
};

static int compare_numbers(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static int compare_seeds(const void *a, const void *b)
{
    const struct trust_entry *x = a, *y = b;
    if (x->weight != y->weight)
        return x->weight > y->weight ? -1 : 1;
    return memcmp(&x->key, &y->key, sizeof x->key);
}

/* Adds the subjects that a recipe shows. */
static int add_shown(struct judgement *j, const struct recipe *recipe, const struct pubkey *reader,
    bool published, struct tallying *out)
{
    struct recipe narrowed = *recipe;
    if (j->recipe->window && (!narrowed.window || narrowed.window > j->recipe->window))
        narrowed.window = j->recipe->window;
    narrowed.missed_of = 0;
    struct filter_run run = {.recipe = &narrowed,
        .reader = reader,
        .at = j->run->at,
        .published = published,
        .stop = j->run->stop,
        .stop_ctx = j->run->stop_ctx};
    struct arena *scratch _cleanup_arena_ = arena_create(0);
    struct judgement inner __attribute__((cleanup(rating__judgement_finish)));
    int status = rating__judge_by(j->read, &j->source, j->kept, false, scratch, &run, &inner, j->err);
    for (size_t i = 0; i < inner.item_count && !status; i++) {
        if (inner.items[i].rule)
            continue;
        if (out->n == out->cap) {
            size_t cap = out->cap ? 2 * out->cap : 1024;
            uint32_t *subjects = realloc(out->subjects, cap * sizeof *subjects);
            if (!subjects)
                return err_set(j->err, ERR_MEMORY, "what others see does not fit in memory");
            out->subjects = subjects;
            out->cap = cap;
        }
        out->subjects[out->n++] = inner.items[i].subject;
    }
    return status;
}

static int add_filters_of_trusted(struct judgement *j, struct tallying *out)
{
    struct trust_entry *seeds = ARENA_ARRAY(j->arena, struct trust_entry, j->weights.n + 1);
    size_t seed_count = 0;
    if (!seeds)
        return err_set(j->err, ERR_MEMORY, "the trust list does not fit in memory");
    for (size_t i = 0; i < j->weights.n; i++)
        if (!j->weights.raters[i].depth)
            seeds[seed_count++] = (struct trust_entry){
                .key = j->weights.raters[i].key, .weight = j->weights.raters[i].weight};
    qsort(seeds, seed_count, sizeof *seeds, compare_seeds);
    size_t run = 0;
    int status = 0;
    for (size_t i = 0; i < seed_count && run < max_filters && !status; i++) {
        struct filter_thing *filters;
        size_t n;
        status = filter_list(j->read, j->arena, &seeds[i].key, max_of_one, &filters, &n, j->err);
        for (size_t k = 0; k < n && run < max_filters && !status; k++) {
            if (filters[k].recipe.missed_of)
                continue;
            run++;
            status = add_shown(j, &filters[k].recipe, &seeds[i].key, true, out);
        }
    }
    return status;
}

static size_t times(const struct tallying *t, uint32_t subject)
{
    size_t low = 0, high = t->n, count = 0;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (t->subjects[middle] < subject)
            low = middle + 1;
        else
            high = middle;
    }
    while (low < t->n && t->subjects[low++] == subject)
        count++;
    return count;
}

static int hide(struct judgement *j, struct tallying *others, struct tallying *mine)
{
    const struct recipe *own = j->run->mine ? j->run->mine : recipe_ready_made(STR("newsworthy"));
    int status = add_filters_of_trusted(j, others);
    if (!status)
        status = add_shown(j, own, j->run->reader, j->run->published, mine);
    if (status)
        return status;
    if (others->n)
        qsort(others->subjects, others->n, sizeof *others->subjects, compare_numbers);
    if (mine->n)
        qsort(mine->subjects, mine->n, sizeof *mine->subjects, compare_numbers);
    uint16_t missed = rating__rule(j, RULE_MISSED, 0);
    for (size_t i = 0; i < j->item_count; i++) {
        struct item *item = &j->items[i];
        if (item->rule ||
            (times(others, item->subject) >= j->recipe->missed_of && !times(mine, item->subject)))
            continue;
        item->rule = missed;
        j->rules[missed].n++;
        j->rules[0].n--;
    }
    return 0;
}

int rating__hide_not_missed(struct judgement *j)
{
    struct tallying others = {0}, mine = {0};
    int status = hide(j, &others, &mine);
    free(others.subjects);
    free(mine.subjects);
    return status;
}
