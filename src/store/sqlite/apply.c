/* apply.c: one log entry's consequences: indices, states, search, rooms' projections, in one transaction.
 *
 * The order of changes follows from the log alone: before an entry, what has expired by its received_at is
 * removed; so a rebuild goes through the same changes in the same order. */
#include "base/log.h"
#include "store/sqlite/private.h"
#include "store_sql.h"

#include <stdlib.h>
#include <unistd.h>

static int any(struct sql *db, const struct sql_statement *statement, bool *out, struct err *err)
{
    struct sql_cursor *c = sql_open(db, statement);
    int rc = sql_step(c, err);
    *out = rc == 1;
    int closed = sql_close(c, err);
    return rc < 0 ? rc : closed;
}

static int read_next_expiry(struct batch *b, struct err *err)
{
    struct sql_cursor *c = sql_open(b->db, &store_q_record_next_expiry);
    int rc = sql_step(c, err);
    b->next_expiry = rc == 1 ? sql_col_int(c, 0) : INT64_MAX;
    int closed = sql_close(c, err);
    return rc < 0 ? rc : closed;
}

int batch__begin(struct lite *l, struct sql *db, struct batch *b, struct err *err)
{
    *b = (struct batch){.l = l, .db = db, .careful = l->careful};
    b->arena = arena_create(0);
    b->record = arena_create(0);
    b->scratch = arena_create(0);
    bool ids, keys, deleted_ids, deleted_addresses;
    int rc = any(db, &store_q_tombstone_id_any, &ids, err);
    if (rc >= 0)
        rc = any(db, &store_q_tombstone_key_any, &keys, err);
    if (rc >= 0)
        rc = any(db, &store_q_deleted_id_any, &deleted_ids, err);
    if (rc >= 0)
        rc = any(db, &store_q_deleted_address_any, &deleted_addresses, err);
    if (rc < 0)
        return rc;
    b->any_tombstones = ids || keys;
    b->any_deleted = deleted_ids || deleted_addresses;
    return read_next_expiry(b, err);
}

int batch__flush(struct batch *b, struct err *err)
{
    int rc = fts__flush(b, err);
    int64_t texts;
    if (rc >= 0 && b->texts && (rc = sql__meta_get(b->db, "texts", 0, &texts, err)) >= 0)
        rc = sql__meta_set(b->db, "texts", texts + b->texts, err);
    if (rc >= 0 && b->erased)
        rc = sql__meta_set(b->db, "scrub", 1, err);
    return rc;
}

void batch__end(struct batch *b, bool committed)
{
    for (size_t i = 0; committed && i < b->blob_count; i++)
        blobs__remove(b->l->directory, b->blobs[i], NULL);
    if (committed && b->erasing)
        atomic_store(&b->l->erasing, true);
    free(b->blobs);
    free(b->ops);
    arena_destroy(b->arena);
    arena_destroy(b->record);
    arena_destroy(b->scratch);
}

/* ---- one row of the indices */

struct row {
    uint64_t seq;
    int64_t idkey, actor, kind, created_at, address, docid, received_at;
    enum store_state state;
    struct record record; /* of the entry in b->record, of others in b->scratch until the next one */
};

static int load_row(struct batch *b, uint64_t seq, struct row *out, struct err *err)
{
    *out = (struct row){.seq = seq};
    arena_reset(b->scratch);
    struct sql_cursor *c = sql_open(b->db, &store_q_record_row);
    sql_int(c, 1, (int64_t)seq);
    int rc = sql_step(c, err);
    if (rc == 1) {
        out->idkey = sql_col_int(c, 0);
        out->actor = sql_col_int(c, 1);
        out->kind = sql_col_int(c, 2);
        out->created_at = sql_col_int(c, 3);
        out->state = (enum store_state)sql_col_int(c, 4);
        out->address = sql_col_int(c, 6);
        out->docid = sql_col_null(c, 7) ? 0 : sql_col_int(c, 7);
    }
    sql_close(c, NULL);
    if (rc <= 0)
        return rc < 0 ? rc : err_set(err, ERR_NOT_FOUND, "no record %lu", (unsigned long)seq);
    c = sql_open(b->db, &store_q_log_row);
    sql_int(c, 1, (int64_t)seq);
    rc = sql_step(c, err);
    if (rc == 1) {
        out->received_at = sql_col_int(c, 0);
        struct str raw = arena_str(b->scratch, sql_col_blob(c, 2));
        rc = record_parse(b->scratch, raw, &out->record, err);
        if (rc < 0)
            rc = ERR_NOT_FOUND; /* a damaged row: nothing of it can be undone but its place in the indices */
    } else if (rc == 0) {
        rc = ERR_NOT_FOUND;
    }
    sql_close(c, NULL);
    return rc < 0 ? rc : 0;
}

