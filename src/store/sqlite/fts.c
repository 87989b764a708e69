/* fts.c: the search index: an FTS5 table without content, cut into words by base/tokenizer, ranked by us.
 *
 * Its rows are numbered by date (docid), so that it is walked newest first and cut at a bound: a query whose
 * words are everywhere is ranked among its newest RANKED hits only. What a row was made of is given again
 * when it is taken out, which is all FTS5 3.40 needs to forget it; merging its segments then drops the words.
 */
#include "base/tokenizer.h"
#include "store/sqlite/private.h"
#include "store_sql.h"

#include <math.h>
#include <stdlib.h>

#define RANKED 1000             /* hits that are ranked by relevance, newest first */
#define FLUSH_BYTES (32u << 20) /* texts held back for sorting */

/* ---- the tokenizer */

static int token_create(void *ctx, const char **args, int n, Fts5Tokenizer **out)
{
    *out = (Fts5Tokenizer *)ctx; /* it has no state */
    return SQLITE_OK;
}

static void token_delete(Fts5Tokenizer *t) {}

struct feed {
    void *ctx;
    int (*on_token)(void *, int, const char *, int, int, int);
};

static int feed_token(void *ctx, const struct token *t)
{
    struct feed *f = ctx;
    return f->on_token(f->ctx, t->again ? FTS5_TOKEN_COLOCATED : 0, t->folded.p, (int)t->folded.n,
        (int)t->start, (int)t->end);
}

static int token_run(Fts5Tokenizer *t, void *ctx, int flags, const char *text, int n,
    int (*on_token)(void *, int, const char *, int, int, int))
{
    struct feed f = {ctx, on_token};
    return tokenize(
        (struct str){text, (size_t)n}, flags & FTS5_TOKENIZE_QUERY ? TOKEN_FOR_QUERY : 0, feed_token, &f);
}

/* ---- rank: BM25 with weights for columns and document frequencies that the caller estimated */

#define K1 1.2
#define B 0.5

struct rank_weights { /* the blob that the query passes */
    double average;   /* words of a document */
    double idf[64];   /* of the query's phrases, in order */
};

static void rank(
    const Fts5ExtensionApi *api, Fts5Context *fts, sqlite3_context *out, int n, sqlite3_value **args)
{
    static const double column_weights[4] = {6.0, 3.0, 1.0, 0.0};
    double counts[64] = {0}, score = 0;
    const struct rank_weights *w = sqlite3_value_blob(args[0]);
    if (sqlite3_value_bytes(args[0]) != sizeof *w)
        return;
    int phrases = api->xPhraseCount(fts), hits = 0, rc = api->xInstCount(fts, &hits);
    for (int i = 0; i < hits && i < 4096 && rc == SQLITE_OK; i++) {
        int phrase, column, offset;
        if ((rc = api->xInst(fts, i, &phrase, &column, &offset)) == SQLITE_OK && phrase < 64 && column < 4)
            counts[phrase] += column_weights[column];
    }
    int length = 0;
    if (rc == SQLITE_OK)
        rc = api->xColumnSize(fts, 2, &length);
    if (rc != SQLITE_OK) {
        sqlite3_result_error_code(out, rc);
        return;
    }
    double norm = K1 * (1 - B + B * length / (w->average > 1 ? w->average : 1));
    for (int i = 0; i < phrases && i < 64; i++)
        score += w->idf[i] * counts[i] * (K1 + 1) / (counts[i] + norm);
    sqlite3_result_double(out, score);
}

static int api_of(sqlite3 *db, fts5_api **out)
{
    sqlite3_stmt *stmt = NULL;
    *out = NULL;
    int rc = sqlite3_prepare_v2(db, "SELECT fts5(?1)", -1, &stmt, NULL);
    if (rc == SQLITE_OK) {
        sqlite3_bind_pointer(stmt, 1, (void *)out, "fts5_api_ptr", NULL);
        sqlite3_step(stmt);
    }
    sqlite3_finalize(stmt);
    return rc;
}

