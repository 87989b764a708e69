/* limits.h: how often somebody may try something: token buckets in a table of fixed size. */
#ifndef WN_WEB_LIMITS_H
#define WN_WEB_LIMITS_H

#include "base/str.h"
#include "base/time.h"

struct limits;

enum limit_type {
    LIMIT_POST,    /* any form, by address */
    LIMIT_SIGN_IN, /* passwords tried, by address; names are the keeper's to guard */
    LIMIT_SIGN_UP, /* accounts made, by address */
    LIMIT_TYPES
};

/* What is counted: an address's first 64 bits (IPv6) or all of it (IPv4), a name, a cookie; only as a hash.
 */
struct limit_key {
    uint8_t b[16];
    uint8_t n;
};

struct limits *limits_create(const struct rng *rng);
void limits_destroy(struct limits *l); /* takes NULL */
/* many: the key stands for many people, as the loopback address of a Tor or proxy does; they have ten times
 * as much. Takes one token: 0, or the seconds until there is one again. Thread-safe. When the table is full
 * the entry that was quiet longest makes room: an attacker with many addresses can forget for himself, never
 * block another. */
int64_t limits_take(struct limits *l, enum limit_type type, struct str key, bool many, int64_t now_us);
/* Looks without taking. */
int64_t limits_wait(struct limits *l, enum limit_type type, struct str key, bool many, int64_t now_us);
/* Gives a token back: a try that turned out right is none. */
void limits_return(struct limits *l, enum limit_type type, struct str key, bool many, int64_t now_us);
/* From a text form, as in X-Forwarded-For. False: not an address. */
bool limit_key_of_text(struct str text, struct limit_key *out);

#endif
