/* news.h: articles: how they are written down as records, listed, shown, compared and imported.
 *
 * What it is not: HTML pages, sockets, the wall clock, ratings. Leans on store, record, base, cmark-gfm,
 * libyaml. The only HTML made here is markdown_render()'s, which is safe by construction. */
#ifndef WN_NEWS_H
#define WN_NEWS_H

#include "store/store.h"

#define KIND_PROFILE 0
#define KIND_DELETION 5
#define KIND_ARTICLE 30023
#define KIND_ACTOR 34705
#define KIND_VANISH 62

extern const struct store_projection news_projection; /* owns news_* */
extern const struct store_text_source news_texts[];

/* ---- licences
 * ----------------------------------------------------------------------------------------------------- */

struct license {
    const char *id;   /* SPDX: "CC0-1.0", "CC-BY-4.0", "CC-BY-SA-4.0", …, "public-domain" */
    const char *name; /* "CC BY 4.0" */
    const char *url;
    bool free;        /* the text may be shown whole */
    bool attribution; /* credit must be kept */
};
/* By SPDX id or a common spelling ("cc by 4.0", the licence's URL); NULL for one we do not know. */
const struct license *license_find(struct str text);
const struct license *license_list(size_t *n); /* those offered in forms, CC0 first */

/* ---- an article read from its record
 * ------------------------------------------------------------------------------ */

struct credit {
    struct str name, role, link; /* role and link may be empty */
};
struct article {
    const struct record *record;
    struct address address;
    struct str title, summary, image, d;
    struct str language;           /* BCP 47, "" if none */
    const struct license *license; /* NULL: none declared, or unknown */
    struct str license_text;       /* as declared, "" if none */
    struct str image_alt;          /* of image, "" if none */
    bool whole;                    /* the licence lets pages show the text */
    int64_t published_at;          /* Unix seconds, also before 1970; 0 where the record does not say */
    struct str *topics;            /* "t" */
    size_t topic_count;
    struct credit *credits;
    size_t credit_count;
    struct str source; /* ["r", link, "source"] */
};
/* ERR_INPUT where it is no article (wrong kind, no d, no title and no text). Strings point into the record or
 * arena. */
int news_article_read(struct arena *arena, const struct record *r, struct article *out, struct err *err);
/* The permanent short name of an address, the same on every node: 10 characters of bech32's alphabet, from
 * SHA-256. */
#define NEWS_CODE_CHARS 10
void news_article_code(const struct address *a, char out[NEWS_CODE_CHARS + 1]);

/* What a form or an import gives; turned into an unsigned record of kind 30023. */
struct article_draft {
    struct str d; /* empty: made from the title and a random part */
    struct str title, summary, text, image, image_alt, language, license;
    struct str *topics;
    size_t topic_count;
    struct credit *credits;
    size_t credit_count;
    struct str source;
    int64_t published_at; /* 0: none */
};
/* out->arena is set by the caller; all else of out is made here. Checks every bound, normalises topics
 * (trimmed, lower case, without #), detects the language where none is given. ERR_INPUT, ERR_LIMIT name the
 * field. */
int news_article_write(const struct article_draft *d, int64_t now, const struct rng *rng,
    struct record_draft *out, struct err *err);
struct str news_language_detect(struct str text); /* static; "" where it cannot be told */

/* ---- lists
 * ------------------------------------------------------------------------------------------------------------
 */

struct news_item { /* one row of a list, all in arena */
    uint64_t seq;
    struct record_id id;
    struct address address;
    char code[NEWS_CODE_CHARS + 1];
    struct str title, summary, language, license, image, image_alt, source;
    int64_t date; /* what lists sort by: published_at if it is sane and not in the future, else first seen */
    int64_t published_at; /* as the record says, if it lies in the past; else 0 */
    int64_t revised_at;   /* created_at of the current revision */
    uint32_t revisions;   /* how many we have */
    uint32_t words;       /* of the text; reading time follows */
    bool whole;
    struct str author_name; /* from the profile, "" if none */
    struct str *topics;
    size_t topic_count;
    struct credit *credits;
    size_t credit_count;
};
struct news_query {
    struct str language, topic;  /* empty: all */
    const struct pubkey *author; /* NULL: all */
    /* Keyset paging: only items after this one in the order (date falling, then address); date INT64_MAX for
     * the start. */
    int64_t before_date;
    uint64_t before_seq;
    size_t limit; /* ≤ 500 */
};
int news_list(struct store_read *read, struct arena *arena, const struct news_query *q,
    struct news_item **out, size_t *n, bool *more, struct err *err);
