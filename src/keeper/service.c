/* service.c: the keeper's answers: who may have what signed, and the few things done with a password. */
#include "keeper/service.h"

#include "base/utf8.h"
#include "base/wire.h"
#include "keeper/rules.h"
#include "keeper/slots.h"
#include "keeper/tries.h"

#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#define MIN_PASSWORD 10
#define MAX_PASSWORD 1024
#define EXPORT_LOG_N 16

struct service {
    pthread_mutex_t lock; /* over everything below */
    struct slots *slots;
    struct tries *tries;
    struct vault_pepper *pepper; /* a locked copy */
    struct clock clock;
    int64_t (*monotonic_now_us)(void);
    struct rules_confirmed confirmed;
};

/* What one message works with. */
struct job {
    struct service *service;
    struct vault_scratch *scratch;
    struct unpack in;
    struct buf *out; /* fields go behind the code, which stands already */
    struct err *err;
};

static int malformed(struct job *j)
{
    return err_set(j->err, ERR_INPUT, "the message to the keeper is malformed");
}

/* ---- names and passwords ---- */

static int check_name(struct job *j, struct str name)
{
    if (name.n < 1 || name.n > 64)
        return err_set(j->err, ERR_INPUT, "a name is 1 to 64 bytes long, not %zu", name.n);
    if (!utf8_valid(name) || memchr(name.p, 0, name.n))
        return err_set(j->err, ERR_INPUT, "the name is not valid text");
    return 0;
}

static int check_new_password(struct job *j, struct str password)
{
    if (password.n < MIN_PASSWORD || password.n > MAX_PASSWORD)
        return err_set(j->err, ERR_INPUT, "a password is %d to %d bytes long, not %zu", MIN_PASSWORD,
            MAX_PASSWORD, password.n);
    return 0;
}

/* What the wrapped key is authenticated with: whose it is and what it may. */
static void about_slot(const struct slot *slot, struct buf *out)
{
    buf_add(out, slot->key.b, sizeof slot->key.b);
    pack_u8(out, slot->unattended);
    pack_str(out, str_of(slot->name));
    for (uint32_t i = 0; i < slot->kind_count; i++)
        pack_u32(out, slot->kinds[i]);
}

/* Out of the lock: the other thread may go on meanwhile. */
static int hash_unlocked(struct job *j, struct str password, const uint8_t salt[VAULT_SALT_BYTES],
    const struct vault_params *params)
{
    uint8_t own_salt[VAULT_SALT_BYTES];
    memcpy(own_salt, salt, sizeof own_salt);
    struct vault_params own = *params;
    struct buf text _cleanup_wipe_ = BUF_INIT;
    int bad = vault__normalize(password, &text, j->err);
    if (bad)
        return bad;
    pthread_mutex_unlock(&j->service->lock);
    bad = vault__hash_password(j->scratch, buf_str(&text), own_salt, &own, j->err);
    pthread_mutex_lock(&j->service->lock);
    return bad;
}

static void make_place(struct job *j, struct str name, const void *where, size_t n, struct try_place *out)
{
    struct buf b _cleanup_buf_ = BUF_INIT;
    pack_str(&b, name);
    buf_add(&b, where, n);
    vault__derive(j->service->pepper, "widenet place", b.p, b.n, out->b, sizeof out->b);
}

static void make_device(
    struct job *j, const struct slot *slot, const uint8_t id[16], uint8_t out[KEEPER_DEVICE_BYTES])
{
    struct buf b _cleanup_buf_ = BUF_INIT;
    buf_add(&b, slot->key.b, 32);
    pack_u32(&b, slot->generation);
    buf_add(&b, id, 16);
    memmove(out, id, 16);
    vault__derive(j->service->pepper, "widenet device", b.p, b.n, out + 16, 32);
}

static bool device_is_good(struct job *j, const struct slot *slot, const uint8_t device[KEEPER_DEVICE_BYTES])
{
    uint8_t right[KEEPER_DEVICE_BYTES];
    make_device(j, slot, device, right);
    return sodium_memcmp(right, device, sizeof right) == 0;
}

