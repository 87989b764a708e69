/* actor.c: small permanent numbers for keys, with a memory of those used last on each connection. */
#include "store/internal.h"
#include "store_sql.h"

#include <stdlib.h>

#define SLOTS 4096

struct actor_cache {
    struct {
        struct pubkey key;
        int64_t actor; /* 0: empty */
    } slots[SLOTS];
};

void actor__destroy(struct actor_cache *c)
{
    free(c);
}

void actor__forget(struct sql *db)
{
    struct actor_cache **c = sql__actors(db);
    free(*c);
    *c = NULL;
}

int64_t store_actor(struct sql *db, const struct pubkey *key, struct err *err)
{
    struct actor_cache **cache = sql__actors(db);
    if (!*cache && !(*cache = calloc(1, sizeof **cache)))
        abort();
    size_t at = (key->b[0] | (size_t)key->b[1] << 8) % SLOTS;
    if ((*cache)->slots[at].actor && pubkey_eq(&(*cache)->slots[at].key, key))
        return (*cache)->slots[at].actor;
    struct sql_cursor *c = sql_open(db, &store_q_actor_number);
    sql_blob(c, 1, key->b, sizeof key->b);
    int rc = sql_step(c, err);
    int64_t actor = rc == 1 ? sql_col_int(c, 0) : 0;
    sql_close(c, NULL);
    if (rc < 0)
        return rc;
    if (!actor) {
        if (!sql__writable(db))
            return 0;
        c = sql_open(db, &store_q_actor_add);
        sql_blob(c, 1, key->b, sizeof key->b);
        if ((rc = sql_done(c, err)) < 0)
            return rc;
        actor = sql_last_id(db);
    }
    (*cache)->slots[at].key = *key;
    (*cache)->slots[at].actor = actor;
    return actor;
}

bool store_actor_key(struct sql *db, int64_t actor, struct pubkey *out)
{
    struct sql_cursor *c = sql_open(db, &store_q_actor_key);
    sql_int(c, 1, actor);
    bool found = sql_step(c, NULL) == 1;
    if (found) {
        struct str key = sql_col_blob(c, 0);
        found = key.n == sizeof out->b;
        if (found)
            memcpy(out->b, key.p, sizeof out->b);
    }
    sql_close(c, NULL);
    return found;
}
