/* account.c: tests signing up, in and out, passwords, taking the key out, deleting, one's own key, CSRF. */
#include "base/hex.h"
#include "news/news.h"
#include "site.h"

#include <stdlib.h>

#define NAME "ana"
#define PASSWORD "correct horse battery"

static struct str sign_up(struct reader *r, const char *name)
{
    return reader_post(
        r, "/sign-up", "/sign-up", "name", name, "password", PASSWORD, "again", PASSWORD, NULL);
}

static bool signed_in(struct reader *r)
{
    return answer_status(reader_get(r, "/account")) == 200;
}

static void makes_accounts(void **state)
{
    struct site s;
    site_open(&s, NULL);
    struct reader r = {.site = &s}, other = {.site = &s};
    char long_password[1100] = "";
    memset(long_password, 'p', sizeof long_password - 1);
    const struct {
        const char *name, *password, *again, *problem;
    } refused[] = {
        {NAME, long_password, long_password, "too long"},
        {"Ana", PASSWORD, PASSWORD, "A name has 1 to 32"},
        {"", PASSWORD, PASSWORD, "A name has 1 to 32"},
        {"<script>", PASSWORD, PASSWORD, "A name has 1 to 32"},
        {NAME, "short", "short", "at least 10"},
        {NAME, PASSWORD, "another horse here", "not the same"},
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct str answer = reader_post(&r, "/sign-up", "/sign-up", "name", refused[i].name, "password",
            refused[i].password, "again", refused[i].again, NULL);
        assert_int_equal(answer_status(answer), 400);
        assert_has(answer, refused[i].problem);
        assert_hasnt(answer, PASSWORD);
        assert_hasnt(answer, "<script>");
    }
    assert_false(signed_in(&r));
    struct str answer = sign_up(&r, NAME);
    assert_int_equal(answer_status(answer), 303);
    assert_has(answer, "; HttpOnly");
    assert_has(answer, "SameSite=Lax");
    assert_hasnt(answer, "; Secure"); /* no TLS here */
    answer = reader_get(&r, "/account");
    assert_int_equal(answer_status(answer), 200);
    assert_has(answer, "Your account is made and you are signed in.");
    assert_hasnt(reader_get(&r, "/account"), "Your account is made"); /* once */
    assert_has(reader_get(&r, "/account"), "npub1");
    struct str npub = between(reader_get(&r, "/account"), "npub1", "<");
    assert_true(npub.n >= 58);
    const char *author = arena_printf(s.arena, "/by/npub1%.58s", npub.p).p;
    assert_has(reader_get(&r, author), ">" NAME "<"); /* what others see beside the articles */
    assert_piece(answer_header_of(reader_get(&r, "/account"), "Cache-Control"), "private, no-store");
    answer = sign_up(&other, NAME);
    assert_int_equal(answer_status(answer), 400);
    assert_has(answer, "That name is taken.");
    reader_finish(&r);
    reader_finish(&other);
    site_close(&s);
}

static void signs_in_and_out(void **state)
{
    struct site s;
    site_open(&s, NULL);
    struct reader r = {.site = &s}, thief = {.site = &s};
    sign_up(&r, NAME);
    struct str before = arena_str(s.arena, buf_str(&r.cookies));
    struct str answer = reader_post(&r, "/account", "/sign-out", NULL);
    assert_int_equal(answer_status(answer), 303);
    assert_false(signed_in(&r));
    buf_adds(&thief.cookies, before); /* a cookie that was copied is worth nothing afterwards */
    assert_false(signed_in(&thief));
    answer = reader_get(&r, "/account");
    assert_piece(answer_header_of(answer, "Location"), "/sign-in?next=%2Faccount");
    answer = reader_post(&r, "/sign-in", "/sign-in", "name", NAME, "password", "not this one, no", NULL);
    assert_int_equal(answer_status(answer), 403);
    struct str nobody = reader_post(&r, "/sign-in", "/sign-in", "name", "nobody", "password", PASSWORD, NULL);
    assert_int_equal(answer_status(nobody), 403);
    assert_has(answer, "The name or the password is wrong.");
    assert_has(nobody, "The name or the password is wrong.");
    answer = reader_post(
        &r, "/sign-in", "/sign-in", "name", NAME, "password", PASSWORD, "next", "//evil.example", NULL);
    assert_piece(answer_header_of(answer, "Location"), "/"); /* only pages of this node */
    assert_true(signed_in(&r));
    struct str cookies = buf_str(&r.cookies);
    char session_name[40];
    snprintf(session_name, sizeof session_name, "widenet-session-%d=", s.port);
    struct str first = arena_str(s.arena, between(cookies, session_name, ";"));
    answer = reader_post(&r, "/account", "/sign-out", NULL);
    reader_post(&r, "/sign-in", "/sign-in", "name", NAME, "password", PASSWORD, NULL);
    assert_false(str_eq(first, between(buf_str(&r.cookies), session_name, ";"))); /* a new one each time */
    reader_finish(&r);
    reader_finish(&thief);
    site_close(&s);
}

