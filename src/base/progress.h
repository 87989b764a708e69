/* progress.h: one line on a terminal that says how far long work is; silent in a pipe. */
#ifndef WN_BASE_PROGRESS_H
#define WN_BASE_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
    int fd; /* the terminal, or −1: silent */
    int64_t shown_us;
    bool shown;
};
void progress_init(struct progress *p); /* standard error, if it is a terminal */
/* At most ten times a second. ctx is the struct progress, as callbacks want it; total 0: not known. */
void progress_show(void *ctx, const char *what, uint64_t done, uint64_t total);
void progress_end(struct progress *p); /* takes the line away */

#endif
