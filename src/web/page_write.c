/* page_write.c: the editor: a form that is complete without JavaScript, its drafts, preview, pictures and
 * publishing. What a draft becomes is write_record.c's. */
#include "news/news.h"
#include "templates.gen.h"
#include "web/page.h"
#include "web/pages.h"
#include "web/write.h"

/* Where the reader's language and that of the text differ there is no telling, so the form offers these. */
static const char *const form_languages[] = {"ar", "bn", "bg", "ca", "cs", "da", "de", "el", "en", "eo", "es",
    "et", "eu", "fa", "fi", "fr", "gl", "he", "hi", "hr", "hu", "id", "it", "ja", "ko", "ku", "lt", "lv",
    "ms", "nl", "no", "pl", "pt", "ro", "ru", "sk", "sl", "sq", "sr", "sv", "sw", "ta", "th", "tl", "tr",
    "uk", "ur", "vi", "zh"};

/* Forms send CR LF. */
static struct str unix_lines(struct arena *arena, struct str s)
{
    char *out = arena_alloc(arena, s.n + 1);
    size_t n = 0;
    if (!out)
        return (struct str){"", 0};
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] != '\r')
            out[n++] = s.p[i];
        else if (i + 1 == s.n || s.p[i + 1] != '\n')
            out[n++] = '\n';
    out[n] = 0;
    return (struct str){out, n};
}

/* ---- the form */

static void options_view(struct request *r, struct view *v, const struct draft *d)
{
    const struct locale *locale = request_locale(r);
    bool known = !d->language.n;
    for (size_t i = 0; i < sizeof form_languages / sizeof *form_languages; i++) {
        struct view *option = view_item(v, "language_options");
        struct str code = str_of(form_languages[i]);
        view_str(option, "code", code);
        view_str(option, "name", locale_language_name(locale, code));
        view_bool(option, "selected", str_eq(code, d->language));
        known |= str_eq(code, d->language);
    }
    if (!known) {
        struct view *option = view_item(v, "language_options");
        view_str(option, "code", d->language);
        view_str(option, "name", locale_language_name(locale, d->language));
        view_bool(option, "selected", true);
    }
    size_t n;
    const struct license *licenses = license_list(&n);
    for (size_t i = 0; i < n; i++) {
        struct view *option = view_item(v, "license_options");
        view_str(option, "id", str_of(licenses[i].id));
        view_str(option, "name", str_of(licenses[i].name));
        view_bool(option, "selected", str_eqz(d->license, licenses[i].id));
    }
}

static void answer_form(struct request *r, const struct draft *d, const struct write_problem *problem)
{
    struct view *v = view_create(request_arena(r));
    struct store_found found;
    struct article article;
    char fresh[DRAFT_ID_CHARS + 1];
    struct str id = d->id;
    if (!id.n) {
        web__draft_id(r, fresh);
        id = arena_str(request_arena(r), str_of(fresh));
    }
    view_str(v, "draft_id", id);
    view_bool(v, "fresh", !d->id.n);
    view_str(v, "form_d", d->d);
    view_bool(v, "editing", write_published(r, d, &found, &article));
    view_str(v, "form_title", d->title);
    view_str(v, "form_summary", d->summary);
    view_str(v, "form_text", d->text);
    view_str(v, "form_topics", d->topics);
    view_str(v, "form_alt", request_form(r, "alt"));
    options_view(r, v, d);
    view_bool(v, "saved_at", d->updated_at && !problem);
    view_bool(v, "at_write", true);
    if (problem) {
        view_str(v, "problem", problem->message);
        if (problem->field)
            view_bool(v, problem->field, true);
    }
    answer_page(r, problem ? 422 : 200, &template_write, v, locale_message(request_locale(r), M("Write")));
}

static void write_page(struct request *r)
{
    struct err err;
    struct draft d = {.license = STR("CC0-1.0")};
    struct str id = request_query(r, "draft");
    if (id.n && web__draft_load(r, id, &d, &err) != 0)
        answer_error(r, &err);
    else
        answer_form(r, &d, NULL);
}

/* An article of one's own, taken into the form. */
static void edit_page(struct request *r)
{
    struct err err;
    struct page_article a;
    struct buf topics _cleanup_buf_ = BUF_INIT;
    if (!web__article_load(r, request_param(r, "code"), &a))
        return;
    if (!pubkey_eq(&a.article.address.pubkey, &request_account(r)->key)) {
        err_set(&err, ERR_DENIED, M("Only its author can change this article."));
        err_todo(&err, M("You may write one of your own."));
        answer_error(r, &err);
        return;
    }
    for (size_t i = 0; i < a.article.topic_count; i++) {
        buf_addz(&topics, i ? ", " : "");
        buf_adds(&topics, a.article.topics[i]);
    }
    struct draft d = {
        .d = a.article.d,
        .title = a.article.title,
        .summary = a.article.summary,
        .text = a.article.record->content,
        .topics = arena_str(request_arena(r), buf_str(&topics)),
        .language = a.article.language,
        .license = a.article.license ? str_of(a.article.license->id) : STR("CC0-1.0"),
    };
    answer_form(r, &d, NULL);
}

