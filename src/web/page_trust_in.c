/* page_trust_in.c: taking in a list made elsewhere: one of one's own in the pool (kinds 3 and 30000, sealed
 * ones too), or pasted keys or JSON. It is shown first and taken in afterwards. */
#include "base/hex.h"
#include "templates.gen.h"
#include "web/follow_list.h"
#include "web/pages.h"
#include "web/rate.h"
#include "web/static.h"

#include <jansson.h>
#include <stdlib.h>

#define MOST_SETS 40
#define MOST_NAMES 60

/* ---- one's own lists in the pool */

struct own_sets {
    struct request *r;
    struct view *view;
    size_t n;
};

static int set_view(void *ctx, const struct store_found *f)
{
    struct own_sets *s = ctx;
    struct arena *arena = request_arena(s->r);
    size_t people = 0;
    char key[65];
    for (size_t i = 0; i < f->record.tag_count; i++)
        people += f->record.tags[i].n > 1 && str_eqz(f->record.tags[i].v[0], "p");
    bool sealed = people == 0 && f->record.content.n > 0 && f->record.kind == KIND_TRUST;
    if (s->n == MOST_SETS || (!people && !sealed))
        return 0;
    struct view *set = view_item(s->view, "sets");
    struct str d = web__line(arena, record_d(&f->record), 60);
    struct str title = web__line(arena, record_tag_value(&f->record, "title"), 60);
    view_str(set, "name",
        f->record.kind == 3 ? locale_message(request_locale(s->r), M("Whom you follow"))
        : title.n           ? title
                            : d);
    view_str(set, "id", web__id_hex(arena, &f->record.id));
    view_date(set, "date", f->record.created_at, DATE_SHORT);
    view_bool(set, "sealed", sealed);
    view_int(set, "entries", (int64_t)people);
    if (sealed && request_account(s->r)->own_key) {
        struct buf json _cleanup_buf_ = BUF_INIT;
        buf_addc(&json, '[');
        buf_add_json(&json, f->record.content);
        buf_addc(&json, ']');
        hex_encode(f->record.pubkey.b, 32, key);
        view_bool(set, "opens_in_browser", true);
        view_str(set, "cipher", arena_str(arena, buf_str(&json)));
        view_str(set, "key", arena_str(arena, str_of(key)));
    }
    s->n++;
    return 0;
}

static void sets_view(struct request *r, struct view *v)
{
    uint32_t kinds[] = {3, KIND_TRUST};
    struct pubkey me = request_account(r)->key;
    struct filter filter = {.authors = &me,
        .author_count = 1,
        .has_authors = true,
        .kinds = kinds,
        .kind_count = 2,
        .has_kinds = true,
        .until = INT64_MAX,
        .limit = 200};
    struct own_sets sets = {r, v, 0};
    store_query(request_read(r), &filter, 1, STORE_PARSE, set_view, &sets, NULL);
    view_bool(v, "has_sets", sets.n > 0);
}

/* ---- the page */

static void answer_import(struct request *r, struct view *v, const struct err *problem)
{
    if (problem) {
        view_str(v, "problem", locale_message(request_locale(r), problem->what));
        view_str(v, "todo", locale_message(request_locale(r), problem->todo));
        view_str(v, "pasted", problem->code == ERR_DENIED ? STR("") : request_form(r, "list"));
    }
    sets_view(r, v);
    view_bool(v, "own_key", request_account(r)->own_key);
    view_str(v, "script", str_of(static_address("trust.js")));
    view_bool(v, "noindex", true);
    answer_page(r, problem ? 422 : 200, &template_trust_import, v,
        locale_message(request_locale(r), M("Take in a list you have elsewhere")));
}

static void import_page(struct request *r)
{
    answer_import(r, view_create(request_arena(r)), NULL);
}

