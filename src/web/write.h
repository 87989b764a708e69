/* write.h: what the editor's pages and the making of its record share. */
#ifndef WN_WEB_WRITE_H
#define WN_WEB_WRITE_H

#include "news/news.h"
#include "web/page.h"

/* What is wrong with which field. */
struct write_problem {
    struct str message;
    const char *field; /* "bad_title", …; NULL: the whole */
};

void write_trouble(struct request *r, struct write_problem *p, const char *field, const char *message);
void write_trouble_err(struct request *r, struct write_problem *p, const char *field, const struct err *err);

struct address write_address(struct request *r, struct str d); /* of an article of the reader's own */
/* The article this draft would change; false where it is a new one. */
bool write_published(
    struct request *r, const struct draft *d, struct store_found *found, struct article *article);
/* The record that the draft would become; false where it cannot, and problem says why. */
bool write_record(
    struct request *r, const struct draft *d, struct record_draft *out, struct write_problem *problem);

#endif