static int must_wait(struct job *j, int64_t seconds)
{
    err_set(j->err, ERR_LIMIT, "too many wrong passwords for this name");
    err_todo(j->err, "wait %lld seconds and try again", (long long)seconds);
    return ERR_LIMIT;
}

/* Where a try comes from. known: a device or a session that proved itself before. place may be all zero: the
 * caller does not say. */
struct try_source {
    const uint8_t *device; /* or NULL */
    const void *place;
    size_t place_n; /* 0: not said */
    bool known;
};

/* The password of the person called name: slot *out, private key in scratch. Wrong names take as long and
 * count as wrong passwords do. */
static int prove_password(
    struct job *j, struct str name, struct str password, struct try_source *source, uint32_t *out)
{
    struct service *s = j->service;
    int64_t now = clock_now(&s->clock);
    uint32_t i = slots__find_name(s->slots, name, false);
    struct slot *slot = i == SLOT_NONE ? NULL : slots__at(s->slots, i);
    if (source->device && slot && device_is_good(j, slot, source->device)) {
        source->known = true;
        source->place = source->device;
        source->place_n = 16;
    }
    struct try_place place, name_place;
    make_place(j, name, source->place, source->place_n, &place);
    make_place(j, name, "", 0, &name_place);
    int64_t wait = source->place_n ? tries__place_wait(s->tries, &place, now) : 0;
    if (wait > 0)
        return must_wait(j, wait);
    struct try_bucket known_bucket = {0}, *bucket = &known_bucket;
    if (!source->known) {
        if (slot)
            known_bucket = (struct try_bucket){slot->tries, slot->tries_at};
        else
            bucket = tries__unknown_name(s->tries, &name_place, now);
        wait = tries__take(bucket, now);
        if (wait > 0)
            return must_wait(j, wait);
        if (slot) {
            slot->tries = bucket->left;
            slot->tries_at = bucket->at;
            slots__save_counters(s->slots, i);
        }
    }
    uint8_t salt[VAULT_SALT_BYTES];
    struct vault_params params = slot ? slot->params : vault__params;
    if (slot)
        memcpy(salt, slot->salt, sizeof salt);
    else
        memcpy(salt, name_place.b, sizeof salt);
    int bad = hash_unlocked(j, password, salt, &params);
    if (bad)
        return bad;
    /* The slot may have moved, changed or gone while we hashed. */
    i = slots__find_name(s->slots, name, false);
    slot = i == SLOT_NONE ? NULL : slots__at(s->slots, i);
    struct buf about _cleanup_buf_ = BUF_INIT;
    if (slot)
        about_slot(slot, &about);
    if (!slot || memcmp(salt, slot->salt, sizeof salt) ||
        !vault__unwrap(s->pepper, j->scratch, buf_str(&about), slot->nonce, slot->wrapped)) {
        if (source->place_n)
            tries__place_failed(s->tries, &place, clock_now(&s->clock));
        return err_set(j->err, ERR_DENIED, "the name or the password is wrong");
    }
    if (source->place_n)
        tries__place_passed(s->tries, &place);
    if (!source->known) {
        struct try_bucket again = {slot->tries, slot->tries_at};
        tries__give_back(&again);
        slot->tries = again.left;
        slots__save_counters(s->slots, i);
    }
    *out = i;
    return 0;
}

/* The key in scratch under scratch->hash, into slot. */
static void wrap_slot(struct job *j, struct slot *slot)
{
    struct buf about _cleanup_buf_ = BUF_INIT;
    about_slot(slot, &about);
    randombytes_buf(slot->nonce, sizeof slot->nonce);
    vault__wrap(j->service->pepper, j->scratch, buf_str(&about), slot->nonce, slot->wrapped);
}

static int name_taken(struct job *j, struct str name, bool unattended)
{
    if (slots__find_name(j->service->slots, name, unattended) != SLOT_NONE)
        return err_set(j->err, ERR_EXISTS, "there is a key called \"%.*s\" already", STR_ARG(name));
    return 0;
}

