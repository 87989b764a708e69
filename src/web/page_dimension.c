/* page_dimension.c: in which respects things can be rated: the five that ship and those others have defined
 * (kind 34706), and defining one. */
#include "templates.gen.h"
#include "web/pages.h"
#include "web/rate.h"

#include <stdio.h>

#define LANGUAGES 3 /* that the form has room for */

static const char *const form_languages[] = {"en", "fr", "es", "ar", "bn", "de", "el", "eu", "fa", "hi", "id",
    "it", "ja", "ko", "ku", "nl", "pl", "pt", "ru", "sw", "ta", "tr", "uk", "ur", "vi", "zh"};

/* ---- all of them */

static void dimensions_json(struct request *r, const struct dimension *all, size_t n)
{
    struct buf out _cleanup_buf_ = BUF_INIT;
    buf_addz(&out, "{\"items\":[");
    for (size_t i = 0; i < n; i++) {
        buf_addz(&out, i ? ",{" : "{");
        web__json_str(&out, "name", all[i].name);
        web__json_str(&out, "question", all[i].question);
        web__json_str(&out, "low", all[i].low);
        web__json_str(&out, "high", all[i].high);
        buf_addf(&out, ",\"shipped\":%s", all[i].shipped ? "true" : "false");
        if (!all[i].shipped) {
            web__json_str(&out, "coordinate", all[i].coordinate);
            web__json_str(&out, "author", web__npub(request_arena(r), &all[i].author));
        }
        buf_addc(&out, '}');
    }
    buf_addz(&out, "]}\n");
    answer_json(r, 200, &out);
}

static const char *note_of(const struct dimension *d)
{
    if (!d->shipped)
        return "";
    if (d->number == DIMENSION_JUNK)
        return M("Spam, copies passed off as one's own, text made up to catch readers.");
    if (d->number == DIMENSION_AGREE)
        return M("Never counts as quality: disagreeing is no reason to hide a text. It leaves the node under "
                 "a key that nothing links to you.");
    return "";
}

static void dimensions_page(struct request *r)
{
    struct err err;
    struct str ignored;
    struct arena *arena = request_arena(r);
    struct dimension *all;
    struct reader_trust trust = {0};
    size_t n;
    if (rating_dimensions(request_read(r), arena, str_of(locale_code(request_locale(r))), &all, &n, &err) !=
        0) {
        answer_error(r, &err);
        return;
    }
    if (web__page_form(r, NULL, &ignored) == PAGE_JSON) {
        dimensions_json(r, all, n);
        return;
    }
    const struct account *account = request_account(r);
    struct view *v = view_create(arena);
    for (size_t i = 0; i < n; i++) {
        struct view *item = view_item(v, "dimensions");
        struct address address;
        web__dimension_view(r, item, &all[i]);
        view_str(item, "note", locale_message(request_locale(r), note_of(&all[i])));
        if (all[i].shipped || !address_parse(all[i].coordinate, &address))
            continue;
        view_str(item, "coordinate", web__line(arena, all[i].coordinate, 0));
        view_str(item, "author", web__rater_name(r, &trust, &all[i].author));
        view_str(item, "author_link", web__author_link(arena, &all[i].author, ""));
        view_bool(item, "mine", account && pubkey_eq(&account->key, &all[i].author));
        view_str(item, "edit_link", web__page_link(arena, "/dimensions/new?d=", address.d, ""));
    }
    view_str(v, "json", STR("/dimensions.json"));
    answer_page(r, 200, &template_dimensions, v,
        locale_message(request_locale(r), M("In which respects things can be rated")));
}

/* ---- defining one */

struct form {
    struct str d;
    struct dimension_words words[LANGUAGES];
    bool editing;
};

static struct str field(struct request *r, const char *name, int i)
{
    char full[24];
    snprintf(full, sizeof full, "%s%d", name, i);
    return web__line(request_arena(r), request_form(r, full), 0);
}

static void field_view(struct request *r, struct view *v, const char *view_name, const char *name, int i)
{
    view_str(v, view_name, arena_printf(request_arena(r), "%s%d", name, i));
}

static void answer_form(struct request *r, const struct form *f, const struct err *problem)
{
    struct view *v = view_create(request_arena(r));
    view_str(v, "d", f->d);
    view_bool(v, "editing", f->editing);
    for (int i = 0; i < LANGUAGES; i++) {
        const struct dimension_words *w = &f->words[i];
        struct view *part = view_item(v, "languages");
        struct str language = w->language.n ? w->language
                              : i           ? str_of(form_languages[i])
                                            : str_of(locale_code(request_locale(r)));
        view_bool(part, "first", i == 0);
        view_bool(part, "more", i > 0);
        view_bool(part, "filled", w->question.n > 0);
        field_view(r, part, "language_field", "language", i);
        field_view(r, part, "name_field", "name", i);
        field_view(r, part, "question_field", "question", i);
        field_view(r, part, "low_field", "low", i);
        field_view(r, part, "high_field", "high", i);
        view_str(part, "name", w->name);
        view_str(part, "question", w->question);
        view_str(part, "low", w->low);
        view_str(part, "high", w->high);
        for (size_t k = 0; k < sizeof form_languages / sizeof *form_languages; k++) {
            struct view *option = view_item(part, "options");
            view_str(option, "code", str_of(form_languages[k]));
            view_str(option, "name", locale_language_name(request_locale(r), str_of(form_languages[k])));
            view_bool(option, "selected", str_eqz(language, form_languages[k]));
        }
    }
    view_bool(v, "noindex", true);
    if (problem) {
        view_str(v, "problem", locale_message(request_locale(r), problem->what));
        view_str(v, "todo", locale_message(request_locale(r), problem->todo));
    }
    answer_page(r, problem ? 422 : 200, &template_dimension_new, v,
        locale_message(request_locale(r), M("Define another respect to rate in")));
}

