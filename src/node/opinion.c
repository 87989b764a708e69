/* opinion.c: what an account says under a key that no record links to it: the key, what waits, and the thread
 * that lets it leave. It knows nothing of what the records mean.
 *
 * A record leaves after the day on which it was chosen, at a random moment; until then a later choice takes
 * its place. Its date is the day's first second, so signing it twice gives the same id, and a crash between
 * publishing and forgetting it does no harm. */
#include "node/opinion.h"

#include "base/log.h"
#include "node.sql.h"
#include "node/inside.h"

#include <stdlib.h>

#define DAY 86400
#define LEAVING_DAYS 7 /* how long erasing after an account's end may take */
#define WORK_SECONDS 30
#define NAME_CHARS 20

/* What an opinion key may sign: ratings, taking them back, and being forgotten. */
static const uint32_t kinds[] = {34259, 5, 62};
static const struct str vanishing = STR_INIT("*");

static uint64_t random_below(uint64_t n)
{
    uint64_t x;
    do
        rng_system.fill(rng_system.ctx, &x, sizeof x);
    while (x >= UINT64_MAX - UINT64_MAX % n);
    return x % n;
}

/* ---- the key */

static int key_row(
    struct sql *db, const struct pubkey *account, int64_t *id, struct pubkey *key, struct err *err)
{
    struct sql_cursor *c = sql_open(db, &node_opinion_key_of);
    sql_blob(c, 1, account->b, sizeof account->b);
    int got = sql_step(c, err);
    if (got == 1 && sql_col_blob(c, 1).n == sizeof key->b) {
        *id = sql_col_int(c, 0);
        memcpy(key->b, sql_col_blob(c, 1).p, sizeof key->b);
    }
    int closed = sql_close(c, got < 0 ? NULL : err);
    if (got < 0 || closed)
        return got < 0 ? got : closed;
    return got == 1 ? 0 : err_set(err, ERR_NOT_FOUND, "this account has no opinion key");
}

int node_opinion_key(
    struct store_read *read, const struct pubkey *account, struct pubkey *out, struct err *err)
{
    int64_t id;
    return key_row(store_read_sql(read), account, &id, out, err);
}

struct new_key {
    const struct pubkey *account;
    struct str name;
    struct pubkey key;
};

static int insert_key(void *ctx, struct sql *db, struct err *err)
{
    const struct new_key *k = ctx;
    struct sql_cursor *c = sql_open(db, &node_opinion_key_insert);
    sql_blob(c, 1, k->account->b, sizeof k->account->b);
    sql_text(c, 2, k->name);
    sql_blob(c, 3, k->key.b, sizeof k->key.b);
    return sql_done(c, err);
}

static int make_key(struct node *node, const struct pubkey *account, struct err *err)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
    struct keeper *keeper = node_keeper(node, err);
    if (!keeper)
        return err ? err->code : ERR_CLOSED;
    uint8_t random[NAME_CHARS];
    char name[NAME_CHARS];
    rng_system.fill(rng_system.ctx, random, sizeof random);
    for (size_t i = 0; i < NAME_CHARS; i++)
        name[i] = letters[random[i] & 31];
    struct new_key k = {.account = account, .name = {name, sizeof name}};
    int bad = keeper_create_unattended(keeper, k.name, kinds, sizeof kinds / sizeof *kinds, &k.key, err);
    if (!bad) {
        bad = store_write(node->store, insert_key, &k, err);
        if (bad)
            keeper_forget(keeper, &k.key, NULL);
    }
    return bad;
}

static int ensure_key(struct node *node, const struct pubkey *account, struct err *err)
{
    struct store_read *read;
    struct pubkey key;
    pthread_mutex_lock(&node->account_lock); /* two requests at once must not make two keys */
    int bad = store_read_begin(node->store, &read, err);
    if (!bad) {
        bad = node_opinion_key(read, account, &key, err);
        store_read_end(read);
        if (bad == ERR_NOT_FOUND)
            bad = make_key(node, account, err);
    }
    pthread_mutex_unlock(&node->account_lock);
    return bad;
}

/* ---- what waits */

struct put {
    const struct pubkey *account;
    struct str subject, record;
    int64_t due_at;
};

