/* config.c: DIR/widenet.ini against the rooms' rows of options: types, bounds, and the nearest known name for
 * one that is not known. Leans on inih for the lines. */
#include "node/node.h"

#include "base/utf8.h"

#include <assert.h>
#include <errno.h>
#include <ini.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct config_value {
    char *text; /* as written, or NULL where the initial value stands */
    int64_t number;
    unsigned line; /* where it was set; 0: nowhere */
};
struct config {
    const struct config_option *options;
    struct config_value *values; /* one for each option */
    size_t n;
};

static size_t count_options(const struct config_option *options)
{
    size_t n = 0;
    while (options[n].section)
        n++;
    return n;
}

/* ---- the nearest known name ---- */

static const struct config_option *nearest(
    const struct config_option *options, const char *section, const char *name)
{
    const struct config_option *best = NULL;
    unsigned best_distance = UINT32_MAX;
    for (const struct config_option *o = options; o->section; o++) {
        /* A right name in the wrong section is nearer than a misspelt one. */
        unsigned d = 2 * str_distance(str_of(name), str_of(o->name)) + (strcmp(section, o->section) ? 1 : 0);
        if (d < best_distance) {
            best_distance = d;
            best = o;
        }
    }
    return best;
}

/* ---- values ---- */

static bool read_int(const char *text, int64_t *out)
{
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (errno || end == text || *end || text[0] == '+' || text[0] == ' ')
        return false;
    *out = value;
    return true;
}

static bool read_size(const char *text, int64_t *out)
{
    static const struct {
        char letter;
        int64_t factor;
    } units[] = {{'K', 1 << 10}, {'M', 1 << 20}, {'G', 1 << 30}, {0, 1}};
    size_t n = strlen(text), u = 0;
    while (units[u].letter && (n == 0 || units[u].letter != text[n - 1]))
        u++;
    uint64_t value;
    if (!str_to_u64((struct str){text, n - (units[u].letter ? 1 : 0)}, INT64_MAX, &value))
        return false;
    return !__builtin_mul_overflow((int64_t)value, units[u].factor, out);
}

