/* compare.c: two filters side by side on today's pool, and the ready-made one to turn to where a filter shows
 * nothing. */
#include "rating/judge.h"

#include <stdlib.h>

enum { shown_by_both = UINT16_MAX };

static int compare_subjects(const void *a, const void *b)
{
    const struct item *x = *(struct item *const *)a, *y = *(struct item *const *)b;
    return (x->subject > y->subject) - (x->subject < y->subject);
}

/* All items by subject. */
static struct item **by_subject(struct judgement *j)
{
    struct item **list = arena_alloc(j->arena, (j->item_count + 1) * sizeof(struct item *));
    for (size_t i = 0; list && i < j->item_count; i++)
        list[i] = &j->items[i];
    if (list)
        qsort(list, j->item_count, sizeof *list, compare_subjects);
    return list;
}

/* By which rule of j a subject is hidden; 0: by none. */
static uint16_t rule_of(struct judgement *j, struct item **sorted, uint32_t subject)
{
    size_t low = 0, high = j->item_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (sorted[middle]->subject < subject)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < j->item_count && sorted[low]->subject == subject)
        return sorted[low]->rule;
    int64_t date = j->source.facts(j->source.ctx, subject)->date;
    return rating__rule(j, date < j->from ? RULE_WINDOW : RULE_SUPPORT, 0);
}

/* Of what a shows: how much b shows too; that gets the rule shown_by_both for now. */
static uint64_t set_apart(struct judgement *a, struct judgement *b, struct item **others)
{
    uint64_t both = 0;
    for (size_t i = 0; i < a->item_count; i++)
        if (!a->items[i].rule && !rule_of(b, others, a->items[i].subject)) {
            a->items[i].rule = shown_by_both;
            both++;
        }
    return both;
}

/* What a shows and b does not, each with the rule by which b hides it. */
static int only_in(struct judgement *a, struct judgement *b, size_t limit, struct scored **out, size_t *n,
    uint64_t *total, uint64_t *both)
{
    struct item **others = by_subject(b), **page;
    size_t count = 0;
    struct scored *list = ARENA_ARRAY(a->arena, struct scored, limit + 1);
    if (!others || !list)
        return err_set(a->err, ERR_MEMORY, "the comparison does not fit in memory");
    *both = set_apart(a, b, others);
    *total = a->rules[0].n - *both;
    int status = rating__page(a, 0, false, 0, limit, &page, &count);
    for (size_t i = 0; i < count && !status; i++) {
        uint16_t rule = rule_of(b, others, page[i]->subject);
        list[i] = rating__scored(a, page[i]);
        list[i].rule = b->rules[rule].rule;
        list[i].rule_name = b->rules[rule].name;
    }
    for (size_t i = 0; i < a->item_count; i++)
        if (a->items[i].rule == shown_by_both)
            a->items[i].rule = 0;
    *out = list;
    *n = status ? 0 : count;
    return status;
}

int filter_compare(struct store_read *read, struct rating_index *index, struct arena *arena,
    const struct filter_run *first, const struct filter_run *second, struct filter_difference *out,
    struct err *err)
{
    *out = (struct filter_difference){0};
    struct judgement a __attribute__((cleanup(rating__judgement_finish))) = {0};
    struct judgement b __attribute__((cleanup(rating__judgement_finish))) = {0};
    int status = rating__judge(read, index, arena, first, &a, err);
    if (!status)
        status = rating__judge(read, index, arena, second, &b, err);
    if (!status)
        status = only_in(&a, &b, first->limit, &out->only_first, &out->first_listed, &out->first, &out->both);
    if (!status)
        status = only_in(
            &b, &a, first->limit, &out->only_second, &out->second_listed, &out->second, &out->both);
    return status;
}

int filter_nearest(struct store_read *read, struct rating_index *index, struct arena *arena,
    const struct filter_run *run, const char **name, struct err *err)
{
    uint64_t least = UINT64_MAX;
    *name = NULL;
    for (const char *const *n = recipe_ready_made_names(); *n; n++) {
        const struct recipe *recipe = recipe_ready_made(str_of(*n));
        if (recipe->missed_of)
            continue;
        struct filter_run other = *run;
        struct filter_result result;
        other.recipe = recipe;
        other.hidden_rule = STR("");
        other.offset = other.limit = 0;
        int status = filter_execute(read, index, arena, &other, &result, err);
        if (status)
            return status;
        if (result.passed && result.passed < least) {
            least = result.passed;
            *name = *n;
        }
    }
    return 0;
}
