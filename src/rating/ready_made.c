/* ready_made.c: the filters that come with the program: everything, trusted, newsworthy, disputed, missed.
 *
 * Rows as DESIGN section 6 gives them; FILTERS.md says what each is for. */
#include "rating/recipe.h"

#include <math.h>

#define DIMENSION(dimension, c)                                                                              \
    {                                                                                                        \
        .name = STR_INIT(dimension), .coefficient = (c), .floor = (double)NAN, .ceiling = (double)NAN        \
    }

/* Sorted by name, as a recipe's always are. */
static const struct recipe_dimension trusted_dimensions[] = {
    DIMENSION("accurate", 1),
    DIMENSION("clear", 0.25),
    DIMENSION("junk", -2),
    DIMENSION("worth", 1),
};
static const struct recipe_dimension newsworthy_dimensions[] = {
    {.name = STR_INIT("accurate"),
        .coefficient = 0.5,
        .has_floor = true,
        .floor = -0.2,
        .ceiling = (double)NAN},
    {.name = STR_INIT("junk"), .coefficient = -1, .floor = (double)NAN, .has_ceiling = true, .ceiling = 0.2},
    DIMENSION("worth", 1),
};
static const struct recipe_dimension disputed_dimensions[] = {
    DIMENSION("accurate", 1),
    DIMENSION("worth", 1),
};

static const struct {
    const char *name;
    struct recipe recipe;
} ready_made[] = {
    {"everything", {.sources = SOURCES_EVERYONE,
                       .depth = 0,
                       .has_support = true,
                       .order = ORDER_NEWEST,
                       .halflife = 48}},
    {"trusted", {.sources = SOURCES_TRUSTED,
                    .depth = 3,
                    .dimensions = trusted_dimensions,
                    .dimension_count = sizeof trusted_dimensions / sizeof *trusted_dimensions,
                    .has_quality = true,
                    .quality = 0,
                    .order = ORDER_FRESH,
                    .halflife = 48,
                    .one_per_lineage = true}},
    {"newsworthy", {.sources = SOURCES_TRUSTED,
                       .depth = 3,
                       .dimensions = newsworthy_dimensions,
                       .dimension_count = sizeof newsworthy_dimensions / sizeof *newsworthy_dimensions,
                       .has_quality = true,
                       .quality = 0.2,
                       .order = ORDER_FRESH,
                       .halflife = 48,
                       .window = 168,
                       .one_per_lineage = true}},
    {"disputed", {.sources = SOURCES_TRUSTED,
                     .depth = 3,
                     .dimensions = disputed_dimensions,
                     .dimension_count = sizeof disputed_dimensions / sizeof *disputed_dimensions,
                     .order = ORDER_DISPUTED,
                     .halflife = 48,
                     .window = 168,
                     .one_per_lineage = true}},
    {"missed", {.sources = SOURCES_TRUSTED,
                   .depth = 3,
                   .has_support = true,
                   .support = 0,
                   .dimensions = disputed_dimensions,
                   .dimension_count = sizeof disputed_dimensions / sizeof *disputed_dimensions,
                   .order = ORDER_NEWEST,
                   .halflife = 48,
                   .window = 168,
                   .one_per_lineage = true,
                   .missed_of = 3}},
};
enum { count = sizeof ready_made / sizeof *ready_made };

const struct recipe *recipe_ready_made(struct str name)
{
    for (size_t i = 0; i < count; i++)
        if (str_eqz(name, ready_made[i].name))
            return &ready_made[i].recipe;
    return NULL;
}

const char *const *recipe_ready_made_names(void)
{
    static const char *const names[] = {"everything", "trusted", "newsworthy", "disputed", "missed", NULL};
    return names;
}
