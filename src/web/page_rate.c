/* page_rate.c: giving a rating, changing it, taking it back and confirming it for a text that has changed;
 * and, apart from one's name, saying what one agrees with. */
#include "templates.gen.h"
#include "web/pages.h"
#include "web/rate.h"

#include <stdio.h>

#define REASON_BYTES 280 /* as rating_write() takes it */
#define MOST_SHOWN 24    /* dimensions on one form; a page lists all */

/* Everything the page on one thing is made from. */
struct rate_page {
    struct rated rated;
    struct dimension *dimensions;
    size_t n;
    struct rating_mark_shown *own;
    size_t own_count;
    const char *problem;
    int status;
};

static struct str name_of(const struct dimension *d)
{
    return d->shipped ? d->name : d->coordinate;
}

static const struct rating_mark_shown *own_mark(const struct rate_page *p, const struct dimension *d)
{
    for (size_t i = 0; i < p->own_count; i++)
        if (str_eq(p->own[i].dimension, name_of(d)))
            return &p->own[i];
    return NULL;
}

static bool load_page(struct request *r, struct rate_page *p)
{
    struct err err;
    struct arena *arena = request_arena(r);
    struct str version = request_query(r, "v");
    *p = (struct rate_page){.status = 200};
    if (!web__rated_load(r, &p->rated) || (version.n && !web__rated_revision(r, &p->rated, version)))
        return false;
    if (rating_dimensions(request_read(r), arena, str_of(locale_code(request_locale(r))), &p->dimensions,
            &p->n, &err) == 0 &&
        rating_marks_by(request_read(r), arena, p->rated.coordinate, &request_account(r)->key, 1, &p->own,
            &p->own_count, &err) == 0)
        return true;
    answer_error(r, &err);
    return false;
}

/* ---- the form */

static void dimension_form(struct request *r, struct view *v, const struct rate_page *p,
    const struct dimension *d, const struct rating_mark_shown *mark)
{
    struct arena *arena = request_arena(r);
    char field[8];
    web__dimension_view(r, v, d);
    snprintf(field, sizeof field, "v%u", d->number);
    view_str(v, "field", arena_str(arena, str_of(field)));
    struct str asked = request_form(r, field);
    uint64_t hundredths;
    int chosen = mark ? (int)web__rating_step(mark->value) : -1;
    if (p->problem && asked.p) /* what was sent stays in the form */
        chosen = str_to_u64(asked, 100, &hundredths)
                     ? (int)web__rating_step((uint16_t)(hundredths * (RATING_SCALE / 100)))
                     : -1;
    snprintf(field, sizeof field, "r%u", d->number);
    view_str(v, "reason_field", arena_str(arena, str_of(field)));
    struct str reason = p->problem ? request_form(r, field) : mark ? mark->reason : (struct str){"", 0};
    view_str(v, "reason", web__line(arena, reason, REASON_BYTES));
    view_bool(v, "behind", mark && mark->behind);
    struct dimension_text words = web__dimension_text(r, d);
    web__steps_view(v, chosen, words.low, words.high);
}

static bool is_agree(const struct dimension *d)
{
    return d->shipped && d->number == DIMENSION_AGREE;
}

/* ---- what one agrees with: three places where it can be */

struct opinion {
    bool mine;    /* one's own text: there is nothing to ask */
    bool in_open; /* said under one's own name */
    bool waits;   /* the choice, or its withdrawal, is still on this node */
    bool taking_back;
    bool has_left;
    int step; /* 1 … RATING_STEPS, −1: none */
    uint16_t value;
};

