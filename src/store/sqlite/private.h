/* private.h: what the files of the SQLite back end share.
 *
 * Connections: one for appends and state (synchronous=FULL: what it commits is durable), one for the applier
 * (synchronous=NORMAL: its work follows from the log and is done again after a power cut), a pool for
 * readers. In one process the write turn is handed out by struct turn; between processes SQLite's own lock
 * decides. */
#ifndef WN_STORE_SQLITE_PRIVATE_H
#define WN_STORE_SQLITE_PRIVATE_H

#include "store/internal.h"

#define LITE_APPLICATION_ID 0x57444e54 /* "WDNT" */
#define LITE_LAYOUT 1
#define LITE_BUSY_MS 15000 /* for another process's lock */
/* What one transaction of the applier takes, in records and in time before search is written. While it is
 * behind and nobody waits for the turn, batches double up to the most. */
#define LITE_BATCH_RECORDS 1000
#define LITE_BATCH_MOST 2000
#define LITE_BATCH_RECORD_US 100
#define LITE_LAST_US 5000      /* a transaction of the applier ends soon when an append waits */
#define LITE_PATIENCE_US 50000 /* the applier waits so long for its turn, then demands it */

/* Whose turn it is to write. Appends go first; the applier gets its turn after a bounded wait. */
struct turn {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool held, demanded;
    unsigned waiting; /* appends and state writes that wait */
};
void turn__take(struct turn *t);
void turn__take_patiently(struct turn *t, int64_t patience_us);
void turn__give(struct turn *t);
bool turn__wanted(struct turn *t);
/* Waits are timed by the monotonic clock. */
struct timespec lite__deadline(int64_t us);
void lite__cond_init(pthread_cond_t *c);

/* Ids of the log's unapplied end, for finding doubles before the indices know them. */
struct tail_entry {
    struct record_id id;
    uint64_t seq; /* 0: empty */
};
struct tail {
    struct tail_entry *entries;
    size_t count, size;    /* size is 0 or a power of two */
    uint64_t floor, known; /* it holds all of the log above floor and up to known */
};
uint64_t tail__find(const struct tail *t, const struct record_id *id); /* seq or 0 */
/* Its place will be looked at soon: the memory may come meanwhile. */
void tail__expect(const struct tail *t, const struct record_id *id);
void tail__add(struct tail *t, const struct record_id *id, uint64_t seq, uint64_t applied);
void tail__clear(struct tail *t, uint64_t applied);

struct append_request;

struct lite {
    struct store base;
    char *directory, *file;
    enum store_mode mode;
    unsigned reader_max;
    int64_t cache_bytes; /* of all connections */

    struct turn turn;
    struct sql *append; /* used by who has the turn */
    struct tail tail;   /* likewise */

    pthread_mutex_t queue_mutex;
    pthread_cond_t queue_changed;
    struct append_request *queue, **queue_end;
    bool leading;

    struct sql *apply; /* used by the applier, or with the turn taken while it is paused */
    pthread_t applier;
    bool applier_runs;
    pthread_mutex_t apply_mutex; /* guards what follows */
    pthread_cond_t apply_wanted, applied_changed;
    bool stop, wanted;
    int paused;      /* somebody else uses the applier's connection */
    bool in_a_batch; /* the applier is at work */
    atomic_uint_least64_t last_seq, applied_seq;
    atomic_int bulk;
    atomic_int_least64_t bulk_append_us; /* when a bulk append last committed */
    struct err trouble;                  /* of the applier's last turn */
    atomic_int scrubbing;                /* erasures that scrub by themselves */
    atomic_bool erasing;                 /* a key's records are being erased */
    atomic_int wal_pages;
    bool careful;
    int batch_records; /* the next batch's bound */
    int64_t scrubbed_us;

    pthread_mutex_t readers_mutex;
    pthread_cond_t reader_back;
    struct lite_read *idle;
    unsigned reader_count;
};

struct lite_read {
    struct store_read base;
    bool hides; /* it knows of erasures: who only reads may see a store of before */
    struct lite_read *next;
};

static inline struct lite *lite_of(struct store *s)
{
    return (struct lite *)s;
}

/* backend.c */
int lite__connect(struct lite *l, bool writable, bool full, struct sql **out, struct err *err);
int lite__applied(struct sql *db, uint64_t *out, struct err *err);

/* append.c */
int lite__append(struct store *s, struct store_item *items, size_t n, struct err *err);
int lite__write(
    struct store *s, int (*change)(void *ctx, struct sql *db, struct err *err), void *ctx, struct err *err);
void lite__bulk(struct store *s, bool begin);
int lite__wait_applied(struct store *s, uint64_t seq, int timeout_ms, struct err *err);