static void begin_slot(struct job *j, struct slot *slot, struct str name)
{
    *slot = (struct slot){.params = vault__params,
        .created_at = clock_now(&j->service->clock),
        .tries = TRIES_MAX,
        .tries_at = clock_now(&j->service->clock)};
    memcpy(slot->name, name.p, name.n);
    randombytes_buf(slot->salt, sizeof slot->salt);
}

/* Hashes the password and writes the slot for the key that is in scratch. */
static int add_person(struct job *j, struct str name, struct str password, const struct pubkey *key)
{
    struct slot slot;
    begin_slot(j, &slot, name);
    slot.key = *key;
    int bad = hash_unlocked(j, password, slot.salt, &slot.params);
    if (!bad)
        bad = name_taken(j, name, false);
    if (!bad && slots__find_key(j->service->slots, key) != SLOT_NONE)
        bad = err_set(j->err, ERR_EXISTS, "this key is here already, under another name");
    if (bad)
        return bad;
    wrap_slot(j, &slot);
    uint32_t i;
    bad = slots__add(j->service->slots, &slot, &i, j->err);
    if (!bad)
        buf_add(j->out, key->b, sizeof key->b);
    return bad;
}

static int answer_create(struct job *j)
{
    struct str name = unpack_str(&j->in), password = unpack_str(&j->in);
    if (!unpack_end(&j->in))
        return malformed(j);
    int bad = check_name(j, name);
    if (!bad)
        bad = check_new_password(j, password);
    if (!bad)
        bad = name_taken(j, name, false);
    if (bad)
        return bad;
    struct pubkey key;
    vault__new_key(j->scratch, &key);
    return add_person(j, name, password, &key);
}

static int answer_import_key(struct job *j)
{
    struct str name = unpack_str(&j->in), password = unpack_str(&j->in);
    struct str text = unpack_str(&j->in), text_password = unpack_str(&j->in);
    if (!unpack_end(&j->in))
        return malformed(j);
    struct buf nfkc _cleanup_wipe_ = BUF_INIT;
    int bad = check_name(j, name);
    if (!bad)
        bad = check_new_password(j, password);
    if (!bad)
        bad = name_taken(j, name, false);
    if (!bad)
        bad = vault__normalize(text_password, &nfkc, j->err);
    if (bad)
        return bad;
    pthread_mutex_unlock(&j->service->lock);
    bad = vault__nip49_import(j->scratch, text, buf_str(&nfkc), j->err);
    pthread_mutex_lock(&j->service->lock);
    struct pubkey key;
    if (!bad)
        bad = record_pubkey_of_secret(j->scratch->key, &key, j->err);
    return bad ? bad : add_person(j, name, password, &key);
}

/* An unattended key is wrapped under the pepper alone. */
static void unattended_hash(struct job *j, const struct slot *slot)
{
    vault__derive(j->service->pepper, "widenet unattended", slot->salt, sizeof slot->salt, j->scratch->hash,
        sizeof j->scratch->hash);
}

static int answer_create_unattended(struct job *j)
{
    struct str name = unpack_str(&j->in);
    uint32_t n = unpack_count(&j->in, 4);
    int bad = check_name(j, name);
    if (!bad && n > SLOT_MAX_KINDS)
        bad = err_set(j->err, ERR_LIMIT, "an unattended key signs at most %d kinds", SLOT_MAX_KINDS);
    if (!bad)
        bad = name_taken(j, name, true);
    if (bad)
        return bad;
    struct slot slot;
    begin_slot(j, &slot, name);
    slot.unattended = true;
    slot.kind_count = n;
    for (uint32_t i = 0; i < n; i++)
        slot.kinds[i] = unpack_u32(&j->in);
    if (!unpack_end(&j->in))
        return malformed(j);
    vault__new_key(j->scratch, &slot.key);
    unattended_hash(j, &slot);
    wrap_slot(j, &slot);
    uint32_t i;
    bad = slots__add(j->service->slots, &slot, &i, j->err);
    if (!bad)
        buf_add(j->out, slot.key.b, sizeof slot.key.b);
    return bad;
}

/* ---- sessions ---- */

