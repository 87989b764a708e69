/* revision.c: the revisions of an article that are known, and whether a rating is of a text that has changed
 * by more than a tenth of its words since.
 *
 * An author can make a rated article's revisions by the thousand, and raters can name each of them. So only
 * the newest revisions are compared with the current one, as many as `most_revisions` and `most_bytes` allow,
 * counted over all that are known: ratings of older ones are behind without a look. What was compared is
 * remembered until the current text changes. */
#include "rating/apply.h"

#include "base/difference.h"

enum {
    most_revisions = 32,
    most_bytes = 384 * 1024, /* of text, the current one's included */
    memory = 16,             /* revisions remembered while an article's marks are gone through */
};

int rating__revision_add(struct apply *a, int64_t subject)
{
    const struct record *r = a->change->record;
    struct sql_cursor *c = sql_open(a->db, &rating_revision_add);
    sql_blob(c, 1, r->id.b, sizeof r->id.b);
    sql_int(c, 2, subject);
    sql_int(c, 3, (int64_t)a->change->seq);
    sql_int(c, 4, r->created_at);
    sql_int(c, 5, (int64_t)r->content.n);
    return sql_done(c, a->err);
}

int rating__revision_remove(struct apply *a)
{
    const struct record *r = a->change->record;
    struct sql_cursor *c = sql_open(a->db, &rating_revision_remove);
    sql_blob(c, 1, r->id.b, sizeof r->id.b);
    return sql_done(c, a->err);
}

int rating__revision_first(struct apply *a, int64_t subject, int64_t *out)
{
    struct sql_cursor *c = sql_open(a->db, &rating_revision_first);
    sql_int(c, 1, subject);
    int step = sql_step(c, a->err);
    *out = step == 1 && !sql_col_null(c, 0) ? sql_col_int(c, 0) : INT64_MAX;
    int rc = sql_close(c, a->err);
    return step < 0 ? step : rc;
}

/* Runs a cursor to its first row. found: an id in the first column. */
static int first_id(struct apply *a, struct sql_cursor *c, int column, struct record_id *out, bool *found)
{
    int step = sql_step(c, a->err);
    *found = step == 1 && sql_col_blob(c, column).n == sizeof out->b;
    if (*found)
        memcpy(out->b, sql_col_blob(c, column).p, sizeof out->b);
    int rc = sql_close(c, a->err);
    return step < 0 ? step : rc;
}

static int current_of(struct apply *a, int64_t subject, struct record_id *out, bool *found)
{
    struct sql_cursor *c = sql_open(a->db, &rating_subject_get);
    sql_int(c, 1, subject);
    return first_id(a, c, 1, out, found);
}

static int revision_at(struct apply *a, int64_t subject, int64_t time, struct record_id *out, bool *found)
{
    struct sql_cursor *c = sql_open(a->db, &rating_revision_at);
    sql_int(c, 1, subject);
    sql_int(c, 2, time);
    return first_id(a, c, 0, out, found);
}

static int seq_of(struct apply *a, int64_t subject, const struct record_id *id, int64_t *out)
{
    struct sql_cursor *c = sql_open(a->db, &rating_revision_get);
    sql_blob(c, 1, id->b, sizeof id->b);
    sql_int(c, 2, subject);
    int step = sql_step(c, a->err);
    *out = step == 1 ? sql_col_int(c, 0) : 0;
    int rc = sql_close(c, a->err);
    return step < 0 ? step : rc;
}

/* Is it among the newest? */
static int is_recent(struct apply *a, int64_t subject, const struct record_id *id, bool *out)
{
    struct sql_cursor *c = sql_open(a->db, &rating_revision_newest);
    sql_int(c, 1, subject);
    sql_int(c, 2, most_revisions);
    int64_t bytes = 0;
    int step;
    *out = false;
    while (!*out && (step = sql_step(c, a->err)) == 1) {
        bytes += sql_col_int(c, 1);
        if (bytes > most_bytes)
            break;
        struct str found = sql_col_blob(c, 0);
        *out = found.n == sizeof id->b && !memcmp(found.p, id->b, found.n);
    }
    return sql_close(c, a->err);
}

static int read_text(struct apply *a, struct arena *arena, int64_t seq, struct str out[3])
{
    struct record r;
    int rc = store_record_at(a->db, arena, (uint64_t)seq, &r, a->err);
    if (rc)
        return rc;
    const struct store_text_source *source = rating__texts_of(a, r.kind);
    struct store_text text = {0};
    if (!source || source->extract(arena, &r, &text) < 0)
        return ERR_NOT_FOUND;
    out[0] = text.title;
    out[1] = text.summary;
    out[2] = text.body;
    return 0;
}

static int compare(struct apply *a, int64_t subject, const struct record_id *id,
    const struct record_id *current, bool *behind)
{
    int64_t seqs[2];
    int rc = seq_of(a, subject, id, &seqs[0]);
    if (!rc)
        rc = seq_of(a, subject, current, &seqs[1]);
    if (rc)
        return rc;
    _cleanup_arena_ struct arena *arena = arena_create(0);
    struct str texts[2][3];
    *behind = true;
    for (int i = 0; i < 2; i++) {
        rc = seqs[i] ? read_text(a, arena, seqs[i], texts[i]) : ERR_NOT_FOUND;
        if (rc)
            return rc == ERR_NOT_FOUND ? 0 : rc;
    }
    *behind = text_changed_by_tenth(texts[0], texts[1], 3);
    return 0;
}

