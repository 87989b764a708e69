/* answer.c: what a running node answers on node.sock: each message the same call that a command would make.
 */
#include "node/inside.h"

#include "base/utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define MAX_BATCH 20000
#define BATCH_ARENA (96u << 20)

void node__pack_record(struct buf *out, const struct record *r)
{
    pack_u32(out, r->kind);
    pack_u64(out, (uint64_t)r->created_at);
    pack_str(out, r->content);
    pack_u32(out, (uint32_t)r->tag_count);
    for (size_t t = 0; t < r->tag_count; t++) {
        pack_u32(out, (uint32_t)r->tags[t].n);
        for (size_t v = 0; v < r->tags[t].n; v++)
            pack_str(out, r->tags[t].v[v]);
    }
}

static int malformed(struct err *err)
{
    return err_set(err, ERR_INPUT, "the message to the node is malformed");
}

int node__unpack_record(struct unpack *u, struct arena *arena, struct record *r, struct err *err)
{
    *r = (struct record){.kind = unpack_u32(u)};
    r->created_at = (int64_t)unpack_u64(u);
    r->content = unpack_str(u);
    bool text = utf8_valid(r->content);
    r->tag_count = unpack_count(u, 4);
    if (u->bad || r->tag_count > RECORD_MAX_TAGS || r->kind > 65535 || r->created_at < 0 ||
        r->created_at >= INT64_C(1) << 53)
        return malformed(err);
    r->tags = ARENA_ARRAY(arena, struct tag, r->tag_count + 1);
    for (size_t t = 0; r->tags && t < r->tag_count; t++) {
        struct tag *tag = &r->tags[t];
        tag->n = unpack_count(u, 4);
        tag->v = ARENA_ARRAY(arena, struct str, tag->n + 1);
        if (tag->n == 0 || !tag->v)
            return malformed(err);
        for (size_t v = 0; v < tag->n; v++) {
            tag->v[v] = unpack_str(u);
            text = text && utf8_valid(tag->v[v]);
        }
    }
    if (u->bad || !r->tags || !text)
        return malformed(err);
    return 0;
}

struct message {
    struct node *node;
    struct unpack in;
    struct buf *out;
    struct err *err;
};

static int answer_hello(struct message *m)
{
    pack_str(m->out, STR(WIDENET_VERSION));
    pack_u32(m->out, (uint32_t)getpid());
    return 0;
}

static void pack_verdict(struct buf *out, const struct store_item *item)
{
    pack_u8(out, (uint8_t)item->verdict);
    pack_u64(out, item->seq);
    pack_str(out, item->verdict == STORE_REFUSED ? str_of(item->reason) : STR(""));
}

/* Those that do not parse are refused by themselves; the others go on together. */
static int append_parsed(
    struct message *m, struct arena *arena, struct store_item *items, uint32_t n, bool wait)
{
    struct store_item *good = ARENA_ARRAY(arena, struct store_item, n + 1);
    struct record *records = ARENA_ARRAY(arena, struct record, n + 1);
    if (!good || !records)
        return err_set(m->err, ERR_LIMIT, "too many records in one message");
    size_t count = 0;
    for (uint32_t i = 0; i < n; i++) {
        struct err why;
        struct str raw = unpack_str(&m->in);
        if (m->in.bad)
            return malformed(m->err);
        if (record_parse(arena, raw, &records[i], &why) == 0) {
            items[i].record = &records[i];
            good[count++] = items[i];
        } else {
            items[i].verdict = STORE_REFUSED;
            snprintf(items[i].reason, sizeof items[i].reason, "invalid: %.100s", why.what);
        }
    }
    if (!unpack_end(&m->in))
        return malformed(m->err);
    int bad = node__append_local(m->node, good, count, wait, m->err);
    if (bad)
        return bad;
    count = 0;
    for (uint32_t i = 0; i < n; i++)
        if (items[i].record)
            items[i] = good[count++];
    return 0;
}

