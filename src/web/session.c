/* session.c: who is signed in. The cookie holds the session's id and the keeper's secret; the table
 * web_session holds the id's hash and the keeper's ticket, so neither the database nor this process's memory
 * between requests opens a key. */
#include "base/hex.h"
#include "web.sql.h"
#include "web/inside.h"

#include <sodium.h>

#define SID_BYTES 16
#define COOKIE_BYTES (SID_BYTES + KEEPER_SECRET_BYTES)
#define IDLE_SECONDS (30 * 86400)
#define WHOLE_SECONDS (365 * 86400)
#define SEEN_SECONDS 3600 /* how far seen_at may lie behind: each move is a write */

void session_cookie(struct request *r, const char *name, struct str value, int64_t seconds, bool http_only)
{
    answer_header(r, "Set-Cookie",
        arena_printf(request_arena(r), "%s=%.*s; Path=/; Max-Age=%lld; SameSite=Lax%s%s", name,
            STR_ARG(value), (long long)seconds, http_only ? "; HttpOnly" : "",
            r->web->secure ? "; Secure" : ""));
}

static void hash_sid(const uint8_t sid[SID_BYTES], uint8_t out[32])
{
    crypto_hash_sha256(out, sid, SID_BYTES);
}

/* ---- looking up */

struct seen {
    const uint8_t *sid_hash;
    int64_t now, expires;
};

static int move_on(void *ctx, struct sql *db, struct err *err)
{
    const struct seen *s = ctx;
    struct sql_cursor *c = sql_open(db, &web_session_seen);
    sql_blob(c, 1, s->sid_hash, 32);
    sql_int(c, 2, s->now);
    sql_int(c, 3, s->expires);
    return sql_done(c, err);
}

static int64_t expiry(int64_t created, int64_t now)
{
    int64_t idle = now + IDLE_SECONDS, whole = created + WHOLE_SECONDS;
    return idle < whole ? idle : whole;
}

/* Fills r from the row of its session. False: there is none. */
static bool read_session(struct request *r, struct pubkey *key, bool *own_key)
{
    struct err err = {0};
    int64_t now = request_now(r), seen_at = 0, created_at = 0;
    struct sql_cursor *c = sql_open(store_read_sql(r->read), &web_session_get);
    sql_blob(c, 1, r->session_hash, sizeof r->session_hash);
    sql_int(c, 2, now);
    bool found = sql_step(c, &err) == 1;
    if (found) {
        struct str pubkey = sql_col_blob(c, 0), ticket = sql_col_blob(c, 1), csrf = sql_col_blob(c, 2);
        *own_key = sql_col_null(c, 1);
        found = pubkey.n == sizeof key->b && csrf.n == sizeof r->session_csrf &&
                (*own_key || ticket.n == KEEPER_TICKET_BYTES);
        if (found) {
            memcpy(key->b, pubkey.p, sizeof key->b);
            memcpy(r->session_csrf, csrf.p, sizeof r->session_csrf);
            if (!*own_key)
                memcpy(r->keeper_session.ticket, ticket.p, KEEPER_TICKET_BYTES);
        }
        seen_at = sql_col_int(c, 3);
        created_at = sql_col_int(c, 4);
    }
    sql_close(c, &err);
    if (found && now - seen_at > SEEN_SECONDS) {
        struct seen seen = {r->session_hash, now, expiry(created_at, now)};
        store_write(node_store(r->web->node), move_on, &seen, &err); /* if not now, then next time */
    }
    return found;
}

void session_look_up(struct request *r)
{
    if (r->session_looked_up)
        return;
    r->session_looked_up = true;
    struct str cookie = request_cookie(r, r->web->session_cookie);
    uint8_t held[COOKIE_BYTES];
    struct pubkey key;
    bool own_key = false;
    if (!cookie.p || r->starting || !r->web->node || !request_read(r))
        return;
    struct err err = {0};
    if (hex_decode(cookie, held, sizeof held)) {
        hash_sid(held, r->session_hash);
        memcpy(r->keeper_session.secret, held + SID_BYTES, KEEPER_SECRET_BYTES);
        r->signed_in = read_session(r, &key, &own_key) &&
                       !node_account_by_key(r->read, request_arena(r), &key, &r->account, &err) &&
                       r->account.own_key == own_key;
    }
    explicit_bzero(held, sizeof held);
    if (!r->signed_in) { /* else this browser would never get a cached page again */
        explicit_bzero(&r->keeper_session, sizeof r->keeper_session);
        session_cookie(r, r->web->session_cookie, STR(""), 0, true);
    }
}

/* ---- beginning and ending */

struct begin {
    uint8_t sid_hash[32], csrf[32];
    const struct pubkey *key;
    const struct keeper_session *keeper;
    int64_t now;
};

static int add_row(void *ctx, struct sql *db, struct err *err)
{
    const struct begin *b = ctx;
    struct sql_cursor *c = sql_open(db, &web_session_add);
    sql_blob(c, 1, b->sid_hash, 32);
    sql_blob(c, 2, b->key->b, 32);
    if (b->keeper)
        sql_blob(c, 3, b->keeper->ticket, KEEPER_TICKET_BYTES);
    else
        sql_text(c, 3, (struct str){NULL, 0});
    sql_blob(c, 4, b->csrf, 32);
    sql_int(c, 5, b->now);
    sql_int(c, 6, expiry(b->now, b->now));
    return sql_done(c, err);
}

