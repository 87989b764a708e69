/* markdown.h: what markdown's files share: the bounded parse, and how a tree is walked. Private to the room.
 */
#ifndef WN_NEWS_MARKDOWN_H
#define WN_NEWS_MARKDOWN_H

#include "news/news.h"

#include <cmark-gfm.h>

/* What a parser may use for one text; the worst text that passes the pre-scan needs about half of it. */
#define NEWS_MARKDOWN_ARENA ((size_t)64 * 1024 * 1024)

/* ERR_LIMIT with the reason where parsing text would take more than linear time or memory. */
int news__markdown_scan(struct str text, struct err *err);

/* The syntax tree, all of it in work (an arena with a cap; nothing needs to be freed). Neighbouring text
 * nodes are joined. ERR_LIMIT where the pre-scan or the cap says no. */
int news__markdown_parse(struct arena *work, struct str text, cmark_node **root, struct err *err);

/* Node types, those of the table extension too. */
enum markdown_type {
    MD_DOCUMENT,
    MD_QUOTE,
    MD_LIST,
    MD_ITEM,
    MD_CODE_BLOCK,
    MD_HTML_BLOCK,
    MD_PARAGRAPH,
    MD_HEADING,
    MD_RULE,
    MD_FOOTNOTE,
    MD_TABLE,
    MD_ROW,
    MD_CELL,
    MD_TEXT,
    MD_SOFT_BREAK,
    MD_LINE_BREAK,
    MD_CODE,
    MD_HTML,
    MD_EMPHASIS,
    MD_STRONG,
    MD_LINK,
    MD_PICTURE,
    MD_FOOTNOTE_REFERENCE,
    MD_OTHER,
};
enum markdown_type news__markdown_type(cmark_node *node);

/* Walks a tree in order without recursion. enter returns false to leave out the node's children (leave is
 * called for it all the same). */
struct markdown_visitor {
    bool (*enter)(void *ctx, cmark_node *node, enum markdown_type type, unsigned depth);
    void (*leave)(void *ctx, cmark_node *node, enum markdown_type type, unsigned depth);
    void *ctx;
};
void news__markdown_walk(cmark_node *root, const struct markdown_visitor *visitor);

/* A node's own bytes; {"", 0} where it has none. */
struct str news__markdown_literal(cmark_node *node);

/* Appends what a reader would see of the node's children, in one line (a picture's alternative text). */
void news__markdown_inline_text(cmark_node *node, struct buf *out);

/* What a reader would see of a piece of raw HTML: without tags, comments, scripts and style, entities as
 * their characters; each block's text is ended by a line feed. */
void news__html_text(struct str html, struct buf *out);
/* Is this an element's tag, a comment or the like? Otherwise it only stands in angle brackets. */
bool news__html_is_tag(struct str html);
/* Appends text with its HTML entities as their characters. */
void news__html_entities(struct str text, struct buf *out);

/* What browsers skip or read otherwise (white space, controls, backslash, quotes) as %XX, in arena. */
struct str news__url_clean(struct arena *arena, struct str url);
/* http, https, mailto, or relative; of a cleaned address. */
bool news__url_allowed(struct str url);
/* "/media/<sha256>.<jpg|jpeg|png|gif|webp>" */
bool news__url_own_media(struct str url);
/* Length of a bare address ("https://…", "www.…") at `at`, without the sentence's punctuation behind it: 0 if
 * there is none. */
size_t news__url_bare(struct str text, size_t at, bool *www);

#endif
