/* server.c: tests the running server with raw sockets: what it refuses, languages, caching, limits, stopping.
 */
#include "news/news.h"
#include "site.h"

#include "web/inside.h"

#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static void answers_only_to_its_names(void **state)
{
    struct site s;
    site_open(&s, "host", "node.example", "url", "https://news.example", NULL);
    struct buf port _cleanup_buf_ = BUF_INIT;
    buf_addf(&port, "Host: localhost:%d\r\n", s.port);
    const struct {
        const char *headers;
        int status;
    } cases[] = {
        {NULL, 200},
        {port.p, 200},
        {"Host: node.example\r\n", 200},
        {"Host: node.example:81\r\n", 200},
        {"Host: NEWS.example\r\n", 200},
        {"Host: news.example:8443\r\n", 421},
        {"Host: evil.example\r\n", 421},
        {"Host: 127.0.0.1:1\r\n", 421},
        {"Host: 127.0.0.1\r\n", 421},
        {"Host: 192.0.2.1\r\n", 421},
        {"Host: node.example.evil.example\r\n", 421},
        {"Host: [::1\r\n", 421},
        {"Host: \r\n", 421},
        {"Host: node.example\r\nHost: node.example\r\n", 400},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct reader r = {.site = &s, .headers = cases[i].headers};
        struct str answer = reader_get(&r, "/sign-in");
        assert_int_equal(answer_status(answer), cases[i].status);
        if (cases[i].status == 421)
            assert_has(answer, "does not answer to that name");
        reader_finish(&r);
    }
    site_close(&s);
}

/* Each must be refused or close the connection; none may let the second request through. */
static void lets_no_request_hide_in_another(void **state)
{
    static const char *const requests[] = {
        "POST /sign-in HTTP/1.1\r\nHost: @HOST\r\nContent-Length: 6\r\nTransfer-Encoding: "
        "chunked\r\n\r\n0\r\n\r\n",
        "POST /sign-in HTTP/1.1\r\nHost: @HOST\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        "POST /sign-in HTTP/1.1\r\nHost: @HOST\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: "
        "x\r\n\r\n0\r\n\r\n",
        "POST /sign-in HTTP/1.1\r\nHost: @HOST\r\nContent-Length: 0\r\nContent-Length: 9\r\n\r\n",
        "POST /sign-in HTTP/1.1\r\nHost: @HOST\r\nContent-Length: -1\r\n\r\n",
        "POST /sign-in HTTP/1.1\r\nHost: @HOST\r\nContent-Length: +3\r\n\r\n",
        "POST /sign-in HTTP/1.1\r\nHost: @HOST\r\nContent-Length: 3, 3\r\n\r\n",
        "POST /sign-in HTTP/1.1\r\nHost: @HOST\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "GET /sign-in HTTP/1.1\r\nHost: @HOST\r\nContent-Length: 5\r\n\r\n",
        "GET /sign-in HTTP/1.1\r\nHost: @HOST\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "GET /sign-in HTTP/1.1\r\nHost: @HOST\r\nContent-Length : 5\r\n\r\nabcde",
        "GET /sign-in HTTP/1.1\r\nHost: @HOST\r\nX: a\rY: b\r\n\r\n",
        "GET /sign-in HTTP/1.1\r\nHost: @HOST\r\nCookie: a\x01\r\n\r\n",
        "GET /\xff HTTP/1.1\r\nHost: @HOST\r\n\r\n",
        "GET http://evil.example/ HTTP/1.1\r\nHost: @HOST\r\n\r\n",
        "CONNECT evil.example:443 HTTP/1.1\r\nHost: @HOST\r\n\r\n",
        "GET /sign-in HTTP/1.1\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "\x16\x03\x01\x02\r\n\r\n",
    };
    struct site s;
    site_open(&s, NULL);
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        struct buf two _cleanup_buf_ = BUF_INIT;
        buf_addz(&two, requests[i]);
        buf_addz(&two, "GET /healthz HTTP/1.1\r\nHost: @HOST\r\nConnection: close\r\n\r\n");
        struct str answer = site_raw(&s, two.p);
        if (answer.n && (answer_status(answer) < 400 || answer_status(answer) > 505))
            fail_msg("%s: %.*s", requests[i], (int)(answer.n > 300 ? 300 : answer.n), answer.p);
        assert_hasnt(answer, "\"applied_seq\"");
    }
    site_close(&s);
}

