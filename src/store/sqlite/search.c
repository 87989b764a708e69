/* search.c: what search finds in the index, and in which order.
 *
 * Relevance is BM25 with weights for title and summary. Rows are walked newest first. A hit whose length
 * would have to be looked up is passed over when not even the shortest text would bring it among the best, so
 * that many can be ranked; after RANKED of them the walk ends, and of the older ones only those are ranked
 * whose title has all the words: the best of what is everywhere is what is about it. */
#include "base/tokenizer.h"
#include "store/sqlite/private.h"
#include "store_sql.h"

#include <math.h>
#include <stdlib.h>

#define RANKED 10000 /* hits that are ranked, newest first */
#define TITLED 2000  /* older ones, with the words in their title */
#define DEEPEST 1000 /* hits that can be leafed through by relevance */

/* ---- rank */

#define SEARCH_WEIGHTS "widenet_weights" /* the type of the pointer that the query passes */
#define K1 1.2
#define B 0.5

struct weights {
    double average; /* words of a document */
    double idf[64]; /* of the terms, in order */
    int first;      /* the first term's place among the query's phrases */
    double least;   /* only what is better than this is of interest */
};

void search__rank(
    const Fts5ExtensionApi *api, Fts5Context *fts, sqlite3_context *out, int n, sqlite3_value **args)
{
    static const double column_weights[4] = {6.0, 3.0, 1.0, 0.0};
    double counts[64], best = 0, score = 0;
    const struct weights *w = sqlite3_value_pointer(args[0], SEARCH_WEIGHTS);
    int phrases = api->xPhraseCount(fts), rc = SQLITE_OK;
    if (!w)
        return;
    phrases = phrases - w->first < 64 ? phrases - w->first : 64;
    for (int i = 0; i < phrases && rc == SQLITE_OK; i++) {
        counts[i] = 0;
        if (w->idf[i] <= 0)
            continue; /* a fact, or what is not wanted */
        Fts5PhraseIter at;
        int column, offset;
        for (rc = api->xPhraseFirst(fts, w->first + i, &at, &column, &offset); rc == SQLITE_OK && column >= 0;
             api->xPhraseNext(fts, &at, &column, &offset))
            counts[i] += column < 4 ? column_weights[column] : 0;
        best += w->idf[i] * counts[i] * (K1 + 1) / (counts[i] + K1 * (1 - B));
    }
    int length = 0;
    if (rc == SQLITE_OK && best > w->least)
        rc = api->xColumnSize(fts, 2, &length);
    if (rc != SQLITE_OK) {
        sqlite3_result_error_code(out, rc);
        return;
    }
    if (best <= w->least)
        return; /* NULL */
    double norm = K1 * (1 - B + B * length / (w->average > 1 ? w->average : 1));
    for (int i = 0; i < phrases; i++)
        if (w->idf[i] > 0)
            score += w->idf[i] * counts[i] * (K1 + 1) / (counts[i] + norm);
    sqlite3_result_double(out, score);
}

/* ---- the query in FTS5's words */

/* "…" for FTS5: nothing in it but quotes means anything there; zero bytes would end the text. */
static void add_quoted(struct buf *out, struct str text)
{
    buf_addc(out, '"');
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '"')
            buf_addc(out, '"');
        buf_addc(out, text.p[i] ? text.p[i] : ' ');
    }
    buf_addc(out, '"');
}

static void add_term(struct buf *out, const struct search_term *t)
{
    buf_addz(out, "{title summary body} : ");
    add_quoted(out, t->text);
    if (t->prefix)
        buf_addz(out, " *");
}

static void add_fact(struct buf *out, const struct search_fact *f)
{
    buf_addc(out, '(');
    for (size_t i = 0; i < f->n; i++) {
        buf_addz(out, i ? " OR facts : " : "facts : ");
        add_quoted(out, f->words[i]);
    }
    buf_addc(out, ')');
}

struct title_words {
    struct buf *out;
    int n;
};

static int add_title_word(void *ctx, const struct token *t)
{
    struct title_words *w = ctx;
    buf_addz(w->out, w->n++ ? " AND facts : \"" : "facts : \"");
    rules__fact(w->out, 'w', t->folded);
    buf_addc(w->out, '"');
    return 0;
}

/* titled: only what has the words in its title, too; these come first, since FTS5 goes by the first and asks
 * the others only where that is. Returns their number, behind which the terms' phrases follow. */
