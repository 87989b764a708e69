/* cmd_query.c: `widenet query`: records that match a NIP-01 filter, one a line. */
#include "cli/command.h"

#include <stdio.h>

static int print(void *ctx, const struct store_found *found)
{
    (void)ctx;
    fwrite(found->raw.p, 1, found->raw.n, stdout);
    return putchar('\n') == EOF || ferror(stdout) ? ERR_CLOSED : 0;
}

static int query(struct node *node, const struct filter *filter, bool count, bool all, struct err *err)
{
    struct store_read *read;
    int status = store_read_begin(node_store(node), &read, err);
    if (status)
        return status;
    if (count) {
        int64_t n = store_count(read, filter, 1, err);
        status = n < 0 ? (int)n : 0;
        if (!status)
            printf("%lld\n", (long long)n);
    } else
        status = store_query(read, filter, 1, all ? STORE_OLD_TOO : 0, print, NULL, err);
    store_read_end(read);
    return status;
}

static int run(const struct command_context *context, int argc, char **argv)
{
    bool count = false, all = false;
    const struct command_option options[] = {{"count", NULL, &count}, {"all", NULL, &all}, {NULL}};
    struct command_common common = {0};
    int n = command_parse(&command_query, options, &common, argc, argv);
    if (n < 0)
        return 2;
    if (n != 1) {
        fprintf(stderr, "widenet: query wants one filter; usage: widenet %s\n", command_query.usage);
        return 2;
    }
    _cleanup_arena_ struct arena *arena = arena_create(0);
    struct filter filter;
    struct err err;
    if (filter_parse(arena, str_of(argv[0]), &filter, &err)) {
        command_fail(&err);
        return 2;
    }
    struct node *node;
    if (command_node(context, &common, NODE_READ, &node, &err))
        return command_fail(&err);
    int status = query(node, &filter, count, all, &err);
    node_close(node);
    if (status == ERR_CLOSED) /* whoever read our lines has enough */
        return 0;
    return status ? command_fail(&err) : 0;
}

const struct command command_query = {
    .name = "query",
    .usage = "query [--count] [--all] 'FILTER'",
    .summary = "print the records that match a filter, one a line",
    .run = run,
    .details = "FILTER is a NIP-01 filter, such as '{\"kinds\":[30023],\"#t\":[\"housing\"],\"limit\":10}'. "
               "Newest first; at\n"
               "most 5,000 where it has no limit. Works beside a running node.\n\n"
               "  --count         print only how many there are\n"
               "  --all           older revisions too\n",
};
