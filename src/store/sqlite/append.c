/* append.c: the log's end: many threads' records in one commit, doubles and unwanted ones found first.
 *
 * Who comes first leads: it takes all that wait, writes them in one transaction and tells the others. */
#include "store/sqlite/private.h"
#include "store_sql.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define GROUP_RECORDS 8000
#define AHEAD 4 /* items whose ids' places are fetched while others are added */

struct append_request {
    struct store_item *items;
    size_t n;
    int rc;
    bool done;
    struct err err;
    struct append_request *next;
};

/* What one append transaction knows. */
struct door {
    struct lite *l;
    struct sql *db;
    uint64_t last, applied;
    int64_t received_at;
    bool tombstone_ids, tombstone_keys, deleted_ids, deleted_addresses, indexed;
    struct sql_cursor *add, *by_idkey;
};

static int any(struct sql *db, const struct sql_statement *statement, bool *out, struct err *err)
{
    struct sql_cursor *c = sql_open(db, statement);
    int rc = sql_step(c, err);
    *out = rc == 1;
    int closed = sql_close(c, err);
    return rc < 0 ? rc : closed;
}

/* Another handle may have appended: its ids must be known before ours are added. */
static int read_log_end(struct door *d, struct err *err)
{
    struct lite *l = d->l;
    int64_t swept;
    int rc = lite__applied(d->db, &d->applied, err);
    if (rc < 0 || (rc = sql__meta_get(d->db, "swept_until", 0, &swept, err)) < 0)
        return rc;
    struct sql_cursor *c = sql_open(d->db, &store_q_log_last);
    int64_t last_received = 0;
    if ((rc = sql_step(c, err)) == 1) {
        d->last = (uint64_t)sql_col_int(c, 0);
        last_received = sql_col_int(c, 1);
    }
    sql_close(c, NULL);
    if (rc < 0)
        return rc;
    d->received_at = clock_now(&l->base.clock);
    if (d->received_at < last_received)
        d->received_at = last_received;
    if (d->received_at < swept)
        d->received_at = swept;
    /* Below the floor: the indices are being made anew. */
    if (l->tail.known > d->last || d->applied < l->tail.floor || l->tail.known <= d->applied)
        tail__clear(&l->tail, d->applied);
    if (l->tail.known < d->last) {
        c = sql_open(d->db, &store_q_log_ids_after);
        sql_int(c, 1, (int64_t)l->tail.known);
        while ((rc = sql_step(c, err)) == 1) {
            struct str id = sql_col_blob(c, 1);
            if (id.n == sizeof(struct record_id)) {
                struct record_id key;
                memcpy(key.b, id.p, sizeof key.b);
                tail__add(&l->tail, &key, (uint64_t)sql_col_int(c, 0), d->applied);
            }
        }
        sql_close(c, NULL);
        if (rc < 0)
            return rc;
        l->tail.known = d->last;
    }
    return 0;
}

static int open_door(struct door *d, struct err *err)
{
    int rc = read_log_end(d, err);
    if (rc >= 0)
        rc = any(d->db, &store_q_tombstone_id_any, &d->tombstone_ids, err);
    if (rc >= 0)
        rc = any(d->db, &store_q_tombstone_key_any, &d->tombstone_keys, err);
    if (rc >= 0)
        rc = any(d->db, &store_q_deleted_id_any, &d->deleted_ids, err);
    if (rc >= 0)
        rc = any(d->db, &store_q_deleted_address_any, &d->deleted_addresses, err);
    d->indexed = d->applied > 0;
    return rc;
}

static void refuse(struct store_item *item, const char *reason)
{
    item->verdict = STORE_REFUSED;
    snprintf(item->reason, sizeof item->reason, "%s", reason);
}

/* 1: in the indices, verdict set. */
static int known(struct door *d, struct store_item *item, struct err *err)
{
    if (!d->indexed)
        return 0;
    sql_int(d->by_idkey, 1, rules__idkey(&item->record->id));
    int rc, found = 0;
    while (!found && (rc = sql_step(d->by_idkey, err)) == 1) {
        uint64_t seq = (uint64_t)sql_col_int(d->by_idkey, 0);
        enum store_state state = (enum store_state)sql_col_int(d->by_idkey, 1);
        struct sql_cursor *c = sql_open(d->db, &store_q_log_id);
        sql_int(c, 1, (int64_t)seq);
        rc = sql_step(c, err);
        struct str id = rc == 1 ? sql_col_blob(c, 0) : (struct str){NULL, 0};
        found = id.n == 32 && !memcmp(id.p, item->record->id.b, 32);
        sql_close(c, NULL);
        if (rc < 0)
            break;
        if (found) {
            item->seq = seq;
            item->verdict = STORE_DUPLICATE;
            snprintf(item->reason, sizeof item->reason, "duplicate: it is here already");
            if (state == STORE_GONE)
                refuse(item, "blocked: deleted by its author");
        }
    }
    sqlite3_reset(sql__statement(d->by_idkey));
    return rc < 0 ? rc : found;
}

