/* erase.c: erasure without a trace (NIP-62, an operator's duty): rows blanked, tombstones set, leftovers
 * scrubbed.
 *
 * secure_delete overwrites what SQLite frees; merging FTS5's segments drops the words; a truncated WAL
 * forgets the pages of before. Until that has happened the flag "scrub" stands, also over a crash. */
#include "store/sqlite/private.h"
#include "store_sql.h"

#include <stdlib.h>
#include <time.h>

/* What is to be erased of one key. It grows while it is gone through: with a revision go the older ones of
 * its address, which say the same; with a deletion goes what it hid, or a rebuild would bring that back. */
struct doomed {
    struct batch *b;
    int64_t actor;
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
        if (sql_step(row, err) == 1 && sql_col_int(row, 1) == d->actor && sql_col_int(row, 4) == STORE_GONE)
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
        if (rc >= 0 && addressed)
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

/* covered: up to then the key's own tombstone keeps it from coming back; others need theirs. */
static int erase_doomed(struct doomed *d, int64_t covered, const char *reason, struct err *err)
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
        bool bare = rc == 1 && sql_col_int(c, 3) > covered;
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
    struct doomed d = {.b = b, .actor = actor};
    c = sql_open(b->db, &store_q_record_of_actor);
    sql_int(c, 1, actor);
    sql_int(c, 2, until);
    rc = doom_rows(&d, c, err);
    int erased = erase_doomed(&d, until, reason, err);
    return rc < 0 ? rc : erased;
}

int erase__id(struct batch *b, const struct record_id *id, const char *reason, struct err *err)
{
    int rc = tombstone_id(b, id->b, reason, err);
    if (rc < 0)
        return rc;
    struct doomed d = {.b = b};
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
    int erased = erase_doomed(&d, INT64_MIN, reason, err);
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
