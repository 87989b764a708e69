/* tail.c: ids of the log's unapplied end, hashed; and whose turn it is to write. */
#include "store/sqlite/private.h"

#include <errno.h>
#include <stdlib.h>

static size_t place(const struct tail *t, const struct record_id *id)
{
    uint64_t h;
    memcpy(&h, id->b + 8, sizeof h); /* an id is a hash, but its head may be ground for proof of work */
    return (size_t)(h * UINT64_C(0x9e3779b97f4a7c15) >> 20) & (t->size - 1);
}

uint64_t tail__find(const struct tail *t, const struct record_id *id)
{
    if (!t->count)
        return 0;
    for (size_t at = place(t, id); t->entries[at].seq; at = (at + 1) & (t->size - 1))
        if (record_id_eq(&t->entries[at].id, id))
            return t->entries[at].seq;
    return 0;
}

void tail__expect(const struct tail *t, const struct record_id *id)
{
    if (t->count)
        __builtin_prefetch(&t->entries[place(t, id)], 1);
}

static void insert(struct tail *t, const struct record_id *id, uint64_t seq)
{
    size_t at = place(t, id);
    while (t->entries[at].seq)
        at = (at + 1) & (t->size - 1);
    t->entries[at].id = *id;
    t->entries[at].seq = seq;
    t->count++;
}

/* Growing leaves out what the indices know by now, so its size stays in proportion to the backlog. */
void tail__add(struct tail *t, const struct record_id *id, uint64_t seq, uint64_t applied)
{
    if (2 * (t->count + 1) > t->size) {
        struct tail old = *t;
        size_t kept = 0;
        for (size_t i = 0; i < old.size; i++)
            kept += old.entries[i].seq > applied;
        t->size = 1024;
        while (t->size < 4 * (kept + 1))
            t->size *= 2;
        t->count = 0;
        t->entries = malloc(t->size * sizeof *t->entries);
        if (!t->entries)
            abort();
        /* Written, not calloc's: a page that is looked at before it is written faults twice, and the second
           time every thread's processor is told. */
        memset(t->entries, 0, t->size * sizeof *t->entries);
        for (size_t i = 0; i < old.size; i++)
            if (old.entries[i].seq > applied)
                insert(t, &old.entries[i].id, old.entries[i].seq);
        free(old.entries);
        if (t->floor < applied)
            t->floor = applied;
    }
    insert(t, id, seq);
}

/* The indices know all up to applied. */
void tail__clear(struct tail *t, uint64_t applied)
{
    free(t->entries);
    t->entries = NULL;
    t->count = t->size = 0;
    t->floor = t->known = applied;
}

struct timespec lite__deadline(int64_t us)
{
    int64_t t = monotonic_us() + us;
    return (struct timespec){.tv_sec = t / 1000000, .tv_nsec = t % 1000000 * 1000};
}

void lite__cond_init(pthread_cond_t *c)
{
    pthread_condattr_t a;
    pthread_condattr_init(&a);
    pthread_condattr_setclock(&a, CLOCK_MONOTONIC);
    pthread_cond_init(c, &a);
    pthread_condattr_destroy(&a);
}

void turn__take(struct turn *t)
{
    pthread_mutex_lock(&t->mutex);
    t->waiting++;
    while (t->held || t->demanded)
        pthread_cond_wait(&t->changed, &t->mutex);
    t->waiting--;
    t->held = true;
    pthread_mutex_unlock(&t->mutex);
}

void turn__take_patiently(struct turn *t, int64_t patience_us)
{
    struct timespec until = lite__deadline(patience_us);
    pthread_mutex_lock(&t->mutex);
    while (t->held || t->waiting) {
        if (t->demanded) {
            if (!t->held)
                break;
            pthread_cond_wait(&t->changed, &t->mutex);
        } else if (pthread_cond_timedwait(&t->changed, &t->mutex, &until) == ETIMEDOUT) {
            t->demanded = true;
        }
    }
    t->demanded = false;
    t->held = true;
    pthread_mutex_unlock(&t->mutex);
}

void turn__give(struct turn *t)
{
    pthread_mutex_lock(&t->mutex);
    t->held = false;
    pthread_cond_broadcast(&t->changed);
    pthread_mutex_unlock(&t->mutex);
}

bool turn__wanted(struct turn *t)
{
    pthread_mutex_lock(&t->mutex);
    bool wanted = t->waiting > 0;
    pthread_mutex_unlock(&t->mutex);
    return wanted;
}
