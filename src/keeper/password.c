/* password.c: what is done with a password: making a key, signing in, proving it again, changing it, taking
 * the key out. */
#include "keeper/job.h"

#include "base/utf8.h"

#include <sodium.h>

#define MIN_PASSWORD 10
#define MAX_PASSWORD 1024
#define EXPORT_LOG_N 16

/* ---- names and passwords ---- */

int keeper__check_name(struct job *j, struct str name)
{
    if (name.n < 1 || name.n > 64)
        return err_set(j->err, ERR_INPUT, "a name is 1 to 64 bytes long, not %zu", name.n);
    if (!utf8_valid(name) || memchr(name.p, 0, name.n))
        return err_set(j->err, ERR_INPUT, "the name is not valid text");
    for (size_t at = 0; at < name.n;) {
        uint32_t c = utf8_next(name, &at);
        if (c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029)
            return err_set(j->err, ERR_INPUT, "a name must not hold line ends or other control characters");
    }
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
void keeper__about_slot(const struct slot *slot, struct buf *out)
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
    int bad = keeper__normalize(password, &text, j->err);
    if (bad)
        return bad;
    pthread_mutex_unlock(&j->service->lock);
    bad = keeper__hash_password(j->scratch, buf_str(&text), own_salt, &own, j->err);
    pthread_mutex_lock(&j->service->lock);
    return bad;
}

static void make_place(struct job *j, struct str name, const void *where, size_t n, struct try_place *out)
{
    struct buf b _cleanup_buf_ = BUF_INIT;
    pack_str(&b, name);
    buf_add(&b, where, n);
    keeper__derive(j->service->pepper, "widenet place", b.p, b.n, out->b, sizeof out->b);
}

static void make_device(
    struct job *j, const struct slot *slot, const uint8_t id[16], uint8_t out[KEEPER_DEVICE_BYTES])
{
    struct buf b _cleanup_buf_ = BUF_INIT;
    buf_add(&b, slot->key.b, 32);
    pack_u32(&b, slot->generation);
    buf_add(&b, id, 16);
    memmove(out, id, 16);
    keeper__derive(j->service->pepper, "widenet device", b.p, b.n, out + 16, 32);
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
    uint32_t i = keeper__slots_find_name(s->slots, name, false);
    struct slot *slot = i == SLOT_NONE ? NULL : keeper__slots_at(s->slots, i);
    if (source->device && slot && device_is_good(j, slot, source->device)) {
        source->known = true;
        source->place = source->device;
        source->place_n = 16;
    }
    struct try_place place, name_place;
    make_place(j, name, source->place, source->place_n, &place);
    make_place(j, name, "", 0, &name_place);
    int64_t wait = source->place_n ? keeper__tries_place_wait(s->tries, &place, now) : 0;
    if (wait > 0)
        return must_wait(j, wait);
    struct try_bucket known_bucket = {0}, *bucket = &known_bucket;
    if (!source->known) {
        if (slot)
            known_bucket = (struct try_bucket){slot->tries, slot->tries_at};
        else
            bucket = keeper__tries_unknown_name(s->tries, &name_place, now);
        wait = keeper__tries_take(bucket, now);
        if (wait > 0)
            return must_wait(j, wait);
        if (slot) {
            slot->tries = bucket->left;
            slot->tries_at = bucket->at;
            keeper__slots_save_counters(s->slots, i);
        }
    }
    uint8_t salt[VAULT_SALT_BYTES];
    struct vault_params params = slot ? slot->params : s->params;
    if (slot)
        memcpy(salt, slot->salt, sizeof salt);
    else
        memcpy(salt, name_place.b, sizeof salt);
    int bad = hash_unlocked(j, password, salt, &params);
    if (bad)
        return bad;
    /* The slot may have moved, changed or gone while we hashed. */
    i = keeper__slots_find_name(s->slots, name, false);
    slot = i == SLOT_NONE ? NULL : keeper__slots_at(s->slots, i);
    struct buf about _cleanup_buf_ = BUF_INIT;
    if (slot)
        keeper__about_slot(slot, &about);
    if (!slot || memcmp(salt, slot->salt, sizeof salt) ||
        !keeper__unwrap(s->pepper, j->scratch, buf_str(&about), slot->nonce, slot->wrapped)) {
        if (source->place_n)
            keeper__tries_place_failed(s->tries, &place, clock_now(&s->clock));
        return err_set(j->err, ERR_DENIED, "the name or the password is wrong");
    }
    if (source->place_n)
        keeper__tries_place_passed(s->tries, &place);
    if (!source->known) {
        struct try_bucket again = {slot->tries, slot->tries_at};
        keeper__tries_give_back(&again);
        slot->tries = again.left;
        keeper__slots_save_counters(s->slots, i);
    }
    *out = i;
    return 0;
}

