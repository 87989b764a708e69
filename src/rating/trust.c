/* trust.c: a reader's own list, private or published, and how it widens, from the store's tables. */
#include "rating.sql.h"
#include "rating/judge.h"

#include <stdlib.h>

static int compare_entries(const void *a, const void *b)
{
    const struct trust_entry *x = a, *y = b;
    int order = memcmp(&x->key, &y->key, sizeof x->key);
    if (order)
        return order;
    if (x->weight != y->weight)
        return x->weight > y->weight ? -1 : 1;
    return str_cmp(x->petname, y->petname);
}

/* Sorted by key; of several edges to one the heaviest stays. */
static size_t join_entries(struct trust_entry *list, size_t n)
{
    size_t kept = 0;
    if (n)
        qsort(list, n, sizeof *list, compare_entries);
    for (size_t i = 0; i < n; i++)
        if (!kept || !pubkey_eq(&list[kept - 1].key, &list[i].key))
            list[kept++] = list[i];
    return kept;
}

static int no_memory(struct err *err)
{
    return err_set(err, ERR_MEMORY, "the trust list does not fit in memory");
}

struct entries {
    struct trust_entry *at;
    size_t n, cap;
};

static bool add_entry(struct entries *list, const struct trust_entry *e)
{
    if (list->n == list->cap) {
        size_t cap = list->cap ? 2 * list->cap : 64;
        struct trust_entry *at = realloc(list->at, cap * sizeof *at);
        if (!at)
            return false;
        list->at = at;
        list->cap = cap;
    }
    list->at[list->n++] = *e;
    return true;
}

static void finish_entries(struct entries *list)
{
    free(list->at);
}

/* Rows of (target, weight, petname); target is a key, or an actor's number. */
static int read_entries(struct sql *db, struct arena *arena, struct sql_cursor *c, bool by_number,
    struct trust_entry **out, size_t *n, struct err *err)
{
    struct entries list __attribute__((cleanup(finish_entries))) = {0};
    int step, status = 0;
    while (!status && (step = sql_step(c, err)) == 1) {
        struct trust_entry e = {.weight = (weight)sql_col_int(c, 1)};
        struct str key = by_number ? (struct str){NULL, 0} : sql_col_blob(c, 0);
        if (by_number ? !store_actor_key(db, sql_col_int(c, 0), &e.key) : key.n != sizeof e.key)
            continue;
        if (!by_number)
            memcpy(&e.key, key.p, sizeof e.key);
        e.petname = arena_str(arena, sql_col_text(c, 2));
        if (!e.petname.p || !add_entry(&list, &e))
            status = no_memory(err);
    }
    int closed = sql_close(c, err);
    if (status || step < 0 || closed)
        return status ? status : step < 0 ? step : closed;
    *n = join_entries(list.at, list.n);
    *out = ARENA_ARRAY(arena, struct trust_entry, *n + 1);
    if (!*out)
        return no_memory(err);
    if (*n)
        memcpy(*out, list.at, *n * sizeof **out);
    return 0;
}

int rating__trust_published(struct store_read *read, struct arena *arena, const struct pubkey *reader,
    struct trust_entry **out, size_t *n, struct err *err)
{
    *n = 0;
    *out = NULL;
    struct sql *db = store_read_sql(read);
    int64_t actor = store_actor(db, reader, err);
    if (actor <= 0)
        return (int)actor;
    struct sql_cursor *c = sql_open(db, &rating_trust_published);
    sql_int(c, 1, actor);
    return read_entries(db, arena, c, true, out, n, err);
}

int trust_own(struct store_read *read, struct arena *arena, const struct pubkey *reader,
    struct trust_entry **out, size_t *n, bool *is_private, struct err *err)
{
    struct sql *db = store_read_sql(read);
    struct sql_cursor *c = sql_open(db, &rating_trust_private);
    sql_blob(c, 1, reader->b, sizeof reader->b);
    int status = read_entries(db, arena, c, false, out, n, err);
    if (status)
        return status;
    *is_private = *n > 0;
    for (size_t i = 0; i < *n; i++)
        if (pubkey_eq(
                &(*out)[i].key, reader)) { /* trust in oneself is none; published lists are read so, too */
            memmove(&(*out)[i], &(*out)[i + 1], (*n - i - 1) * sizeof **out);
            --*n;
        }
    return *is_private ? 0 : rating__trust_published(read, arena, reader, out, n, err);
}

struct keeping {
    const struct pubkey *reader;
    const struct trust_entry *entries;
    size_t n;
};

