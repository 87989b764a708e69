/* run.h: a run: marks as two sorted columns, by rater and date and by subject. It never changes.
 *
 * Runs lie one over the other: a newer one says what an older one says differently, or that a mark is gone
 * (MARK_WITHDRAWN). In memory, or a file mapped from directory/ratings: a header, and four arrays. */
#ifndef WN_RATING_RUN_H
#define WN_RATING_RUN_H

#include "rating/source.h"

/* A mark in its rater's column: 16 bytes. date is its subject's, at least 1; 0 where that is no article. */
struct dated {
    uint32_t subject, date, time;
    uint16_t value;
    uint8_t dimension, flags;
};
/* A mark on its way into a run. */
struct change {
    struct mark mark;
    uint32_t date;
    uint32_t place; /* among the changes: the later one counts */
};

struct run {
    uint32_t *raters;        /* ascending */
    uint64_t *starts;        /* where each one's marks begin; one more than raters */
    struct dated *by_rater;  /* of one rater: by date, subject, dimension */
    struct mark *by_subject; /* by subject, rater, dimension */
    size_t rater_count, rater_rows, subject_rows;

    unsigned users; /* views that hold it */
    bool sealed;    /* on its way into a file: it is not merged with others */
    void *map;      /* the file's, or NULL: in memory */
    size_t map_bytes;
    char name[32]; /* of the file */
    uint64_t checksum;
};

struct slice {
    const struct dated *at;
    size_t n;
};
struct slice rating__run_rater(const struct run *r, uint32_t rater, uint32_t since);
struct marks rating__run_subject(const struct run *r, uint32_t subject);

/* Changes in order, later ones of a key count; in memory. Sorts `changes` in place. */
struct run *rating__run_of_changes(struct change *changes, size_t n);
/* Oldest first. bottom: there is nothing beneath them, so what is gone leaves no trace. path: of the new
 * file, or NULL: in memory. */
int rating__run_merge(
    struct run *const *runs, size_t n, bool bottom, const char *path, struct run **out, struct err *err);
/* Rows in any order, each key once, into a file. dates[subject] up to subject_count. Uses `rows` as room. */
int rating__run_build(struct mark *rows, size_t n, const uint32_t *dates, size_t subject_count,
    const char *path, struct run **out, struct err *err);
/* ERR_CORRUPT where a byte is not what was written, or the file is shorter. */
int rating__run_open(const char *path, uint64_t checksum, struct run **out, struct err *err);
void rating__run_free(struct run *r); /* takes NULL */

/* Room for a run of at most so many rows, to be filled in: in memory, or in a file that is mapped for
 * writing. room_drop after an error of room_open; room_finish frees the room in any case. */
struct room {
    struct run *run;
    int fd; /* −1: in memory */
    const char *path;
    char part[4200]; /* its name until it is whole */
};
int rating__room_open(struct room *room, size_t raters, size_t rater_rows, size_t subject_rows,
    const char *path, struct err *err);
void rating__room_drop(struct room *room);
int rating__room_finish(struct room *room, struct run **out, struct err *err);

/* Of a file's content: every flipped bit and every missing byte shows. Not against somebody who means it. */
uint64_t rating__checksum(const void *p, size_t n);

/* Slices that lie one over the other, newest first, as the marks that stand; out has room for all. The slices
 * are used up. */
size_t rating__merge_dated(struct slice *slices, size_t n, uint32_t rater, struct mark *out);
size_t rating__merge_marks(struct marks *slices, size_t n, struct mark *out);

#endif
