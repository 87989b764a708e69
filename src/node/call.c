/* call.c: changes of rooms' state that commands ask for, done here or by the running node. */
#include "node/inside.h"

int node__call_local(
    struct node *node, struct str name, struct str request, struct buf *reply, struct err *err)
{
    for (const struct store_call *c = node->options.tables->calls; c && c->name; c++)
        if (str_eqz(name, c->name))
            return c->answer(node->store, &node->clock, request, reply, err);
    return err_set(
        err, ERR_INPUT, "this node knows no call \"%.*s\"", (int)(name.n < 40 ? name.n : 40), name.p);
}

int node_call(struct node *node, const char *name, struct str request, struct buf *reply, struct err *err)
{
    struct buf own _cleanup_buf_ = BUF_INIT, answer _cleanup_buf_ = BUF_INIT;
    struct unpack u;
    if (!node->remote)
        return node__call_local(node, str_of(name), request, reply ? reply : &own, err);
    int bad = node__ask_strings(node, NODE_CALL, STRINGS(str_of(name), request), false, &answer, &u, err);
    struct str got = bad ? STR("") : unpack_str(&u);
    if (!bad && !unpack_end(&u))
        bad = err_set(err, ERR_INTERNAL, "the running node's answer is malformed");
    if (!bad && reply)
        buf_adds(reply, got);
    return bad;
}
