/* server.c: DATA/node.sock: who may connect, a thread for each, and an end to those that dawdle. */
#include "node/inside.h"

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define MAX_CLIENTS 32
#define IDLE_MS (10 * 60 * 1000) /* between requests */
#define STALL_MS 30000           /* in the middle of one */

struct client {
    struct node_server *server;
    int fd;        /* −1: free */
    bool finished; /* its thread is to be joined */
    bool busy;     /* is being answered */
    int64_t since; /* of the last answer's end: monotonic */
    pthread_t thread;
};
struct node_server {
    struct node *node;
    int listen_fd, stop_fd;
    pthread_t thread;
    pthread_mutex_t lock;
    struct client clients[MAX_CLIENTS];
};

static bool readable(int fd, int timeout_ms)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    int n;
    do
        n = poll(&p, 1, timeout_ms);
    while (n < 0 && errno == EINTR);
    return n > 0;
}

static void mark(struct client *c, bool busy)
{
    pthread_mutex_lock(&c->server->lock);
    c->busy = busy;
    c->since = monotonic_us();
    pthread_mutex_unlock(&c->server->lock);
}

static void *serve_client(void *arg)
{
    struct client *c = arg;
    struct buf in _cleanup_wipe_ = BUF_INIT;
    while (readable(c->fd, IDLE_MS) && frame_receive(c->fd, &in, NODE_MAX_MESSAGE, STALL_MS, NULL) == 1) {
        struct buf reply _cleanup_buf_ = BUF_INIT;
        mark(c, true);
        frame_begin(&reply);
        node__answer(c->server->node, buf_str(&in), &reply);
        frame_end(&reply);
        sodium_memzero(in.p, in.n);
        int bad = frame_send(c->fd, buf_str(&reply), NULL);
        mark(c, false);
        if (bad)
            break;
        if (in.cap > NODE_BATCH_BYTES * 2)
            buf_wipe(&in);
    }
    pthread_mutex_lock(&c->server->lock);
    shutdown(c->fd, SHUT_RDWR);
    c->finished = true;
    pthread_mutex_unlock(&c->server->lock);
    return NULL;
}

static bool same_user(int fd)
{
    struct ucred who;
    socklen_t n = sizeof who;
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n) == 0 && (who.uid == geteuid() || who.uid == 0);
}

/* Joins those that have ended; a free place, or NULL. */
static struct client *free_place(struct node_server *s)
{
    struct client *place = NULL;
    for (size_t i = 0; i < MAX_CLIENTS; i++) {
        struct client *c = &s->clients[i];
        pthread_mutex_lock(&s->lock);
        bool finished = c->finished;
        pthread_mutex_unlock(&s->lock);
        if (finished) {
            pthread_join(c->thread, NULL);
            close(c->fd);
            *c = (struct client){.server = s, .fd = -1};
        }
        if (c->fd < 0)
            place = c;
    }
    return place;
}

/* Where all places are taken, the one that was silent longest goes; it may connect again when it has
 * something to ask. */
static void make_room(struct node_server *s)
{
    struct client *idle = NULL;
    pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i < MAX_CLIENTS; i++) {
        struct client *c = &s->clients[i];
        if (c->fd >= 0 && !c->busy && !c->finished && (!idle || c->since < idle->since))
            idle = c;
    }
    if (idle)
        shutdown(idle->fd, SHUT_RDWR);
    pthread_mutex_unlock(&s->lock);
    readable(s->stop_fd, 10);
}

static void accept_client(struct node_server *s)
{
    struct client *c = free_place(s);
    if (!c) {
        make_room(s);
        return;
    }
    int fd = accept4(s->listen_fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0) {
        if (errno == EMFILE || errno == ENFILE)
            readable(s->stop_fd, 100);
        return;
    }
    struct timeval stall = {.tv_sec = STALL_MS / 1000};
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &stall, sizeof stall);
    c->fd = fd;
    c->since = monotonic_us();
    if (!same_user(fd) || pthread_create(&c->thread, NULL, serve_client, c) != 0) {
        close(fd);
        c->fd = -1;
    }
}

static void *listen_thread(void *arg)
{
    struct node_server *s = arg;
    for (;;) {
        struct pollfd p[2] = {{.fd = s->stop_fd, .events = POLLIN}, {.fd = s->listen_fd, .events = POLLIN}};
        if (poll(p, 2, -1) < 0 && errno != EINTR)
            return NULL;
        if (p[0].revents)
            return NULL;
        if (p[1].revents)
            accept_client(s);
    }
}

static int open_socket(struct node_server *s, struct err *err)
{
    const char *directory = s->node->directory;
    int dir = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        return err_errno(err, errno, "cannot open the data directory %s", directory);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/node.sock", dir);
    s->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    unlinkat(dir, "node.sock", 0); /* we hold the lock: whoever made it is gone */
    int bad = 0;
    if (s->listen_fd < 0 || fchmod(s->listen_fd, 0600) != 0 ||
        bind(s->listen_fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(s->listen_fd, 64) != 0)
        bad = err_errno(err, errno, "cannot listen on %s/node.sock", directory);
    close(dir);
    return bad;
}

int node__server_start(struct node *node, struct node_server **out, struct err *err)
{
    struct node_server *s = calloc(1, sizeof *s);
    if (!s)
        return err_set(err, ERR_MEMORY, "out of memory");
    s->node = node;
    s->listen_fd = -1;
    s->stop_fd = eventfd(0, EFD_CLOEXEC);
    pthread_mutex_init(&s->lock, NULL);
    for (size_t i = 0; i < MAX_CLIENTS; i++)
        s->clients[i] = (struct client){.server = s, .fd = -1};
    int bad = s->stop_fd < 0 ? err_errno(err, errno, "cannot start node.sock") : open_socket(s, err);
    if (!bad && pthread_create(&s->thread, NULL, listen_thread, s) != 0)
        bad = err_set(err, ERR_MEMORY, "cannot start a thread for node.sock");
    if (bad) {
        if (s->listen_fd >= 0)
            close(s->listen_fd);
        if (s->stop_fd >= 0)
            close(s->stop_fd);
        pthread_mutex_destroy(&s->lock);
        free(s);
        return bad;
    }
    *out = s;
    return 0;
}

void node__server_stop(struct node_server *s)
{
    if (!s)
        return;
    _cleanup_free_ char *path = node__path(s->node->directory, "node.sock");
    unlink(path);
    uint64_t one = 1;
    if (write(s->stop_fd, &one, sizeof one) < 0)
        log_event(LOG_LEVEL_WARN, "node", "socket-stop", "errno=%d", errno);
    pthread_join(s->thread, NULL);
    close(s->listen_fd);
    for (size_t i = 0; i < MAX_CLIENTS; i++)
        if (s->clients[i].fd >= 0)
            shutdown(s->clients[i].fd, SHUT_RD); /* what was asked is still answered */
    for (size_t i = 0; i < MAX_CLIENTS; i++)
        if (s->clients[i].fd >= 0) {
            pthread_join(s->clients[i].thread, NULL);
            close(s->clients[i].fd);
        }
    close(s->stop_fd);
    pthread_mutex_destroy(&s->lock);
    free(s);
}
