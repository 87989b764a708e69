/* change.c: what an appended record, time, or an erasure does to the memory back end. */
#include "store/memory/private.h"

#include <stdio.h>
#include <stdlib.h>

struct body *body_take(struct body *b)
{
    b->users++;
    return b;
}

void body_drop(struct body *b)
{
    if (!b || --b->users)
        return;
    arena_destroy(b->arena);
    free(b);
}

static int tell(struct memory *m, enum store_change_type type, const struct entry *e, bool was_current,
    bool erased, struct err *err)
{
    struct store_change change = {type, was_current, erased, e->seq, e->received_at, &e->body->record, 0};
    if (type == STORE_REMOVED && !erased)
        change.removed_at = m->deleted_at ? m->deleted_at : e->facts.expires_at;
    return tables__apply(m->rooms, &m->base.tables, &change, true, err);
}

static bool same_address(const struct entry *e, const struct pubkey *key, uint32_t kind, int64_t address)
{
    return e->body && e->facts.has_address && e->body->record.kind == kind && e->facts.address == address &&
           pubkey_eq(&e->body->record.pubkey, key);
}

static void drop_blobs_of(struct memory *m, const struct record *r);

static int remove_entry(struct memory *m, struct entry *e, bool erase, struct err *err)
{
    int rc = 0;
    if (!e->gone) {
        bool was_current = !e->old;
        e->gone = ++m->version;
        rc = tell(m, STORE_REMOVED, e, was_current, erase, err);
    } else if (erase) {
        rc = tell(m, STORE_FORGOTTEN, e, false, true, err);
    }
    if (rc < 0 || !erase)
        return rc;
    for (size_t i = 0; i < m->deleted_ids.n;)
        if (m->deleted_ids.at[i].seq == e->seq)
            m->deleted_ids.at[i] = m->deleted_ids.at[--m->deleted_ids.n];
        else
            i++;
    for (size_t i = 0; i < m->deleted_addresses.n;)
        if (m->deleted_addresses.at[i].seq == e->seq)
            m->deleted_addresses.at[i] = m->deleted_addresses.at[--m->deleted_addresses.n];
        else
            i++;
    struct body *body = e->body;
    e->body = NULL;
    drop_blobs_of(m, &body->record);
    body_drop(body);
    return 0;
}

/* By time, then by place: the order in which they would have gone one by one. */
int memory__sweep(struct memory *m, int64_t until, struct err *err)
{
    for (;;) {
        struct entry *next = NULL;
        for (size_t i = 0; i < m->applied; i++) {
            struct entry *e = &m->log.at[i];
            if (!e->body || e->gone || !e->born || !e->facts.expires_at || e->facts.expires_at > until)
                continue;
            if (!next || e->facts.expires_at < next->facts.expires_at)
                next = e;
        }
        if (!next)
            return 0;
        int rc = remove_entry(m, next, false, err);
        if (rc < 0)
            return rc;
    }
}

int memory__catch_up(struct memory *m, struct err *err)
{
    int64_t now = clock_now(&m->base.clock);
    if (now <= m->swept_until)
        return 0;
    int rc = memory__sweep(m, now, err);
    if (rc >= 0)
        m->swept_until = now;
    return rc;
}

/* ---- NIP-09 and tombstones */

static bool is_buried(const struct memory *m, const struct record *r, bool *by_key)
{
    *by_key = false;
    for (size_t i = 0; i < m->tombstones.n; i++)
        if (!m->tombstones.at[i].is_key && !memcmp(m->tombstones.at[i].b, r->id.b, 32))
            return true;
    *by_key = true;
    for (size_t i = 0; i < m->tombstones.n && r->kind != 62; i++)
        if (m->tombstones.at[i].is_key && !memcmp(m->tombstones.at[i].b, r->pubkey.b, 32) &&
            r->created_at <= m->tombstones.at[i].until)
            return true;
    return false;
}

static bool is_deleted(const struct memory *m, const struct record *r)
{
    struct facts f;
    rules__facts(r, &f);
    if (!rules__deletable(r->kind))
        return false;
    for (size_t i = 0; i < m->deleted_ids.n; i++)
        if (record_id_eq(&m->deleted_ids.at[i].id, &r->id) && pubkey_eq(&m->deleted_ids.at[i].by, &r->pubkey))
            return true;
    for (size_t i = 0; f.has_address && i < m->deleted_addresses.n; i++) {
        const struct deleted_address *d = &m->deleted_addresses.at[i];
        if (d->kind == r->kind && d->address == f.address && pubkey_eq(&d->by, &r->pubkey) &&
            r->created_at <= d->until)
            return true;
    }
    return false;
}

