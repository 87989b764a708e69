/* store_restore.c: fuzz target: any file as a backup: refused in words, or restored into a store that opens.
 */
#include "store/store.h"
#include "target.h"

#include <fcntl.h>
#include <unistd.h>

static int64_t now(void *ctx)
{
    return INT64_C(1700000000000000);
}

static int ignore(void *ctx, const struct store_found *f)
{
    return 0;
}

/* A real backup, which the input then overwrites from a place that its first bytes name. */
static void make_backup(const char *directory, struct buf *out)
{
    char path[200], file[220];
    struct store_options options = {.clock = {now, NULL}};
    struct store *s;
    snprintf(path, sizeof path, "%s/source", directory);
    snprintf(file, sizeof file, "%s/source.backup", directory);
    MUST(store_open(path, STORE_WRITE, NULL, &options, &s, NULL) == 0);
    struct arena *arena _cleanup_arena_ = arena_create(0);
    for (int i = 0; i < 5; i++) {
        struct record_draft d;
        uint8_t secret[32] = {[31] = 1};
        record_draft_init(&d, arena, 1, 1600000000 + i);
        record_draft_tag(&d, "t", "x", NULL);
        MUST(record_sign(&d.r, secret, NULL) == 0);
        struct store_item item = {.record = &d.r};
        MUST(store_append(s, &item, 1, NULL) == 0 && store_wait_applied(s, item.seq, 20000, NULL) == 0);
    }
    uint8_t hash[32];
    MUST(store_blob_put(s, STR("bytes"), STR("text/plain"), hash, NULL) == 0);
    MUST(store_backup(s, file, (const char *const[]){NULL}, NULL) == 0);
    store_close(s);
    int fd = open(file, O_RDONLY);
    ssize_t n;
    do {
        buf_reserve(out, 65536);
        n = read(fd, out->p + out->n, 65536);
        out->n += n > 0 ? (size_t)n : 0;
    } while (n > 0);
    close(fd);
}

static void use(const char *directory)
{
    struct store_options options = {.clock = {now, NULL}};
    struct store *s;
    struct err err = {0};
    if (store_open(directory, STORE_WRITE, NULL, &options, &s, &err) < 0) {
        MUST(err.what[0]);
        return;
    }
    struct store_check_result result;
    store_check(s, NULL, NULL, &result, NULL);
    struct store_read *r;
    struct filter all = {.until = INT64_MAX, .limit = -1};
    if (store_read_begin(s, &r, NULL) >= 0) {
        store_query(r, &all, 1, STORE_PARSE, ignore, NULL, NULL);
        store_read_end(r);
    }
    store_close(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct buf backup;
    char directory[] = "/tmp/widenet-fuzz-XXXXXX", file[100], there[100], command[100];
    MUST(mkdtemp(directory) != NULL);
    if (!backup.n)
        make_backup(directory, &backup);
    struct buf bytes _cleanup_buf_ = BUF_INIT;
    if (size > 4 && data[0] & 1) { /* a patch of the real one; else the whole file */
        buf_adds(&bytes, buf_str(&backup));
        size_t at = ((size_t)data[1] << 16 | (size_t)data[2] << 8 | data[3]) % bytes.n;
        size_t n = size - 4 < bytes.n - at ? size - 4 : bytes.n - at;
        memcpy(bytes.p + at, data + 4, n);
    } else {
        buf_add(&bytes, data, size);
    }
    snprintf(file, sizeof file, "%s/file", directory);
    snprintf(there, sizeof there, "%s/there", directory);
    int fd = open(file, O_WRONLY | O_CREAT, 0600);
    MUST(fd >= 0 && write(fd, bytes.p ? bytes.p : "", bytes.n) == (ssize_t)bytes.n);
    close(fd);
    struct err err = {0};
    if (store_restore(file, there, NULL, &err) == 0)
        use(there);
    else
        MUST(err.what[0]);
    snprintf(command, sizeof command, "rm -r %s", directory);
    MUST(system(command) == 0);
    return 0;
}
