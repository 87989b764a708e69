/* tries.c: the two limits of tries.h: waits for each place, a bucket for each name. */
#include "keeper/tries.h"

#include <stdlib.h>

#define WAYS 4u
#define SETS 2048u

/* Set-associative: a hash picks the set, the entry that was quiet longest gives way. Bounded whoever knocks.
 */
struct place_entry {
    struct try_place place;
    int64_t at; /* of the last failure; 0: empty */
    uint32_t failures;
};
struct name_entry {
    struct try_place name;
    struct try_bucket bucket;
    int64_t used;
};
struct tries {
    struct place_entry places[SETS][WAYS];
    struct name_entry names[SETS][WAYS];
};

struct tries *keeper__tries_create(void)
{
    return calloc(1, sizeof(struct tries));
}

void keeper__tries_destroy(struct tries *t)
{
    free(t);
}

static size_t set_of(const struct try_place *p)
{
    return (p->b[0] | (size_t)p->b[1] << 8) % SETS;
}

static struct place_entry *find_place(struct tries *t, const struct try_place *place)
{
    struct place_entry *set = t->places[set_of(place)];
    for (size_t i = 0; i < WAYS; i++)
        if (set[i].at && !memcmp(&set[i].place, place, sizeof *place))
            return &set[i];
    return NULL;
}

int64_t keeper__tries_place_wait(struct tries *t, const struct try_place *place, int64_t now)
{
    struct place_entry *e = find_place(t, place);
    if (!e || e->failures <= TRIES_FREE)
        return 0;
    uint32_t doublings = e->failures - TRIES_FREE;
    int64_t wait = doublings > 9 ? TRIES_MAX_WAIT : INT64_C(1) << doublings;
    if (wait > TRIES_MAX_WAIT)
        wait = TRIES_MAX_WAIT;
    int64_t passed = now - e->at;
    if (passed < 0) /* the clock was set back */
        e->at = now;
    return passed >= wait ? 0 : wait - (passed < 0 ? 0 : passed);
}

void keeper__tries_place_failed(struct tries *t, const struct try_place *place, int64_t now)
{
    struct place_entry *e = find_place(t, place);
    if (!e) {
        struct place_entry *set = t->places[set_of(place)];
        e = &set[0];
        for (size_t i = 1; i < WAYS; i++)
            if (set[i].at < e->at)
                e = &set[i];
        *e = (struct place_entry){.place = *place};
    }
    if (now - e->at > TRIES_FORGET)
        e->failures = 0;
    e->failures++;
    e->at = now > 0 ? now : 1;
}

void keeper__tries_place_passed(struct tries *t, const struct try_place *place)
{
    struct place_entry *e = find_place(t, place);
    if (e)
        memset(e, 0, sizeof *e);
}

struct try_bucket *keeper__tries_unknown_name(struct tries *t, const struct try_place *name, int64_t now)
{
    struct name_entry *set = t->names[set_of(name)], *e = &set[0];
    for (size_t i = 0; i < WAYS; i++) {
        if (set[i].used && !memcmp(&set[i].name, name, sizeof *name)) {
            set[i].used = now;
            return &set[i].bucket;
        }
        if (set[i].used < e->used)
            e = &set[i];
    }
    *e = (struct name_entry){.name = *name, .bucket = {TRIES_MAX, now}, .used = now > 0 ? now : 1};
    return &e->bucket;
}

int64_t keeper__tries_take(struct try_bucket *bucket, int64_t now)
{
    int64_t passed = now - bucket->at;
    if (passed < 0) {
        bucket->at = now;
        passed = 0;
    }
    int64_t more = passed / TRIES_REFILL_SECONDS;
    if (more > TRIES_MAX - (int64_t)bucket->left || bucket->left > TRIES_MAX) {
        bucket->left = TRIES_MAX;
        bucket->at = now;
    } else {
        bucket->left += (uint32_t)more;
        bucket->at += more * TRIES_REFILL_SECONDS;
    }
    if (bucket->left == 0)
        return TRIES_REFILL_SECONDS - (now - bucket->at);
    if (bucket->left == TRIES_MAX)
        bucket->at = now;
    bucket->left--;
    return 0;
}

void keeper__tries_give_back(struct try_bucket *bucket)
{
    if (bucket->left < TRIES_MAX)
        bucket->left++;
}
