/* apply.h: what the files of the projection share: one change of the log on its way into the tables. */
#ifndef WN_RATING_APPLY_H
#define WN_RATING_APPLY_H

#include "rating.sql.h"
#include "rating/private.h"
#include "rating/read.h"
#include "rating/source.h"

struct apply {
    struct arena *arena;
    struct sql *db;
    const struct store_change *change;
    const struct store_text_source *texts; /* or NULL */
    struct err *err;
};

/* ---- subject.c */

/* The number of a coordinate; 0 where it has none and create is false. Negative on an error. */
int64_t rating__subject(struct apply *a, struct str coordinate, bool create);
/* After an erasure: the number goes where nothing left speaks of the subject. */
int rating__subject_forget(struct apply *a, int64_t subject);
int rating__apply_article(struct apply *a);
/* The texts' source for a kind, or NULL. */
const struct store_text_source *rating__texts_of(const struct apply *a, uint32_t kind);

/* ---- revision.c: which revisions of an article are known, and the rule of the tenth */

int rating__revision_add(struct apply *a, int64_t subject);
int rating__revision_remove(struct apply *a);
/* When the earliest revision known was made; INT64_MAX without any. */
int rating__revision_first(struct apply *a, int64_t subject, int64_t *out);
/* Is a rating behind that names this revision (NULL: none, then the one that was current at time)? */
int rating__behind(struct apply *a, int64_t subject, const struct record_id *named, int64_t time, bool *out);
/* After something about its revisions has changed: its marks' flags. */
int rating__settle(struct apply *a, int64_t subject);

/* ---- journal.c */

int rating__journal(struct apply *a, const struct mark *mark);
int rating__journal_subject(struct apply *a, int64_t subject); /* its facts have changed */

/* ---- standing.c: kinds 34259 and 7 */

int rating__apply_rating(struct apply *a);

/* ---- dimension.c */

/* As rating__subject; 0 is worth, −1 stands for none (all numbers are taken, or not create). */
int rating__dimension(struct apply *a, struct str name, bool create, int *out);
int rating__dimension_forget(struct apply *a, int number); /* as rating__subject_forget */
int rating__apply_dimension(struct apply *a);

/* ---- edge.c: kinds 30000 and 34701 */

int rating__apply_trust(struct apply *a);
int rating__apply_filter(struct apply *a);

#endif
