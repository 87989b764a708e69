/* marks.c: how one thing was rated, by whom, and how everybody's ratings are spread. */
#include "rating/apply.h"

#include "base/utf8.h"

/* 0: nobody ever spoke of it. */
static int64_t subject_of(struct sql *db, struct str coordinate, struct err *err)
{
    struct apply a = {.db = db, .err = err};
    return rating__subject(&a, coordinate, false);
}

static void read_mark(
    struct sql *db, struct arena *arena, struct sql_cursor *c, struct rating_mark_shown *out)
{
    *out = (struct rating_mark_shown){.dimension = arena_str(arena, sql_col_text(c, 1)),
        .value = (uint16_t)sql_col_int(c, 2),
        .created_at = sql_col_int(c, 3),
        .reason = STR(""),
        .behind = sql_col_int(c, 5) & MARK_BEHIND};
    store_actor_key(db, sql_col_int(c, 0), &out->rater);
    struct str revision = sql_col_blob(c, 4);
    if (revision.n == sizeof out->revision.b)
        memcpy(out->revision.b, revision.p, revision.n);
}

/* The one sentence of a rating's record; a reaction has none. */
static int read_reason(
    struct store_read *read, struct arena *arena, uint64_t seq, struct str *out, struct err *err)
{
    struct store_found f;
    int rc = store_get_seq(read, arena, seq, &f, err);
    if (!rc && f.record.kind == KIND_RATING)
        *out = utf8_cut(f.record.content, RATING_MAX_REASON);
    return rc == ERR_GONE || rc == ERR_NOT_FOUND ? 0 : rc;
}

int rating_marks_of(struct store_read *read, struct arena *arena, struct str coordinate, size_t max,
    struct rating_mark_shown **out, size_t *n, struct err *err)
{
    enum { most = 10000 };
    struct sql *db = store_read_sql(read);
    max = max < most ? max : most;
    *n = 0;
    *out = ARENA_ARRAY(arena, struct rating_mark_shown, max + 1);
    if (!*out)
        return err_set(err, ERR_MEMORY, "the ratings do not fit");
    int64_t subject = subject_of(db, coordinate, err);
    if (subject <= 0)
        return (int)subject;
    struct sql_cursor *c = sql_open(db, &rating_marks_shown);
    sql_int(c, 1, subject);
    sql_int(c, 2, (int64_t)max);
    int step, rc = 0;
    while (!rc && (step = sql_step(c, err)) == 1 && *n < max) {
        struct rating_mark_shown *mark = &(*out)[(*n)++];
        read_mark(db, arena, c, mark);
        rc = read_reason(read, arena, (uint64_t)sql_col_int(c, 6), &mark->reason, err);
    }
    int closed = sql_close(c, err);
    return rc ? rc : closed;
}

/* One rater's marks on a subject, at most the dimensions there are. */
static int add_marks_by(struct store_read *read, struct arena *arena, int64_t subject, int64_t rater,
    struct buf *marks, struct err *err)
{
    struct sql *db = store_read_sql(read);
    struct sql_cursor *c = sql_open(db, &rating_marks_shown_by);
    sql_int(c, 1, subject);
    sql_int(c, 2, rater);
    int step, rc = 0;
    while (!rc && (step = sql_step(c, err)) == 1) {
        struct rating_mark_shown mark;
        read_mark(db, arena, c, &mark);
        rc = read_reason(read, arena, (uint64_t)sql_col_int(c, 6), &mark.reason, err);
        buf_add(marks, &mark, sizeof mark);
    }
    int closed = sql_close(c, err);
    return rc ? rc : closed;
}

int rating_marks_by(struct store_read *read, struct arena *arena, struct str coordinate,
    const struct pubkey *raters, size_t rater_count, struct rating_mark_shown **out, size_t *n,
    struct err *err)
{
    _cleanup_buf_ struct buf marks = BUF_INIT;
    struct sql *db = store_read_sql(read);
    int64_t subject = subject_of(db, coordinate, err);
    *n = 0;
    *out = NULL;
    if (subject <= 0)
        return (int)subject;
    for (size_t i = 0; i < rater_count; i++) {
        int64_t rater = store_actor(db, &raters[i], err);
        int rc = rater > 0 ? add_marks_by(read, arena, subject, rater, &marks, err) : (int)rater;
        if (rc)
            return rc;
    }
    *n = marks.n / sizeof(struct rating_mark_shown);
    *out = ARENA_ARRAY(arena, struct rating_mark_shown, *n + 1);
    if (!*out)
        return err_set(err, ERR_MEMORY, "the ratings do not fit");
    if (*n)
        memcpy(*out, marks.p, marks.n);
    return 0;
}

int rating_spreads(struct store_read *read, struct arena *arena, struct str coordinate,
    struct rating_spread **out, size_t *n, struct err *err)
{
    enum { most = 256 };
    struct sql *db = store_read_sql(read);
    *n = 0;
    *out = ARENA_ARRAY(arena, struct rating_spread, most);
    if (!*out)
        return err_set(err, ERR_MEMORY, "the ratings do not fit");
    int64_t subject = subject_of(db, coordinate, err);
    if (subject <= 0)
        return (int)subject;
    struct sql_cursor *c = sql_open(db, &rating_marks_spread);
    sql_int(c, 1, subject);
    int step;
    while ((step = sql_step(c, err)) == 1) {
        struct str dimension = sql_col_text(c, 0);
        if (!*n || !str_eq((*out)[*n - 1].dimension, dimension)) {
            if (*n == most)
                break;
            (*out)[(*n)++].dimension = arena_str(arena, dimension);
        }
        struct rating_spread *spread = &(*out)[*n - 1];
        uint32_t count = (uint32_t)sql_col_int(c, 3);
        if (sql_col_int(c, 2))
            spread->behind += count;
        else
            spread->steps[sql_col_int(c, 1)] += count;
    }
    return sql_close(c, err);
}
