/* tables.c: rooms' tables on one connection: state by numbered migrations, projections created, fed,
 * digested.
 */
#include "base/log.h"
#include "store/internal.h"
#include "store_sql.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

static const struct store_migration own_migrations[] = {
    {"store", 1, store_migrate_001_sql},
    {"store", 2, store_migrate_002_sql},
    {NULL, 0, NULL},
};

static int last_migration(struct sql *db, const char *room, int64_t *out, struct err *err)
{
    struct sql_cursor *c = sql_open(db, &store_q_migration_last);
    sql_text(c, 1, str_of(room));
    int rc = sql_step(c, err);
    *out = rc == 1 ? sql_col_int(c, 0) : 0;
    int closed = sql_close(c, err);
    return rc < 0 ? rc : closed;
}

int tables__exists(struct sql *db, const char *name, bool *exists, struct err *err)
{
    struct sql_cursor *c = sql_open(db, &store_q_tables_of);
    sql_text(c, 1, str_of(name));
    int rc = sql_step(c, err);
    *exists = rc == 1 && str_eqz(sql_col_text(c, 0), name);
    int closed = sql_close(c, err);
    return rc < 0 ? rc : closed;
}

static int migrate(struct sql *db, const struct store_migration *steps, struct err *err)
{
    for (const struct store_migration *m = steps; m && m->room; m++) {
        uint32_t newest = 0;
        for (const struct store_migration *k = steps; k->room; k++)
            if (!strcmp(k->room, m->room) && k->number > newest)
                newest = k->number;
        int64_t last = 0;
        bool any; /* not before the very first step */
        int rc = tables__exists(db, "store_migration", &any, err);
        if (rc >= 0 && any)
            rc = last_migration(db, m->room, &last, err);
        if (rc < 0)
            return rc;
        if (last > newest) {
            err_set(err, ERR_VERSION,
                "the data directory was written by a newer version: %s is at step %ld, this program knows %u",
                m->room, (long)last, newest);
            err_kept(err, "nothing was changed");
            err_todo(err, "install the newer widenet, or restore a backup made by this one");
            return ERR_VERSION;
        }
        if (m->number <= last)
            continue;
        if (m->number != last + 1)
            return err_set(
                err, ERR_INTERNAL, "the migration %s %u comes after %ld", m->room, m->number, (long)last);
        if ((rc = sql__run(db, m->sql, err)) < 0)
            return err_prefix(err, "migration %s %u", m->room, m->number);
        struct sql_cursor *c = sql_open(db, &store_q_migration_add);
        sql_text(c, 1, str_of(m->room));
        sql_int(c, 2, m->number);
        if ((rc = sql_done(c, err)) < 0)
            return rc;
    }
    return 0;
}

int tables__migrate(struct sql *db, const struct store_tables *t, struct err *err)
{
    int rc = migrate(db, own_migrations, err);
    return rc < 0 ? rc : migrate(db, t->migrations, err);
}

static void projection_key(const struct store_projection *p, char out[80])
{
    snprintf(out, 80, "projection:%.60s", p->name);
}

int tables__all_known(struct sql *db, const struct store_tables *t, struct err *err)
{
    struct sql_cursor *c = sql_open(db, &store_q_projections);
    int rc;
    while ((rc = sql_step(c, err)) == 1) {
        struct str name = sql_col_text(c, 0);
        bool known = false;
        for (const struct store_projection *p = t->projections; p && p->name; p++)
            known = known || str_eqz(name, p->name);
        if (known)
            continue;
        rc = err_set(err, ERR_VERSION,
            "the data directory has tables of a room that this program does not know: %.*s", STR_ARG(name));
        err_kept(err, "nothing was changed");
        err_todo(err, "use the newer widenet that wrote it");
        break;
    }
    sql_close(c, NULL);
    return rc;
}

