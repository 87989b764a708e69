/* follow_list.c: whom a list made elsewhere names: keys in any text, a JSON list, a follow list as a record.
 * All of it is from strangers: what is no key is counted and left out. */
#include "web/follow_list.h"

#include "web/page.h"

#include <jansson.h>
#include <stdlib.h>

static bool begin(struct arena *arena, struct follow_list *out)
{
    *out = (struct follow_list){.list = ARENA_ARRAY(arena, struct trust_entry, FOLLOW_MOST)};
    return out->list != NULL;
}

/* 0, or ERR_DENIED for a private key. */
static int add(
    struct arena *arena, struct follow_list *f, struct str key, struct str petname, struct str weight_text)
{
    struct trust_entry e = {0};
    struct err err;
    int code = pubkey_from_text(str_trim(key), &e.key, &err);
    if (code == ERR_DENIED)
        return ERR_DENIED;
    if (code || !pubkey_valid(&e.key) || f->n == FOLLOW_MOST) {
        f->left_out++;
        return 0;
    }
    e.petname = web__line(arena, petname, 60);
    if (!weight_text.n || !weight_parse(weight_text, &e.weight))
        e.weight = 0;
    f->list[f->n++] = e;
    return 0;
}

static int by_key(const void *a, const void *b)
{
    const struct trust_entry *x = a, *y = b;
    int order = memcmp(&x->key, &y->key, sizeof x->key);
    return order ? order : (x->weight < y->weight) - (x->weight > y->weight);
}

/* Sorted, each key once. */
static int finish(struct follow_list *f, int code, struct err *err)
{
    size_t n = 0;
    if (code == ERR_DENIED) {
        err_set(err, ERR_DENIED, M("There is a private key (nsec) in it. Nothing was kept."));
        err_todo(err, M("Keep it to yourself; whoever has seen it can sign as you."));
        return ERR_DENIED;
    }
    if (code)
        return code;
    if (f->n > 1)
        qsort(f->list, f->n, sizeof *f->list, by_key);
    for (size_t i = 0; i < f->n; i++)
        if (!n || !pubkey_eq(&f->list[n - 1].key, &f->list[i].key))
            f->list[n++] = f->list[i];
    f->n = n;
    if (n)
        return 0;
    err_set(err, ERR_INPUT, M("There is no key in it."));
    err_todo(err, M("Keys begin with npub1, or are 64 digits of 0–9 and a–f."));
    return ERR_INPUT;
}

/* ---- JSON */

static struct str text_at(const json_t *array, size_t i)
{
    const json_t *v = json_array_get(array, i);
    return json_is_string(v) ? (struct str){json_string_value(v), json_string_length(v)} : STR("");
}

static struct str field(const json_t *object, const char *name)
{
    const json_t *v = json_object_get(object, name);
    return json_is_string(v) ? (struct str){json_string_value(v), json_string_length(v)} : STR("");
}

static int add_json(struct arena *arena, struct follow_list *f, const json_t *item)
{
    if (json_is_string(item))
        return add(
            arena, f, (struct str){json_string_value(item), json_string_length(item)}, STR(""), STR(""));
    if (json_is_array(item))
        return str_eqz(text_at(item, 0), "p")
                   ? add(arena, f, text_at(item, 1), text_at(item, 3), text_at(item, 4))
                   : 0;
    if (!json_is_object(item))
        return 0;
    struct str key = field(item, "npub");
    key = key.n ? key : field(item, "pubkey");
    char weight_text[32] = "";
    const json_t *w = json_object_get(item, "weight");
    if (json_is_number(w))
        snprintf(weight_text, sizeof weight_text, "%.9f", json_number_value(w));
    return add(arena, f, key, field(item, "petname"), str_of(weight_text));
}

/* A record's tags, {"items":[…]}, or a list. False: it is no JSON of that sort. */
static bool read_json(struct arena *arena, struct str text, struct follow_list *f, int *code)
{
    json_t *json = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES, NULL);
    const json_t *list = json_is_array(json) ? json : json_object_get(json, "tags");
    if (!list)
        list = json_object_get(json, "items");
    bool good = json_is_array(list);
    for (size_t i = 0; good && !*code && i < json_array_size(list); i++)
        *code = add_json(arena, f, json_array_get(list, i));
    json_decref(json);
    return good;
}

/* ---- any text */

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static int scan(struct arena *arena, struct str text, struct follow_list *f)
{
    int code = 0;
    for (size_t at = 0; at < text.n && !code;) {
        size_t from = at;
        while (at < text.n && is_letter(text.p[at]))
            at++;
        struct str word = str_slice(text, from, at);
        if (word.n == 64 || str_starts(word, STR("npub1")) || str_starts(word, STR("nprofile1")) ||
            str_starts(word, STR("nsec1")))
            code = add(arena, f, word, STR(""), STR(""));
        if (at == from)
            at++;
    }
    return code;
}

int web__follow_list_read(struct arena *arena, struct str text, struct follow_list *out, struct err *err)
{
    int code = 0;
    text = str_trim(text);
    if (!begin(arena, out))
        return err_set(err, ERR_MEMORY, M("The list did not fit into a page's memory."));
    if (!(text.n && (text.p[0] == '{' || text.p[0] == '[') && read_json(arena, text, out, &code)))
        code = scan(arena, text, out);
    return finish(out, code, err);
}

int web__follow_list_of_record(
    struct arena *arena, const struct record *r, struct follow_list *out, struct err *err)
{
    int code = 0;
    /* Only ours says a weight in the fifth place. */
    bool ours = r->kind == KIND_TRUST && str_starts(record_d(r), STR("widenet.trust"));
    if (!begin(arena, out))
        return err_set(err, ERR_MEMORY, M("The list did not fit into a page's memory."));
    for (size_t i = 0; i < r->tag_count && !code; i++) {
        const struct tag *t = &r->tags[i];
        if (t->n > 1 && str_eqz(t->v[0], "p"))
            code = add(
                arena, out, t->v[1], t->n > 3 ? t->v[3] : STR(""), ours && t->n > 4 ? t->v[4] : STR(""));
    }
    return finish(out, code, err);
}
