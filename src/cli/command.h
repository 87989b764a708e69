/* command.h: what a subcommand's file declares: one row. Each lives in cmd_NAME.c; main.c names the rows. */
#ifndef WN_CLI_COMMAND_H
#define WN_CLI_COMMAND_H

#include "base/progress.h"
#include "node/node.h"

struct command_context {
    const char *program; /* argv[0], resolved */
    const struct store_tables *tables;
    const struct config_option *options;
    const struct account_belonging *belongings;
    const struct command *const *commands; /* for help; ends with NULL */
    struct progress *progress;             /* of opening and rebuilding (base/progress.h) */
};
struct command {
    const char *name;    /* the table ends with NULL */
    const char *usage;   /* "import [--license ID] … PATH…" */
    const char *summary; /* one line */
    /* argv[0] is the command's name. Returns the exit status: 0, 1 failure, 2 wrong usage. */
    int (*run)(const struct command_context *context, int argc, char **argv);
    bool internal;       /* not shown in help */
    const char *details; /* what `help NAME` adds: its options, one a line; ends in a newline; may be NULL */
};

/* Options all commands share; each command has its own table beside. Parses --name VALUE, --name=VALUE and
 * flags, stops at "--". Wrong usage prints one line naming the option and the command's usage, and gives 2.
 */
struct command_option {
    const char *name;   /* "license"; the table ends with NULL */
    const char **value; /* or NULL for a flag */
    bool *flag;
};
/* Moves positional arguments to the front of argv, returns their number, or −1 (already said why). Adds
 * --data, --config, --help itself. */
struct command_common {
    const char *data;   /* default "./data" */
    const char *config; /* default DATA/widenet.ini */
};
int command_parse(const struct command *self, const struct command_option *options,
    struct command_common *common, int argc, char **argv);
/* Likewise where nothing but options may stand: 0 or -1. */
int command_parse_options(const struct command *self, const struct command_option *options,
    struct command_common *common, int argc, char **argv);
/* "file%s": what makes it many. */
static inline const char *command_plural(uint64_t n)
{
    return n == 1 ? "" : "s";
}
int command_fail(const struct err *err); /* prints "widenet: …" on standard error, returns 1 */
/* Loads the configuration that common names; a missing file is fine unless --config named it. */
int command_config(const struct command_context *context, const struct command_common *common,
    struct config **out, struct err *err);
/* What command_node opens with, for a command that adds to it; the configuration is loaded and the node's own
 * once it is open (config_destroy out->own_config where opening fails). */
int command_node_options(const struct command_context *context, const struct command_common *common,
    struct node_options *out, struct err *err);
/* Loads the configuration and opens the node. Long steps show their progress on a terminal. */
int command_node(const struct command_context *context, const struct command_common *common,
    enum node_mode mode, struct node **out, struct err *err);

/* The same for writing, but a data directory that is not there is not made: there is nothing in it to change.
 */
int command_node_existing(const struct command_context *context, const struct command_common *common,
    struct node **out, struct err *err);

extern const struct command command_version, command_help, command_serve, command_import, command_export,
    command_query, command_filter, command_recount, command_service, command_account, command_demo,
    command_rebuild, command_check, command_backup, command_restore, command_keeper, command_front;

#endif
