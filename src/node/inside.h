/* inside.h: what the node room's files share: the struct node, its lock, and the messages of node.sock. */
#ifndef WN_NODE_INSIDE_H
#define WN_NODE_INSIDE_H

#include "base/wire.h"
#include "node/node.h"

#include <pthread.h>

struct node_server;
struct node_remote;
struct node_opinions;

struct node {
    struct node_options options;
    enum node_mode mode;
    char *directory;
    struct clock clock;
    struct store *store;
    int lock_fd;                    /* −1: not ours to close */
    struct node_remote *remote;     /* where another process is the writer */
    struct node_server *server;     /* answers node.sock */
    struct node_opinions *opinions; /* lets opinions leave; NODE_SERVE only */
    pthread_mutex_t keeper_lock;    /* over the three below */
    struct keeper *keeper;
    pid_t keeper_pid;             /* of one we started; 0: none */
    struct err keeper_err;        /* why none could be started */
    pthread_mutex_t account_lock; /* one account is made or removed at a time */
};

char *node__path(const char *directory, const char *name); /* caller frees */

/* ---- the directory and its lock ---- */

/* Makes the directory (0700) where missing. */
int node__directory_make(const char *directory, struct err *err);
/* The open, locked file with our pid in it; ERR_BUSY with the holder's. */
int node__lock_take(const char *directory, int *fd, struct err *err);

/* A keeper on DATA/keyring and DATA/secret, or the service manager's credential "widenet-secret". */
int node__keeper_spawn(const char *directory, const char *program, int *fd, pid_t *pid, struct err *err);

/* ---- node.sock: a request is its type and fields, an answer a code and fields, or err's three strings ----
 */

#define NODE_MAX_MESSAGE (40u << 20) /* a blob; batches of records stay far below */
#define NODE_BATCH_BYTES (4u << 20)
#define NODE_ANSWER_MS 120000 /* the longest a request may take */

enum node_request {
    NODE_HELLO = 1, /* → version, pid */
    NODE_APPEND,    /* wait, count, raw… → count, (verdict, seq, reason)… */
    NODE_PUBLISH, /* key, wait, count, (kind, date, content, tags)… → count, (verdict, seq, reason, id, sig)…
                   */
    NODE_SOURCE_KEY,       /* name, count, kinds → key */
    NODE_FIND_SOURCE,      /* name → key */
    NODE_SOURCE_FORGET,    /* name */
    NODE_BLOB,             /* media type, bytes → hash */
    NODE_ACCOUNT_ADD,      /* name, password → key */
    NODE_ACCOUNT_BRING,    /* name, password, key, its password → key */
    NODE_ACCOUNT_OWN_KEY,  /* name, key */
    NODE_ACCOUNT_PASSWORD, /* name, old, new */
    NODE_ACCOUNT_REMOVE,   /* name */
    NODE_ACCOUNT_EXPORT,   /* name, password, export password → text */
    NODE_INVITATION,       /* → code */
    NODE_ACCOUNT_LOG,      /* name → text, whole */
    NODE_CALL,             /* name, request → reply */
    NODE_REQUESTS
};

/* Answers one request into reply (appended). Hostile input; no I/O of its own beyond node's. */
void node__answer(struct node *node, struct str request, struct buf *reply);

/* Listens on DATA/node.sock until stopped. */
int node__server_start(struct node *node, struct node_server **out, struct err *err);
void node__server_stop(struct node_server *server); /* takes NULL; waits for what is being answered */

/* ERR_NOT_FOUND where nobody listens. */
int node__remote_connect(const char *directory, struct node_remote **out, struct err *err);
void node__remote_close(struct node_remote *remote); /* takes NULL */
int node__remote_append(
    struct node_remote *remote, struct store_item *items, size_t n, bool wait, struct err *err);
int node__remote_publish(struct node_remote *remote, const struct pubkey *key, struct record *r,
    struct store_item *items, size_t n, bool wait, struct err *err);
/* Any other: strings in, and the answer's fields left in u, which points into answer. */
int node__remote_ask(struct node_remote *remote, const struct buf *request, bool again, struct buf *answer,
    struct unpack *u, struct err *err);

/* For requests that are strings alone, STRINGS(a, b, …); what was sent is wiped. */
int node__ask_strings(struct node *node, enum node_request type, const struct str *v, size_t n, bool again,
    struct buf *answer, struct unpack *u, struct err *err);
#define STRINGS(...) (struct str[]){__VA_ARGS__}, sizeof((struct str[]){__VA_ARGS__}) / sizeof(struct str)
int node__take_key(struct unpack *u, struct pubkey *out, struct err *err); /* an answer that is a key */

/* The unsigned fields of a record, as messages carry them. */
void node__pack_record(struct buf *out, const struct record *r);
int node__unpack_record(struct unpack *u, struct arena *arena, struct record *out, struct err *err);

/* ---- local work ---- */

int node__keeper(struct node *node, struct keeper **out, struct err *err); /* node_keeper, with its code */
int node__find_account(
    struct node *node, struct arena *arena, struct str name, struct account *out, struct err *err);
int node__call_local(
    struct node *node, struct str name, struct str request, struct buf *reply, struct err *err);
int node__append_local(struct node *node, struct store_item *items, size_t n, bool wait, struct err *err);
int node__publish_local(struct node *node, const struct pubkey *key, struct record *r, size_t n,
    struct store_item *out, bool wait, struct err *err);

#endif
