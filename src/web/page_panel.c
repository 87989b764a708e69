/* page_panel.c: rating in private for a rating service on whose panel one sits, and what one rated there. */
#include "templates.gen.h"
#include "web/pages.h"
#include "web/rate.h"

#include "rating/service.h"

#include <stdio.h>

#define MARKS_SHOWN 200

/* What panels are asked: the shipped respects but `agree`, which is nobody's business. */
static const unsigned asked_of[] = {DIMENSION_WORTH, DIMENSION_ACCURATE, DIMENSION_CLEAR, DIMENSION_JUNK};
#define ASKED (sizeof asked_of / sizeof *asked_of)

static struct str service_link(struct arena *arena, const struct pubkey *key)
{
    return web__page_link(arena, "/by/", web__npub(arena, key), "");
}

void web__panels_view(struct request *r, struct view *v, const struct rated *rated)
{
    struct rating_service *services;
    size_t n;
    struct err err;
    struct arena *arena = request_arena(r);
    if (service_of_member(request_read(r), arena, &request_account(r)->key, &services, &n, &err) != 0)
        return;
    for (size_t i = 0; i < n; i++) {
        struct view *item = view_item(v, "panels");
        view_str(item, "name", services[i].name);
        view_str(item, "link",
            arena_printf(
                arena, "%.*s/panel/%.*s", STR_ARG(rated->base), STR_ARG(web__npub(arena, &services[i].key))));
    }
}

/* ---- one thing */

struct panel_page {
    struct rated rated;
    struct rating_service service;
    struct dimension *dimensions;
    size_t dimension_count;
    struct service_mark *marks;
    size_t mark_count;
    const char *problem;
};

static bool load(struct request *r, struct panel_page *p)
{
    struct err err;
    struct arena *arena = request_arena(r);
    struct pubkey key;
    const struct pubkey *me = &request_account(r)->key;
    struct rating_service *mine;
    size_t n;
    *p = (struct panel_page){0};
    if (!web__rated_load(r, &p->rated))
        return false;
    int code = pubkey_from_text(request_param(r, "service"), &key, &err);
    if (!code)
        code = service_of_member(request_read(r), arena, me, &mine, &n, &err);
    bool sits = false;
    for (size_t i = 0; !code && i < n; i++)
        if (pubkey_eq(&mine[i].key, &key)) {
            p->service = mine[i];
            sits = true;
        }
    if (!code && !sits)
        code = err_set(&err, ERR_NOT_FOUND, M("You are not on the panel of this rating service."));
    if (!code)
        code = rating_dimensions(request_read(r), arena, str_of(locale_code(request_locale(r))),
            &p->dimensions, &p->dimension_count, &err);
    if (!code)
        code = service_marks(request_read(r), arena, &key, me, p->rated.coordinate, MARKS_SHOWN, &p->marks,
            &p->mark_count, &err);
    if (code)
        answer_error(r, &err);
    return !code;
}

static const struct dimension *dimension_of(const struct panel_page *p, unsigned number)
{
    for (size_t i = 0; i < p->dimension_count; i++)
        if (p->dimensions[i].shipped && p->dimensions[i].number == number)
            return &p->dimensions[i];
    return NULL;
}

static const struct service_mark *mark_of(const struct panel_page *p, struct str dimension)
{
    for (size_t i = 0; i < p->mark_count; i++)
        if (str_eq(p->marks[i].dimension, dimension))
            return &p->marks[i];
    return NULL;
}

static void show(struct request *r, struct panel_page *p)
{
    struct arena *arena = request_arena(r);
    struct view *v = view_create(arena);
    bool behind = false;
    for (size_t i = 0; i < ASKED; i++) {
        const struct dimension *d = dimension_of(p, asked_of[i]);
        if (!d)
            continue;
        const struct service_mark *mark = mark_of(p, d->name);
        struct dimension_text words = web__dimension_text(r, d);
        struct view *item = view_item(v, "dimensions");
        web__dimension_view(r, item, d);
        view_str(item, "field", arena_printf(arena, "v%u", d->number));
        web__steps_view(item, mark ? (int)web__rating_step(mark->value) : -1, words.low, words.high);
        behind |= mark && !record_id_eq(&mark->revision, &p->rated.current);
    }
    view_str(v, "headline", p->rated.title);
    web__content_view(v, p->rated.language);
    view_str(v, "link", p->rated.base);
    view_str(v, "service", p->service.name);
    view_str(v, "service_link", service_link(arena, &p->service.key));
    view_str(v, "revision", web__id_hex(arena, &p->rated.target.revision));
    view_bool(v, "behind", behind && p->rated.is_article);
    view_str(v, "action",
        arena_printf(
            arena, "%.*s/panel/%.*s", STR_ARG(p->rated.base), STR_ARG(web__npub(arena, &p->service.key))));
    view_bool(v, "noindex", true);
    if (p->problem)
        view_str(v, "problem", locale_message(request_locale(r), p->problem));
    answer_page(r, p->problem ? 422 : 200, &template_panel_rate, v,
        locale_message(request_locale(r), M("Rate in private")));
}

static void page(struct request *r)
{
    struct panel_page p;
    if (load(r, &p))
        show(r, &p);
}

