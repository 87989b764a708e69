/* page_list.c: the lists a reader walks through: the newest articles, those in a language or on a topic, and
 * the lists of languages and topics themselves. Each as a page, .json and .atom. */
#include "templates.gen.h"
#include "web/filter.h"
#include "web/pages.h"

/* Words from C that stand in the row of choices. */
static void pill(struct request *r, struct view *v, const struct looking *f, struct str name, struct str link,
    bool current)
{
    struct view *item = view_item(v, "pills");
    struct str query = web__look_query(r, f);
    view_str(item, "name", name);
    view_str(item, "link",
        query.n ? arena_printf(request_arena(r), "%.*s?%.*s", STR_ARG(link), STR_ARG(query)) : link);
    view_bool(item, "current", current);
}

/* All, the languages with most articles, the topics with most articles; the chosen one is always among them.
 */
static int add_pills(struct request *r, struct view *v, const struct looking *f, struct str language,
    struct str topic, struct err *err)
{
    struct arena *arena = request_arena(r);
    struct news_count *languages, *topics;
    size_t language_count, topic_count;
    int code = news_languages(request_read(r), arena, &languages, &language_count, err);
    if (code == 0)
        code = news_topics(request_read(r), arena, language, 8, &topics, &topic_count, err);
    if (code != 0)
        return code;
    view_bool(v, "has_pills", language_count > 0 || topic_count > 0);
    pill(r, v, f, locale_message(request_locale(r), M("All")), STR("/"), !language.n && !topic.n);
    for (size_t i = 0; i < language_count; i++) {
        bool current = str_eq(languages[i].name, language);
        if ((i < 6 || current) && languages[i].name.n)
            pill(r, v, f, locale_language_name(request_locale(r), languages[i].name),
                web__page_link(arena, "/lang/", languages[i].name, ""), current);
    }
    bool seen = !topic.n;
    for (size_t i = 0; i < topic_count; i++) {
        bool current = str_eq(topics[i].name, topic);
        seen |= current;
        pill(r, v, f, web__line(arena, topics[i].name, 40),
            web__page_link(arena, "/tag/", topics[i].name, ""), current);
    }
    if (!seen)
        pill(r, v, f, web__line(arena, topic, 40), web__page_link(arena, "/tag/", topic, ""), true);
    return 0;
}

/* What stands around the items of a page. */
static bool list_view(struct request *r, struct listing *l, const struct looking *f,
    const struct filter_page *page, const struct news_query *q)
{
    struct err err;
    struct view *v = l->view;
    if (add_pills(r, v, f, q->language, q->topic, &err) != 0) {
        answer_error(r, &err);
        return false;
    }
    web__choices_view(r, v, f, l->path, STR(""));
    web__filter_line_view(r, v, f);
    if (l->filtered) {
        struct str narrow = page->language.n ? web__page_link(request_arena(r), "lang=", page->language, "")
                            : page->topic.n  ? web__page_link(request_arena(r), "tag=", page->topic, "")
                                             : STR("");
        web__looking_view(r, v, f, l->filtered, narrow);
        if (!l->n && !l->paged)
            web__nothing_view(r, v, f, l->filtered, page);
    }
    return true;
}

static void list(struct request *r, enum page_form form, struct news_query *q, struct listing *l)
{
    struct looking f;
    struct filter_page page = {.language = q->language, .topic = q->topic};
    l->template = form == PAGE_HTML && request_account(r) ? &template_list_mine : &template_list;
    l->view = view_create(request_arena(r));
    if (!web__look(r, form, &f))
        return;
    l->query = web__look_query(r, &f);
    if (f.everything ? !web__listing_load(r, q, l) : !web__filtered_load(r, form, &f, &page, l))
        return;
    if (form == PAGE_HTML && !list_view(r, l, &f, &page, q))
        return;
    view_str(l->view, "heading", l->title);
    view_bool(l->view, "at_front", !l->title.n);
    view_bool(l->view, "whole_pool", !l->title.n);
    web__listing_answer(r, form, l);
}

static void front(struct request *r)
{
    struct str name;
    struct news_query q = {0};
    struct listing l = {
        .path = STR("/"),
        .title = {"", 0},
        .why = M("All articles of this node, newest first. Nobody chose them and nothing is hidden."),
    };
    l.view = NULL;
    enum page_form form = web__page_form(r, NULL, &name);
    list(r, form, &q, &l);
}

static void by_language(struct request *r)
{
    struct news_query q = {0};
    enum page_form form = web__page_form(r, "code", &q.language);
    struct listing l = {
        .path = web__page_link(request_arena(r), "/lang/", q.language, ""),
        .title = locale_language_name(request_locale(r), q.language),
        .why = M("All articles in this language, newest first. Nobody chose them and nothing is hidden."),
    };
    l.title = web__line(request_arena(r), l.title, 60);
    list(r, form, &q, &l);
}

