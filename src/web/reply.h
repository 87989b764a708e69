/* reply.h: turning what a handler answered into libmicrohttpd's response. */
#ifndef WN_WEB_REPLY_H
#define WN_WEB_REPLY_H

#include <stdbool.h>

struct request;
struct MHD_Response;

/* Fills r->response and perhaps changes r->status (304, 206, 416); NULL only when memory ran out. */
void reply_make(struct request *r);
/* The security headers of a page, or of a file (no scripts, nothing framed, nothing loaded). */
void reply_common_headers(struct MHD_Response *response, bool page);

#endif
