/* accounts.c: people's accounts, invitations, sources' keys, and what a name stands for.
 *
 * An account is a row here and a key in the keeper. The key is made first and forgotten first, so a crash in
 * between leaves a key without a row, which the next account of that name throws away: nobody was told of it.
 */
#include "node/inside.h"

#include "node.sql.h"

#include <sodium.h>

const struct store_migration node_migrations[] = {
    {"node", 1, node_migrate_001_sql},
    {"node", 2, node_migrate_002_sql},
    {NULL},
};

#define MAX_NAME_BYTES 32

static int check_name(struct str name, struct err *err)
{
    bool good = name.n >= 1 && name.n <= MAX_NAME_BYTES;
    for (size_t i = 0; good && i < name.n; i++) {
        char c = name.p[i];
        good = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
               (i > 0 && (c == '-' || c == '_' || c == '.'));
    }
    if (good)
        return 0;
    return err_set(err, ERR_INPUT,
        "a name is 1 to %d of a-z, 0-9, hyphen, underscore and full stop, and begins with a letter or digit",
        MAX_NAME_BYTES);
}

/* ---- asking a running node: strings out, fields back ---- */

static void wipe(struct buf *b)
{
    if (b->p)
        sodium_memzero(b->p, b->cap);
    buf_finish(b);
}
#define _cleanup_wipe_ __attribute__((cleanup(wipe)))

static int ask_strings(struct node *node, enum node_request type, const struct str *v, size_t n, bool again,
    struct buf *answer, struct unpack *u, struct err *err)
{
    struct buf request _cleanup_wipe_ = BUF_INIT;
    size_t need = 16;
    for (size_t i = 0; i < n; i++)
        need += v[i].n + 4;
    buf_reserve(&request, need);
    pack_u8(&request, (uint8_t)type);
    for (size_t i = 0; i < n; i++)
        pack_str(&request, v[i]);
    return node__remote_ask(node->remote, &request, again, answer, u, err);
}

static int take_key(struct unpack *u, struct pubkey *out, struct err *err)
{
    unpack_bytes(u, out, sizeof *out);
    return unpack_end(u) ? 0 : err_set(err, ERR_INTERNAL, "the running node's answer is malformed");
}

#define STRINGS(...) (struct str[]){__VA_ARGS__}, sizeof((struct str[]){__VA_ARGS__}) / sizeof(struct str)

/* ---- rows ---- */

static bool read_account(struct sql_cursor *c, struct arena *arena, struct account *out)
{
    *out = (struct account){.id = sql_col_int(c, 0),
        .name = arena_str(arena, sql_col_text(c, 1)),
        .own_key = sql_col_int(c, 3) != 0,
        .created_at = sql_col_int(c, 4)};
    struct str key = sql_col_blob(c, 2);
    if (key.n == sizeof out->key)
        memcpy(&out->key, key.p, sizeof out->key);
    return key.n == sizeof out->key && out->name.p;
}

static int one_account(
    struct sql_cursor *c, struct arena *arena, struct account *out, const char *missing, struct err *err)
{
    int got = sql_step(c, err);
    bool whole = got == 1 && read_account(c, arena, out);
    int bad = sql_close(c, got < 0 ? NULL : err);
    if (got < 0 || bad)
        return got < 0 ? got : bad;
    if (got == 0)
        return err_set(err, ERR_NOT_FOUND, "%s", missing);
    return whole ? 0 : err_set(err, ERR_CORRUPT, "an account's row is damaged");
}

int node_account_by_name(
    struct store_read *read, struct arena *arena, struct str name, struct account *out, struct err *err)
{
    struct sql_cursor *c = sql_open(store_read_sql(read), &node_account_by_name_sql);
    sql_text(c, 1, name);
    return one_account(c, arena, out, "there is no account of that name", err);
}

int node_account_by_key(struct store_read *read, struct arena *arena, const struct pubkey *key,
    struct account *out, struct err *err)
{
    struct sql_cursor *c = sql_open(store_read_sql(read), &node_account_by_key_sql);
    sql_blob(c, 1, key->b, sizeof key->b);
    return one_account(c, arena, out, "there is no account with that key", err);
}