static void refuses_forms_of_others(void **state)
{
    struct site s;
    site_open(&s, NULL);
    struct reader r = {.site = &s}, other = {.site = &s};
    sign_up(&r, NAME);
    struct str token = between(reader_get(&other, "/sign-in"), "name=\"csrf\" value=\"", "\"");
    struct str own = between(reader_get(&r, "/account"), "name=\"csrf\" value=\"", "\"");
    char *foreign = arena_strz(s.arena, token), *good = arena_strz(s.arena, own);
    static const char *const bad_headers[] = {"Origin: http://evil.example\r\n", "Origin: null\r\n",
        "Sec-Fetch-Site: cross-site\r\n", "Sec-Fetch-Site: same-site\r\n"};
    assert_int_equal(answer_status(reader_post(&r, NULL, "/sign-out", NULL)), 403);
    assert_int_equal(answer_status(reader_post(&r, NULL, "/sign-out", "csrf", "", NULL)), 403);
    assert_int_equal(answer_status(reader_post(&other, NULL, "/sign-out", "csrf", good, NULL)), 403);
    /* the harness writes an empty token first, so its own way in is used for a stranger's */
    struct str answer = site_raw(&s,
        arena_printf(s.arena,
            "POST /sign-out HTTP/1.1\r\nHost: @HOST\r\nConnection: close\r\nCookie: %.*s\r\nContent-Type: "
            "application/x-www-form-urlencoded\r\nContent-Length: %zu\r\n\r\ncsrf=%s",
            STR_ARG(buf_str(&r.cookies)), strlen(foreign) + 5, foreign)
            .p);
    assert_int_equal(answer_status(answer), 403);
    for (size_t i = 0; i < sizeof bad_headers / sizeof *bad_headers; i++) {
        r.headers = bad_headers[i];
        assert_int_equal(answer_status(reader_post(&r, "/account", "/sign-out", NULL)), 403);
    }
    r.headers = "Content-Type: text/plain\r\n"; /* twice a content type */
    assert_int_equal(answer_status(reader_post(&r, "/account", "/sign-out", NULL)), 400);
    r.headers =
        arena_printf(s.arena, "Origin: http://127.0.0.1:%d\r\nSec-Fetch-Site: same-origin\r\n", s.port).p;
    assert_true(signed_in(&r));
    assert_int_equal(answer_status(reader_post(&r, "/account", "/sign-out", NULL)), 303);
    assert_false(signed_in(&r));
    reader_finish(&r);
    reader_finish(&other);
    site_close(&s);
}

