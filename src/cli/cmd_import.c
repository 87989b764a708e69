/* cmd_import.c: `widenet import`: folders of Markdown, single files and record JSONL into the pool, with or
 * without a running node. */
#include "cli/command.h"

#include "base/utf8.h"
#include "news/news.h"
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { applied_ms = 120000 };

/* What the import's source may sign. */
static const uint32_t source_kinds[] = {KIND_PROFILE, KIND_DELETION, KIND_ARTICLE, KIND_ACTOR};

struct run {
    const struct command_context *context;
    struct node *node;
    const char *license, *credit, *source, *as;
    bool json;
    struct pubkey actor;
    struct buf refusals; /* JSON objects, commas between */
    struct arena *arena;
    uint64_t last_seq;
    const char *path;
};

/* ---- what the news room calls */

static void note_seqs(struct run *r, const struct store_item *items, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (items[i].verdict == STORE_NEW && items[i].seq > r->last_seq)
            r->last_seq = items[i].seq;
}

static int publish(void *ctx, struct record *records, struct store_item *items, size_t n, struct err *err)
{
    struct run *r = ctx;
    int status = node_publish_unattended_many(r->node, &r->actor, records, n, items, err);
    if (!status)
        note_seqs(r, items, n);
    return status;
}

static int append(void *ctx, struct store_item *items, size_t n, struct err *err)
{
    struct run *r = ctx;
    int status = node_append(r->node, items, n, false, err);
    if (!status)
        note_seqs(r, items, n);
    return status;
}

static int put_blob(void *ctx, struct str bytes, struct str media_type, uint8_t sha256[32], struct err *err)
{
    return node_blob_put(((struct run *)ctx)->node, bytes, media_type, sha256, err);
}

/* A look of its own each time: a snapshot held through the import would keep the database's log from being
 * emptied. */
static bool look_up(struct run *r, uint32_t kind, struct str d, struct store_found *out)
{
    struct store_read *read;
    if (store_read_begin(node_store(r->node), &read, NULL))
        return false;
    struct address address = {.kind = kind, .pubkey = r->actor, .d = d};
    bool found = store_get_address(read, r->arena, &address, out, NULL) == 0;
    store_read_end(read);
    return found;
}

static int64_t current(void *ctx, struct str d, uint8_t hash[32])
{
    struct run *r = ctx;
    struct store_found found;
    arena_reset(r->arena);
    if (!look_up(r, KIND_ARTICLE, d, &found))
        return 0;
    news_content_hash(&found.record, hash);
    return found.record.created_at;
}

static void progress(void *ctx, uint64_t done, uint64_t total)
{
    struct run *r = ctx;
    progress_show(r->context->progress, "importing", done, total);
}

/* A name from outside as one line of UTF-8. */
static void add_clean(struct buf *out, struct str s)
{
    for (size_t at = 0; at < s.n;) {
        uint32_t c = utf8_next(s, &at);
        utf8_add(out, c < ' ' || c == 0x7f ? 0xfffd : c);
    }
}

static void refused(void *ctx, struct str path, const struct err *why)
{
    struct run *r = ctx;
    char reason[1024];
    _cleanup_buf_ struct buf name = BUF_INIT, clean = BUF_INIT;
    add_clean(&name, path);
    add_clean(&clean, str_of(err_line(why, reason, sizeof reason)));
    if (!r->json) {
        progress_end(r->context->progress);
        fprintf(stderr, "refused: %s: %s\n", name.p ? name.p : "", clean.p ? clean.p : "");
        return;
    }
    if (r->refusals.n)
        buf_addc(&r->refusals, ',');
    buf_addz(&r->refusals, "{\"path\":");
    buf_add_json(&r->refusals, buf_str(&name));
    buf_addz(&r->refusals, ",\"reason\":");
    buf_add_json(&r->refusals, buf_str(&clean));
    buf_addc(&r->refusals, '}');
}

/* ---- records as JSONL, in bulk where we are the writer */

static void line_refused(void *ctx, uint64_t line, const char *reason)
{
    char where[40];
    struct err why;
    err_set(&why, ERR_INPUT, "%s", reason);
    snprintf(where, sizeof where, "line %llu", (unsigned long long)line);
    refused(ctx, str_of(where), &why);
}

static void line_progress(void *ctx, uint64_t bytes, uint64_t lines)
{
    (void)bytes;
    progress_show(((struct run *)ctx)->context->progress, "records read", lines, 0);
}

