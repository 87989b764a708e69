/* page_account.c: the pages of an account that is there: password, taking the key out, other browsers,
 * deleting. */
#include "news/news.h"
#include "templates.gen.h"
#include "web/account.h"
#include "web/inside.h"

void account_problem(struct request *r, struct view *view, const struct err *err)
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

int account_problem_status(const struct err *err)
{
    if (!err || !err->code)
        return 200;
    return err->code == ERR_LIMIT ? 429 : err->code == ERR_BUSY ? 503 : err->code == ERR_DENIED ? 403 : 400;
}

/* The node itself failed, which is no fault of what was typed. */
bool account_problem_is_ours(const struct err *err)
{
    return err->code != ERR_INPUT && err->code != ERR_DENIED && err->code != ERR_EXISTS &&
           err->code != ERR_LIMIT && err->code != ERR_BUSY && err->code != ERR_NOT_FOUND;
}

/* What this node keeps in the browser beside cookies: texts not sent yet, pages kept for reading without a
 * connection. Whoever sits here next is perhaps somebody else. */
void account_forget_in_browser(struct request *r)
{
    answer_header(r, "Clear-Site-Data", STR("\"storage\""));
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
    answer_page(r, 200, &template_account, view, locale_message(r->locale, M("Your account")));
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
    account_problem(r, view, err);
    answer_page(r, account_problem_status(err), t, view, locale_message(r->locale, title));
}

/* Wrong passwords look alike, whatever the keeper calls them. */
static bool is_for_the_form(struct request *r, struct err *err)
{
    if (answer_session_ended(r, err))
        return false;
    if (account_problem_is_ours(err)) {
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
    } else if (!account_password_check(password, request_form(r, "again"), &err) &&
               !node_account_password(request_node(r), name, request_form(r, "old"), password, &err)) {
        session_end_others(r, &err);
        if (account_sign_in(r, name, password, &err)) { /* the change ended this session as well */
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
    else if (account_password_check(export_password, request_form(r, "again"), &err)) {
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
    account_problem(r, view, err);
    view_bool(view, "has_opinions", node_opinion_key(request_read(r), &r->account.key, &opinion, NULL) == 0);
    answer_page(r, account_problem_status(err), &template_delete_account, view,
        locale_message(r->locale, TITLE_DELETE));
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
    int code = erase ? node_opinion_leave(request_node(r), &r->account.key, erase_at, &err) : 0;
    if (code) {
        answer_error(r, &err);
        return;
    }
    session_end(r);
    if (node_account_remove(request_node(r), name, &err)) {
        answer_error(r, &err);
        return;
    }
    account_forget_in_browser(r);
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
