/* rating.h: ratings, trust and filters: whose judgement a reader goes by, and what comes of it.
 *
 * What it is not: articles (a subject is a number and a few facts), pages, sockets, the wall clock, private
 * keys. Leans on store, record, base. DESIGN section 6 has the formulas; FILTERS.md explains them.
 *
 * All that is shown as a result can be recounted from records alone: weights and sums are integers, scores
 * are doubles made of + − × ÷ only, order is total by score and then coordinate. */
#ifndef WN_RATING_H
#define WN_RATING_H

#include "store/store.h"

#define KIND_REACTION 7
#define KIND_TRUST 30000
#define KIND_RATING 34259
#define KIND_FILTER 34701
#define KIND_DIMENSION 34706

extern const struct store_migration rating_migrations[]; /* state: subjects' numbers, private trust, … */

/* The projection leans on the texts' sources (what a text is, its language, its date), which main.c joins:
 * it fills ctx of a copy with the joined table before it opens a store. */
extern const struct store_projection rating_projection; /* owns rating_* */

/* ---- units */

typedef uint64_t weight; /* in 1/2^32: WEIGHT_ONE is a full rater */
#define WEIGHT_ONE (UINT64_C(1) << 32)
/* "0.8", "1", "1e-3" is refused: decimal digits only. Rounded down. False outside (0,1] or malformed. */
bool weight_parse(struct str text, weight *out);
/* The shortest decimal that reads back the same, at most 10 digits after the point; sums of weights too. */
void weight_format(weight w, struct buf *out);
/* A score as results show it: six digits after the point, rounded half to even, by our own arithmetic. */
void score_format(double score, struct buf *out);
#define RATING_SCALE 10000 /* a rating of 0..1 is kept as 0..10000, rounded to nearest */
bool rating_value_parse(struct str text, uint16_t *out);   /* decimal digits; false outside 0..1 */
void rating_value_format(uint16_t value, struct buf *out); /* "0.85", "1", "0" */

/* ---- dimensions: five ship, others are records of kind 34706 */

struct dimension {
    uint8_t number;  /* on this node, 0 … 255; the five are 0 to 4 */
    struct str name; /* "worth", "accurate", "clear", "junk", "agree"; of others "<name>" as in records */
    struct str coordinate;          /* of the 34706 record, "" for the five */
    struct str question, low, high; /* in the language asked for, else English */
    struct pubkey author;
    bool shipped;
};
enum { DIMENSION_WORTH, DIMENSION_ACCURATE, DIMENSION_CLEAR, DIMENSION_JUNK, DIMENSION_AGREE };

/* ---- writing records: unsigned drafts; out->arena is the caller's. ERR_INPUT, ERR_LIMIT name the field. */

struct rating_target {
    enum { RATING_OF_ADDRESS, RATING_OF_EVENT, RATING_OF_ACTOR } type;
    struct address address;    /* RATING_OF_ADDRESS */
    struct record_id revision; /* the revision that was read, or the event */
    struct pubkey author;      /* whose it is, or the actor */
    uint32_t kind;             /* of what is rated */
};
struct rating_draft {
    struct rating_target target;
    struct str dimension; /* name, or a 34706 coordinate */
    uint16_t value;       /* 0 … RATING_SCALE */
    struct str reason;    /* one sentence, ≤ 280 bytes, may be empty */
};
int rating_write(const struct rating_draft *d, int64_t now, struct record_draft *out, struct err *err);
/* Takes a rating back: a deletion (NIP-09) of its address. */
int rating_withdraw_write(const struct rating_target *target, struct str dimension,
    const struct pubkey *rater, int64_t now, struct record_draft *out, struct err *err);

struct trust_entry {
    struct pubkey key;
    weight weight;
    struct str petname; /* may be empty */
};
/* One set of a public trust list, at most TRUST_SET_ENTRIES of it: set 1 is "widenet.trust", the others
 * "widenet.trust.2", … */
int trust_write(const struct trust_entry *entries, size_t n, unsigned set, int64_t now,
    struct record_draft *out, struct err *err);
