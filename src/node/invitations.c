/* invitations.c: codes with which one account each can be made: 80 random bits in base 32, kept as their
 * hash. */
#include "node/inside.h"

#include "node.sql.h"

#include <sodium.h>

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
        int bad = node__ask_strings(node, NODE_INVITATION, NULL, 0, false, &answer, &u, err);
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
