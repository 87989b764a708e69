/* page_sign_in.c: the ways in and out: signing in with a password, signing out, making an account with a new
 * key or one that was brought along. Signing in with a key in the browser is page_own_key.c's. */
#include "base/hex.h"
#include "base/log.h"
#include "news/news.h"
#include "templates.gen.h"
#include "web/account.h"
#include "web/inside.h"
#include "web/page.h"

/* Where to go after signing in: an address of this node that the form carried along. */
struct str account_next(struct request *r)
{
    struct str next = request_method(r).p[0] == 'P' ? request_form(r, "next") : request_query(r, "next");
    return next.n && next.p[0] == '/' ? next : STR("/");
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
    account_problem(r, view, err);
    answer_page(
        r, account_problem_status(err), &template_sign_in, view, locale_message(r->locale, M("Sign in")));
}

static void get_sign_in(struct request *r)
{
    if (request_account(r))
        answer_redirect(r, account_next(r));
    else
        show_sign_in(r, NULL);
}

/* The name under which others see what this person publishes: signed now, while the password is fresh, unless
 * the key has said already what it is called, or may have said so elsewhere. Without it the articles carry
 * the key's short form. */
static void publish_name(
    struct request *r, const struct keeper_session *session, const struct pubkey *key, struct str name)
{
    struct err err = {0};
    struct profile profile;
    struct record_draft draft = {.arena = request_arena(r)};
    struct account account;
    uint64_t seq;
    store_read_end(r->read); /* the account may be newer than what was read */
    r->read = NULL;
    if (!request_read(r) || node_account_by_key(r->read, request_arena(r), key, &account, &err) ||
        account.brought || news_profile(request_read(r), request_arena(r), key, &profile, &err) ||
        profile.name.n || profile.display_name.n)
        return;
    /* a minute back, so that what they say of themselves in the next second is newer */
    news_profile_write(name, STR(""), STR(""), request_now(r) - 60, &draft);
    if (node_publish(request_node(r), session, &draft.r, true, &seq, &err)) /* the next sign-in tries again */
        log_event(LOG_LEVEL_WARN, "web", "no-name", "error=%d", err.code);
}

/* Unlocks the key and begins a session with a new cookie. */
int account_sign_in(struct request *r, struct str name, struct str password, struct err *err)
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
    if (!account_sign_in(r, str_trim(request_form(r, "name")), request_form(r, "password"), &err)) {
        request_try_was_right(r, LIMIT_SIGN_IN);
        answer_notice(r, M("You are signed in."));
        answer_redirect(r, account_next(r));
    } else if (account_problem_is_ours(&err)) {
        answer_error(r, &err);
    } else {
        if (err.code == ERR_DENIED || err.code == ERR_INPUT || err.code == ERR_NOT_FOUND)
            err_set(&err, ERR_DENIED, M("The name or the password is wrong."));
        show_sign_in(r, &err);
    }
}

