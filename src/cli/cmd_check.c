/* cmd_check.c: `widenet check`: reads everything again and says what is not as it was written. */
#include "cli/command.h"

#include <stdio.h>

struct report {
    bool json;
    uint64_t key_faults;
    struct buf faults;
    struct progress *progress;
};

static void on_fault(void *ctx, const char *line)
{
    struct report *r = ctx;
    if (!r->json) {
        progress_end(r->progress);
        printf("fault: %s\n", line);
        return;
    }
    if (r->faults.n)
        buf_addc(&r->faults, ',');
    buf_add_json(&r->faults, str_of(line));
}

static void on_key_fault(void *ctx, const char *line)
{
    struct report *r = ctx;
    r->key_faults++;
    on_fault(ctx, line);
}

/* The keyring holds the keys of actors, too, so that only a lack can be seen. */
static int check_accounts(
    struct node *node, uint64_t keys, const char *keyring, struct report *report, struct err *err)
{
    _cleanup_arena_ struct arena *arena = arena_create(0);
    struct account *accounts;
    size_t n, held = 0;
    int bad = node_account_list(node, arena, &accounts, &n, err);
    for (size_t i = 0; !bad && i < n; i++)
        held += !accounts[i].own_key;
    if (!bad && held > keys)
        on_key_fault(
            report, arena_printf(arena,
                        "%zu accounts' keys should be in %s, which has %llu: restore it from a backup", held,
                        keyring, (unsigned long long)keys)
                        .p);
    return bad;
}

static int check_all(const struct command_common *common, struct node *node, struct report *report,
    struct store_check_result *result, uint64_t *keys, struct err *err)
{
    _cleanup_free_ char *keyring = NULL;
    int bad = store_check(node_store(node), on_fault, report, result, err);
    progress_end(report->progress);
    if (!bad && asprintf(&keyring, "%s/keyring", common->data) < 0)
        bad = err_set(err, ERR_MEMORY, "out of memory");
    if (!bad)
        bad = keeper_check_file(keyring, on_key_fault, report, keys, err);
    if (!bad)
        bad = check_accounts(node, *keys, keyring, report, err);
    result->other_faults += report->key_faults;
    return bad;
}

static int run(const struct command_context *context, int argc, char **argv)
{
    struct report report = {.progress = context->progress};
    const struct command_option options[] = {{"json", NULL, &report.json}, {NULL}};
    struct command_common common = {0};
    if (command_parse_options(&command_check, options, &common, argc, argv) != 0)
        return 2;
    struct err err;
    struct node *node;
    if (command_node(context, &common, NODE_READ, &node, &err) != 0)
        return command_fail(&err);
    struct store_check_result result = {0};
    uint64_t keys = 0;
    int bad = check_all(&common, node, &report, &result, &keys, &err);
    node_close(node);
    if (!bad && report.json)
        printf(
            "{\"records\":%llu,\"bad_records\":%llu,\"other_faults\":%llu,\"keys\":%llu,\"faults\":[%.*s]}\n",
            (unsigned long long)result.records, (unsigned long long)result.bad_records,
            (unsigned long long)result.other_faults, (unsigned long long)keys,
            STR_ARG(buf_str(&report.faults)));
    else if (!bad)
        printf("%llu record%s read, %llu of them bad, %llu other fault%s, %llu key%s\n",
            (unsigned long long)result.records, command_plural(result.records),
            (unsigned long long)result.bad_records, (unsigned long long)result.other_faults,
            command_plural(result.other_faults), (unsigned long long)keys, command_plural(keys));
    buf_finish(&report.faults);
    if (bad)
        return command_fail(&err);
    return result.bad_records || result.other_faults ? 1 : 0;
}

const struct command command_check = {
    .name = "check",
    .usage = "check [--json]",
    .summary = "read everything again: records, signatures, indices, files, keys",
    .run = run,
    .details = "Works beside a running node. Exit status 1 where anything is wrong.\n\n"
               "  --json          one object with the counts and the faults\n",
};
