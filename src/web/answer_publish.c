/* answer_publish.c: how a handler's unsigned record gets its signature: from the keeper, after the password
 * again where the keeper wants it, or from the reader's own browser (NIP-07). What goes through the browser
 * comes back with a MAC, so that only what the node offered is published. */
#include "base/hex.h"
#include "templates.gen.h"
#include "web/account.h"
#include "web/inside.h"
#include "web/static.h"

/* A record as NIP-07's signEvent() takes it. One line. */
static void add_unsigned(const struct record *record, struct buf *json)
{
    buf_addf(
        json, "{\"kind\":%u,\"created_at\":%lld,\"tags\":[", record->kind, (long long)record->created_at);
    for (size_t i = 0; i < record->tag_count; i++) {
        buf_addz(json, i ? ",[" : "[");
        for (size_t k = 0; k < record->tags[i].n; k++) {
            if (k)
                buf_addc(json, ',');
            buf_add_json(json, record->tags[i].v[k]);
        }
        buf_addc(json, ']');
    }
    buf_addz(json, "],\"content\":");
    buf_add_json(json, record->content);
    buf_addc(json, '}');
}

/* All of them, with what stands between and, where timeless is set, without their date. */
static struct str unsigned_all(
    struct request *r, const struct record_draft *drafts, size_t n, char between, bool timeless)
{
    struct buf json _cleanup_buf_ = BUF_INIT;
    for (size_t i = 0; i < n; i++) {
        struct record record = drafts[i].r;
        if (timeless)
            record.created_at = 0;
        if (i)
            buf_addc(&json, between);
        add_unsigned(&record, &json);
    }
    return arena_str(request_arena(r), buf_str(&json));
}

