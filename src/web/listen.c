/* listen.c: the socket that http.c serves: reading the address it is to listen on, opening it, room for its
 * connections. */
#include "base/log.h"
#include "web/inside.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/* "127.0.0.1:8484", "[::1]:8484", "localhost:0" */
static int parse_listen(const char *listen, struct addrinfo **out, char **host_text, struct err *err)
{
    const char *colon = strrchr(listen, ':');
    uint64_t port = 0;
    if (!colon || colon == listen || !str_to_u64(str_of(colon + 1), 65535, &port)) {
        err_set(err, ERR_INPUT, "\"%s\" is no address to listen on", listen);
        err_todo(err, "write it as 127.0.0.1:8484 or [::1]:8484");
        return ERR_INPUT;
    }
    struct str host = {listen, (size_t)(colon - listen)}, bare = host;
    if (host.p[0] == '[' && host.p[host.n - 1] == ']')
        bare = str_slice(host, 1, host.n - 1);
    char *name _cleanup_free_ = str_dup(bare);
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    int code = getaddrinfo(name, colon + 1, &hints, out);
    if (code) {
        err_set(err, ERR_INPUT, "\"%s\" is no address to listen on: %s", listen, gai_strerror(code));
        err_todo(err, "write it as 127.0.0.1:8484 or [::1]:8484");
        return ERR_INPUT;
    }
    *host_text = str_dup(host);
    return 0;
}

static int open_listener(struct web *web, const char *listen_on, struct err *err)
{
    struct addrinfo *address = NULL;
    int code = parse_listen(listen_on, &address, &web->listen_host, err);
    if (code)
        return code;
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), yes = 1, no = 0;
    if (fd < 0) {
        freeaddrinfo(address);
        return err_errno(err, errno, "cannot make a socket");
    }
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (address->ai_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no);
    int failed = bind(fd, address->ai_addr, address->ai_addrlen) || listen(fd, 1024) ? errno : 0;
    struct sockaddr_storage bound;
    socklen_t size = sizeof bound;
    if (!failed && getsockname(fd, (struct sockaddr *)&bound, &size))
        failed = errno;
    freeaddrinfo(address);
    if (failed) {
        close(fd);
        if (failed == EADDRINUSE) {
            const char *port = strrchr(listen_on, ':') + 1;
            err_set(err, ERR_BUSY, "another program already listens on %s", listen_on);
            err_todo(err,
                "stop it (`ss -ltnp sport = :%s` says which it is) or choose another port with --listen",
                port);
            return ERR_BUSY;
        }
        return err_errno(err, failed, "cannot listen on %s", listen_on);
    }
    if (bound.ss_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&bound;
        web->port = ntohs(v6->sin6_port);
        web->any_address = IN6_IS_ADDR_UNSPECIFIED(&v6->sin6_addr);
    } else {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)&bound;
        web->port = ntohs(v4->sin_port);
        web->any_address = v4->sin_addr.s_addr == htonl(INADDR_ANY);
    }
    return fd;
}

int http_listen(struct web *web, const char *listen_on, struct err *err)
{
    int fd = open_listener(web, listen_on, err);
    if (fd < 0)
        return fd;
    web->listen_fd = fd;
    return 0;
}

/* Makes room for that many connections beside the store's files; where the system allows fewer, fewer it is.
 */
unsigned http_descriptors(unsigned connections)
{
    const rlim_t others = 256;
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit))
        return connections;
    if (limit.rlim_cur < connections + others) {
        limit.rlim_cur = limit.rlim_max < connections + others ? limit.rlim_max : connections + others;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    if (limit.rlim_cur >= connections + others)
        return connections;
    log_event(LOG_LEVEL_WARN, "web", "few-descriptors", "connections=%u allowed=%lu", connections,
        (unsigned long)limit.rlim_cur);
    return limit.rlim_cur > 2 * others ? (unsigned)(limit.rlim_cur - others) : (unsigned)others;
}
