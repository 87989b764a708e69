/* answer_publish.c: how a handler's unsigned record gets its signature: from the keeper, after the password
 * again where the keeper wants it, or from the reader's own browser (NIP-07). What goes through the browser
 * comes back with a MAC, so that only what the node offered is published. */
#include "base/hex.h"
#include "templates.gen.h"
#include "web/account.h"
#include "web/inside.h"
#include "web/static.h"

/* The record as NIP-07's signEvent() takes it, with the key that is to sign. */
static struct str unsigned_json(struct request *r, const struct record *record)
{
    struct buf json _cleanup_buf_ = BUF_INIT;
    buf_addf(
        &json, "{\"kind\":%u,\"created_at\":%lld,\"tags\":[", record->kind, (long long)record->created_at);
    for (size_t i = 0; i < record->tag_count; i++) {
        buf_addz(&json, i ? ",[" : "[");
        for (size_t k = 0; k < record->tags[i].n; k++) {
            if (k)
                buf_addc(&json, ',');
            buf_add_json(&json, record->tags[i].v[k]);
        }
        buf_addc(&json, ']');
    }
    buf_addz(&json, "],\"content\":");
    buf_add_json(&json, record->content);
    buf_addc(&json, '}');
    return arena_str(request_arena(r), buf_str(&json));
}

static struct str mac_text(struct request *r, const char *what, struct str a, struct str b, struct str c)
{
    uint8_t mac[32];
    char hex[65];
    struct str parts[] = {{(char *)r->session_csrf, sizeof r->session_csrf}, a, b, c};
    web_mac(r->web->secret, what, parts, 4, mac);
    hex_encode(mac, sizeof mac, hex);
    return arena_str(request_arena(r), str_of(hex));
}

static bool mac_fits(struct str got, struct str wanted)
{
    unsigned differ = got.n != wanted.n;
    for (size_t i = 0; i < wanted.n && i < got.n; i++)
        differ |= (unsigned char)(got.p[i] ^ wanted.p[i]);
    return !differ;
}

/* What both ways carry: where to go and what to say there. */
static void carry(struct view *view, struct str record, struct str after, const char *notice, struct str mac)
{
    view_str(view, "record", record);
    view_str(view, "after", after);
    view_str(view, "said", str_of(notice ? notice : ""));
    view_str(view, "mac", mac);
    view_bool(view, "noindex", true);
}

static void ask_browser(struct request *r, struct record_draft *draft, struct str after, const char *notice)
{
    draft->r.pubkey = r->account.key;
    struct record_id id;
    record_compute_id(&draft->r, &id);
    char hex[65], key[65];
    hex_encode(id.b, sizeof id.b, hex);
    hex_encode(r->account.key.b, sizeof r->account.key.b, key);
    struct view *view = view_create(request_arena(r));
    carry(view, unsigned_json(r, &draft->r), after, notice,
        mac_text(r, "sign in browser", str_of(hex), after, str_of(notice ? notice : "")));
    view_str(view, "pubkey", arena_str(request_arena(r), str_of(key)));
    view_str(view, "script", str_of(static_address("own-key.js")));
    answer_page(r, 200, &template_sign_record, view, locale_message(r->locale, M("Sign with your own key")));
}

static void ask_password(
    struct request *r, const struct record *record, struct str after, const char *notice, struct str problem)
{
    struct record timeless = *record;
    timeless.created_at = 0; /* given anew when it is signed */
    struct str json = unsigned_json(r, &timeless);
    struct view *view = view_create(request_arena(r));
    carry(view, json, after, notice,
        mac_text(r, "sign after password", json, after, str_of(notice ? notice : "")));
    view_str(view, "problem", problem);
    view_str(view, "name", r->account.name);
    answer_page(r, problem.n ? 403 : 200, &template_confirm, view,
        locale_message(r->locale, M("Your password again")));
}

static bool wants_password(const struct err *err)
{
    return err->code == ERR_DENIED && strstr(err->todo, "password again");
}

bool answer_session_ended(struct request *r, const struct err *err)
{
    if (err->code != ERR_DENIED || !strstr(err->todo, "sign in again"))
        return false;
    session_end(r);
    answer_problem(r, 403, M("You are not signed in any more, so this was not taken."),
        M("Sign in in another tab, then come back to this page and send it again: your browser still holds "
          "what you wrote."));
    return true;
}

