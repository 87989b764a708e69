/* standing.c: which of a rater's ratings of one thing in one dimension stands.
 *
 * A rating (34259) stands before a reaction (kind 7), then the newer, then the lower id. The others wait: a
 * record can be one of several by having another d, or by being of kind 7; when the one that stands goes, the
 * best that waits takes its place. So what stands follows from the records that are there, however they came.
 */
#include "rating/apply.h"

struct standing {
    int64_t seq, time;
    struct mark mark;
    bool has_revision;
    struct record_id revision;
};

static int id_at(struct apply *a, int64_t seq, struct record_id *out)
{
    if (seq == (int64_t)a->change->seq) {
        *out = a->change->record->id;
        return 0;
    }
    struct record r;
    int rc = store_record_at(a->db, a->arena, (uint64_t)seq, &r, a->err);
    if (rc == ERR_NOT_FOUND)
        *out = (struct record_id){{0}};
    else if (!rc)
        *out = r.id;
    return rc == ERR_NOT_FOUND ? 0 : rc;
}

static int stands_before(struct apply *a, const struct standing *one, const struct standing *two, bool *out)
{
    unsigned reaction = one->mark.flags & MARK_REACTION, other = two->mark.flags & MARK_REACTION;
    *out = reaction != other ? reaction < other : one->time > two->time;
    if (reaction != other || one->time != two->time)
        return 0;
    struct record_id ids[2];
    int rc = id_at(a, one->seq, &ids[0]);
    if (!rc)
        rc = id_at(a, two->seq, &ids[1]);
    *out = memcmp(ids[0].b, ids[1].b, sizeof ids[0].b) < 0;
    return rc;
}

/* Columns seq, value, time, revision, flags from `first` on. */
static void read_columns(struct sql_cursor *c, struct standing *out)
{
    out->seq = sql_col_int(c, 0);
    out->mark.value = (uint16_t)sql_col_int(c, 1);
    out->time = sql_col_int(c, 2);
    out->mark.time = rating__time(out->time);
    struct str revision = sql_col_blob(c, 3);
    out->has_revision = revision.n == sizeof out->revision.b;
    if (out->has_revision)
        memcpy(out->revision.b, revision.p, revision.n);
    out->mark.flags = (uint8_t)sql_col_int(c, 4);
}

static void bind_key(struct sql_cursor *c, const struct mark *m)
{
    sql_int(c, 1, m->subject);
    sql_int(c, 2, m->rater);
    sql_int(c, 3, m->dimension);
}

static int put(struct apply *a, const struct sql_statement *statement, const struct standing *s)
{
    struct sql_cursor *c = sql_open(a->db, statement);
    bind_key(c, &s->mark);
    sql_int(c, 4, s->seq);
    sql_int(c, 5, s->mark.value);
    sql_int(c, 6, s->time);
    sql_blob(c, 7, s->has_revision ? s->revision.b : NULL, sizeof s->revision.b);
    sql_int(c, 8, s->mark.flags);
    return sql_done(c, a->err);
}

/* of_text: what is rated has a text that may change. */
static int stand(struct apply *a, struct standing *s, bool of_text)
{
    bool behind = false;
    int rc = of_text
                 ? rating__behind(a, s->mark.subject, s->has_revision ? &s->revision : NULL, s->time, &behind)
                 : 0;
    if (rc)
        return rc;
    s->mark.flags = (uint8_t)((s->mark.flags & MARK_REACTION) | (behind ? MARK_BEHIND : 0));
    rc = put(a, &rating_mark_put, s);
    return rc ? rc : rating__journal(a, &s->mark);
}

static int wait(struct apply *a, struct standing *s)
{
    s->mark.flags &= MARK_REACTION;
    return put(a, &rating_waiting_put, s);
}

static int get_standing(struct apply *a, const struct mark *key, struct standing *out, bool *found)
{
    struct sql_cursor *c = sql_open(a->db, &rating_mark_get);
    bind_key(c, key);
    int step = sql_step(c, a->err);
    *found = step == 1;
    if (*found) {
        out->mark = *key;
        read_columns(c, out);
    }
    int rc = sql_close(c, a->err);
    return step < 0 ? step : rc;
}