int tables__current(struct sql *db, const struct store_tables *t, bool *current, struct err *err)
{
    *current = true;
    int64_t version;
    int rc = sql__meta_get(db, "indices", 0, &version, err);
    if (rc < 0)
        return rc;
    if (version != STORE_INDEX_VERSION)
        *current = false;
    for (const struct store_projection *p = t->projections; p && p->name; p++) {
        char key[80];
        projection_key(p, key);
        if ((rc = sql__meta_get(db, key, -1, &version, err)) < 0)
            return rc;
        if (version != (int64_t)p->version)
            *current = false;
    }
    return 0;
}

static void add_name(struct buf *out, struct str name)
{
    buf_addc(out, '"');
    for (size_t i = 0; i < name.n; i++) {
        if (name.p[i] == '"')
            buf_addc(out, '"');
        buf_addc(out, name.p[i]);
    }
    buf_addc(out, '"');
}

int tables__drop_prefix(struct sql *db, const char *prefix, const char *but_prefix, struct err *err)
{
    /* Names first: a table cannot be dropped while a statement reads the list. */
    struct buf drops _cleanup_buf_ = BUF_INIT;
    struct sql_cursor *c = sql_open(db, &store_q_tables_of);
    sql_text(c, 1, str_of(prefix));
    int rc;
    while ((rc = sql_step(c, err)) == 1) {
        struct str name = sql_col_text(c, 0);
        if (str_starts(name, str_of(but_prefix)))
            continue;
        buf_addz(&drops, "DROP TABLE IF EXISTS ");
        add_name(&drops, name);
        buf_addc(&drops, ';');
    }
    sql_close(c, NULL);
    if (rc == 0 && drops.n)
        rc = sql__run(db, drops.p, err);
    return rc;
}

int tables__create(struct sql *db, const struct store_tables *t, struct err *err)
{
    int rc = 0;
    for (const struct store_projection *p = t->projections; p && p->name && rc >= 0; p++) {
        char prefix[80], state[80], key[80];
        snprintf(prefix, sizeof prefix, "%.60s_", p->name);
        snprintf(state, sizeof state, "%.60s_state_", p->name);
        projection_key(p, key);
        if ((rc = tables__drop_prefix(db, prefix, state, err)) < 0)
            break;
        if (p->schema && (rc = sql__run(db, p->schema, err)) < 0)
            return err_prefix(err, "the tables of %s", p->name);
        rc = sql__meta_set(db, key, p->version, err);
    }
    return rc;
}

/* What passes by itself: the same change may work in a moment. Everything else is the room's own trouble. */
static bool passing(int code)
{
    return code == ERR_FULL || code == ERR_IO || code == ERR_BUSY || code == ERR_MEMORY ||
           code == ERR_CORRUPT || code == ERR_DENIED;
}

/* careful: a room that fails on this one record loses that record's change, not the whole batch. */
int tables__apply(
    struct sql *db, const struct store_tables *t, const struct store_change *c, bool careful, struct err *err)
{
    for (const struct store_projection *p = t->projections; p && p->name; p++) {
        if (!p->apply || (c->type == STORE_FORGOTTEN && !p->remembers))
            continue;
        struct err failed = {0};
        int rc;
        if (careful && (rc = sql__run(db, "SAVEPOINT apply", err)) < 0)
            return rc;
        rc = p->apply(p->ctx, db, c, &failed);
        if (rc < 0 && !(careful && !passing(rc))) {
            if (err)
                *err = failed;
            return err_prefix(err, "%s at record %lu", p->name, (unsigned long)c->seq);
        }
        if (rc < 0) {
            char line[900], quoted[900];
            err_line(&failed, line, sizeof line);
            log_event(LOG_LEVEL_ERROR, "store", "record_not_applied", "room=%s seq=%lu why=%s", p->name,
                (unsigned long)c->seq, log_quote(line, quoted, sizeof quoted));
            actor__forget(db);
            if ((rc = sql__run(db, "ROLLBACK TO apply", err)) < 0)
                return rc;
        }
        if (careful && (rc = sql__run(db, "RELEASE apply", err)) < 0)
            return rc;
    }
    return 0;
}

