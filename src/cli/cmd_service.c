/* cmd_service.c: `widenet service`: rating services, from the operator's side: who sits on their panels. */
#include "cli/command.h"

#include "base/hex.h"
#include "rating/service.h"
#include "web/web.h"

#include <stdio.h>

/* What a service's key may sign: ratings, their mirrors (NIP-85), taking them back, being forgotten, what
 * sort of actor it is. */
static const uint32_t kinds[] = {0, 5, 62, 30383, 30384, KIND_RATING, 34705};

struct serving {
    struct node *node;
    struct arena *arena;
    const char *about;
    bool json;
};

static int order(struct serving *s, const struct service_order *o, struct err *err)
{
    struct buf request _cleanup_buf_ = BUF_INIT;
    service_order_pack(o, &request);
    return node_call(s->node, "rating.service", buf_str(&request), NULL, err);
}

/* Key names of services are apart from those of imports' sources. */
static struct str key_name(struct serving *s, const char *name)
{
    return arena_printf(s->arena, "service %s", name);
}

static int find(struct serving *s, const char *name, struct rating_service *out, struct err *err)
{
    struct store_read *read;
    struct rating_service *all;
    size_t n = 0;
    int code = store_read_begin(node_store(s->node), &read, err);
    if (code)
        return code;
    code = service_list(read, s->arena, &all, &n, err);
    store_read_end(read);
    for (size_t i = 0; !code && i < n; i++)
        if (str_eqz(all[i].name, name)) {
            *out = all[i];
            return 0;
        }
    if (!code) {
        code = err_set(err, ERR_NOT_FOUND, "there is no rating service called \"%.60s\" on this node", name);
        err_todo(err, "`widenet service list` names those there are");
    }
    return code;
}

static int say_who(struct serving *s, const struct pubkey *key, const char *name, struct err *err)
{
    int64_t now = clock_now(node_clock(s->node));
    struct record_draft profile = {.arena = s->arena}, sort = {.arena = s->arena};
    struct buf json _cleanup_buf_ = BUF_INIT;
    buf_addz(&json, "{\"name\":");
    buf_add_json(&json, str_of(name));
    buf_addz(&json, ",\"about\":");
    buf_add_json(&json, str_of(s->about ? s->about : ""));
    buf_addc(&json, '}');
    record_draft_init(&profile, s->arena, 0, now);
    record_draft_content(&profile, buf_str(&json));
    record_draft_init(&sort, s->arena, 34705, now);
    record_draft_tag(&sort, "d", "", NULL);
    record_draft_tag(&sort, "actor", "rating-service", NULL);
    record_draft_content(&sort, STR(""));
    int code = node_publish_unattended(s->node, key, &profile.r, true, NULL, err);
    return code ? code : node_publish_unattended(s->node, key, &sort.r, true, NULL, err);
}

static int add(struct serving *s, char **words, struct err *err)
{
    struct service_order o = {
        .what = SERVICE_PUT, .name = str_of(words[0]), .about = str_of(s->about ? s->about : "")};
    int code = node_source_key(
        s->node, key_name(s, words[0]), kinds, sizeof kinds / sizeof *kinds, &o.service, err);
    if (!code)
        code = order(s, &o, err);
    if (!code)
        code = say_who(s, &o.service, words[0], err);
    if (code)
        return code;
    struct buf npub _cleanup_buf_ = BUF_INIT;
    nip19_npub(&o.service, &npub);
    printf(
        "The rating service %s is there: %s\nIt has no panel yet: `widenet service seat \"%s\" ACCOUNT`.\n",
        words[0], npub.p, words[0]);
    return 0;
}

static int list(struct serving *s, char **words, struct err *err)
{
    (void)words;
    struct store_read *read;
    struct rating_service *all;
    size_t n = 0;
    int code = store_read_begin(node_store(s->node), &read, err);
    if (code)
        return code;
    code = service_list(read, s->arena, &all, &n, err);
    store_read_end(read);
    if (code)
        return code;
    struct buf out _cleanup_buf_ = BUF_INIT;
    for (size_t i = 0; i < n; i++) {
        char hex[65];
        struct buf npub _cleanup_buf_ = BUF_INIT;
        nip19_npub(&all[i].key, &npub);
        hex_encode(all[i].key.b, 32, hex);
        if (s->json) {
            buf_addz(&out, i ? ",{\"name\":" : "{\"name\":");
            buf_add_json(&out, all[i].name);
            buf_addf(&out, ",\"pubkey\":\"%s\",\"npub\":\"%s\",\"members\":%u}", hex, npub.p, all[i].members);
        } else {
            buf_addf(&out, "%-24.*s %4u members  %s\n", STR_ARG(all[i].name), all[i].members, npub.p);
        }
    }
    if (s->json)
        printf("[%.*s]\n", STR_ARG(buf_str(&out)));
    else if (n)
        fwrite(out.p, 1, out.n, stdout);
    else
        puts("There is no rating service on this node; `widenet service add NAME` makes one.");
    return 0;
}

