/* page_trust_out.c: a trust list made public on purpose, or sealed for its owner to take along (kind 30000,
 * NIP-44), and asking for its deletion. Nothing of it happens by itself. */
#include "base/hex.h"
#include "templates.gen.h"
#include "web/pages.h"
#include "web/rate.h"
#include "web/static.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#define SEALED_ENTRIES 200 /* of one record: NIP-44 and base64 make 40 KB of 25 */
#define MOST_SETS (TRUST_MOST / SEALED_ENTRIES + 1)

/* ---- what is in the pool */

struct sets {
    struct request *r;
    struct record list[MOST_SETS];
    size_t n;
};

static int add_set(void *ctx, const struct store_found *f)
{
    struct sets *sets = ctx;
    struct str d = record_d(&f->record);
    if (!str_eqz(d, "widenet.trust") && !str_starts(d, STR("widenet.trust.")))
        return 0;
    if (sets->n == MOST_SETS)
        return 0;
    struct str raw = arena_str(request_arena(sets->r), f->raw);
    if (raw.p && record_parse(request_arena(sets->r), raw, &sets->list[sets->n], NULL) == 0)
        sets->n++;
    return 0;
}

static int load_sets(struct request *r, struct sets *out, struct err *err)
{
    uint32_t kind = KIND_TRUST;
    struct pubkey me = request_account(r)->key;
    struct filter filter = {.authors = &me,
        .author_count = 1,
        .has_authors = true,
        .kinds = &kind,
        .kind_count = 1,
        .has_kinds = true,
        .until = INT64_MAX,
        .limit = -1};
    *out = (struct sets){.r = r};
    return store_query(request_read(r), &filter, 1, STORE_PARSE, add_set, out, err);
}

static size_t people_in(const struct record *set)
{
    size_t n = 0;
    for (size_t i = 0; i < set->tag_count; i++)
        n += set->tags[i].n > 1 && str_eqz(set->tags[i].v[0], "p");
    return n;
}

/* ---- the page */

static void add_text(struct buf *json, const struct trust_entry *entries, size_t n)
{
    struct buf plain _cleanup_buf_ = BUF_INIT;
    trust_private_text(entries, n, &plain);
    buf_add_json(json, buf_str(&plain));
}

/* What the browser is to seal: a JSON list of plain texts. */
static struct str texts_of(struct request *r, const struct reader_trust *t)
{
    struct buf json _cleanup_buf_ = BUF_INIT;
    buf_addc(&json, '[');
    for (size_t at = 0; at < t->n || at == 0; at += SEALED_ENTRIES) {
        size_t n = t->n - at < SEALED_ENTRIES ? t->n - at : SEALED_ENTRIES;
        if (at)
            buf_addc(&json, ',');
        add_text(&json, t->own + at, n);
    }
    buf_addc(&json, ']');
    return arena_str(request_arena(r), buf_str(&json));
}

static void publish_page(struct request *r)
{
    struct err err;
    struct reader_trust t;
    struct sets *sets = ARENA_NEW(request_arena(r), struct sets);
    if (!sets || web__trust_load(r, &t, &err) != 0 || load_sets(r, sets, &err) != 0) {
        answer_error(r, &err);
        return;
    }
    char key[65];
    hex_encode(request_account(r)->key.b, 32, key);
    struct view *v = view_create(request_arena(r));
    view_int(v, "people", (int64_t)t.n);
    view_bool(v, "has_sets", sets->n > 0);
    for (size_t i = 0; i < sets->n; i++) {
        struct view *set = view_item(v, "sets");
        view_str(set, "name", web__line(request_arena(r), record_d(&sets->list[i]), 60));
        view_date(set, "date", sets->list[i].created_at, DATE_TIME);
        view_bool(set, "sealed", sets->list[i].content.n > 0);
        view_int(set, "entries", (int64_t)people_in(&sets->list[i]));
    }
    if (request_account(r)->own_key) {
        view_bool(v, "own_key", true);
        view_str(v, "key", arena_str(request_arena(r), str_of(key)));
        view_str(v, "texts", texts_of(r, &t));
        view_str(v, "script", str_of(static_address("trust.js")));
    }
    view_bool(v, "noindex", true);
    answer_page(r, 200, &template_trust_publish, v,
        locale_message(request_locale(r), M("Take the list along, or publish it")));
}

