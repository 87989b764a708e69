/* leaving.c: keys whose records are being erased: hidden from the first step on, whoever looks.
 *
 * A reader's connection holds the list of its snapshot; hardly ever is there anything in it. Rooms'
 * statements ask by the SQL function store_leaving(actor, created_at). */
#include "store/internal.h"
#include "store_sql.h"

#include <stdlib.h>

struct leaving_key {
    int64_t actor, until;
};

int leaving__load(struct sql *db, struct err *err)
{
    struct leaving *l = sql__leaving(db);
    l->n = 0;
    struct sql_cursor *c = sql_open(db, &store_q_erasure_list);
    int rc;
    while ((rc = sql_step(c, err)) == 1) {
        if (l->n == l->cap) {
            l->cap = l->cap ? 2 * l->cap : 8;
            l->at = realloc(l->at, l->cap * sizeof *l->at);
            if (!l->at)
                abort();
        }
        l->at[l->n++] = (struct leaving_key){sql_col_int(c, 0), sql_col_int(c, 1)};
    }
    int closed = sql_close(c, err);
    return rc < 0 ? rc : closed;
}

static int key_cmp(const void *pa, const void *pb)
{
    const struct leaving_key *a = pa, *b = pb;
    return a->actor < b->actor ? -1 : a->actor > b->actor;
}

bool leaving__holds(const struct leaving *l, int64_t actor, int64_t created_at)
{
    if (!l->n)
        return false;
    struct leaving_key wanted = {.actor = actor};
    const struct leaving_key *k = bsearch(&wanted, l->at, l->n, sizeof *l->at, key_cmp);
    return k && created_at <= k->until;
}

static void answer(sqlite3_context *out, int n, sqlite3_value **args)
{
    sqlite3_result_int(out,
        leaving__holds(sqlite3_user_data(out), sqlite3_value_int64(args[0]), sqlite3_value_int64(args[1])));
}

int leaving__register(sqlite3 *db, struct leaving *l)
{
    return sqlite3_create_function_v2(db, "store_leaving", 2, SQLITE_UTF8, l, answer, NULL, NULL, NULL);
}
