/* import_files.c: the files of an import's folder: found, read without leaving the folder, and looked up by
 * what a ref or a relative link says. */
#include "news/import.h"

#include "base/utf8.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <uninorm.h>
#include <unistd.h>

enum { max_files = 2000000, max_depth = 64, max_path = 4096 };

/* ---- walking */

struct walk {
    struct import *im;
    size_t cap;
};

static void refuse_folder(struct import *im, struct str path, int error)
{
    struct err why;
    err_errno(&why, error, "the folder cannot be read");
    err_todo(&why, "give yourself permission to read it and import again");
    im->counts->unreadable++;
    im->sink->refused(im->sink->ctx, path.n ? path : STR("."), &why);
}

static int add_file(struct walk *w, struct str path, uint64_t size, struct err *err)
{
    struct import *im = w->im;
    if (im->n == w->cap) {
        size_t cap = w->cap ? w->cap * 2 : 256;
        struct import_file *more = cap > max_files ? NULL : ARENA_ARRAY(im->arena, struct import_file, cap);
        if (!more)
            return err_set(err, ERR_LIMIT, "the folder has more than %d files", max_files);
        if (im->n)
            memcpy(more, im->files, im->n * sizeof *more);
        im->files = more;
        w->cap = cap;
    }
    im->files[im->n++] = (struct import_file){.path = path, .name = STR(""), .d = STR(""), .size = size};
    return 0;
}

static int walk_folder(struct walk *w, int folder, struct str path, unsigned depth, struct err *err)
{
    struct import *im = w->im;
    DIR *dir = folder < 0 || depth > max_depth ? NULL : fdopendir(folder);
    if (!dir) {
        refuse_folder(im, path, folder < 0 ? errno : ELOOP);
        if (folder >= 0)
            close(folder);
        return 0;
    }
    int status = 0;
    for (;;) {
        errno = 0;
        struct dirent *entry = readdir(dir);
        if (!entry) {
            if (errno)
                refuse_folder(im, path, errno);
            break;
        }
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
            continue;
        struct str child = arena_printf(
            im->arena, "%.*s%s%s", STR_ARG(path), path.n ? "/" : "", entry->d_name);
        struct stat st;
        if (fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW))
            continue; /* it went away */
        if (S_ISDIR(st.st_mode)) {
            int inner = openat(dirfd(dir), entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
            status = walk_folder(w, inner, child, depth + 1, err);
        } else if (S_ISREG(st.st_mode))
            status = add_file(w, child, (uint64_t)st.st_size, err);
        if (status)
            break;
    }
    closedir(dir);
    return status;
}

static int by_path(const void *a, const void *b)
{
    return str_cmp(((const struct import_file *)a)->path, ((const struct import_file *)b)->path);
}

static bool is_markdown(struct str path, struct str *without)
{
    static const struct str extensions[] = {STR_INIT(".md"), STR_INIT(".markdown"), STR_INIT(".mdown")};
    for (size_t i = 0; i < sizeof extensions / sizeof extensions[0]; i++) {
        struct str e = extensions[i];
        if (path.n > e.n && str_eq_nocase(str_slice(path, path.n - e.n, path.n), e)) {
            *without = str_slice(path, 0, path.n - e.n);
            return true;
        }
    }
    return false;
}

static void name_file(struct import *im, struct import_file *file)
{
    struct str without;
    if (!is_markdown(file->path, &without))
        return;
    file->markdown = true;
    if (!utf8_valid(without))
        return;
    size_t n = 0;
    uint8_t *nfc = u8_normalize(UNINORM_NFC, (const uint8_t *)without.p, without.n, NULL, &n);
    file->name = nfc ? arena_str(im->arena, (struct str){(char *)nfc, n}) : without;
    cleanup_free_(&nfc);
    file->d = file->name;
    if (file->name.n <= RECORD_MAX_D_BYTES)
        return;
    uint8_t hash[crypto_hash_sha256_BYTES];
    char hex[2 * sizeof hash + 1];
    crypto_hash_sha256(hash, (const uint8_t *)file->name.p, file->name.n);
    sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
    file->d = arena_printf(im->arena, "sha256:%s", hex);
}

