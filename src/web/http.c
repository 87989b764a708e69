/* http.c: the server over libmicrohttpd: reads a request's head, refuses what is not one of ours, collects
 * forms, hands over to handlers on the event loop or to the workers, and queues the answers. */
#include "base/utf8.h"
#include "web/cache.h"
#include "web/inside.h"
#include "web/reply.h"

#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <sodium.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_BODIES (96LL << 20) /* bytes of all forms that are being sent */

/* ---- the head */

/* One row a header that is read: where it goes, and whether it may stand only once. */
static const struct {
    struct str name;
    size_t offset;
    bool once;
} headers[] = {
    {STR_INIT("host"), offsetof(struct request_headers, host), true},
    {STR_INIT("cookie"), offsetof(struct request_headers, cookie), false},
    {STR_INIT("accept-language"), offsetof(struct request_headers, accept_language), false},
    {STR_INIT("accept-encoding"), offsetof(struct request_headers, accept_encoding), false},
    {STR_INIT("if-none-match"), offsetof(struct request_headers, if_none_match), false},
    {STR_INIT("origin"), offsetof(struct request_headers, origin), true},
    {STR_INIT("sec-fetch-site"), offsetof(struct request_headers, sec_fetch_site), true},
    {STR_INIT("content-type"), offsetof(struct request_headers, content_type), true},
    {STR_INIT("content-length"), offsetof(struct request_headers, content_length), true},
    {STR_INIT("transfer-encoding"), offsetof(struct request_headers, transfer_encoding), true},
    {STR_INIT("x-forwarded-for"), offsetof(struct request_headers, forwarded_for), false},
    {STR_INIT("x-forwarded-proto"), offsetof(struct request_headers, forwarded_proto), false},
    {STR_INIT("range"), offsetof(struct request_headers, range), true},
    {STR_INIT("if-range"), offsetof(struct request_headers, if_range), true},
};

/* RFC 9110 §5.6.2. "Content-Length " with a space is another header to us and the length to some proxies. */
static bool clean_name(struct str name)
{
    for (size_t i = 0; i < name.n; i++)
        if ((unsigned char)name.p[i] <= 0x20 || (unsigned char)name.p[i] >= 0x7f ||
            strchr("\"(),/:;<=>?@[\\]{}", name.p[i]))
            return false;
    return name.n > 0;
}

static bool clean_value(const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (((unsigned char)p[i] < 0x20 && p[i] != '\t') || p[i] == 0x7f)
            return false;
    return true;
}

static enum MHD_Result take_header(void *cls, enum MHD_ValueKind kind, const char *key, size_t key_size,
    const char *value, size_t value_size)
{
    struct request_headers *in = cls;
    struct str name = {key, key_size}, text = {value ? value : "", value ? value_size : 0};
    in->bytes += name.n + text.n + 4;
    if (!clean_name(name) || !clean_value(text.p, text.n))
        in->bad = true;
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        if (name.n != headers[i].name.n || !str_eq_nocase(name, headers[i].name))
            continue;
        struct str *held = (struct str *)((char *)in + headers[i].offset);
        if (held->p && headers[i].once)
            in->bad = true;
        *held = text;
        break;
    }
    if (str_starts(name, STR("X-Forwarded-")) || str_starts(name, STR("x-forwarded-")) ||
        str_eq_nocase(name, STR("forwarded")) || str_eq_nocase(name, STR("via")))
        in->forwarded = true;
    return MHD_YES;
}

/* What limits count by of a socket's address: all of IPv4, a /64 of IPv6. */
static bool key_of_peer(const struct sockaddr *peer, struct limit_key *key)
{
    *key = (struct limit_key){0};
    if (peer && peer->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)peer;
        memcpy(key->b, &v4->sin_addr, key->n = 4);
        return key->b[0] == 127;
    }
    if (!peer || peer->sa_family != AF_INET6)
        return false;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)peer;
    bool mapped = IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr);
    key->n = mapped ? 4 : 8;
    memcpy(key->b, v6->sin6_addr.s6_addr + (mapped ? 12 : 0), key->n);
    return mapped ? key->b[0] == 127 : IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
}

