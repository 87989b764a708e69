/* cmd_keeper.c: `widenet keeper`, internal: the process that alone holds private keys. */
#include "cli/command.h"

#include <stdio.h>

static int run(const struct command_context *context, int argc, char **argv)
{
    (void)context, (void)argc, (void)argv;
    int status = keeper_command();
    if (status == 2)
        fputs("widenet keeper: an internal command, started by `widenet serve`\n", stderr);
    return status;
}

const struct command command_keeper = {
    .name = "keeper",
    .usage = "keeper",
    .summary = "the process that holds the keys (started by serve)",
    .run = run,
    .internal = true,
};
