/* page_filters.c: filters as things: the list of them, one's own page in readable words with its recipe as
 * JSON beneath, and what a reader does with one: see it first, come back to it, withdraw it. */
#include "templates.gen.h"
#include "web/filter.h"
#include "web/pages.h"

#include <stdlib.h>

#define PUBLIC_SHOWN 50
#define TRUSTED_ASKED 1000 /* authors whose filters are looked for */

/* ---- the list */

static struct str author_of(struct request *r, const struct looking *f, const struct filter_thing *thing)
{
    return thing->address.kind ? web__rater_name(r, &f->trust, &thing->address.pubkey) : STR("");
}

static void thing_view(
    struct request *r, struct view *item, const struct looking *f, const struct filter_thing *thing)
{
    struct arena *arena = request_arena(r);
    struct str key = web__filter_key(arena, thing);
    struct str name = thing->ready_made
                          ? locale_message(request_locale(r), web__ready_made_title(arena_strz(arena, key)))
                          : web__line(arena, thing->name, 80);
    view_str(item, "name", name.n ? name : locale_message(request_locale(r), M("A filter without a name")));
    view_str(item, "link", web__filter_link(arena, key, ""));
    view_str(item, "look_link", web__page_link(arena, "/?filter=", key, ""));
    view_str(item, "about", web__filter_about(r, thing));
    view_str(item, "author", author_of(r, f, thing));
    if (thing->address.kind)
        view_str(item, "author_link", web__author_link(arena, &thing->address.pubkey, ""));
    view_bool(item, "first", str_eq(key, f->first_key));
}

static int things_view(struct request *r, struct view *v, const char *list, const struct looking *f,
    const struct filter_thing *things, size_t n)
{
    for (size_t i = 0; i < n; i++)
        thing_view(r, view_item(v, list), f, &things[i]);
    return (int)n;
}

static int own_view(struct request *r, struct view *v, const struct looking *f, struct err *err)
{
    struct arena *arena = request_arena(r);
    struct private_filter *kept;
    struct filter_thing *own;
    struct str *subscribed;
    size_t n, published;
    int code = web__private_filter_list(r, &kept, &n, err);
    if (!code)
        code = web__filters_by(
            r, &request_account(r)->key, 1, PUBLIC_SHOWN, INT64_MAX, &own, &published, err);
    if (code)
        return code;
    for (size_t i = 0; i < n; i++) {
        struct view *item = view_item(v, "mine");
        struct str key = arena_printf(arena, PRIVATE_FILTER_BEGIN "%.*s", STR_ARG(kept[i].id));
        view_str(item, "name", web__line(arena, kept[i].name, 80));
        view_str(item, "about", web__line(arena, kept[i].about, 400));
        view_str(item, "link", web__filter_link(arena, key, ""));
        view_str(item, "look_link", web__page_link(arena, "/?filter=", key, ""));
        view_bool(item, "private", true);
        view_bool(item, "first", str_eq(key, f->first_key));
    }
    things_view(r, v, "mine", f, own, published);
    view_bool(v, "has_mine", n + published > 0);
    code = web__subscriptions(r, &subscribed, &n, err);
    size_t there = 0, gone = 0;
    for (size_t i = 0; !code && i < n; i++) {
        struct filter_thing thing;
        if (filter_find(request_read(r), arena, subscribed[i], NULL, &thing, NULL) == 0) {
            thing_view(r, view_item(v, "subscribed"), f, &thing);
            there++;
        } else {
            struct view *item = view_item(v, "gone");
            view_str(item, "coordinate", subscribed[i]);
            gone++;
        }
    }
    view_bool(v, "has_subscribed", there > 0);
    view_bool(v, "has_gone", gone > 0);
    return code;
}

static int by_key(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct pubkey));
}

static int trusted_view(struct request *r, struct view *v, const struct looking *f, struct err *err)
{
    struct filter_thing *things;
    size_t n = f->trust.n < TRUSTED_ASKED ? f->trust.n : TRUSTED_ASKED, found = 0;
    struct pubkey *keys = ARENA_ARRAY(request_arena(r), struct pubkey, n + 1);
    if (!keys)
        return err_set(err, ERR_MEMORY, "the list of filters does not fit");
    for (size_t i = 0; i < n; i++)
        keys[i] = f->trust.own[i].key;
    qsort(keys, n, sizeof *keys, by_key);
    int code = n ? web__filters_by(r, keys, n, PUBLIC_SHOWN, INT64_MAX, &things, &found, err) : 0;
    if (!code && found)
        things_view(r, v, "trusted", f, things, found);
    view_bool(v, "has_trusted", found > 0);
    return code;
}

