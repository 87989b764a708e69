/* service.c: the keeper's table of messages, and those that keep house: list, find, forget, log. */
#include "keeper/job.h"

#include <sodium.h>
#include <stdlib.h>

int keeper__malformed(struct job *j)
{
    return err_set(j->err, ERR_INPUT, "the message to the keeper is malformed");
}

/* ---- keeping house ---- */

static int answer_forget(struct job *j)
{
    struct pubkey key;
    unpack_bytes(&j->in, &key, sizeof key);
    if (!unpack_end(&j->in))
        return keeper__malformed(j);
    uint32_t i = keeper__slots_find_key(j->service->slots, &key);
    if (i == SLOT_NONE)
        return err_set(j->err, ERR_NOT_FOUND, "the keeper has no such key");
    return keeper__slots_forget(j->service->slots, i, j->err);
}

static int answer_list(struct job *j)
{
    struct slots *slots = j->service->slots;
    uint32_t from = unpack_u32(&j->in), n = 0;
    if (!unpack_end(&j->in))
        return keeper__malformed(j);
    struct buf rows _cleanup_buf_ = BUF_INIT;
    uint32_t i = from;
    for (; i < keeper__slots_count(slots) && n < KEEPER_LIST_PAGE; i++) {
        const struct slot *slot = keeper__slots_at(slots, i);
        if (slot->state != SLOT_USED)
            continue;
        pack_str(&rows, str_of(slot->name));
        buf_add(&rows, slot->key.b, sizeof slot->key.b);
        pack_u8(&rows, slot->unattended);
        n++;
    }
    pack_u32(j->out, i < keeper__slots_count(slots) ? i : 0);
    pack_u32(j->out, n);
    buf_adds(j->out, buf_str(&rows));
    return 0;
}

static int answer_log(struct job *j)
{
    struct pubkey key;
    unpack_bytes(&j->in, &key, sizeof key);
    uint32_t most = unpack_u32(&j->in);
    if (!unpack_end(&j->in))
        return keeper__malformed(j);
    uint32_t i = keeper__slots_find_key(j->service->slots, &key);
    if (i == SLOT_NONE)
        return err_set(j->err, ERR_NOT_FOUND, "the keeper has no such key");
    struct slot_log_entry entries[SLOT_LOG_ENTRIES];
    bool whole;
    size_t n = keeper__slots_log_read(j->service->slots, i, entries, &whole);
    struct buf text _cleanup_buf_ = BUF_INIT;
    for (size_t e = n > most ? n - most : 0; e < n; e++) {
        char id[65], link[33];
        sodium_bin2hex(id, sizeof id, entries[e].id.b, 32);
        sodium_bin2hex(link, sizeof link, entries[e].link, 16);
        buf_addf(&text, "%llu %lld %u %s %s\n", (unsigned long long)entries[e].number,
            (long long)entries[e].time, entries[e].kind, id, link);
    }
    pack_u8(j->out, whole);
    pack_str(j->out, buf_str(&text));
    return 0;
}

static int answer_find(struct job *j)
{
    struct str name = unpack_str(&j->in);
    bool unattended = unpack_u8(&j->in) != 0;
    if (!unpack_end(&j->in))
        return keeper__malformed(j);
    uint32_t i = keeper__slots_find_name(j->service->slots, name, unattended);
    if (i == SLOT_NONE)
        return err_set(j->err, ERR_NOT_FOUND, "the keeper has no key called \"%.*s\"",
            STR_ARG(str_slice(name, 0, name.n < 64 ? name.n : 64)));
    buf_add(j->out, keeper__slots_at(j->service->slots, i)->key.b, 32);
    return 0;
}

/* ---- the table of messages: answer; slow: it hashes a password ---- */

