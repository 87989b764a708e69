/* trust_write.c: a trust list as records (NIP-51 follow sets, kind 30000) and as the plain text of a private
 * one. */
#include "base/hex.h"
#include "base/utf8.h"
#include "rating/rating.h"

#include <jansson.h>
#include <stdlib.h>

enum {
    max_petname = 64, /* bytes */
    max_private_bytes = 8 << 20,
    max_private_entries = 20000, /* of one text */
    max_sets = 100,
};

static int check(const struct trust_entry *e, size_t number, struct err *err)
{
    if (!e->weight || e->weight > WEIGHT_ONE)
        return err_set(err, ERR_INPUT, "trust: the weight of entry %zu is not above 0 and at most 1", number);
    if (e->petname.n > max_petname || !utf8_valid(e->petname))
        return err_set(err, ERR_INPUT, "trust: the name of entry %zu is longer than %d bytes or no text",
            number, max_petname);
    return 0;
}

int trust_write(const struct trust_entry *entries, size_t n, unsigned set, int64_t now,
    struct record_draft *out, struct err *err)
{
    if (n > TRUST_SET_ENTRIES)
        return err_set(err, ERR_LIMIT, "trust: a set has at most %d entries, not %zu", TRUST_SET_ENTRIES, n);
    if (!set || set > max_sets)
        return err_set(err, ERR_LIMIT, "trust: a list has at most %d sets", max_sets);
    char d[32] = "widenet.trust";
    if (set > 1)
        snprintf(d, sizeof d, "widenet.trust.%u", set);
    record_draft_init(out, out->arena, KIND_TRUST, now);
    record_draft_tag(out, "d", d, NULL);
    for (size_t i = 0; i < n; i++) {
        int status = check(&entries[i], i + 1, err);
        if (status)
            return status;
        _cleanup_buf_ struct buf w = BUF_INIT;
        weight_format(entries[i].weight, &w);
        char hex[65];
        hex_encode(entries[i].key.b, sizeof entries[i].key.b, hex);
        struct str tag[] = {
            STR("p"), str_of(hex), STR(""), entries[i].petname.p ? entries[i].petname : STR(""), buf_str(&w)};
        record_draft_tag_strs(out, tag, 5);
    }
    record_draft_content(out, STR(""));
    return out->failed ? err_set(err, ERR_MEMORY, "the trust list does not fit in memory") : 0;
}

void trust_private_text(const struct trust_entry *entries, size_t n, struct buf *out)
{
    buf_addc(out, '[');
    for (size_t i = 0; i < n; i++) {
        char hex[65];
        hex_encode(entries[i].key.b, sizeof entries[i].key.b, hex);
        buf_addf(out, "%s[\"p\",\"%s\",\"\",", i ? ",\n" : "", hex);
        buf_add_json(out, entries[i].petname.p ? entries[i].petname : STR(""));
        buf_addz(out, ",\"");
        weight_format(entries[i].weight, out);
        buf_addz(out, "\"]");
    }
    buf_addc(out, ']');
}

static struct str text_at(const json_t *tag, size_t i)
{
    const json_t *v = json_array_get(tag, i);
    return json_is_string(v) ? (struct str){json_string_value(v), json_string_length(v)} : STR("");
}

static int read_tag(
    struct arena *arena, const json_t *tag, size_t number, struct trust_entry *out, struct err *err)
{
    *out = (struct trust_entry){.weight = WEIGHT_ONE};
    struct err why;
    if (pubkey_from_text(text_at(tag, 1), &out->key, &why))
        return err_set(err, ERR_INPUT, "trust: entry %zu has no key", number);
    struct str w = text_at(tag, 4), petname = text_at(tag, 3);
    if (json_array_size(tag) > 4 && (w.n || !json_is_string(json_array_get(tag, 4))) &&
        !weight_parse(w, &out->weight)) {
        struct str shown = utf8_cut(w, 40);
        err_set(err, ERR_INPUT,
            "trust: the weight of entry %zu, \"%.*s\", is no number above 0 and at most 1", number,
            STR_ARG(shown));
        err_todo(err, "write it in decimal digits between quotes, such as \"0.8\"");
        return ERR_INPUT;
    }
    out->petname = arena_str(arena, utf8_cut(petname, max_petname));
    return out->petname.p ? 0 : err_set(err, ERR_MEMORY, "the trust list does not fit in memory");
}

static int compare_entries(const void *a, const void *b)
{
    const struct trust_entry *x = a, *y = b;
    int order = memcmp(&x->key, &y->key, sizeof x->key);
    if (order)
        return order;
    if (x->weight != y->weight)
        return x->weight > y->weight ? -1 : 1;
    return str_cmp(x->petname, y->petname);
}

static int read_tags(
    struct arena *arena, const json_t *list, struct trust_entry **out, size_t *n, struct err *err)
{
    size_t count = json_array_size(list), kept = 0;
    if (!json_is_array(list))
        return err_set(
            err, ERR_INPUT, "trust: a list of tags such as [\"p\",key,\"\",name,\"0.8\"] is expected");
    if (count > max_private_entries)
        return err_set(
            err, ERR_LIMIT, "trust: %zu entries; a list has at most %d", count, max_private_entries);
    *out = ARENA_ARRAY(arena, struct trust_entry, count + 1);
    if (!*out)
        return err_set(err, ERR_MEMORY, "the trust list does not fit in memory");
    for (size_t i = 0; i < count; i++) {
        const json_t *tag = json_array_get(list, i);
        if (!json_is_array(tag))
            return err_set(err, ERR_INPUT, "trust: entry %zu is no list of texts", i + 1);
        if (!str_eqz(text_at(tag, 0), "p"))
            continue; /* another client's; lists may hold more than keys */
        int status = read_tag(arena, tag, i + 1, &(*out)[*n], err);
        if (status)
            return status;
        ++*n;
    }
    qsort(*out, *n, sizeof **out, compare_entries);
    for (size_t i = 0; i < *n; i++)
        if (!kept || !pubkey_eq(&(*out)[kept - 1].key, &(*out)[i].key))
            (*out)[kept++] = (*out)[i];
    *n = kept;
    return 0;
}

int trust_private_read(
    struct arena *arena, struct str plain, struct trust_entry **out, size_t *n, struct err *err)
{
    *out = NULL;
    *n = 0;
    if (plain.n > max_private_bytes)
        return err_set(err, ERR_LIMIT, "trust: %zu bytes; a list has at most %d", plain.n, max_private_bytes);
    json_error_t why;
    json_t *list = json_loadb(plain.p ? plain.p : "", plain.n, 0, &why);
    if (!list)
        return err_set(err, ERR_INPUT, "trust: %s, at line %d, column %d", why.text, why.line, why.column);
    int status = read_tags(arena, list, out, n, err);
    json_decref(list);
    if (status)
        *n = 0;
    return status;
}