static int take(struct request *r, const struct panel_page *p, const struct dimension *d, struct str asked,
    uint16_t value, struct err *err)
{
    struct store *store = node_store(request_node(r));
    const struct pubkey *me = &request_account(r)->key;
    if (!asked.n)
        return mark_of(p, d->name)
                   ? service_unrate(store, &p->service.key, me, &p->rated.target, d->name, err)
                   : 0;
    struct rating_draft draft = {.target = p->rated.target, .dimension = d->name, .value = value};
    return service_rate(store, &p->service.key, me, &draft, request_now(r), err);
}

static void sent(struct request *r)
{
    struct panel_page p;
    struct err err;
    if (!load(r, &p) || !web__rated_revision(r, &p.rated, request_form(r, "revision")))
        return;
    for (size_t i = 0; i < ASKED; i++) {
        const struct dimension *d = dimension_of(&p, asked_of[i]);
        char field[8];
        uint64_t hundredths = 0;
        snprintf(field, sizeof field, "v%u", asked_of[i]);
        struct str asked = request_form(r, field);
        if (!d || !asked.p)
            continue;
        if (asked.n && !str_to_u64(asked, 100, &hundredths)) {
            p.problem = M("A rating is one of the steps that the form shows.");
            show(r, &p);
            return;
        }
        if (take(r, &p, d, asked, (uint16_t)(hundredths * (RATING_SCALE / 100)), &err) != 0) {
            answer_error(r, &err);
            return;
        }
    }
    answer_notice(r, M("Kept on this node for the panel. Nothing of it is public."));
    answer_redirect(r, p.rated.base);
}

/* ---- all that one rated */

static int marks_view(struct request *r, struct view *v, const struct rating_service *service,
    const struct dimension *dimensions, size_t dimension_count, struct err *err)
{
    struct arena *arena = request_arena(r);
    struct service_mark *marks;
    size_t n;
    int code = service_marks(request_read(r), arena, &service->key, &request_account(r)->key,
        (struct str){NULL, 0}, MARKS_SHOWN, &marks, &n, err);
    if (code)
        return code;
    view_bool(v, "has_marks", n > 0);
    for (size_t i = 0; i < n; i++) {
        struct view *item = view_item(v, "marks");
        struct address address;
        struct news_item article;
        char code_text[NEWS_CODE_CHARS + 1];
        const struct dimension *d = web__dimension_named(dimensions, dimension_count, marks[i].dimension);
        bool known = false;
        if (address_parse(marks[i].coordinate, &address)) {
            news_article_code(&address, code_text);
            known = news_item_by_code(request_read(r), arena, str_of(code_text), &article, NULL) == 0;
        }
        view_str(item, "what",
            known ? web__line(arena, article.title, 120) : web__line(arena, marks[i].coordinate, 40));
        view_str(item, "link", known ? web__article_link(arena, article.code, "") : (struct str){"", 0});
        view_str(item, "question", d ? web__dimension_text(r, d).question : marks[i].dimension);
        view_int(item, "step", web__rating_step(marks[i].value));
        view_int(item, "uses_left", marks[i].uses_left);
    }
    return 0;
}

static void panels(struct request *r)
{
    struct err err;
    struct arena *arena = request_arena(r);
    struct view *v = view_create(arena);
    struct rating_service *services;
    struct dimension *dimensions;
    size_t n = 0, dimension_count = 0;
    int code = service_of_member(request_read(r), arena, &request_account(r)->key, &services, &n, &err);
    if (!code)
        code = rating_dimensions(request_read(r), arena, str_of(locale_code(request_locale(r))), &dimensions,
            &dimension_count, &err);
    for (size_t i = 0; !code && i < n; i++) {
        struct view *item = view_item(v, "panels");
        view_str(item, "name", services[i].name);
        view_str(item, "about", services[i].about);
        view_str(item, "service_link", service_link(arena, &services[i].key));
        view_int(item, "members", services[i].members);
        code = marks_view(r, item, &services[i], dimensions, dimension_count, &err);
    }
    if (code) {
        answer_error(r, &err);
        return;
    }
    view_bool(v, "noindex", true);
    answer_page(r, 200, &template_panels, v, locale_message(request_locale(r), M("Panels you sit on")));
}

/* method, path, handler, permission, csrf, class, caching, max_body, help */
const struct route page_panel_routes[] = {
    {"GET", "/panels", panels, SIGNED_IN, CSRF_NONE, POOL, CACHE_NEVER, 0,
        "the rating services on whose panels one sits, and what one rated there"},
    {"GET", "/r/{code}/panel/{service}", page, SIGNED_IN, CSRF_NONE, POOL, CACHE_NEVER, 0,
        "rating an article in private for a service's panel"},
    {"POST", "/r/{code}/panel/{service}", sent, SIGNED_IN, CSRF_FORM, POOL, CACHE_NEVER, 0,
        "keeps the panel member's rating on this node"},
    {"GET", "/e/{id}/panel/{service}", page, SIGNED_IN, CSRF_NONE, POOL, CACHE_NEVER, 0,
        "the same of a comment or another record"},
    {"POST", "/e/{id}/panel/{service}", sent, SIGNED_IN, CSRF_FORM, POOL, CACHE_NEVER, 0, "the same"},
    {NULL},
};