static int answer_append(struct message *m)
{
    bool wait = unpack_u8(&m->in) != 0;
    uint32_t n = unpack_count(&m->in, 4);
    if (m->in.bad || n > MAX_BATCH)
        return malformed(m->err);
    struct arena *arena _cleanup_arena_ = arena_create(BATCH_ARENA);
    struct store_item *items = ARENA_ARRAY(arena, struct store_item, n + 1);
    if (!items)
        return err_set(m->err, ERR_LIMIT, "too many records in one message");
    int bad = append_parsed(m, arena, items, n, wait);
    if (bad)
        return bad;
    pack_u32(m->out, n);
    for (uint32_t i = 0; i < n; i++)
        pack_verdict(m->out, &items[i]);
    return 0;
}

static int answer_publish(struct message *m)
{
    struct pubkey key;
    unpack_bytes(&m->in, &key, sizeof key);
    bool wait = unpack_u8(&m->in) != 0;
    uint32_t n = unpack_count(&m->in, 20);
    if (m->in.bad || n > MAX_BATCH)
        return malformed(m->err);
    struct arena *arena _cleanup_arena_ = arena_create(BATCH_ARENA);
    struct store_item *items = ARENA_ARRAY(arena, struct store_item, n + 1);
    struct record *records = ARENA_ARRAY(arena, struct record, n + 1);
    if (!items || !records)
        return err_set(m->err, ERR_LIMIT, "too many records in one message");
    int bad = 0;
    for (uint32_t i = 0; !bad && i < n; i++)
        bad = node__unpack_record(&m->in, arena, &records[i], m->err);
    if (!bad && !unpack_end(&m->in))
        bad = malformed(m->err);
    if (!bad)
        bad = node__publish_local(m->node, &key, records, n, items, wait, m->err);
    if (bad)
        return bad;
    pack_u32(m->out, n);
    for (uint32_t i = 0; i < n; i++) {
        pack_verdict(m->out, &items[i]);
        buf_add(m->out, &records[i].id, sizeof records[i].id);
        buf_add(m->out, &records[i].sig, sizeof records[i].sig);
    }
    return 0;
}

static int answer_source_key(struct message *m)
{
    struct str name = unpack_str(&m->in);
    uint32_t kinds[64], n = unpack_count(&m->in, 4);
    if (n > 64)
        return malformed(m->err);
    for (uint32_t i = 0; i < n; i++)
        kinds[i] = unpack_u32(&m->in);
    if (!unpack_end(&m->in))
        return malformed(m->err);
    struct pubkey key;
    int bad = node_source_key(m->node, name, kinds, n, &key, m->err);
    if (!bad)
        buf_add(m->out, key.b, sizeof key.b);
    return bad;
}

static int answer_find_source(struct message *m)
{
    struct str name = unpack_str(&m->in);
    if (!unpack_end(&m->in))
        return malformed(m->err);
    struct keeper *keeper = node_keeper(m->node, m->err);
    if (!keeper)
        return m->err->code;
    struct pubkey key;
    int bad = keeper_find(keeper, name, true, &key, m->err);
    if (!bad)
        buf_add(m->out, key.b, sizeof key.b);
    return bad;
}

static int answer_source_forget(struct message *m)
{
    struct str name = unpack_str(&m->in);
    return unpack_end(&m->in) ? node_source_forget(m->node, name, m->err) : malformed(m->err);
}

static int answer_blob(struct message *m)
{
    struct str media_type = unpack_str(&m->in), bytes = unpack_str(&m->in);
    if (!unpack_end(&m->in))
        return malformed(m->err);
    uint8_t hash[32];
    int bad = store_blob_put(m->node->store, bytes, media_type, hash, m->err);
    if (!bad)
        buf_add(m->out, hash, sizeof hash);
    return bad;
}

static int answer_account_add(struct message *m)
{
    struct str name = unpack_str(&m->in), password = unpack_str(&m->in);
    if (!unpack_end(&m->in))
        return malformed(m->err);
    struct pubkey key;
    int bad = node_account_add(m->node, name, password, &key, m->err);
    if (!bad)
        buf_add(m->out, key.b, sizeof key.b);
    return bad;
}

static int answer_account_bring(struct message *m)
{
    struct str name = unpack_str(&m->in), password = unpack_str(&m->in);
    struct str text = unpack_str(&m->in), text_password = unpack_str(&m->in);
    if (!unpack_end(&m->in))
        return malformed(m->err);
    struct pubkey key;
    int bad = node_account_bring(m->node, name, password, text, text_password, &key, m->err);
    if (!bad)
        buf_add(m->out, key.b, sizeof key.b);
    return bad;
}

