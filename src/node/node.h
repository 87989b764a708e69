/* node.h: one data directory in use: its lock, store, keeper, accounts and configuration, as commands and
 * pages need them.
 *
 * Whoever holds DATA/lock is the writer. A command that finds a running node does its writing through
 * DATA/node.sock and never notices the difference: the same calls work either way. What it is not: HTML,
 * HTTP, any kind's meaning. Leans on store, keeper's client header, record, base. */
#ifndef WN_NODE_H
#define WN_NODE_H

#include "keeper/keeper.h"
#include "store/store.h"

struct node;

/* ---- configuration: DIR/widenet.ini
 * ---------------------------------------------------------------------------------- */

/* One row an option: its section and name, type, default, bounds, one sentence. Rooms bring their rows;
 * main.c joins them. tools make the sample file and the man page's table from them (`widenet help config`).
 */
enum config_type {
    CONFIG_TEXT,
    CONFIG_INT,
    CONFIG_BOOL,
    CONFIG_CHOICE,
    CONFIG_SIZE /* bytes, with K, M, G */
};
struct config_option {
    const char *section, *name; /* the table ends with section NULL */
    enum config_type type;
    const char *initial;
    int64_t min, max;    /* of INT and SIZE; TEXT: bytes */
    const char *choices; /* CONFIG_CHOICE: "open|invitation|closed" */
    const char *help;    /* one sentence, ends in a stop */
    /* Of TEXT, where not every text will do: what it must be instead, or NULL if it is right. */
    const char *(*wanted)(const char *text);
};
struct config;
/* Reads file; a missing one is fine unless must_exist. An unknown option, a value out of bounds: ERR_INPUT,
 * with file, line and the nearest known name. */
int config_load(const char *file, bool must_exist, const struct config_option *options, struct config **out,
    struct err *err);
void config_destroy(struct config *c); /* takes NULL */
/* Sets one option as if it had stood in the file; source names where it came from ("--listen") for the error.
 */
int config_set(struct config *c, const char *section, const char *name, const char *value, const char *source,
    struct err *err);
const char *config_text(const struct config *c, const char *section, const char *name);
int64_t config_int(const struct config *c, const char *section, const char *name);
bool config_bool(const struct config *c, const char *section, const char *name);
void config_write_sample(const struct config_option *options, struct buf *out);

/* ---- opening
 * -----------------------------------------------------------------------------------------------------------
 */

enum node_mode {
    NODE_READ,  /* read-only: queries, check */
    NODE_WRITE, /* the lock, or the running node's socket */
    NODE_SERVE, /* the lock, or ERR_BUSY with the holder's pid; answers node.sock */
};

/* What a room keeps for an account beside its records (sessions, drafts): removed in one transaction with the
 * account, whoever removes it. Rooms bring rows; main.c joins them. */
struct account_belonging {
    int (*remove)(struct sql *db, const struct pubkey *key, struct err *err); /* the table ends with NULL */
};
struct node_options {
    const char *directory; /* made (0700) where missing, except with NODE_READ */
    const struct config *config;
    struct config *own_config; /* destroyed by node_close; usually the same; may be NULL */
    const struct store_tables *tables;
    const struct account_belonging *belongings; /* may be NULL */
    const char *url;                            /* this node's own address, for NIP-62; may be NULL */
    const char *program;                        /* ourselves, to start the keeper; NULL with NODE_READ */
    /* Obtains a socket to a keeper, at first and after each of its ends; NULL: the node starts its own when
     * it first needs one. */
    int (*keeper_socket)(void *ctx);
    int lock_fd; /* DATA/lock as inherited from the process that took it; 0 or less: take it */
    void *ctx;
    void (*progress)(void *ctx, const char *what, uint64_t done, uint64_t total);
    void *progress_ctx;
};
int node_open(const struct node_options *options, enum node_mode mode, struct node **out, struct err *err);
void node_close(struct node *node);                             /* takes NULL */
bool node_is_remote(const struct node *node);                   /* we write through a running node */
struct store *node_store(struct node *node);                    /* read-only where the node is remote */
struct keeper *node_keeper(struct node *node, struct err *err); /* NULL where remote; starts it when needed */
const struct config *node_config(const struct node *node);
const struct clock *node_clock(const struct node *node);
const char *node_directory(const struct node *node);

