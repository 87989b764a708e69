/* filter.c: which filter a reader has chosen, whose trust counts in it, and what it shows. A filter that the
 * address does not name is the reader's first one, or the node's; feeds know no reader. */
#include "web/filter.h"

#include "web/inside.h"

#define LONGEST_KEY 600
#define PATIENCE_US 4000000 /* for all runs of one page */

/* ---- finding it */

static bool same_recipe(const struct recipe *a, const struct recipe *b)
{
    struct buf x _cleanup_buf_ = BUF_INIT, y _cleanup_buf_ = BUF_INIT;
    recipe_format(a, &x);
    recipe_format(b, &y);
    return str_eq(buf_str(&x), buf_str(&y));
}

const char *web__ready_made_like(const struct recipe *recipe)
{
    for (const char *const *name = recipe_ready_made_names(); *name; name++)
        if (same_recipe(recipe, recipe_ready_made(str_of(*name))))
            return *name;
    return NULL;
}

struct str web__filter_key(struct arena *arena, const struct filter_thing *thing)
{
    struct buf out _cleanup_buf_ = BUF_INIT;
    if (thing->ready_made)
        return thing->d.n ? thing->d : thing->name;
    nip19_naddr(&thing->address, &out);
    if (!out.n) /* a d too long for that form */
        address_format(&thing->address, &out);
    return arena_str(arena, buf_str(&out));
}

struct str web__filter_link(struct arena *arena, struct str key, const char *after)
{
    return web__page_link(arena, "/filters/", key, after);
}

/* Whose eyes it looks through. */
static int give_eyes(struct request *r, const struct account *account, struct looking *f, struct err *err)
{
    struct recipe *recipe = &f->recipe;
    *recipe = f->thing.recipe;
    if (account) {
        f->reader = &account->key;
        return trust_own(request_read(r), request_arena(r), &account->key, &f->trust.own, &f->trust.n,
            &f->trust.is_private, err);
    }
    if (recipe->sources != SOURCES_TRUSTED || f->thing.ready_made || f->thing.address.kind != KIND_FILTER)
        return 0;
    /* Its author's, as far as it is public: a list that is kept here alone is never shown to others. */
    f->reader = &f->thing.address.pubkey;
    f->through_author = true;
    return 0;
}

static int load_private(struct request *r, struct str id, struct looking *f, struct err *err)
{
    struct private_filter kept;
    int code = web__private_filter_load(r, id, &kept, err);
    if (!code)
        code = recipe_parse(request_arena(r), kept.recipe, &f->thing.recipe, err);
    if (code)
        return code;
    f->private_id = kept.id;
    f->thing.name = kept.name;
    f->thing.about = kept.about;
    f->thing.created_at = kept.updated_at;
    if (!kept.origin.n || !address_parse(kept.origin, &f->thing.copied_from))
        f->thing.copied_from.kind = 0;
    return 0;
}

static bool is_gone(int code)
{
    return code == ERR_NOT_FOUND || code == ERR_GONE || code == ERR_INPUT;
}

