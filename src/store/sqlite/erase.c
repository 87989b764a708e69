/* erase.c: erasure without a trace (NIP-62, an operator's duty): tombstones set, rows blanked in steps,
 * leftovers scrubbed.
 *
 * A key may have signed a million records: its tombstone comes first, in a transaction of its own, together
 * with a row of store_erasure, by which readers hide what is still there (store/leaving.c) and the applier
 * goes on with it, a step a transaction, until the row is gone, also after a crash. A rebuild in the middle
 * would meet the tombstone.
 *
 * secure_delete overwrites what SQLite frees; merging FTS5's segments drops the words; a truncated WAL
 * forgets the pages of before. Until that has happened the flag "scrub" stands, also over a crash. */
#include "base/log.h"
#include "store/sqlite/private.h"
#include "store_sql.h"

#include <stdlib.h>
#include <time.h>

/* Of a key in one transaction, at most. */
#define STEP_RECORDS 200
#define STEP_US 50000

/* What goes with one record. It grows while it is gone through: with a revision go the older ones of its
 * address, which say the same; with a deletion goes what it hid, or a rebuild would bring that back. What the
 * key signed up to covered is left out: its tombstone sees to that, and its turn comes. */
struct doomed {
    struct batch *b;
    int64_t actor, covered;
    struct buf seqs; /* uint64_t, each once */
    struct buf seen; /* a bit for each place in the log */
};

static void doom(struct doomed *d, uint64_t seq)
{
    size_t byte = seq / 8;
    if (byte >= d->seen.n) {
        size_t more = byte + 1 - d->seen.n;
        buf_reserve(&d->seen, more + d->seen.n);
        memset(d->seen.p + d->seen.n, 0, more);
        d->seen.n += more;
    }
    if (d->seen.p[byte] & 1 << seq % 8)
        return;
    d->seen.p[byte] |= (char)(1 << seq % 8);
    buf_add(&d->seqs, &seq, sizeof seq);
}

static int doom_rows(struct doomed *d, struct sql_cursor *c, struct err *err)
{
    int rc;
    while ((rc = sql_step(c, err)) == 1)
        doom(d, (uint64_t)sql_col_int(c, 0));
    sql_close(c, NULL);
    return rc;
}

static int doom_id(struct doomed *d, const struct record_id *id, struct err *err)
{
    struct sql_cursor *c = sql_open(d->b->db, &store_q_record_by_idkey);
    sql_int(c, 1, rules__idkey(id));
    int rc;
    while ((rc = sql_step(c, err)) == 1) {
        uint64_t seq = (uint64_t)sql_col_int(c, 0);
        struct sql_cursor *row = sql_open(d->b->db, &store_q_record_row);
        sql_int(row, 1, (int64_t)seq);
        if (sql_step(row, err) == 1 && sql_col_int(row, 1) == d->actor && sql_col_int(row, 3) > d->covered &&
            sql_col_int(row, 4) == STORE_GONE)
            doom(d, seq);
        sql_close(row, NULL);
    }
    sql_close(c, NULL);
    return rc;
}

static int doom_address(
    struct doomed *d, int64_t kind, int64_t address, int64_t until, bool only_gone, struct err *err)
{
    struct sql_cursor *c = sql_open(
        d->b->db, only_gone ? &store_q_record_gone_of_address : &store_q_record_until);
    sql_int(c, 1, d->actor);
    sql_int(c, 2, kind);
    sql_int(c, 3, address);
    sql_int(c, 4, until);
    sql_int(c, 5, d->covered);
    return doom_rows(d, c, err);
}

static int doom_targets(struct doomed *d, uint64_t seq, struct err *err)
{
    struct arena *arena _cleanup_arena_ = arena_create(0);
    struct record r;
    struct sql_cursor *c = sql_open(d->b->db, &store_q_log_row);
    sql_int(c, 1, (int64_t)seq);
    int rc = sql_step(c, err);
    struct str raw = rc == 1 ? arena_str(arena, sql_col_blob(c, 2)) : (struct str){NULL, 0};
    sql_close(c, NULL);
    if (rc < 0 || !raw.n || record_parse(arena, raw, &r, NULL) < 0)
        return rc < 0 ? rc : 0;
    for (size_t i = 0; i < r.tag_count && rc >= 0; i++) {
        struct record_id id;
        struct address a;
        if (r.tags[i].n < 2)
            continue;
        if (str_eqz(r.tags[i].v[0], "e") && rules__id_of(r.tags[i].v[1], &id))
            rc = doom_id(d, &id, err);
        else if (str_eqz(r.tags[i].v[0], "a") && address_parse(r.tags[i].v[1], &a) &&
                 pubkey_eq(&a.pubkey, &r.pubkey))
            rc = doom_address(d, a.kind,
                record_class_of(a.kind) == RECORD_ADDRESSABLE ? rules__hash(0, a.d) : 0, r.created_at, true,
                err);
    }
    return rc;
}