static struct entry *entry_of(struct memory *m, const struct record_id *id)
{
    for (size_t i = 0; i < m->log.n; i++)
        if (m->log.at[i].body && record_id_eq(&m->log.at[i].body->record.id, id))
            return &m->log.at[i];
    return NULL;
}

static int delete_id(struct memory *m, const struct entry *by, const struct record_id *id, struct err *err)
{
    struct entry *e = entry_of(m, id);
    const struct record *r = &by->body->record;
    if (e && e->born && !e->gone && pubkey_eq(&e->body->record.pubkey, &r->pubkey) &&
        rules__deletable(e->body->record.kind)) {
        int rc = remove_entry(m, e, false, err);
        if (rc < 0)
            return rc;
    }
    LIST_ADD(&m->deleted_ids, ((struct deleted_id){*id, r->pubkey, by->seq}));
    return 0;
}

static int delete_address(struct memory *m, const struct entry *by, const struct address *a, struct err *err)
{
    const struct record *r = &by->body->record;
    enum record_class class = record_class_of(a->kind);
    if ((class != RECORD_ADDRESSABLE && class != RECORD_REPLACEABLE) || !pubkey_eq(&a->pubkey, &r->pubkey))
        return 0;
    int64_t address = class == RECORD_ADDRESSABLE ? rules__hash(0, a->d) : 0;
    for (size_t i = 0; i < m->applied; i++) {
        struct entry *e = &m->log.at[i];
        if (e->gone || !same_address(e, &r->pubkey, a->kind, address) ||
            e->body->record.created_at > r->created_at)
            continue;
        int rc = remove_entry(m, e, false, err);
        if (rc < 0)
            return rc;
    }
    LIST_ADD(&m->deleted_addresses,
        ((struct deleted_address){r->pubkey, a->kind, address, r->created_at, by->seq}));
    return 0;
}

static int delete_all(struct memory *m, const struct entry *by, struct err *err)
{
    int rc = 0;
    const struct record *r = &by->body->record;
    m->deleted_at = r->created_at;
    for (size_t i = 0; i < r->tag_count && rc >= 0; i++) {
        const struct tag *t = &r->tags[i];
        struct record_id id;
        struct address a;
        if (t->n < 2)
            continue;
        if (str_eqz(t->v[0], "e") && rules__id_of(t->v[1], &id))
            rc = delete_id(m, by, &id, err);
        else if (str_eqz(t->v[0], "a") && address_parse(t->v[1], &a))
            rc = delete_address(m, by, &a, err);
    }
    m->deleted_at = 0;
    return rc;
}

/* ---- erasure */

/* With a deletion goes what it hid, with a revision the older ones of its address: see sqlite/erase.c. */
static bool spreads_to(const struct entry *from, const struct entry *to)
{
    const struct record *a = &from->body->record, *b = &to->body->record;
    if (!pubkey_eq(&a->pubkey, &b->pubkey))
        return false;
    if (from->facts.has_address && same_address(to, &a->pubkey, a->kind, from->facts.address) &&
        b->created_at <= a->created_at)
        return true;
    for (size_t i = 0; a->kind == 5 && to->gone && i < a->tag_count; i++) {
        struct record_id id;
        struct address address;
        if (a->tags[i].n < 2)
            continue;
        if (str_eqz(a->tags[i].v[0], "e") && rules__id_of(a->tags[i].v[1], &id) && record_id_eq(&id, &b->id))
            return true;
        if (str_eqz(a->tags[i].v[0], "a") && address_parse(a->tags[i].v[1], &address) &&
            pubkey_eq(&address.pubkey, &a->pubkey) && b->created_at <= a->created_at &&
            same_address(to, &a->pubkey, address.kind,
                record_class_of(address.kind) == RECORD_ADDRESSABLE ? rules__hash(0, address.d) : 0))
            return true;
    }
    return false;
}

static int erase_marked(struct memory *m, bool *marked, int64_t covered, struct err *err)
{
    int rc = 0;
    for (bool grown = true; grown;) {
        grown = false;
        for (size_t i = 0; i < m->log.n; i++)
            for (size_t k = 0; marked[i] && k < m->log.n; k++)
                if (!marked[k] && m->log.at[k].body && m->log.at[k].born &&
                    spreads_to(&m->log.at[i], &m->log.at[k]))
                    marked[k] = grown = true;
    }
    for (size_t i = 0; i < m->log.n && rc >= 0; i++) {
        if (!marked[i])
            continue;
        if (m->log.at[i].body->record.created_at > covered) {
            struct tombstone t = {.is_key = false};
            memcpy(t.b, m->log.at[i].body->record.id.b, 32);
            LIST_ADD(&m->tombstones, t);
        }
        rc = remove_entry(m, &m->log.at[i], true, err);
    }
    return rc;
}

