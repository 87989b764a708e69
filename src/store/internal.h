/* internal.h: what the files of the store share: the back end's functions, statements, rules.
 *
 * A back end is one struct store_ops. What does not depend on where records lie (rules of the NIPs, the query
 * parser, snippets, rooms' tables on a connection) is written once, here above them. */
#ifndef WN_STORE_INTERNAL_H
#define WN_STORE_INTERNAL_H

#include "store/store.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>

#define STORE_FUTURE_SECONDS 900
#define STORE_DEFAULT_LIMIT 5000
#define STORE_INDEX_VERSION                                                                                  \
    2 /* of schema.sql, the tokenizer and what is indexed: raise it to have all made anew */

/* revisions: returned instead of 0 where the address has only deleted records. */
#define STORE__GONE 1000000000

typedef int store_on_record(void *ctx, const struct store_found *f);
typedef void store_on_fault(void *ctx, const char *line);

struct search_plan;

/* One back end. Each does what the public function of that name says; store.c has checked the arguments. */
struct store_ops {
    void (*close)(struct store *s);
    int (*append)(struct store *s, struct store_item *items, size_t n, struct err *err);
    uint64_t (*last_seq)(struct store *s);
    uint64_t (*applied_seq)(struct store *s);
    int (*wait_applied)(struct store *s, uint64_t seq, int timeout_ms, struct err *err);
    void (*bulk)(struct store *s, bool begin);
    int (*read_begin)(struct store *s, struct store_read **out, struct err *err);
    void (*read_end)(struct store_read *r);
    int (*query)(struct store_read *r, const struct filter *f, size_t n, unsigned flags, store_on_record *on,
        void *ctx, struct err *err);
    int64_t (*count)(struct store_read *r, const struct filter *f, size_t n, struct err *err);
    int (*get)(struct store_read *r, struct arena *arena, const struct record_id *id, struct store_found *out,
        struct err *err);
    int (*get_seq)(
        struct store_read *r, struct arena *arena, uint64_t seq, struct store_found *out, struct err *err);
    int (*log_raw)(struct sql *db, struct arena *arena, uint64_t seq, struct str *out, struct err *err);
    int (*revisions)(struct store_read *r, const struct address *a, unsigned flags, store_on_record *on,
        void *ctx, struct err *err);
    int (*follow)(struct store_read *r, uint64_t after, size_t max, unsigned flags, store_on_record *on,
        void *ctx, struct err *err);
    int (*search)(struct store_read *r, struct arena *arena, const struct search_plan *plan,
        struct search_result *out, struct err *err);
    int (*write)(struct store *s, int (*change)(void *ctx, struct sql *db, struct err *err), void *ctx,
        struct err *err);
    int (*blob_put)(
        struct store *s, struct str bytes, struct str media_type, const uint8_t sha256[32], struct err *err);
    int (*blob_open)(struct store *s, const uint8_t sha256[32], int *fd, uint64_t *size, char media_type[64],
        struct err *err);
    int (*blob_remove)(struct store *s, const uint8_t sha256[32], struct err *err);
    int (*erase_key)(
        struct store *s, const struct pubkey *key, int64_t until, const char *reason, struct err *err);
    int (*erase_id)(struct store *s, const struct record_id *id, const char *reason, struct err *err);
    int (*rebuild)(struct store *s, struct err *err);
    int (*check)(struct store *s, store_on_fault *on_fault, void *ctx, struct store_check_result *out,
        struct err *err);
    int (*backup)(struct store *s, const char *file, const char *const *extra_files, struct err *err);
    int (*digest)(struct store *s, uint8_t out[32], struct err *err);
};

struct store { /* each back end's own struct begins with it */
    const struct store_ops *ops;
    struct clock clock;
    struct store_tables tables;
    char *node_url; /* or NULL */
    void (*progress)(void *ctx, const char *what, uint64_t done, uint64_t total);
    void *progress_ctx;
    void (*erased)(void *ctx, uint64_t records, bool clean);
    void *erased_ctx;
    _Atomic uint64_t erasures; /* through this handle */
};
struct store_read { /* likewise */
    struct store *store;
    struct sql *sql;
    uint64_t seq;
    int64_t now; /* when it began: what is expired by then is hidden */
};

void store__init(struct store *s, const struct store_ops *ops, const struct store_tables *tables,
    const struct store_options *options);
void store__finish(struct store *s);
void store__progress(struct store *s, const char *what, uint64_t done, uint64_t total);

/* ---- sql.c: statements over one SQLite connection */

struct sql *sql__create(sqlite3 *db, struct store *store, bool writable);
void sql__destroy(struct sql *db); /* finalises and closes the connection; takes NULL */
void sql__reset(struct sql *db);   /* statements somebody left open */
sqlite3 *sql__handle(struct sql *db);
struct store *sql__store(const struct sql *db);
sqlite3_stmt *sql__statement(struct sql_cursor *c); /* not NULL once a step or bind has gone well */
bool sql__writable(const struct sql *db);
int sql__fail(sqlite3 *db, int rc, struct err *err, const char *doing);
int sql__run(struct sql *db, const char *text, struct err *err); /* one or several statements, not kept */
int sql__begin(struct sql *db, struct err *err);                 /* BEGIN IMMEDIATE */
int sql__commit(struct sql *db, struct err *err);
void sql__rollback(struct sql *db);
/* Keys that are being erased, as a reader's snapshot has them. */
struct leaving {
    struct leaving_key *at; /* sorted by actor */
    size_t n, cap;
};
struct leaving *sql__leaving(struct sql *db);
/* A value found by one integer or text parameter; missing gives fallback. */
int sql__meta_get(struct sql *db, const char *name, int64_t fallback, int64_t *out, struct err *err);
int sql__meta_set(struct sql *db, const char *name, int64_t value, struct err *err);
/* Keys' numbers, remembered by the connection. */
struct actor_cache;
struct actor_cache **sql__actors(struct sql *db);
void actor__forget(struct sql *db); /* after a rollback */
void actor__destroy(struct actor_cache *c);

