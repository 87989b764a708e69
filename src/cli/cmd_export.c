/* cmd_export.c: `widenet export`: every record of the pool, one JSON object a line, in the order they came.
 */
#include "cli/command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { step = 2000 };

struct output {
    FILE *file;
    uint64_t last, count;
};

static int write_line(void *ctx, const struct store_found *found)
{
    struct output *out = ctx;
    out->last = found->seq;
    out->count++;
    fwrite(found->raw.p, 1, found->raw.n, out->file);
    return putc('\n', out->file) == EOF || ferror(out->file) ? ERR_IO : 0;
}

static int export_all(const struct command_context *context, struct node *node, bool current,
    struct output *out, struct err *err)
{
    struct store_read *read;
    int status = store_read_begin(node_store(node), &read, err);
    if (status)
        return status;
    uint64_t end = store_read_seq(read);
    for (int got = 1; got > 0;) {
        errno = 0;
        got = store_follow(read, out->last, step, current ? 0 : STORE_OLD_TOO, write_line, out, err);
        if (got < 0)
            status = ferror(out->file) ? err_errno(err, errno, "cannot write further") : got;
        progress_show(context->progress, "exporting", out->last, end);
    }
    store_read_end(read);
    progress_end(context->progress);
    return status;
}

static int cannot_make(const char *file, struct err *err)
{
    int code = errno == EEXIST
                   ? err_set(err, ERR_EXISTS, "%s exists already", file)
                   : err_errno(err, errno, "cannot write %s", *file ? file : "a file without a name");
    err_kept(err, code == ERR_EXISTS ? "it was left as it is" : "nothing was written");
    err_todo(err, "name a file that does not exist, in a directory that does");
    return code;
}

static int run(const struct command_context *context, int argc, char **argv)
{
    const char *format = "jsonl", *file = NULL;
    bool current = false;
    const struct command_option options[] = {
        {"format", &format, NULL}, {"output", &file, NULL}, {"current", NULL, &current}, {NULL}};
    struct command_common common = {0};
    int n = command_parse(&command_export, options, &common, argc, argv);
    if (n < 0)
        return 2;
    if (n > 0 || strcmp(format, "jsonl")) {
        fprintf(stderr, "widenet: %s; usage: widenet %s\n",
            n > 0 ? "export takes no arguments" : "the only format is jsonl", command_export.usage);
        return 2;
    }
    struct err err;
    struct node *node;
    if (command_node(context, &common, NODE_READ, &node, &err))
        return command_fail(&err);
    struct output out = {.file = file ? fopen(file, "wxe") : stdout};
    int status = out.file ? export_all(context, node, current, &out, &err) : cannot_make(file, &err);
    if (out.file && !status && fflush(out.file))
        status = err_errno(&err, errno, "cannot write further");
    if (out.file && file && !status && fsync(fileno(out.file)))
        status = err_errno(&err, errno, "cannot write %s", file);
    if (out.file && file)
        fclose(out.file);
    if (out.file && file && status && unlink(file) == 0)
        err_kept(&err, "nothing of %s is left", file);
    node_close(node);
    if (status)
        return command_fail(&err);
    if (file)
        printf("%llu records\n", (unsigned long long)out.count);
    return 0;
}

const struct command command_export = {
    .name = "export",
    .usage = "export [--format jsonl] [--output FILE] [--current]",
    .summary = "write all records, one a line",
    .run = run,
    .details = "To standard output, in the order in which they came; `widenet import` reads it. Works beside "
               "a running node.\n\n"
               "  --output FILE   into a file that does not exist yet\n"
               "  --current       without older revisions\n",
};