static int match_text(const struct search_plan *plan, bool titled, struct buf *out)
{
    struct title_words words = {out, 0};
    buf_addc(out, '(');
    for (size_t i = 0; titled && i < plan->term_count; i++)
        if (!plan->terms[i].negative && !plan->terms[i].prefix)
            tokenize(plan->terms[i].text, TOKEN_FOR_QUERY, add_title_word, &words);
    int n = words.n;
    for (size_t i = 0; i < plan->term_count; i++)
        if (!plan->terms[i].negative) {
            buf_addz(out, n++ ? " AND " : "");
            add_term(out, &plan->terms[i]);
        }
    for (size_t i = 0; i < plan->fact_count; i++)
        if (!plan->facts[i].negative) {
            buf_addz(out, n++ ? " AND " : "");
            add_fact(out, &plan->facts[i]);
        }
    buf_addc(out, ')');
    n = 0;
    for (size_t i = 0; i < plan->term_count; i++)
        if (plan->terms[i].negative) {
            buf_addz(out, n++ ? " OR " : " NOT (");
            add_term(out, &plan->terms[i]);
        }
    for (size_t i = 0; i < plan->fact_count; i++)
        if (plan->facts[i].negative) {
            buf_addz(out, n++ ? " OR " : " NOT (");
            add_fact(out, &plan->facts[i]);
        }
    if (n)
        buf_addc(out, ')');
    return words.n;
}

/* How rare each phrase is, judged by how far back one must go for a sample of it: bounded, unlike FTS5's
   bm25, which counts every hit of every phrase first. */
static int estimate(struct store_read *r, const struct search_plan *plan, struct weights *w, struct err *err)
{
    enum { SAMPLE = 200 };
    w->average = 400;
    size_t wanted = 0;
    for (size_t i = 0; i < plan->term_count; i++)
        wanted += !plan->terms[i].negative;
    if (wanted == 1) { /* nothing to weigh it against, and a rare phrase is walked to its end */
        w->idf[0] = 1;
        return 0;
    }
    int64_t total = 0, oldest = 0, newest = 0;
    struct sql_cursor *c = sql_open(r->sql, &store_q_text_span);
    int rc = sql_step(c, err);
    if (rc == 1) {
        oldest = sql_col_int(c, 0);
        newest = sql_col_int(c, 1);
    }
    sql_close(c, NULL);
    if (rc >= 0)
        rc = sql__meta_get(r->sql, "texts", 0, &total, err);
    if (rc < 0)
        return rc;
    size_t phrase = 0;
    for (size_t i = 0; i < plan->term_count && phrase < 64; i++) {
        if (plan->terms[i].negative)
            continue;
        struct buf match _cleanup_buf_ = BUF_INIT;
        add_term(&match, &plan->terms[i]);
        c = sql_open(r->sql, &store_q_search_newest);
        sql_text(c, 1, buf_str(&match));
        sql_int(c, 2, INT64_MAX);
        sql_int(c, 3, 0);
        int n = 0;
        int64_t last = newest;
        while (n < SAMPLE && (rc = sql_step(c, err)) == 1) {
            n++;
            last = sql_col_int(c, 0);
        }
        sql_close(c, NULL);
        if (rc < 0)
            return rc;
        double share = newest > oldest ? (double)(newest - last + 1) / (double)(newest - oldest + 1) : 1;
        double all = (double)(total > n ? total : n);
        double found = n < SAMPLE ? n : share > 0 ? n / share : all;
        if (found > all)
            found = all;
        w->idf[phrase++] = log(1 + (all - found + 0.5) / (found + 0.5));
    }
    return 0;
}

static int hit_seq(struct store_read *r, int64_t docid, uint64_t *seq, struct err *err)
{
    struct sql_cursor *c = sql_open(r->sql, &store_q_text_seq);
    sql_int(c, 1, docid);
    int rc = sql_step(c, err);
    if (rc == 1 && !sql_col_null(c, 1) && sql_col_int(c, 1) <= r->now)
        rc = 0; /* expired, and the sweep has not come by yet */
    if (rc == 1 && lite__leaving(r, (uint64_t)sql_col_int(c, 0)))
        rc = 0;
    if (rc == 1)
        *seq = (uint64_t)sql_col_int(c, 0);
    sql_close(c, NULL);
    return rc;
}

/* ---- the hits */

struct hit {
    int64_t docid;
    struct search_hit hit;
};

