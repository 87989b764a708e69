/* care.c: check finds every damage, a backup comes back whole, and what was erased since stays erased. */
#include "base/time.h"
#include "fixture.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>

static void overwrite(struct world *w, off_t at, const char *bytes, size_t n)
{
    int fd = open(arena_printf(w->arena, "%s/widenet.db", w->directory).p, O_WRONLY);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, bytes, n, at), (ssize_t)n);
    close(fd);
}

static void add_line(void *ctx, const char *line)
{
    struct buf *b = ctx;
    buf_addz(b, line);
    buf_addc(b, '\n');
}

/* Any byte of any record's text, flipped in the file itself. */
static void test_flipped_bytes(void **state)
{
    struct world *w = *state;
    enum { N = 6 };
    char *raw[N];
    for (int i = 0; i < N; i++) {
        struct str text = arena_printf(w->arena, "text number %d of some length to be found in the file", i);
        struct record *r = make(w, 1, T0 - i, 1 + i, text.p, "t=x", NULL);
        put(w, r);
        raw[i] = str_dup(record_raw(w, r));
    }
    struct seeded dice = {9};
    for (int round = 0; round < 24; round++) {
        store_close(w->store);
        world_sql(w, "PRAGMA wal_checkpoint(TRUNCATE)");
        int victim = (int)seeded_below(&dice, N);
        size_t n = strlen(raw[victim]), at = seeded_below(&dice, n);
        struct buf file _cleanup_buf_ = BUF_INIT;
        int fd = open(arena_printf(w->arena, "%s/widenet.db", w->directory).p, O_RDONLY);
        struct stat st;
        assert_int_equal(fstat(fd, &st), 0);
        buf_reserve(&file, (size_t)st.st_size);
        assert_int_equal(read(fd, file.p, (size_t)st.st_size), st.st_size);
        file.n = (size_t)st.st_size;
        close(fd);
        size_t place = str_find(buf_str(&file), str_of(raw[victim]));
        assert_true(place != SIZE_MAX);
        char flipped = (char)(raw[victim][at] ^ (1 << seeded_below(&dice, 8)));
        overwrite(w, (off_t)(place + at), &flipped, 1);
        w->store = world_second(w, STORE_WRITE);
        struct buf lines _cleanup_buf_ = BUF_INIT;
        struct store_check_result result;
        assert_int_equal(store_check(w->store, add_line, &lines, &result, NULL), 0);
        struct str want = arena_printf(w->arena, "record %d (", victim + 1);
        if (result.bad_records != 1 || !strstr(lines.p, want.p))
            fail_msg("byte %zu of record %d: %lu bad; %s", at, victim + 1, (unsigned long)result.bad_records,
                lines.n ? lines.p : "");
        overwrite(w, (off_t)(place + at), &raw[victim][at], 1);
        assert_int_equal(store_projection_digest(w->store, (uint8_t[32]){0}, NULL), 0);
    }
    for (int i = 0; i < N; i++)
        free(raw[i]);
}

static void test_other_faults(void **state)
{
    struct world *w = *state;
    uint8_t hash[32];
    char hex[65];
    put(w, make(w, 30023, T0, 1, "word", "d=x", "t=y", NULL));
    put(w, make(w, 30023, T0, 1, "word", "d=z", "t=y", NULL));
    assert_int_equal(store_blob_put(w->store, STR("bytes"), STR("text/plain"), hash, NULL), 0);
    hex_encode(hash, 32, hex);
    static const struct {
        const char *damage, *repair, *says;
    } faults[] = {
        {"UPDATE store_record SET kind = 7 WHERE seq = 2",
            "UPDATE store_record SET kind = 30023 WHERE seq = 2", "record 2 ("},
        {"UPDATE store_record SET created_at = created_at + 1 WHERE seq = 1",
            "UPDATE store_record SET created_at = created_at - 1 WHERE seq = 1", "record 1 ("},
        {"UPDATE store_tag SET hash = hash + 1 WHERE seq = 2",
            "UPDATE store_tag SET hash = hash - 1 WHERE seq = 2", "tags are not in the index"},
        {"UPDATE store_text SET seq = seq + 5", "UPDATE store_text SET seq = seq - 5", "search index"},
        {"INSERT INTO store_tag VALUES (1, 2, 3, 77, 5, 6)", "DELETE FROM store_tag WHERE seq = 77",
            "tags' index"},
    };
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        struct buf lines _cleanup_buf_ = BUF_INIT;
        struct store_check_result result;
        world_sql(w, faults[i].damage);
        assert_int_equal(store_check(w->store, add_line, &lines, &result, NULL), 0);
        if (!result.other_faults || !strstr(lines.p, faults[i].says))
            fail_msg("%s: %s", faults[i].damage, lines.n ? lines.p : "nothing found");
        world_sql(w, faults[i].repair);
        assert_int_equal(store_check(w->store, NULL, NULL, &result, NULL), 0);
        assert_int_equal(result.other_faults, 0);
    }
    struct str path = arena_printf(w->arena, "%s/blobs/%.2s/%s", w->directory, hex, hex);
    int fd = open(path.p, O_WRONLY);
    assert_int_equal(pwrite(fd, "x", 1, 2), 1);
    close(fd);
    struct store_check_result result;
    struct buf lines _cleanup_buf_ = BUF_INIT;
    assert_int_equal(store_check(w->store, add_line, &lines, &result, NULL), 0);
    assert_int_equal(result.other_faults, 1);
    assert_non_null(strstr(lines.p, hex));
}

