/* time.c: clocks, randomness from the kernel, and dates of the proleptic Gregorian calendar in UTC. */
#include "base/time.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

static int64_t read_clock(clockid_t id)
{
    struct timespec now;
    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int64_t system_now_us(void *ctx)
{
    (void)ctx;
    return read_clock(CLOCK_REALTIME);
}

const struct clock clock_system = {system_now_us, NULL};

int64_t monotonic_us(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

static void system_fill(void *ctx, void *out, size_t n)
{
    (void)ctx;
    char *p = out;
    while (n) {
        ssize_t got = getrandom(p, n, 0);
        if (got < 0)
            continue; /* only EINTR is possible here */
        p += got;
        n -= (size_t)got;
    }
}

const struct rng rng_system = {system_fill, NULL};

/* Days since 1970-01-01, with years that begin in March so that the leap day is a year's last. */
static int64_t days_from_civil(int64_t year, int month, int day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

void civil_from_unix(int64_t t, struct civil *out)
{
    if (t < TIME_FIRST)
        t = TIME_FIRST;
    if (t > TIME_LAST)
        t = TIME_LAST;
    int64_t days = t / 86400, rest = t % 86400;
    if (rest < 0) {
        rest += 86400;
        days--;
    }
    int64_t z = days + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t day_of_era = z - era * 146097;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted_month = (5 * day_of_year + 2) / 153;
    out->day = (int)(day_of_year - (153 * shifted_month + 2) / 5 + 1);
    out->month = (int)(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);
    out->year = (int)(year_of_era + era * 400 + (out->month <= 2));
    out->hour = (int)(rest / 3600);
    out->minute = (int)(rest / 60 % 60);
    out->second = (int)(rest % 60);
    out->weekday = (int)(((days + 4) % 7 + 7) % 7);
}

int64_t civil_to_unix(const struct civil *c)
{
    return days_from_civil(c->year, c->month, c->day) * 86400 + c->hour * 3600 + c->minute * 60 + c->second;
}

void time_rfc3339(int64_t t, char *out, size_t size)
{
    struct civil c;
    civil_from_unix(t, &c);
    snprintf(out, size, "%04d-%02d-%02dT%02d:%02d:%02dZ", c.year, c.month, c.day, c.hour, c.minute, c.second);
}

static bool take_digits(struct str *s, size_t n, int *out)
{
    if (s->n < n)
        return false;
    int value = 0;
    for (size_t i = 0; i < n; i++) {
        if (s->p[i] < '0' || s->p[i] > '9')
            return false;
        value = value * 10 + (s->p[i] - '0');
    }
    *out = value;
    *s = str_slice(*s, n, s->n);
    return true;
}

static bool take_char(struct str *s, char c)
{
    if (!s->n || s->p[0] != c)
        return false;
    *s = str_slice(*s, 1, s->n);
    return true;
}

/* "Z", "+0100", "-05:00", " -0500", " UTC" or nothing; offset in seconds. */
static bool take_zone(struct str *s, int *offset)
{
    *offset = 0;
    *s = str_trim(*s);
    if (s->n == 0)
        return true;
    if (str_eq_nocase(*s, STR("Z")) || str_eq_nocase(*s, STR("UTC")) || str_eq_nocase(*s, STR("GMT"))) {
        *s = str_slice(*s, s->n, s->n);
        return true;
    }
    int sign = take_char(s, '+') ? 1 : take_char(s, '-') ? -1 : 0, hours, minutes = 0;
    if (!sign || !take_digits(s, 2, &hours))
        return false;
    take_char(s, ':');
    if (s->n && !take_digits(s, 2, &minutes))
        return false;
    if (hours > 18 || minutes > 59)
        return false;
    *offset = sign * (hours * 3600 + minutes * 60);
    return true;
}

bool time_parse(struct str s, int64_t *out)
{
    static const int month_days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    struct civil c = {0};
    int offset = 0;
    s = str_trim(s);
    if (!take_digits(&s, 4, &c.year) || !take_char(&s, '-') || !take_digits(&s, 2, &c.month) ||
        !take_char(&s, '-') || !take_digits(&s, 2, &c.day))
        return false;
    if (c.year < 1 || c.month < 1 || c.month > 12 || c.day < 1)
        return false;
    bool leap = (c.year % 4 == 0 && c.year % 100 != 0) || c.year % 400 == 0;
    if (c.day > month_days[c.month - 1] + (c.month == 2 && leap))
        return false;
    if (s.n && (s.p[0] == 'T' || s.p[0] == 't' || s.p[0] == ' ')) {
        s = str_trim(str_slice(s, 1, s.n));
        if (s.n && s.p[0] >= '0' && s.p[0] <= '9') {
            /* "2:00:08" stands in much front matter */
            if ((!take_digits(&s, 2, &c.hour) && !take_digits(&s, 1, &c.hour)) || !take_char(&s, ':') ||
                !take_digits(&s, 2, &c.minute))
                return false;
            if (take_char(&s, ':')) {
                if (!take_digits(&s, 2, &c.second))
                    return false;
                if (take_char(&s, '.')) {
                    int fraction;
                    if (!take_digits(&s, 1, &fraction))
                        return false;
                    while (take_digits(&s, 1, &fraction))
                        ;
                }
            }
            if (c.hour > 23 || c.minute > 59 || c.second > 60)
                return false;
        }
    }
    if (!take_zone(&s, &offset) || s.n)
        return false;
    *out = civil_to_unix(&c) - offset;
    return true;
}