static int hit_cmp(const void *a, const void *b)
{
    const struct hit *x = a, *y = b;
    if (x->hit.score != y->hit.score)
        return x->hit.score > y->hit.score ? -1 : 1;
    return x->docid > y->docid ? -1 : x->docid < y->docid;
}

struct hits {
    struct store_read *read;
    const struct search_plan *plan;
    struct weights weights;
    struct hit *at; /* room for twice as many as are wanted */
    size_t n, wanted;
    int64_t last; /* docid of the row seen last */
};

/* The best of what has been found so far; from now on only better ones count. */
static void keep_best(struct hits *h)
{
    qsort(h->at, h->n, sizeof *h->at, hit_cmp);
    if (h->n < h->wanted)
        return;
    h->n = h->wanted;
    h->weights.least = h->at[h->n - 1].hit.score;
}

static int take(struct hits *h, int64_t docid, double score, struct err *err)
{
    struct hit *hit = &h->at[h->n];
    *hit = (struct hit){docid, {0, score}};
    int rc = hit_seq(h->read, docid, &hit->hit.seq, err);
    h->n += rc == 1;
    return rc < 0 ? rc : 0;
}

/* 1: there are more than most. */
static int rank_hits(struct hits *h, bool titled, int64_t until, size_t most, struct err *err)
{
    struct buf match _cleanup_buf_ = BUF_INIT;
    h->weights.first = match_text(h->plan, titled, &match);
    if (titled && !h->weights.first)
        return 0;
    struct sql_cursor *c = sql_open(h->read->sql, &store_q_search_rank);
    sql_text(c, 1, buf_str(&match));
    sql_int(c, 2, until);
    sql_int(c, 4, fts__docid(h->plan->from, 0));
    if (sql__statement(c))
        sqlite3_bind_pointer(sql__statement(c), 3, &h->weights, SEARCH_WEIGHTS, NULL);
    size_t seen = 0;
    int rc;
    while ((rc = sql_step(c, err)) == 1 && seen++ < most) {
        h->last = sql_col_int(c, 0);
        if (sql_col_null(c, 1) || sql_col_real(c, 1) <= h->weights.least)
            continue;
        if ((rc = take(h, h->last, sql_col_real(c, 1), err)) < 0)
            break;
        if (h->n == 2 * h->wanted)
            keep_best(h);
    }
    sql_close(c, NULL);
    keep_best(h);
    return rc;
}

static int by_relevance(struct hits *h, struct err *err)
{
    if (h->wanted > DEEPEST)
        h->wanted = DEEPEST;
    int rc = estimate(h->read, h->plan, &h->weights, err);
    if (rc >= 0)
        rc = rank_hits(h, false, fts__docid(h->plan->until, 0xffffff), RANKED, err);
    return rc == 1 ? rank_hits(h, true, h->last - 1, TITLED, err) : rc;
}

static int by_date(struct hits *h, struct err *err)
{
    struct buf match _cleanup_buf_ = BUF_INIT;
    match_text(h->plan, false, &match);
    struct sql_cursor *c = sql_open(h->read->sql, &store_q_search_newest);
    sql_text(c, 1, buf_str(&match));
    sql_int(c, 2, fts__docid(h->plan->until, 0xffffff));
    sql_int(c, 3, fts__docid(h->plan->from, 0));
    int rc = 0;
    while (h->n < h->wanted && rc >= 0 && (rc = sql_step(c, err)) == 1)
        rc = take(h, sql_col_int(c, 0), 0, err);
    sql_close(c, NULL);
    return rc;
}

int lite__search(struct store_read *r, struct arena *arena, const struct search_plan *plan,
    struct search_result *out, struct err *err)
{
    const struct search_query *q = plan->query;
    struct hits h = {.read = r, .plan = plan, .weights = {.least = -1}, .wanted = q->offset + q->limit + 1};
    h.at = calloc(2 * h.wanted, sizeof *h.at);
    if (!h.at)
        return err_set(err, ERR_MEMORY, "no memory for %zu hits", h.wanted);
    int rc = plan->any_word && !q->newest ? by_relevance(&h, err) : by_date(&h, err);
    if (rc >= 0) {
        out->more = h.n > q->offset + q->limit;
        size_t from = q->offset < h.n ? q->offset : h.n;
        out->n = h.n - from < q->limit ? h.n - from : q->limit;
        out->hits = ARENA_ARRAY(arena, struct search_hit, out->n + 1);
        for (size_t i = 0; i < out->n; i++)
            out->hits[i] = h.at[from + i].hit;
    }
    free(h.at);
    return rc < 0 ? rc : 0;
}
