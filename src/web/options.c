/* options.c: the configuration's options of the section [web]. */
#include "web/web.h"

static bool is_host(struct str host)
{
    for (size_t i = 0; i < host.n; i++) {
        char c = host.p[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
            !strchr(".-_:[]", c))
            return false;
    }
    return host.n > 0;
}

static const char *wanted_of_url(const char *text)
{
    struct str url = str_of(text);
    size_t scheme = str_starts(url, STR("https://")) ? 8 : str_starts(url, STR("http://")) ? 7 : 0;
    bool fits = !url.n || (scheme && is_host(str_slice(url, scheme, url.n)));
    return fits ? NULL : "a site's address such as https://news.example, without a path";
}

static const char *wanted_of_host(const char *text)
{
    struct str rest = str_of(text), one;
    while (str_cut(&rest, ' ', &one))
        if (one.n && !is_host(one))
            return "names such as news.example, with spaces between them, without https:// and without a "
                   "path";
    return NULL;
}

/* section, name, type, initial, min, max, choices, help, wanted: see struct config_option. */
const struct config_option web_options[] = {
    {"web", "site", CONFIG_TEXT, "Widenet", 1, 80, NULL, "The node's name, at the top of every page."},
    {"web", "url", CONFIG_TEXT, "", 0, 200, NULL,
        "The address that readers use, such as https://news.example; needed behind a TLS proxy.",
        wanted_of_url},
    {"web", "host", CONFIG_TEXT, "", 0, 1000, NULL,
        "Further names under which the node answers, with spaces between them; loopback names and url's "
        "always do.",
        wanted_of_host},
    {"web", "proxy", CONFIG_BOOL, "no", 0, 0, NULL,
        "Whether a proxy on this machine stands in front, whose X-Forwarded-For and X-Forwarded-Proto are "
        "believed."},
    {"web", "sign_up", CONFIG_CHOICE, "open", 0, 0, "open|invitation|closed",
        "Who may make an account through the pages."},
    {"web", "filter", CONFIG_TEXT, "everything", 1, 500, NULL,
        "The filter for readers who have not chosen one: everything, trusted, newsworthy, disputed, missed, "
        "the "
        "naddr of a public filter, or a file with a recipe, which is then published."},
    {"web", "threads", CONFIG_INT, "0", 0, 64, NULL,
        "Event loops for HTTP; 0: one for each processor, at most 4."},
    {"web", "workers", CONFIG_INT, "8", 1, 64, NULL, "Threads that make pages."},
    {"web", "queue", CONFIG_INT, "256", 1, 10000, NULL,
        "How many requests may wait for a worker before the node says that it is busy."},
    {"web", "connections", CONFIG_INT, "4000", 16, 100000, NULL, "How many connections may be open at once."},
    {"web", "connections_per_address", CONFIG_INT, "100", 0, 100000, NULL,
        "How many of them from one address, or one IPv6 /64; 0: no limit. Loopback addresses are counted "
        "only "
        "without loopback_is_many."},
    {"web", "loopback_is_many", CONFIG_BOOL, "yes", 0, 0, NULL,
        "Whether many readers may stand behind one loopback address, as with Tor or a proxy, so that limits "
        "do "
        "not take it for one reader; with proxy it is so in any case."},
    {"web", "timeout", CONFIG_INT, "30", 1, 600, NULL,
        "Seconds without a byte after which a connection is closed."},
    {"web", "cache", CONFIG_SIZE, "16M", 0, INT64_C(16) << 30, NULL,
        "Memory for finished pages of readers who are not signed in."},
    {NULL},
};