static int spread(struct doomed *d, struct err *err)
{
    int rc = 0;
    for (size_t at = 0; at < d->seqs.n && rc >= 0; at += sizeof(uint64_t)) {
        uint64_t seq;
        memcpy(&seq, d->seqs.p + at, sizeof seq);
        struct sql_cursor *c = sql_open(d->b->db, &store_q_record_row);
        sql_int(c, 1, (int64_t)seq);
        rc = sql_step(c, err);
        int64_t kind = 0, created_at = 0, address = 0;
        bool addressed = false;
        if (rc == 1) {
            kind = sql_col_int(c, 2);
            created_at = sql_col_int(c, 3);
            addressed = !sql_col_null(c, 6);
            address = sql_col_int(c, 6);
        }
        sql_close(c, NULL);
        if (rc == 1 && kind == 5)
            rc = doom_targets(d, seq, err);
        if (rc >= 0 && addressed && created_at > d->covered)
            rc = doom_address(d, kind, address, created_at, false, err);
    }
    return rc;
}

static int seq_cmp(const void *a, const void *b)
{
    uint64_t x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return x < y ? -1 : x > y;
}

static int tombstone_id(struct batch *b, const void *id, const char *reason, struct err *err)
{
    struct sql_cursor *c = sql_open(b->db, &store_q_tombstone_id_add);
    sql_blob(c, 1, id, 32);
    sql_text(c, 2, str_of(reason));
    return sql_done(c, err);
}

/* Up to covered the key's own tombstone keeps it from coming back; others need theirs. */
static int erase_doomed(struct doomed *d, const char *reason, struct err *err)
{
    int rc = spread(d, err);
    if (d->seqs.n)
        qsort(d->seqs.p, d->seqs.n / sizeof(uint64_t), sizeof(uint64_t), seq_cmp);
    for (size_t at = 0; at < d->seqs.n && rc >= 0; at += sizeof(uint64_t)) {
        uint64_t seq;
        memcpy(&seq, d->seqs.p + at, sizeof seq);
        struct sql_cursor *c = sql_open(d->b->db, &store_q_record_row);
        sql_int(c, 1, (int64_t)seq);
        rc = sql_step(c, err);
        bool bare = rc == 1 && sql_col_int(c, 3) > d->covered;
        sql_close(c, NULL);
        if (rc >= 0 && bare) {
            c = sql_open(d->b->db, &store_q_log_id);
            sql_int(c, 1, (int64_t)seq);
            if ((rc = sql_step(c, err)) == 1 && sql_col_blob(c, 0).n == 32)
                rc = tombstone_id(d->b, sql_col_blob(c, 0).p, reason, err);
            sql_close(c, NULL);
        }
        if (rc >= 0)
            rc = batch__remove(d->b, seq, true, err);
    }
    buf_finish(&d->seqs);
    buf_finish(&d->seen);
    return rc < 0 ? rc : 0;
}

/* ---- a key, in steps */

/* The tombstone, and the row that has the rest done; nothing where all up to until is gone already. */
static int begin_key(
    struct sql *db, const struct pubkey *key, int64_t until, const char *reason, bool *more, struct err *err)
{
    struct sql_cursor *c = sql_open(db, &store_q_tombstone_key);
    sql_blob(c, 1, key->b, 32);
    int rc = sql_step(c, err);
    int64_t since = rc == 1 ? sql_col_int(c, 0) : INT64_MIN;
    sql_close(c, NULL);
    *more = rc == 0 || until > since;
    if (rc < 0 || !*more)
        return rc < 0 ? rc : 0;
    c = sql_open(db, &store_q_tombstone_key_set);
    sql_blob(c, 1, key->b, 32);
    sql_int(c, 2, until);
    sql_text(c, 3, str_of(reason));
    if ((rc = sql_done(c, err)) < 0)
        return rc;
    c = sql_open(db, &store_q_erasure_begin);
    sql_blob(c, 1, key->b, 32);
    sql_int(c, 2, since);
    sql_int(c, 3, until);
    sql_text(c, 4, str_of(reason));
    return sql_done(c, err);
}

struct erasure { /* a row of store_erasure */
    struct pubkey key;
    int64_t since, until, erased;
    char reason[200];
};

