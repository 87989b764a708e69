/* page_article.c: one article under its permanent short link: as a page, as JSON with the signed record, as
 * Markdown. */
#include "base/utf8.h"
#include "templates.gen.h"
#include "web/page.h"
#include "web/pages.h"
#include "web/rate.h"

static bool read_found(struct request *r, struct page_article *out, struct err *err)
{
    return news_article_read(request_arena(r), &out->found.record, &out->article, err) == 0;
}

bool web__article_load(struct request *r, struct str code, struct page_article *out)
{
    struct err err;
    struct arena *arena = request_arena(r);
    *out = (struct page_article){0};
    if (code.n != NEWS_CODE_CHARS) {
        err_set(&err, ERR_NOT_FOUND, M("There is no article at this address."));
        err_todo(&err, M("Look for it in the search."));
        answer_error(r, &err);
        return false;
    }
    if (news_item_by_code(request_read(r), arena, code, &out->item, &err) != 0 ||
        store_get_seq(request_read(r), arena, out->item.seq, &out->found, &err) != 0 ||
        !read_found(r, out, &err)) {
        if (err.code == ERR_GONE) {
            err_set(&err, ERR_GONE,
                M("This article is no longer published: its author took it back, or had set a day for its "
                  "end."));
            err_todo(&err, M("Look for others in the search."));
        } else if (err.code == ERR_NOT_FOUND) {
            err_set(&err, ERR_NOT_FOUND, M("There is no article at this address."));
            err_todo(&err, M("Look for it in the search."));
        }
        answer_error(r, &err);
        return false;
    }
    return true;
}

bool web__article_revision(
    struct request *r, const struct page_article *a, struct str id_hex, struct page_article *out)
{
    struct err err;
    struct record_id id;
    *out = (struct page_article){.item = a->item};
    if (!web__id_from_hex(id_hex, &id)) {
        err_set(&err, ERR_NOT_FOUND, M("This address names no version of the article."));
    } else if (store_get(request_read(r), request_arena(r), &id, &out->found, &err) == 0 &&
               read_found(r, out, &err)) {
        const struct address *have = &out->article.address, *want = &a->article.address;
        if (pubkey_eq(&have->pubkey, &want->pubkey) && have->kind == want->kind && str_eq(have->d, want->d))
            return true;
        err_set(&err, ERR_NOT_FOUND, M("This is a version of another article."));
    } else if (err.code == ERR_NOT_FOUND) {
        err_set(&err, ERR_NOT_FOUND, M("There is no such version of the article here."));
    }
    err_todo(&err, M("Choose one from the list of the article's versions."));
    answer_error(r, &err);
    return false;
}

static void credits_view(struct request *r, struct view *v, const struct article *a)
{
    struct arena *arena = request_arena(r);
    size_t shown = a->credit_count < 30 ? a->credit_count : 30;
    view_bool(v, "has_credits", shown > 0);
    for (size_t i = 0; i < shown; i++) {
        struct view *credit = view_item(v, "credits");
        struct str name = web__line(arena, a->credits[i].name, 120);
        view_str(credit, "name", name.n ? name : web__outward(a->credits[i].link));
        view_str(credit, "role", web__line(arena, a->credits[i].role, 60));
        view_str(credit, "link", web__outward(a->credits[i].link));
    }
}

static uint32_t words_of(struct request *r, struct str markdown)
{
    struct str plain;
    return text_words(markdown_plain(request_arena(r), markdown, &plain, NULL) == 0 ? plain : markdown);
}

