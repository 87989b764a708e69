/* store.c: the public calls: what every back end has in common is done here, the rest by its functions. */
#include "base/hex.h"
#include "store/internal.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

void store__init(struct store *s, const struct store_ops *ops, const struct store_tables *tables,
    const struct store_options *options)
{
    s->ops = ops;
    s->clock = options->clock;
    if (tables)
        s->tables = *tables;
    if (options->node_url)
        s->node_url = str_dup(str_of(options->node_url));
    s->progress = options->progress;
    s->progress_ctx = options->progress_ctx;
    s->erased = options->erased;
    s->erased_ctx = options->erased_ctx;
}

void store__finish(struct store *s)
{
    free(s->node_url);
}

void store__progress(struct store *s, const char *what, uint64_t done, uint64_t total)
{
    if (s->progress)
        s->progress(s->progress_ctx, what, done, total);
}

void store_close(struct store *s)
{
    if (s)
        s->ops->close(s);
}

int store_append(struct store *s, struct store_item *items, size_t n, struct err *err)
{
    int64_t now = clock_now(&s->clock);
    struct buf made _cleanup_buf_ = BUF_INIT;
    size_t wanted = 0;
    for (size_t i = 0; i < n; i++) {
        items[i].seq = 0;
        items[i].reason[0] = 0;
        items[i].verdict = STORE_NEW;
        if (!rules__admit(items[i].record, now, items[i].reason, sizeof items[i].reason))
            items[i].verdict = STORE_REFUSED;
        else
            wanted++;
    }
    if (!wanted)
        return 0;
    /* The buffer may move while it grows: places first, pointers afterwards. */
    size_t *ends = NULL;
    for (size_t i = 0; i < n; i++) {
        if (items[i].raw.p || items[i].verdict == STORE_REFUSED)
            continue;
        if (!ends && !(ends = calloc(n, sizeof *ends)))
            return err_set(err, ERR_MEMORY, "no memory for %zu records", n);
        record_to_json(items[i].record, &made);
        ends[i] = made.n;
    }
    size_t from = 0;
    for (size_t i = 0; ends && i < n; i++)
        if (ends[i]) {
            items[i].raw = (struct str){made.p + from, ends[i] - from};
            from = ends[i];
        }
    int rc = s->ops->append(s, items, n, err);
    for (size_t i = 0; ends && i < n; i++)
        if (ends[i])
            items[i].raw = (struct str){NULL, 0};
    free(ends);
    return rc;
}

uint64_t store_last_seq(struct store *s)
{
    return s->ops->last_seq(s);
}

uint64_t store_applied_seq(struct store *s)
{
    return s->ops->applied_seq(s);
}

uint64_t store_stamp(struct store *s)
{
    return s->ops->applied_seq(s) + atomic_load(&s->erasures);
}

int store_wait_applied(struct store *s, uint64_t seq, int timeout_ms, struct err *err)
{
    return s->ops->wait_applied(s, seq, timeout_ms, err);
}

int store_follow_wait(struct store *s, uint64_t after, int timeout_ms, struct err *err)
{
    return s->ops->wait_applied(s, after + 1, timeout_ms, err);
}

int store_read_begin(struct store *s, struct store_read **out, struct err *err)
{
    *out = NULL;
    return s->ops->read_begin(s, out, err);
}

void store_read_end(struct store_read *r)
{
    if (r)
        r->store->ops->read_end(r);
}

struct sql *store_read_sql(struct store_read *r)
{
    return r->sql;
}

uint64_t store_read_seq(struct store_read *r)
{
    return r->seq;
}

int store_query(struct store_read *r, const struct filter *filters, size_t n, unsigned flags,
    int (*on_record)(void *ctx, const struct store_found *f), void *ctx, struct err *err)
{
    return r->store->ops->query(r, filters, n, flags, on_record, ctx, err);
}

int64_t store_count(struct store_read *r, const struct filter *filters, size_t n, struct err *err)
{
    return r->store->ops->count(r, filters, n, err);
}

int store_get(struct store_read *r, struct arena *arena, const struct record_id *id, struct store_found *out,
    struct err *err)
{
    return r->store->ops->get(r, arena, id, out, err);
}

int store_record_at(struct sql *db, struct arena *arena, uint64_t seq, struct record *out, struct err *err)
{
    struct str raw = {NULL, 0};
    int rc = sql__store(db)->ops->log_raw(db, arena, seq, &raw, err);
    if (rc < 0)
        return rc;
    if (!raw.p || record_parse(arena, raw, out, NULL) < 0)
        return err_set(err, ERR_NOT_FOUND, "no record is at %lu of the log", (unsigned long)seq);
    return 0;
}

int store_get_seq(
    struct store_read *r, struct arena *arena, uint64_t seq, struct store_found *out, struct err *err)
{
    return r->store->ops->get_seq(r, arena, seq, out, err);
}

