/* form.c: reading what a browser sends: percent-encoding and forms, urlencoded and multipart. Strict and
 * bounded: what is malformed is refused whole, never guessed at. */
#include "web/form.h"

#include "base/utf8.h"

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

struct str percent_decode(struct arena *arena, struct str s, bool plus)
{
    char *out = arena_alloc(arena, s.n + 1);
    if (!out)
        return (struct str){NULL, 0};
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == '%') {
            int high = i + 1 < s.n ? hex_value(s.p[i + 1]) : -1;
            int low = i + 2 < s.n ? hex_value(s.p[i + 2]) : -1;
            if (high < 0 || low < 0)
                return (struct str){NULL, 0};
            c = (char)(high * 16 + low);
            i += 2;
        } else if (c == '+' && plus) {
            c = ' ';
        }
        if (c == 0)
            return (struct str){NULL, 0};
        out[n++] = c;
    }
    out[n] = 0;
    struct str decoded = {out, n};
    return utf8_valid(decoded) ? decoded : (struct str){NULL, 0};
}

void percent_encode(struct str s, struct buf *out)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
            (c && strchr("-._~", c)))
            buf_addc(out, (char)c);
        else
            buf_addf(out, "%%%02X", c);
    }
}

static struct form_field *add_field(struct arena *arena, struct form *form, struct err *err)
{
    if (form->n == FORM_MAX_FIELDS) {
        err_set(err, ERR_LIMIT, "the form has more than %d fields", FORM_MAX_FIELDS);
        return NULL;
    }
    if (form->n == form->cap) {
        size_t cap = form->cap ? form->cap * 2 : 16;
        struct form_field *fields = ARENA_ARRAY(arena, struct form_field, cap);
        if (!fields) {
            err_set(err, ERR_MEMORY, "the form is too large");
            return NULL;
        }
        if (form->n)
            memcpy(fields, form->fields, form->n * sizeof *fields);
        form->fields = fields;
        form->cap = cap;
    }
    return &form->fields[form->n++];
}

/* Browsers send a text's line ends as CR LF; texts here have LF. */
static struct str plain_lines(struct arena *arena, struct str s)
{
    if (str_find_char(s, '\r') == SIZE_MAX)
        return s;
    char *out = arena_alloc(arena, s.n + 1);
    if (!out)
        return (struct str){NULL, 0};
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '\r') {
            out[n++] = '\n';
            if (i + 1 < s.n && s.p[i + 1] == '\n')
                i++;
        } else {
            out[n++] = s.p[i];
        }
    }
    out[n] = 0;
    return (struct str){out, n};
}

int form_parse_urlencoded(struct arena *arena, struct str body, struct form *out, struct err *err)
{
    struct str pair;
    while (str_cut(&body, '&', &pair)) {
        if (pair.n == 0)
            continue;
        size_t equals = str_find_char(pair, '=');
        struct str name = equals == SIZE_MAX ? pair : str_slice(pair, 0, equals);
        struct str value = equals == SIZE_MAX ? STR("") : str_slice(pair, equals + 1, pair.n);
        name = percent_decode(arena, name, true);
        value = percent_decode(arena, value, true);
        if (!name.p || !value.p)
            return err_set(err, ERR_INPUT, "a field of the form is not valid UTF-8 in percent-encoding");
        struct form_field *field = add_field(arena, out, err);
        if (!field)
            return err ? err->code : ERR_LIMIT;
        field->name = name;
        field->value = plain_lines(arena, value);
    }
    return 0;
}

/* ---- multipart/form-data */

static struct str parameter_value(struct arena *arena, struct str s, bool quoted)
{
    if (!quoted)
        return str_trim(s);
    char *out = arena_alloc(arena, s.n + 1);
    if (!out)
        return (struct str){NULL, 0};
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '\\' && i + 1 < s.n && (s.p[i + 1] == '"' || s.p[i + 1] == '\\'))
            i++;
        out[n++] = s.p[i];
    }
    out[n] = 0;
    return (struct str){out, n};
}

/* A parameter of a header value: boundary=…, name="…". Inside quotes browsers write %22, %0D, %0A; a
 * backslash escapes as in RFC 2045. {NULL,0} where it is missing. */
