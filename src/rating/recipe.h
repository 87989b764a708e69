/* recipe.h: a recipe's bounds, which reading, writing and documentation share.
 *
 * Private to the room. */
#ifndef WN_RATING_RECIPE_H
#define WN_RATING_RECIPE_H

#include "rating/engine.h"

enum {
    RECIPE_MAX_BYTES = 64 * 1024,
    RECIPE_MAX_DIMENSIONS = 64,
    RECIPE_MAX_LIST = 500, /* languages, tags, authors */
    RECIPE_MAX_RATERS = 1000,
    RECIPE_MAX_TAG = 100,      /* bytes */
    RECIPE_MAX_HOURS = 876000, /* a hundred years */
    RECIPE_MAX_COEFFICIENT = 100,
    RECIPE_MAX_SUPPORT = 1000000,
    RECIPE_MAX_QUALITY = 10000,
    RECIPE_MAX_MISSED = 20,
    RECIPE_MAX_DEPTH = 3,
};

extern const char *const recipe__order_names[]; /* by enum filter_order; ends with NULL */

/* The tag as tags are compared: without white space around it and a leading #, in lower case. {NULL,0} where
 * nothing is left or it is too long. */
struct str recipe__tag(struct arena *arena, struct str tag);

#endif
