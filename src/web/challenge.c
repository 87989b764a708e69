/* challenge.c: one-use challenges for signing in with one's own key (NIP-07, kind 27235 of NIP-98). A
 * challenge carries its time and a MAC, so that asking for many costs no memory; only used ones are
 * remembered, until they are too old. */
#include "web/challenge.h"

#include "base/hex.h"
#include "web/inside.h"
#include "web/locale.h"

#include <sodium.h>
#include <stdlib.h>

#define MAX_AGE 600   /* seconds from the page to the form */
#define MAX_USED 8192 /* in MAX_AGE; beyond it, nobody signs in this way for a while */
#define KIND_HTTP_AUTH 27235

struct used {
    uint8_t nonce[16];
    int64_t until;
};
struct challenges {
    pthread_mutex_t lock;
    struct used used[MAX_USED];
    size_t n;
};

struct challenges *challenges_create(void)
{
    struct challenges *c = calloc(1, sizeof *c);
    if (c)
        pthread_mutex_init(&c->lock, NULL);
    return c;
}

void challenges_destroy(struct challenges *c)
{
    if (!c)
        return;
    pthread_mutex_destroy(&c->lock);
    free(c);
}

/* nonce (16), time (8, little end first), padding (8), MAC (32): 64 bytes as hexadecimal */
struct challenge {
    uint8_t nonce[16], time[8], zero[8], mac[32];
};
_Static_assert(sizeof(struct challenge) * 2 == CHALLENGE_CHARS, "a challenge's length");

static void mac_of(struct web *web, const struct challenge *c, const uint8_t cookie[16], uint8_t out[32])
{
    struct str parts[] = {{(const char *)c, offsetof(struct challenge, mac)}, {(const char *)cookie, 16}};
    web_mac(web->passing_secret, "challenge", parts, 2, out);
}

void challenge_make(struct web *web, const uint8_t cookie[16], int64_t now, char out[CHALLENGE_CHARS + 1])
{
    struct challenge c = {0};
    web->rng.fill(web->rng.ctx, c.nonce, sizeof c.nonce);
    for (unsigned i = 0; i < 8; i++)
        c.time[i] = (uint8_t)((uint64_t)now >> (8 * i));
    mac_of(web, &c, cookie, c.mac);
    hex_encode((const uint8_t *)&c, sizeof c, out);
}

/* False if it was used before, or the list is full. */
static bool use(struct challenges *all, const uint8_t nonce[16], int64_t until, int64_t now)
{
    bool fresh = true;
    size_t kept = 0;
    pthread_mutex_lock(&all->lock);
    for (size_t i = 0; i < all->n; i++) {
        if (all->used[i].until <= now)
            continue;
        fresh = fresh && memcmp(all->used[i].nonce, nonce, 16) != 0;
        all->used[kept++] = all->used[i];
    }
    all->n = kept;
    fresh = fresh && all->n < MAX_USED;
    if (fresh) {
        memcpy(all->used[all->n].nonce, nonce, 16);
        all->used[all->n++].until = until;
    }
    pthread_mutex_unlock(&all->lock);
    return fresh;
}

int challenge_check(struct web *web, const struct record *r, const char *address, const uint8_t cookie[16],
    int64_t now, struct err *err)
{
    struct challenge c;
    uint8_t mac[32];
    if (r->kind != KIND_HTTP_AUTH || !str_eqz(record_tag_value(r, "u"), address) ||
        !str_eqz(record_tag_value(r, "method"), "POST"))
        return err_set(err, ERR_DENIED, M("What your extension signed is not for this page."));
    if (r->created_at < now - 60 || r->created_at > now + 60)
        return err_set(err, ERR_DENIED,
            M("What your extension signed is not of this minute. Is your computer's clock right?"));
    if (record_verify(r, err))
        return err_set(err, ERR_DENIED, M("What your extension sent is not signed correctly."));
    if (!hex_decode(record_tag_value(r, "challenge"), (uint8_t *)&c, sizeof c))
        return err_set(err, ERR_DENIED, M("What your extension signed is not for this page."));
    mac_of(web, &c, cookie, mac);
    uint64_t made = 0;
    for (unsigned i = 0; i < 8; i++)
        made |= (uint64_t)c.time[i] << (8 * i);
    if (sodium_memcmp(mac, c.mac, sizeof mac) || (int64_t)made > now || (int64_t)made < now - MAX_AGE ||
        !use(web->challenges, c.nonce, (int64_t)made + MAX_AGE + 1, now))
        return err_set(err, ERR_DENIED,
            M("This page was open too long or used before. Load it again and try once more."));
    return 0;
}
