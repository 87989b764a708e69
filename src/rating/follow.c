/* follow.c: the tables, and then the journal's rows, made into views.
 *
 * A mark lies in its rater's column under its subject's date, as the view's facts have it. So facts are taken
 * in before marks; and where a date changes, the marks that are there move: gone at the old date, and there
 * again at the new one. */
#include "rating/index.h"

#include "rating.sql.h"
#include "rating/private.h"

#include <stdio.h>
#include <stdlib.h>

enum { batch_rows = 20000, look_every = 64 * 1024 };

int rating__journal_state(struct sql *db, struct journal_state *out, struct err *err)
{
    *out = (struct journal_state){0};
    struct sql_cursor *c = sql_open(db, &rating_journal_state);
    int step = sql_step(c, err);
    if (step == 1)
        *out = (struct journal_state){(uint64_t)sql_col_int(c, 0), (uint64_t)sql_col_int(c, 1),
            (uint64_t)sql_col_int(c, 2), (uint64_t)sql_col_int(c, 3)};
    int rc = sql_close(c, err);
    return step < 0 ? step : rc;
}

void rating__path(const struct rating_index *index, const char *name, char out[4200])
{
    snprintf(out, 4200, "%s/%s", index->directory, name);
}

void rating__file_name(struct rating_index *index, const char *sort, char out[32])
{
    snprintf(out, 32, "%s-%012lx", sort, (unsigned long)++index->file_number);
}

/* ---- facts from the tables */

static struct subject_facts facts_from(struct sql_cursor *c, int column)
{
    return (struct subject_facts){.date = sql_col_int(c, column),
        .author = (uint32_t)sql_col_int(c, column + 1),
        .lineage = (uint32_t)sql_col_int(c, column + 2),
        .language = rating__language(sql_col_text(c, column + 3)),
        .kind_class = 1,
        .flags = SUBJECT_HERE};
}

static int load_facts(struct sql *db, struct view *v, struct err *err)
{
    _cleanup_buf_ struct buf list = BUF_INIT;
    struct sql_cursor *c = sql_open(db, &rating_all_facts), *t = sql_open(db, &rating_all_topics);
    int topic = sql_step(t, err), step = 0;
    while (topic >= 0 && (step = sql_step(c, err)) == 1) {
        int64_t subject = sql_col_int(c, 0);
        struct subject_facts facts = facts_from(c, 1);
        buf_clear(&list);
        for (; topic == 1 && sql_col_int(t, 0) <= subject; topic = sql_step(t, err))
            if (sql_col_int(t, 0) == subject)
                buf_add(&list, &(uint32_t){(uint32_t)sql_col_int(t, 1)}, sizeof(uint32_t));
        rating__view_set_facts(
            v, (uint32_t)subject, &facts, (const uint32_t *)(const void *)list.p, list.n / sizeof(uint32_t));
    }
    int rc = sql_close(c, err), other = sql_close(t, err);
    return topic < 0 ? topic : step < 0 ? step : rc ? rc : other;
}

static int read_facts(
    struct sql *db, uint32_t subject, struct subject_facts *out, struct buf *topics, struct err *err)
{
    *out = (struct subject_facts){0};
    buf_clear(topics);
    struct sql_cursor *c = sql_open(db, &rating_source_facts);
    sql_int(c, 1, subject);
    int step = sql_step(c, err);
    if (step == 1)
        *out = facts_from(c, 0);
    int rc = sql_close(c, err);
    if (step <= 0 || rc)
        return step < 0 ? step : rc;
    c = sql_open(db, &rating_source_topics);
    sql_int(c, 1, subject);
    while ((step = sql_step(c, err)) == 1)
        buf_add(topics, &(uint32_t){(uint32_t)sql_col_int(c, 0)}, sizeof(uint32_t));
    rc = sql_close(c, err);
    return step < 0 ? step : rc;
}

/* ---- all of it */

struct builder {
    struct rating_index *index;
    uint32_t *dates;
    size_t date_count;
    struct mark *rows;
    size_t n, room;
    struct run *runs[INDEX_MOST_RUNS];
    size_t run_count;
};

