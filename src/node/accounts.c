/* accounts.c: people's accounts: made, found, changed, removed.
 *
 * An account is a row here and a key in the keeper. The key is made first and forgotten first, so a crash in
 * between leaves a key without a row, which the next account of that name throws away: nobody was told of it.
 */
#include "node/inside.h"
#include "node/opinion.h"

#include "node.sql.h"

const struct store_migration node_migrations[] = {
    {"node", 1, node_migrate_001_sql},
    {"node", 2, node_migrate_002_sql},
    {"node", 3, node_migrate_003_sql},
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

/* ---- rows ---- */

static bool read_account(struct sql_cursor *c, struct arena *arena, struct account *out)
{
    *out = (struct account){.id = sql_col_int(c, 0),
        .name = arena_str(arena, sql_col_text(c, 1)),
        .own_key = sql_col_int(c, 3) != 0,
        .created_at = sql_col_int(c, 4),
        .brought = sql_col_int(c, 5) != 0};
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

int node__find_account(
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
    bool own_key, brought;
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
    sql_int(c, 5, a->brought);
    return sql_done(c, err);
}

struct leaving {
    const struct account_belonging *belongings;
    const struct account *account;
};

/* The row, and what the rooms keep of this person, at once. */
static int delete_account(void *ctx, struct sql *db, struct err *err)
{
    const struct leaving *l = ctx;
    int bad = 0;
    for (const struct account_belonging *b = l->belongings; !bad && b && b->remove; b++)
        bad = b->remove(db, &l->account->key, err);
    if (!bad)
        bad = node__opinions_remove(db, &l->account->key, err);
    if (bad)
        return bad;
    struct sql_cursor *c = sql_open(db, &node_account_delete);
    sql_text(c, 1, l->account->name);
    return sql_done(c, err);
}

static int name_is_free(struct node *node, struct str name, struct err *err)
{
    struct arena *arena _cleanup_arena_ = arena_create(0);
    struct account there;
    int got = node__find_account(node, arena, name, &there, err);
    if (got == 0)
        return err_set(err, ERR_EXISTS, "there is an account called %.*s already", STR_ARG(name));
    return got == ERR_NOT_FOUND ? 0 : got;
}

static int key_is_free(struct node *node, const struct pubkey *key, struct err *err)
{
    struct arena *arena _cleanup_arena_ = arena_create(0);
    struct store_read *read;
    struct account there;
    int bad = store_read_begin(node->store, &read, err);
    if (bad)
        return bad;
    bad = node_account_by_key(read, arena, key, &there, err);
    store_read_end(read);
    if (bad == 0)
        return err_set(err, ERR_EXISTS, "this key has an account already, called %.*s", STR_ARG(there.name));
    return bad == ERR_NOT_FOUND ? 0 : bad;
}

/* A key that its owner brings, as text and its password, or {NULL,0}: the keeper makes one. */
struct secret {
    struct str text, password;
};

static int make_key(struct keeper *keeper, struct str name, struct str password, const struct secret *brought,
    struct pubkey *key, struct err *err)
{
    return brought->text.p
               ? keeper_import_key(keeper, name, password, brought->text, brought->password, key, err)
               : keeper_create(keeper, name, password, key, err);
}

static int add_locked(struct node *node, struct str name, struct str password, const struct secret *brought,
    struct pubkey *key, struct err *err)
{
    struct keeper *keeper;
    int bad = node__keeper(node, &keeper, err);
    if (!bad)
        bad = name_is_free(node, name, err);
    if (bad)
        return bad;
    bad = make_key(keeper, name, password, brought, key, err);
    struct pubkey left_over;
    if (bad == ERR_EXISTS && keeper_find(keeper, name, false, &left_over, NULL) == 0) {
        bad = keeper_forget(keeper, &left_over, err);
        if (!bad)
            bad = make_key(keeper, name, password, brought, key, err);
    }
    if (bad)
        return bad;
    bad = brought->text.p ? key_is_free(node, key, err) : 0; /* it may sign in by the browser */
    struct new_account row = {name, key, false, brought->text.p != NULL, clock_now(&node->clock)};
    if (!bad)
        bad = store_write(node->store, insert_account, &row, err);
    if (bad)
        keeper_forget(keeper, key, NULL);
    return bad;
}

static int add(struct node *node, struct str name, struct str password, const struct secret *brought,
    struct pubkey *key, struct err *err)
{
    int bad = check_name(name, err);
    if (bad)
        return bad;
    if (node->remote) {
        struct buf answer _cleanup_buf_ = BUF_INIT;
        struct unpack u;
        bad = brought->text.p
                  ? node__ask_strings(node, NODE_ACCOUNT_BRING,
                        STRINGS(name, password, brought->text, brought->password), false, &answer, &u, err)
                  : node__ask_strings(
                        node, NODE_ACCOUNT_ADD, STRINGS(name, password), false, &answer, &u, err);
        return bad ? bad : node__take_key(&u, key, err);
    }
    pthread_mutex_lock(&node->account_lock);
    bad = add_locked(node, name, password, brought, key, err);
    pthread_mutex_unlock(&node->account_lock);
    return bad;
}

int node_account_add(
    struct node *node, struct str name, struct str password, struct pubkey *key, struct err *err)
{
    return add(node, name, password, &(struct secret){0}, key, err);
}

int node_account_bring(struct node *node, struct str name, struct str password, struct str key_text,
    struct str key_password, struct pubkey *key, struct err *err)
{
    struct secret brought = {key_text.p ? key_text : STR(""), key_password};
    return add(node, name, password, &brought, key, err);
}

static int add_own_key_locked(struct node *node, struct str name, const struct pubkey *key, struct err *err)
{
    int bad = name_is_free(node, name, err);
    if (!bad)
        bad = key_is_free(node, key, err);
    struct new_account row = {name, key, true, true, clock_now(&node->clock)};
    return bad ? bad : store_write(node->store, insert_account, &row, err);
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

/* The key that this node holds for an account, and its keeper. */
static int find_key(
    struct node *node, struct str name, struct pubkey *key, struct keeper **keeper, struct err *err)
{
    struct arena *arena _cleanup_arena_ = arena_create(0);
    struct account a;
    int bad = node__find_account(node, arena, name, &a, err);
    if (bad)
        return bad;
    if (a.own_key)
        return err_set(err, ERR_INPUT,
            "%.*s signs with their own key: this node has neither it nor a password", STR_ARG(name));
    *key = a.key;
    return node__keeper(node, keeper, err);
}

int node_account_password(
    struct node *node, struct str name, struct str old_password, struct str new_password, struct err *err)
{
    struct buf answer _cleanup_buf_ = BUF_INIT;
    struct unpack u;
    if (node->remote)
        return node__ask_strings(
            node, NODE_ACCOUNT_PASSWORD, STRINGS(name, old_password, new_password), false, &answer, &u, err);
    struct pubkey key;
    struct keeper *keeper;
    int bad = find_key(node, name, &key, &keeper, err);
    return bad ? bad : keeper_change_password(keeper, name, old_password, new_password, err);
}

int node_account_export(struct node *node, struct str name, struct str password, struct str export_password,
    struct buf *out, struct err *err)
{
    if (node->remote) {
        struct buf answer _cleanup_buf_ = BUF_INIT;
        struct unpack u;
        int bad = node__ask_strings(
            node, NODE_ACCOUNT_EXPORT, STRINGS(name, password, export_password), true, &answer, &u, err);
        if (!bad)
            buf_adds(out, unpack_str(&u));
        return bad;
    }
    struct pubkey key;
    struct keeper *keeper;
    int bad = find_key(node, name, &key, &keeper, err);
    return bad ? bad : keeper_export(keeper, name, password, export_password, out, err);
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
        int bad = node__ask_strings(node, NODE_ACCOUNT_LOG, STRINGS(name), true, &answer, &u, err);
        if (bad)
            return bad;
        buf_adds(out, unpack_str(&u));
        return unpack_u8(&u) ? 0 : chain_is_broken(err);
    }
    struct pubkey key;
    struct keeper *keeper;
    int bad = find_key(node, name, &key, &keeper, err);
    return bad ? bad : keeper_log(keeper, &key, SIZE_MAX, out, err);
}

static int remove_locked(struct node *node, struct str name, struct err *err)
{
    struct arena *arena _cleanup_arena_ = arena_create(0);
    struct account a;
    int bad = node__find_account(node, arena, name, &a, err);
    if (!bad && !a.own_key) {
        struct keeper *keeper;
        bad = node__keeper(node, &keeper, err);
        if (!bad)
            bad = keeper_forget(keeper, &a.key, err);
        if (bad == ERR_NOT_FOUND) /* a removal that was cut short before */
            bad = 0;
    }
    struct leaving leaving = {node->options.belongings, &a};
    return bad ? bad : store_write(node->store, delete_account, &leaving, err);
}

int node_account_remove(struct node *node, struct str name, struct err *err)
{
    if (node->remote) {
        struct buf answer _cleanup_buf_ = BUF_INIT;
        struct unpack u;
        return node__ask_strings(node, NODE_ACCOUNT_REMOVE, STRINGS(name), false, &answer, &u, err);
    }
    pthread_mutex_lock(&node->account_lock);
    int bad = remove_locked(node, name, err);
    pthread_mutex_unlock(&node->account_lock);
    return bad;
}
