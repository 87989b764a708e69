/* supervise.c: the parent of `widenet serve`: starts the front and keepers, restarts, stops in order.
 *
 * It holds DATA/lock and nothing else: no store, no keys, no network. The lock's descriptor is also the
 * front's, so that the lock outlives a parent that is killed for as long as its front does. */
#include "node/supervise.h"
#include "node/inside.h"

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAUSE_FIRST_US 200000
#define PAUSE_MAX_US 10000000
#define STEADY_US 60000000 /* a front that lived this long begins anew with the short pause */
#define STOP_US 30000000   /* how long a front may take to finish */
#define GIVE_UP_STARTS 5   /* fronts in a row that died before they served */
#define KEEPERS_BURST 20   /* keepers started within KEEPERS_US before the front has to wait */
#define KEEPERS_US 10000000

struct parent {
    const struct serve_options *options;
    int lock_fd, signal_fd;
    pid_t front;    /* 0: none runs */
    int control_fd; /* to it; −1 */
    int64_t started_us, beat_us, restart_at_us, stop_at_us, pause_us;
    bool ready, ever_ready, stopping, failed, killed;
    unsigned starts_in_vain;
    unsigned keepers;
    int64_t keepers_since_us;
    uint64_t watchdog_us;
    int64_t watchdog_told_us;
    struct err failure;
};

/* ---- starting the front ---- */

static void become_front(const struct parent *p, int control, int lock)
{
    signal(SIGPIPE, SIG_IGN);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    /* Both are above the two places, so neither dup2 overwrites the other. */
    if (dup2(control, FRONT_CONTROL_FD) < 0 || dup2(lock, FRONT_LOCK_FD) < 0)
        _exit(127);
    close_range(FRONT_LOCK_FD + 1, ~0u, 0);
    size_t n = 0;
    while (p->options->front_arguments[n])
        n++;
    char **argv = calloc(n + 3, sizeof *argv);
    char name[] = "widenet", command[] = "front";
    if (!argv)
        _exit(127);
    argv[0] = name;
    argv[1] = command;
    memcpy(argv + 2, p->options->front_arguments, n * sizeof *argv);
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
    execv(p->options->program, argv);
    _exit(127);
}

static int start_front(struct parent *p, struct err *err)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
        return err_errno(err, errno, "cannot make a socket for the front");
    int theirs = fcntl(pair[1], F_DUPFD_CLOEXEC, FRONT_LOCK_FD + 1);
    close(pair[1]);
    int lock = fcntl(p->lock_fd, F_DUPFD_CLOEXEC, FRONT_LOCK_FD + 1);
    pid_t pid = theirs < 0 || lock < 0 ? -1 : fork();
    if (pid == 0)
        become_front(p, theirs, lock);
    int failed = pid < 0 ? errno : 0;
    if (theirs >= 0)
        close(theirs);
    if (lock >= 0)
        close(lock);
    if (failed) {
        close(pair[0]);
        return err_errno(err, failed, "cannot start the front");
    }
    p->front = pid;
    p->control_fd = pair[0];
    p->started_us = p->beat_us = monotonic_us();
    p->ready = false;
    return 0;
}

/* ---- what the front says ---- */