static const struct {
    int (*answer)(struct job *j);
    bool slow;
} messages[KEEPER_REQUESTS] = {
    [KEEPER_CREATE] = {keeper__answer_create, true},
    [KEEPER_CREATE_UNATTENDED] = {keeper__answer_create_unattended, false},
    [KEEPER_UNLOCK] = {keeper__answer_unlock, true},
    [KEEPER_SIGN] = {keeper__answer_sign, false},
    [KEEPER_SIGN_UNATTENDED] = {keeper__answer_sign_unattended, false},
    [KEEPER_CONFIRM] = {keeper__answer_confirm, true},
    [KEEPER_NIP44_ENCRYPT] = {keeper__answer_nip44_encrypt, false},
    [KEEPER_NIP44_DECRYPT] = {keeper__answer_nip44_decrypt, false},
    [KEEPER_CHANGE_PASSWORD] = {keeper__answer_change_password, true},
    [KEEPER_EXPORT] = {keeper__answer_export, true},
    [KEEPER_IMPORT_KEY] = {keeper__answer_import_key, true},
    [KEEPER_LOCK] = {keeper__answer_lock, false},
    [KEEPER_FORGET] = {answer_forget, false},
    [KEEPER_LIST] = {answer_list, false},
    [KEEPER_LOG] = {answer_log, false},
    [KEEPER_FIND] = {answer_find, false},
};

static unsigned type_of(struct str request)
{
    unsigned type = request.n ? (uint8_t)request.p[0] : 0;
    return type < KEEPER_REQUESTS && messages[type].answer ? type : 0;
}

bool keeper__service_is_slow(struct str request)
{
    return messages[type_of(request)].slow;
}

void keeper__service_refuse(struct buf *reply, const struct err *err)
{
    pack_u32(reply, (uint32_t)err->code);
    pack_str(reply, str_of(err->what));
    pack_str(reply, str_of(err->kept));
    pack_str(reply, str_of(err->todo));
}

void keeper__service_answer(
    struct service *s, struct vault_scratch *scratch, struct str request, struct buf *reply)
{
    struct err err = {0};
    size_t start = reply->n;
    unsigned type = type_of(request);
    struct job j = {.service = s, .scratch = scratch, .in = unpack_of(request), .out = reply, .err = &err};
    unpack_u8(&j.in);
    buf_reserve(reply, 1024);
    pack_u32(reply, 0);
    int bad;
    if (!type) {
        bad = keeper__malformed(&j);
    } else {
        pthread_mutex_lock(&s->lock);
        bad = messages[type].answer(&j);
        pthread_mutex_unlock(&s->lock);
    }
    sodium_memzero(scratch, sizeof *scratch);
    if (bad) {
        sodium_memzero(reply->p + start, reply->n - start);
        reply->n = start;
        keeper__service_refuse(reply, &err);
    }
}

int keeper__service_create(int file_fd, const struct vault_pepper *pepper, const struct clock *clock,
    int64_t (*monotonic_now_us)(void), const struct vault_params *params, struct service **out,
    struct err *err)
{
    struct service *s = calloc(1, sizeof *s);
    if (!s || sodium_init() < 0) {
        free(s);
        return err_set(err, ERR_MEMORY, "the keeper cannot start");
    }
    s->clock = *clock;
    s->monotonic_now_us = monotonic_now_us ? monotonic_now_us : monotonic_us;
    s->params = params ? *params : keeper__params;
    s->tries = keeper__tries_create();
    s->pepper = sodium_malloc(sizeof *s->pepper);
    if (!s->tries || !s->pepper || pthread_mutex_init(&s->lock, NULL) != 0) {
        keeper__tries_destroy(s->tries);
        sodium_free(s->pepper);
        free(s);
        return err_set(err, ERR_MEMORY, "not enough memory for the keeper");
    }
    *s->pepper = *pepper;
    size_t damaged;
    int bad = keeper__slots_open(file_fd, pepper, &s->slots, &damaged, err);
    if (bad) {
        keeper__service_destroy(s);
        return bad;
    }
    *out = s;
    return 0;
}

void keeper__service_destroy(struct service *s)
{
    if (!s)
        return;
    keeper__slots_close(s->slots);
    keeper__tries_destroy(s->tries);
    sodium_free(s->pepper);
    pthread_mutex_destroy(&s->lock);
    free(s);
}
