/* service_close.c: the end of an epoch: which aggregates a rating service publishes, their noise, and the
 * records that say them. What decides here is never a rating's value alone: numbers of ratings, what changed,
 * how often a rating took part already, and whether its text still stands. */
#include "rating/service.h"

#include "rating.sql.h"
#include "rating/private.h"

#include <stdio.h>

/* One member's word on one thing in one dimension. */
struct word {
    struct pubkey member;
    int32_t value, published; /* −1: none */
    unsigned uses;
    bool fits;
};
struct group {
    struct str coordinate, dimension;
    struct rating_target target; /* without address: the coordinate says it */
    struct word *words;
    size_t n, cap;
};
struct closing {
    struct arena *arena; /* of one group */
    struct sql *db;
    const struct pubkey *service;
    const struct rng *rng;
    int64_t epoch;
    struct err *err;
};

static bool counts(const struct word *w)
{
    return w->value >= 0 && w->fits && w->uses < SERVICE_USES;
}

static bool is_due(const struct group *g, uint32_t *raters)
{
    uint32_t n = 0, changed = 0, unchanged = 0;
    bool before = false;
    for (size_t i = 0; i < g->n; i++) {
        const struct word *w = &g->words[i];
        before |= w->published >= 0;
        n += counts(w);
        unchanged += counts(w) && w->value == w->published;
        changed += counts(w) ? w->value != w->published : w->published >= 0;
    }
    *raters = n;
    return n >= SERVICE_FIRST_RATERS &&
           (!before || (changed >= SERVICE_CHANGED && unchanged >= SERVICE_UNCHANGED));
}

static int touch(
    struct closing *c, const struct group *g, const struct word *w, const struct sql_statement *statement)
{
    struct sql_cursor *cursor = sql_open(c->db, statement);
    sql_blob(cursor, 1, c->service->b, sizeof c->service->b);
    sql_text(cursor, 2, g->coordinate);
    sql_text(cursor, 3, g->dimension);
    sql_blob(cursor, 4, w->member.b, sizeof w->member.b);
    return sql_done(cursor, c->err);
}

static int put(struct closing *c, const struct group *g, uint16_t value, uint32_t raters)
{
    struct sql_cursor *cursor = sql_open(c->db, &rating_aggregate_put);
    sql_blob(cursor, 1, c->service->b, sizeof c->service->b);
    sql_text(cursor, 2, g->coordinate);
    sql_text(cursor, 3, g->dimension);
    sql_int(cursor, 4, value);
    sql_int(cursor, 5, raters - raters % 5);
    sql_int(cursor, 6, c->epoch);
    sql_int(cursor, 7, g->target.type);
    sql_blob(cursor, 8, g->target.revision.b, sizeof g->target.revision.b);
    sql_blob(cursor, 9, g->target.author.b, sizeof g->target.author.b);
    sql_int(cursor, 10, g->target.kind);
    return sql_done(cursor, c->err);
}

static int close_group(struct closing *c, const struct group *g)
{
    uint32_t raters;
    if (!g->n || !is_due(g, &raters))
        return 0;
    int64_t sum = 0;
    int rc = 0;
    for (size_t i = 0; i < g->n && !rc; i++) {
        const struct word *w = &g->words[i];
        if (counts(w))
            sum += w->value;
        if (counts(w) || w->published >= 0)
            rc = touch(c, g, w, counts(w) ? &rating_mark_private_published : &rating_mark_private_left_out);
    }
    return rc ? rc
              : put(c, g, aggregate_value(sum + noise_laplace(c->rng, SERVICE_NOISE_SCALE), raters), raters);
}

static void col_bytes(struct sql_cursor *cursor, int column, uint8_t out[32])
{
    struct str bytes = sql_col_blob(cursor, column);
    if (bytes.n == 32)
        memcpy(out, bytes.p, 32);
}