static void refuses_what_is_too_long(void **state)
{
    struct site s;
    site_open(&s, NULL);
    struct reader r = {.site = &s};
    struct buf path _cleanup_buf_ = BUF_INIT, header _cleanup_buf_ = BUF_INIT;
    buf_addc(&path, '/');
    for (int i = 0; i < 9000; i++)
        buf_addc(&path, 'a');
    struct str answer = reader_get(&r, path.p);
    assert_int_equal(answer_status(answer), 414);
    assert_true(answer.n < 6000); /* what was sent is not sent back */
    assert_hasnt(answer, "aaaaaaaaaa");
    assert_has(answer, "href=\"/?ui=fr\"");
    for (int i = 0; i < 17000; i += 10)
        buf_addz(&header, "X: abcde\r\n");
    r.headers = header.p;
    assert_int_equal(answer_status(reader_get(&r, "/sign-in")), 431);
    while (header.n < 100000)
        buf_addz(&header, "X: abcde\r\n");
    r.headers = header.p;
    assert_int_equal(answer_status(reader_get(&r, "/sign-in")), 431);
    r.headers = NULL;
    struct buf big _cleanup_buf_ = BUF_INIT;
    for (int i = 0; i < 70000; i++)
        buf_addc(&big, 'x');
    assert_int_equal(answer_status(reader_post(&r, "/sign-in", "/sign-in", "name", big.p, NULL)), 413);
    struct str chunked = site_raw(&s,
        arena_printf(s.arena,
            "POST /sign-in HTTP/1.1\r\nHost: @HOST\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
            "11170\r\n%s\r\n0\r\n\r\n",
            big.p)
            .p);
    assert_int_equal(answer_status(chunked), 413);
    struct buf fields _cleanup_buf_ = BUF_INIT;
    for (int i = 0; i < 600; i++)
        buf_addf(&fields, "&a%d=", i);
    assert_int_equal(answer_status(reader_post(&r, "/sign-in", "/sign-in", "x&y", fields.p, NULL)), 403);
    reader_finish(&r);
    site_close(&s);
}

static void has_pages_for_what_is_not_there(void **state)
{
    struct site s;
    site_open(&s, NULL);
    struct reader r = {.site = &s};
    struct str answer = reader_get(&r, "/nowhere");
    assert_int_equal(answer_status(answer), 404);
    assert_has(answer, "There is no such page here.");
    answer = reader_get(&r, "/nowhere.json");
    assert_int_equal(answer_status(answer), 404);
    assert_has(answer, "{\"error\":{\"status\":404,\"what\":\"There is no such page here.\"}}");
    assert_int_equal(answer_status(reader_get(&r, "/%zz")), 404);
    assert_int_equal(answer_status(reader_get(&r, "/search?q=%ff")), 400);
    assert_int_equal(answer_status(reader_get(&r, "/media/../../etc/passwd")), 404);
    assert_int_equal(answer_status(reader_get(&r, "/static/..%2f..%2fetc%2fpasswd")), 404);
    answer = site_raw(&s, "DELETE /sign-in HTTP/1.1\r\nHost: @HOST\r\nConnection: close\r\n\r\n");
    assert_int_equal(answer_status(answer), 405);
    assert_piece(answer_header_of(answer, "Allow"), "GET, HEAD, POST");
    answer = site_raw(&s, "HEAD /sign-in HTTP/1.1\r\nHost: @HOST\r\nConnection: close\r\n\r\n");
    assert_int_equal(answer_status(answer), 200);
    assert_int_equal(answer_body(answer).n, 0);
    assert_true(answer_header_of(answer, "Content-Length").n > 2);
    r.headers = "Accept-Language: ar\r\n";
    assert_has(reader_get(&r, "/nowhere"), "<html lang=\"ar\" dir=\"rtl\">");
    reader_finish(&r);
    site_close(&s);
}

