/* fts.c: the search index: an FTS5 table without content, cut into words by base/tokenizer.
 *
 * Its rows are numbered by date (docid), so that it is walked newest first and cut at a bound (search.c).
 * What a row was made of is given again when it is taken out, which is all FTS5 3.40 needs to forget it;
 * merging its segments then drops the words. */
#include "base/tokenizer.h"
#include "store/sqlite/private.h"
#include "store_sql.h"

#include <stdlib.h>

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
        rc = api->xCreateFunction(api, "store_search_rank", NULL, search__rank, NULL);
    return rc == SQLITE_OK ? 0 : sql__fail(db, rc, err, "registering the search functions");
}

/* How FTS5 gathers and merges: a batch's words in one segment (its own 1 MB would make five of them), and
   segments merged eight at a time, so that each posting is copied less often. Both stand in the database and
   hold for whoever writes. */
static const struct setting {
    const char *name;
    int64_t value;
} settings[] = {{"hashsize", 16 << 20}, {"automerge", 8}};

int fts__configure(struct sql *db, struct err *err)
{
    int rc = 0;
    for (size_t i = 0; i < sizeof settings / sizeof *settings && rc >= 0; i++) {
        struct sql_cursor *c = sql_open(db, &store_q_search_setting);
        sql_text(c, 1, str_of(settings[i].name));
        rc = sql_step(c, err);
        bool set = rc == 1 && sql_col_int(c, 0) == settings[i].value;
        int closed = sql_close(c, err);
        if (rc < 0 || closed < 0)
            return rc < 0 ? rc : closed;
        if (set)
            continue;
        c = sql_open(db, &store_q_search_set);
        sql_text(c, 1, str_of(settings[i].name));
        sql_int(c, 2, settings[i].value);
        rc = sql_done(c, err);
    }
    return rc < 0 ? rc : 0;
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
int64_t fts__docid(int64_t date, uint64_t seq)
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
    int64_t id = fts__docid(t.date, seq);
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
