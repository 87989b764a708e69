/* page_own_key.c: signing in with a key that only the browser's extension holds (NIP-07), and making an
 * account for one. */
#include "templates.gen.h"
#include "web/account.h"
#include "web/challenge.h"
#include "web/inside.h"
#include "web/static.h"

static struct str own_address(struct request *r)
{
    struct str origin = request_origin(r);
    return arena_printf(request_arena(r), "%.*s/sign-in/key", STR_ARG(origin));
}

static void show(struct request *r, int status, const char *problem, bool new_here)
{
    uint8_t cookie[16];
    char challenge[CHALLENGE_CHARS + 1];
    form_cookie_set(r);
    if (!form_cookie_bytes(r, cookie))
        return;
    challenge_make(r->web, cookie, request_now(r), challenge);
    struct view *view = view_create(request_arena(r));
    view_str(view, "challenge", arena_str(request_arena(r), str_of(challenge)));
    view_str(view, "address", own_address(r));
    view_str(view, "next", account_next(r));
    view_str(view, "name", request_form(r, "name"));
    view_str(view, "script", str_of(static_address("own-key.js")));
    view_bool(view, "new_here", new_here);
    view_bool(view, "by_invitation", !strcmp(r->web->sign_up, "invitation"));
    view_bool(view, "at_account", true);
    view_bool(view, "noindex", true);
    if (problem)
        view_str(view, "problem", locale_message(r->locale, problem));
    r->one_reader = true;
    answer_page(
        r, status, &template_own_key, view, locale_message(r->locale, M("Sign in with your own key")));
}

static void get_own_key(struct request *r)
{
    if (request_account(r))
        answer_redirect(r, account_next(r));
    else
        show(r, 200, NULL, false);
}

/* A key that has no account here yet gets one, by the name in the form. */
static int add_account(struct request *r, const struct pubkey *key, bool *new_here, struct err *err)
{
    struct str name = str_trim(request_form(r, "name"));
    struct account taken;
    *new_here = true;
    if (!name.n)
        return err_set(err, ERR_INPUT, M("This key has no account here yet. Choose a name to make one."));
    int code = account_name_check(name, err);
    if (code)
        return code;
    if (request_read(r) && !node_account_by_name(request_read(r), request_arena(r), name, &taken, err))
        return err_set(err, ERR_EXISTS, M("That name is taken."));
    *err = (struct err){0};
    if (request_wait(r, LIMIT_SIGN_UP))
        return err_set(err, ERR_LIMIT, M("That was too often from here in a short time."));
    code = account_may_sign_up(r, err);
    if (code)
        return code;
    code = node_account_add_own_key(request_node(r), name, key, err);
    if (code)
        account_sign_up_failed(r);
    return code;
}

static void post_own_key(struct request *r)
{
    struct err err = {0};
    struct record record;
    struct account account;
    uint8_t cookie[16];
    bool new_here = false;
    if (request_wait(r, LIMIT_SIGN_IN)) {
        show(r, 429, M("That was too often from here in a short time."), false);
        return;
    }
    char *address = arena_strz(request_arena(r), own_address(r));
    int code = form_cookie_bytes(r, cookie)
                   ? record_parse(request_arena(r), request_form(r, "signed"), &record, &err)
                   : err_set(&err, ERR_DENIED, M("Cookies of this site must be allowed."));
    if (code == ERR_INPUT)
        err_set(&err, ERR_INPUT,
            M("Nothing signed arrived. This needs JavaScript and a key extension in the browser."));
    if (!code)
        code = challenge_check(r->web, &record, address, cookie, request_now(r), &err);
    if (!code) {
        code = request_read(r)
                   ? node_account_by_key(request_read(r), request_arena(r), &record.pubkey, &account, &err)
                   : ERR_IO;
        if (code == ERR_NOT_FOUND)
            code = add_account(r, &record.pubkey, &new_here, &err);
        else if (!code && !account.own_key)
            code = err_set(
                &err, ERR_DENIED, M("The key of this account is on the node: sign in with the password."));
    }
    if (!code)
        code = session_begin(r, &record.pubkey, NULL, NULL, &err);
    if (!code) {
        answer_notice(r, M("You are signed in."));
        answer_redirect(r, account_next(r));
    } else if (code == ERR_INPUT || code == ERR_DENIED || code == ERR_EXISTS || code == ERR_LIMIT) {
        show(r, code == ERR_DENIED ? 403 : code == ERR_LIMIT ? 429 : 400, err.what, new_here);
    } else {
        answer_error(r, &err);
    }
}

/* method, path, handler, permission, csrf, class, caching, max_body, help */
const struct route page_own_key_routes[] = {
    {"GET", "/sign-in/key", get_own_key, ANYONE, CSRF_NONE, POOL, CACHE_NEVER, 0,
        "Sign in with one's own key (NIP-07)."},
    {"POST", "/sign-in/key", post_own_key, ANYONE, CSRF_FORM, POOL, CACHE_NEVER, 0,
        "Sign in with one's own key (NIP-07)."},
    {NULL},
};
