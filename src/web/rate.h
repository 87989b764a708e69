/* rate.h: what the pages on rating and trust share: the thing that is rated, the reader's trust, a rater's
 * name and way. Private to the room. Leans on page.h and rating.h. */
#ifndef WN_WEB_RATE_H
#define WN_WEB_RATE_H

#include "rating/rating.h"
#include "web/page.h"

/* ---- whom the reader trusts */

struct reader_trust {
    struct trust_entry *own; /* sorted by key */
    size_t n;
    bool is_private;              /* the list kept on this node, not the published one */
    struct trust_weights weights; /* widened; the own entries are among them */
};
/* Of whoever is signed in; empty for others. ERR_… of rating.h. */
int web__trust_load(struct request *r, struct reader_trust *out, struct err *err);
const struct trust_entry *web__trust_entry(const struct reader_trust *t, const struct pubkey *key);
const struct trusted *web__trust_find(const struct reader_trust *t, const struct pubkey *key);
/* All of the widened keys, the heaviest first. NULL: no memory. */
struct pubkey *web__trust_heaviest(struct request *r, const struct reader_trust *t);
/* The reader's petname for them, else the name of their profile, else the beginning of the npub. */
struct str web__rater_name(struct request *r, const struct reader_trust *t, const struct pubkey *key);
/* rater, rater_link, of_link (how they come by their weight) and, where the weight comes by others, through:
 * their names. */
void web__rater_view(
    struct request *r, struct view *v, const struct reader_trust *t, const struct pubkey *key);
/* A weight in the reader's digits: "0.8". */
struct str web__weight_text(struct request *r, weight w);

/* ---- what is rated */

struct rated {
    struct rating_target target; /* revision: the one shown, or named by ?v= */
    struct record_id current;    /* of the present revision */
    struct str coordinate;       /* as rating.h's functions take it */
    struct str base;             /* "/r/CODE" or "/e/ID" */
    struct str title, language;
    bool is_article;
    struct page_article article; /* where it is one */
};
/* By {code} or, where the path has none, {id}. False: an error was answered. An event's page is of records
 * that are no article: comments that came from elsewhere. */
bool web__rated_load(struct request *r, struct rated *out);
void web__rated_of_article(struct request *r, const struct page_article *a, struct rated *out);
/* Another revision of it; for events only itself. False: it is none, which is answered. */
bool web__rated_revision(struct request *r, struct rated *rated, struct str id_hex);

/* ---- how it was rated */

#define RATING_STEPS 5
unsigned web__rating_step(uint16_t value); /* 1 … 5 */
/* One scale of a form: its steps, low, high, and whether none is chosen (chosen −1). field is set by the
 * caller. */
void web__steps_view(struct view *v, int chosen, struct str low, struct str high);
struct rating_mark_shown;
/* One rating: rater's values, question, low, high, step, reason, rated_at, behind. */
void web__mark_view(struct request *r, struct view *v, const struct rating_mark_shown *m,
    const struct reader_trust *trust, const struct dimension *dimensions, size_t dimension_count);
/* The same put together by rater, as marks has them one behind the other: has_trusted, trusted_raters (at
 * most most of them, each with what they said), trusted_more. */
void web__by_rater_view(struct request *r, struct view *v, const struct rating_mark_shown *marks, size_t n,
    size_t most, const struct reader_trust *trust, const struct dimension *dimensions,
    size_t dimension_count);
/* The panel under an article or a comment: counts, those the reader trusts, the reader's own. Views:
 * rated_by, … as templates/rated.html says. */
void web__rated_view(struct request *r, struct view *v, const struct rated *rated);
/* A dimension in the reader's language: the five in ours, others in what their authors gave. */
struct dimension_text {
    struct str question, low, high;
};
struct dimension_text web__dimension_text(struct request *r, const struct dimension *d);
/* name, question, low, high, number, shipped. */
void web__dimension_view(struct request *r, struct view *v, const struct dimension *d);
const struct dimension *web__dimension_named(const struct dimension *all, size_t n, struct str name);
/* comments: how many comments it has received from elsewhere, and comments_link. */
void web__comments_view(struct request *r, struct view *v, const struct rated *rated);
/* What the reader chose in `agree` and where it is: subject under which node_opinion_put() knows it. */
struct str web__opinion_subject(struct request *r, const struct rated *rated);

/* ---- panels of rating services (page_panel.c) */

/* panels: those the reader sits on: name, and link to rate this in private there. */
void web__panels_view(struct request *r, struct view *v, const struct rated *rated);

/* ---- trust, given */

/* Reads the words or the slider of a form: "little", "much", "fully", or "fine" (hundredths). */
bool web__trust_weight_of_form(struct request *r, weight *out);
#define TRUST_LITTLE (WEIGHT_ONE / 4)
#define TRUST_MUCH (WEIGHT_ONE * 6 / 10)
/* is_little, is_much, is_fully, or other_weight with its decimal. */
void web__trust_words_view(struct request *r, struct view *v, weight w);
/* Makes the list what it is now; says so where that fails. */
bool web__trust_keep(struct request *r, struct trust_entry *entries, size_t n);
/* The list with this entry in it instead of what it had for that key; weight 0: without. In arena, NULL: no
 * memory. */
struct trust_entry *web__trust_changed(
    struct request *r, const struct reader_trust *t, const struct trust_entry *with, size_t *n);
/* By npub, key, name of an account or name of a profile: how many have it, at most max. 0: err says why. */
size_t web__trust_find_person(
    struct request *r, struct str text, struct pubkey *out, size_t max, struct err *err);
#define TRUST_MOST 5000 /* entries of a list kept here */

#endif
