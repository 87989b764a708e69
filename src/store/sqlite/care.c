/* care.c: rebuilding the indices, their digest, and files of the SQLite back end. */
#include "store/sqlite/private.h"
#include "store_sql.h"

#include <unistd.h>

int lite__rebuild(struct store *s, struct err *err)
{
    struct lite *l = lite_of(s);
    if (l->mode != STORE_WRITE)
        return err_set(err, ERR_DENIED, "the store was opened for reading only");
    lite__applier_pause(l);
    int rc = 0;
    for (bool more = true; more && rc >= 0;) { /* it needs the indices */
        more = false;
        rc = lite__erase_on(l, &more, err);
    }
    turn__take(&l->turn);
    if (rc >= 0)
        rc = sql__begin(l->append, err);
    if (rc >= 0) {
        rc = lite__reset_indices(l, l->append, err);
        if (rc >= 0)
            rc = sql__commit(l->append, err);
        if (rc < 0)
            sql__rollback(l->append);
    }
    turn__give(&l->turn);
    if (rc < 0)
        err_kept(err, "the tables are as they were");
    if (rc >= 0) {
        lite__set_applied(l, 0);
        rc = lite__catch_up(l, err);
        if (rc < 0)
            err_kept(err, "no record is lost; the next opening goes on with it");
    }
    lite__applier_resume(l);
    return rc;
}

int lite__digest(struct store *s, uint8_t out[32], struct err *err)
{
    /* idkeys and hashes stand in store_record and store_tag; docids follow from them. */
    static const char *const own[] = {"store_record", "store_tag", "store_deleted_id",
        "store_deleted_address", "store_blob_use", "store_text", NULL};
    struct store_read *r;
    int rc = s->ops->read_begin(s, &r, err);
    if (rc < 0)
        return rc;
    rc = tables__digest(r->sql, &s->tables, own, out, err);
    s->ops->read_end(r);
    return rc;
}

struct blob_row {
    struct str bytes, media_type;
    const uint8_t *sha256;
};

static int add_blob(void *ctx, struct sql *db, struct err *err)
{
    const struct blob_row *row = ctx;
    struct sql_cursor *c = sql_open(db, &store_q_blob_set);
    sql_blob(c, 1, row->sha256, 32);
    sql_int(c, 2, (int64_t)row->bytes.n);
    sql_text(c, 3, row->media_type.p ? row->media_type : STR(""));
    return sql_done(c, err);
}

/* The file first: a row without its file would be a promise, a file without its row is only a leftover. */
int lite__blob_put(
    struct store *s, struct str bytes, struct str media_type, const uint8_t sha256[32], struct err *err)
{
    struct lite *l = lite_of(s);
    if (l->mode != STORE_WRITE)
        return err_set(err, ERR_DENIED, "the store was opened for reading only");
    int rc = blobs__put(l->directory, bytes, sha256, err);
    if (rc < 0)
        return rc;
    return s->ops->write(s, add_blob, &(struct blob_row){bytes, media_type, sha256}, err);
}

int lite__blob_open(
    struct store *s, const uint8_t sha256[32], int *fd, uint64_t *size, char media_type[64], struct err *err)
{
    struct store_read *r;
    int rc = s->ops->read_begin(s, &r, err);
    if (rc < 0)
        return rc;
    struct sql_cursor *c = sql_open(r->sql, &store_q_blob_get);
    sql_blob(c, 1, sha256, 32);
    rc = sql_step(c, err);
    if (rc == 1 && media_type) {
        struct str type = sql_col_text(c, 1);
        size_t n = type.n < 63 ? type.n : 63;
        memcpy(media_type, n ? type.p : "", n);
        media_type[n] = 0;
    }
    sql_close(c, NULL);
    s->ops->read_end(r);
    if (rc <= 0)
        return rc < 0 ? rc : err_set(err, ERR_NOT_FOUND, "no such file is kept here");
    return blobs__open(lite_of(s)->directory, sha256, fd, size, err);
}

static int remove_blob(void *ctx, struct sql *db, struct err *err)
{
    struct sql_cursor *c = sql_open(db, &store_q_blob_remove);
    sql_blob(c, 1, ctx, 32);
    return sql_done(c, err);
}

int lite__blob_remove(struct store *s, const uint8_t sha256[32], struct err *err)
{
    uint8_t copy[32];
    memcpy(copy, sha256, sizeof copy);
    int rc = s->ops->write(s, remove_blob, copy, err);
    return rc < 0 ? rc : blobs__remove(lite_of(s)->directory, sha256, err);
}
