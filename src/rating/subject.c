/* subject.c: numbers of what is rated or can be, and what rules need to know of articles.
 *
 * What an article is (has a title, in which language, dated when) the texts' source says; topics and lineage
 * are tags. The date is the declared one unless that is later than the earliest revision that is here. */
#include "rating/apply.h"

#include "base/utf8.h"

enum { max_topics = 100, longest_topic = 100 }; /* the same that lists of articles keep */

const struct store_text_source *rating__texts_of(const struct apply *a, uint32_t kind)
{
    for (const struct store_text_source *s = a->texts; s && s->extract; s++)
        if (s->kind == kind)
            return s;
    return NULL;
}

/* ---- numbers */

static int64_t number(
    struct apply *a, const struct sql_statement *get, const struct sql_statement *add, struct str name)
{
    struct sql_cursor *c = sql_open(a->db, get);
    sql_text(c, 1, name);
    int step = sql_step(c, a->err);
    int64_t found = step == 1 ? sql_col_int(c, 0) : 0;
    int rc = sql_close(c, a->err);
    if (step < 0 || rc)
        return step < 0 ? step : rc;
    if (found || !add)
        return found;
    c = sql_open(a->db, add);
    sql_text(c, 1, name);
    if ((rc = sql_done(c, a->err)))
        return rc;
    found = sql_last_id(a->db);
    return found <= UINT32_MAX ? found : err_set(a->err, ERR_LIMIT, "there are no numbers left for subjects");
}

int64_t rating__subject(struct apply *a, struct str coordinate, bool create)
{
    return number(a, &rating_subject_number, create ? &rating_subject_number_add : NULL, coordinate);
}

int rating__subject_forget(struct apply *a, int64_t subject)
{
    struct sql_cursor *c = sql_open(a->db, &rating_subject_number_forget);
    sql_int(c, 1, subject);
    return sql_done(c, a->err);
}

/* ---- topics */

static int remove_topics(struct apply *a, int64_t subject)
{
    struct sql_cursor *c = sql_open(a->db, &rating_topic_remove);
    sql_int(c, 1, subject);
    return sql_done(c, a->err);
}

static int add_topics(struct apply *a, int64_t subject)
{
    const struct record *r = a->change->record;
    size_t n = 0;
    for (size_t i = 0; i < r->tag_count && n < max_topics; i++) {
        const struct tag *t = &r->tags[i];
        if (t->n < 2 || !str_eqz(t->v[0], "t"))
            continue;
        n++;
        struct str name = rating__topic_name(a->arena, t->v[1]);
        if (!name.n || name.n > longest_topic || memchr(name.p, 0, name.n))
            continue;
        int64_t topic = number(a, &rating_topic_number, &rating_topic_number_add, name);
        if (topic < 0)
            return (int)topic;
        struct sql_cursor *c = sql_open(a->db, &rating_topic_add);
        sql_int(c, 1, subject);
        sql_int(c, 2, topic);
        int rc = sql_done(c, a->err);
        if (rc)
            return rc;
    }
    return 0;
}

/* ---- facts */

struct facts {
    bool there;
    int64_t seq, declared, date;
};

static int get_facts(struct apply *a, int64_t subject, struct facts *out)
{
    *out = (struct facts){0};
    struct sql_cursor *c = sql_open(a->db, &rating_subject_get);
    sql_int(c, 1, subject);
    int step = sql_step(c, a->err);
    if (step == 1)
        *out = (struct facts){.there = true,
            .seq = sql_col_int(c, 0),
            .declared = sql_col_int(c, 2),
            .date = sql_col_int(c, 3)};
    int rc = sql_close(c, a->err);
    return step < 0 ? step : rc;
}

static int64_t date_of(int64_t declared, int64_t first)
{
    return declared != 0 && declared <= first ? declared : first;
}

/* The work it is a version of: the lineage's origin where it is named, else what it was made from. */
static struct str origin_of(const struct record *r)
{
    struct str fork = {NULL, 0};
    for (size_t i = 0; i < r->tag_count; i++) {
        const struct tag *t = &r->tags[i];
        struct address address;
        if (t->n < 2 || t->v[0].n != 1 || (t->v[0].p[0] | 32) != 'a' || !address_parse(t->v[1], &address) ||
            address.kind != r->kind)
            continue;
        if (t->v[0].p[0] == 'A')
            return t->v[1];
        if (!fork.p && t->n > 3 && str_eqz(t->v[3], "fork"))
            fork = t->v[1];
    }
    return fork;
}