/* One's own, as it stands, taken into the form. */
static bool load_own(struct request *r, struct str d, struct form *f, struct record *record)
{
    struct store_found found;
    struct address address = {KIND_DIMENSION, request_account(r)->key, d};
    static const char *const names[] = {"name", "question", "low", "high"};
    if (!d.n || store_get_address(request_read(r), request_arena(r), &address, &found, NULL) != 0)
        return false;
    *record = found.record;
    f->d = d;
    f->editing = true;
    int count = 0;
    for (size_t i = 0; i < found.record.tag_count; i++) {
        const struct tag *t = &found.record.tags[i];
        struct str language = t->n > 2 ? t->v[2] : STR("en");
        int at = 0;
        while (at < count && !str_eq(f->words[at].language, language))
            at++;
        for (size_t k = 0; t->n > 1 && k < 4; k++) {
            if (!str_eqz(t->v[0], names[k]) || at == LANGUAGES)
                continue;
            if (at == count)
                f->words[count++].language = language;
            struct dimension_words *w = &f->words[at];
            struct str *const into[] = {&w->name, &w->question, &w->low, &w->high};
            *into[k] = web__line(request_arena(r), t->v[1], 0);
        }
    }
    return true;
}

static void new_page(struct request *r)
{
    struct form f = {0};
    struct record record;
    load_own(r, request_query(r, "d"), &f, &record);
    answer_form(r, &f, NULL);
}

static bool is_short_name(struct str d)
{
    bool good = d.n > 0 && d.n <= 60;
    for (size_t i = 0; good && i < d.n; i++)
        good = (d.p[i] >= 'a' && d.p[i] <= 'z') || (d.p[i] >= '0' && d.p[i] <= '9') || (d.p[i] == '-' && i);
    return good;
}

static int check(const struct form *f, struct err *err)
{
    if (!is_short_name(f->d)) {
        err_set(err, ERR_INPUT, M("The short name has 1 to 60 of the letters a to z, digits and hyphens."));
        return ERR_INPUT;
    }
    for (int i = 0; i < LANGUAGES; i++) {
        const struct dimension_words *w = &f->words[i];
        bool any = w->name.n || w->question.n || w->low.n || w->high.n;
        if ((any || i == 0) && (!w->name.n || !w->question.n))
            return err_set(err, ERR_INPUT, M("Each language needs a name and a question."));
        if (w->name.n > 120 || w->question.n > 200 || w->low.n > 120 || w->high.n > 120)
            return err_set(err, ERR_LIMIT, M("A name, a question or a word for an end is too long."));
        for (int k = 0; any && k < i; k++)
            if (f->words[k].question.n && str_eq(f->words[k].language, w->language))
                return err_set(err, ERR_INPUT, M("The same language stands there twice."));
    }
    return 0;
}

static void new_sent(struct request *r)
{
    struct err err;
    struct form f = {.d = str_trim(request_form(r, "d"))}, before = {0};
    struct record record;
    struct dimension_words words[LANGUAGES];
    size_t n = 0;
    for (int i = 0; i < LANGUAGES; i++)
        f.words[i] = (struct dimension_words){field(r, "language", i), field(r, "name", i),
            field(r, "question", i), field(r, "low", i), field(r, "high", i)};
    bool known = load_own(r, f.d, &before, &record);
    f.editing = known;
    for (int i = 0; i < LANGUAGES; i++)
        if (f.words[i].question.n)
            words[n++] = f.words[i];
    int64_t now = request_now(r);
    if (known && record.created_at >= now && record.created_at - now < 240)
        now = record.created_at + 1;
    struct record_draft draft = {.arena = request_arena(r)};
    if (check(&f, &err) != 0 || rating_dimension_write(f.d, words, n, now, &draft, &err) != 0)
        answer_form(r, &f, &err);
    else
        answer_publish(
            r, &draft, STR("/dimensions"), M("It is published: things can be rated in this respect now."));
}

/* method, path, handler, permission, csrf, class, caching, max_body, help */
const struct route page_dimension_routes[] = {
    {"GET", "/dimensions", dimensions_page, ANYONE, CSRF_NONE, POOL, CACHE_PUBLIC, 0,
        "in which respects things can be rated, and who defined them"},
    {"GET", "/dimensions.json", dimensions_page, ANYONE, CSRF_NONE, POOL, CACHE_PUBLIC, 0,
        "the same as JSON"},
    {"GET", "/dimensions/new", new_page, SIGNED_IN, CSRF_NONE, POOL, CACHE_NEVER, 0,
        "defining another, or changing one's own (?d=)"},
    {"POST", "/dimensions/new", new_sent, SIGNED_IN, CSRF_FORM, POOL, CACHE_NEVER, 0, "publishes it"},
    {NULL},
};