static int erase_key(struct memory *m, const struct pubkey *key, int64_t until, struct err *err)
{
    struct tombstone t = {.is_key = true, .until = until};
    memcpy(t.b, key->b, 32);
    LIST_ADD(&m->tombstones, t);
    bool *marked = calloc(m->log.n + 1, 1);
    for (size_t i = 0; i < m->applied; i++) {
        const struct entry *e = &m->log.at[i];
        marked[i] = e->body && e->born && pubkey_eq(&e->body->record.pubkey, key) &&
                    e->body->record.created_at <= until && e->body->record.kind != 62;
    }
    int rc = erase_marked(m, marked, until, err);
    free(marked);
    return rc;
}

static int erase_id(struct memory *m, const struct record_id *id, struct err *err)
{
    struct tombstone t = {.is_key = false};
    memcpy(t.b, id->b, 32);
    LIST_ADD(&m->tombstones, t);
    struct entry *named = entry_of(m, id);
    if (!named)
        return 0;
    bool *marked = calloc(m->log.n + 1, 1);
    marked[named->seq - 1] = true;
    int rc = erase_marked(m, marked, INT64_MIN, err);
    free(marked);
    return rc;
}

struct wanted_blob {
    struct memory *m;
    const struct record *except;
    uint8_t sha256[32];
    bool used;
};

static void look_for_use(void *ctx, const uint8_t sha256[32])
{
    struct wanted_blob *w = ctx;
    w->used = w->used || !memcmp(w->sha256, sha256, 32);
}

static void drop_unused(void *ctx, const uint8_t sha256[32])
{
    struct memory *m = ctx;
    struct wanted_blob w = {.m = m};
    memcpy(w.sha256, sha256, 32);
    for (size_t i = 0; i < m->log.n && !w.used; i++)
        if (m->log.at[i].body)
            rules__blob_uses(&m->log.at[i].body->record, look_for_use, &w);
    for (size_t i = 0; !w.used && i < m->blobs.n; i++)
        if (!memcmp(m->blobs.at[i].sha256, sha256, 32)) {
            free((char *)m->blobs.at[i].bytes.p);
            m->blobs.at[i] = m->blobs.at[--m->blobs.n];
            return;
        }
}

static void drop_blobs_of(struct memory *m, const struct record *r)
{
    rules__blob_uses(r, drop_unused, m);
}

/* ---- an entry */

int memory__apply(struct memory *m, struct entry *e, struct err *err)
{
    int rc = memory__sweep(m, e->received_at, err);
    m->applied = e->seq;
    if (rc < 0 || !e->body)
        return rc;
    const struct record *r = &e->body->record;
    bool by_key;
    if (store_actor(m->rooms, &r->pubkey, err) < 0)
        return ERR_IO;
    e->born = ++m->version;
    if (is_buried(m, r, &by_key)) {
        e->gone = e->born;
        return remove_entry(m, e, true, err);
    }
    if (is_deleted(m, r)) {
        e->gone = e->born;
        return 0;
    }
    struct entry *newest = NULL;
    for (size_t i = 0; e->facts.has_address && i + 1 < e->seq; i++) {
        struct entry *other = &m->log.at[i];
        if (other->born && same_address(other, &r->pubkey, r->kind, e->facts.address) &&
            (!newest || record_is_newer(&other->body->record, &newest->body->record)))
            newest = other;
    }
    if (newest && record_is_newer(&newest->body->record, r)) {
        e->old = e->born;
        return tell(m, STORE_SUPERSEDED, e, false, false, err);
    }
    if (newest && !newest->gone && !newest->old) {
        newest->old = m->version;
        if ((rc = tell(m, STORE_SUPERSEDED, newest, true, false, err)) < 0)
            return rc;
    }
    if ((rc = tell(m, STORE_ADDED, e, false, false, err)) < 0)
        return rc;
    if (r->kind == 5)
        return delete_all(m, e, err);
    if (rules__vanishes(r, m->base.node_url))
        return erase_key(m, &r->pubkey, r->created_at, err);
    return 0;
}