const struct store_text_source *tables__text_source(const struct store_tables *t, uint32_t kind)
{
    for (const struct store_text_source *s = t->texts; s && s->extract; s++)
        if (s->kind == kind)
            return s;
    return NULL;
}

static void hash_column(crypto_hash_sha256_state *h, sqlite3_stmt *stmt, int i)
{
    int type = sqlite3_column_type(stmt, i);
    uint8_t head[9] = {(uint8_t)type};
    int64_t number = 0;
    if (type == SQLITE_INTEGER)
        number = sqlite3_column_int64(stmt, i);
    else if (type == SQLITE_FLOAT)
        memcpy(&number, &(double){sqlite3_column_double(stmt, i)}, sizeof number);
    const void *bytes = type == SQLITE_TEXT || type == SQLITE_BLOB ? sqlite3_column_blob(stmt, i) : NULL;
    if (type == SQLITE_TEXT || type == SQLITE_BLOB)
        number = sqlite3_column_bytes(stmt, i);
    memcpy(head + 1, &number, sizeof number);
    crypto_hash_sha256_update(h, head, sizeof head);
    if (bytes)
        crypto_hash_sha256_update(h, bytes, (size_t)number);
}

static int digest_table(struct sql *db, const char *name, crypto_hash_sha256_state *h, struct err *err)
{
    struct buf text _cleanup_buf_ = BUF_INIT;
    sqlite3_stmt *stmt = NULL;
    buf_addz(&text, "SELECT * FROM ");
    add_name(&text, str_of(name));
    int rc = sqlite3_prepare_v2(sql__handle(db), text.p, -1, &stmt, NULL);
    if (rc != SQLITE_OK)
        return sql__fail(sql__handle(db), rc, err, name);
    int columns = sqlite3_column_count(stmt);
    sqlite3_finalize(stmt);
    for (int i = 0; i < columns; i++)
        buf_addf(&text, "%s%d", i ? ", " : " ORDER BY ", i + 1);
    rc = sqlite3_prepare_v2(sql__handle(db), text.p, -1, &stmt, NULL);
    if (rc != SQLITE_OK)
        return sql__fail(sql__handle(db), rc, err, name);
    crypto_hash_sha256_update(h, (const uint8_t *)name, strlen(name) + 1);
    while ((rc = sqlite3_step(stmt)) == SQLITE_ROW)
        for (int i = 0; i < columns; i++)
            hash_column(h, stmt, i);
    int code = rc == SQLITE_DONE ? 0 : sql__fail(sql__handle(db), rc, err, name);
    sqlite3_finalize(stmt);
    return code;
}

/* A row's place in a table is no part of the digest: rows are sorted by all their columns. */
int tables__digest(
    struct sql *db, const struct store_tables *t, const char *const *own, uint8_t out[32], struct err *err)
{
    crypto_hash_sha256_state h;
    crypto_hash_sha256_init(&h);
    int rc = 0;
    for (size_t i = 0; own && own[i] && rc >= 0; i++)
        rc = digest_table(db, own[i], &h, err);
    for (const struct store_projection *p = t->projections; p && p->name && rc >= 0; p++) {
        char prefix[80], state[80];
        snprintf(prefix, sizeof prefix, "%.60s_", p->name);
        snprintf(state, sizeof state, "%.60s_state_", p->name);
        struct sql_cursor *c = sql_open(db, &store_q_tables_of);
        sql_text(c, 1, str_of(prefix));
        int step = 0;
        while (rc >= 0 && (step = sql_step(c, err)) == 1) {
            struct str name = sql_col_text(c, 0);
            if (str_starts(name, str_of(state)))
                continue;
            char *z = str_dup(name);
            rc = digest_table(db, z, &h, err);
            free(z);
        }
        sql_close(c, NULL);
        if (step < 0)
            rc = step;
    }
    crypto_hash_sha256_final(&h, out);
    return rc < 0 ? rc : 0;
}
