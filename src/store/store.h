/* store.h: where records are kept and found: append, apply, follow, query, search, rooms' tables, blobs.
 *
 * What it is not: the meaning of any kind beyond NIP-01, 09, 40 and 62. Leans on record, base, SQLite.
 *
 * One record's life: store_append() writes (seq, raw) to the log, deduplicated, in a group commit; when it
 * returns the record is durable. The applier then works through the log in batches (at most 1,000 records or
 * 50 ms): indices, search, the rooms' projections and applied_seq in one transaction. Whoever needs to hear
 * of records follows by seq.
 *
 * Threads: a struct store may be used by any thread. A struct store_read belongs to one thread until ended.
 */
#ifndef WN_STORE_H
#define WN_STORE_H

#include "base/time.h"
#include "record/record.h"

struct store;
struct store_read;
struct sql; /* one connection inside one transaction: a reader's snapshot, or the writer's */

/* ---- a room's own tables
 * --------------------------------------------------------------------------------------- */

enum store_change_type {
    STORE_ADDED,      /* now current (or regular) */
    STORE_SUPERSEDED, /* was current; a newer revision of its address has come (which follows as STORE_ADDED),
                         or it arrived already older than the current one */
    STORE_REMOVED, /* deleted (NIP-09), expired (NIP-40), vanished (NIP-62) or erased: forget what it said */
    STORE_FORGOTTEN, /* was removed before and now leaves the log, too: nothing may remain of it */
};
struct store_change {
    enum store_change_type type;
    bool was_current; /* with STORE_REMOVED: it was the current one. With STORE_SUPERSEDED: false if it came
                         late */
    bool erased; /* with STORE_REMOVED: it leaves the log, too. A rebuild will never see it, so nothing may
                    remain that it made, as if it had never come. */
    uint64_t seq;
    int64_t received_at; /* Unix seconds when it was appended: state, the same after a rebuild */
    const struct record *record;
    int64_t
        removed_at; /* with STORE_REMOVED: the created_at of the deletion, or when it expired; erased: 0 */
};
/* A projection is a room's view of the log, in tables that only it owns. Everything in it follows from the
 * order of changes, so it can be dropped and rebuilt. Rows; the table of all ends with name NULL. */
struct store_projection {
    const char *name; /* the room: its tables are called name_* */
    uint32_t
        version; /* raise it when schema or apply change: the projections are rebuilt at the next start */
    const char *schema; /* SQL that creates the tables (CREATE TABLE, CREATE INDEX); rebuilding drops name_*
                           first, except tables whose name begins with name_state_ */
    int (*apply)(void *ctx, struct sql *db, const struct store_change *change, struct err *err);
    void *ctx;
    bool remembers; /* keeps something of what was removed, so it wants STORE_FORGOTTEN */
};
/* State that is not made from records (accounts, sessions, drafts). Numbered steps, forward only. */
struct store_migration {
    const char *room;
    uint32_t number; /* from 1, without gaps, for each room */
    const char *sql;
};
/* What search is to find of a kind. extract fills title, summary and body (plain text, in arena) or leaves
 * them empty. It must give the same for the same record always: who changes it raises the room's projection's
 * version, so that the index is made anew. Also gives the search operators' facts. */
struct store_text {
    struct str title, summary, body;
    struct str language; /* "en", "en-GB", … or empty */
    int64_t date;        /* what before:, after: and the newest order go by; 0: created_at */
    bool no_body;        /* set by the caller: body is not wanted and need not be made */
};
struct store_text_source {
    uint32_t kind; /* ends with a row whose extract is NULL */
    int (*extract)(struct arena *arena, const struct record *r, struct store_text *out);
};
/* A change of a room's state that a command asks for: the running node's process does it where there is one
 * (node_call). Rows; the table ends with name NULL. */
struct store_call {
    const char *name; /* "rating.service" */
    /* request is hostile; what goes back is added to reply. */
    int (*answer)(struct store *store, const struct clock *clock, struct str request, struct buf *reply,
        struct err *err);
};
struct store_tables { /* what main.c joins from the rooms */
    const struct store_projection *projections;
    const struct store_migration *migrations; /* ends with room NULL */
    const struct store_text_source *texts;
    const struct store_call *calls; /* may be NULL */
};

/* ---- opening
 * ------------------------------------------------------------------------------------------------------ */

