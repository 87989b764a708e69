/* check.c: re-reads everything: records against their ids and signatures, indices against the log, files
 * against their names. It looks at one snapshot, so it may run beside a writer. */
#include "base/hex.h"
#include "store/sqlite/private.h"
#include "store_sql.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#define FAULTS_MAX 1000 /* told apart; beyond, they are only counted */

struct checker {
    struct store_read *read;
    struct sql *db;
    store_on_fault *on_fault;
    void *ctx;
    struct store_check_result *out;
    struct arena *arena;
    struct buf canonical;
};

static void fault(struct checker *k, uint64_t *counter, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void fault(struct checker *k, uint64_t *counter, const char *format, ...)
{
    ++*counter;
    if (!k->on_fault || k->out->bad_records + k->out->other_faults > FAULTS_MAX)
        return;
    char line[500];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    k->on_fault(k->ctx, line);
}

static int check_database(struct checker *k, struct err *err)
{
    static const struct sql_statement integrity = {"integrity_check", "PRAGMA integrity_check(100)"};
    struct sql_cursor *c = sql_open(k->db, &integrity);
    int rc;
    while ((rc = sql_step(c, err)) == 1) {
        struct str line = sql_col_text(c, 0);
        if (!str_eqz(line, "ok"))
            fault(k, &k->out->other_faults, "widenet.db: %.*s", STR_ARG(line));
    }
    sql_close(c, NULL);
    if (rc == ERR_CORRUPT) {
        fault(k, &k->out->other_faults, "widenet.db: %s", err->what);
        return 0;
    }
    return rc;
}

/* The whole row of one record; says what is wrong with it in reason. */
static bool record_is_whole(
    struct checker *k, struct str id, struct str raw, struct record *r, char reason[200])
{
    struct err err = {0};
    arena_reset(k->arena);
    if (record_parse(k->arena, raw, r, &err) < 0) {
        snprintf(reason, 200, "cannot be read: %.150s", err.what);
        return false;
    }
    if (id.n != 32 || memcmp(id.p, r->id.b, 32)) {
        snprintf(reason, 200, "its id is not the one it is kept under");
        return false;
    }
    buf_clear(&k->canonical);
    record_to_json(r, &k->canonical);
    if (!str_eq(buf_str(&k->canonical), raw)) {
        snprintf(reason, 200, "is not written as it was when it came");
        return false;
    }
    if (record_verify(r, &err) < 0) {
        snprintf(reason, 200, "%.180s", err.what);
        return false;
    }
    return true;
}

static int count_missing_tags(
    struct checker *k, uint64_t seq, const struct record *r, const struct facts *f, struct err *err)
{
    static const struct sql_statement has = {
        "tag_has", "SELECT 1 FROM store_tag WHERE hash = ? AND created_at = ? AND idkey = ? AND seq = ?"};
    int missing = 0, rc = 0;
    for (size_t i = 0; i < r->tag_count && rc >= 0; i++) {
        const struct tag *t = &r->tags[i];
        if (t->n < 2 || !rules__tag_is_indexed(t->v[0]))
            continue;
        struct sql_cursor *c = sql_open(k->db, &has);
        sql_int(c, 1, rules__hash(t->v[0].p[0], t->v[1]));
        sql_int(c, 2, r->created_at);
        sql_int(c, 3, f->idkey);
        sql_int(c, 4, (int64_t)seq);
        if ((rc = sql_step(c, err)) == 0)
            missing++;
        sql_close(c, NULL);
    }
    return rc < 0 ? rc : missing;
}

static int check_indices(struct checker *k, uint64_t seq, const struct record *r, struct err *err)
{
    struct facts f;
    rules__facts(r, &f);
    struct sql_cursor *c = sql_open(k->db, &store_q_record_row);
    sql_int(c, 1, (int64_t)seq);
    int rc = sql_step(c, err);
    char hex[65];
    hex_encode(r->id.b, 32, hex);
    bool gone = rc == 1 && sql_col_int(c, 4) == STORE_GONE;
    if (rc == 0)
        fault(
            k, &k->out->other_faults, "record %lu (%s) is missing from the indices", (unsigned long)seq, hex);
    if (rc == 1) {
        struct pubkey key;
        if (sql_col_int(c, 0) != f.idkey || sql_col_int(c, 2) != r->kind ||
            sql_col_int(c, 3) != r->created_at || (f.has_address && sql_col_int(c, 6) != f.address) ||
            f.has_address == sql_col_null(c, 6) ||
            (f.expires_at ? sql_col_int(c, 5) != f.expires_at : !sql_col_null(c, 5)) ||
            !store_actor_key(k->db, sql_col_int(c, 1), &key) || !pubkey_eq(&key, &r->pubkey))
            fault(k, &k->out->other_faults, "record %lu (%s): the indices say something else than the record",
                (unsigned long)seq, hex);
    }
    sql_close(c, NULL);
    if (rc <= 0 || gone)
        return rc;
    int missing = count_missing_tags(k, seq, r, &f, err);
    if (missing > 0)
        fault(k, &k->out->other_faults, "record %lu (%s): %d of its tags are not in the index",
            (unsigned long)seq, hex, missing);
    return missing < 0 ? missing : 0;
}

static int check_log(struct checker *k, struct err *err)
{
    static const struct sql_statement rows = {"log_rows", "SELECT seq, id, raw FROM store_log ORDER BY seq"};
    struct store *s = k->read->store;
    uint64_t total = s->ops->last_seq(s), done = 0;
    struct sql_cursor *c = sql_open(k->db, &rows);
    int rc, found = 0;
    while (found >= 0 && (rc = sql_step(c, err)) == 1) {
        uint64_t seq = (uint64_t)sql_col_int(c, 0);
        if (++done % 5000 == 0)
            store__progress(s, "checking records", done, total);
        if (sql_col_null(c, 1) && sql_col_null(c, 2))
            continue; /* erased */
        struct str id = sql_col_blob(c, 1);
        struct record r;
        char reason[200], hex[65] = "unknown id";
        k->out->records++;
        if (id.n == 32)
            hex_encode((const uint8_t *)id.p, 32, hex);
        if (!record_is_whole(k, id, sql_col_blob(c, 2), &r, reason)) {
            fault(k, &k->out->bad_records, "record %lu (%s) is damaged: %s", (unsigned long)seq, hex, reason);
            continue;
        }
        if (seq <= k->read->seq)
            found = check_indices(k, seq, &r, err);
    }
    sql_close(c, NULL);
    return found < 0 ? found : rc == ERR_CORRUPT ? 0 : rc; /* integrity_check has told */
}

/* Rows of the indices that stand for nothing. */
static int check_orphans(struct checker *k, struct err *err)
{
    static const struct {
        struct sql_statement statement;
        const char *what;
    } orphans[] = {
        {{"orphan_records", "SELECT count(*) FROM store_record r LEFT JOIN store_log l ON l.seq = r.seq "
                            "WHERE l.raw IS NULL"},
            "rows of the index stand for no record"},
        {{"orphan_tags", "SELECT count(*) FROM store_tag t LEFT JOIN store_record r ON r.seq = t.seq "
                         "WHERE r.seq IS NULL OR r.state = 2"},
            "rows of the tags' index stand for no record"},
        {{"orphan_texts", "SELECT count(*) FROM store_text t LEFT JOIN store_record r ON r.docid = t.docid "
                          "AND r.seq = t.seq AND r.state = 0 WHERE r.seq IS NULL"},
            "rows of the search index stand for no current record"},
        {{"orphan_docs", "SELECT count(*) FROM store_record r LEFT JOIN store_text t ON t.seq = r.seq "
                         "WHERE r.docid IS NOT NULL AND t.docid IS NULL"},
            "records are missing from the search index"},
        {{"twins",
             "SELECT count(*) FROM (SELECT actor FROM store_record WHERE state = 0 AND address IS NOT NULL "
             "GROUP BY actor, kind, address HAVING count(*) > 1)"},
            "addresses have more than one current record"},
    };
    int rc = 0;
    for (size_t i = 0; i < sizeof orphans / sizeof *orphans && rc >= 0; i++) {
        struct sql_cursor *c = sql_open(k->db, &orphans[i].statement);
        if ((rc = sql_step(c, err)) == 1 && sql_col_int(c, 0) > 0)
            fault(k, &k->out->other_faults, "widenet.db: %ld %s; `widenet rebuild` makes the indices anew",
                (long)sql_col_int(c, 0), orphans[i].what);
        sql_close(c, NULL);
        if (rc == ERR_CORRUPT)
            rc = 0;
    }
    return rc;
}

static int check_blobs(struct checker *k, struct err *err)
{
    struct sql_cursor *c = sql_open(k->db, &store_q_blobs);
    int rc;
    while ((rc = sql_step(c, err)) == 1) {
        struct str name = sql_col_blob(c, 0);
        uint8_t sha256[32], got[32];
        char hex[65];
        if (name.n != 32) {
            fault(k, &k->out->other_faults, "a file is listed under no SHA-256");
            continue;
        }
        memcpy(sha256, name.p, 32);
        hex_encode(sha256, 32, hex);
        int fd;
        uint64_t size;
        struct err why;
        if (blobs__open(lite_of(k->read->store)->directory, sha256, &fd, &size, &why) < 0) {
            fault(k, &k->out->other_faults, "blobs/%.2s/%s: %s", hex, hex, why.what);
            continue;
        }
        crypto_hash_sha256_state h;
        crypto_hash_sha256_init(&h);
        unsigned char part[65536];
        ssize_t n;
        while ((n = read(fd, part, sizeof part)) > 0)
            crypto_hash_sha256_update(&h, part, (unsigned long long)n);
        close(fd);
        crypto_hash_sha256_final(&h, got);
        if (n < 0 || memcmp(got, sha256, 32) || (int64_t)size != sql_col_int(c, 1))
            fault(k, &k->out->other_faults, "blobs/%.2s/%s does not hold what its name says", hex, hex);
    }
    sql_close(c, NULL);
    return rc == ERR_CORRUPT ? 0 : rc;
}

int lite__check(
    struct store *s, store_on_fault *on_fault, void *ctx, struct store_check_result *out, struct err *err)
{
    struct err mine = {0};
    if (!err)
        err = &mine;
    struct store_read *r;
    int rc = s->ops->read_begin(s, &r, err);
    if (rc < 0)
        return rc;
    struct checker k = {r, r->sql, on_fault, ctx, out, arena_create(0), BUF_INIT};
    rc = check_database(&k, err);
    if (rc >= 0)
        rc = check_log(&k, err);
    if (rc >= 0)
        rc = check_orphans(&k, err);
    if (rc >= 0)
        rc = check_blobs(&k, err);
    arena_destroy(k.arena);
    buf_finish(&k.canonical);
    s->ops->read_end(r);
    return rc < 0 ? rc : 0;
}
