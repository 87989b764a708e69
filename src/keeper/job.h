/* job.h: one message being answered, and the handlers that answer it. Inside the room only. */
#ifndef WN_KEEPER_JOB_H
#define WN_KEEPER_JOB_H

#include "base/wire.h"
#include "keeper/rules.h"
#include "keeper/service.h"
#include "keeper/slots.h"
#include "keeper/tries.h"

#include <pthread.h>

struct service {
    pthread_mutex_t lock; /* over everything below */
    struct slots *slots;
    struct tries *tries;
    struct vault_pepper *pepper; /* a locked copy */
    struct clock clock;
    int64_t (*monotonic_now_us)(void);
    struct vault_params params; /* for new passwords */
    struct rules_confirmed confirmed;
};

/* What one message works with. */
struct job {
    struct service *service;
    struct vault_scratch *scratch;
    struct unpack in;
    struct buf *out; /* fields go behind the code, which stands already */
    struct err *err;
};

int keeper__malformed(struct job *j);
/* 1 to 64 bytes of valid text. */
int keeper__check_name(struct job *j, struct str name);
/* What the wrapped key is authenticated with: whose it is and what it may. */
void keeper__about_slot(const struct slot *slot, struct buf *out);
/* The key in scratch under scratch->hash, into slot. */
void keeper__wrap_slot(struct job *j, struct slot *slot);
/* An unattended key is wrapped under the pepper alone: scratch->hash from that. */
void keeper__unattended_hash(struct job *j, const struct slot *slot);
/* Reads the session's fields and opens the ticket: the private key is in scratch, its slot in *out. */
int keeper__open_session(struct job *j, uint32_t *out, struct vault_ticket *ticket);

/* Handlers, one for each row of service.c's table. */
int keeper__answer_create(struct job *j);
int keeper__answer_import_key(struct job *j);
int keeper__answer_create_unattended(struct job *j);
int keeper__answer_unlock(struct job *j);
int keeper__answer_confirm(struct job *j);
int keeper__answer_lock(struct job *j);
int keeper__answer_sign(struct job *j);
int keeper__answer_sign_unattended(struct job *j);
int keeper__answer_nip44_encrypt(struct job *j);
int keeper__answer_nip44_decrypt(struct job *j);
int keeper__answer_change_password(struct job *j);
int keeper__answer_export(struct job *j);

#endif