static int set_state(struct batch *b, uint64_t seq, enum store_state state, struct err *err)
{
    struct sql_cursor *c = sql_open(b->db, &store_q_record_state);
    sql_int(c, 1, state);
    sql_int(c, 2, (int64_t)seq);
    return sql_done(c, err);
}

static int set_docid(struct batch *b, uint64_t seq, int64_t docid, struct err *err)
{
    struct sql_cursor *c = sql_open(b->db, &store_q_record_docid);
    if (docid)
        sql_int(c, 1, docid);
    sql_int(c, 2, (int64_t)seq);
    return sql_done(c, err);
}

static int index_tags(
    struct batch *b, const struct sql_statement *statement, const struct row *row, struct err *err)
{
    const struct record *r = &row->record;
    struct sql_cursor *c = NULL;
    int rc = 0;
    for (size_t i = 0; i < r->tag_count && rc >= 0; i++) {
        const struct tag *t = &r->tags[i];
        if (t->n < 2 || !rules__tag_is_indexed(t->v[0]))
            continue;
        c = sql_open(b->db, statement);
        sql_int(c, 1, rules__hash(t->v[0].p[0], t->v[1]));
        sql_int(c, 2, row->created_at);
        sql_int(c, 3, row->idkey);
        sql_int(c, 4, (int64_t)row->seq);
        if (statement == &store_q_tag_add) {
            sql_int(c, 5, row->kind);
            sql_int(c, 6, row->actor);
        }
        rc = sql_done(c, err);
    }
    return rc;
}

struct blob_uses {
    struct batch *b;
    uint64_t seq;
    bool remove;
    int rc;
    struct err *err;
};

static void index_blob(void *ctx, const uint8_t sha256[32])
{
    struct blob_uses *u = ctx;
    if (u->rc < 0)
        return;
    struct sql_cursor *c = sql_open(u->b->db, u->remove ? &store_q_blob_use_remove : &store_q_blob_use_add);
    sql_int(c, 1, rules__blob_hash(sha256));
    sql_int(c, 2, (int64_t)u->seq);
    u->rc = sql_done(c, u->err);
    if (u->rc < 0 || !u->remove)
        return;
    c = sql_open(u->b->db, &store_q_blob_use_any);
    sql_int(c, 1, rules__blob_hash(sha256));
    u->rc = sql_step(c, u->err);
    sql_close(c, NULL);
    if (u->rc != 0)
        return;
    c = sql_open(u->b->db, &store_q_blob_remove);
    sql_blob(c, 1, sha256, 32);
    u->rc = sql_done(c, u->err);
    if (sql_changes(u->b->db) == 0)
        return;
    uint8_t(*more)[32] = realloc(u->b->blobs, (u->b->blob_count + 1) * sizeof *more);
    if (!more)
        abort();
    u->b->blobs = more;
    memcpy(u->b->blobs[u->b->blob_count++], sha256, 32);
}

static int index_blobs(struct batch *b, uint64_t seq, const struct record *r, bool remove, struct err *err)
{
    struct blob_uses u = {b, seq, remove, 0, err};
    rules__blob_uses(r, index_blob, &u);
    return u.rc < 0 ? u.rc : 0;
}

static int tell(struct batch *b, enum store_change_type type, const struct row *row, bool was_current,
    bool erased, struct err *err)
{
    struct store_change change = {.type = type,
        .was_current = was_current,
        .erased = erased,
        .seq = row->seq,
        .received_at = row->received_at,
        .record = &row->record};
    if (type == STORE_REMOVED && !erased)
        change.removed_at = b->deleted_at ? b->deleted_at : record_expiration(&row->record);
    return tables__apply(b->db, &b->l->base.tables, &change, b->careful, err);
}

static int leave_search(struct batch *b, struct row *row, struct err *err)
{
    if (!row->docid)
        return 0;
    int rc = fts__remove(b, row->docid, &row->record, err);
    if (rc >= 0)
        rc = set_docid(b, row->seq, 0, err);
    row->docid = 0;
    return rc;
}