static int merge_all(struct builder *b, struct err *err)
{
    char name[32], path[4200];
    struct run *whole;
    rating__file_name(b->index, "run", name);
    rating__path(b->index, name, path);
    int rc = rating__run_merge(b->runs, b->run_count, true, path, &whole, err);
    if (rc)
        return rc;
    for (size_t i = 0; i < b->run_count; i++)
        rating__run_free(b->runs[i]);
    b->runs[0] = whole;
    b->run_count = 1;
    return 0;
}

static int build_run(struct builder *b, struct err *err)
{
    char name[32], path[4200];
    if (!b->n)
        return 0;
    rating__file_name(b->index, "run", name);
    rating__path(b->index, name, path);
    int rc = rating__run_build(b->rows, b->n, b->dates, b->date_count, path, &b->runs[b->run_count], err);
    if (rc)
        return rc;
    b->run_count++;
    b->n = 0;
    return b->run_count < INDEX_MOST_RUNS / 2 ? 0 : merge_all(b, err);
}

/* Many ratings take their time: who closes the index does not wait for them. */
static bool is_stopping(struct rating_index *index)
{
    pthread_mutex_lock(&index->mutex);
    bool stop = index->stop;
    pthread_mutex_unlock(&index->mutex);
    return stop;
}

static int add_row(struct builder *b, const struct mark *m, struct err *err)
{
    if (b->n == b->room) {
        int rc = b->room >= INDEX_BUILD_ROWS ? build_run(b, err) : 0;
        if (rc)
            return rc;
        if (b->room < INDEX_BUILD_ROWS) {
            b->room = b->room ? 2 * b->room : 64 * 1024;
            struct mark *more = realloc(b->rows, b->room * sizeof *more);
            if (!more)
                return err_set(err, ERR_MEMORY, "no memory for the rating index");
            b->rows = more;
        }
    }
    b->rows[b->n++] = *m;
    return b->n % look_every || !is_stopping(b->index) ? 0 : err_set(err, ERR_CLOSED, "the index is closing");
}

static int load_marks(struct builder *b, struct sql *db, struct err *err)
{
    struct sql_cursor *c = sql_open(db, &rating_all_marks);
    int step, rc = 0;
    while (!rc && (step = sql_step(c, err)) == 1) {
        struct mark m = {.subject = (uint32_t)sql_col_int(c, 0),
            .rater = (uint32_t)sql_col_int(c, 1),
            .dimension = (uint8_t)sql_col_int(c, 2),
            .value = (uint16_t)sql_col_int(c, 3),
            .time = rating__time(sql_col_int(c, 4)),
            .flags = (uint8_t)sql_col_int(c, 5)};
        rc = add_row(b, &m, err);
    }
    int closed = sql_close(c, err);
    if (!rc)
        rc = closed;
    if (!rc)
        rc = build_run(b, err);
    return rc || b->run_count < 2 ? rc : merge_all(b, err);
}

static void dates_of(const struct view *v, struct builder *b)
{
    b->date_count = v->page_count * INDEX_PAGE;
    b->dates = calloc(b->date_count + 1, sizeof *b->dates);
    if (!b->dates)
        abort();
    for (size_t i = 0; i < b->date_count; i++)
        b->dates[i] = rating__index_date(rating__view_facts(v, (uint32_t)i));
}

static int write_manifest(struct rating_index *index, const struct view *v, struct err *err)
{
    struct manifest m = {.epoch = index->epoch, .n = v->n, .seq = v->seq, .facts = v->facts};
    for (size_t i = 0; i < v->run_count; i++) {
        memcpy(m.runs[i].name, v->runs[i]->name, sizeof m.runs[i].name);
        m.runs[i].checksum = v->runs[i]->checksum;
    }
    m.run_count = v->run_count;
    rating__file_name(index, "facts", m.facts_file);
    int rc = rating__facts_write(index->directory, v, &m, err);
    if (!rc)
        rc = rating__manifest_write(index->directory, &m, err);
    if (!rc)
        index->manifest = m;
    return rc;
}