static int add(struct apply *a, struct standing *s, bool of_text)
{
    struct standing before = {0};
    bool found, better;
    int rc = get_standing(a, &s->mark, &before, &found);
    if (rc)
        return rc;
    if (!found)
        return stand(a, s, of_text);
    if ((rc = stands_before(a, s, &before, &better)))
        return rc;
    if (!better)
        return wait(a, s);
    rc = wait(a, &before);
    return rc ? rc : stand(a, s, of_text);
}

/* The best of those that wait. */
static int find_next(struct apply *a, const struct mark *key, struct standing *out, bool *found)
{
    struct sql_cursor *c = sql_open(a->db, &rating_waiting_of_mark);
    bind_key(c, key);
    int step, rc = 0;
    *found = false;
    while (!rc && (step = sql_step(c, a->err)) == 1) {
        struct standing next = {.mark = *key};
        bool better = true;
        read_columns(c, &next);
        if (*found && (next.time != out->time || next.mark.flags != out->mark.flags))
            break;
        if (*found)
            rc = stands_before(a, &next, out, &better);
        if (better)
            *out = next;
        *found = true;
    }
    int closed = sql_close(c, a->err);
    return rc ? rc : closed;
}

static int by_seq(struct apply *a, const struct sql_statement *statement, int64_t seq)
{
    struct sql_cursor *c = sql_open(a->db, statement);
    sql_int(c, 1, seq);
    return sql_done(c, a->err);
}

static int take_away(struct apply *a, const struct mark *key, bool of_text)
{
    struct standing s = {0};
    bool found;
    int rc = get_standing(a, key, &s, &found);
    if (rc)
        return rc;
    if (!found || s.seq != (int64_t)a->change->seq)
        return by_seq(a, &rating_waiting_remove, (int64_t)a->change->seq);
    if ((rc = by_seq(a, &rating_mark_remove, s.seq)) || (rc = find_next(a, key, &s, &found)))
        return rc;
    if (!found) {
        struct mark gone = *key;
        gone.flags = MARK_WITHDRAWN | (a->change->erased ? MARK_ERASED : 0);
        return rating__journal(a, &gone);
    }
    rc = by_seq(a, &rating_waiting_remove, s.seq);
    return rc ? rc : stand(a, &s, of_text);
}

int rating__apply_rating(struct apply *a)
{
    const struct store_change *change = a->change;
    const struct record *r = change->record;
    struct rating__read read;
    bool adds = change->type == STORE_ADDED;
    if ((change->type == STORE_SUPERSEDED && !change->was_current) || !rating__read(r, &read))
        return 0;
    _cleanup_buf_ struct buf coordinate = BUF_INIT;
    rating__coordinate(&read.target, &coordinate);
    int64_t subject = rating__subject(a, buf_str(&coordinate), adds), rater = 0;
    if (subject > 0 && (rater = store_actor(a->db, &r->pubkey, a->err)) > UINT32_MAX)
        rater = err_set(a->err, ERR_LIMIT, "there are no numbers left for raters");
    if (subject <= 0 || rater <= 0)
        return subject < 0 ? (int)subject : (int)rater;
    int dimension, rc = rating__dimension(a, read.dimension, adds, &dimension);
    if (rc || dimension < 0)
        return rc;
    bool of_text = read.target.type == RATING_OF_ADDRESS && rating__texts_of(a, read.target.address.kind);
    struct standing s = {.seq = (int64_t)change->seq,
        .time = r->created_at,
        .mark = {.subject = (uint32_t)subject,
            .rater = (uint32_t)rater,
            .time = rating__time(r->created_at),
            .value = read.value,
            .dimension = (uint8_t)dimension,
            .flags = read.reaction ? MARK_REACTION : 0},
        .has_revision = read.has_revision,
        .revision = read.target.revision};
    if (adds)
        return add(a, &s, of_text);
    if (change->was_current)
        rc = take_away(a, &s.mark, of_text);
    if (!rc && change->erased)
        rc = rating__dimension_forget(a, dimension);
    return rc || !change->erased ? rc : rating__subject_forget(a, subject);
}
