/* write.c: writing records: verified in parallel, signed by the keeper, appended here or by the running node.
 */
#include "node/inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define APPLIED_MS 30000
#define VERIFY_SHARE 32 /* records below which another thread is not worth starting */
#define VERIFY_THREADS 8

/* ---- verifying ---- */

struct verify_job {
    struct store_item *items;
    size_t n;
    char *good; /* one for each */
};

static void *verify(void *arg)
{
    struct verify_job *job = arg;
    for (size_t i = 0; i < job->n; i++) {
        struct err err;
        struct store_item *item = &job->items[i];
        job->good[i] = record_verify(item->record, &err) == 0;
        if (job->good[i])
            continue;
        item->verdict = STORE_REFUSED;
        item->seq = 0;
        snprintf(item->reason, sizeof item->reason, "invalid: %.100s", err.what);
    }
    return NULL;
}

static void verify_all(struct store_item *items, size_t n, char *good)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    size_t threads = n / VERIFY_SHARE;
    if (threads > VERIFY_THREADS)
        threads = VERIFY_THREADS;
    if (processors > 0 && threads > (size_t)processors)
        threads = (size_t)processors;
    if (threads < 1)
        threads = 1;
    struct verify_job jobs[VERIFY_THREADS];
    pthread_t started[VERIFY_THREADS];
    bool running[VERIFY_THREADS] = {false};
    size_t share = n / threads;
    for (size_t t = 0; t < threads; t++) {
        size_t from = t * share;
        jobs[t] = (struct verify_job){items + from, t + 1 == threads ? n - from : share, good + from};
        running[t] = t > 0 && pthread_create(&started[t], NULL, verify, &jobs[t]) == 0;
    }
    for (size_t t = 0; t < threads; t++)
        if (!running[t])
            verify(&jobs[t]);
    for (size_t t = 0; t < threads; t++)
        if (running[t])
            pthread_join(started[t], NULL);
}

/* ---- appending ---- */

static void wait_applied(struct node *node, const struct store_item *items, size_t n)
{
    uint64_t last = 0;
    for (size_t i = 0; i < n; i++)
        if (items[i].verdict != STORE_REFUSED && items[i].seq > last)
            last = items[i].seq;
    if (last) /* what is late is durable all the same */
        store_wait_applied(node->store, last, APPLIED_MS, NULL);
}

/* The good ones, in one commit; their verdicts go back to their places. */
static int append_good(
    struct node *node, struct store_item *items, size_t n, const char *good, bool wait, struct err *err)
{
    struct store_item *together = calloc(n ? n : 1, sizeof *together);
    if (!together)
        return err_set(err, ERR_MEMORY, "out of memory");
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        if (!good || good[i])
            together[count++] = items[i];
    int bad = count ? store_append(node->store, together, count, err) : 0;
    size_t at = 0;
    for (size_t i = 0; !bad && i < n; i++)
        if (!good || good[i])
            items[i] = together[at++];
    free(together);
    if (!bad && wait)
        wait_applied(node, items, n);
    return bad;
}

int node__append_local(struct node *node, struct store_item *items, size_t n, bool wait, struct err *err)
{
    char *good = calloc(n ? n : 1, 1);
    if (!good)
        return err_set(err, ERR_MEMORY, "out of memory");
    verify_all(items, n, good);
    int bad = append_good(node, items, n, good, wait, err);
    free(good);
    return bad;
}

static int read_only(struct err *err)
{
    return err_set(err, ERR_DENIED, "the data directory was opened only to read");
}

int node_append(struct node *node, struct store_item *items, size_t n, bool wait, struct err *err)
{
    if (node->mode == NODE_READ)
        return read_only(err);
    if (node->remote)
        return node__remote_append(node->remote, items, n, wait, err);
    return node__append_local(node, items, n, wait, err);
}

/* ---- publishing ---- */

