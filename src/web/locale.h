/* locale.h: the interface's languages: messages from locale/LANG.po (compiled in by tools/gen-locale), dates,
 * numbers, plurals. The C library's locales are not used. */
#ifndef WN_WEB_LOCALE_H
#define WN_WEB_LOCALE_H

#include "base/str.h"

struct arena;
struct locale; /* static, one for each language */

const struct locale *locale_find(struct str code); /* "fr", "fr-CA"; NULL if we have none */
const struct locale *locale_choose(
    struct str accept_language);          /* RFC 9110 §12.5.4; English where none fits */
const struct locale *locale_at(size_t i); /* NULL behind the last; English is 0 */
const char *locale_code(const struct locale *l);
const char *locale_own_name(const struct locale *l); /* "français" */
bool locale_rtl(const struct locale *l);

/* The translation of an English message (borrowed, static). Messages used from C stand in M("…") so that
 * gen-locale finds them. */
#define M(message) (message)
#define MP(one, many) one, many /* the same of a plural: locale_plural(l, MP("one day", "%{n} days"), n) */
struct str locale_message(const struct locale *l, const char *english);
struct str locale_plural(const struct locale *l, const char *one, const char *many, int64_t n);
/* Appends the message with each %{name} replaced: locale_format(l, out, M("By %{name}"), "name", name, NULL)
 * with pairs of a const char * and a struct str. */
void locale_format(const struct locale *l, struct buf *out, const char *english, ...)
    __attribute__((sentinel));
/* The plural with %{n} in the locale's digits. */
void locale_add_plural(const struct locale *l, const char *one, const char *many, int64_t n, struct buf *out);
/* A plural with further values, pairs as of locale_format. */
void locale_format_plural(const struct locale *l, struct buf *out, const char *one, const char *many,
    int64_t n, ...) __attribute__((sentinel));
void locale_add_int(const struct locale *l, int64_t n, struct buf *out);
/* With at most that many digits (≤ 6) behind the point, which is the locale's; without zeros at the end. */
void locale_add_decimal(const struct locale *l, double value, unsigned digits, struct buf *out);
enum date_style {
    DATE_LONG /* 23 November 2026 */,
    DATE_SHORT /* 23 Nov 2026 */,
    DATE_TIME /* with hours and minutes, UTC */
};
void locale_add_date(const struct locale *l, int64_t unix_seconds, enum date_style style, struct buf *out);
/* "3 hours ago", "yesterday"; beyond a week the date. */
void locale_add_ago(const struct locale *l, int64_t unix_seconds, int64_t now, struct buf *out);
/* Name of a content's language in the reader's ("Arabic"); its own code where we have none. */
struct str locale_language_name(const struct locale *l, struct str code);
/* The writing direction of a content's language: "rtl" or "ltr". */
const char *language_direction(struct str code);

#endif
