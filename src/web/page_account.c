/* page_account.c: the account's pages: sign up, in and out, password, taking the key out, deleting. Signing
 * in with one's own key is page_own_key.c's. */
#include "base/log.h"
#include "news/news.h"
#include "rating/rating.h"
#include "templates.gen.h"
#include "web/account.h"
#include "web/inside.h"
#include "web/page.h"

#include <stdio.h>

static const char *text(struct request *r, const char *english)
{
    return locale_message(r->locale, english).p;
}

/* Where to go after signing in: an address of this node that the form carried along. */
struct str account_next(struct request *r)
{
    struct str next = request_method(r).p[0] == 'P' ? request_form(r, "next") : request_query(r, "next");
    return next.n && next.p[0] == '/' ? next : STR("/");
}

static void problem_of(struct request *r, struct view *view, const struct err *err)
{
    if (!err || !err->code)
        return;
    struct buf line _cleanup_buf_ = BUF_INIT;
    int64_t wait = wait_of(err);
    buf_adds(&line,
        locale_message(r->locale, wait ? M("That was too often from here in a short time.") : err->what));
    if (wait) {
        buf_addc(&line, ' ');
        add_wait(r, wait, &line);
    } else if (*err->todo) {
        buf_addz(&line, "; ");
        buf_adds(&line, locale_message(r->locale, err->todo));
    }
    view_str(view, "problem", arena_str(request_arena(r), buf_str(&line)));
}

static int status_of_problem(const struct err *err)
{
    if (!err || !err->code)
        return 200;
    return err->code == ERR_LIMIT ? 429 : err->code == ERR_BUSY ? 503 : err->code == ERR_DENIED ? 403 : 400;
}

/* The node itself failed, which is no fault of what was typed. */
static bool is_ours(const struct err *err)
{
    return err->code != ERR_INPUT && err->code != ERR_DENIED && err->code != ERR_EXISTS &&
           err->code != ERR_LIMIT && err->code != ERR_BUSY && err->code != ERR_NOT_FOUND;
}

static bool sign_up_open(const struct request *r)
{
    return strcmp(r->web->sign_up, "closed") != 0;
}

static bool by_invitation(const struct request *r)
{
    return !strcmp(r->web->sign_up, "invitation");
}

/* ---- sign in */

static void show_sign_in(struct request *r, const struct err *err)
{
    struct view *view = view_create(request_arena(r));
    view_str(view, "name", request_form(r, "name"));
    view_str(view, "next", account_next(r));
    view_bool(view, "sign_up", sign_up_open(r));
    view_bool(view, "at_account", true);
    view_bool(view, "noindex", true);
    problem_of(r, view, err);
    answer_page(r, status_of_problem(err), &template_sign_in, view, str_of(text(r, M("Sign in"))));
}

static void get_sign_in(struct request *r)
{
    if (request_account(r))
        answer_redirect(r, account_next(r));
    else
        show_sign_in(r, NULL);
}

/* The name under which others see what this person publishes: signed now, while the password is fresh, unless
 * the key has said already what it is called. Without it the articles carry the key's short form. */
static void publish_name(
    struct request *r, const struct keeper_session *session, const struct pubkey *key, struct str name)
{
    struct err err = {0};
    struct profile profile;
    struct record_draft draft = {.arena = request_arena(r)};
    uint64_t seq;
    if (!request_read(r) || news_profile(request_read(r), request_arena(r), key, &profile, &err) ||
        profile.name.n || profile.display_name.n)
        return;
    /* a minute back, so that what they say of themselves in the next second is newer */
    news_profile_write(name, STR(""), STR(""), request_now(r) - 60, &draft);
    if (node_publish(request_node(r), session, &draft.r, true, &seq, &err)) /* the next sign-in tries again */
        log_event(LOG_LEVEL_WARN, "web", "no-name", "error=%d", err.code);
}

