/* static.c: finding the files that are compiled into the binary. */
#include "web/static.h"

#include <assert.h>

const struct static_file *static_find(const char *name)
{
    for (const struct static_file *f = static_files; f->name; f++)
        if (!strcmp(f->name, name))
            return f;
    return NULL;
}

const char *static_address(const char *name)
{
    const struct static_file *f = static_find(name);
    assert(f);
    return f ? f->address : "";
}
