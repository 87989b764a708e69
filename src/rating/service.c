/* service.c: rating services, their panels and what members rate in private: state of this node, no records.
 */
#include "rating/service.h"

#include "rating.sql.h"
#include "rating/private.h"

#include "base/utf8.h"

enum { longest_name = 100, longest_about = 2000 };

int64_t service_epoch(int64_t unix_seconds)
{
    int64_t since = unix_seconds - service_epoch_begin(0);
    return since >= 0 ? since / SERVICE_EPOCH_SECONDS : -1;
}

int64_t service_epoch_begin(int64_t epoch)
{
    return 4 * 86400 + epoch * SERVICE_EPOCH_SECONDS; /* 1 January 1970 was a Thursday */
}

static void bind_key(struct sql_cursor *c, int parameter, const struct pubkey *key)
{
    sql_blob(c, parameter, key->b, sizeof key->b);
}

static bool col_key(struct sql_cursor *c, int column, struct pubkey *out)
{
    struct str bytes = sql_col_blob(c, column);
    if (bytes.n != sizeof out->b)
        return false;
    memcpy(out->b, bytes.p, bytes.n);
    return true;
}

/* ---- services */

struct change {
    const struct pubkey *service, *member;
    struct str name, about;
    const struct rating_draft *draft;
    struct str coordinate, dimension;
    int64_t now;
};

static int run(struct sql *db, const struct sql_statement *statement, const struct pubkey *first,
    const struct pubkey *second, struct err *err)
{
    struct sql_cursor *c = sql_open(db, statement);
    bind_key(c, 1, first);
    if (second)
        bind_key(c, 2, second);
    return sql_done(c, err);
}

static int put(void *ctx, struct sql *db, struct err *err)
{
    const struct change *p = ctx;
    struct sql_cursor *c = sql_open(db, &rating_service_put);
    bind_key(c, 1, p->service);
    sql_text(c, 2, p->name);
    sql_text(c, 3, p->about);
    sql_int(c, 4, p->now);
    sql_int(c, 5, service_epoch(p->now) - 1);
    return sql_done(c, err);
}

static bool one_line(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < ' ' || s.p[i] == 127)
            return false;
    return utf8_valid(s);
}

int service_put(struct store *store, const struct pubkey *key, struct str name, struct str about, int64_t now,
    struct err *err)
{
    struct change p = {.service = key, .name = str_trim(name), .about = str_trim(about), .now = now};
    if (!p.name.n || p.name.n > longest_name || !one_line(p.name))
        return err_set(err, ERR_INPUT, "name: a service has a name of one line, 1 to %d bytes", longest_name);
    if (p.about.n > longest_about || !utf8_valid(p.about))
        return err_set(err, ERR_INPUT, "about: at most %d bytes of text", longest_about);
    if (!p.about.p)
        p.about = STR("");
    return store_write(store, put, &p, err);
}

/* 1: there is one; 0: none; or an error. */
static int is_service(struct sql *db, const struct pubkey *key, struct err *err)
{
    struct sql_cursor *c = sql_open(db, &rating_service_one);
    bind_key(c, 1, key);
    int step = sql_step(c, err), rc = sql_close(c, step < 0 ? NULL : err);
    return step < 0 ? step : rc ? rc : step;
}

static int no_service(struct err *err)
{
    err_set(err, ERR_NOT_FOUND, "there is no such rating service on this node");
    err_todo(err, "`widenet service list` names those there are");
    return ERR_NOT_FOUND;
}

static int take_away(void *ctx, struct sql *db, struct err *err)
{
    static const struct sql_statement *const all[] = {&rating_service_delete_marks,
        &rating_service_delete_panel, &rating_service_delete_aggregates, &rating_service_delete};
    const struct change *p = ctx;
    int there = is_service(db, p->service, err);
    if (there <= 0)
        return there ? there : no_service(err);
    int rc = 0;
    for (size_t i = 0; i < sizeof all / sizeof *all && !rc; i++)
        rc = run(db, all[i], p->service, NULL, err);
    return rc;
}

int service_remove(struct store *store, const struct pubkey *key, struct err *err)
{
    struct change p = {.service = key};
    return store_write(store, take_away, &p, err);
}

static int load(
    struct sql_cursor *c, struct arena *arena, struct rating_service **out, size_t *n, struct err *err)
{
    size_t cap = 0;
    int step;
    *out = NULL;
    *n = 0;
    while ((step = sql_step(c, err)) == 1) {
        if (*n == cap) {
            cap = cap ? cap * 2 : 8;
            struct rating_service *more = ARENA_ARRAY(arena, struct rating_service, cap);
            if (!more) {
                sql_close(c, NULL);
                return err_set(err, ERR_MEMORY, "too many rating services for this page");
            }
            if (*n)
                memcpy(more, *out, *n * sizeof **out);
            *out = more;
        }
        struct rating_service *s = &(*out)[*n];
        if (!col_key(c, 0, &s->key))
            continue;
        s->name = arena_str(arena, sql_col_text(c, 1));
        s->about = arena_str(arena, sql_col_text(c, 2));
        s->created_at = sql_col_int(c, 3);
        s->published_epoch = sql_col_int(c, 4);
        s->members = (uint32_t)sql_col_int(c, 5);
        ++*n;
    }
    int rc = sql_close(c, step < 0 ? NULL : err);
    return step < 0 ? step : rc;
}