/* Unlocks the key and begins a session with a new cookie. */
static int sign_in(struct request *r, struct str name, struct str password, struct err *err)
{
    struct keeper *keeper = node_keeper(request_node(r), err);
    if (!keeper)
        return err->code;
    struct keeper_session session;
    struct keeper_source source = {0};
    struct pubkey key;
    uint8_t device[KEEPER_DEVICE_BYTES];
    memcpy(source.address, r->client.b, sizeof source.address);
    if (session_device(r, device))
        source.device = device;
    int code = keeper_unlock_from(keeper, name, password, &source, &session, &key, device, err);
    if (!code)
        code = session_begin(r, &key, &session, device, err);
    if (!code)
        publish_name(r, &session, &key, name);
    explicit_bzero(&session, sizeof session);
    return code;
}

static void post_sign_in(struct request *r)
{
    struct err err = {0};
    if (!request_may_try(r, LIMIT_SIGN_IN))
        return;
    if (!sign_in(r, str_trim(request_form(r, "name")), request_form(r, "password"), &err)) {
        request_try_was_right(r, LIMIT_SIGN_IN);
        answer_notice(r, M("You are signed in."));
        answer_redirect(r, account_next(r));
    } else if (is_ours(&err)) {
        answer_error(r, &err);
    } else {
        if (err.code == ERR_DENIED || err.code == ERR_INPUT || err.code == ERR_NOT_FOUND)
            err_set(&err, ERR_DENIED, M("The name or the password is wrong."));
        show_sign_in(r, &err);
    }
}

/* What this node keeps in the browser beside cookies: texts not sent yet, pages kept for reading without a
 * connection. Whoever sits here next is perhaps somebody else. */
static void forget_in_browser(struct request *r)
{
    answer_header(r, "Clear-Site-Data", STR("\"storage\""));
}

static void post_sign_out(struct request *r)
{
    session_end(r);
    forget_in_browser(r);
    answer_notice(r, M("You are signed out."));
    answer_redirect(r, STR("/"));
}

/* ---- sign up */

static void show_sign_up(struct request *r, const struct err *err)
{
    struct view *view = view_create(request_arena(r));
    struct str invitation = request_form(r, "invitation");
    view_str(view, "name", request_form(r, "name"));
    view_str(view, "next", account_next(r));
    view_bool(view, "open", sign_up_open(r));
    view_bool(view, "by_invitation", by_invitation(r));
    view_str(view, "invitation", invitation.p ? invitation : request_query(r, "invitation"));
    view_bool(view, "at_account", true);
    view_bool(view, "noindex", true);
    problem_of(r, view, err);
    answer_page(r, status_of_problem(err), &template_sign_up, view, str_of(text(r, M("Make an account"))));
}

static void get_sign_up(struct request *r)
{
    show_sign_up(r, NULL);
}

int account_name_check(struct str name, struct err *err)
{
    bool good = name.n >= 1 && name.n <= 32;
    for (size_t i = 0; i < name.n; i++)
        good = good && name.p[i] && strchr("abcdefghijklmnopqrstuvwxyz0123456789-_.", name.p[i]);
    return good ? 0 : err_set(err, ERR_INPUT, M("A name has 1 to 32 of these: a to z, 0 to 9, - _ ."));
}

int account_may_sign_up(struct request *r, struct err *err)
{
    if (!sign_up_open(r))
        return err_set(err, ERR_DENIED, M("This node takes no new accounts."));
    if (!by_invitation(r))
        return 0;
    int code = node_invitation_use(request_node(r), str_trim(request_form(r, "invitation")), err);
    return code == ERR_DENIED ? err_set(err, code, M("This invitation is not known here, or has been used."))
                              : code;
}

void account_sign_up_failed(struct request *r)
{
    if (by_invitation(r))
        node_invitation_return(request_node(r), str_trim(request_form(r, "invitation")), NULL);
}

