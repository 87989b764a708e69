/* cmd_demo.c: `widenet demo load|remove`: the demonstration newsroom, signed by keys made for it on this
 * node.
 *
 * Articles are dated back from the day of loading. Loading again adds what is missing and touches nothing
 * else; removing erases all that these keys signed, and the keys. */
#include "cli/command.h"
#include "cli/demo.h"
#include "news/news.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY (24 * 3600)
/* Actors were there before their first article. */
#define PROFILE_DAYS_AGO 60

static const uint32_t signed_kinds[] = {KIND_PROFILE, KIND_ARTICLE, KIND_ACTOR};

/* What one actor adds. */
struct batch {
    struct record *records;
    size_t n, cap;
};

static int is_there(
    struct node *node, struct arena *arena, const struct address *address, bool *there, struct err *err)
{
    struct store_read *read = NULL;
    if (store_read_begin(node_store(node), &read, err))
        return err->code;
    struct store_found found;
    struct err why = {0};
    int code = store_get_address(read, arena, address, &found, &why);
    store_read_end(read);
    *there = code == 0;
    if (code && code != ERR_NOT_FOUND && code != ERR_GONE) {
        *err = why;
        return code;
    }
    return 0;
}

static void add(struct batch *batch, const struct record_draft *draft)
{
    if (batch->n == batch->cap) {
        batch->cap = batch->cap ? 2 * batch->cap : 16;
        batch->records = realloc(batch->records, batch->cap * sizeof *batch->records);
        if (!batch->records)
            abort();
    }
    batch->records[batch->n++] = draft->r;
}

static int add_profile(struct node *node, struct arena *arena, const struct demo_actor *actor,
    const struct pubkey *key, int64_t now, struct batch *batch, struct err *err)
{
    bool there;
    struct address address = {.kind = KIND_PROFILE, .pubkey = *key, .d = STR("")};
    if (is_there(node, arena, &address, &there, err))
        return err->code;
    if (there)
        return 0;
    struct record_draft draft = {.arena = arena};
    news_profile_write(
        str_of(actor->name), str_of(actor->about), STR(""), now - PROFILE_DAYS_AGO * DAY, &draft);
    add(batch, &draft);
    draft = (struct record_draft){.arena = arena};
    news_actor_write(actor->sort, now - PROFILE_DAYS_AGO * DAY, &draft);
    add(batch, &draft);
    return 0;
}

static int add_article(struct arena *arena, const struct demo_article *article, int row, int64_t now,
    struct batch *batch, struct err *err)
{
    /* Not all at the same minute of the day. */
    int64_t minute = 60 * ((int64_t)row * 97 % 600);
    struct str topics[DEMO_MAX_TAGS];
    struct credit credits[DEMO_MAX_CREDITS];
    struct article_draft d = {
        .d = str_of(article->d),
        .title = str_of(article->title),
        .summary = str_of(article->summary),
        .text = str_of(article->text),
        .language = str_of(article->language),
        .license = str_of(article->license),
        .topics = topics,
        .credits = credits,
        .published_at = now - (int64_t)article->first_days_ago * DAY - minute,
    };
    for (; article->tags[d.topic_count]; d.topic_count++)
        topics[d.topic_count] = str_of(article->tags[d.topic_count]);
    for (; article->credits[d.credit_count].name; d.credit_count++) {
        const struct demo_credit *c = &article->credits[d.credit_count];
        credits[d.credit_count] = (struct credit){str_of(c->name), str_of(c->role), str_of(c->link)};
    }
    struct record_draft draft = {.arena = arena};
    int64_t signed_at = now - (int64_t)article->days_ago * DAY - minute;
    if (news_article_write(&d, signed_at, &rng_system, &draft, err))
        return err_prefix(err, "demo/%s.md", article->d);
    add(batch, &draft);
    return 0;
}

