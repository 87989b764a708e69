/* import.h: bulk loading of signed records from JSONL: threads parse and verify, big batches are appended.
 *
 * What it is not: import of articles that are not records yet (that is news). */
#ifndef WN_STORE_IMPORT_H
#define WN_STORE_IMPORT_H

#include "store/store.h"

struct store_import_options {
    unsigned threads; /* that parse and verify; 0: one a processor and one more */
    /* One line that was not taken: its number from 1, and why (as in struct store_item, or the parser's
     * words). Called from one thread at a time; may be NULL. */
    void (*refused)(void *ctx, uint64_t line, const char *reason);
    /* Bytes and lines done so far, at most a few times a second; may be NULL. */
    void (*progress)(void *ctx, uint64_t bytes, uint64_t lines);
    void *ctx;
};
struct store_import_counts {
    uint64_t lines, added, duplicates,
        refused;       /* lines = added + duplicates + refused; empty ones are not counted */
    uint64_t last_seq; /* of what was added; wait for it to be applied */
};
/* Reads fd to its end. When it returns 0, all that is counted as added is durable. On an error (ERR_IO of fd,
 * ERR_FULL, …) counts say what was added until then; doing it again adds the rest. The applier stands back
 * meanwhile, as far as 200,000 records. */
int store_import(struct store *store, int fd, const struct store_import_options *options,
    struct store_import_counts *out, struct err *err);

#endif
