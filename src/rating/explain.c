/* explain.c: why: the marks that make an item's score, heaviest first, each with the path its weight comes
 * by. */
#include "base/utf8.h"
#include "rating.sql.h"
#include "rating/judge.h"
#include "rating/private.h"

#include <stdlib.h>

struct weighed {
    struct mark mark;
    weight weight;
    uint32_t rater; /* index in the weights; UINT32_MAX where everyone counts alike */
    struct pubkey key;
};

static int compare_weighed(const void *a, const void *b)
{
    const struct weighed *x = a, *y = b;
    bool behind_x = x->mark.flags & MARK_BEHIND, behind_y = y->mark.flags & MARK_BEHIND;
    if (behind_x != behind_y)
        return behind_x ? 1 : -1;
    if (x->weight != y->weight)
        return x->weight > y->weight ? -1 : 1;
    int order = memcmp(&x->key, &y->key, sizeof x->key);
    return order ? order : (int)x->mark.dimension - (int)y->mark.dimension;
}

/* The marks by raters with weight, in the order of why. */
static int weigh_marks(struct sql *db, const struct rating_source *source, struct arena *arena,
    const struct filter_run *run, const struct trust_weights *weights, uint32_t subject, struct weighed **out,
    size_t *n, struct err *err)
{
    bool everyone = run->recipe->sources == SOURCES_EVERYONE;
    struct arena *scratch _cleanup_arena_ = arena_create(0);
    struct marks marks = {0};
    *n = 0;
    int status = source->by_subject(source->ctx, scratch, subject, &marks, err);
    if (status)
        return status;
    if (!(*out = ARENA_ARRAY(arena, struct weighed, marks.n + 1)))
        return err_set(err, ERR_MEMORY, "the ratings do not fit in memory");
    for (size_t i = 0; i < marks.n; i++) {
        const struct mark *m = &marks.at[i];
        if ((m->flags & MARK_WITHDRAWN) || m->dimension == DIMENSION_AGREE || (int64_t)m->time > run->at)
            continue;
        struct weighed w = {*m, WEIGHT_ONE, UINT32_MAX, {{0}}};
        if (everyone) {
            store_actor_key(db, m->rater, &w.key);
        } else {
            if ((w.rater = rating__rater_of(weights, m->rater)) == UINT32_MAX ||
                !weights->raters[w.rater].weight)
                continue;
            w.weight = weights->raters[w.rater].weight;
            w.key = weights->raters[w.rater].key;
        }
        (*out)[(*n)++] = w;
    }
    qsort(*out, *n, sizeof **out, compare_weighed);
    return 0;
}

static size_t count_raters(const struct weighed *list, size_t n)
{
    size_t count = 0;
    for (size_t i = 0; i < n && !(list[i].mark.flags & MARK_BEHIND); i++)
        if (!i || list[i].mark.rater != list[i - 1].mark.rater)
            count++;
    return count;
}

static int name_dimension(
    struct sql *db, struct arena *arena, uint8_t number, struct str *out, struct err *err)
{
    if (number < RATING_SHIPPED) {
        *out = str_of(rating__shipped[number]);
        return 0;
    }
    struct sql_cursor *c = sql_open(db, &rating_dimension_name);
    sql_int(c, 1, number);
    int step = sql_step(c, err);
    *out = arena_str(arena, step == 1 ? sql_col_text(c, 0) : STR(""));
    int closed = sql_close(c, err);
    return step < 0 ? step : closed;
}

/* What its rater said beside: the text of the rating's record. */
static int read_reason(
    struct store_read *read, struct arena *arena, const struct mark *m, struct str *out, struct err *err)
{
    struct sql_cursor *c = sql_open(store_read_sql(read), &rating_mark_seq);
    sql_int(c, 1, m->subject);
    sql_int(c, 2, m->rater);
    sql_int(c, 3, m->dimension);
    int step = sql_step(c, err);
    int64_t seq = step == 1 ? sql_col_int(c, 0) : 0;
    int closed = sql_close(c, err);
    *out = STR("");
    if (step < 0 || closed)
        return step < 0 ? step : closed;
    struct arena *scratch _cleanup_arena_ = arena_create(0);
    struct store_found found;
    struct err why;
    if (!seq || store_get_seq(read, scratch, (uint64_t)seq, &found, &why) || found.record.kind != KIND_RATING)
        return 0; /* made by an index ahead of the tables, or by a reaction */
    *out = arena_str(arena, utf8_cut(found.record.content, RATING_MAX_REASON));
    return 0;
}

