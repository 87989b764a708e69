/* rules.c: the table of kinds a session may sign, and the rates of rules.h. */
#include "keeper/rules.h"

#include <sodium.h>

/* first and last kind, what it takes. A kind that is not here is never signed for a person. */
static const struct {
    uint32_t first, last;
    enum rule_verdict verdict;
} kinds[] = {
    {0, 0, RULE_CONFIRM},         /* profile */
    {5, 5, RULE_ALLOWED},         /* deletion request */
    {7, 7, RULE_ALLOWED},         /* reaction */
    {62, 62, RULE_CONFIRM},       /* request to vanish */
    {1018, 1018, RULE_CONFIRM},   /* ballot */
    {1063, 1063, RULE_ALLOWED},   /* file */
    {1068, 1068, RULE_CONFIRM},   /* motion */
    {1111, 1111, RULE_ALLOWED},   /* comment, challenge, answer */
    {1984, 1984, RULE_ALLOWED},   /* report */
    {4700, 4704, RULE_CONFIRM},   /* snapshot, certificate, receipt, list chunk, charter's revision */
    {4705, 4706, RULE_ALLOWED},   /* issue of a channel, proposal to merge */
    {9802, 9802, RULE_ALLOWED},   /* passage */
    {30000, 30000, RULE_CONFIRM}, /* trust */
    {30004, 30004, RULE_ALLOWED}, /* a channel's mirror */
    {30023, 30023, RULE_ALLOWED}, /* article */
    {31922, 31924, RULE_ALLOWED}, /* meeting */
    {34259, 34259, RULE_ALLOWED}, /* rating */
    {34700, 34700, RULE_CONFIRM}, /* charter */
    {34701, 34704, RULE_ALLOWED}, /* filter, channel, group, call */
    {34705, 34705, RULE_CONFIRM}, /* what sort of actor */
    {34706, 34706, RULE_ALLOWED}, /* dimension */
};

enum rule_verdict keeper__rules_kind(uint32_t kind)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (kind >= kinds[i].first && kind <= kinds[i].last)
            return kinds[i].verdict;
    return RULE_NEVER;
}

void keeper__rules_confirm(
    struct rules_confirmed *c, const uint8_t id[VAULT_SESSION_ID_BYTES], int64_t now_us)
{
    size_t oldest = 0;
    for (size_t i = 0; i < RULES_CONFIRMED; i++) {
        if (!sodium_memcmp(c->at[i].id, id, VAULT_SESSION_ID_BYTES)) {
            oldest = i;
            break;
        }
        if (c->at[i].until_us < c->at[oldest].until_us)
            oldest = i;
    }
    memcpy(c->at[oldest].id, id, VAULT_SESSION_ID_BYTES);
    c->at[oldest].until_us = now_us + RULES_CONFIRM_SECONDS * INT64_C(1000000);
}

bool keeper__rules_is_confirmed(
    const struct rules_confirmed *c, const uint8_t id[VAULT_SESSION_ID_BYTES], int64_t now_us)
{
    for (size_t i = 0; i < RULES_CONFIRMED; i++)
        if (c->at[i].until_us > now_us && !sodium_memcmp(c->at[i].id, id, VAULT_SESSION_ID_BYTES))
            return true;
    return false;
}

bool keeper__rules_rate(double *tokens, int64_t *at_us, int64_t now_us)
{
    if (*at_us == 0)
        *tokens = RULES_RATE_BURST;
    else
        *tokens += (double)(now_us - *at_us) / 1e6 * RULES_RATE_PER_SECOND;
    if (*tokens > RULES_RATE_BURST)
        *tokens = RULES_RATE_BURST;
    *at_us = now_us;
    if (*tokens < 1)
        return false;
    *tokens -= 1;
    return true;
}