static int remove_row(void *ctx, struct sql *db, struct err *err)
{
    struct sql_cursor *c = sql_open(db, &web_session_remove);
    sql_blob(c, 1, ctx, 32);
    return sql_done(c, err);
}

bool session_device(struct request *r, uint8_t out[KEEPER_DEVICE_BYTES])
{
    return hex_decode(request_cookie(r, r->web->device_cookie), out, KEEPER_DEVICE_BYTES);
}

int session_begin(struct request *r, const struct pubkey *key, const struct keeper_session *keeper,
    const uint8_t *device, struct err *err)
{
    session_end(r); /* what this browser held before */
    uint8_t held[COOKIE_BYTES] = {0};
    r->web->rng.fill(r->web->rng.ctx, held, SID_BYTES);
    if (keeper)
        memcpy(held + SID_BYTES, keeper->secret, KEEPER_SECRET_BYTES);
    struct begin begin = {.key = key, .keeper = keeper, .now = request_now(r)};
    hash_sid(held, begin.sid_hash);
    r->web->rng.fill(r->web->rng.ctx, begin.csrf, sizeof begin.csrf);
    int code = store_write(node_store(r->web->node), add_row, &begin, err);
    if (!code) {
        char hex[COOKIE_BYTES * 2 + 1];
        hex_encode(held, sizeof held, hex);
        session_cookie(
            r, r->web->session_cookie, arena_str(request_arena(r), str_of(hex)), WHOLE_SECONDS, true);
        explicit_bzero(hex, sizeof hex);
        if (device) {
            char device_hex[KEEPER_DEVICE_BYTES * 2 + 1];
            hex_encode(device, KEEPER_DEVICE_BYTES, device_hex);
            session_cookie(r, r->web->device_cookie, arena_str(request_arena(r), str_of(device_hex)),
                WHOLE_SECONDS, true);
        }
    }
    explicit_bzero(held, sizeof held);
    return code;
}

void session_end(struct request *r)
{
    struct err err = {0};
    session_look_up(r);
    if (!r->signed_in)
        return;
    store_write(node_store(r->web->node), remove_row, r->session_hash, &err);
    if (!r->account.own_key) {
        struct keeper *keeper = node_keeper(r->web->node, &err);
        if (keeper)
            keeper_lock(keeper, &r->keeper_session, &err);
    }
    session_cookie(r, r->web->session_cookie, STR(""), 0, true);
    r->signed_in = false;
    explicit_bzero(&r->keeper_session, sizeof r->keeper_session);
}

static int remove_others(void *ctx, struct sql *db, struct err *err)
{
    struct request *r = ctx;
    struct sql_cursor *c = sql_open(db, &web_session_remove_others);
    sql_blob(c, 1, r->account.key.b, 32);
    sql_blob(c, 2, r->session_hash, 32);
    return sql_done(c, err);
}

int session_end_others(struct request *r, struct err *err)
{
    return store_write(node_store(r->web->node), remove_others, r, err);
}

int session_remove_all(struct sql *db, const struct pubkey *key, struct err *err)
{
    struct sql_cursor *c = sql_open(db, &web_session_remove_all);
    sql_blob(c, 1, key->b, sizeof key->b);
    return sql_done(c, err);
}

int64_t session_count(struct request *r)
{
    struct err err = {0};
    int64_t n = 0;
    if (!request_read(r))
        return 0;
    struct sql_cursor *c = sql_open(store_read_sql(r->read), &web_session_count);
    sql_blob(c, 1, r->account.key.b, 32);
    sql_int(c, 2, request_now(r));
    if (sql_step(c, &err) == 1)
        n = sql_col_int(c, 0);
    sql_close(c, &err);
    return n;
}

static int sweep(void *ctx, struct sql *db, struct err *err)
{
    struct sql_cursor *c = sql_open(db, &web_session_sweep);
    sql_int(c, 1, *(const int64_t *)ctx);
    return sql_done(c, err);
}

int session_sweep(struct web *web, struct err *err)
{
    int64_t now = clock_now(&web->clock);
    return store_write(node_store(web->node), sweep, &now, err);
}

/* ---- the server's secret */

static int load_secret(void *ctx, struct sql *db, struct err *err)
{
    struct web *web = ctx;
    struct sql_cursor *c = sql_open(db, &web_secret_get);
    sql_text(c, 1, STR("forms"));
    int step = sql_step(c, err);
    bool found = step == 1 && sql_col_blob(c, 0).n == sizeof web->secret;
    if (found)
        memcpy(web->secret, sql_col_blob(c, 0).p, sizeof web->secret);
    int code = sql_close(c, err);
    if (code || step < 0 || found)
        return code ? code : step < 0 ? step : 0;
    web->rng.fill(web->rng.ctx, web->secret, sizeof web->secret);
    c = sql_open(db, &web_secret_put);
    sql_text(c, 1, STR("forms"));
    sql_blob(c, 2, web->secret, sizeof web->secret);
    return sql_done(c, err);
}

int session_secret(struct web *web, struct err *err)
{
    return store_write(node_store(web->node), load_secret, web, err);
}