static void load_opinion(struct request *r, const struct rate_page *p, struct opinion *out)
{
    struct err err;
    struct arena *arena = request_arena(r);
    struct record waiting;
    struct pubkey key;
    const struct pubkey *me = &request_account(r)->key;
    *out = (struct opinion){.step = -1, .mine = pubkey_eq(me, &p->rated.target.author)};
    for (size_t i = 0; i < p->own_count; i++)
        if (str_eqz(p->own[i].dimension, "agree")) {
            out->in_open = true;
            out->value = p->own[i].value;
            out->step = (int)web__rating_step(out->value);
            return;
        }
    struct rating_mark_shown *left;
    size_t n;
    if (node_opinion_key(request_read(r), me, &key, &err) == 0 &&
        rating_marks_by(request_read(r), arena, p->rated.coordinate, &key, 1, &left, &n, &err) == 0 && n) {
        out->has_left = true;
        out->value = left[0].value;
        out->step = (int)web__rating_step(out->value);
    }
    if (node_opinion_waiting(
            request_read(r), arena, me, web__opinion_subject(r, &p->rated), &waiting, &err) != 0)
        return;
    out->waits = true;
    out->taking_back = waiting.kind == KIND_DELETION;
    out->step = -1;
    if (!out->taking_back && rating_value_parse(record_tag_value(&waiting, "rating"), &out->value))
        out->step = (int)web__rating_step(out->value);
}

static void opinion_view(struct request *r, struct view *v, const struct rate_page *p)
{
    struct opinion o;
    const struct dimension *agree = web__dimension_named(p->dimensions, p->n, STR("agree"));
    if (!agree)
        return;
    struct dimension_text words = web__dimension_text(r, agree);
    load_opinion(r, p, &o);
    view_bool(v, "has_agree", true);
    view_str(v, "agree_question", words.question);
    view_bool(v, "agree_mine", o.mine);
    view_bool(v, "agree_in_open", o.in_open);
    view_bool(v, "agree_waits", o.waits && !o.taking_back);
    view_bool(v, "agree_going_back", o.waits && o.taking_back);
    view_bool(v, "agree_left", o.has_left && !o.waits);
    view_bool(v, "agree_chosen", o.step > 0);
    view_int(v, "agree_hours", config_int(node_config(request_node(r)), "opinions", "delay"));
    view_str(v, "agree_link", arena_printf(request_arena(r), "%.*s/agree", STR_ARG(p->rated.base)));
    struct view *steps = view_map(v, "agree");
    view_str(steps, "field", STR("v"));
    web__steps_view(steps, o.step, words.low, words.high);
}

/* ---- the page */

static void answer_rate_page(struct request *r, const struct rate_page *p)
{
    struct arena *arena = request_arena(r);
    struct view *v = view_create(arena);
    const struct rated *rated = &p->rated;
    struct str hex = web__id_hex(arena, &rated->target.revision);
    bool behind = false, more = false;
    size_t shown = 0;
    for (size_t i = 0; i < p->n; i++) {
        const struct rating_mark_shown *mark = own_mark(p, &p->dimensions[i]);
        if (is_agree(&p->dimensions[i]))
            continue;
        if (shown == MOST_SHOWN && !mark) {
            more = true;
            continue;
        }
        behind = behind || (mark && mark->behind);
        struct view *item = view_item(
            v, p->dimensions[i].shipped || mark ? "dimensions" : "other_dimensions");
        dimension_form(r, item, p, &p->dimensions[i], mark);
        view_bool(v, "has_others", !p->dimensions[i].shipped && !mark);
        shown++;
    }
    view_str(v, "headline", rated->title);
    web__content_view(v, rated->language);
    view_str(v, "link", rated->base);
    view_str(v, "revision", hex);
    view_bool(v, "old_revision", !record_id_eq(&rated->target.revision, &rated->current));
    view_bool(v, "behind_some", behind);
    view_bool(v, "more_dimensions", more);
    if (behind && rated->is_article) {
        struct record_id from = rated->target.revision;
        for (size_t i = 0; i < p->own_count; i++)
            if (p->own[i].behind)
                from = p->own[i].revision;
        struct str from_hex = web__id_hex(arena, &from), to = web__id_hex(arena, &rated->current);
        struct store_found known;
        bool there = store_get(request_read(r), arena, &from, &known, NULL) == 0;
        view_str(v, "diff_link",
            there ? arena_printf(arena, "%.*s/diff?from=%.*s&to=%.*s", STR_ARG(rated->base),
                        STR_ARG(from_hex), STR_ARG(to))
                  : (struct str){"", 0});
        view_str(v, "present", to);
    }
    view_str(v, "action", arena_printf(arena, "%.*s/rate", STR_ARG(rated->base)));
    view_str(v, "ratings_link", arena_printf(arena, "%.*s/ratings", STR_ARG(rated->base)));
    web__panels_view(r, v, rated);
    opinion_view(r, v, p);
    view_bool(v, "noindex", true);
    if (p->problem)
        view_str(v, "problem", locale_message(request_locale(r), p->problem));
    answer_page(r, p->status, &template_rate, v, locale_message(request_locale(r), M("Rate")));
}