int rating__index_make(struct rating_index *index, struct store_read *read, struct err *err)
{
    struct sql *db = store_read_sql(read);
    struct journal_state at;
    struct builder b = {.index = index};
    rating__view_publish(index, NULL);
    index->generation++;
    rating__files_sweep(index->directory, NULL);
    int rc = rating__journal_state(db, &at, err);
    if (rc)
        return rc;
    struct view *v = rating__view_copy(NULL);
    v->n = at.last;
    v->epoch = at.epoch;
    v->facts = at.facts;
    v->seq = store_read_seq(read);
    rc = load_facts(db, v, err);
    rating__view_date_all(v);
    dates_of(v, &b);
    if (!rc)
        rc = load_marks(&b, db, err);
    for (size_t i = 0; i < b.run_count; i++)
        if (rc)
            rating__run_free(b.runs[i]);
        else
            rating__view_add_run(v, b.runs[i]);
    free(b.rows);
    free(b.dates);
    index->epoch = at.epoch;
    if (!rc)
        rc = write_manifest(index, v, err);
    if (rc) {
        rating__view_free(v);
        return rc;
    }
    index->facts_changed = false;
    index->erased = 0;
    rating__files_sweep(index->directory, &index->manifest);
    rating__view_publish(index, v);
    return 0;
}

int rating__index_load(struct rating_index *index, struct store_read *read, struct err *err)
{
    struct journal_state at;
    struct manifest m;
    int rc = rating__manifest_read(index->directory, &m, err);
    if (!rc)
        rc = rating__journal_state(store_read_sql(read), &at, err);
    if (rc)
        return rc;
    if (at.epoch != m.epoch || at.last < m.n || at.trimmed > m.n || store_read_seq(read) < m.seq)
        return err_set(err, ERR_VERSION, "the store was made anew since the rating index was written");
    struct view *v = rating__view_copy(NULL);
    v->n = m.n;
    v->epoch = m.epoch;
    v->facts = m.facts;
    v->seq = m.seq;
    for (size_t i = 0; i < m.run_count && !rc; i++) {
        char path[4200];
        struct run *run;
        rating__path(index, m.runs[i].name, path);
        if (!(rc = rating__run_open(path, m.runs[i].checksum, &run, err)))
            rating__view_add_run(v, run);
        unsigned long number;
        if (!rc && sscanf(m.runs[i].name, "run-%lx", &number) == 1 && number > index->file_number)
            index->file_number = number;
    }
    unsigned long number;
    if (sscanf(m.facts_file, "facts-%lx", &number) == 1 && number > index->file_number)
        index->file_number = number;
    if (!rc)
        rc = rating__facts_read(index->directory, &m, v, err);
    if (rc) {
        rating__view_free(v);
        return rc;
    }
    rating__view_date_all(v);
    index->generation++;
    index->epoch = m.epoch;
    index->manifest = m;
    index->facts_changed = false;
    index->erased = m.erased;
    rating__files_sweep(index->directory, &m);
    rating__view_publish(index, v);
    return 0;
}

/* ---- the journal */

struct batch {
    struct view *old, *next;
    struct arena *arena;
    struct buf rows;    /* struct mark, as the journal has them */
    struct buf changes; /* struct change */
    uint64_t last;
    bool erased, facts;
};

static void add_change(struct batch *b, const struct mark *m, uint32_t date)
{
    buf_add(&b->changes, &(struct change){.mark = *m, .date = date}, sizeof(struct change));
}

static int read_rows(struct batch *b, struct sql *db, uint64_t after, bool *more, struct err *err)
{
    struct sql_cursor *c = sql_open(db, &rating_journal_after);
    sql_int(c, 1, (int64_t)after);
    sql_int(c, 2, batch_rows);
    size_t n = 0;
    int step;
    while ((step = sql_step(c, err)) == 1) {
        struct mark m = {.subject = (uint32_t)sql_col_int(c, 1),
            .rater = (uint32_t)sql_col_int(c, 2),
            .dimension = (uint8_t)sql_col_int(c, 3),
            .value = (uint16_t)sql_col_int(c, 4),
            .time = rating__time(sql_col_int(c, 5)),
            .flags = (uint8_t)sql_col_int(c, 6)};
        b->last = (uint64_t)sql_col_int(c, 0);
        buf_add(&b->rows, &m, sizeof m);
        n++;
    }
    *more = n == batch_rows;
    int rc = sql_close(c, err);
    return step < 0 ? step : rc;
}

