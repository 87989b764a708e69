/* command.c: what every subcommand shares: reading its options, opening its node, saying what went wrong. */
#include "cli/command.h"

#include "base/log.h"
#include "base/progress.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int say_wrong(const struct command *self, const char *what, const char *about)
{
    fprintf(stderr, "widenet %s: %s%s; usage: widenet %s\n", self->name, what, about, self->usage);
    return -1;
}

struct option_slot {
    const char **value;
    bool *flag;
};

static bool find_option(const struct command_option *options, struct command_common *common, struct str name,
    struct option_slot *out)
{
    if (str_eqz(name, "data") || str_eqz(name, "config")) {
        *out = (struct option_slot){.value = name.p[0] == 'd' ? &common->data : &common->config};
        return true;
    }
    for (; options && options->name; options++)
        if (str_eqz(name, options->name)) {
            *out = (struct option_slot){options->value, options->flag};
            return true;
        }
    return false;
}

int command_parse(const struct command *self, const struct command_option *options,
    struct command_common *common, int argc, char **argv)
{
    int positional = 0;
    bool only_positional = false;
    if (!common->data)
        common->data = "./data";
    for (int i = 1; i < argc; i++) {
        char *word = argv[i];
        if (only_positional || word[0] != '-' || !word[1]) {
            argv[positional++] = word;
            continue;
        }
        if (!strcmp(word, "--")) {
            only_positional = true;
            continue;
        }
        if (word[1] != '-')
            return say_wrong(self, "there is no short option ", word);
        char *equals = strchr(word, '=');
        struct str name = {word + 2, equals ? (size_t)(equals - word - 2) : strlen(word + 2)};
        struct option_slot slot;
        if (!find_option(options, common, name, &slot))
            return say_wrong(self, "there is no option ", word);
        if (!slot.value) {
            if (equals)
                return say_wrong(self, "this option takes no value: ", word);
            *slot.flag = true;
        } else if (equals) {
            *slot.value = equals + 1;
        } else if (i + 1 < argc) {
            *slot.value = argv[++i];
        } else {
            return say_wrong(self, "a value is missing behind ", word);
        }
    }
    if (!*common->data)
        return say_wrong(self, "a directory is missing behind ", "--data");
    if (positional < argc)
        argv[positional] = NULL;
    return positional;
}

int command_parse_options(const struct command *self, const struct command_option *options,
    struct command_common *common, int argc, char **argv)
{
    int n = command_parse(self, options, common, argc, argv);
    return n > 0 ? say_wrong(self, "it takes no arguments, but there is ", argv[0]) : n;
}

int command_fail(const struct err *err)
{
    char line[sizeof *err];
    fprintf(stderr, "widenet: %s\n", err_line(err, line, sizeof line));
    return 1;
}

int command_config(const struct command_context *context, const struct command_common *common,
    struct config **out, struct err *err)
{
    _cleanup_free_ char *beside = NULL;
    if (!common->config && asprintf(&beside, "%s/widenet.ini", common->data) < 0)
        return err_set(err, ERR_MEMORY, "out of memory");
    return config_load(
        common->config ? common->config : beside, common->config != NULL, context->options, out, err);
}

int command_node_options(const struct command_context *context, const struct command_common *common,
    struct node_options *out, struct err *err)
{
    *out = (struct node_options){.directory = common->data,
        .tables = context->tables,
        .belongings = context->belongings,
        .program = context->program};
    int bad = command_config(context, common, &out->own_config, err);
    if (bad)
        return bad;
    out->config = out->own_config;
    out->url = config_text(out->config, "web", "url");
    log_set_level((enum log_level)config_int(out->config, "log", "level"));
    return 0;
}

static void show_opening(void *ctx, const char *what, uint64_t done, uint64_t total)
{
    struct progress *p = ctx;
    progress_show(p, what, done, total);
    if (done == total)
        progress_end(p);
}

int command_node(const struct command_context *context, const struct command_common *common,
    enum node_mode mode, struct node **out, struct err *err)
{
    struct node_options options;
    int bad = command_node_options(context, common, &options, err);
    if (bad)
        return bad;
    if (mode != NODE_READ)
        umask(077); /* what a data directory holds is nobody else's to read */
    options.progress = show_opening;
    options.progress_ctx = context->progress;
    bad = node_open(&options, mode, out, err);
    progress_end(context->progress);
    if (bad)
        config_destroy(options.own_config);
    return bad;
}

int command_node_existing(const struct command_context *context, const struct command_common *common,
    struct node **out, struct err *err)
{
    _cleanup_free_ char *file = NULL;
    if (asprintf(&file, "%s/widenet.db", common->data) < 0)
        return err_set(err, ERR_MEMORY, "out of memory");
    if (access(file, F_OK) == 0)
        return command_node(context, common, NODE_WRITE, out, err);
    if (access(common->data, F_OK) == 0)
        err_errno(err, errno, "there is nothing of a node in %s", common->data);
    else
        err_errno(err, errno, "there is no data directory %s", common->data);
    err_todo(err, "name one with --data");
    return err->code;
}