/* ---- writing, the same locally and through node.sock
 * -------------------------------------------------------------------- */

/* As store_append, records verified here (in parallel for many). Then, where wait is set, waits until
 * applied. */
int node_append(struct node *node, struct store_item *items, size_t n, bool wait, struct err *err);
/* Has the unattended key sign r (all strings in r stay the caller's), appends it. ERR_INPUT with the store's
 * reason if it was refused. */
int node_publish_unattended(
    struct node *node, const struct pubkey *key, struct record *r, bool wait, uint64_t *seq, struct err *err);
/* Many at once: one round trip, one commit. out: verdict for each. */
int node_publish_unattended_many(struct node *node, const struct pubkey *key, struct record *r, size_t n,
    struct store_item *out, struct err *err);
/* For a signed-in person. Only in the serving process. */
int node_publish(struct node *node, const struct keeper_session *session, struct record *r, bool wait,
    uint64_t *seq, struct err *err);
/* The unattended key called name, made with those kinds if it is not there. */
int node_source_key(
    struct node *node, struct str name, const uint32_t *kinds, size_t n, struct pubkey *out, struct err *err);
/* Erases all that the unattended key called name signed, then the key itself. ERR_NOT_FOUND. */
int node_source_forget(struct node *node, struct str name, struct err *err);
/* A change of a room's state by a row of the tables' calls, here or in the running node's process; reply may
 * be NULL. */
int node_call(struct node *node, const char *name, struct str request, struct buf *reply, struct err *err);
/* A blob, locally or through the socket. */
int node_blob_put(
    struct node *node, struct str bytes, struct str media_type, uint8_t sha256[32], struct err *err);

/* ---- accounts
 * ------------------------------------------------------------------------------------------------------------
 */

struct account {
    int64_t id;
    struct str name; /* 1 … 32 of a–z 0–9 - _ . */
    struct pubkey key;
    bool own_key; /* signs with NIP-07: the keeper has no key */
    bool brought; /* the key was there before the account, and may have said elsewhere whose it is */
    int64_t created_at;
};
int node_account_add(
    struct node *node, struct str name, struct str password, struct pubkey *key, struct err *err);
/* Likewise with a key that was there before: key_text is "ncryptsec1…" (NIP-49) under key_password, or
 * "nsec1…". ERR_INPUT: no whole key; ERR_DENIED: key_password does not open it; ERR_EXISTS: the name or the
 * key has an account. */
int node_account_bring(struct node *node, struct str name, struct str password, struct str key_text,
    struct str key_password, struct pubkey *key, struct err *err);
int node_account_add_own_key(struct node *node, struct str name, const struct pubkey *key, struct err *err);
int node_account_list(
    struct node *node, struct arena *arena, struct account **out, size_t *n, struct err *err);
int node_account_by_name(
    struct store_read *read, struct arena *arena, struct str name, struct account *out, struct err *err);
int node_account_by_key(struct store_read *read, struct arena *arena, const struct pubkey *key,
    struct account *out, struct err *err);
int node_account_password(
    struct node *node, struct str name, struct str old_password, struct str new_password, struct err *err);
/* What the keeper signed with an account's key, the last lines of its chained log (keeper_log). */
int node_account_log(struct node *node, struct str name, struct buf *out, struct err *err);
/* Key and account go, and with them what the rooms keep for it; what was published stays unless vanish was
 * published before. */
int node_account_remove(struct node *node, struct str name, struct err *err);
int node_invitation_create(struct node *node, struct buf *code, struct err *err);
int node_invitation_use(
    struct node *node, struct str code, struct err *err); /* ERR_DENIED: unknown or used */
/* Makes a used one good again, where signing up with it failed afterwards. */
int node_invitation_return(struct node *node, struct str code, struct err *err);
/* NIP-49 text of an account's key, under export_password. Wants the account's password. */
int node_account_export(struct node *node, struct str name, struct str password, struct str export_password,
    struct buf *out, struct err *err);
