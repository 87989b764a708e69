/* routes.c: joins the pages' tables of routes, which pages.h names. */
#include "web/inside.h"
#include "web/pages.h"

#define ROW(table) table,
const struct route *const web_route_tables[] = {WEB_ROUTE_TABLES(ROW) NULL};
