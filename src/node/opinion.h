/* opinion.h: the thread that lets leave what waits under opinion keys. Private to the room. */
#ifndef WN_NODE_OPINION_H
#define WN_NODE_OPINION_H

#include "node/node.h"

struct node_opinions;
int node__opinions_start(struct node *node, struct node_opinions **out, struct err *err);
void node__opinions_stop(struct node_opinions *o); /* takes NULL; finishes what it is at */

/* When the account goes, in its transaction: what waits is dropped, the tie is forgotten. What was asked for
 * otherwise by node_opinion_leave() stands. */
int node__opinions_remove(struct sql *db, const struct pubkey *account, struct err *err);

#endif
