/* judge.c: weighs the ratings of those a reader trusts and applies a recipe's rules to the pool.
 *
 * For trusted raters only their own marks within the window are read, rater by rater, and added up by
 * subject; whatever none of them has rated fails "support" and is only counted. All sums are integers, so the
 * order in which marks come does not matter. */
#include "rating/judge.h"
#include "rating.sql.h"
#include "rating/private.h"

#include <stdlib.h>

#define STOP_ASKED 64 /* once in so many articles */

static int no_memory(struct judgement *j)
{
    return err_set(j->err, ERR_MEMORY, "the ratings do not fit in memory");
}

/* Who asked may have lost patience. */
static int go_on(const struct judgement *j)
{
    return j->run->stop && j->run->stop(j->run->stop_ctx)
               ? err_set(j->err, ERR_LIMIT, "the filter takes longer than it may")
               : 0;
}

static size_t hash(uint64_t n, size_t size)
{
    return (size_t)((n * UINT64_C(0x9e3779b97f4a7c15)) >> 20) & (size - 1);
}

/* ---- weights */

/* DESIGN section 6: min(1.6, half the seeds' sum), and somebody at least. */
static weight default_support(const struct judgement *j)
{
    weight most = rating__support_of(1.6), half = j->weights.own_sum / 2;
    if (j->recipe->sources == SOURCES_EVERYONE)
        return most;
    return half > most ? most : half ? half : 1;
}

static int weigh(struct judgement *j)
{
    const struct recipe *r = j->recipe;
    int status = 0;
    if (r->sources == SOURCES_LIST)
        status = trust_widen(
            j->read, j->arena, j->run->reader, r->list, r->list_count, r->depth, &j->weights, j->err);
    else if (r->sources == SOURCES_TRUSTED && j->run->reader)
        status = rating__trusted_weights(
            j->read, j->kept, j->arena, j->run->reader, j->run->published, r->depth, &j->weights, j->err);
    j->weights.basis = r->sources == SOURCES_EVERYONE ? STR("everyone")
                       : r->sources == SOURCES_LIST   ? STR("list")
                                                      : STR("trusted");
    j->support_needed = r->has_support ? rating__support_of(r->support) : default_support(j);
    return status;
}

/* ---- dimensions */

int rating__dimension_number_of(struct store_read *read, struct str name, int *number, struct err *err)
{
    *number = rating__shipped_number(name);
    if (*number >= 0)
        return 0;
    struct sql_cursor *c = sql_open(store_read_sql(read), &rating_dimension_number);
    sql_text(c, 1, name);
    int step = sql_step(c, err);
    *number = step == 1 ? (int)sql_col_int(c, 0) : -1;
    int closed = sql_close(c, err);
    return step < 0 ? step : closed;
}

static int place_dimensions(struct judgement *j)
{
    for (size_t i = 0; i < 256; i++)
        j->slot_of[i] = -1;
    for (size_t i = 0; i < j->recipe->dimension_count; i++) {
        int number,
            status = rating__dimension_number_of(j->read, j->recipe->dimensions[i].name, &number, j->err);
        if (status)
            return status;
        if (number >= 0 && number < 256 && number != DIMENSION_AGREE)
            j->slot_of[number] = (int16_t)i;
    }
    j->slot_count = j->recipe->dimension_count;
    if (j->recipe->order != ORDER_DISPUTED)
        return 0;
    static const int disputed[] = {DIMENSION_WORTH, DIMENSION_ACCURATE};
    for (size_t i = 0; i < 2; i++) {
        if (j->slot_of[disputed[i]] < 0)
            j->slot_of[disputed[i]] = (int16_t)j->slot_count++;
        j->dispute_slots[i] = j->slot_of[disputed[i]];
    }
    return 0;
}

/* ---- tallies */