static void filters(struct request *r)
{
    struct err err = {0};
    struct arena *arena = request_arena(r);
    struct looking f;
    struct filter_thing *things;
    size_t n;
    uint64_t before = 0;
    struct str asked = request_query(r, "before");
    if (asked.n && !str_to_u64(asked, (uint64_t)1 << 53, &before)) {
        err_set(&err, ERR_INPUT, M("The address does not say where the list is to go on."));
        err_todo(&err, M("Begin at the list's first page."));
        answer_error(r, &err);
        return;
    }
    if (!web__look(r, PAGE_HTML, &f))
        return;
    struct view *v = view_create(arena);
    for (const char *const *name = recipe_ready_made_names(); *name; name++) {
        struct filter_thing thing;
        if (filter_find(request_read(r), arena, str_of(*name), NULL, &thing, NULL) == 0)
            thing_view(r, view_item(v, "ready_made"), &f, &thing);
    }
    int code = web__filters_by(
        r, NULL, 0, PUBLIC_SHOWN, before ? (int64_t)before - 1 : INT64_MAX, &things, &n, &err);
    if (!code && request_account(r))
        code = own_view(r, v, &f, &err);
    if (!code && request_account(r))
        code = trusted_view(r, v, &f, &err);
    if (code) {
        answer_error(r, &err);
        return;
    }
    things_view(r, v, "everybodys", &f, things, n);
    view_bool(v, "has_everybodys", n > 0);
    view_bool(v, "signed_in", request_account(r) != NULL);
    view_bool(v, "paged", before > 0);
    if (n == PUBLIC_SHOWN)
        view_str(
            v, "older", arena_printf(arena, "/filters?before=%lld", (long long)things[n - 1].created_at));
    view_str(v, "node_link", web__filter_link(arena, f.node_key, ""));
    answer_page(r, 200, request_account(r) ? &template_filters_mine : &template_filters, v,
        locale_message(request_locale(r), M("Filters")));
}

/* ---- one */

static void people_view(struct request *r, struct view *v, const char *list, const struct looking *f,
    const struct pubkey *key, const weight *w)
{
    struct arena *arena = request_arena(r);
    struct view *item = view_item(v, list);
    view_str(item, "name", web__rater_name(r, &f->trust, key));
    view_str(item, "link", web__author_link(arena, key, ""));
    if (w)
        view_str(item, "weight", web__weight(r, *w));
}

static void named_in(struct request *r, struct view *v, const struct looking *f)
{
    const struct recipe *recipe = &f->thing.recipe;
    size_t most = 200;
    if (recipe->sources == SOURCES_LIST)
        for (size_t i = 0; i < recipe->list_count && i < most; i++)
            people_view(r, v, "raters", f, &recipe->list[i].key, &recipe->list[i].weight);
    for (size_t i = 0; i < recipe->without_author_count && i < most; i++)
        people_view(r, v, "left_out", f, &recipe->without_authors[i], NULL);
    view_bool(v, "has_raters", recipe->sources == SOURCES_LIST && recipe->list_count > 0);
    view_bool(v, "has_left_out", recipe->without_author_count > 0);
}

static bool is_subscribed(struct request *r, struct str coordinate)
{
    struct str *all;
    size_t n;
    if (web__subscriptions(r, &all, &n, NULL) != 0)
        return false;
    for (size_t i = 0; i < n; i++)
        if (str_eq(all[i], coordinate))
            return true;
    return false;
}

static void origin_view(struct request *r, struct view *v, const struct looking *f)
{
    struct arena *arena = request_arena(r);
    const struct address *from = &f->thing.copied_from;
    struct filter_thing origin = {.address = *from};
    if (!from->kind)
        return;
    struct str coordinate = web__coordinate(arena, from), name = {"", 0};
    if (filter_find(request_read(r), arena, coordinate, NULL, &origin, NULL) == 0)
        name = web__line(arena, origin.name, 80);
    view_str(v, "origin_link", web__filter_link(arena, web__filter_key(arena, &origin), ""));
    view_str(
        v, "origin_name", name.n ? name : locale_message(request_locale(r), M("A filter without a name")));
    view_str(v, "origin_author", web__rater_name(r, &f->trust, &from->pubkey));
}