static void rate_page(struct request *r)
{
    struct rate_page p;
    if (load_page(r, &p))
        answer_rate_page(r, &p);
}

static void again(struct request *r, struct rate_page *p, const char *problem)
{
    p->problem = problem;
    p->status = 422;
    answer_rate_page(r, p);
}

/* ---- what is sent */

/* Two records of one address must not have one date: of those the lower id would win, not the later. */
static int64_t after_date(int64_t now, int64_t before)
{
    int64_t ahead = before - now;
    return ahead >= 0 && ahead < 240 ? before + 1 : now;
}

static int last_date(void *ctx, const struct store_found *f)
{
    int64_t *date = ctx;
    if (f->record.created_at > *date)
        *date = f->record.created_at;
    return 0;
}

/* When this address was last taken back, or 0: a rating of the same second would be taken back with it. */
static int64_t taken_back_at(struct request *r, const struct record *rating)
{
    struct buf address _cleanup_buf_ = BUF_INIT;
    int64_t date = 0;
    record_address(rating, &address);
    struct str value = buf_str(&address);
    uint32_t kind = KIND_DELETION;
    struct pubkey author = rating->pubkey;
    struct filter_tag tag = {'a', &value, 1};
    struct filter filter = {.authors = &author,
        .author_count = 1,
        .has_authors = true,
        .kinds = &kind,
        .kind_count = 1,
        .has_kinds = true,
        .tags = &tag,
        .tag_count = 1,
        .until = INT64_MAX,
        .limit = 1};
    store_query(request_read(r), &filter, 1, STORE_PARSE, last_date, &date, NULL);
    return date;
}

static int write_rating(struct request *r, const struct rated *rated, struct str dimension, uint16_t value,
    struct str reason, const struct rating_mark_shown *before, struct record_draft *out, struct err *err)
{
    int64_t now = request_now(r);
    struct rating_draft d = {
        .target = rated->target, .dimension = dimension, .value = value, .reason = reason};
    *out = (struct record_draft){.arena = request_arena(r)};
    int code = rating_write(&d, before ? after_date(now, before->created_at) : now, out, err);
    if (code)
        return code;
    out->r.pubkey = request_account(r)->key;
    if (!before)
        out->r.created_at = after_date(now, taken_back_at(r, &out->r));
    return 0;
}

/* What the form says of one dimension: a record to publish, or nothing where all is as it was. False: it is
 * wrong. */