/* Lines of "key weight petname", as the form carries them back. */
static struct str list_text(struct request *r, const struct follow_list *f)
{
    struct buf out _cleanup_buf_ = BUF_INIT;
    for (size_t i = 0; i < f->n; i++) {
        char hex[65];
        hex_encode(f->list[i].key.b, 32, hex);
        buf_addf(&out, "%s%s ", i ? "\n" : "", hex);
        if (f->list[i].weight)
            weight_format(f->list[i].weight, &out);
        else
            buf_addc(&out, '-');
        buf_addf(&out, " %.*s", STR_ARG(f->list[i].petname));
    }
    return arena_str(request_arena(r), buf_str(&out));
}

static void show_found(struct request *r, const struct follow_list *f)
{
    struct err err;
    struct arena *arena = request_arena(r);
    struct reader_trust t;
    size_t known = 0;
    if (web__trust_load(r, &t, &err) != 0) {
        answer_error(r, &err);
        return;
    }
    struct view *v = view_create(arena);
    for (size_t i = 0; i < f->n; i++) {
        known += web__trust_entry(&t, &f->list[i].key) != NULL;
        if (i >= MOST_NAMES)
            continue;
        struct view *item = view_item(v, "names");
        view_str(item, "name",
            f->list[i].petname.n ? f->list[i].petname : web__rater_name(r, &t, &f->list[i].key));
        view_str(item, "link", web__author_link(arena, &f->list[i].key, ""));
    }
    view_bool(v, "found", true);
    view_int(v, "found_count", (int64_t)f->n);
    view_int(v, "known_count", (int64_t)known);
    view_int(v, "left_out", (int64_t)f->left_out);
    view_int(v, "names_more", f->n > MOST_NAMES ? (int64_t)(f->n - MOST_NAMES) : 0);
    view_str(v, "list", list_text(r, f));
    web__trust_words_view(r, v, TRUST_LITTLE);
    answer_import(r, v, NULL);
}

/* ---- reading what is asked for */

static int from_private_text(struct request *r, struct str plain, struct follow_list *out, struct err *err)
{
    *out = (struct follow_list){0};
    int code = trust_private_read(request_arena(r), plain, &out->list, &out->n, err);
    for (size_t i = 0; !code && i < out->n; i++)
        out->list[i].petname = web__line(request_arena(r), out->list[i].petname, 60);
    return code;
}

/* A sealed one: opened by the keeper, or by the browser, which sends what was in it. */
static int open_sealed(struct request *r, const struct record *set, struct follow_list *out, struct err *err)
{
    if (request_account(r)->own_key) {
        struct str texts = request_form(r, "texts");
        json_t *list = json_loadb(texts.n ? texts.p : "", texts.n, 0, NULL);
        const json_t *text = json_array_get(list, 0);
        int code =
            json_is_string(text)
                ? from_private_text(r,
                      arena_str(
                          request_arena(r), (struct str){json_string_value(text), json_string_length(text)}),
                      out, err)
                : err_set(err, ERR_INPUT,
                      M("Nothing opened arrived. This needs JavaScript and a key extension with NIP-44."));
        json_decref(list);
        return code;
    }
    struct keeper *keeper = node_keeper(request_node(r), err);
    struct buf plain _cleanup_buf_ = BUF_INIT;
    if (!keeper)
        return err->code;
    int code = keeper_nip44_decrypt(
        keeper, request_session(r), &request_account(r)->key, set->content, &plain, err);
    return code ? code : from_private_text(r, arena_str(request_arena(r), buf_str(&plain)), out, err);
}

static int from_set(struct request *r, struct follow_list *out, struct err *err)
{
    struct record_id id;
    struct store_found found;
    if (!web__id_from_hex(request_form(r, "set"), &id))
        return err_set(err, ERR_NOT_FOUND, M("There is no such list of yours."));
    int code = store_get(request_read(r), request_arena(r), &id, &found, err);
    if (code)
        return code;
    const struct record *set = &found.record;
    if (!pubkey_eq(&set->pubkey, &request_account(r)->key) || (set->kind != 3 && set->kind != KIND_TRUST))
        return err_set(err, ERR_NOT_FOUND, M("There is no such list of yours."));
    if (set->kind == KIND_TRUST && set->content.n && !record_tag(set, "p"))
        return open_sealed(r, set, out, err);
    return web__follow_list_of_record(request_arena(r), set, out, err);
}