static bool grow_slots(struct judgement *j)
{
    size_t size = j->slots_size ? 2 * j->slots_size : 1024;
    uint32_t *slots = calloc(size, sizeof *slots);
    if (!slots)
        return false;
    for (size_t i = 0; i < j->tally_count; i++) {
        size_t at = hash(j->tallies[i].subject, size);
        while (slots[at])
            at = (at + 1) & (size - 1);
        slots[at] = (uint32_t)i + 1;
    }
    free(j->slots);
    j->slots = slots;
    j->slots_size = size;
    return true;
}

static bool grow_tallies(struct judgement *j)
{
    size_t cap = j->tally_cap ? 2 * j->tally_cap : 512;
    struct tally *tallies = realloc(j->tallies, cap * sizeof *tallies);
    if (tallies)
        j->tallies = tallies;
    struct sum *sums = realloc(j->sums, (cap * j->slot_count + 1) * sizeof *sums);
    if (sums)
        j->sums = sums;
    rating__i128 *squares = NULL;
    if (j->recipe->order == ORDER_DISPUTED &&
        (squares = realloc(j->squares, cap * j->slot_count * sizeof *squares)))
        j->squares = squares;
    if (!tallies || !sums || (j->recipe->order == ORDER_DISPUTED && !squares))
        return false;
    j->tally_cap = cap;
    return true;
}

uint32_t rating__tally_of(const struct judgement *j, uint32_t subject)
{
    if (!j->slots_size)
        return UINT32_MAX;
    for (size_t at = hash(subject, j->slots_size); j->slots[at]; at = (at + 1) & (j->slots_size - 1))
        if (j->tallies[j->slots[at] - 1].subject == subject)
            return j->slots[at] - 1;
    return UINT32_MAX;
}

/* The tally of subject, made where there is none; UINT32_MAX: no memory. */
static uint32_t tally_for(struct judgement *j, uint32_t subject)
{
    if (2 * (j->tally_count + 1) > j->slots_size && !grow_slots(j))
        return UINT32_MAX;
    size_t at = hash(subject, j->slots_size);
    for (; j->slots[at]; at = (at + 1) & (j->slots_size - 1))
        if (j->tallies[j->slots[at] - 1].subject == subject)
            return j->slots[at] - 1;
    if (j->tally_count == UINT32_MAX - 1 || (j->tally_count == j->tally_cap && !grow_tallies(j)))
        return UINT32_MAX;
    uint32_t index = (uint32_t)j->tally_count++;
    j->tallies[index] = (struct tally){.subject = subject};
    if (j->slot_count)
        memset(&j->sums[index * j->slot_count], 0, j->slot_count * sizeof *j->sums);
    if (j->squares)
        memset(&j->squares[index * j->slot_count], 0, j->slot_count * sizeof *j->squares);
    j->slots[at] = index + 1;
    return index;
}

/* Marks of one rater come together, so that each counts for support once. */
static int add_mark(struct judgement *j, const struct mark *m, weight w)
{
    if ((m->flags & (MARK_BEHIND | MARK_WITHDRAWN)) || m->dimension == DIMENSION_AGREE ||
        (int64_t)m->time > j->run->at)
        return 0;
    uint32_t index = tally_for(j, m->subject);
    if (index == UINT32_MAX)
        return no_memory(j);
    struct tally *t = &j->tallies[index];
    if (t->last_rater != m->rater || !t->support) {
        t->last_rater = m->rater;
        if (__builtin_add_overflow(t->support, w, &t->support))
            t->support = UINT64_MAX;
    }
    if (j->slot_of[m->dimension] < 0)
        return 0;
    size_t slot = index * j->slot_count + (size_t)j->slot_of[m->dimension];
    int64_t v = 2 * (int64_t)m->value - RATING_SCALE;
    j->sums[slot].wv += (rating__i128)w * v;
    j->sums[slot].w += w;
    j->sums[slot].n++;
    if (j->squares)
        j->squares[slot] += (rating__i128)w * (v * v);
    return 0;
}

