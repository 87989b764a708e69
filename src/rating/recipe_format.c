/* recipe_format.c: a recipe as its canonical JSON: all fields, always in this order, one a line.
 *
 * The same recipe always gives the same bytes, and reading them gives the same recipe. */
#include "base/utf8.h"
#include "rating/private.h"
#include "rating/recipe.h"

struct str recipe__tag(struct arena *arena, struct str tag)
{
    const struct str nothing = {NULL, 0};
    if (tag.n > 4 * RECIPE_MAX_TAG || !utf8_valid(tag) || (tag.n && memchr(tag.p, 0, tag.n)))
        return nothing;
    tag = rating__topic_name(arena, tag);
    return tag.n && tag.n <= RECIPE_MAX_TAG ? tag : nothing;
}

static void add_name(struct buf *out, const char *name)
{
    buf_addf(out, ",\n  \"%s\": ", name);
}

static void add_number(struct buf *out, bool has, double x)
{
    if (has)
        rating__number_format(x, out);
    else
        buf_addz(out, "null");
}

static void add_key(struct buf *out, const struct pubkey *key)
{
    buf_addc(out, '"');
    nip19_npub(key, out);
    buf_addc(out, '"');
}

static void add_list(struct buf *out, const char *name, const struct str *list, size_t n)
{
    add_name(out, name);
    buf_addc(out, '[');
    for (size_t i = 0; i < n; i++) {
        buf_addz(out, i ? ", " : "");
        buf_add_json(out, list[i]);
    }
    buf_addc(out, ']');
}

static void add_sources(struct buf *out, const struct recipe *r)
{
    if (r->sources != SOURCES_LIST) {
        buf_addz(out, r->sources == SOURCES_EVERYONE ? "\"everyone\"" : "\"trusted\"");
        return;
    }
    buf_addc(out, '[');
    for (size_t i = 0; i < r->list_count; i++) {
        buf_addz(out, i ? ",\n    {\"rater\": " : "\n    {\"rater\": ");
        add_key(out, &r->list[i].key);
        buf_addz(out, ", \"weight\": ");
        weight_format(r->list[i].weight, out);
        buf_addc(out, '}');
    }
    buf_addc(out, ']');
}

static void add_dimensions(struct buf *out, const struct recipe *r)
{
    add_name(out, "dimensions");
    buf_addc(out, '{');
    for (size_t i = 0; i < r->dimension_count; i++) {
        const struct recipe_dimension *d = &r->dimensions[i];
        buf_addz(out, i ? ",\n    " : "\n    ");
        buf_add_json(out, d->name);
        buf_addz(out, ": {\"coefficient\": ");
        rating__number_format(d->coefficient, out);
        buf_addz(out, ", \"floor\": ");
        add_number(out, d->has_floor, d->floor);
        buf_addz(out, ", \"ceiling\": ");
        add_number(out, d->has_ceiling, d->ceiling);
        buf_addc(out, '}');
    }
    buf_addc(out, '}');
}

void recipe_format(const struct recipe *r, struct buf *out)
{
    buf_addz(out, "{\n  \"sources\": ");
    add_sources(out, r);
    add_name(out, "depth");
    buf_addf(out, "%u", r->depth);
    add_name(out, "support");
    add_number(out, r->has_support, r->support);
    add_dimensions(out, r);
    add_name(out, "quality");
    add_number(out, r->has_quality, r->quality);
    add_name(out, "order");
    buf_addf(out, "\"%s\"", recipe__order_names[r->order]);
    add_name(out, "halflife");
    buf_addf(out, "%lld", (long long)r->halflife);
    add_name(out, "window");
    if (r->window)
        buf_addf(out, "%lld", (long long)r->window);
    else
        buf_addz(out, "null");
    add_list(out, "languages", r->languages, r->language_count);
    add_list(out, "tags", r->tags, r->tag_count);
    add_list(out, "without_tags", r->without_tags, r->without_tag_count);
    add_name(out, "without_authors");
    buf_addc(out, '[');
    for (size_t i = 0; i < r->without_author_count; i++) {
        buf_addz(out, i ? ", " : "");
        add_key(out, &r->without_authors[i]);
    }
    buf_addc(out, ']');
    add_name(out, "one_per_lineage");
    buf_addz(out, r->one_per_lineage ? "true" : "false");
    if (r->missed_of) {
        add_name(out, "missed");
        buf_addf(out, "%u", r->missed_of);
    }
    buf_addz(out, "\n}\n");
}
