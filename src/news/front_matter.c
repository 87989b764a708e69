/* front_matter.c: the YAML at the top of a Markdown file, read with libyaml into a bounded tree. Aliases are
 * refused: an article has no use for them, a bomb has. */
#include "news/front_matter.h"

#include <yaml.h>

enum {
    max_bytes = 64 * 1024,
    max_depth = 12,
    max_values = 5000,
};

struct reader {
    struct arena *arena;
    yaml_parser_t *parser;
    size_t values, first_line;
    struct err *err;
};

static int refuse_yaml(struct reader *r)
{
    const char *problem = r->parser->problem ? r->parser->problem : "it cannot be read";
    err_set(r->err, ERR_INPUT, "the front matter is not YAML: %s at line %zu", problem,
        r->parser->problem_mark.line + r->first_line);
    err_todo(r->err, "mend that line; a value with a colon or a quotation mark wants quotes around it");
    return ERR_INPUT;
}

static int next(struct reader *r, yaml_event_t *event)
{
    return yaml_parser_parse(r->parser, event) ? 0 : refuse_yaml(r);
}

static int grow(struct reader *r, struct yaml_value *v, size_t *cap)
{
    if (v->n < *cap)
        return 0;
    size_t more = *cap ? *cap * 2 : 8;
    struct yaml_value *items = ARENA_ARRAY(r->arena, struct yaml_value, more);
    struct str *keys = ARENA_ARRAY(r->arena, struct str, more);
    if (!items || !keys)
        return err_set(r->err, ERR_MEMORY, "the front matter does not fit");
    if (v->n) {
        memcpy(items, v->items, v->n * sizeof *items);
        memcpy(keys, v->keys, v->n * sizeof *keys);
    }
    v->items = items;
    v->keys = keys;
    *cap = more;
    return 0;
}

static bool is_null(struct str text)
{
    return str_eqz(text, "~") || str_eq_nocase(text, STR("null"));
}

static void read_text(struct reader *r, const yaml_event_t *event, struct yaml_value *out)
{
    struct str text = {(const char *)event->data.scalar.value, event->data.scalar.length};
    out->type = YAML_TEXT;
    out->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    out->text = !out->quoted && is_null(text) ? STR("") : arena_str(r->arena, text);
}

static int read_value(struct reader *r, yaml_event_t *event, unsigned depth, struct yaml_value *out);

/* The items of a list, or keys and values of a map, up to its end. */
static int read_items(struct reader *r, yaml_event_type_t end, unsigned depth, struct yaml_value *out)
{
    size_t cap = 0;
    for (;;) {
        yaml_event_t event;
        int status = next(r, &event);
        if (status)
            return status;
        if (event.type == end) {
            yaml_event_delete(&event);
            return 0;
        }
        struct yaml_value key = {.text = STR("")};
        if (end == YAML_MAPPING_END_EVENT) {
            size_t line = event.start_mark.line + r->first_line;
            status = read_value(r, &event, depth, &key);
            yaml_event_delete(&event);
            if (status)
                return status;
            if (key.type != YAML_TEXT)
                return err_set(
                    r->err, ERR_INPUT, "the front matter has a name that is no text at line %zu", line);
            if ((status = next(r, &event)))
                return status;
        }
        status = grow(r, out, &cap);
        if (!status) {
            out->items[out->n] = (struct yaml_value){0};
            out->keys[out->n] = key.text;
            status = read_value(r, &event, depth, &out->items[out->n]);
            out->n++;
        }
        yaml_event_delete(&event);
        if (status)
            return status;
    }
}

static int read_value(struct reader *r, yaml_event_t *event, unsigned depth, struct yaml_value *out)
{
    size_t line = event->start_mark.line + r->first_line;
    if (++r->values > max_values)
        return err_set(r->err, ERR_LIMIT, "the front matter has more than %d values", max_values);
    if (depth > max_depth)
        return err_set(r->err, ERR_LIMIT, "the front matter is nested too deeply at line %zu", line);
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        read_text(r, event, out);
        return 0;
    case YAML_SEQUENCE_START_EVENT:
        out->type = YAML_LIST;
        return read_items(r, YAML_SEQUENCE_END_EVENT, depth + 1, out);
    case YAML_MAPPING_START_EVENT:
        out->type = YAML_MAP;
        return read_items(r, YAML_MAPPING_END_EVENT, depth + 1, out);
    case YAML_ALIAS_EVENT:
        return err_set(
            r->err, ERR_INPUT, "the front matter uses an alias (*name) at line %zu, which is refused", line);
    default:
        return err_set(r->err, ERR_INPUT, "the front matter is not YAML at line %zu", line);
    }
}