static int put(void *ctx, struct sql *db, struct err *err)
{
    const struct put *p = ctx;
    struct pubkey key;
    int64_t id;
    int bad = key_row(db, p->account, &id, &key, err);
    if (bad)
        return bad;
    struct sql_cursor *c = sql_open(db, &node_opinion_waiting_count);
    sql_int(c, 1, id);
    sql_text(c, 2, p->subject);
    int got = sql_step(c, err);
    bool full = got == 1 && sql_col_int(c, 0) >= NODE_OPINIONS_WAITING;
    bad = sql_close(c, got < 0 ? NULL : err);
    if (got < 0 || bad)
        return got < 0 ? got : bad;
    if (full) {
        err_set(
            err, ERR_LIMIT, "so many of your choices wait to leave this node that there is no room for more");
        err_todo(err, "come back tomorrow, when they have left");
        return ERR_LIMIT;
    }
    c = sql_open(db, &node_opinion_waiting_put);
    sql_int(c, 1, id);
    sql_text(c, 2, p->subject);
    sql_int(c, 3, p->due_at);
    sql_text(c, 4, p->record);
    return sql_done(c, err);
}

int node_opinion_put(struct node *node, const struct pubkey *account, struct str subject,
    const struct record *r, struct err *err)
{
    if (node->mode != NODE_SERVE)
        return err_set(err, ERR_DENIED, "opinions are taken by the serving process only");
    bool known = false;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        known = known || kinds[i] == r->kind;
    if (!known || subject.n == 0 || str_eq(subject, vanishing))
        return err_set(err, ERR_INPUT, "an opinion key does not sign records of kind %u", r->kind);
    int bad = ensure_key(node, account, err);
    if (bad)
        return bad;
    int64_t now = clock_now(&node->clock), day = now - now % DAY;
    struct record dated = *r;
    struct buf json _cleanup_buf_ = BUF_INIT;
    dated.created_at = day;
    memset(&dated.pubkey, 0, sizeof dated.pubkey);
    memset(&dated.id, 0, sizeof dated.id);
    memset(&dated.sig, 0, sizeof dated.sig);
    record_to_json(&dated, &json);
    uint64_t window = (uint64_t)config_int(node->options.config, "opinions", "delay") * 3600;
    struct put p = {account, subject, buf_str(&json), day + DAY + (int64_t)random_below(window)};
    return store_write(node->store, put, &p, err);
}

static int drop(void *ctx, struct sql *db, struct err *err)
{
    const struct put *p = ctx;
    struct pubkey key;
    int64_t id;
    int bad = key_row(db, p->account, &id, &key, err);
    if (bad)
        return bad == ERR_NOT_FOUND ? 0 : bad;
    struct sql_cursor *c = sql_open(db, &node_opinion_waiting_drop);
    sql_int(c, 1, id);
    sql_text(c, 2, p->subject);
    return sql_done(c, err);
}

int node_opinion_drop(struct node *node, const struct pubkey *account, struct str subject, struct err *err)
{
    struct put p = {.account = account, .subject = subject};
    return store_write(node->store, drop, &p, err);
}

int node_opinion_waiting(struct store_read *read, struct arena *arena, const struct pubkey *account,
    struct str subject, struct record *out, struct err *err)
{
    struct sql_cursor *c = sql_open(store_read_sql(read), &node_opinion_waiting_of);
    sql_blob(c, 1, account->b, sizeof account->b);
    sql_text(c, 2, subject);
    int got = sql_step(c, err);
    struct str json = got == 1 ? arena_str(arena, sql_col_text(c, 1)) : (struct str){NULL, 0};
    int bad = sql_close(c, got < 0 ? NULL : err);
    if (got < 0 || bad)
        return got < 0 ? got : bad;
    return got == 1 ? record_parse(arena, json, out, err)
                    : err_set(err, ERR_NOT_FOUND, "nothing of that waits to leave");
}

int node_opinions(struct store_read *read, struct arena *arena, const struct pubkey *account,
    struct opinion_waiting **out, size_t *n, struct err *err)
{
    struct err ignored;
    int got = 0;
    *n = 0;
    *out = ARENA_ARRAY(arena, struct opinion_waiting, NODE_OPINIONS_WAITING + 1);
    if (!*out)
        return err_set(err, ERR_MEMORY, "out of memory");
    struct sql_cursor *c = sql_open(store_read_sql(read), &node_opinion_waiting_all);
    sql_blob(c, 1, account->b, sizeof account->b);
    while (*n <= NODE_OPINIONS_WAITING && (got = sql_step(c, err)) == 1) {
        struct opinion_waiting *w = &(*out)[*n];
        w->subject = arena_str(arena, sql_col_text(c, 0));
        struct str json = arena_str(arena, sql_col_text(c, 1));
        *n += json.p && record_parse(arena, json, &w->record, &ignored) == 0;
    }
    int bad = sql_close(c, got < 0 ? NULL : err);
    return got < 0 ? got : bad;
}

