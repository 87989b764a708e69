/* filter_store.c: how somebody looks at the pool, kept on the node: filters of their own, those of others
 * they come back to, and the one they see first. Each belongs to one account; to any other it is not there.
 */
#include "web.sql.h"
#include "web/filter.h"

#define MOST_FILTERS 50
#define MOST_SUBSCRIPTIONS 50
#define MOST_RECIPE (64u * 1024)

static int no_filter(struct err *err)
{
    err_set(err, ERR_NOT_FOUND, M("There is no such filter among yours."));
    err_todo(err, M("Choose one from the list of filters."));
    return ERR_NOT_FOUND;
}

static void read_row(struct arena *arena, struct sql_cursor *c, struct private_filter *out)
{
    struct str *const texts[] = {&out->id, &out->name, &out->about, &out->recipe, &out->origin};
    for (int i = 0; i < 5; i++)
        *texts[i] = arena_str(arena, sql_col_text(c, i));
    out->updated_at = sql_col_int(c, 5);
}

int web__private_filter_load(struct request *r, struct str id, struct private_filter *out, struct err *err)
{
    *out = (struct private_filter){0};
    struct sql_cursor *c = sql_open(store_read_sql(request_read(r)), &web_filter_load);
    sql_text(c, 1, id.p ? id : STR(""));
    sql_blob(c, 2, request_account(r)->key.b, 32);
    int step = sql_step(c, err);
    if (step == 1)
        read_row(request_arena(r), c, out);
    int closed = sql_close(c, err);
    if (step < 0 || closed)
        return step < 0 ? step : closed;
    return step == 1 ? 0 : no_filter(err);
}

int web__private_filter_list(struct request *r, struct private_filter **out, size_t *n, struct err *err)
{
    *n = 0;
    *out = ARENA_ARRAY(request_arena(r), struct private_filter, MOST_FILTERS);
    if (!*out)
        return err_set(err, ERR_MEMORY, "the list of filters does not fit");
    struct sql_cursor *c = sql_open(store_read_sql(request_read(r)), &web_filter_list);
    sql_blob(c, 1, request_account(r)->key.b, 32);
    int step = 0;
    while (*n < MOST_FILTERS && (step = sql_step(c, err)) == 1)
        read_row(request_arena(r), c, &(*out)[(*n)++]);
    int closed = sql_close(c, err);
    return step < 0 ? step : closed;
}

/* ---- changes */

struct change {
    const struct private_filter *filter;
    struct str text; /* id, coordinate or key */
    struct pubkey key;
    int64_t now;
    bool on;
};

static int count_others(struct sql *db, const struct sql_statement *statement, const struct change *change,
    int64_t *n, struct err *err)
{
    struct sql_cursor *c = sql_open(db, statement);
    sql_blob(c, 1, change->key.b, 32);
    sql_text(c, 2, change->text);
    int step = sql_step(c, err);
    *n = step == 1 ? sql_col_int(c, 0) : 0;
    int closed = sql_close(c, err);
    return step < 0 ? step : closed;
}

static int save(void *ctx, struct sql *db, struct err *err)
{
    struct change *change = ctx;
    const struct private_filter *f = change->filter;
    int64_t others = 0;
    int code = count_others(db, &web_filter_count, change, &others, err);
    if (code)
        return code;
    if (others >= MOST_FILTERS) {
        err_set(err, ERR_LIMIT, M("You keep 50 filters, and there is no room for more."));
        err_todo(err, M("Delete one of them first."));
        return ERR_LIMIT;
    }
    struct sql_cursor *c = sql_open(db, &web_filter_save);
    sql_text(c, 1, f->id);
    sql_blob(c, 2, change->key.b, 32);
    const struct str texts[] = {f->name, f->about, f->recipe, f->origin};
    for (int i = 0; i < 4; i++)
        sql_text(c, 3 + i, texts[i].p ? texts[i] : STR(""));
    sql_int(c, 7, change->now);
    code = sql_done(c, err);
    return code == 0 && sql_changes(db) == 0 ? no_filter(err) : code;
}

static int run(struct request *r, int (*change)(void *ctx, struct sql *db, struct err *err),
    struct change *with, struct err *err)
{
    with->key = request_account(r)->key;
    with->now = request_now(r);
    return store_write(node_store(request_node(r)), change, with, err);
}

