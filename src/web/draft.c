/* draft.c: what somebody is writing, kept on the node until it is published: the table web_draft. A draft
 * belongs to one account; to any other it is not there. */
#include "web.sql.h"
#include "web/page.h"

#define MOST_DRAFTS 200
#define MOST_BYTES (160u * 1024) /* of one field; what may be published is less */

void web__draft_id(struct request *r, char out[DRAFT_ID_CHARS + 1])
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
    uint8_t random[DRAFT_ID_CHARS];
    (void)r;
    rng_system.fill(rng_system.ctx, random, sizeof random);
    for (size_t i = 0; i < DRAFT_ID_CHARS; i++)
        out[i] = letters[random[i] & 31];
    out[DRAFT_ID_CHARS] = 0;
}

static bool is_draft_id(struct str s)
{
    if (s.n != DRAFT_ID_CHARS)
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (!((s.p[i] >= 'a' && s.p[i] <= 'z') || (s.p[i] >= '2' && s.p[i] <= '7')))
            return false;
    return true;
}

static int no_draft(struct err *err)
{
    err_set(err, ERR_NOT_FOUND, M("There is no such draft among yours."));
    err_todo(err, M("It may have been published or discarded: your pages list what there is."));
    return ERR_NOT_FOUND;
}

int web__draft_load(struct request *r, struct str id, struct draft *out, struct err *err)
{
    struct arena *arena = request_arena(r);
    *out = (struct draft){0};
    if (!is_draft_id(id))
        return no_draft(err);
    struct sql_cursor *c = sql_open(store_read_sql(request_read(r)), &web_draft_load);
    sql_text(c, 1, id);
    sql_blob(c, 2, request_account(r)->key.b, 32);
    int step = sql_step(c, err);
    if (step == 1) {
        struct str *const texts[] = {&out->id, &out->d, &out->title, &out->summary, &out->text, &out->topics,
            &out->language, &out->license};
        for (int i = 0; i < 8; i++)
            *texts[i] = arena_str(arena, sql_col_text(c, i));
        out->updated_at = sql_col_int(c, 8);
        out->sent_at = sql_col_int(c, 9);
    }
    int closed = sql_close(c, err);
    if (step < 0 || closed != 0)
        return step < 0 ? step : closed;
    return step == 1 ? 0 : no_draft(err);
}

int web__draft_list(struct request *r, struct draft **out, uint32_t **words, size_t *n, struct err *err)
{
    struct arena *arena = request_arena(r);
    *n = 0;
    *out = ARENA_ARRAY(arena, struct draft, MOST_DRAFTS);
    *words = ARENA_ARRAY(arena, uint32_t, MOST_DRAFTS);
    if (!*out || !*words)
        return err_set(err, ERR_MEMORY, M("The list of drafts did not fit into a page's memory."));
    struct sql_cursor *c = sql_open(store_read_sql(request_read(r)), &web_draft_list);
    sql_blob(c, 1, request_account(r)->key.b, 32);
    int step;
    while (*n < MOST_DRAFTS && (step = sql_step(c, err)) == 1) {
        struct draft *d = &(*out)[*n];
        d->id = arena_str(arena, sql_col_text(c, 0));
        d->d = arena_str(arena, sql_col_text(c, 1));
        d->title = arena_str(arena, sql_col_text(c, 2));
        d->updated_at = sql_col_int(c, 3);
        d->sent_at = sql_col_int(c, 4);
        (*words)[(*n)++] = (uint32_t)sql_col_int(c, 5);
    }
    return sql_close(c, err);
}

struct change {
    const struct draft *d;
    struct str id;
    struct pubkey key;
    int64_t now;
};

static int save(void *ctx, struct sql *db, struct err *err)
{
    struct change *change = ctx;
    const struct draft *d = change->d;
    struct sql_cursor *c = sql_open(db, &web_draft_count);
    sql_blob(c, 1, change->key.b, 32);
    sql_text(c, 2, d->id);
    int step = sql_step(c, err);
    int64_t others = step == 1 ? sql_col_int(c, 0) : 0;
    int closed = sql_close(c, err);
    if (step < 0 || closed != 0)
        return step < 0 ? step : closed;
    if (others >= MOST_DRAFTS) {
        err_set(err, ERR_LIMIT, M("You have 200 drafts, and there is no room for more."));
        err_todo(err, M("Publish or discard one."));
        return ERR_LIMIT;
    }
    c = sql_open(db, &web_draft_save);
    sql_text(c, 1, d->id);
    sql_blob(c, 2, change->key.b, 32);
    const struct str texts[] = {d->d, d->title, d->summary, d->text, d->topics, d->language, d->license};
    for (int i = 0; i < 7; i++)
        sql_text(c, 3 + i, texts[i].p ? texts[i] : (struct str){"", 0});
    sql_int(c, 10, text_words(d->text));
    sql_int(c, 11, change->now);
    sql_int(c, 12, d->sent_at);
    int code = sql_done(c, err);
    return code == 0 && sql_changes(db) == 0 ? no_draft(err) : code;
}

int web__draft_save(struct request *r, const struct draft *d, struct err *err)
{
    const struct str texts[] = {d->d, d->title, d->summary, d->text, d->topics, d->language, d->license};
    if (!is_draft_id(d->id))
        return no_draft(err);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (texts[i].n > MOST_BYTES) {
            err_set(err, ERR_LIMIT, M("The text is longer than a draft may be."));
            err_todo(err, M("Shorten it or publish it in parts."));
            return ERR_LIMIT;
        }
    struct change change = {.d = d, .key = request_account(r)->key, .now = request_now(r)};
    return store_write(node_store(request_node(r)), save, &change, err);
}

static int drop(void *ctx, struct sql *db, struct err *err)
{
    struct change *change = ctx;
    struct sql_cursor *c = sql_open(db, &web_draft_remove);
    sql_text(c, 1, change->id);
    sql_blob(c, 2, change->key.b, 32);
    return sql_done(c, err);
}

int web__draft_remove(struct request *r, struct str id, struct err *err)
{
    struct change change = {.id = id, .key = request_account(r)->key};
    return is_draft_id(id) ? store_write(node_store(request_node(r)), drop, &change, err) : no_draft(err);
}

int web__draft_remove_all(struct sql *db, const struct pubkey *key, struct err *err)
{
    struct sql_cursor *c = sql_open(db, &web_draft_remove_all);
    sql_blob(c, 1, key->b, sizeof key->b);
    return sql_done(c, err);
}
