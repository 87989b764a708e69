/* cmd_serve.c: `widenet serve`: the parent process, which starts the others and says where to read. */
#include "cli/command.h"

#include "base/log.h"

#include <stdio.h>
#include <string.h>

static void say_where(void *ctx, const char *address)
{
    const char *sign_up = ctx;
    printf("Serving at %s (stop with Ctrl-C)\n", address);
    if (!strcmp(sign_up, "open"))
        printf("Sign up at %s/sign-up, sign in at %s/sign-in\n", address, address);
    else if (!strcmp(sign_up, "invitation"))
        printf("Sign up with an invitation (`widenet account invite`) at %s/sign-up, sign in at %s/sign-in\n",
            address, address);
    else
        printf("Sign in at %s/sign-in (`widenet account add NAME` makes an account)\n", address);
    fflush(stdout);
}

static int run(const struct command_context *context, int argc, char **argv)
{
    const char *listen = NULL;
    const struct command_option options[] = {{"listen", &listen, NULL}, {NULL}};
    struct command_common common = {0};
    int n = command_parse(&command_serve, options, &common, argc, argv);
    if (n < 0)
        return 2;
    if (n > 0) {
        fprintf(
            stderr, "widenet serve: it takes no \"%s\"; usage: widenet %s\n", argv[0], command_serve.usage);
        return 2;
    }
    struct err err;
    struct config *config;
    if (command_config(context, &common, &config, &err) != 0)
        return command_fail(&err);
    log_set_level((enum log_level)config_int(config, "log", "level"));
    /* The front reads the same options. */
    const char *arguments[7] = {"--data", common.data};
    size_t at = 2;
    if (common.config) {
        arguments[at++] = "--config";
        arguments[at++] = common.config;
    }
    if (listen) {
        arguments[at++] = "--listen";
        arguments[at++] = listen;
    }
    struct serve_options serve = {.directory = common.data,
        .program = context->program,
        .front_arguments = (char *const *)arguments,
        .on_ready = say_where,
        .ctx = (void *)config_text(config, "web", "sign_up")};
    int bad = node_serve(&serve, &err);
    config_destroy(config);
    return bad ? command_fail(&err) : 0;
}

const struct command command_serve = {
    .name = "serve",
    .usage = "serve [--listen ADDR:PORT]",
    .summary = "run the node: its pages, and what other commands write through",
    .run = run,
    .details = "  --listen A:P    address and port of the pages (127.0.0.1:8484); port 0 takes any\n",
};
