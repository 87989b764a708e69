/* recipe.c: fuzz target: what is accepted as a filter's recipe has one canonical form, which is accepted and
 * stays the same; what is accepted as a trust list comes back from its own text. */
#include "rating/rating.h"
#include "target.h"

static void check_recipe(struct arena *arena, struct str text)
{
    struct recipe r, again;
    struct err err;
    int status = recipe_parse(arena, text, &r, &err);
    if (status) {
        MUST(status == ERR_INPUT || status == ERR_LIMIT || status == ERR_MEMORY);
        MUST(err.code == status && err.what[0]);
        return;
    }
    struct buf one _cleanup_buf_ = BUF_INIT, two _cleanup_buf_ = BUF_INIT;
    recipe_format(&r, &one);
    if (one.n > 64 * 1024)
        return; /* npubs are shorter than hex, but spaces are added */
    MUST(recipe_parse(arena, buf_str(&one), &again, &err) == 0);
    recipe_format(&again, &two);
    MUST(str_eq(buf_str(&one), buf_str(&two)));
    MUST(again.quality == r.quality && again.support == r.support && again.list_count == r.list_count);
    for (size_t i = 0; i < r.dimension_count; i++)
        MUST(r.dimensions[i].coefficient >= -100 && r.dimensions[i].coefficient <= 100);
    for (size_t i = 1; i < r.tag_count; i++)
        MUST(str_cmp(r.tags[i - 1], r.tags[i]) < 0);
}

static void check_trust(struct arena *arena, struct str text)
{
    struct trust_entry *list, *again;
    size_t n, m;
    struct err err;
    int status = trust_private_read(arena, text, &list, &n, &err);
    if (status) {
        MUST(status == ERR_INPUT || status == ERR_LIMIT || status == ERR_MEMORY);
        MUST(n == 0);
        return;
    }
    struct buf written _cleanup_buf_ = BUF_INIT;
    trust_private_text(list, n, &written);
    MUST(trust_private_read(arena, buf_str(&written), &again, &m, &err) == 0);
    MUST(n == m);
    for (size_t i = 0; i < n; i++)
        MUST(list[i].weight == again[i].weight && pubkey_eq(&list[i].key, &again[i].key) &&
             str_eq(list[i].petname, again[i].petname));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena _cleanup_arena_ = arena_create(16u << 20);
    struct str text = {(const char *)data, size};
    check_recipe(arena, text);
    check_trust(arena, text);
    return 0;
}