int service_list(
    struct store_read *read, struct arena *arena, struct rating_service **out, size_t *n, struct err *err)
{
    return load(sql_open(store_read_sql(read), &rating_service_all), arena, out, n, err);
}

int service_get(struct store_read *read, struct arena *arena, const struct pubkey *key,
    struct rating_service *out, struct err *err)
{
    struct rating_service *found;
    size_t n;
    struct sql_cursor *c = sql_open(store_read_sql(read), &rating_service_one);
    bind_key(c, 1, key);
    int rc = load(c, arena, &found, &n, err);
    if (rc || !n)
        return rc ? rc : no_service(err);
    *out = *found;
    return 0;
}

int service_of_member(struct store_read *read, struct arena *arena, const struct pubkey *member,
    struct rating_service **out, size_t *n, struct err *err)
{
    struct sql_cursor *c = sql_open(store_read_sql(read), &rating_service_of_member);
    bind_key(c, 1, member);
    return load(c, arena, out, n, err);
}

/* ---- panels */

static int add_member(void *ctx, struct sql *db, struct err *err)
{
    const struct change *p = ctx;
    struct sql_cursor *c = sql_open(db, &rating_service_one);
    bind_key(c, 1, p->service);
    int step = sql_step(c, err);
    int64_t members = step == 1 ? sql_col_int(c, 5) : 0;
    int rc = sql_close(c, step < 0 ? NULL : err);
    if (step < 0 || rc)
        return step < 0 ? step : rc;
    if (step == 0)
        return no_service(err);
    if (members >= SERVICE_MEMBERS)
        return err_set(err, ERR_LIMIT, "a panel has at most %d members", SERVICE_MEMBERS);
    c = sql_open(db, &rating_panel_add);
    bind_key(c, 1, p->service);
    bind_key(c, 2, p->member);
    sql_int(c, 3, p->now);
    return sql_done(c, err);
}

int service_member_add(struct store *store, const struct pubkey *service, const struct pubkey *member,
    int64_t now, struct err *err)
{
    struct change p = {.service = service, .member = member, .now = now};
    return store_write(store, add_member, &p, err);
}

/* Values go at once; that there was one stays until the next aggregate, which counts its going as a change.
 */
static int remove_member(
    struct sql *db, const struct pubkey *service, const struct pubkey *member, struct err *err)
{
    int rc = run(db, &rating_panel_remove, service, member, err);
    if (!rc)
        rc = run(db, &rating_marks_take_back, service, member, err);
    return rc ? rc : run(db, &rating_marks_clean, service, NULL, err);
}

static int leave_one(void *ctx, struct sql *db, struct err *err)
{
    const struct change *p = ctx;
    int there = is_service(db, p->service, err);
    if (there <= 0)
        return there ? there : no_service(err);
    return remove_member(db, p->service, p->member, err);
}

int service_member_remove(
    struct store *store, const struct pubkey *service, const struct pubkey *member, struct err *err)
{
    struct change p = {.service = service, .member = member};
    return store_write(store, leave_one, &p, err);
}

int service_member_forget(struct sql *db, const struct pubkey *member, struct err *err)
{
    struct pubkey service = {{0}};
    for (;;) {
        struct sql_cursor *c = sql_open(db, &rating_panel_services);
        bind_key(c, 1, member);
        int step = sql_step(c, err);
        bool found = step == 1 && col_key(c, 0, &service);
        int rc = sql_close(c, step < 0 ? NULL : err);
        if (step < 0 || rc)
            return step < 0 ? step : rc;
        if (!found)
            return 0;
        if ((rc = remove_member(db, &service, member, err)))
            return rc;
    }
}

int service_members(struct store_read *read, struct arena *arena, const struct pubkey *service,
    struct pubkey **out, size_t *n, struct err *err)
{
    *n = 0;
    *out = ARENA_ARRAY(arena, struct pubkey, SERVICE_MEMBERS);
    if (!*out)
        return err_set(err, ERR_MEMORY, "no memory for a panel's members");
    struct sql_cursor *c = sql_open(store_read_sql(read), &rating_panel_members);
    bind_key(c, 1, service);
    int step;
    while ((step = sql_step(c, err)) == 1 && *n < SERVICE_MEMBERS)
        if (col_key(c, 0, &(*out)[*n]))
            ++*n;
    int rc = sql_close(c, step < 0 ? NULL : err);
    return step < 0 ? step : rc;
}

/* ---- members' ratings */

