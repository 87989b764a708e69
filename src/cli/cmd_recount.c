/* cmd_recount.c: `widenet recount scores`: what a filter shows, computed once more from a dump of records
 * alone, and compared with what a node shows, byte for byte.
 *
 * The dump is read into a store of its own that is removed at the end. Nothing of the node goes in but the
 * records of the dump; a private trust list, which no record holds, comes by --trust. */
#include "cli/command.h"
#include "cli/filter_json.h"

#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { most_trust = 8 << 20, most_result = 256 << 20, applied_ms = 3600 * 1000 };

struct recounting {
    const struct command_context *context;
    const char *filter, *as, *at, *limit, *trust, *against, *data; /* data: NULL where none was named */
    const char *dump;
    struct arena *arena;
    struct pubkey reader;
    bool has_reader;
    int64_t when;
    size_t most;
    uint64_t refused;
    char first_refusal[200];
};

/* ---- a store of the dump's records */

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st, (void)type, (void)at;
    return remove(path);
}

static void on_refused(void *ctx, uint64_t line, const char *reason)
{
    struct recounting *r = ctx;
    if (!r->refused++)
        snprintf(
            r->first_refusal, sizeof r->first_refusal, "line %llu: %s", (unsigned long long)line, reason);
}

static void on_progress(void *ctx, uint64_t bytes, uint64_t lines)
{
    struct recounting *r = ctx;
    (void)bytes;
    progress_show(r->context->progress, "reading records", lines, 0);
}

