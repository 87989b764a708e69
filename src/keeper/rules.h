/* rules.h: what a session may have signed: kinds, dates and rates. Inside the room only. */
#ifndef WN_KEEPER_RULES_H
#define WN_KEEPER_RULES_H

#include "keeper/vault.h"

#define RULES_DATE_SECONDS 300        /* created_at of a person's record may differ this much from now */
#define RULES_CONFIRM_SECONDS 120     /* how long the password counts as just given */
#define RULES_SESSION_SECONDS 2592000 /* 30 days */
#define RULES_RATE_BURST 60           /* records a key may sign at once */
#define RULES_RATE_PER_SECOND 0.5

enum rule_verdict { RULE_NEVER, RULE_ALLOWED, RULE_CONFIRM };
enum rule_verdict keeper__rules_kind(uint32_t kind);

/* Which sessions gave their password less than RULES_CONFIRM_SECONDS ago: in memory, bounded. */
#define RULES_CONFIRMED 512
struct rules_confirmed {
    struct {
        uint8_t id[VAULT_SESSION_ID_BYTES];
        int64_t until_us; /* monotonic */
    } at[RULES_CONFIRMED];
};
void keeper__rules_confirm(
    struct rules_confirmed *c, const uint8_t id[VAULT_SESSION_ID_BYTES], int64_t now_us);
bool keeper__rules_is_confirmed(
    const struct rules_confirmed *c, const uint8_t id[VAULT_SESSION_ID_BYTES], int64_t now_us);

/* A bucket of RULES_RATE_BURST; tokens and at_us start as 0. False: over the rate. */
bool keeper__rules_rate(double *tokens, int64_t *at_us, int64_t now_us);

#endif
