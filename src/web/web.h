/* web.h: the node's pages over HTTP: what main and cli see of the room. Leans on node, news, store, record,
 * base, libmicrohttpd. */
#ifndef WN_WEB_H
#define WN_WEB_H

#include "node/node.h"

extern const struct store_migration web_migrations[];
extern const struct config_option web_options[];
extern const struct account_belonging web_belongings[]; /* sessions and drafts */

struct web;
/* Listens on address:port ("127.0.0.1:8484", "[::1]:8484"; port 0: any). While the node is still catching up,
 * every page is the "starting" page. ERR_BUSY where the port is in use (says by whom to look). */
int web_start(struct node *node, const char *listen, struct web **out, struct err *err);
int web_port(const struct web *web);
/* Publishes what a rating service's panel may say of the weeks that have ended (rating/service.h), here or
 * through the running node; adds to *published. The front does so by itself. */
int web_service_publish(struct node *node, const struct pubkey *service, size_t *published, struct err *err);
void web_stop(struct web *web); /* answers what has begun, then stops; takes NULL */

#endif
