/* options.c: the configuration's options that belong to the node itself: its log and its store. */
#include "node/node.h"

static const char *wanted_of_listen(const char *text)
{
    const char *colon = strrchr(text, ':');
    uint64_t port;
    bool fits = colon && colon != text && str_to_u64(str_of(colon + 1), 65535, &port);
    return fits ? NULL : "an address and a port, such as 127.0.0.1:8484 or [::1]:8484";
}

/* section, name, type, initial, min, max, choices, help, wanted: see struct config_option. */
const struct config_option node_config_options[] = {
    {"log", "level", CONFIG_CHOICE, "info", 0, 0, "error|warn|info|debug",
        "How much the log on standard error says."},
    {"serve", "listen", CONFIG_TEXT, "127.0.0.1:8484", 3, 200, NULL,
        "Address and port of the pages; TLS is a proxy's matter.", wanted_of_listen},
    {"store", "cache", CONFIG_SIZE, "64M", 1 << 20, INT64_C(64) << 30, NULL,
        "Memory for the database's pages, all connections together."},
    {"store", "readers", CONFIG_INT, "8", 1, 64, NULL,
        "How many pages can read the database at the same time."},
    {"opinions", "delay", CONFIG_INT, "24", 1, 168, NULL,
        "Within how many hours of the day's end what people agree with leaves the node, each at a random "
        "moment."},
    {NULL},
};
