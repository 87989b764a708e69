/* projection.c: keeps the room's tables as records come and go.
 *
 * Everything follows from the order of changes; and what is shown does not depend on that order: which rating
 * stands, which revision it is of and what an article's date is are asked of all records that are there. A
 * rating may come before what it is of: subjects have numbers before they have facts. */
#include "rating/apply.h"

enum { version = 1 }; /* raise it when a table or what is written into it changes */

const struct store_migration rating_migrations[] = {
    {"rating", 1, rating_migrate_001_sql},
    {"rating", 2, rating_migrate_002_sql},
    {"rating", 3, rating_migrate_003_sql},
    {NULL, 0, NULL},
};

/* One row a kind that the projection looks at. */
static const struct {
    uint32_t kind;
    int (*apply)(struct apply *a);
} kinds[] = {
    {KIND_RATING, rating__apply_rating},
    {KIND_REACTION, rating__apply_rating},
    {KIND_TRUST, rating__apply_trust},
    {KIND_DIMENSION, rating__apply_dimension},
    {KIND_FILTER, rating__apply_filter},
};

static int apply(void *ctx, struct sql *db, const struct store_change *change, struct err *err)
{
    struct apply a = {.db = db, .change = change, .texts = ctx, .err = err};
    int (*by_kind)(struct apply * a) = NULL;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds && !by_kind; i++)
        if (kinds[i].kind == change->record->kind)
            by_kind = kinds[i].apply;
    if (!by_kind && rating__texts_of(&a, change->record->kind) &&
        record_class_of(change->record->kind) == RECORD_ADDRESSABLE)
        by_kind = rating__apply_article;
    if (!by_kind)
        return 0;
    _cleanup_arena_ struct arena *arena = arena_create(0);
    a.arena = arena;
    return by_kind(&a);
}

const struct store_projection rating_projection = {
    .name = "rating",
    .version = version,
    .schema = rating_schema_sql,
    .apply = apply,
    .remembers = true, /* subjects' numbers */
};
