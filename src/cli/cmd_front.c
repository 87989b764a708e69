/* cmd_front.c: `widenet front`, internal: the process that writes the store and serves the pages. */
#include "cli/command.h"

#include "web/web.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* "http://127.0.0.1:8484", with the port that was really taken. */
static void make_address(const char *listen, int port, char *out, size_t size)
{
    const char *colon = strrchr(listen, ':');
    int host = colon ? (int)(colon - listen) : (int)strlen(listen);
    snprintf(out, size, "http://%.*s:%d", host, listen, port);
}

static int serve(const struct command_context *context, const struct command_common *common,
    const char *listen, struct front *front, struct err *err)
{
    struct node_options options;
    struct node *node;
    struct web *web;
    int bad = command_node_options(context, common, &options, err);
    if (bad)
        return bad;
    umask(077); /* what a data directory holds is nobody else's to read */
    options.keeper_socket = front_keeper_socket;
    options.ctx = front;
    options.lock_fd = front_lock_fd(front);
    options.progress = front_progress;
    options.progress_ctx = front;
    bad = node_open(&options, NODE_SERVE, &node, err);
    if (bad) {
        config_destroy(options.own_config);
        return bad;
    }
    if (!listen)
        listen = config_text(options.config, "serve", "listen");
    bad = web_start(node, listen, &web, err);
    if (!bad) {
        char address[300];
        make_address(listen, web_port(web), address, sizeof address);
        front_ready(front, address);
        front_wait(front);
        web_stop(web);
    }
    node_close(node);
    return bad;
}

static int run(const struct command_context *context, int argc, char **argv)
{
    const char *listen = NULL;
    const struct command_option options[] = {{"listen", &listen, NULL}, {NULL}};
    struct command_common common = {0};
    if (command_parse(&command_front, options, &common, argc, argv) != 0)
        return 2;
    struct err err;
    struct front *front;
    if (front_attach(&front, &err) != 0)
        return command_fail(&err);
    int bad = serve(context, &common, listen, front, &err);
    if (bad)
        front_failed(front, &err);
    front_detach(front);
    return bad ? 1 : 0;
}

const struct command command_front = {
    .name = "front",
    .usage = "front [--listen ADDR:PORT]",
    .summary = "the process that writes and serves (started by serve)",
    .run = run,
    .internal = true,
};