static bool take_one(
    struct request *r, struct rate_page *p, const struct dimension *d, struct record_draft *drafts, size_t *n)
{
    char field[8];
    struct err err;
    const struct rating_mark_shown *mark = own_mark(p, d);
    snprintf(field, sizeof field, "v%u", d->number);
    struct str asked = request_form(r, field);
    snprintf(field, sizeof field, "r%u", d->number);
    struct str reason = web__line(request_arena(r), request_form(r, field), 0);
    uint64_t hundredths = 0;
    if (!asked.p || (!asked.n && !mark)) /* not in this form, or not rated before and now */
        return true;
    if (asked.n && !str_to_u64(asked, 100, &hundredths)) {
        again(r, p, M("A rating is one of the steps that the form shows."));
        return false;
    }
    if (reason.n > REASON_BYTES) {
        again(r, p, M("A reason is one sentence: it is longer than there is room for."));
        return false;
    }
    uint16_t value = (uint16_t)(hundredths * (RATING_SCALE / 100));
    if (asked.n && mark && web__rating_step(mark->value) == web__rating_step(value) &&
        str_eq(reason, web__line(request_arena(r), mark->reason, 0)))
        return true;
    if (*n == PUBLISH_MOST) {
        again(r, p, M("That is more at once than one form can hold. Rate in fewer respects first."));
        return false;
    }
    drafts[*n] = (struct record_draft){.arena = request_arena(r)};
    int code = asked.n ? write_rating(r, &p->rated, name_of(d), value, reason, mark, &drafts[*n], &err)
                       : rating_withdraw_write(&p->rated.target, name_of(d), &request_account(r)->key,
                             after_date(request_now(r), mark->created_at - 1), &drafts[*n], &err);
    if (code) {
        answer_error(r, &err);
        return false;
    }
    ++*n;
    return true;
}

static void confirm(struct request *r, struct rate_page *p)
{
    struct err err;
    struct record_draft drafts[PUBLISH_MOST];
    size_t n = 0;
    for (size_t i = 0; i < p->own_count && n < PUBLISH_MOST; i++) {
        const struct rating_mark_shown *m = &p->own[i];
        if (m->behind &&
            write_rating(r, &p->rated, m->dimension, m->value, m->reason, m, &drafts[n++], &err) != 0) {
            answer_error(r, &err);
            return;
        }
    }
    if (n)
        answer_publish_many(r, drafts, n, p->rated.base, M("Your rating now holds for the present text."));
    else
        answer_redirect(r, p->rated.base);
}

static void rate_sent(struct request *r)
{
    struct rate_page p;
    struct record_draft drafts[PUBLISH_MOST];
    size_t n = 0;
    if (!load_page(r, &p) || !web__rated_revision(r, &p.rated, request_form(r, "revision")))
        return;
    if (str_eqz(request_form(r, "do"), "confirm")) {
        confirm(r, &p);
        return;
    }
    for (size_t i = 0; i < p.n; i++)
        if (!is_agree(&p.dimensions[i]) && !take_one(r, &p, &p.dimensions[i], drafts, &n))
            return;
    if (n)
        answer_publish_many(r, drafts, n, p.rated.base, M("Your rating is published."));
    else
        again(r, &p, M("Nothing is chosen that was not so before."));
}

/* ---- what one agrees with */

static void opinion_failed(struct request *r, struct err *err)
{
    if (err->code == ERR_LIMIT) {
        err_set(err, ERR_LIMIT,
            M("So many of your choices wait to leave this node that there is no room for more."));
        err_todo(err, M("Come back tomorrow, when they have left."));
    }
    answer_error(r, err);
}

static void keep_opinion(struct request *r, struct rate_page *p, uint16_t value)
{
    struct err err;
    struct record_draft draft;
    if (write_rating(r, &p->rated, STR("agree"), value, STR(""), NULL, &draft, &err) != 0 ||
        node_opinion_put(request_node(r), &request_account(r)->key, web__opinion_subject(r, &p->rated),
            &draft.r, &err) != 0) {
        opinion_failed(r, &err);
        return;
    }
    answer_notice(r, M("Kept. It leaves this node later, under a key that nothing public links to you."));
    answer_redirect(r, p->rated.base);
}

