/* run.c: runs looked up, merged and written. See run.h. */
#include "rating/run.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { most_runs = 64 }; /* that are merged at once */

static const char magic[8] = "WNRUN\0\0\1";

struct header { /* at the file's beginning; 64 bytes */
    char magic[8];
    uint64_t rater_count, rater_rows, subject_rows, checksum;
    uint64_t spare[3];
};

uint64_t rating__checksum(const void *p, size_t n)
{
    const uint8_t *at = p;
    uint64_t lanes[4] = {1, 2, 3, 4 ^ n}, word;
    for (; n >= 32; at += 32, n -= 32)
        for (int i = 0; i < 4; i++) {
            memcpy(&word, at + 8 * i, 8);
            lanes[i] = (lanes[i] ^ word) * 0x9e3779b97f4a7c15u;
            lanes[i] ^= lanes[i] >> 29;
        }
    for (; n; at++, n--)
        lanes[0] = (lanes[0] ^ *at) * 0x100000001b3u;
    uint64_t sum = 0;
    for (int i = 0; i < 4; i++) {
        sum = (sum ^ lanes[i]) * 0xff51afd7ed558ccdu;
        sum ^= sum >> 32;
    }
    return sum;
}

/* ---- looking up */

struct slice rating__run_rater(const struct run *r, uint32_t rater, uint32_t since)
{
    size_t low = 0, high = r->rater_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (r->raters[middle] < rater)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == r->rater_count || r->raters[low] != rater)
        return (struct slice){NULL, 0};
    size_t from = r->starts[low], to = r->starts[low + 1], end = to;
    while (from < end) {
        size_t middle = (from + end) / 2;
        if (r->by_rater[middle].date < since)
            from = middle + 1;
        else
            end = middle;
    }
    return (struct slice){r->by_rater + from, to - from};
}

