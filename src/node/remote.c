/* remote.c: writing through a running node: the client of DATA/node.sock. */
#include "node/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define RECONNECT_MS 15000 /* how long a restarting node is waited for */

struct node_remote {
    pthread_mutex_t lock;
    char *directory;
    int fd; /* −1: lost */
};

/* By way of the directory's descriptor, so that a long path does not exceed a socket address. */
static int connect_socket(const char *directory, int *out, struct err *err)
{
    int dir = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        return err_errno(err, errno, "cannot open the data directory %s", directory);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/node.sock", dir);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int failed = fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0 ? errno : 0;
    close(dir);
    if (!failed) {
        *out = fd;
        return 0;
    }
    if (fd >= 0)
        close(fd);
    if (failed == ENOENT || failed == ECONNREFUSED)
        return err_set(err, ERR_NOT_FOUND, "no node listens in %s", directory);
    return err_errno(err, failed, "cannot reach the running node in %s", directory);
}

int node__remote_connect(const char *directory, struct node_remote **out, struct err *err)
{
    int fd;
    int bad = connect_socket(directory, &fd, err);
    if (bad)
        return bad;
    struct node_remote *r = calloc(1, sizeof *r);
    if (!r)
        abort();
    pthread_mutex_init(&r->lock, NULL);
    r->directory = str_dup(str_of(directory));
    r->fd = fd;
    struct buf request _cleanup_buf_ = BUF_INIT, answer _cleanup_buf_ = BUF_INIT;
    struct unpack u;
    pack_u8(&request, NODE_HELLO);
    bad = node__remote_ask(r, &request, false, &answer, &u, err);
    struct str version = bad ? STR("") : unpack_str(&u);
    if (!bad && !str_eqz(version, WIDENET_VERSION)) {
        bad = err_set(err, ERR_VERSION, "the running node is version %.*s, this program is " WIDENET_VERSION,
            STR_ARG(version));
        err_todo(err, "restart the node");
    }
    if (bad) {
        node__remote_close(r);
        return bad == ERR_CLOSED ? err_set(err, ERR_NOT_FOUND, "no node listens in %s", directory) : bad;
    }
    *out = r;
    return 0;
}

void node__remote_close(struct node_remote *r)
{
    if (!r)
        return;
    if (r->fd >= 0)
        close(r->fd);
    pthread_mutex_destroy(&r->lock);
    free(r->directory);
    free(r);
}

static int ask_once(struct node_remote *r, const struct buf *request, struct buf *answer, struct err *err)
{
    if (r->fd < 0) {
        int bad = connect_socket(r->directory, &r->fd, err);
        if (bad)
            return bad == ERR_NOT_FOUND ? ERR_CLOSED : bad;
    }
    struct buf frame _cleanup_wipe_ = BUF_INIT;
    buf_reserve(&frame, request->n + 8);
    frame_begin(&frame);
    buf_adds(&frame, buf_str(request));
    frame_end(&frame);
    int got = frame_send(r->fd, buf_str(&frame), err);
    if (!got)
        got = frame_receive(r->fd, answer, NODE_MAX_MESSAGE, NODE_ANSWER_MS, err);
    if (got == 1)
        return 0;
    close(r->fd);
    r->fd = -1;
    return got == ERR_LIMIT || got == ERR_BUSY ? got : ERR_CLOSED;
}

int node__remote_ask(struct node_remote *r, const struct buf *request, bool again, struct buf *answer,
    struct unpack *u, struct err *err)
{
    pthread_mutex_lock(&r->lock);
    int bad = ask_once(r, request, answer, err);
    for (int waited = 0; bad == ERR_CLOSED && again && waited < RECONNECT_MS; waited += 100) {
        poll(NULL, 0, 100);
        bad = ask_once(r, request, answer, err);
    }
    pthread_mutex_unlock(&r->lock);
    if (bad == ERR_CLOSED) {
        err_set(err, ERR_CLOSED, "the running node stopped before it answered");
        err_kept(err, "what it had answered for is kept");
        err_todo(err, "do the same again: what is there already is not added twice");
    }
    if (bad)
        return bad;
    *u = unpack_of(buf_str(answer));
    int code = (int)unpack_u32(u);
    if (code && !u->bad) {
        struct str what = unpack_str(u), kept = unpack_str(u), todo = unpack_str(u);
        err_set(err, code, "%.*s", STR_ARG(what));
        err_kept(err, "%.*s", STR_ARG(kept));
        err_todo(err, "%.*s", STR_ARG(todo));
        return code;
    }
    return u->bad ? err_set(err, ERR_INTERNAL, "the running node's answer is malformed") : 0;
}

