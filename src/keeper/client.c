/* client.c: the other side of the keeper's socket: many threads ask over one connection, each gets its
 * answer.
 *
 * Whoever waits and finds nobody reading reads for all: it hands answers to their owners until its own has
 * come. After the keeper went away a new socket is asked for, and what can be asked twice is asked again. */
#include "base/time.h"
#include "base/wire.h"
#include "keeper/service.h"

#include <assert.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWER_TIMEOUT_MS 60000

struct call {
    struct call *next;
    uint32_t id;
    struct buf answer;
    bool answered, broken;
};
struct keeper {
    pthread_mutex_t lock;      /* over all but the sending */
    pthread_cond_t moved;      /* an answer came, or the reader stepped back */
    pthread_mutex_t send_lock; /* one frame after another, and none on a socket that was closed */
    unsigned send_connection;  /* which connection fd is of, for senders; 0: of none */
    int fd;                    /* −1: no connection */
    unsigned connection;       /* counts them */
    bool reading;
    uint32_t next_id;
    struct call *calls;
    int (*get_socket)(void *ctx);
    void *ctx;
    struct err refused; /* what the keeper said instead of a greeting */
};

static void take_socket(struct keeper *k, int fd)
{
    pthread_mutex_lock(&k->send_lock);
    k->fd = fd;
    k->connection = k->connection == UINT_MAX ? 1 : k->connection + 1;
    k->send_connection = k->connection;
    pthread_mutex_unlock(&k->send_lock);
}

struct keeper *keeper_connect(int socket_fd, int (*get_socket)(void *ctx), void *ctx)
{
    struct keeper *k = calloc(1, sizeof *k);
    if (!k)
        return NULL;
    pthread_mutex_init(&k->lock, NULL);
    pthread_mutex_init(&k->send_lock, NULL);
    pthread_cond_init(&k->moved, NULL);
    k->fd = -1;
    if (socket_fd >= 0)
        take_socket(k, socket_fd);
    k->get_socket = get_socket;
    k->ctx = ctx;
    return k;
}

void keeper_disconnect(struct keeper *k)
{
    if (!k)
        return;
    if (k->fd >= 0)
        close(k->fd);
    pthread_mutex_destroy(&k->lock);
    pthread_mutex_destroy(&k->send_lock);
    pthread_cond_destroy(&k->moved);
    free(k);
}

static int read_err(struct unpack *u, int code, struct err *err)
{
    struct str what = unpack_str(u), kept = unpack_str(u), todo = unpack_str(u);
    err_set(err, code, "%.*s", STR_ARG(what));
    err_kept(err, "%.*s", STR_ARG(kept));
    err_todo(err, "%.*s", STR_ARG(todo));
    return code;
}

/* With the lock held. Everybody who waits on this connection learns that it is gone. */
static void drop_connection(struct keeper *k)
{
    if (k->fd >= 0) {
        shutdown(k->fd, SHUT_RDWR); /* a sender that waits for room wakes */
        pthread_mutex_lock(&k->send_lock);
        k->send_connection = 0;
        close(k->fd);
        pthread_mutex_unlock(&k->send_lock);
    }
    k->fd = -1;
    for (struct call *c = k->calls; c; c = c->next)
        if (!c->answered)
            c->broken = true;
    pthread_cond_broadcast(&k->moved);
}

/* One frame for whoever it belongs to. With the lock held, which is let go while waiting. */
static void read_one(struct keeper *k)
{
    int fd = k->fd;
    struct buf in _cleanup_wipe_ = BUF_INIT;
    buf_reserve(&in, 4096);
    k->reading = true;
    pthread_mutex_unlock(&k->lock);
    int got = frame_receive(fd, &in, KEEPER_MAX_MESSAGE + 4096, ANSWER_TIMEOUT_MS, NULL);
    pthread_mutex_lock(&k->lock);
    k->reading = false;
    pthread_cond_broadcast(&k->moved);
    struct unpack u = unpack_of(buf_str(&in));
    uint32_t id = unpack_u32(&u);
    if (got != 1 || u.bad) {
        drop_connection(k);
        return;
    }
    if (id == 0) {
        int code = (int)unpack_u32(&u);
        if (code) {
            read_err(&u, code, &k->refused);
            drop_connection(k);
        }
        return;
    }
    for (struct call *c = k->calls; c; c = c->next)
        if (c->id == id && !c->answered) {
            buf_reserve(&c->answer, u.n);
            buf_add(&c->answer, u.p, u.n);
            c->answered = true;
            return;
        }
}

