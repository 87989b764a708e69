/* applier.c: the thread that works through the log in batches, sweeps what expires, and tidies when idle. */
#include "base/log.h"
#include "store/sqlite/private.h"
#include "store_sql.h"

#include <errno.h>
#include <stdlib.h>

#define BULK_LAG 200000         /* entries a bulk append may be ahead before the applier insists */
#define BULK_ACTIVE_US 500000   /* a bulk append that committed this lately is at work */
#define CHECKPOINT_PAGES 4000   /* the WAL is copied into the database when it is longer */
#define SCRUB_EVERY_US 60000000 /* vanish requests are anybody's: their clean-up is bundled */

int lite__applied(struct sql *db, uint64_t *out, struct err *err)
{
    int64_t value;
    int rc = sql__meta_get(db, "applied_seq", 0, &value, err);
    *out = (uint64_t)value;
    return rc;
}

void lite__set_applied(struct lite *l, uint64_t seq)
{
    pthread_mutex_lock(&l->apply_mutex);
    atomic_store(&l->applied_seq, seq);
    if (atomic_load(&l->last_seq) < seq)
        atomic_store(&l->last_seq, seq);
    pthread_cond_broadcast(&l->applied_changed);
    pthread_mutex_unlock(&l->apply_mutex);
}

/* Entries after applied, until the batch is full. */
static int work(struct lite *l, struct batch *b, uint64_t *applied, size_t *n, struct err *err)
{
    int64_t start = monotonic_us(), most = (int64_t)l->batch_records * LITE_BATCH_RECORD_US;
    struct sql_cursor *c = sql_open(b->db, &store_q_log_after);
    sql_int(c, 1, (int64_t)*applied);
    sql_int(c, 2, l->batch_records);
    int rc;
    while ((rc = sql_step(c, err)) == 1) {
        uint64_t seq = (uint64_t)sql_col_int(c, 0);
        struct str raw = sql_col_null(c, 2) ? (struct str){NULL, 0} : sql_col_blob(c, 2);
        bool done;
        rc = batch__entry(b, seq, sql_col_int(c, 1), raw, &done, err);
        ++*n;
        if (rc < 0 || !done)
            break;
        *applied = seq;
        int64_t spent = monotonic_us() - start;
        if (spent > most || (spent > LITE_LAST_US && turn__wanted(&l->turn)))
            break;
    }
    sql_close(c, NULL);
    return rc < 0 ? rc : 0;
}

/* Larger batches make fewer and larger segments of the search index, but who waits to append waits for one.
 */
static void pace(struct lite *l, size_t n)
{
    if (turn__wanted(&l->turn))
        l->batch_records = LITE_BATCH_RECORDS;
    else if (n >= (size_t)l->batch_records && l->batch_records < LITE_BATCH_MOST)
        l->batch_records *= 2;
}

/* One transaction of the applier. more: there may be more to do at once. */
int lite__apply_batch(struct lite *l, bool *more, struct err *err)
{
    *more = false;
    uint64_t applied = 0, before;
    size_t n = 0;
    struct batch b = {0};
    int64_t now = clock_now(&l->base.clock);
    turn__take_patiently(&l->turn, LITE_PATIENCE_US);
    int rc = sql__begin(l->apply, err);
    if (rc < 0) {
        turn__give(&l->turn);
        return rc;
    }
    if ((rc = lite__applied(l->apply, &applied, err)) >= 0)
        rc = batch__begin(l, l->apply, &b, err);
    before = applied;
    if (rc >= 0)
        rc = work(l, &b, &applied, &n, err);
    if (rc >= 0 && n == 0 && b.next_expiry <= now) { /* the log's end: time itself goes on */
        bool done;
        rc = batch__sweep(&b, now, &done, err);
        if (rc >= 0)
            rc = sql__meta_set(l->apply, "swept_until", now, err);
        n = 1;
    }
    if (rc >= 0 && n) {
        rc = batch__flush(&b, err);
        if (rc >= 0 && applied != before)
            rc = sql__meta_set(l->apply, "applied_seq", (int64_t)applied, err);
        if (rc >= 0)
            rc = sql__commit(l->apply, err);
    } else if (rc >= 0) {
        sql__rollback(l->apply);
    }
    if (rc < 0)
        sql__rollback(l->apply);
    pace(l, n);
    turn__give(&l->turn);
    batch__end(&b, rc >= 0);
    if (rc < 0)
        return rc;
    *more = n > 0;
    if (applied != before || applied != atomic_load(&l->applied_seq))
        lite__set_applied(l, applied);
    return 0;
}

int lite__catch_up(struct lite *l, struct err *err)
{
    uint64_t total = atomic_load(&l->last_seq);
    for (bool more = true; more;) {
        int rc = lite__apply_batch(l, &more, err);
        if (rc < 0 && !l->careful && rc != ERR_FULL && rc != ERR_BUSY) {
            l->careful = true;
            more = true;
            continue;
        }
        if (rc < 0)
            return rc;
        store__progress(&l->base, "applying the log", atomic_load(&l->applied_seq), total);
    }
    return 0;
}

void lite__applier_wake(struct lite *l)
{
    pthread_mutex_lock(&l->apply_mutex);
    l->wanted = true;
    pthread_cond_signal(&l->apply_wanted);
    pthread_mutex_unlock(&l->apply_mutex);
}

