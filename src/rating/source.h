/* source.h: where the engine that weighs takes ratings and facts from: the SQL tables, or the columns.
 *
 * Two implementations, sql_source.c (plain statements, the reference) and index_source.c (memory-mapped
 * columns), behind one struct, so that one engine gives one result over both and a test can compare them.
 * Numbers: subject is a row of rating_state_subject, rater is store_actor()'s; both are this node's and never
 * seen outside. Everything borrowed lives until the source is closed. */
#ifndef WN_RATING_SOURCE_H
#define WN_RATING_SOURCE_H

#include "rating/rating.h"

/* One standing rating as the columns keep it: 16 bytes. */
struct mark {
    uint32_t subject, rater;
    uint32_t time;  /* created_at, Unix seconds */
    uint16_t value; /* 0 … RATING_SCALE */
    uint8_t dimension;
    uint8_t flags; /* MARK_… */
};
enum {
    MARK_BEHIND = 1,    /* of an earlier text, more than a tenth of whose words have changed */
    MARK_WITHDRAWN = 2, /* in the journal only: the rating is gone */
    MARK_REACTION = 4,  /* made by a kind 7: stands only where the rater has no 34259 for it */
    MARK_ERASED = 8,    /* with MARK_WITHDRAWN: it was erased, no byte of it may stay */
};

/* What rules need to know of a subject: 32 bytes. */
struct subject_facts {
    int64_t date;        /* published_at where declared and not after the first revision known was made, else
                            that revision's created_at */
    uint32_t author;     /* actor */
    uint32_t lineage;    /* the subject that the work began as; its own number if it is nobody's version */
    uint32_t language;   /* interned: the language's two or three letters as bytes; 0 unknown */
    uint32_t topics;     /* where its list of interned topics begins; 0: none */
    uint16_t kind_class; /* 1: an article (lists show it); 2: another event; 3: an actor */
    uint16_t flags;      /* SUBJECT_… */
};
enum { SUBJECT_HERE = 1 /* its record is in the pool and current */ };

struct marks {
    const struct mark *at;
    size_t n;
};
struct rating_source {
    void *ctx;
    /* Standing marks by one rater whose subjects are articles dated at or after since, in any order. */
    int (*by_rater)(
        void *ctx, struct arena *arena, uint32_t rater, int64_t since, struct marks *out, struct err *err);
    /* Standing marks on one subject, in any order. */
    int (*by_subject)(void *ctx, struct arena *arena, uint32_t subject, struct marks *out, struct err *err);
    /* Articles here dated from … to (inclusive), newest first. */
    int (*articles)(void *ctx, struct arena *arena, int64_t from, int64_t to, const uint32_t **out, size_t *n,
        struct err *err);
    uint64_t (*article_count)(void *ctx);                              /* all that are here */
    const struct subject_facts *(*facts)(void *ctx, uint32_t subject); /* never NULL: zeroes for none */
    /* Interned topics of a subject, and an interned topic's number (0: nobody uses it). */
    int (*topics)(
        void *ctx, struct arena *arena, uint32_t subject, const uint32_t **out, size_t *n, struct err *err);
    uint32_t (*topic)(void *ctx, struct str name);
    void (*close)(void *ctx); /* takes NULL */
};
int rating__sql_source(struct store_read *read, struct rating_source *out, struct err *err);
int rating__index_source(
    struct rating_index *index, struct store_read *read, struct rating_source *out, struct err *err);

#endif