static void take_opinion_back(struct request *r, const struct rate_page *p, const struct opinion *o)
{
    struct err err;
    struct record_draft draft = {.arena = request_arena(r)};
    struct pubkey key;
    const struct pubkey *me = &request_account(r)->key;
    struct str subject = web__opinion_subject(r, &p->rated);
    int code = 0;
    if (o->has_left)
        code = node_opinion_key(request_read(r), me, &key, &err);
    if (!code && o->has_left)
        code = rating_withdraw_write(&p->rated.target, STR("agree"), &key, request_now(r), &draft, &err);
    if (!code)
        code = o->has_left ? node_opinion_put(request_node(r), me, subject, &draft.r, &err)
                           : node_opinion_drop(request_node(r), me, subject, &err);
    if (code) {
        answer_error(r, &err);
        return;
    }
    answer_notice(r, o->has_left ? M("It is taken back, later and under the same key as it was said.")
                                 : M("It is forgotten; it had not left this node."));
    answer_redirect(r, p->rated.base);
}

static void say_openly(struct request *r, struct rate_page *p, uint16_t value)
{
    struct err err;
    struct record_draft draft;
    const struct rating_mark_shown *mark = NULL;
    for (size_t i = 0; i < p->own_count; i++)
        if (str_eqz(p->own[i].dimension, "agree"))
            mark = &p->own[i];
    if (write_rating(r, &p->rated, STR("agree"), value, STR(""), mark, &draft, &err) != 0 ||
        node_opinion_drop(
            request_node(r), &request_account(r)->key, web__opinion_subject(r, &p->rated), &err) != 0)
        answer_error(r, &err);
    else
        answer_publish(r, &draft, p->rated.base, M("Your position is published under your name."));
}

static void unsay_openly(struct request *r, struct rate_page *p)
{
    struct err err;
    struct record_draft draft = {.arena = request_arena(r)};
    int64_t before = 0;
    for (size_t i = 0; i < p->own_count; i++)
        if (str_eqz(p->own[i].dimension, "agree"))
            before = p->own[i].created_at;
    if (rating_withdraw_write(&p->rated.target, STR("agree"), &request_account(r)->key,
            after_date(request_now(r), before - 1), &draft, &err) != 0)
        answer_error(r, &err);
    else
        answer_publish(r, &draft, p->rated.base, M("A request to delete what you said is published."));
}

static void agree_sent(struct request *r)
{
    struct rate_page p;
    struct opinion o;
    uint64_t hundredths = 0;
    if (!load_page(r, &p) || !web__rated_revision(r, &p.rated, request_form(r, "revision")))
        return;
    load_opinion(r, &p, &o);
    struct str asked = request_form(r, "v"), what = request_form(r, "do");
    bool back = str_eqz(what, "back"), openly = str_eqz(what, "openly");
    if (o.mine) {
        again(r, &p, M("It is your own text: whether you share its position is plain."));
    } else if (back) {
        if (o.in_open)
            unsay_openly(r, &p);
        else
            take_opinion_back(r, &p, &o);
    } else if (!asked.n || !str_to_u64(asked, 100, &hundredths)) {
        again(r, &p, M("Choose one of the steps first."));
    } else if (openly && o.has_left) {
        again(r, &p,
            M("You have said it under the key apart from your name. Take that back first and wait until it "
              "has "
              "left, or you would count twice and show whose key it is."));
    } else if (!openly && o.in_open) {
        again(r, &p, M("You have said it under your name. Take that back first, or you would count twice."));
    } else if (openly) {
        say_openly(r, &p, (uint16_t)(hundredths * (RATING_SCALE / 100)));
    } else {
        keep_opinion(r, &p, (uint16_t)(hundredths * (RATING_SCALE / 100)));
    }
}

/* Where the thing that waits has its page: its article's, or an event's. */
static void subject_view(struct request *r, struct view *v, struct str subject)
{
    struct arena *arena = request_arena(r);
    struct address address;
    struct news_item item;
    struct record_id id;
    char code[NEWS_CODE_CHARS + 1];
    struct str coordinate = str_ends(subject, STR("#agree")) ? str_slice(subject, 0, subject.n - 6) : subject;
    view_str(v, "headline", web__line(arena, coordinate, 80));
    if (web__id_from_hex(coordinate, &id))
        view_str(v, "link", arena_printf(arena, "/e/%.*s/rate#agree", STR_ARG(coordinate)));
    if (!address_parse(coordinate, &address))
        return;
    news_article_code(&address, code);
    if (news_item_by_code(request_read(r), arena, str_of(code), &item, NULL) != 0)
        return;
    view_str(v, "headline", web__line(arena, item.title, 200));
    view_str(v, "link", web__article_link(arena, item.code, "/rate#agree"));
}

