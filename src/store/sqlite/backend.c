/* backend.c: SQLite's opening and closing: connections and their settings, versions, the pool of readers. */
#include "store/sqlite/private.h"
#include "store_sql.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int on_commit(void *ctx, sqlite3 *db, const char *name, int pages)
{
    struct lite *l = ctx;
    atomic_store(&l->wal_pages, pages);
    return SQLITE_OK;
}

/* The applier's pages are all over the indices: a quarter is its. */
static int64_t cache_of(const struct lite *l, bool applier)
{
    int64_t quarter = l->cache_bytes / 4;
    return applier ? quarter : 3 * quarter / (int64_t)(l->reader_max + 1);
}

int lite__connect(struct lite *l, bool writable, bool full, struct sql **out, struct err *err)
{
    sqlite3 *db = NULL;
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    flags |= l->mode == STORE_WRITE ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;
    int rc = sqlite3_open_v2(l->file, &db, flags, NULL);
    if (rc != SQLITE_OK) {
        int code = sql__fail(db, rc, err, l->file);
        sqlite3_close(db);
        return code;
    }
    sqlite3_busy_timeout(db, LITE_BUSY_MS);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 0, NULL); /* FTS5's commands need its shadow tables */
    sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_extended_result_codes(db, 1);
    struct sql *s = sql__create(db, &l->base, writable);
    char pragmas[400];
    snprintf(pragmas, sizeof pragmas,
        "PRAGMA cache_size=-%ld; PRAGMA temp_store=MEMORY; PRAGMA secure_delete=ON; PRAGMA foreign_keys=ON;"
        "PRAGMA synchronous=%s; PRAGMA query_only=%s; PRAGMA journal_size_limit=67108864;",
        (long)(cache_of(l, writable && !full) / 1024), full ? "FULL" : "NORMAL", writable ? "OFF" : "ON");
    int code = sql__run(s, pragmas, NULL);
    if (code < 0)
        sql__fail(db, sqlite3_extended_errcode(db), err, "opening it");
    if (code >= 0)
        code = fts__register(db, err);
    if (code < 0) {
        sql__destroy(s);
        return code;
    }
    if (writable) {
        sqlite3_wal_autocheckpoint(db, 0); /* the applier does it */
        sqlite3_wal_hook(db, on_commit, l);
    }
    *out = s;
    return 0;
}

/* ---- readers */

static int read_begin(struct store *base, struct store_read **out, struct err *err)
{
    struct lite *l = lite_of(base);
    pthread_mutex_lock(&l->readers_mutex);
    struct timespec until = lite__deadline(10000000);
    while (!l->idle && l->reader_count >= l->reader_max)
        if (pthread_cond_timedwait(&l->reader_back, &l->readers_mutex, &until) == ETIMEDOUT) {
            pthread_mutex_unlock(&l->readers_mutex);
            return err_set(err, ERR_BUSY, "all %u readers of the store are in use", l->reader_max);
        }
    struct lite_read *r = l->idle;
    if (r)
        l->idle = r->next;
    else
        l->reader_count++;
    pthread_mutex_unlock(&l->readers_mutex);
    int rc = 0;
    if (!r) {
        r = calloc(1, sizeof *r);
        if (!r)
            abort();
        r->base.store = base;
        rc = lite__connect(l, false, false, &r->base.sql, err);
        if (rc >= 0)
            rc = tables__exists(r->base.sql, "store_erasure", &r->hides, err);
    }
    if (rc >= 0)
        rc = sql__run(r->base.sql, "BEGIN", err);
    if (rc >= 0)
        rc = lite__applied(r->base.sql, &r->base.seq, err); /* the first read fixes the snapshot */
    if (rc >= 0 && r->hides)
        rc = leaving__load(r->base.sql, err);
    if (rc < 0) {
        if (r->base.sql)
            sql__rollback(r->base.sql);
        sql__destroy(r->base.sql);
        free(r);
        pthread_mutex_lock(&l->readers_mutex);
        l->reader_count--;
        pthread_cond_signal(&l->reader_back);
        pthread_mutex_unlock(&l->readers_mutex);
        return rc;
    }
    r->base.now = clock_now(&base->clock);
    *out = &r->base;
    return 0;
}

