/* err.c: filling and printing the struct err of err.h. Leans on nothing. */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int err_set(struct err *err, enum err_code code, const char *format, ...)
{
    if (err) {
        va_list args;
        va_start(args, format);
        vsnprintf(err->what, sizeof err->what, format, args);
        va_end(args);
        err->code = code;
        err->kept[0] = err->todo[0] = 0;
    }
    return code;
}

static enum err_code code_of_errno(int errno_value)
{
    switch (errno_value) {
    case ENOSPC:
    case EDQUOT:
        return ERR_FULL;
    case EACCES:
    case EPERM:
    case EROFS:
        return ERR_DENIED;
    case ENOENT:
    case ENOTDIR:
        return ERR_NOT_FOUND;
    case EEXIST:
        return ERR_EXISTS;
    case ENOMEM:
        return ERR_MEMORY;
    default:
        return ERR_IO;
    }
}

int err_errno(struct err *err, int errno_value, const char *format, ...)
{
    enum err_code code = code_of_errno(errno_value);
    if (err) {
        va_list args;
        va_start(args, format);
        int n = vsnprintf(err->what, sizeof err->what, format, args);
        va_end(args);
        if (n >= 0 && (size_t)n < sizeof err->what)
            snprintf(err->what + n, sizeof err->what - (size_t)n, ": %s", strerror(errno_value));
        err->code = code;
        err->kept[0] = err->todo[0] = 0;
        if (code == ERR_FULL)
            snprintf(err->todo, sizeof err->todo, "free some space on that disk and try again");
    }
    return code;
}

void err_kept(struct err *err, const char *format, ...)
{
    if (!err)
        return;
    va_list args;
    va_start(args, format);
    vsnprintf(err->kept, sizeof err->kept, format, args);
    va_end(args);
}

void err_todo(struct err *err, const char *format, ...)
{
    if (!err)
        return;
    va_list args;
    va_start(args, format);
    vsnprintf(err->todo, sizeof err->todo, format, args);
    va_end(args);
}

int err_prefix(struct err *err, const char *format, ...)
{
    if (!err)
        return ERR_INTERNAL;
    char old[sizeof err->what];
    memcpy(old, err->what, sizeof old);
    va_list args;
    va_start(args, format);
    int n = vsnprintf(err->what, sizeof err->what, format, args);
    va_end(args);
    if (n >= 0 && (size_t)n < sizeof err->what)
        snprintf(err->what + n, sizeof err->what - (size_t)n, ": %s", old);
    return err->code;
}

const char *err_line(const struct err *err, char *out, size_t size)
{
    snprintf(out, size, "%s%s%s%s%s", err->what, err->kept[0] ? "; " : "", err->kept,
        err->todo[0] ? "; " : "", err->todo);
    return out;
}
