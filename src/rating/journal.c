/* journal.c: tells the columns which marks and facts have changed.
 *
 * One row for each mark, its last change: what is erased leaves no earlier ones behind. Whoever has fallen
 * back further than the rows that are kept makes the columns anew from rating_mark. */
#include "rating/apply.h"

enum {
    kept = 1 << 20, /* rows */
    trim_every = 1 << 12,
};

int rating__journal(struct apply *a, const struct mark *mark)
{
    struct sql_cursor *c = sql_open(a->db, &rating_journal_put);
    sql_int(c, 1, mark->subject);
    sql_int(c, 2, mark->rater);
    sql_int(c, 3, mark->dimension);
    sql_int(c, 4, mark->value);
    sql_int(c, 5, mark->time);
    sql_int(c, 6, mark->flags);
    int rc = sql_done(c, a->err);
    if (rc)
        return rc;
    int64_t n = sql_last_id(a->db);
    return n % trim_every || n <= kept ? 0 : rating__journal_trim(a->db, n - kept, a->err);
}

int rating__journal_trim(struct sql *db, int64_t n, struct err *err)
{
    struct sql_cursor *c = sql_open(db, &rating_journal_trim);
    sql_int(c, 1, n);
    int rc = sql_done(c, err);
    if (rc)
        return rc;
    c = sql_open(db, &rating_journal_trimmed);
    sql_int(c, 1, n);
    return sql_done(c, err);
}

int rating__journal_subject(struct apply *a, int64_t subject)
{
    int rc = rating__journal(a, &(struct mark){.subject = (uint32_t)subject});
    if (rc)
        return rc;
    int64_t n = sql_last_id(a->db);
    struct sql_cursor *c = sql_open(a->db, &rating_journal_facts);
    sql_int(c, 1, n);
    return sql_done(c, a->err);
}
