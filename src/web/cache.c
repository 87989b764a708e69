/* cache.c: whole answers kept for anonymous readers, least recently used out first. They are libmicrohttpd
 * responses with all their headers, counted references, so that a hit costs one lookup and no copy. */
#include "web/cache.h"

#include "web/inside.h"

#include <stdlib.h>

#define MAX_AGE_US (60 * 1000000LL) /* "3 hours ago" and expiry go on without new records */
#define OVERHEAD 2000               /* an entry's headers and bookkeeping, about */
#define SLOTS 4096

struct cache_entry {
    struct cache_entry *chain;         /* of its slot */
    struct cache_entry *newer, *older; /* by last use */
    uint64_t hash, seq;
    int64_t made_us;
    const struct locale *locale;
    bool gzip;
    unsigned holders; /* the cache, and requests that have yet to queue it */
    struct MHD_Response *response;
    size_t size;
    char etag[40];
    size_t address_n;
    char address[];
};

struct cache {
    pthread_mutex_t lock;
    size_t limit, used;
    struct cache_entry *newest, *oldest;
    struct cache_entry *slots[SLOTS];
};

struct cache *cache_create(size_t bytes)
{
    struct cache *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    pthread_mutex_init(&c->lock, NULL);
    c->limit = bytes;
    return c;
}

static void unlink_entry(struct cache *c, struct cache_entry *e)
{
    struct cache_entry **at = &c->slots[e->hash % SLOTS];
    while (*at != e)
        at = &(*at)->chain;
    *at = e->chain;
    *(e->newer ? &e->newer->older : &c->newest) = e->older;
    *(e->older ? &e->older->newer : &c->oldest) = e->newer;
    c->used -= e->size;
}

/* One holder less. Called with the lock held, except at the end. */
static void release(struct cache_entry *e)
{
    if (--e->holders)
        return;
    MHD_destroy_response(e->response);
    free(e);
}

void cache_destroy(struct cache *c)
{
    if (!c)
        return;
    while (c->newest) {
        struct cache_entry *e = c->newest;
        unlink_entry(c, e);
        release(e);
    }
    pthread_mutex_destroy(&c->lock);
    free(c);
}

static uint64_t hash_of(struct str address, const struct locale *l, bool gzip)
{
    uint64_t hash = 14695981039346656037u ^ (uintptr_t)l ^ (uint64_t)gzip;
    for (size_t i = 0; i < address.n; i++)
        hash = (hash ^ (uint8_t)address.p[i]) * 1099511628211u;
    return hash ^ (hash >> 32);
}

static struct cache_entry *find(
    struct cache *c, uint64_t hash, struct str address, const struct locale *l, bool gzip)
{
    for (struct cache_entry *e = c->slots[hash % SLOTS]; e; e = e->chain)
        if (e->hash == hash && e->locale == l && e->gzip == gzip &&
            str_eq((struct str){e->address, e->address_n}, address))
            return e;
    return NULL;
}

static void touch(struct cache *c, struct cache_entry *e)
{
    if (c->newest == e)
        return;
    *(e->newer ? &e->newer->older : &c->newest) = e->older;
    *(e->older ? &e->older->newer : &c->oldest) = e->newer;
    e->newer = NULL;
    e->older = c->newest;
    if (c->newest)
        c->newest->newer = e;
    c->newest = e;
    if (!c->oldest)
        c->oldest = e;
}

bool cache_answer(struct cache *c, struct request *r, uint64_t seq, int64_t now_us, enum MHD_Result *result)
{
    bool gzip = accepts_gzip(r->in.accept_encoding);
    uint64_t hash = hash_of(r->address, r->locale, gzip);
    pthread_mutex_lock(&c->lock);
    struct cache_entry *e = find(c, hash, r->address, r->locale, gzip);
    bool hit = e && e->seq == seq && now_us - e->made_us < MAX_AGE_US && now_us >= e->made_us;
    if (hit) {
        touch(c, e);
        r->status = r->in.if_none_match.p && etag_matches(r->in.if_none_match, str_of(e->etag)) ? 304 : 200;
        *result = MHD_queue_response(r->connection, (unsigned)r->status, e->response);
    }
    pthread_mutex_unlock(&c->lock);
    return hit;
}

void cache_put(struct cache *c, struct request *r, const char *etag, size_t size)
{
    size += OVERHEAD + r->address.n;
    if (size > c->limit / 8)
        return;
    struct cache_entry *e = calloc(1, sizeof *e + r->address.n);
    if (!e)
        return;
    e->gzip = accepts_gzip(
        r->in.accept_encoding); /* what the reader takes, not what we chose to do with it */
    e->hash = hash_of(r->address, r->locale, e->gzip);
    e->seq = r->cache_seq;
    e->made_us = clock_now_us(&r->web->clock);
    e->locale = r->locale;
    e->size = size;
    e->address_n = r->address.n;
    memcpy(e->address, r->address.p, r->address.n);
    strncpy(e->etag, etag, sizeof e->etag - 1);
    pthread_mutex_lock(&c->lock);
    struct cache_entry *old = find(c, e->hash, r->address, e->locale, e->gzip);
    if (old && old->seq > e->seq) { /* somebody was quicker with something newer */
        pthread_mutex_unlock(&c->lock);
        free(e);
        return;
    }
    if (old) {
        unlink_entry(c, old);
        release(old);
    }
    while (c->oldest && c->used + size > c->limit) {
        struct cache_entry *last = c->oldest;
        unlink_entry(c, last);
        release(last);
    }
    e->response = r->response;
    e->holders = 2;
    r->cached = e;
    e->chain = c->slots[e->hash % SLOTS];
    c->slots[e->hash % SLOTS] = e;
    e->older = c->newest;
    *(c->newest ? &c->newest->newer : &c->oldest) = e;
    c->newest = e;
    c->used += size;
    pthread_mutex_unlock(&c->lock);
}

void cache_release(struct cache *c, struct cache_entry *e)
{
    pthread_mutex_lock(&c->lock);
    release(e);
    pthread_mutex_unlock(&c->lock);
}

size_t cache_bytes(struct cache *c)
{
    pthread_mutex_lock(&c->lock);
    size_t n = c->used;
    pthread_mutex_unlock(&c->lock);
    return n;
}
