/* slots.h: the key file: one slot of fixed size for each key, changed in place, whole after any crash.
 *
 * A slot holds two copies of its key's facts and a ring of the last signatures. A change writes the older
 * copy, waits until it is on the disk, then writes the other: at every moment one copy is whole, and nothing
 * of an old password's wrapping stays behind. Forgetting overwrites the slot. Inside the room only; not
 * thread-safe. */
#ifndef WN_KEEPER_SLOTS_H
#define WN_KEEPER_SLOTS_H

#include "keeper/vault.h"

#define SLOT_MAX_KINDS 32
#define SLOT_MAX_ENDED 16
#define SLOT_NONE UINT32_MAX

enum slot_state { SLOT_FREE, SLOT_USED, SLOT_DAMAGED };
struct slot {
    /* kept in the file */
    uint64_t revision; /* of the copy that stands */
    char name[65];
    bool unattended;
    struct pubkey key;
    uint8_t salt[VAULT_SALT_BYTES], nonce[VAULT_NONCE_BYTES], wrapped[VAULT_WRAPPED_BYTES];
    struct vault_params params;
    uint32_t generation; /* raised by a new password: older tickets and devices are void */
    int64_t created_at;
    uint32_t kinds[SLOT_MAX_KINDS], kind_count; /* of an unattended key */
    uint32_t tries;                             /* tries left to strangers, see tries.h */
    int64_t tries_at;
    uint8_t ended[SLOT_MAX_ENDED]
                 [VAULT_SESSION_ID_BYTES]; /* the last sessions ended, next_ended the oldest */
    uint32_t next_ended;
    /* not kept */
    enum slot_state state;
    bool in_b;            /* the copy that stands is the second */
    bool log_known;       /* the two below have been read from the ring */
    uint64_t log_count;   /* signatures ever */
    uint8_t log_head[16]; /* the chain's last link */
    double rate_tokens;
    int64_t rate_at_us;
};

struct slots;
/* Reads the whole file on fd (kept open, not closed by slots_close). ERR_CORRUPT: not a key file; ERR_DENIED:
 * made with another pepper. damaged: how many slots have no whole copy (they are left alone). */
int keeper__slots_open(
    int fd, const struct vault_pepper *pepper, struct slots **out, size_t *damaged, struct err *err);
void keeper__slots_close(struct slots *slots); /* takes NULL */
uint32_t keeper__slots_find_name(
    const struct slots *slots, struct str name, bool unattended); /* or SLOT_NONE */
uint32_t keeper__slots_find_key(const struct slots *slots, const struct pubkey *key);
struct slot *keeper__slots_at(struct slots *slots, uint32_t i); /* valid until the next keeper__slots_add */
uint32_t keeper__slots_count(const struct slots *slots);        /* free ones too */
/* Writes a new slot; durable when it returns 0. ERR_FULL and other errors leave the file as it was. */
int keeper__slots_add(struct slots *slots, const struct slot *made, uint32_t *out, struct err *err);
/* Writes slot i as it now stands in memory; durable. On an error the memory is as the file again. */
int keeper__slots_save(struct slots *slots, uint32_t i, struct err *err);
/* Writes the counters without waiting for the disk: a crash of the machine may lose the last ones. */
void keeper__slots_save_counters(struct slots *slots, uint32_t i);
int keeper__slots_forget(struct slots *slots, uint32_t i, struct err *err);

/* The ring of signatures: each link is a keyed hash of the one before and the entry. */
#define SLOT_LOG_ENTRIES 96
struct slot_log_entry {
    uint64_t number; /* from 1 */
    int64_t time;
    uint32_t kind;
    struct record_id id;
    uint8_t link[16];
};
void keeper__slots_log_add(
    struct slots *slots, uint32_t i, int64_t time, uint32_t kind, const struct record_id *id);
/* The last entries, oldest first; returns how many were put into out. whole: every link fits. */
size_t keeper__slots_log_read(
    struct slots *slots, uint32_t i, struct slot_log_entry out[SLOT_LOG_ENTRIES], bool *whole);

#endif
