/* progress.c: the terminal's line of progress.h. */
#include "base/progress.h"

#include "base/time.h"

#include <stdio.h>
#include <unistd.h>

void progress_init(struct progress *p)
{
    *p = (struct progress){.fd = isatty(STDERR_FILENO) ? STDERR_FILENO : -1};
}

static void put(struct progress *p, const char *line, int n)
{
    if (n > 0 && write(p->fd, line, (size_t)n) < 0)
        p->fd = -1;
}

void progress_show(void *ctx, const char *what, uint64_t done, uint64_t total)
{
    struct progress *p = ctx;
    int64_t now = monotonic_us();
    if (p->fd < 0 || (p->shown && now - p->shown_us < 100000 && done != total))
        return;
    char line[160];
    int n;
    if (total)
        n = snprintf(line, sizeof line, "\r\033[K%.90s: %llu of %llu (%u %%)", what, (unsigned long long)done,
            (unsigned long long)total, (unsigned)((double)done / (double)total * 100));
    else
        n = snprintf(line, sizeof line, "\r\033[K%.90s: %llu", what, (unsigned long long)done);
    put(p, line, n < (int)sizeof line ? n : (int)sizeof line - 1);
    p->shown = true;
    p->shown_us = now;
}

void progress_end(struct progress *p)
{
    if (p->fd >= 0 && p->shown)
        put(p, "\r\033[K", 4);
    p->shown = false;
}