static void read_client(struct request *r)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(
        r->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    r->client_loopback = key_of_peer(info ? info->client_addr : NULL, &r->client);
    r->client_many = r->client_loopback && r->web->loopback_is_many;
    if (r->web->proxy && r->client_loopback && r->in.forwarded_for.n) {
        struct str list = r->in.forwarded_for, last = list, piece;
        while (str_cut(&list, ',', &piece))
            last = piece; /* the one our own proxy added */
        struct limit_key key;
        if (limit_key_of_text(last, &key)) {
            r->client = key;
            r->client_many = false;
        }
    }
}

/* Refuses what is no request for us. True: go on. */
static bool check_head(struct request *r)
{
    struct web *web = r->web;
    r->method = r->head ? STR("GET") : r->method;
    if (r->address.n > WEB_MAX_ADDRESS)
        answer_problem(r, 414, M("The address is too long."), NULL);
    else if (r->in.bytes > WEB_MAX_HEADERS)
        answer_problem(r, 431, M("The browser sent more headers than this node takes."),
            M("Delete this site's cookies and try again."));
    else if (r->in.bad || r->path.n == 0 || r->path.p[0] != '/' || !utf8_valid(r->address) ||
             !clean_value(r->address.p, r->address.n))
        answer_problem(r, 400, M("The browser sent a request that this node does not understand."), NULL);
    else if (!r->in.host.n || !web_host_allowed(web, r->in.host))
        answer_problem(r, 421, M("This node does not answer to that name."),
            M("If it is yours: add the name to the option \"host\" of the section [web] in widenet.ini."));
    else if (r->in.transfer_encoding.p &&
             (r->in.content_length.p || !str_eq_nocase(r->in.transfer_encoding, STR("chunked"))))
        answer_problem(r, 400, M("The browser sent a request that this node does not understand."), NULL);
    else
        return true;
    return false;
}

static bool has_body(const struct request *r)
{
    return r->in.transfer_encoding.p || (r->in.content_length.p && !str_eq(r->in.content_length, STR("0")));
}

/* Finds the route and whether this reader may take it now. True: go on. */
static bool check_route(struct request *r)
{
    struct web *web = r->web;
    struct buf allow _cleanup_buf_ = BUF_INIT;
    struct err err = {0};
    if (!form_parse_urlencoded(request_arena(r), r->query_text, &r->query, &err))
        request_choose_locale(r);
    else
        return answer_problem(r, 400, M("The address holds something that is no text."), NULL), false;
    switch (route_find(web->routes, r, &allow)) {
    case ROUTE_NO_PATH:
        answer_problem(r, 404, M("There is no such page here."), NULL);
        return false;
    case ROUTE_OTHER_METHOD:
        answer_header(r, "Allow", arena_str(request_arena(r), buf_str(&allow)));
        answer_problem(r, 405, M("This page cannot be asked for in that way."), NULL);
        return false;
    case ROUTE_FOUND:
        break;
    }
    if (r->route->permission == OPERATOR_LOOPBACK &&
        (!r->client_loopback || r->in.forwarded || !web_host_is_loopback(r->in.host))) {
        answer_problem(r, 403, M("This page is only for the machine that the node runs on."), NULL);
        return false;
    }
    bool post = r->route->method[0] == 'P';
    if (!post && has_body(r)) {
        answer_problem(r, 400, M("The browser sent a request that this node does not understand."), NULL);
        return false;
    }
    if (post) {
        uint64_t length = 0;
        r->max_body = r->route->max_body ? r->route->max_body : 64 * 1024;
        if (r->in.content_length.p &&
            (!str_to_u64(r->in.content_length, UINT64_MAX, &length) || length > r->max_body)) {
            answer_problem(r, 413, M("That is more than this form takes."), NULL);
            return false;
        }
        if (!web_origin_allowed(r)) {
            answer_problem(r, 403, M("This form came from another site."),
                M("Open the page on this node and send it from there."));
            return false;
        }
        if (!request_may_try(r, LIMIT_POST))
            return false;
    }
    return true;
}

