/* directory.c: the data directory, and its lock: whoever holds DATA/lock is the writer. */
#include "node/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

char *node__path(const char *directory, const char *name)
{
    char *path;
    if (asprintf(&path, "%s/%s", directory, name) < 0)
        abort();
    return path;
}

int node__directory_make(const char *directory, struct err *err)
{
    _cleanup_free_ char *path = str_dup(str_of(directory));
    for (char *slash = path + 1; *slash; slash++) {
        if (*slash != '/')
            continue;
        *slash = 0;
        mkdir(path, 0755); /* a parent that cannot be made is told below */
        *slash = '/';
    }
    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        err_errno(err, errno, "cannot make the data directory %s", directory);
        err_todo(err, "name another with --data, or make it with the right owner");
        return err ? err->code : ERR_IO;
    }
    struct stat st;
    if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode))
        return err_set(err, ERR_INPUT, "the data directory %s is not a directory", directory);
    if (access(path, R_OK | W_OK | X_OK) != 0) {
        err_errno(err, errno, "cannot write in the data directory %s", directory);
        err_todo(err, "run the command as the user who owns it");
        return err ? err->code : ERR_DENIED;
    }
    return 0;
}

static int say_busy(const char *directory, int fd, struct err *err)
{
    char text[32] = "";
    ssize_t n = pread(fd, text, sizeof text - 1, 0);
    struct str who = str_trim((struct str){text, n > 0 ? (size_t)n : 0});
    if (who.n)
        err_set(err, ERR_BUSY, "the data directory %s is in use by process %.*s", directory, STR_ARG(who));
    else
        err_set(err, ERR_BUSY, "the data directory %s is in use by another process", directory);
    err_todo(err, "stop it first, or wait until it has finished");
    return ERR_BUSY;
}

int node__lock_take(const char *directory, int *out, struct err *err)
{
    _cleanup_free_ char *path = node__path(directory, "lock");
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return err_errno(err, errno, "cannot open %s", path);
    while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno == EINTR)
            continue;
        int bad = errno == EWOULDBLOCK ? say_busy(directory, fd, err)
                                       : err_errno(err, errno, "cannot lock %s", path);
        close(fd);
        return bad;
    }
    char text[32];
    int n = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)n, 0) != n) {
        int bad = err_errno(err, errno, "cannot write %s", path);
        close(fd);
        return bad;
    }
    *out = fd;
    return 0;
}
