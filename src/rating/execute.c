/* execute.c: what a filter shows: a page of items, and by which rule how many others were hidden. */
#include "rating/judge.h"

enum { max_limit = 500 };

static int fill_scored(struct judgement *j, struct item **items, size_t n, struct filter_result *out)
{
    if (!(out->items = ARENA_ARRAY(j->arena, struct scored, n + 1)))
        return err_set(j->err, ERR_MEMORY, "the page does not fit in memory");
    for (size_t i = 0; i < n; i++)
        out->items[i] = rating__scored(j, items[i]);
    out->n = n;
    return 0;
}

struct scored rating__scored(const struct judgement *j, const struct item *item)
{
    double rank = item->rank.size;
    for (int64_t e = item->rank.exponent; e > 0 && e < 1100; e--)
        rank = rank * 2;
    for (int64_t e = item->rank.exponent; e < 0 && rank != 0; e++)
        rank = rank / 2;
    return (struct scored){.subject = item->subject,
        .seq = item->seq,
        .coordinate = item->coordinate,
        .score = item->score,
        .rank = rank,
        .support = item->support,
        .rule = j->rules[item->rule].rule,
        .rule_name = j->rules[item->rule].name};
}

/* Subjects that were not looked at one by one, as items: those outside the window, or without any support. */
static int add_unseen(struct judgement *j, int64_t from, int64_t to, uint16_t rule, size_t wanted)
{
    const uint32_t *subjects;
    size_t n, added = 0;
    if (from > to)
        return 0;
    int status = j->source.articles(j->source.ctx, j->arena, from, to, &subjects, &n, j->err);
    int64_t last = INT64_MAX;
    for (size_t i = 0; i < n && !status; i++) {
        int64_t date = j->source.facts(j->source.ctx, subjects[i])->date;
        if (added >= wanted && date != last)
            break; /* newest first: a page is full and no equal is left */
        if (from == j->from && rating__tally_of(j, subjects[i]) != UINT32_MAX)
            continue;
        last = date;
        status = rating__add_item(
            j, &(struct item){.subject = subjects[i], .tally = UINT32_MAX, .rule = rule, .date = date});
        added++;
    }
    return status;
}

static int find_hidden(struct judgement *j, uint16_t *rule)
{
    for (*rule = 1; *rule < j->rule_count; ++*rule)
        if (str_eq(j->rules[*rule].name, j->run->hidden_rule))
            break;
    if (*rule == j->rule_count)
        return err_set(
            j->err, ERR_NOT_FOUND, "this filter has no rule \"%.*s\"", STR_ARG(j->run->hidden_rule));
    size_t wanted = j->run->offset + j->run->limit;
    if (j->rules[*rule].rule == RULE_WINDOW && j->from > INT64_MIN)
        return add_unseen(j, INT64_MIN, j->from - 1, *rule, wanted);
    if (j->rules[*rule].rule == RULE_SUPPORT && !j->all_looked_at)
        return add_unseen(j, j->from, j->to, *rule, wanted);
    return 0;
}

static int collect(struct judgement *j, struct filter_result *out)
{
    uint16_t rule = 0;
    size_t n;
    struct item **items;
    bool hidden = j->run->hidden_rule.n > 0;
    out->support_needed = j->support_needed;
    out->full_seeds = j->weights.own_sum;
    out->passed = j->rules[0].n;
    out->seq = store_read_seq(j->read);
    if (!(out->hidden = ARENA_ARRAY(j->arena, struct hidden_count, j->rule_count)))
        return err_set(j->err, ERR_MEMORY, "the page does not fit in memory");
    for (size_t i = 1; i < j->rule_count; i++)
        if (j->rules[i].n)
            out->hidden[out->hidden_count++] = (struct hidden_count){j->rules[i].name, j->rules[i].n};
    int status = hidden ? find_hidden(j, &rule) : 0;
    if (!status)
        status = rating__page(j, rule, hidden, j->run->offset, j->run->limit, &items, &n);
    if (!status)
        status = fill_scored(j, items, n, out);
    out->weights = j->weights;
    return status;
}

int filter_execute(struct store_read *read, struct rating_index *index, struct arena *arena,
    const struct filter_run *run, struct filter_result *out, struct err *err)
{
    *out = (struct filter_result){0};
    if (run->limit > max_limit)
        return err_set(err, ERR_LIMIT, "a page has at most %d items", max_limit);
    struct judgement j __attribute__((cleanup(rating__judgement_finish)));
    int status = rating__judge_page(read, index, arena, run, &j, err);
    if (!status)
        status = collect(&j, out);
    return status;
}
