/* route.h: what a page's file declares and is given: its rows of routes, the request, the answer.
 *
 * A page adds rows beside its handlers and names its table once in pages.h. Handlers fill the answer; they
 * never touch libmicrohttpd. */
#ifndef WN_WEB_ROUTE_H
#define WN_WEB_ROUTE_H

#include "node/node.h"
#include "web/locale.h"
#include "web/template.h"

struct request;

enum permission {
    PERMISSION_UNSET, /* refuses to start */
    ANYONE,
    SIGNED_IN,         /* others are sent to /sign-in and back */
    OPERATOR_LOOPBACK, /* only from a loopback address, not proxied */
};
enum csrf { CSRF_UNSET, CSRF_NONE /* GET only */, CSRF_FORM /* the form's token must fit the cookie's */ };
enum route_class {
    CLASS_UNSET,
    INLINE, /* under 2 ms, answered on the event loop */
    POOL,   /* suspended, answered by a worker thread */
};
enum caching {
    CACHE_NEVER,
    CACHE_PUBLIC, /* for readers who are not signed in: kept compressed by (address, language, seq) */
};
struct route {
    const char *method; /* "GET" (answers HEAD too) or "POST"; the table ends with NULL */
    const char
        *path; /* "/r/{code}/history": a {piece} matches one segment; "{rest*}" at the end matches all */
    void (*handler)(struct request *r);
    enum permission permission;
    enum csrf csrf;
    enum route_class class;
    enum caching caching;
    size_t max_body;  /* bytes of a POST; 0: 64 KiB */
    const char *help; /* one line, for docs/ROUTES.md */
};

/* ---- what a handler can ask
 * ------------------------------------------------------------------------------------------ */

struct arena *request_arena(struct request *r);
struct node *request_node(struct request *r);
struct store_read *request_read(struct request *r); /* one snapshot for the whole request */
const struct locale *request_locale(struct request *r);
int64_t request_now(struct request *r);
struct str request_method(const struct request *r);
struct str request_path(const struct request *r);                    /* as sent, without query */
struct str request_param(const struct request *r, const char *name); /* a {piece} of the path, decoded */
struct str request_query(
    const struct request *r, const char *name); /* ?name=, decoded, valid UTF-8; {NULL,0} if absent */
struct str request_form(
    const struct request *r, const char *name); /* likewise, of a POST (urlencoded or multipart) */
size_t request_form_all(const struct request *r, const char *name, struct str *out, size_t max);
struct upload {
    struct str name, media_type, bytes;
};
size_t request_uploads(const struct request *r, const char *name, struct upload *out, size_t max);
struct str request_header(const struct request *r, const char *name);
struct str request_origin(
    struct request *r); /* "https://node.example": scheme and host the reader used, checked */
/* Signed in? The account; NULL otherwise. */
const struct account *request_account(struct request *r);
const struct keeper_session *request_session(struct request *r); /* NULL with own_key accounts */

/* ---- what it answers, one of
 * -------------------------------------------------------------------------------------------- */

/* view gets what every page needs (locale, account, csrf, navigation, title) and is rendered with this
 * template inside the page frame. */
void answer_page(
    struct request *r, int status, const struct template *t, struct view *view, struct str title);
void answer_bytes(struct request *r, int status, const char *content_type, struct str bytes); /* copied */
void answer_json(struct request *r, int status, const struct buf *json);
void answer_redirect(struct request *r, struct str path); /* 303, a path of this node */
void answer_file(struct request *r, int fd, uint64_t size, const char *content_type, bool attachment);
/* The page for an error: 404, 410, 413, 403, 429, 400, 503 by err's code; says what, kept and todo in the
 * reader's language where we have the words. */
void answer_error(struct request *r, const struct err *err);
void answer_header(struct request *r, const char *name, struct str value);
/* A message shown once at the top of the next page ("Published."); message is a locale message. */
void answer_notice(struct request *r, const char *message);

/* Has the keeper sign and the store take a record for the signed-in person, waits until it is applied and
 * redirects; or, for people with their own key, answers the page on which the browser signs (NIP-07) and
 * posts it back. after: where to go. The notice is shown there. On failure answers the error page (or, where
 * the keeper wants the password again, asks for it). */
void answer_publish(struct request *r, struct record_draft *draft, struct str after, const char *notice);
/* Several at once, signed one by one in this order: one password, one page for the browser's extension. */
#define PUBLISH_MOST 32
void answer_publish_many(
    struct request *r, struct record_draft *drafts, size_t n, struct str after, const char *notice);

#endif