int fts__register(sqlite3 *db, struct err *err)
{
    static const fts5_tokenizer tokenizer = {token_create, token_delete, token_run};
    fts5_api *api;
    int rc = api_of(db, &api);
    if (rc == SQLITE_OK && !api)
        rc = SQLITE_ERROR;
    if (rc == SQLITE_OK)
        rc = api->xCreateTokenizer(api, "widenet", (void *)db, (fts5_tokenizer *)&tokenizer, NULL);
    if (rc == SQLITE_OK)
        rc = api->xCreateFunction(api, "store_search_rank", NULL, rank, NULL);
    return rc == SQLITE_OK ? 0 : sql__fail(db, rc, err, "registering the search functions");
}

/* ---- what the applier adds and takes out: kept until the batch's end, then done in docid's order, because
   FTS5 writes a segment whenever the order falls */

static struct fts_op *push(struct batch *b, int64_t docid, bool remove, const struct search_text *t)
{
    if (b->op_count == b->op_cap) {
        b->op_cap = b->op_cap ? 2 * b->op_cap : 256;
        b->ops = realloc(b->ops, b->op_cap * sizeof *b->ops);
        if (!b->ops)
            abort();
    }
    struct fts_op *op = &b->ops[b->op_count++];
    *op = (struct fts_op){docid, remove, arena_str(b->arena, t->text.title),
        arena_str(b->arena, t->text.summary), arena_str(b->arena, t->text.body), t->facts};
    b->op_bytes += op->title.n + op->summary.n + op->body.n + op->facts.n;
    return op;
}

/* Dates from before the epoch sort, too; odd ones are clamped. */
static int64_t first_docid(int64_t date, uint64_t seq)
{
    const int64_t shift = INT64_C(1) << 36, most = INT64_C(1) << 38;
    if (date <= -shift)
        date = 1 - shift;
    if (date >= most)
        date = most - 1;
    return (date + shift) * (1 << 24) + (int64_t)(seq & 0xffffff);
}

int fts__add(struct batch *b, uint64_t seq, const struct record *r, int64_t *docid, struct err *err)
{
    struct search_text t;
    *docid = 0;
    if (!rules__search_text(b->arena, &b->l->base.tables, r, &t))
        return 0;
    int64_t id = first_docid(t.date, seq);
    for (int tries = 0;; tries++, id++) {
        struct sql_cursor *c = sql_open(b->db, &store_q_text_add);
        sql_int(c, 1, id);
        sql_int(c, 2, (int64_t)seq);
        int rc = sql_done(c, err);
        if (rc < 0)
            return rc;
        if (sql_changes(b->db) > 0)
            break;
        if (tries > 100000)
            return err_set(
                err, ERR_INTERNAL, "no place in the search index for record %lu", (unsigned long)seq);
    }
    push(b, id, false, &t);
    b->texts++;
    *docid = id;
    return b->op_bytes > FLUSH_BYTES ? fts__flush(b, err) : 0;
}

int fts__remove(struct batch *b, int64_t docid, const struct record *r, struct err *err)
{
    struct search_text t;
    struct sql_cursor *c = sql_open(b->db, &store_q_text_remove);
    sql_int(c, 1, docid);
    int rc = sql_done(c, err);
    b->texts--;
    if (rc < 0 || !rules__search_text(b->arena, &b->l->base.tables, r, &t))
        return rc;
    for (size_t i = b->op_count; i-- > 0;)
        if (b->ops[i].docid == docid && !b->ops[i].remove) { /* came in this very batch */
            b->ops[i] = b->ops[--b->op_count];
            return 0;
        }
    push(b, docid, true, &t);
    return b->op_bytes > FLUSH_BYTES ? fts__flush(b, err) : 0;
}

static int op_cmp(const void *a, const void *b)
{
    const struct fts_op *x = a, *y = b;
    if (x->docid != y->docid)
        return x->docid < y->docid ? -1 : 1;
    return (int)y->remove - (int)x->remove; /* a number may be taken by another at once */
}

