/* filter.h: looking at the pool through a filter: which one a reader has chosen, what it shows, and how it is
 * said in words. Private to the room. Leans on page.h and rating.h. */
#ifndef WN_WEB_FILTER_H
#define WN_WEB_FILTER_H

#include "rating/rating.h"
#include "web/rate.h"

/* A filter as one reader uses it; everything in the request's arena. */
struct looking {
    struct filter_thing thing; /* as it is written down */
    struct recipe recipe;      /* as it is used: without the rule that the address takes away */
    struct str key;            /* what stands behind ?filter=: a ready-made name, an naddr, or "my-<id>" */
    struct str link;           /* of its own page */
    struct str name;           /* in the reader's language where we named it; fit to be shown */
    struct str private_id;     /* not empty: kept on this node by its reader */
    bool everything;           /* hides nothing, newest first: what the plain lists show */
    bool asked;                /* the address names it */
    bool first;                /* what this reader sees without asking */
    bool of_node;              /* this node's own first filter */
    struct str first_key;      /* of what they see without asking, */
    bool chose_first;          /* which they chose themselves */
    struct str node_key;       /* of the node's own */
    struct str without;        /* a rule that the address takes away, or empty */
    const char *notice;        /* a message, where it is not the one the reader had chosen */
    /* Whose trust counts: the reader's; for feeds and strangers nobody's, and then a public filter shows what
     * its author's published trust shows (through_author). */
    const struct pubkey *reader;
    bool through_author;
    const struct recipe *mine; /* what the reader sees anyway, where it asks for what they missed */
    struct reader_trust trust; /* the reader's own list, not widened: petnames */
};

/* What ?filter= asks for, else the reader's first filter, else the node's. Feeds and JSON are the same for
 * everybody: they know no reader. False: an error was answered. */
bool web__look(struct request *r, enum page_form form, struct looking *out);
/* The same on pages that show everything as long as nothing else is asked for: somebody in particular, or
 * (chosen) words looked for, where a reader's own first filter counts, too. */
bool web__look_asked(struct request *r, enum page_form form, bool chosen, struct looking *out);
/* The filter of that key, for this reader. ERR_NOT_FOUND, ERR_GONE. */
int web__look_through(
    struct request *r, enum page_form form, struct str key, struct looking *out, struct err *err);
/* A recipe that is nobody's filter yet, through the signed-in reader's eyes. */
int web__look_recipe(struct request *r, const struct recipe *recipe, struct looking *out, struct err *err);
/* What stands behind ?filter= for it; its page's address. */
struct str web__filter_key(struct arena *arena, const struct filter_thing *thing);
struct str web__filter_link(struct arena *arena, struct str key, const char *after);
/* The ready-made one with the same recipe, or NULL; and what it is called (a message). */
const char *web__ready_made_like(const struct recipe *recipe);
const char *web__ready_made_title(const char *name);
/* Public filters of these authors (NULL: of all), newest first, until a time. limit ≤ 500. */
int web__filters_by(struct request *r, const struct pubkey *authors, size_t n, size_t limit, int64_t until,
    struct filter_thing **out, size_t *count, struct err *err);
/* Has it no eyes: it goes by trust, and there is nobody whose trust could count. */
bool web__look_is_blind(const struct looking *f);
/* "filter=KEY", and what else of it the address says; "" where it does not. */
struct str web__look_query(struct request *r, const struct looking *f);

struct filter_page {
    size_t offset, limit;
    struct str hidden_rule;     /* list what this hid instead */
    struct str language, topic; /* only articles in it, on it */
};
/* The run, and its answer. ERR_LIMIT where it would take too long. */
int web__filter_run(struct request *r, const struct looking *f, const struct filter_page *page,
    struct filter_result *out, struct err *err);
void web__run_of(struct request *r, const struct looking *f, struct filter_run *out);
int web__filter_compare(struct request *r, const struct filter_run *first, const struct filter_run *second,
    struct filter_difference *out, struct err *err);
int web__filter_nearest(struct request *r, const struct looking *f, const char **name, struct err *err);
int web__filter_explain(struct request *r, const struct looking *f, struct str coordinate,
    struct scored *scored, struct why **whys, size_t *n, struct err *err);
struct str web__coordinate(struct arena *arena, const struct address *address);
/* The articles of a result, those that the lists know; scored[i] belongs to items[i]. */
int web__filter_items(struct request *r, const struct filter_result *result, struct news_item **items,
    struct scored **scored, size_t *n, struct err *err);
