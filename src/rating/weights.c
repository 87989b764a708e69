/* weights.c: how far trust reaches: a reader's list widened along published trust, DESIGN section 6,
 * "Weights".
 *
 * Mass flows level by level. A seed keeps its weight w and sends w/2 along its edges; any other key reached
 * with mass m keeps m − ⌊m/2⌋ and sends ⌊m/2⌋ at most, so that of all mass that ever enters a set of keys
 * from outside no more than that mass stays in it, however its members trust each other: whoever makes a
 * thousand keys gains nothing by them. Masses of one level for one key are summed before it keeps and sends,
 * each share is rounded down, so sums are the same whatever the order, and what rounding loses is lost, never
 * won.
 *
 * Knows nothing of records or keys: nodes are numbers, edges come from the graph that is passed in. Every
 * level is an array of entries; an entry remembers the one of the level before that gave most, so the path by
 * which most came is followed backwards level by level and cannot go in circles. */
#include "rating/engine.h"

#include <stdlib.h>

enum { max_depth = 3, max_reached = 1 << 24, max_chains = 1 << 16 };
static const weight epsilon = WEIGHT_ONE >> 20;

struct entry {        /* one node at one level */
    uint32_t reached; /* index */
    uint32_t from;    /* entry of the level before that gave most */
    weight mass, most;
};
struct level {
    struct entry *at;
    size_t n, cap;
};
struct spread {
    const struct rating__graph *graph;
    struct rating__reached *reached;
    size_t n, cap;
    uint32_t *slots; /* open addressing by node: index + 1, 0 empty */
    size_t slot_count;
    uint32_t *entry_of; /* of the level being made: entry + 1 for each reached; 0: none yet */
    struct level levels[max_depth + 1];
    weight *best; /* of each reached: the largest mass of a level, and that level's entry */
    uint8_t *best_level;
    uint32_t *best_entry;
    int64_t reader;
    /* Whose incoming edges are written down, by reached index; NULL: nobody's. */
    const bool *watched;
    size_t watched_count;
    struct rating__hop *hops;
    size_t hop_count, hop_cap;
    struct err *err;
};

static int no_memory(struct err *err)
{
    return err_set(err, ERR_MEMORY, "the trusted raters do not fit in memory");
}

static bool grow(void **at, size_t *cap, size_t n, size_t size)
{
    if (n < *cap)
        return true;
    size_t more = *cap ? 2 * *cap : 256;
    void *moved = realloc(*at, more * size);
    if (!moved)
        return false;
    *at = moved;
    *cap = more;
    return true;
}

/* ---- nodes */

static size_t slot_of(const struct spread *s, int64_t node)
{
    uint64_t hash = (uint64_t)node * UINT64_C(0x9e3779b97f4a7c15);
    size_t i = (size_t)(hash >> 20) & (s->slot_count - 1);
    while (s->slots[i] && s->reached[s->slots[i] - 1].node != node)
        i = (i + 1) & (s->slot_count - 1);
    return i;
}

static bool enlarge(struct spread *s)
{
    size_t cap = s->cap ? 2 * s->cap : 256;
    struct rating__reached *reached = realloc(s->reached, cap * sizeof *reached);
    if (reached)
        s->reached = reached;
    uint32_t *entry_of = realloc(s->entry_of, cap * sizeof *entry_of);
    if (entry_of)
        s->entry_of = entry_of;
    weight *best = realloc(s->best, cap * sizeof *best);
    if (best)
        s->best = best;
    uint8_t *best_level = realloc(s->best_level, cap);
    if (best_level)
        s->best_level = best_level;
    uint32_t *best_entry = realloc(s->best_entry, cap * sizeof *best_entry);
    if (best_entry)
        s->best_entry = best_entry;
    uint32_t *slots = calloc(2 * cap, sizeof *slots);
    if (!reached || !entry_of || !best || !best_level || !best_entry || !slots) {
        free(slots);
        return false;
    }
    free(s->slots);
    s->slots = slots;
    s->slot_count = 2 * cap;
    s->cap = cap;
    for (size_t i = 0; i < s->n; i++)
        if (s->reached[i].node)
            s->slots[slot_of(s, s->reached[i].node)] = (uint32_t)i + 1;
    return true;
}

/* Index of the node, which is added where it is new; node 0 is always new. UINT32_MAX: no memory. */
static uint32_t reach(struct spread *s, int64_t node, unsigned depth)
{
    if (node && s->slot_count) {
        size_t slot = slot_of(s, node);
        if (s->slots[slot])
            return s->slots[slot] - 1;
    }
    if (s->n == max_reached || (s->n == s->cap && !enlarge(s)))
        return UINT32_MAX;
    uint32_t index = (uint32_t)s->n++;
    s->reached[index] = (struct rating__reached){.node = node, .seed = UINT32_MAX, .depth = (uint8_t)depth};
    s->entry_of[index] = 0;
    s->best[index] = 0;
    s->best_level[index] = 0;
    s->best_entry[index] = 0;
    if (node)
        s->slots[slot_of(s, node)] = index + 1;
    return index;
}