void lite__applier_pause(struct lite *l)
{
    pthread_mutex_lock(&l->apply_mutex);
    l->paused++;
    while (l->in_a_batch)
        pthread_cond_wait(&l->applied_changed, &l->apply_mutex);
    pthread_mutex_unlock(&l->apply_mutex);
}

void lite__applier_resume(struct lite *l)
{
    pthread_mutex_lock(&l->apply_mutex);
    l->paused--;
    l->wanted = true;
    pthread_cond_signal(&l->apply_wanted);
    pthread_mutex_unlock(&l->apply_mutex);
}

static void checkpoint(struct lite *l)
{
    if (atomic_load(&l->wal_pages) < CHECKPOINT_PAGES)
        return;
    int pages = 0, copied = 0;
    sqlite3_wal_checkpoint_v2(sql__handle(l->apply), NULL, SQLITE_CHECKPOINT_PASSIVE, &pages, &copied);
    if (pages == copied)
        atomic_store(
            &l->wal_pages, 0); /* the next commit begins it anew, as soon as no reader is left in it */
    else
        atomic_store(&l->wal_pages, CHECKPOINT_PAGES); /* a reader held it up: again at the next turn */
}

static void scrub(struct lite *l)
{
    int64_t wanted = 0;
    if (atomic_load(&l->scrubbing) > 0)
        return; /* an operator's erasure does it in a moment, and waits for it */
    if (l->scrubbed_us && monotonic_us() - l->scrubbed_us < SCRUB_EVERY_US)
        return;
    if (sql__meta_get(l->apply, "scrub", 0, &wanted, NULL) < 0 || !wanted)
        return;
    struct err err;
    if (lite__scrub(l, 0, &err) == 0 || err.code != ERR_BUSY)
        l->scrubbed_us = monotonic_us();
}

static bool bulk_is_active(struct lite *l)
{
    return atomic_load(&l->bulk) > 0 && monotonic_us() - atomic_load(&l->bulk_append_us) < BULK_ACTIVE_US &&
           atomic_load(&l->last_seq) - atomic_load(&l->applied_seq) < BULK_LAG;
}

static void *run(void *ctx)
{
    struct lite *l = ctx;
    int64_t wait_ms = 0;
    int failures = 0;
    for (;;) {
        pthread_mutex_lock(&l->apply_mutex);
        struct timespec t = lite__deadline(wait_ms * 1000);
        /* After a failure only time helps, not a wake-up. */
        while (wait_ms && !l->stop && (!l->wanted || failures || l->paused) &&
               pthread_cond_timedwait(&l->apply_wanted, &l->apply_mutex, &t) != ETIMEDOUT)
            ;
        bool stop = l->stop;
        if (l->paused && !stop) {
            pthread_mutex_unlock(&l->apply_mutex);
            wait_ms = 20;
            continue;
        }
        l->wanted = false;
        l->in_a_batch = true;
        pthread_mutex_unlock(&l->apply_mutex);

        bool more = false;
        struct err err = {0};
        int rc = 0;
        if (stop || !bulk_is_active(l)) {
            rc = lite__apply_batch(l, &more, &err);
            if (rc >= 0 && !stop && (!more || atomic_load(&l->erasing)))
                rc = lite__erase_on(l, &more, &err);
            wait_ms = more ? 0 : 200;
            if (rc >= 0) {
                checkpoint(l);
                if (!more && !stop)
                    scrub(l);
            }
        } else {
            wait_ms = 20;
        }
        pthread_mutex_lock(&l->apply_mutex);
        l->in_a_batch = false;
        l->trouble = err;
        l->trouble.code = rc < 0 ? rc : 0;
        pthread_cond_broadcast(&l->applied_changed);
        pthread_mutex_unlock(&l->apply_mutex);

        if (rc < 0) {
            char line[900], quoted[900];
            if (failures++ == 0) {
                err_line(&err, line, sizeof line);
                log_event(LOG_LEVEL_ERROR, "store", "apply_failed", "why=%s",
                    log_quote(line, quoted, sizeof quoted));
            }
            /* A single record may be what a room stumbles over: from now on one by one. */
            l->careful = true;
            wait_ms = failures > 6 ? 5000 : 50 << failures;
        } else {
            if (failures)
                log_event(LOG_LEVEL_INFO, "store", "apply_goes_on", "seq=%lu",
                    (unsigned long)atomic_load(&l->applied_seq));
            failures = 0;
            if (!more)
                l->careful = false;
        }
        if (stop && (rc < 0 || !more))
            return NULL;
    }
}

int lite__applier_start(struct lite *l, struct err *err)
{
    int rc = pthread_create(&l->applier, NULL, run, l);
    if (rc)
        return err_errno(err, rc, "could not start the applier's thread");
    l->applier_runs = true;
    return 0;
}

void lite__applier_stop(struct lite *l)
{
    if (!l->applier_runs)
        return;
    pthread_mutex_lock(&l->apply_mutex);
    l->stop = true;
    pthread_cond_broadcast(&l->apply_wanted);
    pthread_cond_broadcast(&l->applied_changed);
    pthread_mutex_unlock(&l->apply_mutex);
    pthread_join(l->applier, NULL);
    l->applier_runs = false;
}
