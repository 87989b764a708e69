/* page_me.c: one's own drafts and articles, withdrawing one of them, and what readers see of oneself. */
#include "templates.gen.h"
#include "web/page.h"
#include "web/pages.h"

#include "rating/service.h"

static int drafts_view(struct request *r, struct view *v, struct err *err)
{
    struct arena *arena = request_arena(r);
    struct draft *drafts;
    uint32_t *words;
    size_t n;
    char code[NEWS_CODE_CHARS + 1];
    int status = web__draft_list(r, &drafts, &words, &n, err);
    if (status != 0)
        return status;
    view_bool(v, "has_drafts", n > 0);
    for (size_t i = 0; i < n; i++) {
        struct view *item = view_item(v, "drafts");
        struct news_item article;
        view_str(item, "headline", web__line(arena, drafts[i].title, 200));
        view_str(item, "link", web__page_link(arena, "/write?draft=", drafts[i].id, ""));
        view_str(item, "draft_id", drafts[i].id);
        view_time(item, "date", drafts[i].updated_at);
        view_int(item, "words", words[i]);
        struct address address = {KIND_ARTICLE, request_account(r)->key, drafts[i].d};
        news_article_code(&address, code);
        bool known = drafts[i].d.n &&
                     news_item_by_code(request_read(r), arena, str_of(code), &article, NULL) == 0;
        view_str(item, "changes", known ? web__article_link(arena, article.code, "") : (struct str){"", 0});
    }
    return 0;
}

static void me(struct request *r)
{
    struct arena *arena = request_arena(r);
    struct err err;
    struct view *v = view_create(arena);
    struct news_query q = {.author = &request_account(r)->key};
    struct listing l = {.path = STR("/me")};
    if (!web__listing_load(r, &q, &l))
        return;
    if (drafts_view(r, v, &err) != 0) {
        answer_error(r, &err);
        return;
    }
    view_bool(v, "has_items", l.n > 0);
    for (size_t i = 0; i < l.n; i++) {
        struct view *item = view_item(v, "items");
        web__item_view(r, item, &l.items[i]);
        view_str(item, "edit_link", web__article_link(arena, l.items[i].code, "/edit"));
        view_str(item, "withdraw_link", web__article_link(arena, l.items[i].code, "/withdraw"));
    }
    if (l.older.n)
        view_str(v, "older", arena_printf(arena, "/me?%.*s", STR_ARG(l.older)));
    struct rating_service *services;
    size_t panels;
    view_bool(v, "on_panels",
        service_of_member(request_read(r), arena, &request_account(r)->key, &services, &panels, NULL) == 0 &&
            panels > 0);
    view_bool(v, "at_me", true);
    answer_page(r, 200, &template_me, v, locale_message(request_locale(r), M("My pages")));
}

/* ---- withdrawing */

static bool own_article(struct request *r, struct page_article *a)
{
    struct err err;
    if (!web__article_load(r, request_param(r, "code"), a))
        return false;
    if (pubkey_eq(&a->article.address.pubkey, &request_account(r)->key))
        return true;
    err_set(&err, ERR_DENIED, M("Only its author can withdraw this article."));
    answer_error(r, &err);
    return false;
}

static void withdraw_page(struct request *r)
{
    struct page_article a;
    if (!own_article(r, &a))
        return;
    struct view *v = view_create(request_arena(r));
    web__item_view(r, v, &a.item);
    view_str(v, "withdraw_link", web__article_link(request_arena(r), a.item.code, "/withdraw"));
    answer_page(r, 200, &template_withdraw, v, locale_message(request_locale(r), M("Withdraw")));
}

static void withdraw(struct request *r)
{
    struct page_article a;
    struct record_draft draft;
    struct buf address _cleanup_buf_ = BUF_INIT;
    if (!own_article(r, &a))
        return;
    /* NIP-09: by address, which takes every version up to now, and the present one by its id. */
    int64_t now = request_now(r);
    if (now <= a.found.record.created_at && a.found.record.created_at - now < 240)
        now = a.found.record.created_at + 1;
    record_draft_init(&draft, request_arena(r), KIND_DELETION, now);
    address_format(&a.article.address, &address);
    record_draft_tag_strs(&draft, (struct str[]){STR("a"), buf_str(&address)}, 2);
    record_draft_tag_strs(
        &draft, (struct str[]){STR("e"), web__id_hex(request_arena(r), &a.found.record.id)}, 2);
    record_draft_tag(&draft, "k", "30023", NULL);
    answer_publish(r, &draft, STR("/me"), M("The article is withdrawn."));
}

/* ---- what readers see of oneself */

static void profile_form(
    struct request *r, struct str name, struct str about, struct str website, const char *problem)
{
    struct view *v = view_create(request_arena(r));
    view_str(v, "form_name", name);
    view_str(v, "form_about", about);
    view_str(v, "form_website", website);
    view_bool(v, "at_me", true);
    view_str(v, "author_link", web__author_link(request_arena(r), &request_account(r)->key, ""));
    if (problem)
        view_str(v, "problem", locale_message(request_locale(r), problem));
    answer_page(r, problem ? 422 : 200, &template_profile, v,
        locale_message(request_locale(r), M("What readers see of you")));
}

static void profile_page(struct request *r)
{
    struct err err;
    struct profile p;
    if (news_profile(request_read(r), request_arena(r), &request_account(r)->key, &p, &err) != 0) {
        answer_error(r, &err);
        return;
    }
    struct str name = p.display_name.n ? p.display_name : p.name;
    profile_form(r, name.n ? name : request_account(r)->name, p.about, p.website, NULL);
}

static void profile_sent(struct request *r)
{
    struct record_draft draft = {.arena = request_arena(r)};
    struct str name = web__line(request_arena(r), request_form(r, "name"), 0);
    struct str about = str_trim(web__text(request_arena(r), request_form(r, "about")));
    struct str website = str_trim(request_form(r, "website"));
    if (!name.n || name.n > 80) {
        profile_form(r, name, about, website, M("A name has 1 to 80 characters."));
    } else if (about.n > 2000) {
        profile_form(r, name, about, website, M("What you say of yourself is too long."));
    } else if (website.n && !web__outward(website).n) {
        profile_form(
            r, name, about, website, M("The website's address must begin with https:// or http://."));
    } else {
        news_profile_write(name, about, website, request_now(r), &draft);
        answer_publish(r, &draft, web__author_link(request_arena(r), &request_account(r)->key, ""),
            M("Your profile is published."));
    }
}

const struct route page_me_routes[] = {
    {"GET", "/me", me, SIGNED_IN, CSRF_NONE, POOL, CACHE_NEVER, 0, "one's own drafts and articles"},
    {"GET", "/r/{code}/withdraw", withdraw_page, SIGNED_IN, CSRF_NONE, POOL, CACHE_NEVER, 0,
        "what withdrawing an article does and does not do"},
    {"POST", "/r/{code}/withdraw", withdraw, SIGNED_IN, CSRF_FORM, POOL, CACHE_NEVER, 0,
        "withdraws it (NIP-09)"},
    {"GET", "/me/profile", profile_page, SIGNED_IN, CSRF_NONE, POOL, CACHE_NEVER, 0,
        "what readers see of oneself"},
    {"POST", "/me/profile", profile_sent, SIGNED_IN, CSRF_FORM, POOL, CACHE_NEVER, 0, "publishes it"},
    {NULL},
};