static int add_word(struct closing *c, struct group *g, struct sql_cursor *cursor)
{
    if (g->n == g->cap) {
        size_t cap = g->cap ? g->cap * 2 : 64;
        struct word *more = ARENA_ARRAY(c->arena, struct word, cap);
        if (!more)
            return err_set(c->err, ERR_MEMORY, "no memory to close a rating service's week");
        if (g->n)
            memcpy(more, g->words, g->n * sizeof *more);
        g->words = more;
        g->cap = cap;
    }
    struct word *w = &g->words[g->n++];
    *w = (struct word){.value = sql_col_null(cursor, 3) ? -1 : (int32_t)sql_col_int(cursor, 3),
        .published = sql_col_null(cursor, 4) ? -1 : (int32_t)sql_col_int(cursor, 4),
        .uses = (unsigned)sql_col_int(cursor, 5),
        .fits = sql_col_int(cursor, 10) != 0};
    col_bytes(cursor, 2, w->member.b);
    if (counts(w)) { /* the aggregate speaks of a text that one of its ratings is of */
        g->target.type = (int)sql_col_int(cursor, 6);
        col_bytes(cursor, 7, g->target.revision.b);
        col_bytes(cursor, 8, g->target.author.b);
        g->target.kind = (uint32_t)sql_col_int(cursor, 9);
    }
    return 0;
}

/* The groups are read whole before any is changed: a cursor must not meet its own writes. */
static int close_groups(struct closing *c)
{
    size_t n = 0, cap = 0;
    struct group *groups = NULL;
    int rc = 0, step;
    struct sql_cursor *cursor = sql_open(c->db, &rating_marks_in_order);
    sql_blob(cursor, 1, c->service->b, sizeof c->service->b);
    while ((step = sql_step(cursor, c->err)) == 1 && !rc) {
        struct str coordinate = sql_col_text(cursor, 0), dimension = sql_col_text(cursor, 1);
        if (!n || !str_eq(groups[n - 1].coordinate, coordinate) ||
            !str_eq(groups[n - 1].dimension, dimension)) {
            if (n == cap) {
                size_t more = cap ? cap * 2 : 64;
                struct group *grown = ARENA_ARRAY(c->arena, struct group, more);
                if (!grown) {
                    rc = err_set(c->err, ERR_MEMORY, "no memory to close a rating service's week");
                    break;
                }
                if (n)
                    memcpy(grown, groups, n * sizeof *grown);
                groups = grown;
                cap = more;
            }
            groups[n++] = (struct group){
                .coordinate = arena_str(c->arena, coordinate), .dimension = arena_str(c->arena, dimension)};
        }
        rc = add_word(c, &groups[n - 1], cursor);
    }
    int closed = sql_close(cursor, rc || step < 0 ? NULL : c->err);
    rc = rc ? rc : step < 0 ? step : closed;
    for (size_t i = 0; i < n && !rc; i++)
        rc = close_group(c, &groups[i]);
    return rc;
}

static int run(struct closing *c, const struct sql_statement *statement, const int64_t *number)
{
    struct sql_cursor *cursor = sql_open(c->db, statement);
    sql_blob(cursor, 1, c->service->b, sizeof c->service->b);
    if (number)
        sql_int(cursor, 2, *number);
    return sql_done(cursor, c->err);
}

static int close_epoch(void *ctx, struct sql *db, struct err *err)
{
    struct closing *c = ctx;
    c->db = db;
    c->err = err;
    struct sql_cursor *cursor = sql_open(db, &rating_service_one);
    sql_blob(cursor, 1, c->service->b, sizeof c->service->b);
    int step = sql_step(cursor, err);
    int64_t closed_epoch = step == 1 ? sql_col_int(cursor, 4) : INT64_MAX;
    int rc = sql_close(cursor, step < 0 ? NULL : err);
    if (step < 0 || rc)
        return step < 0 ? step : rc;
    if (step == 0)
        return err_set(err, ERR_NOT_FOUND, "there is no such rating service on this node");
    if (closed_epoch >= c->epoch)
        return 0;
    rc = close_groups(c);
    if (!rc)
        rc = run(c, &rating_marks_clean, NULL);
    return rc ? rc : run(c, &rating_service_epoch_closed, &c->epoch);
}