/* ---- levels */

static bool from_is_lower(const struct spread *s, const struct level *before, uint32_t a, uint32_t b)
{
    return s->graph->compare(s->graph->ctx, s->reached[before->at[a].reached].node,
               s->reached[before->at[b].reached].node) < 0;
}

static int give(struct spread *s, unsigned to_level, uint32_t from, int64_t target, weight amount)
{
    uint32_t index = reach(s, target, to_level);
    if (index == UINT32_MAX)
        return no_memory(s->err);
    if (s->reached[index].seed != UINT32_MAX)
        return 0; /* what returns to a seed is dropped */
    struct level *level = &s->levels[to_level];
    if (!s->entry_of[index]) {
        if (!grow((void **)&level->at, &level->cap, level->n, sizeof *level->at))
            return no_memory(s->err);
        level->at[level->n] = (struct entry){index, from, amount, amount};
        s->entry_of[index] = (uint32_t)++level->n;
        return 0;
    }
    struct entry *e = &level->at[s->entry_of[index] - 1];
    e->mass += amount;
    if (amount > e->most ||
        (amount == e->most && from_is_lower(s, &s->levels[to_level - 1], from, e->from))) {
        e->most = amount;
        e->from = from;
    }
    return 0;
}

static int note_hop(
    struct spread *s, uint32_t from, int64_t target, unsigned level, weight w, uint64_t divisor)
{
    size_t slot = slot_of(s, target);
    uint32_t to = s->slots[slot] ? s->slots[slot] - 1 : UINT32_MAX;
    if (to >= s->watched_count || !s->watched[to])
        return 0;
    if (!grow((void **)&s->hops, &s->hop_cap, s->hop_count, sizeof *s->hops))
        return no_memory(s->err);
    s->hops[s->hop_count++] = (struct rating__hop){
        .from = from, .to = to, .level = (uint8_t)level, .weight = w, .divisor = divisor};
    return 0;
}

/* Sends half of an entry's mass along its edges into the next level. */
static int send(
    struct spread *s, struct arena *arena, unsigned level, uint32_t entry, struct rating__weights *out)
{
    const struct entry *e = &s->levels[level].at[entry];
    weight mass = e->mass;
    uint32_t from = e->reached;
    int64_t node = s->reached[from].node;
    if (!node || mass < epsilon)
        return 0;
    const struct rating__edge *edges;
    size_t n;
    int status = s->graph->edges(s->graph->ctx, arena, node, &edges, &n, s->err);
    if (status)
        return status;
    uint64_t sum = 0;
    for (size_t i = 0; i < n; i++)
        if (__builtin_add_overflow(sum, edges[i].weight, &sum))
            return err_set(s->err, ERR_LIMIT, "a trust list is too long to be summed");
    uint64_t divisor = sum > WEIGHT_ONE ? sum : WEIGHT_ONE;
    out->expanded++;
    out->edges += n;
    for (size_t i = 0; i < n && !status; i++) {
        rating__i128 amount = (rating__i128)mass * (rating__i128)edges[i].weight /
                              ((rating__i128)divisor * 2);
        if (edges[i].target == s->reader || !amount)
            continue;
        status = give(s, level + 1, entry, edges[i].target, (weight)amount);
        if (!status && s->watched)
            status = note_hop(s, from, edges[i].target, level + 1, edges[i].weight, divisor);
    }
    return status;
}

/* What a level's keys keep; the level is complete. */
static void keep(struct spread *s, unsigned level)
{
    for (size_t i = 0; i < s->levels[level].n; i++) {
        const struct entry *e = &s->levels[level].at[i];
        s->entry_of[e->reached] = 0;
        s->reached[e->reached].weight += level ? e->mass - e->mass / 2 : e->mass;
        if (e->mass > s->best[e->reached]) {
            s->best[e->reached] = e->mass;
            s->best_level[e->reached] = (uint8_t)level;
            s->best_entry[e->reached] = (uint32_t)i;
        }
    }
}