/* ---- handlers */

static void run_handler(struct request *r)
{
    const struct route *route = r->route;
    if (route->permission == SIGNED_IN && !request_account(r)) {
        if (route->method[0] == 'G') {
            struct buf to _cleanup_buf_ = BUF_INIT;
            buf_addz(&to, "/sign-in?next=");
            percent_encode(r->address, &to);
            answer_redirect(r, arena_str(request_arena(r), buf_str(&to)));
        } else {
            answer_problem(r, 403, M("You are not signed in any more, so this was not taken."),
                M("Sign in in another tab, then come back to this page and send it again: your browser still "
                  "holds what you "
                  "wrote."));
        }
        return;
    }
    if (route->csrf == CSRF_FORM) {
        struct err err = {0};
        if (!request_read_form(r, &err)) {
            if (err.code == ERR_INPUT) {
                err_set(&err, ERR_INPUT, M("This is no form as the pages of this node send it."));
                err_todo(&err, M("Go back, load the page again and send it once more."));
            }
            answer_error(r, &err);
            return;
        }
        if (!csrf_check(r, request_form(r, "csrf"))) {
            answer_problem(r, 403, M("This form is too old, or came from another site, so it was not taken."),
                M("Go back, load the page again and send it once more. Cookies of this site must be "
                  "allowed."));
            return;
        }
    }
    route->handler(r);
    if (!r->answered) {
        struct err err;
        err_set(&err, ERR_INTERNAL, "the handler of %s gave no answer", route->path);
        answer_error(r, &err);
    }
}

void http_work(struct request *r)
{
    int64_t begin = monotonic_us();
    r->cache_seq = r->web->node ? store_stamp(node_store(r->web->node)) : 0;
    run_handler(r);
    store_read_end(r->read);
    r->read = NULL;
    reply_make(r);
    explicit_bzero(&r->keeper_session, sizeof r->keeper_session);
    atomic_fetch_add(&r->web->metrics.pool_us, (uint64_t)(monotonic_us() - begin));
    atomic_fetch_add(&r->web->metrics.pool_count, 1);
}

static void work_and_resume(struct request *r)
{
    r->worker_thread = true;
    http_work(r);
    r->stage = STAGE_ANSWERED;
    MHD_resume_connection(r->connection);
}

static enum MHD_Result queue_answer(struct request *r)
{
    if (!r->response)
        reply_make(r);
    if (!r->response)
        return MHD_NO;
    enum MHD_Result result = MHD_queue_response(r->connection, (unsigned)r->status, r->response);
    if (r->cached)
        cache_release(r->web->cache, r->cached);
    else
        MHD_destroy_response(r->response);
    r->cached = NULL;
    r->response = NULL;
    return result;
}

static void answer_busy(struct request *r)
{
    atomic_fetch_add(&r->web->metrics.refused_busy, 1);
    answer_header(r, "Retry-After", STR("5"));
    answer_problem(r, 503, M("This node has too much to do just now."), M("Try again in a few seconds."));
}

/* Growing must leave no copy behind: what is in a form may be a password. */
static void add_to_body(struct buf *body, const char *data, size_t size)
{
    if (body->cap < body->n + size + 1) {
        struct buf grown = BUF_INIT;
        buf_reserve(&grown, (body->n + size) * 2);
        buf_adds(&grown, buf_str(body));
        buf_wipe(body);
        *body = grown;
    }
    buf_add(body, data, size);
}

/* A piece of the form. All forms together are bounded, whoever sends them. */
static void take_body(struct request *r, const char *data, size_t size)
{
    struct metrics *m = &r->web->metrics;
    if (r->answered)
        return;
    if (r->body.n + size > r->max_body) {
        buf_wipe(&r->body);
        answer_problem(r, 413, M("That is more than this form takes."), NULL);
    } else if (atomic_fetch_add(&m->body_bytes, (int64_t)size) + (int64_t)size > MAX_BODIES) {
        atomic_fetch_sub(&m->body_bytes, (int64_t)size);
        buf_wipe(&r->body);
        answer_busy(r);
    } else {
        r->body_counted += size;
        add_to_body(&r->body, data, size);
    }
}

