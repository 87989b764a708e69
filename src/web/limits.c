/* limits.c: token buckets by address, name or cookie in a table of fixed size. */
#include "web/limits.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>

/* One row a type: how many at once, and microseconds until one more is allowed. */
static const struct {
    int64_t burst, every_us;
} rates[LIMIT_TYPES] = {
    [LIMIT_POST] = {60, 1000000},
    [LIMIT_SIGN_IN] = {20, 15 * 1000000},
    [LIMIT_SIGN_UP] = {10, 360 * 1000000},
};

#define SETS 4096
#define WAYS 4
struct bucket {
    uint64_t hash;   /* 0: free */
    int64_t full_at; /* when it will be full again: tokens and time in one number */
};
struct limits {
    pthread_mutex_t lock;
    uint8_t secret[crypto_shorthash_KEYBYTES]; /* so that nobody can choose what collides */
    struct bucket buckets[SETS][WAYS];
};

struct limits *limits_create(const struct rng *rng)
{
    struct limits *l = calloc(1, sizeof *l);
    if (!l)
        return NULL;
    pthread_mutex_init(&l->lock, NULL);
    rng->fill(rng->ctx, l->secret, sizeof l->secret);
    return l;
}

void limits_destroy(struct limits *l)
{
    if (!l)
        return;
    pthread_mutex_destroy(&l->lock);
    free(l);
}

/* The bucket for hash, or the one of its set that is full soonest, taken over. Called with the lock held. */
static struct bucket *find(struct limits *l, uint64_t hash, bool make)
{
    struct bucket *set = l->buckets[hash % SETS], *oldest = &set[0];
    for (unsigned i = 0; i < WAYS; i++) {
        if (set[i].hash == hash)
            return &set[i];
        if (set[i].full_at < oldest->full_at)
            oldest = &set[i];
    }
    if (make)
        *oldest = (struct bucket){.hash = hash};
    return make ? oldest : NULL;
}

static uint64_t hash_of(const struct limits *l, enum limit_type type, struct str key)
{
    uint8_t in[65];
    size_t n = key.n < sizeof in - 1 ? key.n : sizeof in - 1;
    in[0] = (uint8_t)type;
    if (n)
        memcpy(in + 1, key.p, n);
    uint64_t hash;
    crypto_shorthash((uint8_t *)&hash, in, n + 1, l->secret);
    return hash ? hash : 1;
}

static int64_t cost(enum limit_type type, bool many)
{
    return rates[type].every_us / (many ? 10 : 1);
}

static int64_t seconds_until(int64_t full_at, enum limit_type type, bool many, int64_t now_us)
{
    /* A bucket whose full_at lies burst × every ahead is empty. */
    int64_t over = full_at + cost(type, many) - (now_us + rates[type].burst * rates[type].every_us);
    return over <= 0 ? 0 : (over + 999999) / 1000000;
}

static int64_t take(
    struct limits *l, enum limit_type type, struct str key, bool many, int64_t now_us, bool really)
{
    uint64_t hash = hash_of(l, type, key);
    pthread_mutex_lock(&l->lock);
    struct bucket *b = find(l, hash, really);
    int64_t wait = 0;
    if (b) {
        if (b->full_at < now_us)
            b->full_at = now_us;
        wait = seconds_until(b->full_at, type, many, now_us);
        if (!wait && really)
            b->full_at += cost(type, many);
    }
    pthread_mutex_unlock(&l->lock);
    return wait;
}

int64_t limits_take(struct limits *l, enum limit_type type, struct str key, bool many, int64_t now_us)
{
    return take(l, type, key, many, now_us, true);
}

int64_t limits_wait(struct limits *l, enum limit_type type, struct str key, bool many, int64_t now_us)
{
    return take(l, type, key, many, now_us, false);
}

void limits_return(struct limits *l, enum limit_type type, struct str key, bool many, int64_t now_us)
{
    uint64_t hash = hash_of(l, type, key);
    pthread_mutex_lock(&l->lock);
    struct bucket *b = find(l, hash, false);
    if (b && b->full_at > now_us)
        b->full_at -= cost(type, many);
    pthread_mutex_unlock(&l->lock);
}

bool limit_key_of_text(struct str text, struct limit_key *out)
{
    char z[INET6_ADDRSTRLEN + 1];
    text = str_trim(text);
    if (text.n >= 2 && text.p[0] == '[') { /* [::1]:port */
        size_t end = str_find_char(text, ']');
        if (end == SIZE_MAX)
            return false;
        text = str_slice(text, 1, end);
    }
    if (text.n == 0 || text.n >= sizeof z)
        return false;
    memcpy(z, text.p, text.n);
    z[text.n] = 0;
    struct in_addr v4;
    struct in6_addr v6;
    *out = (struct limit_key){0};
    if (inet_pton(AF_INET, z, &v4) == 1) {
        memcpy(out->b, &v4, 4);
        out->n = 4;
        return true;
    }
    if (inet_pton(AF_INET6, z, &v6) != 1)
        return false;
    bool mapped = IN6_IS_ADDR_V4MAPPED(&v6);
    out->n = mapped ? 4 : 8; /* one household has a /64 */
    memcpy(out->b, (const uint8_t *)&v6 + (mapped ? 12 : 0), out->n);
    return true;
}
