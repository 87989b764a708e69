/* short.c: why, in a few words, for the items of a page; and the judgement of articles that were found in
 * another way than by a filter. Reads no record: explain.c has the full account. */
#include "rating/judge.h"

#include <stdlib.h>

/* What is the same for all items. */
struct teller {
    const struct rating_source *source;
    const struct filter_run *run;
    const struct trust_weights *weights;
    struct store_read *read;
    struct arena *scratch;
    struct sum *sums;     /* one for each of the recipe's dimensions */
    int16_t slot_of[256]; /* by a mark's dimension; −1: none of the recipe's */
    struct err *err;
};

static int prepare(struct teller *t, struct arena *arena)
{
    const struct recipe *recipe = t->run->recipe;
    for (size_t i = 0; i < 256; i++)
        t->slot_of[i] = -1;
    if (!(t->sums = ARENA_ARRAY(arena, struct sum, recipe->dimension_count + 1)))
        return err_set(t->err, ERR_MEMORY, "the page does not fit in memory");
    for (size_t i = 0; i < recipe->dimension_count; i++) {
        int number,
            status = rating__dimension_number_of(t->read, recipe->dimensions[i].name, &number, t->err);
        if (status)
            return status;
        if (number >= 0 && number < 256 && number != DIMENSION_AGREE)
            t->slot_of[number] = (int16_t)i;
    }
    return 0;
}

static int compare_raters(const void *a, const void *b)
{
    uint32_t x = ((const struct mark *)a)->rater, y = ((const struct mark *)b)->rater;
    return (x > y) - (x < y);
}

/* One rater of an item, so far as it matters who comes first. */
struct voice {
    bool seed;
    weight weight;
    uint32_t time;
    struct pubkey key;
};

/* The heaviest; where all count alike, whoever rated first; else by key, so that every node says the same. */
static bool comes_before(const struct voice *a, const struct voice *b)
{
    if (a->seed != b->seed)
        return a->seed;
    if (a->weight != b->weight)
        return a->weight > b->weight;
    return a->time != b->time ? a->time < b->time : memcmp(&a->key, &b->key, sizeof a->key) < 0;
}

/* False: it has no weight here. */
static bool hear(struct teller *t, const struct mark *m, struct voice *out)
{
    *out = (struct voice){.weight = WEIGHT_ONE, .time = m->time};
    if (t->run->recipe->sources == SOURCES_EVERYONE)
        return store_actor_key(store_read_sql(t->read), m->rater, &out->key);
    uint32_t rater = rating__rater_of(t->weights, m->rater);
    if (rater == UINT32_MAX || !t->weights->raters[rater].weight)
        return false;
    out->weight = t->weights->raters[rater].weight;
    out->seed = t->weights->raters[rater].depth == 0;
    out->key = t->weights->raters[rater].key;
    return true;
}

static void name_dimension(const struct teller *t, struct why_short *out)
{
    const struct recipe *recipe = t->run->recipe;
    double most = 0;
    for (size_t i = 0; i < recipe->dimension_count; i++) {
        const struct sum *s = &t->sums[i];
        double mean = rating__ratio(s->wv, ((rating__i128)WEIGHT_ONE + (rating__i128)s->w) * RATING_SCALE);
        double part = recipe->dimensions[i].coefficient * mean;
        bool high = recipe->dimensions[i].coefficient > 0;
        /* That it is good says more than that it is not bad. */
        if (part <= 0 || (out->high && !high) || (out->high == high && part <= most))
            continue;
        most = part;
        out->dimension = recipe->dimensions[i].name;
        out->high = high;
    }
}