/* The whole request is here: answer it, or hand it over. */
static enum MHD_Result answer(struct request *r)
{
    struct web *web = r->web;
    enum MHD_Result result;
    if (!r->answered && r->route->caching == CACHE_PUBLIC &&
        atomic_load_explicit(&web->ready, memory_order_acquire) && !r->locale_asked &&
        request_seems_anonymous(r)) {
        if (cache_answer(
                web->cache, r, store_stamp(node_store(web->node)), clock_now_us(&web->clock), &result)) {
            atomic_fetch_add_explicit(&web->metrics.cache_hits, 1, memory_order_relaxed);
            if (r->status == 304)
                atomic_fetch_add_explicit(&web->metrics.not_modified, 1, memory_order_relaxed);
            return result;
        }
        atomic_fetch_add_explicit(&web->metrics.cache_misses, 1, memory_order_relaxed);
    }
    if (r->answered)
        return queue_answer(r);
    if (r->route->class == INLINE) {
        http_work(r);
        return queue_answer(r);
    }
    if (!atomic_load_explicit(&web->ready, memory_order_acquire)) {
        answer_starting(r);
        return queue_answer(r);
    }
    r->stage = STAGE_WORKING;
    MHD_suspend_connection(r->connection); /* first: the worker may be done before this function is */
    enum workers_result result_of_adding = workers_add(web->workers, r);
    if (result_of_adding != WORKERS_TAKEN) {
        if (result_of_adding == WORKERS_TOO_MANY)
            answer_wait(r, 5);
        else
            answer_busy(r);
        r->stage = STAGE_ANSWERED;
        MHD_resume_connection(r->connection);
    }
    return MHD_YES;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url,
    const char *method, const char *version, const char *upload_data, size_t *upload_data_size,
    void **req_cls)
{
    struct request *r = *req_cls;
    if (!r)
        return MHD_NO;
    if (!r->begun) {
        r->begun = true;
        r->connection = connection;
        r->head = !strcmp(method, "HEAD");
        r->method = str_of(method);
        r->began_us = monotonic_us();
        MHD_get_connection_values_n(connection, MHD_HEADER_KIND, take_header, &r->in);
        read_client(r);
        request_choose_locale(r);
        r->starting = !atomic_load_explicit(&r->web->ready, memory_order_acquire);
        if (!check_head(r) || !check_route(r))
            return has_body(r) || r->status == 400 ? queue_answer(r)
                                                   : MHD_YES; /* early: the connection closes behind it */
        return MHD_YES;
    }
    if (r->stage == STAGE_ANSWERED)
        return queue_answer(r);
    if (r->stage == STAGE_WORKING)
        return MHD_YES;
    if (*upload_data_size) {
        take_body(r, upload_data, *upload_data_size);
        /* libmicrohttpd's buffer for what it reads of this connection, which it would free as it is */
        explicit_bzero((void *)(uintptr_t)upload_data, *upload_data_size);
        *upload_data_size = 0;
        return MHD_YES;
    }
    return answer(r);
}

static void *on_address(void *cls, const char *address, struct MHD_Connection *connection)
{
    struct web *web = cls;
    atomic_fetch_add_explicit(&web->metrics.in_flight, 1, memory_order_relaxed);
    struct request *r = request_create(web, address);
    if (!r)
        atomic_fetch_sub_explicit(&web->metrics.in_flight, 1, memory_order_relaxed);
    return r;
}

static void on_done(
    void *cls, struct MHD_Connection *connection, void **req_cls, enum MHD_RequestTerminationCode why)
{
    struct web *web = cls;
    struct request *r = *req_cls;
    if (!r)
        return;
    *req_cls = NULL;
    atomic_fetch_add_explicit(&web->metrics.requests, 1, memory_order_relaxed);
    if (r->status >= 100 && r->status < 600)
        atomic_fetch_add_explicit(&web->metrics.status[r->status / 100], 1, memory_order_relaxed);
    if (r->response) { /* the reader left before it was queued */
        if (r->cached)
            cache_release(web->cache, r->cached);
        else
            MHD_destroy_response(r->response);
    }
    request_destroy(r);
    if (atomic_fetch_sub_explicit(&web->metrics.in_flight, 1, memory_order_acq_rel) == 1 &&
        atomic_load(&web->stopping)) {
        pthread_mutex_lock(&web->idle_lock);
        pthread_cond_broadcast(&web->idle);
        pthread_mutex_unlock(&web->idle_lock);
    }
}

