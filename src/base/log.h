/* log.h: the structured log. One line an event, logfmt: time level room event key=value …
 *
 * Goes to standard error (with sd-daemon priority prefixes under systemd: the level as <N>). Holds no
 * addresses of readers unless the caller put them there, which only a setting allows. Thread-safe, one
 * write(2) a line. */
#ifndef WN_BASE_LOG_H
#define WN_BASE_LOG_H

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

void log_set_level(enum log_level level); /* the process's; default INFO */
/* log_event(LOG_LEVEL_INFO, "store", "opened", "records=%lu path=%s", n, path); the text after the event name
 * is already key=value pairs; values with spaces are put in quotes by the caller with %s of log_quote(). */
void log_event(enum log_level level, const char *room, const char *event, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* value in double quotes with ", \ and control bytes escaped, cut to fit; returns out. */
const char *log_quote(const char *value, char *out, unsigned long size);

#endif