/* 1: erased, or its key: refused whether it is still here or not, for a key's records go step by step. */
static int buried(struct door *d, struct store_item *item, struct err *err)
{
    const struct record *r = item->record;
    struct sql_cursor *c;
    int rc = 0;
    if (d->tombstone_ids) {
        c = sql_open(d->db, &store_q_tombstone_id);
        sql_blob(c, 1, r->id.b, 32);
        rc = sql_step(c, err);
        sql_close(c, NULL);
        if (rc == 1)
            refuse(item, "blocked: it was erased here");
    }
    if (rc == 0 && d->tombstone_keys && r->kind != 62) {
        c = sql_open(d->db, &store_q_tombstone_key);
        sql_blob(c, 1, r->pubkey.b, 32);
        rc = sql_step(c, err);
        if (rc == 1 && sql_col_int(c, 0) < r->created_at)
            rc = 0;
        sql_close(c, NULL);
        if (rc == 1)
            refuse(item, "blocked: its author has vanished or was erased");
    }
    return rc;
}

/* 1: deleted by its author, and refused. */
static int deleted(struct door *d, struct store_item *item, struct err *err)
{
    const struct record *r = item->record;
    struct sql_cursor *c;
    int rc = 0;
    if (!rules__deletable(r->kind) || !(d->deleted_ids || d->deleted_addresses))
        return 0;
    c = sql_open(
        d->db, &store_q_actor_number); /* unknown keys have deleted nothing, and get no number here */
    sql_blob(c, 1, r->pubkey.b, 32);
    rc = sql_step(c, err);
    int64_t actor = rc == 1 ? sql_col_int(c, 0) : 0;
    sql_close(c, NULL);
    if (rc <= 0)
        return rc;
    rc = 0;
    if (d->deleted_ids) {
        c = sql_open(d->db, &store_q_deleted_id_by);
        sql_blob(c, 1, r->id.b, 32);
        sql_int(c, 2, actor);
        rc = sql_step(c, err);
        sql_close(c, NULL);
    }
    struct facts facts;
    rules__facts(r, &facts);
    if (rc == 0 && d->deleted_addresses && facts.has_address) {
        c = sql_open(d->db, &store_q_deleted_address_until);
        sql_int(c, 1, actor);
        sql_int(c, 2, r->kind);
        sql_int(c, 3, facts.address);
        rc = sql_step(c, err);
        if (rc == 1 && (sql_col_null(c, 0) || sql_col_int(c, 0) < r->created_at))
            rc = 0;
        sql_close(c, NULL);
    }
    if (rc == 1)
        refuse(item, "blocked: deleted by its author");
    return rc;
}

static int add(struct door *d, struct store_item *item, struct err *err)
{
    int rc = buried(d, item, err);
    if (rc != 0)
        return rc < 0 ? rc : 0;
    uint64_t twin = tail__find(&d->l->tail, &item->record->id);
    if (twin) {
        item->seq = twin;
        item->verdict = STORE_DUPLICATE;
        snprintf(item->reason, sizeof item->reason, "duplicate: it is here already");
        return 0;
    }
    rc = known(d, item, err);
    if (rc == 0)
        rc = deleted(d, item, err);
    if (rc != 0)
        return rc < 0 ? rc : 0;
    uint64_t seq = d->last + 1;
    sqlite3_stmt *stmt = sql__statement(d->add);
    sqlite3_bind_int64(stmt, 1, (int64_t)seq);
    sqlite3_bind_int64(stmt, 2, d->received_at);
    sqlite3_bind_blob(stmt, 3, item->record->id.b, 32, SQLITE_STATIC);
    sqlite3_bind_blob64(stmt, 4, item->raw.p, item->raw.n, SQLITE_STATIC);
    rc = sql_step(d->add, err);
    sqlite3_reset(stmt);
    if (rc < 0)
        return rc;
    d->last = seq;
    tail__add(&d->l->tail, &item->record->id, seq, d->applied);
    item->seq = seq;
    item->verdict = STORE_NEW;
    return 0;
}

static int commit_group(struct lite *l, struct append_request *group, struct err *err)
{
    struct door d = {.l = l, .db = l->append};
    int rc = sql__begin(l->append, err);
    if (rc < 0)
        return rc;
    if ((rc = open_door(&d, err)) >= 0) {
        d.add = sql_open(l->append, &store_q_log_add);
        d.by_idkey = sql_open(l->append, &store_q_record_by_idkey);
        for (struct append_request *r = group; r && rc >= 0; r = r->next)
            for (size_t i = 0; i < r->n && rc >= 0; i++) {
                if (i + AHEAD < r->n)
                    tail__expect(&l->tail, &r->items[i + AHEAD].record->id);
                if (r->items[i].verdict != STORE_REFUSED)
                    rc = add(&d, &r->items[i], err);
            }
        sql_close(d.add, NULL);
        sql_close(d.by_idkey, NULL);
    }
    if (rc >= 0)
        rc = sql__commit(l->append, err);
    if (rc < 0) {
        sql__rollback(l->append);
        tail__clear(&l->tail, 0);
        return rc;
    }
    l->tail.known = d.last;
    atomic_store(&l->last_seq, d.last);
    return 0;
}