static void changes_the_password(void **state)
{
    struct site s;
    site_open(&s, NULL);
    struct reader r = {.site = &s}, elsewhere = {.site = &s};
    sign_up(&r, NAME);
    reader_post(&elsewhere, "/sign-in", "/sign-in", "name", NAME, "password", PASSWORD, NULL);
    assert_true(signed_in(&elsewhere));
    assert_has(reader_get(&r, "/account"), "in 2 browsers");
    struct str answer = reader_post(&r, "/account/password", "/account/password", "old", "wrong wrong wrong",
        "password", "a new one, longer", "again", "a new one, longer", NULL);
    assert_int_equal(answer_status(answer), 403);
    assert_has(answer, "That is not your password.");
    answer = reader_post(&r, "/account/password", "/account/password", "old", PASSWORD, "password",
        "a new one, longer", "again", "a new one, longer", NULL);
    assert_int_equal(answer_status(answer), 303);
    assert_true(signed_in(&r));
    assert_false(signed_in(&elsewhere));
    reader_post(&elsewhere, "/sign-in", "/sign-in", "name", NAME, "password", PASSWORD, NULL);
    assert_false(signed_in(&elsewhere));
    reader_post(&elsewhere, "/sign-in", "/sign-in", "name", NAME, "password", "a new one, longer", NULL);
    assert_true(signed_in(&elsewhere));
    reader_post(&r, "/account", "/account/sign-out-others", NULL);
    assert_false(signed_in(&elsewhere));
    assert_true(signed_in(&r));
    reader_finish(&r);
    reader_finish(&elsewhere);
    site_close(&s);
}

static void notices_that_the_session_has_ended(void **state)
{
    struct site s;
    struct err err = {0};
    site_open(&s, NULL);
    struct reader r = {.site = &s};
    sign_up(&r, NAME);
    char *draft = arena_strz(s.arena, between(reader_get(&r, "/write"), "name=\"draft\" value=\"", "\""));
    /* the operator's command, say */
    assert_int_equal(
        node_account_password(s.node, STR(NAME), STR(PASSWORD), STR("a new one, longer"), &err), 0);
    struct str answer = reader_post(&r, "/write", "/write", "draft", draft, "title", "Not lost", "text",
        "A text.", "license", "CC0-1.0", "do", "publish", NULL);
    assert_int_equal(answer_status(answer), 403);
    assert_has(answer, "not signed in any more");
    assert_has(reader_get(&r, "/sign-in"), "name=\"password\"");
    reader_post(&r, "/sign-in", "/sign-in", "name", NAME, "password", "a new one, longer", NULL);
    assert_has(reader_get(&r, "/me"), "Not lost"); /* the draft is kept */
    reader_finish(&r);
    site_close(&s);
}

static void gives_the_key_and_deletes(void **state)
{
    struct site s;
    site_open(&s, NULL);
    struct reader r = {.site = &s};
    sign_up(&r, NAME);
    struct str answer = reader_post(&r, "/account/key", "/account/key", "password", "wrong wrong wrong",
        "export_password", "export password", "again", "export password", NULL);
    assert_int_equal(answer_status(answer), 403);
    assert_hasnt(answer, "ncryptsec1");
    answer = reader_post(&r, "/account/key", "/account/key", "password", PASSWORD, "export_password",
        "export password", "again", "export password", NULL);
    assert_int_equal(answer_status(answer), 200);
    assert_has(answer, "ncryptsec1");
    assert_piece(answer_header_of(answer, "Cache-Control"), "private, no-store");
    answer = reader_post(&r, "/account/delete", "/account/delete", "name", "bob", "password", PASSWORD, NULL);
    assert_has(answer, "That is not the name of this account.");
    answer = reader_post(
        &r, "/account/delete", "/account/delete", "name", NAME, "password", "wrong wrong wrong", NULL);
    assert_int_equal(answer_status(answer), 403);
    assert_true(signed_in(&r));
    char *draft = arena_strz(s.arena, between(reader_get(&r, "/write"), "name=\"draft\" value=\"", "\""));
    answer = reader_post(&r, "/write", "/write", "draft", draft, "title", "Soon forgotten", "text", "A text.",
        "license", "CC0-1.0", "do", "publish", NULL);
    assert_has(answer, "HTTP/1.1 303");
    assert_has(reader_get(&r, "/"), "Soon forgotten");
    answer = reader_post(
        &r, "/account/delete", "/account/delete", "name", NAME, "password", PASSWORD, "vanish", "1", NULL);
    assert_int_equal(answer_status(answer), 303);
    assert_false(signed_in(&r));
    reader_post(&r, "/sign-in", "/sign-in", "name", NAME, "password", PASSWORD, NULL);
    assert_false(signed_in(&r));
    assert_hasnt(reader_get(&r, "/"), "Soon forgotten");
    reader_finish(&r);
    site_close(&s);
}