static int tally_trusted(struct judgement *j)
{
    struct arena *scratch _cleanup_arena_ = arena_create(0);
    int status = 0;
    for (size_t i = 0; i < j->weights.n && !status; i++) {
        const struct trusted *r = &j->weights.raters[i];
        struct marks marks;
        if (r->actor <= 0 || r->actor > UINT32_MAX || !r->weight)
            continue;
        status = j->source.by_rater(j->source.ctx, scratch, (uint32_t)r->actor, j->from, &marks, j->err);
        for (size_t k = 0; k < marks.n && !status; k++)
            status = add_mark(j, &marks.at[k], r->weight);
        if (!status)
            status = go_on(j);
        arena_reset(scratch);
    }
    return status;
}

static int compare_raters(const void *a, const void *b)
{
    uint32_t x = ((const struct mark *)a)->rater, y = ((const struct mark *)b)->rater;
    return (x > y) - (x < y);
}

static int tally_everyone(struct judgement *j, const uint32_t *subjects, size_t n)
{
    struct arena *scratch _cleanup_arena_ = arena_create(0);
    int status = 0;
    for (size_t i = 0; i < n && !status; i++) {
        struct marks marks;
        status = j->source.by_subject(j->source.ctx, scratch, subjects[i], &marks, j->err);
        struct mark *sorted = status ? NULL : arena_alloc(scratch, (marks.n + 1) * sizeof *sorted);
        if (!status && !sorted)
            status = no_memory(j);
        if (status)
            break;
        if (marks.n) {
            memcpy(sorted, marks.at, marks.n * sizeof *sorted);
            qsort(sorted, marks.n, sizeof *sorted, compare_raters);
        }
        for (size_t k = 0; k < marks.n && !status; k++)
            status = add_mark(j, &sorted[k], WEIGHT_ONE);
        if (!status && i % STOP_ASKED == 0)
            status = go_on(j);
        arena_reset(scratch);
    }
    return status;
}

/* ---- rules */

static int name_rules(struct judgement *j)
{
    static const struct {
        enum rule rule;
        const char *name;
    } plain[] = {{RULE_NONE, ""}, {RULE_WINDOW, "window"}, {RULE_SUPPORT, "support"},
        {RULE_QUALITY, "quality"}, {RULE_LANGUAGES, "languages"}, {RULE_TAGS, "tags"},
        {RULE_WITHOUT_TAGS, "without_tags"}, {RULE_WITHOUT_AUTHORS, "without_authors"},
        {RULE_LINEAGE, "lineage"}, {RULE_MISSED, "missed"}};
    size_t plain_count = sizeof plain / sizeof *plain, n = 0;
    j->rules = ARENA_ARRAY(j->arena, struct rule_count, plain_count + 2 * j->recipe->dimension_count);
    if (!j->rules)
        return no_memory(j);
    for (size_t i = 0; i < plain_count; i++) {
        j->rules[n++] = (struct rule_count){plain[i].rule, str_of(plain[i].name), 0};
        for (size_t k = 0; plain[i].rule == RULE_QUALITY && k < j->recipe->dimension_count; k++) {
            struct str name = j->recipe->dimensions[k].name;
            j->rules[n++] = (struct rule_count){
                RULE_FLOOR, arena_printf(j->arena, "floor:%.*s", STR_ARG(name)), 0};
            j->rules[n++] = (struct rule_count){
                RULE_CEILING, arena_printf(j->arena, "ceiling:%.*s", STR_ARG(name)), 0};
        }
    }
    j->rule_count = n;
    return 0;
}

uint16_t rating__rule(const struct judgement *j, enum rule rule, size_t dimension)
{
    for (size_t i = 0; i < j->rule_count; i++)
        if (j->rules[i].rule == rule)
            return (uint16_t)(i + (rule == RULE_FLOOR || rule == RULE_CEILING ? 2 * dimension : 0));
    return 0;
}