/* Rule and score of articles that were found in another way, in their order. whys may be NULL. */
int web__filter_judge(struct request *r, const struct looking *f, const struct news_item *items, size_t n,
    struct scored *scored, struct why_short *whys, struct err *err);
/* A few words' worth of why, for items of a result. */
int web__filter_whys(struct request *r, const struct looking *f, const struct filter_page *page,
    const struct filter_result *result, const struct scored *items, size_t n, struct why_short *out,
    struct err *err);

/* ---- words */

/* "newsworthy"; high or low end of a dimension in a word or two. */
struct str web__dimension_word(struct request *r, struct str dimension, bool high);
struct str web__dimension_name(struct request *r, struct str dimension);
/* "Ana and 3 others you trust: newsworthy"; "" where nothing is to be said. */
struct str web__because(struct request *r, const struct looking *f, const struct why_short *why);
/* What a rule asks, in a few words ("too few people you trust have rated it"). */
struct str web__rule_words(struct request *r, const struct looking *f, struct str rule);
/* List "sentences" of a view: what the recipe does, in readable words. */
void web__recipe_view(struct request *r, struct view *v, const struct recipe *recipe);
struct str web__filter_about(struct request *r, const struct filter_thing *thing);
struct str web__decimal(struct request *r, double value, unsigned digits);
struct str web__weight(struct request *r, weight w);

/* What a reader switches between: the ready-made ones, the first one, their own, those they subscribed to. */
struct filter_choice {
    struct str key, name;
    bool first, current;
};
void web__choices(struct request *r, const struct looking *f, struct filter_choice **out, size_t *n);
/* The row of choices (list "choices") for a page at path; query holds what else its address says. */
void web__choices_view(
    struct request *r, struct view *v, const struct looking *f, struct str path, struct str query);
/* Which filter it is, and that one may keep it. */
void web__filter_line_view(struct request *r, struct view *v, const struct looking *f);
/* What stands over a filtered list: how many it shows and hides, how many people decide. */
void web__looking_view(struct request *r, struct view *v, const struct looking *f,
    const struct filter_result *result, struct str narrow);
/* Where a filter shows nothing: what to do (has_nothing, begin, nearest …). */
void web__nothing_view(struct request *r, struct view *v, const struct looking *f,
    const struct filter_result *result, const struct filter_page *page);

void web__recipe_relax(struct arena *arena, struct recipe *recipe, struct str rule);

/* ---- lists */

/* Fills l's items with what the filter shows, from ?from= on. False: an error was answered. */
bool web__filtered_load(struct request *r, enum page_form form, const struct looking *f,
    const struct filter_page *page, struct listing *l);
/* A plain list's items without those that the filter hides, and why the others are there: reads on until a
 * page is full. */
bool web__sifted_load(struct request *r, const struct looking *f, struct news_query *q, struct listing *l);
/* What stands over such a list: choices, which filter, how many it left out (template sifted). */
void web__sifted_view(
    struct request *r, struct view *v, const struct looking *f, const struct listing *l, struct str query);
/* "filter":{…},"passed":n,"hidden":{…} */
void web__filter_json(struct request *r, const struct listing *l, struct buf *out);

/* ---- state: tables web_filter, web_subscription, web_first_filter */

struct private_filter {
    struct str id, name, about, recipe, origin;
    int64_t updated_at;
};
#define PRIVATE_FILTER_BEGIN "my-"
int web__private_filter_load(struct request *r, struct str id, struct private_filter *out, struct err *err);
int web__private_filter_list(struct request *r, struct private_filter **out, size_t *n, struct err *err);
int web__private_filter_save(struct request *r, const struct private_filter *f, struct err *err);
int web__private_filter_remove(struct request *r, struct str id, struct err *err);
int web__subscriptions(struct request *r, struct str **out, size_t *n, struct err *err);
int web__subscribe(struct request *r, struct str coordinate, bool on, struct err *err);
int web__first_filter(struct request *r, struct str *out, struct err *err);    /* "" where there is none */
int web__first_filter_set(struct request *r, struct str key, struct err *err); /* "" forgets it */
/* All of an account's, when it is deleted: a row of web_belongings. */
int web__filters_forget(struct sql *db, const struct pubkey *key, struct err *err);

/* ---- the node's first filter */

struct web;
/* Before it serves: is what the configuration names a filter? Fills web->first_filter. */
int web__node_filter_check(struct web *web, struct err *err);
/* Once the store has caught up: publishes it where it is not there as it should be. */
void web__node_filter_begin(struct web *web);

#endif
