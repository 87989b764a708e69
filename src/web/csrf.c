/* csrf.c: what shows that a form was ours: tokens bound to the reader's cookie, masked anew each time so that
 * compression gives nothing away; and the notices that one page leaves for the next. */
#include "base/hex.h"
#include "web/inside.h"

#include <sodium.h>

#define FORM_COOKIE_SECONDS (24 * 3600)

void web_mac(const uint8_t secret[WEB_SECRET_BYTES], const char *what, const struct str *parts, size_t n,
    uint8_t out[32])
{
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, secret, WEB_SECRET_BYTES);
    crypto_auth_hmacsha256_update(&state, (const uint8_t *)what, strlen(what) + 1);
    for (size_t i = 0; i < n; i++) {
        uint64_t length = parts[i].n;
        crypto_auth_hmacsha256_update(&state, (const uint8_t *)&length, sizeof length);
        crypto_auth_hmacsha256_update(&state, (const uint8_t *)parts[i].p, parts[i].n);
    }
    crypto_auth_hmacsha256_final(&state, out);
}

/* The 16 bytes of the form cookie, which people who are not signed in get with their first form. */
static bool read_form_cookie(struct request *r)
{
    if (!r->form_cookie_known &&
        hex_decode(request_cookie(r, r->web->form_cookie), r->form_cookie, sizeof r->form_cookie))
        r->form_cookie_known = true;
    return r->form_cookie_known;
}

/* What this reader's tokens stand for. */
static bool token_core(struct request *r, uint8_t core[32])
{
    if (request_account(r)) {
        web_mac(r->web->secret, "form of a session",
            &(struct str){(char *)r->session_csrf, sizeof r->session_csrf}, 1, core);
        return true;
    }
    if (!read_form_cookie(r))
        return false;
    web_mac(r->web->secret, "form of a stranger",
        &(struct str){(char *)r->form_cookie, sizeof r->form_cookie}, 1, core);
    return true;
}

bool form_cookie_bytes(struct request *r, uint8_t out[16])
{
    if (!read_form_cookie(r))
        return false;
    memcpy(out, r->form_cookie, 16);
    return true;
}

void form_cookie_set(struct request *r)
{
    if (read_form_cookie(r))
        return;
    char hex[sizeof r->form_cookie * 2 + 1];
    r->web->rng.fill(r->web->rng.ctx, r->form_cookie, sizeof r->form_cookie);
    r->form_cookie_known = true;
    hex_encode(r->form_cookie, sizeof r->form_cookie, hex);
    session_cookie(
        r, r->web->form_cookie, arena_str(request_arena(r), str_of(hex)), FORM_COOKIE_SECONDS, true);
}

struct str csrf_token(struct request *r)
{
    r->one_reader = true;
    uint8_t core[32], token[64];
    if (!token_core(r, core)) {
        form_cookie_set(r);
        token_core(r, core);
    }
    r->web->rng.fill(r->web->rng.ctx, token, 32);
    for (unsigned i = 0; i < 32; i++)
        token[32 + i] = token[i] ^ core[i];
    char hex[sizeof token * 2 + 1];
    hex_encode(token, sizeof token, hex);
    return arena_str(request_arena(r), str_of(hex));
}

bool csrf_check(struct request *r, struct str text)
{
    uint8_t core[32], token[64];
    if (!hex_decode(text, token, sizeof token) || !token_core(r, core))
        return false;
    for (unsigned i = 0; i < 32; i++)
        token[32 + i] ^= token[i];
    return sodium_memcmp(token + 32, core, 32) == 0;
}

/* ---- notices: 32 hex digits of a MAC, then the English message percent-encoded */

struct str notice_encode(struct request *r, const char *message)
{
    uint8_t mac[32];
    struct str text = str_of(message);
    web_mac(r->web->secret, "notice", &text, 1, mac);
    char hex[33];
    hex_encode(mac, 16, hex);
    struct buf out _cleanup_buf_ = BUF_INIT;
    buf_addz(&out, hex);
    percent_encode(text, &out);
    return arena_str(request_arena(r), buf_str(&out));
}

struct str notice_decode(struct request *r)
{
    struct str cookie = request_cookie(r, r->web->notice_cookie);
    uint8_t claimed[16], mac[32];
    if (cookie.n < 33 || cookie.n > 600 || !hex_decode(str_slice(cookie, 0, 32), claimed, sizeof claimed))
        return (struct str){NULL, 0};
    struct str text = percent_decode(request_arena(r), str_slice(cookie, 32, cookie.n), false);
    if (!text.p)
        return text;
    web_mac(r->web->secret, "notice", &text, 1, mac);
    return sodium_memcmp(mac, claimed, sizeof claimed) == 0 ? text : (struct str){NULL, 0};
}