static double mean_of(const struct sum *s)
{
    return rating__ratio(s->wv, ((rating__i128)WEIGHT_ONE + (rating__i128)s->w) * RATING_SCALE);
}

/* The weighted variance within worth and within accurate, both together, shrunk where the evidence is thin as
 * means are; false where neither has two raters. */
static bool dispute_of(const struct judgement *j, uint32_t tally, double *out)
{
    double spread = 0;
    weight all = 0;
    for (size_t i = 0; i < 2; i++) {
        size_t slot = tally * j->slot_count + (size_t)j->dispute_slots[i];
        const struct sum *s = &j->sums[slot];
        if (s->n < 2)
            continue;
        double first = (double)s->wv, w = (double)s->w;
        double d = (double)j->squares[slot] - first * (first / w);
        spread = spread + (d > 0 ? d : 0);
        all += s->w;
    }
    *out = spread / ((double)all + (double)WEIGHT_ONE) / ((double)RATING_SCALE * RATING_SCALE);
    return all > 0;
}

static uint16_t check_dimensions(const struct judgement *j, const double *means)
{
    for (size_t i = 0; i < j->recipe->dimension_count; i++) {
        const struct recipe_dimension *d = &j->recipe->dimensions[i];
        if (d->has_floor && means[i] < d->floor)
            return rating__rule(j, RULE_FLOOR, i);
        if (d->has_ceiling && means[i] > d->ceiling)
            return rating__rule(j, RULE_CEILING, i);
    }
    return 0;
}

static bool has_language(const struct recipe *r, uint32_t language)
{
    for (size_t i = 0; i < r->language_count; i++)
        if (language && rating__language(r->languages[i]) == language)
            return true;
    return r->language_count == 0;
}

static int has_topic(struct judgement *j, uint32_t subject, const uint32_t *wanted, size_t n, bool *has)
{
    const uint32_t *topics;
    size_t count;
    *has = false;
    if (!n)
        return 0;
    int status = j->source.topics(j->source.ctx, j->arena, subject, &topics, &count, j->err);
    for (size_t i = 0; i < count && !status; i++)
        for (size_t k = 0; k < n; k++)
            *has = *has || (topics[i] && topics[i] == wanted[k]);
    return status;
}

/* The rules that look at what the article is. */
static int check_facts(
    struct judgement *j, uint32_t subject, const struct subject_facts *facts, uint16_t *rule)
{
    const struct recipe *r = j->recipe;
    bool has;
    *rule = 0;
    if (!has_language(r, facts->language)) {
        *rule = rating__rule(j, RULE_LANGUAGES, 0);
        return 0;
    }
    int status = has_topic(j, subject, j->tags, r->tag_count, &has);
    if (!status && r->tag_count && !has) {
        *rule = rating__rule(j, RULE_TAGS, 0);
        return 0;
    }
    if (!status)
        status = has_topic(j, subject, j->without_tags, r->without_tag_count, &has);
    if (!status && r->without_tag_count && has) {
        *rule = rating__rule(j, RULE_WITHOUT_TAGS, 0);
        return 0;
    }
    for (size_t i = 0; i < r->without_author_count && !status; i++)
        if (facts->author && facts->author == j->without_authors[i])
            *rule = rating__rule(j, RULE_WITHOUT_AUTHORS, 0);
    return status;
}

static void rank_item(const struct judgement *j, struct item *item, double dispute)
{
    int64_t age = j->run->at - item->date, halflife = j->recipe->halflife * 3600;
    switch (j->recipe->order) {
    case ORDER_NEWEST:
        item->rank = rating__rank_of((double)item->date, 0);
        break;
    case ORDER_QUALITY:
        item->rank = rating__rank_of(item->score, 0);
        break;
    case ORDER_FRESH:
        age = age > 0 ? age : 0;
        item->rank = rating__rank_of(item->score * rating__fade(age % halflife, halflife), age / halflife);
        break;
    case ORDER_DISPUTED:
        item->rank = rating__rank_of(dispute, 0);
        break;
    }
}