int web__look_through(
    struct request *r, enum page_form form, struct str key, struct looking *f, struct err *err)
{
    struct arena *arena = request_arena(r);
    const struct account *account = form == PAGE_HTML ? request_account(r) : NULL;
    int code;
    *f = (struct looking){0};
    if (!key.n || key.n > LONGEST_KEY)
        code = err_set(err, ERR_NOT_FOUND, " ");
    else if (account && str_starts(key, STR(PRIVATE_FILTER_BEGIN)))
        code = load_private(r, str_slice(key, sizeof PRIVATE_FILTER_BEGIN - 1, key.n), f, err);
    else
        code = filter_find(request_read(r), arena, key, account ? &account->key : NULL, &f->thing, err);
    if (is_gone(code)) {
        code = err_set(err, code == ERR_GONE ? ERR_GONE : ERR_NOT_FOUND,
            code == ERR_GONE ? M("This filter was withdrawn by its author.")
                             : M("There is no filter of that name here."));
        err_todo(err, M("Choose one from the list of filters."));
    }
    if (code)
        return code;
    f->key = f->private_id.n ? arena_printf(arena, PRIVATE_FILTER_BEGIN "%.*s", STR_ARG(f->private_id))
                             : web__filter_key(arena, &f->thing);
    f->link = web__filter_link(arena, f->key, "");
    f->of_node = str_eqz(f->key, r->web->first_filter);
    const char *like = f->thing.ready_made || f->of_node ? web__ready_made_like(&f->thing.recipe) : NULL;
    f->everything = same_recipe(&f->thing.recipe, recipe_ready_made(STR("everything")));
    f->name = like ? locale_message(request_locale(r), web__ready_made_title(like))
                   : web__line(arena, f->thing.name, 80);
    if (!f->name.n)
        f->name = locale_message(request_locale(r), M("A filter without a name"));
    return give_eyes(r, account, f, err);
}

int web__look_recipe(struct request *r, const struct recipe *recipe, struct looking *f, struct err *err)
{
    *f = (struct looking){.thing.recipe = *recipe};
    f->everything = same_recipe(recipe, recipe_ready_made(STR("everything")));
    f->name = locale_message(request_locale(r), M("A filter without a name"));
    return give_eyes(r, request_account(r), f, err);
}

/* The node's own; where the record it names is not here, everything. */
static int look_as_node(struct request *r, enum page_form form, struct looking *f, struct err *err)
{
    int code = web__look_through(r, form, str_of(r->web->first_filter), f, err);
    if (is_gone(code)) {
        code = web__look_through(r, form, STR("everything"), f, err);
        f->notice = M("The filter that this node shows first is not here just now, so this is everything.");
    }
    f->of_node = true;
    return code;
}

/* What was missed is what the first filter hides; where that hides nothing, what newsworthy does. */
static void give_mine(struct request *r, struct looking *f)
{
    struct looking first;
    struct recipe *mine = ARENA_NEW(request_arena(r), struct recipe);
    if (!f->recipe.missed_of || !mine || !f->chose_first || f->first ||
        web__look_through(r, PAGE_HTML, f->first_key, &first, NULL) != 0 || first.everything ||
        first.recipe.missed_of)
        return;
    *mine = first.recipe;
    f->mine = mine;
}

bool web__look(struct request *r, enum page_form form, struct looking *f)
{
    struct err err = {0};
    struct str asked = request_query(r, "filter"), first = STR("");
    bool stale = false;
    int code = 0;
    if (form == PAGE_HTML && request_account(r))
        code = web__first_filter(r, &first, &err);
    if (!code && asked.n) {
        code = web__look_through(r, form, asked, f, &err);
    } else if (!code) {
        if (first.n) {
            code = web__look_through(r, form, first, f, &err);
            stale = is_gone(code);
        }
        if (!first.n || stale)
            code = look_as_node(r, form, f, &err);
        if (stale && !code)
            f->notice = M("The filter you had chosen is not there any more, so this is the node's own.");
    }
    if (code) {
        answer_error(r, &err);
        return false;
    }
    struct str without = request_query(r, "without");
    if (asked.n && without.n && without.n <= 200) {
        web__recipe_relax(request_arena(r), &f->recipe, without);
        f->without = without;
    }
    f->asked = asked.n > 0;
    f->first_key = first.n && !stale ? first : str_of(r->web->first_filter);
    f->chose_first = first.n && !stale;
    f->node_key = str_of(r->web->first_filter);
    give_mine(r, f);
    f->first = str_eq(f->key, f->first_key) || !f->asked;
    return true;
}

