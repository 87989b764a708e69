/* import_jsonl.c: signed records, one JSON object a line, read, checked by whoever appends them, and counted.
 */
#include "news/import.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { batch_size = 500, longest_line = 4 * RECORD_MAX_ARTICLE_BYTES };

struct lines {
    const struct import_sink *sink;
    struct import_counts *counts;
    struct arena *arena;
    struct record records[batch_size];
    struct store_item items[batch_size];
    uint64_t numbers[batch_size];
    size_t n;
};

static void refuse(struct lines *l, uint64_t number, const struct err *why)
{
    char where[40];
    snprintf(where, sizeof where, "line %llu", (unsigned long long)number);
    l->counts->refused++;
    l->sink->refused(l->sink->ctx, str_of(where), why);
}

static int send(struct lines *l, struct err *err)
{
    if (!l->n)
        return 0;
    int status = l->sink->append(l->sink->ctx, l->items, l->n, err);
    for (size_t i = 0; !status && i < l->n; i++) {
        if (l->items[i].verdict == STORE_NEW) {
            l->counts->imported++;
            l->counts->records_new++;
        } else if (l->items[i].verdict == STORE_DUPLICATE)
            l->counts->unchanged++;
        else {
            struct err why;
            err_set(&why, ERR_INPUT, "%s", l->items[i].reason);
            refuse(l, l->numbers[i], &why);
        }
    }
    l->n = 0;
    arena_reset(l->arena);
    return status;
}

static int add(struct lines *l, struct str line, uint64_t number, struct err *err)
{
    line = str_trim(number == 1 ? str_without_mark(line) : line);
    if (!line.n)
        return 0;
    l->counts->files++;
    l->counts->records++;
    struct err why;
    struct str copy = arena_str(l->arena, line);
    if (record_parse(l->arena, copy, &l->records[l->n], &why)) {
        refuse(l, number, &why);
        return 0;
    }
    l->items[l->n] = (struct store_item){.record = &l->records[l->n]};
    l->numbers[l->n++] = number;
    return l->n == batch_size ? send(l, err) : 0;
}

/* Reads the line at the file's place into *line, at most longest_line bytes; the rest of a longer one is
 * skipped and *whole says so. False at the end. */
static bool read_line(FILE *file, struct buf *line, bool *whole, uint64_t *bytes)
{
    buf_clear(line);
    *whole = true;
    int c;
    while ((c = getc_unlocked(file)) != EOF) {
        ++*bytes;
        if (c == '\n')
            return true;
        if (line->n < longest_line)
            buf_addc(line, (char)c);
        else
            *whole = false;
    }
    return line->n > 0;
}

int news__import_jsonl(
    const char *path, const struct import_sink *sink, struct import_counts *out, struct err *err)
{
    FILE *file = fopen(path, "re");
    struct stat st;
    if (!file || fstat(fileno(file), &st)) {
        int error = errno;
        if (file)
            fclose(file);
        return err_errno(err, error, "%s cannot be read", path);
    }
    struct lines *l = calloc(1, sizeof *l);
    if (!l) {
        fclose(file);
        return err_set(err, ERR_MEMORY, "out of memory");
    }
    *l = (struct lines){.sink = sink, .counts = out, .arena = arena_create(0)};
    _cleanup_buf_ struct buf line = BUF_INIT;
    uint64_t number = 0, bytes = 0;
    bool whole;
    int status = 0;
    while (!status && read_line(file, &line, &whole, &bytes)) {
        number++;
        if (whole)
            status = add(l, buf_str(&line), number, err);
        else {
            struct err why;
            err_set(&why, ERR_LIMIT, "the line has more than %d bytes", longest_line);
            out->files++;
            out->records++;
            refuse(l, number, &why);
        }
        if (sink->progress && (number & 255) == 0)
            sink->progress(sink->ctx, bytes, (uint64_t)st.st_size);
    }
    if (!status && ferror(file))
        status = err_errno(err, errno, "%s cannot be read further", path);
    if (!status)
        status = send(l, err);
    if (!status && sink->progress)
        sink->progress(sink->ctx, bytes, bytes);
    fclose(file);
    arena_destroy(l->arena);
    free(l);
    return status;
}
