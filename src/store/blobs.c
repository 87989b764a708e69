/* blobs.c: files by SHA-256 in DIR/blobs/aa/HEX, each written whole under another name first. */
#include "base/hex.h"
#include "store/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void blob_path(const char *directory, const uint8_t sha256[32], struct buf *out)
{
    char hex[65];
    hex_encode(sha256, 32, hex);
    buf_addf(out, "%s/blobs/%.2s/%s", directory, hex, hex);
}

static int sync_directory(const char *path, struct err *err)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return err_errno(err, errno, "could not open %s", path);
    int rc = fsync(fd) < 0 ? err_errno(err, errno, "could not write %s", path) : 0;
    close(fd);
    return rc;
}

int blobs__put(const char *directory, struct str bytes, const uint8_t sha256[32], struct err *err)
{
    struct buf path _cleanup_buf_ = BUF_INIT, folder _cleanup_buf_ = BUF_INIT, part _cleanup_buf_ = BUF_INIT;
    blob_path(directory, sha256, &path);
    struct stat st;
    if (stat(path.p, &st) == 0 && (uint64_t)st.st_size == bytes.n)
        return 0;
    buf_add(&folder, path.p, path.n - 65);
    bool fresh = mkdir(folder.p, 0700) == 0;
    if (!fresh && errno != EEXIST)
        return err_errno(err, errno, "could not make %s", folder.p);
    buf_addf(&part, "%s/part-XXXXXX", folder.p);
    int fd = mkostemp(part.p, O_CLOEXEC);
    if (fd < 0)
        return err_errno(err, errno, "could not make a file in %s", folder.p);
    size_t at = 0;
    int failed = 0;
    while (at < bytes.n && !failed) {
        ssize_t n = write(fd, bytes.p + at, bytes.n - at);
        if (n < 0 && errno != EINTR)
            failed = errno;
        else if (n > 0)
            at += (size_t)n;
    }
    if (!failed && fsync(fd) < 0)
        failed = errno;
    if (close(fd) < 0 && !failed)
        failed = errno;
    if (!failed && rename(part.p, path.p) < 0)
        failed = errno;
    if (failed) {
        unlink(part.p);
        return err_errno(err, failed, "could not write %s", path.p);
    }
    int rc = sync_directory(folder.p, err);
    if (rc >= 0 && fresh) {
        buf_clear(&folder);
        buf_addf(&folder, "%s/blobs", directory);
        rc = sync_directory(folder.p, err);
    }
    return rc;
}

int blobs__open(const char *directory, const uint8_t sha256[32], int *fd, uint64_t *size, struct err *err)
{
    struct buf path _cleanup_buf_ = BUF_INIT;
    blob_path(directory, sha256, &path);
    *fd = open(path.p, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (*fd < 0)
        return err_errno(err, errno, "could not open %s", path.p);
    struct stat st;
    if (fstat(*fd, &st) < 0) {
        int code = errno;
        close(*fd);
        *fd = -1;
        return err_errno(err, code, "could not look at %s", path.p);
    }
    *size = (uint64_t)st.st_size;
    return 0;
}

int blobs__remove(const char *directory, const uint8_t sha256[32], struct err *err)
{
    struct buf path _cleanup_buf_ = BUF_INIT;
    blob_path(directory, sha256, &path);
    if (unlink(path.p) < 0 && errno != ENOENT)
        return err_errno(err, errno, "could not remove %s", path.p);
    return 0;
}