bool web__look_asked(struct request *r, enum page_form form, bool chosen, struct looking *f)
{
    struct err err = {0};
    if (request_query(r, "filter").n || (chosen && form == PAGE_HTML && request_account(r))) {
        if (!web__look(r, form, f))
            return false;
        if (f->asked || f->chose_first) {
            if (!chosen || !f->chose_first)
                f->first_key = STR("everything");
            return true;
        }
    }
    if (web__look_through(r, form, STR("everything"), f, &err) != 0) {
        answer_error(r, &err);
        return false;
    }
    f->first = f->chose_first = true;
    f->first_key = f->key;
    f->node_key = str_of(r->web->first_filter);
    return true;
}

bool web__look_is_blind(const struct looking *f)
{
    return f->recipe.sources == SOURCES_TRUSTED && !f->trust.n && !f->through_author;
}

struct str web__look_query(struct request *r, const struct looking *f)
{
    struct arena *arena = request_arena(r);
    if (!f->asked)
        return STR("");
    struct str filter = web__page_link(arena, "filter=", f->key, f->without.n ? "&without=" : "");
    return arena_printf(
        arena, "%.*s%.*s", STR_ARG(filter), STR_ARG(web__page_link(arena, "", f->without, "")));
}

struct found_filters {
    struct request *r;
    struct filter_thing *out;
    size_t n, max;
};

static int add_found(void *ctx, const struct store_found *found)
{
    struct found_filters *all = ctx;
    if (all->n == all->max)
        return 1;
    struct arena *arena = request_arena(all->r);
    struct record *kept = ARENA_NEW(arena, struct record);
    struct str raw = arena_str(arena, found->raw);
    /* What the query lends ends with its next step: read our own copy. */
    if (kept && raw.p && record_parse(arena, raw, kept, NULL) == 0 &&
        filter_read(arena, kept, &all->out[all->n], NULL) == 0)
        all->n++;
    return 0;
}

int web__filters_by(struct request *r, const struct pubkey *authors, size_t n, size_t limit, int64_t until,
    struct filter_thing **out, size_t *count, struct err *err)
{
    uint32_t kind = KIND_FILTER;
    struct found_filters all = {
        .r = r, .out = ARENA_ARRAY(request_arena(r), struct filter_thing, limit), .max = limit};
    *count = 0;
    *out = all.out;
    if (!all.out)
        return err_set(err, ERR_MEMORY, "the list of filters does not fit");
    if (authors && !n)
        return 0;
    struct filter query = {
        .kinds = &kind,
        .kind_count = 1,
        .has_kinds = true,
        .authors = (struct pubkey *)(uintptr_t)authors,
        .author_count = n,
        .has_authors = authors != NULL,
        .until = until,
        .limit = (int64_t)limit,
    };
    int code = store_query(request_read(r), &query, 1, STORE_PARSE, add_found, &all, err);
    *count = all.n;
    return code < 0 ? code : 0;
}

/* ---- running it */

static bool too_long(void *ctx)
{
    const int64_t *until = ctx;
    return monotonic_us() > *until;
}

void web__run_of(struct request *r, const struct looking *f, struct filter_run *out)
{
    if (!r->filters_until_us)
        r->filters_until_us = monotonic_us() + PATIENCE_US;
    *out = (struct filter_run){
        .recipe = &f->recipe,
        .reader = f->reader,
        .published = f->through_author,
        .mine = f->mine,
        .at = request_now(r),
        .limit = PAGE_ITEMS,
        .stop = too_long,
        .stop_ctx = &r->filters_until_us,
    };
}

static int in_words(int code, struct err *err)
{
    if (code != ERR_LIMIT)
        return code;
    err_set(err, ERR_LIMIT, M("This filter takes longer than a page may."));
    err_todo(err, M("Let it look back over fewer days, or go by fewer people."));
    return ERR_LIMIT;
}

/* Articles of a language or on a topic alone: what the address says stands in the place of what the recipe
 * says of languages or topics. */
