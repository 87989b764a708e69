/* process.h: starting the program as an operator does, and speaking HTTP to it, for the tests of this folder.
 */
#ifndef TESTS_NODE_PROCESS_H
#define TESTS_NODE_PROCESS_H

#include "check.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct served {
    pid_t pid;
    int out; /* its standard output and error */
    int port;
    struct buf said;
};

static inline int remove_entry(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st, (void)type, (void)at;
    return remove(path);
}

static inline int remove_tree(const char *path)
{
    return nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

/* A port that nobody had a moment ago. */
static inline int free_port(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof a;
    assert_int_equal(bind(fd, (struct sockaddr *)&a, n), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
    close(fd);
    return ntohs(a.sin_port);
}

/* Runs the program; its output comes through *out. notify: NOTIFY_SOCKET, or NULL. */
static inline pid_t run_program(const char *const argv[], int *out, const char *notify)
{
    int pipes[2];
    assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGTERM); /* a test that fails leaves nobody behind */
        dup2(pipes[1], 1);
        dup2(pipes[1], 2);
        if (notify) {
            setenv("NOTIFY_SOCKET", notify, 1);
            setenv("WATCHDOG_USEC", "2000000", 1);
        }
        execv(WIDENET_PROGRAM, (char *const *)argv);
        _exit(127);
    }
    close(pipes[1]);
    *out = pipes[0];
    return pid;
}

/* Reads until text has been said: true; false at the end of the output. */
static inline bool wait_for(struct served *s, const char *text)
{
    char piece[512];
    while (!s->said.p || !strstr(s->said.p, text)) {
        struct pollfd p = {.fd = s->out, .events = POLLIN};
        if (poll(&p, 1, 60000) != 1)
            return false;
        ssize_t n = read(s->out, piece, sizeof piece);
        if (n <= 0)
            return false;
        buf_add(&s->said, piece, (size_t)n);
    }
    return true;
}

static inline void serve(struct served *s, const char *directory, int port, const char *notify)
{
    char listen[32];
    snprintf(listen, sizeof listen, "127.0.0.1:%d", port);
    const char *argv[] = {"widenet", "serve", "--data", directory, "--listen", listen, NULL};
    *s = (struct served){.port = port};
    s->pid = run_program(argv, &s->out, notify);
    if (!wait_for(s, "Serving at "))
        fail_msg("serve said: %s", s->said.p);
}

/* The process's exit status, 128 + n for signal n. */
static inline int ended(struct served *s)
{
    int status;
    if (s->out >= 0) { /* a full pipe must not keep it */
        while (wait_for(s, "\1"))
            ;
        close(s->out);
    }
    assert_int_equal(waitpid(s->pid, &status, 0), s->pid);
    buf_finish(&s->said);
    s->pid = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Runs to its end; what it said is in out. */
static inline int run_command(const char *const argv[], struct buf *out)
{
    struct served s = {.port = 0};
    s.pid = run_program(argv, &s.out, NULL);
    while (wait_for(&s, "\1"))
        ;
    buf_clear(out);
    buf_adds(out, buf_str(&s.said));
    buf_addc(out, 0);
    return ended(&s);
}

/* The child of parent whose command line has word as its second word; 0 if there is none. */
static inline pid_t child_called(pid_t parent, const char *word)
{
    char path[64], list[4096] = "", *at = list;
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)parent, (int)parent);
    FILE *f = fopen(path, "r");
    if (!f)
        return 0;
    list[fread(list, 1, sizeof list - 1, f)] = 0;
    fclose(f);
    for (char *end; *at; at = end) {
        long pid = strtol(at, &end, 10);
        if (end == at)
            break;
        char line[256] = "";
        snprintf(path, sizeof path, "/proc/%ld/cmdline", pid);
        f = fopen(path, "r");
        if (!f)
            continue;
        size_t n = fread(line, 1, sizeof line - 1, f);
        fclose(f);
        if (n > 8 && !strcmp(line + strlen(line) + 1, word))
            return (pid_t)pid;
    }
    return 0;
}

/* ---- HTTP ---- */