static int tell(struct store_read *read, struct arena *arena, const struct trust_weights *weights,
    const struct weighed *w, struct why *out, struct err *err)
{
    *out = (struct why){
        .rater = w->key, .weight = w->weight, .value = w->mark.value, .behind = w->mark.flags & MARK_BEHIND};
    if (w->rater != UINT32_MAX) {
        const struct trusted *t = &weights->raters[w->rater];
        out->path_length = t->path_length;
        for (unsigned i = 0; i < t->path_length; i++)
            out->path[i] = weights->raters[t->path[i]].key;
    }
    int status = name_dimension(store_read_sql(read), arena, w->mark.dimension, &out->dimension, err);
    return status ? status : read_reason(read, arena, &w->mark, &out->reason, err);
}

static int tell_all(struct store_read *read, const struct rating_source *source, struct arena *arena,
    const struct filter_run *run, const struct trust_weights *weights, uint32_t subject, size_t max,
    struct why **out, size_t *n, size_t *raters, struct err *err)
{
    struct weighed *list;
    size_t count;
    *n = 0;
    int status = weigh_marks(store_read_sql(read), source, arena, run, weights, subject, &list, &count, err);
    if (status)
        return status;
    if (raters)
        *raters = count_raters(list, count);
    if (max && count > max)
        count = max;
    if (!(*out = ARENA_ARRAY(arena, struct why, count + 1)))
        return err_set(err, ERR_MEMORY, "the ratings do not fit in memory");
    for (size_t i = 0; i < count && !status; i++)
        status = tell(read, arena, weights, &list[i], &(*out)[i], err);
    if (!status)
        *n = count;
    return status;
}

int filter_why(struct store_read *read, struct rating_index *index, struct arena *arena,
    const struct filter_run *run, const struct filter_result *result, const struct scored *item, size_t max,
    struct why **out, size_t *n, size_t *raters, struct err *err)
{
    struct rating_source source = {0};
    int status = rating__source(read, index, &source, err);
    if (status)
        return status;
    status = tell_all(read, &source, arena, run, &result->weights, item->subject, max, out, n, raters, err);
    source.close(source.ctx);
    return status;
}

int rating__subject_of(struct store_read *read, struct str coordinate, uint32_t *out, struct err *err)
{
    struct sql_cursor *c = sql_open(store_read_sql(read), &rating_subject_number);
    sql_text(c, 1, coordinate);
    int step = sql_step(c, err);
    *out = step == 1 ? (uint32_t)sql_col_int(c, 0) : 0;
    int closed = sql_close(c, err);
    if (step < 0 || closed)
        return step < 0 ? step : closed;
    return step == 1 ? 0 : err_set(err, ERR_NOT_FOUND, "there is no such article here");
}

static int explain(
    struct judgement *j, struct str coordinate, struct scored *scored, struct why **out, size_t *n)
{
    uint32_t subject;
    int status = rating__subject_of(j->read, coordinate, &subject, j->err);
    struct item *item = NULL;
    for (size_t i = 0; i < j->item_count && !item && !status; i++)
        if (j->items[i].subject == subject)
            item = &j->items[i];
    if (!status && !item)
        status = rating__judge_unseen(j, subject, &item);
    if (!status)
        status = rating__place(j, item);
    if (status)
        return status;
    *scored = rating__scored(j, item);
    return tell_all(j->read, &j->source, j->arena, j->run, &j->weights, subject, 0, out, n, NULL, j->err);
}

int filter_explain(struct store_read *read, struct rating_index *index, struct arena *arena,
    const struct filter_run *run, struct str coordinate, struct scored *scored, struct why **out, size_t *n,
    struct err *err)
{
    struct judgement j __attribute__((cleanup(rating__judgement_finish)));
    *n = 0;
    *out = NULL;
    int status = rating__judge(read, index, arena, run, &j, err);
    return status ? status : explain(&j, coordinate, scored, out, n);
}
