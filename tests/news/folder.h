/* folder.h: a folder of files to import, and a pool in memory that takes what is imported. */
#ifndef WN_TESTS_NEWS_FOLDER_H
#define WN_TESTS_NEWS_FOLDER_H

#include "check.h"
#include "news/news.h"

struct kept {
    char *d;
    struct record record; /* deep in arena */
    uint8_t hash[32];
};
struct pool {
    struct arena *arena;
    struct kept *kept;
    size_t n, cap;
    size_t budget; /* articles until the process "dies"; SIZE_MAX: never */
    size_t published;
    struct buf refusals; /* "path: what\n" */
    size_t blobs;
    struct str last_blob;
    int64_t now;
    const char *license, *credit;
};

/* By d; NULL where it is not there. */
struct kept *find(struct pool *p, struct str d);
/* Imports path into p, with a fixed key. */
int import(struct pool *p, const char *path, struct import_counts *out);
void pool_open(struct pool *p);
void pool_close(struct pool *p);
/* cmocka's set-up and tear-down. */
int make_folder(void **state);
int drop_folder(void **state);
/* A file of the folder, and the folders above it. */
void file_bytes(const char *name, const void *bytes, size_t n);
void file(const char *name, const char *text);
/* Fails the test where it was not imported. */
const struct kept *article(struct pool *p, const char *d);
struct str tag_of(const struct kept *k, const char *name);

extern char folder[64];
/* The smallest PNG, with a text chunk that tells a place. */
extern const uint8_t png[90];

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, drop_folder)

#endif
