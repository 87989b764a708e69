/* front.c: the front's side of its parent: keepers, signs of life, and the wish to stop. */
#include "node/inside.h"
#include "node/supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define BEAT_MS 1000
#define KEEPER_MS 20000

struct front {
    pthread_mutex_t asking; /* one question to the parent at a time */
    int signal_fd;
    int64_t told_us; /* when progress was last told */
};

static void stop_signals(sigset_t *out)
{
    sigemptyset(out);
    sigaddset(out, SIGTERM);
    sigaddset(out, SIGINT);
}

int front_attach(struct front **out, struct err *err)
{
    struct stat st;
    if (fstat(FRONT_CONTROL_FD, &st) != 0 || !S_ISSOCK(st.st_mode) || fcntl(FRONT_LOCK_FD, F_GETFD) < 0)
        return err_set(err, ERR_INPUT, "the front is started by `widenet serve`, not by hand");
    struct front *f = calloc(1, sizeof *f);
    if (!f)
        return err_set(err, ERR_MEMORY, "out of memory");
    fcntl(FRONT_CONTROL_FD, F_SETFD, FD_CLOEXEC);
    fcntl(FRONT_LOCK_FD, F_SETFD, FD_CLOEXEC);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    prctl(PR_SET_NAME, "widenet-front");
    sigset_t stop;
    stop_signals(&stop);
    pthread_sigmask(SIG_BLOCK, &stop, NULL);
    f->signal_fd = signalfd(-1, &stop, SFD_CLOEXEC | SFD_NONBLOCK);
    pthread_mutex_init(&f->asking, NULL);
    if (f->signal_fd < 0) {
        free(f);
        return err_errno(err, errno, "cannot watch for signals");
    }
    *out = f;
    return 0;
}

void front_detach(struct front *f)
{
    if (!f)
        return;
    close(f->signal_fd);
    pthread_mutex_destroy(&f->asking);
    free(f);
}

int front_lock_fd(const struct front *f)
{
    (void)f;
    return FRONT_LOCK_FD;
}

static void tell(enum control type, const char *text)
{
    char packet[CONTROL_MAX_BYTES];
    int n = snprintf(packet, sizeof packet, "%c%s", (char)type, text);
    if (n >= (int)sizeof packet)
        n = sizeof packet - 1;
    if (send(FRONT_CONTROL_FD, packet, (size_t)n, MSG_NOSIGNAL) < 0)
        return; /* the parent has gone: front_wait will see it */
}

int front_keeper_socket(void *ctx)
{
    struct front *f = ctx;
    int fd = -1;
    pthread_mutex_lock(&f->asking);
    tell(CONTROL_KEEPER, "");
    char text[CONTROL_MAX_BYTES];
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } room;
    struct iovec piece = {text, sizeof text};
    struct msghdr message = {
        .msg_iov = &piece, .msg_iovlen = 1, .msg_control = &room, .msg_controllen = sizeof room};
    struct pollfd p = {.fd = FRONT_CONTROL_FD, .events = POLLIN};
    int ready;
    do
        ready = poll(&p, 1, KEEPER_MS);
    while (ready < 0 && errno == EINTR);
    ssize_t n = ready == 1 ? recvmsg(FRONT_CONTROL_FD, &message, MSG_CMSG_CLOEXEC) : -1;
    struct cmsghdr *c = n > 0 && text[0] == CONTROL_KEEPER ? CMSG_FIRSTHDR(&message) : NULL;
    if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(sizeof fd))
        memcpy(&fd, CMSG_DATA(c), sizeof fd);
    pthread_mutex_unlock(&f->asking);
    return fd;
}

void front_progress(void *ctx, const char *what, uint64_t done, uint64_t total)
{
    struct front *f = ctx;
    int64_t now = monotonic_us();
    if (f->told_us && now - f->told_us < 500000)
        return;
    f->told_us = now;
    char text[200];
    if (total)
        snprintf(
            text, sizeof text, "%s: %llu of %llu", what, (unsigned long long)done, (unsigned long long)total);
    else
        snprintf(text, sizeof text, "%s", what);
    tell(CONTROL_PROGRESS, text);
}

void front_ready(struct front *f, const char *address)
{
    (void)f;
    tell(CONTROL_READY, address);
}

void front_failed(struct front *f, const struct err *err)
{
    (void)f;
    char text[CONTROL_MAX_BYTES - 2];
    snprintf(text, sizeof text, "%d\n%s\n%s\n%s", err->code, err->what, err->kept, err->todo);
    tell(CONTROL_FAILED, text);
}

void front_wait(struct front *f)
{
    for (;;) {
        struct pollfd p[2] = {
            {.fd = f->signal_fd, .events = POLLIN}, {.fd = FRONT_CONTROL_FD, .events = POLLRDHUP}};
        int n = poll(p, 2, BEAT_MS);
        if (n > 0 && (p[0].revents || (p[1].revents & (POLLHUP | POLLRDHUP | POLLERR))))
            return;
        tell(CONTROL_BEAT, "");
    }
}
