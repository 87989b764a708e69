/* scan.c: NIP-01 queries and single look-ups over the indices, on a reader's snapshot.
 *
 * A filter's shape picks one index, which is walked newest first for each of its values; the best `limit`
 * places are kept in a heap, so that a walk stops as soon as it can add nothing. Only the winners are read.
 */
#include "store/sqlite/private.h"
#include "store_sql.h"

#include <stdlib.h>

struct place {
    int64_t created_at, idkey;
    uint64_t seq;
};

/* Order of results: newest first, then lower id. */
static int place_cmp(const void *pa, const void *pb)
{
    const struct place *a = pa, *b = pb;
    if (a->created_at != b->created_at)
        return a->created_at > b->created_at ? -1 : 1;
    if (a->idkey != b->idkey)
        return a->idkey < b->idkey ? -1 : 1;
    return a->seq < b->seq ? -1 : a->seq > b->seq;
}

/* A heap whose top is the worst of the best. */
struct best {
    struct place *at;
    size_t n, cap, limit;
};

static void best_add(struct best *b, struct place p)
{
    if (b->n < b->limit) {
        if (b->n == b->cap) {
            b->cap = b->cap ? 2 * b->cap : 64;
            b->at = realloc(b->at, b->cap * sizeof *b->at);
            if (!b->at)
                abort();
        }
        size_t i = b->n++;
        for (; i && place_cmp(&b->at[(i - 1) / 2], &p) < 0; i = (i - 1) / 2)
            b->at[i] = b->at[(i - 1) / 2];
        b->at[i] = p;
        return;
    }
    size_t i = 0;
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= b->n)
            break;
        if (child + 1 < b->n && place_cmp(&b->at[child + 1], &b->at[child]) > 0)
            child++;
        if (place_cmp(&b->at[child], &p) <= 0)
            break;
        b->at[i] = b->at[child];
        i = child;
    }
    b->at[i] = p;
}

static bool best_wants(const struct best *b, const struct place *p)
{
    return b->n < b->limit || (b->limit && place_cmp(p, &b->at[0]) < 0);
}

struct scan {
    struct store_read *read;
    struct sql *db;
    const struct filter *f;
    unsigned flags;
    int64_t *actors; /* of f->authors, sorted; unknown ones left out */
    size_t actor_count;
    bool check_kind, check_actor, check_record;
    const struct filter_tag *tag; /* whose values are walked */
    size_t value;                 /* the one at work */
    struct arena *arena;
    struct best best;
    bool counting, alone; /* of one filter alone there is nothing to keep */
    size_t count;
};