static bool read_bool(const char *text, int64_t *out)
{
    static const char *const words[] = {"no", "yes", "false", "true", "off", "on", "0", "1"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (!strcmp(text, words[i])) {
            *out = (int64_t)(i % 2);
            return true;
        }
    return false;
}

static bool read_choice(const char *text, const char *choices, int64_t *out)
{
    struct str rest = str_of(choices), piece;
    for (int64_t i = 0; str_cut(&rest, '|', &piece); i++)
        if (str_eqz(piece, text)) {
            *out = i;
            return true;
        }
    return false;
}

static bool is_clean(const char *text)
{
    for (const char *c = text; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            return false;
    return utf8_valid(str_of(text));
}

static int check_value(const struct config_option *o, const char *text, int64_t *number, struct err *err)
{
    const char *wanted = NULL;
    switch (o->type) {
    case CONFIG_TEXT:
        *number = (int64_t)strlen(text);
        if (*number < o->min || *number > o->max)
            return err_set(err, ERR_INPUT, "%s.%s is %" PRId64 " to %" PRId64 " bytes long, not %" PRId64,
                o->section, o->name, o->min, o->max, *number);
        if (!is_clean(text))
            return err_set(err, ERR_INPUT, "%s.%s holds control characters, or bytes that are no UTF-8",
                o->section, o->name);
        if (o->wanted)
            wanted = o->wanted(text);
        if (!wanted)
            return 0;
        break;
    case CONFIG_INT:
        wanted = read_int(text, number) ? NULL : "a whole number";
        break;
    case CONFIG_SIZE:
        wanted = read_size(text, number) ? NULL : "a number of bytes, with K, M or G behind it if you like";
        break;
    case CONFIG_BOOL:
        if (read_bool(text, number))
            return 0;
        wanted = "yes or no";
        break;
    case CONFIG_CHOICE:
        if (read_choice(text, o->choices, number))
            return 0;
        return err_set(err, ERR_INPUT, "%s.%s is \"%.60s\", but must be one of %s", o->section, o->name, text,
            o->choices);
    }
    if (wanted)
        return err_set(
            err, ERR_INPUT, "%s.%s is \"%.60s\", but must be %s", o->section, o->name, text, wanted);
    if (*number < o->min || *number > o->max)
        return err_set(err, ERR_INPUT, "%s.%s is %s, but must be %" PRId64 " to %" PRId64, o->section,
            o->name, text, o->min, o->max);
    return 0;
}

static int set_value(
    struct config *c, const char *section, const char *name, const char *text, unsigned line, struct err *err)
{
    for (size_t i = 0; i < c->n; i++) {
        const struct config_option *o = &c->options[i];
        if (strcmp(o->section, section) || strcmp(o->name, name))
            continue;
        struct config_value *v = &c->values[i];
        if (line && v->line)
            return err_set(err, ERR_INPUT, "%s.%s is set for the second time (first in line %u)", section,
                name, v->line);
        int64_t number;
        int bad = check_value(o, text, &number, err);
        if (bad)
            return bad;
        free(v->text);
        v->text = str_dup(str_of(text));
        v->number = number;
        v->line = line;
        return 0;
    }
    const struct config_option *near = nearest(c->options, section, name);
    err_set(err, ERR_INPUT, "there is no option \"%.60s\" in section [%.60s]", name, section);
    if (near)
        err_todo(
            err, "the nearest is %s in [%s]; `widenet help config` lists all", near->name, near->section);
    return ERR_INPUT;
}

/* ---- the file ---- */

struct reading {
    struct config *config;
    FILE *file;
    unsigned line;
    struct err err; /* the first thing wrong */
    unsigned err_line;
    unsigned unknown_line; /* of a section that there is not; 0: none so far */
    char unknown[61];
};

static const char not_a_line[] = "this is neither [section] nor name = value nor a ; comment";

static void note(struct reading *r)
{
    r->err_line = r->line;
}

static char *refuse_line(struct reading *r, const char *what)
{
    err_set(&r->err, ERR_INPUT, "%s", what);
    r->err_line = r->line;
    return NULL;
}

static bool has_section(const struct config *c, struct str section)
{
    for (size_t i = 0; i < c->n; i++)
        if (str_eqz(section, c->options[i].section))
            return true;
    return false;
}

/* An unknown section with an option in it is told by that option, whose nearest can be named. */
static char *refuse_empty_section(struct reading *r)
{
    err_set(&r->err, ERR_INPUT, "there is no section [%s]", r->unknown);
    err_todo(&r->err, "`widenet help config` lists all");
    r->err_line = r->unknown_line;
    return NULL;
}

/* "[section]": inih would go on behind one without an end, and blame the lines that follow. */
static char *check_section(struct reading *r, char *line)
{
    const char *end = strchr(line, ']');
    if (!end)
        return refuse_line(r, not_a_line);
    if (r->unknown_line)
        return refuse_empty_section(r);
    struct str section = {line + 1, (size_t)(end - line - 1)};
    if (!has_section(r->config, section)) {
        r->unknown_line = r->line;
        snprintf(r->unknown, sizeof r->unknown, "%.*s", STR_ARG(section));
    }
    return line;
}

/* inih's reader: one whole line a call, without leading blanks (which inih would take for the continuation of
 * the line before). */
static char *next_line(char *out, int size, void *stream)
{
    struct reading *r = stream;
    int n = 0, c = 0;
    if (r->err.code)
        return NULL;
    while (c != '\n' && (c = fgetc(r->file)) != EOF) {
        if (!n++)
            r->line++;
        if (n == size || !c) {
            if (!c)
                return refuse_line(r, "the line holds a zero byte");
            err_set(&r->err, ERR_INPUT, "the line is longer than %d bytes", size - 2);
            r->err_line = r->line;
            return NULL;
        }
        out[n - 1] = (char)c;
    }
    if (!n)
        return r->unknown_line ? refuse_empty_section(r) : NULL;
    out[n] = 0;
    size_t blanks = strspn(out, " \t");
    memmove(out, out + blanks, (size_t)n - blanks + 1);
    size_t mark = r->line == 1 && !strncmp(out, "\xef\xbb\xbf", 3) ? 3 : 0;
    return out[mark] == '[' && !check_section(r, out + mark) ? NULL : out;
}

static int on_value(void *user, const char *section, const char *name, const char *value)
{
    struct reading *r = user;
    if (!r->err.code && set_value(r->config, section, name, value, r->line, &r->err))
        note(r);
    return r->err.code == 0;
}

int config_load(const char *file, bool must_exist, const struct config_option *options, struct config **out,
    struct err *err)
{
    struct config *c = calloc(1, sizeof *c);
    size_t n = count_options(options);
    struct config_value *values = calloc(n + 1, sizeof *values);
    if (!c || !values) {
        free(c);
        free(values);
        return err_set(err, ERR_MEMORY, "out of memory");
    }
    *c = (struct config){.options = options, .values = values, .n = n};
    for (size_t i = 0; i < n; i++) {
        int bad = check_value(&options[i], options[i].initial, &values[i].number, err);
        if (bad) {
            config_destroy(c);
            return err_prefix(err, "the built-in value");
        }
    }
    struct reading r = {.config = c, .file = fopen(file, "re")};
    if (!r.file) {
        int failed = errno;
        if (failed == ENOENT && !must_exist) {
            *out = c;
            return 0;
        }
        config_destroy(c);
        return err_errno(err, failed, "cannot read the configuration %s", file);
    }
    int syntax = ini_parse_stream(next_line, &r, on_value, &r);
    bool unreadable = ferror(r.file);
    fclose(r.file);
    if (unreadable)
        err_errno(&r.err, EISDIR, "cannot read it");
    if (!r.err.code && syntax) {
        err_set(&r.err, ERR_INPUT, "%s", not_a_line);
        r.err_line = (unsigned)(syntax > 0 ? syntax : 0);
    }
    if (r.err.code) {
        config_destroy(c);
        if (err)
            *err = r.err;
        return err_prefix(err, "%s:%u", file, r.err_line);
    }
    *out = c;
    return 0;
}

int config_set(struct config *c, const char *section, const char *name, const char *value, const char *source,
    struct err *err)
{
    int bad = set_value(c, section, name, value, 0, err);
    return bad ? err_prefix(err, "%s", source) : 0;
}

void config_destroy(struct config *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < c->n; i++)
        free(c->values[i].text);
    free(c->values);
    free(c);
}

static size_t index_of(const struct config *c, const char *section, const char *name)
{
    for (size_t i = 0; i < c->n; i++)
        if (!strcmp(c->options[i].section, section) && !strcmp(c->options[i].name, name))
            return i;
    assert(!"an option that no room brought");
    abort();
}

const char *config_text(const struct config *c, const char *section, const char *name)
{
    size_t i = index_of(c, section, name);
    return c->values[i].text ? c->values[i].text : c->options[i].initial;
}

int64_t config_int(const struct config *c, const char *section, const char *name)
{
    return c->values[index_of(c, section, name)].number;
}

bool config_bool(const struct config *c, const char *section, const char *name)
{
    return config_int(c, section, name) != 0;
}

static void add_type(const struct config_option *o, struct buf *out)
{
    switch (o->type) {
    case CONFIG_TEXT:
        buf_addf(out, "text, at most %" PRId64 " bytes", o->max);
        break;
    case CONFIG_INT:
        buf_addf(out, "%" PRId64 " to %" PRId64, o->min, o->max);
        break;
    case CONFIG_SIZE:
        buf_addf(out, "bytes, %" PRId64 " to %" PRId64 ", with K, M or G", o->min, o->max);
        break;
    case CONFIG_BOOL:
        buf_addz(out, "yes or no");
        break;
    case CONFIG_CHOICE:
        buf_addz(out, o->choices);
        break;
    }
}

void config_write_sample(const struct config_option *options, struct buf *out)
{
    buf_addz(out, "; widenet.ini: every option with its initial value. Take the ; away to change one.\n");
    for (const struct config_option *o = options; o->section; o++) {
        bool first = true;
        for (const struct config_option *before = options; before < o; before++)
            if (!strcmp(before->section, o->section))
                first = false;
        if (!first)
            continue;
        buf_addf(out, "\n[%s]\n", o->section);
        for (const struct config_option *same = o; same->section; same++) {
            if (strcmp(same->section, o->section))
                continue;
            buf_addf(out, "; %s (", same->help);
            add_type(same, out);
            buf_addf(out, ")\n;%s = %s\n", same->name, same->initial);
        }
    }
}
