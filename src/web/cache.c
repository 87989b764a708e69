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
    bool https; /* what pages call their own address */
    size_t host_n, address_n;
    char text[]; /* host, address */
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

/* What an answer depends on. */
struct key {
    struct str host, address;
    const struct locale *locale;
    bool gzip, https;
    uint64_t hash;
};

static uint64_t add_to_hash(uint64_t hash, struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        hash = (hash ^ (uint8_t)s.p[i]) * 1099511628211u;
    return hash;
}

static struct key key_of(const struct request *r)
{
    struct key k = {
        r->in.host, r->address, r->locale, accepts_gzip(r->in.accept_encoding), request_is_https(r), 0};
    k.hash = 14695981039346656037u ^ (uintptr_t)k.locale ^ (uint64_t)(k.gzip * 2 + k.https);
    k.hash = add_to_hash(add_to_hash(k.hash, k.host), k.address);
    k.hash ^= k.hash >> 32;
    return k;
}

static struct cache_entry *find(struct cache *c, const struct key *k)
{
    for (struct cache_entry *e = c->slots[k->hash % SLOTS]; e; e = e->chain)
        if (e->hash == k->hash && e->locale == k->locale && e->gzip == k->gzip && e->https == k->https &&
            str_eq((struct str){e->text, e->host_n}, k->host) &&
            str_eq((struct str){e->text + e->host_n, e->address_n}, k->address))
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
    struct key key = key_of(r);
    pthread_mutex_lock(&c->lock);
    struct cache_entry *e = find(c, &key);
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
    struct key key = key_of(r);
    size += OVERHEAD + key.host.n + key.address.n;
    if (size > c->limit / 8)
        return;
    struct cache_entry *e = calloc(1, sizeof *e + key.host.n + key.address.n);
    if (!e)
        return;
    e->gzip = key.gzip; /* what the reader takes, not what we chose to do with it */
    e->https = key.https;
    e->hash = key.hash;
    e->seq = r->cache_seq;
    e->made_us = clock_now_us(&r->web->clock);
    e->locale = r->locale;
    e->size = size;
    e->host_n = key.host.n;
    e->address_n = key.address.n;
    memcpy(e->text, key.host.p, key.host.n);
    memcpy(e->text + key.host.n, key.address.p, key.address.n);
    strncpy(e->etag, etag, sizeof e->etag - 1);
    pthread_mutex_lock(&c->lock);
    struct cache_entry *old = find(c, &key);
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
