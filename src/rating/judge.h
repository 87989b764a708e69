/* judge.h: one judgement of the pool by one recipe for one reader: what execute.c, explain.c and missed.c
 * share.
 *
 * Private to the room. judge.c fills it in three steps: weights, tallies, rules; order.c ranks. */
#ifndef WN_RATING_JUDGE_H
#define WN_RATING_JUDGE_H

#include "rating/recipe.h"
#include "rating/source.h"

/* A rank that neither overflows nor fades to nothing: size · 2^halvings_less. */
struct rank {
    double size; /* 0, or 0.5 ≤ |size| < 1 */
    int64_t exponent;
};

struct sum {         /* of one dimension on one subject */
    rating__i128 wv; /* Σ w·v, v = 2·value − RATING_SCALE */
    weight w;
    uint32_t n;
};
struct tally { /* of one subject that somebody with weight has rated */
    uint32_t subject, last_rater;
    weight support;
};
struct item {
    uint32_t subject;
    uint32_t tally; /* UINT32_MAX: none */
    uint16_t rule;  /* index into rules; 0: passes */
    bool has_place;
    int64_t date;
    double score;
    struct rank rank;
    weight support;
    struct str coordinate; /* with seq: once order or a page has asked for it */
    uint64_t seq;
};
struct rule_count {
    enum rule rule;
    struct str name;
    uint64_t n;
};

struct judgement {
    struct store_read *read;
    struct rating_source source;
    struct arena *arena;
    const struct filter_run *run;
    const struct recipe *recipe;
    struct err *err;

    /* weights */
    struct rating__weights_kept *kept; /* NULL: none */
    struct trust_weights weights;
    weight support_needed;

    /* dimensions: slots are the recipe's, then worth and accurate where only their dispute is asked for */
    int16_t slot_of[256]; /* by a mark's dimension; −1: none */
    size_t slot_count;
    int16_t dispute_slots[2];

    /* tallies */
    int64_t from, to; /* of subjects' dates, inclusive */
    struct tally *tallies;
    struct sum *sums;      /* slot_count each */
    rating__i128 *squares; /* Σ w·v², slot_count each; only where order is disputed */
    size_t tally_count, tally_cap;
    uint32_t *slots; /* open addressing by subject: tally + 1 */
    size_t slots_size;

    /* rules */
    struct rule_count *rules; /* rules[0] counts what passes */
    size_t rule_count;
    uint32_t *tags, *without_tags, *without_authors; /* numbers; 0: nobody has it */
    struct item *items; /* all that were looked at one by one; others failed "window" or "support" */
    size_t item_count, item_cap;
    bool all_looked_at; /* of the window */
    bool page_only;     /* the first items are wanted alone, in the order newest */
};

/* The columns where there are some, else the tables. */
int rating__source(
    struct store_read *read, struct rating_index *index, struct rating_source *out, struct err *err);
/* Everything but the order of items. Free with rating__judgement_finish in any case. */
int rating__judge(struct store_read *read, struct rating_index *index, struct arena *arena,
    const struct filter_run *run, struct judgement *out, struct err *err);
/* The same over a source that stays the caller's. */
int rating__judge_by(struct store_read *read, const struct rating_source *source,
    struct rating__weights_kept *kept, bool page_only, struct arena *arena, const struct filter_run *run,
    struct judgement *out, struct err *err);
/* For a page: of a filter that hides nothing only as many of the newest are looked at as the page needs. */
int rating__judge_page(struct store_read *read, struct rating_index *index, struct arena *arena,
    const struct filter_run *run, struct judgement *out, struct err *err);
void rating__judgement_finish(struct judgement *j);
/* Index of the rule in rules by its kind and, for floor and ceiling, place among the recipe's dimensions. */
uint16_t rating__rule(const struct judgement *j, enum rule rule, size_t dimension);
/* Tally of a subject, or UINT32_MAX. */
uint32_t rating__tally_of(const struct judgement *j, uint32_t subject);
/* Looks at one subject that was not, because it is outside the window or nobody with weight rated it: its
 * item says by which rule it is hidden, and what its score would be. ERR_NOT_FOUND: no article that is here.
 */
int rating__judge_unseen(struct judgement *j, uint32_t subject, struct item **out);

/* -1: nobody on this node knows it. */
int rating__dimension_number_of(struct store_read *read, struct str name, int *number, struct err *err);
/* explain.c: ERR_NOT_FOUND. */
int rating__subject_of(struct store_read *read, struct str coordinate, uint32_t *out, struct err *err);
/* Appends an item to those looked at. */
int rating__add_item(struct judgement *j, const struct item *item);
/* execute.c: the item as results give it; it has its place. */
struct scored rating__scored(const struct judgement *j, const struct item *item);

/* order.c */
struct rank rating__rank_of(double size, int64_t halvings);
/* Coordinate and seq of an item's subject. */
int rating__place(struct judgement *j, struct item *item);
/* The items with this rule, best first, from offset on, at most limit; pointers into j->items. */
int rating__page(struct judgement *j, uint16_t rule, bool newest, size_t offset, size_t limit,
    struct item ***out, size_t *n);
/* Hides all but the highest ranked of each lineage. */
int rating__one_per_lineage(struct judgement *j);

/* missed.c: hides what fewer filters of those trusted show than the recipe asks for, and what mine shows. */
int rating__hide_not_missed(struct judgement *j);

/* trust.c: index in raters of the one with this actor's number, or UINT32_MAX. */
uint32_t rating__rater_of(const struct trust_weights *weights, int64_t actor);

/* weights_kept.c */
struct rating__weights_kept *rating__weights_kept_create(void);
void rating__weights_kept_destroy(struct rating__weights_kept *k); /* takes NULL */
/* A reader's own list (or only what is published of it) widened; from what is kept where kept is not NULL. */
int rating__trusted_weights(struct store_read *read, struct rating__weights_kept *kept, struct arena *arena,
    const struct pubkey *reader, bool published, unsigned depth, struct trust_weights *out, struct err *err);
/* index.c: what an index keeps. */
struct rating__weights_kept *rating__index_weights(struct rating_index *index);

#endif