static void send_keeper(struct parent *p, int fd, const char *why)
{
    char text[CONTROL_MAX_BYTES];
    int n = snprintf(text, sizeof text, "%c%s", fd >= 0 ? CONTROL_KEEPER : CONTROL_NO_KEEPER, why);
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } room = {.bytes = {0}};
    struct iovec piece = {text, n < (int)sizeof text ? (size_t)n : sizeof text - 1};
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};
    if (fd >= 0) {
        message.msg_control = &room;
        message.msg_controllen = sizeof room;
        struct cmsghdr *c = CMSG_FIRSTHDR(&message);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof fd);
        memcpy(CMSG_DATA(c), &fd, sizeof fd);
    }
    if (sendmsg(p->control_fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
        log_event(LOG_LEVEL_WARN, "node", "keeper-not-handed-over", "errno=%d", errno);
}

static void give_keeper(struct parent *p)
{
    int64_t now = monotonic_us();
    if (now - p->keepers_since_us > KEEPERS_US) {
        p->keepers_since_us = now;
        p->keepers = 0;
    }
    if (++p->keepers > KEEPERS_BURST) {
        send_keeper(p, -1, "keepers end as fast as they are started");
        return;
    }
    struct err err;
    int fd;
    pid_t pid;
    if (node__keeper_spawn(p->options->directory, p->options->program, &fd, &pid, &err) != 0) {
        char line[sizeof err], quoted[sizeof err];
        log_event(LOG_LEVEL_ERROR, "node", "keeper-not-started", "why=%s",
            log_quote(err_line(&err, line, sizeof line), quoted, sizeof quoted));
        send_keeper(p, -1, err.what);
        return;
    }
    log_event(LOG_LEVEL_INFO, "node", "keeper-started", "pid=%ld", (long)pid);
    send_keeper(p, fd, "");
    close(fd);
}

/* "code\nwhat\nkept\ntodo" */
static void take_failure(struct parent *p, char *text)
{
    struct str rest = str_of(text), piece;
    p->failed = true;
    int code = str_cut(&rest, '\n', &piece) ? atoi(piece.p) : ERR_INTERNAL;
    bool said = str_cut(&rest, '\n', &piece);
    err_set(&p->failure, code, "%.*s", said ? (int)piece.n : 0, piece.p);
    if (str_cut(&rest, '\n', &piece))
        err_kept(&p->failure, "%.*s", STR_ARG(piece));
    if (str_cut(&rest, '\n', &piece))
        err_todo(&p->failure, "%.*s", STR_ARG(piece));
}

static void on_ready(struct parent *p, const char *address)
{
    char state[256];
    p->ready = true;
    p->starts_in_vain = 0;
    snprintf(state, sizeof state, "READY=1\nSTATUS=serving at %.100s", address);
    node__notify(state);
    log_event(LOG_LEVEL_INFO, "node", "serving", "address=%s pid=%ld", address, (long)p->front);
    if (!p->ever_ready && p->options->on_ready)
        p->options->on_ready(p->options->ctx, address);
    p->ever_ready = true;
}

/* False at the control socket's end. */
static bool hear_front(struct parent *p)
{
    char text[CONTROL_MAX_BYTES + 1];
    ssize_t n = recv(p->control_fd, text, CONTROL_MAX_BYTES, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return true;
    if (n <= 0)
        return false;
    text[n] = 0;
    p->beat_us = monotonic_us();
    switch ((enum control)text[0]) {
    case CONTROL_KEEPER:
        give_keeper(p);
        break;
    case CONTROL_READY:
        on_ready(p, text + 1);
        break;
    case CONTROL_FAILED:
        take_failure(p, text + 1);
        break;
    case CONTROL_PROGRESS: {
        char state[CONTROL_MAX_BYTES + 64];
        snprintf(state, sizeof state, "EXTEND_TIMEOUT_USEC=60000000\nSTATUS=starting: %s", text + 1);
        node__notify(state);
        log_event(LOG_LEVEL_DEBUG, "node", "starting", "step=\"%.100s\"", text + 1);
        break;
    }
    case CONTROL_BEAT:
    case CONTROL_NO_KEEPER:
        break;
    }
    return true;
}

/* ---- ends ---- */

static void front_ended(struct parent *p, int status)
{
    int64_t now = monotonic_us();
    while (p->control_fd >= 0 && hear_front(p)) { /* its last words */
        char none;
        if (recv(p->control_fd, &none, 1, MSG_PEEK | MSG_DONTWAIT) < 0)
            break;
    }
    if (p->control_fd >= 0)
        close(p->control_fd);
    p->control_fd = -1;
    p->front = 0;
    if (p->stopping || p->failed)
        return;
    if (now - p->started_us > STEADY_US || p->pause_us == 0)
        p->pause_us = PAUSE_FIRST_US;
    else
        p->pause_us = 2 * p->pause_us > PAUSE_MAX_US ? PAUSE_MAX_US : 2 * p->pause_us;
    p->restart_at_us = now + p->pause_us;
    if (!p->ready && ++p->starts_in_vain >= GIVE_UP_STARTS) {
        p->failed = true;
        err_set(&p->failure, ERR_INTERNAL, "the front ended %u times before it served", p->starts_in_vain);
        err_todo(&p->failure, "the log above says why");
    }
    char how[64];
    if (WIFSIGNALED(status))
        snprintf(how, sizeof how, "signal=%d", WTERMSIG(status));
    else
        snprintf(how, sizeof how, "status=%d", WEXITSTATUS(status));
    log_event(
        LOG_LEVEL_ERROR, "node", "front-ended", "%s restart_ms=%lld", how, (long long)p->pause_us / 1000);
}

static void reap(struct parent *p)
{
    int status;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
        if (pid == p->front)
            front_ended(p, status);
        else if (WIFSIGNALED(status)) /* the front asks for another when it needs one */
            log_event(
                LOG_LEVEL_WARN, "node", "keeper-ended", "pid=%ld signal=%d", (long)pid, WTERMSIG(status));
    }
}

static void begin_stop(struct parent *p)
{
    if (p->stopping)
        return;
    p->stopping = true;
    p->stop_at_us = monotonic_us() + STOP_US;
    node__notify("STOPPING=1\nSTATUS=stopping");
    log_event(LOG_LEVEL_INFO, "node", "stopping", "front=%ld", (long)p->front);
    if (p->front > 0)
        kill(p->front, SIGTERM);
}

static void hear_signals(struct parent *p)
{
    struct signalfd_siginfo info;
    while (read(p->signal_fd, &info, sizeof info) == sizeof info) {
        if (info.ssi_signo == SIGCHLD)
            reap(p);
        else
            begin_stop(p);
    }
}

/* ---- the loop ---- */

static void sooner(int64_t *until, int64_t at)
{
    if (at < *until)
        *until = at;
}

/* What is due by the clock; returns when the next thing is. */
static int64_t do_due(struct parent *p)
{
    int64_t now = monotonic_us(), until = now + 60000000;
    if (p->front == 0 && !p->stopping && !p->failed) {
        if (now >= p->restart_at_us && start_front(p, &p->failure) != 0)
            p->failed = true;
        if (p->front == 0)
            sooner(&until, p->restart_at_us);
    }
    if (p->stopping && p->front > 0) {
        if (now >= p->stop_at_us && !p->killed) {
            log_event(LOG_LEVEL_ERROR, "node", "front-killed", "after_s=%d", STOP_US / 1000000);
            kill(p->front, SIGKILL);
            p->killed = true;
        }
        if (!p->killed)
            sooner(&until, p->stop_at_us);
    }
    if (p->watchdog_us && p->ready && !p->stopping) {
        int64_t half = (int64_t)(p->watchdog_us / 2);
        /* Only while the front gives signs of life: a front that hangs is to end us all. */
        if (now - p->watchdog_told_us >= half / 2 && now - p->beat_us < half + 1500000) {
            node__notify("WATCHDOG=1");
            p->watchdog_told_us = now;
        }
        sooner(&until, now + half / 2);
    }
    return until;
}

static void run(struct parent *p)
{
    while (!((p->stopping || p->failed) && p->front == 0)) {
        int64_t until = do_due(p), now = monotonic_us();
        if ((p->stopping || p->failed) && p->front == 0)
            return;
        struct pollfd fds[2] = {
            {.fd = p->signal_fd, .events = POLLIN}, {.fd = p->control_fd, .events = POLLIN}};
        int wait_ms = until <= now ? 0 : (int)((until - now) / 1000) + 1;
        if (poll(fds, 2, wait_ms) < 0 && errno != EINTR)
            return;
        if (fds[1].revents && p->control_fd >= 0 && !hear_front(p)) {
            close(p->control_fd);
            p->control_fd = -1; /* its end comes as a signal */
        }
        if (fds[0].revents)
            hear_signals(p);
    }
}

int node_serve(const struct serve_options *options, struct err *err)
{
    struct parent p = {
        .options = options, .control_fd = -1, .lock_fd = -1, .watchdog_us = node__watchdog_us()};
    int bad = node__directory_make(options->directory, err);
    if (!bad)
        bad = node__lock_take(options->directory, &p.lock_fd, err);
    if (bad)
        return bad;
    sigset_t watched, before;
    sigemptyset(&watched);
    sigaddset(&watched, SIGTERM);
    sigaddset(&watched, SIGINT);
    sigaddset(&watched, SIGCHLD);
    sigprocmask(SIG_BLOCK, &watched, &before);
    p.signal_fd = signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK);
    if (p.signal_fd < 0) {
        bad = err_errno(err, errno, "cannot watch for signals");
    } else {
        run(&p);
        close(p.signal_fd);
        if (p.failed) {
            bad = p.failure.code;
            if (err)
                *err = p.failure;
        }
    }
    if (p.control_fd >= 0)
        close(p.control_fd);
    while (waitpid(-1, NULL, 0) > 0) /* keepers end with their sockets */
        ;
    close(p.lock_fd);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return bad;
}