#define TRUST_SET_ENTRIES 500
/* The plain text that a private set's content is made from and read as (NIP-44, NIP-51's private tags). */
void trust_private_text(const struct trust_entry *entries, size_t n, struct buf *out);
int trust_private_read(
    struct arena *arena, struct str plain, struct trust_entry **out, size_t *n, struct err *err);

/* A dimension as a record of kind 34706: its words in several languages; d is its short name. */
struct dimension_words {
    struct str language, name, question, low, high; /* low and high, words for the ends, may be empty */
};
int rating_dimension_write(struct str d, const struct dimension_words *words, size_t n, int64_t now,
    struct record_draft *out, struct err *err);

/* ---- a reader's trust */

/* The reader's own list: the private one kept on this node where there is one, else the published sets
 * joined: one edge a target, the largest weight. Sorted by key. */
int trust_own(struct store_read *read, struct arena *arena, const struct pubkey *reader,
    struct trust_entry **out, size_t *n, bool *is_private, struct err *err);
/* Replaces the private list (state of this node, never exported); n = 0 forgets it. */
/* The same inside a transaction, when an account goes. */
int trust_private_forget(struct sql *db, const struct pubkey *reader, struct err *err);
int trust_private_keep(struct store *store, const struct pubkey *reader, const struct trust_entry *entries,
    size_t n, struct err *err);

struct trusted {
    struct pubkey key;
    int64_t actor; /* store_actor()'s number; 0 where the node has not met the key */
    weight weight;
    unsigned depth;       /* 0: a seed */
    uint32_t parent;      /* index of the one through whom most of it came; own index for a seed */
    uint32_t path[4];     /* by whom most of it came: indices from a seed to itself */
    unsigned path_length; /* 1 … 4 */
};
struct trust_weights {
    struct trusted *raters; /* sorted by key; in arena */
    size_t n;
    weight own_sum;           /* of the seeds */
    struct str basis;         /* "trusted", "everyone" or "list" */
    const uint32_t *by_actor; /* private: where in raters an actor is, open addressing */
    size_t by_actor_size;
};
/* DESIGN section 6, "Weights". depth 0 … 3. */
int trust_widen(struct store_read *read, struct arena *arena, const struct pubkey *reader,
    const struct trust_entry *seeds, size_t n, unsigned depth, struct trust_weights *out, struct err *err);
/* All paths by which a rater gets weight: each a chain of keys from a seed, with the mass that comes by it,
 * largest first, at most max. */
struct trust_path {
    struct pubkey keys[4];
    unsigned length; /* 1: the reader trusts the rater directly */
    weight weight;
};
int trust_paths(struct store_read *read, struct arena *arena, const struct pubkey *reader,
    const struct trust_entry *seeds, size_t n, unsigned depth, const struct pubkey *rater, size_t max,
    struct trust_path **out, size_t *count, struct err *err);

/* ---- filters */

enum filter_order { ORDER_NEWEST, ORDER_QUALITY, ORDER_FRESH, ORDER_DISPUTED };
struct recipe_dimension {
    struct str name; /* or a 34706 coordinate */
    double coefficient;
    double floor, ceiling; /* of mean_d, −1 … 1; NAN where there is none (never computed with) */
    bool has_floor, has_ceiling;
};
struct recipe { /* what a filter record's content says; strings in arena */
    enum { SOURCES_TRUSTED, SOURCES_EVERYONE, SOURCES_LIST } sources;
    struct trust_entry *list; /* SOURCES_LIST */
    size_t list_count;
    unsigned depth;
    bool has_support; /* else the default: min(1.6, half the seeds' sum) */
    double support, quality;
    bool has_quality;
    const struct recipe_dimension *dimensions; /* sorted by name */
    size_t dimension_count;
    enum filter_order order;
    int64_t halflife, window; /* hours; window 0: no bound ("window": null) */
    struct str *languages, *tags, *without_tags;
    size_t language_count, tag_count, without_tag_count;
    struct pubkey *without_authors;
    size_t without_author_count;
    bool one_per_lineage;
    unsigned missed_of; /* "missed": passes at least so many filters of those trusted and not mine; 0: off */
};
/* Strict: unknown fields are an error that names the nearest known one. ERR_INPUT says which field, what it
 * may be. */