static int answer_unlock(struct job *j)
{
    struct service *s = j->service;
    struct str name = unpack_str(&j->in), password = unpack_str(&j->in);
    uint8_t address[16], device[KEEPER_DEVICE_BYTES];
    unpack_bytes(&j->in, address, sizeof address);
    bool has_device = unpack_u8(&j->in) != 0;
    unpack_bytes(&j->in, device, sizeof device);
    if (!unpack_end(&j->in))
        return malformed(j);
    struct try_source source = {.device = has_device ? device : NULL,
        .place = address,
        .place_n = sodium_is_zero(address, sizeof address) ? 0 : sizeof address};
    uint32_t i;
    int bad = prove_password(j, name, password, &source, &i);
    if (bad)
        return bad;
    const struct slot *slot = slots__at(s->slots, i);
    struct vault_ticket ticket = {.key = slot->key,
        .issued = clock_now(&s->clock),
        .expires = clock_now(&s->clock) + RULES_SESSION_SECONDS,
        .generation = slot->generation};
    randombytes_buf(ticket.id, sizeof ticket.id);
    struct keeper_session session;
    vault__ticket_seal(s->pepper, j->scratch, &ticket, &session);
    rules__confirm(&s->confirmed, ticket.id, s->monotonic_now_us());
    uint8_t id[16];
    randombytes_buf(id, sizeof id);
    make_device(j, slot, source.known ? device : id, device);
    buf_add(j->out, session.secret, sizeof session.secret);
    buf_add(j->out, session.ticket, sizeof session.ticket);
    buf_add(j->out, slot->key.b, sizeof slot->key.b);
    buf_add(j->out, device, sizeof device);
    sodium_memzero(&session, sizeof session);
    return 0;
}

/* Reads the session's fields and opens the ticket: the private key is in scratch, its slot in *out. */
static int open_session(struct job *j, uint32_t *out, struct vault_ticket *ticket)
{
    struct service *s = j->service;
    struct keeper_session session;
    unpack_bytes(&j->in, session.secret, sizeof session.secret);
    unpack_bytes(&j->in, session.ticket, sizeof session.ticket);
    if (j->in.bad)
        return malformed(j);
    bool good = vault__ticket_open(s->pepper, j->scratch, &session, ticket);
    sodium_memzero(&session, sizeof session);
    uint32_t i = good ? slots__find_key(s->slots, &ticket->key) : SLOT_NONE;
    const struct slot *slot = i == SLOT_NONE ? NULL : slots__at(s->slots, i);
    if (slot && (slot->unattended || slot->generation != ticket->generation))
        slot = NULL;
    int64_t now = clock_now(&s->clock);
    if (slot && (now >= ticket->expires || now < ticket->issued - RULES_DATE_SECONDS))
        slot = NULL;
    for (uint32_t e = 0; slot && e < SLOT_MAX_ENDED; e++)
        if (!sodium_memcmp(slot->ended[e], ticket->id, sizeof ticket->id))
            slot = NULL;
    if (!slot) {
        err_set(j->err, ERR_DENIED, "this session has ended");
        err_todo(j->err, "sign in again");
        return ERR_DENIED;
    }
    *out = i;
    return 0;
}

static int answer_confirm(struct job *j)
{
    struct service *s = j->service;
    struct vault_ticket ticket;
    uint32_t i, proved;
    int bad = open_session(j, &i, &ticket);
    if (bad)
        return bad;
    struct str name = unpack_str(&j->in), password = unpack_str(&j->in);
    if (!unpack_end(&j->in))
        return malformed(j);
    if (!str_eqz(name, slots__at(s->slots, i)->name))
        return err_set(j->err, ERR_DENIED, "this session is of another name");
    struct try_source source = {.place = ticket.id, .place_n = sizeof ticket.id, .known = true};
    bad = prove_password(j, name, password, &source, &proved);
    if (!bad)
        rules__confirm(&s->confirmed, ticket.id, s->monotonic_now_us());
    return bad;
}

