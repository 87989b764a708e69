/* index.h: what the files of the rating index share.
 *
 * A view is all that a reader sees: runs of marks, subjects' facts, articles by date, as of one place in the
 * journal. It never changes; the index's thread makes the next one and publishes it by one atomic pointer.
 * Readers hold theirs by a slot, without a lock; a view goes when it is neither published nor in a slot.
 *
 * What views share (runs, pages of facts, the list of dates) counts its users; only whoever has the mutex
 * counts. */
#ifndef WN_RATING_INDEX_H
#define WN_RATING_INDEX_H

#include "rating/run.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
    INDEX_MOST_RUNS = 64,
    INDEX_PAGE = 1024, /* subjects */
    INDEX_SLOTS = 256, /* readers at one time; more of them read from SQL */
};

/* ---- facts.c: facts of subjects, in pages that are copied when something on them changes */

struct page {
    unsigned users;
    uint32_t topic_count;
    uint32_t *topics; /* lists: a count, and so many topics; facts.topics is 1 + where it begins */
    struct subject_facts facts[INDEX_PAGE];
};
/* Articles here as (date << 32 | subject), ascending. */
struct dates {
    unsigned users;
    size_t n;
    uint64_t at[];
};
struct dated_change { /* against the list */
    uint64_t key;
    bool gone;
};

struct view {
    struct view *next;                 /* among those that wait to go */
    uint64_t n;                        /* the journal's row up to which it goes */
    uint64_t epoch, facts;             /* as the tables had them; facts UINT64_MAX: some are on their way */
    uint64_t seq;                      /* of the snapshot it was made from */
    struct run *runs[INDEX_MOST_RUNS]; /* oldest first; those in files before those in memory */
    size_t run_count;
    struct page **pages;
    size_t page_count;
    struct dates *dates;
    struct dated_change *changes; /* sorted by key */
    size_t change_count;
    uint64_t article_count;
};

const struct subject_facts *rating__view_facts(const struct view *v, uint32_t subject);
/* Articles dated from … to, newest first. */
int rating__view_articles(const struct view *v, struct arena *arena, int64_t from, int64_t to,
    const uint32_t **out, size_t *n, struct err *err);
/* Marks of one rater since a date, of one subject; as the source gives them. */
int rating__view_rater(const struct view *v, struct arena *arena, uint32_t rater, int64_t since,
    struct marks *out, struct err *err);
int rating__view_subject(
    const struct view *v, struct arena *arena, uint32_t subject, struct marks *out, struct err *err);

/* A view on its way: a copy of the last one, in which pages are replaced as they change. */
struct view *rating__view_copy(const struct view *v); /* NULL: an empty one */
void rating__view_free(struct view *v);               /* takes NULL */
/* topics: so many numbers. What was there is replaced. */
void rating__view_set_facts(struct view *v, uint32_t subject, const struct subject_facts *facts,
    const uint32_t *topics, size_t topic_count);
/* Before that a view has no list of dates, and set_facts keeps none: for loading. */
void rating__view_date_all(struct view *v);
void rating__view_add_run(struct view *v, struct run *run);     /* takes it */
uint32_t rating__index_date(const struct subject_facts *facts); /* as columns keep it */

/* ---- files.c: what stands in directory/ratings */

struct manifest {
    uint64_t epoch, n, seq, facts;
    struct {
        char name[32];
        uint64_t checksum;
    } runs[INDEX_MOST_RUNS];
    size_t run_count;
    uint64_t erased; /* as the index's */
    char facts_file[32];
    uint64_t facts_checksum, facts_bytes;
};
int rating__manifest_write(const char *directory, const struct manifest *m, struct err *err);
/* ERR_NOT_FOUND, ERR_CORRUPT. */
int rating__manifest_read(const char *directory, struct manifest *out, struct err *err);
int rating__facts_write(const char *directory, const struct view *v, struct manifest *m, struct err *err);
int rating__facts_read(const char *directory, const struct manifest *m, struct view *v, struct err *err);
/* All files that the manifest does not name; m NULL: all. */
void rating__files_sweep(const char *directory, const struct manifest *m);

/* ---- index.c */

struct rating_index {
    struct store *store;
    char directory[4096];
    int lock; /* the locked file */

    _Atomic(struct view *) view; /* NULL: not made yet */
    _Atomic(struct view *) slots[INDEX_SLOTS];

    pthread_mutex_t making; /* held by who makes the next view; guards all counts of users, and: */
    struct view *retired;
    uint64_t erased; /* the journal's row that erased something last, until no run holds it any more; or 0 */
    uint64_t generation; /* counts how often all was made or loaded */
    bool facts_changed;  /* since they were last written */
    uint64_t epoch, file_number;
    struct manifest manifest;
    int64_t merged_us, merge_took_us; /* the last merge of all, and what it cost */

    pthread_mutex_t mutex; /* guards what follows; inside making */
    pthread_cond_t changed;
    bool stop, tidy_wanted;
    uint64_t seq;
    uint64_t epoch_seen, facts_seen; /* of the view */

    struct rating__weights_kept *weights; /* of readers' trust; has a lock of its own */

    pthread_t follower, tidier;
};
/* A reader's hold on what is published; NULL where there is none yet or all slots are taken. */
struct view *rating__view_take(struct rating_index *index, unsigned *slot);
void rating__view_give(struct rating_index *index, unsigned slot);
/* While making: publishes (NULL: nothing) and retires the one before. */
void rating__view_publish(struct rating_index *index, struct view *v);

/* ---- follow.c: from the tables and the journal into views. All while making. */

/* Where the journal stands. */
struct journal_state {
    uint64_t epoch, trimmed, facts, last;
};
int rating__journal_state(struct sql *db, struct journal_state *out, struct err *err);
/* From nothing: all tables, into files and a view that is published. */
int rating__index_make(struct rating_index *index, struct store_read *read, struct err *err);
/* From the files. ERR_NOT_FOUND, ERR_CORRUPT, ERR_VERSION (of another epoch). */
int rating__index_load(struct rating_index *index, struct store_read *read, struct err *err);
/* The journal's next rows into the next view. more: there are further ones. ERR_VERSION where the columns
 * have to be made anew. */
int rating__index_advance(struct rating_index *index, struct store_read *read, bool *more, struct err *err);
void rating__file_name(struct rating_index *index, const char *sort, char out[32]);
void rating__path(const struct rating_index *index, const char *name, char out[4200]);

/* ---- index.c */

/* Waits a moment for a view with the facts of that place; false: there is none yet. */
bool rating__index_wait_facts(struct rating_index *index, const struct journal_state *at);

/* ---- tidy.c: from memory into files, and files merged. Takes `making` only for moments. */

int rating__index_tidy(struct rating_index *index, bool *worked, struct err *err);

#define INDEX_FLUSH_ROWS (128 * 1024)       /* in memory, before they are written to a file */
#define INDEX_BUILD_ROWS (16 * 1024 * 1024) /* that a run is built of at once */
#define INDEX_JOURNAL_ROWS (256 * 1024)     /* that may have to be gone through at the next start */

#endif
