/* notify.c: telling the service manager how we are: sd_notify(3)'s datagrams. */
#include "node/supervise.h"

#include "base/str.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

void node__notify(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (!path || (path[0] != '/' && path[0] != '@') || strlen(path) >= sizeof address.sun_path)
        return;
    size_t n = strlen(path);
    memcpy(address.sun_path, path, n);
    if (path[0] == '@') /* Linux's abstract names begin with a zero byte */
        address.sun_path[0] = 0;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&address,
        (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n));
    close(fd);
}

uint64_t node__watchdog_us(void)
{
    const char *text = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
    uint64_t us = 0, wanted;
    if (!text || !str_to_u64(str_of(text), UINT64_MAX, &us))
        return 0;
    if (pid && (!str_to_u64(str_of(pid), UINT64_MAX, &wanted) || wanted != (uint64_t)getpid()))
        return 0;
    return us;
}
