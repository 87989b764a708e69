/* services.c: rating services at work: when a week has ended, what their panels said is published under the
 * services' keys. Joins rating (what is due), node (who signs) and a thread that looks at the clock. */
#include "web/inside.h"

#include "base/log.h"
#include "rating/service.h"

#include <stdlib.h>

#define LOOK_SECONDS 60
#define AT_ONCE 100

static int order(struct node *node, const struct service_order *o, struct err *err)
{
    struct buf request _cleanup_buf_ = BUF_INIT;
    service_order_pack(o, &request);
    return node_call(node, "rating.service", buf_str(&request), NULL, err);
}

/* What is published already under the same address and date is no failure: the node ended between publishing
 * and noting it. */
static int publish(
    struct node *node, const struct pubkey *service, const struct aggregate *a, struct err *err)
{
    struct arena *arena _cleanup_arena_ = arena_create(1u << 18);
    struct record_draft draft = {.arena = arena}, mirror = {.arena = arena};
    int code = aggregate_write(a, &draft, err);
    if (!code)
        code = node_publish_unattended(node, service, &draft.r, false, NULL, err);
    if ((!code || code == ERR_INPUT) && aggregate_mirror(a, &mirror))
        code = node_publish_unattended(node, service, &mirror.r, false, NULL, err);
    if (code == ERR_INPUT) /* refused for good: it must not hold up the others */
        log_event(LOG_LEVEL_WARN, "web", "aggregate-refused", "number=%lld", (long long)a->number);
    else if (code)
        return code;
    return order(node, &(struct service_order){.what = SERVICE_PUBLISHED, .number = a->number}, err);
}

static int waiting(struct node *node, struct arena *arena, const struct pubkey *service,
    struct aggregate **out, size_t *n, struct err *err)
{
    struct store_read *read;
    int code = store_read_begin(node_store(node), &read, err);
    if (code)
        return code;
    code = service_waiting(read, arena, service, AT_ONCE, out, n, err);
    store_read_end(read);
    return code;
}

int web_service_publish(struct node *node, const struct pubkey *service, size_t *published, struct err *err)
{
    int code = order(node, &(struct service_order){.what = SERVICE_CLOSE, .service = *service}, err);
    for (size_t n = AT_ONCE; !code && n == AT_ONCE;) {
        struct arena *arena _cleanup_arena_ = arena_create(0);
        struct aggregate *found;
        code = waiting(node, arena, service, &found, &n, err);
        for (size_t i = 0; !code && i < n; i++)
            if (!(code = publish(node, service, &found[i], err)))
                ++*published;
    }
    return code;
}

/* ---- the thread */

struct web_services {
    struct node *node;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool stop;
};

static int work(struct node *node, struct err *err)
{
    struct arena *arena _cleanup_arena_ = arena_create(0);
    struct store_read *read;
    struct rating_service *services;
    size_t n = 0;
    int code = store_read_begin(node_store(node), &read, err);
    if (code)
        return code;
    code = service_list(read, arena, &services, &n, err);
    store_read_end(read);
    for (size_t i = 0; !code && i < n; i++) {
        size_t published = 0;
        code = web_service_publish(node, &services[i].key, &published, err);
        if (published)
            log_event(LOG_LEVEL_INFO, "web", "service-published", "aggregates=%zu", published);
    }
    return code;
}

static void *watch(void *arg)
{
    struct web_services *s = arg;
    struct err err;
    pthread_mutex_lock(&s->lock);
    while (!s->stop) {
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += LOOK_SECONDS;
        if (pthread_cond_timedwait(&s->wake, &s->lock, &until) == 0)
            continue; /* only stopping wakes it early */
        pthread_mutex_unlock(&s->lock);
        if (work(s->node, &err))
            log_event(LOG_LEVEL_WARN, "web", "services", "code=%d", err.code);
        pthread_mutex_lock(&s->lock);
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

int web__services_start(struct node *node, struct web_services **out, struct err *err)
{
    struct web_services *s = calloc(1, sizeof *s);
    if (!s)
        return err_set(err, ERR_MEMORY, "out of memory");
    pthread_condattr_t monotonic;
    s->node = node;
    pthread_mutex_init(&s->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&s->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (pthread_create(&s->thread, NULL, watch, s)) {
        pthread_cond_destroy(&s->wake);
        pthread_mutex_destroy(&s->lock);
        free(s);
        return err_set(err, ERR_MEMORY, "cannot start a thread");
    }
    *out = s;
    return 0;
}

void web__services_stop(struct web_services *s)
{
    if (!s)
        return;
    pthread_mutex_lock(&s->lock);
    s->stop = true;
    pthread_cond_signal(&s->wake);
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->thread, NULL);
    pthread_cond_destroy(&s->wake);
    pthread_mutex_destroy(&s->lock);
    free(s);
}
