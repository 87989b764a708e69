/* private.h: what files of the rating room share: what is rated as a coordinate, and the five dimensions. */
#ifndef WN_RATING_PRIVATE_H
#define WN_RATING_PRIVATE_H

#include "rating/rating.h"

#define RATING_LABEL "widenet.rating"
#define RATING_MAX_REASON 280 /* bytes */
#define RATING_SHIPPED 5      /* dimensions with numbers 0 to 4 */

/* A time as the columns keep it. */
static inline uint32_t rating__time(int64_t created_at)
{
    return created_at > UINT32_MAX ? UINT32_MAX : (uint32_t)created_at;
}
/* "worth", "accurate", …; in the order of enum DIMENSION_…. */
extern const char *const rating__shipped[RATING_SHIPPED];
/* 0 to 4, or −1. */
int rating__shipped_number(struct str name);

/* "30023:…" and its like, an event's id in hex, "0:<key>:" of an actor: what subjects are known by. */
void rating__coordinate(const struct rating_target *target, struct buf *out);
/* The d of a rating: "<type>:<coordinate>#<dimension>", or its hash where that is too long. */
void rating__d(const struct rating_target *target, struct str dimension, struct buf *out);
/* "#Tenants' Rights " → "tenants' rights" (NFC, lower case); "" if nothing is left. */
struct str rating__topic_name(struct arena *arena, struct str text);
/* "pt-BR" → "pt", in arena; "" for what is no language. */
struct str rating__language_name(struct arena *arena, struct str tag);
/* "pt-BR" → its two or three letters as a number, as subject_facts keeps it; 0 for others. */
uint32_t rating__language(struct str tag);
/* Rows up to n leave the journal. */
int rating__journal_trim(struct sql *db, int64_t n, struct err *err);
/* An interned topic's number, 0 where nobody uses it. */
uint32_t rating__topic(struct sql *db, struct str name);

#endif
