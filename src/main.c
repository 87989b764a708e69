/* main.c: names every room and joins their tables; nothing else knows them all. */
#include "cli/command.h"

#include "news/news.h"
#include "rating/rating.h"
#include "rating/service.h"
#include "web/web.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

/* One row a subcommand, in the order help shows them. */
static const struct command *const commands[] = {
    &command_serve,
    &command_import,
    &command_export,
    &command_query,
    &command_filter,
    &command_recount,
    &command_service,
    &command_account,
    &command_demo,
    &command_rebuild,
    &command_check,
    &command_backup,
    &command_restore,
    &command_version,
    &command_help,
    &command_front,
    &command_keeper,
    NULL,
};

/* ---- the rooms' tables, one row a room; joined below ---- */

static const struct config_option *const option_tables[] = {node_config_options, web_options};
static const struct store_migration *const migration_tables[] = {
    node_migrations, rating_migrations, web_migrations};
static const struct account_belonging *const belonging_tables[] = {web_belongings};
static const struct store_text_source *const text_tables[] = {news_texts};
static const struct store_call *const call_tables[] = {rating_calls};
static const struct store_projection *const projections[] = {&news_projection, &rating_projection};

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define MAX_JOINED 256

/* Everything the rooms brought, one table each, ended by an empty row. */
struct joined {
    struct config_option options[MAX_JOINED];
    struct store_migration migrations[MAX_JOINED];
    struct account_belonging belongings[MAX_JOINED];
    struct store_text_source texts[MAX_JOINED];
    struct store_call calls[MAX_JOINED];
    struct store_projection projections[COUNT(projections) + 1];
};

static void join(struct joined *all)
{
    size_t n = 0;
    for (size_t t = 0; t < COUNT(option_tables); t++)
        for (const struct config_option *o = option_tables[t]; o->section && n < MAX_JOINED - 1; o++)
            all->options[n++] = *o;
    n = 0;
    for (size_t t = 0; t < COUNT(migration_tables); t++)
        for (const struct store_migration *m = migration_tables[t]; m->room && n < MAX_JOINED - 1; m++)
            all->migrations[n++] = *m;
    n = 0;
    for (size_t t = 0; t < COUNT(belonging_tables); t++)
        for (const struct account_belonging *b = belonging_tables[t]; b->remove && n < MAX_JOINED - 1; b++)
            all->belongings[n++] = *b;
    n = 0;
    for (size_t t = 0; t < COUNT(text_tables); t++)
        for (const struct store_text_source *s = text_tables[t]; s->extract && n < MAX_JOINED - 1; s++)
            all->texts[n++] = *s;
    n = 0;
    for (size_t t = 0; t < COUNT(call_tables); t++)
        for (const struct store_call *c = call_tables[t]; c->name && n < MAX_JOINED - 1; c++)
            all->calls[n++] = *c;
    for (size_t p = 0; p < COUNT(projections); p++) {
        all->projections[p] = *projections[p];
        all->projections[p].ctx = all->texts; /* what a text is, for who leans on it */
    }
}

static bool wants_help(int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--"); i++)
        if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))
            return true;
    return false;
}

int main(int argc, char **argv)
{
    static struct joined all;
    join(&all);
    struct store_tables tables = {
        .projections = all.projections, .migrations = all.migrations, .texts = all.texts, .calls = all.calls};
    struct progress progress;
    progress_init(&progress);
    signal(SIGPIPE, SIG_IGN);
    char help_word[] = "help";
    struct command_context context = {
        .program = "/proc/self/exe", /* ourselves, wherever argv[0] was found */
        .tables = &tables,
        .progress = &progress,
        .options = all.options,
        .belongings = all.belongings,
        .commands = commands,
    };
    const char *name = argc > 1 ? argv[1] : "help";
    if (!strcmp(name, "--help") || !strcmp(name, "-h"))
        name = "help";
    if (!strcmp(name, "--version"))
        name = "version";
    for (size_t i = 0; commands[i]; i++) {
        if (strcmp(commands[i]->name, name))
            continue;
        if (!commands[i]->internal && wants_help(argc - 1, argv + 1))
            return command_help.run(&context, 2, (char *[]){help_word, argv[1], NULL});
        return commands[i]->run(&context, argc > 1 ? argc - 1 : 1, argc > 1 ? argv + 1 : argv);
    }
    fprintf(stderr, "widenet: there is no command \"%s\"; `widenet help` lists them\n", name);
    return 2;
}
