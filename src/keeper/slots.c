/* slots.c: the key file of slots.h: reading, changing in place, finding by name and key.
 *
 *   0      8192            8192 + 8192·i
 *   header [padding]  │  copy A (1024)  copy B (1024)  ring: 96 entries of 64 bytes  │ …
 *
 * Copies and header end in a checksum; a copy's covers the slot's number too, so that none passes for
 * another's.
 */
#include "keeper/slots.h"

#include "base/wire.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define SLOT_BYTES 8192u
#define COPY_BYTES 1024u
#define CHECK_BYTES 16u
#define ENTRY_BYTES 64u
#define COPY_VERSION 1
#define MAX_SLOTS 1000000u

static const char file_magic[16] = "widenet keys 1\n";
static_assert(2 * COPY_BYTES + SLOT_LOG_ENTRIES * ENTRY_BYTES <= SLOT_BYTES, "a slot holds its parts");

struct slots {
    int fd;
    struct vault_pepper *pepper; /* a locked copy */
    struct slot *slot;
    uint32_t n, cap;
    uint32_t *by_key, *by_name; /* open addressing, SLOT_NONE where empty */
    uint32_t index_size;        /* a power of two */
};

/* ---- the file's bytes ---- */

static int write_at(int fd, const void *p, size_t n, uint64_t at, struct err *err)
{
    const uint8_t *from = p;
    while (n > 0) {
        ssize_t wrote = pwrite(fd, from, n, (off_t)at);
        if (wrote > 0) {
            from += wrote;
            at += (uint64_t)wrote;
            n -= (size_t)wrote;
        } else if (errno != EINTR) {
            return err_errno(err, errno, "cannot write the key file");
        }
    }
    return 0;
}

static int read_at(int fd, void *p, size_t n, uint64_t at, struct err *err)
{
    uint8_t *to = p;
    while (n > 0) {
        ssize_t got = pread(fd, to, n, (off_t)at);
        if (got > 0) {
            to += got;
            at += (uint64_t)got;
            n -= (size_t)got;
        } else if (got == 0) {
            memset(to, 0, n);
            return 0;
        } else if (errno != EINTR) {
            return err_errno(err, errno, "cannot read the key file");
        }
    }
    return 0;
}

static int sync_file(int fd, struct err *err)
{
    while (fsync(fd) != 0)
        if (errno != EINTR)
            return err_errno(err, errno, "cannot bring the key file to the disk");
    return 0;
}

static uint64_t slot_at(uint32_t i)
{
    return SLOT_BYTES + (uint64_t)i * SLOT_BYTES;
}

static void checksum(const uint8_t *bytes, size_t n, uint64_t number, uint8_t out[CHECK_BYTES])
{
    uint8_t tail[8];
    for (int i = 0; i < 8; i++)
        tail[i] = (uint8_t)(number >> (8 * i));
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, CHECK_BYTES);
    crypto_generichash_update(&state, bytes, n);
    crypto_generichash_update(&state, tail, sizeof tail);
    crypto_generichash_final(&state, out, CHECK_BYTES);
}

static bool all_zero(const uint8_t *p, size_t n)
{
    return sodium_is_zero(p, n);
}

/* ---- a slot to and from one copy's bytes ---- */

static void pack_slot(const struct slot *s, uint32_t number, uint8_t out[COPY_BYTES])
{
    struct buf b _cleanup_buf_ = BUF_INIT;
    buf_reserve(&b, COPY_BYTES);
    pack_u32(&b, COPY_VERSION);
    pack_u64(&b, s->revision);
    pack_u8(&b, s->unattended);
    pack_str(&b, str_of(s->name));
    buf_add(&b, s->key.b, sizeof s->key.b);
    buf_add(&b, s->salt, sizeof s->salt);
    buf_add(&b, s->nonce, sizeof s->nonce);
    buf_add(&b, s->wrapped, sizeof s->wrapped);
    pack_u32(&b, s->params.ops);
    pack_u32(&b, s->params.mem_kib);
    pack_u32(&b, s->generation);
    pack_u64(&b, (uint64_t)s->created_at);
    pack_u32(&b, s->kind_count);
    for (uint32_t i = 0; i < s->kind_count; i++)
        pack_u32(&b, s->kinds[i]);
    pack_u32(&b, s->tries);
    pack_u64(&b, (uint64_t)s->tries_at);
    buf_add(&b, s->ended, sizeof s->ended);
    pack_u32(&b, s->next_ended);
    assert(b.n <= COPY_BYTES - CHECK_BYTES);
    memset(out, 0, COPY_BYTES);
    memcpy(out, b.p, b.n);
    checksum(out, COPY_BYTES - CHECK_BYTES, number, out + COPY_BYTES - CHECK_BYTES);
}