static void protects_its_pages(void **state)
{
    struct site s;
    site_open(&s, NULL);
    struct reader r = {.site = &s};
    static const char *const paths[] = {"/sign-in", "/", "/nowhere", "/healthz"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct str answer = reader_get(&r, paths[i]);
        assert_has(answer_header_of(answer, "Content-Security-Policy"), "default-src 'none'");
        assert_has(answer_header_of(answer, "Content-Security-Policy"), "frame-ancestors 'none'");
        assert_hasnt(answer_header_of(answer, "Content-Security-Policy"), "unsafe");
        assert_piece(answer_header_of(answer, "X-Content-Type-Options"), "nosniff");
        assert_piece(answer_header_of(answer, "Referrer-Policy"), "same-origin");
        assert_piece(answer_header_of(answer, "Cross-Origin-Opener-Policy"), "same-origin");
        assert_true(answer_header_of(answer, "Permissions-Policy").n > 0);
    }
    reader_finish(&r);
    site_close(&s);
}

static void speaks_the_readers_language(void **state)
{
    struct site s;
    site_open(&s, NULL);
    struct reader r = {.site = &s, .headers = "Accept-Language: fr-CA,fr;q=0.9,en;q=0.8\r\n"};
    assert_has(reader_get(&r, "/"), "<html lang=\"fr\" dir=\"ltr\">");
    assert_has(reader_get(&r, "/?ui=ar"), "<html lang=\"ar\" dir=\"rtl\">");
    assert_has(reader_get(&r, "/"), "<html lang=\"ar\" dir=\"rtl\">"); /* remembered */
    assert_has(reader_get(&r, "/?ui=es"), "href=\"/?ui=fr\"");
    assert_has(reader_get(&r, "/?ui=xx"), "<html lang=\"es\"");
    reader_finish(&r);
    struct reader other = {.site = &s};
    assert_has(reader_get(&other, "/"), "<html lang=\"en\""); /* nobody else's */
    assert_has(answer_header_of(reader_get(&other, "/"), "Vary"), "Accept-Language");
    reader_finish(&other);
    site_close(&s);
}

static uint64_t publish(struct site *s, const char *title)
{
    static const uint32_t kinds[] = {KIND_ARTICLE};
    struct err err = {0};
    struct pubkey key;
    struct record_draft draft;
    uint64_t seq = 0;
    assert_int_equal(node_source_key(s->node, STR("press"), kinds, 1, &key, &err), 0);
    record_draft_init(&draft, s->arena, KIND_ARTICLE, clock_now(node_clock(s->node)));
    record_draft_tag(&draft, "d", title, NULL);
    record_draft_tag(&draft, "title", title, NULL);
    record_draft_label(&draft, "license", STR("CC0-1.0"));
    record_draft_content(&draft, STR("Some text."));
    assert_int_equal(node_publish_unattended(s->node, &key, &draft.r, true, &seq, &err), 0);
    return seq;
}