enum store_mode {
    STORE_READ_ONLY, /* an existing store, beside its writer */
    STORE_WRITE,     /* creates it, migrates it, runs the applier's thread */
};
struct store_options {
    struct clock clock;
    unsigned readers;     /* connections kept for store_read; 0: 8 */
    int64_t cache_bytes;  /* for all connections together; 0: 64 MiB */
    const char *node_url; /* this node's own address, for NIP-62; may be NULL */
    /* Called at every opening step that takes long (migration, rebuild, catching up); may be NULL. */
    void (*progress)(void *ctx, const char *what, uint64_t done, uint64_t total);
    void *progress_ctx;
    /* Called after each step of a key's erasure: how many of its records are gone so far; and with clean when
     * nothing of what was erased is left in the files. From the thread that does it; may be NULL. */
    void (*erased)(void *ctx, uint64_t records, bool clean);
    void *erased_ctx;
};
/* directory holds widenet.db and blobs/. ERR_VERSION for a newer schema, ERR_CORRUPT, ERR_FULL, ERR_DENIED, …
 */
int store_open(const char *directory, enum store_mode mode, const struct store_tables *tables,
    const struct store_options *options, struct store **out, struct err *err);
/* The tests' fake: the same behaviour in memory, gone at close. */
int store_open_memory(const struct store_tables *tables, const struct store_options *options,
    struct store **out, struct err *err);
void store_close(struct store *store); /* waits for what was appended to be applied; takes NULL */

/* ---- append
 * ------------------------------------------------------------------------------------------------------ */

enum store_verdict {
    STORE_NEW,       /* durable, seq is its place */
    STORE_DUPLICATE, /* we have it; seq is its place */
    STORE_REFUSED,   /* reason says why; nothing was kept */
};
struct store_item {
    const struct record *record; /* verified by the caller */
    struct str raw;              /* its canonical JSON, or {NULL,0}: made here */
    /* out: */
    enum store_verdict verdict;
    uint64_t seq;
    char reason[120]; /* machine-readable prefix as in NIP-01: "invalid: …", "blocked: …", "duplicate: …" */
};
/* Durable for all items when it returns 0. Many threads' calls share one commit. Refuses (per item): dated
 * more than 900 s in the future, expired, erased (tombstone), deleted by its author, vanished. On a negative
 * return nothing of this call was kept (ERR_FULL, ERR_IO, ERR_CLOSED). */
int store_append(struct store *store, struct store_item *items, size_t n, struct err *err);

/* Bulk loading from JSONL: many threads parse and verify, big batches are appended. */
struct store_import_options {
    unsigned threads; /* that parse and verify; 0: one a processor and one more */
    /* One line that was not taken: its number from 1, and why (as in struct store_item, or the parser's
     * words). Called from one thread at a time; may be NULL. */
    void (*refused)(void *ctx, uint64_t line, const char *reason);
    /* Bytes and lines done so far, at most a few times a second; may be NULL. */
    void (*progress)(void *ctx, uint64_t bytes, uint64_t lines);
    void *ctx;
};
struct store_import_counts {
    uint64_t lines, added, duplicates,
        refused;       /* lines = added + duplicates + refused; empty ones are not counted */
    uint64_t last_seq; /* of what was added; wait for it to be applied */
};
/* Reads fd to its end. When it returns 0, all that is counted as added is durable. On an error (ERR_IO of fd,
 * ERR_FULL, …) counts say what was added until then; doing it again adds the rest. The applier stands back
 * meanwhile, as far as 200,000 records. */
int store_import(struct store *store, int fd, const struct store_import_options *options,
    struct store_import_counts *out, struct err *err);

uint64_t store_last_seq(struct store *store);    /* of the log */
uint64_t store_applied_seq(struct store *store); /* of the projections */
/* Grows whenever what readers are shown may have changed: something was applied, or erased through this
 * handle. What is kept of finished pages is stamped with it. */
uint64_t store_stamp(struct store *store);
/* 0 when applied ≥ seq, ERR_BUSY after timeout_ms, ERR_CLOSED. */
int store_wait_applied(struct store *store, uint64_t seq, int timeout_ms, struct err *err);

/* ---- read
 * ----------------------------------------------------------------------------------------------------------
 */

/* A snapshot; all queries of one page use one. */
int store_read_begin(struct store *store, struct store_read **out, struct err *err);
void store_read_end(struct store_read *read); /* takes NULL */
/* In its statements store_leaving(actor, created_at) is 1 for what is being erased and must not be shown any
 * more. */
