/* files.c: what stands in directory/ratings: a manifest that names the rest, subjects' facts, runs.
 *
 * A file is written under another name, synced and renamed; the manifest comes last. So whatever is cut off
 * leaves the manifest of before with all its files, and what it does not name is swept away. */
#include "rating/index.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define MANIFEST "manifest"

static const char magic[8] = "WNRATE\0\1";

struct stored_manifest {
    char magic[8];
    uint64_t layout; /* sizeof, so that a change of the struct shows */
    struct manifest m;
    uint64_t checksum;
};

static int write_whole(int fd, const void *p, size_t n)
{
    for (const char *at = p; n;) {
        ssize_t done = write(fd, at, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return -1;
        at += done;
        n -= (size_t)done;
    }
    return 0;
}

static int write_file(const char *directory, const char *name, const void *p, size_t n, struct err *err)
{
    char part[4200], path[4200];
    snprintf(part, sizeof part, "%s/%s.part", directory, name);
    snprintf(path, sizeof path, "%s/%s", directory, name);
    int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), rc = 0;
    if (fd < 0 || write_whole(fd, p, n) || fsync(fd) || rename(part, path))
        rc = err_errno(err, errno, "could not write %s", path);
    if (fd >= 0)
        close(fd);
    return rc;
}

static int sync_directory(const char *directory, struct err *err)
{
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = 0;
    if (fd < 0 || fsync(fd))
        rc = err_errno(err, errno, "could not sync %s", directory);
    if (fd >= 0)
        close(fd);
    return rc;
}

int rating__manifest_write(const char *directory, const struct manifest *m, struct err *err)
{
    struct stored_manifest s = {.layout = sizeof s, .m = *m};
    memcpy(s.magic, magic, sizeof magic);
    s.checksum = rating__checksum(&s, offsetof(struct stored_manifest, checksum));
    int rc = sync_directory(directory, err); /* what it names is there before it is */
    if (!rc)
        rc = write_file(directory, MANIFEST, &s, sizeof s, err);
    return rc ? rc : sync_directory(directory, err);
}

/* All of a file, to be freed; of that length or ERR_CORRUPT. */
static int read_file(const char *directory, const char *name, size_t bytes, void **out, struct err *err)
{
    char path[4200];
    struct stat st;
    snprintf(path, sizeof path, "%s/%s", directory, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC), rc = 0;
    if (fd < 0 || fstat(fd, &st)) {
        rc = err_errno(err, errno, "could not open %s", path);
    } else if (st.st_size < 0 || (uint64_t)st.st_size != bytes) {
        rc = err_set(err, ERR_CORRUPT, "%s is not as long as it was written", path);
    } else if (!(*out = malloc(bytes + 1))) {
        rc = err_set(err, ERR_MEMORY, "no memory for %s", path);
    } else {
        for (size_t at = 0; at < bytes && !rc;) {
            ssize_t done = read(fd, (char *)*out + at, bytes - at);
            if (done < 0 && errno == EINTR)
                continue;
            if (done <= 0)
                rc = err_set(err, ERR_CORRUPT, "%s could not be read", path);
            at += done > 0 ? (size_t)done : 0;
        }
        if (rc) {
            free(*out);
            *out = NULL;
        }
    }
    if (fd >= 0)
        close(fd);
    return rc;
}

static bool ends(const char text[32])
{
    return memchr(text, 0, 32) && !strchr(text, '/');
}

int rating__manifest_read(const char *directory, struct manifest *out, struct err *err)
{
    struct stored_manifest s;
    _cleanup_free_ void *bytes = NULL;
    int rc = read_file(directory, MANIFEST, sizeof s, &bytes, err);
    if (rc)
        return rc;
    memcpy(&s, bytes, sizeof s);
    bool good = !memcmp(s.magic, magic, sizeof magic) && s.layout == sizeof s &&
                s.checksum == rating__checksum(&s, offsetof(struct stored_manifest, checksum)) &&
                s.m.run_count < INDEX_MOST_RUNS && ends(s.m.facts_file);
    for (size_t i = 0; good && i < s.m.run_count; i++)
        good = ends(s.m.runs[i].name);
    if (!good)
        return err_set(err, ERR_CORRUPT, "%s/%s is not what was written", directory, MANIFEST);
    *out = s.m;
    return 0;
}

