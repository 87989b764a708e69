/* sql.c: prepared statements over one SQLite connection, kept from use to use; errors stick to the cursor. */
#include "store/internal.h"
#include "store_sql.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct sql_cursor {
    struct sql *sql;
    sqlite3_stmt *stmt;
    const struct sql_statement *statement;
    struct sql_cursor *next; /* of the same bucket */
    int code;                /* the error that stuck */
    bool open;
    struct err err;
};

#define BUCKETS 256

struct sql {
    sqlite3 *db;
    struct store *store;
    bool writable;
    struct sql_cursor *buckets[BUCKETS];
    struct actor_cache *actors;
    struct leaving leaving;
};

struct sql *sql__create(sqlite3 *db, struct store *store, bool writable)
{
    struct sql *s = calloc(1, sizeof *s);
    if (!s)
        abort();
    s->db = db;
    s->store = store;
    s->writable = writable;
    if (leaving__register(db, &s->leaving) != SQLITE_OK)
        abort(); /* no memory */
    return s;
}

void sql__destroy(struct sql *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < BUCKETS; i++)
        for (struct sql_cursor *c = s->buckets[i], *next; c; c = next) {
            next = c->next;
            sqlite3_finalize(c->stmt);
            free(c);
        }
    actor__destroy(s->actors);
    sqlite3_close(s->db);
    free(s->leaving.at);
    free(s);
}

void sql__reset(struct sql *s)
{
    for (size_t i = 0; i < BUCKETS; i++)
        for (struct sql_cursor *c = s->buckets[i]; c; c = c->next)
            if (c->open)
                sql_close(c, NULL);
}

sqlite3 *sql__handle(struct sql *s)
{
    return s->db;
}

struct store *sql__store(const struct sql *s)
{
    return s->store;
}

sqlite3_stmt *sql__statement(struct sql_cursor *c)
{
    return c->stmt;
}

bool sql__writable(const struct sql *s)
{
    return s->writable;
}

struct leaving *sql__leaving(struct sql *s)
{
    return &s->leaving;
}

struct actor_cache **sql__actors(struct sql *s)
{
    return &s->actors;
}

/* SQLite's result as ours; doing completes "… failed while". */
int sql__fail(sqlite3 *db, int rc, struct err *err, const char *doing)
{
    int system = db ? sqlite3_system_errno(db) : 0;
    const char *text = db ? sqlite3_errmsg(db) : sqlite3_errstr(rc);
    int code = ERR_IO;
    switch (rc & 0xff) {
    case SQLITE_FULL:
        code = ERR_FULL;
        break;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        code = ERR_BUSY;
        break;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        code = ERR_CORRUPT;
        break;
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_AUTH:
        code = ERR_DENIED;
        break;
    case SQLITE_CANTOPEN:
        code = system == EACCES || system == EPERM ? ERR_DENIED : system == ENOSPC ? ERR_FULL : ERR_IO;
        break;
    case SQLITE_NOMEM:
        code = ERR_MEMORY;
        break;
    case SQLITE_IOERR:
        code = system == ENOSPC || system == EDQUOT ? ERR_FULL : ERR_IO;
        break;
    case SQLITE_ERROR:
    case SQLITE_CONSTRAINT:
    case SQLITE_MISUSE:
    case SQLITE_RANGE:
    case SQLITE_MISMATCH:
    case SQLITE_TOOBIG:
        code = ERR_INTERNAL;
        break;
    default:
        break;
    }
    if (code == ERR_FULL) {
        err_set(err, ERR_FULL, "the disk is full: %s failed", doing);
        err_todo(err, "make room on the data directory's disk; a node that serves goes on by itself");
        return ERR_FULL;
    }
    return err_set(err, code, "the database said \"%s\" (%d) at %s", text, rc, doing);
}

