/* look.c: queries of the memory back end: every entry is looked at, what fits is sorted. */
#include "store/memory/private.h"

#include <stdlib.h>

struct match {
    struct body *body;
    uint64_t seq;
    int64_t received_at;
    enum store_state state;
};
typedef LIST(struct match) matches;

static bool visible(const struct store_read *r, const struct entry *e, unsigned flags, struct match *out)
{
    enum store_state state = entry_state(e, ((const struct memory_read *)r)->version);
    if (!e->body || state == STORE_GONE || (state == STORE_OLD && !(flags & STORE_OLD_TOO)) ||
        (e->facts.expires_at && e->facts.expires_at <= r->now))
        return false;
    *out = (struct match){e->body, e->seq, e->received_at, state};
    return true;
}

static int newest_first(const void *pa, const void *pb)
{
    const struct match *a = pa, *b = pb;
    if (a->seq == b->seq)
        return 0;
    return record_is_newer(&a->body->record, &b->body->record) ? -1 : 1;
}

static void forget(struct memory *m, matches *all)
{
    pthread_mutex_lock(&m->mutex);
    for (size_t i = 0; i < all->n; i++)
        body_drop(all->at[i].body);
    pthread_mutex_unlock(&m->mutex);
    free(all->at);
}

/* Outside the mutex: on_record may do what it likes. Gives back what collecting took. */
static int give_all(struct store_read *r, matches *all, store_on_record *on, void *ctx)
{
    int answer = 0;
    for (size_t i = 0; i < all->n && !answer; i++) {
        const struct match *h = &all->at[i];
        struct store_found f = {h->seq, h->received_at, h->state, h->body->raw, h->body->record};
        answer = on(ctx, &f);
    }
    forget(memory_of(r->store), all);
    return answer;
}

static void collect(
    struct store_read *r, const struct filter *f, size_t n, unsigned flags, bool limited, matches *all)
{
    struct memory *m = memory_of(r->store);
    matches one = {0};
    memset(all, 0, sizeof *all);
    pthread_mutex_lock(&m->mutex);
    for (size_t i = 0; i < n; i++) {
        one.n = 0;
        for (size_t k = 0; k < m->log.n; k++) {
            struct match h;
            if (visible(r, &m->log.at[k], flags | (f[i].has_ids ? STORE_OLD_TOO : 0), &h) &&
                filter_matches(&f[i], &h.body->record))
                LIST_ADD(&one, h);
        }
        if (one.n)
            qsort(one.at, one.n, sizeof *one.at, newest_first);
        size_t limit = f[i].limit < 0 || f[i].limit > STORE_DEFAULT_LIMIT ? STORE_DEFAULT_LIMIT
                                                                          : (size_t)f[i].limit;
        for (size_t k = 0; k < one.n && (!limited || k < limit); k++)
            LIST_ADD(all, one.at[k]);
    }
    if (all->n)
        qsort(all->at, all->n, sizeof *all->at, newest_first);
    size_t kept = 0;
    for (size_t k = 0; k < all->n; k++)
        if (!kept || all->at[k].seq != all->at[kept - 1].seq)
            all->at[kept++] = all->at[k];
    all->n = kept;
    for (size_t k = 0; k < all->n; k++)
        body_take(all->at[k].body);
    pthread_mutex_unlock(&m->mutex);
    free(one.at);
}

int memory__query(struct store_read *r, const struct filter *f, size_t n, unsigned flags, store_on_record *on,
    void *ctx, struct err *err)
{
    matches all;
    collect(r, f, n, flags, true, &all);
    return give_all(r, &all, on, ctx);
}

int64_t memory__count(struct store_read *r, const struct filter *f, size_t n, struct err *err)
{
    matches all;
    collect(r, f, n, 0, false, &all);
    size_t count = all.n;
    forget(memory_of(r->store), &all);
    return (int64_t)count;
}

static int get_entry(struct store_read *r, struct arena *arena, const struct entry *e,
    struct store_found *out, struct err *err)
{
    struct match h;
    memset(out, 0, sizeof *out);
    if (!e || !e->born || e->born > ((struct memory_read *)r)->version)
        return err_set(err, ERR_NOT_FOUND, "no such record is here");
    if (!visible(r, e, STORE_OLD_TOO, &h))
        return err_set(err, ERR_GONE, "the record was deleted, erased or has expired");
    out->seq = h.seq;
    out->received_at = h.received_at;
    out->state = h.state;
    out->raw = arena_str(arena, h.body->raw);
    return record_parse(arena, out->raw, &out->record, err);
}