/* With the lock held. */
static int have_connection(struct keeper *k, struct err *err)
{
    if (k->fd >= 0)
        return 0;
    k->refused = (struct err){0};
    if (k->get_socket) {
        int fd = k->get_socket(k->ctx);
        if (fd >= 0) {
            take_socket(k, fd);
            return 0;
        }
    }
    err_set(err, ERR_CLOSED, "the keeper of the keys is not running");
    err_todo(err, "try again in a moment");
    return ERR_CLOSED;
}

static int send_request(struct keeper *k, struct call *call, struct str request)
{
    struct buf frame _cleanup_wipe_ = BUF_INIT;
    buf_reserve(&frame, request.n + 16);
    frame_begin(&frame);
    pack_u32(&frame, call->id);
    buf_adds(&frame, request);
    frame_end(&frame);
    int fd = k->fd;
    unsigned connection = k->connection;
    pthread_mutex_unlock(&k->lock);
    pthread_mutex_lock(&k->send_lock);
    int bad = connection == k->send_connection ? frame_send(fd, buf_str(&frame), NULL) : ERR_CLOSED;
    pthread_mutex_unlock(&k->send_lock);
    pthread_mutex_lock(&k->lock);
    if (bad && connection == k->connection && k->fd >= 0) {
        /* A keeper that could not start says so and closes: read that first. */
        while (connection == k->connection && k->fd >= 0 && k->reading)
            pthread_cond_wait(&k->moved, &k->lock);
        if (connection == k->connection && k->fd >= 0)
            read_one(k);
        if (connection == k->connection && k->fd >= 0)
            drop_connection(k);
    }
    return bad || call->broken ? ERR_CLOSED : 0;
}

static int ask_once(struct keeper *k, struct str request, struct buf *answer, struct err *err)
{
    struct call call = {.answer = BUF_INIT};
    pthread_mutex_lock(&k->lock);
    int bad = have_connection(k, err);
    if (bad) {
        pthread_mutex_unlock(&k->lock);
        return bad;
    }
    call.id = ++k->next_id ? k->next_id : ++k->next_id;
    call.next = k->calls;
    k->calls = &call;
    bad = send_request(k, &call, request);
    while (!bad && !call.answered && !call.broken) {
        if (k->reading)
            pthread_cond_wait(&k->moved, &k->lock);
        else
            read_one(k);
    }
    struct call **at = &k->calls;
    while (*at != &call)
        at = &(*at)->next;
    *at = call.next;
    struct err refused = k->refused;
    pthread_mutex_unlock(&k->lock);
    if (call.answered) {
        *answer = call.answer;
        return 0;
    }
    buf_wipe(&call.answer);
    if (refused.code) {
        if (err)
            *err = refused;
        return refused.code;
    }
    err_set(err, ERR_CLOSED, "the keeper of the keys stopped while it worked on this");
    err_todo(err, "try again");
    return ERR_CLOSED;
}

/* Asks; on 0 the answer's fields are left in *u, which points into answer. again: asking twice does no harm.
 */
static int ask(struct keeper *k, const struct buf *request, bool again, struct buf *answer, struct unpack *u,
    struct err *err)
{
    int bad = ERR_CLOSED;
    for (int tries = 0; bad == ERR_CLOSED && tries < (again ? 3 : 1); tries++)
        bad = ask_once(k, buf_str(request), answer, err);
    if (bad)
        return bad;
    *u = unpack_of(buf_str(answer));
    int code = (int)unpack_u32(u);
    if (u->bad)
        return err_set(err, ERR_INTERNAL, "the keeper's answer is malformed");
    return code ? read_err(u, code, err) : 0;
}

static int finish(const struct unpack *u, struct err *err)
{
    return unpack_end(u) ? 0 : err_set(err, ERR_INTERNAL, "the keeper's answer is malformed");
}

/* Requests hold passwords: their buffers do not move while they grow. */
static void begin(struct buf *b, enum keeper_request type)
{
    buf_reserve(b, 8192);
    pack_u8(b, (uint8_t)type);
}

static void pack_session(struct buf *b, const struct keeper_session *s)
{
    buf_add(b, s->secret, sizeof s->secret);
    buf_add(b, s->ticket, sizeof s->ticket);
}

static int too_long(struct str s, struct err *err)
{
    if (s.n > 2048)
        return err_set(err, ERR_INPUT, "a name or password of %zu bytes is too long", s.n);
    return 0;
}

