/* tries.h: limits on guessing passwords that do not let a stranger lock anybody out. Inside the room only.
 *
 * Two limits stand side by side. (1) Each place a try comes from, for each name: three wrong passwords are
 * free, then every further one doubles the wait, up to 15 minutes; an hour of quiet forgets. A place is a
 * device that has signed in to this name before (it holds a token that only the keeper makes), else a
 * reader's address. (2) Each name, for all places that are not such devices together: 20 tries at once, then
 * one every 30 seconds. So thousands of addresses together guess 2,880 times a day, a known device never
 * notices them, and a new device waits half a minute at worst. A right password gives its try back. */
#ifndef WN_KEEPER_TRIES_H
#define WN_KEEPER_TRIES_H

#include "keeper/vault.h"

#define TRIES_MAX 20
#define TRIES_REFILL_SECONDS 30
#define TRIES_FREE 3
#define TRIES_MAX_WAIT 900
#define TRIES_FORGET 3600

struct tries; /* what is known of places, and of names that nobody has; in memory only */

struct tries *keeper__tries_create(void);
void keeper__tries_destroy(struct tries *t); /* takes NULL */

/* One hashed (name, place). */
struct try_place {
    uint8_t b[16];
};
/* Seconds this place must wait for its next try; 0: now. */
int64_t keeper__tries_place_wait(struct tries *t, const struct try_place *place, int64_t now);
void keeper__tries_place_failed(struct tries *t, const struct try_place *place, int64_t now);
void keeper__tries_place_passed(struct tries *t, const struct try_place *place);

/* The bucket of a name: of its slot, or, for a name nobody has, one kept here (so that both look alike). */
struct try_bucket {
    uint32_t left;
    int64_t at;
};
struct try_bucket *keeper__tries_unknown_name(struct tries *t, const struct try_place *name, int64_t now);
/* Takes one try out: 0, or the seconds until there is one. */
int64_t keeper__tries_take(struct try_bucket *bucket, int64_t now);
void keeper__tries_give_back(struct try_bucket *bucket);

#endif