/* Signs all it can: one that cannot be signed is refused by name, and the others go on. */
static int sign_all(struct keeper *keeper, const struct pubkey *key, struct record *r, size_t n,
    struct store_item *out, char *good, struct err *err)
{
    struct err why;
    for (size_t at = 0; at < n;) {
        size_t done;
        int bad = keeper_sign_unattended_many(keeper, key, r + at, n - at, &done, &why);
        for (size_t i = at; i < at + done; i++)
            good[i] = 1;
        at += done;
        if (!bad)
            return 0;
        if ((bad != ERR_INPUT && bad != ERR_LIMIT && bad != ERR_DENIED) || at >= n) {
            if (err)
                *err = why;
            return bad;
        }
        out[at].verdict = STORE_REFUSED;
        snprintf(out[at].reason, sizeof out[at].reason, "invalid: %.100s", why.what);
        at++;
    }
    return 0;
}

int node__publish_local(struct node *node, const struct pubkey *key, struct record *r, size_t n,
    struct store_item *out, bool wait, struct err *err)
{
    struct keeper *keeper;
    int bad = node__keeper(node, &keeper, err);
    if (bad)
        return bad;
    for (size_t i = 0; i < n; i++)
        out[i] = (struct store_item){.record = &r[i]};
    char *good = calloc(n ? n : 1, 1);
    if (!good)
        return err_set(err, ERR_MEMORY, "out of memory");
    bad = sign_all(keeper, key, r, n, out, good, err);
    if (!bad)
        bad = append_good(node, out, n, good, wait, err);
    free(good);
    return bad;
}

static int publish_many(struct node *node, const struct pubkey *key, struct record *r, size_t n,
    struct store_item *out, bool wait, struct err *err)
{
    if (node->mode == NODE_READ)
        return read_only(err);
    if (node->remote)
        return node__remote_publish(node->remote, key, r, out, n, wait, err);
    return node__publish_local(node, key, r, n, out, wait, err);
}

int node_publish_unattended_many(struct node *node, const struct pubkey *key, struct record *r, size_t n,
    struct store_item *out, struct err *err)
{
    return publish_many(node, key, r, n, out, false, err);
}

static int accepted(const struct store_item *item, uint64_t *seq, struct err *err)
{
    if (item->verdict == STORE_REFUSED)
        return err_set(err, ERR_INPUT, "the record was refused: %s", item->reason);
    if (seq)
        *seq = item->seq;
    return 0;
}

int node_publish_unattended(
    struct node *node, const struct pubkey *key, struct record *r, bool wait, uint64_t *seq, struct err *err)
{
    struct store_item item = {0};
    int bad = publish_many(node, key, r, 1, &item, wait, err);
    return bad ? bad : accepted(&item, seq, err);
}

int node_publish(struct node *node, const struct keeper_session *session, struct record *r, bool wait,
    uint64_t *seq, struct err *err)
{
    struct keeper *keeper;
    int bad = node__keeper(node, &keeper, err);
    if (bad)
        return bad;
    bad = keeper_sign(keeper, session, r, err);
    struct store_item item = {.record = r};
    if (!bad)
        bad = append_good(node, &item, 1, NULL, wait, err);
    return bad ? bad : accepted(&item, seq, err);
}

/* ---- blobs ---- */

int node_blob_put(
    struct node *node, struct str bytes, struct str media_type, uint8_t sha256[32], struct err *err)
{
    if (node->mode == NODE_READ)
        return read_only(err);
    if (!node->remote)
        return store_blob_put(node->store, bytes, media_type, sha256, err);
    if (bytes.n > NODE_MAX_MESSAGE - 4096)
        return err_set(err, ERR_LIMIT, "a file of %zu bytes is larger than the running node takes", bytes.n);
    struct buf request _cleanup_buf_ = BUF_INIT, answer _cleanup_buf_ = BUF_INIT;
    struct unpack u;
    pack_u8(&request, NODE_BLOB);
    pack_str(&request, media_type);
    pack_str(&request, bytes);
    int bad = node__remote_ask(node->remote, &request, true, &answer, &u, err);
    if (!bad && !unpack_bytes(&u, sha256, 32))
        bad = err_set(err, ERR_INTERNAL, "the running node's answer is malformed");
    return bad;
}