#define ASK_PARTS                                                                                            \
    struct buf request _cleanup_wipe_ = BUF_INIT;                                                            \
    struct buf answer _cleanup_wipe_ = BUF_INIT;                                                             \
    struct unpack u

int keeper_create(struct keeper *k, struct str name, struct str password, struct pubkey *out, struct err *err)
{
    ASK_PARTS;
    int bad = too_long(name, err) ?: too_long(password, err);
    if (bad)
        return bad;
    begin(&request, KEEPER_CREATE);
    pack_str(&request, name);
    pack_str(&request, password);
    bad = ask(k, &request, false, &answer, &u, err);
    if (bad)
        return bad;
    unpack_bytes(&u, out, sizeof *out);
    return finish(&u, err);
}

int keeper_create_unattended(
    struct keeper *k, struct str name, const uint32_t *kinds, size_t n, struct pubkey *out, struct err *err)
{
    ASK_PARTS;
    int bad = too_long(name, err);
    if (bad)
        return bad;
    begin(&request, KEEPER_CREATE_UNATTENDED);
    pack_str(&request, name);
    pack_u32(&request, (uint32_t)n);
    for (size_t i = 0; i < n; i++)
        pack_u32(&request, kinds[i]);
    bad = ask(k, &request, false, &answer, &u, err);
    if (bad)
        return bad;
    unpack_bytes(&u, out, sizeof *out);
    return finish(&u, err);
}

int keeper_unlock_from(struct keeper *k, struct str name, struct str password,
    const struct keeper_source *source, struct keeper_session *out, struct pubkey *key,
    uint8_t device_out[KEEPER_DEVICE_BYTES], struct err *err)
{
    ASK_PARTS;
    static const uint8_t none[KEEPER_DEVICE_BYTES];
    if (name.n > 64 || password.n > 1024)
        return err_set(err, ERR_DENIED, "the name or the password is wrong");
    begin(&request, KEEPER_UNLOCK);
    pack_str(&request, name);
    pack_str(&request, password);
    buf_add(&request, source->address, sizeof source->address);
    pack_u8(&request, source->device != NULL);
    buf_add(&request, source->device ? source->device : none, KEEPER_DEVICE_BYTES);
    int bad = ask(k, &request, true, &answer, &u, err);
    if (bad)
        return bad;
    unpack_bytes(&u, out->secret, sizeof out->secret);
    unpack_bytes(&u, out->ticket, sizeof out->ticket);
    unpack_bytes(&u, key, sizeof *key);
    unpack_bytes(&u, device_out, KEEPER_DEVICE_BYTES);
    return finish(&u, err);
}

int keeper_unlock(struct keeper *k, struct str name, struct str password, struct keeper_session *out,
    struct pubkey *key, struct err *err)
{
    uint8_t device[KEEPER_DEVICE_BYTES];
    return keeper_unlock_from(k, name, password, &(struct keeper_source){0}, out, key, device, err);
}

/* ---- signing ---- */

static size_t record_bytes(const struct record *r)
{
    size_t n = 20 + r->content.n;
    for (size_t t = 0; t < r->tag_count; t++) {
        n += 4;
        for (size_t v = 0; v < r->tags[t].n; v++)
            n += 4 + r->tags[t].v[v].n;
    }
    return n;
}

static int too_large(const struct record *r, struct err *err)
{
    size_t n = record_bytes(r);
    if (n > KEEPER_MAX_MESSAGE - 1024)
        return err_set(err, ERR_LIMIT, "the record is too large to sign (%zu bytes)", n);
    return 0;
}

int keeper_sign(struct keeper *k, const struct keeper_session *s, struct record *r, struct err *err)
{
    ASK_PARTS;
    int bad = too_large(r, err);
    if (bad)
        return bad;
    begin(&request, KEEPER_SIGN);
    pack_session(&request, s);
    keeper__service_pack_record(&request, r);
    bad = ask(k, &request, true, &answer, &u, err);
    if (bad)
        return bad;
    unpack_bytes(&u, &r->pubkey, sizeof r->pubkey);
    unpack_bytes(&u, &r->id, sizeof r->id);
    unpack_bytes(&u, &r->sig, sizeof r->sig);
    return finish(&u, err);
}

