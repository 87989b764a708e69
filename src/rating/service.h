/* service.h: rating services: people who rate privately together, and what their service says in public.
 *
 * A service is an actor whose key this node holds. Its operator names accounts of the node as its panel.
 * Members' ratings are state of this node and never become records; once in an epoch (a week) the service
 * publishes, for each thing and dimension that enough members rated, one aggregate: a mean with noise. DESIGN
 * section 6; what the rules guard, and what they do not, is in docs/FILTERS.md. Leans on rating.h. */
#ifndef WN_RATING_SERVICE_H
#define WN_RATING_SERVICE_H

#include "base/time.h"
#include "rating/rating.h"

/* Epochs begin on Mondays at 00:00 UTC and are numbered from the first after 1 January 1970. */
#define SERVICE_EPOCH_SECONDS 604800
int64_t service_epoch(int64_t unix_seconds);
int64_t service_epoch_begin(int64_t epoch);

#define SERVICE_FIRST_RATERS 10 /* a first aggregate needs so many members' ratings */
#define SERVICE_CHANGED 5       /* a new one: at least so many changed since the last, */
#define SERVICE_UNCHANGED 5     /* and so many that did not */
/* One aggregate tells apart two values of one member by a factor of at most exp(1/2), and a rating takes part
 * in four aggregates until its member gives it another value: exp(2) over all. The sum's noise is a discrete
 * Laplace distribution with scale 2 full ratings, so the mean of n has scale 2/n. */
#define SERVICE_NOISE_SCALE (2 * RATING_SCALE)
#define SERVICE_USES 4
#define SERVICE_STEP 500 /* aggregates are multiples of 0.05, */
#define SERVICE_MIN 500  /* from 0.05 */
#define SERVICE_MAX 9500 /* to 0.95 */

struct rating_service {
    struct pubkey key;
    struct str name, about;
    int64_t created_at;
    int64_t published_epoch; /* the last one that was worked off; −1 */
    uint32_t members;
};
/* Names one; an existing key's name and words are changed. ERR_INPUT. */
int service_put(struct store *store, const struct pubkey *key, struct str name, struct str about, int64_t now,
    struct err *err);
/* Forgets the service, its panel and all its members' ratings; what it published stays. ERR_NOT_FOUND. */
int service_remove(struct store *store, const struct pubkey *key, struct err *err);
int service_list(
    struct store_read *read, struct arena *arena, struct rating_service **out, size_t *n, struct err *err);
int service_get(struct store_read *read, struct arena *arena, const struct pubkey *key,
    struct rating_service *out, struct err *err); /* ERR_NOT_FOUND */
/* A member who leaves or is taken from the panel is forgotten with all ratings; the next aggregate counts
 * that as a change. ERR_NOT_FOUND for no such service; ERR_LIMIT above SERVICE_MEMBERS. */
#define SERVICE_MEMBERS 5000
int service_member_add(struct store *store, const struct pubkey *service, const struct pubkey *member,
    int64_t now, struct err *err);
int service_member_remove(
    struct store *store, const struct pubkey *service, const struct pubkey *member, struct err *err);
/* Off every panel, inside the transaction in which the account goes. */
int service_member_forget(struct sql *db, const struct pubkey *member, struct err *err);
int service_members(struct store_read *read, struct arena *arena, const struct pubkey *service,
    struct pubkey **out, size_t *n, struct err *err); /* sorted by key */
/* The services on whose panel member sits. */
int service_of_member(struct store_read *read, struct arena *arena, const struct pubkey *member,
    struct rating_service **out, size_t *n, struct err *err);

/* A member's private rating; a later one takes its place. d->reason must be empty: reasons would name people.
 * `agree` is refused (ERR_INPUT). ERR_DENIED: not on the panel. */
int service_rate(struct store *store, const struct pubkey *service, const struct pubkey *member,
    const struct rating_draft *d, int64_t now, struct err *err);
int service_unrate(struct store *store, const struct pubkey *service, const struct pubkey *member,
    const struct rating_target *target, struct str dimension, struct err *err);
struct service_mark {
    struct str coordinate, dimension;
    uint16_t value;
    int64_t at;
    struct record_id revision;
    unsigned uses_left; /* aggregates that it may still take part in */
};
/* What member rated, newest first; of one coordinate, or of all where it is {NULL,0}. */
int service_marks(struct store_read *read, struct arena *arena, const struct pubkey *service,
    const struct pubkey *member, struct str coordinate, size_t max, struct service_mark **out, size_t *n,
    struct err *err);

/* Closes the epochs that ended by now: decides what is published, draws the noise once, and keeps the
 * aggregates as waiting, all in one transaction; so neither a crash nor a second call draws again. Returns 0.
 */
int service_close(
    struct store *store, const struct pubkey *service, int64_t now, const struct rng *rng, struct err *err);
struct aggregate {
    int64_t number; /* of the waiting row */
    struct rating_target target;
    struct str coordinate, dimension;
    uint16_t value;
    uint32_t count; /* floored to fives */
    int64_t epoch;
};
/* What waits to be published, ordered by coordinate. */
int service_waiting(struct store_read *read, struct arena *arena, const struct pubkey *service, size_t max,
    struct aggregate **out, size_t *n, struct err *err);
int service_published(struct store *store, const struct aggregate *a, struct err *err); /* waits no more */
/* The aggregate as a rating of the service (34259), dated with its epoch's end, with count and noise beside
 * it; and, for worth, as a trusted assertion (NIP-85, 30383 or 30384). */
int aggregate_write(const struct aggregate *a, struct record_draft *out, struct err *err);
bool aggregate_mirror(const struct aggregate *a, struct record_draft *out); /* false: it has none */

/* The same through node_call("rating.service"), for who may not be the writer. */
enum service_order_type {
    SERVICE_PUT,      /* service, name, about */
    SERVICE_REMOVE,   /* service */
    SERVICE_SEAT,     /* service, member */
    SERVICE_UNSEAT,   /* service, member */
    SERVICE_CLOSE,    /* service: the epochs that ended by now */
    SERVICE_PUBLISHED /* number of an aggregate */
};
struct service_order {
    enum service_order_type what;
    struct pubkey service, member;
    struct str name, about;
    int64_t number;
};
void service_order_pack(const struct service_order *o, struct buf *out);
extern const struct store_call rating_calls[];

/* One draw of the discrete Laplace distribution: P(x) ∝ exp(−|x|/scale), exactly, with integers only
 * (Canonne, Kamath, Steinke 2020, "The Discrete Gaussian for Differential Privacy", algorithm 2). */
int64_t noise_laplace(const struct rng *rng, uint32_t scale);
/* sum of n values and its noise, as an aggregate: divided, rounded to SERVICE_STEP, kept within its bounds.
 */
uint16_t aggregate_value(int64_t noised_sum, uint32_t n);

#endif