static void keeps_pages_until_something_new(void **state)
{
    struct site s;
    site_open(&s, NULL);
    struct reader r = {.site = &s};
    publish(&s, "First headline");
    struct str first = reader_get(&r, "/");
    assert_has(first, "First headline");
    struct str etag = answer_header_of(first, "ETag");
    assert_true(etag.n > 10);
    assert_true(str_eq(answer_body(first), answer_body(reader_get(&r, "/"))));
    assert_has(reader_get(&r, "/metrics"), "widenet_page_cache_hits_total 1\n");
    r.headers = arena_printf(s.arena, "If-None-Match: %.*s\r\n", STR_ARG(etag)).p;
    struct str same = reader_get(&r, "/");
    assert_int_equal(answer_status(same), 304);
    assert_int_equal(answer_body(same).n, 0);
    r.headers = "Accept-Encoding: gzip\r\n";
    struct str squeezed = reader_get(&r, "/");
    assert_piece(answer_header_of(squeezed, "Content-Encoding"), "gzip");
    assert_true(answer_body(squeezed).n < answer_body(first).n);
    assert_false(str_eq(answer_header_of(squeezed, "ETag"), etag));
    r.headers = arena_printf(s.arena, "If-None-Match: %.*s\r\n", STR_ARG(etag)).p;
    r.headers = arena_printf(s.arena, "Host: localhost:%d\r\n", s.port).p;
    assert_hasnt(reader_get(&r, "/"), "127.0.0.1"); /* pages name their own address as the reader does */
    publish(&s, "Second headline");
    r.headers = arena_printf(s.arena, "If-None-Match: %.*s\r\n", STR_ARG(etag)).p;
    struct str second = reader_get(&r, "/");
    assert_int_equal(answer_status(second), 200);
    assert_has(second, "Second headline");
    reader_finish(&r);
    site_close(&s);
}

static void shows_counters_to_its_machine_only(void **state)
{
    struct site s;
    site_open(&s, "host", "node.example", NULL);
    struct reader r = {.site = &s};
    struct str answer = reader_get(&r, "/metrics");
    assert_int_equal(answer_status(answer), 200);
    assert_has(answer, "# TYPE widenet_http_requests_total counter\n");
    static const char *const outside[] = {"Host: node.example\r\n", "X-Forwarded-For: 192.0.2.1\r\n",
        "x-forwarded-proto: https\r\n", "Forwarded: for=192.0.2.1\r\n", "Via: 1.1 proxy\r\n"};
    for (size_t i = 0; i < sizeof outside / sizeof *outside; i++) {
        r.headers = outside[i];
        answer = reader_get(&r, "/metrics");
        assert_int_equal(answer_status(answer), 403);
        assert_hasnt(answer, "widenet_http");
    }
    r.headers = NULL;
    answer = reader_get(&r, "/healthz");
    assert_int_equal(answer_status(answer), 200);
    assert_has(answer, "{\"state\":\"ok\"");
    reader_finish(&r);
    site_close(&s);
}

static void outlasts_slow_and_many_readers(void **state)
{
    struct site s;
    site_open(&s, NULL);
    int fds[200];
    for (int i = 0; i < 200; i++) {
        fds[i] = site_connect(&s);
        if (i % 2)
            site_send(fds[i], STR("GET / HTTP/1.1\r\nHos"));
    }
    struct reader r = {.site = &s};
    assert_int_equal(answer_status(reader_get(&r, "/sign-in")), 200);
    for (int i = 0; i < 200; i++)
        close(fds[i]);
    assert_int_equal(answer_status(reader_get(&r, "/sign-in")), 200);
    reader_finish(&r);
    site_close(&s);
}

static void says_that_it_is_starting(void **state)
{
    struct site s;
    site_open(&s, NULL);
    struct reader r = {.site = &s};
    atomic_store(&s.web->ready, false);
    struct str answer = reader_get(&r, "/");
    assert_int_equal(answer_status(answer), 503);
    assert_true(answer_header_of(answer, "Retry-After").n > 0);
    assert_has(answer, "just started");
    assert_has(reader_get(&r, "/healthz"), "\"state\":\"starting\"");
    atomic_store(&s.web->ready, true);
    assert_int_equal(answer_status(reader_get(&r, "/")), 200); /* and that page was not kept */
    reader_finish(&r);
    site_close(&s);
}