/* ---- facts: how many pages, for each its number, how many topics, its facts and its topics */

int rating__facts_write(const char *directory, const struct view *v, struct manifest *m, struct err *err)
{
    _cleanup_buf_ struct buf all = BUF_INIT;
    for (size_t i = 0; i < v->page_count; i++) {
        const struct page *p = v->pages[i];
        if (!p)
            continue;
        uint64_t head[2] = {i, p->topic_count};
        buf_add(&all, head, sizeof head);
        buf_add(&all, p->facts, sizeof p->facts);
        if (p->topic_count)
            buf_add(&all, p->topics, p->topic_count * sizeof *p->topics);
    }
    m->facts_bytes = all.n;
    m->facts_checksum = rating__checksum(all.p, all.n);
    return write_file(directory, m->facts_file, all.n ? all.p : "", all.n, err);
}

int rating__facts_read(const char *directory, const struct manifest *m, struct view *v, struct err *err)
{
    _cleanup_free_ void *bytes = NULL;
    int rc = read_file(directory, m->facts_file, m->facts_bytes, &bytes, err);
    if (rc)
        return rc;
    if (rating__checksum(bytes, m->facts_bytes) != m->facts_checksum)
        return err_set(err, ERR_CORRUPT, "%s/%s is not what was written", directory, m->facts_file);
    const char *at = bytes;
    size_t left = m->facts_bytes;
    struct subject_facts facts[INDEX_PAGE];
    uint64_t head[2];
    while (left >= sizeof head + sizeof facts) {
        memcpy(head, at, sizeof head);
        memcpy(facts, at + sizeof head, sizeof facts);
        at += sizeof head + sizeof facts;
        left -= sizeof head + sizeof facts;
        if (head[1] > left / sizeof(uint32_t))
            return err_set(err, ERR_CORRUPT, "%s/%s is cut short", directory, m->facts_file);
        _cleanup_free_ uint32_t *topics = malloc((head[1] + 1) * sizeof *topics);
        if (!topics)
            return err_set(err, ERR_MEMORY, "no memory for topics");
        memcpy(topics, at, head[1] * sizeof *topics);
        at += head[1] * sizeof *topics;
        left -= head[1] * sizeof *topics;
        for (size_t i = 0; i < INDEX_PAGE; i++) {
            const struct subject_facts *f = &facts[i];
            const uint32_t *list = f->topics ? topics + f->topics - 1 : NULL;
            if (list && (f->topics > head[1] || list[0] > head[1] - f->topics))
                return err_set(err, ERR_CORRUPT, "%s/%s is not what was written", directory, m->facts_file);
            if (f->flags || f->date)
                rating__view_set_facts(
                    v, (uint32_t)(head[0] * INDEX_PAGE + i), f, list ? list + 1 : NULL, list ? list[0] : 0);
        }
    }
    return 0;
}

void rating__files_sweep(const char *directory, const struct manifest *m)
{
    DIR *d = opendir(directory);
    for (struct dirent *e; d && (e = readdir(d));) {
        bool named = !strcmp(e->d_name, ".") || !strcmp(e->d_name, "..") || !strcmp(e->d_name, "lock");
        if (m)
            named = named || !strcmp(e->d_name, MANIFEST) || !strcmp(e->d_name, m->facts_file);
        for (size_t i = 0; m && i < m->run_count && !named; i++)
            named = !strcmp(e->d_name, m->runs[i].name);
        if (!named)
            unlinkat(dirfd(d), e->d_name, 0);
    }
    if (d)
        closedir(d);
}
