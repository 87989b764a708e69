/* watch.h: hearing that files of a directory are written (inotify), for tests that wait for what a process
 * does. */
#ifndef WN_TESTS_WATCH_H
#define WN_TESTS_WATCH_H

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

/* A descriptor to close; made before what is to be heard can happen. */
static inline int watch_open(const char *directory)
{
    int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (fd >= 0 && inotify_add_watch(fd, directory, IN_MODIFY | IN_CREATE | IN_MOVED_TO) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

/* Waits for the next write to the file of this name. False after a minute without any event, or when the
 * other end of the pipe lives (or -1) is closed: nobody is left who could write. */
static inline bool watch_write(int fd, const char *name, int lives)
{
    union {
        char bytes[4096];
        struct inotify_event first;
    } events;
    for (;;) {
        ssize_t n = read(fd, events.bytes, sizeof events.bytes);
        if (n < 0 && errno == EAGAIN) {
            struct pollfd p[2] = {{.fd = fd, .events = POLLIN}, {.fd = lives}};
            if (poll(p, 2, 60000) < 1 || !(p[0].revents & POLLIN))
                return false;
            continue;
        }
        if (n <= 0)
            return false;
        struct inotify_event e;
        for (char *at = events.bytes; at < events.bytes + n; at += sizeof e + e.len) {
            memcpy(&e, at, sizeof e);
            if (e.len && !strcmp(at + sizeof e, name))
                return true;
        }
    }
}

#endif
