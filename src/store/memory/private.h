/* private.h: what the files of the memory back end share.
 *
 * The tests' fake: plain arrays walked from end to end, so that it is easily seen to be right, and a second
 * opinion on the SQLite back end. Rooms' tables live in a private SQLite database in memory; a reader gets a
 * copy of it.
 *
 * Everything is guarded by one mutex. A snapshot is a number: each entry knows at which change its state
 * became what, so that a reader sees it as it was. What a reader was given is counted, and outlives an
 * erasure. */
#ifndef WN_STORE_MEMORY_PRIVATE_H
#define WN_STORE_MEMORY_PRIVATE_H

#include "store/internal.h"

struct body { /* one record's text, shared by the log and by readers */
    int users;
    struct arena *arena;
    struct str raw;
    struct record record;
};

struct entry {
    uint64_t seq;
    int64_t received_at;
    struct body *body; /* NULL: erased */
    struct facts facts;
    /* Changes at which it came, became old, went; 0: not so. */
    uint64_t born, old, gone;
};

struct deleted_id {
    struct record_id id;
    struct pubkey by;
    uint64_t seq;
};
struct deleted_address {
    struct pubkey by;
    uint32_t kind;
    int64_t address, until;
    uint64_t seq;
};
struct tombstone {
    bool is_key;
    uint8_t b[32]; /* key or id */
    int64_t until;
};
struct memory_blob {
    uint8_t sha256[32];
    struct str bytes; /* ours */
    char media_type[64];
};

#define LIST(type)                                                                                           \
    struct {                                                                                                 \
        type *at;                                                                                            \
        size_t n, cap;                                                                                       \
    }
#define LIST_ADD(list, value)                                                                                \
    do {                                                                                                     \
        if ((list)->n == (list)->cap) {                                                                      \
            (list)->cap = (list)->cap ? 2 * (list)->cap : 16;                                                \
            (list)->at = realloc((list)->at, (list)->cap * sizeof *(list)->at);                              \
            if (!(list)->at)                                                                                 \
                abort();                                                                                     \
        }                                                                                                    \
        (list)->at[(list)->n++] = (value);                                                                   \
    } while (0)

struct memory_read {
    struct store_read base;
    uint64_t version; /* the last change it sees */
    uint64_t rooms;   /* of the copy of the rooms' database it has */
    struct memory_read *next;
};

struct memory {
    struct store base;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    LIST(struct entry) log; /* entry i has seq i + 1 */
    LIST(struct deleted_id) deleted_ids;
    LIST(struct deleted_address) deleted_addresses;
    LIST(struct tombstone) tombstones;
    LIST(struct memory_blob) blobs;
    uint64_t applied, version;       /* version counts changes */
    int64_t swept_until, deleted_at; /* created_at of the deletion that is at work, or 0 */
    bool closing;

    struct sql *rooms;
    uint64_t rooms_version;
    struct memory_read *idle;
};

static inline struct memory *memory_of(struct store *s)
{
    return (struct memory *)s;
}

/* The state an entry has for a reader; STORE_GONE where it has not come yet, too. */
static inline enum store_state entry_state(const struct entry *e, uint64_t version)
{
    if (!e->born || e->born > version || (e->gone && e->gone <= version))
        return STORE_GONE;
    return e->old && e->old <= version ? STORE_OLD : STORE_CURRENT;
}
struct body *body_take(struct body *b); /* under the mutex, as is giving back */
void body_drop(struct body *b);

/* change.c: everything that changes, under the mutex and inside a transaction of the rooms' database */
int memory__append(struct store *s, struct store_item *items, size_t n, struct err *err);
int memory__apply(struct memory *m, struct entry *e, struct err *err);
int memory__sweep(struct memory *m, int64_t until, struct err *err);
int memory__catch_up(struct memory *m, struct err *err); /* time itself goes on */
int memory__erase_key(
    struct store *s, const struct pubkey *key, int64_t until, const char *reason, struct err *err);
int memory__erase_id(struct store *s, const struct record_id *id, const char *reason, struct err *err);
int memory__rebuild(struct store *s, struct err *err);

/* look.c */
int memory__query(struct store_read *r, const struct filter *f, size_t n, unsigned flags, store_on_record *on,
    void *ctx, struct err *err);
int64_t memory__count(struct store_read *r, const struct filter *f, size_t n, struct err *err);
int memory__get(struct store_read *r, struct arena *arena, const struct record_id *id,
    struct store_found *out, struct err *err);
int memory__get_seq(
    struct store_read *r, struct arena *arena, uint64_t seq, struct store_found *out, struct err *err);
/* Under the mutex. */
int memory__log_raw(struct sql *db, struct arena *arena, uint64_t seq, struct str *out, struct err *err);
int memory__revisions(struct store_read *r, const struct address *a, unsigned flags, store_on_record *on,
    void *ctx, struct err *err);
int memory__follow(struct store_read *r, uint64_t after, size_t max, unsigned flags, store_on_record *on,
    void *ctx, struct err *err);

/* search.c */
int memory__search(struct store_read *r, struct arena *arena, const struct search_plan *plan,
    struct search_result *out, struct err *err);

#endif
