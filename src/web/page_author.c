/* page_author.c: an author's page: who signs with this key, by their own account, and what they published. */
#include "templates.gen.h"
#include "web/filter.h"
#include "web/pages.h"

static const char *sort_name(struct str sort)
{
    static const struct {
        const char *sort, *name;
    } names[] = {
        {"person", M("Person")},
        {"organisation", M("Organisation")},
        {"rating-service", M("Rating service")},
        {"channel", M("Channel")},
        {"node", M("Node")},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (str_eqz(sort, names[i].sort))
            return names[i].name;
    return M("Author");
}

/* What their ratings count for this reader, and the way to change it. */
static void trust_view(struct request *r, struct view *v, const struct pubkey *key, struct str npub)
{
    struct reader_trust t;
    const struct account *account = request_account(r);
    bool loaded = web__trust_load(r, &t, NULL) == 0;
    const struct trusted *rater = loaded ? web__trust_find(&t, key) : NULL;
    view_str(v, "of_link", arena_printf(request_arena(r), "/trust/of/%.*s", STR_ARG(npub)));
    view_str(v, "weight", rater ? web__weight_text(r, rater->weight) : (struct str){"", 0});
    view_bool(v, "myself", account && pubkey_eq(&account->key, key));
}

static void author(struct request *r)
{
    struct arena *arena = request_arena(r);
    struct err err;
    struct str text;
    struct pubkey key;
    struct profile profile;
    enum page_form form = web__page_form(r, "npub", &text);
    if (pubkey_from_text(text, &key, &err) != 0) {
        err_set(&err, ERR_NOT_FOUND, M("This address names no author's key."));
        err_todo(&err, M("Look the author up by name in the search, with author: before it."));
        answer_error(r, &err);
        return;
    }
    struct str npub = web__npub(arena, &key);
    if (!str_eq(npub, text)) { /* hexadecimal, nprofile: one address for each author */
        answer_redirect(r, web__author_link(arena, &key,
                               form == PAGE_JSON   ? ".json"
                               : form == PAGE_ATOM ? ".atom"
                                                   : ""));
        return;
    }
    if (news_profile(request_read(r), arena, &key, &profile, &err) != 0) {
        answer_error(r, &err);
        return;
    }
    struct view *v = view_create(arena);
    struct str name = web__author_name(r, profile.display_name.n ? profile.display_name : profile.name, &key);
    struct news_query q = {.author = &key};
    struct listing l = {
        .template = &template_author,
        .view = v,
        .path = web__author_link(arena, &key, ""),
        .title = name,
        .why = M("All articles signed with this key that this node has, newest first."),
    };
    struct looking f;
    if (!web__look_asked(r, form, false, &f))
        return;
    l.query = web__look_query(r, &f);
    if (f.everything ? !web__listing_load(r, &q, &l) : !web__sifted_load(r, &f, &q, &l))
        return;
    if (form == PAGE_HTML)
        web__sifted_view(r, v, &f, &l, STR(""));
    view_str(v, "author", name);
    view_str(v, "sort", locale_message(request_locale(r), sort_name(profile.sort)));
    view_str(v, "about", web__line(arena, profile.about, 600));
    view_str(v, "website", web__outward(profile.website));
    view_str(v, "npub", npub);
    trust_view(r, v, &key, npub);
    view_int(v, "articles", profile.article_count);
    web__listing_answer(r, form, &l);
}

/* ---- all of them */

static void authors_json(struct request *r, const struct profile *authors, size_t n)
{
    struct buf out _cleanup_buf_ = BUF_INIT;
    buf_addz(&out, "{\"items\":[");
    for (size_t i = 0; i < n; i++) {
        struct str link = web__author_link(request_arena(r), &authors[i].key, "");
        buf_addz(&out, i ? ",{" : "{");
        web__json_str(&out, "npub", web__npub(request_arena(r), &authors[i].key));
        web__json_str(&out, "name", authors[i].display_name.n ? authors[i].display_name : authors[i].name);
        web__json_str(&out, "sort", authors[i].sort);
        web__json_str(&out, "link",
            arena_printf(request_arena(r), "%.*s%.*s", STR_ARG(request_origin(r)), STR_ARG(link)));
        buf_addf(&out, ",\"articles\":%lld}", (long long)authors[i].article_count);
    }
    buf_addz(&out, "]}\n");
    answer_json(r, 200, &out);
}

static void authors_page(struct request *r)
{
    struct arena *arena = request_arena(r);
    struct err err;
    struct profile *authors;
    struct str name, heading = locale_message(request_locale(r), M("Authors"));
    size_t n;
    if (news_authors(request_read(r), arena, 300, &authors, &n, &err) != 0) {
        answer_error(r, &err);
        return;
    }
    if (web__page_form(r, NULL, &name) == PAGE_JSON) {
        authors_json(r, authors, n);
        return;
    }
    struct view *v = view_create(arena);
    view_bool(v, "has_names", n > 0);
    for (size_t i = 0; i < n; i++) {
        struct view *item = view_item(v, "names");
        struct str shown = authors[i].display_name.n ? authors[i].display_name : authors[i].name;
        view_str(item, "name", web__author_name(r, shown, &authors[i].key));
        view_str(item, "link", web__author_link(arena, &authors[i].key, ""));
        view_int(item, "count", authors[i].article_count);
    }
    view_str(v, "heading", heading);
    view_str(v, "why",
        locale_message(
            request_locale(r), M("Whoever has signed articles that this node has, those with most first.")));
    view_str(v, "json", STR("/authors.json"));
    view_str(v, "canonical", arena_printf(arena, "%.*s/authors", STR_ARG(request_origin(r))));
    answer_page(r, 200, &template_names, v, heading);
}

const struct route page_author_routes[] = {
    {"GET", "/by/{npub}", author, ANYONE, CSRF_NONE, POOL, CACHE_PUBLIC, 0,
        "an author and their articles; .json and .atom too"},
    {"GET", "/authors", authors_page, ANYONE, CSRF_NONE, POOL, CACHE_PUBLIC, 0,
        "authors and how many articles they have"},
    {"GET", "/authors.json", authors_page, ANYONE, CSRF_NONE, POOL, CACHE_PUBLIC, 0, "the same as JSON"},
    {NULL},
};