/* ---- leaving */

struct due {
    int64_t opinion, due_at;
    struct str subject, record;
    struct pubkey key;
};

static int left(void *ctx, struct sql *db, struct err *err)
{
    const struct due *d = ctx;
    /* Only this very choice: a newer one may have taken its place meanwhile. */
    struct sql_cursor *c = sql_open(db, &node_opinion_waiting_left);
    sql_int(c, 1, d->opinion);
    sql_text(c, 2, d->subject);
    sql_int(c, 3, d->due_at);
    int bad = sql_done(c, err);
    if (bad)
        return bad;
    c = sql_open(db, &node_opinion_key_used);
    sql_int(c, 1, d->opinion);
    return sql_done(c, err);
}

static int let_leave(struct node *node, const struct due *d, struct err *err)
{
    struct arena *arena _cleanup_arena_ = arena_create(1u << 20);
    struct record r = {0};
    int bad = record_parse(arena, d->record, &r, err);
    if (!bad)
        bad = node_publish_unattended(node, &d->key, &r, false, NULL, err);
    if (bad && bad != ERR_INPUT && bad != ERR_LIMIT && bad != ERR_NOT_FOUND)
        return bad; /* not now: it goes on waiting */
    if (bad)
        log_event(LOG_LEVEL_WARN, "node", "opinion-refused", "kind=%u", r.kind);
    return store_write(node->store, left, (void *)d, err);
}

static int load_due(
    struct node *node, struct arena *arena, int64_t now, struct due **out, size_t *n, struct err *err)
{
    struct store_read *read;
    *n = 0;
    *out = ARENA_ARRAY(arena, struct due, 64);
    int bad = *out ? store_read_begin(node->store, &read, err) : err_set(err, ERR_MEMORY, "out of memory");
    if (bad)
        return bad;
    struct sql_cursor *c = sql_open(store_read_sql(read), &node_opinion_waiting_due);
    sql_int(c, 1, now);
    int got;
    while ((got = sql_step(c, err)) == 1 && *n < 64) {
        struct due *d = &(*out)[*n];
        struct str key = sql_col_blob(c, 4);
        *d = (struct due){.opinion = sql_col_int(c, 0),
            .subject = arena_str(arena, sql_col_text(c, 1)),
            .due_at = sql_col_int(c, 2),
            .record = arena_str(arena, sql_col_text(c, 3))};
        if (key.n != sizeof d->key.b || !d->record.p)
            continue;
        memcpy(d->key.b, key.p, key.n);
        ++*n;
    }
    bad = sql_close(c, got < 0 ? NULL : err);
    store_read_end(read);
    return got < 0 ? got : bad;
}

/* ---- keys whose accounts are gone */

struct left_over {
    int64_t id;
    struct pubkey key;
};

static int delete_key(void *ctx, struct sql *db, struct err *err)
{
    struct sql_cursor *c = sql_open(db, &node_opinion_key_delete);
    sql_int(c, 1, ((const struct left_over *)ctx)->id);
    return sql_done(c, err);
}

static int forget_left_over(struct node *node, struct err *err)
{
    struct store_read *read;
    struct left_over rows[16];
    size_t n = 0;
    int bad = store_read_begin(node->store, &read, err);
    if (bad)
        return bad;
    struct sql_cursor *c = sql_open(store_read_sql(read), &node_opinion_key_left_over);
    int got;
    while ((got = sql_step(c, err)) == 1 && n < sizeof rows / sizeof *rows)
        if (sql_col_blob(c, 1).n == sizeof rows->key.b) {
            rows[n].id = sql_col_int(c, 0);
            memcpy(rows[n++].key.b, sql_col_blob(c, 1).p, sizeof rows->key.b);
        }
    bad = sql_close(c, got < 0 ? NULL : err);
    store_read_end(read);
    bad = got < 0 ? got : bad;
    for (size_t i = 0; !bad && i < n; i++) {
        struct keeper *keeper = node_keeper(node, err);
        bad = keeper ? keeper_forget(keeper, &rows[i].key, err) : ERR_CLOSED;
        if (!bad || bad == ERR_NOT_FOUND)
            bad = store_write(node->store, delete_key, &rows[i], err);
    }
    return bad;
}

int node_opinion_work(struct node *node, int64_t now, size_t *n, struct err *err)
{
    size_t all = 0, some;
    int bad;
    do {
        struct arena *arena _cleanup_arena_ = arena_create(0);
        struct due *due;
        bad = load_due(node, arena, now, &due, &some, err);
        for (size_t i = 0; !bad && i < some; i++) {
            bad = let_leave(node, &due[i], err);
            all += !bad;
        }
    } while (!bad && some == 64);
    if (!bad)
        bad = forget_left_over(node, err);
    if (n)
        *n = all;
    return bad;
}

