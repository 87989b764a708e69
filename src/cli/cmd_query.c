/* cmd_query.c: `widenet query`: records that match a NIP-01 filter, one a line. */
#include "cli/command.h"

#include <errno.h>
#include <stdio.h>

/* ctx: becomes errno where nothing more can be written, which ends the query. */
static int print(void *ctx, const struct store_found *found)
{
    fwrite(found->raw.p, 1, found->raw.n, stdout);
    if (putchar('\n') != EOF && !ferror(stdout))
        return 0;
    *(int *)ctx = errno;
    return 1;
}

static int query(
    struct node *node, const struct filter *filter, bool count, bool all, int *stopped, struct err *err)
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
        status = store_query(read, filter, 1, all ? STORE_OLD_TOO : 0, print, stopped, err);
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
    int bad = filter_parse(arena, str_of(argv[0]), &filter, &err);
    if (!bad && filter.search.n)
        bad = err_set(
            &err, ERR_INPUT, "filter: \"search\" is for the search page, this command does not know it");
    if (bad) {
        command_fail(&err);
        return 2;
    }
    struct node *node;
    if (command_node(context, &common, NODE_READ, &node, &err))
        return command_fail(&err);
    int stopped = 0, status = query(node, &filter, count, all, &stopped, &err);
    if (!status && fflush(stdout) != 0)
        stopped = errno;
    node_close(node);
    if (stopped == EPIPE) /* whoever read our lines has enough */
        return 0;
    if (stopped)
        status = err_errno(&err, stopped, "cannot write further");
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
