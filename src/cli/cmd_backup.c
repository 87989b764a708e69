/* cmd_backup.c: `widenet backup` and `widenet restore`: everything a node is, in one file and back. */
#include "cli/command.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* What the directory holds beside the store. */
static const char *const extra_files[] = {"keyring", "secret", "widenet.ini", NULL};

static int run_backup(const struct command_context *context, int argc, char **argv)
{
    struct command_common common = {0};
    int n = command_parse(&command_backup, NULL, &common, argc, argv);
    if (n < 0)
        return 2;
    if (n != 1 || !*argv[0]) {
        fprintf(stderr, "widenet backup: name one file; usage: widenet %s\n", command_backup.usage);
        return 2;
    }
    struct err err;
    struct node *node;
    if (!strcmp(argv[0], "-")) {
        fprintf(stderr,
            "widenet backup: a backup cannot go to standard output, name a file; usage: widenet %s\n",
            command_backup.usage);
        return 2;
    }
    umask(077);
    if (command_node(context, &common, NODE_READ, &node, &err) != 0)
        return command_fail(&err);
    int bad = store_backup(node_store(node), argv[0], extra_files, &err);
    node_close(node);
    if (bad)
        return command_fail(&err);
    printf(
        "backed up to %s; it holds the keys and their secret: keep it where only you can read it\n", argv[0]);
    return 0;
}

static int run_restore(const struct command_context *context, int argc, char **argv)
{
    const char *tombstones = NULL;
    const struct command_option options[] = {{"tombstones", &tombstones, NULL}, {NULL}};
    struct command_common common = {0};
    int n = command_parse(&command_restore, options, &common, argc, argv);
    if (n < 0)
        return 2;
    if (n != 1 || !*argv[0]) {
        fprintf(stderr, "widenet restore: name one file; usage: widenet %s\n", command_restore.usage);
        return 2;
    }
    struct err err;
    umask(077);
    if (store_restore(argv[0], common.data, tombstones, &err) != 0)
        return command_fail(&err);
    struct node *node; /* opened once, so that indices which the tombstones emptied are made anew */
    if (command_node(context, &common, NODE_WRITE, &node, &err) != 0)
        return command_fail(&err);
    node_close(node);
    printf("restored %s into %s; `widenet check --data %s` reads all of it again, `widenet serve --data %s` "
           "serves it\n",
        argv[0], common.data, common.data, common.data);
    return 0;
}

const struct command command_backup = {
    .name = "backup",
    .usage = "backup FILE",
    .summary = "write everything into one file, also while the node serves",
    .run = run_backup,
    .details =
        "FILE must not exist. It takes in records, tables, pictures, keys, secret and configuration.\n",
};

const struct command command_restore = {
    .name = "restore",
    .usage = "restore [--tombstones DIR] FILE",
    .summary = "make an empty data directory from a backup",
    .run = run_restore,
    .details =
        "The data directory must be empty or missing.\n\n"
        "  --tombstones DIR   what was erased in that data directory, after the backup, stays erased\n",
};