int sql__run(struct sql *s, const char *text, struct err *err)
{
    int rc = sqlite3_exec(s->db, text, NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        return 0;
    char doing[100];
    snprintf(doing, sizeof doing, "%.80s", text);
    for (char *p = doing; *p; p++)
        if (*p == '\n')
            *p = ' ';
    return sql__fail(s->db, rc, err, doing);
}

int sql__begin(struct sql *s, struct err *err)
{
    return sql__run(s, "BEGIN IMMEDIATE", err);
}

int sql__commit(struct sql *s, struct err *err)
{
    return sql__run(s, "COMMIT", err);
}

void sql__rollback(struct sql *s)
{
    sql__reset(s);
    if (!sqlite3_get_autocommit(s->db))
        sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
    actor__forget(s);
}

static struct sql_cursor *cursor_new(struct sql *s, const struct sql_statement *statement)
{
    struct sql_cursor *c = calloc(1, sizeof *c);
    if (!c)
        abort();
    c->sql = s;
    c->statement = statement;
    int rc = sqlite3_prepare_v3(s->db, statement->text, -1, SQLITE_PREPARE_PERSISTENT, &c->stmt, NULL);
    if (rc != SQLITE_OK) {
        c->code = sql__fail(s->db, rc, &c->err, statement->name);
        c->stmt = NULL;
    } else if (!c->stmt) {
        c->code = err_set(&c->err, ERR_INTERNAL, "the statement %s is empty", statement->name);
    }
    return c;
}

/* SQLite keeps a statement's text up to its semicolon. */
static bool is_prepared_from(struct sql_cursor *c, const char *text)
{
    const char *kept = sqlite3_sql(c->stmt);
    return !strncmp(kept, text, strlen(kept));
}

struct sql_cursor *sql_open(struct sql *s, const struct sql_statement *statement)
{
    size_t bucket = (((uintptr_t)statement >> 4) ^ ((uintptr_t)statement >> 12)) % BUCKETS;
    for (struct sql_cursor *c = s->buckets[bucket]; c; c = c->next)
        if (c->statement == statement && !c->open && c->stmt && is_prepared_from(c, statement->text)) {
            c->open = true;
            c->code = 0;
            return c;
        }
    struct sql_cursor *c = cursor_new(s, statement);
    c->open = true;
    c->next = s->buckets[bucket];
    s->buckets[bucket] = c;
    return c;
}

static void note(struct sql_cursor *c, int rc)
{
    if (rc != SQLITE_OK && !c->code)
        c->code = sql__fail(c->sql->db, rc, &c->err, c->statement->name);
}

void sql_int(struct sql_cursor *c, int parameter, int64_t value)
{
    if (c->stmt)
        note(c, sqlite3_bind_int64(c->stmt, parameter, value));
}

void sql_real(struct sql_cursor *c, int parameter, double value)
{
    if (c->stmt)
        note(c, sqlite3_bind_double(c->stmt, parameter, value));
}

void sql_text(struct sql_cursor *c, int parameter, struct str value)
{
    if (!c->stmt)
        return;
    if (!value.p)
        note(c, sqlite3_bind_null(c->stmt, parameter));
    else
        note(c, sqlite3_bind_text64(c->stmt, parameter, value.p, value.n, SQLITE_STATIC, SQLITE_UTF8));
}

void sql_blob(struct sql_cursor *c, int parameter, const void *p, size_t n)
{
    if (!c->stmt)
        return;
    if (!p)
        note(c, sqlite3_bind_null(c->stmt, parameter));
    else
        note(c, sqlite3_bind_blob64(c->stmt, parameter, p, n, SQLITE_STATIC));
}

int sql_step(struct sql_cursor *c, struct err *err)
{
    if (!c->code) {
        int rc = sqlite3_step(c->stmt);
        if (rc == SQLITE_ROW)
            return 1;
        if (rc == SQLITE_DONE)
            return 0;
        note(c, rc);
    }
    if (err)
        *err = c->err;
    return c->code;
}

int64_t sql_col_int(struct sql_cursor *c, int column)
{
    return sqlite3_column_int64(c->stmt, column);
}

double sql_col_real(struct sql_cursor *c, int column)
{
    return sqlite3_column_double(c->stmt, column);
}

bool sql_col_null(struct sql_cursor *c, int column)
{
    return sqlite3_column_type(c->stmt, column) == SQLITE_NULL;
}

struct str sql_col_text(struct sql_cursor *c, int column)
{
    const char *p = (const char *)sqlite3_column_text(c->stmt, column);
    return (struct str){p, p ? (size_t)sqlite3_column_bytes(c->stmt, column) : 0};
}

struct str sql_col_blob(struct sql_cursor *c, int column)
{
    const char *p = sqlite3_column_blob(c->stmt, column);
    return (struct str){p, p ? (size_t)sqlite3_column_bytes(c->stmt, column) : 0};
}

int64_t sql_changes(struct sql *s)
{
    return sqlite3_changes64(s->db);
}

int64_t sql_last_id(struct sql *s)
{
    return sqlite3_last_insert_rowid(s->db);
}

int sql_close(struct sql_cursor *c, struct err *err)
{
    int code = c->code;
    if (code && err)
        *err = c->err;
    c->open = false;
    if (!c->stmt) { /* could not be prepared: not worth keeping */
        struct sql *s = c->sql;
        for (size_t i = 0; i < BUCKETS; i++)
            for (struct sql_cursor **at = &s->buckets[i]; *at; at = &(*at)->next)
                if (*at == c) {
                    *at = c->next;
                    free(c);
                    return code;
                }
        return code;
    }
    sqlite3_reset(c->stmt);
    sqlite3_clear_bindings(c->stmt);
    return code;
}

int sql_done(struct sql_cursor *c, struct err *err)
{
    struct err ignored;
    int rc = sql_step(c, err ? err : &ignored);
    int closed = sql_close(c, err);
    return rc < 0 ? rc : closed;
}

int sql__meta_get(struct sql *s, const char *name, int64_t fallback, int64_t *out, struct err *err)
{
    struct sql_cursor *c = sql_open(s, &store_q_meta_get);
    sql_text(c, 1, str_of(name));
    int rc = sql_step(c, err);
    *out = rc == 1 ? sql_col_int(c, 0) : fallback;
    int closed = sql_close(c, err);
    return rc < 0 ? rc : closed;
}

int sql__meta_set(struct sql *s, const char *name, int64_t value, struct err *err)
{
    struct sql_cursor *c = sql_open(s, &store_q_meta_set);
    sql_text(c, 1, str_of(name));
    sql_int(c, 2, value);
    return sql_done(c, err);
}