static int answer_lock(struct job *j)
{
    struct vault_ticket ticket;
    uint32_t i;
    int bad = open_session(j, &i, &ticket);
    if (bad == ERR_DENIED) /* ended already */
        return 0;
    if (bad)
        return bad;
    if (!unpack_end(&j->in))
        return malformed(j);
    struct slot *slot = slots__at(j->service->slots, i);
    memcpy(slot->ended[slot->next_ended], ticket.id, sizeof ticket.id);
    slot->next_ended = (slot->next_ended + 1) % SLOT_MAX_ENDED;
    return slots__save(j->service->slots, i, j->err);
}

/* ---- signing ---- */

void service__pack_record(struct buf *out, const struct record *r)
{
    pack_u32(out, r->kind);
    pack_u64(out, (uint64_t)r->created_at);
    pack_str(out, r->content);
    pack_u32(out, (uint32_t)r->tag_count);
    for (size_t t = 0; t < r->tag_count; t++) {
        pack_u32(out, (uint32_t)r->tags[t].n);
        for (size_t v = 0; v < r->tags[t].n; v++)
            pack_str(out, r->tags[t].v[v]);
    }
}

static int read_record(struct job *j, struct arena *arena, struct record *r)
{
    *r = (struct record){.kind = unpack_u32(&j->in)};
    r->created_at = (int64_t)unpack_u64(&j->in);
    r->content = unpack_str(&j->in);
    bool text = utf8_valid(r->content);
    r->tag_count = unpack_count(&j->in, 4);
    if (j->in.bad || r->tag_count > RECORD_MAX_TAGS)
        return malformed(j);
    r->tags = ARENA_ARRAY(arena, struct tag, r->tag_count + 1);
    if (!r->tags)
        return err_set(j->err, ERR_LIMIT, "the record is too large to sign");
    for (size_t t = 0; t < r->tag_count; t++) {
        struct tag *tag = &r->tags[t];
        tag->n = unpack_count(&j->in, 4);
        if (tag->n == 0)
            return malformed(j);
        tag->v = ARENA_ARRAY(arena, struct str, tag->n);
        if (!tag->v)
            return err_set(j->err, ERR_LIMIT, "the record is too large to sign");
        for (size_t v = 0; v < tag->n; v++) {
            tag->v[v] = unpack_str(&j->in);
            text = text && utf8_valid(tag->v[v]);
        }
    }
    if (j->in.bad)
        return malformed(j);
    if (!text)
        return err_set(j->err, ERR_INPUT, "the record's text is not valid UTF-8");
    if (r->kind > 65535 || r->created_at < 0 || r->created_at >= INT64_C(1) << 53)
        return err_set(j->err, ERR_INPUT, "the record's kind or date is out of range");
    return 0;
}

static int allow_person(
    struct job *j, struct slot *slot, const struct vault_ticket *ticket, const struct record *r)
{
    struct service *s = j->service;
    enum rule_verdict verdict = rules__kind(r->kind);
    if (verdict == RULE_NEVER)
        return err_set(j->err, ERR_DENIED, "the keeper does not sign records of kind %u for people", r->kind);
    int64_t apart = r->created_at - clock_now(&s->clock);
    if (apart < -RULES_DATE_SECONDS || apart > RULES_DATE_SECONDS)
        return err_set(j->err, ERR_INPUT, "the record is dated %lld seconds from now, more than %d",
            (long long)apart, RULES_DATE_SECONDS);
    if (verdict == RULE_CONFIRM && !rules__is_confirmed(&s->confirmed, ticket->id, s->monotonic_now_us())) {
        err_set(j->err, ERR_DENIED, "signing a record of kind %u wants the password again", r->kind);
        err_todo(j->err, "give the password again");
        return ERR_DENIED;
    }
    if (!rules__rate(&slot->rate_tokens, &slot->rate_at_us, s->monotonic_now_us())) {
        err_set(j->err, ERR_LIMIT, "too many records signed in a short time");
        err_todo(j->err, "wait a minute and try again");
        return ERR_LIMIT;
    }
    return 0;
}