/* ---- what an account says under a key that no record links to it (DESIGN section 4, "People")
 *
 * The account's opinion key signs unattended. What it is to sign waits in this node's state until the day on
 * which it was chosen (UTC) is over and a random time more, at most the option delay of [opinions]; it is
 * dated that day at 00:00. So there is at most one record for each subject and day, the last choice, and the
 * order in which they leave says nothing of the order in which they were chosen. Only in the serving process.
 */

/* Puts r in the place of what waits for this subject; its date is given here. The key is made if there is
 * none. subject is any text the caller knows it by again. ERR_LIMIT: NODE_OPINIONS_WAITING others wait
 * already. */
#define NODE_OPINIONS_WAITING 300
int node_opinion_put(struct node *node, const struct pubkey *account, struct str subject,
    const struct record *r, struct err *err);
/* Takes back what waits; nothing happens where nothing does. */
int node_opinion_drop(struct node *node, const struct pubkey *account, struct str subject, struct err *err);
/* What waits for this subject, unsigned, in arena. ERR_NOT_FOUND. */
int node_opinion_waiting(struct store_read *read, struct arena *arena, const struct pubkey *account,
    struct str subject, struct record *out, struct err *err);
/* All that waits, by subject: in which order it leaves is nobody's to know. */
struct opinion_waiting {
    struct str subject;
    struct record record; /* unsigned */
};
int node_opinions(struct store_read *read, struct arena *arena, const struct pubkey *account,
    struct opinion_waiting **out, size_t *n, struct err *err);
/* The account's opinion key. ERR_NOT_FOUND where it never had an opinion. */
int node_opinion_key(
    struct store_read *read, const struct pubkey *account, struct pubkey *out, struct err *err);
/* Lets leave all that is due by now, and forgets keys whose accounts are gone. The node does so by itself; *n
 * (may be NULL) is how many left. */
int node_opinion_work(struct node *node, int64_t now, size_t *n, struct err *err);
/* When the account goes: what waits is dropped and the tie between the two keys is forgotten. With erase_at
 * (a relay's address or "ALL_RELAYS") all that left is asked to be erased there (NIP-62), some days later,
 * for at once would show whose it was. */
int node_opinion_leave(
    struct node *node, const struct pubkey *account, const char *erase_at, struct err *err);

/* ---- serving: the parent process, and what the front needs of it
 * -------------------------------------------- */

/* What the parent of `widenet serve` does: takes DATA/lock, starts the front (program front, with arguments)
 * and keepers, restarts what crashes with growing pauses, tells the service manager (sd_notify), and stops
 * them in order on SIGTERM or SIGINT. Returns when all have ended: 0, or the error the front could not start
 * for. on_ready is given the address the front serves at. */
struct serve_options {
    const char *directory, *program;
    char *const *front_arguments; /* ends with NULL; behind "front" */
    void (*on_ready)(void *ctx, const char *address);
    void *ctx;
};
int node_serve(const struct serve_options *options, struct err *err);

/* The front's side, on the descriptors node_serve left it. */
struct front;
int front_attach(struct front **out, struct err *err); /* ERR_INPUT where nobody serves */
void front_detach(struct front *f);                    /* takes NULL */
int front_lock_fd(const struct front *f);
int front_keeper_socket(void *front); /* for node_options.keeper_socket, ctx is the front */
void front_progress(void *front, const char *what, uint64_t done, uint64_t total);
void front_ready(struct front *f, const char *address);
void front_failed(struct front *f, const struct err *err); /* no restart: the parent says err and ends */
/* Until SIGTERM, SIGINT or the parent's end; tells the parent every second that we live. SIGTERM and SIGINT
 * must be blocked in all threads: front_attach does so in its own, before others are started. */
void front_wait(struct front *f);

/* ---- names
 * ------------------------------------------------------------------------------------------------------- */

/* npub, hex or an account's or source's local name. */
int node_actor_from_text(struct node *node, struct str text, struct pubkey *out, struct err *err);

extern const struct store_migration node_migrations[];
extern const struct config_option node_config_options[];

#endif