#define NSEC "nsec1qypqxpq9qcrsszg2pvxq6rs0zqg3yyc5z5tpwxqergd3c8g7rusqpqcc2y"
#define NPUB "npub1sjlh2c3x9w7kjsqg2ay080n2lff2uvt325vpan33ke34rn8l5jcqawh57m"
/* made by nostr-tools: the same key under "for the road", with more rounds than a page may use */
#define ENCRYPTED_HARD                                                                                       \
    "ncryptsec1qgfu447n8e2jdn3dt3w73fjx469waup5ha7520mj9nnrzxugsz8g0xqh8gmzl9g78j7q9lwdhvfe6kkqtgrud5sv0fdx" \
    "2flldch8za9mqvapfresvpmd2p7fzxhx2tq9zkyhz20v807as3duug2xcgtm"

static struct str bring(struct reader *r, const char *name, const char *key, const char *key_password)
{
    return reader_post(r, "/sign-up", "/sign-up", "name", name, "password", PASSWORD, "again", PASSWORD,
        "key", key, "key_password", key_password, NULL);
}

static void takes_a_key_that_is_brought(void **state)
{
    struct site s;
    struct err err = {0};
    site_open(&s, NULL);
    struct reader r = {.site = &s}, other = {.site = &s};
    const struct {
        const char *key, *password, *problem;
        int status;
    } refused[] = {
        {"nsec1nonsense", "", "neither a whole ncryptsec1", 400},
        {NPUB, "", "neither a whole ncryptsec1", 400},
        {ENCRYPTED_HARD, "for the road", "fewer rounds", 400},
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct str answer = bring(&r, NAME, refused[i].key, refused[i].password);
        assert_int_equal(answer_status(answer), refused[i].status);
        assert_has(answer, refused[i].problem);
        assert_hasnt(answer, refused[i].key);
        assert_has(answer, "<details class=\"ui\" open>");
    }
    assert_int_equal(answer_status(bring(&r, NAME, " " NSEC "\n", "")), 303);
    assert_has(reader_get(&r, "/account"), NPUB);
    /* what the key is called is for its owner to say: nothing was signed unasked */
    struct store_read *read;
    assert_int_equal(store_read_begin(node_store(s.node), &read, &err), 0);
    struct pubkey brought;
    assert_int_equal(pubkey_from_text(STR(NPUB), &brought, &err), 0);
    struct filter by_it = {
        .authors = &brought, .author_count = 1, .has_authors = true, .until = INT64_MAX, .limit = -1};
    assert_int_equal(store_count(read, &by_it, 1, &err), 0);
    store_read_end(read);
    struct str answer = bring(&other, "bob", NSEC, "");
    assert_int_equal(answer_status(answer), 400);
    assert_has(answer, "This key has an account here already.");
    answer = reader_post(&r, "/account/key", "/account/key", "password", PASSWORD, "export_password",
        "export password", "again", "export password", NULL);
    const char *taken_out =
        arena_printf(s.arena, "ncryptsec1%.*s", STR_ARG(between(answer, "ncryptsec1", "<"))).p;
    char *draft = arena_strz(s.arena, between(reader_get(&r, "/write"), "name=\"draft\" value=\"", "\""));
    reader_post(&r, "/write", "/write", "draft", draft, "title", "Left behind", "text", "A text.", "license",
        "CC0-1.0", "do", "save", NULL);
    assert_has(reader_get(&r, "/me"), "Left behind");
    /* the operator's command: whoever brings the key the next time finds nothing of before */
    assert_int_equal(node_account_remove(s.node, STR(NAME), &err), 0);
    assert_false(signed_in(&r));
    assert_int_equal(answer_status(bring(&other, "bob", taken_out, "not that one")), 403);
    assert_int_equal(answer_status(bring(&other, "bob", taken_out, "export password")), 303);
    assert_has(reader_get(&other, "/account"), NPUB);
    assert_has(reader_get(&other, "/account"), "in one browser");
    assert_hasnt(reader_get(&other, "/me"), "Left behind");
    reader_finish(&r);
    reader_finish(&other);
    site_close(&s);
}

