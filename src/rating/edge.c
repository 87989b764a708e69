/* edge.c: published trust (kind 30000, sets "widenet.trust…") and filters that stand (34701). */
#include "rating/apply.h"

#include "base/utf8.h"

enum { longest_petname = 100, longest_name = 200 };

static int remove_by_seq(struct apply *a, const struct sql_statement *statement)
{
    struct sql_cursor *c = sql_open(a->db, statement);
    sql_int(c, 1, (int64_t)a->change->seq);
    return sql_done(c, a->err);
}

int rating__apply_trust(struct apply *a)
{
    const struct record *r = a->change->record;
    if (!rating__is_trust(r) || (a->change->type == STORE_SUPERSEDED && !a->change->was_current))
        return 0;
    int rc = sql_done(sql_open(a->db, &rating_trust_changed), a->err);
    if (rc || a->change->type != STORE_ADDED)
        return rc ? rc : remove_by_seq(a, &rating_edge_remove);
    int64_t truster = store_actor(a->db, &r->pubkey, a->err);
    if (truster <= 0)
        return truster < 0 ? (int)truster : ERR_INTERNAL;
    struct trust_entry entry;
    for (size_t at = 0; rating__trust_next(r, &at, &entry);) {
        int64_t target = store_actor(a->db, &entry.key, a->err);
        if (target <= 0)
            return target < 0 ? (int)target : ERR_INTERNAL;
        struct sql_cursor *c = sql_open(a->db, &rating_edge_add);
        sql_int(c, 1, (int64_t)a->change->seq);
        sql_int(c, 2, truster);
        sql_int(c, 3, target);
        sql_int(c, 4, (int64_t)entry.weight);
        sql_text(c, 5, utf8_cut(entry.petname, longest_petname));
        if ((rc = sql_done(c, a->err)))
            return rc;
    }
    return 0;
}

/* What it was copied from, a tag as an article's: ["a", coordinate, hint, "fork"]. */
static struct str origin_of(const struct record *r)
{
    for (size_t i = 0; i < r->tag_count; i++) {
        const struct tag *t = &r->tags[i];
        struct address address;
        if (t->n > 3 && str_eqz(t->v[0], "a") && str_eqz(t->v[3], "fork") &&
            address_parse(t->v[1], &address) && address.kind == KIND_FILTER)
            return t->v[1];
    }
    return STR("");
}

int rating__apply_filter(struct apply *a)
{
    const struct record *r = a->change->record;
    if (!record_tag(r, "d") || (a->change->type == STORE_SUPERSEDED && !a->change->was_current))
        return 0;
    if (a->change->type != STORE_ADDED)
        return remove_by_seq(a, &rating_filter_remove);
    int64_t author = store_actor(a->db, &r->pubkey, a->err);
    if (author <= 0)
        return author < 0 ? (int)author : ERR_INTERNAL;
    struct str name = record_tag_value(r, "name");
    struct sql_cursor *c = sql_open(a->db, &rating_filter_add);
    sql_int(c, 1, (int64_t)a->change->seq);
    sql_int(c, 2, author);
    sql_text(c, 3, record_d(r));
    sql_text(c, 4, name.p ? utf8_cut(name, longest_name) : STR(""));
    sql_text(c, 5, origin_of(r));
    return sql_done(c, a->err);
}