static bool unpack_slot(const uint8_t copy[COPY_BYTES], uint32_t number, struct slot *s)
{
    uint8_t check[CHECK_BYTES];
    checksum(copy, COPY_BYTES - CHECK_BYTES, number, check);
    if (memcmp(check, copy + COPY_BYTES - CHECK_BYTES, CHECK_BYTES))
        return false;
    memset(s, 0, sizeof *s);
    struct unpack u = {copy, COPY_BYTES - CHECK_BYTES, false};
    if (unpack_u32(&u) != COPY_VERSION)
        return false;
    s->revision = unpack_u64(&u);
    s->unattended = unpack_u8(&u);
    struct str name = unpack_str(&u);
    if (name.n < 1 || name.n >= sizeof s->name || memchr(name.p, 0, name.n))
        return false;
    memcpy(s->name, name.p, name.n);
    unpack_bytes(&u, s->key.b, sizeof s->key.b);
    unpack_bytes(&u, s->salt, sizeof s->salt);
    unpack_bytes(&u, s->nonce, sizeof s->nonce);
    unpack_bytes(&u, s->wrapped, sizeof s->wrapped);
    s->params.ops = unpack_u32(&u);
    s->params.mem_kib = unpack_u32(&u);
    s->generation = unpack_u32(&u);
    s->created_at = (int64_t)unpack_u64(&u);
    s->kind_count = unpack_u32(&u);
    if (s->kind_count > SLOT_MAX_KINDS)
        return false;
    for (uint32_t i = 0; i < s->kind_count; i++)
        s->kinds[i] = unpack_u32(&u);
    s->tries = unpack_u32(&u);
    s->tries_at = (int64_t)unpack_u64(&u);
    unpack_bytes(&u, s->ended, sizeof s->ended);
    s->next_ended = unpack_u32(&u);
    s->state = SLOT_USED;
    return !u.bad && s->next_ended < SLOT_MAX_ENDED;
}

static int read_slot(struct slots *slots, uint32_t i, struct slot *out, struct err *err)
{
    uint8_t copies[2 * COPY_BYTES];
    int bad = read_at(slots->fd, copies, sizeof copies, slot_at(i), err);
    if (bad)
        return bad;
    struct slot a, b;
    bool has_a = unpack_slot(copies, i, &a), has_b = unpack_slot(copies + COPY_BYTES, i, &b);
    if (has_a && (!has_b || a.revision >= b.revision)) {
        *out = a;
    } else if (has_b) {
        *out = b;
        out->in_b = true;
    } else {
        /* A slot whose second copy was never written was never answered for: it is free. */
        memset(out, 0, sizeof *out);
        out->state = all_zero(copies + COPY_BYTES, COPY_BYTES) ? SLOT_FREE : SLOT_DAMAGED;
    }
    sodium_memzero(copies, sizeof copies);
    return 0;
}

/* ---- finding ---- */

static uint32_t hash_bytes(const void *p, size_t n, uint32_t seed)
{
    uint32_t h = 2166136261u ^ seed;
    for (size_t i = 0; i < n; i++)
        h = (h ^ ((const uint8_t *)p)[i]) * 16777619u;
    return h ^ h >> 15;
}

static void index_put(struct slots *s, uint32_t *index, uint32_t hash, uint32_t i)
{
    uint32_t at = hash & (s->index_size - 1);
    while (index[at] != SLOT_NONE)
        at = (at + 1) & (s->index_size - 1);
    index[at] = i;
}

