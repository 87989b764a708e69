/* disk.h: a disk so small that it gets full: a tmpfs in a mount namespace of the test's own, as root or in a
 * user namespace. */
#ifndef WN_TESTS_DISK_H
#define WN_TESTS_DISK_H

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#define NO_SMALL_DISK                                                                                        \
    "skipped: no small disk can be made here (needs root and a mount, or unprivileged user namespaces)\n"

static inline bool disk_write(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool done = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    if (fd >= 0)
        close(fd);
    return done;
}

/* An ordinary user is who he was, and may mount. */
static inline bool disk_user_namespace(void)
{
    char users[64], groups[64];
    snprintf(users, sizeof users, "%u %u 1", (unsigned)geteuid(), (unsigned)geteuid());
    snprintf(groups, sizeof groups, "%u %u 1", (unsigned)getegid(), (unsigned)getegid());
    return unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 && disk_write("/proc/self/setgroups", "deny") &&
           disk_write("/proc/self/uid_map", users) && disk_write("/proc/self/gid_map", groups);
}

/* size: "3m". The process must have one thread, and it keeps the namespace: in a child, or as the last test.
 */
static inline bool disk_mount(const char *path, const char *size)
{
    char options[64];
    snprintf(options, sizeof options, "size=%s", size);
    return (unshare(CLONE_NEWNS) == 0 || disk_user_namespace()) &&
           mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("none", path, "tmpfs", 0, options) == 0;
}

static inline bool disk_resize(const char *path, const char *size)
{
    char options[64];
    snprintf(options, sizeof options, "size=%s", size);
    return mount("none", path, "tmpfs", MS_REMOUNT, options) == 0;
}

#endif
