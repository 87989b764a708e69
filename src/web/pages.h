/* pages.h: names every file of pages once. Each defines `const struct route NAME_routes[]`, ended by {NULL}.
 */
#ifndef WN_WEB_PAGES_H
#define WN_WEB_PAGES_H

#include "web/route.h"

/* One row a file, in the order docs/ROUTES.md shows them. */
#define WEB_ROUTE_TABLES(X)                                                                                  \
    X(page_list_routes)                                                                                      \
    X(page_article_routes)                                                                                   \
    X(page_history_routes)                                                                                   \
    X(page_rate_routes)                                                                                      \
    X(page_ratings_routes)                                                                                   \
    X(page_dimension_routes)                                                                                 \
    X(page_trust_routes)                                                                                     \
    X(page_trust_in_routes)                                                                                  \
    X(page_trust_out_routes)                                                                                 \
    X(page_why_routes)                                                                                       \
    X(page_author_routes)                                                                                    \
    X(page_search_routes)                                                                                    \
    X(page_hidden_routes)                                                                                    \
    X(page_filters_routes)                                                                                   \
    X(page_filter_form_routes)                                                                               \
    X(page_compare_routes)                                                                                   \
    X(page_write_routes)                                                                                     \
    X(page_me_routes)                                                                                        \
    X(page_panel_routes)                                                                                     \
    X(page_site_routes)                                                                                      \
    X(page_sign_in_routes)                                                                                   \
    X(page_account_routes)                                                                                   \
    X(page_own_key_routes)                                                                                   \
    X(page_static_routes)                                                                                    \
    X(page_operator_routes)

#define WEB_ROUTE_TABLE_DECLARED(table) extern const struct route table[];
WEB_ROUTE_TABLES(WEB_ROUTE_TABLE_DECLARED)

#endif