/* What was typed, before anything is done with it. */
static int check_sign_up(struct request *r, struct str name, struct str password, struct err *err)
{
    struct account taken;
    struct err ignored = {0};
    if (!sign_up_open(r))
        return err_set(err, ERR_DENIED, M("This node takes no new accounts."));
    int code = account_name_check(name, err);
    if (code)
        return code;
    if (password.n < 10 || password.n > 1024)
        return err_set(err, ERR_INPUT, M("A password has at least 10 characters."));
    if (!str_eq(password, request_form(r, "again")))
        return err_set(err, ERR_INPUT, M("The two passwords are not the same."));
    if (request_read(r) && !node_account_by_name(request_read(r), request_arena(r), name, &taken, &ignored))
        return err_set(err, ERR_EXISTS, M("That name is taken."));
    return 0;
}

static void post_sign_up(struct request *r)
{
    struct err err = {0};
    struct str name = str_trim(request_form(r, "name")), password = request_form(r, "password");
    struct pubkey key;
    int code = check_sign_up(r, name, password, &err);
    if (!code) {
        if (!request_may_try(r, LIMIT_SIGN_UP))
            return;
        code = account_may_sign_up(r, &err);
    }
    if (!code) {
        code = node_account_add(request_node(r), name, password, &key, &err);
        if (code)
            account_sign_up_failed(r);
    }
    if (code == ERR_EXISTS)
        err_set(&err, ERR_EXISTS, M("That name is taken."));
    if (code && is_ours(&err)) {
        answer_error(r, &err);
    } else if (code) {
        show_sign_up(r, &err);
    } else if (sign_in(r, name, password, &err)) {
        answer_redirect(r, STR("/sign-in"));
    } else {
        answer_notice(r, M("Your account is made and you are signed in."));
        answer_redirect(r, account_next(r));
    }
}

/* ---- the account */

static void account_values(struct request *r, struct view *view)
{
    struct buf npub _cleanup_buf_ = BUF_INIT;
    nip19_npub(&r->account.key, &npub);
    view_str(view, "name", r->account.name);
    view_str(view, "npub", arena_str(request_arena(r), buf_str(&npub)));
    view_bool(view, "own_key", r->account.own_key);
    view_bool(view, "at_account", true);
    view_bool(view, "noindex", true);
}

static void get_account(struct request *r)
{
    struct view *view = view_create(request_arena(r));
    account_values(r, view);
    view_date(view, "since", r->account.created_at, DATE_LONG);
    view_int(view, "sessions", session_count(r));
    answer_page(r, 200, &template_account, view, str_of(text(r, M("Your account"))));
}

static void post_sign_out_others(struct request *r)
{
    struct err err = {0};
    if (session_end_others(r, &err)) {
        answer_error(r, &err);
        return;
    }
    answer_notice(r, M("All other browsers are signed out."));
    answer_redirect(r, STR("/account"));
}

static void show_form(struct request *r, const struct template *t, const char *title, const struct err *err)
{
    struct view *view = view_create(request_arena(r));
    account_values(r, view);
    problem_of(r, view, err);
    answer_page(r, status_of_problem(err), t, view, locale_message(r->locale, title));
}

/* Wrong passwords look alike, whatever the keeper calls them. */
static bool is_for_the_form(struct request *r, struct err *err)
{
    if (answer_session_ended(r, err))
        return false;
    if (is_ours(err)) {
        answer_error(r, err);
        return false;
    }
    if (err->code == ERR_DENIED)
        err_set(err, ERR_DENIED, M("That is not your password."));
    return true;
}

static void show_problem(struct request *r, const struct template *t, const char *title, struct err *err)
{
    if (is_for_the_form(r, err))
        show_form(r, t, title, err);
}

#define TITLE_PASSWORD M("Change the password")
#define TITLE_KEY M("Take your key out")
#define TITLE_DELETE M("Delete the account")

static void get_password(struct request *r)
{
    show_form(r, &template_password, TITLE_PASSWORD, NULL);
}

