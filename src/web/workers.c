/* workers.c: the threads that answer requests of class POOL, and their bounded queue. No single route may
 * hold all of them, so that slow pages delay only each other. */
#include "web/inside.h"

#include <stdlib.h>

struct workers {
    pthread_mutex_t lock;
    pthread_cond_t more;
    struct request *first, **last;
    size_t queued, limit;
    bool stopping;
    void (*work)(struct request *r);
    unsigned started, per_route;
    const struct route **running; /* by thread: the route it is busy with */
    pthread_t threads[];
};

static unsigned running(const struct workers *w, const struct route *route)
{
    unsigned n = 0;
    for (unsigned i = 0; i < w->started; i++)
        n += w->running[i] == route;
    return n;
}

/* The first in the queue whose route leaves a thread to others. Called with the lock held. */
static struct request *next(struct workers *w)
{
    for (struct request **at = &w->first; *at; at = &(*at)->next) {
        struct request *r = *at;
        if (running(w, r->route) >= w->per_route)
            continue;
        *at = r->next;
        if (!*at)
            w->last = at;
        w->queued--;
        return r;
    }
    return NULL;
}

struct start {
    struct workers *workers;
    unsigned number;
};

static void *run(void *arg)
{
    struct start start = *(struct start *)arg;
    struct workers *w = start.workers;
    free(arg);
    pthread_mutex_lock(&w->lock);
    for (;;) {
        struct request *r = next(w);
        if (!r) {
            if (w->stopping && !w->first)
                break;
            pthread_cond_wait(&w->more, &w->lock);
            continue;
        }
        w->running[start.number] = r->route;
        pthread_mutex_unlock(&w->lock);
        w->work(r);
        pthread_mutex_lock(&w->lock);
        w->running[start.number] = NULL;
        if (w->first)
            pthread_cond_broadcast(&w->more);
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

struct workers *workers_create(unsigned threads, size_t queue, void (*work)(struct request *r))
{
    struct workers *w = calloc(1, sizeof *w + threads * sizeof(pthread_t));
    if (!w || !(w->running = calloc(threads, sizeof(*w->running)))) {
        free(w);
        return NULL;
    }
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->more, NULL);
    w->last = &w->first;
    w->limit = queue;
    w->work = work;
    w->per_route = threads > 1 ? threads - 1 : 1;
    for (unsigned i = 0; i < threads; i++) {
        struct start *start = malloc(sizeof *start);
        if (!start)
            break;
        *start = (struct start){w, i};
        pthread_mutex_lock(&w->lock);
        bool made = !pthread_create(&w->threads[i], NULL, run, start);
        w->started += made;
        pthread_mutex_unlock(&w->lock);
        if (!made) {
            free(start);
            break;
        }
    }
    if (w->started == 0) {
        workers_stop(w);
        return NULL;
    }
    return w;
}

/* How many of the same address wait. Called with the lock held. */
static size_t waiting(const struct workers *w, const struct request *r)
{
    size_t n = 0;
    for (const struct request *q = w->first; q; q = q->next)
        n += q->client.n == r->client.n && !memcmp(q->client.b, r->client.b, sizeof r->client.b);
    return n;
}

enum workers_result workers_add(struct workers *w, struct request *r)
{
    enum workers_result result = WORKERS_TAKEN;
    pthread_mutex_lock(&w->lock);
    if (w->queued >= w->limit || w->stopping)
        result = WORKERS_FULL;
    else if (!r->client_many && w->queued >= w->limit / 4 && waiting(w, r) >= w->limit / 4)
        result = WORKERS_TOO_MANY; /* one reader leaves room for others */
    if (result == WORKERS_TAKEN) {
        r->next = NULL;
        *w->last = r;
        w->last = &r->next;
        w->queued++;
        pthread_cond_signal(&w->more);
    }
    pthread_mutex_unlock(&w->lock);
    return result;
}

size_t workers_queued(struct workers *w)
{
    pthread_mutex_lock(&w->lock);
    size_t n = w->queued;
    pthread_mutex_unlock(&w->lock);
    return n;
}

void workers_stop(struct workers *w)
{
    if (!w)
        return;
    pthread_mutex_lock(&w->lock);
    w->stopping = true;
    pthread_cond_broadcast(&w->more);
    pthread_mutex_unlock(&w->lock);
    for (unsigned i = 0; i < w->started; i++)
        pthread_join(w->threads[i], NULL);
    pthread_cond_destroy(&w->more);
    pthread_mutex_destroy(&w->lock);
    free(w->running);
    free(w);
}
