/* hosts.c: under which names this node may be called, and whether a form came from one of its own pages. A
 * page of somebody else's whose name was pointed at this machine (DNS rebinding) is refused by its Host
 * header. */
#include "web/inside.h"

#include <arpa/inet.h>

/* "name:port" apart; port is empty where there is none. An IPv6 address keeps its brackets. */
static bool split(struct str host, struct str *name, struct str *port)
{
    size_t colon;
    if (host.n && host.p[0] == '[') {
        size_t end = str_find_char(host, ']');
        if (end == SIZE_MAX || (end + 1 < host.n && host.p[end + 1] != ':'))
            return false;
        colon = end + 1 < host.n ? end + 1 : SIZE_MAX;
    } else {
        colon = str_find_char(host, ':');
    }
    *name = colon == SIZE_MAX ? host : str_slice(host, 0, colon);
    *port = colon == SIZE_MAX ? STR("") : str_slice(host, colon + 1, host.n);
    uint64_t number;
    return name->n > 0 && (colon == SIZE_MAX || str_to_u64(*port, 65535, &number));
}

static bool is_address(struct str name)
{
    char z[64];
    struct in6_addr any;
    if (name.n >= 2 && name.p[0] == '[')
        name = str_slice(name, 1, name.n - 1);
    if (name.n >= sizeof z)
        return false;
    memcpy(z, name.p, name.n);
    z[name.n] = 0;
    return inet_pton(AF_INET, z, &any) == 1 || inet_pton(AF_INET6, z, &any) == 1;
}

bool web_host_is_loopback(struct str host)
{
    struct str name, port;
    return split(host, &name, &port) && (str_eq_nocase(name, STR("localhost")) ||
                                            str_eq(name, STR("127.0.0.1")) || str_eq(name, STR("[::1]")));
}

bool web_host_allowed(const struct web *web, struct str host)
{
    struct str name, port;
    if (!split(host, &name, &port))
        return false;
    if (*web->url_host && str_eq_nocase(host, str_of(web->url_host)))
        return true;
    struct str allowed = str_of(web->hosts), one;
    while (str_cut(&allowed, ' ', &one))
        if (one.n && (str_eq_nocase(one, name) || str_eq_nocase(one, host)))
            return true;
    uint64_t number = 80;
    if (port.n)
        str_to_u64(port, 65535, &number);
    if ((int)number != web->port)
        return false;
    if (web_host_is_loopback(host) || str_eq_nocase(name, str_of(web->listen_host)))
        return true;
    return web->any_address && is_address(name); /* an address cannot be pointed elsewhere */
}

bool web_origin_allowed(const struct request *r)
{
    struct str origin = r->in.origin;
    if (!origin.p) /* an old browser, or none: the token alone decides */
        return !r->in.sec_fetch_site.p || str_eq(r->in.sec_fetch_site, STR("same-origin")) ||
               str_eq(r->in.sec_fetch_site, STR("none"));
    size_t at = str_find(origin, STR("://"));
    if (at == SIZE_MAX)
        return false; /* "null" */
    struct str scheme = str_slice(origin, 0, at), host = str_slice(origin, at + 3, origin.n);
    if (!str_eq(scheme, STR("http")) && !str_eq(scheme, STR("https")))
        return false;
    return str_eq_nocase(host, r->in.host) || (*r->web->url && str_eq_nocase(origin, str_of(r->web->url)));
}
