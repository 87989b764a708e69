/* recipe.c: a filter's recipe read from its JSON: every field known, each once, each within its bounds.
 *
 * Strict, because a misspelt field that is passed over would show a reader something else than was meant. A
 * field that is not there has its default. What it is not: recipe_format.c writes it. Leans on jansson for
 * the syntax, which is given at most 64 KiB. */
#include "rating/recipe.h"

#include "base/utf8.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>

const char *const recipe__order_names[] = {"newest", "quality", "fresh", "disputed", NULL};

struct reading {
    struct arena *arena;
    struct recipe *out;
    struct err *err;
    const char *in; /* "dimensions.worth." before the names of fields within, or "" */
};

static int wrong(struct reading *r, const char *field, const char *must)
{
    return err_set(r->err, ERR_INPUT, "filter: \"%s%s\" must be %s", r->in, field, must);
}

static int no_memory(struct reading *r)
{
    return err_set(r->err, ERR_MEMORY, "the filter does not fit in memory");
}

static struct str text_of(const json_t *value)
{
    return (struct str){json_string_value(value), json_string_length(value)};
}

/* ---- values */

/* A number from low to high; null leaves *has false where has is given. */
static int read_number(
    struct reading *r, const char *field, const json_t *v, double low, double high, double *out, bool *has)
{
    if (has && json_is_null(v)) {
        *has = false;
        return 0;
    }
    double x = json_number_value(v);
    if (!json_is_number(v) || !isfinite(x) || x < low || x > high) {
        char must[80];
        snprintf(must, sizeof must, "a number from %g to %g%s", low, high, has ? ", or null" : "");
        return wrong(r, field, must);
    }
    *out = x == 0 ? 0 : x; /* no −0 */
    if (has)
        *has = true;
    return 0;
}

static int read_whole(
    struct reading *r, const char *field, const json_t *v, int64_t low, int64_t high, int64_t *out)
{
    /* 48.0 is 48: JSON knows only numbers. */
    double x = json_number_value(v);
    if (!json_is_number(v) || !(x >= (double)low && x <= (double)high) || x != (double)(int64_t)x) {
        char must[80];
        snprintf(must, sizeof must, "a whole number from %lld to %lld", (long long)low, (long long)high);
        return wrong(r, field, must);
    }
    *out = (int64_t)x;
    return 0;
}