/* Deleted, expired or (erase) to leave without a trace. */
int batch__remove(struct batch *b, uint64_t seq, bool erase, struct err *err)
{
    struct row row;
    int rc = load_row(b, seq, &row, err);
    bool damaged = rc == ERR_NOT_FOUND;
    if (rc < 0 && !damaged)
        return rc;
    rc = 0;
    if (!damaged) {
        if ((rc = leave_search(b, &row, err)) < 0)
            return rc;
        if (row.state != STORE_GONE) {
            if ((rc = index_tags(b, &store_q_tag_remove, &row, err)) < 0 ||
                (rc = set_state(b, seq, STORE_GONE, err)) < 0 ||
                (rc = tell(b, STORE_REMOVED, &row, row.state == STORE_CURRENT, erase, err)) < 0)
                return rc;
        } else if (erase && (rc = tell(b, STORE_FORGOTTEN, &row, false, true, err)) < 0) {
            return rc;
        }
        if (erase && (rc = index_blobs(b, seq, &row.record, true, err)) < 0)
            return rc;
    }
    if (!erase)
        return 0;
    static const struct sql_statement *const forget[] = {&store_q_record_remove, &store_q_deleted_id_forget,
        &store_q_deleted_address_forget, &store_q_log_blank};
    for (size_t i = 0; i < sizeof forget / sizeof *forget; i++) {
        struct sql_cursor *c = sql_open(b->db, forget[i]);
        sql_int(c, 1, (int64_t)seq);
        if ((rc = sql_done(c, err)) < 0)
            return rc;
    }
    b->erased = true;
    return 0;
}

/* A slice of it, so that no transaction grows without bound; *done when nothing more expires by then. */
int batch__sweep(struct batch *b, int64_t until, bool *done, struct err *err)
{
    *done = true;
    if (b->next_expiry > until)
        return 0;
    uint64_t seqs[1000]; /* the statement's limit */
    size_t n = 0;
    struct sql_cursor *c = sql_open(b->db, &store_q_record_expired);
    sql_int(c, 1, until);
    int rc;
    while ((rc = sql_step(c, err)) == 1 && n < 1000)
        seqs[n++] = (uint64_t)sql_col_int(c, 0);
    sql_close(c, NULL);
    for (size_t i = 0; i < n && rc >= 0; i++)
        rc = batch__remove(b, seqs[i], false, err);
    if (rc >= 0)
        rc = read_next_expiry(b, err);
    *done = b->next_expiry > until;
    return rc;
}

/* ---- NIP-09 */

static int find_id(struct batch *b, const struct record_id *id, uint64_t *seq, struct err *err)
{
    *seq = 0;
    struct sql_cursor *c = sql_open(b->db, &store_q_record_by_idkey);
    sql_int(c, 1, rules__idkey(id));
    int rc;
    while (!*seq && (rc = sql_step(c, err)) == 1) {
        struct sql_cursor *row = sql_open(b->db, &store_q_log_id);
        sql_int(row, 1, sql_col_int(c, 0));
        int found = sql_step(row, err);
        struct str stored = found == 1 ? sql_col_blob(row, 0) : (struct str){NULL, 0};
        if (stored.n == 32 && !memcmp(stored.p, id->b, 32))
            *seq = (uint64_t)sql_col_int(c, 0);
        sql_close(row, NULL);
        if (found < 0)
            rc = found;
        if (rc < 0)
            break;
    }
    int closed = sql_close(c, err);
    return rc < 0 ? rc : closed;
}

static int delete_id(struct batch *b, const struct row *by, const struct record_id *id, struct err *err)
{
    uint64_t seq;
    int rc = find_id(b, id, &seq, err);
    if (rc < 0)
        return rc;
    if (seq) {
        struct sql_cursor *c = sql_open(b->db, &store_q_record_row);
        sql_int(c, 1, (int64_t)seq);
        rc = sql_step(c, err);
        bool theirs = rc == 1 && sql_col_int(c, 1) == by->actor &&
                      rules__deletable((uint32_t)sql_col_int(c, 2));
        bool gone = rc == 1 && sql_col_int(c, 4) == STORE_GONE;
        sql_close(c, NULL);
        if (rc < 0 || (theirs && !gone && (rc = batch__remove(b, seq, false, err)) < 0))
            return rc;
    }
    /* Noted in any case, also where it has no effect: a rebuild may know less of the target (it was erased).
     */
    struct sql_cursor *c = sql_open(b->db, &store_q_deleted_id_add);
    sql_blob(c, 1, id->b, 32);
    sql_int(c, 2, by->actor);
    sql_int(c, 3, (int64_t)by->seq);
    return sql_done(c, err);
}

