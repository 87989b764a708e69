/* tidy.c: what lies in memory is written to files, and files are merged, while others read and follow.
 *
 * The work is done on a view that is held like a reader's. Only the last step is `making`: the manifest is
 * written, and the next view has the new run in the place of those it was made of. */
#include "rating/index.h"

#include "rating.sql.h"
#include "rating/private.h"

#include <stdlib.h>
#include <unistd.h>

enum {
    ratio = 4,     /* a file is merged with those above it when they have a quarter of its rows */
    patience = 20, /* merging all for an erasure may take that share of the time, at most */
};

/* Runs from … to of the view, oldest first, become one. */
struct work {
    const struct view *view;
    size_t from, to;
};

static size_t files_of(const struct view *v)
{
    size_t n = 0;
    while (n < v->run_count && v->runs[n]->map_bytes)
        n++;
    return n;
}

static size_t rows_in_memory(const struct view *v)
{
    size_t rows = 0;
    for (size_t i = files_of(v); i < v->run_count; i++)
        rows += v->runs[i]->subject_rows;
    return rows;
}

/* What to do next; false: nothing. */
static bool choose(const struct rating_index *index, const struct view *v, struct work *out)
{
    size_t files = files_of(v);
    *out = (struct work){.view = v, .from = files, .to = v->run_count};
    bool rested = monotonic_us() - index->merged_us >= patience * index->merge_took_us;
    if (index->erased && rested) {
        out->from = 0;
        return true;
    }
    if (rows_in_memory(v) >= INDEX_FLUSH_ROWS || v->n - index->manifest.n >= INDEX_JOURNAL_ROWS)
        return true;
    out->to = files;
    if (files < 2)
        return false;
    size_t from = files - 1, rows = v->runs[from]->subject_rows;
    while (from > 0 && v->runs[from - 1]->subject_rows < ratio * rows)
        rows += v->runs[--from]->subject_rows;
    out->from = from;
    return from < files - 1;
}

/* The manifest that names the new run in the place of those it was made of. */
static int write_manifest(struct rating_index *index, const struct work *w, const struct run *made,
    bool facts_changed, struct err *err)
{
    struct manifest m = index->manifest;
    const struct run *runs[INDEX_MOST_RUNS + 1];
    size_t n = 0;
    for (size_t i = 0; i < w->from; i++)
        runs[n++] = w->view->runs[i];
    if (made)
        runs[n++] = made;
    for (size_t i = w->to; i < w->view->run_count; i++)
        runs[n++] = w->view->runs[i];
    m.run_count = 0;
    for (size_t i = 0; i < n; i++)
        if (runs[i]->map_bytes) {
            memcpy(m.runs[m.run_count].name, runs[i]->name, sizeof runs[i]->name);
            m.runs[m.run_count++].checksum = runs[i]->checksum;
        }
    m.erased = index->erased;
    int rc = 0;
    if (w->to == w->view->run_count) { /* all that the view has */
        m.n = w->view->n;
        m.seq = w->view->seq;
        m.facts = w->view->facts;
        if (facts_changed) {
            rating__file_name(index, "facts", m.facts_file);
            rc = rating__facts_write(index->directory, w->view, &m, err);
        }
    }
    if (!rc)
        rc = rating__manifest_write(index->directory, &m, err);
    if (!rc)
        index->manifest = m;
    return rc;
}

/* The published view with the same change. Its runs are still those of the work, with newer ones in memory
 * behind: files are only replaced here, and what was in memory is sealed. */
static void replace(struct rating_index *index, const struct work *w, struct run *made)
{
    struct view *next = rating__view_copy(atomic_load(&index->view));
    struct run *runs[INDEX_MOST_RUNS];
    size_t count = next->run_count;
    memcpy(runs, next->runs, sizeof runs);
    next->run_count = w->from;
    if (made)
        rating__view_add_run(next, made);
    for (size_t i = w->to; i < count; i++)
        next->runs[next->run_count++] = runs[i];
    for (size_t i = w->from; i < w->to; i++)
        if (--runs[i]->users == 0)
            rating__run_free(runs[i]);
    rating__view_publish(index, next);
}

struct trim {
    uint64_t epoch, n;
};

static int trim_journal(void *ctx, struct sql *db, struct err *err)
{
    const struct trim *t = ctx;
    struct journal_state at;
    int bad = rating__journal_state(db, &at, err);
    if (bad || at.epoch != t->epoch || at.last < t->n)
        return bad; /* another journal stands there now, and its rows are others */
    struct sql_cursor *c = sql_open(
        db, &rating_journal_put); /* the last row must stay: one that says nothing */
    for (int i = 1; i <= 6; i++)
        sql_int(c, i, 0);
    int rc = sql_done(c, err);
    return rc ? rc : rating__journal_trim(db, (int64_t)t->n, err);
}

/* Under `making`, when the run is made: it is put in, unless all was made anew meanwhile. */
static int put_in(struct rating_index *index, const struct work *w, struct run *made, uint64_t generation,
    bool facts_changed, int64_t took_us, struct err *err)
{
    if (generation != index->generation) {
        rating__run_free(made);
        return 0;
    }
    uint64_t erased = index->erased;
    if (w->from == 0 && erased <= w->view->n && w->to == w->view->run_count)
        index->erased = 0;
    int rc = write_manifest(index, w, made, facts_changed, err);
    if (rc) {
        for (size_t i = w->from; i < w->to; i++)
            w->view->runs[i]->sealed = false;
        index->facts_changed |= facts_changed;
        index->erased = erased;
        rating__run_free(made);
        return rc;
    }
    if (w->from == 0) {
        index->merged_us = monotonic_us();
        index->merge_took_us = took_us;
    }
    replace(index, w, made);
    return 0;
}

int rating__index_tidy(struct rating_index *index, bool *worked, struct err *err)
{
    struct work w = {0};
    unsigned slot;
    char name[32], path[4200];
    pthread_mutex_lock(&index->making);
    struct view *v = rating__view_take(index, &slot);
    uint64_t generation = index->generation;
    *worked = v && choose(index, v, &w);
    bool flushes = *worked && w.to == v->run_count, facts_changed = flushes && index->facts_changed;
    for (size_t i = w.from; *worked && i < w.to; i++)
        v->runs[i]->sealed = true;
    if (flushes)
        index->facts_changed = false;
    if (*worked) {
        rating__file_name(index, "run", name);
        rating__path(index, name, path);
    }
    pthread_mutex_unlock(&index->making);
    if (!*worked) {
        if (v)
            rating__view_give(index, slot);
        return 0;
    }
    int64_t start = monotonic_us();
    struct run *made = NULL;
    int rc = w.to > w.from ? rating__run_merge(v->runs + w.from, w.to - w.from, w.from == 0, path, &made, err)
                           : 0;
    pthread_mutex_lock(&index->making);
    if (!rc)
        rc = put_in(index, &w, made, generation, facts_changed, monotonic_us() - start, err);
    else if (generation == index->generation) {
        for (size_t i = w.from; i < w.to; i++)
            v->runs[i]->sealed = false;
        index->facts_changed |= facts_changed;
    }
    struct trim trim = {index->manifest.epoch, index->manifest.n};
    bool current = generation == index->generation;
    rating__files_sweep(index->directory, &index->manifest);
    pthread_mutex_unlock(&index->making);
    rating__view_give(index, slot);
    if (!rc && flushes && current)
        store_write(index->store, trim_journal, &trim, NULL); /* another time, if not now */
    return rc;
}