static void put(struct memory *m, struct store_item *item, int64_t received_at)
{
    bool by_key;
    struct entry *have = entry_of(m, &item->record->id);
    const char *refusal = NULL;
    if (have && have->gone)
        refusal = "blocked: deleted by its author";
    else if (!have && is_buried(m, item->record, &by_key))
        refusal = by_key ? "blocked: its author has vanished or was erased" : "blocked: it was erased here";
    else if (!have && is_deleted(m, item->record))
        refusal = "blocked: deleted by its author";
    if (refusal || have) {
        item->verdict = refusal ? STORE_REFUSED : STORE_DUPLICATE;
        item->seq = have ? have->seq : 0;
        snprintf(
            item->reason, sizeof item->reason, "%s", refusal ? refusal : "duplicate: it is here already");
        return;
    }
    struct body *b = calloc(1, sizeof *b);
    if (!b)
        abort();
    b->users = 1;
    b->arena = arena_create(0);
    b->raw = arena_str(b->arena, item->raw);
    if (record_parse(b->arena, b->raw, &b->record, NULL) <
        0) { /* a caller who gave a raw that is not the record's */
        item->verdict = STORE_REFUSED;
        snprintf(item->reason, sizeof item->reason, "invalid: it cannot be read");
        body_drop(b);
        return;
    }
    struct entry e = {.seq = m->log.n + 1, .received_at = received_at, .body = b};
    rules__facts(&b->record, &e.facts);
    LIST_ADD(&m->log, e);
    item->seq = e.seq;
    item->verdict = STORE_NEW;
}

/* Runs one piece of work under the mutex in a transaction of the rooms' database. */
static int change(
    struct memory *m, int (*work)(struct memory *m, void *ctx, struct err *err), void *ctx, struct err *err)
{
    pthread_mutex_lock(&m->mutex);
    int rc = sql__begin(m->rooms, err);
    if (rc >= 0) {
        rc = work(m, ctx, err);
        int ended = sql__commit(m->rooms, err); /* the log does not go back, so neither do the rooms */
        rc = rc < 0 ? rc : ended;
    }
    m->rooms_version++;
    pthread_cond_broadcast(&m->changed);
    pthread_mutex_unlock(&m->mutex);
    return rc;
}

struct append {
    struct store_item *items;
    size_t n;
};

static int do_append(struct memory *m, void *ctx, struct err *err)
{
    struct append *a = ctx;
    int64_t received_at = clock_now(&m->base.clock);
    if (received_at < m->swept_until)
        received_at = m->swept_until;
    if (m->log.n && received_at < m->log.at[m->log.n - 1].received_at)
        received_at = m->log.at[m->log.n - 1].received_at;
    for (size_t i = 0; i < a->n; i++)
        if (a->items[i].verdict != STORE_REFUSED)
            put(m, &a->items[i], received_at);
    int rc = 0;
    while (rc >= 0 && m->applied < m->log.n)
        rc = memory__apply(m, &m->log.at[m->applied], err);
    return rc;
}

int memory__append(struct store *s, struct store_item *items, size_t n, struct err *err)
{
    return change(memory_of(s), do_append, &(struct append){items, n}, err);
}

struct wanted {
    const struct pubkey *key;
    const struct record_id *id;
    int64_t until;
};

static int do_erase(struct memory *m, void *ctx, struct err *err)
{
    const struct wanted *w = ctx;
    return w->key ? erase_key(m, w->key, w->until, err) : erase_id(m, w->id, err);
}

int memory__erase_key(
    struct store *s, const struct pubkey *key, int64_t until, const char *reason, struct err *err)
{
    return change(memory_of(s), do_erase, &(struct wanted){.key = key, .until = until}, err);
}

int memory__erase_id(struct store *s, const struct record_id *id, const char *reason, struct err *err)
{
    return change(memory_of(s), do_erase, &(struct wanted){.id = id}, err);
}

static int do_rebuild(struct memory *m, void *ctx, struct err *err)
{
    int rc = tables__create(m->rooms, &m->base.tables, err);
    m->deleted_ids.n = m->deleted_addresses.n = 0;
    for (size_t i = 0; i < m->log.n; i++)
        m->log.at[i].born = m->log.at[i].old = m->log.at[i].gone = 0;
    m->applied = 0;
    while (rc >= 0 && m->applied < m->log.n)
        rc = memory__apply(m, &m->log.at[m->applied], err);
    return rc < 0 ? rc : memory__sweep(m, m->swept_until, err);
}

int memory__rebuild(struct store *s, struct err *err)
{
    return change(memory_of(s), do_rebuild, NULL, err);
}