static int answer_sign(struct job *j)
{
    struct service *s = j->service;
    struct vault_ticket ticket;
    uint32_t i;
    int bad = open_session(j, &i, &ticket);
    if (bad)
        return bad;
    struct arena *arena _cleanup_arena_ = arena_create(8u << 20);
    struct record r;
    bad = read_record(j, arena, &r);
    if (!bad && !unpack_end(&j->in))
        bad = malformed(j);
    if (!bad)
        bad = allow_person(j, slots__at(s->slots, i), &ticket, &r);
    if (!bad)
        bad = record_sign(&r, j->scratch->key, j->err);
    if (bad)
        return bad;
    slots__log_add(s->slots, i, clock_now(&s->clock), r.kind, &r.id);
    buf_add(j->out, r.pubkey.b, sizeof r.pubkey.b);
    buf_add(j->out, r.id.b, sizeof r.id.b);
    buf_add(j->out, r.sig.b, sizeof r.sig.b);
    return 0;
}

static int sign_one_unattended(struct job *j, uint32_t i, struct arena *arena)
{
    const struct slot *slot = slots__at(j->service->slots, i);
    struct record r;
    int bad = read_record(j, arena, &r);
    if (bad)
        return bad;
    bool allowed = false;
    for (uint32_t k = 0; k < slot->kind_count; k++)
        allowed = allowed || slot->kinds[k] == r.kind;
    if (!allowed)
        return err_set(
            j->err, ERR_DENIED, "the key of \"%s\" may not sign records of kind %u", slot->name, r.kind);
    bad = record_sign(&r, j->scratch->key, j->err);
    if (bad)
        return bad;
    slots__log_add(j->service->slots, i, clock_now(&j->service->clock), r.kind, &r.id);
    buf_add(j->out, r.id.b, sizeof r.id.b);
    buf_add(j->out, r.sig.b, sizeof r.sig.b);
    return 0;
}

/* Those before the first that fails are signed and answered; the failure's story comes behind them. */
static int answer_sign_unattended(struct job *j)
{
    struct service *s = j->service;
    struct pubkey key;
    unpack_bytes(&j->in, &key, sizeof key);
    uint32_t n = unpack_count(&j->in, 16);
    if (j->in.bad)
        return malformed(j);
    uint32_t i = slots__find_key(s->slots, &key);
    if (i == SLOT_NONE || !slots__at(s->slots, i)->unattended)
        return err_set(j->err, ERR_NOT_FOUND, "there is no unattended key like this one");
    const struct slot *slot = slots__at(s->slots, i);
    struct buf about _cleanup_buf_ = BUF_INIT;
    about_slot(slot, &about);
    unattended_hash(j, slot);
    if (!vault__unwrap(s->pepper, j->scratch, buf_str(&about), slot->nonce, slot->wrapped))
        return err_set(
            j->err, ERR_CORRUPT, "the key of \"%s\" does not open: the key file is damaged", slot->name);
    struct arena *arena _cleanup_arena_ = arena_create(16u << 20);
    size_t count_at = j->out->n;
    pack_u32(j->out, 0);
    uint32_t done = 0;
    int bad = 0;
    for (; done < n; done++) {
        arena_reset(arena);
        bad = sign_one_unattended(j, i, arena);
        if (bad)
            break;
    }
    if (!bad && !unpack_end(&j->in))
        return malformed(j);
    for (int b = 0; b < 4; b++)
        j->out->p[count_at + (size_t)b] = (char)(uint8_t)(done >> (8 * b));
    if (bad)
        service__refuse(j->out, j->err);
    else
        pack_u32(j->out, 0);
    return 0;
}

/* ---- private texts ---- */

static int answer_nip44(struct job *j, bool encrypt)
{
    struct vault_ticket ticket;
    uint32_t i;
    int bad = open_session(j, &i, &ticket);
    if (bad)
        return bad;
    struct pubkey peer;
    unpack_bytes(&j->in, &peer, sizeof peer);
    struct str text = unpack_str(&j->in);
    if (!unpack_end(&j->in))
        return malformed(j);
    struct buf made _cleanup_wipe_ = BUF_INIT;
    buf_reserve(&made, KEEPER_MAX_MESSAGE);
    if (encrypt) {
        uint8_t nonce[32];
        randombytes_buf(nonce, sizeof nonce);
        bad = vault__nip44_encrypt(j->scratch, &peer, text, nonce, &made, j->err);
    } else {
        bad = vault__nip44_decrypt(j->scratch, &peer, text, &made, j->err);
    }
    if (!bad)
        pack_str(j->out, buf_str(&made));
    return bad;
}