static int delete_address(struct batch *b, const struct row *by, const struct address *a, struct err *err)
{
    enum record_class class = record_class_of(a->kind);
    if ((class != RECORD_REPLACEABLE && class != RECORD_ADDRESSABLE) ||
        !pubkey_eq(&a->pubkey, &by->record.pubkey))
        return 0;
    int64_t address = class == RECORD_ADDRESSABLE ? rules__hash(0, a->d) : 0;
    struct sql_cursor *c = sql_open(b->db, &store_q_record_of_address_until);
    sql_int(c, 1, by->actor);
    sql_int(c, 2, a->kind);
    sql_int(c, 3, address);
    sql_int(c, 4, by->created_at);
    struct buf seqs _cleanup_buf_ = BUF_INIT;
    int rc;
    while ((rc = sql_step(c, err)) == 1) {
        uint64_t seq = (uint64_t)sql_col_int(c, 0);
        buf_add(&seqs, &seq, sizeof seq);
    }
    sql_close(c, NULL);
    for (size_t at = 0; at < seqs.n && rc >= 0; at += sizeof(uint64_t)) {
        uint64_t seq;
        memcpy(&seq, seqs.p + at, sizeof seq);
        rc = batch__remove(b, seq, false, err);
    }
    if (rc < 0)
        return rc;
    c = sql_open(b->db, &store_q_deleted_address_add);
    sql_int(c, 1, by->actor);
    sql_int(c, 2, a->kind);
    sql_int(c, 3, address);
    sql_int(c, 4, by->created_at);
    sql_int(c, 5, (int64_t)by->seq);
    return sql_done(c, err);
}

static int delete_all(struct batch *b, const struct row *by, struct err *err)
{
    int rc = 0;
    b->any_deleted = true;
    b->deleted_at = by->created_at;
    for (size_t i = 0; i < by->record.tag_count && rc >= 0; i++) {
        const struct tag *t = &by->record.tags[i];
        struct record_id id;
        struct address a;
        if (t->n < 2)
            continue;
        if (str_eqz(t->v[0], "e") && rules__id_of(t->v[1], &id))
            rc = delete_id(b, by, &id, err);
        else if (str_eqz(t->v[0], "a") && address_parse(t->v[1], &a))
            rc = delete_address(b, by, &a, err);
    }
    b->deleted_at = 0;
    return rc;
}

/* 1: a deletion or tombstone stands against it (it came through the door before that was applied). */
static int unwanted(
    struct batch *b, const struct row *row, const struct facts *f, bool *erased, struct err *err)
{
    int rc = 0;
    *erased = false;
    const struct record *r = &row->record;
    if (b->any_tombstones) {
        struct sql_cursor *c = sql_open(b->db, &store_q_tombstone_id);
        sql_blob(c, 1, r->id.b, 32);
        rc = sql_step(c, err);
        sql_close(c, NULL);
        if (rc == 0 && r->kind != 62) {
            c = sql_open(b->db, &store_q_tombstone_key);
            sql_blob(c, 1, r->pubkey.b, 32);
            rc = sql_step(c, err);
            if (rc == 1 && sql_col_int(c, 0) < r->created_at)
                rc = 0;
            sql_close(c, NULL);
        }
        *erased = rc == 1;
    }
    if (rc != 0 || !b->any_deleted || !rules__deletable(r->kind))
        return rc;
    struct sql_cursor *c = sql_open(b->db, &store_q_deleted_id_by);
    sql_blob(c, 1, r->id.b, 32);
    sql_int(c, 2, row->actor);
    rc = sql_step(c, err);
    sql_close(c, NULL);
    if (rc == 0 && f->has_address) {
        c = sql_open(b->db, &store_q_deleted_address_until);
        sql_int(c, 1, row->actor);
        sql_int(c, 2, row->kind);
        sql_int(c, 3, row->address);
        rc = sql_step(c, err);
        if (rc == 1 && (sql_col_null(c, 0) || sql_col_int(c, 0) < row->created_at))
            rc = 0;
        sql_close(c, NULL);
    }
    return rc;
}

/* ---- an entry */

/* Finds the newest revision known of row's address; 1 where row is newer than it (or the first). */
static int is_newest(struct batch *b, const struct row *row, uint64_t *current, struct err *err)
{
    *current = 0;
    struct sql_cursor *c = sql_open(b->db, &store_q_record_of_address);
    sql_int(c, 1, row->actor);
    sql_int(c, 2, row->kind);
    sql_int(c, 3, row->address);
    int rc = sql_step(c, err);
    int newer = 1;
    if (rc == 1) {
        uint64_t seq = (uint64_t)sql_col_int(c, 0);
        int64_t idkey = sql_col_int(c, 1), created_at = sql_col_int(c, 2);
        if (created_at != row->created_at)
            newer = row->created_at > created_at;
        else if (idkey != row->idkey)
            newer = row->idkey < idkey;
        else {
            struct sql_cursor *other = sql_open(b->db, &store_q_log_id);
            sql_int(other, 1, (int64_t)seq);
            rc = sql_step(other, err);
            struct str id = rc == 1 ? sql_col_blob(other, 0) : (struct str){NULL, 0};
            newer = id.n != 32 || memcmp(row->record.id.b, id.p, 32) < 0;
            sql_close(other, NULL);
        }
        if (newer && sql_col_int(c, 3) == STORE_CURRENT)
            *current = seq;
    }
    int closed = sql_close(c, err);
    return rc < 0 ? rc : closed < 0 ? closed : newer;
}