static void read_verdict(struct unpack *u, struct store_item *item)
{
    uint8_t verdict = unpack_u8(u);
    item->verdict = verdict <= STORE_REFUSED ? (enum store_verdict)verdict : STORE_REFUSED;
    item->seq = unpack_u64(u);
    struct str reason = unpack_str(u);
    snprintf(item->reason, sizeof item->reason, "%.*s", STR_ARG(reason));
}

/* One message of as many as fit: returns how many it took, or an error. */
static int64_t append_some(
    struct node_remote *r, struct store_item *items, size_t n, bool wait, struct err *err)
{
    struct buf records _cleanup_buf_ = BUF_INIT, request _cleanup_buf_ = BUF_INIT,
                       answer _cleanup_buf_ = BUF_INIT;
    struct unpack u;
    size_t taken = 0;
    for (; taken < n && records.n < NODE_BATCH_BYTES; taken++) {
        struct buf json _cleanup_buf_ = BUF_INIT;
        if (!items[taken].raw.p)
            record_to_json(items[taken].record, &json);
        pack_str(&records, items[taken].raw.p ? items[taken].raw : buf_str(&json));
    }
    pack_u8(&request, NODE_APPEND);
    pack_u8(&request, wait);
    pack_u32(&request, (uint32_t)taken);
    buf_adds(&request, buf_str(&records));
    int bad = node__remote_ask(r, &request, true, &answer, &u, err);
    if (bad)
        return bad;
    if (unpack_u32(&u) != taken)
        u.bad = true;
    for (size_t i = 0; i < taken; i++)
        read_verdict(&u, &items[i]);
    return u.bad ? err_set(err, ERR_INTERNAL, "the running node's answer is malformed") : (int64_t)taken;
}

int node__remote_append(struct node_remote *r, struct store_item *items, size_t n, bool wait, struct err *err)
{
    for (size_t at = 0; at < n;) {
        int64_t took = append_some(r, items + at, n - at, wait, err);
        if (took < 0)
            return (int)took;
        at += (size_t)took;
    }
    return 0;
}

static int64_t publish_some(struct node_remote *remote, const struct pubkey *key, struct record *r,
    struct store_item *items, size_t n, bool wait, struct err *err)
{
    struct buf records _cleanup_buf_ = BUF_INIT, request _cleanup_buf_ = BUF_INIT,
                       answer _cleanup_buf_ = BUF_INIT;
    struct unpack u;
    size_t taken = 0;
    for (; taken < n && records.n < NODE_BATCH_BYTES; taken++)
        node__pack_record(&records, &r[taken]);
    pack_u8(&request, NODE_PUBLISH);
    buf_add(&request, key->b, sizeof key->b);
    pack_u8(&request, wait);
    pack_u32(&request, (uint32_t)taken);
    buf_adds(&request, buf_str(&records));
    int bad = node__remote_ask(remote, &request, true, &answer, &u, err);
    if (bad)
        return bad;
    if (unpack_u32(&u) != taken)
        u.bad = true;
    for (size_t i = 0; i < taken; i++) {
        items[i] = (struct store_item){.record = &r[i]};
        read_verdict(&u, &items[i]);
        r[i].pubkey = *key;
        unpack_bytes(&u, &r[i].id, sizeof r[i].id);
        unpack_bytes(&u, &r[i].sig, sizeof r[i].sig);
    }
    return u.bad ? err_set(err, ERR_INTERNAL, "the running node's answer is malformed") : (int64_t)taken;
}

int node__remote_publish(struct node_remote *remote, const struct pubkey *key, struct record *r,
    struct store_item *items, size_t n, bool wait, struct err *err)
{
    for (size_t at = 0; at < n;) {
        int64_t took = publish_some(remote, key, r + at, items + at, n - at, wait, err);
        if (took < 0)
            return (int)took;
        at += (size_t)took;
    }
    return 0;
}

/* ---- strings out, fields back ---- */

int node__ask_strings(struct node *node, enum node_request type, const struct str *v, size_t n, bool again,
    struct buf *answer, struct unpack *u, struct err *err)
{
    struct buf request _cleanup_wipe_ = BUF_INIT;
    size_t need = 16;
    for (size_t i = 0; i < n; i++)
        need += v[i].n + 4;
    buf_reserve(&request, need);
    pack_u8(&request, (uint8_t)type);
    for (size_t i = 0; i < n; i++)
        pack_str(&request, v[i]);
    return node__remote_ask(node->remote, &request, again, answer, u, err);
}

int node__take_key(struct unpack *u, struct pubkey *out, struct err *err)
{
    unpack_bytes(u, out, sizeof *out);
    return unpack_end(u) ? 0 : err_set(err, ERR_INTERNAL, "the running node's answer is malformed");
}
