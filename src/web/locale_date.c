/* locale_date.c: dates and ages as each language writes them. All times are UTC, and say so where they show
 * hours. */
#include "base/time.h"
#include "web/locale.h"
#include "web/locale_data.h"

#include <stdio.h>

static void add_digits(const struct locale *l, const char *latin, struct buf *out)
{
    for (; *latin; latin++)
        if (*latin >= '0' && *latin <= '9')
            buf_addz(out, l->digits[*latin - '0']);
        else
            buf_addc(out, *latin);
}

void locale_add_date(const struct locale *l, int64_t unix_seconds, enum date_style style, struct buf *out)
{
    struct civil c;
    civil_from_unix(unix_seconds, &c);
    char number[16];
    const char *const *months = style == DATE_SHORT ? l->short_months : l->months;
    for (const char *f = style == DATE_SHORT ? "D M Y" : l->date; *f; f++) {
        switch (*f) {
        case 'D':
            if (c.day == 1 && l->first_day) {
                buf_addz(out, l->first_day);
            } else {
                snprintf(number, sizeof number, "%d", c.day);
                add_digits(l, number, out);
            }
            break;
        case 'M':
            buf_addz(out, months[c.month - 1]);
            break;
        case 'Y':
            snprintf(number, sizeof number, "%d", c.year);
            add_digits(l, number, out);
            break;
        default:
            buf_addc(out, *f);
        }
    }
    if (style == DATE_TIME) {
        buf_addz(out, l->time_joint);
        snprintf(number, sizeof number, "%02d:%02d", c.hour, c.minute);
        add_digits(l, number, out);
        buf_addz(out, " UTC");
    }
}

void locale_add_ago(const struct locale *l, int64_t unix_seconds, int64_t now, struct buf *out)
{
    const int64_t minute = 60, hour = 60 * minute, day = 24 * hour;
    int64_t age;
    if (__builtin_sub_overflow(now, unix_seconds, &age) || age >= 7 * day || age < -15 * minute)
        locale_add_date(l, unix_seconds, DATE_LONG, out);
    else if (age < minute)
        buf_adds(out, locale_message(l, M("just now")));
    else if (age < hour)
        locale_add_plural(l, MP("one minute ago", "%{n} minutes ago"), age / minute, out);
    else if (age < day)
        locale_add_plural(l, MP("one hour ago", "%{n} hours ago"), age / hour, out);
    else if (age < 2 * day)
        buf_adds(out, locale_message(l, M("yesterday")));
    else
        locale_add_plural(l, MP("one day ago", "%{n} days ago"), age / day, out);
}