struct sql *store_read_sql(struct store_read *read);
uint64_t store_read_seq(struct store_read *read); /* applied_seq of this snapshot */

enum store_state { STORE_CURRENT, STORE_OLD, STORE_GONE };
struct store_found {
    uint64_t seq;
    int64_t received_at;
    enum store_state state;
    struct str raw;       /* canonical JSON; borrowed until the next step of the query */
    struct record record; /* parsed, with STORE_PARSE */
};
enum { STORE_PARSE = 1, STORE_OLD_TOO = 2 /* superseded revisions as well */ };
/* NIP-01: newest created_at first, then lower id; without limit at most 5,000. on_record non-zero stops and
 * is returned. ids finds old revisions too. */
int store_query(struct store_read *read, const struct filter *filters, size_t n, unsigned flags,
    int (*on_record)(void *ctx, const struct store_found *f), void *ctx, struct err *err);
int64_t store_count(
    struct store_read *read, const struct filter *filters, size_t n, struct err *err); /* NIP-45 */
/* One record, all its strings in arena. ERR_NOT_FOUND; ERR_GONE where a tombstone or a deletion stands. */
int store_get(struct store_read *read, struct arena *arena, const struct record_id *id,
    struct store_found *out, struct err *err);
int store_get_address(struct store_read *read, struct arena *arena, const struct address *a,
    struct store_found *out, struct err *err);
/* All revisions of an address that are kept, newest first. */
int store_revisions(struct store_read *read, const struct address *a, unsigned flags,
    int (*on_record)(void *ctx, const struct store_found *f), void *ctx, struct err *err);
int store_get_seq(
    struct store_read *read, struct arena *arena, uint64_t seq, struct store_found *out, struct err *err);

/* ---- search
 * ----------------------------------------------------------------------------------------------------------
 */

/* A person's query. Words are all wanted; "a phrase"; -word or -"phrase" not wanted; operators author: tag:
 * lang: before: after: (dates as time_parse takes them; before excludes that day, after includes it), each
 * also with - in front. An unknown operator is a word. */
struct search_query {
    struct str text;
    uint32_t kind; /* 30023 */
    /* A name after author: that is no npub is looked up by this (may be NULL); returns the number of keys
     * found. */
    size_t (*author_keys)(void *ctx, struct str name, struct pubkey *out, size_t max);
    void *ctx;
    size_t offset, limit; /* limit ≤ 100 */
    bool newest;          /* order by date instead of relevance */
};
struct search_hit {
    uint64_t seq;
    double score; /* greater is better; 0 where the order is by date */
};
struct search_result {
    struct search_hit *hits; /* in arena */
    size_t n;
    bool more;
    struct str *words; /* folded words to highlight, in arena: a phrase with spaces between its words; one
                          that ends in * stands for all that begin so */
    size_t word_count;
    bool widened; /* nothing has the words themselves: these have words that begin like those not quoted */
};
int store_search(struct store_read *read, struct arena *arena, const struct search_query *q,
    struct search_result *out, struct err *err);
/* The best passage of text for these words: HTML-free pieces in turn plain, highlighted, plain, … */
struct snippet {
    struct str *pieces; /* odd indices are hits; borrowed from text */
    size_t n;
    bool cut_before, cut_after;
};
void store_snippet(struct arena *arena, struct str text, const struct str *words, size_t word_count,
    size_t max_bytes, struct snippet *out);

/* ---- follow
 * ----------------------------------------------------------------------------------------------------------
 */

/* Applied records with seq > after, in order, at most max. Returns how many were given, or an error. */
int store_follow(struct store_read *read, uint64_t after, size_t max, unsigned flags,
    int (*on_record)(void *ctx, const struct store_found *f), void *ctx, struct err *err);
/* Waits until applied_seq > after: 0; ERR_BUSY after timeout_ms; ERR_CLOSED. */
int store_follow_wait(struct store *store, uint64_t after, int timeout_ms, struct err *err);

/* ---- state
 * ------------------------------------------------------------------------------------------------------------
 */

/* Runs change inside the writer's transaction, alone; durable when it returns 0. A negative return rolls
 * back. */
int store_write(struct store *store, int (*change)(void *ctx, struct sql *db, struct err *err), void *ctx,
    struct err *err);
