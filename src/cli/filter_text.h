/* filter_text.h: a filter's result for people. */
#ifndef WN_CLI_FILTER_TEXT_H
#define WN_CLI_FILTER_TEXT_H

#include "cli/filter_json.h"

/* How raters are called: by the reader's own names for them, then by their profiles. */
struct filter_names {
    struct store_read *read;
    struct arena *arena;
    const struct trust_entry *own;
    size_t own_count;
};
void filter_print(struct str text); /* without what would steer a terminal */
void filter_print_name(const struct filter_names *names, const struct pubkey *key);
const char *filter_rule_words(struct str rule);
void filter_print_rule(struct str rule);
int filter_result_text(const struct filter_names *names, struct str name, const struct filter_run *run,
    const struct filter_result *result, struct err *err);
int filter_explain_text(const struct filter_names *names, const struct filter_run *run,
    const struct scored *item, const struct why *why, size_t n, struct err *err);
/* What one filter shows and the other hides. */
int filter_only_text(const struct filter_names *names, struct str one, struct str other,
    const struct scored *items, size_t n, uint64_t all, struct err *err);

#endif