/* 1: found. key NULL: any. */
static int next_erasure(struct sql *db, const struct pubkey *key, struct erasure *out, struct err *err)
{
    struct sql_cursor *c = sql_open(db, &store_q_erasure_next);
    sql_blob(c, 1, key ? key->b : NULL, 32);
    int rc = sql_step(c, err);
    if (rc == 1) {
        struct str stored = sql_col_blob(c, 0), reason = sql_col_text(c, 4);
        memset(out, 0, sizeof *out);
        memcpy(out->key.b, stored.p, stored.n < 32 ? stored.n : 32);
        out->since = sql_col_int(c, 1);
        out->until = sql_col_int(c, 2);
        out->erased = sql_col_int(c, 3);
        memcpy(out->reason, reason.n ? reason.p : "", reason.n < 199 ? reason.n : 199);
    }
    int closed = sql_close(c, err);
    return rc < 0 ? rc : closed < 0 ? closed : rc;
}

struct leaver {
    uint64_t seq;
    int64_t created_at, kind;
};

static int list_leavers(
    struct batch *b, int64_t actor, const struct erasure *e, struct leaver *out, size_t *n, struct err *err)
{
    struct sql_cursor *c = sql_open(b->db, &store_q_record_of_actor);
    sql_int(c, 1, actor);
    sql_int(c, 2, e->since);
    sql_int(c, 3, e->until);
    sql_int(c, 4, STEP_RECORDS);
    int rc;
    *n = 0;
    while ((rc = sql_step(c, err)) == 1 && *n < STEP_RECORDS)
        out[(*n)++] = (struct leaver){(uint64_t)sql_col_int(c, 0), sql_col_int(c, 1), sql_col_int(c, 2)};
    int closed = sql_close(c, err);
    return rc < 0 ? rc : closed;
}

static int note_step(struct batch *b, const struct erasure *e, int64_t last, bool all, struct err *err)
{
    struct sql_cursor *c = sql_open(b->db, all ? &store_q_erasure_end : &store_q_erasure_step);
    sql_blob(c, 1, e->key.b, 32);
    if (!all) {
        sql_int(c, 2, last - 1); /* others of that second may still be there */
        sql_int(c, 3, e->erased);
    }
    return sql_done(c, err);
}

/* Oldest first; e->erased grows. all: nothing of it is left. */
static int erase_step(struct batch *b, struct erasure *e, bool *all, struct err *err)
{
    struct leaver leavers[STEP_RECORDS];
    size_t n = 0, done = 0;
    int64_t start = monotonic_us();
    int64_t actor = store_actor(b->db, &e->key, err);
    int rc = actor < 0 ? (int)actor : list_leavers(b, actor, e, leavers, &n, err);
    *all = false;
    if (rc < 0)
        return rc;
    while (done < n && rc >= 0) {
        const struct leaver *l = &leavers[done];
        struct doomed d = {.b = b, .actor = actor, .covered = e->until};
        if (l->kind == 5) {
            doom(&d, l->seq);
            rc = erase_doomed(&d, e->reason, err);
        } else {
            rc = batch__remove(b, l->seq, true, err);
        }
        done++;
        int64_t spent = monotonic_us() - start;
        if (spent > STEP_US || (spent > LITE_LAST_US && turn__wanted(&b->l->turn)))
            break;
    }
    if (rc < 0)
        return rc;
    e->erased += (int64_t)done;
    *all = done == n && n < STEP_RECORDS;
    return note_step(b, e, n ? leavers[done - 1].created_at : e->since, *all, err);
}

/* A vanish request in the log: what is soon done is done with it. */
int erase__vanish(struct batch *b, const struct pubkey *key, int64_t until, struct err *err)
{
    bool more;
    struct erasure e;
    b->any_tombstones = true;
    int rc = begin_key(b->db, key, until, "the key vanished (NIP-62)", &more, err);
    if (rc < 0 || !more || (rc = next_erasure(b->db, key, &e, err)) <= 0)
        return rc;
    bool all;
    rc = erase_step(b, &e, &all, err);
    b->erasing = b->erasing || (rc >= 0 && !all);
    return rc;
}

static int any_erasure(struct lite *l, struct err *err)
{
    struct sql_cursor *c = sql_open(l->apply, &store_q_erasure_any);
    int rc = sql_step(c, err);
    sql_close(c, NULL);
    if (rc >= 0)
        atomic_store(&l->erasing, rc == 1);
    return rc;
}

