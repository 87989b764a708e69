/* static.h: the files of static/, compiled into the binary by tools/gen-static. */
#ifndef WN_WEB_STATIC_H
#define WN_WEB_STATIC_H

#include "base/str.h"

struct static_file {
    const char *name;    /* "widenet.css"; the table ends with NULL */
    const char *address; /* "/static/widenet.0123456789ab.css" */
    const char *media_type, *hash;
    const unsigned char *bytes;
    size_t n;
    const unsigned char *gzip; /* the same compressed, or NULL where that gains nothing */
    size_t gzip_n;
};
extern const struct static_file static_files[];

const struct static_file *static_find(const char *name); /* NULL if there is none */
const char *static_address(const char *name);            /* a name that is not there is a mistake of ours */

#endif
