/* locale_data.h: what a language of the interface is, beside its catalogue of messages. */
#ifndef WN_WEB_LOCALE_DATA_H
#define WN_WEB_LOCALE_DATA_H

#include "locale.gen.h"
#include "web/locale.h"

#define LOCALE_COUNT 4
struct locale {
    const char *code, *own_name;
    bool rtl;
    unsigned number;                          /* its place in the tables */
    const struct locale_catalogue *catalogue; /* NULL: English, the messages themselves */
    unsigned (*plural)(uint64_t n);           /* which of the catalogue's forms */
    const char *digits[10];
    const char *decimal; /* between whole and broken */
    const char *group;   /* between thousands */
    unsigned group_from; /* numbers of fewer digits are not grouped */
    const char *months[12], *short_months[12];
    const char *first_day;  /* "1er", or NULL for the plain number */
    const char *date;       /* D, M, Y stand for day, month, year; the rest is itself */
    const char *time_joint; /* between date and time */
};
extern const struct locale locale_table[LOCALE_COUNT];

/* One row a content's language: its code, its names in English, French, Spanish and Arabic. */
struct language_name {
    const char *code;
    const char *names[LOCALE_COUNT];
};
extern const struct language_name language_names[];
extern const size_t language_name_count;

#endif
