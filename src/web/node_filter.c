/* node_filter.c: the filter that a node shows to those who have not chosen one: always a public record or one
 * that comes with the program. What the operator writes down here in a file is published, signed by a key of
 * the node's own, before anybody looks through it. */
#include "web/filter.h"

#include "base/log.h"
#include "web/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_NAME "widenet.node" /* of the unattended key */
#define FILTER_D "front-page"
#define MOST_BYTES (64 * 1024)

/* A file of the data directory, or by its whole path. */
static int read_file(struct web *web, const char *name, struct buf *out, struct err *err)
{
    char path[4096];
    int n = name[0] == '/' ? snprintf(path, sizeof path, "%s", name)
                           : snprintf(path, sizeof path, "%s/%s", node_directory(web->node), name);
    if (n < 0 || (size_t)n >= sizeof path)
        return err_set(err, ERR_INPUT, "the option filter of [web] is longer than a path may be");
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return err_errno(
            err, errno, "cannot read the filter %s, which the option filter of [web] names", path);
    char piece[4096];
    ssize_t got;
    while ((got = read(fd, piece, sizeof piece)) > 0 && out->n <= MOST_BYTES)
        buf_add(out, piece, (size_t)got);
    int why = errno;
    close(fd);
    if (got < 0)
        return err_errno(err, why, "cannot read the filter %s", path);
    return out->n > MOST_BYTES
               ? err_set(err, ERR_LIMIT, "the filter %s is longer than %d bytes", path, MOST_BYTES)
               : 0;
}

static bool is_address(struct str name)
{
    struct address address;
    return str_starts(name, STR("naddr1")) || address_parse(name, &address);
}

/* The recipe that the option names, where it is not a record's address. */
static int read_recipe(struct web *web, struct arena *arena, struct recipe *out, struct err *err)
{
    const char *name = config_text(node_config(web->node), "web", "filter");
    const struct recipe *made = recipe_ready_made(str_of(name));
    struct buf json _cleanup_buf_ = BUF_INIT;
    if (made) {
        *out = *made;
        return 0;
    }
    int code = read_file(web, name, &json, err);
    if (code) {
        err_todo(err,
            "give everything, trusted, newsworthy, disputed or missed, the naddr of a public filter, or a "
            "file with a recipe");
        return code;
    }
    code = recipe_parse(arena, arena_str(arena, buf_str(&json)), out, err);
    return code ? err_prefix(err, "the filter %s, which the option filter of [web] names", name) : 0;
}

int web__node_filter_check(struct web *web, struct err *err)
{
    const char *name = config_text(node_config(web->node), "web", "filter");
    struct arena *arena _cleanup_arena_ = arena_create(4 << 20);
    struct recipe recipe;
    snprintf(web->first_filter, sizeof web->first_filter, "everything");
    if (!is_address(str_of(name)))
        return read_recipe(web, arena, &recipe, err);
    if (strlen(name) >= sizeof web->first_filter)
        return err_set(err, ERR_INPUT, "the option filter of [web] is too long");
    snprintf(web->first_filter, sizeof web->first_filter, "%s", name);
    return 0;
}

/* Is it there as it should be? */
static bool is_published(struct web *web, struct arena *arena, const struct filter_thing *wanted)
{
    struct store_read *read = NULL;
    struct filter_thing have;
    struct store_found found;
    struct buf a _cleanup_buf_ = BUF_INIT, b _cleanup_buf_ = BUF_INIT;
    if (store_read_begin(node_store(web->node), &read, NULL))
        return false;
    bool there = store_get_address(read, arena, &wanted->address, &found, NULL) == 0 &&
                 filter_read(arena, &found.record, &have, NULL) == 0;
    if (there) {
        recipe_format(&wanted->recipe, &a);
        recipe_format(&have.recipe, &b);
        there = str_eq(buf_str(&a), buf_str(&b)) && str_eq(wanted->name, have.name);
    }
    store_read_end(read);
    return there;
}

static bool has_profile(struct web *web, struct arena *arena, const struct pubkey *key)
{
    struct store_read *read = NULL;
    struct store_found found;
    struct address address = {.kind = KIND_PROFILE, .pubkey = *key, .d = STR("")};
    if (store_read_begin(node_store(web->node), &read, NULL))
        return true;
    bool there = store_get_address(read, arena, &address, &found, NULL) == 0;
    store_read_end(read);
    return there;
}

/* Who signs it: the node, by its name. */
static int introduce(struct web *web, struct arena *arena, const struct pubkey *key, struct err *err)
{
    struct record_draft profile = {.arena = arena}, sort = {.arena = arena};
    int64_t now = clock_now(&web->clock);
    uint64_t seq;
    if (has_profile(web, arena, key))
        return 0;
    news_profile_write(str_of(web->site), STR(""), str_of(web->url), now, &profile);
    news_actor_write("node", now, &sort);
    int code = node_publish_unattended(web->node, key, &profile.r, false, &seq, err);
    return code ? code : node_publish_unattended(web->node, key, &sort.r, false, &seq, err);
}

static int publish(struct web *web, struct arena *arena, struct err *err)
{
    static const uint32_t kinds[] = {KIND_PROFILE, KIND_DELETION, KIND_TRUST, KIND_FILTER, KIND_ACTOR};
    struct filter_thing thing = {
        .d = STR(FILTER_D),
        .name = arena_printf(arena, "%s: front page", web->site),
        .about = STR(""),
        .language = STR("en"),
        .address = {.kind = KIND_FILTER, .d = STR(FILTER_D)},
    };
    struct record_draft draft = {.arena = arena};
    struct buf key _cleanup_buf_ = BUF_INIT;
    uint64_t seq;
    int code = read_recipe(web, arena, &thing.recipe, err);
    if (!code)
        code = node_source_key(
            web->node, STR(KEY_NAME), kinds, sizeof kinds / sizeof *kinds, &thing.address.pubkey, err);
    if (!code && !is_published(web, arena, &thing)) {
        code = introduce(web, arena, &thing.address.pubkey, err);
        if (!code)
            code = filter_write(&thing, clock_now(&web->clock), &draft, err);
        if (!code)
            code = node_publish_unattended(web->node, &thing.address.pubkey, &draft.r, true, &seq, err);
    }
    if (code)
        return code;
    nip19_naddr(&thing.address, &key);
    snprintf(web->first_filter, sizeof web->first_filter, "%.*s", STR_ARG(buf_str(&key)));
    return 0;
}

void web__node_filter_begin(struct web *web)
{
    struct err err = {0};
    struct arena *arena _cleanup_arena_ = arena_create(4 << 20);
    const char *name = config_text(node_config(web->node), "web", "filter");
    char line[800], quoted[900];
    if (!is_address(str_of(name)) && publish(web, arena, &err) != 0)
        log_event(LOG_LEVEL_WARN, "web", "front page's filter not published", "error=%s",
            log_quote(err_line(&err, line, sizeof line), quoted, sizeof quoted));
}