/* ---- backup */

static void test_backup(void **state)
{
    struct world *w = *state;
    char place[200], there[260], file[260];
    fixture_directory(place);
    snprintf(there, sizeof there, "%s/restored", place);
    snprintf(file, sizeof file, "%s/backup", place);
    uint8_t hash[32], hash2[32];
    char hex[65];
    assert_int_equal(store_blob_put(w->store, STR("kept"), STR("text/plain"), hash, NULL), 0);
    assert_int_equal(store_blob_put(w->store, STR("to be erased"), STR("text/plain"), hash2, NULL), 0);
    hex_encode(hash2, 32, hex);
    struct record *bad = make(w, 30023, T0 - 5, 2, hex, "d=bad", "title=Bad", NULL);
    put(w, bad);
    put(w, make(w, 30023, T0 - 5, 1, "good word", "d=good", "title=Good", NULL));
    struct record *never = make(w, 1, T0 - 9, 3, "never", NULL);
    assert_int_equal(store_erase_id(w->store, &never->id, "", NULL), 0);
    struct str extra = arena_printf(w->arena, "%s/keyring", w->directory);
    int fd = open(extra.p, O_WRONLY | O_CREAT, 0600);
    assert_int_equal(write(fd, "keys", 4), 4);
    close(fd);
    struct err err;
    const char *const extras[] = {"keyring", "not-there", NULL};
    assert_int_equal(store_backup(w->store, file, extras, &err), 0);
    assert_int_equal(store_backup(w->store, file, extras, &err), ERR_EXISTS);
    struct stat st;
    assert_int_equal(stat(file, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    put(w, make(w, 1, T0, 1, "after the backup", NULL));
    struct pubkey key = key_of(2);
    assert_int_equal(store_erase_key(w->store, &key, T0, "", NULL), 0); /* erased since the backup */

    assert_int_equal(store_restore(file, w->directory, NULL, &err), ERR_EXISTS);
    if (store_restore(file, there, w->directory, &err) < 0)
        fail_msg("%s", err.what);
    struct world other = {.arena = w->arena, .now = T0};
    snprintf(other.directory, sizeof other.directory, "%.190s", there);
    other.options = w->options;
    struct store *early; /* the indices are still to be made: who only reads is told so */
    assert_int_equal(
        store_open(there, STORE_READ_ONLY, &fixture_tables, &w->options, &early, &err), ERR_BUSY);
    assert_non_null(strstr(err.what, "not made yet"));
    other.store = world_second(&other, STORE_WRITE);
    assert_found(find(&other, "{}"), "good word");
    assert_found(trial(&other), "good=Good*1");
    assert_found(search(&other, "good"), "Good");
    assert_int_equal(put(&other, bad), STORE_REFUSED);
    assert_int_equal(put(&other, never), STORE_REFUSED);
    assert_nowhere(&other, "Bad");
    assert_nowhere(&other, hex);
    uint64_t size;
    char type[64];
    assert_int_equal(store_blob_open(other.store, hash, &fd, &size, type, NULL), 0);
    close(fd);
    assert_int_equal(store_blob_open(other.store, hash2, &fd, &size, type, NULL), ERR_NOT_FOUND);
    assert_true(file_holds(arena_printf(w->arena, "%s/keyring", there).p, "keys"));
    struct store_check_result result;
    assert_int_equal(store_check(other.store, NULL, NULL, &result, NULL), 0);
    assert_int_equal(result.bad_records + result.other_faults, 0);
    store_close(other.store);

    /* Without the other store's tombstones it comes back as it was. */
    snprintf(there, sizeof there, "%s/whole", place);
    assert_int_equal(store_restore(file, there, NULL, &err), 0);
    snprintf(other.directory, sizeof other.directory, "%.190s", there);
    other.store = world_second(&other, STORE_WRITE);
    assert_found(trial(&other), "bad=Bad*1 good=Good*1");
    store_close(other.store);

    /* One that breaks in the middle leaves nothing that looks like a store, and says what to do. */
    sqlite3 *db;
    assert_int_equal(sqlite3_open(file, &db), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(db, "UPDATE store_backup_blob SET bytes = 'bent'", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    snprintf(there, sizeof there, "%s/broken", place);
    assert_int_equal(store_restore(file, there, NULL, &err), ERR_CORRUPT);
    assert_non_null(strstr(err.todo, there));
    assert_int_equal(access(arena_printf(w->arena, "%s/restoring.db", there).p, F_OK), -1);
    assert_int_equal(access(arena_printf(w->arena, "%s/widenet.db", there).p, F_OK), -1);

    /* What is no backup, or a damaged one. */
    snprintf(there, sizeof there, "%s/no", place);
    assert_int_equal(store_restore(extra.p, there, NULL, &err), ERR_INPUT);
    assert_int_equal(access(there, F_OK), -1);
    struct str own = arena_printf(w->arena, "%s/widenet.db", w->directory);
    assert_int_equal(store_restore(own.p, there, NULL, &err), ERR_INPUT);
    assert_int_equal(store_restore("/nonexistent", there, NULL, &err), ERR_NOT_FOUND);
    assert_int_equal(truncate(file, st.st_size / 2), 0);
    assert_true(store_restore(file, there, NULL, &err) < 0);
    fixture_remove(place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_DISK(test_flipped_bytes),
        ON_DISK(test_other_faults),
        ON_DISK(test_backup),
    };
    return cmocka_run_group_tests_name("care", tests, NULL, NULL);
}
