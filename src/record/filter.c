/* filter.c: NIP-01 filters, read strictly, and whether a record matches one.
 *
 * Lists are sorted and freed of doubles when read, so that matching is a binary search. */
#include "base/hex.h"
#include "record/json.h"

#include <stdlib.h>

#define MAX_LIST 5000
#define MAX_LETTERS 52

/* ---- reading */

/* Reads a list of strings or numbers item by item into an array that doubles in the arena; calls read_item
 * with the place for the item. */
struct list {
    void *items;
    size_t n, cap, item_size;
};

static void *list_place(struct record__json *j, struct list *l, int *rc)
{
    if (l->n == MAX_LIST) {
        *rc = err_set(j->err, ERR_LIMIT, "filter: a list of more than %d items", MAX_LIST);
        return NULL;
    }
    if (l->n == l->cap) {
        size_t cap = l->cap ? 2 * l->cap : 8;
        void *more = arena_alloc(j->arena, cap * l->item_size);
        if (!more) {
            *rc = record__json_memory(j);
            return NULL;
        }
        if (l->n)
            memcpy(more, l->items, l->n * l->item_size);
        l->items = more;
        l->cap = cap;
    }
    return (char *)l->items + l->n++ * l->item_size;
}

static int read_hash(struct record__json *j, void *place)
{
    struct str text;
    int rc = record__json_string(j, &text, NULL);
    if (rc)
        return rc;
    return hex_decode(text, place, 32) ? 0
                                       : record__json_fail(j, "an id or key is not 64 hexadecimal digits "
                                                              "in lower case, which end");
}

static int read_kind(struct record__json *j, void *place)
{
    int64_t number;
    int rc = record__json_number(j, UINT16_MAX, &number);
    *(uint32_t *)place = rc ? 0 : (uint32_t)number;
    return rc;
}

static int read_string(struct record__json *j, void *place)
{
    return record__json_string(j, place, NULL);
}

/* Values of #e and #p are ids and keys, though they stay text. */
static int read_hash_string(struct record__json *j, void *place)
{
    uint8_t bytes[32];
    int rc = record__json_string(j, place, NULL);
    if (rc)
        return rc;
    return hex_decode(*(struct str *)place, bytes, 32)
               ? 0
               : record__json_fail(
                     j, "a value of #e or #p is not 64 hexadecimal digits in lower case, which end");
}

static int compare_hash(const void *a, const void *b)
{
    return memcmp(a, b, 32);
}

