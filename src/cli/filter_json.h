/* filter_json.h: what `filter` and `recount` share: naming a filter, an article and a time on the command
 * line, and a result as JSON. */
#ifndef WN_CLI_FILTER_JSON_H
#define WN_CLI_FILTER_JSON_H

#include "news/news.h"
#include "rating/rating.h"

enum { FILTER_LIMIT = 50, FILTER_LIMIT_MOST = 500, FILTER_WHY_MOST = 100 };

struct filter_named {
    struct recipe recipe;
    struct str name; /* of the filter, or the file's */
};
/* A ready-made name, an address, a d of who's own, or a file with a recipe ("-": standard input). */
int filter_name_read(struct store_read *read, struct arena *arena, const char *text, const struct pubkey *who,
    struct filter_named *out, struct err *err);
/* The whole of a file (or "-"), at most `most` bytes. */
int filter_file_read(struct arena *arena, const char *path, size_t most, struct str *out, struct err *err);
/* Unix seconds or RFC 3339; NULL: now. */
int filter_time_read(const char *text, int64_t now, int64_t *out, struct err *err);
int filter_limit_read(const char *text, size_t *out, struct err *err); /* NULL: FILTER_LIMIT */
/* An article's coordinate from an naddr, a coordinate, a short name or an event's id. */
int filter_article_read(
    struct store_read *read, struct arena *arena, const char *text, struct str *coordinate, struct err *err);

/* Title and id of an article's current revision. */
int filter_title(struct store_read *read, struct arena *arena, uint64_t seq, struct str *title,
    struct record_id *id, struct err *err);
/* "rater", "weight", … of one mark, as one JSON object; all: with what explain adds. */
void filter_why_json(const struct why *w, bool all, struct buf *out);
/* The members id, address, title, score and support, without braces. */
int filter_item_json(struct store_read *read, struct arena *arena, const struct scored *item, struct buf *out,
    struct err *err);
/* {"items":[…],"hidden":{…}} and a newline; one item a line. */
int filter_result_json(struct store_read *read, struct arena *arena, const struct filter_run *run,
    const struct filter_result *result, struct buf *out, struct err *err);

#endif