static void by_topic(struct request *r)
{
    struct news_query q = {0};
    enum page_form form = web__page_form(r, "tag", &q.topic);
    struct listing l = {
        .path = web__page_link(request_arena(r), "/tag/", q.topic, ""),
        .title = web__line(request_arena(r), q.topic, 120),
        .why = M("All articles on this topic, newest first. Nobody chose them and nothing is hidden."),
    };
    list(r, form, &q, &l);
}

/* ---- the names by which one can choose */

struct names {
    struct str path, heading;
    const char *why, *before;
    bool languages;
    struct news_count *items;
    size_t n;
};

static void names_answer(struct request *r, enum page_form form, const struct names *names)
{
    struct arena *arena = request_arena(r);
    const struct locale *locale = request_locale(r);
    if (form == PAGE_JSON) {
        struct buf out _cleanup_buf_ = BUF_INIT;
        buf_addz(&out, "{\"items\":[");
        for (size_t i = 0; i < names->n; i++) {
            struct str link = web__page_link(arena, names->before, names->items[i].name, "");
            buf_addz(&out, i ? ",{" : "{");
            web__json_str(&out, "name", names->items[i].name);
            web__json_str(
                &out, "link", arena_printf(arena, "%.*s%.*s", STR_ARG(request_origin(r)), STR_ARG(link)));
            buf_addf(&out, ",\"articles\":%lld}", (long long)names->items[i].n);
        }
        buf_addz(&out, "]}\n");
        answer_json(r, 200, &out);
        return;
    }
    struct view *v = view_create(arena);
    view_bool(v, "has_names", names->n > 0);
    for (size_t i = 0; i < names->n; i++) {
        struct view *item = view_item(v, "names");
        struct str name = names->items[i].name;
        view_str(item, "link", web__page_link(arena, names->before, name, ""));
        view_str(
            item, "name", web__line(arena, names->languages ? locale_language_name(locale, name) : name, 60));
        view_int(item, "count", names->items[i].n);
    }
    view_str(v, "heading", names->heading);
    view_str(v, "why", locale_message(locale, names->why));
    view_str(v, "json", arena_printf(arena, "%.*s.json", STR_ARG(names->path)));
    view_str(
        v, "canonical", arena_printf(arena, "%.*s%.*s", STR_ARG(request_origin(r)), STR_ARG(names->path)));
    view_bool(v, names->languages ? "at_languages" : "at_topics", true);
    answer_page(r, 200, &template_names, v, names->heading);
}

static void languages(struct request *r)
{
    struct err err;
    struct str name;
    enum page_form form = web__page_form(r, NULL, &name);
    struct names names = {
        .path = STR("/languages"),
        .heading = locale_message(request_locale(r), M("Languages")),
        .why = M("Every language in which this node has articles, those with most first."),
        .before = "/lang/",
        .languages = true,
    };
    if (news_languages(request_read(r), request_arena(r), &names.items, &names.n, &err) != 0)
        answer_error(r, &err);
    else
        names_answer(r, form, &names);
}

static void topics(struct request *r)
{
    struct err err;
    struct str name;
    enum page_form form = web__page_form(r, NULL, &name);
    struct names names = {
        .path = STR("/topics"),
        .heading = locale_message(request_locale(r), M("Topics")),
        .why = M("The topics that authors have given, those with most articles first."),
        .before = "/tag/",
    };
    if (news_topics(
            request_read(r), request_arena(r), (struct str){"", 0}, 300, &names.items, &names.n, &err) != 0)
        answer_error(r, &err);
    else
        names_answer(r, form, &names);
}

/* method, path, handler, permission, csrf, class, caching, max_body, help */
const struct route page_list_routes[] = {
    {"GET", "/", front, ANYONE, CSRF_NONE, POOL, CACHE_PUBLIC, 0, "the newest articles"},
    {"GET", "/index.json", front, ANYONE, CSRF_NONE, POOL, CACHE_PUBLIC, 0, "the same as JSON"},
    {"GET", "/index.atom", front, ANYONE, CSRF_NONE, POOL, CACHE_PUBLIC, 0, "the same as an Atom feed"},
    {"GET", "/lang/{code}", by_language, ANYONE, CSRF_NONE, POOL, CACHE_PUBLIC, 0,
        "articles in a language; .json and .atom too"},
    {"GET", "/tag/{tag}", by_topic, ANYONE, CSRF_NONE, POOL, CACHE_PUBLIC, 0,
        "articles on a topic; .json and .atom too"},
    {"GET", "/languages", languages, ANYONE, CSRF_NONE, POOL, CACHE_PUBLIC, 0,
        "languages and how many articles they have"},
    {"GET", "/languages.json", languages, ANYONE, CSRF_NONE, POOL, CACHE_PUBLIC, 0, "the same as JSON"},
    {"GET", "/topics", topics, ANYONE, CSRF_NONE, POOL, CACHE_PUBLIC, 0,
        "topics and how many articles they have"},
    {"GET", "/topics.json", topics, ANYONE, CSRF_NONE, POOL, CACHE_PUBLIC, 0, "the same as JSON"},
    {NULL},
};
