/* spawn.c: starting the keeper: its files, its three descriptors, and the re-executed binary.
 *
 * Between fork and exec only what is safe in a process of many threads is called. */
#include "keeper/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* Where the new process finds its socket, its key file and its pepper. */
enum { SOCKET_FD = 3, FILE_FD = 4, PEPPER_FD = 5, FDS = 3 };
#define PEPPER_BYTES 32

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}
#define _cleanup_close_ __attribute__((cleanup(close_fd)))

/* A new secret is written whole under another name first: a crash leaves all of it or nothing. */
static int create_secret(const char *secret_file, struct err *err)
{
    _cleanup_free_ char *fresh = NULL;
    if (asprintf(&fresh, "%s.new", secret_file) < 0)
        return err_set(err, ERR_MEMORY, "out of memory");
    unlink(fresh);
    int fd _cleanup_close_ = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    uint8_t pepper[PEPPER_BYTES];
    randombytes_buf(pepper, sizeof pepper);
    bool wrote = fd >= 0 && write(fd, pepper, sizeof pepper) == sizeof pepper && fsync(fd) == 0;
    sodium_memzero(pepper, sizeof pepper);
    if (!wrote || link(fresh, secret_file) != 0) {
        err_errno(err, errno, "cannot write the secret %s", secret_file);
        unlink(fresh);
        return err ? err->code : ERR_IO;
    }
    unlink(fresh);
    char *copy = str_dup(str_of(secret_file));
    int directory _cleanup_close_ = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(copy);
    if (directory >= 0)
        fsync(directory);
    return 0;
}

static int open_files(const char *key_file, const char *secret_file, int *keys, int *secret, struct err *err)
{
    *keys = open(key_file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (*keys < 0)
        return err_errno(err, errno, "cannot open the key file %s", key_file);
    struct stat st;
    if (fstat(*keys, &st) != 0 || !S_ISREG(st.st_mode))
        return err_set(err, ERR_IO, "the key file %s is not a file", key_file);
    *secret = open(secret_file, O_RDONLY | O_CLOEXEC);
    if (*secret < 0 && errno == ENOENT) {
        if (st.st_size > 0) {
            err_set(
                err, ERR_NOT_FOUND, "the secret %s is not there, without which no key opens", secret_file);
            err_kept(err, "nothing was changed");
            err_todo(err, "put it back from a backup");
            return ERR_NOT_FOUND;
        }
        int bad = create_secret(secret_file, err);
        if (bad)
            return bad;
        *secret = open(secret_file, O_RDONLY | O_CLOEXEC);
    }
    if (*secret < 0)
        return err_errno(err, errno, "cannot read the secret %s", secret_file);
    if (fstat(*secret, &st) != 0 || st.st_size != PEPPER_BYTES)
        return err_set(err, ERR_CORRUPT, "the secret %s is not %d bytes long", secret_file, PEPPER_BYTES);
    return 0;
}

/* In the child: the descriptors to their places, everything else shut, and away. fds are all above PEPPER_FD.
 */
static void become_keeper(const char *program, const int fds[FDS], int null)
{
    for (int i = 0; i < FDS; i++)
        if (dup2(fds[i], SOCKET_FD + i) < 0)
            _exit(127);
    dup2(null, 0);
    dup2(null, 1);
    close_range(SOCKET_FD + FDS, ~0u, 0);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    char name[] = "widenet", command[] = "keeper", *argv[] = {name, command, NULL};
    char *environment[] = {NULL};
    execve(program, argv, environment);
    _exit(127);
}

/* Moves a descriptor out of the way of those that the child expects. */
static int lift(int *fd)
{
    int high = fcntl(*fd, F_DUPFD_CLOEXEC, SOCKET_FD + FDS);
    if (high < 0)
        return -1;
    close(*fd);
    *fd = high;
    return 0;
}

int keeper_spawn(const char *program, const char *key_file, const char *secret_file, int *socket_fd,
    pid_t *pid, struct err *err)
{
    int keys _cleanup_close_ = -1, secret _cleanup_close_ = -1, null _cleanup_close_ = -1;
    if (sodium_init() < 0)
        return err_set(err, ERR_INTERNAL, "libsodium does not start");
    int bad = open_files(key_file, secret_file, &keys, &secret, err);
    if (bad)
        return bad;
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return err_errno(err, errno, "cannot make a socket for the keeper");
    int ours _cleanup_close_ = pair[0], theirs _cleanup_close_ = pair[1];
    null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0 || lift(&theirs) || lift(&keys) || lift(&secret) || lift(&null))
        return err_errno(err, errno, "cannot start the keeper");
    int fds[FDS] = {theirs, keys, secret};
    *pid = fork();
    if (*pid < 0)
        return err_errno(err, errno, "cannot start the keeper");
    if (*pid == 0)
        become_keeper(program, fds, null);
    *socket_fd = ours;
    ours = -1;
    return 0;
}

int keeper_command(void)
{
    uint8_t pepper[PEPPER_BYTES];
    if (read(PEPPER_FD, pepper, sizeof pepper) != sizeof pepper)
        return 2;
    close(PEPPER_FD);
    int status = keeper_main(SOCKET_FD, FILE_FD, pepper);
    sodium_memzero(pepper, sizeof pepper);
    return status;
}
