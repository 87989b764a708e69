/* order.c: the order of what a filter shows: by rank, then newer first, then by coordinate, so that it is
 * total and depends on nothing that only this node knows.
 *
 * Coordinates cost a look into a table each and are asked for only where two items are otherwise equal, and
 * for the page that is shown. */
#include "rating.sql.h"
#include "rating/judge.h"

#include <math.h>
#include <stdlib.h>

struct rank rating__rank_of(double size, int64_t halvings)
{
    int exponent = 0;
    double m = size == 0 ? 0 : frexp(size, &exponent);
    return (struct rank){m, m == 0 ? 0 : exponent - halvings};
}

/* <0: a is the higher. */
static int compare_ranks(const struct rank *a, const struct rank *b)
{
    int sign_a = (a->size > 0) - (a->size < 0), sign_b = (b->size > 0) - (b->size < 0);
    if (sign_a != sign_b)
        return sign_a > sign_b ? -1 : 1;
    if (a->exponent != b->exponent)
        return (a->exponent > b->exponent) == (sign_a > 0) ? -1 : 1;
    return a->size == b->size ? 0 : a->size > b->size ? -1 : 1;
}

int rating__place(struct judgement *j, struct item *item)
{
    if (item->has_place)
        return 0;
    struct sql_cursor *c = sql_open(store_read_sql(j->read), &rating_subject_place);
    sql_int(c, 1, item->subject);
    int step = sql_step(c, j->err);
    if (step == 1) {
        item->coordinate = arena_str(j->arena, sql_col_text(c, 0));
        item->seq = (uint64_t)sql_col_int(c, 1);
    }
    int closed = sql_close(c, j->err);
    if (step < 0 || closed)
        return step < 0 ? step : closed;
    if (step != 1 || !item->coordinate.p)
        return err_set(j->err, ERR_CORRUPT, "the rating tables do not know subject %u", item->subject);
    item->has_place = true;
    return 0;
}

struct ordering {
    struct judgement *j;
    bool newest;
    int status;
};

static int compare_items(struct ordering *o, struct item *a, struct item *b)
{
    int order = o->newest ? 0 : compare_ranks(&a->rank, &b->rank);
    if (order)
        return order;
    if (a->date != b->date)
        return a->date > b->date ? -1 : 1;
    if (a == b)
        return 0;
    int status = rating__place(o->j, a);
    if (!status)
        status = rating__place(o->j, b);
    if (status && !o->status)
        o->status = status;
    return status ? 0 : str_cmp(a->coordinate, b->coordinate);
}

static int compare_places(const void *a, const void *b, void *ctx)
{
    return compare_items(ctx, *(struct item *const *)a, *(struct item *const *)b);
}

/* Moves the n highest of count to the front, in no order (quickselect). */
static void select_highest(struct ordering *o, struct item **list, size_t count, size_t n)
{
    size_t low = 0, high = count;
    while (high - low > 1 && n > low && n < high && !o->status) {
        struct item *pivot = list[low + (high - low) / 2];
        size_t above = low, below = high, i = low;
        while (i < below) {
            int order = compare_items(o, list[i], pivot);
            struct item *moved = list[i];
            if (order < 0) {
                list[i++] = list[above];
                list[above++] = moved;
            } else if (order > 0) {
                list[i] = list[--below];
                list[below] = moved;
            } else
                i++;
        }
        if (n <= above)
            high = above;
        else if (n >= below)
            low = below;
        else
            break;
    }
}

int rating__page(struct judgement *j, uint16_t rule, bool newest, size_t offset, size_t limit,
    struct item ***out, size_t *n)
{
    size_t count = 0;
    *n = 0;
    struct item **list = arena_alloc(j->arena, (j->item_count + 1) * sizeof(struct item *));
    if (!(*out = list))
        return err_set(j->err, ERR_MEMORY, "the page does not fit in memory");
    for (size_t i = 0; i < j->item_count; i++)
        if (j->items[i].rule == rule)
            list[count++] = &j->items[i];
    if (offset >= count)
        return 0;
    if (limit > count - offset)
        limit = count - offset;
    struct ordering o = {j, newest, 0};
    select_highest(&o, list, count, offset + limit);
    if (!o.status)
        qsort_r(list, offset + limit, sizeof *list, compare_places, &o);
    *out = list + offset;
    *n = limit;
    for (size_t i = 0; i < limit && !o.status; i++)
        o.status = rating__place(j, (*out)[i]);
    return o.status;
}

int rating__one_per_lineage(struct judgement *j)
{
    size_t size = 16;
    while (size < 2 * j->item_count)
        size *= 2;
    uint32_t *best _cleanup_free_ = calloc(size, sizeof *best);
    if (!best)
        return err_set(j->err, ERR_MEMORY, "the lineages do not fit in memory");
    struct ordering o = {j, false, 0};
    uint16_t lineage = rating__rule(j, RULE_LINEAGE, 0);
    for (size_t i = 0; i < j->item_count && !o.status; i++) {
        struct item *item = &j->items[i];
        if (item->rule)
            continue;
        uint32_t origin = j->source.facts(j->source.ctx, item->subject)->lineage;
        size_t at = (size_t)((origin * UINT64_C(0x9e3779b97f4a7c15)) >> 20) & (size - 1);
        while (best[at] && j->source.facts(j->source.ctx, j->items[best[at] - 1].subject)->lineage != origin)
            at = (at + 1) & (size - 1);
        struct item *loser = NULL;
        if (!best[at])
            best[at] = (uint32_t)i + 1;
        else if (compare_items(&o, item, &j->items[best[at] - 1]) < 0) {
            loser = &j->items[best[at] - 1];
            best[at] = (uint32_t)i + 1;
        } else
            loser = item;
        if (!loser)
            continue;
        loser->rule = lineage;
        j->rules[lineage].n++;
        j->rules[0].n--;
    }
    return o.status;
}
