/* page_author.c: an author's page: who signs with this key, by their own account, and what they published. */
#include "templates.gen.h"
#include "web/page.h"
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
    struct str name = web__author_name(
        arena, profile.display_name.n ? profile.display_name : profile.name, &key);
    struct news_query q = {.author = &key};
    struct listing l = {
        .template = &template_author,
        .view = v,
        .path = web__author_link(arena, &key, ""),
        .title = name,
        .why = M("All articles signed with this key that this node has, newest first."),
    };
    if (!web__listing_load(r, &q, &l))
        return;
    view_str(v, "author", name);
    view_str(v, "sort", locale_message(request_locale(r), sort_name(profile.sort)));
    view_str(v, "about", web__line(arena, profile.about, 600));
    view_str(v, "website", web__outward(profile.website));
    view_str(v, "npub", npub);
    view_int(v, "articles", profile.article_count);
    web__listing_answer(r, form, &l);
}

const struct route page_author_routes[] = {
    {"GET", "/by/{npub}", author, ANYONE, CSRF_NONE, POOL, CACHE_PUBLIC, 0,
        "an author and their articles; .json and .atom too"},
    {NULL},
};
