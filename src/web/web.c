/* web.c: starting and stopping the room: settings, parts, and the wait until the store has caught up. */
#include "web/web.h"

#include "rating/service.h"

#include "base/log.h"
#include "web.sql.h"
#include "web/cache.h"
#include "web/challenge.h"
#include "web/filter.h"
#include "web/inside.h"
#include "web/page.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

const struct store_migration web_migrations[] = {
    {"web", 1, web_migrate_001_sql},
    {"web", 2, web_migrate_002_sql},
    {"web", 3, web_migrate_003_sql},
    {NULL},
};

const struct account_belonging web_belongings[] = {
    {session_remove_all},
    {web__draft_remove_all},
    {trust_private_forget},
    {service_member_forget},
    {web__filters_forget},
    {NULL},
};

static int read_settings(struct web *web, struct err *err)
{
    const struct config *c = node_config(web->node);
    web->site = config_text(c, "web", "site");
    web->url = config_text(c, "web", "url");
    web->hosts = config_text(c, "web", "host");
    web->sign_up = config_text(c, "web", "sign_up");
    web->proxy = config_bool(c, "web", "proxy");
    web->loopback_is_many = web->proxy || config_bool(c, "web", "loopback_is_many");
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    unsigned threads = (unsigned)config_int(c, "web", "threads");
    web->http = (struct http_settings){
        .threads = threads          ? threads
                   : processors > 4 ? 4
                   : processors < 2 ? 2
                                    : (unsigned)processors,
        .workers = (unsigned)config_int(c, "web", "workers"),
        .queue = (unsigned)config_int(c, "web", "queue"),
        .connections = (unsigned)config_int(c, "web", "connections"),
        .connections_per_address = (unsigned)config_int(c, "web", "connections_per_address"),
        .timeout = (unsigned)config_int(c, "web", "timeout"),
    };
    web->cache = cache_create((size_t)config_int(c, "web", "cache"));
    struct str url = str_of(web->url);
    web->secure = str_starts(url, STR("https://"));
    web->url_host = "";
    if (url.n) {
        size_t at = str_find(url, STR("://"));
        assert(at != SIZE_MAX); /* options.c lets nothing else in */
        web->url_host = web->url + at + 3;
    }
    return web->cache ? 0 : err_set(err, ERR_MEMORY, "out of memory");
}

/* Where there is TLS, "__Host-" binds a cookie to exactly this host. Cookies do not know ports, so without
 * TLS the port is part of the name: two nodes on one machine do not sign each other's readers out. */
static void name_cookies(struct web *web)
{
    const struct {
        char *out;
        const char *name;
    } cookies[] = {
        {web->session_cookie, "session"},
        {web->form_cookie, "form"},
        {web->device_cookie, "device"},
        {web->language_cookie, "language"},
        {web->notice_cookie, "notice"},
    };
    for (size_t i = 0; i < sizeof cookies / sizeof *cookies; i++)
        if (web->secure)
            snprintf(cookies[i].out, sizeof web->session_cookie, "__Host-widenet-%s", cookies[i].name);
        else
            snprintf(cookies[i].out, sizeof web->session_cookie, "widenet-%s-%d", cookies[i].name, web->port);
}

/* Waits for the store, then lets the pages be shown. A store that comes no further (the disk is full, say)
 * is not waited for: its writer goes on trying and says why, and what it has made so far can be read. */
static void *become_ready(void *arg)
{
    enum { step_ms = 200, patience = 5000 / step_ms };
    struct web *web = arg;
    struct err err = {0};
    struct store *store = node_store(web->node);
    uint64_t wanted = store_last_seq(store), seen = store_applied_seq(store);
    int idle = 0;
    while (!atomic_load(&web->stopping) && idle < patience &&
           store_wait_applied(store, wanted, step_ms, &err) == ERR_BUSY) {
        uint64_t applied = store_applied_seq(store);
        idle = applied == seen ? idle + 1 : 0;
        seen = applied;
    }
    if (idle == patience)
        log_event(LOG_LEVEL_WARN, "web", "ready-behind", "applied_seq=%llu last_seq=%llu",
            (unsigned long long)seen, (unsigned long long)wanted);
    if (!atomic_load(&web->stopping)) {
        session_sweep(web, &err);
        web__node_filter_begin(web);
        atomic_store_explicit(&web->ready, true, memory_order_release);
        log_event(LOG_LEVEL_INFO, "web", "ready", "port=%d", web->port);
    }
    return NULL;
}

/* Without the columns the tables answer, with the same result. */
static void open_index(struct web *web)
{
    struct err err = {0};
    char line[800], quoted[900];
    if (rating_index_open(node_store(web->node), node_directory(web->node), &web->ratings, &err) != 0) {
        web->ratings = NULL;
        log_event(LOG_LEVEL_WARN, "web", "no rating index", "error=%s",
            log_quote(err_line(&err, line, sizeof line), quoted, sizeof quoted));
    }
}

int web_start(struct node *node, const char *listen, struct web **out, struct err *err)
{
    struct web *web = calloc(1, sizeof *web);
    if (!web || sodium_init() < 0) {
        free(web);
        return err_set(err, ERR_MEMORY, "out of memory");
    }
    web->node = node;
    web->clock = *node_clock(node);
    web->rng = rng_system;
    web->listen_fd = -1;
    pthread_mutex_init(&web->idle_lock, NULL);
    pthread_cond_init(&web->idle, NULL);
    int code = route_index_create(web_route_tables, &web->routes, err);
    if (!code)
        code = read_settings(web, err);
    if (!code)
        code = web__node_filter_check(web, err);
    if (!code)
        code = http_listen(web, listen, err);
    if (!code) {
        name_cookies(web);
        web->rng.fill(web->rng.ctx, web->passing_secret, sizeof web->passing_secret);
        web->limits = limits_create(&web->rng);
        web->challenges = challenges_create();
        if (!web->limits || !web->challenges)
            code = err_set(err, ERR_MEMORY, "out of memory");
    }
    if (!code)
        code = session_secret(web, err);
    if (!code)
        open_index(web);
    if (!code)
        code = http_start(web, err);
    if (!code)
        code = web__services_start(node, &web->services, err);
    if (!code) {
        /* Nearly always there is nothing to wait for, and the first page need not be the waiting one. */
        struct store *store = node_store(node);
        if (store_applied_seq(store) >= store_last_seq(store))
            become_ready(web);
        else if (!(web->starter_runs = !pthread_create(&web->starter, NULL, become_ready, web)))
            code = err_set(err, ERR_MEMORY, "cannot start a thread");
    }
    if (code) {
        web_stop(web);
        return code;
    }
    *out = web;
    return 0;
}

int web_port(const struct web *web)
{
    return web->port;
}

void web_stop(struct web *web)
{
    if (!web)
        return;
    atomic_store(&web->stopping, true);
    if (web->starter_runs)
        pthread_join(web->starter, NULL);
    http_stop(web);
    web__services_stop(web->services);
    rating_index_close(web->ratings);
    cache_destroy(web->cache);
    limits_destroy(web->limits);
    challenges_destroy(web->challenges);
    route_index_destroy(web->routes);
    pthread_cond_destroy(&web->idle);
    pthread_mutex_destroy(&web->idle_lock);
    free(web->listen_host);
    explicit_bzero(web->secret, sizeof web->secret);
    explicit_bzero(web->passing_secret, sizeof web->passing_secret);
    free(web);
}