int node_account_list(
    struct node *node, struct arena *arena, struct account **out, size_t *n, struct err *err)
{
    struct store_read *read;
    int got = store_read_begin(node->store, &read, err);
    if (got)
        return got;
    struct buf rows _cleanup_buf_ = BUF_INIT;
    struct sql_cursor *c = sql_open(store_read_sql(read), &node_account_list_sql);
    while ((got = sql_step(c, err)) == 1) {
        struct account a;
        if (read_account(c, arena, &a))
            buf_add(&rows, &a, sizeof a);
    }
    int bad = sql_close(c, got < 0 ? NULL : err);
    store_read_end(read);
    if (got < 0 || bad)
        return got < 0 ? got : bad;
    *n = rows.n / sizeof(struct account);
    *out = ARENA_ARRAY(arena, struct account, *n + 1);
    if (!*out)
        return err_set(err, ERR_MEMORY, "too many accounts to list");
    memcpy(*out, buf_str(&rows).p, rows.n);
    return 0;
}

static int find_account(
    struct node *node, struct arena *arena, struct str name, struct account *out, struct err *err)
{
    struct store_read *read;
    int bad = store_read_begin(node->store, &read, err);
    if (bad)
        return bad;
    bad = node_account_by_name(read, arena, name, out, err);
    store_read_end(read);
    return bad;
}

/* ---- making and removing ---- */

struct new_account {
    struct str name;
    const struct pubkey *key;
    bool own_key;
    int64_t now;
};

static int insert_account(void *ctx, struct sql *db, struct err *err)
{
    const struct new_account *a = ctx;
    struct sql_cursor *c = sql_open(db, &node_account_insert);
    sql_text(c, 1, a->name);
    sql_blob(c, 2, a->key->b, sizeof a->key->b);
    sql_int(c, 3, a->own_key);
    sql_int(c, 4, a->now);
    return sql_done(c, err);
}

static int delete_account(void *ctx, struct sql *db, struct err *err)
{
    struct sql_cursor *c = sql_open(db, &node_account_delete);
    sql_text(c, 1, *(const struct str *)ctx);
    return sql_done(c, err);
}

static int name_is_free(struct node *node, struct str name, struct err *err)
{
    struct arena *arena _cleanup_arena_ = arena_create(0);
    struct account there;
    int got = find_account(node, arena, name, &there, err);
    if (got == 0)
        return err_set(err, ERR_EXISTS, "there is an account called %.*s already", STR_ARG(name));
    return got == ERR_NOT_FOUND ? 0 : got;
}

static int add_locked(
    struct node *node, struct str name, struct str password, struct pubkey *key, struct err *err)
{
    struct keeper *keeper = node_keeper(node, err);
    if (!keeper)
        return err ? err->code : ERR_CLOSED;
    int bad = name_is_free(node, name, err);
    if (bad)
        return bad;
    bad = keeper_create(keeper, name, password, key, err);
    struct pubkey left_over;
    if (bad == ERR_EXISTS && keeper_find(keeper, name, false, &left_over, err) == 0) {
        bad = keeper_forget(keeper, &left_over, err);
        if (!bad)
            bad = keeper_create(keeper, name, password, key, err);
    }
    if (bad)
        return bad;
    struct new_account row = {name, key, false, clock_now(&node->clock)};
    bad = store_write(node->store, insert_account, &row, err);
    if (bad)
        keeper_forget(keeper, key, NULL);
    return bad;
}

int node_account_add(
    struct node *node, struct str name, struct str password, struct pubkey *key, struct err *err)
{
    int bad = check_name(name, err);
    if (bad)
        return bad;
    if (node->remote) {
        struct buf answer _cleanup_buf_ = BUF_INIT;
        struct unpack u;
        bad = ask_strings(node, NODE_ACCOUNT_ADD, STRINGS(name, password), false, &answer, &u, err);
        return bad ? bad : take_key(&u, key, err);
    }
    pthread_mutex_lock(&node->account_lock);
    bad = add_locked(node, name, password, key, err);
    pthread_mutex_unlock(&node->account_lock);
    return bad;
}