/* As many of r as one message holds; *taken of them were sent, *done signed. */
static int sign_batch(struct keeper *k, const struct pubkey *key, struct record *r, size_t n, size_t *done,
    size_t *taken, struct err *err)
{
    ASK_PARTS;
    struct buf records _cleanup_buf_ = BUF_INIT;
    *done = *taken = 0;
    int bad = too_large(&r[0], err);
    if (bad)
        return bad;
    while (*taken < n && (*taken == 0 || records.n + record_bytes(&r[*taken]) <= KEEPER_BATCH_BYTES))
        keeper__service_pack_record(&records, &r[(*taken)++]);
    begin(&request, KEEPER_SIGN_UNATTENDED);
    buf_add(&request, key->b, sizeof key->b);
    pack_u32(&request, (uint32_t)*taken);
    buf_adds(&request, buf_str(&records));
    bad = ask(k, &request, true, &answer, &u, err);
    if (bad)
        return bad;
    uint32_t count = unpack_count(&u, 96);
    if (count > *taken)
        return err_set(err, ERR_INTERNAL, "the keeper's answer is malformed");
    for (; *done < count; ++*done) {
        struct record *one = &r[*done];
        one->pubkey = *key;
        unpack_bytes(&u, &one->id, sizeof one->id);
        unpack_bytes(&u, &one->sig, sizeof one->sig);
    }
    int code = (int)unpack_u32(&u);
    if (code && !u.bad)
        return read_err(&u, code, err);
    return finish(&u, err);
}

int keeper_sign_unattended_many(
    struct keeper *k, const struct pubkey *key, struct record *r, size_t n, size_t *signed_n, struct err *err)
{
    *signed_n = 0;
    while (*signed_n < n) {
        size_t done, taken;
        int bad = sign_batch(k, key, r + *signed_n, n - *signed_n, &done, &taken, err);
        *signed_n += done;
        if (bad)
            return bad;
        if (done != taken || done == 0)
            return err_set(err, ERR_INTERNAL, "the keeper's answer is malformed");
    }
    return 0;
}

int keeper_sign_unattended(struct keeper *k, const struct pubkey *key, struct record *r, struct err *err)
{
    size_t done;
    return keeper_sign_unattended_many(k, key, r, 1, &done, err);
}

/* ---- the rest ---- */

int keeper_confirm(
    struct keeper *k, const struct keeper_session *s, struct str name, struct str password, struct err *err)
{
    ASK_PARTS;
    if (name.n > 64 || password.n > 1024)
        return err_set(err, ERR_DENIED, "the name or the password is wrong");
    begin(&request, KEEPER_CONFIRM);
    pack_session(&request, s);
    pack_str(&request, name);
    pack_str(&request, password);
    int bad = ask(k, &request, true, &answer, &u, err);
    return bad ? bad : finish(&u, err);
}

static int nip44(struct keeper *k, enum keeper_request type, const struct keeper_session *s,
    const struct pubkey *peer, struct str text, struct buf *out, struct err *err)
{
    ASK_PARTS;
    if (text.n > KEEPER_MAX_MESSAGE - 1024)
        return err_set(err, ERR_LIMIT, "the private text is too long (%zu bytes)", text.n);
    buf_reserve(&request, text.n + 1024);
    begin(&request, type);
    pack_session(&request, s);
    buf_add(&request, peer->b, sizeof peer->b);
    pack_str(&request, text);
    int bad = ask(k, &request, true, &answer, &u, err);
    if (bad)
        return bad;
    buf_adds(out, unpack_str(&u));
    return finish(&u, err);
}

int keeper_nip44_encrypt(struct keeper *k, const struct keeper_session *s, const struct pubkey *peer,
    struct str plain, struct buf *out, struct err *err)
{
    return nip44(k, KEEPER_NIP44_ENCRYPT, s, peer, plain, out, err);
}

int keeper_nip44_decrypt(struct keeper *k, const struct keeper_session *s, const struct pubkey *peer,
    struct str payload, struct buf *out, struct err *err)
{
    return nip44(k, KEEPER_NIP44_DECRYPT, s, peer, payload, out, err);
}

int keeper_change_password(
    struct keeper *k, struct str name, struct str old_password, struct str new_password, struct err *err)
{
    ASK_PARTS;
    int bad = too_long(name, err) ?: too_long(old_password, err) ?: too_long(new_password, err);
    if (bad)
        return bad;
    begin(&request, KEEPER_CHANGE_PASSWORD);
    pack_str(&request, name);
    pack_str(&request, old_password);
    pack_str(&request, new_password);
    bad = ask(k, &request, false, &answer, &u, err);
    return bad ? bad : finish(&u, err);
}