static int compare_strs(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

/* A list of strings, each made canonical by make ({NULL,0}: not one), sorted, each once. */
static int read_list(struct reading *r, const char *field, const json_t *v, const char *of,
    struct str (*make)(struct arena *arena, struct str text), struct str **out, size_t *n)
{
    char must[200];
    size_t count = json_array_size(v);
    *n = 0;
    *out = NULL;
    if (!json_is_array(v) || count > RECIPE_MAX_LIST) {
        snprintf(must, sizeof must, "a list of at most %d %s", RECIPE_MAX_LIST, of);
        return wrong(r, field, must);
    }
    if (!(*out = ARENA_ARRAY(r->arena, struct str, count + 1)))
        return no_memory(r);
    for (size_t i = 0; i < count; i++) {
        const json_t *item = json_array_get(v, i);
        struct str made = json_is_string(item) ? make(r->arena, text_of(item)) : (struct str){NULL, 0};
        if (!made.p) {
            snprintf(must, sizeof must, "a list of %s; number %zu is none", of, i + 1);
            return wrong(r, field, must);
        }
        (*out)[i] = made;
    }
    qsort(*out, count, sizeof **out, compare_strs);
    for (size_t i = 0; i < count; i++)
        if (!*n || !str_eq((*out)[*n - 1], (*out)[i]))
            (*out)[(*n)++] = (*out)[i];
    return 0;
}

static struct str make_language(struct arena *arena, struct str text)
{
    char lower[4] = "";
    if (text.n < 2 || text.n > 3)
        return (struct str){NULL, 0};
    for (size_t i = 0; i < text.n; i++) {
        lower[i] = (char)(text.p[i] >= 'A' && text.p[i] <= 'Z' ? text.p[i] + 32 : text.p[i]);
        if (lower[i] < 'a' || lower[i] > 'z')
            return (struct str){NULL, 0};
    }
    return arena_str(arena, str_of(lower));
}

/* ---- fields */

static int read_raters(struct reading *r, const json_t *v);

static int read_sources(struct reading *r, const char *field, const json_t *v)
{
    if (json_is_array(v))
        return read_raters(r, v);
    struct str s = json_is_string(v) ? text_of(v) : STR("");
    if (!str_eqz(s, "trusted") && !str_eqz(s, "everyone"))
        return wrong(
            r, field, "\"trusted\", \"everyone\" or a list such as [{\"rater\":\"npub1…\",\"weight\":0.8}]");
    r->out->sources = str_eqz(s, "everyone") ? SOURCES_EVERYONE : SOURCES_TRUSTED;
    return 0;
}

static int read_depth(struct reading *r, const char *field, const json_t *v)
{
    int64_t depth = 0;
    int status = read_whole(r, field, v, 0, RECIPE_MAX_DEPTH, &depth);
    r->out->depth = (unsigned)depth;
    return status;
}

static int read_support(struct reading *r, const char *field, const json_t *v)
{
    return read_number(r, field, v, 0, RECIPE_MAX_SUPPORT, &r->out->support, &r->out->has_support);
}

static int read_quality(struct reading *r, const char *field, const json_t *v)
{
    return read_number(
        r, field, v, -RECIPE_MAX_QUALITY, RECIPE_MAX_QUALITY, &r->out->quality, &r->out->has_quality);
}

static int read_dimensions(struct reading *r, const char *field, const json_t *v);

static int read_order(struct reading *r, const char *field, const json_t *v)
{
    for (int i = 0; recipe__order_names[i]; i++)
        if (json_is_string(v) && str_eqz(text_of(v), recipe__order_names[i])) {
            r->out->order = (enum filter_order)i;
            return 0;
        }
    return wrong(r, field, "\"newest\", \"quality\", \"fresh\" or \"disputed\"");
}

static int read_halflife(struct reading *r, const char *field, const json_t *v)
{
    return read_whole(r, field, v, 1, RECIPE_MAX_HOURS, &r->out->halflife);
}

static int read_window(struct reading *r, const char *field, const json_t *v)
{
    r->out->window = 0;
    return json_is_null(v) ? 0 : read_whole(r, field, v, 1, RECIPE_MAX_HOURS, &r->out->window);
}

static int read_languages(struct reading *r, const char *field, const json_t *v)
{
    return read_list(r, field, v, "languages as two or three letters (\"pt\" also takes \"pt-BR\")",
        make_language, &r->out->languages, &r->out->language_count);
}

static int read_tags(struct reading *r, const char *field, const json_t *v)
{
    return read_list(r, field, v, "tags of 1 to 100 bytes", recipe__tag, &r->out->tags, &r->out->tag_count);
}

static int read_without_tags(struct reading *r, const char *field, const json_t *v)
{
    return read_list(r, field, v, "tags of 1 to 100 bytes", recipe__tag, &r->out->without_tags,
        &r->out->without_tag_count);
}

static int compare_keys(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct pubkey));
}

static int read_without_authors(struct reading *r, const char *field, const json_t *v)
{
    size_t count = json_array_size(v), n = 0;
    if (!json_is_array(v) || count > RECIPE_MAX_LIST)
        return wrong(r, field, "a list of at most 500 keys (npub1… or 64 hexadecimal digits)");
    struct pubkey *keys = ARENA_ARRAY(r->arena, struct pubkey, count + 1);
    if (!keys)
        return no_memory(r);
    for (size_t i = 0; i < count; i++) {
        struct err why;
        const json_t *item = json_array_get(v, i);
        if (!json_is_string(item) || pubkey_from_text(text_of(item), &keys[i], &why)) {
            char must[80];
            snprintf(must, sizeof must, "a list of keys (npub1… or hex); number %zu is none", i + 1);
            return wrong(r, field, must);
        }
    }
    qsort(keys, count, sizeof *keys, compare_keys);
    for (size_t i = 0; i < count; i++)
        if (!n || !pubkey_eq(&keys[n - 1], &keys[i]))
            keys[n++] = keys[i];
    r->out->without_authors = keys;
    r->out->without_author_count = n;
    return 0;
}

static int read_lineage(struct reading *r, const char *field, const json_t *v)
{
    r->out->one_per_lineage = json_is_true(v);
    return json_is_boolean(v) ? 0 : wrong(r, field, "true or false");
}

static int read_missed(struct reading *r, const char *field, const json_t *v)
{
    int64_t n = 0;
    int status = read_whole(r, field, v, 0, RECIPE_MAX_MISSED, &n);
    r->out->missed_of = (unsigned)n;
    return status;
}

/* One row a field of an object: its name, and who reads it. The table ends with name NULL. */
struct field {
    const char *name;
    int (*read)(struct reading *r, const char *field, const json_t *v);
};
static const struct field fields[] = {
    {"sources", read_sources},
    {"depth", read_depth},
    {"support", read_support},
    {"dimensions", read_dimensions},
    {"quality", read_quality},
    {"order", read_order},
    {"halflife", read_halflife},
    {"window", read_window},
    {"languages", read_languages},
    {"tags", read_tags},
    {"without_tags", read_without_tags},
    {"without_authors", read_without_authors},
    {"one_per_lineage", read_lineage},
    {"missed", read_missed},
    {NULL, NULL},
};