static int answer_nip44_encrypt(struct job *j)
{
    return answer_nip44(j, true);
}

static int answer_nip44_decrypt(struct job *j)
{
    return answer_nip44(j, false);
}

/* ---- with the password ---- */

static int answer_change_password(struct job *j)
{
    struct service *s = j->service;
    struct str name = unpack_str(&j->in), old = unpack_str(&j->in), fresh = unpack_str(&j->in);
    if (!unpack_end(&j->in))
        return malformed(j);
    int bad = check_new_password(j, fresh);
    struct try_source source = {0};
    uint32_t i;
    if (!bad)
        bad = prove_password(j, name, old, &source, &i);
    if (bad)
        return bad;
    struct slot changed = *slots__at(s->slots, i);
    randombytes_buf(changed.salt, sizeof changed.salt);
    changed.params = vault__params;
    bad = hash_unlocked(j, fresh, changed.salt, &changed.params);
    if (bad)
        return bad;
    i = slots__find_key(s->slots, &changed.key);
    struct slot *slot = i == SLOT_NONE ? NULL : slots__at(s->slots, i);
    if (!slot || slot->unattended || slot->generation != changed.generation)
        return err_set(j->err, ERR_BUSY, "the account was changed by somebody else at the same moment");
    memcpy(slot->salt, changed.salt, sizeof slot->salt);
    slot->params = changed.params;
    slot->generation++;
    wrap_slot(j, slot);
    return slots__save(s->slots, i, j->err);
}

static int answer_export(struct job *j)
{
    struct str name = unpack_str(&j->in), password = unpack_str(&j->in), fresh = unpack_str(&j->in);
    if (!unpack_end(&j->in))
        return malformed(j);
    struct buf nfkc _cleanup_wipe_ = BUF_INIT;
    int bad = check_new_password(j, fresh);
    if (!bad)
        bad = vault__normalize(fresh, &nfkc, j->err);
    struct try_source source = {0};
    uint32_t i;
    if (!bad)
        bad = prove_password(j, name, password, &source, &i);
    if (bad)
        return bad;
    struct buf text _cleanup_buf_ = BUF_INIT;
    pthread_mutex_unlock(&j->service->lock);
    bad = vault__nip49_export(j->scratch, buf_str(&nfkc), EXPORT_LOG_N, &text, j->err);
    pthread_mutex_lock(&j->service->lock);
    if (!bad)
        pack_str(j->out, buf_str(&text));
    return bad;
}

/* ---- keeping house ---- */

static int answer_forget(struct job *j)
{
    struct pubkey key;
    unpack_bytes(&j->in, &key, sizeof key);
    if (!unpack_end(&j->in))
        return malformed(j);
    uint32_t i = slots__find_key(j->service->slots, &key);
    if (i == SLOT_NONE)
        return err_set(j->err, ERR_NOT_FOUND, "the keeper has no such key");
    return slots__forget(j->service->slots, i, j->err);
}

static int answer_list(struct job *j)
{
    struct slots *slots = j->service->slots;
    uint32_t from = unpack_u32(&j->in), n = 0;
    if (!unpack_end(&j->in))
        return malformed(j);
    struct buf rows _cleanup_buf_ = BUF_INIT;
    uint32_t i = from;
    for (; i < slots__count(slots) && n < KEEPER_LIST_PAGE; i++) {
        const struct slot *slot = slots__at(slots, i);
        if (slot->state != SLOT_USED)
            continue;
        pack_str(&rows, str_of(slot->name));
        buf_add(&rows, slot->key.b, sizeof slot->key.b);
        pack_u8(&rows, slot->unattended);
        n++;
    }
    pack_u32(j->out, i < slots__count(slots) ? i : 0);
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
        return malformed(j);
    uint32_t i = slots__find_key(j->service->slots, &key);
    if (i == SLOT_NONE)
        return err_set(j->err, ERR_NOT_FOUND, "the keeper has no such key");
    struct slot_log_entry entries[SLOT_LOG_ENTRIES];
    bool whole;
    size_t n = slots__log_read(j->service->slots, i, entries, &whole);
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
        return malformed(j);
    uint32_t i = slots__find_name(j->service->slots, name, unattended);
    if (i == SLOT_NONE)
        return err_set(j->err, ERR_NOT_FOUND, "the keeper has no key called \"%.*s\"",
            STR_ARG(str_slice(name, 0, name.n < 64 ? name.n : 64)));
    buf_add(j->out, slots__at(j->service->slots, i)->key.b, 32);
    return 0;
}