static void article_view(struct request *r, struct view *v, const struct page_article *a, bool old)
{
    struct arena *arena = request_arena(r);
    const struct locale *locale = request_locale(r);
    const struct news_item *item = &a->item;
    const struct article *article = &a->article;
    struct str link = web__article_link(arena, item->code, ""), none = {"", 0};
    web__item_view(r, v, item);
    struct str headline = web__line(arena, article->title, 500);
    if (headline.n)
        view_str(v, "headline", headline);
    view_str(v, "summary", web__line(arena, article->summary, 2000));
    web__content_view(v, article->language);
    credits_view(r, v, article);
    view_time(v, "date",
        article->published_at && article->published_at == item->date ? article->published_at : item->date);
    view_int(v, "minutes", web__minutes(old ? words_of(r, a->found.record.content) : item->words));
    view_str(v, "language_name",
        article->language.n ? web__line(arena, locale_language_name(locale, article->language), 40) : none);
    view_str(v, "language_link", web__page_link(arena, "/lang/", article->language, ""));
    view_str(
        v, "license_url", article->license && article->license->url ? str_of(article->license->url) : none);
    view_str(v, "license_meaning", locale_message(locale, web__license_meaning(article->license)));
    view_str(v, "source", web__outward(article->source));
    view_bool(v, "whole", article->whole);
    if (article->whole)
        web__text_view(r, v, article->record->content);
    if (article->whole && str_starts(article->image, STR("/media/"))) {
        view_str(v, "picture", article->image);
        view_str(v, "picture_alt", web__line(arena, item->image_alt, 500));
    }
    if (old || (item->revisions > 1 && item->revised_at != item->date))
        view_time(v, "revised", old ? article->record->created_at : item->revised_at);
    view_str(v, "record_id", web__id_hex(arena, &article->record->id));
    view_str(v, "canonical", arena_printf(arena, "%.*s%.*s", STR_ARG(request_origin(r)), STR_ARG(link)));
    view_str(v, "source_link", web__article_link(arena, item->code, ".md"));
    view_str(v, "json", web__article_link(arena, item->code, ".json"));
    view_str(v, "description", web__line(arena, article->summary, 200));
    view_bool(v, "og_article", true);
    view_bool(v, "old_revision", old);
    view_bool(v, "noindex", old);
    const struct account *account = request_account(r);
    view_bool(v, "mine", account && !old && pubkey_eq(&account->key, &article->address.pubkey));
    view_str(v, "edit_link", web__article_link(arena, item->code, "/edit"));
    view_str(v, "withdraw_link", web__article_link(arena, item->code, "/withdraw"));
    struct rated rated;
    web__rated_of_article(r, a, &rated);
    web__rated_view(r, v, &rated);
    web__comments_view(r, v, &rated);
}

static void answer_article_json(struct request *r, const struct page_article *a)
{
    struct buf out _cleanup_buf_ = BUF_INIT;
    buf_addc(&out, '{');
    web__item_json(r, &a->item, &out);
    /* Without a free licence the pages show title, summary and link; this is one of them. */
    if (a->article.whole) {
        buf_addz(&out, ",\"record\":");
        record_to_json(&a->found.record, &out);
    }
    buf_addz(&out, "}\n");
    answer_json(r, 200, &out);
}

static void article(struct request *r)
{
    struct err err;
    struct str code;
    struct page_article a;
    enum page_form form = web__page_form(r, "code", &code);
    if (!web__article_load(r, code, &a))
        return;
    if (form == PAGE_JSON) {
        answer_article_json(r, &a);
    } else if (form == PAGE_MARKDOWN && a.article.whole) {
        answer_bytes(r, 200, "text/markdown; charset=utf-8", a.article.record->content);
    } else if (form != PAGE_HTML) {
        err_set(&err, ERR_NOT_FOUND, M("This article is not given in that form."));
        err_todo(&err, M("Its text is shown only under a free licence."));
        answer_error(r, &err);
    } else {
        struct view *v = view_create(request_arena(r));
        article_view(r, v, &a, false);
        answer_page(r, 200, &template_article, v, web__line(request_arena(r), a.article.title, 200));
    }
}

static void old_version(struct request *r)
{
    struct page_article a, version;
    if (!web__article_load(r, request_param(r, "code"), &a) ||
        !web__article_revision(r, &a, request_param(r, "id"), &version))
        return;
    struct view *v = view_create(request_arena(r));
    article_view(r, v, &version, !record_id_eq(&version.found.record.id, &a.found.record.id));
    answer_page(r, 200, &template_article, v, web__line(request_arena(r), version.article.title, 200));
}

/* Links made elsewhere may carry the title behind the code. */
static void with_slug(struct request *r)
{
    struct page_article a;
    if (web__article_load(r, request_param(r, "code"), &a))
        answer_redirect(r, web__article_link(request_arena(r), a.item.code, ""));
}

/* method, path, handler, permission, csrf, class, caching, max_body, help */
const struct route page_article_routes[] = {
    {"GET", "/r/{code}", article, ANYONE, CSRF_NONE, POOL, CACHE_PUBLIC, 0,
        "an article, permanently; .json with the signed record, .md the text"},
    {"GET", "/r/{code}/v/{id}", old_version, ANYONE, CSRF_NONE, POOL, CACHE_PUBLIC, 0,
        "one version of it, by the record's id"},
    {"GET", "/r/{code}/{slug}", with_slug, ANYONE, CSRF_NONE, POOL, CACHE_PUBLIC, 0,
        "sends on to the article"},
    {NULL},
};