static int keep(void *ctx, struct sql *db, struct err *err)
{
    const struct keeping *k = ctx;
    struct sql_cursor *c = sql_open(db, &rating_trust_private_forget);
    sql_blob(c, 1, k->reader->b, sizeof k->reader->b);
    int status = sql_done(c, err);
    if (!status)
        status = sql_done(sql_open(db, &rating_trust_changed), err);
    for (size_t i = 0; i < k->n && !status; i++) {
        c = sql_open(db, &rating_trust_private_add);
        sql_blob(c, 1, k->reader->b, sizeof k->reader->b);
        sql_blob(c, 2, k->entries[i].key.b, sizeof k->entries[i].key.b);
        sql_int(c, 3, (int64_t)k->entries[i].weight);
        sql_text(c, 4, k->entries[i].petname.p ? k->entries[i].petname : STR(""));
        status = sql_done(c, err);
    }
    return status;
}

int trust_private_forget(struct sql *db, const struct pubkey *reader, struct err *err)
{
    struct keeping k = {.reader = reader};
    return keep(&k, db, err);
}

int trust_private_keep(struct store *store, const struct pubkey *reader, const struct trust_entry *entries,
    size_t n, struct err *err)
{
    for (size_t i = 0; i < n; i++)
        if (!entries[i].weight || entries[i].weight > WEIGHT_ONE)
            return err_set(err, ERR_INPUT, "trust entry %zu has a weight outside (0, 1]", i + 1);
    struct keeping k = {reader, entries, n};
    return store_write(store, keep, &k, err);
}

/* ---- widening */

struct published {
    struct sql *db;
    struct rating__edge *edges;
    size_t cap;
};

static void finish_published(struct published *p)
{
    free(p->edges);
}

static int published_edges(
    void *ctx, struct arena *arena, int64_t node, const struct rating__edge **out, size_t *n, struct err *err)
{
    struct published *p = ctx;
    (void)arena;
    *n = 0;
    *out = NULL;
    struct sql_cursor *c = sql_open(p->db, &rating_trust_edges);
    sql_int(c, 1, node);
    int step;
    while ((step = sql_step(c, err)) == 1) {
        if (*n == p->cap) {
            size_t cap = p->cap ? 2 * p->cap : 1024;
            struct rating__edge *edges = realloc(p->edges, cap * sizeof *edges);
            if (!edges) {
                sql_close(c, NULL);
                return no_memory(err);
            }
            p->edges = edges;
            p->cap = cap;
        }
        p->edges[(*n)++] = (struct rating__edge){sql_col_int(c, 0), (weight)sql_col_int(c, 1)};
    }
    int closed = sql_close(c, err);
    *out = p->edges;
    return step < 0 ? step : closed;
}

static int compare_nodes(void *ctx, int64_t a, int64_t b)
{
    struct published *p = ctx;
    struct pubkey x = {{0}}, y = {{0}};
    store_actor_key(p->db, a, &x);
    store_actor_key(p->db, b, &y);
    return memcmp(&x, &y, sizeof x);
}

/* reader may be NULL. */
static int plant_seeds(struct sql *db, struct arena *arena, const struct pubkey *reader,
    const struct trust_entry *entries, size_t n, int64_t *reader_node, struct rating__seed **out,
    struct err *err)
{
    *reader_node = reader ? store_actor(db, reader, err) : 0;
    if (*reader_node < 0)
        return (int)*reader_node;
    *out = ARENA_ARRAY(arena, struct rating__seed, n + 1);
    if (!*out)
        return no_memory(err);
    for (size_t i = 0; i < n; i++) {
        (*out)[i] = (struct rating__seed){store_actor(db, &entries[i].key, err), entries[i].weight};
        if ((*out)[i].node < 0)
            return (int)(*out)[i].node;
    }
    return 0;
}

int rating__trust_reach(struct store_read *read, struct arena *arena, const struct pubkey *reader,
    const struct trust_entry *seeds, size_t n, unsigned depth, struct rating__weights *out, struct err *err)
{
    struct published p __attribute__((cleanup(finish_published))) = {.db = store_read_sql(read)};
    struct rating__graph graph = {&p, published_edges, compare_nodes};
    struct rating__seed *planted;
    int64_t node;
    int status = plant_seeds(p.db, arena, reader, seeds, n, &node, &planted, err);
    return status ? status : rating__spread_trust(&graph, arena, node, planted, n, depth, out, err);
}

static void key_of(
    struct sql *db, const struct rating__reached *r, const struct trust_entry *seeds, struct pubkey *out)
{
    if (r->seed != UINT32_MAX)
        *out = seeds[r->seed].key;
    else if (!store_actor_key(db, r->node, out))
        *out = (struct pubkey){{0}};
}

/* Reached by number, with its key, to be sorted by it. */
struct keyed {
    struct pubkey key;
    uint32_t index;
};

static int compare_keyed(const void *a, const void *b)
{
    return memcmp(&((const struct keyed *)a)->key, &((const struct keyed *)b)->key, sizeof(struct pubkey));
}

static size_t slot_of(int64_t actor, size_t size)
{
    return (size_t)(((uint64_t)actor * UINT64_C(0x9e3779b97f4a7c15)) >> 20) & (size - 1);
}