int news_item_by_code(struct store_read *read, struct arena *arena, struct str code, struct news_item *out,
    struct err *err); /* ERR_NOT_FOUND; ERR_GONE with deletion's time */
int news_item_by_seq(
    struct store_read *read, struct arena *arena, uint64_t seq, struct news_item *out, struct err *err);
struct news_count {
    struct str name; /* language code or topic */
    int64_t n;
};
int news_languages(
    struct store_read *read, struct arena *arena, struct news_count **out, size_t *n, struct err *err);
int news_topics(struct store_read *read, struct arena *arena, struct str language, size_t limit,
    struct news_count **out, size_t *n, struct err *err);

/* ---- actors
 * ------------------------------------------------------------------------------------------------------------
 */

struct profile {
    struct pubkey key;
    struct str name, display_name, about, website, picture;
    struct str sort; /* person, organisation, … from kind 34705; "" unknown */
    int64_t article_count;
};
int news_profile(struct store_read *read, struct arena *arena, const struct pubkey *key, struct profile *out,
    struct err *err); /* unknown keys give an empty profile */
/* Those with most articles first; without what they say of themselves. limit ≤ 500. */
int news_authors(struct store_read *read, struct arena *arena, size_t limit, struct profile **out, size_t *n,
    struct err *err);
size_t news_keys_by_name(
    struct store_read *read, struct str name, struct pubkey *out, size_t max); /* search's author: */
void news_profile_write(
    struct str name, struct str about, struct str website, int64_t now, struct record_draft *out);
void news_actor_write(const char *sort, int64_t now, struct record_draft *out);

/* ---- Markdown
 * ------------------------------------------------------------------------------------------------------------
 */

struct markdown_options {
    /* Rewrites a link or picture address found in the text, or returns {NULL,0} to drop it. May be NULL. */
    struct str (*link)(void *ctx, struct arena *arena, struct str url, bool picture);
    void *ctx;
    unsigned heading_shift; /* 1: the text's # becomes h2 */
    struct str id_prefix; /* of headings' and footnotes' ids: unique on a page with several texts; "": "s-" */
};
/* The usual link callback: nostr:naddr… of an article becomes "/r/CODE", nostr:npub… and nostr:nprofile…
 * "/by/npub…", other nostr: addresses are dropped. Of relative ones those stay that mean
 * articles, authors, tags, languages or media of this node. */
struct str news_link(void *ctx, struct arena *arena, struct str url, bool picture);
/* Safe HTML from hostile Markdown (GFM tables, strikethrough, autolinks, footnotes; raw HTML shown as text or
 * dropped): only http, https, mailto and relative links; a pre-scan bounds table cells and nesting, the
 * parser runs in a capped arena. ERR_LIMIT where the text is a bomb: show it as plain text instead. Linear
 * time. Elements and attributes: markdown_html.c's head lists them. Pictures are embedded only where their
 * address (after link) is "/media/<sha256>.<jpg|png|gif|webp>"; any other is shown as a link with its
 * alternative text. Styles wanted: div.table (scrolls sideways), pre (scrolls), .cell-left/-center/-right,
 * sup.footnote, section.footnotes, li.task, figure, figcaption. Ids begin with id_prefix, or "s-". */
int markdown_render(struct arena *arena, struct str text, const struct markdown_options *options,
    struct str *html, struct err *err);
/* The text a reader sees, without marks; for search, snippets, passages, diffs and word counts. Same bounds.
 */
