/* routes.c: names every page's table of routes once. A page's file defines `const struct route
 * NAME_routes[]`. */
#include "web/inside.h"

/* One row a file with routes, in the order docs/ROUTES.md shows them. */
#define TABLES(X)                                                                                            \
    X(page_account)                                                                                          \
    X(page_own_key)                                                                                          \
    X(page_static)                                                                                           \
    X(page_operator)

#define DECLARE(name) extern const struct route name##_routes[];
TABLES(DECLARE)

#define ROW(name) name##_routes,
const struct route *const web_route_tables[] = {TABLES(ROW) NULL};