int service_close(
    struct store *store, const struct pubkey *service, int64_t now, const struct rng *rng, struct err *err)
{
    struct arena *arena _cleanup_arena_ = arena_create(0);
    /* Epochs that passed while the node was away are one: nothing was rated in them apart. */
    struct closing c = {.arena = arena, .service = service, .rng = rng, .epoch = service_epoch(now) - 1};
    return store_write(store, close_epoch, &c, err);
}

/* ---- what waits */

int service_waiting(struct store_read *read, struct arena *arena, const struct pubkey *service, size_t max,
    struct aggregate **out, size_t *n, struct err *err)
{
    *n = 0;
    *out = ARENA_ARRAY(arena, struct aggregate, max ? max : 1);
    if (!*out)
        return err_set(err, ERR_MEMORY, "no memory for what waits to be published");
    struct sql_cursor *c = sql_open(store_read_sql(read), &rating_aggregates_waiting);
    sql_blob(c, 1, service->b, sizeof service->b);
    sql_int(c, 2, (int64_t)max);
    int step;
    while ((step = sql_step(c, err)) == 1 && *n < max) {
        struct aggregate *a = &(*out)[(*n)++];
        a->number = sql_col_int(c, 0);
        a->coordinate = arena_str(arena, sql_col_text(c, 1));
        a->dimension = arena_str(arena, sql_col_text(c, 2));
        a->value = (uint16_t)sql_col_int(c, 3);
        a->count = (uint32_t)sql_col_int(c, 4);
        a->epoch = sql_col_int(c, 5);
        a->target.type = (int)sql_col_int(c, 6);
        col_bytes(c, 7, a->target.revision.b);
        col_bytes(c, 8, a->target.author.b);
        a->target.kind = (uint32_t)sql_col_int(c, 9);
        if (a->target.type == RATING_OF_ADDRESS && !address_parse(a->coordinate, &a->target.address))
            --*n;
    }
    int rc = sql_close(c, step < 0 ? NULL : err);
    return step < 0 ? step : rc;
}

static int done(void *ctx, struct sql *db, struct err *err)
{
    struct sql_cursor *c = sql_open(db, &rating_aggregate_done);
    sql_int(c, 1, ((const struct aggregate *)ctx)->number);
    return sql_done(c, err);
}

int service_published(struct store *store, const struct aggregate *a, struct err *err)
{
    return store_write(store, done, (void *)a, err);
}

int aggregate_write(const struct aggregate *a, struct record_draft *out, struct err *err)
{
    struct rating_draft d = {.target = a->target, .dimension = a->dimension, .value = a->value};
    int rc = rating_write(&d, service_epoch_begin(a->epoch + 1), out, err);
    if (rc)
        return rc;
    char count[16];
    struct buf scale _cleanup_buf_ = BUF_INIT;
    snprintf(count, sizeof count, "%u", a->count);
    /* 2/n of a full rating, rounded up to thousandths; n as published, so it is never understated */
    uint32_t thousandths = (2000 + a->count - 1) / (a->count ? a->count : 1);
    buf_addf(&scale, "%u.%03u", thousandths / 1000, thousandths % 1000);
    record_draft_tag(out, "count", count, NULL);
    record_draft_tag(out, "noise", "laplace", scale.p, NULL);
    return out->failed ? err_set(err, ERR_LIMIT, "an aggregate did not fit into a record") : 0;
}

bool aggregate_mirror(const struct aggregate *a, struct record_draft *out)
{
    if (!str_eqz(a->dimension, "worth") || a->target.type == RATING_OF_ACTOR)
        return false;
    char rank[8];
    struct buf subject _cleanup_buf_ = BUF_INIT;
    buf_adds(&subject, a->coordinate);
    snprintf(rank, sizeof rank, "%u", a->value / 100u);
    record_draft_init(out, out->arena, a->target.type == RATING_OF_ADDRESS ? 30384 : 30383,
        service_epoch_begin(a->epoch + 1));
    record_draft_tag(out, "d", subject.p, NULL);
    record_draft_tag(out, "rank", rank, NULL);
    record_draft_content(out, STR(""));
    return !out->failed;
}