static struct str hex_of(struct request *r, const uint8_t *bytes, size_t n)
{
    char hex[65];
    hex_encode(bytes, n < 32 ? n : 32, hex);
    return arena_str(request_arena(r), str_of(hex));
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

/* The ids, one behind the other: what the MAC holds the browser to. */
static struct str ids_of(struct request *r, const struct record *records, size_t n)
{
    struct buf all _cleanup_buf_ = BUF_INIT;
    for (size_t i = 0; i < n; i++)
        buf_adds(&all, hex_of(r, records[i].id.b, sizeof records[i].id.b));
    return arena_str(request_arena(r), buf_str(&all));
}

static void ask_browser(
    struct request *r, struct record_draft *drafts, size_t n, struct str after, const char *notice)
{
    struct record records[PUBLISH_MOST];
    for (size_t i = 0; i < n; i++) {
        drafts[i].r.pubkey = r->account.key;
        record_compute_id(&drafts[i].r, &drafts[i].r.id);
        records[i] = drafts[i].r;
    }
    struct view *view = view_create(request_arena(r));
    struct str json = unsigned_all(r, drafts, n, ',', false);
    carry(view, arena_printf(request_arena(r), "[%.*s]", STR_ARG(json)), after, notice,
        mac_text(r, "sign in browser", ids_of(r, records, n), after, str_of(notice ? notice : "")));
    view_str(view, "pubkey", hex_of(r, r->account.key.b, sizeof r->account.key.b));
    view_int(view, "records", (int64_t)n);
    view_bool(view, "several", n > 1);
    view_str(view, "script", str_of(static_address("own-key.js")));
    answer_page(r, 200, &template_sign_record, view, locale_message(r->locale, M("Sign with your own key")));
}

static void ask_password(struct request *r, const struct record_draft *drafts, size_t n, struct str after,
    const char *notice, struct str problem)
{
    struct str json = unsigned_all(r, drafts, n, '\n', true); /* dated anew when they are signed */
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

static void publish(
    struct request *r, struct record_draft *drafts, size_t n, struct str after, const char *notice)
{
    struct err err = {0};
    size_t done = 0;
    int code = 0;
    while (!code && done < n) {
        uint64_t seq = 0;
        code = node_publish(r->web->node, request_session(r), &drafts[done].r, done + 1 == n, &seq, &err);
        done += !code;
    }
    if (!code) {
        if (notice && *notice)
            answer_notice(r, notice);
        answer_redirect(r, after);
    } else if (wants_password(&err)) {
        ask_password(r, drafts + done, n - done, after, notice, (struct str){NULL, 0});
    } else if (!answer_session_ended(r, &err)) {
        if (done)
            err_kept(&err, M("What came before it is published."));
        answer_error(r, &err);
    }
}

void answer_publish_many(
    struct request *r, struct record_draft *drafts, size_t n, struct str after, const char *notice)
{
    struct err err = {0};
    const struct account *account = request_account(r);
    bool failed = n == 0 || n > PUBLISH_MOST;
    for (size_t i = 0; i < n && !failed; i++)
        failed = drafts[i].failed;
    if (!account) {
        err_set(&err, ERR_DENIED, M("You are not signed in any more, so this was not taken."));
        answer_error(r, &err);
    } else if (failed) {
        err_set(&err, ERR_LIMIT, M("That is more than one record can hold."));
        answer_error(r, &err);
    } else if (account->own_key) {
        ask_browser(r, drafts, n, after, notice);
    } else {
        publish(r, drafts, n, after, notice);
    }
}

void answer_publish(struct request *r, struct record_draft *draft, struct str after, const char *notice)
{
    answer_publish_many(r, draft, 1, after, notice);
}

/* ---- the forms that come back */

static void forged(struct request *r)
{
    answer_problem(r, 403, M("This is not what the node gave your browser to sign, so it was not published."),
        M("Go back and send the form again."));
}

/* POST /sign: what the browser signed, a record a line. */
void page_signed_record(struct request *r)
{
    struct err err = {0};
    struct str after = request_form(r, "after"), notice = request_form(r, "said"),
               rest = request_form(r, "signed"), line;
    struct store_item items[PUBLISH_MOST] = {0};
    struct record records[PUBLISH_MOST];
    size_t n = 0;
    bool foreign = !request_account(r)->own_key || !after.p || !notice.p || !rest.n;
    while (!foreign && str_cut(&rest, '\n', &line)) {
        if (n == PUBLISH_MOST) {
            foreign = true;
        } else if (record_parse(request_arena(r), line, &records[n], &err) ||
                   record_verify(&records[n], &err)) {
            answer_error(r, &err);
            return;
        } else {
            foreign = !pubkey_eq(&records[n].pubkey, &r->account.key);
            items[n].record = &records[n];
            n++;
        }
    }
    if (foreign || !mac_fits(request_form(r, "mac"),
                       mac_text(r, "sign in browser", ids_of(r, records, n), after, notice))) {
        forged(r);
        return;
    }
    int code = node_append(r->web->node, items, n, true, &err);
    for (size_t i = 0; i < n && !code; i++)
        if (items[i].verdict == STORE_REFUSED)
            code = err_set(&err, ERR_INPUT, "%s", items[i].reason);
    if (code) {
        answer_error(r, &err);
        return;
    }
    if (notice.n)
        answer_notice(r, arena_strz(request_arena(r), notice));
    answer_redirect(r, after);
}

/* The strict parser wants all seven fields; what stands under our MAC lacks three. */
static int parse_unsigned(struct request *r, struct str json, struct record_draft *out, struct err *err)
{
    struct buf whole _cleanup_buf_ = BUF_INIT;
    char zeros[129];
    memset(zeros, '0', 128);
    zeros[128] = 0;
    buf_adds(&whole, str_slice(json, 0, json.n ? json.n - 1 : 0));
    buf_addf(&whole, ",\"id\":\"%.64s\",\"pubkey\":\"%.64s\",\"sig\":\"%.128s\"}", zeros, zeros, zeros);
    *out = (struct record_draft){.arena = request_arena(r)};
    int code = record_parse(request_arena(r), arena_str(request_arena(r), buf_str(&whole)), &out->r, err);
    out->r.created_at = request_now(r);
    return code;
}

/* POST /confirm: the password, then the records are signed after all. */
void page_confirm(struct request *r)
{
    struct err err = {0};
    struct str json = request_form(r, "record"), after = request_form(r, "after"),
               notice = request_form(r, "said"), rest = json, line;
    if (request_account(r)->own_key || !json.p || !after.p || !notice.p ||
        !mac_fits(request_form(r, "mac"), mac_text(r, "sign after password", json, after, notice))) {
        forged(r);
        return;
    }
    struct record_draft drafts[PUBLISH_MOST];
    size_t n = 0;
    while (n < PUBLISH_MOST && str_cut(&rest, '\n', &line))
        if (parse_unsigned(r, line, &drafts[n++], &err)) {
            answer_error(r, &err);
            return;
        }
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
        ask_password(r, drafts, n, after, said, locale_message(r->locale, M("That is not your password.")));
    else if (code)
        answer_error(r, &err);
    else
        publish(r, drafts, n, after, said);
}
