/* service.h: what the keeper answers: one message in, one out. Inside the room only; process.c brings the
 * bytes, client.c speaks the other side.
 *
 * A request is its type (one byte) and fields; an answer is a code (four bytes, enum err_code) and fields, or
 * the three strings of struct err. */
#ifndef WN_KEEPER_SERVICE_H
#define WN_KEEPER_SERVICE_H

#include "base/time.h"
#include "keeper/vault.h"

/* A record of 128 KiB as wire.h packs it, and room for a private text's base64. */
#define KEEPER_MAX_MESSAGE (288u * 1024)
/* How much of one message a batch of records may fill, so that one more record of any size fits. */
#define KEEPER_BATCH_BYTES (96u * 1024)
#define KEEPER_LIST_PAGE 500

enum keeper_request {
    KEEPER_CREATE = 1,        /* name, password → key */
    KEEPER_CREATE_UNATTENDED, /* name, count, kinds → key */
    KEEPER_UNLOCK, /* name, password, address(16), has device, device → secret, ticket, key, device */
    KEEPER_SIGN,   /* secret, ticket, record → key, id, signature */
    KEEPER_SIGN_UNATTENDED, /* key, count, records → count, (id, signature)…; then a code and what failed */
    KEEPER_CONFIRM,         /* secret, ticket, name, password */
    KEEPER_NIP44_ENCRYPT,   /* secret, ticket, peer, plain → payload */
    KEEPER_NIP44_DECRYPT,   /* secret, ticket, peer, payload → plain */
    KEEPER_CHANGE_PASSWORD, /* name, old, new */
    KEEPER_EXPORT,          /* name, password, export password → text */
    KEEPER_IMPORT_KEY,      /* name, password, text, its password → key */
    KEEPER_LOCK,            /* secret, ticket */
    KEEPER_FORGET,          /* key */
    KEEPER_LIST,            /* from → next (0: all), count, (name, key, unattended)… */
    KEEPER_LOG,             /* key, most → whole, text */
    KEEPER_FIND,            /* name, unattended → key */
    KEEPER_REQUESTS
};

struct service;
/* file_fd stays the caller's. monotonic_now_us and params may be NULL: the machine's, and keeper__params
 * (tests hash cheaply). */
int keeper__service_create(int file_fd, const struct vault_pepper *pepper, const struct clock *clock,
    int64_t (*monotonic_now_us)(void), const struct vault_params *params, struct service **out,
    struct err *err);
void keeper__service_destroy(struct service *s); /* takes NULL */
/* Hashes a password: is to run on the one thread for that. */
bool keeper__service_is_slow(struct str request);
/* Answers into reply (appended). Two threads may be inside at once, each with its own scratch: the slow one
 * steps out of the lock while it hashes. */
void keeper__service_answer(
    struct service *s, struct vault_scratch *scratch, struct str request, struct buf *reply);
/* Appends a refusal. */
void keeper__service_refuse(struct buf *reply, const struct err *err);

/* The client's and the service's common layout of a record's unsigned fields. */
void keeper__service_pack_record(struct buf *out, const struct record *r);

#endif