static int unknown(struct reading *r, const char *name, const struct field *table)
{
    const char *near = table->name;
    unsigned least = UINT32_MAX;
    for (; table->name; table++) {
        unsigned d = str_distance(str_of(name), str_of(table->name));
        if (d < least) {
            least = d;
            near = table->name;
        }
    }
    struct str shown = utf8_cut(str_of(name), 60);
    err_set(r->err, ERR_INPUT, "filter: there is no field \"%s%.*s\"", r->in, STR_ARG(shown));
    err_todo(r->err, "the nearest is \"%s\"", near);
    return ERR_INPUT;
}

static int read_object(struct reading *r, json_t *object, const struct field *table)
{
    const char *name;
    json_t *value;
    json_object_foreach(object, name, value)
    {
        const struct field *f = table;
        while (f->name && strcmp(f->name, name))
            f++;
        int status = f->name ? f->read(r, f->name, value) : unknown(r, name, table);
        if (status)
            return status;
    }
    return 0;
}

/* ---- dimensions */

struct dimension_reading {
    struct reading r; /* first: fields get it */
    struct recipe_dimension *d;
};

static struct recipe_dimension *dimension_of(struct reading *r)
{
    return ((struct dimension_reading *)r)->d;
}

static int read_coefficient(struct reading *r, const char *field, const json_t *v)
{
    return read_number(
        r, field, v, -RECIPE_MAX_COEFFICIENT, RECIPE_MAX_COEFFICIENT, &dimension_of(r)->coefficient, NULL);
}

static int read_floor(struct reading *r, const char *field, const json_t *v)
{
    struct recipe_dimension *d = dimension_of(r);
    return read_number(r, field, v, -1, 1, &d->floor, &d->has_floor);
}

static int read_ceiling(struct reading *r, const char *field, const json_t *v)
{
    struct recipe_dimension *d = dimension_of(r);
    return read_number(r, field, v, -1, 1, &d->ceiling, &d->has_ceiling);
}

static const struct field dimension_fields[] = {
    {"coefficient", read_coefficient}, {"floor", read_floor}, {"ceiling", read_ceiling}, {NULL, NULL}};

static const char *const shipped[] = {"worth", "accurate", "clear", "junk", NULL};

static int check_dimension_name(struct reading *r, struct str name)
{
    struct address address;
    if (str_eqz(name, "agree")) {
        err_set(r->err, ERR_INPUT, "filter: \"agree\" cannot be among the dimensions");
        err_todo(r->err, "it says whose position one shares, which is no quality: leave it out");
        return ERR_INPUT;
    }
    const char *near = shipped[0];
    unsigned least = UINT32_MAX;
    for (size_t i = 0; shipped[i]; i++) {
        unsigned d = str_distance(name, str_of(shipped[i]));
        if (!d)
            return 0;
        if (d < least) {
            least = d;
            near = shipped[i];
        }
    }
    if (name.n <= 300 && utf8_valid(name) && address_parse(name, &address) && address.kind == KIND_DIMENSION)
        return 0;
    struct str shown = utf8_cut(name, 60);
    err_set(r->err, ERR_INPUT, "filter: there is no dimension \"%.*s\"", STR_ARG(shown));
    err_todo(r->err,
        "the nearest is \"%s\"; one that is not shipped is named by its address, \"%d:<key>:<name>\"", near,
        KIND_DIMENSION);
    return ERR_INPUT;
}

static int compare_dimensions(const void *a, const void *b)
{
    return str_cmp(((const struct recipe_dimension *)a)->name, ((const struct recipe_dimension *)b)->name);
}

static int read_dimensions(struct reading *r, const char *field, const json_t *v)
{
    size_t count = json_object_size(v);
    if (!json_is_object(v) || count > RECIPE_MAX_DIMENSIONS)
        return wrong(r, field, "an object of at most 64 dimensions, such as {\"worth\":{\"coefficient\":1}}");
    struct recipe_dimension *list = ARENA_ARRAY(r->arena, struct recipe_dimension, count + 1);
    if (!list)
        return no_memory(r);
    size_t n = 0;
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)v, name, value)
    {
        int status = check_dimension_name(r, str_of(name));
        if (status)
            return status;
        struct recipe_dimension *d = &list[n++];
        *d = (struct recipe_dimension){
            .name = arena_str(r->arena, str_of(name)), .coefficient = 0, .floor = NAN, .ceiling = NAN};
        struct str in = arena_printf(r->arena, "dimensions.%s.", name);
        if (!d->name.p || !in.p)
            return no_memory(r);
        struct dimension_reading inner = {{r->arena, r->out, r->err, in.p}, d};
        if (!json_is_object(value))
            return wrong(r, arena_printf(r->arena, "dimensions.%s", name).p,
                "an object such as {\"coefficient\":1,\"floor\":null}");
        if ((status = read_object(&inner.r, value, dimension_fields)))
            return status;
    }
    qsort(list, n, sizeof *list, compare_dimensions);
    r->out->dimensions = list;
    r->out->dimension_count = n;
    return 0;
}