static void post_password(struct request *r)
{
    struct err err = {0};
    struct str password = request_form(r, "password"), name = r->account.name;
    if (!request_may_try(r, LIMIT_SIGN_IN))
        return;
    if (r->account.own_key) {
        err_set(&err, ERR_INPUT, M("Your key is in your browser; this account has no password."));
    } else if (password.n < 10 || password.n > 1024) {
        err_set(&err, ERR_INPUT, M("A password has at least 10 characters."));
    } else if (!str_eq(password, request_form(r, "again"))) {
        err_set(&err, ERR_INPUT, M("The two passwords are not the same."));
    } else if (!node_account_password(request_node(r), name, request_form(r, "old"), password, &err)) {
        session_end_others(r, &err);
        if (sign_in(r, name, password, &err)) { /* the change ended this session as well */
            answer_redirect(r, STR("/sign-in"));
            return;
        }
        answer_notice(r, M("Your password is changed, and all other browsers are signed out."));
        answer_redirect(r, STR("/account"));
        return;
    }
    show_problem(r, &template_password, TITLE_PASSWORD, &err);
}

static void get_key(struct request *r)
{
    show_form(r, &template_export_key, TITLE_KEY, NULL);
}

static void post_key(struct request *r)
{
    struct err err = {0};
    struct str export_password = request_form(r, "export_password");
    struct buf key _cleanup_buf_ = BUF_INIT;
    if (!request_may_try(r, LIMIT_SIGN_IN))
        return;
    struct keeper *keeper = node_keeper(request_node(r), &err);
    if (!keeper)
        answer_error(r, &err);
    else if (r->account.own_key)
        show_form(r, &template_export_key, TITLE_KEY, NULL);
    else if (export_password.n < 10 || export_password.n > 1024) {
        err_set(&err, ERR_INPUT, M("A password has at least 10 characters."));
        show_form(r, &template_export_key, TITLE_KEY, &err);
    } else if (!str_eq(export_password, request_form(r, "again"))) {
        err_set(&err, ERR_INPUT, M("The two passwords are not the same."));
        show_form(r, &template_export_key, TITLE_KEY, &err);
    } else if (keeper_export(
                   keeper, r->account.name, request_form(r, "password"), export_password, &key, &err)) {
        show_problem(r, &template_export_key, TITLE_KEY, &err);
    } else {
        struct view *view = view_create(request_arena(r));
        account_values(r, view);
        view_str(view, "ncryptsec", buf_str(&key));
        answer_page(r, 200, &template_export_key, view, locale_message(r->locale, TITLE_KEY));
    }
}

/* ---- deleting */

static void delete_form(struct request *r, const struct err *err)
{
    struct pubkey opinion;
    struct view *view = view_create(request_arena(r));
    account_values(r, view);
    problem_of(r, view, err);
    view_bool(view, "has_opinions", node_opinion_key(request_read(r), &r->account.key, &opinion, NULL) == 0);
    answer_page(
        r, status_of_problem(err), &template_delete_account, view, locale_message(r->locale, TITLE_DELETE));
}

static void get_delete(struct request *r)
{
    delete_form(r, NULL);
}

/* NIP-62: this node is asked to forget all that the key has signed. One without an address of its own cannot
 * be named but by all. */
static void make_vanish(struct request *r, struct record_draft *draft)
{
    record_draft_init(draft, request_arena(r), KIND_VANISH, request_now(r));
    record_draft_tag(draft, "relay", *r->web->url ? r->web->url : "ALL_RELAYS", NULL);
    record_draft_content(draft, STR(""));
}

static void remove_account(struct request *r)
{
    struct err err = {0};
    struct str name = arena_str(request_arena(r), r->account.name);
    bool erase = str_eqz(request_form(r, "opinions"), "erase");
    const char *erase_at = *r->web->url ? r->web->url : "ALL_RELAYS";
    if (web__draft_remove_all(r, &err) ||
        trust_private_keep(node_store(request_node(r)), &r->account.key, NULL, 0, &err) ||
        node_opinion_leave(request_node(r), &r->account.key, erase ? erase_at : NULL, &err)) {
        answer_error(r, &err);
        return;
    }
    session_end_others(r, &err);
    session_end(r);
    err = (struct err){0};
    if (node_account_remove(request_node(r), name, &err)) {
        answer_error(r, &err);
        return;
    }
    forget_in_browser(r);
    answer_notice(r, M("Your account is deleted."));
    answer_redirect(r, STR("/"));
}

