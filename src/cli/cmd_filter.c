/* cmd_filter.c: `widenet filter`: what a filter shows and hides, why, and in what two filters differ. */
#include "cli/command.h"
#include "cli/filter_text.h"

#include "base/hex.h"

#include <stdio.h>

struct filtering {
    struct node *node;
    struct store_read *read;
    struct arena *arena;
    const char *as, *at, *limit, *offset, *hidden;
    bool json;
    struct pubkey reader;
    struct filter_run run; /* but the recipe */
    struct filter_names names;
};

static int out_of(struct buf *text)
{
    fwrite(text->p, 1, text->n, stdout);
    return 0;
}

/* A filter that shows nothing is said to do so, with where to turn. */
static int say_nothing_shown(struct filtering *f, const struct filter_run *run, struct err *err)
{
    const char *near;
    fflush(stdout);
    int status = filter_nearest(f->read, NULL, f->arena, run, &near, err);
    if (!status && near)
        fprintf(
            stderr, "widenet: this filter shows nothing of the pool; the nearest that does is %s\n", near);
    else if (!status)
        fprintf(stderr, "widenet: the pool is empty\n");
    return status;
}

static int run_filter(struct filtering *f, char **words, struct err *err)
{
    struct filter_named named;
    struct filter_result result;
    int status = filter_name_read(f->read, f->arena, words[0], f->run.reader, &named, err);
    if (status)
        return status;
    struct filter_run run = f->run;
    run.recipe = &named.recipe;
    status = filter_execute(f->read, NULL, f->arena, &run, &result, err);
    if (status)
        return status;
    if (f->json) {
        struct buf text _cleanup_buf_ = BUF_INIT;
        status = filter_result_json(f->read, f->arena, &run, &result, &text, err);
        if (!status)
            out_of(&text);
    } else
        status = filter_result_text(&f->names, named.name, &run, &result, err);
    return status || result.passed ? status : say_nothing_shown(f, &run, err);
}

static int explain(struct filtering *f, char **words, struct err *err)
{
    struct filter_named named;
    struct scored item;
    struct why *why;
    size_t n;
    struct str coordinate;
    int status = filter_name_read(f->read, f->arena, words[0], f->run.reader, &named, err);
    if (!status)
        status = filter_article_read(f->read, f->arena, words[1], &coordinate, err);
    struct filter_run run = f->run;
    run.recipe = &named.recipe;
    if (!status)
        status = filter_explain(f->read, NULL, f->arena, &run, coordinate, &item, &why, &n, err);
    if (status)
        return status;
    if (!f->json)
        return filter_explain_text(&f->names, &run, &item, why, n, err);
    struct buf text _cleanup_buf_ = BUF_INIT;
    buf_addc(&text, '{');
    status = filter_item_json(f->read, f->arena, &item, &text, err);
    buf_addz(&text, ",\"rule\":");
    if (item.rule_name.n)
        buf_add_json(&text, item.rule_name);
    else
        buf_addz(&text, "null");
    buf_addz(&text, ",\"why\":[");
    for (size_t i = 0; i < n; i++) {
        buf_addz(&text, i ? "," : "");
        filter_why_json(&why[i], true, &text);
    }
    buf_addz(&text, "]}\n");
    return status ? status : out_of(&text);
}

static int add_only(struct filtering *f, const char *name, const struct scored *items, size_t n, uint64_t all,
    struct buf *out, struct err *err)
{
    buf_addf(out, "\"%s\":{\"count\":%llu,\"items\":[", name, (unsigned long long)all);
    int status = 0;
    for (size_t i = 0; i < n && !status; i++) {
        buf_addz(out, i ? ",\n{" : "\n{");
        status = filter_item_json(f->read, f->arena, &items[i], out, err);
        buf_addz(out, ",\"hidden_by\":");
        buf_add_json(out, items[i].rule_name);
        buf_addc(out, '}');
    }
    buf_addz(out, "]}");
    return status;
}

