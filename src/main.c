/* main.c: names every room and joins their tables; nothing else knows them all. */
#include "cli/command.h"

#include <stdio.h>
#include <string.h>

/* One row a subcommand, in the order help shows them. */
static const struct command *const commands[] = {
    &command_version,
    NULL,
};

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "version";
    for (size_t i = 0; commands[i]; i++)
        if (!strcmp(commands[i]->name, name))
            return commands[i]->run(&(struct command_context){.program = argv[0]}, argc - 1, argv + 1);
    fprintf(stderr, "widenet: there is no command \"%s\"; `widenet help` lists them\n", name);
    return 2;
}