static int take_facts(struct batch *b, struct sql *db, uint32_t subject, struct err *err)
{
    _cleanup_buf_ struct buf topics = BUF_INIT;
    struct subject_facts facts;
    int rc = read_facts(db, subject, &facts, &topics, err);
    if (rc)
        return rc;
    b->facts = true;
    uint32_t before = rating__index_date(rating__view_facts(b->next, subject)),
             after = rating__index_date(&facts);
    rating__view_set_facts(
        b->next, subject, &facts, (const uint32_t *)(const void *)topics.p, topics.n / sizeof(uint32_t));
    if (before == after)
        return 0;
    struct marks marks;
    arena_reset(b->arena);
    rc = rating__view_subject(b->old, b->arena, subject, &marks, err);
    for (size_t i = 0; i < marks.n && !rc; i++) {
        struct mark gone = marks.at[i];
        gone.flags |= MARK_WITHDRAWN;
        add_change(b, &gone, before);
        add_change(b, &marks.at[i], after);
    }
    return rc;
}

static int take_rows(struct batch *b, struct sql *db, struct err *err)
{
    const struct mark *rows = (const struct mark *)(const void *)b->rows.p;
    size_t n = b->rows.n / sizeof *rows;
    int rc = 0;
    for (size_t i = 0; i < n && !rc; i++)
        if (!rows[i].rater && rows[i].subject)
            rc = take_facts(b, db, rows[i].subject, err);
    for (size_t i = 0; i < n && !rc; i++)
        if (rows[i].rater) {
            b->erased |= (rows[i].flags & MARK_ERASED) > 0;
            add_change(b, &rows[i], rating__index_date(rating__view_facts(b->next, rows[i].subject)));
        }
    return rc;
}

/* Small runs in memory become larger ones: each mark is moved a few times only. */
static void merge_small(struct view *v)
{
    size_t from = v->run_count - 1, rows = v->runs[from]->subject_rows;
    while (from > 0 && !v->runs[from - 1]->map_bytes && !v->runs[from - 1]->sealed &&
           (v->runs[from - 1]->subject_rows < 4 * rows || v->run_count > INDEX_MOST_RUNS - 8))
        rows += v->runs[--from]->subject_rows;
    struct run *merged;
    if (from == v->run_count - 1 ||
        rating__run_merge(v->runs + from, v->run_count - from, false, NULL, &merged, NULL))
        return;
    for (size_t i = from; i < v->run_count; i++)
        if (--v->runs[i]->users == 0)
            rating__run_free(v->runs[i]);
    v->run_count = from;
    rating__view_add_run(v, merged);
}

int rating__index_advance(struct rating_index *index, struct store_read *read, bool *more, struct err *err)
{
    struct sql *db = store_read_sql(read);
    struct journal_state at;
    struct view *old = atomic_load(&index->view);
    int rc = rating__journal_state(db, &at, err);
    *more = false;
    if (rc)
        return rc;
    if (at.epoch != index->epoch || (at.trimmed > old->n && at.last > old->n) || at.last < old->n)
        return err_set(err, ERR_VERSION, "the store was made anew, or the index has fallen far behind");
    if (at.last == old->n && at.facts == old->facts && store_read_seq(read) == old->seq)
        return 0;
    struct batch b = {.old = old, .next = rating__view_copy(old), .arena = arena_create(0), .last = old->n};
    rc = read_rows(&b, db, old->n, more, err);
    if (!rc)
        rc = take_rows(&b, db, err);
    if (!rc && b.changes.n) {
        struct change *changes = (struct change *)(void *)b.changes.p;
        rating__view_add_run(b.next, rating__run_of_changes(changes, b.changes.n / sizeof *changes));
        merge_small(b.next);
    }
    b.next->n = b.last;
    b.next->facts = *more ? UINT64_MAX : at.facts;
    if (!*more)
        b.next->seq = store_read_seq(read);
    buf_finish(&b.rows);
    buf_finish(&b.changes);
    arena_destroy(b.arena);
    if (rc) {
        rating__view_free(b.next);
        return rc;
    }
    index->facts_changed |= b.facts;
    if (b.erased)
        index->erased = b.last;
    rating__view_publish(index, b.next);
    return 0;
}