/* ---- the table of messages: answer; slow: it hashes a password ---- */

static const struct {
    int (*answer)(struct job *j);
    bool slow;
} messages[KEEPER_REQUESTS] = {
    [KEEPER_CREATE] = {answer_create, true},
    [KEEPER_CREATE_UNATTENDED] = {answer_create_unattended, false},
    [KEEPER_UNLOCK] = {answer_unlock, true},
    [KEEPER_SIGN] = {answer_sign, false},
    [KEEPER_SIGN_UNATTENDED] = {answer_sign_unattended, false},
    [KEEPER_CONFIRM] = {answer_confirm, true},
    [KEEPER_NIP44_ENCRYPT] = {answer_nip44_encrypt, false},
    [KEEPER_NIP44_DECRYPT] = {answer_nip44_decrypt, false},
    [KEEPER_CHANGE_PASSWORD] = {answer_change_password, true},
    [KEEPER_EXPORT] = {answer_export, true},
    [KEEPER_IMPORT_KEY] = {answer_import_key, true},
    [KEEPER_LOCK] = {answer_lock, false},
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

bool service__is_slow(struct str request)
{
    return messages[type_of(request)].slow;
}

void service__refuse(struct buf *reply, const struct err *err)
{
    pack_u32(reply, (uint32_t)err->code);
    pack_str(reply, str_of(err->what));
    pack_str(reply, str_of(err->kept));
    pack_str(reply, str_of(err->todo));
}

void service__answer(struct service *s, struct vault_scratch *scratch, struct str request, struct buf *reply)
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
        bad = malformed(&j);
    } else {
        pthread_mutex_lock(&s->lock);
        bad = messages[type].answer(&j);
        pthread_mutex_unlock(&s->lock);
    }
    sodium_memzero(scratch, sizeof *scratch);
    if (bad) {
        sodium_memzero(reply->p + start, reply->n - start);
        reply->n = start;
        service__refuse(reply, &err);
    }
}

int service__create(int file_fd, const struct vault_pepper *pepper, const struct clock *clock,
    int64_t (*monotonic_now_us)(void), struct service **out, struct err *err)
{
    struct service *s = calloc(1, sizeof *s);
    if (!s || sodium_init() < 0) {
        free(s);
        return err_set(err, ERR_MEMORY, "the keeper cannot start");
    }
    s->clock = *clock;
    s->monotonic_now_us = monotonic_now_us ? monotonic_now_us : monotonic_us;
    s->tries = tries__create();
    s->pepper = sodium_malloc(sizeof *s->pepper);
    if (!s->tries || !s->pepper || pthread_mutex_init(&s->lock, NULL) != 0) {
        tries__destroy(s->tries);
        sodium_free(s->pepper);
        free(s);
        return err_set(err, ERR_MEMORY, "not enough memory for the keeper");
    }
    *s->pepper = *pepper;
    size_t damaged;
    int bad = slots__open(file_fd, pepper, &s->slots, &damaged, err);
    if (bad) {
        service__destroy(s);
        return bad;
    }
    *out = s;
    return 0;
}

void service__destroy(struct service *s)
{
    if (!s)
        return;
    slots__close(s->slots);
    tries__destroy(s->tries);
    sodium_free(s->pepper);
    pthread_mutex_destroy(&s->lock);
    free(s);
}