static int publish(struct node *node, struct arena *arena, const struct demo_actor *actor,
    const struct pubkey *key, struct batch *batch, struct err *err)
{
    if (!batch->n)
        return 0;
    struct store_item *items = ARENA_ARRAY(arena, struct store_item, batch->n);
    if (node_publish_unattended_many(node, key, batch->records, batch->n, items, err))
        return err->code;
    for (size_t i = 0; i < batch->n; i++)
        if (items[i].verdict == STORE_REFUSED)
            return err_set(
                err, ERR_INPUT, "the node refused an article of %s: %s", actor->key_name, items[i].reason);
    return 0;
}

static int load_actor(struct node *node, int index, int64_t now, size_t *added, struct err *err)
{
    struct arena *arena _cleanup_arena_ = arena_create(0);
    const struct demo_actor *actor = &demo_actors[index];
    struct pubkey key;
    if (node_source_key(node, str_of(actor->key_name), signed_kinds,
            sizeof signed_kinds / sizeof *signed_kinds, &key, err))
        return err->code;
    struct batch batch = {0};
    int code = add_profile(node, arena, actor, &key, now, &batch, err);
    for (int row = 0; !code && demo_articles[row].d; row++) {
        const struct demo_article *article = &demo_articles[row];
        if (article->actor != index)
            continue;
        bool there;
        struct address address = {.kind = KIND_ARTICLE, .pubkey = key, .d = str_of(article->d)};
        code = is_there(node, arena, &address, &there, err);
        if (!code && !there)
            code = add_article(arena, article, row, now, &batch, err);
    }
    if (!code)
        code = publish(node, arena, actor, &key, &batch, err);
    *added += code ? 0 : batch.n;
    free(batch.records);
    return code;
}

static int load(struct node *node, struct err *err)
{
    int64_t now = clock_now(node_clock(node));
    size_t added = 0;
    for (int i = 0; demo_actors[i].key_name; i++)
        if (load_actor(node, i, now, &added, err))
            return err->code;
    if (added)
        printf("The demonstration newsroom is loaded: %zu records.\n", added);
    else
        puts("The demonstration newsroom was there already; nothing was added.");
    return 0;
}

static int remove_all(struct node *node, struct err *err)
{
    int removed = 0;
    for (int i = 0; demo_actors[i].key_name; i++) {
        struct err why = {0};
        int code = node_source_forget(node, str_of(demo_actors[i].key_name), &why);
        if (code && code != ERR_NOT_FOUND) {
            *err = why;
            return code;
        }
        removed += code == 0;
    }
    if (removed)
        printf(
            "The demonstration newsroom is gone: %d actors with all they wrote, and their keys.\n", removed);
    else
        puts("There is no demonstration newsroom here; nothing was removed.");
    return 0;
}

static int run(const struct command_context *context, int argc, char **argv)
{
    struct command_common common = {0};
    int n = command_parse(&command_demo, NULL, &common, argc, argv);
    if (n < 0)
        return 2;
    bool wants_load = n == 1 && !strcmp(argv[0], "load");
    if (!wants_load && (n != 1 || strcmp(argv[0], "remove"))) {
        fprintf(stderr, "widenet demo: say load or remove; usage: widenet %s\n", command_demo.usage);
        return 2;
    }
    struct err err = {0};
    struct node *node = NULL;
    if (wants_load ? command_node(context, &common, NODE_WRITE, &node, &err)
                   : command_node_existing(context, &common, &node, &err))
        return command_fail(&err);
    int code = wants_load ? load(node, &err) : remove_all(node, &err);
    node_close(node);
    return code ? command_fail(&err) : 0;
}

const struct command command_demo = {
    .name = "demo",
    .usage = "demo load|remove",
    .summary = "the demonstration newsroom: put it into the pool, or take it away again",
    .details = "  load      adds what is missing of about twenty invented articles in nine languages\n"
               "  remove    erases them, and the keys they were signed with\n",
    .run = run,
};