static int must_sit(
    struct sql *db, const struct pubkey *service, const struct pubkey *member, struct err *err)
{
    struct sql_cursor *c = sql_open(db, &rating_panel_has);
    bind_key(c, 1, service);
    bind_key(c, 2, member);
    int step = sql_step(c, err), rc = sql_close(c, step < 0 ? NULL : err);
    if (step < 0 || rc)
        return step < 0 ? step : rc;
    return step == 1 ? 0 : err_set(err, ERR_DENIED, "you are not on the panel of this rating service");
}

static int put_mark(void *ctx, struct sql *db, struct err *err)
{
    const struct change *p = ctx;
    const struct rating_target *t = &p->draft->target;
    int rc = must_sit(db, p->service, p->member, err);
    if (rc)
        return rc;
    struct sql_cursor *c = sql_open(db, &rating_mark_private_put);
    bind_key(c, 1, p->service);
    sql_text(c, 2, p->coordinate);
    sql_text(c, 3, p->draft->dimension);
    bind_key(c, 4, p->member);
    sql_int(c, 5, p->draft->value);
    sql_int(c, 6, p->now);
    sql_int(c, 7, t->type);
    sql_blob(c, 8, t->revision.b, sizeof t->revision.b);
    sql_blob(c, 9, t->author.b, sizeof t->author.b);
    sql_int(c, 10, t->kind);
    return sql_done(c, err);
}

int service_rate(struct store *store, const struct pubkey *service, const struct pubkey *member,
    const struct rating_draft *d, int64_t now, struct err *err)
{
    /* What could be no public rating is no private one. */
    struct arena *arena _cleanup_arena_ = arena_create(1u << 16);
    struct record_draft unused = {.arena = arena};
    int rc = rating_write(d, now, &unused, err);
    if (rc)
        return rc;
    if (d->reason.n)
        return err_set(err, ERR_INPUT, "reason: a panel's ratings have none, for it would name who wrote it");
    if (str_eqz(d->dimension, "agree"))
        return err_set(err, ERR_INPUT, "dimension: what people agree with is no matter of a rating service");
    struct buf coordinate _cleanup_buf_ = BUF_INIT;
    rating__coordinate(&d->target, &coordinate);
    struct change p = {
        .service = service, .member = member, .draft = d, .coordinate = buf_str(&coordinate), .now = now};
    return store_write(store, put_mark, &p, err);
}

static int take_back(void *ctx, struct sql *db, struct err *err)
{
    const struct change *p = ctx;
    int rc = must_sit(db, p->service, p->member, err);
    if (rc)
        return rc;
    struct sql_cursor *c = sql_open(db, &rating_mark_take_back);
    bind_key(c, 1, p->service);
    sql_text(c, 2, p->coordinate);
    sql_text(c, 3, p->dimension);
    bind_key(c, 4, p->member);
    rc = sql_done(c, err);
    return rc ? rc : run(db, &rating_marks_clean, p->service, NULL, err);
}

int service_unrate(struct store *store, const struct pubkey *service, const struct pubkey *member,
    const struct rating_target *target, struct str dimension, struct err *err)
{
    struct buf coordinate _cleanup_buf_ = BUF_INIT;
    rating__coordinate(target, &coordinate);
    struct change p = {
        .service = service, .member = member, .coordinate = buf_str(&coordinate), .dimension = dimension};
    return store_write(store, take_back, &p, err);
}

int service_marks(struct store_read *read, struct arena *arena, const struct pubkey *service,
    const struct pubkey *member, struct str coordinate, size_t max, struct service_mark **out, size_t *n,
    struct err *err)
{
    *n = 0;
    *out = ARENA_ARRAY(arena, struct service_mark, max ? max : 1);
    if (!*out)
        return err_set(err, ERR_MEMORY, "no memory for a member's ratings");
    struct sql_cursor *c = sql_open(store_read_sql(read), &rating_marks_of_member);
    bind_key(c, 1, service);
    bind_key(c, 2, member);
    sql_text(c, 3, coordinate.p ? coordinate : STR(""));
    sql_int(c, 4, (int64_t)max);
    int step;
    while ((step = sql_step(c, err)) == 1 && *n < max) {
        struct service_mark *m = &(*out)[(*n)++];
        m->coordinate = arena_str(arena, sql_col_text(c, 0));
        m->dimension = arena_str(arena, sql_col_text(c, 1));
        m->value = (uint16_t)sql_col_int(c, 2);
        m->at = sql_col_int(c, 3);
        if (sql_col_blob(c, 4).n == sizeof m->revision.b)
            memcpy(m->revision.b, sql_col_blob(c, 4).p, sizeof m->revision.b);
        int64_t uses = sql_col_int(c, 5);
        m->uses_left = uses < SERVICE_USES ? (unsigned)(SERVICE_USES - uses) : 0;
    }
    int rc = sql_close(c, step < 0 ? NULL : err);
    return step < 0 ? step : rc;
}
