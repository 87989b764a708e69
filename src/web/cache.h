/* cache.h: whole answers kept for readers who are not signed in, by (host, address,
 * language, coding), while
 * nothing new has been applied. */
#ifndef WN_WEB_CACHE_H
#define WN_WEB_CACHE_H

#include "base/str.h"

#include <microhttpd.h>

struct cache;
struct cache_entry;
struct request;

struct cache *cache_create(size_t bytes);
void cache_destroy(struct cache *c); /* takes NULL */
/* Queues the answer if there is one that was made at seq not longer than a minute ago. *status is set then.
 */
bool cache_answer(struct cache *c, struct request *r, uint64_t seq, int64_t now_us, enum MHD_Result *result);
/* Keeps r->response, made from r->cache_seq. The response is then the entry's, which r->cached holds until
 * cache_release(); where it is not kept, r->cached stays NULL. */
void cache_put(struct cache *c, struct request *r, const char *etag, size_t size);
void cache_release(struct cache *c, struct cache_entry *e);
size_t cache_bytes(struct cache *c);

#endif
