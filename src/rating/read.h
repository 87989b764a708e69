/* read.h: records of strangers as ratings and trust, without any table. */
#ifndef WN_RATING_READ_H
#define WN_RATING_READ_H

#include "rating/rating.h"

struct rating__read {
    struct rating_target
        target; /* of ADDRESS: revision is set where has_revision; d points into the record */
    bool has_revision;
    struct str dimension; /* name or 34706 coordinate */
    uint16_t value;
    bool reaction; /* of kind 7 */
};
/* False for what is no rating. */
bool rating__read(const struct record *r, struct rating__read *out);
/* A set's d is one of "widenet.trust", "widenet.trust.…". */
bool rating__is_trust(const struct record *r);
/* The next entry from tag *at on; false at the end. Passes over what is malformed and over the author. */
bool rating__trust_next(const struct record *r, size_t *at, struct trust_entry *out);

#endif
