/* import.c: JSONL from a descriptor through parsing and verifying threads into the log, many records a
 * commit.
 *
 * Each thread in turn takes a piece of whole lines from the descriptor, works on it alone, and appends what
 * it got; the log's group commit joins several threads' pieces. Nothing waits in queues between them. */
#include "store/internal.h"
#include "store/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PIECE_BYTES (1u << 20) /* read at a time; a line may be longer */
#define LINE_BYTES (1u << 20)  /* beyond it a line is refused unread: no record is so long */
#define LAG_MAX 400000         /* records the applier may be behind before the import waits for it */

struct import {
    struct store *store;
    const struct store_import_options *options;
    int fd;
    pthread_mutex_t read_mutex; /* guards what reads */
    struct buf rest;            /* the beginning of a line whose end was not read yet */
    bool skipping;              /* in a line too long */
    bool end;
    uint64_t line; /* number of the next one */

    pthread_mutex_t report_mutex; /* guards what follows */
    struct store_import_counts counts;
    uint64_t bytes;
    int64_t told_us;
    int code;
    struct err err;
};

struct piece {
    struct buf text;
    struct buf ends;   /* uint32_t: where each line ends in it */
    uint64_t line;     /* number of its first */
    uint64_t too_long; /* the line before it that was refused unread, or 0 */
};

static void fail(struct import *m, const struct err *err)
{
    pthread_mutex_lock(&m->report_mutex);
    if (!m->code) {
        m->code = err->code;
        m->err = *err;
    }
    pthread_mutex_unlock(&m->report_mutex);
}

static bool failed(struct import *m)
{
    pthread_mutex_lock(&m->report_mutex);
    bool yes = m->code < 0;
    pthread_mutex_unlock(&m->report_mutex);
    return yes;
}

static void refuse(struct import *m, uint64_t line, const char *reason)
{
    pthread_mutex_lock(&m->report_mutex);
    m->counts.lines++;
    m->counts.refused++;
    if (m->options->refused)
        m->options->refused(m->options->ctx, line, reason);
    pthread_mutex_unlock(&m->report_mutex);
}

static size_t last_newline(struct str s)
{
    const char *at = s.n ? memrchr(s.p, '\n', s.n) : NULL;
    return at ? (size_t)(at - s.p) + 1 : 0;
}

static void find_lines(struct piece *p)
{
    buf_clear(&p->ends);
    for (size_t at = 0; at < p->text.n;) {
        const char *newline = memchr(p->text.p + at, '\n', p->text.n - at);
        uint32_t end = (uint32_t)(newline ? (size_t)(newline - p->text.p) : p->text.n);
        buf_add(&p->ends, &end, sizeof end);
        at = (size_t)end + 1;
    }
}

/* A piece of whole lines; false at the end. Under read_mutex. */
static bool read_piece(struct import *m, struct piece *p, struct err *err)
{
    buf_clear(&p->text);
    p->too_long = 0;
    buf_adds(&p->text, buf_str(&m->rest));
    buf_clear(&m->rest);
    while (!m->end) {
        buf_reserve(&p->text, PIECE_BYTES);
        ssize_t n = read(m->fd, p->text.p + p->text.n, PIECE_BYTES);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            err_errno(err, errno, "could not read the records");
            return false;
        }
        m->end = n == 0;
        struct str fresh = {p->text.p + p->text.n, (size_t)n};
        if (m->skipping) { /* until this line's end */
            size_t newline = str_find_char(fresh, '\n');
            if (newline == SIZE_MAX)
                continue;
            m->skipping = false;
            buf_clear(&p->text);
            memmove(p->text.p, fresh.p + newline + 1, fresh.n - newline - 1);
            p->text.n = fresh.n - newline - 1;
        } else {
            p->text.n += fresh.n;
        }
        size_t whole = m->end ? p->text.n : last_newline(buf_str(&p->text));
        if (whole || m->end) {
            buf_add(&m->rest, p->text.p + whole, p->text.n - whole);
            p->text.n = whole;
            break;
        }
        if (p->text.n > LINE_BYTES) {
            m->skipping = true;
            p->too_long = m->line++;
            buf_clear(&p->text);
            break;
        }
    }
    p->line = m->line;
    find_lines(p);
    m->line += p->ends.n / sizeof(uint32_t);
    return p->text.n || p->too_long || !m->end;
}

struct work {
    struct arena *arena;
    struct buf raw; /* canonical forms, one behind the other */
    struct store_item *items;
    uint64_t *lines;
    size_t *ends; /* in raw */
    size_t n, cap;
};

static void work_grow(struct work *k)
{
    if (k->n < k->cap)
        return;
    k->cap = k->cap ? 2 * k->cap : 1024;
    k->items = realloc(k->items, k->cap * sizeof *k->items);
    k->lines = realloc(k->lines, k->cap * sizeof *k->lines);
    k->ends = realloc(k->ends, k->cap * sizeof *k->ends);
    if (!k->items || !k->lines || !k->ends)
        abort();
}