/* ---- when the account goes */

struct leave {
    const struct pubkey *account;
    bool erase;
    struct str record;
    int64_t due_at;
};

static int leave(void *ctx, struct sql *db, struct err *err)
{
    const struct leave *l = ctx;
    struct pubkey key;
    int64_t id;
    int bad = key_row(db, l->account, &id, &key, err);
    if (bad)
        return bad == ERR_NOT_FOUND ? 0 : bad;
    struct sql_cursor *c = sql_open(db, &node_opinion_waiting_drop_all);
    sql_int(c, 1, id);
    bad = sql_done(c, err);
    if (bad)
        return bad;
    c = sql_open(db, &node_opinion_key_is_used);
    sql_int(c, 1, id);
    int got = sql_step(c, err);
    bool used = got == 1 && sql_col_int(c, 0);
    bad = sql_close(c, got < 0 ? NULL : err);
    if (got < 0 || bad)
        return got < 0 ? got : bad;
    if (used && l->erase) {
        c = sql_open(db, &node_opinion_waiting_put);
        sql_int(c, 1, id);
        sql_text(c, 2, vanishing);
        sql_int(c, 3, l->due_at);
        sql_text(c, 4, l->record);
        bad = sql_done(c, err);
    }
    if (bad)
        return bad;
    c = sql_open(db, &node_opinion_key_unlink);
    sql_int(c, 1, id);
    return sql_done(c, err);
}

int node__opinions_remove(struct sql *db, const struct pubkey *account, struct err *err)
{
    struct leave l = {.account = account};
    return leave(&l, db, err);
}

int node_opinion_leave(struct node *node, const struct pubkey *account, const char *erase_at, struct err *err)
{
    struct arena *arena _cleanup_arena_ = arena_create(0);
    struct record_draft draft;
    struct buf json _cleanup_buf_ = BUF_INIT;
    int64_t due = clock_now(&node->clock) + DAY + (int64_t)random_below((LEAVING_DAYS - 1) * DAY);
    /* Dated the day it leaves: today's date would be that of the account's end. */
    record_draft_init(&draft, arena, 62, due - due % DAY);
    record_draft_tag(&draft, "relay", erase_at ? erase_at : "ALL_RELAYS", NULL);
    record_draft_content(&draft, STR(""));
    if (draft.failed)
        return err_set(err, ERR_INTERNAL, "the request to vanish could not be made");
    record_to_json(&draft.r, &json);
    struct leave l = {account, erase_at != NULL, buf_str(&json), due};
    return store_write(node->store, leave, &l, err);
}

/* ---- the thread */

struct node_opinions {
    struct node *node;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool stop;
};

static void *work(void *arg)
{
    struct node_opinions *o = arg;
    struct err err;
    pthread_mutex_lock(&o->lock);
    while (!o->stop) {
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += WORK_SECONDS;
        if (pthread_cond_timedwait(&o->wake, &o->lock, &until) == 0)
            continue; /* only stopping wakes it early */
        pthread_mutex_unlock(&o->lock);
        if (node_opinion_work(o->node, clock_now(&o->node->clock), NULL, &err) != 0)
            log_event(LOG_LEVEL_WARN, "node", "opinions", "code=%d", err.code);
        pthread_mutex_lock(&o->lock);
    }
    pthread_mutex_unlock(&o->lock);
    return NULL;
}

int node__opinions_start(struct node *node, struct node_opinions **out, struct err *err)
{
    struct node_opinions *o = calloc(1, sizeof *o);
    if (!o)
        return err_set(err, ERR_MEMORY, "out of memory");
    pthread_condattr_t monotonic;
    o->node = node;
    pthread_mutex_init(&o->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&o->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (pthread_create(&o->thread, NULL, work, o) != 0) {
        pthread_cond_destroy(&o->wake);
        pthread_mutex_destroy(&o->lock);
        free(o);
        return err_set(err, ERR_MEMORY, "cannot start a thread");
    }
    *out = o;
    return 0;
}

void node__opinions_stop(struct node_opinions *o)
{
    if (!o)
        return;
    pthread_mutex_lock(&o->lock);
    o->stop = true;
    pthread_cond_signal(&o->wake);
    pthread_mutex_unlock(&o->lock);
    pthread_join(o->thread, NULL);
    pthread_cond_destroy(&o->wake);
    pthread_mutex_destroy(&o->lock);
    free(o);
}