int rating__add_item(struct judgement *j, const struct item *item)
{
    if (j->item_count == j->item_cap) {
        size_t cap = j->item_cap ? 2 * j->item_cap : 512;
        struct item *items = realloc(j->items, cap * sizeof *items);
        if (!items)
            return no_memory(j);
        j->items = items;
        j->item_cap = cap;
    }
    j->items[j->item_count++] = *item;
    return 0;
}

static int judge_item(struct judgement *j, uint32_t subject, uint32_t tally)
{
    const struct subject_facts *facts = j->source.facts(j->source.ctx, subject);
    if (!(facts->flags & SUBJECT_HERE) || facts->kind_class != 1 || facts->date < j->from ||
        facts->date > j->to)
        return 0; /* no article that is here */
    int status = rating__add_item(j, &(struct item){.subject = subject, .tally = tally, .date = facts->date});
    if (status)
        return status;
    struct item *item = &j->items[j->item_count - 1];
    double means[RECIPE_MAX_DIMENSIONS] = {0}, dispute = 0;
    bool two = false;
    if (tally != UINT32_MAX) {
        item->support = j->tallies[tally].support;
        for (size_t i = 0; i < j->recipe->dimension_count; i++) {
            means[i] = mean_of(&j->sums[tally * j->slot_count + i]);
            item->score = item->score + j->recipe->dimensions[i].coefficient * means[i];
        }
        two = j->recipe->order == ORDER_DISPUTED && dispute_of(j, tally, &dispute);
    }
    rank_item(j, item, dispute);
    if (item->support < j->support_needed || (j->recipe->order == ORDER_DISPUTED && !two))
        item->rule = rating__rule(j, RULE_SUPPORT, 0);
    else if (j->recipe->has_quality && item->score < j->recipe->quality)
        item->rule = rating__rule(j, RULE_QUALITY, 0);
    else if (!(item->rule = check_dimensions(j, means)))
        status = check_facts(j, subject, facts, &item->rule);
    j->rules[item->rule].n++;
    return status;
}

/* Its marks by those with weight, added up as those of others were. */
static int tally_unseen(struct judgement *j, uint32_t subject)
{
    bool everyone = j->recipe->sources == SOURCES_EVERYONE;
    struct arena *scratch _cleanup_arena_ = arena_create(0);
    struct marks marks;
    int status = j->source.by_subject(j->source.ctx, scratch, subject, &marks, j->err);
    struct mark *sorted = status ? NULL : arena_alloc(scratch, (marks.n + 1) * sizeof *sorted);
    if (status || !sorted)
        return status ? status : no_memory(j);
    if (marks.n) {
        memcpy(sorted, marks.at, marks.n * sizeof *sorted);
        qsort(sorted, marks.n, sizeof *sorted, compare_raters);
    }
    for (size_t i = 0; i < marks.n && !status; i++) {
        uint32_t rater = everyone ? 0 : rating__rater_of(&j->weights, sorted[i].rater);
        if (rater != UINT32_MAX)
            status = add_mark(j, &sorted[i], everyone ? WEIGHT_ONE : j->weights.raters[rater].weight);
    }
    return status;
}

int rating__judge_unseen(struct judgement *j, uint32_t subject, struct item **out)
{
    int64_t from = j->from;
    size_t before = j->item_count;
    int status = rating__tally_of(j, subject) == UINT32_MAX ? tally_unseen(j, subject) : 0;
    j->from = INT64_MIN;
    if (!status)
        status = judge_item(j, subject, rating__tally_of(j, subject));
    j->from = from;
    if (status)
        return status;
    if (j->item_count == before)
        return err_set(j->err, ERR_NOT_FOUND, "there is no such article here");
    *out = &j->items[before];
    if ((*out)->date < from)
        (*out)->rule = rating__rule(j, RULE_WINDOW, 0);
    return 0;
}