static struct str parameter(struct arena *arena, struct str header, const char *name)
{
    size_t i = str_find_char(header, ';');
    while (i < header.n) {
        i++;
        while (i < header.n && (header.p[i] == ' ' || header.p[i] == '\t'))
            i++;
        size_t begin = i;
        while (i < header.n && header.p[i] != '=' && header.p[i] != ';')
            i++;
        struct str key = str_trim(str_slice(header, begin, i));
        if (i >= header.n || header.p[i] == ';')
            continue;
        i++;
        size_t value_begin = i;
        bool quoted = i < header.n && header.p[i] == '"';
        if (quoted) {
            for (value_begin = ++i; i < header.n && header.p[i] != '"'; i++)
                if (header.p[i] == '\\' && i + 1 < header.n)
                    i++;
            if (i >= header.n) /* no closing quote */
                return (struct str){NULL, 0};
        } else {
            while (i < header.n && header.p[i] != ';')
                i++;
        }
        if (str_eq_nocase(key, str_of(name)))
            return parameter_value(arena, str_slice(header, value_begin, i), quoted);
        while (i < header.n && header.p[i] != ';')
            i++;
    }
    return (struct str){NULL, 0};
}

struct part_head {
    struct str name, file_name, media_type;
    bool upload;
};

static int read_part_head(struct arena *arena, struct str head, struct part_head *out, struct err *err)
{
    bool found = false;
    while (head.n) {
        size_t end = str_find(head, STR("\r\n"));
        struct str line = end == SIZE_MAX ? head : str_slice(head, 0, end);
        head = end == SIZE_MAX ? STR("") : str_slice(head, end + 2, head.n);
        size_t colon = str_find_char(line, ':');
        if (colon == SIZE_MAX)
            return err_set(err, ERR_INPUT, "a part of the form has a header without a colon");
        struct str name = str_slice(line, 0, colon), value = str_trim(str_slice(line, colon + 1, line.n));
        if (str_eq_nocase(name, STR("content-disposition"))) {
            if (found || !str_starts(value, STR("form-data")))
                return err_set(err, ERR_INPUT, "a part of the form is no form-data");
            found = true;
            out->name = parameter(arena, value, "name");
            out->file_name = parameter(arena, value, "filename");
            out->upload = out->file_name.p != NULL;
        } else if (str_eq_nocase(name, STR("content-type"))) {
            out->media_type = value;
        }
    }
    if (!found || !out->name.p || !utf8_valid(out->name) || !utf8_valid(out->file_name) ||
        memchr(out->name.p, 0, out->name.n))
        return err_set(err, ERR_INPUT, "a part of the form has no name in UTF-8");
    return 0;
}

int form_parse_multipart(
    struct arena *arena, struct str content_type, struct str body, struct form *out, struct err *err)
{
    struct str boundary = parameter(arena, content_type, "boundary");
    if (boundary.n == 0 || boundary.n > 70)
        return err_set(err, ERR_INPUT, "the form has no usable boundary");
    struct str mark = arena_printf(arena, "\r\n--%.*s", STR_ARG(boundary));
    if (!mark.p)
        return err_set(err, ERR_MEMORY, "the form is too large");
    struct str first = str_slice(mark, 2, mark.n);
    if (!str_starts(body, first))
        return err_set(err, ERR_INPUT, "the form does not begin with its boundary");
    size_t at = first.n;
    for (;;) {
        struct str rest = str_slice(body, at, body.n);
        if (str_starts(rest, STR("--")))
            return 0; /* what stands behind the last boundary is no part */
        if (!str_starts(rest, STR("\r\n")))
            return err_set(err, ERR_INPUT, "the form is cut off at a boundary");
        rest = str_slice(rest, 2, rest.n);
        size_t head_end = str_find(rest, STR("\r\n\r\n"));
        size_t part_end = str_find(rest, mark);
        if (head_end == SIZE_MAX || part_end == SIZE_MAX || part_end < head_end + 2)
            return err_set(err, ERR_INPUT, "the form ends before its last boundary");
        struct part_head head = {0};
        int code = read_part_head(arena, str_slice(rest, 0, head_end), &head, err);
        if (code)
            return code;
        size_t value_begin = head_end + 4;
        struct str value = value_begin <= part_end ? str_slice(rest, value_begin, part_end) : STR("");
        if (!head.upload && (!utf8_valid(value) || (value.n && memchr(value.p, 0, value.n))))
            return err_set(err, ERR_INPUT, "the form's field %.*s is not valid UTF-8",
                (int)(head.name.n > 40 ? 40 : head.name.n), head.name.p);
        struct form_field *field = add_field(arena, out, err);
        if (!field)
            return err ? err->code : ERR_LIMIT;
        field->name = head.name;
        field->upload = head.upload;
        field->file_name = head.file_name;
        field->media_type = head.media_type;
        field->value = head.upload ? value : plain_lines(arena, value);
        at = (size_t)(rest.p - body.p) + part_end + mark.n;
    }
}

const struct form_field *form_find(const struct form *form, const char *name)
{
    for (size_t i = 0; i < form->n; i++)
        if (str_eqz(form->fields[i].name, name))
            return &form->fields[i];
    return NULL;
}