/* ---- leaving.c: what is being erased is hidden */
int leaving__load(struct sql *db, struct err *err); /* inside a reader's transaction */
bool leaving__holds(const struct leaving *l, int64_t actor, int64_t created_at);
int leaving__register(sqlite3 *db, struct leaving *l); /* the function store_leaving(); SQLite's result */

/* ---- tables.c: state and projections on one connection */

/* Inside a transaction. ERR_VERSION where the tables are newer than we are. */
int tables__exists(struct sql *db, const char *name, bool *exists, struct err *err);
int tables__migrate(struct sql *db, const struct store_tables *t, struct err *err);
/* Who writes must know every room whose tables are there: one that is missing would miss what is applied.
 * ERR_VERSION. */
int tables__all_known(struct sql *db, const struct store_tables *t, struct err *err);
/* Whether the projections' tables are those of this program. */
int tables__current(struct sql *db, const struct store_tables *t, bool *current, struct err *err);
int tables__create(struct sql *db, const struct store_tables *t, struct err *err); /* drops them first */
int tables__drop_prefix(struct sql *db, const char *prefix, const char *but_prefix, struct err *err);
int tables__apply(struct sql *db, const struct store_tables *t, const struct store_change *c, bool careful,
    struct err *err);
int tables__digest(
    struct sql *db, const struct store_tables *t, const char *const *own, uint8_t out[32], struct err *err);
const struct store_text_source *tables__text_source(const struct store_tables *t, uint32_t kind);

/* ---- rules.c: what the NIPs say about one record */

struct facts {
    enum record_class class;
    int64_t idkey;
    bool has_address;
    int64_t address;    /* hash of d */
    int64_t expires_at; /* 0: never */
};
void rules__facts(const struct record *r, struct facts *out);
int64_t rules__idkey(const struct record_id *id);
int64_t rules__hash(char letter, struct str value); /* of a tag, of d (letter 0), of a fact for search */
bool rules__tag_is_indexed(struct str name);        /* NIP-01: single letters */
bool rules__id_of(struct str hex, struct record_id *out);
int64_t rules__blob_hash(const uint8_t sha256[32]);
/* At the door: false with a reason where the record cannot be kept whatever the store holds. */
bool rules__admit(const struct record *r, int64_t now, char *reason, size_t size);
/* NIP-62: a vanish record (kind 62) that speaks to this node. */
bool rules__vanishes(const struct record *r, const char *node_url);
/* NIP-09: deleting these kinds has no effect. */
static inline bool rules__deletable(uint32_t kind)
{
    return kind != 5 && kind != 62;
}
/* The hashes of files a record speaks of: 64 hexadecimal digits on their own in its text or its tags' values
 * (keys' and ids' tags aside). on_hash gets each. */
void rules__blob_uses(
    const struct record *r, void (*on_hash)(void *ctx, const uint8_t sha256[32]), void *ctx);
/* What search is to hold of a record. false: nothing. */
struct search_text {
    struct store_text text;
    struct str facts; /* the words of the fourth column */
    int64_t date;
};
bool rules__search_text(
    struct arena *arena, const struct store_tables *t, const struct record *r, struct search_text *out);
/* The words facts are written as: letter k (kind), a (author), t (topic), l (language), w (a word of the
 * title). */
void rules__fact(struct buf *out, char letter, struct str value);

/* ---- plan.c: a person's query, read */

struct search_term { /* a word or phrase of the text */
    struct str text;
    bool negative, prefix; /* prefix: its last word need only begin so */
    bool quoted;           /* never more than what was typed */
};
struct search_fact { /* any of these words in facts */
    struct str *words;
    size_t n;
    bool negative;
};
struct search_plan {
    const struct search_query *query;
    struct search_term *terms;
    size_t term_count;
    struct search_fact *facts;
    size_t fact_count;
    int64_t from, until; /* dates, inclusive */
    bool nothing;        /* cannot match */
    bool any_word;       /* a positive word: relevance has something to go by */
};
int plan__parse(struct arena *arena, const struct search_query *q, struct search_plan *out,
    struct search_result *result, struct err *err);
/* Lets each wanted word that is not quoted be the beginning of one. False where there is none. */
bool plan__widen(struct arena *arena, struct search_plan *plan, struct search_result *result);

/* ---- blobs.c: files in directory/blobs */
int blobs__put(const char *directory, struct str bytes, const uint8_t sha256[32], struct err *err);
int blobs__open(const char *directory, const uint8_t sha256[32], int *fd, uint64_t *size, struct err *err);
int blobs__remove(const char *directory, const uint8_t sha256[32], struct err *err);

#endif