int recipe_parse(struct arena *arena, struct str json, struct recipe *out, struct err *err);
void recipe_format(const struct recipe *r, struct buf *out); /* canonical, readable JSON */
/* everything, trusted, newsworthy, disputed, missed. NULL for others. */
const struct recipe *recipe_ready_made(struct str name);
const char *const *recipe_ready_made_names(void); /* ends with NULL */

struct filter_thing { /* a filter as a record, kind 34701 */
    struct str d, name, about, language;
    struct recipe recipe;
    struct address address;
    struct record_id id;
    struct address copied_from; /* kind 0 where it is nobody's copy */
    int64_t created_at;
    bool ready_made;
};
int filter_write(const struct filter_thing *f, int64_t now, struct record_draft *out, struct err *err);
int filter_read(struct arena *arena, const struct record *r, struct filter_thing *out, struct err *err);
/* The filters that stand of one author by d, or (NULL) of all, newest first; those that cannot be read are
 * left out. */
int filter_list(struct store_read *read, struct arena *arena, const struct pubkey *author, size_t max,
    struct filter_thing **out, size_t *n, struct err *err);
/* A ready-made name, "34701:key:d", an naddr, or (with who) the d of who's own filter. */
int filter_find(struct store_read *read, struct arena *arena, struct str name, const struct pubkey *who,
    struct filter_thing *out, struct err *err);

/* ---- what a filter shows */

struct rating_index; /* the columns; see index.h's public part below */

/* Which rule hid an item; the first that fails, in this order. */
enum rule {
    RULE_NONE,
    RULE_WINDOW,
    RULE_SUPPORT,
    RULE_QUALITY,
    RULE_FLOOR,   /* with the dimension: "floor:accurate" */
    RULE_CEILING, /* "ceiling:junk" */
    RULE_LANGUAGES,
    RULE_TAGS,
    RULE_WITHOUT_TAGS,
    RULE_WITHOUT_AUTHORS,
    RULE_LINEAGE, /* another version of the same work is shown */
    RULE_MISSED,
};
struct scored {
    uint32_t subject;
    uint64_t seq; /* of the current revision's record */
    struct str coordinate;
    double score;   /* quality(a) */
    double rank;    /* what it is ordered by */
    weight support; /* summed over its raters; may exceed WEIGHT_ONE */
    enum rule rule;
    struct str rule_name; /* "support", "floor:accurate"; "" where it passes */
};
struct why {
    struct pubkey rater;
    weight weight;
    struct str dimension;
    uint16_t value;
    struct pubkey path[4]; /* from the seed to the rater */
    unsigned path_length;  /* 0 where everyone counts alike */
    struct str reason;
    bool behind; /* of an earlier text: does not count until confirmed */
};
struct hidden_count {
    struct str rule;
    uint64_t n;
};
struct filter_run {
    const struct recipe *recipe;
    const struct pubkey *reader; /* NULL: nobody, no trust */
    int64_t at;                  /* Unix seconds: what is dated later does not exist yet */
    size_t offset, limit;        /* of items; limit ≤ 500 */
    struct str hidden_rule;      /* not empty: list what this rule hid instead of what is shown */
    bool published;              /* by the reader's published trust alone, as others see it */
    const struct recipe *mine;   /* for "missed": what the reader sees anyway; NULL: newsworthy */
    /* Asked now and then; true ends the run with ERR_LIMIT. May be NULL. */
    bool (*stop)(void *ctx);
    void *stop_ctx;
};
struct filter_result {
    struct scored *items; /* in order; in arena */
    size_t n;
    uint64_t passed; /* how many there are in all */
    struct hidden_count *hidden;
    size_t hidden_count;
    struct trust_weights weights;
    weight support_needed;
    weight full_seeds; /* own_sum: below four the page says how few decide */
    uint64_t seq;      /* of the snapshot it was made from */
};
/* index may be NULL: then from the SQL tables alone, with the same result to the last byte. */
int filter_execute(struct store_read *read, struct rating_index *index, struct arena *arena,
    const struct filter_run *run, struct filter_result *out, struct err *err);
/* The marks of weighted raters on one item of a result of this run, those that count first, heaviest first,
 * at most max (0: all); *raters (may be NULL) is by how many different raters those are that count. */