int web__private_filter_save(struct request *r, const struct private_filter *f, struct err *err)
{
    if (f->recipe.n > MOST_RECIPE)
        return err_set(err, ERR_LIMIT, M("That is more than a filter can hold."));
    struct change change = {.filter = f, .text = f->id};
    return run(r, save, &change, err);
}

static int drop(void *ctx, struct sql *db, struct err *err)
{
    struct change *change = ctx;
    struct sql_cursor *c = sql_open(db, &web_filter_remove);
    sql_text(c, 1, change->text);
    sql_blob(c, 2, change->key.b, 32);
    return sql_done(c, err);
}

int web__private_filter_remove(struct request *r, struct str id, struct err *err)
{
    struct change change = {.text = id};
    return run(r, drop, &change, err);
}

/* ---- subscriptions */

int web__subscriptions(struct request *r, struct str **out, size_t *n, struct err *err)
{
    *n = 0;
    *out = ARENA_ARRAY(request_arena(r), struct str, MOST_SUBSCRIPTIONS);
    if (!*out)
        return err_set(err, ERR_MEMORY, "the list of filters does not fit");
    struct sql_cursor *c = sql_open(store_read_sql(request_read(r)), &web_subscription_list);
    sql_blob(c, 1, request_account(r)->key.b, 32);
    int step = 0;
    while (*n < MOST_SUBSCRIPTIONS && (step = sql_step(c, err)) == 1)
        (*out)[(*n)++] = arena_str(request_arena(r), sql_col_text(c, 0));
    int closed = sql_close(c, err);
    return step < 0 ? step : closed;
}

static int subscribe(void *ctx, struct sql *db, struct err *err)
{
    struct change *change = ctx;
    int64_t others = 0;
    if (change->on) {
        int code = count_others(db, &web_subscription_count, change, &others, err);
        if (code)
            return code;
    }
    if (others >= MOST_SUBSCRIPTIONS) {
        err_set(err, ERR_LIMIT, M("You are subscribed to 50 filters, and there is no room for more."));
        err_todo(err, M("Give up one of them first."));
        return ERR_LIMIT;
    }
    struct sql_cursor *c = sql_open(db, change->on ? &web_subscription_add : &web_subscription_remove);
    sql_blob(c, 1, change->key.b, 32);
    sql_text(c, 2, change->text);
    if (change->on)
        sql_int(c, 3, change->now);
    return sql_done(c, err);
}

int web__subscribe(struct request *r, struct str coordinate, bool on, struct err *err)
{
    struct change change = {.text = coordinate, .on = on};
    return run(r, subscribe, &change, err);
}

/* ---- the first filter */

int web__first_filter(struct request *r, struct str *out, struct err *err)
{
    *out = STR("");
    struct sql_cursor *c = sql_open(store_read_sql(request_read(r)), &web_first_filter);
    sql_blob(c, 1, request_account(r)->key.b, 32);
    int step = sql_step(c, err);
    if (step == 1)
        *out = arena_str(request_arena(r), sql_col_text(c, 0));
    int closed = sql_close(c, err);
    return step < 0 ? step : closed;
}

static int set_first(void *ctx, struct sql *db, struct err *err)
{
    struct change *change = ctx;
    struct sql_cursor *c = sql_open(db, change->text.n ? &web_first_filter_set : &web_first_filter_remove);
    sql_blob(c, 1, change->key.b, 32);
    if (change->text.n)
        sql_text(c, 2, change->text);
    return sql_done(c, err);
}

int web__first_filter_set(struct request *r, struct str key, struct err *err)
{
    struct change change = {.text = key};
    return run(r, set_first, &change, err);
}

int web__filters_forget(struct sql *db, const struct pubkey *key, struct err *err)
{
    static const struct sql_statement *const all[] = {
        &web_filter_remove_all, &web_subscription_remove_all, &web_first_filter_remove};
    int code = 0;
    for (size_t i = 0; !code && i < sizeof all / sizeof *all; i++) {
        struct sql_cursor *c = sql_open(db, all[i]);
        sql_blob(c, 1, key->b, sizeof key->b);
        code = sql_done(c, err);
    }
    return code;
}
