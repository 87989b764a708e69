/* cmd_keeper.c: `widenet keeper`, internal: the process that alone holds private keys. */
#include "cli/command.h"

static int run(const struct command_context *context, int argc, char **argv)
{
    (void)context, (void)argc, (void)argv;
    return keeper_command();
}

const struct command command_keeper = {
    .name = "keeper",
    .usage = "keeper",
    .summary = "the process that holds the keys (started by serve)",
    .run = run,
    .internal = true,
};
