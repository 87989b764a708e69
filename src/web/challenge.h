/* challenge.h: one-use challenges for signing in with one's own key, bound to the cookie of the browser that
 * asked. */
#ifndef WN_WEB_CHALLENGE_H
#define WN_WEB_CHALLENGE_H

#include "record/record.h"

struct challenges;
struct web;

#define CHALLENGE_CHARS 128

struct challenges *challenges_create(void);
void challenges_destroy(struct challenges *c); /* takes NULL */
void challenge_make(struct web *web, const uint8_t cookie[16], int64_t now, char out[CHALLENGE_CHARS + 1]);
/* The record signs in: kind 27235, exactly this address (u) and POST (method), dated within 60 s of now, its
 * signature good, its challenge ours, this cookie's, younger than ten minutes and never used before. It is
 * used then. ERR_DENIED. */
int challenge_check(struct web *web, const struct record *r, const char *address, const uint8_t cookie[16],
    int64_t now, struct err *err);

#endif