int fts__flush(struct batch *b, struct err *err)
{
    int rc = 0;
    if (b->op_count > 1)
        qsort(b->ops, b->op_count, sizeof *b->ops, op_cmp);
    for (size_t i = 0; i < b->op_count && rc >= 0; i++) {
        const struct fts_op *op = &b->ops[i];
        struct sql_cursor *c = sql_open(b->db, op->remove ? &store_q_search_remove : &store_q_search_add);
        sql_int(c, 1, op->docid);
        sql_text(c, 2, op->title);
        sql_text(c, 3, op->summary);
        sql_text(c, 4, op->body);
        sql_text(c, 5, op->facts);
        rc = sql_done(c, err);
    }
    b->op_count = b->op_bytes = 0;
    arena_reset(b->arena);
    return rc;
}

/* ---- search */

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

static void match_text(const struct search_plan *plan, struct buf *out)
{
    buf_addc(out, '(');
    size_t n = 0;
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
}

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

/* How rare each phrase is, judged by how far back one must go for a sample of it: bounded, unlike FTS5's
   bm25, which counts every hit of every phrase first. */
static int estimate(
    struct store_read *r, const struct search_plan *plan, struct rank_weights *w, struct err *err)
{
    enum { SAMPLE = 200 };
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
    w->average = 400;
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
    if (rc == 1)
        *seq = (uint64_t)sql_col_int(c, 0);
    sql_close(c, NULL);
    return rc;
}

/* Of the best, in order: only as many as are asked for are looked up. */
static int resolve(struct store_read *r, struct hit *hits, size_t *n, size_t wanted, struct err *err)
{
    size_t kept = 0;
    for (size_t i = 0; i < *n && kept < wanted; i++) {
        struct hit h = hits[i];
        int rc = hit_seq(r, h.docid, &h.hit.seq, err);
        if (rc < 0)
            return rc;
        if (rc)
            hits[kept++] = h;
    }
    *n = kept;
    return 0;
}

int lite__search(struct store_read *r, struct arena *arena, const struct search_plan *plan,
    struct search_result *out, struct err *err)
{
    const struct search_query *q = plan->query;
    bool ranked = plan->any_word && !q->newest;
    struct rank_weights weights = {0};
    struct buf match _cleanup_buf_ = BUF_INIT;
    match_text(plan, &match);
    int rc = ranked ? estimate(r, plan, &weights, err) : 0;
    if (rc < 0)
        return rc;
    struct sql_cursor *c = sql_open(r->sql, ranked ? &store_q_search_rank : &store_q_search_newest);
    sql_text(c, 1, buf_str(&match));
    sql_int(c, 2, first_docid(plan->until, 0xffffff));
    if (ranked)
        sql_blob(c, 3, &weights, sizeof weights);
    sql_int(c, ranked ? 4 : 3, first_docid(plan->from, 0));
    size_t wanted = q->offset + q->limit + 1, max = ranked ? RANKED : wanted;
    struct hit *hits = calloc(max + 1, sizeof *hits);
    if (!hits) {
        sql_close(c, NULL);
        return err_set(err, ERR_MEMORY, "no memory for %zu hits", max);
    }
    size_t n = 0;
    while (n < max && (rc = sql_step(c, err)) == 1) {
        struct hit *h = &hits[n];
        h->docid = sql_col_int(c, 0);
        h->hit.score = ranked ? sql_col_real(c, 1) : 0;
        if (!ranked && (rc = hit_seq(r, h->docid, &h->hit.seq, err)) < 0)
            break;
        n += ranked || rc == 1;
    }
    sql_close(c, NULL);
    if (rc >= 0 && ranked) {
        qsort(hits, n, sizeof *hits, hit_cmp);
        rc = resolve(r, hits, &n, wanted, err);
    }
    if (rc >= 0) {
        out->more = n > q->offset + q->limit;
        size_t from = q->offset < n ? q->offset : n;
        out->n = n - from < q->limit ? n - from : q->limit;
        out->hits = ARENA_ARRAY(arena, struct search_hit, out->n + 1);
        for (size_t i = 0; i < out->n; i++)
            out->hits[i] = hits[from + i].hit;
    }
    free(hits);
    return rc < 0 ? rc : 0;
}