static void take_line(struct import *m, struct work *k, struct str line, uint64_t number)
{
    struct err why = {0};
    char reason[600];
    line = str_trim(number == 1 ? str_without_mark(line) : line);
    if (!line.n)
        return;
    struct record *r = ARENA_NEW(k->arena, struct record);
    if (record_parse(k->arena, line, r, &why) < 0 || record_verify_to_json(r, &k->raw, &why) < 0) {
        snprintf(reason, sizeof reason, "invalid: %s", why.what);
        refuse(m, number, reason);
        return;
    }
    work_grow(k);
    k->items[k->n] = (struct store_item){.record = r};
    k->lines[k->n] = number;
    k->ends[k->n++] = k->raw.n;
}

static void report(struct import *m, const struct work *k, size_t bytes)
{
    pthread_mutex_lock(&m->report_mutex);
    m->bytes += bytes;
    for (size_t i = 0; i < k->n; i++) {
        const struct store_item *item = &k->items[i];
        m->counts.lines++;
        if (item->verdict == STORE_NEW) {
            m->counts.added++;
            if (item->seq > m->counts.last_seq)
                m->counts.last_seq = item->seq;
        } else if (item->verdict == STORE_DUPLICATE) {
            m->counts.duplicates++;
        } else {
            m->counts.refused++;
            if (m->options->refused)
                m->options->refused(m->options->ctx, k->lines[i], item->reason);
        }
    }
    int64_t now = monotonic_us();
    if (m->options->progress && now - m->told_us > 250000) {
        m->told_us = now;
        m->options->progress(m->options->ctx, m->bytes, m->counts.lines);
    }
    pthread_mutex_unlock(&m->report_mutex);
}

static int do_piece(struct import *m, struct work *k, const struct piece *p, struct err *err)
{
    arena_reset(k->arena);
    buf_clear(&k->raw);
    k->n = 0;
    if (p->too_long)
        refuse(m, p->too_long, "invalid: the line is longer than any record");
    uint32_t start = 0, end;
    for (size_t i = 0; i < p->ends.n / sizeof end; i++, start = end + 1) {
        memcpy(&end, p->ends.p + i * sizeof end, sizeof end);
        take_line(m, k, str_slice(buf_str(&p->text), start, end), p->line + i);
    }
    for (size_t i = 0, from = 0; i < k->n; from = k->ends[i++])
        k->items[i].raw = (struct str){k->raw.p + from, k->ends[i] - from};
    if (k->n) {
        int rc = store_append(m->store, k->items, k->n, err);
        if (rc < 0)
            return rc;
    }
    report(m, k, p->text.n);
    uint64_t last = store_last_seq(m->store);
    if (last > LAG_MAX && store_applied_seq(m->store) + LAG_MAX < last)
        store_wait_applied(m->store, last - LAG_MAX / 2, 60000, NULL);
    return 0;
}

static void *run(void *ctx)
{
    struct import *m = ctx;
    struct work k = {.arena = arena_create(0)};
    struct piece p = {BUF_INIT, BUF_INIT, 0, 0};
    struct err err = {0};
    while (!failed(m)) {
        pthread_mutex_lock(&m->read_mutex);
        bool more = !m->end || m->rest.n;
        more = more && read_piece(m, &p, &err);
        pthread_mutex_unlock(&m->read_mutex);
        if (err.code < 0) {
            fail(m, &err);
            break;
        }
        if (!more)
            break;
        if (do_piece(m, &k, &p, &err) < 0) {
            fail(m, &err);
            break;
        }
    }
    buf_finish(&p.text);
    buf_finish(&p.ends);
    buf_finish(&k.raw);
    free(k.items);
    free(k.lines);
    free(k.ends);
    arena_destroy(k.arena);
    return NULL;
}

int store_import(struct store *store, int fd, const struct store_import_options *options,
    struct store_import_counts *out, struct err *err)
{
    static const struct store_import_options none;
    struct import m = {.store = store, .options = options ? options : &none, .fd = fd, .line = 1};
    pthread_t threads[64];
    size_t started = 0;
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    size_t wanted = m.options->threads ? m.options->threads : processors > 0 ? (size_t)processors + 1 : 2;
    pthread_mutex_init(&m.read_mutex, NULL);
    pthread_mutex_init(&m.report_mutex, NULL);
    store->ops->bulk(store, true);
    while (started < wanted && started < 64 && !pthread_create(&threads[started], NULL, run, &m))
        started++;
    if (!started)
        run(&m);
    for (size_t i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    store->ops->bulk(store, false);
    pthread_mutex_destroy(&m.read_mutex);
    pthread_mutex_destroy(&m.report_mutex);
    buf_finish(&m.rest);
    *out = m.counts;
    if (m.code < 0) {
        if (err)
            *err = m.err;
        err_kept(err, "%lu records were stored", (unsigned long)m.counts.added);
    }
    return m.code;
}