static int import_bulk(struct run *r, const char *path, struct import_counts *counts, struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_errno(err, errno, "%s cannot be read", path);
    struct store_import_counts got = {0};
    int status = store_import(node_store(r->node), fd,
        &(struct store_import_options){.refused = line_refused, .progress = line_progress, .ctx = r}, &got,
        err);
    close(fd);
    counts->files += got.lines;
    counts->records += got.lines;
    counts->records_new += got.added;
    counts->imported += got.added;
    counts->unchanged += got.duplicates;
    counts->refused += got.refused;
    if (got.last_seq > r->last_seq)
        r->last_seq = got.last_seq;
    return status;
}

static bool is_records(const char *path)
{
    struct stat st;
    struct str s = str_of(path);
    return (str_ends(s, STR(".jsonl")) || str_ends(s, STR(".ndjson"))) && !stat(path, &st) &&
           S_ISREG(st.st_mode);
}

/* ---- who signs */

/* The last part of the folder's own path, however it was written. */
static int folder_name(const char *path, char out[65], struct err *err)
{
    char *real = realpath(path, NULL);
    struct stat st;
    if (!real || stat(real, &st)) {
        int error = errno;
        free(real);
        return err_errno(err, error, "%s cannot be read", path);
    }
    char *slash = strrchr(real, '/');
    if (!S_ISDIR(st.st_mode) && slash && slash != real) {
        *slash = 0;
        slash = strrchr(real, '/');
    }
    struct str name = utf8_cut(str_of(slash ? slash + 1 : real), 64);
    memcpy(out, name.n ? name.p : "root", name.n ? name.n : 4);
    out[name.n ? name.n : 4] = 0;
    free(real);
    return 0;
}

static bool has_profile(struct run *r)
{
    struct store_found found;
    return look_up(r, KIND_PROFILE, STR(""), &found);
}

/* A new source says who it is, once. */
static int introduce(struct run *r, const char *name, struct err *err)
{
    if (has_profile(r))
        return 0;
    _cleanup_arena_ struct arena *arena = arena_create(0);
    struct record_draft profile = {.arena = arena}, sort = {.arena = arena};
    int64_t now = clock_now(node_clock(r->node));
    news_profile_write(str_of(name), STR(""), STR(""), now, &profile);
    news_actor_write("organisation", now, &sort);
    struct record both[2] = {profile.r, sort.r};
    struct store_item items[2] = {0};
    int status = publish(r, both, items, 2, err);
    for (size_t i = 0; !status && i < 2; i++)
        if (items[i].verdict == STORE_REFUSED)
            status = err_set(err, ERR_INPUT, "the source's profile was refused: %s", items[i].reason);
    return status;
}

static int choose_actor(struct run *r, const char *path, struct err *err)
{
    if (r->as)
        return node_actor_from_text(r->node, str_of(r->as), &r->actor, err);
    char name[65];
    int status = 0;
    if (!r->source)
        status = folder_name(path, name, err);
    const char *source = r->source ? r->source : name;
    if (!status)
        status = node_source_key(r->node, str_of(source), source_kinds,
            sizeof source_kinds / sizeof source_kinds[0], &r->actor, err);
    if (status == ERR_INPUT)
        err_todo(err, "give the source another name: --source NAME");
    return status ? status : introduce(r, source, err);
}

/* ---- the run */

/* What an import before us (or a node beside us) wrote must be visible before we compare. */
static void catch_up(struct run *r)
{
    struct store *store = node_store(r->node);
    store_wait_applied(store, store_last_seq(store), applied_ms, NULL);
}

static int import_path(struct run *r, const char *path, struct import_counts *counts, struct err *err)
{
    struct import_sink sink = {.ctx = r,
        .publish = publish,
        .append = append,
        .blob = put_blob,
        .current = current,
        .progress = progress,
        .refused = refused};
    bool records = is_records(path);
    if (records && !node_is_remote(r->node))
        return import_bulk(r, path, counts, err);
    if (access(path, R_OK))
        return err_errno(err, errno, "%s cannot be read", path);
    catch_up(r);
    int status = records ? 0 : choose_actor(r, path, err);
    struct import_options options = {
        .license = r->license, .credit = r->credit, .actor = r->actor, .clock = *node_clock(r->node)};
    struct stat st;
    _cleanup_free_ char *meant = NULL;
    if (!records && !lstat(path, &st) && S_ISLNK(st.st_mode))
        meant = realpath(
            path, NULL); /* a link that somebody names is followed; those found in a folder are not */
    return status ? status : news_import(meant ? meant : path, &options, &sink, counts, err);
}