int news__import_walk(struct import *im, struct err *err)
{
    struct walk w = {.im = im};
    int again = openat(im->root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (again < 0)
        return err_errno(err, errno, "the folder cannot be read");
    int status = walk_folder(&w, again, STR(""), 0, err);
    if (status)
        return status;
    qsort(im->files, im->n, sizeof *im->files, by_path);
    for (size_t i = 0; i < im->n; i++)
        name_file(im, &im->files[i]);
    return 0;
}

int news__import_single(struct import *im, struct str name, struct err *err)
{
    struct walk w = {.im = im};
    int status = add_file(&w, arena_str(im->arena, name), 0, err);
    if (!status)
        name_file(im, &im->files[0]);
    return status;
}

/* ---- reading */

/* Opens path below root part by part: no "..", no symbolic link. */
static int open_below(int root, struct str path)
{
    int folder = root;
    struct str rest = path, part;
    while (str_cut(&rest, '/', &part)) {
        char name[256];
        if (!part.n || part.n >= sizeof name || str_eqz(part, ".") || str_eqz(part, "..") ||
            memchr(part.p, 0, part.n)) {
            errno = ENOENT;
            break;
        }
        memcpy(name, part.p, part.n);
        name[part.n] = 0;
        int flags = O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | (rest.p ? O_DIRECTORY : 0);
        int next = openat(folder, name, flags);
        int error = errno;
        if (folder != root)
            close(folder);
        errno = error;
        if (next < 0 || !rest.p)
            return next;
        folder = next;
    }
    if (folder != root)
        close(folder);
    return -1;
}

int news__import_read(
    struct import *im, struct arena *arena, struct str path, uint64_t max, struct str *bytes, struct err *err)
{
    int fd = open_below(im->root, path);
    if (fd < 0)
        return err_errno(err, errno, "the file cannot be read");
    struct stat st;
    int status = 0;
    if (fstat(fd, &st) || !S_ISREG(st.st_mode))
        status = err_set(err, ERR_INPUT, "this is no regular file");
    else if ((uint64_t)st.st_size > max) {
        status = err_set(err, ERR_LIMIT, "the file has %lld bytes (at most %llu)", (long long)st.st_size,
            (unsigned long long)max);
    }
    char *p = status ? NULL : arena_alloc(arena, (size_t)st.st_size + 1);
    size_t n = 0;
    while (p && n < (size_t)st.st_size) {
        ssize_t got = read(fd, p + n, (size_t)st.st_size - n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            status = err_errno(err, errno, "the file cannot be read");
        if (got <= 0)
            break;
        n += (size_t)got;
    }
    if (!p && !status)
        status = err_set(err, ERR_MEMORY, "the file does not fit into memory");
    close(fd);
    *bytes = (struct str){p ? p : "", n};
    return status;
}

/* ---- looking up */

static struct str base_of(struct str name)
{
    size_t at = name.n;
    while (at && name.p[at - 1] != '/')
        at--;
    return str_slice(name, at, name.n);
}

static struct str folder_of(struct str name)
{
    size_t at = name.n;
    while (at && name.p[at - 1] != '/')
        at--;
    return str_slice(name, 0, at ? at - 1 : 0);
}

static int order_name(const void *a, const void *b)
{
    const struct import_file *x = *(struct import_file *const *)a, *y = *(struct import_file *const *)b;
    return str_cmp(x->name, y->name);
}

static int order_base(const void *a, const void *b)
{
    const struct import_file *x = *(struct import_file *const *)a, *y = *(struct import_file *const *)b;
    int order = str_cmp(base_of(x->name), base_of(y->name));
    return order ? order : str_cmp(x->name, y->name);
}

int news__import_index(struct import *im, struct err *err)
{
    im->by_name = ARENA_ARRAY(im->arena, struct import_file *, im->n + 1);
    im->by_base = ARENA_ARRAY(im->arena, struct import_file *, im->n + 1);
    if (!im->by_name || !im->by_base)
        return err_set(err, ERR_MEMORY, "the folder does not fit into memory");
    for (size_t i = 0; i < im->n; i++)
        if (im->files[i].accepted)
            im->by_name[im->accepted++] = &im->files[i];
    memcpy(im->by_base, im->by_name, im->accepted * sizeof *im->by_name);
    qsort(im->by_name, im->accepted, sizeof *im->by_name, order_name);
    qsort(im->by_base, im->accepted, sizeof *im->by_base, order_base);
    return 0;
}

static const struct import_file *find_name(const struct import *im, struct str name)
{
    struct import_file key = {.name = name}, *at = &key;
    if (!im->accepted)
        return NULL;
    struct import_file **found = bsearch(&at, im->by_name, im->accepted, sizeof at, order_name);
    return found ? *found : NULL;
}

/* What the page of a folder itself is called. */
static const char *const folder_pages[] = {"index", "_index", "README"};
enum { folder_page_count = sizeof folder_pages / sizeof folder_pages[0] };

static bool is_page_of_folder(struct str base)
{
    for (size_t i = 0; i < folder_page_count; i++)
        if (str_eqz(base, folder_pages[i]))
            return true;
    return false;
}

/* The name itself, or the page of the folder that is called so. */
static const struct import_file *find_page(const struct import *im, struct str name)
{
    const struct import_file *found = find_name(im, name);
    for (size_t i = 0; i < folder_page_count && !found; i++) {
        char path[max_path];
        int n = snprintf(path, sizeof path, "%.*s/%s", STR_ARG(name), folder_pages[i]);
        if (n > 0 && (size_t)n < sizeof path)
            found = find_name(im, (struct str){path, (size_t)n});
    }
    return found;
}

/* The only file with this last part; one in the same folder goes before others. */
static const struct import_file *find_base(const struct import *im, struct str from, struct str base)
{
    size_t low = 0, high = im->accepted;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (str_cmp(base_of(im->by_base[middle]->name), base) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    const struct import_file *only = NULL;
    size_t count = 0;
    for (; low < im->accepted && str_eq(base_of(im->by_base[low]->name), base); low++) {
        only = im->by_base[low];
        if (str_eq(folder_of(only->name), folder_of(from)))
            return only;
        count++;
    }
    return count == 1 ? only : NULL;
}

/* base + "/" + path without "." and "..", in out. False if it leaves the root or is too long. */
static bool join(struct str base, struct str path, char out[max_path], struct str *joined)
{
    size_t n = 0;
    struct str halves[2] = {base, path};
    for (size_t i = 0; i < 2; i++) {
        struct str rest = halves[i], part;
        while (str_cut(&rest, '/', &part)) {
            if (!part.n || str_eqz(part, "."))
                continue;
            if (str_eqz(part, "..")) {
                if (!n)
                    return false;
                while (n && out[n - 1] != '/')
                    n--;
                n -= n > 0;
                continue;
            }
            if (n + part.n + 1 >= max_path)
                return false;
            if (n)
                out[n++] = '/';
            memcpy(out + n, part.p, part.n);
            n += part.n;
        }
    }
    *joined = (struct str){out, n};
    return n > 0;
}

/* "/a/b.md#part?x" → "/a/b" */
static struct str bare_target(struct str target)
{
    target = str_trim(target);
    for (size_t i = 0; i < target.n; i++)
        if (target.p[i] == '#' || target.p[i] == '?') {
            target.n = i;
            break;
        }
    while (target.n && target.p[target.n - 1] == '/')
        target.n--;
    struct str without;
    if (is_markdown(target, &without))
        return without;
    if (str_ends(target, STR(".html")))
        target.n -= 5;
    return target;
}

const struct import_file *news__import_find(const struct import *im, struct str from, struct str target)
{
    target = bare_target(target);
    if (!target.n || target.n >= max_path)
        return NULL;
    char path[max_path];
    struct str joined;
    const struct import_file *found = NULL;
    bool rooted = target.p[0] == '/';
    if (!rooted) {
        if (join(folder_of(from), target, path, &joined))
            found = find_page(im, joined);
        /* A page's address ends in a slash on most sites: ".." from it is the page's own folder. */
        if (!found && join(from, target, path, &joined))
            found = find_page(im, joined);
        if (!found && str_find_char(target, '/') == SIZE_MAX)
            return find_base(im, from, target);
    }
    if (!found && str_starts(target, STR("..")))
        return NULL;
    /* From the root; and with leading folders left out, where the root lies deeper than the site's. */
    if (!found && join(STR(""), target, path, &joined) && !(found = find_page(im, joined)) &&
        !is_page_of_folder(base_of(joined)))
        for (size_t slash; !found && (slash = str_find_char(joined, '/')) != SIZE_MAX;) {
            joined = str_slice(joined, slash + 1, joined.n);
            found = find_name(im, joined);
        }
    return found;
}