static void takes_accounts_as_it_is_told(void **state)
{
    struct site s;
    struct err err = {0};
    site_open(&s, "sign_up", "closed", NULL);
    struct reader r = {.site = &s};
    assert_hasnt(reader_get(&r, "/sign-up"), "name=\"password\"");
    assert_int_equal(answer_status(reader_post(&r, "/sign-in", "/sign-up", "name", NAME, "password", PASSWORD,
                         "again", PASSWORD, NULL)),
        403);
    assert_false(signed_in(&r));
    reader_finish(&r);
    site_close(&s);

    site_open(&s, "sign_up", "invitation", NULL);
    struct reader guest = {.site = &s}, second = {.site = &s};
    struct buf code _cleanup_buf_ = BUF_INIT;
    assert_int_equal(node_invitation_create(s.node, &code, &err), 0);
    assert_int_equal(answer_status(sign_up(&guest, NAME)), 403);
    struct str answer = reader_post(&guest, "/sign-up", "/sign-up", "name", NAME, "password", PASSWORD,
        "again", PASSWORD, "invitation", buf_str(&code).p, NULL);
    assert_int_equal(answer_status(answer), 303);
    assert_true(signed_in(&guest));
    reader_post(&second, "/sign-up", "/sign-up", "name", "bob", "password", PASSWORD, "again", PASSWORD,
        "invitation", buf_str(&code).p, NULL);
    assert_false(signed_in(&second)); /* used up */
    reader_finish(&guest);
    reader_finish(&second);
    site_close(&s);
}

static void binds_cookies_to_the_host_behind_tls(void **state)
{
    struct site s;
    site_open(&s, "url", "https://news.example", "proxy", "yes", NULL);
    struct reader r = {.site = &s,
        .headers = "Host: news.example\r\nX-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: https\r\nOrigin: "
                   "https://news.example\r\n"};
    struct str answer = sign_up(&r, NAME);
    assert_int_equal(answer_status(answer), 303);
    assert_has(answer, "Set-Cookie: __Host-widenet-session=");
    assert_has(answer, "; HttpOnly; Secure");
    assert_true(signed_in(&r));
    reader_finish(&r);
    site_close(&s);
}

/* ---- one's own key */

struct own {
    uint8_t secret[32];
    struct pubkey key;
};

static void own_make(struct own *o, uint8_t seed)
{
    struct err err;
    memset(o->secret, seed, sizeof o->secret);
    assert_int_equal(record_pubkey_of_secret(o->secret, &o->key, &err), 0);
}

static char *signed_json(struct site *s, const struct own *o, struct record_draft *d)
{
    struct buf json _cleanup_buf_ = BUF_INIT;
    struct err err;
    assert_int_equal(record_sign(&d->r, o->secret, &err), 0);
    record_to_json(&d->r, &json);
    return arena_strz(s->arena, buf_str(&json));
}

/* What an extension would sign on that page. */
static char *enter(
    struct site *s, const struct own *o, struct str page, const char *address, int64_t created_at)
{
    struct record_draft d;
    struct str u = address ? str_of(address) : between(page, "data-address=\"", "\"");
    record_draft_init(&d, s->arena, 27235, created_at);
    record_draft_tag(&d, "u", arena_strz(s->arena, u), NULL);
    record_draft_tag(&d, "method", "POST", NULL);
    record_draft_tag(&d, "challenge", arena_strz(s->arena, between(page, "data-challenge=\"", "\"")), NULL);
    record_draft_content(&d, STR(""));
    return signed_json(s, o, &d);
}

