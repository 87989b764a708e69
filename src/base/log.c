/* log.c: one logfmt line an event, to standard error. The level is the one thing a process has a single one
 * of. */
#include "base/log.h"

#include "base/time.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static _Atomic int threshold = LOG_LEVEL_INFO;

static const char *const level_names[] = {"error", "warn", "info", "debug"};
static const int sd_priority[] = {3, 4, 6, 7}; /* sd-daemon(3) */

void log_set_level(enum log_level level)
{
    atomic_store(&threshold, (int)level);
}

void log_event(enum log_level level, const char *room, const char *event, const char *format, ...)
{
    if ((int)level > atomic_load(&threshold))
        return;
    char line[2048], when[24];
    time_rfc3339(clock_now(&clock_system), when, sizeof when);
    int n = getenv("JOURNAL_STREAM")
                ? snprintf(
                      line, sizeof line, "<%d>%s %s %s", sd_priority[level], level_names[level], room, event)
                : snprintf(line, sizeof line, "%s %s %s %s", when, level_names[level], room, event);
    size_t at = (size_t)n < sizeof line - 2 ? (size_t)n : sizeof line - 2;
    if (format && format[0]) {
        line[at++] = ' ';
        va_list args;
        va_start(args, format);
        n = vsnprintf(line + at, sizeof line - 1 - at, format, args);
        va_end(args);
        if (n > 0)
            at += (size_t)n < sizeof line - 2 - at ? (size_t)n : sizeof line - 2 - at;
    }
    for (size_t i = 0; i < at; i++)
        if (line[i] == '\n' || line[i] == '\r')
            line[i] = ' ';
    line[at++] = '\n';
    if (write(STDERR_FILENO, line, at) < 0)
        return; /* nowhere left to complain */
}

const char *log_quote(const char *value, char *out, unsigned long size)
{
    size_t at = 0;
    if (size < 3) {
        if (size)
            out[0] = 0;
        return out;
    }
    out[at++] = '"';
    for (; *value && at + 3 < size; value++) {
        unsigned char c = (unsigned char)*value;
        if (c == '"' || c == '\\')
            out[at++] = '\\';
        out[at++] = c < 0x20 || c == 0x7f ? '?' : (char)c;
    }
    out[at++] = '"';
    out[at] = 0;
    return out;
}