/* ---- raters */

struct rater_reading {
    struct reading r; /* first */
    struct trust_entry *entry;
    bool has_key;
};

static int read_rater(struct reading *r, const char *field, const json_t *v)
{
    struct rater_reading *rr = (struct rater_reading *)r;
    struct err why;
    if (!json_is_string(v) || pubkey_from_text(text_of(v), &rr->entry->key, &why))
        return wrong(r, field, "a key: npub1… or 64 hexadecimal digits");
    rr->has_key = true;
    return 0;
}

static int read_weight(struct reading *r, const char *field, const json_t *v)
{
    struct rater_reading *rr = (struct rater_reading *)r;
    _cleanup_buf_ struct buf text = BUF_INIT;
    double x = json_number_value(v);
    if (json_is_number(v) && x > 0 && x <= 1)
        rating__number_format(x, &text);
    return weight_parse(buf_str(&text), &rr->entry->weight)
               ? 0
               : wrong(r, field, "a number above 0 and at most 1");
}

static const struct field rater_fields[] = {{"rater", read_rater}, {"weight", read_weight}, {NULL, NULL}};

static int compare_entries(const void *a, const void *b)
{
    return compare_keys(&((const struct trust_entry *)a)->key, &((const struct trust_entry *)b)->key);
}

static int read_raters(struct reading *r, const json_t *v)
{
    size_t count = json_array_size(v);
    if (count > RECIPE_MAX_RATERS)
        return wrong(r, "sources", "a list of at most 1000 raters");
    struct trust_entry *list = ARENA_ARRAY(r->arena, struct trust_entry, count + 1);
    if (!list)
        return no_memory(r);
    for (size_t i = 0; i < count; i++) {
        json_t *item = json_array_get(v, i);
        struct str in = arena_printf(r->arena, "sources[%zu].", i + 1);
        if (!in.p)
            return no_memory(r);
        struct rater_reading inner = {{r->arena, r->out, r->err, in.p}, &list[i], false};
        list[i].weight = WEIGHT_ONE;
        int status = json_is_object(item) ? read_object(&inner.r, item, rater_fields) : 0;
        if (status)
            return status;
        if (!inner.has_key)
            return wrong(&inner.r, "rater", "there: an object such as {\"rater\":\"npub1…\",\"weight\":0.8}");
    }
    qsort(list, count, sizeof *list, compare_entries);
    for (size_t i = 1; i < count; i++)
        if (pubkey_eq(&list[i - 1].key, &list[i].key)) {
            _cleanup_buf_ struct buf npub = BUF_INIT;
            nip19_npub(&list[i].key, &npub);
            return err_set(
                r->err, ERR_INPUT, "filter: \"sources\" names %.*s twice", STR_ARG(buf_str(&npub)));
        }
    r->out->sources = SOURCES_LIST;
    r->out->list = list;
    r->out->list_count = count;
    return 0;
}

/* ---- the whole */

int recipe_parse(struct arena *arena, struct str json, struct recipe *out, struct err *err)
{
    *out = (struct recipe){.sources = SOURCES_TRUSTED, .depth = RECIPE_MAX_DEPTH, .halflife = 48};
    if (json.n > RECIPE_MAX_BYTES)
        return err_set(
            err, ERR_LIMIT, "filter: %zu bytes; a filter has at most %d", json.n, RECIPE_MAX_BYTES);
    json_error_t why;
    json_t *object = json_loadb(json.p ? json.p : "", json.n, JSON_REJECT_DUPLICATES, &why);
    if (!object)
        return err_set(err, ERR_INPUT, "filter: %s, at line %d, column %d", why.text, why.line, why.column);
    struct reading r = {arena, out, err, ""};
    int status = json_is_object(object)
                     ? read_object(&r, object, fields)
                     : err_set(err, ERR_INPUT,
                           "filter: an object is expected, such as {\"sources\":\"trusted\"}");
    json_decref(object);
    return status;
}