static int put_facts(struct apply *a, int64_t subject, const struct store_text *text)
{
    const struct record *r = a->change->record;
    int64_t first, author = store_actor(a->db, &r->pubkey, a->err), lineage = subject;
    struct str origin = origin_of(r);
    if (author > 0 && origin.p)
        lineage = rating__subject(a, origin, true);
    if (author <= 0 || lineage < 0)
        return author < 0 ? (int)author : lineage < 0 ? (int)lineage : ERR_INTERNAL;
    int rc = rating__revision_first(a, subject, &first);
    if (rc)
        return rc;
    struct sql_cursor *c = sql_open(a->db, &rating_subject_put);
    sql_int(c, 1, subject);
    sql_int(c, 2, (int64_t)a->change->seq);
    sql_blob(c, 3, r->id.b, sizeof r->id.b);
    sql_int(c, 4, text->date);
    sql_int(c, 5, date_of(text->date, first));
    sql_int(c, 6, author);
    sql_int(c, 7, lineage);
    sql_text(c, 8, rating__language_name(a->arena, text->language));
    if ((rc = sql_done(c, a->err)) || (rc = remove_topics(a, subject)) || (rc = add_topics(a, subject)))
        return rc;
    return rating__journal_subject(a, subject);
}

static int remove_facts(struct apply *a, int64_t subject)
{
    struct sql_cursor *c = sql_open(a->db, &rating_subject_remove);
    sql_int(c, 1, subject);
    int rc = sql_done(c, a->err);
    if (!rc)
        rc = remove_topics(a, subject);
    return rc ? rc : rating__journal_subject(a, subject);
}

/* Revisions came or went beside the current one. */
static int redate(struct apply *a, int64_t subject, const struct facts *facts)
{
    int64_t first;
    int rc = facts->there ? rating__revision_first(a, subject, &first) : 0;
    if (rc || !facts->there || date_of(facts->declared, first) == facts->date)
        return rc;
    struct sql_cursor *c = sql_open(a->db, &rating_subject_redate);
    sql_int(c, 1, subject);
    sql_int(c, 2, date_of(facts->declared, first));
    rc = sql_done(c, a->err);
    return rc ? rc : rating__journal_subject(a, subject);
}

/* After an erasure: what was kept of this record's words, unless somebody else uses them. */
static int forget(struct apply *a, int64_t subject)
{
    const struct record *r = a->change->record;
    struct str origin = origin_of(r);
    struct sql_cursor *c = sql_open(a->db, &rating_compared_remove);
    sql_int(c, 1, subject);
    int rc = sql_done(c, a->err);
    for (size_t i = 0; i < r->tag_count && !rc; i++) {
        const struct tag *t = &r->tags[i];
        if (t->n < 2 || !str_eqz(t->v[0], "t"))
            continue;
        c = sql_open(a->db, &rating_topic_number_forget);
        sql_text(c, 1, rating__topic_name(a->arena, t->v[1]));
        rc = sql_done(c, a->err);
    }
    int64_t lineage = !rc && origin.p ? rating__subject(a, origin, false) : 0;
    if (!rc && lineage)
        rc = lineage < 0 ? (int)lineage : rating__subject_forget(a, lineage);
    return rc ? rc : rating__subject_forget(a, subject);
}

static int remove_article(struct apply *a, int64_t subject, const struct facts *facts)
{
    int rc = rating__revision_remove(a);
    if (!rc && facts->there && facts->seq == (int64_t)a->change->seq)
        rc = remove_facts(a, subject);
    else if (!rc)
        rc = redate(a, subject, facts);
    if (!rc)
        rc = rating__settle(a, subject);
    return rc || !a->change->erased ? rc : forget(a, subject);
}

int rating__apply_article(struct apply *a)
{
    const struct store_change *change = a->change;
    const struct store_text_source *source = rating__texts_of(a, change->record->kind);
    struct store_text text = {.no_body = true};
    struct facts facts = {0};
    _cleanup_buf_ struct buf coordinate = BUF_INIT;
    if (change->type == STORE_SUPERSEDED && change->was_current)
        return 0; /* its successor follows */
    bool is_article = source->extract(a->arena, change->record, &text) >= 0 && text.title.n;
    if (!is_article && change->type == STORE_SUPERSEDED)
        return 0;
    record_address(change->record, &coordinate);
    bool leaves = change->type == STORE_REMOVED || change->type == STORE_FORGOTTEN;
    int64_t subject = rating__subject(a, buf_str(&coordinate), is_article && !leaves);
    if (subject <= 0)
        return (int)subject;
    if (change->type == STORE_FORGOTTEN)
        return forget(a, subject);
    int rc = get_facts(a, subject, &facts);
    if (rc)
        return rc;
    if (change->type == STORE_REMOVED)
        return remove_article(a, subject, &facts);
    if (!is_article)
        rc = facts.there ? remove_facts(a, subject) : 0;
    else if (!(rc = rating__revision_add(a, subject)))
        rc = change->type == STORE_ADDED ? put_facts(a, subject, &text) : redate(a, subject, &facts);
    return rc ? rc : rating__settle(a, subject);
}