/* One transaction of erasing. */
static int in_batch(struct lite *l, struct sql *db, int (*work)(struct batch *b, void *ctx, struct err *err),
    void *ctx, struct err *err)
{
    struct batch b = {0};
    int rc = sql__begin(db, err);
    if (rc >= 0)
        rc = batch__begin(l, db, &b, err);
    if (rc >= 0)
        rc = work(&b, ctx, err);
    if (rc >= 0)
        rc = batch__flush(&b, err);
    if (rc >= 0)
        rc = sql__commit(db, err);
    if (rc < 0)
        sql__rollback(db);
    batch__end(&b, rc >= 0);
    return rc;
}

struct any_step {
    struct erasure erasure;
    bool found, all;
};

static int any_step(struct batch *b, void *ctx, struct err *err)
{
    struct any_step *s = ctx;
    int rc = next_erasure(b->db, NULL, &s->erasure, err);
    s->found = rc == 1; /* another handle may have done it */
    return s->found ? erase_step(b, &s->erasure, &s->all, err) : rc;
}

int lite__erase_on(struct lite *l, bool *more, struct err *err)
{
    int rc = any_erasure(l, err);
    if (rc <= 0)
        return rc;
    struct any_step step = {0};
    turn__take_patiently(&l->turn, LITE_PATIENCE_US);
    rc = in_batch(l, l->apply, any_step, &step, err);
    turn__give(&l->turn);
    if (rc < 0)
        return rc;
    *more = true;
    if (!step.found)
        return 0;
    atomic_fetch_add(&l->base.erasures, 1);
    if (step.all)
        log_event(LOG_LEVEL_INFO, "store", "key_erased", "records=%ld", (long)step.erasure.erased);
    if (l->base.erased)
        l->base.erased(l->base.erased_ctx, (uint64_t)step.erasure.erased, false);
    return 0;
}

/* ---- one record */

struct wanted_id {
    const struct record_id *id;
    const char *reason;
};

static int erase_id(struct batch *b, void *ctx, struct err *err)
{
    const struct record_id *id = ((struct wanted_id *)ctx)->id;
    const char *reason = ((struct wanted_id *)ctx)->reason;
    int rc = tombstone_id(b, id->b, reason, err);
    if (rc < 0)
        return rc;
    struct doomed d = {.b = b, .covered = INT64_MIN};
    struct sql_cursor *c = sql_open(b->db, &store_q_record_by_idkey);
    sql_int(c, 1, rules__idkey(id));
    while ((rc = sql_step(c, err)) == 1) {
        uint64_t seq = (uint64_t)sql_col_int(c, 0);
        struct sql_cursor *row = sql_open(b->db, &store_q_log_id);
        sql_int(row, 1, (int64_t)seq);
        struct str stored = sql_step(row, err) == 1 ? sql_col_blob(row, 0) : (struct str){NULL, 0};
        if (stored.n == 32 && !memcmp(stored.p, id->b, 32))
            doom(&d, seq);
        sql_close(row, NULL);
        row = sql_open(b->db, &store_q_record_row);
        sql_int(row, 1, (int64_t)seq);
        if (d.seqs.n && sql_step(row, err) == 1)
            d.actor = sql_col_int(row, 1);
        sql_close(row, NULL);
        if (d.seqs.n)
            break;
    }
    sql_close(c, NULL);
    int erased = erase_doomed(&d, reason, err);
    return rc < 0 ? rc : erased;
}

#define MERGE_PAGES 500 /* of the search index in one step */

/* One step of merging FTS5's segments into one, by its own rules: the first with a minus, then until nothing
 * is left to do. Others may write between the steps. */
static int merge_step(struct lite *l, int64_t pages, bool *done, struct err *err)
{
    sqlite3 *db = sql__handle(l->apply);
    turn__take(&l->turn);
    int rc = sql__begin(l->apply, err);
    if (rc >= 0) {
        int64_t before = sqlite3_total_changes64(db);
        struct sql_cursor *c = sql_open(l->apply, &store_q_search_merge);
        sql_int(c, 1, pages);
        rc = sql_done(c, err);
        *done = pages > 0 && sqlite3_total_changes64(db) - before < 2;
        if (rc >= 0)
            rc = sql__commit(l->apply, err);
        if (rc < 0)
            sql__rollback(l->apply);
    }
    turn__give(&l->turn);
    return rc;
}