static int supersede(struct batch *b, uint64_t seq, struct err *err)
{
    struct row old;
    int rc = load_row(b, seq, &old, err);
    if (rc == ERR_NOT_FOUND)
        return set_state(b, seq, STORE_OLD, err);
    if (rc >= 0)
        rc = leave_search(b, &old, err);
    if (rc >= 0)
        rc = set_state(b, seq, STORE_OLD, err);
    if (rc >= 0)
        rc = tell(b, STORE_SUPERSEDED, &old, true, false, err);
    return rc;
}

static int add_row(struct batch *b, const struct row *row, const struct facts *f, struct err *err)
{
    struct sql_cursor *c = sql_open(b->db, &store_q_record_add);
    sql_int(c, 1, (int64_t)row->seq);
    sql_int(c, 2, row->idkey);
    sql_int(c, 3, row->actor);
    sql_int(c, 4, row->kind);
    sql_int(c, 5, row->created_at);
    sql_int(c, 6, row->state);
    if (f->expires_at)
        sql_int(c, 7, f->expires_at);
    if (f->has_address)
        sql_int(c, 8, row->address);
    int rc = sql_done(c, err);
    if (rc >= 0 && row->state != STORE_GONE)
        rc = index_tags(b, &store_q_tag_add, row, err);
    if (rc >= 0)
        rc = index_blobs(b, row->seq, &row->record, false, err);
    if (rc >= 0 && f->expires_at && f->expires_at < b->next_expiry)
        b->next_expiry = f->expires_at;
    return rc;
}

int batch__entry(
    struct batch *b, uint64_t seq, int64_t received_at, struct str raw, bool *done, struct err *err)
{
    int rc = batch__sweep(b, received_at, done, err);
    if (rc < 0 || !*done || !raw.p)
        return rc; /* erased: its place in time is all that is left */
    arena_reset(b->record);
    struct row row = {.seq = seq, .received_at = received_at};
    struct err parse = {0};
    if (record_parse(b->record, raw, &row.record, &parse) < 0) {
        char line[900], quoted[900];
        err_line(&parse, line, sizeof line);
        log_event(LOG_LEVEL_ERROR, "store", "damaged_record", "seq=%lu why=%s", (unsigned long)seq,
            log_quote(line, quoted, sizeof quoted));
        return 0; /* the rest of the pool goes on; check names it */
    }
    struct facts f;
    rules__facts(&row.record, &f);
    row.idkey = f.idkey;
    row.kind = row.record.kind;
    row.created_at = row.record.created_at;
    row.address = f.address;
    if ((row.actor = store_actor(b->db, &row.record.pubkey, err)) < 0)
        return (int)row.actor;

    bool erased;
    if ((rc = unwanted(b, &row, &f, &erased, err)) != 0) {
        if (rc < 0)
            return rc;
        row.state = STORE_GONE;
        if ((rc = add_row(b, &row, &f, err)) >= 0 && erased)
            rc = batch__remove(b, seq, true, err);
        return rc;
    }
    uint64_t current = 0;
    if (f.has_address && (rc = is_newest(b, &row, &current, err)) <= 0) {
        if (rc < 0)
            return rc;
        row.state = STORE_OLD;
        if ((rc = add_row(b, &row, &f, err)) < 0)
            return rc;
        return tell(b, STORE_SUPERSEDED, &row, false, false, err);
    }
    if (current && (rc = supersede(b, current, err)) < 0)
        return rc;
    if ((rc = add_row(b, &row, &f, err)) < 0 || (rc = fts__add(b, seq, &row.record, &row.docid, err)) < 0)
        return rc;
    if (row.docid && (rc = set_docid(b, seq, row.docid, err)) < 0)
        return rc;
    if ((rc = tell(b, STORE_ADDED, &row, false, false, err)) < 0)
        return rc;
    if (row.kind == 5)
        return delete_all(b, &row, err);
    if (rules__vanishes(&row.record, b->l->base.node_url))
        return erase__vanish(b, &row.record.pubkey, row.created_at, err);
    return 0;
}
