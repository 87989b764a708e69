/* node.c: opening a data directory: as its writer, beside its writer, or only to read; and its keeper. */
#include "node/inside.h"
#include "node/opinion.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define NODE_STARTING_MS                                                                                     \
    5000 /* how long a command waits for a node that holds the lock but does not listen yet */

/* ---- the keeper ---- */

static void reap_keeper(struct node *node)
{
    if (node->keeper_pid > 0)
        waitpid(node->keeper_pid, NULL, 0);
    node->keeper_pid = 0;
}

static char *secret_path(const char *directory)
{
    const char *credentials = getenv("CREDENTIALS_DIRECTORY");
    if (credentials) {
        char *path = node__path(credentials, "widenet-secret");
        if (access(path, R_OK) == 0)
            return path;
        free(path);
    }
    return node__path(directory, "secret");
}

int node__keeper_spawn(const char *directory, const char *program, int *fd, pid_t *pid, struct err *err)
{
    _cleanup_free_ char *keys = node__path(directory, "keyring");
    _cleanup_free_ char *secret = secret_path(directory);
    return keeper_spawn(program, keys, secret, fd, pid, err);
}

/* keeper_connect's get_socket. Only one thread is inside at a time. */
static int own_keeper(void *ctx)
{
    struct node *node = ctx;
    if (node->keeper_pid > 0)
        kill(node->keeper_pid, SIGKILL); /* it died, or does not answer */
    reap_keeper(node);
    int fd;
    node->keeper_err = (struct err){0};
    if (node__keeper_spawn(node->directory, node->options.program, &fd, &node->keeper_pid, &node->keeper_err))
        return -1;
    return fd;
}

struct keeper *node_keeper(struct node *node, struct err *err)
{
    if (node->remote || node->mode == NODE_READ) {
        err_set(err, ERR_DENIED, "the keys are with the running node");
        return NULL;
    }
    pthread_mutex_lock(&node->keeper_lock);
    if (!node->keeper) {
        int (*get)(void *) = node->options.keeper_socket ? node->options.keeper_socket : own_keeper;
        void *ctx = node->options.keeper_socket ? node->options.ctx : node;
        int fd = get(ctx);
        if (fd >= 0)
            node->keeper = keeper_connect(fd, get, ctx);
        else if (err && node->keeper_err.code)
            *err = node->keeper_err;
        else
            err_set(err, ERR_CLOSED, "the keeper of the keys could not be started");
    }
    struct keeper *keeper = node->keeper;
    pthread_mutex_unlock(&node->keeper_lock);
    return keeper;
}

int node__keeper(struct node *node, struct keeper **out, struct err *err)
{
    struct err why = {0};
    *out = node_keeper(node, &why);
    if (!*out && err)
        *err = why;
    return *out ? 0 : why.code;
}

/* ---- opening ---- */

static int open_store(struct node *node, enum store_mode mode, struct err *err)
{
    struct store_options options = {.clock = node->clock,
        .readers = (unsigned)config_int(node->options.config, "store", "readers"),
        .cache_bytes = config_int(node->options.config, "store", "cache"),
        .node_url = node->options.url && node->options.url[0] ? node->options.url : NULL,
        .progress = node->options.progress,
        .progress_ctx = node->options.progress_ctx};
    return store_open(node->directory, mode, node->options.tables, &options, &node->store, err);
}

/* A command run by root in another user's directory would leave files the node cannot open. One that only
 * reads leaves SQLite's, which it gives to whom the database belongs. */
static int check_owner(const char *directory, struct err *err)
{
    struct stat st;
    if (geteuid() != 0 || stat(directory, &st) != 0 || st.st_uid == 0)
        return 0;
    err_set(err, ERR_DENIED, "the data directory %s belongs to user %u, and you are root", directory,
        (unsigned)st.st_uid);
    err_todo(err, "run the command as that user (sudo -u), or while the node runs");
    return ERR_DENIED;
}

/* The lock, or, if it is taken, the socket of whoever has it. */
static int become_writer(struct node *node, struct err *err)
{
    if (node->options.lock_fd > 0)
        return 0;
    for (int waited = 0;; waited += 50) {
        int bad = node__lock_take(node->directory, &node->lock_fd, err);
        if (bad != ERR_BUSY || node->mode == NODE_SERVE)
            return bad;
        struct err no_socket;
        bad = node__remote_connect(node->directory, &node->remote, &no_socket);
        if (!bad)
            return 0;
        if (bad != ERR_NOT_FOUND) {
            *err = no_socket;
            return bad;
        }
        if (waited >= NODE_STARTING_MS)
            return ERR_BUSY;
        poll(NULL, 0, 50);
    }
}

static int open_all(struct node *node, struct err *err)
{
    struct stat st;
    int bad = 0;
    if (node->mode != NODE_READ)
        bad = node__directory_make(node->directory, err);
    else if (stat(node->directory, &st) != 0) {
        err_set(err, ERR_NOT_FOUND, "there is no data directory %s", node->directory);
        err_todo(err, "name one with --data; `widenet serve` makes it");
        return ERR_NOT_FOUND;
    }
    if (!bad && node->mode != NODE_READ)
        bad = become_writer(node, err);
    if (!bad && !node->remote && node->mode == NODE_WRITE)
        bad = check_owner(node->directory, err);
    if (!bad)
        bad = open_store(node, node->mode == NODE_READ || node->remote ? STORE_READ_ONLY : STORE_WRITE, err);
    if (!bad && node->mode == NODE_SERVE)
        bad = node__server_start(node, &node->server, err);
    if (!bad && node->mode == NODE_SERVE)
        bad = node__opinions_start(node, &node->opinions, err);
    return bad;
}

int node_open(const struct node_options *options, enum node_mode mode, struct node **out, struct err *err)
{
    struct node *node = calloc(1, sizeof *node);
    struct err local;
    if (!node)
        return err_set(err, ERR_MEMORY, "out of memory");
    node->options = *options;
    node->mode = mode;
    node->lock_fd = -1;
    node->clock = clock_system;
    node->directory = str_dup(str_of(options->directory));
    pthread_mutex_init(&node->keeper_lock, NULL);
    pthread_mutex_init(&node->account_lock, NULL);
    int bad = open_all(node, err ? err : &local);
    if (bad) {
        node->options.own_config = NULL; /* the caller's still */
        node_close(node);
        return bad;
    }
    *out = node;
    return 0;
}

void node_close(struct node *node)
{
    if (!node)
        return;
    node__opinions_stop(node->opinions);
    node__server_stop(node->server);
    node__remote_close(node->remote);
    store_close(node->store);
    keeper_disconnect(node->keeper);
    reap_keeper(node);
    if (node->lock_fd >= 0)
        close(node->lock_fd);
    pthread_mutex_destroy(&node->keeper_lock);
    pthread_mutex_destroy(&node->account_lock);
    config_destroy(node->options.own_config);
    free(node->directory);
    free(node);
}

bool node_is_remote(const struct node *node)
{
    return node->remote != NULL;
}

struct store *node_store(struct node *node)
{
    return node->store;
}

const struct config *node_config(const struct node *node)
{
    return node->options.config;
}

const char *node_directory(const struct node *node)
{
    return node->directory;
}

const struct clock *node_clock(const struct node *node)
{
    return &node->clock;
}
