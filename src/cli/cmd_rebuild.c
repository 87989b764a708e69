/* cmd_rebuild.c: `widenet rebuild`: the rooms' tables and the search index anew, from the records alone. */
#include "cli/command.h"

#include <stdio.h>

static int run(const struct command_context *context, int argc, char **argv)
{
    struct command_common common = {0};
    if (command_parse_options(&command_rebuild, NULL, &common, argc, argv) != 0)
        return 2;
    struct err err;
    struct node *node;
    if (command_node_existing(context, &common, &node, &err) != 0)
        return command_fail(&err);
    int bad;
    if (node_is_remote(node)) {
        bad = err_set(&err, ERR_BUSY, "a node is serving %s", common.data);
        err_todo(&err, "stop it, rebuild, and start it again");
    } else {
        bad = store_rebuild(node_store(node), &err);
        progress_end(context->progress);
    }
    if (!bad)
        printf("rebuilt from %llu records\n", (unsigned long long)store_applied_seq(node_store(node)));
    node_close(node);
    return bad ? command_fail(&err) : 0;
}

const struct command command_rebuild = {
    .name = "rebuild",
    .usage = "rebuild",
    .summary = "make the tables that follow from the records anew",
    .run = run,
    .details = "Nothing is lost by it: only what can be made from the records is dropped and made again.\n",
};
