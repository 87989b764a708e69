/* sources.c: the keys that sign for sources without anybody there, and what a name typed by somebody stands
 * for. */
#include "node/inside.h"

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
        return bad ? bad : node__take_key(&u, out, err);
    }
    struct keeper *keeper;
    int bad = node__keeper(node, &keeper, err);
    if (bad)
        return bad;
    bad = keeper_find(keeper, name, true, out, err);
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
        int bad = node__ask_strings(node, NODE_FIND_SOURCE, STRINGS(name), true, &answer, &u, err);
        return bad ? bad : node__take_key(&u, out, err);
    }
    struct keeper *keeper;
    int bad = node__keeper(node, &keeper, err);
    return bad ? bad : keeper_find(keeper, name, true, out, err);
}

int node_source_forget(struct node *node, struct str name, struct err *err)
{
    if (node->mode == NODE_READ)
        return err_set(err, ERR_DENIED, "the data directory was opened only to read");
    if (node->remote) {
        struct buf answer _cleanup_buf_ = BUF_INIT;
        struct unpack u;
        return node__ask_strings(node, NODE_SOURCE_FORGET, STRINGS(name), false, &answer, &u, err);
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
    int bad = node__find_account(node, arena, text, &a, err);
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
