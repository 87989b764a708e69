/* bury.c: a restored copy must not bring back what was erased since: another store's tombstones are applied
 * to it.
 *
 * The copy's rooms are not known here, so all that is made from the log is dropped; opening it makes that
 * anew. */
#include "base/hex.h"
#include "store/sqlite/private.h"
#include "store_sql.h"

#include <stdlib.h>

struct burial {
    struct sql *to;
    struct arena *arena;
    struct buf seqs, blobs; /* to blank; hashes of files they speak of */
};

static int copy_tombstones(struct sql *to, struct sql *from, bool *any, struct err *err)
{
    struct sql_cursor *list = sql_open(from, &store_q_tombstone_ids);
    int rc;
    while ((rc = sql_step(list, err)) == 1) {
        struct str id = sql_col_blob(list, 0);
        struct sql_cursor *c = sql_open(to, &store_q_tombstone_id_add);
        sql_blob(c, 1, id.p, id.n);
        sql_text(c, 2, sql_col_text(list, 1));
        *any = true;
        if ((rc = sql_done(c, err)) < 0)
            break;
    }
    sql_close(list, NULL);
    if (rc < 0)
        return rc;
    list = sql_open(from, &store_q_tombstone_keys);
    while ((rc = sql_step(list, err)) == 1) {
        struct str key = sql_col_blob(list, 0);
        struct sql_cursor *c = sql_open(to, &store_q_tombstone_key_set);
        sql_blob(c, 1, key.p, key.n);
        sql_int(c, 2, sql_col_int(list, 1));
        sql_text(c, 3, sql_col_text(list, 2));
        *any = true;
        if ((rc = sql_done(c, err)) < 0)
            break;
    }
    sql_close(list, NULL);
    return rc;
}

static int is_buried(struct burial *b, const struct record *r, struct err *err)
{
    struct sql_cursor *c = sql_open(b->to, &store_q_tombstone_id);
    sql_blob(c, 1, r->id.b, 32);
    int rc = sql_step(c, err);
    sql_close(c, NULL);
    if (rc != 0 || r->kind == 62)
        return rc;
    c = sql_open(b->to, &store_q_tombstone_key);
    sql_blob(c, 1, r->pubkey.b, 32);
    rc = sql_step(c, err);
    if (rc == 1 && sql_col_int(c, 0) < r->created_at)
        rc = 0;
    sql_close(c, NULL);
    return rc;
}

static void note_blob(void *ctx, const uint8_t sha256[32])
{
    buf_add(&((struct burial *)ctx)->blobs, sha256, 32);
}