static int diff(struct filtering *f, char **words, struct err *err)
{
    struct filter_named one, other;
    struct filter_difference d;
    int status = filter_name_read(f->read, f->arena, words[0], f->run.reader, &one, err);
    if (!status)
        status = filter_name_read(f->read, f->arena, words[1], f->run.reader, &other, err);
    struct filter_run first = f->run, second = f->run;
    first.recipe = &one.recipe;
    second.recipe = &other.recipe;
    if (!status)
        status = filter_compare(f->read, NULL, f->arena, &first, &second, &d, err);
    if (status)
        return status;
    if (f->json) {
        struct buf text _cleanup_buf_ = BUF_INIT;
        buf_addc(&text, '{');
        status = add_only(f, "only_first", d.only_first, d.first_listed, d.first, &text, err);
        buf_addc(&text, ',');
        if (!status)
            status = add_only(f, "only_second", d.only_second, d.second_listed, d.second, &text, err);
        buf_addf(&text, ",\"both\":%llu}\n", (unsigned long long)d.both);
        return status ? status : out_of(&text);
    }
    status = filter_only_text(&f->names, one.name, other.name, d.only_first, d.first_listed, d.first, err);
    if (!status)
        status = filter_only_text(
            &f->names, other.name, one.name, d.only_second, d.second_listed, d.second, err);
    if (!status)
        printf("Both show %llu.\n", (unsigned long long)d.both);
    return status;
}

/* ---- list */

static void list_one(struct filtering *f, const struct filter_thing *t, bool first, struct buf *json)
{
    struct buf address _cleanup_buf_ = BUF_INIT;
    if (!t->ready_made)
        address_format(&t->address, &address);
    if (f->json) {
        buf_addz(json, first ? "\n{\"name\":" : ",\n{\"name\":");
        buf_add_json(json, t->name);
        buf_addz(json, ",\"address\":");
        if (t->ready_made)
            buf_addz(json, "null");
        else
            buf_add_json(json, buf_str(&address));
        buf_addz(json, ",\"about\":");
        buf_add_json(json, t->about);
        buf_addz(json, ",\"recipe\":");
        recipe_format(&t->recipe, json);
        buf_addc(json, '}');
        return;
    }
    filter_print(t->name);
    if (t->ready_made)
        printf("\n");
    else {
        printf("  by ");
        filter_print_name(&f->names, &t->address.pubkey);
        printf("\n    ");
        filter_print(buf_str(&address));
        putchar('\n');
    }
}

static int list(struct filtering *f, char **words, struct err *err)
{
    (void)words;
    enum { most = 500 };
    struct filter_thing *filters, t;
    size_t n;
    struct buf json _cleanup_buf_ = BUF_INIT;
    int status = filter_list(f->read, f->arena, f->run.reader, most, &filters, &n, err);
    bool first = true;
    for (const char *const *name = recipe_ready_made_names(); *name && !status; name++, first = false) {
        status = filter_find(f->read, f->arena, str_of(*name), NULL, &t, err);
        if (!status)
            list_one(f, &t, first, &json);
    }
    for (size_t i = 0; i < n && !status; i++)
        list_one(f, &filters[i], false, &json);
    if (!status && f->json)
        printf("[%.*s\n]\n", STR_ARG(buf_str(&json)));
    return status;
}

/* ---- */

/* One row a word behind `filter`: how many words follow it, and what it does. */
static const struct {
    const char *name;
    int words;
    int (*run)(struct filtering *f, char **words, struct err *err);
} actions[] = {{"run", 1, run_filter}, {"explain", 2, explain}, {"diff", 2, diff}, {"list", 0, list}};
enum { action_count = sizeof actions / sizeof *actions };