static int tell(struct teller *t, uint32_t subject, struct why_short *out)
{
    struct marks marks = {0};
    struct voice first = {0}, voice = {0};
    bool heard = false;
    *out = (struct why_short){.dimension = STR("")};
    memset(t->sums, 0, t->run->recipe->dimension_count * sizeof *t->sums);
    int status = t->source->by_subject(t->source->ctx, t->scratch, subject, &marks, t->err);
    struct mark *sorted = status ? NULL : arena_alloc(t->scratch, (marks.n + 1) * sizeof *sorted);
    if (status || !sorted)
        return status ? status : err_set(t->err, ERR_MEMORY, "the ratings do not fit in memory");
    if (marks.n) {
        memcpy(sorted, marks.at, marks.n * sizeof *sorted);
        qsort(sorted, marks.n, sizeof *sorted, compare_raters);
    }
    uint32_t last = 0;
    for (size_t i = 0; i < marks.n; i++) {
        const struct mark *m = &sorted[i];
        if ((m->flags & (MARK_BEHIND | MARK_WITHDRAWN)) || m->dimension == DIMENSION_AGREE ||
            (int64_t)m->time > t->run->at)
            continue;
        if (m->rater != last) {
            last = m->rater;
            heard = hear(t, m, &voice);
            out->raters += heard;
            out->seeds += heard && voice.seed;
            if (heard && (out->raters == 1 || comes_before(&voice, &first)))
                first = voice;
        }
        if (!heard || t->slot_of[m->dimension] < 0)
            continue;
        struct sum *s = &t->sums[t->slot_of[m->dimension]];
        s->wv += (rating__i128)voice.weight * (2 * (int64_t)m->value - RATING_SCALE);
        s->w += voice.weight;
    }
    if (out->raters)
        out->first = first.key;
    name_dimension(t, out);
    return 0;
}

int filter_why_short(struct store_read *read, struct rating_index *index, struct arena *arena,
    const struct filter_run *run, const struct filter_result *result, const struct scored *items, size_t n,
    struct why_short *out, struct err *err)
{
    struct arena *scratch _cleanup_arena_ = arena_create(0);
    struct rating_source source = {0};
    struct teller t = {&source, run, &result->weights, read, scratch, NULL, {0}, err};
    int status = rating__source(read, index, &source, err);
    if (status)
        return status;
    status = prepare(&t, arena);
    for (size_t i = 0; i < n && !status; i++) {
        status = tell(&t, items[i].subject, &out[i]);
        arena_reset(scratch);
    }
    source.close(source.ctx);
    return status;
}

/* ---- articles found in another way */

struct place {
    uint32_t subject;
    size_t item;
};

static int compare_places(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    return (x->subject > y->subject) - (x->subject < y->subject);
}

static int judge_one(
    struct judgement *j, const struct place *places, size_t n, uint32_t subject, struct scored *out)
{
    struct place wanted = {subject, 0};
    const struct place *found = n ? bsearch(&wanted, places, n, sizeof *places, compare_places) : NULL;
    struct item *item = found ? &j->items[found->item] : NULL;
    int status = item ? 0 : rating__judge_unseen(j, subject, &item);
    if (!status)
        status = rating__place(j, item);
    if (!status)
        *out = rating__scored(j, item);
    return status;
}

static int judge_all(
    struct judgement *j, const struct str *coordinates, size_t n, struct scored *out, struct why_short *whys)
{
    struct arena *scratch _cleanup_arena_ = arena_create(0);
    size_t place_count = j->item_count;
    struct place *places = ARENA_ARRAY(j->arena, struct place, place_count + 1);
    struct teller t = {&j->source, j->run, &j->weights, j->read, scratch, NULL, {0}, j->err};
    if (!places)
        return err_set(j->err, ERR_MEMORY, "the page does not fit in memory");
    for (size_t i = 0; i < place_count; i++)
        places[i] = (struct place){j->items[i].subject, i};
    qsort(places, place_count, sizeof *places, compare_places);
    int status = prepare(&t, j->arena);
    for (size_t i = 0; i < n && !status; i++) {
        uint32_t subject;
        out[i] = (struct scored){
            .coordinate = coordinates[i], .rule = RULE_WINDOW, .rule_name = STR("window")};
        status = rating__subject_of(j->read, coordinates[i], &subject, j->err);
        if (!status)
            status = judge_one(j, places, place_count, subject, &out[i]);
        if (whys && !status)
            status = tell(&t, subject, &whys[i]);
        else if (whys)
            whys[i] = (struct why_short){.dimension = STR("")};
        status = status == ERR_NOT_FOUND ? 0 : status;
        arena_reset(scratch);
    }
    return status;
}

int filter_judge(struct store_read *read, struct rating_index *index, struct arena *arena,
    const struct filter_run *run, const struct str *coordinates, size_t n, struct scored *out,
    struct why_short *whys, struct err *err)
{
    struct judgement j __attribute__((cleanup(rating__judgement_finish)));
    int status = rating__judge(read, index, arena, run, &j, err);
    return status ? status : judge_all(&j, coordinates, n, out, whys);
}