static int from_paste(struct request *r, struct follow_list *out, struct err *err)
{
    struct nip19 name;
    struct store_found found;
    struct str text = str_trim(request_form(r, "list"));
    struct str bare = str_starts(text, STR("nostr:")) ? str_slice(text, 6, text.n) : text;
    if (!str_starts(bare, STR("naddr1")) || nip19_decode(request_arena(r), bare, &name, err) != 0)
        return web__follow_list_read(request_arena(r), text, out, err);
    struct address address = {name.kind, name.pubkey, name.d};
    int code = store_get_address(request_read(r), request_arena(r), &address, &found, err);
    return code ? code : web__follow_list_of_record(request_arena(r), &found.record, out, err);
}

/* ---- taking it in */

static bool read_line(struct request *r, struct str line, weight otherwise, struct trust_entry *out)
{
    struct str key, w;
    if (!str_cut(&line, ' ', &key) || !str_cut(&line, ' ', &w) || key.n != 64 ||
        pubkey_from_text(key, &out->key, NULL) != 0)
        return false;
    if (!weight_parse(w, &out->weight))
        out->weight = otherwise;
    out->petname = web__line(request_arena(r), line, 60);
    return !pubkey_eq(&out->key, &request_account(r)->key);
}

static void take(struct request *r)
{
    struct err err;
    struct reader_trust t;
    struct str rest = request_form(r, "list"), line;
    weight otherwise = TRUST_LITTLE;
    web__trust_weight_of_form(r, &otherwise);
    if (web__trust_load(r, &t, &err) != 0) {
        answer_error(r, &err);
        return;
    }
    struct trust_entry *all = ARENA_ARRAY(request_arena(r), struct trust_entry, t.n + FOLLOW_MOST);
    if (!all) {
        err_set(&err, ERR_MEMORY, M("The list did not fit into a page's memory."));
        answer_error(r, &err);
        return;
    }
    size_t n = t.n, taken = 0;
    if (n)
        memcpy(all, t.own, n * sizeof *all);
    struct pubkey last = {{0}};
    while (taken < FOLLOW_MOST && str_cut(&rest, '\n', &line)) {
        struct trust_entry e = {0};
        if (!read_line(r, str_trim(line), otherwise, &e) || web__trust_entry(&t, &e.key) ||
            (taken && pubkey_eq(&e.key, &last)))
            continue;
        last = e.key;
        all[n++] = e;
        taken++;
    }
    if (!web__trust_keep(r, all, n))
        return;
    answer_notice(r, taken ? M("They are on your list now.") : M("All of them were on your list already."));
    answer_redirect(r, STR("/trust"));
}

static void import_sent(struct request *r)
{
    struct err err;
    struct follow_list found;
    struct str what = request_form(r, "do");
    if (str_eqz(what, "take")) {
        take(r);
        return;
    }
    int code = str_eqz(what, "set") ? from_set(r, &found, &err) : from_paste(r, &found, &err);
    if (code == 0)
        show_found(r, &found);
    else if (code == ERR_IO || code == ERR_CLOSED || code == ERR_BUSY)
        answer_error(r, &err);
    else
        answer_import(r, view_create(request_arena(r)), &err);
}

/* method, path, handler, permission, csrf, class, caching, max_body, help */
const struct route page_trust_in_routes[] = {
    {"GET", "/trust/import", import_page, SIGNED_IN, CSRF_NONE, POOL, CACHE_NEVER, 0,
        "taking in a list made elsewhere"},
    {"POST", "/trust/import", import_sent, SIGNED_IN, CSRF_FORM, POOL, CACHE_NEVER, (size_t)2 << 20,
        "shows what is in it, then takes it in"},
    {NULL},
};