/* The first row of the subject, or of a greater one. */
static size_t subject_start(const struct run *r, uint32_t subject)
{
    size_t low = 0, high = r->subject_rows;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (r->by_subject[middle].subject < subject)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct marks rating__run_subject(const struct run *r, uint32_t subject)
{
    size_t from = subject_start(r, subject);
    size_t to = subject == UINT32_MAX ? r->subject_rows : subject_start(r, subject + 1);
    return (struct marks){r->by_subject + from, to - from};
}

/* ---- merging columns: slices newest first, so that of equal keys the first found counts */

static uint64_t dated_key(const struct dated *d)
{
    return (uint64_t)d->date << 32 | d->subject;
}

static size_t merge_dated(struct slice *s, size_t n, bool keep_gone, struct dated *out)
{
    size_t count = 0;
    for (;;) {
        size_t best = SIZE_MAX;
        uint64_t key = 0;
        for (size_t i = 0; i < n; i++) {
            if (!s[i].n)
                continue;
            uint64_t here = dated_key(s[i].at);
            if (best == SIZE_MAX || here < key ||
                (here == key && s[i].at->dimension < s[best].at->dimension)) {
                best = i;
                key = here;
            }
        }
        if (best == SIZE_MAX)
            return count;
        struct dated row = *s[best].at;
        for (size_t i = best; i < n; i++)
            if (s[i].n && dated_key(s[i].at) == key && s[i].at->dimension == row.dimension)
                s[i].at++, s[i].n--;
        if (keep_gone || !(row.flags & MARK_WITHDRAWN))
            out[count++] = row;
    }
}

static uint64_t mark_key(const struct mark *m)
{
    return (uint64_t)m->subject << 32 | m->rater;
}

static size_t merge_marks(struct marks *s, size_t n, bool keep_gone, struct mark *out)
{
    size_t count = 0;
    for (;;) {
        size_t best = SIZE_MAX;
        uint64_t key = 0;
        for (size_t i = 0; i < n; i++) {
            if (!s[i].n)
                continue;
            uint64_t here = mark_key(s[i].at);
            if (best == SIZE_MAX || here < key ||
                (here == key && s[i].at->dimension < s[best].at->dimension)) {
                best = i;
                key = here;
            }
        }
        if (best == SIZE_MAX)
            return count;
        struct mark row = *s[best].at;
        for (size_t i = best; i < n; i++)
            if (s[i].n && mark_key(s[i].at) == key && s[i].at->dimension == row.dimension)
                s[i].at++, s[i].n--;
        if (keep_gone || !(row.flags & MARK_WITHDRAWN))
            out[count++] = row;
    }
}

size_t rating__merge_dated(struct slice *slices, size_t n, uint32_t rater, struct mark *out)
{
    /* In place: a struct mark is as large as a struct dated. */
    struct dated *rows = (struct dated *)(void *)out;
    _Static_assert(sizeof(struct dated) == sizeof(struct mark), "both are 16 bytes");
    size_t count = merge_dated(slices, n, false, rows);
    for (size_t i = 0; i < count; i++) {
        struct dated d;
        memcpy(&d, &rows[i], sizeof d);
        struct mark m = {d.subject, rater, d.time, d.value, d.dimension, d.flags};
        memcpy(&out[i], &m, sizeof m);
    }
    return count;
}

size_t rating__merge_marks(struct marks *slices, size_t n, struct mark *out)
{
    return merge_marks(slices, n, false, out);
}

/* ---- room for a run: in memory or in a file that is mapped for writing */

static size_t rounded(size_t bytes)
{
    return (bytes + 63) & ~(size_t)63;
}

static size_t file_bytes(size_t raters, size_t rater_rows, size_t subject_rows)
{
    return sizeof(struct header) + rounded(raters * sizeof(uint32_t)) +
           rounded((raters + 1) * sizeof(uint64_t)) + rounded(rater_rows * sizeof(struct dated)) +
           rounded(subject_rows * sizeof(struct mark));
}

/* Where the arrays are. Those whose length is known beforehand come first. */
static void lay_out(struct run *r, uint8_t *base, size_t raters, size_t rater_rows, size_t subject_rows)
{
    base += sizeof(struct header);
    r->by_subject = (struct mark *)(void *)base;
    base += rounded(subject_rows * sizeof(struct mark));
    r->by_rater = (struct dated *)(void *)base;
    base += rounded(rater_rows * sizeof(struct dated));
    r->starts = (uint64_t *)(void *)base;
    base += rounded((raters + 1) * sizeof(uint64_t));
    r->raters = (uint32_t *)(void *)base;
}

void rating__run_free(struct run *r)
{
    if (r && r->map_bytes)
        munmap(r->map, r->map_bytes);
    else if (r)
        free(r->map);
    free(r);
}

int rating__room_open(struct room *room, size_t raters, size_t rater_rows, size_t subject_rows,
    const char *path, struct err *err)
{
    size_t bytes = file_bytes(raters, rater_rows, subject_rows);
    *room = (struct room){.run = calloc(1, sizeof *room->run), .fd = -1, .path = path};
    if (!room->run)
        abort();
    if (!path) {
        if (!(room->run->map = aligned_alloc(64, bytes)))
            abort();
    } else {
        snprintf(room->part, sizeof room->part, "%s.part", path);
        room->fd = open(room->part, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        int rc = room->fd < 0 ? errno : posix_fallocate(room->fd, 0, (off_t)bytes);
        if (rc)
            return err_errno(err, rc, "could not make room for the rating index in %s", room->part);
        void *map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, room->fd, 0);
        if (map == MAP_FAILED)
            return err_errno(err, errno, "could not map %s", room->part);
        room->run->map = map;
        room->run->map_bytes = bytes;
    }
    lay_out(room->run, room->run->map, raters, rater_rows, subject_rows);
    return 0;
}

void rating__room_drop(struct room *room)
{
    if (room->fd >= 0) {
        close(room->fd);
        unlink(room->part);
    }
    rating__run_free(room->run);
    *room = (struct room){.fd = -1};
}

/* The arrays were laid out for as many as there could be; now they move together, and the file is shut. */
int rating__room_finish(struct room *room, struct run **out, struct err *err)
{
    struct run *r = room->run, old = *r;
    lay_out(r, r->map, r->rater_count, r->rater_rows, r->subject_rows);
    if (r->by_rater != old.by_rater)
        memmove(r->by_rater, old.by_rater, r->rater_rows * sizeof *r->by_rater);
    memmove(r->starts, old.starts, (r->rater_count + 1) * sizeof *r->starts);
    memmove(r->raters, old.raters, r->rater_count * sizeof *r->raters);
    if (!room->path) {
        *out = r;
        return 0;
    }
    size_t bytes = file_bytes(r->rater_count, r->rater_rows, r->subject_rows);
    /* What rounding leaves between the arrays is part of the sum. */
    uint8_t *ends[] = {(uint8_t *)(r->by_subject + r->subject_rows), (uint8_t *)(r->by_rater + r->rater_rows),
        (uint8_t *)(r->starts + r->rater_count + 1), (uint8_t *)(r->raters + r->rater_count)};
    uint8_t *next[] = {
        (uint8_t *)r->by_rater, (uint8_t *)r->starts, (uint8_t *)r->raters, (uint8_t *)r->map + bytes};
    for (int i = 0; i < 4; i++)
        memset(ends[i], 0, (size_t)(next[i] - ends[i]));
    struct header h = {
        .rater_count = r->rater_count, .rater_rows = r->rater_rows, .subject_rows = r->subject_rows};
    memcpy(h.magic, magic, sizeof magic);
    h.checksum = rating__checksum((uint8_t *)r->map + sizeof h, bytes - sizeof h);
    memcpy(r->map, &h, sizeof h);
    int rc = 0;
    if (ftruncate(room->fd, (off_t)bytes) || fsync(room->fd) || rename(room->part, room->path))
        rc = err_errno(err, errno, "could not finish %s", room->path);
    uint64_t checksum = h.checksum;
    const char *path = room->path;
    if (rc) {
        rating__room_drop(room);
        return rc;
    }
    close(room->fd);
    room->fd = -1;
    size_t whole = r->map_bytes;
    if (whole > bytes) { /* what was cut off must not be touched any more */
        size_t page = (size_t)sysconf(_SC_PAGESIZE), kept = (bytes + page - 1) / page * page;
        if (kept < whole)
            munmap((uint8_t *)r->map + kept, whole - kept);
        r->map_bytes = kept < whole ? kept : whole;
    }
    mprotect(r->map, r->map_bytes, PROT_READ);
    r->checksum = checksum;
    const char *name = strrchr(path, '/');
    snprintf(r->name, sizeof r->name, "%s", name ? name + 1 : path);
    *out = r;
    return 0;
}

int rating__run_open(const char *path, uint64_t checksum, struct run **out, struct err *err)
{
    struct stat st;
    struct header h;
    int fd = open(path, O_RDONLY | O_CLOEXEC), rc = 0;
    if (fd < 0 || fstat(fd, &st)) {
        rc = err_errno(err, errno, "could not open %s", path);
        if (fd >= 0)
            close(fd);
        return rc;
    }
    size_t bytes = (size_t)st.st_size;
    void *map = bytes < sizeof h ? MAP_FAILED : mmap(NULL, bytes, PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    if (map == MAP_FAILED)
        return err_set(err, ERR_CORRUPT, "%s is cut short", path);
    memcpy(&h, map, sizeof h);
    size_t most = bytes / sizeof(uint32_t);
    if (memcmp(h.magic, magic, sizeof magic) || h.checksum != checksum || h.rater_count > most ||
        h.rater_rows > most || h.subject_rows > most ||
        file_bytes(h.rater_count, h.rater_rows, h.subject_rows) != bytes ||
        rating__checksum((uint8_t *)map + sizeof h, bytes - sizeof h) != checksum) {
        munmap(map, bytes);
        return err_set(err, ERR_CORRUPT, "%s is not what was written", path);
    }
    struct run *r = calloc(1, sizeof *r);
    if (!r)
        abort();
    *r = (struct run){.rater_count = h.rater_count,
        .rater_rows = h.rater_rows,
        .subject_rows = h.subject_rows,
        .map = map,
        .map_bytes = bytes,
        .checksum = checksum};
    const char *name = strrchr(path, '/');
    snprintf(r->name, sizeof r->name, "%s", name ? name + 1 : path);
    lay_out(r, map, h.rater_count, h.rater_rows, h.subject_rows);
    *out = r;
    return 0;
}

/* ---- merging runs */

static void merge_by_rater(struct run *const *newest_first, size_t n, bool keep_gone, struct run *out)
{
    size_t at[most_runs] = {0};
    struct slice slices[most_runs];
    for (;;) {
        uint32_t rater = 0;
        bool any = false;
        for (size_t i = 0; i < n; i++)
            if (at[i] < newest_first[i]->rater_count && (!any || newest_first[i]->raters[at[i]] < rater)) {
                rater = newest_first[i]->raters[at[i]];
                any = true;
            }
        if (!any)
            break;
        size_t count = 0;
        for (size_t i = 0; i < n; i++) {
            const struct run *r = newest_first[i];
            if (at[i] == r->rater_count || r->raters[at[i]] != rater)
                continue;
            slices[count++] = (struct slice){
                r->by_rater + r->starts[at[i]], r->starts[at[i] + 1] - r->starts[at[i]]};
            at[i]++;
        }
        size_t rows = merge_dated(slices, count, keep_gone, out->by_rater + out->rater_rows);
        if (rows) {
            out->raters[out->rater_count] = rater;
            out->starts[out->rater_count++] = out->rater_rows;
            out->rater_rows += rows;
        }
    }
    out->starts[out->rater_count] = out->rater_rows;
}

int rating__run_merge(
    struct run *const *runs, size_t n, bool bottom, const char *path, struct run **out, struct err *err)
{
    struct run *newest_first[most_runs];
    struct marks slices[most_runs];
    size_t raters = 0, rater_rows = 0, subject_rows = 0;
    struct room room;
    if (n > most_runs)
        return err_set(err, ERR_INTERNAL, "%zu runs are more than can be merged at once", n);
    for (size_t i = 0; i < n; i++) {
        const struct run *r = newest_first[i] = runs[n - 1 - i];
        slices[i] = (struct marks){r->by_subject, r->subject_rows};
        raters += r->rater_count;
        rater_rows += r->rater_rows;
        subject_rows += r->subject_rows;
    }
    int rc = rating__room_open(&room, raters, rater_rows, subject_rows, path, err);
    if (rc) {
        rating__room_drop(&room);
        return rc;
    }
    merge_by_rater(newest_first, n, !bottom, room.run);
    room.run->subject_rows = merge_marks(slices, n, !bottom, room.run->by_subject);
    return rating__room_finish(&room, out, err);
}

/* ---- a run of changes, in memory */

static int by_rater_order(const void *pa, const void *pb)
{
    const struct change *a = pa, *b = pb;
    if (a->mark.rater != b->mark.rater)
        return a->mark.rater < b->mark.rater ? -1 : 1;
    if (a->date != b->date)
        return a->date < b->date ? -1 : 1;
    if (a->mark.subject != b->mark.subject)
        return a->mark.subject < b->mark.subject ? -1 : 1;
    if (a->mark.dimension != b->mark.dimension)
        return a->mark.dimension < b->mark.dimension ? -1 : 1;
    return a->place < b->place ? -1 : a->place > b->place;
}

static int by_subject_order(const void *pa, const void *pb)
{
    const struct change *a = pa, *b = pb;
    uint64_t x = mark_key(&a->mark), y = mark_key(&b->mark);
    if (x != y)
        return x < y ? -1 : 1;
    if (a->mark.dimension != b->mark.dimension)
        return a->mark.dimension < b->mark.dimension ? -1 : 1;
    return a->place < b->place ? -1 : a->place > b->place;
}

static struct dated dated_of(const struct mark *m, uint32_t date)
{
    return (struct dated){
        m->subject, date, m->time, m->value, m->dimension, m->flags & (uint8_t)~MARK_ERASED};
}

struct run *rating__run_of_changes(struct change *changes, size_t n)
{
    struct room room;
    rating__room_open(&room, n, n, n, NULL, NULL);
    struct run *r = room.run;
    for (size_t i = 0; i < n; i++)
        changes[i].place = (uint32_t)i;
    if (n)
        qsort(changes, n, sizeof *changes, by_rater_order);
    for (size_t i = 0; i < n; i++) {
        const struct mark *m = &changes[i].mark;
        if (!r->rater_count || r->raters[r->rater_count - 1] != m->rater) {
            r->raters[r->rater_count] = m->rater;
            r->starts[r->rater_count++] = r->rater_rows;
        }
        struct dated row = dated_of(m, changes[i].date),
                     *last = &r->by_rater[r->rater_rows - (r->rater_rows > 0)];
        bool same = r->rater_rows > r->starts[r->rater_count - 1] && dated_key(last) == dated_key(&row) &&
                    last->dimension == row.dimension;
        r->by_rater[r->rater_rows - same] = row;
        r->rater_rows += !same;
    }
    r->starts[r->rater_count] = r->rater_rows;
    if (n)
        qsort(changes, n, sizeof *changes, by_subject_order);
    for (size_t i = 0; i < n; i++) {
        struct mark row = changes[i].mark;
        row.flags &= (uint8_t)~MARK_ERASED;
        bool same = r->subject_rows && mark_key(&r->by_subject[r->subject_rows - 1]) == mark_key(&row) &&
                    r->by_subject[r->subject_rows - 1].dimension == row.dimension;
        r->by_subject[r->subject_rows - same] = row;
        r->subject_rows += !same;
    }
    rating__room_finish(&room, &r, NULL);
    return r;
}