static void index_slot(struct slots *s, uint32_t i)
{
    const struct slot *slot = &s->slot[i];
    index_put(s, s->by_key, hash_bytes(slot->key.b, 32, 0), i);
    index_put(s, s->by_name, hash_bytes(slot->name, strlen(slot->name), slot->unattended), i);
}

static void index_all(struct slots *s)
{
    memset(s->by_key, 0xff, s->index_size * sizeof *s->by_key);
    memset(s->by_name, 0xff, s->index_size * sizeof *s->by_name);
    for (uint32_t i = 0; i < s->n; i++)
        if (s->slot[i].state == SLOT_USED)
            index_slot(s, i);
}

/* Room for cap slots in memory, and indices at most half full. */
static bool grow(struct slots *s, uint32_t cap)
{
    uint32_t size = 64;
    while (size < 2 * cap)
        size *= 2;
    struct slot *slot = realloc(s->slot, (size_t)cap * sizeof *slot);
    if (slot)
        s->slot = slot;
    uint32_t *by_key = malloc(size * sizeof *by_key), *by_name = malloc(size * sizeof *by_name);
    if (!slot || !by_key || !by_name) {
        free(by_key);
        free(by_name);
        return false;
    }
    free(s->by_key);
    free(s->by_name);
    s->by_key = by_key;
    s->by_name = by_name;
    s->index_size = size;
    s->cap = cap;
    index_all(s);
    return true;
}

uint32_t keeper__slots_find_name(const struct slots *s, struct str name, bool unattended)
{
    uint32_t at = hash_bytes(name.p, name.n, unattended) & (s->index_size - 1);
    for (; s->by_name[at] != SLOT_NONE; at = (at + 1) & (s->index_size - 1)) {
        const struct slot *slot = &s->slot[s->by_name[at]];
        if (slot->unattended == unattended && str_eqz(name, slot->name))
            return s->by_name[at];
    }
    return SLOT_NONE;
}

uint32_t keeper__slots_find_key(const struct slots *s, const struct pubkey *key)
{
    uint32_t at = hash_bytes(key->b, 32, 0) & (s->index_size - 1);
    for (; s->by_key[at] != SLOT_NONE; at = (at + 1) & (s->index_size - 1))
        if (pubkey_eq(&s->slot[s->by_key[at]].key, key))
            return s->by_key[at];
    return SLOT_NONE;
}

struct slot *keeper__slots_at(struct slots *s, uint32_t i)
{
    assert(i < s->n);
    return &s->slot[i];
}

uint32_t keeper__slots_count(const struct slots *s)
{
    return s->n;
}

/* ---- opening ---- */

/* The header proves which pepper the file belongs to; an empty or never finished file gets one. */
static int open_header(struct slots *s, uint64_t size, struct err *err)
{
    uint8_t header[64] = {0}, wanted[64] = {0};
    memcpy(wanted, file_magic, 16);
    keeper__derive(s->pepper, "widenet key file", file_magic, 16, wanted + 16, 32);
    checksum(wanted, 48, 0, wanted + 48);
    int bad = read_at(s->fd, header, sizeof header, 0, err);
    if (bad)
        return bad;
    if (!memcmp(header, wanted, sizeof header))
        return 0;
    uint8_t check[CHECK_BYTES];
    checksum(header, 48, 0, check);
    bool whole = !memcmp(check, header + 48, CHECK_BYTES);
    if (whole && memcmp(header, file_magic, 16)) {
        err_set(err, ERR_VERSION, "the key file was made by another version of the program");
        err_todo(err, "use that version");
        return ERR_VERSION;
    }
    if (whole) {
        err_set(err, ERR_DENIED, "the key file belongs to another secret file than the one beside it");
        err_kept(err, "nothing was changed");
        err_todo(err, "put back the secret that was made with these keys");
        return ERR_DENIED;
    }
    if (size > SLOT_BYTES) {
        err_set(err, ERR_CORRUPT, "the key file's beginning is damaged, or it is no key file");
        err_kept(err, "nothing was changed");
        err_todo(err, "put it back from a backup");
        return ERR_CORRUPT;
    }
    bad = write_at(s->fd, wanted, sizeof wanted, 0, err);
    return bad ? bad : sync_file(s->fd, err);
}

