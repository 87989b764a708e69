/* front_matter.h: the YAML at the top of a Markdown file, as a bounded tree. Private to the room. */
#ifndef WN_NEWS_FRONT_MATTER_H
#define WN_NEWS_FRONT_MATTER_H

#include "news/news.h"

enum yaml_type { YAML_TEXT, YAML_LIST, YAML_MAP };
struct yaml_value {
    enum yaml_type type;
    struct str text; /* of YAML_TEXT; "" for null */
    bool quoted;
    struct yaml_value *items; /* of a list or a map */
    struct str *keys;         /* of a map */
    size_t n;
};

/* Cuts file (valid UTF-8, perhaps with a byte order mark) into front matter and body. A file without front
 * matter gives an empty map. ERR_INPUT: it never ends, is TOML or JSON, is no YAML (with the line), has
 * aliases or is nested too deeply. */
int news__front_matter(
    struct arena *arena, struct str file, struct yaml_value *out, struct str *body, struct err *err);

/* The first of names (ends with NULL) that stands in the map with a value; letters' case does not matter. */
const struct yaml_value *news__yaml_find(const struct yaml_value *map, const char *const *names);
/* A text's value, trimmed; of a list its first; "" if there is none. */
struct str news__yaml_text(const struct yaml_value *value);

#endif
