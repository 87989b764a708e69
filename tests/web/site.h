/* site.h: a whole node with its pages for the tests, and a browser of a few lines that speaks raw HTTP to it.
 */
#ifndef WN_TESTS_WEB_SITE_H
#define WN_TESTS_WEB_SITE_H

#include "pieces.h"

#include "web/web.h"

struct site {
    char directory[64];
    struct config *config;
    struct node *node;
    struct web *web;
    int port;
    struct arena *arena;
};

/* After such a record nothing more is applied. */
#define SITE_STUCK_KIND 7777

/* settings: pairs of an option of [web] and its value, ended by NULL. */
void site_open(struct site *s, ...) __attribute__((sentinel));
void site_close(struct site *s);

/* A connection. */
int site_connect(const struct site *s);
void site_send(int fd, struct str bytes);
/* Everything until the other side closes or ten seconds pass; in the site's arena. */
struct str site_receive(struct site *s, int fd);
/* Sends one text on a connection of its own and gives all that comes back. "@HOST" in it becomes
 * 127.0.0.1:port. */
struct str site_raw(struct site *s, const char *request);

/* A reader with cookies. */
struct reader {
    struct site *site;
    struct buf cookies;  /* "a=1; b=2" */
    const char *headers; /* further ones, each with its line end; may be NULL */
};
struct str reader_get(struct reader *r, const char *path);
/* fields: pairs of name and value, ended by NULL; the token of the page `from` is sent along. */
struct str reader_post(struct reader *r, const char *from, const char *to, ...) __attribute__((sentinel));
void reader_finish(struct reader *r);

int answer_status(struct str answer); /* of the first answer in it */
struct str answer_body(struct str answer);
/* A header's value, or {NULL,0}. */
struct str answer_header_of(struct str answer, const char *name);
/* What stands between before and the next after; {NULL,0} if it is not there. */
struct str between(struct str text, const char *before, const char *after);

#endif