static void publish(struct request *r, struct record *record, struct str after, const char *notice)
{
    struct err err = {0};
    uint64_t seq = 0;
    int code = node_publish(r->web->node, request_session(r), record, true, &seq, &err);
    if (!code) {
        if (notice && *notice)
            answer_notice(r, notice);
        answer_redirect(r, after);
    } else if (wants_password(&err)) {
        ask_password(r, record, after, notice, (struct str){NULL, 0});
    } else if (!answer_session_ended(r, &err)) {
        answer_error(r, &err);
    }
}

void answer_publish(struct request *r, struct record_draft *draft, struct str after, const char *notice)
{
    struct err err = {0};
    const struct account *account = request_account(r);
    if (!account) {
        err_set(&err, ERR_DENIED, M("You are not signed in any more, so this was not taken."));
        answer_error(r, &err);
    } else if (draft->failed) {
        err_set(&err, ERR_LIMIT, M("That is more than one record can hold."));
        answer_error(r, &err);
    } else if (account->own_key) {
        ask_browser(r, draft, after, notice);
    } else {
        publish(r, &draft->r, after, notice);
    }
}

/* ---- the forms that come back */

static void forged(struct request *r)
{
    answer_problem(r, 403, M("This is not what the node gave your browser to sign, so it was not published."),
        M("Go back and send the form again."));
}

/* POST /sign: the browser's signed record. */
void page_signed_record(struct request *r)
{
    struct err err = {0};
    struct str after = request_form(r, "after"), notice = request_form(r, "said");
    struct store_item item = {0};
    struct record record;
    if (!request_account(r)->own_key || !after.p || !notice.p) {
        forged(r);
        return;
    }
    if (record_parse(request_arena(r), request_form(r, "signed"), &record, &err) ||
        record_verify(&record, &err)) {
        answer_error(r, &err);
        return;
    }
    char hex[65];
    hex_encode(record.id.b, sizeof record.id.b, hex);
    if (!pubkey_eq(&record.pubkey, &r->account.key) ||
        !mac_fits(request_form(r, "mac"), mac_text(r, "sign in browser", str_of(hex), after, notice))) {
        forged(r);
        return;
    }
    item.record = &record;
    int code = node_append(r->web->node, &item, 1, true, &err);
    if (!code && item.verdict == STORE_REFUSED)
        code = err_set(&err, ERR_INPUT, "%s", item.reason);
    if (code) {
        answer_error(r, &err);
        return;
    }
    if (notice.n)
        answer_notice(r, arena_strz(request_arena(r), notice));
    answer_redirect(r, after);
}

/* POST /confirm: the password, then the record is signed after all. */
void page_confirm(struct request *r)
{
    struct err err = {0};
    struct str json = request_form(r, "record"), after = request_form(r, "after"),
               notice = request_form(r, "said");
    if (request_account(r)->own_key || !json.p || !after.p || !notice.p ||
        !mac_fits(request_form(r, "mac"), mac_text(r, "sign after password", json, after, notice))) {
        forged(r);
        return;
    }
    /* The strict parser wants all seven fields; what was signed by our MAC lacks three. */
    struct buf whole _cleanup_buf_ = BUF_INIT;
    char zeros[129];
    memset(zeros, '0', 128);
    zeros[128] = 0;
    buf_adds(&whole, str_slice(json, 0, json.n - 1));
    buf_addf(&whole, ",\"id\":\"%.64s\",\"pubkey\":\"%.64s\",\"sig\":\"%.128s\"}", zeros, zeros, zeros);
    struct record record;
    if (record_parse(request_arena(r), buf_str(&whole), &record, &err)) {
        answer_error(r, &err);
        return;
    }
    record.created_at = request_now(r);
    struct keeper *keeper = node_keeper(r->web->node, &err);
    const char *said = arena_strz(request_arena(r), notice);
    if (!request_may_try(r, LIMIT_SIGN_IN))
        return;
    int code = keeper ? keeper_confirm(
                            keeper, request_session(r), r->account.name, request_form(r, "password"), &err)
                      : err.code;
    if (code && answer_session_ended(r, &err))
        return;
    if (code == ERR_DENIED)
        ask_password(r, &record, after, said, locale_message(r->locale, M("That is not your password.")));
    else if (code)
        answer_error(r, &err);
    else
        publish(r, &record, after, said);
}