static void read_end(struct store_read *base)
{
    struct lite_read *r = (struct lite_read *)base;
    struct lite *l = lite_of(base->store);
    sql__reset(r->base.sql);
    sqlite3_exec(sql__handle(r->base.sql), "ROLLBACK", NULL, NULL, NULL);
    pthread_mutex_lock(&l->readers_mutex);
    r->next = l->idle;
    l->idle = r;
    pthread_cond_signal(&l->reader_back);
    pthread_mutex_unlock(&l->readers_mutex);
}

/* ---- opening */

static int check_layout(struct lite *l, struct sql *db, bool *fresh, struct err *err)
{
    static const struct sql_statement application = {"application_id", "PRAGMA application_id"};
    static const struct sql_statement layout = {"user_version", "PRAGMA user_version"};
    static const struct sql_statement tables = {"sqlite_master", "SELECT count(*) FROM sqlite_master"};
    const struct sql_statement *const asked[] = {&application, &layout, &tables};
    int64_t value[3] = {0};
    for (size_t i = 0; i < 3; i++) {
        struct sql_cursor *c = sql_open(db, asked[i]);
        int rc = sql_step(c, err);
        if (rc == 1)
            value[i] = sql_col_int(c, 0);
        sql_close(c, NULL);
        if (rc < 0)
            return rc;
    }
    *fresh = value[2] == 0;
    if (*fresh)
        return 0;
    if (value[0] != LITE_APPLICATION_ID) {
        err_set(err, ERR_CORRUPT, "%s is a database, but not a node's", l->file);
        err_todo(err, "check --data; restore a backup if this is the right place");
        return ERR_CORRUPT;
    }
    if (value[1] > LITE_LAYOUT) {
        err_set(err, ERR_VERSION, "%s was written by a newer version (layout %ld, this program knows %d)",
            l->file, (long)value[1], LITE_LAYOUT);
        err_kept(err, "nothing was changed");
        err_todo(err, "install the newer widenet, or restore a backup made by this one");
        return ERR_VERSION;
    }
    return 0;
}

int lite__reset_indices(struct lite *l, struct sql *db, struct err *err)
{
    static const char *const own[] = {"store_search", "store_record", "store_tag", "store_deleted_id",
        "store_deleted_address", "store_blob_use", "store_text", NULL};
    int rc = 0;
    for (size_t i = 0; own[i] && rc >= 0; i++) {
        char drop[100];
        snprintf(drop, sizeof drop, "DROP TABLE IF EXISTS %s", own[i]);
        rc = sql__run(db, drop, err);
    }
    if (rc >= 0)
        rc = sql__run(db, store_schema_sql, err);
    if (rc >= 0)
        rc = sql__run(db, store_q_search_create.text, err);
    if (rc >= 0)
        rc = fts__configure(db, err);
    if (rc >= 0)
        rc = tables__create(db, &l->base.tables, err);
    if (rc >= 0)
        rc = sql__meta_set(db, "applied_seq", 0, err);
    if (rc >= 0)
        rc = sql__meta_set(db, "texts", 0, err);
    if (rc >= 0)
        rc = sql__meta_set(db, "indices", STORE_INDEX_VERSION, err);
    return rc;
}

/* The steps of state, and projections of another version made anew, in one transaction. */
static int migrate(struct lite *l, struct err *err)
{
    char stamp[100];
    snprintf(stamp, sizeof stamp, "PRAGMA application_id=%d; PRAGMA user_version=%d", LITE_APPLICATION_ID,
        LITE_LAYOUT);
    bool current = false, fresh;
    int rc = sql__begin(l->append, err);
    if (rc < 0)
        return rc;
    if ((rc = check_layout(l, l->append, &fresh, err)) >= 0)
        rc = tables__migrate(l->append, &l->base.tables, err);
    if (rc >= 0)
        rc = tables__all_known(l->append, &l->base.tables, err);
    if (rc >= 0)
        rc = tables__current(l->append, &l->base.tables, &current, err);
    if (rc >= 0)
        rc = current ? fts__configure(l->append, err) : lite__reset_indices(l, l->append, err);
    if (rc >= 0)
        rc = sql__run(l->append, stamp, err);
    if (rc >= 0)
        rc = sql__commit(l->append, err);
    if (rc < 0)
        sql__rollback(l->append);
    if (rc == ERR_FULL)
        err_kept(err, "nothing was changed");
    return rc;
}

