/* cmd_help.c: `widenet help`: the commands, one command, or every option of the configuration. */
#include "cli/command.h"

#include <stdio.h>
#include <string.h>

static void print_overview(const struct command_context *context)
{
    printf("widenet: a node of the common pool of free news\n\n"
           "usage: widenet COMMAND [--data DIR] [--config FILE] …\n\n");
    for (const struct command *const *c = context->commands; *c; c++)
        if (!(*c)->internal)
            printf("  %-10s %s\n", (*c)->name, (*c)->summary);
    printf("\nFirst steps:\n"
           "  widenet serve                      then open http://127.0.0.1:8484\n"
           "  widenet help COMMAND               what a command takes\n"
           "  widenet help config                every option of DIR/widenet.ini\n\n"
           "The data directory is ./data unless --data names another; its configuration is\n"
           "DIR/widenet.ini unless --config names another file.\n");
}

static int print_command(const struct command_context *context, const char *name)
{
    for (const struct command *const *c = context->commands; *c; c++) {
        if ((*c)->internal || strcmp((*c)->name, name))
            continue;
        printf("widenet %s: %s\n\nusage: widenet %s\n", name, (*c)->summary, (*c)->usage);
        if ((*c)->details)
            printf("\n%s", (*c)->details);
        printf("\n  --data DIR      the data directory (./data)\n"
               "  --config FILE   the configuration (DIR/widenet.ini)\n\n"
               "Exit status: 0 success, 1 failure, 2 wrong usage.\n");
        return 0;
    }
    fprintf(stderr, "widenet help: there is no command \"%s\"; `widenet help` lists them\n", name);
    return 2;
}

static int run(const struct command_context *context, int argc, char **argv)
{
    struct command_common common = {0};
    int n = command_parse(&command_help, NULL, &common, argc, argv);
    if (n < 0)
        return 2;
    if (n == 0) {
        print_overview(context);
        return 0;
    }
    if (!strcmp(argv[0], "config")) {
        struct buf sample _cleanup_buf_ = BUF_INIT;
        config_write_sample(context->options, &sample);
        fwrite(sample.p, 1, sample.n, stdout);
        return 0;
    }
    return print_command(context, argv[0]);
}

const struct command command_help = {
    .name = "help",
    .usage = "help [COMMAND|config]",
    .summary = "this help; what a command takes; the options of the configuration",
    .run = run,
};