int memory__get_seq(
    struct store_read *r, struct arena *arena, uint64_t seq, struct store_found *out, struct err *err)
{
    struct memory *m = memory_of(r->store);
    pthread_mutex_lock(&m->mutex);
    const struct entry *e = seq && seq <= m->log.n ? &m->log.at[seq - 1] : NULL;
    int rc = e && !e->body ? err_set(err, ERR_NOT_FOUND, "no record has this place in the log")
                           : get_entry(r, arena, e, out, err);
    pthread_mutex_unlock(&m->mutex);
    return rc;
}

int memory__log_raw(struct sql *db, struct arena *arena, uint64_t seq, struct str *out, struct err *err)
{
    (void)err;
    struct memory *m = memory_of(sql__store(db));
    if (seq && seq <= m->log.n && m->log.at[seq - 1].body)
        *out = arena_str(arena, m->log.at[seq - 1].body->raw);
    return 0;
}

int memory__get(struct store_read *r, struct arena *arena, const struct record_id *id,
    struct store_found *out, struct err *err)
{
    struct memory *m = memory_of(r->store);
    pthread_mutex_lock(&m->mutex);
    const struct entry *e = NULL;
    for (size_t i = 0; i < m->log.n && !e; i++)
        if (m->log.at[i].body && record_id_eq(&m->log.at[i].body->record.id, id))
            e = &m->log.at[i];
    bool trace = false;
    for (size_t i = 0; i < m->tombstones.n; i++)
        trace = trace || (!m->tombstones.at[i].is_key && !memcmp(m->tombstones.at[i].b, id->b, 32));
    for (size_t i = 0; i < m->deleted_ids.n; i++)
        trace = trace || record_id_eq(&m->deleted_ids.at[i].id, id);
    int rc = !e && trace ? err_set(err, ERR_GONE, "it was deleted or erased")
                         : get_entry(r, arena, e, out, err);
    pthread_mutex_unlock(&m->mutex);
    return rc;
}

int memory__revisions(struct store_read *r, const struct address *a, unsigned flags, store_on_record *on,
    void *ctx, struct err *err)
{
    struct memory *m = memory_of(r->store);
    enum record_class class = record_class_of(a->kind);
    int64_t address = class == RECORD_ADDRESSABLE ? rules__hash(0, a->d) : 0;
    matches all = {0};
    bool gone = false;
    pthread_mutex_lock(&m->mutex);
    for (size_t i = 0; i < m->log.n; i++) {
        const struct entry *e = &m->log.at[i];
        struct match h;
        if (!e->body || !e->facts.has_address || e->facts.address != address ||
            e->body->record.kind != a->kind || !pubkey_eq(&e->body->record.pubkey, &a->pubkey) || !e->born ||
            e->born > ((struct memory_read *)r)->version)
            continue;
        if (!visible(r, e, flags, &h)) {
            gone = true;
            continue;
        }
        LIST_ADD(&all, h);
        body_take(h.body);
    }
    for (size_t i = 0; !gone && !all.n && i < m->deleted_addresses.n; i++) {
        const struct deleted_address *d = &m->deleted_addresses.at[i];
        gone = d->kind == a->kind && d->address == address && pubkey_eq(&d->by, &a->pubkey) &&
               m->log.at[d->seq - 1].born <= ((struct memory_read *)r)->version;
    }
    pthread_mutex_unlock(&m->mutex);
    if (all.n)
        qsort(all.at, all.n, sizeof *all.at, newest_first);
    int answer = give_all(r, &all, on, ctx);
    return answer ? answer : gone ? STORE__GONE : 0;
}

int memory__follow(struct store_read *r, uint64_t after, size_t max, unsigned flags, store_on_record *on,
    void *ctx, struct err *err)
{
    struct memory *m = memory_of(r->store);
    matches all = {0};
    pthread_mutex_lock(&m->mutex);
    for (size_t i = after; i < m->log.n && all.n < max; i++) {
        struct match h;
        if (!visible(r, &m->log.at[i], flags, &h))
            continue;
        LIST_ADD(&all, h);
        body_take(h.body);
    }
    pthread_mutex_unlock(&m->mutex);
    size_t n = 0;
    int answer = 0;
    for (; n < all.n && !answer; n++) {
        const struct match *h = &all.at[n];
        struct store_found f = {h->seq, h->received_at, h->state, h->body->raw, h->body->record};
        answer = on(ctx, &f);
    }
    forget(m, &all);
    return answer < 0 ? answer : (int)n;
}