static int int64_cmp(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

static bool has_kind(const struct filter *f, int64_t kind)
{
    for (size_t low = 0, high = f->kind_count; low < high;) {
        size_t mid = (low + high) / 2;
        if (f->kinds[mid] == kind)
            return true;
        if (f->kinds[mid] < kind)
            low = mid + 1;
        else
            high = mid;
    }
    return false;
}

/* What is being erased and still stands in the indices. */
bool lite__leaving(struct store_read *r, uint64_t seq)
{
    const struct leaving *l = sql__leaving(r->sql);
    if (!l->n)
        return false;
    struct sql_cursor *c = sql_open(r->sql, &store_q_record_row);
    sql_int(c, 1, (int64_t)seq);
    bool yes = sql_step(c, NULL) == 1 && sql_col_int(c, 2) != 62 &&
               leaving__holds(l, sql_col_int(c, 1), sql_col_int(c, 3));
    sql_close(c, NULL);
    return yes;
}

static bool visible(
    struct store_read *r, uint64_t seq, int64_t state, bool expires, int64_t expires_at, unsigned flags)
{
    if (state == STORE_GONE || (state == STORE_OLD && !(flags & STORE_OLD_TOO)))
        return false;
    return (!expires || expires_at > r->now) && !lite__leaving(r, seq);
}

static int str_compare(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

/* A record that has several of the values is met by each of their walks; only the first one's counts. */
static bool first_meeting(const struct scan *s, const struct record *r)
{
    for (size_t i = 0; s->tag && s->tag->n > 1 && i < r->tag_count; i++) {
        const struct tag *t = &r->tags[i];
        if (t->n < 2 || t->v[0].n != 1 || t->v[0].p[0] != s->tag->letter)
            continue;
        const struct str *at = bsearch(&t->v[1], s->tag->values, s->tag->n, sizeof t->v[1], str_compare);
        if (at && (size_t)(at - s->tag->values) < s->value)
            return false;
    }
    return true;
}

/* 1: the record itself meets the filter (its tags were only hashes so far). */
static int record_meets(struct scan *s, uint64_t seq, struct err *err)
{
    struct sql_cursor *c = sql_open(s->db, &store_q_log_row);
    sql_int(c, 1, (int64_t)seq);
    int rc = sql_step(c, err);
    if (rc == 1) {
        struct record r;
        arena_reset(s->arena);
        struct str raw = sql_col_blob(c, 2);
        rc = raw.p && record_parse(s->arena, raw, &r, NULL) >= 0 && filter_matches(s->f, &r) &&
             first_meeting(s, &r);
    }
    sql_close(c, NULL);
    return rc;
}

/* Walks one statement whose columns are seq, idkey, created_at, state, expires_at, kind, actor. */
static int walk(struct scan *s, struct sql_cursor *c, struct err *err)
{
    int rc;
    while ((rc = sql_step(c, err)) == 1) {
        struct place p = {sql_col_int(c, 2), sql_col_int(c, 1), (uint64_t)sql_col_int(c, 0)};
        if (!s->counting && !best_wants(&s->best, &p)) {
            rc = 0;
            break; /* all that follow are later still */
        }
        if (s->check_kind && !has_kind(s->f, sql_col_int(c, 5)))
            continue;
        if (s->check_actor) {
            int64_t actor = sql_col_int(c, 6);
            if (!bsearch(&actor, s->actors, s->actor_count, sizeof actor, int64_cmp))
                continue;
        }
        int64_t state = sql_col_int(c, 3), expires_at = sql_col_int(c, 4);
        bool expires = !sql_col_null(c, 4);
        if (s->tag) {
            struct sql_cursor *row = sql_open(s->db, &store_q_scan_state);
            sql_int(row, 1, (int64_t)p.seq);
            rc = sql_step(row, err);
            state = rc == 1 ? sql_col_int(row, 0) : STORE_GONE;
            expires = rc == 1 && !sql_col_null(row, 1);
            expires_at = expires ? sql_col_int(row, 1) : 0;
            sql_close(row, NULL);
            if (rc < 0)
                break;
        }
        if (!visible(s->read, p.seq, state, expires, expires_at, s->flags))
            continue;
        if (s->check_record && (rc = record_meets(s, p.seq, err)) <= 0) {
            if (rc < 0)
                break;
            continue;
        }
        if (s->counting && s->alone)
            s->count++;
        else
            best_add(&s->best, p);
    }
    sql_close(c, NULL);
    return rc < 0 ? rc : 0;
}

static struct sql_cursor *scan_open(struct scan *s, const struct sql_statement *statement)
{
    struct sql_cursor *c = sql_open(s->db, statement);
    sql_int(c, 1, s->f->since);
    sql_int(c, 2, s->f->until);
    return c;
}

static int scan_ids(struct scan *s, struct err *err)
{
    const struct filter *f = s->f;
    int rc = 0;
    for (size_t i = 0; i < f->id_count && rc >= 0; i++) {
        struct sql_cursor *c = sql_open(s->db, &store_q_record_by_idkey);
        sql_int(c, 1, rules__idkey(&f->ids[i]));
        while ((rc = sql_step(c, err)) == 1) {
            uint64_t seq = (uint64_t)sql_col_int(c, 0);
            if (!visible(
                    s->read, seq, sql_col_int(c, 1), !sql_col_null(c, 2), sql_col_int(c, 2), STORE_OLD_TOO))
                continue;
            if ((rc = record_meets(s, seq, err)) < 0)
                break;
            if (!rc)
                continue;
            struct sql_cursor *row = sql_open(s->db, &store_q_record_row);
            sql_int(row, 1, (int64_t)seq);
            if (sql_step(row, err) == 1) {
                struct place p = {sql_col_int(row, 3), sql_col_int(row, 0), seq};
                if (best_wants(&s->best, &p))
                    best_add(&s->best, p);
            }
            sql_close(row, NULL);
        }
        sql_close(c, NULL);
    }
    return rc;
}

static int scan_tag(struct scan *s, const struct filter_tag *tag, struct err *err)
{
    s->tag = tag;
    s->check_record = true;
    s->check_kind = s->f->has_kinds;
    s->check_actor = s->f->has_authors;
    int rc = 0;
    for (size_t i = 0; i < tag->n && rc >= 0; i++) {
        s->value = i;
        struct sql_cursor *c = scan_open(s, &store_q_scan_tag);
        sql_int(c, 3, rules__hash(tag->letter, tag->values[i]));
        rc = walk(s, c, err);
    }
    return rc;
}

#define PAIRS_MAX 20000 /* authors × kinds; above it authors are walked whole */

static int scan_authors(struct scan *s, struct err *err)
{
    const struct filter *f = s->f;
    bool pairs = f->has_kinds && s->actor_count * f->kind_count <= PAIRS_MAX;
    s->check_kind = f->has_kinds && !pairs;
    int rc = 0;
    for (size_t i = 0; i < s->actor_count && rc >= 0; i++)
        for (size_t k = 0; k < (pairs ? f->kind_count : 1) && rc >= 0; k++) {
            struct sql_cursor *c = scan_open(s, pairs ? &store_q_scan_actor_kind : &store_q_scan_actor);
            sql_int(c, 3, s->actors[i]);
            if (pairs)
                sql_int(c, 4, f->kinds[k]);
            rc = walk(s, c, err);
        }
    return rc;
}

static int scan(struct scan *s, struct err *err)
{
    const struct filter *f = s->f;
    if ((f->has_ids && !f->id_count) || (f->has_authors && !f->author_count) ||
        (f->has_kinds && !f->kind_count) || f->since > f->until || (!s->best.limit && !s->counting))
        return 0;
    if (f->has_authors) {
        s->actors = calloc(f->author_count, sizeof *s->actors);
        if (!s->actors)
            return err_set(err, ERR_MEMORY, "no memory for %zu authors", f->author_count);
        for (size_t i = 0; i < f->author_count; i++) {
            int64_t actor = store_actor(s->db, &f->authors[i], err);
            if (actor < 0)
                return (int)actor;
            if (actor)
                s->actors[s->actor_count++] = actor;
        }
        qsort(s->actors, s->actor_count, sizeof *s->actors, int64_cmp);
        if (!s->actor_count)
            return 0;
    }
    if (f->has_ids)
        return scan_ids(s, err);
    const struct filter_tag *tag = NULL;
    for (size_t i = 0; i < f->tag_count; i++)
        if (!tag || f->tags[i].n < tag->n)
            tag = &f->tags[i];
    if (tag)
        return scan_tag(s, tag, err);
    if (f->has_authors)
        return scan_authors(s, err);
    int rc = 0;
    if (!f->has_kinds)
        return walk(s, scan_open(s, &store_q_scan_time), err);
    for (size_t k = 0; k < f->kind_count && rc >= 0; k++) {
        struct sql_cursor *c = scan_open(s, &store_q_scan_kind);
        sql_int(c, 3, f->kinds[k]);
        rc = walk(s, c, err);
    }
    return rc;
}

/* All filters' places in order, without doubles. */
static int collect(struct store_read *r, const struct filter *f, size_t n, unsigned flags, bool counting,
    struct place **out, size_t *count, struct err *err)
{
    struct buf all _cleanup_buf_ = BUF_INIT;
    struct arena *arena _cleanup_arena_ = arena_create(0);
    int rc = 0;
    *out = NULL;
    *count = 0;
    for (size_t i = 0; i < n && rc >= 0; i++) {
        struct scan s = {.read = r, .db = r->sql, .f = &f[i], .flags = flags, .arena = arena};
        s.best.limit = counting ? SIZE_MAX : f[i].limit < 0 ? STORE_DEFAULT_LIMIT : (size_t)f[i].limit;
        if (!counting && s.best.limit > STORE_DEFAULT_LIMIT)
            s.best.limit = STORE_DEFAULT_LIMIT;
        s.counting = counting;
        s.alone = n == 1;
        rc = scan(&s, err);
        *count += s.count;
        if (rc >= 0 && s.best.n) {
            qsort(s.best.at, s.best.n, sizeof *s.best.at, place_cmp);
            buf_add(&all, s.best.at, s.best.n * sizeof *s.best.at);
        }
        free(s.best.at);
        free(s.actors);
    }
    if (rc < 0)
        return rc;
    struct place *places = (struct place *)(void *)all.p;
    size_t total = all.n / sizeof *places, kept = 0;
    if (n > 1 && total) {
        qsort(places, total, sizeof *places, place_cmp);
        for (size_t k = 0; k < total; k++)
            if (!kept || places[k].seq != places[kept - 1].seq)
                places[kept++] = places[k];
        total = kept;
    }
    *out = places;
    *count += total;
    all = (struct buf)BUF_INIT;
    return 0;
}

/* Reads one record. 1: found, given to on_record, whose answer is in *answer. */
static int give(struct store_read *r, struct arena *arena, uint64_t seq, unsigned flags, store_on_record *on,
    void *ctx, int *answer, struct err *err)
{
    struct store_found f = {.seq = seq};
    struct sql_cursor *state = sql_open(r->sql, &store_q_scan_state);
    sql_int(state, 1, (int64_t)seq);
    int rc = sql_step(state, err);
    if (rc == 1)
        f.state = (enum store_state)sql_col_int(state, 0);
    sql_close(state, NULL);
    if (rc != 1)
        return rc;
    struct sql_cursor *c = sql_open(r->sql, &store_q_log_row);
    sql_int(c, 1, (int64_t)seq);
    if ((rc = sql_step(c, err)) == 1) {
        f.received_at = sql_col_int(c, 0);
        f.raw = sql_col_blob(c, 2);
        rc = f.raw.p != NULL;
        if (rc && (flags & STORE_PARSE)) {
            arena_reset(arena);
            rc = record_parse(arena, f.raw, &f.record, NULL) >=
                 0; /* a damaged one is passed over; check says so */
        }
        if (rc)
            *answer = on(ctx, &f);
    }
    sql_close(c, NULL);
    return rc;
}

/* Equal places but for the rest of the id: the whole ids decide. Hardly ever more than one. */
static int settle_ties(struct store_read *r, struct place *p, size_t n, struct err *err)
{
    for (size_t i = 1; i < n; i++) {
        if (p[i].created_at != p[i - 1].created_at || p[i].idkey != p[i - 1].idkey)
            continue;
        struct record_id id[2];
        for (int k = 0; k < 2; k++) {
            struct sql_cursor *c = sql_open(r->sql, &store_q_log_id);
            sql_int(c, 1, (int64_t)p[i - 1 + (size_t)k].seq);
            int rc = sql_step(c, err);
            struct str stored = rc == 1 ? sql_col_blob(c, 0) : (struct str){NULL, 0};
            memset(id[k].b, 0, 32);
            if (stored.n == 32)
                memcpy(id[k].b, stored.p, 32);
            sql_close(c, NULL);
            if (rc < 0)
                return rc;
        }
        if (memcmp(id[0].b, id[1].b, 32) > 0) {
            struct place swap = p[i];
            p[i] = p[i - 1];
            p[i - 1] = swap;
            i = i > 1 ? i - 2 : 0;
        }
    }
    return 0;
}

int lite__query(struct store_read *r, const struct filter *f, size_t n, unsigned flags, store_on_record *on,
    void *ctx, struct err *err)
{
    struct place *places;
    size_t count;
    int rc = collect(r, f, n, flags, false, &places, &count, err), answer = 0;
    if (rc >= 0)
        rc = settle_ties(r, places, count, err);
    struct arena *arena _cleanup_arena_ = arena_create(0);
    for (size_t i = 0; i < count && rc >= 0 && !answer; i++)
        rc = give(r, arena, places[i].seq, flags, on, ctx, &answer, err);
    free(places);
    return rc < 0 ? rc : answer;
}

int64_t lite__count(struct store_read *r, const struct filter *f, size_t n, struct err *err)
{
    struct place *places;
    size_t count;
    int rc = collect(r, f, n, 0, true, &places, &count, err);
    free(places);
    return rc < 0 ? rc : (int64_t)count;
}

/* Everything in arena; state GONE gives ERR_GONE. */
static int get_row(
    struct store_read *r, struct arena *arena, uint64_t seq, struct store_found *out, struct err *err)
{
    memset(out, 0, sizeof *out);
    out->seq = seq;
    struct sql_cursor *c = sql_open(r->sql, &store_q_scan_state);
    sql_int(c, 1, (int64_t)seq);
    int rc = sql_step(c, err);
    bool gone = false;
    if (rc == 1) {
        out->state = (enum store_state)sql_col_int(c, 0);
        gone = !visible(r, seq, out->state, !sql_col_null(c, 1), sql_col_int(c, 1), STORE_OLD_TOO);
    }
    sql_close(c, NULL);
    if (rc <= 0)
        return rc < 0 ? rc : err_set(err, ERR_NOT_FOUND, "no record has this place in the log");
    if (gone)
        return err_set(err, ERR_GONE, "the record was deleted or has expired");
    c = sql_open(r->sql, &store_q_log_row);
    sql_int(c, 1, (int64_t)seq);
    rc = sql_step(c, err);
    if (rc == 1) {
        out->received_at = sql_col_int(c, 0);
        out->raw = arena_str(arena, sql_col_blob(c, 2));
    }
    sql_close(c, NULL);
    if (rc < 0)
        return rc;
    if (rc == 0 || !out->raw.p)
        return err_set(err, ERR_GONE, "the record was erased");
    if (record_parse(arena, out->raw, &out->record, err) < 0)
        return err_set(err, ERR_CORRUPT, "record %lu is damaged", (unsigned long)seq);
    return 0;
}

int lite__log_raw(struct sql *db, struct arena *arena, uint64_t seq, struct str *out, struct err *err)
{
    struct sql_cursor *c = sql_open(db, &store_q_log_row);
    sql_int(c, 1, (int64_t)seq);
    int rc = sql_step(c, err);
    if (rc == 1 && !sql_col_null(c, 2))
        *out = arena_str(arena, sql_col_blob(c, 2));
    int closed = sql_close(c, err);
    return rc < 0 ? rc : closed;
}

int lite__get_seq(
    struct store_read *r, struct arena *arena, uint64_t seq, struct store_found *out, struct err *err)
{
    return get_row(r, arena, seq, out, err);
}

int lite__get(struct store_read *r, struct arena *arena, const struct record_id *id, struct store_found *out,
    struct err *err)
{
    uint64_t seq = 0;
    struct sql_cursor *c = sql_open(r->sql, &store_q_record_by_idkey);
    sql_int(c, 1, rules__idkey(id));
    int rc;
    while (!seq && (rc = sql_step(c, err)) == 1) {
        struct sql_cursor *row = sql_open(r->sql, &store_q_log_id);
        sql_int(row, 1, sql_col_int(c, 0));
        struct str stored = sql_step(row, err) == 1 ? sql_col_blob(row, 0) : (struct str){NULL, 0};
        if (stored.n == 32 && !memcmp(stored.p, id->b, 32))
            seq = (uint64_t)sql_col_int(c, 0);
        sql_close(row, NULL);
    }
    sql_close(c, NULL);
    if (rc < 0)
        return rc;
    if (seq)
        return get_row(r, arena, seq, out, err);
    static const struct sql_statement *const traces[] = {&store_q_tombstone_id, &store_q_deleted_id_gone};
    for (size_t i = 0; i < 2; i++) {
        c = sql_open(r->sql, traces[i]);
        sql_blob(c, 1, id->b, 32);
        rc = sql_step(c, err);
        sql_close(c, NULL);
        if (rc < 0)
            return rc;
        if (rc == 1)
            return err_set(err, ERR_GONE, i ? "its author deleted it" : "it was erased here");
    }
    return err_set(err, ERR_NOT_FOUND, "no record has this id here");
}

int lite__revisions(struct store_read *r, const struct address *a, unsigned flags, store_on_record *on,
    void *ctx, struct err *err)
{
    enum record_class class = record_class_of(a->kind);
    int64_t actor = store_actor(r->sql, &a->pubkey, err);
    if (actor < 0)
        return (int)actor;
    if (!actor || (class != RECORD_ADDRESSABLE && class != RECORD_REPLACEABLE))
        return 0;
    struct buf seqs _cleanup_buf_ = BUF_INIT;
    bool gone = false;
    struct sql_cursor *c = sql_open(r->sql, &store_q_record_of_address);
    sql_int(c, 1, actor);
    sql_int(c, 2, a->kind);
    sql_int(c, 3, class == RECORD_ADDRESSABLE ? rules__hash(0, a->d) : 0);
    int rc, answer = 0;
    while ((rc = sql_step(c, err)) == 1) {
        if (visible(r, (uint64_t)sql_col_int(c, 0), sql_col_int(c, 3), !sql_col_null(c, 4), sql_col_int(c, 4),
                flags)) {
            struct place p = {sql_col_int(c, 2), sql_col_int(c, 1), (uint64_t)sql_col_int(c, 0)};
            buf_add(&seqs, &p, sizeof p);
        } else {
            gone = true;
        }
    }
    sql_close(c, NULL);
    if (rc >= 0 && !gone && !seqs.n) { /* a deletion may have come before what it speaks of */
        c = sql_open(r->sql, &store_q_deleted_address_until);
        sql_int(c, 1, actor);
        sql_int(c, 2, a->kind);
        sql_int(c, 3, class == RECORD_ADDRESSABLE ? rules__hash(0, a->d) : 0);
        rc = sql_step(c, err);
        gone = rc == 1 && !sql_col_null(c, 0);
        sql_close(c, NULL);
    }
    struct place *places = (struct place *)(void *)seqs.p;
    size_t n = seqs.n / sizeof *places;
    if (rc >= 0)
        rc = settle_ties(r, places, n, err);
    struct arena *arena _cleanup_arena_ = arena_create(0);
    for (size_t i = 0; i < n && rc >= 0 && !answer; i++)
        rc = give(r, arena, places[i].seq, flags, on, ctx, &answer, err);
    if (rc < 0)
        return rc;
    return answer ? answer : gone ? STORE__GONE : 0;
}

int lite__follow(struct store_read *r, uint64_t after, size_t max, unsigned flags, store_on_record *on,
    void *ctx, struct err *err)
{
    struct arena *arena _cleanup_arena_ = arena_create(0);
    struct sql_cursor *c = sql_open(r->sql, &store_q_scan_seq);
    sql_int(c, 1, (int64_t)after);
    int rc = 0, answer = 0;
    size_t n = 0;
    while (n < max && !answer && (rc = sql_step(c, err)) == 1) {
        struct store_found f = {.seq = (uint64_t)sql_col_int(c, 0),
            .state = (enum store_state)sql_col_int(c, 3),
            .received_at = sql_col_int(c, 5),
            .raw = sql_col_blob(c, 6)};
        if (!f.raw.p || !visible(r, f.seq, f.state, !sql_col_null(c, 4), sql_col_int(c, 4), flags))
            continue;
        if (flags & STORE_PARSE) {
            arena_reset(arena);
            if (record_parse(arena, f.raw, &f.record, NULL) < 0)
                continue;
        }
        n++;
        answer = on(ctx, &f);
    }
    sql_close(c, NULL);
    return rc < 0 ? rc : answer < 0 ? answer : (int)n;
}