int keeper__slots_open(
    int fd, const struct vault_pepper *pepper, struct slots **out, size_t *damaged, struct err *err)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return err_errno(err, errno, "cannot look at the key file");
    struct slots *s = calloc(1, sizeof *s);
    struct vault_pepper *own = sodium_malloc(sizeof *own);
    *damaged = 0;
    if (!s || !own) {
        free(s);
        sodium_free(own);
        return err_set(err, ERR_MEMORY, "not enough memory for the key file");
    }
    *own = *pepper;
    *s = (struct slots){.fd = fd, .pepper = own};
    uint64_t size = (uint64_t)st.st_size;
    /* A last slot that is not whole is a torn addition: read as zeroes from where it ends. */
    uint64_t n = size <= SLOT_BYTES ? 0 : (size - 1) / SLOT_BYTES;
    int bad = 0;
    if (n > MAX_SLOTS)
        bad = err_set(err, ERR_CORRUPT, "the key file is larger than any we make");
    if (!bad)
        bad = open_header(s, size, err);
    if (!bad && !grow(s, (uint32_t)n + 16))
        bad = err_set(err, ERR_MEMORY, "not enough memory for the key file");
    for (uint32_t i = 0; !bad && i < n; i++) {
        bad = read_slot(s, i, &s->slot[i], err);
        if (!bad && s->slot[i].state == SLOT_DAMAGED)
            ++*damaged;
        s->n = i + 1;
    }
    if (bad) {
        keeper__slots_close(s);
        return bad;
    }
    index_all(s);
    *out = s;
    return 0;
}

void keeper__slots_close(struct slots *s)
{
    if (!s)
        return;
    sodium_free(s->pepper);
    free(s->slot);
    free(s->by_key);
    free(s->by_name);
    free(s);
}

/* ---- checking, from outside ---- */

static bool check_slot(int fd, uint32_t i, char *line, size_t size, bool *used, struct err *err)
{
    uint8_t copies[2 * COPY_BYTES];
    struct slot a, b;
    *used = false;
    if (read_at(fd, copies, sizeof copies, slot_at(i), err) != 0)
        return false;
    bool has_a = unpack_slot(copies, i, &a), has_b = unpack_slot(copies + COPY_BYTES, i, &b);
    *used = has_a || has_b;
    if ((has_a && has_b) || (!*used && all_zero(copies + COPY_BYTES, COPY_BYTES)))
        return true;
    if (*used)
        snprintf(line, size, "key file: one of the two copies of %s's key (slot %u) is damaged",
            has_a ? a.name : b.name, i);
    else
        snprintf(line, size, "key file: slot %u is damaged, its key is lost", i);
    return false;
}