static int account_key(struct serving *s, const char *name, struct pubkey *out, struct err *err)
{
    struct store_read *read;
    struct account account;
    int code = store_read_begin(node_store(s->node), &read, err);
    if (code)
        return code;
    code = node_account_by_name(read, s->arena, str_of(name), &account, err);
    store_read_end(read);
    if (!code)
        *out = account.key;
    return code;
}

static int on_panel(struct serving *s, char **words, enum service_order_type what, struct err *err)
{
    struct rating_service service;
    struct service_order o = {.what = what};
    int code = find(s, words[0], &service, err);
    if (!code)
        code = account_key(s, words[1], &o.member, err);
    if (code)
        return code;
    o.service = service.key;
    code = order(s, &o, err);
    if (!code)
        printf(what == SERVICE_SEAT ? "%s sits on the panel of %s.\n"
                                    : "%s has left the panel of %s, and what was rated there is forgotten.\n",
            words[1], words[0]);
    return code;
}

static int seat(struct serving *s, char **words, struct err *err)
{
    return on_panel(s, words, SERVICE_SEAT, err);
}

static int unseat(struct serving *s, char **words, struct err *err)
{
    return on_panel(s, words, SERVICE_UNSEAT, err);
}

static int publish(struct serving *s, char **words, struct err *err)
{
    struct rating_service service;
    size_t n = 0;
    int code = find(s, words[0], &service, err);
    if (!code)
        code = web_service_publish(s->node, &service.key, &n, err);
    if (!code && n)
        printf("Published: %zu aggregates.\n", n);
    else if (!code)
        puts("Nothing to publish: a week ends on Monday 00:00 UTC, and a first aggregate needs ten ratings.");
    return code;
}

static int remove_one(struct serving *s, char **words, struct err *err)
{
    struct rating_service service;
    int code = find(s, words[0], &service, err);
    if (!code)
        code = order(s, &(struct service_order){.what = SERVICE_REMOVE, .service = service.key}, err);
    if (!code)
        printf(
            "The rating service %s is gone, with its panel's ratings. What it published stays.\n", words[0]);
    return code;
}

/* One row an action: its word, how many words follow, whether it writes. */
static const struct action {
    const char *name;
    int words;
    enum node_mode mode;
    int (*run)(struct serving *s, char **words, struct err *err);
} actions[] = {
    {"add", 1, NODE_WRITE, add},
    {"list", 0, NODE_READ, list},
    {"seat", 2, NODE_WRITE, seat},
    {"unseat", 2, NODE_WRITE, unseat},
    {"publish", 1, NODE_WRITE, publish},
    {"remove", 1, NODE_WRITE, remove_one},
};

static int run(const struct command_context *context, int argc, char **argv)
{
    struct command_common common = {0};
    struct serving s = {0};
    const struct command_option options[] = {
        {"about", &s.about, NULL}, {"json", NULL, &s.json}, {NULL, NULL, NULL}};
    int n = command_parse(&command_service, options, &common, argc, argv);
    if (n < 0)
        return 2;
    const struct action *action = NULL;
    for (size_t i = 0; n && i < sizeof actions / sizeof *actions; i++)
        if (!strcmp(argv[0], actions[i].name) && n == 1 + actions[i].words)
            action = &actions[i];
    if (!action) {
        fprintf(stderr, "widenet service: usage: widenet %s\n", command_service.usage);
        return 2;
    }
    struct err err = {0};
    if (command_node(context, &common, action->mode, &s.node, &err))
        return command_fail(&err);
    s.arena = arena_create(0);
    int code = action->run(&s, argv + 1, &err);
    arena_destroy(s.arena);
    node_close(s.node);
    return code ? command_fail(&err) : 0;
}

const struct command command_service = {
    .name = "service",
    .usage = "service add NAME [--about TEXT] | list [--json] | seat NAME ACCOUNT | unseat NAME ACCOUNT | "
             "publish NAME | "
             "remove NAME",
    .summary = "rating services: panels that rate in private, and what they say together",
    .details =
        "  add NAME           makes a rating service, an actor of its own that readers can trust\n"
        "  list               those of this node\n"
        "  seat, unseat       puts an account on a service's panel, or takes it off with all it rated there\n"
        "  publish NAME       publishes what the weeks that have ended allow; a running node does so by "
        "itself\n"
        "  remove NAME        forgets the service and its panel's ratings; what it published stays\n"
        "  --about TEXT       what it rates and how its panel is chosen, for its profile\n"
        "  --json             for scripts\n",
    .run = run,
};
