/* erase.c: erasure without a trace (NIP-62, an operator's duty): rows blanked, tombstones set, leftovers
 * scrubbed.
 *
 * secure_delete overwrites what SQLite frees; merging FTS5's segments drops the words; a truncated WAL
 * forgets the pages of before. Until that has happened the flag "scrub" stands, also over a crash. */
#include "store/sqlite/private.h"
#include "store_sql.h"

#include <stdlib.h>
#include <time.h>

static int collect(struct batch *b, struct sql_cursor *c, bool keep_vanish, struct buf *seqs, struct err *err)
{
    int rc;
    while ((rc = sql_step(c, err)) == 1) {
        uint64_t seq = (uint64_t)sql_col_int(c, 0);
        if (!keep_vanish || sql_col_int(c, 1) != 62)
            buf_add(seqs, &seq, sizeof seq);
    }
    sql_close(c, NULL);
    return rc;
}

/* A deletion's targets go with it: what it hid must not come back when it is forgotten. */
static int targets_of(struct batch *b, uint64_t seq, int64_t actor, struct buf *seqs, struct err *err)
{
    struct arena *arena _cleanup_arena_ = arena_create(0);
    struct record r;
    struct sql_cursor *c = sql_open(b->db, &store_q_log_row);
    sql_int(c, 1, (int64_t)seq);
    int rc = sql_step(c, err);
    struct str raw = rc == 1 ? arena_str(arena, sql_col_blob(c, 2)) : (struct str){NULL, 0};
    sql_close(c, NULL);
    if (rc < 0 || !raw.n || record_parse(arena, raw, &r, NULL) < 0 || r.kind != 5)
        return rc < 0 ? rc : 0;
    for (size_t i = 0; i < r.tag_count; i++) {
        struct record_id id;
        if (r.tags[i].n < 2 || !str_eqz(r.tags[i].v[0], "e") || !rules__id_of(r.tags[i].v[1], &id))
            continue;
        c = sql_open(b->db, &store_q_record_by_idkey);
        sql_int(c, 1, rules__idkey(&id));
        while ((rc = sql_step(c, err)) == 1) {
            uint64_t target = (uint64_t)sql_col_int(c, 0);
            struct sql_cursor *row = sql_open(b->db, &store_q_record_row);
            sql_int(row, 1, (int64_t)target);
            if (sql_step(row, err) == 1 && sql_col_int(row, 1) == actor && sql_col_int(row, 4) == STORE_GONE)
                buf_add(seqs, &target, sizeof target);
            sql_close(row, NULL);
        }
        sql_close(c, NULL);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int seq_cmp(const void *a, const void *b)
{
    uint64_t x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return x < y ? -1 : x > y;
}

static int erase_all(struct batch *b, struct buf *seqs, int64_t actor, struct err *err)
{
    size_t named = seqs->n;
    int rc = 0;
    for (size_t at = 0; at < named && rc >= 0; at += sizeof(uint64_t)) {
        uint64_t seq;
        memcpy(&seq, seqs->p + at, sizeof seq);
        rc = targets_of(b, seq, actor, seqs, err);
    }
    if (seqs->n)
        qsort(seqs->p, seqs->n / sizeof(uint64_t), sizeof(uint64_t), seq_cmp);
    uint64_t last = 0;
    for (size_t at = 0; at < seqs->n && rc >= 0; at += sizeof(uint64_t)) {
        uint64_t seq;
        memcpy(&seq, seqs->p + at, sizeof seq);
        if (seq != last)
            rc = batch__remove(b, seq, true, err);
        last = seq;
    }
    return rc;
}

int erase__key(struct batch *b, const struct pubkey *key, int64_t until, const char *reason, struct err *err)
{
    struct sql_cursor *c = sql_open(b->db, &store_q_tombstone_key_set);
    sql_blob(c, 1, key->b, 32);
    sql_int(c, 2, until);
    sql_text(c, 3, str_of(reason));
    int rc = sql_done(c, err);
    if (rc < 0)
        return rc;
    int64_t actor = store_actor(b->db, key, err);
    if (actor < 0)
        return (int)actor;
    struct buf seqs _cleanup_buf_ = BUF_INIT;
    c = sql_open(b->db, &store_q_record_of_actor);
    sql_int(c, 1, actor);
    sql_int(c, 2, until);
    rc = collect(b, c, true, &seqs, err);
    return rc < 0 ? rc : erase_all(b, &seqs, actor, err);
}

static int tombstone_id(struct batch *b, const void *id, const char *reason, struct err *err)
{
    struct sql_cursor *c = sql_open(b->db, &store_q_tombstone_id_add);
    sql_blob(c, 1, id, 32);
    sql_text(c, 2, str_of(reason));
    return sql_done(c, err);
}

/* All revisions of an address that are no newer go with the one named: they say the same. */
int erase__id(struct batch *b, const struct record_id *id, const char *reason, struct err *err)
{
    int rc = tombstone_id(b, id->b, reason, err);
    if (rc < 0)
        return rc;
    struct buf seqs _cleanup_buf_ = BUF_INIT;
    int64_t actor = 0, kind = 0, address = 0, created_at = 0;
    bool addressed = false;
    struct sql_cursor *c = sql_open(b->db, &store_q_record_by_idkey);
    sql_int(c, 1, rules__idkey(id));
    while ((rc = sql_step(c, err)) == 1) {
        uint64_t seq = (uint64_t)sql_col_int(c, 0);
        struct sql_cursor *row = sql_open(b->db, &store_q_log_id);
        sql_int(row, 1, (int64_t)seq);
        struct str stored = sql_step(row, err) == 1 ? sql_col_blob(row, 0) : (struct str){NULL, 0};
        bool same = stored.n == 32 && !memcmp(stored.p, id->b, 32);
        sql_close(row, NULL);
        if (!same)
            continue;
        row = sql_open(b->db, &store_q_record_row);
        sql_int(row, 1, (int64_t)seq);
        if (sql_step(row, err) == 1) {
            actor = sql_col_int(row, 1);
            kind = sql_col_int(row, 2);
            created_at = sql_col_int(row, 3);
            addressed = !sql_col_null(row, 6);
            address = sql_col_int(row, 6);
            buf_add(&seqs, &seq, sizeof seq);
        }
        sql_close(row, NULL);
    }
    sql_close(c, NULL);
    if (rc < 0)
        return rc;
    if (addressed) {
        c = sql_open(b->db, &store_q_record_of_address);
        sql_int(c, 1, actor);
        sql_int(c, 2, kind);
        sql_int(c, 3, address);
        while ((rc = sql_step(c, err)) == 1) {
            uint64_t seq = (uint64_t)sql_col_int(c, 0);
            if (sql_col_int(c, 2) > created_at)
                continue;
            buf_add(&seqs, &seq, sizeof seq);
            struct sql_cursor *row = sql_open(b->db, &store_q_log_id);
            sql_int(row, 1, (int64_t)seq);
            if (sql_step(row, err) == 1 && sql_col_blob(row, 0).n == 32)
                rc = tombstone_id(b, sql_col_blob(row, 0).p, reason, err);
            sql_close(row, NULL);
            if (rc < 0)
                break;
        }
        sql_close(c, NULL);
        if (rc < 0)
            return rc;
    }
    return erase_all(b, &seqs, actor, err);
}

/* What was deleted still lies in FTS5's older segments and in the WAL. */
int lite__scrub(struct lite *l, int wait_ms, struct err *err)
{
    turn__take(&l->turn);
    int rc = sql__begin(l->apply, err);
    if (rc >= 0) {
        rc = sql_done(sql_open(l->apply, &store_q_search_optimize), err);
        if (rc >= 0)
            rc = sql__commit(l->apply, err);
        if (rc < 0)
            sql__rollback(l->apply);
    }
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
    return rc;
}

struct wanted {
    const struct pubkey *key;
    const struct record_id *id;
    int64_t until;
    const char *reason;
};

static int erase(struct lite *l, const struct wanted *w, struct err *err)
{
    if (l->mode != STORE_WRITE)
        return err_set(err, ERR_DENIED, "the store was opened for reading only");
    /* What stands in the log must be in the indices, or it could not be found. */
    int rc = lite__wait_applied(&l->base, atomic_load(&l->last_seq), 60000, err);
    if (rc < 0)
        return rc;
    lite__applier_pause(l);
    turn__take(&l->turn);
    struct batch b = {0};
    rc = sql__begin(l->append, err);
    if (rc >= 0)
        rc = batch__begin(l, l->append, &b, err);
    if (rc >= 0)
        rc = w->key ? erase__key(&b, w->key, w->until, w->reason, err) : erase__id(&b, w->id, w->reason, err);
    if (rc >= 0)
        rc = batch__flush(&b, err);
    if (rc >= 0)
        rc = sql__commit(l->append, err);
    if (rc < 0)
        sql__rollback(l->append);
    turn__give(&l->turn);
    batch__end(&b, rc >= 0);
    if (rc >= 0) {
        rc = lite__scrub(l, 5000, err);
        if (rc == ERR_BUSY)
            rc = 0; /* a long reader: the applier goes on trying */
    }
    lite__applier_resume(l);
    return rc;
}

int lite__erase_key(
    struct store *s, const struct pubkey *key, int64_t until, const char *reason, struct err *err)
{
    return erase(lite_of(s), &(struct wanted){.key = key, .until = until, .reason = reason}, err);
}

int lite__erase_id(struct store *s, const struct record_id *id, const char *reason, struct err *err)
{
    return erase(lite_of(s), &(struct wanted){.id = id, .reason = reason}, err);
}