/* ---- what is sent */

static bool read_form(struct request *r, struct draft *d, struct write_problem *problem)
{
    struct arena *arena = request_arena(r);
    struct err err;
    struct str id = request_form(r, "draft");
    if (request_form(r, "stored").n) { /* from the preview or a list: the text lies here already */
        if (web__draft_load(r, id, d, &err) == 0)
            return true;
        write_trouble_err(r, problem, NULL, &err);
        return false;
    }
    if (!id.n) { /* sent by a program that asked for no form before */
        char fresh[DRAFT_ID_CHARS + 1];
        web__draft_id(r, fresh);
        id = arena_str(arena, str_of(fresh));
    }
    struct draft before;
    bool known = web__draft_load(r, id, &before, NULL) == 0;
    *d = (struct draft){
        .id = id,
        .d = known && before.d.n ? before.d : request_form(r, "d"),
        .title = str_trim(request_form(r, "title")),
        .summary = str_trim(unix_lines(arena, request_form(r, "summary"))),
        .text = unix_lines(arena, request_form(r, "text")),
        .topics = request_form(r, "topics"),
        .language = request_form(r, "language"),
        .license = request_form(r, "license"),
        .sent_at = known ? before.sent_at : 0,
        .updated_at = known ? before.updated_at : 0,
    };
    return true;
}

/* A picture comes with every button that sends the form: nobody loses one by pressing another. */
static bool take_picture(struct request *r, struct draft *d, struct write_problem *problem)
{
    struct arena *arena = request_arena(r);
    struct err err;
    struct upload upload;
    struct picture picture;
    struct buf clean _cleanup_buf_ = BUF_INIT;
    uint8_t sha256[32];
    struct str alt = web__line(arena, request_form(r, "alt"), 500);
    bool asked = str_eqz(request_form(r, "do"), "picture");
    if (request_uploads(r, "picture", &upload, 1) == 0 || !upload.bytes.n) {
        if (asked)
            write_trouble(r, problem, NULL, M("Choose a picture file first."));
        return !asked;
    }
    if (!alt.n) {
        write_trouble(r, problem, "bad_alt",
            M("Say in a few words what the picture shows, and choose the file again."));
        return false;
    }
    if (upload.bytes.n > PICTURE_MAX_BYTES) {
        write_trouble(r, problem, NULL, M("The picture is larger than 10 MB."));
        return false;
    }
    if (picture_clean(upload.bytes, &clean, &picture, &err) != 0) {
        write_trouble(r, problem, NULL,
            err.code == ERR_LIMIT
                ? M("The picture is too large: at most 10 MB, and 30,000 pixels on each side.")
                : M("This file is no picture, is broken, or is of a sort from which hidden details cannot be "
                    "removed safely. Save it as JPEG, PNG, GIF or WebP."));
        return false;
    }
    if (node_blob_put(request_node(r), buf_str(&clean), str_of(picture.media_type), sha256, &err) != 0) {
        write_trouble_err(r, problem, NULL, &err);
        return false;
    }
    struct buf out _cleanup_buf_ = BUF_INIT;
    buf_adds(&out, d->text);
    if (out.n)
        buf_addz(&out, out.p[out.n - 1] == '\n' ? "\n" : "\n\n");
    buf_addz(&out, "![");
    for (size_t i = 0; i < alt.n; i++) {
        if (strchr("[]\\*_`!<>&", alt.p[i]))
            buf_addc(&out, '\\');
        buf_addc(&out, alt.p[i]);
    }
    buf_addz(&out, "](/media/");
    for (size_t i = 0; i < sizeof sha256; i++)
        buf_addf(&out, "%02x", sha256[i]);
    buf_addf(&out, ".%s)\n", picture.extension);
    d->text = arena_str(arena, buf_str(&out));
    return true;
}

static void publish(struct request *r, struct draft *d, struct write_problem *problem)
{
    struct err err;
    struct record_draft record;
    struct store_found found;
    struct article before;
    if (!write_record(r, d, &record, problem)) {
        answer_form(r, d, problem);
        return;
    }
    bool again = write_published(r, d, &found, &before);
    d->d = record_d(&record.r);
    d->sent_at = record.r.created_at;
    if (web__draft_save(r, d, &err) != 0) {
        write_trouble_err(r, problem, NULL, &err);
        answer_form(r, d, problem);
        return;
    }
    answer_publish(r, &record, web__page_link(request_arena(r), "/write/done/", d->id, ""),
        again ? M("The new version is published.") : M("Your article is published."));
}

