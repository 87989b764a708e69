/* import.h: what import's files share: the folder's files and the run. Private to the room. */
#ifndef WN_NEWS_IMPORT_H
#define WN_NEWS_IMPORT_H

#include "news/front_matter.h"

struct import_file {
    struct str path; /* relative to the root, "/" between its parts */
    struct str name; /* that without extension, NFC; "" where the file is refused by its name alone */
    struct str d;    /* name, or its hash where it is too long */
    uint64_t size;
    bool markdown;
    bool accepted; /* can become an article: refs may lead to it */
};

struct import {
    struct arena *arena; /* lives as long as the run */
    const struct import_options *options;
    const struct import_sink *sink;
    struct import_counts *counts;
    int root;                  /* a descriptor of the folder */
    struct str place;          /* its path as it was typed */
    struct import_file *files; /* by path */
    size_t n;
    struct import_file **by_name, **by_base; /* accepted ones, by name and by its last part */
    size_t accepted;
};

/* Finds all regular files under root, in the order of their paths. Unreadable folders go to sink->refused. */
int news__import_walk(struct import *im, struct err *err);
/* That one file of the root alone. */
int news__import_single(struct import *im, struct str name, struct err *err);
/* Reads a file below the root; no part of path may be a symbolic link. bytes is in arena. */
int news__import_read(struct import *im, struct arena *arena, struct str path, uint64_t max,
    struct str *bytes, struct err *err);
/* Sorts what is accepted, for the next. */
int news__import_index(struct import *im, struct err *err);
/* The file that target means in a text at `from` ("a/b/c"), or NULL. */
const struct import_file *news__import_find(const struct import *im, struct str from, struct str target);

/* Makes the article of a file: reads, checks, converts. out->arena is the caller's. ERR_… with the reason. */
struct import_article {
    struct record_draft draft;
    uint8_t hash[32];
    uint64_t dropped, unresolved, pictures;
};
int news__import_article(
    struct import *im, const struct import_file *file, struct import_article *out, struct err *err);
/* Would it be refused? Only what can be seen without conversion. */
int news__import_check(
    struct import *im, struct arena *arena, const struct import_file *file, struct err *err);

int news__import_jsonl(
    const char *path, const struct import_sink *sink, struct import_counts *out, struct err *err);

#endif