/* What was deleted still lies in FTS5's older segments and in the WAL. */
int lite__scrub(struct lite *l, int wait_ms, struct err *err)
{
    bool done = false;
    int rc = merge_step(l, -MERGE_PAGES, &done, err);
    while (rc >= 0 && !done)
        rc = merge_step(l, MERGE_PAGES, &done, err);
    turn__take(&l->turn);
    int64_t until = monotonic_us() + (int64_t)wait_ms * 1000;
    while (rc >= 0) {
        sql__reset(l->apply);
        sqlite3_busy_timeout(sql__handle(l->apply), 0);
        int code = sqlite3_wal_checkpoint_v2(
            sql__handle(l->apply), NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
        sqlite3_busy_timeout(sql__handle(l->apply), LITE_BUSY_MS);
        if (code == SQLITE_OK)
            break;
        if ((code != SQLITE_BUSY && code != SQLITE_LOCKED) || monotonic_us() > until) {
            rc = sql__fail(sql__handle(l->apply), code, err, "clearing the write-ahead log");
            break;
        }
        nanosleep(
            &(struct timespec){.tv_nsec = 5000000}, NULL); /* a reader still looks at the state of before */
    }
    if (rc >= 0 && (rc = sql__begin(l->apply, err)) >= 0) {
        rc = sql__meta_set(l->apply, "scrub", 0, err);
        if (rc >= 0)
            rc = sql__commit(l->apply, err);
        if (rc < 0)
            sql__rollback(l->apply);
    }
    turn__give(&l->turn);
    if (rc >= 0 && l->base.erased)
        l->base.erased(l->base.erased_ctx, 0, true);
    return rc;
}

static int clean_up(struct lite *l, struct err *err)
{
    lite__applier_pause(l);
    int rc = lite__scrub(l, 5000, err);
    lite__applier_resume(l);
    return rc == ERR_BUSY ? 0 : rc; /* a long reader: the applier goes on trying */
}

static int wait_until_erased(struct lite *l, struct err *err)
{
    int rc = 0;
    pthread_mutex_lock(&l->apply_mutex);
    while (atomic_load(&l->erasing) && !l->stop && l->trouble.code >= 0)
        pthread_cond_wait(&l->applied_changed, &l->apply_mutex);
    if (atomic_load(&l->erasing)) {
        rc = l->stop ? ERR_CLOSED : l->trouble.code;
        if (l->stop)
            err_set(err, ERR_CLOSED, "the store is closing");
        else if (err)
            *err = l->trouble;
    }
    pthread_mutex_unlock(&l->apply_mutex);
    return rc;
}

static int erase_rest(struct lite *l, struct err *err)
{
    lite__applier_wake(l);
    /* What stands in the log already is erased when it is applied. */
    int rc = lite__wait_applied(&l->base, atomic_load(&l->last_seq), 60000, err);
    if (rc >= 0)
        rc = wait_until_erased(l, err);
    if (rc >= 0)
        return clean_up(l, err);
    err_kept(err, "nothing of the key is shown or taken from now on; its records are erased as soon as that "
                  "can be done");
    return rc;
}

int lite__erase_key(
    struct store *s, const struct pubkey *key, int64_t until, const char *reason, struct err *err)
{
    struct lite *l = lite_of(s);
    if (l->mode != STORE_WRITE)
        return err_set(err, ERR_DENIED, "the store was opened for reading only");
    bool more = false;
    atomic_fetch_add(&l->scrubbing, 1);
    turn__take(&l->turn);
    int rc = sql__begin(l->append, err);
    if (rc >= 0) {
        rc = begin_key(l->append, key, until, reason, &more, err);
        if (rc >= 0)
            rc = sql__meta_set(l->append, "scrub", 1, err);
        if (rc >= 0)
            rc = sql__commit(l->append, err);
        if (rc < 0)
            sql__rollback(l->append);
    }
    if (rc >= 0 && more)
        atomic_store(&l->erasing, true);
    turn__give(&l->turn);
    if (rc >= 0) {
        atomic_fetch_add(&l->base.erasures, 1); /* it is hidden from now on */
        rc = erase_rest(l, err);
    }
    atomic_fetch_sub(&l->scrubbing, 1);
    return rc;
}

int lite__erase_id(struct store *s, const struct record_id *id, const char *reason, struct err *err)
{
    struct lite *l = lite_of(s);
    if (l->mode != STORE_WRITE)
        return err_set(err, ERR_DENIED, "the store was opened for reading only");
    /* What stands in the log must be in the indices, or it could not be found. */
    int rc = lite__wait_applied(s, atomic_load(&l->last_seq), 60000, err);
    if (rc < 0)
        return rc;
    atomic_fetch_add(&l->scrubbing, 1);
    lite__applier_pause(l);
    turn__take(&l->turn);
    rc = in_batch(l, l->append, erase_id, &(struct wanted_id){id, reason}, err);
    turn__give(&l->turn);
    lite__applier_resume(l);
    if (rc >= 0)
        rc = clean_up(l, err);
    atomic_fetch_sub(&l->scrubbing, 1);
    return rc;
}
