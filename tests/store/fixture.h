/* fixture.h: what the store's tests share: keys, records made in a line, a clock that is set, a room of its
 * own. */
#ifndef WN_TESTS_STORE_FIXTURE_H
#define WN_TESTS_STORE_FIXTURE_H

#include "check.h"

#include "base/hex.h"
#include "store/store.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define T0 1700000000

struct world {
    struct store *store;
    struct arena *arena;
    char directory[200]; /* "" in memory */
    atomic_int_least64_t now;
    struct store_options options;
    const struct store_tables *tables;
};

/* The tables of the tests: a room "trial" that keeps titles, counts revisions, and remembers what was
 * removed. */
extern const struct store_tables fixture_tables;
extern struct store_tables fixture_no_tables;

void fixture_directory(char out[200]);
void fixture_remove(const char *directory);

/* memory: which back end. */
void world_open(struct world *w, bool memory);
void world_open_with(struct world *w, bool memory, const struct store_tables *tables);
/* cmocka's set-up and tear-down of a world in *state. */
int world_on_disk(void **state);
int world_in_memory(void **state);
int world_ends(void **state);
/* The same test on both back ends: two rows of a list. */
#define ON_BOTH(name)                                                                                        \
    {"sqlite " #name, name, world_on_disk, world_ends, NULL},                                                \
    {                                                                                                        \
        "memory " #name, name, world_in_memory, world_ends, NULL                                             \
    }
#define ON_DISK(name) cmocka_unit_test_setup_teardown(name, world_on_disk, world_ends)

void world_reopen(struct world *w);
void world_close(struct world *w); /* and removes the directory */
struct store *world_second(struct world *w, enum store_mode mode);

/* "kind created_at who content" and tags "e=…" up to NULL; U+001F separates a tag's further strings; who is
 * 1 … 255. Everything in the world's arena. */
struct record *make(struct world *w, uint32_t kind, int64_t created_at, int who, const char *content, ...)
    __attribute__((sentinel));
struct str record_raw(struct world *w, const struct record *r);
const char *record_hex(struct world *w, const struct record *r); /* id */
const char *key_hex(struct world *w, int who);
struct pubkey key_of(int who);
const char *address_text(struct world *w, uint32_t kind, int who, const char *d);

enum store_verdict put(struct world *w, const struct record *r); /* appends, waits until applied */
const char *put_reason(struct world *w, const struct record *r); /* of a refusal; "" otherwise */
/* Contents of what a filter finds, joined by spaces. */
const char *find(struct world *w, const char *filter);
const char *find_flags(struct world *w, const char *filter, unsigned flags);
int get_code(struct world *w, const struct record *r); /* store_get's result */
/* Titles of what a search finds, in order, joined by spaces. */
const char *search(struct world *w, const char *query);
const char *search_newest(struct world *w, const char *query);
/* The trial room's rows, "d=title*revisions" sorted by d and joined by spaces. */
const char *trial(struct world *w);
/* How often the trial room was told of a change by any store; all of that is committed in w's. */
uint64_t world_told(struct world *w);
/* Waits until it is told of more than *told, and brings that up to date; false after a minute. */
bool world_hears(struct world *w, uint64_t *told);
void assert_found(const char *got, const char *want);
/* store_check finds this many records and no fault. */
void assert_sound(struct store *s, uint64_t records);
/* A rebuild ends in the same tables, and all is sound. Returns the number of records. */
uint64_t assert_rebuilds(struct store *s);

/* ---- on disk only */

void world_sql(struct world *w, const char *text); /* runs it on the database, from outside */
bool file_holds(const char *path, const char *word);
void assert_nowhere(struct world *w, const char *word); /* no file of the database holds it */

#endif