static void print_json(const struct run *r, const struct import_counts *c)
{
    printf("{\"files\":%llu,\"imported\":%llu,\"unchanged\":%llu,\"refused\":%llu,\"unreadable\":%llu,"
           "\"dropped_shortcodes\":%llu,\"unresolved_refs\":%llu,\"pictures\":%llu,\"records\":%llu,"
           "\"records_new\":%llu,\"refusals\":[%.*s]}\n",
        (unsigned long long)c->files, (unsigned long long)c->imported, (unsigned long long)c->unchanged,
        (unsigned long long)c->refused, (unsigned long long)c->unreadable,
        (unsigned long long)c->dropped_shortcodes, (unsigned long long)c->unresolved_refs,
        (unsigned long long)c->pictures, (unsigned long long)c->records, (unsigned long long)c->records_new,
        STR_ARG(buf_str(&r->refusals)));
}

static void print_summary(const struct run *r, const struct import_counts *c)
{
    const char *what = c->records ? "record" : "file";
    printf("%llu %s%s: %llu imported, %llu unchanged, %llu refused\n", (unsigned long long)c->files, what,
        command_plural(c->files), (unsigned long long)c->imported, (unsigned long long)c->unchanged,
        (unsigned long long)c->refused);
    if (c->unreadable)
        printf("%llu folder%s could not be read\n", (unsigned long long)c->unreadable,
            command_plural(c->unreadable));
    if (c->pictures)
        printf("%llu picture%s taken in\n", (unsigned long long)c->pictures, command_plural(c->pictures));
    if (c->dropped_shortcodes || c->unresolved_refs)
        printf("%llu shortcode%s dropped, %llu reference%s to articles that are not here\n",
            (unsigned long long)c->dropped_shortcodes, command_plural(c->dropped_shortcodes),
            (unsigned long long)c->unresolved_refs, command_plural(c->unresolved_refs));
    if (!r->license && c->imported && !c->records)
        printf(
            "Where a file declares no free licence, only title, summary and link were published; --license "
            "ID states one for all that declare none.\n");
}

static int check_license(const char *license)
{
    const struct license *known = license ? license_find(str_of(license)) : NULL;
    if (!license || known)
        return 0;
    size_t n;
    const struct license *offered = license_list(&n);
    fprintf(stderr, "widenet: no licence is called \"%s\"; known are", license);
    for (size_t i = 0; i < n; i++)
        fprintf(stderr, " %s", offered[i].id);
    fputs(" and others by their SPDX id\n", stderr);
    return 2;
}

static int run_import(const struct command_context *context, int argc, char **argv)
{
    struct run r = {.context = context};
    const struct command_option options[] = {{"license", &r.license, NULL}, {"credit", &r.credit, NULL},
        {"source", &r.source, NULL}, {"as", &r.as, NULL}, {"json", NULL, &r.json}, {NULL}};
    struct command_common common = {0};
    int paths = command_parse(&command_import, options, &common, argc, argv);
    if (paths < 0)
        return 2;
    if (paths == 0 || (r.source && r.as)) {
        fprintf(stderr, "widenet: %s; usage: widenet %s\n",
            paths ? "--source and --as exclude each other" : "import what?", command_import.usage);
        return 2;
    }
    if (check_license(r.license))
        return 2;
    struct err err;
    if (command_node(context, &common, NODE_WRITE, &r.node, &err))
        return command_fail(&err);
    r.arena = arena_create(0);
    struct import_counts counts = {0};
    int status = 0;
    for (int i = 0; i < paths && !status; i++)
        status = import_path(&r, argv[i], &counts, &err);
    if (!status && r.last_seq) { /* pages and a second import see it; what is late is safe all the same */
        progress_show(context->progress, "indexing", 0, 0);
        store_wait_applied(node_store(r.node), r.last_seq, applied_ms, NULL);
    }
    progress_end(context->progress);
    node_close(r.node);
    if (r.json)
        print_json(&r, &counts);
    else if (!status || counts.files)
        print_summary(&r, &counts);
    buf_finish(&r.refusals);
    arena_destroy(r.arena);
    if (status)
        return command_fail(&err);
    bool nothing = counts.refused && !counts.imported && !counts.unchanged;
    return counts.unreadable || nothing ? 1 : 0;
}

const struct command command_import = {
    .name = "import",
    .usage = "import [--license ID] [--credit TEXT] [--source NAME | --as ACTOR] [--json] PATH…",
    .summary = "take in a folder of Markdown, a single file, or record JSONL",
    .run = run_import,
    .details =
        "Works beside a running node. Doing it again adds nothing that is there already. Exit status 1 where "
        "a\n"
        "folder could not be read, or nothing could be imported.\n\n"
        "  --license ID    the licence of files that declare none (CC0-1.0, CC-BY-4.0, …)\n"
        "  --credit TEXT   who is to be named: \"name\", \"name https://…\" or \"name | role | link\"\n"
        "  --source NAME   signs as this source; the folder's name where it is missing\n"
        "  --as ACTOR      signs as this actor of the node: a name or an npub\n"
        "  --json          one object with the counts and the refusals\n",
};