static int read_ends(struct lite *l, struct sql *db, struct err *err)
{
    uint64_t applied;
    int rc = lite__applied(db, &applied, err);
    if (rc < 0)
        return rc;
    struct sql_cursor *c = sql_open(db, &store_q_log_last);
    if ((rc = sql_step(c, err)) == 1)
        atomic_store(&l->last_seq, (uint64_t)sql_col_int(c, 0));
    sql_close(c, NULL);
    atomic_store(&l->applied_seq, applied);
    return rc < 0 ? rc : 0;
}

static int prepare_directory(struct lite *l, struct err *err)
{
    struct buf blobs _cleanup_buf_ = BUF_INIT;
    buf_addf(&blobs, "%s/blobs", l->directory);
    struct stat st;
    bool there = stat(l->file, &st) == 0;
    if (there && !S_ISREG(st.st_mode)) {
        err_set(err, ERR_CORRUPT, "%s is no file", l->file);
        err_todo(err, "check --data; restore a backup if this is the right place");
        return ERR_CORRUPT;
    }
    if (l->mode == STORE_READ_ONLY) {
        if (!there && errno == ENOENT) {
            err_set(err, ERR_NOT_FOUND, "there is nothing of a node in %s", l->directory);
            err_todo(err, "name its data directory with --data");
            return ERR_NOT_FOUND;
        }
        return access(l->file, R_OK) < 0 ? err_errno(err, errno, "could not read %s", l->file) : 0;
    }
    if (mkdir(l->directory, 0700) < 0 && errno != EEXIST)
        return err_errno(err, errno, "could not make the data directory %s", l->directory);
    if (access(l->directory, R_OK | W_OK | X_OK) < 0) {
        int code = err_errno(err, errno, "no permission to write to the data directory %s", l->directory);
        err_todo(err, "give this user the directory, or choose another with --data");
        return code;
    }
    if (access(l->file, F_OK) == 0 && access(l->file, R_OK | W_OK) < 0)
        return err_errno(err, errno, "no permission to write to %s", l->file);
    if (mkdir(blobs.p, 0700) < 0 && errno != EEXIST)
        return err_errno(err, errno, "could not make %s", blobs.p);
    return 0;
}

static int open_writer(struct lite *l, struct err *err)
{
    bool fresh;
    int rc = lite__connect(l, true, true, &l->append, err);
    if (rc >= 0)
        rc = check_layout(l, l->append, &fresh, err); /* before anything is changed */
    if (rc >= 0)
        rc = sql__run(l->append, "PRAGMA journal_mode=WAL", err);
    if (rc >= 0)
        rc = migrate(l, err);
    if (rc >= 0)
        rc = lite__connect(l, true, false, &l->apply, err);
    if (rc >= 0)
        rc = read_ends(l, l->append, err);
    if (rc >= 0 && atomic_load(&l->applied_seq) == 0 && atomic_load(&l->last_seq) > 0)
        rc = lite__catch_up(
            l, err); /* indices are being made anew: nothing is there to be served meanwhile */
    if (rc >= 0)
        rc = lite__applier_start(l, err);
    return rc;
}

static int open_reader(struct lite *l, struct err *err)
{
    struct store_read *r;
    struct sql *db = NULL;
    bool fresh = false, current = true;
    int rc = lite__connect(l, false, false, &db, err);
    if (rc >= 0)
        rc = check_layout(l, db, &fresh, err); /* before it is taken for one of ours */
    sql__destroy(db);
    if (rc >= 0 && fresh) {
        rc = err_set(err, ERR_NOT_FOUND, "%s is empty", l->file);
        err_todo(err, "restore a backup, or move the file away to begin anew");
    }
    if (rc < 0 || (rc = read_begin(&l->base, &r, err)) < 0)
        return rc;
    rc = tables__current(r->sql, &l->base.tables, &current, err);
    if (rc >= 0 && !current) {
        rc = err_set(err, ERR_BUSY, "the indices in %s are not made yet, or are of another version", l->file);
        err_kept(err, "no record is lost");
        err_todo(err, "`widenet rebuild` or the start of the node makes them");
    }
    if (rc >= 0)
        rc = read_ends(l, r->sql, err);
    read_end(r);
    return rc;
}

