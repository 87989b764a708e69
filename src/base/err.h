/* err.h: how a function says what went wrong.
 *
 * A function that can fail returns 0 or a negative enum err_code, and tells the story in the struct err its
 * caller passed: what happened and to what, what was kept, what to do next. Only cli and main print or exit.
 * An assert is for our own mistakes; these codes are for the world's. */
#ifndef WN_BASE_ERR_H
#define WN_BASE_ERR_H

#include <stddef.h>

enum err_code {
    ERR_OK = 0,
    ERR_INPUT = -1,     /* what came in is malformed or out of bounds */
    ERR_NOT_FOUND = -2, /* no such thing */
    ERR_EXISTS = -3,    /* there is one already */
    ERR_DENIED = -4,    /* not allowed: permission, wrong password, locked key */
    ERR_BUSY = -5,      /* somebody else has it now; trying again may help */
    ERR_LIMIT = -6,     /* over a limit of rate, size or count */
    ERR_FULL = -7,      /* the disk is full */
    ERR_IO = -8,        /* the operating system said no */
    ERR_CORRUPT = -9,   /* stored data is not what was written */
    ERR_VERSION = -10,  /* made by a newer version of the program */
    ERR_MEMORY = -11,   /* out of memory, or over an arena's cap */
    ERR_GONE = -12,     /* was here, deleted or erased since */
    ERR_CLOSED = -13,   /* the other side went away, or we are stopping */
    ERR_INTERNAL = -14, /* a mistake of ours that was caught */
};

struct err {
    int code;       /* enum err_code */
    char what[400]; /* one sentence without a final stop: what happened, to what */
    char kept[160]; /* what was kept, or "" where that is plain */
    char todo[240]; /* what to do, or "" */
};

/* Fills err (may be NULL) and returns code, so that a caller can `return err_set(…)`. Clears kept and todo.
 */
int err_set(struct err *err, enum err_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* As err_set, for a failed system call: picks ERR_FULL, ERR_DENIED, ERR_NOT_FOUND, ERR_EXISTS, ERR_MEMORY or
 * ERR_IO from errno_value, and appends its text. */
int err_errno(struct err *err, int errno_value, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Say what was kept and what to do about it. err may be NULL. */
void err_kept(struct err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));
void err_todo(struct err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Puts "context: " before what. Returns err's code. */
int err_prefix(struct err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* One line for people: "what; kept; todo". Returns out. */
const char *err_line(const struct err *err, char *out, size_t size);

#endif
