/* pool.c: articles for the pages' tests. */
#include "pool.h"

static void fixed_bytes(void *ctx, void *out, size_t n)
{
    memset(out, 7, n);
}
static const struct rng fixed = {fixed_bytes, NULL};

struct pubkey pool_key(int who)
{
    struct pubkey key;
    uint8_t secret[32] = {[31] = (uint8_t)who};
    assert_int_equal(record_pubkey_of_secret(secret, &key, NULL), 0);
    return key;
}

void pool_put(struct site *s, struct record *r, int who)
{
    struct err err = {0};
    uint8_t secret[32] = {[31] = (uint8_t)who};
    if (record_sign(r, secret, &err))
        fail_msg("%s", err.what);
    struct store_item item = {.record = r};
    if (node_append(s->node, &item, 1, true, &err))
        fail_msg("%s", err.what);
    assert_int_equal(item.verdict, STORE_NEW);
}

const char *pool_article(struct site *s, int who, const struct article_draft *a, int64_t created_at)
{
    struct err err = {0};
    struct record_draft draft = {.arena = s->arena};
    if (news_article_write(a, created_at, &fixed, &draft, &err))
        fail_msg("%s", err.what);
    pool_put(s, &draft.r, who);
    struct address address = {KIND_ARTICLE, draft.r.pubkey, record_d(&draft.r)};
    char *code = arena_alloc(s->arena, NEWS_CODE_CHARS + 1);
    news_article_code(&address, code);
    return code;
}

const char *pool_link(struct site *s, const char *code, const char *after)
{
    return arena_printf(s->arena, "/r/%s%s", code, after).p;
}