int markdown_plain(struct arena *arena, struct str text, struct str *plain, struct err *err);
uint32_t text_words(struct str plain);
uint32_t news_reading_minutes(uint32_t words); /* at 220 words a minute, at least 1 */

/* ---- pictures: without what they tell beside the picture: place, camera, author, thumbnail
 * ---------------------- */

#define PICTURE_MAX_BYTES (10u * 1024 * 1024)

enum picture_format { PICTURE_JPEG, PICTURE_PNG, PICTURE_GIF, PICTURE_WEBP };
struct picture {
    enum picture_format format;
    const char *media_type; /* "image/jpeg" */
    const char *extension;  /* "jpg" */
    uint32_t width, height; /* as stored, before any rotation */
};

/* Copies the picture to out (cleared first) part by part without decoding it: what is needed to show it stays
 * (pixels, palette, transparency, animation, colour profile, gamma), and of EXIF the orientation alone; all
 * else goes, and whatever stands behind the picture's end. ERR_INPUT: no picture, or broken, or of a format
 * whose metadata cannot be removed without decoding (SVG, TIFF, HEIC, AVIF, BMP, …: says which); ERR_LIMIT:
 * over PICTURE_MAX_BYTES or 30,000 pixels a side. */
int picture_clean(struct str bytes, struct buf *out, struct picture *about, struct err *err);

/* ---- word diff
 * ----------------------------------------------------------------------------------------------------------
 */

enum diff_type { DIFF_SAME, DIFF_REMOVED, DIFF_ADDED };
struct diff_piece {
    enum diff_type type;
    struct str text; /* borrowed from a (SAME, REMOVED) or b (ADDED) */
};
/* Word by word on plain text (or Markdown source). Bounded in time: beyond the bound it falls back to whole
 * paragraphs. */
int news_diff_words(
    struct arena *arena, struct str a, struct str b, struct diff_piece **out, size_t *n, struct err *err);

/* ---- import
 * ---------------------------------------------------------------------------------------------------------------
 */

/* Where import sends what it made; cli gives these, through node.h. */
struct import_sink {
    void *ctx;
    /* Signs and stores a batch; verdicts come back in items. */
    int (*publish)(void *ctx, struct record *records, struct store_item *items, size_t n, struct err *err);
    int (*append)(
        void *ctx, struct store_item *items, size_t n, struct err *err); /* already signed (JSONL) */
    int (*blob)(void *ctx, struct str bytes, struct str media_type, uint8_t sha256[32], struct err *err);
    /* The current revision of this d by the importing actor: its created_at and news_content_hash(); 0 if
     * there is none. */
    int64_t (*current)(void *ctx, struct str d, uint8_t hash[32]);
    void (*progress)(void *ctx, uint64_t done, uint64_t total);
    /* One refused file: path relative to its root, reason in one line. */
    void (*refused)(void *ctx, struct str path, const struct err *why);
};
struct import_options {
    const char *license; /* SPDX id or NULL */
    const char *credit;  /* or NULL */
    struct pubkey actor; /* who signs: needed to turn ref shortcodes into addresses */
    struct clock clock;
};
struct import_counts {
    uint64_t files, imported, unchanged, refused; /* files = imported + unchanged + refused */
    uint64_t unreadable; /* folders that could not be read: reported by refused(), no files of this count */
    uint64_t dropped_shortcodes, unresolved_refs, pictures;
    uint64_t records, records_new; /* of JSONL: lines read, and records that were not there before */
};
/* What an article says, its date of revision aside: SHA-256 over tags and text. */
void news_content_hash(const struct record *r, uint8_t out[32]);
/* A folder of Markdown, one Markdown file, or record JSONL (*.jsonl, *.ndjson; there a line counts as a
 * file). Goes on behind what it refuses; a negative return means that it could not go on (ERR_FULL, ERR_IO,
 * no such path). */
int news_import(const char *path, const struct import_options *options, const struct import_sink *sink,
    struct import_counts *out, struct err *err);

#endif
