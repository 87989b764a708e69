/* site.c: a whole node with its pages for the tests, and a browser of a few lines. */
#include "site.h"

#include "news/news.h"
#include "rating/rating.h"
#include "rating/service.h"
#include "web/form.h"

#include <arpa/inet.h>
#include <ftw.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static struct config_option options[64];
static struct store_migration migrations[16];
static struct store_projection projections[4];
static struct store_tables tables = {
    .projections = projections, .migrations = migrations, .texts = news_texts, .calls = rating_calls};

/* A room for which the disk is full as soon as a record of SITE_STUCK_KIND comes. */
static int stick(void *ctx, struct sql *db, const struct store_change *change, struct err *err)
{
    (void)ctx, (void)db;
    return change->record->kind == SITE_STUCK_KIND ? err_set(err, ERR_FULL, "the test's disk is full") : 0;
}

static void join_tables(void)
{
    size_t n = 0;
    for (const struct config_option *o = node_config_options; o->section; o++)
        options[n++] = *o;
    for (const struct config_option *o = web_options; o->section; o++)
        options[n++] = *o;
    n = 0;
    for (const struct store_migration *m = node_migrations; m->room; m++)
        migrations[n++] = *m;
    for (const struct store_migration *m = rating_migrations; m->room; m++)
        migrations[n++] = *m;
    for (const struct store_migration *m = web_migrations; m->room; m++)
        migrations[n++] = *m;
    projections[0] = news_projection;
    projections[1] = rating_projection;
    projections[1].ctx = (void *)news_texts; /* as main.c joins it */
    projections[2] = (struct store_projection){.name = "stuck", .version = 1, .apply = stick};
}

static void must(int code, const struct err *err)
{
    char line[800];
    if (code)
        fail_msg("%s", err_line(err, line, sizeof line));
}

void site_open(struct site *s, ...)
{
    struct err err = {0};
    const char *temporary = getenv("TMPDIR");
    *s = (struct site){.arena = arena_create(0)};
    join_tables();
    snprintf(s->directory, sizeof s->directory, "%.40s/web-test-XXXXXX", temporary ? temporary : "/tmp");
    assert_non_null(mkdtemp(s->directory));
    must(config_load("/nonexistent/widenet.ini", false, options, &s->config, &err), &err);
    va_list settings;
    va_start(settings, s);
    for (const char *name; (name = va_arg(settings, const char *));)
        must(config_set(s->config, "web", name, va_arg(settings, const char *), "the test", &err), &err);
    va_end(settings);
    struct node_options o = {.directory = s->directory,
        .config = s->config,
        .tables = &tables,
        .belongings = web_belongings,
        .program = WIDENET_PROGRAM};
    must(node_open(&o, NODE_SERVE, &s->node, &err), &err);
    must(web_start(s->node, "127.0.0.1:0", &s->web, &err), &err);
    s->port = web_port(s->web);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    return remove(path);
}

void site_close(struct site *s)
{
    web_stop(s->web);
    node_close(s->node);
    config_destroy(s->config);
    nftw(s->directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    arena_destroy(s->arena);
}

int site_connect(const struct site *s)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)s->port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

void site_send(int fd, struct str bytes)
{
    while (bytes.n) {
        ssize_t n = send(fd, bytes.p, bytes.n, MSG_NOSIGNAL);
        if (n <= 0)
            return; /* refused halfway, which the answer tells */
        bytes = str_slice(bytes, (size_t)n, bytes.n);
    }
}

struct str site_receive(struct site *s, int fd)
{
    struct buf in _cleanup_buf_ = BUF_INIT;
    char piece[65536];
    for (;;) {
        struct pollfd p = {fd, POLLIN, 0};
        if (poll(&p, 1, 10000) <= 0)
            break;
        ssize_t n = recv(fd, piece, sizeof piece, 0);
        if (n <= 0)
            break;
        buf_add(&in, piece, (size_t)n);
    }
    return arena_str(s->arena, buf_str(&in));
}

struct str site_raw(struct site *s, const char *request)
{
    struct buf out _cleanup_buf_ = BUF_INIT;
    for (const char *at = request; *at;) {
        const char *mark = strstr(at, "@HOST");
        buf_add(&out, at, mark ? (size_t)(mark - at) : strlen(at));
        if (!mark)
            break;
        buf_addf(&out, "127.0.0.1:%d", s->port);
        at = mark + 5;
    }
    int fd = site_connect(s);
    site_send(fd, buf_str(&out));
    shutdown(fd, SHUT_WR);
    struct str answer = site_receive(s, fd);
    close(fd);
    return answer;
}

