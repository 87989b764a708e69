/* import.c: a folder of Markdown, or one file, becomes articles of one actor: found, checked, converted,
 * compared with what is there, and sent off in batches. Doing it again sends only what changed. */
#include "news/import.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { batch_size = 200 };

void news_content_hash(const struct record *r, uint8_t out[32])
{
    struct record same = {.kind = r->kind, .tags = r->tags, .tag_count = r->tag_count, .content = r->content};
    _cleanup_buf_ struct buf bytes = BUF_INIT;
    record_serialize_for_id(&same, &bytes);
    crypto_hash_sha256(out, (const uint8_t *)bytes.p, bytes.n);
}

struct batch {
    struct arena *arena;
    struct record records[batch_size];
    struct store_item items[batch_size];
    const struct import_file *files[batch_size];
    size_t n;
};

static void refuse(struct import *im, struct str path, const struct err *why)
{
    im->counts->refused++;
    im->sink->refused(im->sink->ctx, path, why);
}

static int send(struct import *im, struct batch *b, struct err *err)
{
    if (!b->n)
        return 0;
    memset(b->items, 0, b->n * sizeof *b->items);
    int status = im->sink->publish(im->sink->ctx, b->records, b->items, b->n, err);
    for (size_t i = 0; !status && i < b->n; i++) {
        if (b->items[i].verdict == STORE_NEW)
            im->counts->imported++;
        else if (b->items[i].verdict == STORE_DUPLICATE)
            im->counts->unchanged++;
        else {
            struct err why;
            err_set(&why, ERR_INPUT, "the node refused it: %s", b->items[i].reason);
            refuse(im, b->files[i]->path, &why);
        }
    }
    b->n = 0;
    arena_reset(b->arena);
    return status;
}

/* What is there already needs no record; a changed text is dated later than what it replaces. */
static bool is_unchanged(struct import *im, const struct import_file *file, struct import_article *article)
{
    uint8_t hash[32];
    int64_t created_at = im->sink->current ? im->sink->current(im->sink->ctx, file->d, hash) : 0;
    if (!created_at)
        return false;
    if (!memcmp(hash, article->hash, sizeof hash))
        return true;
    if (article->draft.r.created_at <= created_at)
        article->draft.r.created_at = created_at + 1;
    return false;
}

static int import_file(struct import *im, const struct import_file *file, struct batch *b, struct err *err)
{
    struct err why = {0};
    struct import_article article = {.draft = {.arena = b->arena}};
    if (!file->accepted)
        return 0; /* said already */
    if (news__import_article(im, file, &article, &why)) {
        refuse(im, file->path, &why);
        return 0;
    }
    im->counts->dropped_shortcodes += article.dropped;
    im->counts->unresolved_refs += article.unresolved;
    im->counts->pictures += article.pictures;
    if (is_unchanged(im, file, &article)) {
        im->counts->unchanged++;
        return 0;
    }
    b->records[b->n] = article.draft.r;
    b->files[b->n++] = file;
    return b->n == batch_size ? send(im, b, err) : 0;
}

static int order_d(const void *a, const void *b)
{
    const struct import_file *x = *(struct import_file *const *)a, *y = *(struct import_file *const *)b;
    int order = str_cmp(x->d, y->d);
    return order ? order : str_cmp(x->path, y->path);
}

/* Two files that would have one name (a.md and a.markdown): the first by path stays. */
static int refuse_doubles(struct import *im, struct err *err)
{
    struct import_file **all = ARENA_ARRAY(im->arena, struct import_file *, im->n + 1);
    size_t n = 0;
    if (!all)
        return err_set(err, ERR_MEMORY, "the folder does not fit into memory");
    for (size_t i = 0; i < im->n; i++)
        if (im->files[i].accepted)
            all[n++] = &im->files[i];
    qsort(all, n, sizeof *all, order_d);
    for (size_t i = 1; i < n; i++) {
        if (!str_eq(all[i]->d, all[i - 1]->d))
            continue;
        struct err why;
        err_set(&why, ERR_EXISTS, "another file has the same name but for its ending: %.*s",
            (int)(all[i - 1]->path.n > 200 ? 200 : all[i - 1]->path.n), all[i - 1]->path.p);
        all[i]->accepted = false;
        refuse(im, all[i]->path, &why);
    }
    return 0;
}

static int run(struct import *im, struct err *err)
{
    im->counts->files = im->n;
    for (size_t i = 0; i < im->n; i++) {
        _cleanup_arena_ struct arena *arena = arena_create(0);
        struct err why = {0};
        im->files[i].accepted = news__import_check(im, arena, &im->files[i], &why) == 0;
        if (!im->files[i].accepted)
            refuse(im, im->files[i].path, &why);
    }
    int status = refuse_doubles(im, err);
    if (!status)
        status = news__import_index(im, err);
    if (status)
        return status;
    struct batch *b = calloc(1, sizeof *b);
    if (!b)
        return err_set(err, ERR_MEMORY, "out of memory");
    b->arena = arena_create(0);
    for (size_t i = 0; i < im->n && !status; i++) {
        status = import_file(im, &im->files[i], b, err);
        if (im->sink->progress)
            im->sink->progress(im->sink->ctx, i + 1, im->n);
    }
    if (!status)
        status = send(im, b, err);
    arena_destroy(b->arena);
    free(b);
    return status;
}

/* One file: its folder is the root, in which its pictures may lie. */
static int import_one(struct import *im, const char *path, struct err *err)
{
    const char *slash = strrchr(path, '/');
    struct str folder = slash ? (struct str){path, (size_t)(slash - path)} : STR(".");
    if (slash == path)
        folder = STR("/");
    char *name = arena_strz(im->arena, folder);
    struct str base = str_of(slash ? slash + 1 : path);
    im->place = folder;
    im->root = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (im->root < 0)
        return err_errno(err, errno, "%s cannot be read", name);
    int status = news__import_single(im, base, err);
    return status ? status : run(im, err);
}

static bool is_jsonl(const char *path)
{
    struct str s = str_of(path);
    return str_ends(s, STR(".jsonl")) || str_ends(s, STR(".ndjson"));
}

int news_import(const char *path, const struct import_options *options, const struct import_sink *sink,
    struct import_counts *out, struct err *err)
{
    struct stat st;
    if (stat(path, &st))
        return err_errno(err, errno, "%s cannot be read", path);
    if (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode))
        return err_set(err, ERR_INPUT, "%s is neither a folder nor a file", path);
    if (S_ISREG(st.st_mode) && is_jsonl(path))
        return news__import_jsonl(path, sink, out, err);
    _cleanup_arena_ struct arena *arena = arena_create(0);
    struct import im = {
        .arena = arena, .options = options, .sink = sink, .counts = out, .root = -1, .place = str_of(path)};
    struct import_counts before = *out;
    int status;
    if (S_ISDIR(st.st_mode)) {
        im.root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (im.root < 0)
            return err_errno(err, errno, "%s cannot be read", path);
        status = news__import_walk(&im, err);
        if (!status)
            status = run(&im, err);
    } else
        status = import_one(&im, path, err);
    out->files += before.files; /* several paths add up */
    if (im.root >= 0)
        close(im.root);
    return status;
}
