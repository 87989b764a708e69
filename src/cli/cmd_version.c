/* cmd_version.c: `widenet version`. */
#include "cli/command.h"

#include <stdio.h>

static int run(const struct command_context *context, int argc, char **argv)
{
    (void)context, (void)argc, (void)argv;
    puts("widenet " WIDENET_VERSION);
    return 0;
}

const struct command command_version = {
    .name = "version",
    .usage = "version",
    .summary = "print the version",
    .run = run,
};