/* ---- reading answers */

int answer_status(struct str answer)
{
    return answer.n > 12 && str_starts(answer, STR("HTTP/1.1 ")) ? atoi(answer.p + 9) : 0;
}

struct str answer_body(struct str answer)
{
    size_t at = str_find(answer, STR("\r\n\r\n"));
    return at == SIZE_MAX ? STR("") : str_slice(answer, at + 4, answer.n);
}

struct str between(struct str text, const char *before, const char *after)
{
    size_t from = str_find(text, str_of(before));
    if (from == SIZE_MAX)
        return (struct str){NULL, 0};
    text = str_slice(text, from + strlen(before), text.n);
    size_t to = str_find(text, str_of(after));
    return to == SIZE_MAX ? (struct str){NULL, 0} : str_slice(text, 0, to);
}

struct str answer_header_of(struct str answer, const char *name)
{
    struct buf mark _cleanup_buf_ = BUF_INIT;
    size_t end = str_find(answer, STR("\r\n\r\n"));
    buf_addf(&mark, "\r\n%s: ", name);
    return end == SIZE_MAX ? (struct str){NULL, 0}
                           : between(str_slice(answer, 0, end + 2), buf_str(&mark).p, "\r\n");
}

/* ---- a reader */

static void set_cookie(struct reader *r, struct str pair)
{
    struct buf all _cleanup_buf_ = BUF_INIT;
    struct str rest = buf_str(&r->cookies), one;
    size_t equals = str_find_char(pair, '=');
    struct str name = str_slice(pair, 0, equals + 1);
    while (rest.n && str_cut(&rest, ';', &one)) {
        one = str_trim(one);
        if (one.n && !str_starts(one, name))
            buf_addf(&all, "%s%.*s", all.n ? "; " : "", STR_ARG(one));
    }
    if (equals + 1 < pair.n)
        buf_addf(&all, "%s%.*s", all.n ? "; " : "", STR_ARG(pair));
    buf_clear(&r->cookies);
    buf_adds(&r->cookies, buf_str(&all));
}

static struct str exchange(struct reader *r, const struct buf *request)
{
    int fd = site_connect(r->site);
    site_send(fd, buf_str(request));
    struct str answer = site_receive(r->site, fd), rest = answer, line;
    close(fd);
    size_t end = str_find(answer, STR("\r\n\r\n"));
    rest.n = end == SIZE_MAX ? 0 : end;
    while (str_cut(&rest, '\n', &line))
        if (str_starts(line, STR("Set-Cookie: ")))
            set_cookie(r, str_slice(line, 12, str_find_char(line, ';')));
    return answer;
}

static void begin(struct reader *r, const char *method, const char *path, struct buf *out)
{
    bool own_host = r->headers && strstr(r->headers, "Host:");
    buf_addf(out, "%s %s HTTP/1.1\r\nConnection: close\r\n", method, path);
    if (!own_host)
        buf_addf(out, "Host: 127.0.0.1:%d\r\n", r->site->port);
    if (r->cookies.n)
        buf_addf(out, "Cookie: %.*s\r\n", STR_ARG(buf_str(&r->cookies)));
    if (r->headers)
        buf_addz(out, r->headers);
}

struct str reader_get(struct reader *r, const char *path)
{
    struct buf out _cleanup_buf_ = BUF_INIT;
    begin(r, "GET", path, &out);
    buf_addz(&out, "\r\n");
    return exchange(r, &out);
}

struct str reader_post(struct reader *r, const char *from, const char *to, ...)
{
    struct buf out _cleanup_buf_ = BUF_INIT, body _cleanup_buf_ = BUF_INIT;
    struct str token = {NULL, 0};
    if (from)
        token = between(reader_get(r, from), "name=\"csrf\" value=\"", "\"");
    buf_addf(&body, "csrf=%.*s", STR_ARG(token));
    va_list fields;
    va_start(fields, to);
    for (const char *name; (name = va_arg(fields, const char *));) {
        buf_addf(&body, "&%s=", name);
        percent_encode(str_of(va_arg(fields, const char *)), &body);
    }
    va_end(fields);
    begin(r, "POST", to, &out);
    buf_addf(&out, "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %zu\r\n\r\n%.*s",
        body.n, STR_ARG(buf_str(&body)));
    return exchange(r, &out);
}

void reader_finish(struct reader *r)
{
    buf_finish(&r->cookies);
}
