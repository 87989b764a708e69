/* form.h: reading what a browser sends: percent-encoding, queries, forms (urlencoded and multipart), cookies.
 */
#ifndef WN_WEB_FORM_H
#define WN_WEB_FORM_H

#include "base/arena.h"
#include "base/err.h"

#define FORM_MAX_FIELDS 512

struct form_field {
    struct str name, value;
    struct str file_name, media_type; /* of an upload */
    bool upload;
};
struct form {
    struct form_field *fields;
    size_t n, cap;
};

/* Decodes %XX (and + as space, where plus is set); {NULL,0} where an escape is broken, the result is no UTF-8
 * or holds a zero byte. */
struct str percent_decode(struct arena *arena, struct str s, bool plus);
void percent_encode(struct str s, struct buf *out); /* all but unreserved characters */

/* name=value&…: ERR_INPUT for bad escapes or UTF-8, ERR_LIMIT over FORM_MAX_FIELDS. Line ends become "\n". */
int form_parse_urlencoded(struct arena *arena, struct str body, struct form *out, struct err *err);
/* RFC 7578; content_type gives the boundary. Values of uploads point into body and are left as they are. */
int form_parse_multipart(
    struct arena *arena, struct str content_type, struct str body, struct form *out, struct err *err);
const struct form_field *form_find(const struct form *form, const char *name);

/* The value of a cookie in a Cookie header; {NULL,0} if it is not there. */
struct str cookie_find(struct str header, const char *name);
/* Whether Accept-Encoding takes gzip (RFC 9110 §12.5.3). */
bool accepts_gzip(struct str accept_encoding);
/* Whether If-None-Match names etag (with its quotes; weak comparison, RFC 9110 §13.1.2). */
bool etag_matches(struct str if_none_match, struct str etag);
/* One range of "bytes=…" over size bytes (RFC 9110 §14.2): 1 satisfiable, 0 ignore the header, −1 answer 416.
 */
int range_parse(struct str header, uint64_t size, uint64_t *from, uint64_t *length);

#endif