static int number_tags(struct judgement *j, const struct str *tags, size_t n, uint32_t **out)
{
    if (!(*out = ARENA_ARRAY(j->arena, uint32_t, n + 1)))
        return no_memory(j);
    for (size_t i = 0; i < n; i++)
        (*out)[i] = j->source.topic(j->source.ctx, tags[i]);
    return 0;
}

static int number_facts(struct judgement *j)
{
    const struct recipe *r = j->recipe;
    int status = number_tags(j, r->tags, r->tag_count, &j->tags);
    if (!status)
        status = number_tags(j, r->without_tags, r->without_tag_count, &j->without_tags);
    if (status || !(j->without_authors = ARENA_ARRAY(j->arena, uint32_t, r->without_author_count + 1)))
        return status ? status : no_memory(j);
    for (size_t i = 0; i < r->without_author_count; i++) {
        int64_t actor = store_actor(store_read_sql(j->read), &r->without_authors[i], j->err);
        if (actor < 0)
            return (int)actor;
        j->without_authors[i] = actor <= UINT32_MAX ? (uint32_t)actor : 0;
    }
    return 0;
}

/* ---- the whole */

/* How many articles there are at all, and in the window. */
static int count_pool(struct judgement *j, uint64_t *all, uint64_t *in_window)
{
    const uint32_t *subjects;
    size_t later = 0, n = 0;
    int status = j->run->at < INT64_MAX ? j->source.articles(j->source.ctx, j->arena, j->run->at + 1,
                                              INT64_MAX, &subjects, &later, j->err)
                                        : 0;
    uint64_t count = j->source.article_count(j->source.ctx);
    *all = *in_window = count > later ? count - later : 0;
    if (!status && j->recipe->window) {
        status = j->source.articles(j->source.ctx, j->arena, j->from, j->to, &subjects, &n, j->err);
        *in_window = n;
    }
    return status;
}

static int look_at_all(struct judgement *j)
{
    const uint32_t *subjects;
    size_t n;
    int status = j->source.articles(j->source.ctx, j->arena, j->from, j->to, &subjects, &n, j->err);
    bool needs_marks = j->slot_count || j->support_needed;
    if (!status && j->recipe->sources == SOURCES_EVERYONE && needs_marks)
        status = tally_everyone(j, subjects, n);
    for (size_t i = 0; i < n && !status; i++) {
        status = judge_item(j, subjects[i], rating__tally_of(j, subjects[i]));
        if (!status && i % STOP_ASKED == 0)
            status = go_on(j);
    }
    j->all_looked_at = true;
    return status;
}

/* Everything, newest first: nothing needs to be known of what is not on the page. */
static bool hides_nothing(const struct judgement *j)
{
    const struct recipe *r = j->recipe;
    return r->sources == SOURCES_EVERYONE && !j->support_needed && !r->has_quality && !r->dimension_count &&
           r->order == ORDER_NEWEST && !r->language_count && !r->tag_count && !r->without_tag_count &&
           !r->without_author_count && !r->one_per_lineage && !r->missed_of;
}

/* As many of the newest as the page ends with, and those dated like the last of them. */
static int look_at_newest(struct judgement *j)
{
    const uint32_t *subjects = NULL;
    size_t n = 0, wanted = j->run->offset + j->run->limit;
    int status = 0;
    int64_t from = j->to;
    for (int64_t span = 86400; !status && n < wanted && from > j->from; span *= 8) {
        if (span > INT64_C(86400) << 24 || __builtin_sub_overflow(j->to, span, &from) || from < j->from)
            from = j->from;
        status = j->source.articles(j->source.ctx, j->arena, from, j->to, &subjects, &n, j->err);
    }
    int64_t last = 0;
    for (size_t i = 0; i < n && !status; i++) {
        int64_t date = j->source.facts(j->source.ctx, subjects[i])->date;
        if (i >= wanted && date != last)
            break;
        last = date;
        status = judge_item(j, subjects[i], UINT32_MAX);
    }
    return status;
}