static void answer_recipe_json(struct request *r, const struct looking *f)
{
    struct buf out _cleanup_buf_ = BUF_INIT;
    struct arena *arena = request_arena(r);
    buf_addc(&out, '{');
    web__json_str(&out, "key", f->key);
    web__json_str(&out, "name", f->private_id.n || !f->thing.ready_made ? f->thing.name : f->key);
    web__json_str(&out, "about", f->thing.about);
    if (f->thing.address.kind) {
        web__json_str(&out, "address", web__coordinate(arena, &f->thing.address));
        web__json_str(&out, "id", web__id_hex(arena, &f->thing.id));
    }
    if (f->thing.copied_from.kind)
        web__json_str(&out, "copied_from", web__coordinate(arena, &f->thing.copied_from));
    buf_addz(&out, ",\"recipe\":");
    recipe_format(&f->thing.recipe, &out);
    buf_addz(&out, "}\n");
    answer_json(r, 200, &out);
}

static void counts_view(struct request *r, struct view *v, const struct looking *f)
{
    struct filter_result result;
    struct filter_page page = {.limit = 1};
    struct err err = {0};
    if (web__look_is_blind(f))
        return;
    if (web__filter_run(r, f, &page, &result, &err) != 0) {
        view_str(v, "too_slow", locale_message(request_locale(r), err.code == ERR_LIMIT ? err.what : ""));
        return;
    }
    uint64_t hidden = 0;
    for (size_t i = 0; i < result.hidden_count; i++)
        hidden += result.hidden[i].n;
    view_bool(v, "counted", true);
    view_int(v, "passed", (int64_t)result.passed);
    view_int(v, "hidden", (int64_t)hidden);
}

/* What it can be compared with: the reader's row of choices, by key. */
static void others_view(struct request *r, struct view *v, const struct looking *mine, struct str but)
{
    struct filter_choice *all;
    size_t n;
    web__choices(r, mine, &all, &n);
    for (size_t i = 0; i < n; i++) {
        if (str_eq(all[i].key, but))
            continue;
        struct view *item = view_item(v, "others");
        view_str(item, "key", all[i].key);
        view_str(item, "name", all[i].name);
    }
}

static void filter(struct request *r)
{
    struct arena *arena = request_arena(r);
    struct err err = {0};
    struct looking f, mine;
    struct str key;
    enum page_form form = web__page_form(r, "key", &key);
    if (web__look_through(r, PAGE_HTML, key, &f, &err) != 0) {
        answer_error(r, &err);
        return;
    }
    if (form == PAGE_JSON) {
        answer_recipe_json(r, &f);
        return;
    }
    if (!web__look(r, PAGE_HTML, &mine))
        return;
    const struct account *account = request_account(r);
    struct view *v = view_create(arena);
    struct str coordinate = f.thing.address.kind ? web__coordinate(arena, &f.thing.address) : STR("");
    bool own = account && (f.private_id.n ||
                              (f.thing.address.kind && pubkey_eq(&f.thing.address.pubkey, &account->key)));
    view_str(v, "filter_name", f.name);
    view_str(v, "filter_key", f.key);
    view_str(v, "about", web__filter_about(r, &f.thing));
    view_str(v, "look_link", web__page_link(arena, "/?filter=", f.key, ""));
    view_str(v, "hidden_link", web__page_link(arena, "/hidden?filter=", f.key, ""));
    view_str(v, "copy_link", web__page_link(arena, "/filters/new?from=", f.key, ""));
    view_str(v, "edit_link", web__page_link(arena, "/filters/new?edit=", f.key, ""));
    view_str(v, "json", web__filter_link(arena, f.key, ".json"));
    view_bool(v, "own", own);
    view_bool(v, "is_private", f.private_id.n > 0);
    view_bool(v, "ready_made", f.thing.ready_made);
    view_bool(v, "is_first", str_eq(f.key, mine.first_key));
    view_bool(v, "chose_first", mine.chose_first);
    view_bool(v, "of_node", f.of_node);
    if (f.thing.address.kind) {
        view_str(v, "author", web__rater_name(r, &mine.trust, &f.thing.address.pubkey));
        view_str(v, "author_link", web__author_link(arena, &f.thing.address.pubkey, ""));
        view_date(v, "changed", f.thing.created_at, DATE_LONG);
        view_str(v, "record_id", web__id_hex(arena, &f.thing.id));
        view_str(v, "coordinate", coordinate);
        view_bool(v, "may_subscribe", account && !own);
        view_bool(v, "subscribed", account && !own && is_subscribed(r, coordinate));
    } else if (f.private_id.n) {
        view_date(v, "changed", f.thing.created_at, DATE_LONG);
    }
    origin_view(r, v, &f);
    web__recipe_view(r, v, &f.thing.recipe);
    named_in(r, v, &f);
    counts_view(r, v, &f);
    others_view(r, v, &mine, f.key);
    answer_page(r, 200, account ? &template_filter_mine : &template_filter, v, f.name);
}