/* The counter of an address's connections, or NULL for loopback ones behind which many may stand. */
static atomic_uint_fast32_t *connections_of(struct web *web, const struct sockaddr *peer)
{
    struct limit_key key;
    uint8_t hash[8];
    if ((key_of_peer(peer, &key) && web->loopback_is_many) || !key.n)
        return NULL;
    crypto_shorthash(hash, key.b, key.n, web->passing_secret);
    return &web->connections_of[(hash[0] | hash[1] << 8) % ADDRESS_COUNTERS];
}

static enum MHD_Result on_accept(void *cls, const struct sockaddr *peer, socklen_t size)
{
    struct web *web = cls;
    atomic_uint_fast32_t *count = web->http.connections_per_address ? connections_of(web, peer) : NULL;
    return !count || atomic_load(count) < web->http.connections_per_address ? MHD_YES : MHD_NO;
}

static void on_connection(void *cls, struct MHD_Connection *connection, void **socket_context,
    enum MHD_ConnectionNotificationCode what)
{
    struct web *web = cls;
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(
        connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    atomic_uint_fast32_t *count = connections_of(web, info ? info->client_addr : NULL);
    bool begins = what == MHD_CONNECTION_NOTIFY_STARTED;
    if (count)
        atomic_fetch_add(count, begins ? 1 : -1);
    atomic_fetch_add_explicit(&web->metrics.connections, begins ? 1 : -1, memory_order_relaxed);
}

/* Addresses reach us as they were sent; http.c decodes them itself. */
static size_t leave_escaped(void *cls, struct MHD_Connection *c, char *s)
{
    return strlen(s);
}

/* ---- starting and stopping */

int http_start(struct web *web, struct err *err)
{
    const struct http_settings *s = &web->http;
    web->workers = workers_create(s->workers, s->queue, work_and_resume);
    if (!web->workers)
        return err_set(err, ERR_MEMORY, "cannot start the threads that answer pages");
    web->daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC, 0,
        on_accept, web, on_request, web, MHD_OPTION_LISTEN_SOCKET, web->listen_fd,
        MHD_OPTION_THREAD_POOL_SIZE, s->threads, MHD_OPTION_CONNECTION_LIMIT,
        http_descriptors(s->connections), MHD_OPTION_CONNECTION_TIMEOUT, s->timeout,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)32 * 1024, MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_URI_LOG_CALLBACK, on_address, web, MHD_OPTION_NOTIFY_COMPLETED, on_done, web,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, web, MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, web,
        MHD_OPTION_END);
    if (!web->daemon)
        return err_errno(err, errno, "cannot start the HTTP server");
    web->listen_fd = -1; /* libmicrohttpd's now */
    return 0;
}

void http_stop(struct web *web)
{
    int listener = -1;
    if (web->daemon)
        listener = MHD_quiesce_daemon(web->daemon); /* takes no new connections */
    atomic_store(&web->stopping, true);
    /* What has begun is answered; who reads slowly gets five seconds. */
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 5;
    pthread_mutex_lock(&web->idle_lock);
    while (web->daemon && atomic_load(&web->metrics.in_flight) > 0)
        if (pthread_cond_timedwait(&web->idle, &web->idle_lock, &until))
            break;
    pthread_mutex_unlock(&web->idle_lock);
    workers_stop(web->workers); /* resumes every connection that it held */
    web->workers = NULL;
    if (web->daemon)
        MHD_stop_daemon(web->daemon);
    web->daemon = NULL;
    if (listener >= 0)
        close(listener);
    if (web->listen_fd >= 0)
        close(web->listen_fd);
    web->listen_fd = -1;
}