static int add_own_key_locked(struct node *node, struct str name, const struct pubkey *key, struct err *err)
{
    int bad = name_is_free(node, name, err);
    if (bad)
        return bad;
    struct arena *arena _cleanup_arena_ = arena_create(0);
    struct store_read *read;
    struct account there;
    bad = store_read_begin(node->store, &read, err);
    if (bad)
        return bad;
    bad = node_account_by_key(read, arena, key, &there, err);
    store_read_end(read);
    if (bad == 0)
        return err_set(err, ERR_EXISTS, "this key has an account already, called %.*s", STR_ARG(there.name));
    if (bad != ERR_NOT_FOUND)
        return bad;
    struct new_account row = {name, key, true, clock_now(&node->clock)};
    return store_write(node->store, insert_account, &row, err);
}

int node_account_add_own_key(struct node *node, struct str name, const struct pubkey *key, struct err *err)
{
    int bad = check_name(name, err);
    if (!bad && !pubkey_valid(key))
        bad = err_set(err, ERR_INPUT, "the key is not a point on the curve");
    if (bad)
        return bad;
    if (node->remote) {
        struct buf request _cleanup_buf_ = BUF_INIT, answer _cleanup_buf_ = BUF_INIT;
        struct unpack u;
        pack_u8(&request, NODE_ACCOUNT_OWN_KEY);
        pack_str(&request, name);
        buf_add(&request, key->b, sizeof key->b);
        return node__remote_ask(node->remote, &request, false, &answer, &u, err);
    }
    pthread_mutex_lock(&node->account_lock);
    bad = add_own_key_locked(node, name, key, err);
    pthread_mutex_unlock(&node->account_lock);
    return bad;
}

static int no_key_here(struct str name, struct err *err)
{
    return err_set(err, ERR_INPUT, "%.*s signs with their own key: this node has neither it nor a password",
        STR_ARG(name));
}

int node_account_password(
    struct node *node, struct str name, struct str old_password, struct str new_password, struct err *err)
{
    struct buf answer _cleanup_buf_ = BUF_INIT;
    struct unpack u;
    if (node->remote)
        return ask_strings(
            node, NODE_ACCOUNT_PASSWORD, STRINGS(name, old_password, new_password), false, &answer, &u, err);
    struct arena *arena _cleanup_arena_ = arena_create(0);
    struct account a;
    int bad = find_account(node, arena, name, &a, err);
    if (!bad && a.own_key)
        bad = no_key_here(name, err);
    struct keeper *keeper = bad ? NULL : node_keeper(node, err);
    if (!keeper)
        return bad ? bad : err ? err->code : ERR_CLOSED;
    return keeper_change_password(keeper, name, old_password, new_password, err);
}

int node_account_export(struct node *node, struct str name, struct str password, struct str export_password,
    struct buf *out, struct err *err)
{
    if (node->remote) {
        struct buf answer _cleanup_buf_ = BUF_INIT;
        struct unpack u;
        int bad = ask_strings(
            node, NODE_ACCOUNT_EXPORT, STRINGS(name, password, export_password), true, &answer, &u, err);
        if (!bad)
            buf_adds(out, unpack_str(&u));
        return bad;
    }
    struct arena *arena _cleanup_arena_ = arena_create(0);
    struct account a;
    int bad = find_account(node, arena, name, &a, err);
    if (!bad && a.own_key)
        bad = no_key_here(name, err);
    struct keeper *keeper = bad ? NULL : node_keeper(node, err);
    if (!keeper)
        return bad ? bad : err ? err->code : ERR_CLOSED;
    return keeper_export(keeper, name, password, export_password, out, err);
}

static int chain_is_broken(struct err *err)
{
    return err_set(err, ERR_CORRUPT, "the signing log was changed: a link does not fit");
}

