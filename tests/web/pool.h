/* pool.h: articles for the pages' tests: signed by keys of their own and put straight into a site's store. */
#ifndef WN_TESTS_WEB_POOL_H
#define WN_TESTS_WEB_POOL_H

#include "site.h"

#include "news/news.h"

/* Signs with the key of that number (1 … 9), appends, waits until it shows. */
void pool_put(struct site *s, struct record *r, int who);
/* An article; gives its code, in the site's arena. */
const char *pool_article(struct site *s, int who, const struct article_draft *a, int64_t created_at);
struct pubkey pool_key(int who);

/* "/r/CODE" and what stands behind it. */
const char *pool_link(struct site *s, const char *code, const char *after);

#endif