static int judge(struct judgement *j)
{
    uint64_t all = 0, in_window = 0;
    int status;
    if ((status = weigh(j)) || (status = place_dimensions(j)) || (status = name_rules(j)) ||
        (status = number_facts(j)) || (status = count_pool(j, &all, &in_window)))
        return status;
    j->rules[rating__rule(j, RULE_WINDOW, 0)].n = all - in_window;
    if (j->page_only && hides_nothing(j)) {
        status = look_at_newest(j);
        j->rules[0].n = in_window;
        return status;
    }
    if (j->recipe->sources != SOURCES_EVERYONE)
        status = tally_trusted(j);
    if (!status && (j->recipe->sources == SOURCES_EVERYONE || !j->support_needed))
        status = look_at_all(j);
    else
        for (size_t i = 0; i < j->tally_count && !status; i++)
            status = judge_item(j, j->tallies[i].subject, (uint32_t)i);
    if (status)
        return status;
    j->rules[rating__rule(j, RULE_SUPPORT, 0)].n += in_window - j->item_count;
    if (j->recipe->one_per_lineage && (status = rating__one_per_lineage(j)))
        return status;
    return j->recipe->missed_of ? rating__hide_not_missed(j) : 0;
}

int rating__judge_by(struct store_read *read, const struct rating_source *source,
    struct rating__weights_kept *kept, bool page_only, struct arena *arena, const struct filter_run *run,
    struct judgement *out, struct err *err)
{
    *out = (struct judgement){.read = read,
        .source = *source,
        .kept = kept,
        .page_only = page_only,
        .arena = arena,
        .run = run,
        .recipe = run->recipe,
        .err = err,
        .from = INT64_MIN,
        .to = run->at};
    out->source.close = NULL;
    if (run->recipe->dimension_count > RECIPE_MAX_DIMENSIONS)
        return err_set(err, ERR_LIMIT, "a filter has at most %d dimensions", RECIPE_MAX_DIMENSIONS);
    if (run->recipe->window && __builtin_sub_overflow(run->at, run->recipe->window * 3600, &out->from))
        out->from = INT64_MIN;
    return judge(out);
}

int rating__source(
    struct store_read *read, struct rating_index *index, struct rating_source *out, struct err *err)
{
    return index ? rating__index_source(index, read, out, err) : rating__sql_source(read, out, err);
}

static int judge_pool(struct store_read *read, struct rating_index *index, bool page_only,
    struct arena *arena, const struct filter_run *run, struct judgement *out, struct err *err)
{
    struct rating_source source = {0};
    int status = rating__source(read, index, &source, err);
    if (status) {
        *out = (struct judgement){0};
        return status;
    }
    status = rating__judge_by(
        read, &source, index ? rating__index_weights(index) : NULL, page_only, arena, run, out, err);
    out->source.close = source.close;
    return status;
}

int rating__judge(struct store_read *read, struct rating_index *index, struct arena *arena,
    const struct filter_run *run, struct judgement *out, struct err *err)
{
    return judge_pool(read, index, false, arena, run, out, err);
}

int rating__judge_page(struct store_read *read, struct rating_index *index, struct arena *arena,
    const struct filter_run *run, struct judgement *out, struct err *err)
{
    return judge_pool(read, index, !run->hidden_rule.n, arena, run, out, err);
}

void rating__judgement_finish(struct judgement *j)
{
    if (j->source.close)
        j->source.close(j->source.ctx);
    free(j->tallies);
    free(j->sums);
    free(j->squares);
    free(j->slots);
    free(j->items);
}
