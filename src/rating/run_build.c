/* run_build.c: many marks at once made a run: radix sorts, and subjects gone through by date.
 *
 * The rater's column comes out of the subject's: subjects in the order of their dates, each one's marks in a
 * row, then stably by rater. That leaves a rater's marks by date without a pass over dates. */
#include "rating/run.h"

#include <stdlib.h>

enum { digit = 11, buckets = 1 << digit };

enum field { OF_SUBJECT, OF_RATER, OF_DIMENSION };

static inline uint32_t field_of(const struct mark *m, enum field field)
{
    return field == OF_SUBJECT ? m->subject : field == OF_RATER ? m->rater : m->dimension;
}

/* Stably by one field; the rows end in *from, *to is the other room. */
static void sort_field(struct mark **from, struct mark **to, size_t n, enum field field)
{
    size_t counts[3][buckets] = {{0}};
    for (size_t i = 0; i < n; i++) {
        uint32_t v = field_of(&(*from)[i], field);
        counts[0][v & (buckets - 1)]++;
        counts[1][v >> digit & (buckets - 1)]++;
        counts[2][v >> 2 * digit]++;
    }
    for (int pass = 0; pass < 3; pass++) {
        size_t sum = 0, *count = counts[pass];
        bool all_alike = false;
        for (size_t b = 0; b < buckets; b++) {
            size_t here = count[b];
            all_alike |= here == n;
            count[b] = sum;
            sum += here;
        }
        if (all_alike)
            continue;
        const struct mark *in = *from;
        struct mark *out = *to;
        int shift = pass * digit;
        for (size_t i = 0; i < n; i++)
            out[count[field_of(&in[i], field) >> shift & (buckets - 1)]++] = in[i];
        *to = *from;
        *from = out;
    }
}

struct by_date {
    uint32_t date, subject;
};

static int date_order(const void *pa, const void *pb)
{
    const struct by_date *a = pa, *b = pb;
    if (a->date != b->date)
        return a->date < b->date ? -1 : 1;
    return a->subject < b->subject ? -1 : a->subject > b->subject;
}

static uint32_t date_of(const uint32_t *dates, size_t count, uint32_t subject)
{
    return subject < count ? dates[subject] : 0;
}

static void order_by_date(
    const struct mark *rows, size_t n, const uint32_t *dates, size_t count, struct mark *out)
{
    size_t subjects = 0, at = 0;
    for (size_t i = 0; i < n; i++)
        subjects += !i || rows[i].subject != rows[i - 1].subject;
    struct by_date *order = malloc((subjects + 1) * sizeof *order);
    size_t *starts = malloc((subjects + 1) * sizeof *starts);
    if (!order || !starts)
        abort();
    subjects = 0;
    for (size_t i = 0; i < n; i++)
        if (!i || rows[i].subject != rows[i - 1].subject) {
            order[subjects] = (struct by_date){date_of(dates, count, rows[i].subject), (uint32_t)subjects};
            starts[subjects++] = i;
        }
    starts[subjects] = n;
    if (subjects)
        qsort(order, subjects, sizeof *order, date_order);
    for (size_t i = 0; i < subjects; i++) {
        size_t from = starts[order[i].subject], rows_here = starts[order[i].subject + 1] - from;
        memcpy(out + at, rows + from, rows_here * sizeof *out);
        at += rows_here;
    }
    free(order);
    free(starts);
}

int rating__run_build(struct mark *rows, size_t n, const uint32_t *dates, size_t subject_count,
    const char *path, struct run **out, struct err *err)
{
    struct mark *other = malloc((n + 1) * sizeof *other), *a = rows, *b = other;
    if (!other)
        return err_set(err, ERR_MEMORY, "no memory to sort %zu ratings", n);
    sort_field(&a, &b, n, OF_DIMENSION);
    sort_field(&a, &b, n, OF_RATER);
    sort_field(&a, &b, n, OF_SUBJECT);
    struct room room;
    size_t raters = 0;
    int rc = rating__room_open(&room, n, n, n, path, err);
    if (rc) {
        rating__room_drop(&room);
        free(other);
        return rc;
    }
    struct run *r = room.run;
    memcpy(r->by_subject, a, n * sizeof *a);
    r->subject_rows = n;
    order_by_date(r->by_subject, n, dates, subject_count, a);
    sort_field(&a, &b, n, OF_RATER);
    for (size_t i = 0; i < n; i++) {
        const struct mark *m = &a[i];
        if (!i || m->rater != a[i - 1].rater) {
            r->raters[raters] = m->rater;
            r->starts[raters++] = i;
        }
        r->by_rater[i] = (struct dated){
            m->subject, date_of(dates, subject_count, m->subject), m->time, m->value, m->dimension, m->flags};
    }
    r->starts[raters] = n;
    r->rater_count = raters;
    r->rater_rows = n;
    free(other);
    return rating__room_finish(&room, out, err);
}