static void narrow(struct request *r, struct recipe *recipe, const struct filter_page *page)
{
    struct str *one = ARENA_ARRAY(request_arena(r), struct str, 2);
    if (!one)
        return;
    one[0] = page->language;
    one[1] = page->topic;
    if (page->language.n) {
        recipe->languages = &one[0];
        recipe->language_count = 1;
    }
    if (page->topic.n) {
        recipe->tags = &one[1];
        recipe->tag_count = 1;
    }
}

int web__filter_run(struct request *r, const struct looking *f, const struct filter_page *page,
    struct filter_result *out, struct err *err)
{
    struct filter_run run;
    struct recipe recipe = f->recipe;
    web__run_of(r, f, &run);
    narrow(r, &recipe, page);
    run.recipe = &recipe;
    run.offset = page->offset;
    run.limit = page->limit;
    run.hidden_rule = page->hidden_rule;
    return in_words(filter_execute(request_read(r), r->web->ratings, request_arena(r), &run, out, err), err);
}

int web__filter_compare(struct request *r, const struct filter_run *first, const struct filter_run *second,
    struct filter_difference *out, struct err *err)
{
    return in_words(
        filter_compare(request_read(r), r->web->ratings, request_arena(r), first, second, out, err), err);
}

int web__filter_nearest(struct request *r, const struct looking *f, const char **name, struct err *err)
{
    struct filter_run run;
    web__run_of(r, f, &run);
    return in_words(filter_nearest(request_read(r), r->web->ratings, request_arena(r), &run, name, err), err);
}

int web__filter_explain(struct request *r, const struct looking *f, struct str coordinate,
    struct scored *scored, struct why **whys, size_t *n, struct err *err)
{
    struct filter_run run;
    web__run_of(r, f, &run);
    return in_words(filter_explain(request_read(r), r->web->ratings, request_arena(r), &run, coordinate,
                        scored, whys, n, err),
        err);
}

int web__filter_items(struct request *r, const struct filter_result *result, struct news_item **items,
    struct scored **scored, size_t *n, struct err *err)
{
    struct arena *arena = request_arena(r);
    *n = 0;
    *items = ARENA_ARRAY(arena, struct news_item, result->n + 1);
    *scored = ARENA_ARRAY(arena, struct scored, result->n + 1);
    if (!*items || !*scored)
        return err_set(err, ERR_MEMORY, "the list does not fit");
    for (size_t i = 0; i < result->n; i++) {
        int code = news_item_by_seq(request_read(r), arena, result->items[i].seq, &(*items)[*n], err);
        if (code == 0)
            (*scored)[(*n)++] = result->items[i];
        else if (code != ERR_NOT_FOUND)
            return code;
    }
    return 0;
}

struct str web__coordinate(struct arena *arena, const struct address *address)
{
    struct buf out _cleanup_buf_ = BUF_INIT;
    address_format(address, &out);
    return arena_str(arena, buf_str(&out));
}

int web__filter_whys(struct request *r, const struct looking *f, const struct filter_page *page,
    const struct filter_result *result, const struct scored *items, size_t n, struct why_short *out,
    struct err *err)
{
    struct filter_run run;
    struct recipe recipe = f->recipe;
    web__run_of(r, f, &run);
    narrow(r, &recipe, page);
    run.recipe = &recipe;
    return in_words(filter_why_short(
                        request_read(r), r->web->ratings, request_arena(r), &run, result, items, n, out, err),
        err);
}

int web__filter_judge(struct request *r, const struct looking *f, const struct news_item *items, size_t n,
    struct scored *scored, struct why_short *whys, struct err *err)
{
    struct filter_run run;
    struct arena *arena = request_arena(r);
    struct str *coordinates = ARENA_ARRAY(arena, struct str, n + 1);
    if (!coordinates)
        return err_set(err, ERR_MEMORY, "the list does not fit");
    web__run_of(r, f, &run);
    for (size_t i = 0; i < n; i++)
        coordinates[i] = web__coordinate(arena, &items[i].address);
    return in_words(
        filter_judge(request_read(r), r->web->ratings, arena, &run, coordinates, n, scored, whys, err), err);
}