/* With a full disk: what was made before can be read, also after the node was started again. */
static void shows_what_there_is(void **state)
{
    struct site s;
    site_open(&s, NULL);
    struct err err;
    uint8_t secret[32] = {[31] = 5};
    struct record_draft draft = {.arena = s.arena};
    record_draft_init(&draft, s.arena, SITE_STUCK_KIND, 1700000000);
    assert_int_equal(record_sign(&draft.r, secret, &err), 0);
    struct store_item item = {.record = &draft.r};
    assert_int_equal(store_append(node_store(s.node), &item, 1, &err), 0);
    web_stop(s.web);
    assert_int_equal(web_start(s.node, "127.0.0.1:0", &s.web, &err), 0);
    s.port = web_port(s.web);
    struct reader r = {.site = &s};
    assert_int_equal(answer_status(reader_get(&r, "/")), 503);
    for (int i = 0; i < 600 && answer_status(reader_get(&r, "/healthz")) == 503; i++)
        poll(NULL, 0, 100);
    assert_int_equal(answer_status(reader_get(&r, "/")), 200);
    assert_has(reader_get(&r, "/healthz"), "\"lag\":1");
    reader_finish(&r);
    site_close(&s);
}

static void limits_posts_from_one_address(void **state)
{
    struct site s;
    site_open(&s, "proxy", "yes", NULL);
    struct reader r = {.site = &s, .headers = "X-Forwarded-For: 192.0.2.1, 198.51.100.7\r\n"};
    struct str answer = STR("");
    int refused = 0, taken = 0;
    for (int i = 0; i < 80 && !refused; i++) {
        answer = reader_post(&r, NULL, "/sign-out", NULL);
        refused += answer_status(answer) == 429;
        taken += answer_status(answer) == 403; /* no token, but counted */
    }
    assert_int_equal(refused, 1);
    assert_true(taken >= 60);
    assert_true(answer_header_of(answer, "Retry-After").n > 0);
    assert_has(answer, "Wait ");
    r.headers = "X-Forwarded-For: 198.51.100.7, 198.51.100.8\r\n"; /* another reader; the first part is not
                                                                      believed */
    assert_int_equal(answer_status(reader_post(&r, NULL, "/sign-out", NULL)), 403);
    reader_finish(&r);
    site_close(&s);
}

