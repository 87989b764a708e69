/* private.h: what files of the rating room share: what is rated as a coordinate, and the five dimensions. */
#ifndef WN_RATING_PRIVATE_H
#define WN_RATING_PRIVATE_H

#include "rating/rating.h"

#define RATING_LABEL "widenet.rating"
#define RATING_MAX_REASON 280 /* bytes */
#define RATING_SHIPPED 5      /* dimensions with numbers 0 to 4 */

/* "worth", "accurate", …; in the order of enum DIMENSION_…. */
extern const char *const rating__shipped[RATING_SHIPPED];
/* 0 to 4, or −1. */
int rating__shipped_number(struct str name);

/* "30023:…" and its like, an event's id in hex, "0:<key>:" of an actor: what subjects are known by. */
void rating__coordinate(const struct rating_target *target, struct buf *out);
/* The d of a rating: "<type>:<coordinate>#<dimension>", or its hash where that is too long. */
void rating__d(const struct rating_target *target, struct str dimension, struct buf *out);

#endif
