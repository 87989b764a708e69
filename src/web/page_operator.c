/* page_operator.c: what the machine's operator watches: /healthz and /metrics. */
#include "web/cache.h"
#include "web/inside.h"

#include <stdio.h>
#include <unistd.h>

static void get_healthz(struct request *r)
{
    struct store *store = node_store(request_node(r));
    uint64_t last = store_last_seq(store), applied = store_applied_seq(store);
    bool ready = atomic_load(&r->web->ready), stopping = atomic_load(&r->web->stopping);
    /* The writer is alive if what it was given is applied within a minute, or goes on being applied. */
    int64_t now = clock_now(&r->web->clock);
    int64_t moved = atomic_load(&r->web->health_moved_at);
    if (applied >= last || applied != atomic_exchange(&r->web->health_applied, applied) || !moved) {
        atomic_store(&r->web->health_moved_at, now);
        moved = now;
    }
    bool stuck = applied < last && now - moved > 60;
    const char *state = stopping ? "stopping" : stuck ? "stuck" : ready ? "ok" : "starting";
    struct buf out _cleanup_buf_ = BUF_INIT;
    buf_addf(&out, "{\"state\":\"%s\",\"last_seq\":%llu,\"applied_seq\":%llu,\"lag\":%llu}\n", state,
        (unsigned long long)last, (unsigned long long)applied,
        (unsigned long long)(last > applied ? last - applied : 0));
    answer_json(r, !stuck && ready && !stopping ? 200 : 503, &out);
    answer_header(r, "Cache-Control", STR("no-store"));
}

static void add(struct buf *out, const char *type, const char *name, const char *help, uint64_t value)
{
    buf_addf(out, "# HELP widenet_%s %s\n# TYPE widenet_%s %s\nwidenet_%s %llu\n", name, help, name, type,
        name, (unsigned long long)value);
}

static uint64_t resident_bytes(void)
{
    unsigned long long whole = 0, resident = 0;
    FILE *f = fopen("/proc/self/statm", "re");
    if (f && fscanf(f, "%llu %llu", &whole, &resident) != 2)
        resident = 0;
    if (f)
        fclose(f);
    return resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void get_metrics(struct request *r)
{
    struct web *web = r->web;
    struct metrics *m = &web->metrics;
    struct store *store = node_store(web->node);
    struct buf out _cleanup_buf_ = BUF_INIT;
    add(&out, "counter", "http_requests_total", "Requests that were answered.", atomic_load(&m->requests));
    buf_addz(&out, "# HELP widenet_http_responses_total Answers by class of status.\n"
                   "# TYPE widenet_http_responses_total counter\n");
    for (unsigned i = 1; i < 6; i++)
        buf_addf(&out, "widenet_http_responses_total{class=\"%uxx\"} %llu\n", i,
            (unsigned long long)atomic_load(&m->status[i]));
    add(&out, "gauge", "http_connections", "Open connections.", (uint64_t)atomic_load(&m->connections));
    add(&out, "gauge", "http_requests_in_flight", "Requests begun and not yet answered.",
        (uint64_t)atomic_load(&m->in_flight));
    add(&out, "counter", "page_cache_hits_total", "Answers from the cache of finished pages.",
        atomic_load(&m->cache_hits));
    add(&out, "counter", "page_cache_misses_total", "Pages that had to be made for the cache.",
        atomic_load(&m->cache_misses));
    add(&out, "counter", "http_not_modified_total", "Cached pages the reader had already.",
        atomic_load(&m->not_modified));
    add(&out, "gauge", "page_cache_bytes", "Memory of the cache of finished pages.", cache_bytes(web->cache));
    add(&out, "gauge", "workers_queued", "Requests that wait for a worker.", workers_queued(web->workers));
    add(&out, "counter", "http_refused_busy_total", "Requests refused because the workers' queue was full.",
        atomic_load(&m->refused_busy));
    add(&out, "counter", "http_refused_limit_total", "Requests refused by a limit of rate.",
        atomic_load(&m->refused_limit));
    uint64_t us = atomic_load(&m->pool_us);
    buf_addf(&out,
        "# HELP widenet_handler_seconds Time spent in handlers.\n# TYPE widenet_handler_seconds summary\n"
        "widenet_handler_seconds_sum %llu.%06llu\nwidenet_handler_seconds_count %llu\n",
        (unsigned long long)(us / 1000000), (unsigned long long)(us % 1000000),
        (unsigned long long)atomic_load(&m->pool_count));
    add(&out, "gauge", "store_last_seq", "Records appended to the log.", store_last_seq(store));
    add(&out, "gauge", "store_applied_seq", "Records applied to indices and tables.",
        store_applied_seq(store));
    add(&out, "gauge", "process_resident_memory_bytes", "Resident memory of this process.", resident_bytes());
    answer_bytes(r, 200, "text/plain; version=0.0.4; charset=utf-8", buf_str(&out));
    answer_header(r, "Cache-Control", STR("no-store"));
}

/* method, path, handler, permission, csrf, class, caching, max_body, help */
const struct route page_operator_routes[] = {
    {"GET", "/healthz", get_healthz, ANYONE, CSRF_NONE, INLINE, CACHE_NEVER, 0,
        "200 while the node works, 503 while it starts, stops or is stuck."},
    {"GET", "/metrics", get_metrics, OPERATOR_LOOPBACK, CSRF_NONE, INLINE, CACHE_NEVER, 0,
        "Counters in Prometheus' text form, for this machine only."},
    {NULL},
};