static void says_which_port_is_taken(void **state)
{
    struct site s;
    struct err err = {0};
    struct web *second = NULL;
    char line[800], address[40];
    site_open(&s, NULL);
    snprintf(address, sizeof address, "127.0.0.1:%d", s.port);
    assert_int_equal(web_start(s.node, address, &second, &err), ERR_BUSY);
    err_line(&err, line, sizeof line);
    assert_has(str_of(line), address);
    assert_has(str_of(line), "--listen");
    static const char *const bad[] = {
        "127.0.0.1", "127.0.0.1:x", "127.0.0.1:70000", ":80", "[::1", "no such host:80"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(web_start(s.node, bad[i], &second, &err), ERR_INPUT);
    site_close(&s);
}

static void *get_many(void *arg)
{
    struct site s = *(struct site *)arg; /* an arena of its own: arenas belong to one thread */
    s.arena = arena_create(0);
    struct reader r = {.site = &s};
    intptr_t answered = 0;
    for (int i = 0; i < 50; i++)
        answered += answer_status(reader_get(&r, i % 2 ? "/" : "/sign-in")) == 200;
    reader_finish(&r);
    arena_destroy(s.arena);
    return (void *)answered;
}

static void answers_many_at_once(void **state)
{
    struct site s;
    pthread_t threads[8];
    site_open(&s, "workers", "2", NULL);
    for (int i = 0; i < 8; i++)
        pthread_create(&threads[i], NULL, get_many, &s);
    publish(&s, "While they read");
    for (int i = 0; i < 8; i++) {
        void *answered;
        pthread_join(threads[i], &answered);
        assert_int_equal((intptr_t)answered, 50);
    }
    site_close(&s);
}

/* What libmicrohttpd itself refuses, in its own words: before there is a request to answer. */
static void outlives_what_is_no_request(void **state)
{
    struct site s;
    site_open(&s, NULL);
    static const struct {
        const char *sent;
        int status; /* 0: none */
    } cases[] = {
        {"nonsense-of-somebody\r\n\r\n", 0},
        {"GET\r\n\r\n", 0},
        {"GET / HTTP/9.9\r\nHost: @HOST\r\n\r\n", 505},
        {"GET / HTTP/1.1\r\nHost\r\nX: nonsense-of-somebody\r\n\r\n", 400},
        {"POST /sign-in HTTP/1.1\r\nHost: @HOST\r\nContent-Length: nonsense-of-somebody\r\n\r\n", 400},
        {"\x16\x03\x01\x02nonsense-of-somebody", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct str answer = site_raw(&s, cases[i].sent);
        if (cases[i].status)
            assert_int_equal(answer_status(answer), cases[i].status);
        assert_true(answer.n < 4000);
        assert_hasnt(answer, "nonsense-of-somebody");
    }
    struct reader r = {.site = &s};
    assert_int_equal(answer_status(reader_get(&r, "/sign-in")), 200);
    reader_finish(&r);
    site_close(&s);
}

/* A connection from one of this machine's many loopback addresses, kept open; −1 where it is not answered. */
static int hold_from(const struct site *s, int last)
{
    struct sockaddr_in from = {.sin_family = AF_INET}, to = from;
    from.sin_addr.s_addr = htonl(0x7f000000u | (uint32_t)last);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons((uint16_t)s->port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&from, sizeof from), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    site_send(fd, arena_printf(s->arena, "GET /sign-in HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n", s->port));
    char piece[512];
    if (recv(fd, piece, sizeof piece, 0) > 0)
        return fd;
    close(fd);
    return -1;
}

static void limits_connections_of_one_address(void **state)
{
    struct site s;
    site_open(&s, "connections_per_address", "3", "loopback_is_many", "no", NULL);
    int held[3], other = -1;
    for (int i = 0; i < 3; i++)
        assert_true((held[i] = hold_from(&s, 2)) >= 0);
    assert_int_equal(hold_from(&s, 2), -1);
    for (int last = 3; other < 0 && last < 6; last++) /* two addresses may share a counter, once in 4096 */
        other = hold_from(&s, last);
    assert_true(other >= 0);
    assert_int_equal(hold_from(&s, 2), -1);
    close(held[1]);
    for (int i = 0; (held[1] = hold_from(&s, 2)) < 0; i++) /* until the server has seen the end */
        assert_true(i < 100000);
    assert_int_equal(hold_from(&s, 2), -1);
    for (int i = 0; i < 3; i++)
        close(held[i]);
    close(other);
    site_close(&s);

    site_open(&s, "connections_per_address", "3", NULL); /* somebody's proxy, perhaps */
    int many[8];
    for (int i = 0; i < 8; i++)
        assert_true((many[i] = hold_from(&s, 2)) >= 0);
    for (int i = 0; i < 8; i++)
        close(many[i]);
    site_close(&s);
}

static void stops_with_readers_connected(void **state)
{
    struct site s;
    site_open(&s, NULL);
    int idle = site_connect(&s), working = site_connect(&s);
    site_send(
        working, arena_printf(s.arena,
                     "GET /sign-in HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: close\r\n\r\n", s.port));
    assert_int_equal(answer_status(site_receive(&s, working)), 200);
    close(working);
    site_close(&s);
    close(idle);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_only_to_its_names),
        cmocka_unit_test(lets_no_request_hide_in_another),
        cmocka_unit_test(refuses_what_is_too_long),
        cmocka_unit_test(has_pages_for_what_is_not_there),
        cmocka_unit_test(protects_its_pages),
        cmocka_unit_test(speaks_the_readers_language),
        cmocka_unit_test(keeps_pages_until_something_new),
        cmocka_unit_test(shows_counters_to_its_machine_only),
        cmocka_unit_test(outlasts_slow_and_many_readers),
        cmocka_unit_test(says_that_it_is_starting),
        cmocka_unit_test(shows_what_there_is),
        cmocka_unit_test(limits_posts_from_one_address),
        cmocka_unit_test(says_which_port_is_taken),
        cmocka_unit_test(answers_many_at_once),
        cmocka_unit_test(outlives_what_is_no_request),
        cmocka_unit_test(limits_connections_of_one_address),
        cmocka_unit_test(stops_with_readers_connected),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