int node_account_log(struct node *node, struct str name, struct buf *out, struct err *err)
{
    if (node->remote) {
        struct buf answer _cleanup_buf_ = BUF_INIT;
        struct unpack u;
        int bad = ask_strings(node, NODE_ACCOUNT_LOG, STRINGS(name), true, &answer, &u, err);
        if (bad)
            return bad;
        buf_adds(out, unpack_str(&u));
        return unpack_u8(&u) ? 0 : chain_is_broken(err);
    }
    struct arena *arena _cleanup_arena_ = arena_create(0);
    struct account a;
    int bad = find_account(node, arena, name, &a, err);
    if (!bad && a.own_key)
        bad = no_key_here(name, err);
    struct keeper *keeper = bad ? NULL : node_keeper(node, err);
    if (!keeper)
        return bad ? bad : err ? err->code : ERR_CLOSED;
    return keeper_log(keeper, &a.key, SIZE_MAX, out, err);
}

static int remove_locked(struct node *node, struct str name, struct err *err)
{
    struct arena *arena _cleanup_arena_ = arena_create(0);
    struct account a;
    int bad = find_account(node, arena, name, &a, err);
    if (!bad && !a.own_key) {
        struct keeper *keeper = node_keeper(node, err);
        if (!keeper)
            return err ? err->code : ERR_CLOSED;
        bad = keeper_forget(keeper, &a.key, err);
        if (bad == ERR_NOT_FOUND) /* a removal that was cut short before */
            bad = 0;
    }
    if (!bad)
        bad = node_opinion_leave(node, &a.key, NULL, err); /* unless it has been asked for otherwise */
    return bad ? bad : store_write(node->store, delete_account, &name, err);
}

int node_account_remove(struct node *node, struct str name, struct err *err)
{
    if (node->remote) {
        struct buf answer _cleanup_buf_ = BUF_INIT;
        struct unpack u;
        return ask_strings(node, NODE_ACCOUNT_REMOVE, STRINGS(name), false, &answer, &u, err);
    }
    pthread_mutex_lock(&node->account_lock);
    int bad = remove_locked(node, name, err);
    pthread_mutex_unlock(&node->account_lock);
    return bad;
}

/* ---- invitations: 80 random bits in base 32 ---- */

#define CODE_CHARS 16

struct invitation {
    uint8_t hash[32];
    int64_t now;
    int64_t changed;
};

static int insert_invitation(void *ctx, struct sql *db, struct err *err)
{
    const struct invitation *i = ctx;
    struct sql_cursor *c = sql_open(db, &node_invitation_insert);
    sql_blob(c, 1, i->hash, sizeof i->hash);
    sql_int(c, 2, i->now);
    return sql_done(c, err);
}

static int use_invitation(void *ctx, struct sql *db, struct err *err)
{
    struct invitation *i = ctx;
    struct sql_cursor *c = sql_open(db, &node_invitation_use_sql);
    sql_blob(c, 1, i->hash, sizeof i->hash);
    sql_int(c, 2, i->now);
    int bad = sql_done(c, err);
    i->changed = bad ? 0 : sql_changes(db);
    return bad;
}

static int return_invitation(void *ctx, struct sql *db, struct err *err)
{
    struct invitation *i = ctx;
    struct sql_cursor *c = sql_open(db, &node_invitation_return_sql);
    sql_blob(c, 1, i->hash, sizeof i->hash);
    return sql_done(c, err);
}

static void hash_code(struct str code, struct invitation *out)
{
    code = str_trim(code);
    crypto_generichash(out->hash, sizeof out->hash, (const uint8_t *)code.p, code.n, NULL, 0);
}

int node_invitation_create(struct node *node, struct buf *code, struct err *err)
{
    if (node->remote) {
        struct buf answer _cleanup_buf_ = BUF_INIT;
        struct unpack u;
        int bad = ask_strings(node, NODE_INVITATION, NULL, 0, false, &answer, &u, err);
        if (!bad)
            buf_adds(code, unpack_str(&u));
        return bad;
    }
    static const char alphabet[] = "abcdefghijkmnpqrstuvwxyz23456789"; /* without l, o, 0, 1 */
    uint8_t random[CODE_CHARS];
    char text[CODE_CHARS];
    rng_system.fill(rng_system.ctx, random, sizeof random);
    for (size_t i = 0; i < CODE_CHARS; i++)
        text[i] = alphabet[random[i] % 32];
    struct invitation i = {.now = clock_now(&node->clock)};
    hash_code((struct str){text, sizeof text}, &i);
    int bad = store_write(node->store, insert_invitation, &i, err);
    if (!bad)
        buf_add(code, text, sizeof text);
    return bad;
}