static int compare_kind(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static int compare_str(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static int compare_letter(const void *a, const void *b)
{
    return ((const struct filter_tag *)a)->letter - ((const struct filter_tag *)b)->letter;
}

static void sort_unique(struct list *l, int (*compare)(const void *, const void *))
{
    if (l->n < 2)
        return;
    qsort(l->items, l->n, l->item_size, compare);
    char *items = l->items;
    size_t kept = 1;
    for (size_t i = 1; i < l->n; i++) {
        if (compare(items + (kept - 1) * l->item_size, items + i * l->item_size) == 0)
            continue;
        if (kept != i)
            memcpy(items + kept * l->item_size, items + i * l->item_size, l->item_size);
        kept++;
    }
    l->n = kept;
}

static int read_list(struct record__json *j, struct list *l, int (*read_item)(struct record__json *, void *),
    int (*compare)(const void *, const void *))
{
    if (!record__json_take(j, '['))
        return record__json_fail(j, "a list is expected");
    if (!record__json_take(j, ']')) {
        do {
            int rc = 0;
            void *place = list_place(j, l, &rc);
            if (place)
                rc = read_item(j, place);
            if (rc)
                return rc;
        } while (record__json_take(j, ','));
        if (!record__json_take(j, ']'))
            return record__json_fail(j, "a comma or ] is expected in a list");
    }
    sort_unique(l, compare);
    return 0;
}

enum { IDS = 1, AUTHORS = 2, KINDS = 4, SINCE = 8, UNTIL = 16, LIMIT = 32, SEARCH = 64 };

static unsigned field_of(struct str name)
{
    static const struct {
        struct str name;
        unsigned field;
    } fields[] = {{STR_INIT("ids"), IDS}, {STR_INIT("authors"), AUTHORS}, {STR_INIT("kinds"), KINDS},
        {STR_INIT("since"), SINCE}, {STR_INIT("until"), UNTIL}, {STR_INIT("limit"), LIMIT},
        {STR_INIT("search"), SEARCH}};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (str_eq(fields[i].name, name))
            return fields[i].field;
    return 0;
}

static int read_tag_field(struct record__json *j, char letter, struct filter *out)
{
    for (size_t i = 0; i < out->tag_count; i++)
        if (out->tags[i].letter == letter)
            return record__json_fail(j, "a second field \"#%c\" ends", letter);
    if (!out->tags) {
        out->tags = ARENA_ARRAY(j->arena, struct filter_tag, MAX_LETTERS);
        if (!out->tags)
            return record__json_memory(j);
    }
    if (!record__json_take(j, ':'))
        return record__json_fail(j, "a colon is expected");
    struct list l = {.item_size = sizeof(struct str)};
    int rc = read_list(j, &l, letter == 'e' || letter == 'p' ? read_hash_string : read_string, compare_str);
    out->tags[out->tag_count++] = (struct filter_tag){letter, l.items, l.n};
    return rc;
}

static int read_field(struct record__json *j, unsigned field, struct filter *out)
{
    struct list hashes = {.item_size = 32}, kinds = {.item_size = sizeof(uint32_t)};
    int rc;
    switch (field) {
    case IDS:
        rc = read_list(j, &hashes, read_hash, compare_hash);
        out->ids = hashes.items;
        out->id_count = hashes.n;
        out->has_ids = true;
        return rc;
    case AUTHORS:
        rc = read_list(j, &hashes, read_hash, compare_hash);
        out->authors = hashes.items;
        out->author_count = hashes.n;
        out->has_authors = true;
        return rc;
    case KINDS:
        rc = read_list(j, &kinds, read_kind, compare_kind);
        out->kinds = kinds.items;
        out->kind_count = kinds.n;
        out->has_kinds = true;
        return rc;
    case SINCE:
        return record__json_number(j, RECORD__MAX_NUMBER, &out->since);
    case UNTIL:
        return record__json_number(j, RECORD__MAX_NUMBER, &out->until);
    case LIMIT:
        return record__json_number(j, RECORD__MAX_NUMBER, &out->limit);
    default:
        return record__json_string(j, &out->search, NULL);
    }
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static int read_filter(struct arena *arena, struct str json, struct filter *out, struct err *err)
{
    *out = (struct filter){.until = INT64_MAX, .limit = -1};
    json = arena_str(arena, json); /* all of a filter is in its arena */
    struct record__json j = {json.p, json.p, json.p + json.n, arena, "filter", err};
    if (!json.p)
        return record__json_memory(&j);
    if (!record__json_take(&j, '{'))
        return record__json_fail(&j, "a JSON object is expected");
    unsigned seen = 0;
    if (!record__json_take(&j, '}')) {
        do {
            struct str name;
            int rc = record__json_string(&j, &name, NULL);
            if (rc)
                return rc;
            unsigned field = field_of(name);
            if (!field && name.n == 2 && name.p[0] == '#' && is_letter(name.p[1])) {
                rc = read_tag_field(&j, name.p[1], out);
            } else if (!field) {
                return record__json_fail(
                    &j, "an unknown field, \"%.*s\", ends", name.n > 40 ? 40 : (int)name.n, name.p);
            } else if (seen & field) {
                return record__json_fail(&j, "a second field \"%.*s\" ends", STR_ARG(name));
            } else {
                seen |= field;
                if (!record__json_take(&j, ':'))
                    return record__json_fail(&j, "a colon is expected");
                rc = read_field(&j, field, out);
            }
            if (rc)
                return rc;
        } while (record__json_take(&j, ','));
        if (!record__json_take(&j, '}'))
            return record__json_fail(&j, "a comma or } is expected");
    }
    if (out->tag_count > 1)
        qsort(out->tags, out->tag_count, sizeof *out->tags, compare_letter);
    return record__json_end(&j);
}

int filter_parse(struct arena *arena, struct str json, struct filter *out, struct err *err)
{
    int rc = read_filter(arena, json, out, err);
    if (rc)
        *out = (struct filter){.has_ids = true}; /* matches nothing, should a caller forget to look */
    return rc;
}

/* ---- matching */

static bool matches_tag(const struct filter_tag *wanted, const struct record *r)
{
    if (!wanted->n)
        return false;
    for (size_t i = 0; i < r->tag_count; i++) {
        const struct tag *tag = &r->tags[i];
        if (tag->n < 2 || tag->v[0].n != 1 || tag->v[0].p[0] != wanted->letter)
            continue;
        if (bsearch(&tag->v[1], wanted->values, wanted->n, sizeof *wanted->values, compare_str))
            return true;
    }
    return false;
}

static bool holds(const void *key, const void *items, size_t n, size_t item_size,
    int (*compare)(const void *, const void *))
{
    return n && bsearch(key, items, n, item_size, compare);
}

bool filter_matches(const struct filter *f, const struct record *r)
{
    if (r->created_at < f->since || r->created_at > f->until)
        return false;
    if (f->has_kinds && !holds(&r->kind, f->kinds, f->kind_count, sizeof *f->kinds, compare_kind))
        return false;
    if (f->has_authors && !holds(&r->pubkey, f->authors, f->author_count, 32, compare_hash))
        return false;
    if (f->has_ids && !holds(&r->id, f->ids, f->id_count, 32, compare_hash))
        return false;
    for (size_t i = 0; i < f->tag_count; i++)
        if (!matches_tag(&f->tags[i], r))
            return false;
    return true;
}

/* ---- writing */

static void add_name(struct buf *b, const char *name)
{
    buf_addf(b, "%s\"%s\":", b->p[b->n - 1] == '{' ? "" : ",", name);
}

static void add_hashes(struct buf *b, const char *name, const uint8_t (*hashes)[32], size_t n)
{
    char hex[65];
    add_name(b, name);
    buf_addc(b, '[');
    for (size_t i = 0; i < n; i++) {
        hex_encode(hashes[i], 32, hex);
        buf_addf(b, "%s\"%s\"", i ? "," : "", hex);
    }
    buf_addc(b, ']');
}

void filter_to_json(const struct filter *f, struct buf *out)
{
    buf_addc(out, '{');
    if (f->has_ids)
        add_hashes(out, "ids", (const uint8_t(*)[32])f->ids, f->id_count);
    if (f->has_authors)
        add_hashes(out, "authors", (const uint8_t(*)[32])f->authors, f->author_count);
    if (f->has_kinds) {
        add_name(out, "kinds");
        buf_addc(out, '[');
        for (size_t i = 0; i < f->kind_count; i++)
            buf_addf(out, "%s%u", i ? "," : "", f->kinds[i]);
        buf_addc(out, ']');
    }
    for (size_t i = 0; i < f->tag_count; i++) {
        add_name(out, (char[]){'#', f->tags[i].letter, 0});
        buf_addc(out, '[');
        for (size_t k = 0; k < f->tags[i].n; k++) {
            if (k)
                buf_addc(out, ',');
            record__add_string(out, f->tags[i].values[k]);
        }
        buf_addc(out, ']');
    }
    if (f->since > 0) {
        add_name(out, "since");
        buf_addf(out, "%lld", (long long)f->since);
    }
    if (f->until != INT64_MAX) {
        add_name(out, "until");
        buf_addf(out, "%lld", (long long)f->until);
    }
    if (f->limit >= 0) {
        add_name(out, "limit");
        buf_addf(out, "%lld", (long long)f->limit);
    }
    if (f->search.n) {
        add_name(out, "search");
        record__add_string(out, f->search);
    }
    buf_addc(out, '}');
}