static void signs_in_with_ones_own_key(void **state)
{
    struct site s;
    struct own o, forger;
    site_open(&s, NULL);
    own_make(&o, 7);
    own_make(&forger, 9);
    int64_t now = clock_now(node_clock(s.node));
    struct reader r = {.site = &s}, other = {.site = &s};
    struct str page = reader_get(&r, "/sign-in/key");
    assert_has(page, "<noscript>");
    reader_get(&other, "/sign-in/key");
    char *good = enter(&s, &o, page, NULL, now);
    struct str answer = reader_post(&r, "/sign-in/key", "/sign-in/key", "signed", good, NULL);
    assert_int_equal(answer_status(answer), 400);
    assert_has(answer, "This key has no account here yet.");
    /* that challenge is used up now */
    answer = reader_post(&r, "/sign-in/key", "/sign-in/key", "signed", good, "name", NAME, NULL);
    assert_int_equal(answer_status(answer), 403);
    page = reader_get(&r, "/sign-in/key");
    const struct {
        struct reader *reader;
        const char *record;
    } refused[] = {
        {&other, enter(&s, &o, page, NULL, now)}, /* another browser's challenge */
        {&r, enter(&s, &o, page, "http://evil.example/sign-in/key", now)},
        {&r, enter(&s, &o, page, NULL, now - 120)},
        {&r, enter(&s, &o, page, NULL, now + 120)},
        {&r, "{}"},
        {&r, ""},
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        answer = reader_post(refused[i].reader, "/sign-in/key", "/sign-in/key", "signed", refused[i].record,
            "name", NAME, NULL);
        assert_true(answer_status(answer) == 403 || answer_status(answer) == 400);
        assert_false(signed_in(refused[i].reader));
    }
    answer = reader_post(
        &r, "/sign-in/key", "/sign-in/key", "signed", enter(&s, &o, page, NULL, now), "name", NAME, NULL);
    assert_int_equal(answer_status(answer), 303);
    assert_true(signed_in(&r));
    assert_has(reader_get(&r, "/account"), "extension");
    /* next time without a name */
    page = reader_get(&other, "/sign-in/key");
    reader_post(&other, "/sign-in/key", "/sign-in/key", "signed", enter(&s, &o, page, NULL, now), NULL);
    assert_true(signed_in(&other));

    /* What it publishes is signed in the browser: only what the node offered, only with this key. */
    answer = reader_post(&r, "/account/delete", "/account/delete", "name", NAME, "vanish", "1", NULL);
    assert_has(answer, "own-key-sign");
    struct str offered = between(answer, "data-record=\"", "\"");
    assert_has(offered, "&quot;kind&quot;:62");
    struct str created = between(offered, "created_at&quot;:", ",");
    char *mac = arena_strz(s.arena, between(answer, "name=\"mac\" value=\"", "\""));
    char *said = arena_strz(s.arena, between(answer, "name=\"said\" value=\"", "\""));
    for (int attempt = 0; attempt < 3; attempt++) {
        struct record_draft d;
        record_draft_init(&d, s.arena, 62, strtoll(arena_strz(s.arena, created), NULL, 10));
        record_draft_tag(&d, "relay", "ALL_RELAYS", NULL);
        record_draft_content(&d, attempt == 0 ? STR("something else") : STR(""));
        answer = reader_post(&r, "/account", "/sign", "signed",
            signed_json(&s, attempt == 1 ? &forger : &o, &d), "after", "/account/delete", "said", said, "mac",
            mac, NULL);
        assert_int_equal(answer_status(answer), attempt == 2 ? 303 : 403);
    }
    answer = reader_post(&r, "/account/delete", "/account/delete", "name", NAME, NULL);
    assert_int_equal(answer_status(answer), 303);
    assert_false(signed_in(&other));
    reader_finish(&r);
    reader_finish(&other);
    site_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(makes_accounts),
        cmocka_unit_test(signs_in_and_out),
        cmocka_unit_test(refuses_forms_of_others),
        cmocka_unit_test(changes_the_password),
        cmocka_unit_test(notices_that_the_session_has_ended),
        cmocka_unit_test(gives_the_key_and_deletes),
        cmocka_unit_test(takes_a_key_that_is_brought),
        cmocka_unit_test(takes_accounts_as_it_is_told),
        cmocka_unit_test(binds_cookies_to_the_host_behind_tls),
        cmocka_unit_test(signs_in_with_ones_own_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