int node_invitation_use(struct node *node, struct str code, struct err *err)
{
    struct invitation i = {.now = clock_now(&node->clock)};
    hash_code(code, &i);
    int bad = store_write(node->store, use_invitation, &i, err);
    if (!bad && i.changed != 1)
        bad = err_set(err, ERR_DENIED, "this invitation is not known here, or has been used");
    return bad;
}

int node_invitation_return(struct node *node, struct str code, struct err *err)
{
    struct invitation i = {0};
    hash_code(code, &i);
    return store_write(node->store, return_invitation, &i, err);
}

/* ---- sources and names ---- */

int node_source_key(
    struct node *node, struct str name, const uint32_t *kinds, size_t n, struct pubkey *out, struct err *err)
{
    if (node->remote) {
        struct buf request _cleanup_buf_ = BUF_INIT, answer _cleanup_buf_ = BUF_INIT;
        struct unpack u;
        pack_u8(&request, NODE_SOURCE_KEY);
        pack_str(&request, name);
        pack_u32(&request, (uint32_t)n);
        for (size_t i = 0; i < n; i++)
            pack_u32(&request, kinds[i]);
        int bad = node__remote_ask(node->remote, &request, true, &answer, &u, err);
        return bad ? bad : take_key(&u, out, err);
    }
    struct keeper *keeper = node_keeper(node, err);
    if (!keeper)
        return err ? err->code : ERR_CLOSED;
    int bad = keeper_find(keeper, name, true, out, err);
    if (bad != ERR_NOT_FOUND)
        return bad;
    bad = keeper_create_unattended(keeper, name, kinds, n, out, err);
    return bad == ERR_EXISTS ? keeper_find(keeper, name, true, out, err) : bad;
}

static int find_source(struct node *node, struct str name, struct pubkey *out, struct err *err)
{
    if (node->mode == NODE_READ)
        return err_set(err, ERR_NOT_FOUND, "there is no account called %.*s", STR_ARG(name));
    if (node->remote) {
        struct buf answer _cleanup_buf_ = BUF_INIT;
        struct unpack u;
        int bad = ask_strings(node, NODE_FIND_SOURCE, STRINGS(name), true, &answer, &u, err);
        return bad ? bad : take_key(&u, out, err);
    }
    struct keeper *keeper = node_keeper(node, err);
    if (!keeper)
        return err ? err->code : ERR_CLOSED;
    return keeper_find(keeper, name, true, out, err);
}

int node_source_forget(struct node *node, struct str name, struct err *err)
{
    if (node->mode == NODE_READ)
        return err_set(err, ERR_DENIED, "the data directory was opened only to read");
    if (node->remote) {
        struct buf answer _cleanup_buf_ = BUF_INIT;
        struct unpack u;
        return ask_strings(node, NODE_SOURCE_FORGET, STRINGS(name), false, &answer, &u, err);
    }
    struct pubkey key;
    int bad = find_source(node, name, &key, err);
    if (!bad)
        bad = store_erase_key(node->store, &key, clock_now(&node->clock), "its source was removed", err);
    return bad ? bad : keeper_forget(node_keeper(node, NULL), &key, err);
}

int node_actor_from_text(struct node *node, struct str text, struct pubkey *out, struct err *err)
{
    struct err ignored;
    if (pubkey_from_text(text, out, &ignored) == 0)
        return 0;
    if (ignored.code == ERR_DENIED) { /* nsec: a private key was typed */
        if (err)
            *err = ignored;
        return ERR_DENIED;
    }
    struct arena *arena _cleanup_arena_ = arena_create(0);
    struct account a;
    int bad = find_account(node, arena, text, &a, err);
    if (!bad) {
        *out = a.key;
        return 0;
    }
    if (bad != ERR_NOT_FOUND)
        return bad;
    bad = find_source(node, text, out, err);
    if (bad == ERR_NOT_FOUND)
        err_set(err, bad, "\"%.*s\" is no npub, no account and no source of this node",
            STR_ARG(str_slice(text, 0, text.n < 80 ? text.n : 80)));
    return bad;
}