static void post_sign_out(struct request *r)
{
    session_end(r);
    account_forget_in_browser(r);
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
    view_bool(view, "brings_key", request_form(r, "key").n > 0);
    view_bool(view, "by_invitation", by_invitation(r));
    view_str(view, "invitation", invitation.p ? invitation : request_query(r, "invitation"));
    view_bool(view, "at_account", true);
    view_bool(view, "noindex", true);
    account_problem(r, view, err);
    answer_page(r, account_problem_status(err), &template_sign_up, view,
        locale_message(r->locale, M("Make an account")));
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

int account_password_check(struct str password, struct str again, struct err *err)
{
    if (password.n < 10)
        return err_set(err, ERR_INPUT, M("A password has at least 10 characters."));
    if (password.n > 1024)
        return err_set(err, ERR_INPUT, M("This password is too long. Four or five words are enough."));
    if (!str_eq(password, again))
        return err_set(err, ERR_INPUT, M("The two passwords are not the same."));
    return 0;
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

#define MOST_ROUNDS 18 /* of the scrypt that opens a key: 2^18 take 256 MiB and about a second */

/* A key that was brought, as far as it can be judged without its password: the keeper says the rest. */
static int check_brought_key(struct str text, struct err *err)
{
    struct buf data _cleanup_wipe_ = BUF_INIT;
    char hrp[16];
    buf_reserve(&data, 1024);
    bool whole = text.n <= 1000 && bech32_decode(text, hrp, sizeof hrp, &data);
    if (!whole || (strcmp(hrp, "nsec") && strcmp(hrp, "ncryptsec")))
        return err_set(err, ERR_INPUT, M("The key is neither a whole ncryptsec1… nor a whole nsec1…."));
    if (!strcmp(hrp, "ncryptsec") && data.n > 1 && (uint8_t)data.p[1] > MOST_ROUNDS)
        return err_set(err, ERR_INPUT,
            M("Opening this key takes more memory than this page may use. Encrypt it with fewer rounds."));
    return 0;
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
    code = account_password_check(password, request_form(r, "again"), err);
    if (code)
        return code;
    if (request_read(r) && !node_account_by_name(request_read(r), request_arena(r), name, &taken, &ignored))
        return err_set(err, ERR_EXISTS, M("That name is taken."));
    struct str brought = str_trim(request_form(r, "key"));
    return brought.n ? check_brought_key(brought, err) : 0;
}

static int make_account(struct request *r, struct str name, struct str password, struct err *err)
{
    struct pubkey key;
    struct str brought = str_trim(request_form(r, "key")), opener = request_form(r, "key_password");
    int code = brought.n ? node_account_bring(request_node(r), name, password, brought, opener, &key, err)
                         : node_account_add(request_node(r), name, password, &key, err);
    if (code == ERR_DENIED && brought.n)
        err_set(err, code, M("That password does not open the key."));
    else if (code == ERR_EXISTS) /* that the name is free was seen just before */
        err_set(err, code, brought.n ? M("This key has an account here already.") : M("That name is taken."));
    return code;
}

static void post_sign_up(struct request *r)
{
    struct err err = {0};
    struct str name = str_trim(request_form(r, "name")), password = request_form(r, "password");
    int code = check_sign_up(r, name, password, &err);
    if (!code) {
        if (!request_may_try(r, LIMIT_SIGN_UP))
            return;
        code = account_may_sign_up(r, &err);
    }
    if (!code) {
        code = make_account(r, name, password, &err);
        if (code)
            account_sign_up_failed(r);
    }
    if (code && account_problem_is_ours(&err)) {
        answer_error(r, &err);
    } else if (code) {
        show_sign_up(r, &err);
    } else if (account_sign_in(r, name, password, &err)) {
        answer_redirect(r, STR("/sign-in"));
    } else {
        answer_notice(r, M("Your account is made and you are signed in."));
        answer_redirect(r, account_next(r));
    }
}

/* method, path, handler, permission, csrf, class, caching, max_body, help */
const struct route page_sign_in_routes[] = {
    {"GET", "/sign-in", get_sign_in, ANYONE, CSRF_NONE, POOL, CACHE_NEVER, 0,
        "Sign in with name and password."},
    {"POST", "/sign-in", post_sign_in, ANYONE, CSRF_FORM, POOL, CACHE_NEVER, 0, "Sign in."},
    {"POST", "/sign-out", post_sign_out, ANYONE, CSRF_FORM, POOL, CACHE_NEVER, 0,
        "Sign out, in the keeper as well."},
    {"GET", "/sign-up", get_sign_up, ANYONE, CSRF_NONE, POOL, CACHE_NEVER, 0, "Make an account."},
    {"POST", "/sign-up", post_sign_up, ANYONE, CSRF_FORM, POOL, CACHE_NEVER, 0, "Make an account."},
    {NULL},
};
