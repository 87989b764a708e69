/* process.c: the keeper's process: shut in (no files, no network, seccomp), two threads, frames in and out.
 *
 * The main thread reads frames and answers what is quick; one other hashes passwords, one after another. */
#include "base/log.h"
#include "base/wire.h"
#include "keeper/service.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <seccomp.h>
#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#define MAX_WAITING 16 /* passwords to hash */

struct waiting {
    struct waiting *next;
    uint32_t id;
    struct buf request;
};
struct process {
    int socket_fd;
    struct service *service;
    pthread_mutex_t write_lock;
    pthread_mutex_t queue_lock;
    pthread_cond_t queue_filled;
    struct waiting *first, **last;
    unsigned waiting_n;
    bool stop;
    struct vault_scratch *quick, *slow;
};

/* ---- shutting in ---- */

/* The calls that may be made once the keeper answers; any other ends it. */
#ifndef WIDENET_SANITIZED
static const int allowed_calls[] = {
    SCMP_SYS(read),
    SCMP_SYS(write),
    SCMP_SYS(pread64),
    SCMP_SYS(pwrite64),
    SCMP_SYS(fsync),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(close),
    SCMP_SYS(getrandom),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(brk),
    SCMP_SYS(mlock),
    SCMP_SYS(mlock2),
    SCMP_SYS(munlock),
    SCMP_SYS(futex),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(sched_yield),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(tgkill),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    SCMP_SYS(rseq),
    SCMP_SYS(set_robust_list),
};

static int restrict_calls(struct err *err)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    int bad = filter ? 0 : -ENOMEM;
    for (size_t i = 0; !bad && i < sizeof allowed_calls / sizeof *allowed_calls; i++)
        bad = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed_calls[i], 0);
    /* Memory yes, code no. */
    const struct scmp_arg_cmp no_code = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
    if (!bad)
        bad = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, &no_code);
    if (!bad)
        bad = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, &no_code);
    if (!bad)
        bad = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
    if (!bad)
        bad = seccomp_load(filter);
    if (filter)
        seccomp_release(filter);
    if (bad)
        return err_errno(err, -bad, "cannot shut the keeper in (seccomp)");
    return 0;
}
#else
/* A sanitizer's runtime makes calls of its own. */
static int restrict_calls(struct err *err)
{
    (void)err;
    return 0;
}
#endif

static void close_but(int a, int b)
{
    int low = a < b ? a : b, high = a < b ? b : a;
    if (low > 3)
        close_range(3, (unsigned)low - 1, 0);
    if (high > low + 1)
        close_range((unsigned)low + 1, (unsigned)high - 1, 0);
    close_range((unsigned)high + 1, ~0u, 0);
}

static int shut_in(int socket_fd, int file_fd, struct err *err)
{
    close_but(socket_fd, file_fd);
    struct rlimit none = {0, 0};
    /* Not stopped by the terminal's or the service manager's signal to all: it ends when its socket does, so
     * that the front can finish what it began. */
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    if (prctl(PR_SET_DUMPABLE, 0) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        setrlimit(RLIMIT_CORE, &none) != 0)
        return err_errno(err, errno, "cannot shut the keeper in");
    prctl(PR_SET_NAME, "widenet-keeper");
    return 0;
}

/* Two keepers never share the file: the one before ends when its socket does, which may take a hash's time.
 */
static int lock_file(int file_fd, struct err *err)
{
    for (int tries = 0; flock(file_fd, LOCK_EX | LOCK_NB) != 0; tries++) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return err_errno(err, errno, "cannot lock the key file");
        if (tries == 1000)
            return err_set(err, ERR_BUSY, "another keeper has the key file");
        poll(NULL, 0, 10);
    }
    return 0;
}

/* ---- answering ---- */

static void send_reply(struct process *p, struct buf *reply)
{
    frame_end(reply);
    pthread_mutex_lock(&p->write_lock);
    frame_send(p->socket_fd, buf_str(reply), NULL); /* a closed socket is seen by the reader */
    pthread_mutex_unlock(&p->write_lock);
}

static void answer(struct process *p, struct vault_scratch *scratch, uint32_t id, struct str request)
{
    struct buf reply _cleanup_wipe_ = BUF_INIT;
    frame_begin(&reply);
    pack_u32(&reply, id);
    keeper__service_answer(p->service, scratch, request, &reply);
    send_reply(p, &reply);
}

static void refuse(struct process *p, uint32_t id, const struct err *err)
{
    struct buf reply _cleanup_buf_ = BUF_INIT;
    frame_begin(&reply);
    pack_u32(&reply, id);
    keeper__service_refuse(&reply, err);
    send_reply(p, &reply);
}