int filter_why(struct store_read *read, struct rating_index *index, struct arena *arena,
    const struct filter_run *run, const struct filter_result *result, const struct scored *item, size_t max,
    struct why **out, size_t *n, size_t *raters, struct err *err);
/* Each trusted rater's contribution to one subject under this run, heaviest first, and its rule. */
int filter_explain(struct store_read *read, struct rating_index *index, struct arena *arena,
    const struct filter_run *run, struct str coordinate, struct scored *scored, struct why **out, size_t *n,
    struct err *err);

/* What each of two filters shows and the other does not, on the same pool: in its own order, at most
 * first->limit listed, each with the rule (rule_name) by which the other hides it. */
struct filter_difference {
    struct scored *only_first, *only_second;
    size_t first_listed, second_listed;
    uint64_t first, second, both; /* how many there are */
};
int filter_compare(struct store_read *read, struct rating_index *index, struct arena *arena,
    const struct filter_run *first, const struct filter_run *second, struct filter_difference *out,
    struct err *err);
/* Where a run shows nothing: the ready-made filter that shows least but something; NULL where none does. */
int filter_nearest(struct store_read *read, struct rating_index *index, struct arena *arena,
    const struct filter_run *run, const char **name, struct err *err);

/* What a few words can say of why an article stands where it does. */
struct why_short {
    uint32_t raters;      /* with weight, who rated it now; agree does not count */
    uint32_t seeds;       /* of them those whom the reader trusts directly */
    struct pubkey first;  /* the heaviest of them, seeds first; zeroes where there is none */
    struct str dimension; /* of the recipe, that speaks most for it, those that count for it first; or "" */
    bool high;            /* it was rated high in it; else low in one that counts against */
};
/* For items of a result of this run. */
int filter_why_short(struct store_read *read, struct rating_index *index, struct arena *arena,
    const struct filter_run *run, const struct filter_result *result, const struct scored *items, size_t n,
    struct why_short *out, struct err *err);
/* Articles that were found in some other way (by coordinate), judged under the run: rule, score and support
 * of each as filter_execute gives them. One that is not here has subject 0 and RULE_WINDOW. whys may be NULL.
 */
int filter_judge(struct store_read *read, struct rating_index *index, struct arena *arena,
    const struct filter_run *run, const struct str *coordinates, size_t n, struct scored *out,
    struct why_short *whys, struct err *err);

/* ---- how one thing was rated */

struct rating_mark_shown {
    struct pubkey rater;
    struct str dimension;
    uint16_t value;
    int64_t created_at;
    struct str reason;
    struct record_id revision;
    bool behind; /* the text has changed by more than a tenth of its words since */
};
/* All standing ratings of a coordinate ("30023:…") or event id in hex, newest first, at most max. */
int rating_marks_of(struct store_read *read, struct arena *arena, struct str coordinate, size_t max,
    struct rating_mark_shown **out, size_t *n, struct err *err);
/* Those of these raters alone, however many others there are: ordered by their place in raters (given in any
 * order, at most as many as trust_widen gives), then by dimension. */
int rating_marks_by(struct store_read *read, struct arena *arena, struct str coordinate,
    const struct pubkey *raters, size_t rater_count, struct rating_mark_shown **out, size_t *n,
    struct err *err);
struct rating_spread { /* of everyone who rated it: counts in five steps from 0 to 1; behind ones apart */
    struct str dimension;
    uint32_t steps[5], behind;
};
int rating_spreads(struct store_read *read, struct arena *arena, struct str coordinate,
    struct rating_spread **out, size_t *n, struct err *err);
int rating_dimensions(struct store_read *read, struct arena *arena, struct str language,
    struct dimension **out, size_t *n, struct err *err);

/* ---- the index: ratings as columns in memory-mapped files under directory/ratings */

/* Opens and keeps it up to date from a thread of its own; makes it anew where it is missing, torn or of
 * another epoch. */
int rating_index_open(struct store *store, const char *directory, struct rating_index **out, struct err *err);
void rating_index_close(struct rating_index *index); /* takes NULL */
uint64_t rating_index_seq(struct rating_index *index);
/* 0 when it has reached seq; ERR_BUSY after timeout_ms. */
int rating_index_wait(struct rating_index *index, uint64_t seq, int timeout_ms, struct err *err);

#endif