static int read_document(struct reader *r, struct yaml_value *out)
{
    for (;;) {
        yaml_event_t event;
        int status = next(r, &event);
        if (status)
            return status;
        yaml_event_type_t type = event.type;
        if (type == YAML_STREAM_START_EVENT || type == YAML_DOCUMENT_START_EVENT) {
            yaml_event_delete(&event);
            continue;
        }
        if (type != YAML_STREAM_END_EVENT)
            status = read_value(r, &event, 0, out);
        yaml_event_delete(&event);
        if (status)
            return status;
        if (type == YAML_STREAM_END_EVENT ||
            (out->type == YAML_TEXT && !out->text.n)) { /* nothing stands there */
            *out = (struct yaml_value){.type = YAML_MAP};
            return 0;
        }
        if (out->type != YAML_MAP)
            return err_set(r->err, ERR_INPUT, "the front matter is no list of \"name: value\"");
        return 0;
    }
}

static int parse(
    struct arena *arena, struct str yaml, size_t first_line, struct yaml_value *out, struct err *err)
{
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser))
        return err_set(err, ERR_MEMORY, "out of memory");
    yaml_parser_set_input_string(&parser, (const unsigned char *)yaml.p, yaml.n);
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    struct reader r = {.arena = arena, .parser = &parser, .first_line = first_line, .err = err};
    int status = read_document(&r, out);
    yaml_parser_delete(&parser);
    return status;
}

/* The line at *at without its end; *at moves behind it. */
static struct str take_line(struct str text, size_t *at)
{
    size_t end = str_find_char(str_slice(text, *at, text.n), '\n');
    end = end == SIZE_MAX ? text.n : *at + end;
    struct str line = str_slice(text, *at, end);
    *at = end < text.n ? end + 1 : end;
    if (line.n && line.p[line.n - 1] == '\r')
        line.n--;
    return line;
}

static bool is_fence(struct str line, const char *fence)
{
    while (line.n && (line.p[line.n - 1] == ' ' || line.p[line.n - 1] == '\t'))
        line.n--;
    return str_eqz(line, fence);
}

int news__front_matter(
    struct arena *arena, struct str file, struct yaml_value *out, struct str *body, struct err *err)
{
    *out = (struct yaml_value){.type = YAML_MAP};
    file = str_without_mark(file);
    *body = file;
    size_t at = 0, number = 0;
    struct str line = STR("");
    while (at < file.n) {
        size_t from = at;
        line = take_line(file, &at);
        number++;
        if (str_trim(line).n) {
            *body = str_slice(file, from, file.n);
            break;
        }
    }
    if (is_fence(line, "+++")) {
        err_set(err, ERR_INPUT, "the front matter is TOML (+++)");
        err_todo(err, "write it as YAML, between lines of ---");
        return ERR_INPUT;
    }
    struct str first = str_trim(line);
    if (first.n && first.p[0] == '{' && (first.n == 1 || first.p[1] == '"')) {
        err_set(err, ERR_INPUT, "the front matter is JSON");
        err_todo(err, "write it as YAML, between lines of ---");
        return ERR_INPUT;
    }
    if (!is_fence(line, "---"))
        return 0;
    size_t from = at;
    while (at < file.n) {
        size_t end = at;
        line = take_line(file, &at);
        if (!is_fence(line, "---") && !is_fence(line, "..."))
            continue;
        *body = str_slice(file, at, file.n);
        if (end - from > max_bytes)
            return err_set(
                err, ERR_LIMIT, "the front matter has %zu bytes (at most %d)", end - from, max_bytes);
        return parse(arena, str_slice(file, from, end), number + 1, out, err);
    }
    err_set(err, ERR_INPUT, "the front matter that begins at line %zu never ends", number);
    err_todo(err, "put a line of --- behind it");
    return ERR_INPUT;
}

const struct yaml_value *news__yaml_find(const struct yaml_value *map, const char *const *names)
{
    for (; *names; names++)
        for (size_t i = 0; map && map->type == YAML_MAP && i < map->n; i++) {
            const struct yaml_value *v = &map->items[i];
            if (str_eq_nocase(map->keys[i], str_of(*names)) &&
                (v->type == YAML_TEXT ? str_trim(v->text).n : v->n))
                return v;
        }
    return NULL;
}

struct str news__yaml_text(const struct yaml_value *value)
{
    while (value && value->type == YAML_LIST && value->n)
        value = &value->items[0];
    return value && value->type == YAML_TEXT ? str_trim(value->text) : STR("");
}