/* ---- the records */

static int64_t newer_than(const struct sets *sets, struct str d, int64_t now)
{
    for (size_t i = 0; i < sets->n; i++) {
        int64_t ahead = sets->list[i].created_at - now;
        if (str_eq(record_d(&sets->list[i]), d) && ahead >= 0 && ahead < 240)
            return sets->list[i].created_at + 1;
    }
    return now;
}

static void set_name(unsigned number, char out[32])
{
    if (number > 1)
        snprintf(out, 32, "widenet.trust.%u", number);
    else
        snprintf(out, 32, "widenet.trust");
}

static void sealed_draft(
    struct request *r, const struct sets *sets, unsigned number, struct str cipher, struct record_draft *out)
{
    char d[32];
    set_name(number, d);
    record_draft_init(out, request_arena(r), KIND_TRUST, newer_than(sets, str_of(d), request_now(r)));
    record_draft_tag(out, "d", d, NULL);
    record_draft_content(out, cipher);
}

/* One deletion (NIP-09) for the sets that a shorter list has no use for, or for all. */
static bool deletion_of(struct request *r, const struct sets *sets, unsigned keep, struct record_draft *out)
{
    int64_t now = request_now(r);
    bool any = false;
    record_draft_init(out, request_arena(r), KIND_DELETION, now);
    for (size_t i = 0; i < sets->n; i++) {
        struct buf address _cleanup_buf_ = BUF_INIT;
        struct str d = record_d(&sets->list[i]);
        bool kept = false;
        for (unsigned k = 1; k <= keep; k++) {
            char name[32];
            set_name(k, name);
            kept = kept || str_eqz(d, name);
        }
        if (kept)
            continue;
        record_address(&sets->list[i], &address);
        record_draft_tag_strs(out, (struct str[]){STR("a"), buf_str(&address)}, 2);
        if (sets->list[i].created_at > now && sets->list[i].created_at - now < 240)
            out->r.created_at = sets->list[i].created_at;
        any = true;
    }
    record_draft_tag(out, "k", "30000", NULL);
    return any;
}

static int open_drafts(struct request *r, const struct reader_trust *t, const struct sets *sets,
    struct record_draft *drafts, size_t *n, struct err *err)
{
    struct trust_entry *entries = ARENA_ARRAY(request_arena(r), struct trust_entry, t->n + 1);
    if (!entries)
        return err_set(err, ERR_MEMORY, M("The list did not fit into a page's memory."));
    for (size_t i = 0; i < t->n; i++) {
        entries[i] = t->own[i];
        if (!request_form(r, "petnames").n)
            entries[i].petname = STR("");
    }
    for (size_t at = 0; at < t->n; at += TRUST_SET_ENTRIES) {
        size_t some = t->n - at < TRUST_SET_ENTRIES ? t->n - at : TRUST_SET_ENTRIES;
        char d[32];
        set_name((unsigned)*n + 1, d);
        drafts[*n] = (struct record_draft){.arena = request_arena(r)};
        int code = trust_write(entries + at, some, (unsigned)*n + 1,
            newer_than(sets, str_of(d), request_now(r)), &drafts[*n], err);
        if (code)
            return code;
        ++*n;
    }
    return 0;
}