struct newest {
    struct arena *arena;
    struct store_found *out;
    bool found;
};

static int keep_current(void *ctx, const struct store_found *f)
{
    struct newest *w = ctx;
    if (f->state != STORE_CURRENT)
        return 0;
    *w->out = *f;
    w->out->raw = arena_str(w->arena, f->raw);
    w->found = true;
    return 1;
}

int store_get_address(struct store_read *r, struct arena *arena, const struct address *a,
    struct store_found *out, struct err *err)
{
    struct newest w = {arena, out, false};
    memset(out, 0, sizeof *out);
    int rc = r->store->ops->revisions(r, a, 0, keep_current, &w, err);
    if (rc < 0)
        return rc;
    if (w.found)
        return record_parse(arena, out->raw, &out->record, err);
    if (rc == STORE__GONE)
        return err_set(err, ERR_GONE, "it was deleted");
    return err_set(err, ERR_NOT_FOUND, "no record has this address here");
}

int store_revisions(struct store_read *r, const struct address *a, unsigned flags,
    int (*on_record)(void *ctx, const struct store_found *f), void *ctx, struct err *err)
{
    int rc = r->store->ops->revisions(r, a, flags | STORE_OLD_TOO, on_record, ctx, err);
    return rc == STORE__GONE ? 0 : rc;
}

int store_search(struct store_read *r, struct arena *arena, const struct search_query *q,
    struct search_result *out, struct err *err)
{
    struct search_plan plan;
    memset(out, 0, sizeof *out);
    int rc = plan__parse(arena, q, &plan, out, err);
    if (rc < 0 || plan.nothing)
        return rc;
    rc = r->store->ops->search(r, arena, &plan, out, err);
    if (rc < 0 || out->n || !plan.any_word)
        return rc;
    if (q->offset) { /* behind the last hit, or none at all? */
        struct search_query first = *q;
        first.offset = 0;
        first.limit = 1;
        plan.query = &first;
        struct search_result one = {0};
        rc = r->store->ops->search(r, arena, &plan, &one, err);
        plan.query = q;
        if (rc < 0 || one.n)
            return rc;
    }
    out->widened = plan__widen(arena, &plan, out);
    return out->widened ? r->store->ops->search(r, arena, &plan, out, err) : 0;
}

int store_follow(struct store_read *r, uint64_t after, size_t max, unsigned flags,
    int (*on_record)(void *ctx, const struct store_found *f), void *ctx, struct err *err)
{
    return r->store->ops->follow(r, after, max, flags, on_record, ctx, err);
}

int store_write(
    struct store *s, int (*change)(void *ctx, struct sql *db, struct err *err), void *ctx, struct err *err)
{
    return s->ops->write(s, change, ctx, err);
}

int store_blob_put(
    struct store *s, struct str bytes, struct str media_type, uint8_t sha256[32], struct err *err)
{
    if (media_type.n > 63)
        return err_set(err, ERR_INPUT, "a media type of %zu bytes", media_type.n);
    crypto_hash_sha256(sha256, (const uint8_t *)(bytes.n ? bytes.p : ""), bytes.n);
    return s->ops->blob_put(s, bytes, media_type, sha256, err);
}

int store_blob_open(
    struct store *s, const uint8_t sha256[32], int *fd, uint64_t *size, char media_type[64], struct err *err)
{
    *fd = -1;
    return s->ops->blob_open(s, sha256, fd, size, media_type, err);
}

int store_blob_remove(struct store *s, const uint8_t sha256[32], struct err *err)
{
    return s->ops->blob_remove(s, sha256, err);
}

int store_erase_key(
    struct store *s, const struct pubkey *key, int64_t until, const char *reason, struct err *err)
{
    int bad = s->ops->erase_key(s, key, until, reason ? reason : "", err);
    atomic_fetch_add(&s->erasures, 1);
    return bad;
}

int store_erase_id(struct store *s, const struct record_id *id, const char *reason, struct err *err)
{
    int bad = s->ops->erase_id(s, id, reason ? reason : "", err);
    atomic_fetch_add(&s->erasures, 1);
    return bad;
}

int store_rebuild(struct store *s, struct err *err)
{
    return s->ops->rebuild(s, err);
}

int store_check(struct store *s, void (*on_fault)(void *ctx, const char *line), void *ctx,
    struct store_check_result *out, struct err *err)
{
    memset(out, 0, sizeof *out);
    return s->ops->check(s, on_fault, ctx, out, err);
}

int store_backup(struct store *s, const char *file, const char *const *extra_files, struct err *err)
{
    return s->ops->backup(s, file, extra_files, err);
}

int store_projection_digest(struct store *s, uint8_t out[32], struct err *err)
{
    return s->ops->digest(s, out, err);
}