static int answer_account_own_key(struct message *m)
{
    struct str name = unpack_str(&m->in);
    struct pubkey key;
    unpack_bytes(&m->in, &key, sizeof key);
    return unpack_end(&m->in) ? node_account_add_own_key(m->node, name, &key, m->err) : malformed(m->err);
}

static int answer_account_password(struct message *m)
{
    struct str name = unpack_str(&m->in), old = unpack_str(&m->in), fresh = unpack_str(&m->in);
    return unpack_end(&m->in) ? node_account_password(m->node, name, old, fresh, m->err) : malformed(m->err);
}

static int answer_account_remove(struct message *m)
{
    struct str name = unpack_str(&m->in);
    return unpack_end(&m->in) ? node_account_remove(m->node, name, m->err) : malformed(m->err);
}

static int answer_account_export(struct message *m)
{
    struct str name = unpack_str(&m->in), password = unpack_str(&m->in), fresh = unpack_str(&m->in);
    if (!unpack_end(&m->in))
        return malformed(m->err);
    struct buf text _cleanup_buf_ = BUF_INIT;
    int bad = node_account_export(m->node, name, password, fresh, &text, m->err);
    if (!bad)
        pack_str(m->out, buf_str(&text));
    return bad;
}

/* A broken chain is told beside its lines, not instead of them. */
static int answer_account_log(struct message *m)
{
    struct str name = unpack_str(&m->in);
    if (!unpack_end(&m->in))
        return malformed(m->err);
    struct buf text _cleanup_buf_ = BUF_INIT;
    int bad = node_account_log(m->node, name, &text, m->err);
    if (bad && bad != ERR_CORRUPT)
        return bad;
    pack_str(m->out, buf_str(&text));
    pack_u8(m->out, !bad);
    return 0;
}

static int answer_invitation(struct message *m)
{
    struct buf code _cleanup_buf_ = BUF_INIT;
    int bad = node_invitation_create(m->node, &code, m->err);
    if (!bad)
        pack_str(m->out, buf_str(&code));
    return bad;
}

static int answer_call(struct message *m)
{
    struct str name = unpack_str(&m->in), request = unpack_str(&m->in);
    if (!unpack_end(&m->in))
        return malformed(m->err);
    struct buf reply _cleanup_buf_ = BUF_INIT;
    int bad = node__call_local(m->node, name, request, &reply, m->err);
    if (!bad)
        pack_str(m->out, buf_str(&reply));
    return bad;
}

static int (*const answers[NODE_REQUESTS])(struct message *m) = {
    [NODE_HELLO] = answer_hello,
    [NODE_APPEND] = answer_append,
    [NODE_PUBLISH] = answer_publish,
    [NODE_SOURCE_KEY] = answer_source_key,
    [NODE_FIND_SOURCE] = answer_find_source,
    [NODE_SOURCE_FORGET] = answer_source_forget,
    [NODE_BLOB] = answer_blob,
    [NODE_ACCOUNT_ADD] = answer_account_add,
    [NODE_ACCOUNT_BRING] = answer_account_bring,
    [NODE_ACCOUNT_OWN_KEY] = answer_account_own_key,
    [NODE_ACCOUNT_PASSWORD] = answer_account_password,
    [NODE_ACCOUNT_REMOVE] = answer_account_remove,
    [NODE_ACCOUNT_EXPORT] = answer_account_export,
    [NODE_INVITATION] = answer_invitation,
    [NODE_ACCOUNT_LOG] = answer_account_log,
    [NODE_CALL] = answer_call,
};

void node__answer(struct node *node, struct str request, struct buf *reply)
{
    struct err err = {0};
    size_t start = reply->n;
    struct message m = {.node = node, .in = unpack_of(request), .out = reply, .err = &err};
    unsigned type = unpack_u8(&m.in);
    pack_u32(reply, 0);
    int bad = type < NODE_REQUESTS && answers[type] ? answers[type](&m) : malformed(&err);
    if (!bad)
        return;
    reply->n = start;
    pack_u32(reply, (uint32_t)bad);
    pack_str(reply, str_of(err.what));
    pack_str(reply, str_of(err.kept));
    pack_str(reply, str_of(err.todo));
}
