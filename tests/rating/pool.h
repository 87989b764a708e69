/* pool.h: what the rating room's tests share: a store with its projection and articles' texts, records in a
 * line. */
#ifndef WN_TESTS_RATING_POOL_H
#define WN_TESTS_RATING_POOL_H

#include "store/fixture.h"

#include "news/news.h"
#include "rating/rating.h"

/* The rooms news and rating, joined as main.c does. */
const struct store_tables *pool_tables(void);

/* An article whose text has the licence CC0 and the language en; published_at 0: not declared. */
struct record *article(struct world *w, int who, const char *d, int64_t created_at, const char *title,
    const char *text, int64_t published_at);
/* who rates an article; revision may be NULL. dimension "" leaves the label out. */
struct record *rating(struct world *w, int who, const char *address, const struct record *revision,
    const char *dimension, const char *value, int64_t created_at);
struct record *reaction(struct world *w, int who, const char *address, const struct record *event,
    const char *content, int64_t at);
/* Trust sets: pairs "who=weight" separated by spaces. */
struct record *trust(struct world *w, int who, const char *d, const char *entries, int64_t created_at);
struct record *deletion(struct world *w, int who, const char *address, int64_t created_at);
struct record *deletion_of(struct world *w, const struct record *r, int who, int64_t created_at);

/* "a1", "b2", …: article a of key 1; other coordinates as they are. Keys as k1 … */
/* All that is shown, sorted, without this node's numbers: one line each of facts, marks, edges, filters. */
const char *dump(struct world *w);
const char *dump_marks(struct world *w); /* only the marks */
void assert_rebuilt_alike(struct world *w);

#endif