/* apply.c: one transaction's work */
struct fts_op;
struct batch {
    struct lite *l;
    struct sql *db;
    struct arena *arena;   /* until the batch's end: texts for search */
    struct arena *record;  /* until the entry's end */
    struct arena *scratch; /* until the next row is loaded */
    struct fts_op *ops;
    size_t op_count, op_cap, op_bytes;
    int64_t texts; /* by which the number of searchable texts changes */
    int64_t now;   /* received_at of the entry at work, or the sweep's time */
    int64_t next_expiry;
    int64_t deleted_at; /* created_at of the deletion that is at work, or 0 */
    bool careful, erased, erasing, any_tombstones, any_deleted;
    uint8_t (*blobs)[32]; /* files to remove after the commit */
    size_t blob_count;
};
int batch__begin(struct lite *l, struct sql *db, struct batch *b, struct err *err); /* inside a transaction */
int batch__flush(struct batch *b, struct err *err); /* search entries, flags; before the commit */
void batch__end(struct batch *b, bool committed);   /* removes files, frees */
/* done false: something else had to be done first; the same entry again, in the next transaction. */
int batch__entry(
    struct batch *b, uint64_t seq, int64_t received_at, struct str raw, bool *done, struct err *err);
int batch__sweep(struct batch *b, int64_t until, bool *done, struct err *err);
int batch__remove(struct batch *b, uint64_t seq, bool erase, struct err *err);
/* apply.c, applier.c */
int lite__catch_up(struct lite *l, struct err *err); /* in the caller's thread, all of the log */
int lite__apply_batch(struct lite *l, bool *more, struct err *err);
int lite__applier_start(struct lite *l, struct err *err);
void lite__applier_stop(struct lite *l);
void lite__applier_wake(struct lite *l);
void lite__applier_pause(struct lite *l); /* nobody is applying when it returns */
void lite__applier_resume(struct lite *l);
void lite__set_applied(struct lite *l, uint64_t seq);
int lite__reset_indices(struct lite *l, struct sql *db, struct err *err); /* inside a transaction */

/* fts.c */
struct fts_op {
    int64_t docid;
    bool remove;
    struct str title, summary, body, facts;
};
int fts__register(sqlite3 *db, struct err *err);
int fts__configure(struct sql *db, struct err *err); /* inside a transaction */
int fts__add(struct batch *b, uint64_t seq, const struct record *r, int64_t *docid, struct err *err);
int fts__remove(struct batch *b, int64_t docid, const struct record *r, struct err *err);
int fts__flush(struct batch *b, struct err *err);
/* Texts are numbered by date, so that the index is walked newest first. */
int64_t fts__docid(int64_t date, uint64_t seq);

/* search.c */
void search__rank(
    const Fts5ExtensionApi *api, Fts5Context *fts, sqlite3_context *out, int n, sqlite3_value **args);
int lite__search(struct store_read *r, struct arena *arena, const struct search_plan *plan,
    struct search_result *out, struct err *err);

/* scan.c */
bool lite__leaving(struct store_read *r, uint64_t seq); /* hidden: it is being erased */
int lite__query(struct store_read *r, const struct filter *f, size_t n, unsigned flags, store_on_record *on,
    void *ctx, struct err *err);
int64_t lite__count(struct store_read *r, const struct filter *f, size_t n, struct err *err);
int lite__get(struct store_read *r, struct arena *arena, const struct record_id *id, struct store_found *out,
    struct err *err);
int lite__log_raw(struct sql *db, struct arena *arena, uint64_t seq, struct str *out, struct err *err);
int lite__get_seq(
    struct store_read *r, struct arena *arena, uint64_t seq, struct store_found *out, struct err *err);
int lite__revisions(struct store_read *r, const struct address *a, unsigned flags, store_on_record *on,
    void *ctx, struct err *err);
int lite__follow(struct store_read *r, uint64_t after, size_t max, unsigned flags, store_on_record *on,
    void *ctx, struct err *err);

/* erase.c */
int lite__erase_key(
    struct store *s, const struct pubkey *key, int64_t until, const char *reason, struct err *err);
int lite__erase_id(struct store *s, const struct record_id *id, const char *reason, struct err *err);
int erase__vanish(struct batch *b, const struct pubkey *key, int64_t until, struct err *err);
/* One step of what is to be erased; more stays as it is where there is nothing. By the applier, or while it
 * is paused. */
int lite__erase_on(struct lite *l, bool *more, struct err *err);
int lite__scrub(struct lite *l, int wait_ms, struct err *err); /* with the applier paused or by itself */

/* care.c */
int lite__rebuild(struct store *s, struct err *err);
int lite__check(
    struct store *s, store_on_fault *on_fault, void *ctx, struct store_check_result *out, struct err *err);
int lite__backup(struct store *s, const char *file, const char *const *extra_files, struct err *err);
int lite__digest(struct store *s, uint8_t out[32], struct err *err);
/* bury.c */
int restore__bury(struct sql *to, struct sql *grave, struct err *err);

int lite__blob_put(
    struct store *s, struct str bytes, struct str media_type, const uint8_t sha256[32], struct err *err);
int lite__blob_open(
    struct store *s, const uint8_t sha256[32], int *fd, uint64_t *size, char media_type[64], struct err *err);
int lite__blob_remove(struct store *s, const uint8_t sha256[32], struct err *err);

#endif