static int plant(struct spread *s, const struct rating__seed *seeds, size_t n, struct rating__weights *out)
{
    s->levels[0].at = calloc(n + 1, sizeof *s->levels[0].at);
    if (!s->levels[0].at)
        return no_memory(s->err);
    for (size_t i = 0; i < n; i++) {
        size_t before = s->n;
        uint32_t index = reach(s, seeds[i].node, 0);
        if (index == UINT32_MAX)
            return no_memory(s->err);
        if (s->n == before)
            return err_set(s->err, ERR_INTERNAL, "a trust list names one key twice");
        s->reached[index].seed = (uint32_t)i;
        s->levels[0].at[s->levels[0].n++] = (struct entry){index, 0, seeds[i].weight, 0};
        if (__builtin_add_overflow(out->own_sum, seeds[i].weight, &out->own_sum))
            return err_set(s->err, ERR_LIMIT, "a trust list is too long to be summed");
    }
    return 0;
}

static void trace(struct spread *s, struct rating__reached *r, uint32_t index)
{
    unsigned level = s->best_level[index];
    uint32_t entry = s->best_entry[index];
    r->length = (uint8_t)(level + 1);
    for (;; level--) {
        const struct entry *e = &s->levels[level].at[entry];
        r->path[level] = e->reached;
        entry = e->from;
        if (!level)
            break;
    }
}

static int run(struct spread *s, struct arena *arena, const struct rating__seed *seeds, size_t n,
    unsigned depth, struct rating__weights *out)
{
    *out = (struct rating__weights){0};
    if (depth > max_depth)
        return err_set(s->err, ERR_INPUT, "trust reaches at most %d steps", max_depth);
    int status = plant(s, seeds, n, out);
    for (unsigned level = 0; !status; level++) {
        keep(s, level);
        if (level == depth)
            break;
        struct arena *scratch _cleanup_arena_ = arena_create(0);
        for (size_t i = 0; i < s->levels[level].n && !status; i++) {
            status = send(s, scratch, level, (uint32_t)i, out);
            arena_reset(scratch);
        }
    }
    if (status)
        return status;
    for (size_t i = 0; i < s->n; i++)
        trace(s, &s->reached[i], (uint32_t)i);
    out->at = arena_alloc(arena, (s->n + 1) * sizeof *out->at);
    if (!out->at)
        return no_memory(s->err);
    if (s->n)
        memcpy(out->at, s->reached, s->n * sizeof *out->at);
    out->n = s->n;
    return 0;
}

static void finish(struct spread *s)
{
    free(s->reached);
    free(s->entry_of);
    free(s->best);
    free(s->best_level);
    free(s->best_entry);
    free(s->slots);
    for (unsigned i = 0; i <= max_depth; i++)
        free(s->levels[i].at);
    free(s->hops);
}

int rating__spread_trust(const struct rating__graph *graph, struct arena *arena, int64_t reader,
    const struct rating__seed *seeds, size_t n, unsigned depth, struct rating__weights *out, struct err *err)
{
    struct spread s __attribute__((cleanup(finish))) = {.graph = graph, .reader = reader, .err = err};
    return run(&s, arena, seeds, n, depth, out);
}

/* ---- all chains to one */

struct chains {
    const struct rating__graph *graph;
    const struct rating__weights *reached;
    const struct rating__hop *hops; /* sorted by (to, level) */
    size_t hop_count;
    struct rating__chain *found;
    size_t n;
};

static int by_target(const void *a, const void *b)
{
    const struct rating__hop *x = a, *y = b;
    if (x->to != y->to)
        return x->to < y->to ? -1 : 1;
    return (x->level > y->level) - (x->level < y->level);
}