static void *slow_thread(void *arg)
{
    struct process *p = arg;
    for (;;) {
        pthread_mutex_lock(&p->queue_lock);
        while (!p->first && !p->stop)
            pthread_cond_wait(&p->queue_filled, &p->queue_lock);
        struct waiting *w = p->first;
        if (w) {
            p->first = w->next;
            if (!p->first)
                p->last = &p->first;
            p->waiting_n--;
        }
        bool stop = p->stop;
        pthread_mutex_unlock(&p->queue_lock);
        if (w && !stop)
            answer(p, p->slow, w->id, buf_str(&w->request));
        if (w) {
            buf_wipe(&w->request);
            free(w);
        } else if (stop) {
            return NULL;
        }
    }
}

static void queue_up(struct process *p, uint32_t id, struct str request)
{
    struct waiting *w = calloc(1, sizeof *w);
    pthread_mutex_lock(&p->queue_lock);
    if (!w || p->waiting_n >= MAX_WAITING) {
        pthread_mutex_unlock(&p->queue_lock);
        free(w);
        struct err err;
        err_set(&err, ERR_BUSY, "too many people are signing in at this moment");
        err_todo(&err, "try again in a few seconds");
        refuse(p, id, &err);
        return;
    }
    w->id = id;
    buf_add(&w->request, request.p, request.n);
    *p->last = w;
    p->last = &w->next;
    p->waiting_n++;
    pthread_cond_signal(&p->queue_filled);
    pthread_mutex_unlock(&p->queue_lock);
}

static void serve_socket(struct process *p)
{
    struct buf in _cleanup_wipe_ = BUF_INIT;
    buf_reserve(&in, KEEPER_MAX_MESSAGE);
    while (frame_receive(p->socket_fd, &in, KEEPER_MAX_MESSAGE, -1, NULL) == 1) {
        struct unpack head = unpack_of(buf_str(&in));
        uint32_t id = unpack_u32(&head);
        struct str request = {(const char *)head.p, head.n};
        if (head.bad)
            break;
        if (keeper__service_is_slow(request))
            queue_up(p, id, request);
        else
            answer(p, p->quick, id, request);
        sodium_memzero(in.p, in.n);
    }
}

static int start(
    struct process *p, int file_fd, struct vault_pepper *pepper, pthread_t *thread, struct err *err)
{
    int bad = shut_in(p->socket_fd, file_fd, err);
    if (!bad)
        bad = lock_file(file_fd, err);
    if (!bad)
        bad = keeper__service_create(file_fd, pepper, &clock_system, NULL, NULL, &p->service, err);
    if (bad)
        return bad;
    p->quick = sodium_malloc(sizeof *p->quick);
    p->slow = sodium_malloc(sizeof *p->slow);
    if (!p->quick || !p->slow || pthread_create(thread, NULL, slow_thread, p) != 0)
        return err_set(err, ERR_MEMORY, "not enough memory for the keeper");
    bad = restrict_calls(err);
    if (bad) {
        pthread_mutex_lock(&p->queue_lock);
        p->stop = true;
        pthread_cond_signal(&p->queue_filled);
        pthread_mutex_unlock(&p->queue_lock);
        pthread_join(*thread, NULL);
    }
    return bad;
}

int keeper_main(int socket_fd, int file_fd, const uint8_t pepper[32])
{
    if (sodium_init() < 0)
        return 1;
    struct process p = {.socket_fd = socket_fd,
        .write_lock = PTHREAD_MUTEX_INITIALIZER,
        .queue_lock = PTHREAD_MUTEX_INITIALIZER,
        .queue_filled = PTHREAD_COND_INITIALIZER,
        .last = &p.first};
    struct vault_pepper *locked = sodium_malloc(sizeof *locked);
    if (!locked)
        return 1;
    memcpy(locked->b, pepper, sizeof locked->b);
    pthread_t thread;
    struct err err = {0};
    int bad = start(&p, file_fd, locked, &thread, &err);
    sodium_free(locked);
    if (bad) {
        refuse(&p, 0, &err);
    } else {
        /* The first frame, unasked: the keeper is there. */
        struct buf hello _cleanup_buf_ = BUF_INIT;
        frame_begin(&hello);
        pack_u32(&hello, 0);
        pack_u32(&hello, 0);
        send_reply(&p, &hello);
        serve_socket(&p);
        pthread_mutex_lock(&p.queue_lock);
        p.stop = true;
        pthread_cond_signal(&p.queue_filled);
        pthread_mutex_unlock(&p.queue_lock);
        pthread_join(thread, NULL);
    }
    keeper__service_destroy(p.service);
    sodium_free(p.quick);
    sodium_free(p.slow);
    return bad ? 1 : 0;
}
