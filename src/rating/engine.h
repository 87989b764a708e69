/* engine.h: what the judging files of this room share: exact numbers, weights over any graph, recipes'
 * bounds.
 *
 * Private to the room. What it is not: where ratings come from (source.h). */
#ifndef WN_RATING_ENGINE_H
#define WN_RATING_ENGINE_H

#include "rating/rating.h"

__extension__ typedef __int128 rating__i128;

/* ---- numbers (fixed.c) */

/* numerator / denominator: each becomes a double once, then one division. denominator > 0. */
double rating__ratio(rating__i128 numerator, rating__i128 denominator);
/* 2^(−age/halflife), of + − × ÷ alone, so that every machine gives the same bits. age ≥ 0, halflife > 0. */
double rating__fade(int64_t age, int64_t halflife);
/* The shortest decimal that reads back as the same double; x is finite and below 1e15 in size. */
void rating__number_format(double x, struct buf *out);
/* The support that a filter's number asks for: in steps of 2^-20 rounded down, so that two raters of 0.8 make
 * 1.6 though 0.8 is none of our units; at least one unit where s > 0. */
weight rating__support_of(double s);

/* ---- weights (weights.c) */

struct rating__edge {
    int64_t target;
    weight weight; /* 1 … WEIGHT_ONE */
};
/* Whom a node trusts. Nodes are numbers above 0, in the store the actors'. Each target once. */
struct rating__graph {
    void *ctx;
    int (*edges)(void *ctx, struct arena *arena, int64_t node, const struct rating__edge **out, size_t *n,
        struct err *err);
    /* <0, 0, >0: an order of nodes that does not depend on their numbers (their keys'). */
    int (*compare)(void *ctx, int64_t a, int64_t b);
};
struct rating__seed {
    int64_t node; /* each once; 0: nobody the graph knows */
    weight weight;
};
struct rating__reached {
    int64_t node;     /* 0: a seed the graph does not know; then seed tells which */
    uint32_t seed;    /* index of the seed, or UINT32_MAX */
    weight weight;    /* what it keeps, of all levels */
    uint8_t depth;    /* the first level that reached it */
    uint8_t length;   /* of path: 1 … 4 */
    uint32_t path[4]; /* indices of those by whom most came to it, from a seed to itself */
};
struct rating__hop {   /* one edge that carried mass to a watched node */
    uint32_t from, to; /* indices of reached */
    uint8_t level;     /* of to: 1 … depth */
    weight weight;     /* of the edge */
    uint64_t divisor;  /* max(WEIGHT_ONE, the sum of from's edges) */
};
struct rating__weights {
    struct rating__reached *at;
    size_t n;
    weight own_sum;
    size_t expanded, edges; /* what it cost */
};
/* DESIGN section 6, "Weights". reader: its node, 0 where it is not in the graph. Seeds come first in at, in
 * their order. The result does not depend on the order of seeds, nodes' numbers or edges. */
int rating__spread_trust(const struct rating__graph *graph, struct arena *arena, int64_t reader,
    const struct rating__seed *seeds, size_t n, unsigned depth, struct rating__weights *out, struct err *err);
/* Every chain by which mass comes to target, at most max, most first; as indices in *reached. */
struct rating__chain {
    uint32_t at[4];
    uint8_t length;
    weight weight; /* what the target keeps of what comes by it */
};
int rating__chains(const struct rating__graph *graph, struct arena *arena, int64_t reader,
    const struct rating__seed *seeds, size_t n, unsigned depth, int64_t target, size_t max,
    struct rating__weights *reached, struct rating__chain **out, size_t *count, struct err *err);

/* ---- trust as the store has it (trust.c) */

/* reader's published trust alone, whatever this node keeps of a private list. */
int rating__trust_published(struct store_read *read, struct arena *arena, const struct pubkey *reader,
    struct trust_entry **out, size_t *n, struct err *err);
/* Weights by actors' numbers; seeds in the order of entries. */
int rating__trust_reach(struct store_read *read, struct arena *arena, const struct pubkey *reader,
    const struct trust_entry *seeds, size_t n, unsigned depth, struct rating__weights *out, struct err *err);
/* The same with keys, sorted by them. */
int rating__trust_name(struct store_read *read, struct arena *arena, const struct rating__weights *reached,
    const struct trust_entry *seeds, struct trust_weights *out, struct err *err);

#endif