static void write_sent(struct request *r)
{
    struct arena *arena = request_arena(r);
    struct err err;
    struct draft d;
    struct write_problem problem = {0};
    struct str what = request_form(r, "do");
    if (str_eqz(what, "discard")) {
        if (web__draft_remove(r, request_form(r, "draft"), &err) != 0) {
            answer_error(r, &err);
            return;
        }
        answer_notice(r, M("The draft is discarded."));
        answer_redirect(r, STR("/me"));
        return;
    }
    if (!read_form(r, &d, &problem)) {
        err_set(&err, ERR_NOT_FOUND, M("There is no such draft among yours."));
        err_todo(&err, M("It may have been published or discarded: your pages list what there is."));
        answer_error(r, &err);
        return;
    }
    bool pictured = take_picture(r, &d, &problem);
    if (web__draft_save(r, &d, &err) != 0) {
        write_trouble_err(r, &problem, NULL, &err);
        pictured = false;
    }
    if (!pictured) {
        answer_form(r, &d, &problem);
        return;
    }
    if (str_eqz(what, "publish"))
        publish(r, &d, &problem);
    else if (str_eqz(what, "preview"))
        answer_redirect(r, web__page_link(arena, "/write/preview/", d.id, ""));
    else
        answer_redirect(
            r, web__page_link(arena, "/write?draft=", d.id, str_eqz(what, "picture") ? "#text" : ""));
}

static void preview(struct request *r)
{
    struct arena *arena = request_arena(r);
    const struct locale *locale = request_locale(r);
    struct err err;
    struct draft d;
    struct write_problem problem = {0};
    struct record_draft record;
    struct article article;
    struct store_found found;
    struct article before;
    if (web__draft_load(r, request_param(r, "id"), &d, &err) != 0) {
        answer_error(r, &err);
        return;
    }
    if (!write_record(r, &d, &record, &problem)) {
        answer_form(r, &d, &problem);
        return;
    }
    record.r.pubkey = request_account(r)->key;
    if (news_article_read(arena, &record.r, &article, &err) != 0) {
        answer_error(r, &err);
        return;
    }
    struct view *v = view_create(arena);
    struct str plain;
    web__content_view(v, article.language);
    web__topics_view(r, v, article.topics, article.topic_count);
    view_str(v, "headline", web__line(arena, article.title, 500));
    view_str(v, "summary", web__line(arena, article.summary, 2000));
    view_str(v, "author", request_account(r)->name);
    view_str(v, "language_name",
        article.language.n ? locale_language_name(locale, article.language) : (struct str){"", 0});
    view_str(v, "license", article.license ? str_of(article.license->name) : d.license);
    view_str(v, "license_meaning", locale_message(locale, web__license_meaning(article.license)));
    view_int(v, "minutes",
        web__minutes(text_words(markdown_plain(arena, d.text, &plain, NULL) == 0 ? plain : d.text)));
    web__text_view(r, v, d.text);
    view_str(v, "draft_id", d.id);
    view_str(v, "write_link", web__page_link(arena, "/write?draft=", d.id, ""));
    view_bool(v, "editing", write_published(r, &d, &found, &before));
    view_bool(v, "at_write", true);
    answer_page(r, 200, &template_preview, v, locale_message(locale, M("Preview")));
}

/* Where publishing ends: the draft goes once its record is here, and only then. Asking again changes nothing.
 */
static void done(struct request *r)
{
    struct err err;
    struct draft d;
    struct store_found found;
    struct article article;
    char code[NEWS_CODE_CHARS + 1];
    if (web__draft_load(r, request_param(r, "id"), &d, &err) != 0) {
        answer_redirect(r, STR("/me"));
        return;
    }
    if (!write_published(r, &d, &found, &article) || !d.sent_at || found.record.created_at < d.sent_at) {
        answer_redirect(r, web__page_link(request_arena(r), "/write?draft=", d.id, ""));
        return;
    }
    if (web__draft_remove(r, d.id, &err) != 0) {
        answer_error(r, &err);
        return;
    }
    struct address address = write_address(r, d.d);
    news_article_code(&address, code);
    answer_redirect(r, web__article_link(request_arena(r), code, ""));
}

const struct route page_write_routes[] = {
    {"GET", "/write", write_page, SIGNED_IN, CSRF_NONE, POOL, CACHE_NEVER, 0,
        "the editor; ?draft=ID goes on with a draft"},
    {"POST", "/write", write_sent, SIGNED_IN, CSRF_FORM, POOL, CACHE_NEVER, PICTURE_MAX_BYTES + 512 * 1024,
        "save, picture, preview, publish, discard"},
    {"GET", "/write/preview/{id}", preview, SIGNED_IN, CSRF_NONE, POOL, CACHE_NEVER, 0,
        "a draft as it would look"},
    {"GET", "/write/done/{id}", done, SIGNED_IN, CSRF_NONE, POOL, CACHE_NEVER, 0,
        "where publishing ends: forgets the draft, goes to the article"},
    {"GET", "/r/{code}/edit", edit_page, SIGNED_IN, CSRF_NONE, POOL, CACHE_NEVER, 0,
        "an article of one's own in the editor"},
    {NULL},
};
