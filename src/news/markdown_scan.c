/* markdown_scan.c: the look at a Markdown text before the parser gets it: is it a bomb?
 *
 * cmark-gfm is linear for nearly everything; what is not was measured with 128 KiB texts (tests/news/bombs.c
 * holds them): tables (width times rows cells, and width squared time), "![[]()" and other runs of brackets,
 * "<!" that opens nothing, and containers nested deeply. Those are counted here, on the safe side: a text
 * that passes takes a fraction of a second. Nothing is parsed. */
#include "news/markdown.h"

enum {
    max_text = RECORD_MAX_ARTICLE_BYTES,
    max_columns = 256,          /* of one table */
    max_cells = 20000,          /* of all tables together */
    max_containers = 40,        /* quotes and list items opened on one line */
    max_container_indent = 200, /* columns before a line's last list or quote mark */
    max_brackets = 4000,        /* of one paragraph */
    max_declarations = 1000,    /* "<!" and "<?" */
    max_pipes = 600,            /* of one line: a row is split in quadratic time */
    max_pipe_lines = 3000,      /* lines that might begin a table */
};

struct scan {
    size_t brackets;     /* "[" since the last blank line */
    size_t declarations; /* in the whole text */
    size_t columns;      /* of the table we may be in; 0: none */
    size_t cells;        /* so far */
    size_t pipe_lines;
    size_t line;
};

static bool is_marker(struct str line, size_t at, size_t *length)
{
    char c = line.p[at];
    if (c == '>') {
        *length = 1;
        return true;
    }
    size_t end = at;
    if (c == '-' || c == '+' || c == '*')
        end = at + 1;
    else {
        while (end < line.n && end - at < 10 && line.p[end] >= '0' && line.p[end] <= '9')
            end++;
        if (end == at || end >= line.n || (line.p[end] != '.' && line.p[end] != ')'))
            return false;
        end++;
    }
    if (end < line.n && line.p[end] != ' ' && line.p[end] != '\t')
        return false;
    *length = end - at;
    return true;
}

static int check_containers(const struct scan *s, struct str line, struct err *err)
{
    size_t count = 0, column = 0;
    for (size_t at = 0; at < line.n;) {
        char c = line.p[at];
        size_t length;
        if (c == ' ' || c == '\t') {
            column += c == '\t' ? 4 : 1;
            at++;
        } else if (is_marker(line, at, &length)) {
            at += length;
            column += length;
            if (++count > max_containers || column > max_container_indent)
                return err_set(err, ERR_LIMIT,
                    "line %zu nests quotes or lists too deeply (at most %d, within %d columns)", s->line,
                    max_containers, max_container_indent);
        } else
            return 0;
    }
    return 0;
}

/* The line under a table's header is made of these alone, whatever quotes and lists stand before it. */
static bool may_be_delimiter_row(struct str line)
{
    bool dash = false;
    for (size_t i = 0; i < line.n; i++) {
        char c = line.p[i];
        if (c == '-')
            dash = true;
        else if (!c || !strchr(" \t\v\f|:>*+.)0123456789", c))
            return false;
    }
    return dash;
}

static bool is_blank(struct str line)
{
    for (size_t i = 0; i < line.n; i++)
        if (line.p[i] != ' ' && line.p[i] != '\t')
            return false;
    return true;
}

static int check_table(struct scan *s, struct str line, struct err *err)
{
    if (may_be_delimiter_row(line)) {
        size_t columns = 1;
        for (size_t i = 0; i < line.n; i++)
            columns += line.p[i] == '|';
        if (columns > max_columns)
            return err_set(err, ERR_LIMIT, "the table at line %zu has %zu columns (at most %d)", s->line,
                columns, max_columns);
        if (columns > 1 && ++s->pipe_lines > max_pipe_lines)
            return err_set(err, ERR_LIMIT, "line %zu is one table's beginning too many", s->line);
        if (columns > s->columns)
            s->columns = columns;
    }
    s->cells += s->columns;
    if (s->columns > 1 && s->cells > max_cells)
        return err_set(
            err, ERR_LIMIT, "at line %zu the tables have over %d cells together", s->line, max_cells);
    return 0;
}

static int check_line(struct scan *s, struct str line, struct err *err)
{
    if (is_blank(line)) {
        s->brackets = 0;
        s->columns = 0;
        return 0;
    }
    size_t pipes = 0;
    for (size_t i = 0; i < line.n; i++) {
        char c = line.p[i];
        if (c == '|' && ++pipes > max_pipes)
            return err_set(err, ERR_LIMIT, "line %zu has more than %d bars (|)", s->line, max_pipes);
        if (c == '[' && ++s->brackets > max_brackets)
            return err_set(
                err, ERR_LIMIT, "the paragraph at line %zu has more than %d brackets", s->line, max_brackets);
        if (c == '<' && i + 1 < line.n && (line.p[i + 1] == '!' || line.p[i + 1] == '?') &&
            ++s->declarations > max_declarations)
            return err_set(err, ERR_LIMIT, "there are more than %d HTML comments", max_declarations);
    }
    int status = check_containers(s, line, err);
    return status ? status : check_table(s, line, err);
}

int news__markdown_scan(struct str text, struct err *err)
{
    if (text.n > max_text)
        return err_set(err, ERR_LIMIT, "the text has %zu bytes (at most %d)", text.n, max_text);
    struct scan s = {0};
    for (size_t at = 0; at < text.n;) {
        size_t end = at;
        while (end < text.n && text.p[end] != '\n' && text.p[end] != '\r')
            end++;
        s.line++;
        int status = check_line(&s, str_slice(text, at, end), err);
        if (status)
            return status;
        at = end + 1;
        if (end + 1 < text.n && text.p[end] == '\r' && text.p[end + 1] == '\n')
            at++;
    }
    return 0;
}