static int bury_record(struct burial *b, uint64_t seq, const struct record *r, struct err *err)
{
    static const struct sql_statement by_id = {"by_id", "SELECT seq, raw FROM store_log WHERE id = ?"};
    buf_add(&b->seqs, &seq, sizeof seq);
    rules__blob_uses(r, note_blob, b);
    for (size_t i = 0; r->kind == 5 && i < r->tag_count;
         i++) { /* what a forgotten deletion hid goes with it */
        struct record_id id;
        struct record target;
        if (r->tags[i].n < 2 || !str_eqz(r->tags[i].v[0], "e") || !rules__id_of(r->tags[i].v[1], &id))
            continue;
        struct sql_cursor *c = sql_open(b->to, &by_id);
        sql_blob(c, 1, id.b, 32);
        int rc = sql_step(c, err);
        if (rc == 1) {
            uint64_t at = (uint64_t)sql_col_int(c, 0);
            struct str raw = arena_str(b->arena, sql_col_blob(c, 1));
            if (record_parse(b->arena, raw, &target, NULL) >= 0 && pubkey_eq(&target.pubkey, &r->pubkey) &&
                rules__deletable(target.kind)) {
                buf_add(&b->seqs, &at, sizeof at);
                rules__blob_uses(&target, note_blob, b);
            }
        }
        sql_close(c, NULL);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int find_buried(struct burial *b, struct err *err)
{
    static const struct sql_statement rows = {
        "rows", "SELECT seq, raw FROM store_log WHERE raw IS NOT NULL ORDER BY seq"};
    struct sql_cursor *c = sql_open(b->to, &rows);
    int rc;
    while ((rc = sql_step(c, err)) == 1) {
        struct record r;
        arena_reset(b->arena);
        if (record_parse(b->arena, sql_col_blob(c, 1), &r, NULL) < 0)
            continue;
        if ((rc = is_buried(b, &r, err)) == 1)
            rc = bury_record(b, (uint64_t)sql_col_int(c, 0), &r, err);
        if (rc < 0)
            break;
    }
    sql_close(c, NULL);
    return rc;
}

static void unnote_blob(void *ctx, const uint8_t sha256[32])
{
    struct buf *blobs = ctx;
    for (size_t at = 0; at < blobs->n; at += 32)
        if (!memcmp(blobs->p + at, sha256, 32)) {
            memmove(blobs->p + at, blobs->p + blobs->n - 32, 32);
            blobs->n -= 32;
            return;
        }
}

/* Files that only the buried spoke of. */
static int drop_blobs(struct burial *b, struct err *err)
{
    static const struct sql_statement rows = {"rows", "SELECT raw FROM store_log WHERE raw IS NOT NULL"};
    struct sql_cursor *c = sql_open(b->to, &rows);
    int rc = 0;
    while (b->blobs.n && (rc = sql_step(c, err)) == 1) {
        struct record r;
        arena_reset(b->arena);
        if (record_parse(b->arena, sql_col_blob(c, 0), &r, NULL) >= 0)
            rules__blob_uses(&r, unnote_blob, &b->blobs);
    }
    sql_close(c, NULL);
    for (size_t at = 0; at < b->blobs.n && rc >= 0; at += 32) {
        c = sql_open(b->to, &store_q_blob_remove);
        sql_blob(c, 1, b->blobs.p + at, 32);
        rc = sql_done(c, err);
    }
    return rc;
}

/* All that follows from the log, ours and the rooms' by the names that were noted when they were made. */
static int drop_derived(struct sql *db, struct err *err)
{
    static const struct sql_statement rooms = {
        "rooms", "SELECT substr(name, 12) FROM store_meta WHERE name LIKE 'projection:%'"};
    static const char own[] =
        "DROP TABLE IF EXISTS store_search; DROP TABLE IF EXISTS store_record; DROP TABLE IF EXISTS "
        "store_tag;"
        "DROP TABLE IF EXISTS store_deleted_id; DROP TABLE IF EXISTS store_deleted_address;"
        "DROP TABLE IF EXISTS store_blob_use; DROP TABLE IF EXISTS store_text;";
    struct buf names _cleanup_buf_ = BUF_INIT;
    struct sql_cursor *c = sql_open(db, &rooms);
    int rc;
    while ((rc = sql_step(c, err)) == 1) {
        struct str name = sql_col_text(c, 0);
        if (name.n && !str_eqz(name, "store"))
            buf_addf(&names, "%.*s\n", STR_ARG(name));
    }
    sql_close(c, NULL);
    if (rc >= 0)
        rc = sql__run(db, own, err);
    struct str rest = buf_str(&names), name;
    while (rc >= 0 && str_cut(&rest, '\n', &name)) {
        struct buf prefix _cleanup_buf_ = BUF_INIT, state _cleanup_buf_ = BUF_INIT;
        if (!name.n)
            continue;
        buf_addf(&prefix, "%.*s_", STR_ARG(name));
        buf_addf(&state, "%.*s_state_", STR_ARG(name));
        rc = tables__drop_prefix(db, prefix.p, state.p, err);
    }
    if (rc >= 0)
        rc = sql__meta_set(db, "indices", 0, err); /* so the next opening makes all anew */
    return rc < 0 ? rc : sql__meta_set(db, "applied_seq", 0, err);
}

/* Inside to's transaction. */
int restore__bury(struct sql *to, struct sql *grave, struct err *err)
{
    bool any = false;
    int rc = copy_tombstones(to, grave, &any, err);
    if (rc < 0 || !any)
        return rc;
    struct burial b = {to, arena_create(0), BUF_INIT, BUF_INIT};
    rc = find_buried(&b, err);
    for (size_t at = 0; at < b.seqs.n && rc >= 0; at += sizeof(uint64_t)) {
        uint64_t seq;
        memcpy(&seq, b.seqs.p + at, sizeof seq);
        struct sql_cursor *c = sql_open(to, &store_q_log_blank);
        sql_int(c, 1, (int64_t)seq);
        rc = sql_done(c, err);
    }
    if (rc >= 0 && b.seqs.n)
        rc = drop_blobs(&b, err);
    if (rc >= 0 && b.seqs.n)
        rc = drop_derived(to, err);
    arena_destroy(b.arena);
    buf_finish(&b.seqs);
    buf_finish(&b.blobs);
    return rc;
}
