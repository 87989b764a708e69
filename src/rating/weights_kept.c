/* weights_kept.c: widened weights kept from one page to the next, as long as nobody's trust changes.
 *
 * Widening asks the tables for the list of everybody who is reached; a page has no time for that. What is
 * kept is stamped with the count of all changes of trust, which is read in the same snapshot, so a page never
 * sees yesterday's. A seed whom the node had not met may be met later: while there is one, it is asked for.
 */
#include "rating.sql.h"
#include "rating/judge.h"

#include <pthread.h>
#include <stdlib.h>

enum { most_kept = 64 };
#define MOST_BYTES (64u << 20)

struct kept {
    struct pubkey reader;
    bool published, strangers;
    unsigned depth;
    int64_t version;
    uint64_t used; /* when, by count */
    size_t bytes;
    struct trust_weights weights; /* malloc'ed */
};
struct rating__weights_kept {
    pthread_mutex_t mutex;
    struct kept at[most_kept];
    size_t n, bytes;
    uint64_t uses;
};

struct rating__weights_kept *rating__weights_kept_create(void)
{
    struct rating__weights_kept *k = calloc(1, sizeof *k);
    if (!k)
        abort();
    pthread_mutex_init(&k->mutex, NULL);
    return k;
}

static void drop(struct rating__weights_kept *k, size_t i)
{
    free(k->at[i].weights.raters);
    free((void *)k->at[i].weights.by_actor);
    k->bytes -= k->at[i].bytes;
    k->at[i] = k->at[--k->n];
}

void rating__weights_kept_destroy(struct rating__weights_kept *k)
{
    if (!k)
        return;
    while (k->n)
        drop(k, k->n - 1);
    pthread_mutex_destroy(&k->mutex);
    free(k);
}

static int read_version(struct sql *db, int64_t *out, struct err *err)
{
    struct sql_cursor *c = sql_open(db, &rating_trust_version);
    int step = sql_step(c, err);
    *out = step == 1 ? sql_col_int(c, 0) : 0;
    int closed = sql_close(c, err);
    return step < 0 ? step : closed;
}

static bool same(const struct kept *k, const struct pubkey *reader, bool published, unsigned depth)
{
    return pubkey_eq(&k->reader, reader) && k->published == published && k->depth == depth;
}

static bool copy_into(struct arena *arena, const struct trust_weights *from, struct trust_weights *out)
{
    *out = *from;
    out->raters = arena_alloc(arena, (from->n + 1) * sizeof *out->raters);
    uint32_t *by_actor = arena_alloc(arena, from->by_actor_size * sizeof *by_actor);
    out->by_actor = by_actor;
    if (!out->raters || !by_actor)
        return false;
    if (from->n)
        memcpy(out->raters, from->raters, from->n * sizeof *out->raters);
    memcpy(by_actor, from->by_actor, from->by_actor_size * sizeof *by_actor);
    return true;
}

/* Somebody of whom nothing was known when the weights were made is known now. */
static bool met_a_stranger(struct sql *db, const struct trust_weights *w)
{
    for (size_t i = 0; i < w->n; i++)
        if (!w->raters[i].actor && store_actor(db, &w->raters[i].key, NULL) > 0)
            return true;
    return false;
}

static bool find(struct rating__weights_kept *k, struct store_read *read, struct arena *arena,
    const struct pubkey *reader, bool published, unsigned depth, int64_t version, struct trust_weights *out)
{
    bool found = false, strangers = false;
    pthread_mutex_lock(&k->mutex);
    for (size_t i = 0; i < k->n && !found; i++)
        if (same(&k->at[i], reader, published, depth) && k->at[i].version == version) {
            k->at[i].used = ++k->uses;
            strangers = k->at[i].strangers;
            found = copy_into(arena, &k->at[i].weights, out);
        }
    pthread_mutex_unlock(&k->mutex);
    return found && !(strangers && met_a_stranger(store_read_sql(read), out));
}

static bool copy_out(const struct trust_weights *from, struct trust_weights *out)
{
    *out = *from;
    out->raters = malloc((from->n + 1) * sizeof *out->raters);
    uint32_t *by_actor = malloc(from->by_actor_size * sizeof *by_actor);
    out->by_actor = by_actor;
    if (!out->raters || !by_actor) {
        free(out->raters);
        free(by_actor);
        return false;
    }
    if (from->n)
        memcpy(out->raters, from->raters, from->n * sizeof *out->raters);
    memcpy(by_actor, from->by_actor, from->by_actor_size * sizeof *by_actor);
    return true;
}

static size_t longest_unused(const struct rating__weights_kept *k)
{
    size_t oldest = 0;
    for (size_t i = 1; i < k->n; i++)
        if (k->at[i].used < k->at[oldest].used)
            oldest = i;
    return oldest;
}

static void keep(struct rating__weights_kept *k, const struct pubkey *reader, bool published, unsigned depth,
    int64_t version, const struct trust_weights *w)
{
    struct kept fresh = {.reader = *reader, .published = published, .depth = depth, .version = version};
    fresh.bytes = (w->n + 1) * sizeof *w->raters + w->by_actor_size * sizeof *w->by_actor;
    for (size_t i = 0; i < w->n; i++)
        fresh.strangers = fresh.strangers || !w->raters[i].actor;
    if (fresh.bytes > MOST_BYTES || !copy_out(w, &fresh.weights))
        return;
    pthread_mutex_lock(&k->mutex);
    for (size_t i = k->n; i-- > 0;)
        if (same(&k->at[i], reader, published, depth))
            drop(k, i);
    while (k->n && (k->n == most_kept || k->bytes + fresh.bytes > MOST_BYTES))
        drop(k, longest_unused(k));
    fresh.used = ++k->uses;
    k->bytes += fresh.bytes;
    k->at[k->n++] = fresh;
    pthread_mutex_unlock(&k->mutex);
}

int rating__trusted_weights(struct store_read *read, struct rating__weights_kept *kept, struct arena *arena,
    const struct pubkey *reader, bool published, unsigned depth, struct trust_weights *out, struct err *err)
{
    int64_t version = 0;
    struct trust_entry *seeds;
    size_t n;
    bool is_private;
    int status = kept ? read_version(store_read_sql(read), &version, err) : 0;
    if (status)
        return status;
    if (kept && find(kept, read, arena, reader, published, depth, version, out))
        return 0;
    status = published ? rating__trust_published(read, arena, reader, &seeds, &n, err)
                       : trust_own(read, arena, reader, &seeds, &n, &is_private, err);
    if (!status)
        status = trust_widen(read, arena, reader, seeds, n, depth, out, err);
    if (!status && kept)
        keep(kept, reader, published, depth, version, out);
    return status;
}