static int prepare(struct filtering *f, struct err *err)
{
    size_t limit;
    uint64_t offset = 0;
    int status = filter_limit_read(f->limit, &limit, err);
    if (!status)
        status = filter_time_read(f->at, clock_now(node_clock(f->node)), &f->run.at, err);
    if (!status && f->offset && !str_to_u64(str_of(f->offset), UINT32_MAX, &offset))
        status = err_set(err, ERR_INPUT, "--offset wants a number");
    if (!status && f->as) {
        status = node_actor_from_text(f->node, str_of(f->as), &f->reader, err);
        f->run.reader = &f->reader;
    }
    f->run.limit = limit;
    f->run.offset = (size_t)offset;
    f->run.hidden_rule = str_of(f->hidden ? f->hidden : "");
    f->names = (struct filter_names){.read = f->read, .arena = f->arena};
    if (status || !f->as)
        return status;
    bool is_private;
    struct trust_entry *own;
    status = trust_own(f->read, f->arena, &f->reader, &own, &f->names.own_count, &is_private, err);
    f->names.own = own;
    return status;
}

static int with_node(struct filtering *f, int (*action)(struct filtering *f, char **words, struct err *err),
    char **words, struct err *err)
{
    int status = store_read_begin(node_store(f->node), &f->read, err);
    if (status)
        return status;
    status = prepare(f, err);
    if (!status)
        status = action(f, words, err);
    store_read_end(f->read);
    if (!status && (fflush(stdout) || ferror(stdout)))
        status = err_set(err, ERR_IO, "cannot write further");
    return status;
}

static int run(const struct command_context *context, int argc, char **argv)
{
    struct filtering f = {0};
    const struct command_option options[] = {{"as", &f.as, NULL}, {"at", &f.at, NULL},
        {"limit", &f.limit, NULL}, {"offset", &f.offset, NULL}, {"hidden", &f.hidden, NULL},
        {"json", NULL, &f.json}, {NULL}};
    struct command_common common = {0};
    int n = command_parse(&command_filter, options, &common, argc, argv);
    if (n < 0)
        return 2;
    size_t a = 0;
    while (n && a < action_count && strcmp(actions[a].name, argv[0]))
        a++;
    if (!n || a == action_count || n != actions[a].words + 1) {
        fprintf(stderr, "widenet: filter %s; usage: widenet %s\n",
            !n || a == action_count ? "wants run, explain, diff or list"
                                    : "was given too few or too many words",
            command_filter.usage);
        return 2;
    }
    struct err err;
    if (command_node(context, &common, NODE_READ, &f.node, &err))
        return command_fail(&err);
    f.arena = arena_create(0);
    int status = with_node(&f, actions[a].run, argv + 1, &err);
    arena_destroy(f.arena);
    node_close(f.node);
    return status ? command_fail(&err) : 0;
}

const struct command command_filter = {
    .name = "filter",
    .usage = "filter run NAME|FILE | explain FILTER ARTICLE | diff F1 F2 | list  [--as ACTOR] [--at TIME] "
             "[--limit N] "
             "[--json]",
    .summary = "what a filter shows and hides, and why",
    .run = run,
    .details =
        "  run NAME|FILE            what the filter shows: everything, trusted, newsworthy, disputed, "
        "missed, the\n"
        "                           address or naddr of a filter, the short name of one of ACTOR's own, or a "
        "file\n"
        "                           with a recipe (- is standard input)\n"
        "  explain FILTER ARTICLE   who rated the article how, with which weight, and the rule that hides "
        "it; ARTICLE\n"
        "                           is an naddr, a coordinate, a short name or an event's id\n"
        "  diff F1 F2               what one shows and the other does not\n"
        "  list                     the filters there are; with --as those of ACTOR\n\n"
        "Works beside a running node.\n\n"
        "  --as ACTOR      whose trust it goes by: an npub, a hex key, an account or a source of this node\n"
        "  --at TIME       as if it were then: Unix seconds or RFC 3339\n"
        "  --limit N       how many items, 0 to 500 (50); hides nothing\n"
        "  --offset N      leave out the first N\n"
        "  --hidden RULE   with run: what RULE hid instead of what is shown\n"
        "  --json          for programs\n",
};