static const struct rating__hop *first_hop(const struct chains *c, uint32_t to, unsigned level)
{
    size_t low = 0, high = c->hop_count;
    struct rating__hop want = {.to = to, .level = (uint8_t)level};
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (by_target(&c->hops[middle], &want) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < c->hop_count && !by_target(&c->hops[low], &want) ? &c->hops[low] : NULL;
}

static void add_chain(struct chains *c, const struct rating__hop *const *hops, unsigned level)
{
    if (c->n == max_chains)
        return;
    struct rating__chain *chain = &c->found[c->n];
    *chain = (struct rating__chain){.length = (uint8_t)(level + 1)};
    weight mass = c->reached->at[hops[0]->from].weight; /* a seed keeps what it has */
    for (unsigned i = 0; i < level; i++) {
        chain->at[i] = hops[i]->from;
        mass = (weight)((rating__i128)mass * (rating__i128)hops[i]->weight /
                        ((rating__i128)hops[i]->divisor * 2));
    }
    chain->at[level] = hops[level - 1]->to;
    chain->weight = mass - mass / 2;
    if (chain->weight)
        c->n++;
}

/* Steps back from the last hop of the three to a seed. */
static void walk_back(struct chains *c, uint32_t to, unsigned level, unsigned top)
{
    const struct rating__hop *chosen[max_depth], *at[max_depth];
    unsigned l = level;
    at[l - 1] = first_hop(c, to, l);
    for (;;) {
        const struct rating__hop *h = at[l - 1];
        uint32_t want = l == top ? to : chosen[l]->from;
        if (!h || h == c->hops + c->hop_count || h->to != want || h->level != l) {
            if (l++ == top)
                return;
            at[l - 1]++;
            continue;
        }
        chosen[l - 1] = h;
        if (l == 1) {
            add_chain(c, chosen, top);
            at[0]++;
        } else {
            l--;
            at[l - 1] = first_hop(c, h->from, l);
        }
    }
}

static int compare_chains(const void *a, const void *b, void *ctx)
{
    const struct rating__chain *x = a, *y = b;
    const struct chains *c = ctx;
    if (x->weight != y->weight)
        return x->weight > y->weight ? -1 : 1;
    if (x->length != y->length)
        return x->length < y->length ? -1 : 1;
    for (unsigned i = 0; i < x->length; i++) {
        int order = c->graph->compare(
            c->graph->ctx, c->reached->at[x->at[i]].node, c->reached->at[y->at[i]].node);
        if (order)
            return order;
    }
    return 0;
}

/* The widening is done once more for each step backwards, noting the edges that led to those watched. */
static int collect_hops(const struct rating__graph *graph, struct arena *arena, int64_t reader,
    const struct rating__seed *seeds, size_t n, unsigned depth, uint32_t target, size_t reached_count,
    struct rating__hop **out, size_t *count, struct err *err)
{
    bool *watched = arena_zero(arena, reached_count + 1, 1), *seen = arena_zero(arena, reached_count + 1, 1);
    if (!watched || !seen)
        return no_memory(err);
    watched[target] = seen[target] = true;
    size_t cap = 0;
    *out = NULL;
    *count = 0;
    int status = 0;
    for (unsigned pass = 0; pass < depth && !status; pass++) {
        struct spread s __attribute__((cleanup(finish))) = {
            .graph = graph, .reader = reader, .err = err, .watched = watched, .watched_count = reached_count};
        struct rating__weights again;
        if ((status = run(&s, arena, seeds, n, depth, &again)))
            break;
        memset(watched, 0, reached_count);
        bool more = false;
        for (size_t i = 0; i < s.hop_count; i++) {
            if (!grow((void **)out, &cap, *count, sizeof **out)) {
                status = no_memory(err);
                break;
            }
            (*out)[(*count)++] = s.hops[i];
            uint32_t from = s.hops[i].from;
            if (!seen[from] && again.at[from].seed == UINT32_MAX)
                more = watched[from] = seen[from] = true;
        }
        if (!more)
            break;
    }
    return status;
}

int rating__chains(const struct rating__graph *graph, struct arena *arena, int64_t reader,
    const struct rating__seed *seeds, size_t n, unsigned depth, int64_t target, size_t max,
    struct rating__weights *reached, struct rating__chain **out, size_t *count, struct err *err)
{
    *count = 0;
    *out = NULL;
    int status = rating__spread_trust(graph, arena, reader, seeds, n, depth, reached, err);
    if (status || !target || !max)
        return status;
    uint32_t index = UINT32_MAX;
    for (size_t i = 0; i < reached->n; i++)
        if (reached->at[i].node == target)
            index = (uint32_t)i;
    if (index == UINT32_MAX)
        return 0;
    if (reached->at[index].seed != UINT32_MAX) {
        if (!(*out = ARENA_ARRAY(arena, struct rating__chain, 1)))
            return no_memory(err);
        **out = (struct rating__chain){.at = {index}, .length = 1, .weight = reached->at[index].weight};
        *count = 1;
        return 0;
    }
    struct rating__hop *hops _cleanup_free_ = NULL;
    size_t hop_count = 0;
    status = collect_hops(graph, arena, reader, seeds, n, depth, index, reached->n, &hops, &hop_count, err);
    if (status)
        return status;
    struct rating__chain *found _cleanup_free_ = calloc(max_chains, sizeof *found);
    if (!found)
        return no_memory(err);
    struct chains c = {graph, reached, hops, hop_count, found, 0};
    if (hop_count)
        qsort(hops, hop_count, sizeof *hops, by_target);
    for (unsigned level = 1; level <= depth && hop_count; level++)
        walk_back(&c, index, level, level);
    if (c.n)
        qsort_r(found, c.n, sizeof *found, compare_chains, &c);
    if (c.n > max)
        c.n = max;
    *out = ARENA_ARRAY(arena, struct rating__chain, c.n + 1);
    if (!*out)
        return no_memory(err);
    if (c.n)
        memcpy(*out, found, c.n * sizeof *found);
    *count = c.n;
    return 0;
}
