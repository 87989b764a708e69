/* backup.c: the whole store as one SQLite file, taken while others write, and back into an empty directory.
 *
 * The file is the database as VACUUM INTO writes it, with two tables more: blobs and the extra files. */
#include "base/hex.h"
#include "store/sqlite/private.h"
#include "store_sql.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define EXTRA_MAX (64u << 20) /* bytes of an extra file */

static int open_plain(const char *file, int flags, struct sql **out, struct err *err)
{
    sqlite3 *db = NULL;
    int rc = sqlite3_open_v2(file, &db, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
    if (rc != SQLITE_OK) {
        int code = sql__fail(db, rc, err, file);
        sqlite3_close(db);
        return code;
    }
    sqlite3_busy_timeout(db, LITE_BUSY_MS);
    /* A backup may come from anywhere: nothing in it may run. */
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    *out = sql__create(db, NULL, true);
    int code = fts__register(db, err);
    if (code < 0) {
        sql__destroy(*out);
        *out = NULL;
    }
    return code;
}

static int read_whole(const char *path, size_t max, struct buf *out, struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return err_errno(err, errno, "could not open %s", path);
    ssize_t n;
    do {
        buf_reserve(out, 65536);
        n = read(fd, out->p + out->n, 65536);
        if (n > 0)
            out->n += (size_t)n;
    } while ((n > 0 && out->n <= max) || (n < 0 && errno == EINTR));
    int code = n < 0 ? err_errno(err, errno, "could not read %s", path) : 0;
    close(fd);
    if (code >= 0 && out->n > max)
        code = err_set(err, ERR_LIMIT, "%s has more than %zu bytes", path, max);
    return code;
}

static int sync_file(const char *path, struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_errno(err, errno, "could not open %s", path);
    int rc = fsync(fd) < 0 ? err_errno(err, errno, "could not write %s", path) : 0;
    close(fd);
    return rc;
}

static int sync_parent(const char *path, struct err *err)
{
    char *slash = strrchr(path, '/');
    char *parent = slash ? str_dup((struct str){path, (size_t)(slash - path) + 1}) : str_dup(STR("."));
    int rc = sync_file(parent, err);
    free(parent);
    return rc;
}

/* ---- out */

static int add_files(struct sql *to, const char *directory, const char *const *names, struct err *err)
{
    static const struct sql_statement add = {
        "add", "INSERT INTO store_backup_file (name, mode, bytes) VALUES (?, ?, ?)"};
    int rc = 0;
    for (size_t i = 0; names && names[i] && rc >= 0; i++) {
        struct buf path _cleanup_buf_ = BUF_INIT, bytes _cleanup_buf_ = BUF_INIT;
        buf_addf(&path, "%s/%s", directory, names[i]);
        struct stat st;
        if (lstat(path.p, &st) < 0) {
            if (errno == ENOENT)
                continue; /* what the node has not made yet */
            return err_errno(err, errno, "could not look at %s", path.p);
        }
        if ((rc = read_whole(path.p, EXTRA_MAX, &bytes, err)) < 0)
            break;
        struct sql_cursor *c = sql_open(to, &add);
        sql_text(c, 1, str_of(names[i]));
        sql_int(c, 2, st.st_mode & 0777);
        sql_blob(c, 3, bytes.n ? bytes.p : "", bytes.n);
        rc = sql_done(c, err);
    }
    return rc;
}

/* Blobs of the copy's own list: what came after the copy is in no backup. */
static int add_blobs(struct lite *l, struct sql *to, struct err *err)
{
    static const struct sql_statement add = {
        "add", "INSERT OR IGNORE INTO store_backup_blob (sha256, bytes) VALUES (?, ?)"};
    struct sql_cursor *list = sql_open(to, &store_q_blobs);
    int rc;
    while ((rc = sql_step(list, err)) == 1) {
        struct str name = sql_col_blob(list, 0);
        uint8_t sha256[32];
        char hex[65];
        if (name.n != 32)
            continue;
        memcpy(sha256, name.p, 32);
        hex_encode(sha256, 32, hex);
        struct buf path _cleanup_buf_ = BUF_INIT, bytes _cleanup_buf_ = BUF_INIT;
        buf_addf(&path, "%s/blobs/%.2s/%s", l->directory, hex, hex);
        struct err why;
        if (read_whole(path.p, 900u << 20, &bytes, &why) < 0) {
            if (why.code == ERR_NOT_FOUND)
                continue; /* removed since; restoring leaves its row out, too */
            if (err)
                *err = why;
            rc = why.code;
            break;
        }
        struct sql_cursor *c = sql_open(to, &add);
        sql_blob(c, 1, sha256, 32);
        sql_blob(c, 2, bytes.n ? bytes.p : "", bytes.n);
        if ((rc = sql_done(c, err)) < 0)
            break;
    }
    sql_close(list, NULL);
    return rc;
}

static int write_backup(struct lite *l, const char *file, const char *const *extra_files, struct err *err)
{
    static const struct sql_statement into = {"copying the database", "VACUUM INTO ?"};
    struct sql *from = NULL, *to = NULL;
    int rc = open_plain(l->file, SQLITE_OPEN_READONLY, &from, err);
    if (rc >= 0) {
        struct sql_cursor *c = sql_open(from, &into);
        sql_text(c, 1, str_of(file));
        rc = sql_done(c, err);
    }
    sql__destroy(from);
    if (rc >= 0)
        rc = open_plain(file, SQLITE_OPEN_READWRITE, &to, err);
    if (rc >= 0)
        rc = sql__run(to,
            "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; BEGIN;"
            "CREATE TABLE store_backup_file (name TEXT PRIMARY KEY, mode INTEGER NOT NULL, bytes BLOB NOT "
            "NULL);"
            "CREATE TABLE store_backup_blob (sha256 BLOB PRIMARY KEY, bytes BLOB NOT NULL);",
            err);
    if (rc >= 0)
        rc = add_files(to, l->directory, extra_files, err);
    if (rc >= 0)
        rc = add_blobs(l, to, err);
    if (rc >= 0)
        rc = sql__run(to, "COMMIT", err);
    sql__destroy(to);
    return rc < 0 ? rc : sync_file(file, err);
}

int lite__backup(struct store *s, const char *file, const char *const *extra_files, struct err *err)
{
    struct lite *l = lite_of(s);
    struct buf part _cleanup_buf_ = BUF_INIT;
    struct stat st;
    if (lstat(file, &st) == 0) { /* a link to nowhere, too */
        err_set(err, ERR_EXISTS, "%s exists already", file);
        err_kept(err, "it was left as it is");
        err_todo(err, "name a file that does not exist");
        return ERR_EXISTS;
    }
    buf_addf(&part, "%s.part-XXXXXX", file);
    int fd = mkostemp(part.p, O_CLOEXEC); /* 0600, and empty: so VACUUM INTO takes it */
    if (fd < 0) {
        int code = err_errno(err, errno, "could not make %s", file);
        err_kept(err, "nothing was written");
        err_todo(err, "name a file in a directory that is there and that you may write to");
        return code;
    }
    close(fd);
    int rc = write_backup(l, part.p, extra_files, err);
    if (rc >= 0 && link(part.p, file) < 0) /* unlike rename, this does not overwrite */
        rc = errno == EPERM || errno == EOPNOTSUPP
                 ? (rename(part.p, file) < 0 ? err_errno(err, errno, "could not make %s", file) : 0)
                 : err_errno(err, errno, "could not make %s", file);
    unlink(part.p);
    if (rc >= 0)
        return sync_parent(file, err);
    err_prefix(err, "%s could not be written", file);
    err_kept(err, "nothing of it is left; the data directory is as it was");
    if (rc == ERR_FULL)
        err_todo(err, "make room there, or name a file on another disk");
    return rc;
}

/* ---- back */

static int ask(struct sql *db, const char *text, int64_t *out, struct err *err)
{
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(sql__handle(db), text, -1, &stmt, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(stmt);
    *out = rc == SQLITE_ROW ? sqlite3_column_int64(stmt, 0) : 0;
    sqlite3_finalize(stmt);
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? 0 : sql__fail(sql__handle(db), rc, err, text);
}

/* By the file's head alone (SQLite's file format, section 1.3), when no more of it can be read. */
static bool is_ours(const char *file)
{
    uint8_t head[72];
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    bool read_it = fd >= 0 && read(fd, head, sizeof head) == (ssize_t)sizeof head;
    if (fd >= 0)
        close(fd);
    return read_it && !memcmp(head, "SQLite format 3", 16) &&
           ((uint32_t)head[68] << 24 | head[69] << 16 | head[70] << 8 | head[71]) == LITE_APPLICATION_ID;
}

/* Is it one of our backups, whole, and not newer than we are? */
static int inspect(struct sql *db, const char *file, struct err *err)
{
    int64_t application = 0, layout = 0, foreign = 0, tables = 0;
    int rc = ask(db, "PRAGMA application_id", &application, err);
    if (rc >= 0)
        rc = ask(db, "PRAGMA user_version", &layout, err);
    if (rc >= 0)
        rc = ask(db, "SELECT count(*) FROM sqlite_master WHERE type IN ('trigger', 'view')", &foreign, err);
    if (rc >= 0)
        rc = ask(db,
            "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name IN "
            "('store_log', 'store_meta', 'store_blob', 'store_backup_file', 'store_backup_blob')",
            &tables, err);
    if (rc == ERR_CORRUPT && is_ours(file)) {
        err_set(err, ERR_CORRUPT, "%s is a backup, but damaged or cut off", file);
        err_kept(err, "nothing was restored");
        err_todo(err, "take another backup");
        return ERR_CORRUPT;
    }
    if (rc < 0 || application != LITE_APPLICATION_ID || foreign || tables != 5) {
        err_set(err, ERR_INPUT, "%s is no backup of a node", file);
        err_kept(err, "nothing was restored");
        return ERR_INPUT;
    }
    if (layout > LITE_LAYOUT) {
        err_set(err, ERR_VERSION, "%s was made by a newer version", file);
        err_todo(err, "install the newer widenet");
        return ERR_VERSION;
    }
    static const struct sql_statement quick = {"quick_check", "PRAGMA quick_check(1)"};
    struct sql_cursor *c = sql_open(db, &quick);
    rc = sql_step(c, err);
    bool whole = rc == 1 && str_eqz(sql_col_text(c, 0), "ok");
    sql_close(c, NULL);
    if (whole)
        return 0;
    err_set(err, ERR_CORRUPT, "%s is damaged", file);
    err_kept(err, "nothing was restored");
    err_todo(err, "take another backup");
    return ERR_CORRUPT;
}

static bool plain_name(struct str name)
{
    if (!name.n || name.n > 100 || name.p[0] == '.' || str_starts(name, STR("widenet.db")) ||
        str_eqz(name, "blobs"))
        return false;
    for (size_t i = 0; i < name.n; i++)
        if (name.p[i] == '/' || (unsigned char)name.p[i] < ' ')
            return false;
    return true;
}

static int write_file(const char *path, mode_t mode, struct str bytes, struct err *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0)
        return err_errno(err, errno, "could not make %s", path);
    int failed = 0;
    for (size_t at = 0; at < bytes.n && !failed;) {
        ssize_t n = write(fd, bytes.p + at, bytes.n - at);
        if (n < 0 && errno != EINTR)
            failed = errno;
        else if (n > 0)
            at += (size_t)n;
    }
    if (!failed && fsync(fd) < 0)
        failed = errno;
    close(fd);
    return failed ? err_errno(err, failed, "could not write %s", path) : 0;
}

static int take_files(struct sql *db, const char *directory, struct err *err)
{
    static const struct sql_statement files = {"files", "SELECT name, mode, bytes FROM store_backup_file"};
    struct sql_cursor *c = sql_open(db, &files);
    int rc;
    while ((rc = sql_step(c, err)) == 1) {
        struct str name = sql_col_text(c, 0);
        struct buf path _cleanup_buf_ = BUF_INIT;
        if (!plain_name(name)) {
            rc = err_set(err, ERR_INPUT, "the backup holds a file with a name that is not plain");
            break;
        }
        buf_addf(&path, "%s/%.*s", directory, STR_ARG(name));
        if ((rc = write_file(path.p, (mode_t)(sql_col_int(c, 1) & 0700), sql_col_blob(c, 2), err)) < 0)
            break;
    }
    sql_close(c, NULL);
    return rc;
}

static int take_blobs(struct sql *db, const char *directory, struct err *err)
{
    static const struct sql_statement blobs = {"blobs",
        "SELECT b.sha256, b.bytes FROM store_backup_blob b JOIN store_blob s ON s.sha256 = b.sha256"};
    struct sql_cursor *c = sql_open(db, &blobs);
    int rc;
    while ((rc = sql_step(c, err)) == 1) {
        struct str name = sql_col_blob(c, 0), bytes = sql_col_blob(c, 1);
        uint8_t sha256[32];
        crypto_hash_sha256(sha256, (const uint8_t *)(bytes.n ? bytes.p : ""), bytes.n);
        if (name.n != 32 || memcmp(name.p, sha256, 32)) {
            rc = err_set(err, ERR_CORRUPT, "the backup holds a file that does not match its name");
            break;
        }
        if ((rc = blobs__put(directory, bytes, sha256, err)) < 0)
            break;
    }
    sql_close(c, NULL);
    return rc;
}

static int make_empty(const char *directory, struct err *err)
{
    struct buf blobs _cleanup_buf_ = BUF_INIT;
    if (mkdir(directory, 0700) < 0 && errno != EEXIST) {
        int code = err_errno(err, errno, "could not make %s", directory);
        err_kept(err, "nothing was restored");
        err_todo(err, "name a directory with --data whose parent is there and may be written to");
        return code;
    }
    if (rmdir(directory) < 0) { /* succeeds only where it is empty */
        int code = errno;
        if (code != ENOTEMPTY && code != EEXIST) {
            code = err_errno(err, code, "could not use %s", directory);
            err_kept(err, "nothing was restored");
            err_todo(err, "name an empty or new directory with --data");
            return code;
        }
        err_set(err, ERR_EXISTS, "%s is not empty", directory);
        err_kept(err, "nothing was restored");
        err_todo(err, "name an empty or new directory");
        return ERR_EXISTS;
    }
    buf_addf(&blobs, "%s/blobs", directory);
    if (mkdir(directory, 0700) < 0 || mkdir(blobs.p, 0700) < 0)
        return err_errno(err, errno, "could not make %s", directory);
    return 0;
}

static int readable(const char *file, const char *otherwise, struct err *err)
{
    struct stat st;
    int code = 0;
    if (stat(file, &st) < 0 || access(file, R_OK) < 0)
        code = err_errno(err, errno, "could not read %s", file);
    else if (!S_ISREG(st.st_mode)) /* a pipe would be waited for */
        code = err_set(err, ERR_INPUT, "%s is %s", file, otherwise);
    if (code < 0)
        err_kept(err, "nothing was restored");
    return code;
}

static int open_graves(const char *file, struct sql **out, struct err *err)
{
    int64_t application = 0;
    int rc = open_plain(file, SQLITE_OPEN_READONLY, out, err);
    if (rc >= 0)
        rc = ask(*out, "PRAGMA application_id", &application, err);
    if (rc >= 0 && application == LITE_APPLICATION_ID)
        return 0;
    err_set(err, ERR_INPUT, "%s, which --tombstones names, is no node's database", file);
    err_kept(err, "nothing was restored");
    return ERR_INPUT;
}

/* Into an empty or missing directory. The database comes last under its name, so an interrupted restore
   leaves nothing that opens as a store. */
int store_restore(const char *file, const char *directory, const char *tombstone_directory, struct err *err)
{
    static const struct sql_statement into = {"copying the database", "VACUUM INTO ?"};
    struct buf part _cleanup_buf_ = BUF_INIT, whole _cleanup_buf_ = BUF_INIT, graves _cleanup_buf_ = BUF_INIT;
    struct sql *from = NULL, *to = NULL, *grave = NULL;
    int rc = readable(file, "no backup", err);
    if (rc >= 0 && tombstone_directory) {
        buf_addf(&graves, "%s/widenet.db", tombstone_directory);
        rc = readable(graves.p, "no store, which --tombstones wants", err);
    }
    if (rc < 0)
        return rc;
    buf_addf(&part, "%s/restoring.db", directory);
    buf_addf(&whole, "%s/widenet.db", directory);
    bool begun = false;
    rc = open_plain(file, SQLITE_OPEN_READONLY, &from, err);
    if (rc >= 0)
        rc = inspect(from, file, err);
    if (rc >= 0 && tombstone_directory)
        rc = open_graves(graves.p, &grave, err);
    if (rc >= 0)
        rc = make_empty(directory, err);
    begun = rc >= 0;
    if (rc >= 0) {
        struct sql_cursor *c = sql_open(from, &into);
        sql_text(c, 1, buf_str(&part));
        rc = sql_done(c, err);
    }
    if (rc >= 0 && chmod(part.p, 0600) < 0)
        rc = err_errno(err, errno, "could not keep %s to its owner", part.p);
    if (rc >= 0)
        rc = open_plain(part.p, SQLITE_OPEN_READWRITE, &to, err);
    if (rc >= 0)
        rc = take_files(to, directory, err);
    if (rc >= 0)
        rc = sql__run(to, "PRAGMA secure_delete=ON; PRAGMA journal_mode=DELETE; BEGIN", err);
    if (rc >= 0 && grave)
        rc = restore__bury(to, grave, err);
    if (rc >= 0)
        rc = take_blobs(to, directory, err);
    if (rc >= 0)
        rc = sql__run(to, "DROP TABLE store_backup_file; DROP TABLE store_backup_blob; COMMIT; VACUUM", err);
    sql__destroy(to);
    sql__destroy(from);
    sql__destroy(grave);
    if (rc >= 0)
        rc = sync_file(part.p, err);
    if (rc >= 0 && rename(part.p, whole.p) < 0)
        rc = err_errno(err, errno, "could not make %s", whole.p);
    if (rc < 0 && begun) {
        unlink(part.p);
        buf_addz(&part, "-journal");
        unlink(part.p);
        err_kept(err, "%s holds no store; the backup is as it was", directory);
        err_todo(err, "%sempty the directory %s and restore again", rc == ERR_FULL ? "make room, " : "",
            directory);
    }
    return rc < 0 ? rc : sync_parent(whole.p, err);
}