struct http {
    int port;
    char cookies[2048]; /* "a=b; c=d" */
    struct buf answer;
    int status;
};

static inline int connect_port(int port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in a = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (connect(fd, (struct sockaddr *)&a, sizeof a) == 0)
        return fd;
    close(fd);
    return -1;
}

static inline void keep_cookie(struct http *h, const char *set)
{
    char name[128], all[2048] = "";
    const char *equals = strchr(set, '='), *end = strpbrk(set, ";\r\n");
    if (!equals || !end || (size_t)(equals - set) >= sizeof name)
        return;
    snprintf(name, sizeof name, "%.*s", (int)(equals - set), set);
    char *rest = h->cookies, *piece;
    while ((piece = strsep(&rest, ";"))) {
        piece += strspn(piece, " ");
        if (*piece && (strncmp(piece, name, strlen(name)) || piece[strlen(name)] != '='))
            snprintf(all + strlen(all), sizeof all - strlen(all), "%s%s", all[0] ? "; " : "", piece);
    }
    snprintf(
        all + strlen(all), sizeof all - strlen(all), "%s%.*s", all[0] ? "; " : "", (int)(end - set), set);
    memcpy(h->cookies, all, sizeof all);
}

/* body NULL: GET. False where nobody answers. */
static inline bool request(struct http *h, const char *path, const char *body)
{
    int fd = connect_port(h->port);
    if (fd < 0)
        return false;
    struct buf r _cleanup_buf_ = BUF_INIT;
    buf_addf(&r, "%s %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: close\r\nAccept-Language: en\r\n",
        body ? "POST" : "GET", path, h->port);
    if (h->cookies[0])
        buf_addf(&r, "Cookie: %s\r\n", h->cookies);
    if (body)
        buf_addf(&r,
            "Origin: http://127.0.0.1:%d\r\nContent-Type: application/x-www-form-urlencoded\r\n"
            "Content-Length: %zu\r\n",
            h->port, strlen(body));
    buf_addz(&r, "\r\n");
    if (body)
        buf_addz(&r, body);
    size_t sent = 0;
    while (sent < r.n) {
        ssize_t n = send(fd, r.p + sent, r.n - sent, MSG_NOSIGNAL);
        if (n <= 0)
            break;
        sent += (size_t)n;
    }
    buf_clear(&h->answer);
    char piece[4096];
    for (ssize_t n; (n = read(fd, piece, sizeof piece)) > 0;)
        buf_add(&h->answer, piece, (size_t)n);
    close(fd);
    h->status = h->answer.n > 12 ? atoi(h->answer.p + 9) : 0;
    const char *head_end = h->answer.n ? strstr(h->answer.p, "\r\n\r\n") : NULL;
    const char *at = h->answer.n ? h->answer.p : "";
    while ((at = strcasestr(at, "\r\nset-cookie: ")) && at < head_end) {
        at += 14;
        keep_cookie(h, at);
    }
    return h->status != 0;
}

/* The value of the page's hidden field. */
static inline void hidden_field(struct http *h, const char *name, char *out, size_t size)
{
    char wanted[64];
    snprintf(wanted, sizeof wanted, "name=\"%s\" value=\"", name);
    const char *at = h->answer.n ? strstr(h->answer.p, wanted) : NULL;
    if (!at) {
        fail_msg("no %s in: %s", name, h->answer.p);
        return;
    }
    at += strlen(wanted);
    snprintf(out, size, "%.*s", (int)strcspn(at, "\""), at);
}

/* Gets the page with the form, posts fields with its token, and with its draft if there is one. */
static inline bool post_form(struct http *h, const char *page, const char *fields)
{
    char token[256], draft[64] = "";
    struct buf body _cleanup_buf_ = BUF_INIT;
    if (!request(h, page, NULL) || h->status != 200)
        return false;
    hidden_field(h, "csrf", token, sizeof token);
    if (strstr(h->answer.p, "name=\"draft\""))
        hidden_field(h, "draft", draft, sizeof draft);
    buf_addf(&body, "csrf=%s&draft=%s&%s", token, draft, fields);
    return request(h, page, body.p);
}

#endif