static void post_delete(struct request *r)
{
    struct err err = {0};
    bool vanish = request_form(r, "vanish").n > 0;
    if (!request_may_try(r, LIMIT_SIGN_IN))
        return;
    if (!str_eq(str_trim(request_form(r, "name")), r->account.name)) {
        err_set(&err, ERR_INPUT, M("That is not the name of this account."));
        delete_form(r, &err);
        return;
    }
    struct record_draft draft;
    if (r->account.own_key) {
        if (vanish) { /* the browser signs it; then this form is sent again without the wish */
            make_vanish(r, &draft);
            answer_publish(r, &draft, STR("/account/delete"),
                M("What you published is being erased here. Delete the account now."));
            return;
        }
        remove_account(r);
        return;
    }
    struct keeper *keeper = node_keeper(request_node(r), &err);
    uint64_t seq;
    if (!keeper) {
        answer_error(r, &err);
        return;
    }
    int code = keeper_confirm(keeper, request_session(r), r->account.name, request_form(r, "password"), &err);
    if (!code && vanish) {
        make_vanish(r, &draft);
        code = node_publish(request_node(r), request_session(r), &draft.r, true, &seq, &err);
        if (code) {
            answer_error(r, &err);
            return;
        }
    }
    if (!code)
        remove_account(r);
    else if (is_for_the_form(r, &err))
        delete_form(r, &err);
}

#define BIG_FORM ((size_t)1 << 20)

/* method, path, handler, permission, csrf, class, caching, max_body, help */
const struct route page_account_routes[] = {
    {"GET", "/sign-in", get_sign_in, ANYONE, CSRF_NONE, POOL, CACHE_NEVER, 0,
        "Sign in with name and password."},
    {"POST", "/sign-in", post_sign_in, ANYONE, CSRF_FORM, POOL, CACHE_NEVER, 0, "Sign in."},
    {"POST", "/sign-out", post_sign_out, ANYONE, CSRF_FORM, POOL, CACHE_NEVER, 0,
        "Sign out, in the keeper as well."},
    {"GET", "/sign-up", get_sign_up, ANYONE, CSRF_NONE, POOL, CACHE_NEVER, 0, "Make an account."},
    {"POST", "/sign-up", post_sign_up, ANYONE, CSRF_FORM, POOL, CACHE_NEVER, 0, "Make an account."},
    {"GET", "/account", get_account, SIGNED_IN, CSRF_NONE, POOL, CACHE_NEVER, 0,
        "What the account is and what it can do."},
    {"POST", "/account/sign-out-others", post_sign_out_others, SIGNED_IN, CSRF_FORM, POOL, CACHE_NEVER, 0,
        "End the sessions of all other browsers."},
    {"GET", "/account/password", get_password, SIGNED_IN, CSRF_NONE, POOL, CACHE_NEVER, 0,
        "Change the password."},
    {"POST", "/account/password", post_password, SIGNED_IN, CSRF_FORM, POOL, CACHE_NEVER, 0,
        "Change the password."},
    {"GET", "/account/key", get_key, SIGNED_IN, CSRF_NONE, POOL, CACHE_NEVER, 0,
        "Take the key out (NIP-49)."},
    {"POST", "/account/key", post_key, SIGNED_IN, CSRF_FORM, POOL, CACHE_NEVER, 0,
        "Show the key, encrypted (NIP-49)."},
    {"GET", "/account/delete", get_delete, SIGNED_IN, CSRF_NONE, POOL, CACHE_NEVER, 0, "Delete the account."},
    {"POST", "/account/delete", post_delete, SIGNED_IN, CSRF_FORM, POOL, CACHE_NEVER, 0,
        "Delete the account and its key."},
    {"POST", "/sign", page_signed_record, SIGNED_IN, CSRF_FORM, POOL, CACHE_NEVER, BIG_FORM,
        "A record that the browser signed (NIP-07)."},
    {"POST", "/confirm", page_confirm, SIGNED_IN, CSRF_FORM, POOL, CACHE_NEVER, BIG_FORM,
        "The password again, for records that want it."},
    {NULL},
};