/* Small and permanent numbers for keys: the same for ever on this node. Inside apply or store_write creates;
 * a reader gets 0 for an unknown key. */
int64_t store_actor(struct sql *db, const struct pubkey *key, struct err *err);
bool store_actor_key(struct sql *db, int64_t actor, struct pubkey *out);
/* Inside apply or store_write: a record by its place in the log, whatever has become of it since; its strings
 * in arena. ERR_NOT_FOUND where there is none, or it was erased or damaged. */
int store_record_at(struct sql *db, struct arena *arena, uint64_t seq, struct record *out, struct err *err);

/* ---- statements: written in sql/NAME.sql as "-- name: …" blocks, made into constants by tools/gen-sql
 * ------------- */

struct sql_statement {
    const char *name;
    const char *text;
};
struct sql_cursor;
/* A prepared statement, kept by the connection. Errors stick to the cursor and come out of sql_step or
 * sql_close. */
struct sql_cursor *sql_open(struct sql *db, const struct sql_statement *statement);
void sql_int(struct sql_cursor *c, int parameter, int64_t value); /* parameters from 1 */
void sql_real(struct sql_cursor *c, int parameter, double value);
void sql_text(
    struct sql_cursor *c, int parameter, struct str value); /* {NULL,0} binds NULL; must live until close */
void sql_blob(struct sql_cursor *c, int parameter, const void *p, size_t n);
int sql_step(struct sql_cursor *c, struct err *err);   /* 1 row, 0 done, or an error */
int64_t sql_col_int(struct sql_cursor *c, int column); /* columns from 0 */
double sql_col_real(struct sql_cursor *c, int column);
bool sql_col_null(struct sql_cursor *c, int column);
struct str sql_col_text(struct sql_cursor *c, int column); /* borrowed until the next step */
struct str sql_col_blob(struct sql_cursor *c, int column);
int64_t sql_changes(struct sql *db);
int64_t sql_last_id(struct sql *db);
int sql_close(struct sql_cursor *c, struct err *err); /* 0, or the error that stuck */
/* step and close of a statement that gives no rows */
int sql_done(struct sql_cursor *c, struct err *err);

/* ---- blobs: files by SHA-256
 * ---------------------------------------------------------------------------------------- */

int store_blob_put(
    struct store *store, struct str bytes, struct str media_type, uint8_t sha256[32], struct err *err);
int store_blob_open(struct store *store, const uint8_t sha256[32], int *fd, uint64_t *size,
    char media_type[64], struct err *err); /* caller closes fd; ERR_NOT_FOUND */
int store_blob_remove(struct store *store, const uint8_t sha256[32], struct err *err);

/* ---- care
 * --------------------------------------------------------------------------------------------------------------
 */

/* Content, revisions, search entries, projections and media of a key (all it signed up to until) or of one
 * id; a tombstone stands. Afterwards no byte of it is left in database, WAL or index. A key goes in steps,
 * between which others append: first its tombstone, from which moment nothing of it is shown or taken, then
 * its records; what breaks off in the middle goes on by itself, also after a crash. */
int store_erase_key(
    struct store *store, const struct pubkey *key, int64_t until, const char *reason, struct err *err);
int store_erase_id(struct store *store, const struct record_id *id, const char *reason, struct err *err);
int store_rebuild(struct store *store, struct err *err);
struct store_check_result {
    uint64_t records, bad_records, other_faults;
};
/* Re-reads everything: each raw is whole, its id and signature hold, indices agree with the log, blobs match
 * their names. on_fault says in one line what is wrong and where. */
int store_check(struct store *store, void (*on_fault)(void *ctx, const char *line), void *ctx,
    struct store_check_result *out, struct err *err);
/* A consistent copy while others write, blobs too; file must not exist. extra files (keyring, secret,
 * configuration) of the directory are taken in by name. */
int store_backup(struct store *store, const char *file, const char *const *extra_files, struct err *err);
/* Into an empty or missing directory; tombstones that stand in the backup, and in the store that is in
 * tombstone_directory (may be NULL), hold there, too. */
int store_restore(const char *file, const char *directory, const char *tombstone_directory, struct err *err);
/* A digest of all projection tables, search's shadow tables aside: the same before and after a rebuild. */
int store_projection_digest(struct store *store, uint8_t out[32], struct err *err);

#endif