static void lead(struct lite *l)
{
    struct append_request *group = l->queue, **end = &l->queue;
    size_t n = 0;
    while (*end && (n == 0 || n + (*end)->n <= GROUP_RECORDS)) {
        n += (*end)->n;
        end = &(*end)->next;
    }
    l->queue = *end;
    if (!l->queue)
        l->queue_end = &l->queue;
    *end = NULL;
    pthread_mutex_unlock(&l->queue_mutex);

    struct err err = {0};
    turn__take(&l->turn);
    int rc = commit_group(l, group, &err);
    turn__give(&l->turn);
    if (atomic_load(&l->bulk))
        atomic_store(&l->bulk_append_us, monotonic_us());
    lite__applier_wake(l);

    pthread_mutex_lock(&l->queue_mutex);
    for (struct append_request *r = group, *next; r; r = next) {
        next = r->next; /* r lives on its caller's stack, who may go once it is done */
        r->rc = rc;
        if (rc < 0)
            r->err = err;
        r->done = true;
    }
}

int lite__append(struct store *s, struct store_item *items, size_t n, struct err *err)
{
    struct lite *l = lite_of(s);
    if (l->mode != STORE_WRITE)
        return err_set(err, ERR_DENIED, "the store was opened for reading only");
    struct append_request mine = {.items = items, .n = n};
    pthread_mutex_lock(&l->queue_mutex);
    *l->queue_end = &mine;
    l->queue_end = &mine.next;
    while (!mine.done) {
        if (l->leading) {
            pthread_cond_wait(&l->queue_changed, &l->queue_mutex);
            continue;
        }
        l->leading = true;
        lead(l);
        l->leading = false;
        pthread_cond_broadcast(&l->queue_changed);
    }
    pthread_mutex_unlock(&l->queue_mutex);
    if (mine.rc < 0) {
        for (size_t i = 0; i < n; i++)
            items[i].seq = 0;
        if (err)
            *err = mine.err;
        err_prefix(err, "%zu record%s could not be stored", n, n == 1 ? "" : "s");
        err_kept(err, "nothing of this request was kept");
    }
    return mine.rc;
}

int lite__write(
    struct store *s, int (*change)(void *ctx, struct sql *db, struct err *err), void *ctx, struct err *err)
{
    struct lite *l = lite_of(s);
    if (l->mode != STORE_WRITE)
        return err_set(err, ERR_DENIED, "the store was opened for reading only");
    turn__take(&l->turn);
    int rc = sql__begin(l->append, err);
    if (rc >= 0) {
        rc = change(ctx, l->append, err);
        sql__reset(l->append);
        int committed = rc < 0 ? rc : sql__commit(l->append, err);
        if (committed < 0) {
            sql__rollback(l->append);
            rc = committed;
        }
    }
    turn__give(&l->turn);
    return rc;
}

void lite__bulk(struct store *s, bool begin)
{
    struct lite *l = lite_of(s);
    atomic_fetch_add(&l->bulk, begin ? 1 : -1);
    if (!begin)
        lite__applier_wake(l);
}

/* In slices, so that what another handle applied is seen soon. */
int lite__wait_applied(struct store *s, uint64_t seq, int timeout_ms, struct err *err)
{
    struct lite *l = lite_of(s);
    int64_t until = monotonic_us() + (int64_t)timeout_ms * 1000;
    for (;;) {
        if (atomic_load(&l->applied_seq) >= seq)
            return 0;
        struct store_read *r;
        if (l->mode == STORE_READ_ONLY || l->base.ops->applied_seq(s) < seq) {
            int rc = s->ops->read_begin(s, &r, err);
            if (rc < 0)
                return rc;
            uint64_t applied = r->seq;
            s->ops->read_end(r);
            if (applied >= seq)
                return 0;
        }
        int64_t left = until - monotonic_us();
        pthread_mutex_lock(&l->apply_mutex);
        if (l->stop || left <= 0) {
            bool stop = l->stop;
            pthread_mutex_unlock(&l->apply_mutex);
            return stop ? err_set(err, ERR_CLOSED, "the store is closing")
                        : err_set(err, ERR_BUSY, "record %lu is not applied yet", (unsigned long)seq);
        }
        if (left > 100000)
            left = 100000;
        struct timespec t = lite__deadline(left);
        while (!l->stop && atomic_load(&l->applied_seq) < seq &&
               pthread_cond_timedwait(&l->applied_changed, &l->apply_mutex, &t) != ETIMEDOUT)
            ;
        pthread_mutex_unlock(&l->apply_mutex);
    }
}