static int remembered(struct apply *a, const struct record_id *id, const struct record_id *current, int *out)
{
    struct sql_cursor *c = sql_open(a->db, &rating_compared_get);
    sql_blob(c, 1, id->b, sizeof id->b);
    sql_blob(c, 2, current->b, sizeof current->b);
    int step = sql_step(c, a->err);
    *out = step == 1 ? (int)sql_col_int(c, 0) : -1;
    int rc = sql_close(c, a->err);
    return step < 0 ? step : rc;
}

static int remember(struct apply *a, int64_t subject, const struct record_id *id,
    const struct record_id *current, bool behind)
{
    struct sql_cursor *c = sql_open(a->db, &rating_compared_put);
    sql_blob(c, 1, id->b, sizeof id->b);
    sql_int(c, 2, subject);
    sql_blob(c, 3, current->b, sizeof current->b);
    sql_int(c, 4, behind);
    return sql_done(c, a->err);
}

static int revision_behind(
    struct apply *a, int64_t subject, const struct record_id *id, const struct record_id *current, bool *out)
{
    *out = false;
    if (record_id_eq(id, current))
        return 0;
    bool recent;
    int known, rc = is_recent(a, subject, id, &recent);
    if (rc || !recent) {
        *out = true;
        return rc;
    }
    if ((rc = remembered(a, id, current, &known)) || known >= 0) {
        *out = known > 0;
        return rc;
    }
    rc = compare(a, subject, id, current, out);
    return rc ? rc : remember(a, subject, id, current, *out);
}

int rating__behind(struct apply *a, int64_t subject, const struct record_id *named, int64_t time, bool *out)
{
    struct record_id current, id;
    bool found;
    *out = true;
    int rc = current_of(a, subject, &current, &found);
    if (rc || !found)
        return rc;
    if (named)
        id = *named;
    else if ((rc = revision_at(a, subject, time, &id, &found)) || !found)
        return rc;
    return revision_behind(a, subject, &id, &current, out);
}

/* ---- all of an article's marks */

struct settle {
    struct record_id current;
    bool there;
    struct {
        struct record_id id;
        bool behind;
    } memory[memory];
    size_t n;
};

static int settle_one(
    struct apply *a, struct settle *s, int64_t subject, struct str named, int64_t time, bool *out)
{
    struct record_id id;
    *out = true;
    if (!s->there)
        return 0;
    bool found = named.n == sizeof id.b;
    if (found)
        memcpy(id.b, named.p, sizeof id.b);
    else {
        int rc = revision_at(a, subject, time, &id, &found);
        if (rc || !found)
            return rc;
    }
    for (size_t i = 0; i < s->n && i < memory; i++)
        if (record_id_eq(&s->memory[i].id, &id)) {
            *out = s->memory[i].behind;
            return 0;
        }
    int rc = revision_behind(a, subject, &id, &s->current, out);
    s->memory[s->n % memory].id = id;
    s->memory[s->n++ % memory].behind = *out;
    return rc;
}

static int set_flags(struct apply *a, const struct mark *m)
{
    struct sql_cursor *c = sql_open(a->db, &rating_mark_flags);
    sql_int(c, 1, m->subject);
    sql_int(c, 2, m->rater);
    sql_int(c, 3, m->dimension);
    sql_int(c, 4, m->flags);
    int rc = sql_done(c, a->err);
    return rc ? rc : rating__journal(a, m);
}

int rating__settle(struct apply *a, int64_t subject)
{
    struct settle s = {0};
    int rc = current_of(a, subject, &s.current, &s.there);
    if (rc)
        return rc;
    /* Those that change are collected first: a table is not changed while it is read. */
    _cleanup_buf_ struct buf changed = BUF_INIT;
    struct sql_cursor *c = sql_open(a->db, &rating_mark_of_subject);
    sql_int(c, 1, subject);
    int step;
    while ((step = sql_step(c, a->err)) == 1) {
        struct mark m = {.subject = (uint32_t)subject,
            .rater = (uint32_t)sql_col_int(c, 0),
            .dimension = (uint8_t)sql_col_int(c, 1),
            .value = (uint16_t)sql_col_int(c, 2),
            .time = rating__time(sql_col_int(c, 3))};
        unsigned flags = (unsigned)sql_col_int(c, 5);
        bool behind;
        if ((rc = settle_one(a, &s, subject, sql_col_blob(c, 4), sql_col_int(c, 3), &behind)))
            break;
        m.flags = (uint8_t)(behind ? flags | MARK_BEHIND : flags & ~(unsigned)MARK_BEHIND);
        if (m.flags != flags)
            buf_add(&changed, &m, sizeof m);
    }
    int closed = sql_close(c, a->err);
    if (step < 0 || rc || closed)
        return step < 0 ? step : rc ? rc : closed;
    for (size_t at = 0; at < changed.n && !rc; at += sizeof(struct mark))
        rc = set_flags(a, (const struct mark *)(const void *)(changed.p + at));
    return rc;
}