/* The keeper seals what it has the key for. */
static int sealed_by_keeper(struct request *r, const struct reader_trust *t, const struct sets *sets,
    struct record_draft *drafts, size_t *n, struct err *err)
{
    struct keeper *keeper = node_keeper(request_node(r), err);
    if (!keeper)
        return err->code;
    for (size_t at = 0; at < t->n; at += SEALED_ENTRIES) {
        struct buf plain _cleanup_buf_ = BUF_INIT, cipher _cleanup_buf_ = BUF_INIT;
        size_t some = t->n - at < SEALED_ENTRIES ? t->n - at : SEALED_ENTRIES;
        trust_private_text(t->own + at, some, &plain);
        int code = keeper_nip44_encrypt(
            keeper, request_session(r), &request_account(r)->key, buf_str(&plain), &cipher, err);
        if (code)
            return code;
        sealed_draft(r, sets, (unsigned)*n + 1, arena_str(request_arena(r), buf_str(&cipher)), &drafts[*n]);
        ++*n;
    }
    return 0;
}

static int sealed_by_browser(
    struct request *r, const struct sets *sets, struct record_draft *drafts, size_t *n, struct err *err)
{
    struct str texts = request_form(r, "texts");
    json_t *list = json_loadb(texts.n ? texts.p : "", texts.n, 0, NULL);
    size_t count = json_array_size(list);
    int code = 0;
    if (!count || count >= PUBLISH_MOST)
        code = err_set(err, ERR_INPUT,
            M("Nothing sealed arrived. This needs JavaScript and a key extension with NIP-44."));
    for (size_t i = 0; !code && i < count; i++) {
        const json_t *text = json_array_get(list, i);
        if (!json_is_string(text))
            code = err_set(err, ERR_INPUT,
                M("Nothing sealed arrived. This needs JavaScript and a key extension with NIP-44."));
        else
            sealed_draft(r, sets, (unsigned)*n + 1,
                arena_str(request_arena(r), (struct str){json_string_value(text), json_string_length(text)}),
                &drafts[*n]);
        *n += !code;
    }
    json_decref(list);
    return code;
}

static void publish_sent(struct request *r)
{
    struct err err;
    struct reader_trust t;
    struct sets *sets = ARENA_NEW(request_arena(r), struct sets);
    struct record_draft drafts[PUBLISH_MOST];
    size_t n = 0;
    struct str what = request_form(r, "do");
    const char *said = M("Your list is published for all to see.");
    if (!sets || web__trust_load(r, &t, &err) != 0 || load_sets(r, sets, &err) != 0) {
        answer_error(r, &err);
        return;
    }
    int code = 0;
    if (str_eqz(what, "withdraw")) {
        said = M("A request to delete the list is published.");
    } else if (t.n == 0) {
        code = err_set(&err, ERR_INPUT, M("There is nobody on your list to publish."));
    } else if (str_eqz(what, "open")) {
        code = open_drafts(r, &t, sets, drafts, &n, &err);
    } else if (str_eqz(what, "sealed")) {
        said = M("Your list is in the pool, sealed.");
        code = request_account(r)->own_key ? sealed_by_browser(r, sets, drafts, &n, &err)
                                           : sealed_by_keeper(r, &t, sets, drafts, &n, &err);
    } else {
        code = err_set(&err, ERR_INPUT, M("The form does not say what is to be done."));
    }
    if (code) {
        answer_error(r, &err);
        return;
    }
    if (deletion_of(r, sets, (unsigned)n, &drafts[n]))
        n++;
    if (n)
        answer_publish_many(r, drafts, n, STR("/trust/publish"), said);
    else
        answer_redirect(r, STR("/trust/publish"));
}

/* method, path, handler, permission, csrf, class, caching, max_body, help */
const struct route page_trust_out_routes[] = {
    {"GET", "/trust/publish", publish_page, SIGNED_IN, CSRF_NONE, POOL, CACHE_NEVER, 0,
        "what publishing one's list means, openly or sealed"},
    {"POST", "/trust/publish", publish_sent, SIGNED_IN, CSRF_FORM, POOL, CACHE_NEVER, (size_t)2 << 20,
        "publishes it, or asks for its deletion"},
    {NULL},
};