int keeper_export(struct keeper *k, struct str name, struct str password, struct str export_password,
    struct buf *out, struct err *err)
{
    ASK_PARTS;
    int bad = too_long(name, err) ?: too_long(password, err) ?: too_long(export_password, err);
    if (bad)
        return bad;
    begin(&request, KEEPER_EXPORT);
    pack_str(&request, name);
    pack_str(&request, password);
    pack_str(&request, export_password);
    bad = ask(k, &request, true, &answer, &u, err);
    if (bad)
        return bad;
    buf_adds(out, unpack_str(&u));
    return finish(&u, err);
}

int keeper_import_key(struct keeper *k, struct str name, struct str password, struct str key_text,
    struct str key_password, struct pubkey *out, struct err *err)
{
    ASK_PARTS;
    int bad = too_long(name, err) ?: too_long(password, err) ?: too_long(key_text, err) ?:
        too_long(key_password, err);
    if (bad)
        return bad;
    begin(&request, KEEPER_IMPORT_KEY);
    pack_str(&request, name);
    pack_str(&request, password);
    pack_str(&request, key_text);
    pack_str(&request, key_password);
    bad = ask(k, &request, false, &answer, &u, err);
    if (bad)
        return bad;
    unpack_bytes(&u, out, sizeof *out);
    return finish(&u, err);
}

int keeper_lock(struct keeper *k, const struct keeper_session *s, struct err *err)
{
    ASK_PARTS;
    begin(&request, KEEPER_LOCK);
    pack_session(&request, s);
    int bad = ask(k, &request, true, &answer, &u, err);
    return bad ? bad : finish(&u, err);
}

int keeper_forget(struct keeper *k, const struct pubkey *key, struct err *err)
{
    ASK_PARTS;
    begin(&request, KEEPER_FORGET);
    buf_add(&request, key->b, sizeof key->b);
    int bad = ask(k, &request, false, &answer, &u, err);
    return bad ? bad : finish(&u, err);
}

int keeper_list(struct keeper *k, struct arena *arena, struct keeper_key **out, size_t *n, struct err *err)
{
    struct buf all _cleanup_buf_ = BUF_INIT;
    uint32_t from = 0;
    do {
        ASK_PARTS;
        begin(&request, KEEPER_LIST);
        pack_u32(&request, from);
        int bad = ask(k, &request, true, &answer, &u, err);
        if (bad)
            return bad;
        from = unpack_u32(&u);
        for (uint32_t left = unpack_count(&u, 37); left > 0; left--) {
            struct keeper_key row = {0};
            struct str name = unpack_str(&u);
            if (name.n < sizeof row.name)
                memcpy(row.name, name.p, name.n);
            unpack_bytes(&u, &row.key, sizeof row.key);
            row.unattended = unpack_u8(&u);
            buf_add(&all, &row, sizeof row);
        }
        bad = finish(&u, err);
        if (bad)
            return bad;
    } while (from);
    *n = all.n / sizeof(struct keeper_key);
    *out = ARENA_ARRAY(arena, struct keeper_key, *n + 1);
    if (!*out)
        return err_set(err, ERR_MEMORY, "too many keys to list");
    memcpy(*out, buf_str(&all).p, all.n);
    return 0;
}

int keeper_find(struct keeper *k, struct str name, bool unattended, struct pubkey *out, struct err *err)
{
    ASK_PARTS;
    int bad = too_long(name, err);
    if (bad)
        return bad;
    begin(&request, KEEPER_FIND);
    pack_str(&request, name);
    pack_u8(&request, unattended);
    bad = ask(k, &request, true, &answer, &u, err);
    if (bad)
        return bad;
    unpack_bytes(&u, out, sizeof *out);
    return finish(&u, err);
}

int keeper_log(struct keeper *k, const struct pubkey *key, size_t max, struct buf *out, struct err *err)
{
    ASK_PARTS;
    begin(&request, KEEPER_LOG);
    buf_add(&request, key->b, sizeof key->b);
    pack_u32(&request, max > UINT32_MAX ? UINT32_MAX : (uint32_t)max);
    int bad = ask(k, &request, true, &answer, &u, err);
    if (bad)
        return bad;
    bool whole = unpack_u8(&u);
    buf_adds(out, unpack_str(&u));
    bad = finish(&u, err);
    if (!bad && !whole)
        bad = err_set(err, ERR_CORRUPT, "the signing log was changed: a link does not fit");
    return bad;
}