static void opinions_page(struct request *r)
{
    struct err err;
    struct opinion_waiting *list;
    size_t n;
    if (node_opinions(request_read(r), request_arena(r), &request_account(r)->key, &list, &n, &err) != 0) {
        answer_error(r, &err);
        return;
    }
    struct view *v = view_create(request_arena(r));
    view_bool(v, "has_items", n > 0);
    for (size_t i = 0; i < n; i++) {
        struct view *item = view_item(v, "items");
        uint16_t value = 0;
        bool rated = rating_value_parse(record_tag_value(&list[i].record, "rating"), &value);
        view_bool(item, "going_back", !rated);
        view_int(item, "step", web__rating_step(value));
        subject_view(r, item, list[i].subject);
    }
    view_bool(v, "at_me", true);
    view_bool(v, "noindex", true);
    answer_page(
        r, 200, &template_opinions, v, locale_message(request_locale(r), M("What waits to leave this node")));
}

/* What saying it under one's name means, and the form for it. */
static void agree_page(struct request *r)
{
    struct rate_page p;
    if (!load_page(r, &p))
        return;
    struct view *v = view_create(request_arena(r));
    view_str(v, "headline", p.rated.title);
    web__content_view(v, p.rated.language);
    view_str(v, "link", p.rated.base);
    view_str(v, "revision", web__id_hex(request_arena(r), &p.rated.target.revision));
    view_str(v, "rate_link", arena_printf(request_arena(r), "%.*s/rate", STR_ARG(p.rated.base)));
    opinion_view(r, v, &p);
    view_bool(v, "noindex", true);
    answer_page(r, 200, &template_agree, v,
        locale_message(request_locale(r), M("Say under your name what you agree with")));
}

/* method, path, handler, permission, csrf, class, caching, max_body, help */
const struct route page_rate_routes[] = {
    {"GET", "/r/{code}/rate", rate_page, SIGNED_IN, CSRF_NONE, POOL, CACHE_NEVER, 0,
        "rating an article, or the version ?v= names"},
    {"POST", "/r/{code}/rate", rate_sent, SIGNED_IN, CSRF_FORM, POOL, CACHE_NEVER, 0,
        "rates it, changes or takes back what was rated, confirms it for a changed text"},
    {"GET", "/r/{code}/agree", agree_page, SIGNED_IN, CSRF_NONE, POOL, CACHE_NEVER, 0,
        "what it means to say under one's name what one agrees with"},
    {"POST", "/r/{code}/agree", agree_sent, SIGNED_IN, CSRF_FORM, POOL, CACHE_NEVER, 0,
        "keeps what one agrees with, to leave later under the opinion key; or says it openly"},
    {"GET", "/me/opinions", opinions_page, SIGNED_IN, CSRF_NONE, POOL, CACHE_NEVER, 0,
        "what one agrees with and has not left the node yet"},
    {"GET", "/e/{id}/rate", rate_page, SIGNED_IN, CSRF_NONE, POOL, CACHE_NEVER, 0,
        "rating a comment or another record"},
    {"POST", "/e/{id}/rate", rate_sent, SIGNED_IN, CSRF_FORM, POOL, CACHE_NEVER, 0, "rates it"},
    {"GET", "/e/{id}/agree", agree_page, SIGNED_IN, CSRF_NONE, POOL, CACHE_NEVER, 0,
        "the same of a comment or another record"},
    {"POST", "/e/{id}/agree", agree_sent, SIGNED_IN, CSRF_FORM, POOL, CACHE_NEVER, 0, "the same"},
    {NULL},
};