static int number_raters(struct arena *arena, struct trust_weights *w, struct err *err)
{
    size_t size = 16;
    while (size < 2 * w->n)
        size *= 2;
    uint32_t *slots = ARENA_ARRAY(arena, uint32_t, size);
    if (!slots)
        return no_memory(err);
    for (size_t i = 0; i < w->n; i++) {
        if (!w->raters[i].actor)
            continue;
        size_t at = slot_of(w->raters[i].actor, size);
        while (slots[at])
            at = (at + 1) & (size - 1);
        slots[at] = (uint32_t)i + 1;
    }
    w->by_actor = slots;
    w->by_actor_size = size;
    return 0;
}

uint32_t rating__rater_of(const struct trust_weights *w, int64_t actor)
{
    if (w->by_actor_size && actor > 0)
        for (size_t at = slot_of(actor, w->by_actor_size); w->by_actor[at];
             at = (at + 1) & (w->by_actor_size - 1))
            if (w->raters[w->by_actor[at] - 1].actor == actor)
                return w->by_actor[at] - 1;
    return UINT32_MAX;
}

int rating__trust_name(struct store_read *read, struct arena *arena, const struct rating__weights *reached,
    const struct trust_entry *seeds, struct trust_weights *out, struct err *err)
{
    struct sql *db = store_read_sql(read);
    *out = (struct trust_weights){.own_sum = reached->own_sum, .basis = STR("trusted")};
    struct keyed *keyed _cleanup_free_ = calloc(reached->n + 1, sizeof *keyed);
    uint32_t *place _cleanup_free_ = calloc(reached->n + 1, sizeof *place);
    out->raters = ARENA_ARRAY(arena, struct trusted, reached->n + 1);
    if (!keyed || !place || !out->raters)
        return no_memory(err);
    for (size_t i = 0; i < reached->n; i++) {
        keyed[i].index = (uint32_t)i;
        key_of(db, &reached->at[i], seeds, &keyed[i].key);
    }
    qsort(keyed, reached->n, sizeof *keyed, compare_keyed);
    for (size_t i = 0; i < reached->n; i++)
        place[keyed[i].index] = (uint32_t)i;
    for (size_t i = 0; i < reached->n; i++) {
        const struct rating__reached *r = &reached->at[keyed[i].index];
        struct trusted *t = &out->raters[i];
        *t = (struct trusted){.key = keyed[i].key,
            .actor = r->node,
            .weight = r->weight,
            .depth = r->depth,
            .path_length = r->length};
        for (unsigned k = 0; k < r->length; k++)
            t->path[k] = place[r->path[k]];
        t->parent = t->path[r->length > 1 ? r->length - 2 : 0];
    }
    out->n = reached->n;
    return number_raters(arena, out, err);
}

int trust_widen(struct store_read *read, struct arena *arena, const struct pubkey *reader,
    const struct trust_entry *seeds, size_t n, unsigned depth, struct trust_weights *out, struct err *err)
{
    struct rating__weights reached;
    int status = rating__trust_reach(read, arena, reader, seeds, n, depth, &reached, err);
    return status ? status : rating__trust_name(read, arena, &reached, seeds, out, err);
}

int trust_paths(struct store_read *read, struct arena *arena, const struct pubkey *reader,
    const struct trust_entry *seeds, size_t n, unsigned depth, const struct pubkey *rater, size_t max,
    struct trust_path **out, size_t *count, struct err *err)
{
    struct published p __attribute__((cleanup(finish_published))) = {.db = store_read_sql(read)};
    struct rating__graph graph = {&p, published_edges, compare_nodes};
    struct rating__seed *planted;
    struct rating__weights reached;
    struct rating__chain *chains = NULL;
    int64_t node, target = store_actor(p.db, rater, err);
    *count = 0;
    *out = ARENA_ARRAY(arena, struct trust_path, max + 1);
    if (!*out)
        return no_memory(err);
    for (size_t i = 0; i < n && target <= 0; i++)
        if (!target && pubkey_eq(&seeds[i].key, rater)) { /* trusted, though nobody has met it */
            (*out)[0] = (struct trust_path){.keys = {seeds[i].key}, .length = 1, .weight = seeds[i].weight};
            *count = max > 0;
        }
    if (target <= 0)
        return (int)target;
    int status = plant_seeds(p.db, arena, reader, seeds, n, &node, &planted, err);
    if (!status)
        status = rating__chains(
            &graph, arena, node, planted, n, depth, target, max, &reached, &chains, count, err);
    for (size_t i = 0; i < *count && !status; i++) {
        (*out)[i].length = chains[i].length;
        (*out)[i].weight = chains[i].weight;
        for (unsigned k = 0; k < chains[i].length; k++)
            key_of(p.db, &reached.at[chains[i].at[k]], seeds, &(*out)[i].keys[k]);
    }
    return status;
}
