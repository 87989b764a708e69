/* rules.c: what NIP-01, 09, 40 and 62 say about one record, and what of it is indexed. Pure functions. */
#include "base/hex.h"
#include "base/tokenizer.h"
#include "store/internal.h"

#include <sodium.h>
#include <stdio.h>

int64_t rules__idkey(const struct record_id *id)
{
    uint64_t v = 0;
    for (int i = 0; i < 8; i++)
        v = v << 8 | id->b[i];
    return (int64_t)(v ^ UINT64_C(1) << 63);
}

/* A fixed key: a deliberate collision only gives a hit that the check against the record throws out. */
static int64_t hash(const void *p, size_t n, char letter)
{
    unsigned char key[crypto_shorthash_KEYBYTES] = "widenet store  ";
    key[15] = (unsigned char)letter;
    int64_t out;
    crypto_shorthash((unsigned char *)&out, p, n, key);
    return out;
}

int64_t rules__hash(char letter, struct str value)
{
    return hash(value.n ? value.p : "", value.n, letter);
}

bool rules__tag_is_indexed(struct str name)
{
    return name.n == 1 && ((name.p[0] >= 'a' && name.p[0] <= 'z') || (name.p[0] >= 'A' && name.p[0] <= 'Z'));
}

bool rules__id_of(struct str hex, struct record_id *out)
{
    return hex_decode(hex, out->b, sizeof out->b);
}

int64_t rules__blob_hash(const uint8_t sha256[32])
{
    int64_t out;
    memcpy(&out, sha256, sizeof out);
    return out;
}

void rules__facts(const struct record *r, struct facts *out)
{
    out->class = record_class_of(r->kind);
    out->idkey = rules__idkey(&r->id);
    out->has_address = out->class == RECORD_REPLACEABLE || out->class == RECORD_ADDRESSABLE;
    out->address = out->class == RECORD_ADDRESSABLE ? rules__hash(0, record_d(r)) : 0;
    out->expires_at = record_expiration(r);
}

bool rules__admit(const struct record *r, int64_t now, char *reason, size_t size)
{
    if (r->created_at > now + STORE_FUTURE_SECONDS) {
        snprintf(reason, size, "invalid: dated more than %d seconds in the future", STORE_FUTURE_SECONDS);
        return false;
    }
    int64_t expires = record_expiration(r);
    if (expires && expires <= now) {
        snprintf(reason, size, "invalid: it has expired");
        return false;
    }
    if (record_class_of(r->kind) == RECORD_EPHEMERAL) {
        snprintf(reason, size, "blocked: ephemeral kinds are not kept");
        return false;
    }
    return true;
}

/* Host, port and path of an address, however the scheme is written; ASCII case aside. */
static struct str url_rest(struct str url)
{
    size_t at = str_find(url, STR("://"));
    if (at != SIZE_MAX)
        url = str_slice(url, at + 3, url.n);
    while (url.n && url.p[url.n - 1] == '/')
        url.n--;
    return url;
}

bool rules__vanishes(const struct record *r, const char *node_url)
{
    if (r->kind != 62)
        return false;
    struct str own = url_rest(str_of(node_url));
    for (size_t i = 0; i < r->tag_count; i++) {
        const struct tag *t = &r->tags[i];
        if (t->n < 2 || !str_eqz(t->v[0], "relay"))
            continue;
        if (str_eqz(t->v[1], "ALL_RELAYS") || (own.n && str_eq_nocase(url_rest(t->v[1]), own)))
            return true;
    }
    return false;
}

static bool hex_digit(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

static void blob_uses_in(struct str s, void (*on_hash)(void *ctx, const uint8_t sha256[32]), void *ctx)
{
    /* Only every 64th byte needs a look: a run of 64 digits covers one of them. */
    for (size_t at = 63; at < s.n;) {
        if (!hex_digit(s.p[at])) {
            at += 64;
            continue;
        }
        size_t from = at, to = at + 1;
        while (from > 0 && hex_digit(s.p[from - 1]))
            from--;
        while (to < s.n && hex_digit(s.p[to]))
            to++;
        uint8_t sha256[32];
        if (to - from == 64 && hex_decode(str_slice(s, from, to), sha256, 32))
            on_hash(ctx, sha256);
        at = to + 63;
    }
}

void rules__blob_uses(const struct record *r, void (*on_hash)(void *ctx, const uint8_t sha256[32]), void *ctx)
{
    for (size_t i = 0; i < r->tag_count; i++) {
        const struct tag *t = &r->tags[i];
        if (t->v[0].n == 1 && strchr("epaqEPAQ", t->v[0].p[0]))
            continue;
        for (size_t k = 1; k < t->n; k++)
            blob_uses_in(t->v[k], on_hash, ctx);
    }
    blob_uses_in(r->content, on_hash, ctx);
}

/* ---- search */

static int add_folded(void *ctx, const struct token *t)
{
    struct buf *b = ctx;
    if (b->n)
        buf_addc(b, ' ');
    buf_adds(b, t->folded);
    return 0;
}

void rules__fact(struct buf *out, char letter, struct str value)
{
    struct buf folded _cleanup_buf_ = BUF_INIT;
    tokenize(value, 0, add_folded, &folded);
    uint64_t h = (uint64_t)rules__hash(letter, buf_str(&folded));
    buf_addf(out, "%c%016lx", letter, (unsigned long)h);
}

static int add_title_word(void *ctx, const struct token *t)
{
    buf_addc(ctx, ' ');
    rules__fact(ctx, 'w', t->folded);
    return 0;
}

bool rules__search_text(
    struct arena *arena, const struct store_tables *t, const struct record *r, struct search_text *out)
{
    const struct store_text_source *source = tables__text_source(t, r->kind);
    if (!source)
        return false;
    memset(out, 0, sizeof *out);
    if (source->extract(arena, r, &out->text) < 0)
        return false;
    out->date = out->text.date ? out->text.date : r->created_at;
    struct buf facts _cleanup_buf_ = BUF_INIT;
    char hex[65];
    buf_addf(&facts, "k%u ", r->kind);
    hex_encode(r->pubkey.b, 32, hex);
    rules__fact(&facts, 'a', str_of(hex));
    for (size_t i = 0; i < r->tag_count; i++)
        if (str_eqz(r->tags[i].v[0], "t") && r->tags[i].n > 1) {
            buf_addc(&facts, ' ');
            rules__fact(&facts, 't', r->tags[i].v[1]);
        }
    struct str language = out->text.language;
    if (language.n) {
        buf_addc(&facts, ' ');
        rules__fact(&facts, 'l', language);
        size_t dash = str_find_char(language, '-');
        if (dash != SIZE_MAX) { /* en-GB is also en */
            buf_addc(&facts, ' ');
            rules__fact(&facts, 'l', str_slice(language, 0, dash));
        }
    }
    tokenize(out->text.title, 0, add_title_word, &facts);
    out->facts = arena_str(arena, buf_str(&facts));
    return true;
}