int keeper_check_file(const char *key_file, void (*on_fault)(void *ctx, const char *line), void *ctx,
    uint64_t *keys, struct err *err)
{
    *keys = 0;
    int fd = open(key_file, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? 0 : err_errno(err, errno, "cannot read the key file %s", key_file);
    struct stat st;
    uint8_t header[64] = {0}, check[CHECK_BYTES];
    struct err why = {0};
    if (fstat(fd, &st) != 0 || read_at(fd, header, sizeof header, 0, &why) != 0) {
        close(fd);
        return err_errno(err, EIO, "cannot read the key file %s", key_file);
    }
    checksum(header, 48, 0, check);
    if (st.st_size > 0 && memcmp(check, header + 48, CHECK_BYTES))
        on_fault(ctx, "key file: its beginning is damaged, or it is no key file");
    uint64_t n = (uint64_t)st.st_size <= SLOT_BYTES ? 0 : ((uint64_t)st.st_size - 1) / SLOT_BYTES;
    for (uint32_t i = 0; i < n && i < MAX_SLOTS; i++) {
        char line[200] = "";
        bool used = false, good = false;
        /* A slot that is being changed at this moment looks torn: look again. */
        for (int tries = 0; !good && tries < 3; tries++)
            good = check_slot(fd, i, line, sizeof line, &used, &why);
        if (!good)
            on_fault(ctx, line[0] ? line : why.what);
        *keys += used;
    }
    close(fd);
    return 0;
}

/* ---- changing ---- */

static int write_copy(struct slots *s, uint32_t i, bool in_b, struct err *err)
{
    uint8_t copy[COPY_BYTES];
    pack_slot(&s->slot[i], i, copy);
    int bad = write_at(s->fd, copy, sizeof copy, slot_at(i) + (in_b ? COPY_BYTES : 0), err);
    sodium_memzero(copy, sizeof copy);
    return bad;
}

int keeper__slots_save(struct slots *s, uint32_t i, struct err *err)
{
    struct slot *slot = &s->slot[i];
    slot->revision++;
    int bad = write_copy(s, i, !slot->in_b, err);
    if (!bad)
        bad = sync_file(s->fd, err);
    if (bad) {
        struct slot old;
        if (read_slot(s, i, &old, NULL) == 0)
            *slot = old;
        return bad;
    }
    /* From here on it counts; the other copy follows so that nothing old stays readable. */
    if (write_copy(s, i, slot->in_b, NULL) == 0)
        sync_file(s->fd, NULL);
    slot->in_b = !slot->in_b;
    return 0;
}

void keeper__slots_save_counters(struct slots *s, uint32_t i)
{
    struct slot *slot = &s->slot[i];
    slot->revision++;
    if (write_copy(s, i, !slot->in_b, NULL) == 0)
        slot->in_b = !slot->in_b;
}

static int wipe_slot(struct slots *s, uint32_t i, struct err *err)
{
    static const uint8_t zeroes[SLOT_BYTES];
    int bad = write_at(s->fd, zeroes, sizeof zeroes, slot_at(i), err);
    return bad ? bad : sync_file(s->fd, err);
}

int keeper__slots_add(struct slots *s, const struct slot *made, uint32_t *out, struct err *err)
{
    uint32_t i = 0;
    while (i < s->n && s->slot[i].state != SLOT_FREE)
        i++;
    if (i >= MAX_SLOTS)
        return err_set(err, ERR_LIMIT, "the key file holds %u keys, which is the most", MAX_SLOTS);
    if (i == s->cap && !grow(s, 2 * s->cap))
        return err_set(err, ERR_MEMORY, "not enough memory for another key");
    /* The whole slot is taken from the disk now: later changes in place cannot find it full. */
    int bad = wipe_slot(s, i, err);
    if (i == s->n)
        s->n++;
    s->slot[i] = *made;
    s->slot[i].state = SLOT_USED;
    s->slot[i].revision = 1;
    s->slot[i].in_b = false;
    s->slot[i].log_known = true;
    if (!bad)
        bad = write_copy(s, i, false, err);
    if (!bad)
        bad = sync_file(s->fd, err);
    if (!bad)
        bad = write_copy(s, i, true, err);
    if (!bad)
        bad = sync_file(s->fd, err);
    if (bad) {
        wipe_slot(s, i, NULL);
        memset(&s->slot[i], 0, sizeof s->slot[i]);
        s->slot[i].state = SLOT_FREE;
        err_kept(err, "the keys that were there are whole");
        return bad;
    }
    index_slot(s, i);
    *out = i;
    return 0;
}

int keeper__slots_forget(struct slots *s, uint32_t i, struct err *err)
{
    int bad = wipe_slot(s, i, err);
    if (bad)
        return bad;
    sodium_memzero(&s->slot[i], sizeof s->slot[i]);
    s->slot[i].state = SLOT_FREE;
    index_all(s);
    return 0;
}

/* ---- the ring of signatures: an entry is number (4 bytes), time, kind, id and link ---- */

static uint64_t entry_at(uint32_t i, uint64_t number)
{
    return slot_at(i) + 2 * COPY_BYTES + (number - 1) % SLOT_LOG_ENTRIES * ENTRY_BYTES;
}

static void make_link(
    const struct slots *s, const struct pubkey *key, const uint8_t before[16], struct slot_log_entry *e)
{
    struct buf b _cleanup_buf_ = BUF_INIT;
    buf_add(&b, key->b, 32);
    buf_add(&b, before, 16);
    pack_u64(&b, e->number);
    pack_u64(&b, (uint64_t)e->time);
    pack_u32(&b, e->kind);
    buf_add(&b, e->id.b, 32);
    keeper__derive(s->pepper, "widenet log 1", b.p, b.n, e->link, sizeof e->link);
}

static void pack_entry(const struct slot_log_entry *e, uint8_t out[ENTRY_BYTES])
{
    struct buf b _cleanup_buf_ = BUF_INIT;
    pack_u32(&b, (uint32_t)e->number);
    pack_u64(&b, (uint64_t)e->time);
    pack_u32(&b, e->kind);
    buf_add(&b, e->id.b, 32);
    buf_add(&b, e->link, 16);
    assert(b.n == ENTRY_BYTES);
    memcpy(out, b.p, ENTRY_BYTES);
}

size_t keeper__slots_log_read(
    struct slots *s, uint32_t i, struct slot_log_entry out[SLOT_LOG_ENTRIES], bool *whole)
{
    uint8_t ring[SLOT_LOG_ENTRIES * ENTRY_BYTES];
    *whole = true;
    if (read_at(s->fd, ring, sizeof ring, slot_at(i) + 2 * COPY_BYTES, NULL) != 0)
        return 0;
    struct slot_log_entry all[SLOT_LOG_ENTRIES];
    uint64_t last = 0;
    for (size_t e = 0; e < SLOT_LOG_ENTRIES; e++) {
        struct unpack u = {ring + e * ENTRY_BYTES, ENTRY_BYTES, false};
        all[e].number = unpack_u32(&u);
        all[e].time = (int64_t)unpack_u64(&u);
        all[e].kind = unpack_u32(&u);
        unpack_bytes(&u, all[e].id.b, 32);
        unpack_bytes(&u, all[e].link, 16);
        if (all[e].number > last)
            last = all[e].number;
    }
    uint64_t number = last > SLOT_LOG_ENTRIES ? last - SLOT_LOG_ENTRIES + 1 : 1;
    size_t n = 0;
    for (; number <= last && last > 0; number++) {
        out[n] = all[(number - 1) % SLOT_LOG_ENTRIES];
        if (out[n].number != number) {
            *whole = false;
            continue;
        }
        if (n > 0 || number == 1) {
            struct slot_log_entry again = out[n];
            static const uint8_t first[16];
            make_link(s, &s->slot[i].key, n > 0 ? out[n - 1].link : first, &again);
            if (memcmp(again.link, out[n].link, sizeof again.link))
                *whole = false;
        }
        n++;
    }
    return n;
}

void keeper__slots_log_add(
    struct slots *s, uint32_t i, int64_t time, uint32_t kind, const struct record_id *id)
{
    struct slot *slot = &s->slot[i];
    if (!slot->log_known) {
        struct slot_log_entry old[SLOT_LOG_ENTRIES];
        bool whole;
        size_t n = keeper__slots_log_read(s, i, old, &whole);
        slot->log_count = n ? old[n - 1].number : 0;
        memset(slot->log_head, 0, sizeof slot->log_head);
        if (n)
            memcpy(slot->log_head, old[n - 1].link, sizeof slot->log_head);
        slot->log_known = true;
    }
    struct slot_log_entry e = {.number = slot->log_count + 1, .time = time, .kind = kind, .id = *id};
    if (e.number > UINT32_MAX)
        return;
    make_link(s, &slot->key, slot->log_head, &e);
    uint8_t bytes[ENTRY_BYTES];
    pack_entry(&e, bytes);
    if (write_at(s->fd, bytes, sizeof bytes, entry_at(i, e.number), NULL) == 0) {
        slot->log_count = e.number;
        memcpy(slot->log_head, e.link, sizeof slot->log_head);
    }
}