/* ---- what a reader does with one */

/* The filter that a form names, for its reader; false: an error was answered. */
static bool named(struct request *r, struct looking *f)
{
    struct err err = {0};
    if (web__look_through(r, PAGE_HTML, request_form(r, "filter"), f, &err) == 0)
        return true;
    answer_error(r, &err);
    return false;
}

static void first(struct request *r)
{
    struct err err = {0};
    struct looking f;
    bool forget = request_form(r, "forget").n > 0;
    if (!forget && !named(r, &f))
        return;
    if (web__first_filter_set(r, forget ? STR("") : f.key, &err) != 0) {
        answer_error(r, &err);
        return;
    }
    answer_notice(r, forget ? M("You see the node's own filter first again.")
                            : M("You see this filter first from now on."));
    answer_redirect(r, STR("/"));
}

static void subscribe(struct request *r)
{
    struct err err = {0};
    struct looking f;
    struct address gone;
    bool on = !request_form(r, "stop").n;
    struct str coordinate = request_form(r, "coordinate"), after = STR("/filters");
    if (on) {
        if (!named(r, &f))
            return;
        if (!f.thing.address.kind) {
            err_set(&err, ERR_INPUT, M("This filter is always in your row of choices."));
            answer_error(r, &err);
            return;
        }
        coordinate = web__coordinate(request_arena(r), &f.thing.address);
        after = f.link;
    } else if (!address_parse(coordinate, &gone)) {
        err_set(&err, ERR_INPUT, M("There is no filter of that name here."));
        answer_error(r, &err);
        return;
    }
    if (web__subscribe(r, coordinate, on, &err) != 0) {
        answer_error(r, &err);
        return;
    }
    answer_notice(r, on ? M("This filter is in your row of choices from now on.")
                        : M("This filter is no longer in your row of choices."));
    answer_redirect(r, after);
}

static void withdraw(struct request *r)
{
    struct err err = {0};
    struct looking f;
    struct record_draft draft;
    if (!named(r, &f))
        return;
    if (f.private_id.n) {
        if (web__private_filter_remove(r, f.private_id, &err) != 0) {
            answer_error(r, &err);
            return;
        }
        answer_notice(r, M("The filter is deleted."));
        answer_redirect(r, STR("/filters"));
        return;
    }
    if (!f.thing.address.kind || !pubkey_eq(&f.thing.address.pubkey, &request_account(r)->key)) {
        err_set(&err, ERR_DENIED, M("Only its author can withdraw this filter."));
        answer_error(r, &err);
        return;
    }
    int64_t now = request_now(r);
    if (now <= f.thing.created_at && f.thing.created_at - now < 240)
        now = f.thing.created_at + 1;
    record_draft_init(&draft, request_arena(r), KIND_DELETION, now);
    record_draft_tag_strs(
        &draft, (struct str[]){STR("a"), web__coordinate(request_arena(r), &f.thing.address)}, 2);
    record_draft_tag_strs(&draft, (struct str[]){STR("e"), web__id_hex(request_arena(r), &f.thing.id)}, 2);
    record_draft_tag(&draft, "k", "34701", NULL);
    answer_publish(r, &draft, STR("/filters"), M("The filter is withdrawn."));
}

/* method, path, handler, permission, csrf, class, caching, max_body, help */
const struct route page_filters_routes[] = {
    {"GET", "/filters", filters, ANYONE, CSRF_NONE, POOL, CACHE_PUBLIC, 0,
        "filters: ready-made, one's own, of people one trusts, everybody's"},
    {"GET", "/filters/{key}", filter, ANYONE, CSRF_NONE, POOL, CACHE_PUBLIC, 0,
        "what a filter does, in words; .json its recipe"},
    {"POST", "/filters/first", first, SIGNED_IN, CSRF_FORM, POOL, CACHE_NEVER, 0,
        "which filter one sees first"},
    {"POST", "/filters/subscribe", subscribe, SIGNED_IN, CSRF_FORM, POOL, CACHE_NEVER, 0,
        "keeps somebody's filter in one's row of choices, or not"},
    {"POST", "/filters/withdraw", withdraw, SIGNED_IN, CSRF_FORM, POOL, CACHE_NEVER, 0,
        "withdraws one's filter (NIP-09), or deletes one kept private"},
    {NULL},
};
