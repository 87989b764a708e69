/* backend.c: the memory back end's opening, snapshots, rooms' database and files. */
#include "store/memory/private.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* ---- snapshots: a reader's own copy of the rooms' database, made anew when that has changed */

static int copy_rooms(struct memory *m, struct memory_read *r, struct err *err)
{
    sqlite3_int64 size = 0;
    unsigned char *image = sqlite3_serialize(sql__handle(m->rooms), "main", &size, 0);
    if (!image)
        return err_set(err, ERR_MEMORY, "no memory for a copy of the rooms' tables");
    int rc = sqlite3_deserialize(
        sql__handle(r->base.sql), "main", image, size, size, SQLITE_DESERIALIZE_FREEONCLOSE);
    if (rc != SQLITE_OK)
        return sql__fail(sql__handle(r->base.sql), rc, err, "copying the rooms' tables");
    r->rooms = m->rooms_version;
    return 0;
}

static int read_begin(struct store *s, struct store_read **out, struct err *err)
{
    struct memory *m = memory_of(s);
    pthread_mutex_lock(&m->mutex);
    int rc = sql__begin(m->rooms, err);
    if (rc >= 0) {
        uint64_t before = m->version;
        rc = memory__catch_up(m, err);
        int ended = sql__commit(m->rooms, err);
        rc = rc < 0 ? rc : ended;
        m->rooms_version += m->version != before;
    }
    struct memory_read *r = m->idle;
    if (r) {
        m->idle = r->next;
    } else if (rc >= 0) {
        sqlite3 *db = NULL;
        r = calloc(1, sizeof *r);
        if (!r)
            abort();
        r->base.store = s;
        if (sqlite3_open_v2(":memory:", &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
            rc = sql__fail(db, SQLITE_NOMEM, err, "opening a reader");
        r->base.sql = sql__create(db, s, false);
    }
    if (rc >= 0 && r->rooms != m->rooms_version)
        rc = copy_rooms(m, r, err);
    if (rc >= 0)
        rc = sql__run(r->base.sql, "PRAGMA query_only=ON; BEGIN", err);
    if (rc >= 0) {
        r->version = m->version;
        r->base.seq = m->applied;
        r->base.now = clock_now(&s->clock);
        *out = &r->base;
    } else if (r) {
        r->next = m->idle;
        m->idle = r;
    }
    pthread_mutex_unlock(&m->mutex);
    return rc;
}

static void read_end(struct store_read *base)
{
    struct memory_read *r = (struct memory_read *)base;
    struct memory *m = memory_of(base->store);
    sql__rollback(base->sql);
    pthread_mutex_lock(&m->mutex);
    r->next = m->idle;
    m->idle = r;
    pthread_mutex_unlock(&m->mutex);
}

/* ---- the rest */

static uint64_t last_seq(struct store *s)
{
    struct memory *m = memory_of(s);
    pthread_mutex_lock(&m->mutex);
    uint64_t seq = m->log.n;
    pthread_mutex_unlock(&m->mutex);
    return seq;
}

static int wait_applied(struct store *s, uint64_t seq, int timeout_ms, struct err *err)
{
    struct memory *m = memory_of(s);
    int64_t until = monotonic_us() + (int64_t)timeout_ms * 1000;
    struct timespec t = {.tv_sec = until / 1000000, .tv_nsec = until % 1000000 * 1000};
    pthread_mutex_lock(&m->mutex);
    while (!m->closing && m->applied < seq && pthread_cond_timedwait(&m->changed, &m->mutex, &t) != ETIMEDOUT)
        ;
    int rc = m->applied >= seq ? 0
             : m->closing      ? err_set(err, ERR_CLOSED, "the store is closing")
                               : err_set(err, ERR_BUSY, "record %lu is not applied yet", (unsigned long)seq);
    pthread_mutex_unlock(&m->mutex);
    return rc;
}

static void bulk(struct store *s, bool begin) {}

static int write_state(
    struct store *s, int (*change)(void *ctx, struct sql *db, struct err *err), void *ctx, struct err *err)
{
    struct memory *m = memory_of(s);
    pthread_mutex_lock(&m->mutex);
    int rc = sql__begin(m->rooms, err);
    if (rc >= 0) {
        rc = change(ctx, m->rooms, err);
        sql__reset(m->rooms);
        int committed = rc < 0 ? rc : sql__commit(m->rooms, err);
        if (committed < 0) {
            sql__rollback(m->rooms);
            rc = committed;
        }
    }
    m->rooms_version++;
    pthread_mutex_unlock(&m->mutex);
    return rc;
}

static struct memory_blob *blob_of(struct memory *m, const uint8_t sha256[32])
{
    for (size_t i = 0; i < m->blobs.n; i++)
        if (!memcmp(m->blobs.at[i].sha256, sha256, 32))
            return &m->blobs.at[i];
    return NULL;
}

static int blob_put(
    struct store *s, struct str bytes, struct str media_type, const uint8_t sha256[32], struct err *err)
{
    struct memory *m = memory_of(s);
    pthread_mutex_lock(&m->mutex);
    if (!blob_of(m, sha256)) {
        struct memory_blob b = {.bytes = {str_dup(bytes), bytes.n}};
        memcpy(b.sha256, sha256, 32);
        memcpy(b.media_type, media_type.n ? media_type.p : "", media_type.n);
        LIST_ADD(&m->blobs, b);
    }
    pthread_mutex_unlock(&m->mutex);
    return 0;
}

static int blob_open(
    struct store *s, const uint8_t sha256[32], int *fd, uint64_t *size, char media_type[64], struct err *err)
{
    struct memory *m = memory_of(s);
    int rc = 0;
    pthread_mutex_lock(&m->mutex);
    const struct memory_blob *b = blob_of(m, sha256);
    if (!b) {
        rc = err_set(err, ERR_NOT_FOUND, "no such file is kept here");
    } else if ((*fd = memfd_create("blob", MFD_CLOEXEC)) < 0 ||
               write(*fd, b->bytes.p, b->bytes.n) != (ssize_t)b->bytes.n || lseek(*fd, 0, SEEK_SET) < 0) {
        rc = err_errno(err, errno, "could not open a file in memory");
    } else {
        *size = b->bytes.n;
        if (media_type)
            memcpy(media_type, b->media_type, 64);
    }
    pthread_mutex_unlock(&m->mutex);
    return rc;
}

static int blob_remove(struct store *s, const uint8_t sha256[32], struct err *err)
{
    struct memory *m = memory_of(s);
    pthread_mutex_lock(&m->mutex);
    struct memory_blob *b = blob_of(m, sha256);
    if (b) {
        free((char *)b->bytes.p);
        *b = m->blobs.at[--m->blobs.n];
    }
    pthread_mutex_unlock(&m->mutex);
    return 0;
}

static int check(
    struct store *s, store_on_fault *on_fault, void *ctx, struct store_check_result *out, struct err *err)
{
    struct memory *m = memory_of(s);
    pthread_mutex_lock(&m->mutex);
    for (size_t i = 0; i < m->log.n; i++)
        if (m->log.at[i].body) {
            out->records++;
            if (record_verify(&m->log.at[i].body->record, NULL) < 0) {
                out->bad_records++;
                if (on_fault)
                    on_fault(ctx, "a record's signature does not hold");
            }
        }
    pthread_mutex_unlock(&m->mutex);
    return 0;
}

static int backup(struct store *s, const char *file, const char *const *extra_files, struct err *err)
{
    return err_set(err, ERR_INPUT, "a store in memory has no backup");
}

static int digest(struct store *s, uint8_t out[32], struct err *err)
{
    struct memory *m = memory_of(s);
    uint8_t rooms[32];
    pthread_mutex_lock(&m->mutex);
    int rc = tables__digest(m->rooms, &s->tables, NULL, rooms, err);
    crypto_hash_sha256_state h;
    crypto_hash_sha256_init(&h);
    crypto_hash_sha256_update(&h, rooms, sizeof rooms);
    for (size_t i = 0; i < m->log.n; i++) {
        uint8_t state = m->log.at[i].body ? (uint8_t)entry_state(&m->log.at[i], m->version) : 9;
        crypto_hash_sha256_update(&h, &state, 1);
    }
    crypto_hash_sha256_final(&h, out);
    pthread_mutex_unlock(&m->mutex);
    return rc;
}

static void memory_close(struct store *s)
{
    struct memory *m = memory_of(s);
    for (struct memory_read *r = m->idle, *next; r; r = next) {
        next = r->next;
        sql__destroy(r->base.sql);
        free(r);
    }
    sql__destroy(m->rooms);
    for (size_t i = 0; i < m->log.n; i++)
        body_drop(m->log.at[i].body);
    for (size_t i = 0; i < m->blobs.n; i++)
        free((char *)m->blobs.at[i].bytes.p);
    free(m->log.at);
    free(m->deleted_ids.at);
    free(m->deleted_addresses.at);
    free(m->tombstones.at);
    free(m->blobs.at);
    pthread_mutex_destroy(&m->mutex);
    pthread_cond_destroy(&m->changed);
    store__finish(s);
    free(m);
}

static const struct store_ops memory_ops = {
    .close = memory_close,
    .append = memory__append,
    .last_seq = last_seq,
    .applied_seq = last_seq, /* applied as it comes */
    .wait_applied = wait_applied,
    .bulk = bulk,
    .read_begin = read_begin,
    .read_end = read_end,
    .query = memory__query,
    .count = memory__count,
    .get = memory__get,
    .get_seq = memory__get_seq,
    .log_raw = memory__log_raw,
    .revisions = memory__revisions,
    .follow = memory__follow,
    .search = memory__search,
    .write = write_state,
    .blob_put = blob_put,
    .blob_open = blob_open,
    .blob_remove = blob_remove,
    .erase_key = memory__erase_key,
    .erase_id = memory__erase_id,
    .rebuild = memory__rebuild,
    .check = check,
    .backup = backup,
    .digest = digest,
};

int store_open_memory(const struct store_tables *tables, const struct store_options *options,
    struct store **out, struct err *err)
{
    *out = NULL;
    if (!options || !options->clock.now_us)
        return err_set(err, ERR_INTERNAL, "a store needs a clock");
    struct memory *m = calloc(1, sizeof *m);
    if (!m)
        abort();
    store__init(&m->base, &memory_ops, tables, options);
    pthread_mutex_init(&m->mutex, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&m->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    sqlite3 *db = NULL;
    int rc = sqlite3_open_v2(":memory:", &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    m->rooms = sql__create(db, &m->base, true);
    m->rooms_version = 1;
    rc = rc == SQLITE_OK ? sql__begin(m->rooms, err) : sql__fail(db, rc, err, "opening a database in memory");
    if (rc >= 0)
        rc = tables__migrate(m->rooms, &m->base.tables, err);
    if (rc >= 0)
        rc = tables__create(m->rooms, &m->base.tables, err);
    if (rc >= 0)
        rc = sql__commit(m->rooms, err);
    if (rc < 0) {
        memory_close(&m->base);
        return rc;
    }
    *out = &m->base;
    return 0;
}