/* The key in scratch under scratch->hash, into slot. */
void keeper__wrap_slot(struct job *j, struct slot *slot)
{
    struct buf about _cleanup_buf_ = BUF_INIT;
    keeper__about_slot(slot, &about);
    randombytes_buf(slot->nonce, sizeof slot->nonce);
    keeper__wrap(j->service->pepper, j->scratch, buf_str(&about), slot->nonce, slot->wrapped);
}

static int name_taken(struct job *j, struct str name, bool unattended)
{
    if (keeper__slots_find_name(j->service->slots, name, unattended) != SLOT_NONE)
        return err_set(j->err, ERR_EXISTS, "there is a key called \"%.*s\" already", STR_ARG(name));
    return 0;
}

static void begin_slot(struct job *j, struct slot *slot, struct str name)
{
    *slot = (struct slot){.params = j->service->params,
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
    if (!bad && keeper__slots_find_key(j->service->slots, key) != SLOT_NONE)
        bad = err_set(j->err, ERR_EXISTS, "this key is here already, under another name");
    if (bad)
        return bad;
    keeper__wrap_slot(j, &slot);
    uint32_t i;
    bad = keeper__slots_add(j->service->slots, &slot, &i, j->err);
    if (!bad)
        buf_add(j->out, key->b, sizeof key->b);
    return bad;
}

int keeper__answer_create(struct job *j)
{
    struct str name = unpack_str(&j->in), password = unpack_str(&j->in);
    if (!unpack_end(&j->in))
        return keeper__malformed(j);
    int bad = keeper__check_name(j, name);
    if (!bad)
        bad = check_new_password(j, password);
    if (!bad)
        bad = name_taken(j, name, false);
    if (bad)
        return bad;
    struct pubkey key;
    keeper__new_key(j->scratch, &key);
    return add_person(j, name, password, &key);
}

int keeper__answer_import_key(struct job *j)
{
    struct str name = unpack_str(&j->in), password = unpack_str(&j->in);
    struct str text = unpack_str(&j->in), text_password = unpack_str(&j->in);
    if (!unpack_end(&j->in))
        return keeper__malformed(j);
    struct buf nfkc _cleanup_wipe_ = BUF_INIT;
    int bad = keeper__check_name(j, name);
    if (!bad)
        bad = check_new_password(j, password);
    if (!bad)
        bad = name_taken(j, name, false);
    if (!bad)
        bad = keeper__normalize(text_password, &nfkc, j->err);
    if (bad)
        return bad;
    pthread_mutex_unlock(&j->service->lock);
    bad = keeper__nip49_import(j->scratch, text, buf_str(&nfkc), j->err);
    pthread_mutex_lock(&j->service->lock);
    struct pubkey key;
    if (!bad)
        bad = record_pubkey_of_secret(j->scratch->key, &key, j->err);
    return bad ? bad : add_person(j, name, password, &key);
}

/* An unattended key is wrapped under the pepper alone. */
void keeper__unattended_hash(struct job *j, const struct slot *slot)
{
    keeper__derive(j->service->pepper, "widenet unattended", slot->salt, sizeof slot->salt, j->scratch->hash,
        sizeof j->scratch->hash);
}

int keeper__answer_create_unattended(struct job *j)
{
    struct str name = unpack_str(&j->in);
    uint32_t n = unpack_count(&j->in, 4);
    int bad = keeper__check_name(j, name);
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
        return keeper__malformed(j);
    keeper__new_key(j->scratch, &slot.key);
    keeper__unattended_hash(j, &slot);
    keeper__wrap_slot(j, &slot);
    uint32_t i;
    bad = keeper__slots_add(j->service->slots, &slot, &i, j->err);
    if (!bad)
        buf_add(j->out, slot.key.b, sizeof slot.key.b);
    return bad;
}

/* ---- sessions ---- */

int keeper__answer_unlock(struct job *j)
{
    struct service *s = j->service;
    struct str name = unpack_str(&j->in), password = unpack_str(&j->in);
    uint8_t address[16], device[KEEPER_DEVICE_BYTES];
    unpack_bytes(&j->in, address, sizeof address);
    bool has_device = unpack_u8(&j->in) != 0;
    unpack_bytes(&j->in, device, sizeof device);
    if (!unpack_end(&j->in))
        return keeper__malformed(j);
    struct try_source source = {.device = has_device ? device : NULL,
        .place = address,
        .place_n = sodium_is_zero(address, sizeof address) ? 0 : sizeof address};
    uint32_t i;
    int bad = prove_password(j, name, password, &source, &i);
    if (bad)
        return bad;
    const struct slot *slot = keeper__slots_at(s->slots, i);
    struct vault_ticket ticket = {.key = slot->key,
        .issued = clock_now(&s->clock),
        .expires = clock_now(&s->clock) + RULES_SESSION_SECONDS,
        .generation = slot->generation};
    randombytes_buf(ticket.id, sizeof ticket.id);
    struct keeper_session session;
    keeper__ticket_seal(s->pepper, j->scratch, &ticket, &session);
    keeper__rules_confirm(&s->confirmed, ticket.id, s->monotonic_now_us());
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
int keeper__open_session(struct job *j, uint32_t *out, struct vault_ticket *ticket)
{
    struct service *s = j->service;
    struct keeper_session session;
    unpack_bytes(&j->in, session.secret, sizeof session.secret);
    unpack_bytes(&j->in, session.ticket, sizeof session.ticket);
    if (j->in.bad)
        return keeper__malformed(j);
    bool good = keeper__ticket_open(s->pepper, j->scratch, &session, ticket);
    sodium_memzero(&session, sizeof session);
    uint32_t i = good ? keeper__slots_find_key(s->slots, &ticket->key) : SLOT_NONE;
    const struct slot *slot = i == SLOT_NONE ? NULL : keeper__slots_at(s->slots, i);
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

int keeper__answer_confirm(struct job *j)
{
    struct service *s = j->service;
    struct vault_ticket ticket;
    uint32_t i, proved;
    int bad = keeper__open_session(j, &i, &ticket);
    if (bad)
        return bad;
    struct str name = unpack_str(&j->in), password = unpack_str(&j->in);
    if (!unpack_end(&j->in))
        return keeper__malformed(j);
    if (!str_eqz(name, keeper__slots_at(s->slots, i)->name))
        return err_set(j->err, ERR_DENIED, "this session is of another name");
    struct try_source source = {.place = ticket.id, .place_n = sizeof ticket.id, .known = true};
    bad = prove_password(j, name, password, &source, &proved);
    if (!bad)
        keeper__rules_confirm(&s->confirmed, ticket.id, s->monotonic_now_us());
    return bad;
}

int keeper__answer_lock(struct job *j)
{
    struct vault_ticket ticket;
    uint32_t i;
    int bad = keeper__open_session(j, &i, &ticket);
    if (bad == ERR_DENIED) /* ended already */
        return 0;
    if (bad)
        return bad;
    if (!unpack_end(&j->in))
        return keeper__malformed(j);
    struct slot *slot = keeper__slots_at(j->service->slots, i);
    memcpy(slot->ended[slot->next_ended], ticket.id, sizeof ticket.id);
    slot->next_ended = (slot->next_ended + 1) % SLOT_MAX_ENDED;
    return keeper__slots_save(j->service->slots, i, j->err);
}

/* ---- with the password ---- */

int keeper__answer_change_password(struct job *j)
{
    struct service *s = j->service;
    struct str name = unpack_str(&j->in), old = unpack_str(&j->in), fresh = unpack_str(&j->in);
    if (!unpack_end(&j->in))
        return keeper__malformed(j);
    int bad = check_new_password(j, fresh);
    struct try_source source = {0};
    uint32_t i;
    if (!bad)
        bad = prove_password(j, name, old, &source, &i);
    if (bad)
        return bad;
    struct slot changed = *keeper__slots_at(s->slots, i);
    randombytes_buf(changed.salt, sizeof changed.salt);
    changed.params = s->params;
    bad = hash_unlocked(j, fresh, changed.salt, &changed.params);
    if (bad)
        return bad;
    i = keeper__slots_find_key(s->slots, &changed.key);
    struct slot *slot = i == SLOT_NONE ? NULL : keeper__slots_at(s->slots, i);
    if (!slot || slot->unattended || slot->generation != changed.generation)
        return err_set(j->err, ERR_BUSY, "the account was changed by somebody else at the same moment");
    memcpy(slot->salt, changed.salt, sizeof slot->salt);
    slot->params = changed.params;
    slot->generation++;
    keeper__wrap_slot(j, slot);
    return keeper__slots_save(s->slots, i, j->err);
}

int keeper__answer_export(struct job *j)
{
    struct str name = unpack_str(&j->in), password = unpack_str(&j->in), fresh = unpack_str(&j->in);
    if (!unpack_end(&j->in))
        return keeper__malformed(j);
    struct buf nfkc _cleanup_wipe_ = BUF_INIT;
    int bad = check_new_password(j, fresh);
    if (!bad)
        bad = keeper__normalize(fresh, &nfkc, j->err);
    struct try_source source = {0};
    uint32_t i;
    if (!bad)
        bad = prove_password(j, name, password, &source, &i);
    if (bad)
        return bad;
    struct buf text _cleanup_buf_ = BUF_INIT;
    pthread_mutex_unlock(&j->service->lock);
    bad = keeper__nip49_export(j->scratch, buf_str(&nfkc), EXPORT_LOG_N, &text, j->err);
    pthread_mutex_lock(&j->service->lock);
    if (!bad)
        pack_str(j->out, buf_str(&text));
    return bad;
}
