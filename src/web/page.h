/* page.h: what the pages' handlers share: lists as data before they are pages, items as views, links. Private
 * to the room. Leans on route.h and news.h. */
#ifndef WN_WEB_PAGE_H
#define WN_WEB_PAGE_H

#include "news/news.h"
#include "web/route.h"

/* ---- addresses */

enum page_form { PAGE_HTML, PAGE_JSON, PAGE_ATOM, PAGE_MARKDOWN };
/* By how the address as sent ends: .json, .atom, .md. name is the last piece of the path, decoded, without
 * that ending. A name that itself ends so is linked to with its last point written %2E. */
enum page_form web__page_form(struct request *r, const char *piece, struct str *name);
/* "/tag/" and "a b" give "/tag/a%20b". In the request's arena, as everything here. */
struct str web__page_link(struct arena *arena, const char *before, struct str piece, const char *after);
struct str web__article_link(
    struct arena *arena, const char *code, const char *after); /* "/r/CODE" + after */
struct str web__author_link(struct arena *arena, const struct pubkey *key, const char *ending);
struct str web__npub(struct arena *arena, const struct pubkey *key);
struct str web__id_hex(struct arena *arena, const struct record_id *id);
bool web__id_from_hex(struct str text, struct record_id *out);

/* ---- what people wrote, fit to be shown in a line */

/* Without control characters and those that turn the direction of what follows; cut at max bytes with "…". */
struct str web__line(struct arena *arena, struct str s, size_t max);
/* The same for several lines: line feeds stay. */
struct str web__text(struct arena *arena, struct str s);
/* The name of their profile, else of their account here, else the beginning of the npub. */
struct str web__author_name(struct request *r, struct str name, const struct pubkey *key);
unsigned web__minutes(uint32_t words); /* to read; at least one where there are words */
/* Only addresses that may stand in a link to elsewhere: http and https; else empty. */
struct str web__outward(struct str url);

/* Fills what item.html shows: headline, summary, link, author, date, topics … */
void web__item_view(struct request *r, struct view *v, const struct news_item *item);
/* A language tag (BCP 47) whose language is one, as far as its two letters tell: what strangers declare may
 * be anything. */
bool web__language_tag(struct str s);
/* A text's language as content_lang and content_dir. */
void web__content_view(struct view *v, struct str language);
void web__topics_view(struct request *r, struct view *v, const struct str *topics, size_t n);
/* One sentence on what this licence lets readers do; "" for one we do not know. */
const char *web__license_meaning(const struct license *license);

/* Safe HTML of an article's text as value "text"; or, where the Markdown is a bomb, the plain text as value
 * "plain". */
void web__text_view(struct request *r, struct view *v, struct str markdown);
int web__text_html(struct request *r, struct str markdown, struct str *html, struct err *err);

/* ---- lists */

struct looking;
struct filter_result;
struct listing {
    const struct template *template;
    struct view *view; /* what the template needs beside the items */
    struct str path;  /* "/tag/housing": where the list begins; "/" has its other forms at /index.json, … */
    struct str query; /* "q=…" with which it is asked, or empty */
    struct str title; /* "" for the front page */
    const char *why;  /* one sentence: why the page shows what it shows (a locale message) */
    struct str older; /* what comes after "?" in the link to the next page, or empty */
    struct str earlier; /* likewise, where pages are counted from the start */
    bool paged;         /* this is not the first page */
    bool noindex;
    struct news_item *items;
    size_t n;
    struct snippet *snippets; /* NULL, or one for each item */
    /* Of a list through a filter (filter.h); else NULL. */
    const struct looking *looking;
    const struct filter_result *filtered;
    struct str why_text; /* instead of why */
    struct str *because; /* why each item is there, in a few words */
    size_t sifted;       /* how many it left out between these */
};
void web__listing_answer(struct request *r, enum page_form form, struct listing *l);
/* Items with a page's size, as ?before= asks; false: an error was answered. */
bool web__listing_load(struct request *r, struct news_query *q, struct listing *l);
#define PAGE_ITEMS 30
/* Goes on behind q's before_…; and how an address says so. */
bool web__listing_more(struct request *r, struct news_query *q, struct listing *l);
struct str web__before(struct arena *arena, const struct news_query *q);

/* The two other forms. */
void web__listing_json(struct request *r, const struct listing *l, struct buf *out);
void web__listing_atom(struct request *r, const struct listing *l, struct buf *out);
/* The fields of one item as a JSON object without its braces. */
void web__item_json(struct request *r, const struct news_item *item, struct buf *out);
/* "name":value pairs. */
void web__json_str(struct buf *out, const char *name, struct str value);
void web__json_time(struct buf *out, const char *name, int64_t unix_seconds);

/* ---- one article */

struct page_article {
    struct news_item item;
    struct store_found found;
    struct article article;
};
/* By the address's {code}; false: an error (not found, gone) was answered. */
bool web__article_load(struct request *r, struct str code, struct page_article *out);
/* Another revision of the same article, by its id; likewise. */
bool web__article_revision(
    struct request *r, const struct page_article *a, struct str id_hex, struct page_article *out);

/* ---- drafts: what somebody is writing, kept on this node until it is published (table web_draft) */

#define DRAFT_ID_CHARS 16
struct draft {
    struct str id; /* DRAFT_ID_CHARS of a–z 2–7; "": none yet */
    struct str d;  /* of the article it changes or was sent as; "": a new one */
    struct str title, summary, text, topics, language, license;
    int64_t updated_at;
    int64_t sent_at; /* created_at of the record that was last made of it; 0: none */
};
void web__draft_id(struct request *r, char out[DRAFT_ID_CHARS + 1]);
/* ERR_NOT_FOUND also for another account's. */
int web__draft_load(struct request *r, struct str id, struct draft *out, struct err *err);
/* Newest first; texts are left empty, words counts them. */
int web__draft_list(struct request *r, struct draft **out, uint32_t **words, size_t *n, struct err *err);
/* Makes or changes it. ERR_LIMIT where the account has too many or a field is too long. */
int web__draft_save(struct request *r, const struct draft *d, struct err *err);
int web__draft_remove(struct request *r, struct str id, struct err *err);
/* All of an account's, when it is deleted: a row of web_belongings. */
int web__draft_remove_all(struct sql *db, const struct pubkey *key, struct err *err);

#endif
