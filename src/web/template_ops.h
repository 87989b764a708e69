/* template_ops.h: what tools/gen-templates writes and template.c runs: a template as a table of operations.
 */
#ifndef WN_WEB_TEMPLATE_OPS_H
#define WN_WEB_TEMPLATE_OPS_H

#include "web/template.h"

enum template_code {
    TEMPLATE_END,
    TEMPLATE_LITERAL, /* p: length bytes as they are */
    TEMPLATE_VALUE,   /* p: struct template_path */
    TEMPLATE_RAW,     /* p: struct template_path of a VIEW_HTML */
    TEMPLATE_SECTION, /* p: path; jump: the matching CLOSE */
    TEMPLATE_UNLESS,  /* likewise */
    TEMPLATE_CLOSE,   /* jump: the matching SECTION or UNLESS */
    TEMPLATE_INCLUDE, /* p: struct template */
    TEMPLATE_MESSAGE, /* p: struct template_message */
};

/* Where a value stands in the HTML, which decides how it is escaped. */
enum template_context {
    CONTEXT_TEXT,
    CONTEXT_PLAIN_TEXT, /* in <title> or <textarea>: no elements */
    CONTEXT_ATTRIBUTE,
    CONTEXT_DATETIME, /* the attribute datetime: times as RFC 3339 */
    CONTEXT_URL,      /* at the beginning of an address: its scheme is checked */
    CONTEXT_URL_PART, /* inside an address: one percent-encoded piece */
};

struct template_name {
    const char *name;
    uint32_t hash; /* FNV-1a, as template_hash() */
};
struct template_path { /* item.title */
    unsigned n;
    struct template_name names[4];
};
struct template_binding {
    const char *name; /* of %{name} */
    const struct template_path *path;
};
struct template_message {
    const char *one, *many; /* many: NULL where there is no plural */
    unsigned binding_count;
    const struct template_binding *bindings;
};
struct template_op {
    uint8_t code, context;
    uint16_t jump;
    uint32_t length;
    const void *p;
};
struct template
{
    const char *name;
    const struct template_op *ops;
    bool has_csrf; /* holds a form's token, so what it makes is one reader's alone */
};

static inline uint32_t template_hash(const char *name)
{
    uint32_t hash = 2166136261u;
    for (; *name; name++)
        hash = (hash ^ (uint8_t)*name) * 16777619u;
    return hash;
}

/* Appends s as it must be written in that place. */
void template_escape(enum template_context context, struct str s, struct buf *out);

#endif