static void lite_close(struct store *base)
{
    struct lite *l = lite_of(base);
    lite__applier_stop(l);
    for (struct lite_read *r = l->idle, *next; r; r = next) {
        next = r->next;
        sql__destroy(r->base.sql);
        free(r);
    }
    if (l->apply)
        sqlite3_wal_checkpoint_v2(sql__handle(l->apply), NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    sql__destroy(l->apply);
    sql__destroy(l->append);
    tail__clear(&l->tail, 0);
    pthread_mutex_destroy(&l->turn.mutex);
    pthread_cond_destroy(&l->turn.changed);
    pthread_mutex_destroy(&l->queue_mutex);
    pthread_cond_destroy(&l->queue_changed);
    pthread_mutex_destroy(&l->apply_mutex);
    pthread_cond_destroy(&l->apply_wanted);
    pthread_cond_destroy(&l->applied_changed);
    pthread_mutex_destroy(&l->readers_mutex);
    pthread_cond_destroy(&l->reader_back);
    store__finish(&l->base);
    free(l->directory);
    free(l->file);
    free(l);
}

static uint64_t last_seq(struct store *s)
{
    struct lite *l = lite_of(s);
    if (l->mode == STORE_READ_ONLY) {
        struct store_read *r;
        if (read_begin(s, &r, NULL) >= 0) {
            read_ends(l, r->sql, NULL);
            read_end(r);
        }
    }
    return atomic_load(&l->last_seq);
}

static uint64_t applied_seq(struct store *s)
{
    struct lite *l = lite_of(s);
    if (l->mode == STORE_READ_ONLY)
        last_seq(s);
    return atomic_load(&l->applied_seq);
}

static const struct store_ops lite_ops = {
    .close = lite_close,
    .append = lite__append,
    .last_seq = last_seq,
    .applied_seq = applied_seq,
    .wait_applied = lite__wait_applied,
    .bulk = lite__bulk,
    .read_begin = read_begin,
    .read_end = read_end,
    .query = lite__query,
    .count = lite__count,
    .get = lite__get,
    .get_seq = lite__get_seq,
    .log_raw = lite__log_raw,
    .revisions = lite__revisions,
    .follow = lite__follow,
    .search = lite__search,
    .write = lite__write,
    .blob_put = lite__blob_put,
    .blob_open = lite__blob_open,
    .blob_remove = lite__blob_remove,
    .erase_key = lite__erase_key,
    .erase_id = lite__erase_id,
    .rebuild = lite__rebuild,
    .check = lite__check,
    .backup = lite__backup,
    .digest = lite__digest,
};

/* Nobody asks how much memory SQLite uses; keeping count takes a lock at each allocation. */
static void set_up_sqlite(void)
{
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

int store_open(const char *directory, enum store_mode mode, const struct store_tables *tables,
    const struct store_options *options, struct store **out, struct err *err)
{
    *out = NULL;
    if (!options || !options->clock.now_us)
        return err_set(err, ERR_INTERNAL, "a store needs a clock");
    static pthread_once_t set_up = PTHREAD_ONCE_INIT; /* SQLite's own state is the process's */
    pthread_once(&set_up, set_up_sqlite);
    struct lite *l = calloc(1, sizeof *l);
    if (!l)
        abort();
    store__init(&l->base, &lite_ops, tables, options);
    struct buf file _cleanup_buf_ = BUF_INIT;
    buf_addf(&file, "%s/widenet.db", directory);
    l->directory = str_dup(str_of(directory));
    l->file = str_dup(buf_str(&file));
    l->mode = mode;
    l->reader_max = options && options->readers ? options->readers : 8;
    l->cache_bytes = options && options->cache_bytes > 0 ? options->cache_bytes : INT64_C(64) << 20;
    l->batch_records = LITE_BATCH_RECORDS;
    l->queue_end = &l->queue;
    pthread_mutex_init(&l->turn.mutex, NULL);
    lite__cond_init(&l->turn.changed);
    pthread_mutex_init(&l->queue_mutex, NULL);
    lite__cond_init(&l->queue_changed);
    pthread_mutex_init(&l->apply_mutex, NULL);
    lite__cond_init(&l->apply_wanted);
    lite__cond_init(&l->applied_changed);
    pthread_mutex_init(&l->readers_mutex, NULL);
    lite__cond_init(&l->reader_back);
    int rc = prepare_directory(l, err);
    if (rc >= 0)
        rc = mode == STORE_WRITE ? open_writer(l, err) : open_reader(l, err);
    if (rc == ERR_CORRUPT && !(err && err->todo[0])) {
        err_prefix(err, "%s is damaged", l->file);
        err_kept(err, "nothing was changed");
        err_todo(err, "restore a backup, or move the file away to begin anew");
    }
    if (rc < 0) {
        lite_close(&l->base);
        return rc;
    }
    *out = &l->base;
    return 0;
}