static int load(struct recounting *r, struct store *store, struct err *err)
{
    bool standard = !strcmp(r->dump, "-");
    int fd = standard ? 0 : open(r->dump, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_errno(err, errno, "cannot read %s", r->dump);
    const struct store_import_options options = {.refused = on_refused, .progress = on_progress, .ctx = r};
    struct store_import_counts counts;
    int status = store_import(store, fd, &options, &counts, err);
    if (!standard)
        close(fd);
    if (!status && counts.last_seq)
        status = store_wait_applied(store, counts.last_seq, applied_ms, err);
    progress_end(r->context->progress);
    if (!status && !counts.added)
        status = err_set(err, ERR_INPUT, "%s holds no record%s%s", r->dump, r->refused ? "; " : "",
            r->refused ? r->first_refusal : "");
    else if (!status && r->refused)
        fprintf(stderr, "widenet: %llu lines of %s were left out; the first: %s\n",
            (unsigned long long)r->refused, r->dump, r->first_refusal);
    return status;
}

static int keep_trust(struct recounting *r, struct store *store, struct err *err)
{
    struct str text;
    struct trust_entry *entries;
    size_t n;
    if (!r->trust)
        return 0;
    if (!r->has_reader)
        return err_set(err, ERR_INPUT, "--trust is ACTOR's: --as is missing");
    int status = filter_file_read(r->arena, r->trust, most_trust, &text, err);
    if (!status && (status = trust_private_read(r->arena, text, &entries, &n, err)))
        err_prefix(err, "%s", r->trust);
    return status ? status : trust_private_keep(store, &r->reader, entries, n, err);
}

/* ---- what a store shows */

static int compute(struct recounting *r, struct store *store, struct buf *out, struct err *err)
{
    struct store_read *read;
    struct arena *arena _cleanup_arena_ = arena_create(0);
    struct filter_named named;
    struct filter_result result;
    int status = store_read_begin(store, &read, err);
    if (status)
        return status;
    const struct pubkey *reader = r->has_reader ? &r->reader : NULL;
    status = filter_name_read(read, arena, r->filter, reader, &named, err);
    const struct filter_run run = {
        .recipe = &named.recipe, .reader = reader, .at = r->when, .limit = r->most};
    if (!status)
        status = filter_execute(read, NULL, arena, &run, &result, err);
    if (!status)
        status = filter_result_json(read, arena, &run, &result, out, err);
    store_read_end(read);
    return status;
}

static int recount(struct recounting *r, struct buf *out, struct err *err)
{
    const char *tmp = getenv("TMPDIR");
    _cleanup_free_ char *directory = NULL;
    if (asprintf(&directory, "%s/widenet-recount-XXXXXX", tmp && *tmp ? tmp : "/tmp") < 0)
        return err_set(err, ERR_MEMORY, "out of memory");
    if (!mkdtemp(directory))
        return err_errno(
            err, errno, "cannot make a directory for the records in %s", tmp && *tmp ? tmp : "/tmp");
    const struct store_options options = {.clock = clock_system};
    struct store *store = NULL;
    int status = store_open(directory, STORE_WRITE, r->context->tables, &options, &store, err);
    if (!status)
        status = load(r, store, err);
    if (!status)
        status = keep_trust(r, store, err);
    if (!status)
        status = compute(r, store, out, err);
    store_close(store);
    nftw(directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    return status;
}

/* ---- comparing */

/* The line, from 1, where two texts first differ, and that line of each. */
static void first_difference(struct str a, struct str b, size_t *line, struct str *in_a, struct str *in_b)
{
    bool more_a, more_b;
    *line = 0;
    do {
        ++*line;
        more_a = str_cut(&a, '\n', in_a);
        more_b = str_cut(&b, '\n', in_b);
        if (!more_a)
            *in_a = STR("");
        if (!more_b)
            *in_b = STR("");
    } while (more_a && more_b && str_eq(*in_a, *in_b));
}

static void print_part(const char *whose, struct str line, size_t from)
{
    size_t begin = from > 40 ? from - 40 : 0, end = from + 120 < line.n ? from + 120 : line.n;
    printf("  %-9s %s%.*s%s\n", whose, begin ? "…" : "", begin < end ? (int)(end - begin) : 0, line.p + begin,
        end < line.n ? "…" : "");
}

static int compare(struct str recounted, struct str shown, const char *whose)
{
    if (str_eq(recounted, shown)) {
        fprintf(stderr, "widenet: equal to the last byte: %zu bytes\n", shown.n);
        return 0;
    }
    size_t line, at = 0;
    struct str a, b;
    first_difference(recounted, shown, &line, &a, &b);
    while (at < a.n && at < b.n && a.p[at] == b.p[at])
        at++;
    printf("%s shows something else; the first difference is in line %zu, byte %zu:\n", whose, line, at + 1);
    print_part("recounted", a, at);
    print_part("shown", b, at);
    return 1;
}

static int shown_by_node(struct recounting *r, struct node *node, struct buf *out, struct err *err)
{
    return compute(r, node_store(node), out, err);
}

/* Whether the node keeps a private list that the dump cannot hold; for the words of a difference. */
static bool keeps_private_list(struct recounting *r, struct node *node)
{
    struct store_read *read;
    struct trust_entry *own;
    size_t n;
    bool is_private = false;
    struct err ignored;
    if (!r->has_reader || r->trust || store_read_begin(node_store(node), &read, &ignored))
        return false;
    trust_own(read, r->arena, &r->reader, &own, &n, &is_private, &ignored);
    store_read_end(read);
    return is_private;
}

/* Exit status, or −1 with err. */
static int against_file(struct recounting *r, struct err *err)
{
    struct buf recounted _cleanup_buf_ = BUF_INIT;
    struct str shown;
    if (recount(r, &recounted, err) || filter_file_read(r->arena, r->against, most_result, &shown, err))
        return -1;
    return compare(buf_str(&recounted), shown, r->against);
}

static int against_node(struct recounting *r, struct node *node, struct err *err)
{
    struct buf recounted _cleanup_buf_ = BUF_INIT, shown _cleanup_buf_ = BUF_INIT;
    if (shown_by_node(r, node, &shown, err) || recount(r, &recounted, err))
        return -1;
    int status = compare(buf_str(&recounted), buf_str(&shown), "the node");
    if (status && keeps_private_list(r, node))
        printf(
            "The node keeps a private trust list of this actor, which no dump holds: give it by --trust.\n");
    return status;
}

static int print_only(struct recounting *r, struct err *err)
{
    struct buf recounted _cleanup_buf_ = BUF_INIT;
    if (recount(r, &recounted, err))
        return -1;
    fwrite(recounted.p, 1, recounted.n, stdout);
    return 0;
}

static int find_reader(struct recounting *r, struct node *node, struct err *err)
{
    r->has_reader = r->as != NULL;
    if (!r->as)
        return 0;
    if (node)
        return node_actor_from_text(node, str_of(r->as), &r->reader, err);
    int status = pubkey_from_text(str_of(r->as), &r->reader, err);
    if (status == ERR_INPUT)
        err_todo(err, "--as wants an npub or a hex key; names of a node only go with --data");
    return status;
}

static int go(struct recounting *r, struct node *node, struct err *err)
{
    if (filter_time_read(r->at, clock_now(&clock_system), &r->when, err) ||
        filter_limit_read(r->limit, &r->most, err) || find_reader(r, node, err))
        return -1;
    if (r->against)
        return against_file(r, err);
    return node ? against_node(r, node, err) : print_only(r, err);
}

static int run(const struct command_context *context, int argc, char **argv)
{
    struct recounting r = {.context = context};
    const struct command_option options[] = {{"filter", &r.filter, NULL}, {"as", &r.as, NULL},
        {"at", &r.at, NULL}, {"limit", &r.limit, NULL}, {"trust", &r.trust, NULL},
        {"against", &r.against, NULL}, {NULL}};
    static const char nowhere[] = "./data"; /* told from one that was named by where it stands */
    struct command_common common = {.data = nowhere};
    int n = command_parse(&command_recount, options, &common, argc, argv);
    if (n < 0)
        return 2;
    if (n != 2 || strcmp(argv[0], "scores") || !r.filter ||
        (r.against && (!r.at || common.data != nowhere))) {
        fprintf(stderr, "widenet: %s; usage: widenet %s\n",
            n != 2 || strcmp(argv[0], "scores") ? "recount wants the word scores and one dump"
            : !r.filter                         ? "--filter is missing"
            : !r.at                             ? "--against wants the --at that the file was made with"
                                                : "--against and --data exclude each other",
            command_recount.usage);
        return 2;
    }
    r.dump = argv[1];
    struct err err;
    struct node *node = NULL;
    if (common.data != nowhere && command_node(context, &common, NODE_READ, &node, &err))
        return command_fail(&err);
    r.arena = arena_create(0);
    int status = go(&r, node, &err);
    arena_destroy(r.arena);
    node_close(node);
    return status < 0 ? command_fail(&err) : status;
}

const struct command command_recount = {
    .name = "recount",
    .usage = "recount scores --filter F [--as ACTOR] [--at TIME] [--limit N] [--trust FILE] [--data DIR | "
             "--against FILE] "
             "DUMP",
    .summary = "compute what a filter shows from a dump of records alone",
    .run = run,
    .details = "DUMP is what `widenet export` or `widenet query` wrote (- is standard input). Prints what "
               "`widenet filter run\n"
               "--json` prints, or compares with it: exit status 0 where they are equal to the last byte, 1 "
               "where not, with the\n"
               "first difference.\n\n"
               "  --filter F      as `widenet filter run` takes it\n"
               "  --as ACTOR      whose trust it goes by: an npub or a hex key; with --data also a name of "
               "that node\n"
               "  --at TIME       as if it were then: Unix seconds or RFC 3339\n"
               "  --limit N       how many items, 0 to 500 (50)\n"
               "  --trust FILE    ACTOR's private trust list, which no dump holds: "
               "[[\"p\",KEY,\"\",NAME,\"0.8\"],…]\n"
               "  --data DIR      compare with what the node in DIR shows\n"
               "  --against FILE  compare with what `widenet filter run --json` wrote; wants the same --at\n",
};
