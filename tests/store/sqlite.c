/* sqlite.c: what only a store on disk can do wrong: two handles, damage, versions, permissions, backup,
 * import. */
#include "base/time.h"
#include "fixture.h"
#include "store/store.h"

#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    world_open(w, false);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    world_close(*state);
    free(*state);
    return 0;
}

static void sql(struct world *w, const char *text)
{
    sqlite3 *db;
    struct str path = arena_printf(w->arena, "%s/widenet.db", w->directory);
    assert_int_equal(sqlite3_open(path.p, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 10000);
    char *message = NULL;
    if (sqlite3_exec(db, text, NULL, NULL, &message) != SQLITE_OK)
        fail_msg("%s: %s", text, message);
    sqlite3_close(db);
}

static int open_code(struct world *w, const struct store_tables *tables, struct err *err)
{
    struct store *s;
    int rc = store_open(w->directory, STORE_WRITE, tables, &w->options, &s, err);
    if (rc >= 0)
        store_close(s);
    return rc;
}

/* ---- two handles */

#define SHARED 200

struct appender {
    struct store *store;
    struct record **records;
    size_t from, to;
    uint64_t seqs[SHARED];
    int fresh;
};

static void *append_all(void *ctx)
{
    struct appender *a = ctx;
    for (size_t i = a->from; i < a->to; i++) {
        struct store_item item = {.record = a->records[i]};
        if (store_append(a->store, &item, 1, NULL) < 0)
            abort();
        a->seqs[i] = item.seq;
        a->fresh += item.verdict == STORE_NEW;
    }
    return NULL;
}

static void test_two_handles(void **state)
{
    struct world *w = *state;
    struct store *second = world_second(w, STORE_WRITE);
    struct record *records[SHARED];
    struct appender a[4];
    pthread_t threads[4];
    for (size_t i = 0; i < SHARED; i++)
        records[i] = make(w, 1, T0 - (int64_t)i, 1, "x", NULL);
    for (size_t i = 0; i < 4; i++) { /* all four append the same, through both handles */
        a[i] = (struct appender){i % 2 ? second : w->store, records, 0, SHARED, {0}, 0};
        pthread_create(&threads[i], NULL, append_all, &a[i]);
    }
    int fresh = 0;
    for (size_t i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        fresh += a[i].fresh;
        assert_memory_equal(a[i].seqs, a[0].seqs, sizeof a[0].seqs);
    }
    assert_int_equal(fresh, SHARED);
    assert_int_equal(store_wait_applied(w->store, SHARED, 20000, NULL), 0);
    assert_int_equal(store_wait_applied(second, SHARED, 20000, NULL), 0);
    struct store *reader = world_second(w, STORE_READ_ONLY);
    assert_int_equal(store_last_seq(reader), SHARED);
    struct store_item item = {.record = make(w, 1, T0, 2, "y", NULL)};
    assert_int_equal(store_append(reader, &item, 1, NULL), ERR_DENIED);
    assert_int_equal(store_append(second, &item, 1, NULL), 0);
    assert_int_equal(store_follow_wait(reader, SHARED, 20000, NULL), 0);
    assert_int_equal(store_follow_wait(w->store, SHARED, 20000, NULL), 0);
    struct store_check_result result;
    assert_int_equal(store_check(reader, NULL, NULL, &result, NULL), 0);
    assert_int_equal(result.records, SHARED + 1);
    assert_int_equal(result.bad_records + result.other_faults, 0);
    store_close(reader);
    store_close(second);
}

/* Each process appends the even or the odd ones, and one in three of the others'. */
static int process(struct world *w, struct record **records, int parity)
{
    struct store *s = world_second(w, STORE_WRITE);
    int fresh = 0;
    for (size_t i = 0; i < SHARED; i++) {
        struct store_item item = {.record = records[i]};
        if ((int)(i % 2) != parity && i % 3)
            continue;
        if (store_append(s, &item, 1, NULL) < 0)
            return -1;
        fresh += item.verdict == STORE_NEW;
    }
    store_close(s);
    return fresh;
}

static void test_two_processes(void **state)
{
    struct world *w = *state;
    struct record *records[SHARED];
    for (size_t i = 0; i < SHARED; i++)
        records[i] = make(w, 1, T0 - (int64_t)i, 1, "x", NULL);
    store_close(w->store); /* no handle may live across a fork */
    int pipes[2][2];
    pid_t children[2];
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pipe(pipes[i]), 0);
        children[i] = fork();
        if (children[i] == 0) {
            int fresh = process(w, records, i);
            ssize_t n = write(pipes[i][1], &fresh, sizeof fresh);
            _exit(n != sizeof fresh);
        }
    }
    int total = 0;
    for (int i = 0; i < 2; i++) {
        int fresh, status;
        assert_int_equal(read(pipes[i][0], &fresh, sizeof fresh), sizeof fresh);
        total += fresh;
        waitpid(children[i], &status, 0);
        assert_int_equal(status, 0);
        close(pipes[i][0]);
        close(pipes[i][1]);
    }
    assert_int_equal(total, SHARED);
    w->store = world_second(w, STORE_WRITE);
    assert_int_equal(store_last_seq(w->store), SHARED);
    assert_int_equal(store_wait_applied(w->store, SHARED, 20000, NULL), 0);
    struct store_check_result result;
    assert_int_equal(store_check(w->store, NULL, NULL, &result, NULL), 0);
    assert_int_equal(result.bad_records + result.other_faults, 0);
}

/* ---- many threads at everything, for the sanitizers */

struct busy {
    struct world *w;
    struct record **records;
    int me;
};

static int count_note(void *ctx, struct sql *db, struct err *err)
{
    static const struct sql_statement add = {"add", "INSERT INTO trialstate_note (text) VALUES ('x')"};
    return sql_done(sql_open(db, &add), err);
}

static int ignore(void *ctx, const struct store_found *f)
{
    return 0;
}

static void *be_busy(void *ctx)
{
    struct busy *b = ctx;
    struct arena *arena = arena_create(0);
    struct filter f;
    if (filter_parse(arena, STR("{\"kinds\":[30023],\"limit\":20}"), &f, NULL) < 0)
        abort();
    for (int i = 0; i < 30; i++) {
        struct store_item item = {.record = b->records[b->me * 30 + i]};
        struct store_read *r;
        if (store_append(b->w->store, &item, 1, NULL) < 0 || item.verdict != STORE_NEW ||
            store_wait_applied(b->w->store, item.seq, 20000, NULL) < 0 ||
            store_read_begin(b->w->store, &r, NULL) < 0)
            abort();
        struct store_found found;
        struct search_result result;
        struct search_query q = {.text = STR("word"), .kind = 30023, .limit = 5};
        if (store_get(r, arena, &b->records[b->me * 30 + i]->id, &found, NULL) < 0 ||
            store_query(r, &f, 1, STORE_PARSE, ignore, NULL, NULL) < 0 ||
            store_search(r, arena, &q, &result, NULL) < 0 || !result.n)
            abort();
        store_read_end(r);
        if (i % 10 == 0 && store_write(b->w->store, count_note, NULL, NULL) < 0)
            abort();
        if (i == 15 && b->me == 0 && store_erase_id(b->w->store, &b->records[0]->id, "", NULL) < 0)
            abort();
    }
    arena_destroy(arena);
    return NULL;
}

static void test_busy(void **state)
{
    struct world *w = *state;
    enum { THREADS = 6 };
    struct record *records[THREADS * 30];
    struct busy b[THREADS];
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS * 30; i++) {
        struct str d = arena_printf(w->arena, "d=%d", i);
        records[i] = make(w, 30023, T0 - i, 1 + i % 5, "word", d.p, "title=T", NULL);
    }
    for (int i = 0; i < THREADS; i++) {
        b[i] = (struct busy){w, records, i};
        pthread_create(&threads[i], NULL, be_busy, &b[i]);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(store_last_seq(w->store), THREADS * 30);
}

/* ---- the write-ahead log */

static off_t file_size(struct world *w, const char *name)
{
    struct stat st;
    return stat(arena_printf(w->arena, "%s/%s", w->directory, name).p, &st) == 0 ? st.st_size : 0;
}

/* A reader keeps the log from being copied into the database; when it leaves, no further write is needed. */
static void test_log_is_emptied(void **state)
{
    struct world *w = *state;
    enum { BIG = 60000, COUNT = 400 };
    char *text = arena_alloc(w->arena, BIG + 1);
    memset(text, 'x', BIG);
    text[BIG] = 0;
    put(w, make(w, 1, T0, 1, "first", NULL));
    struct store_read *read;
    assert_int_equal(store_read_begin(w->store, &read, NULL), 0);
    for (int i = 0; i < COUNT; i++)
        assert_int_equal(put(w, make(w, 1, T0 + 1 + i, 1, text, NULL)), STORE_NEW);
    assert_true(file_size(w, "widenet.db-wal") > (off_t)BIG * COUNT);
    assert_true(file_size(w, "widenet.db") < (off_t)BIG * COUNT);
    store_read_end(read);
    for (int tries = 0; tries < 2000 && file_size(w, "widenet.db") < (off_t)BIG * COUNT; tries++)
        usleep(10000);
    assert_true(file_size(w, "widenet.db") > (off_t)BIG * COUNT);
    off_t log = file_size(w, "widenet.db-wal");
    put(w, make(w, 1, T0 + 1000, 1, text, NULL));
    assert_int_equal(file_size(w, "widenet.db-wal"), log); /* written from its beginning again */
}

/* ---- damage, versions, permissions */

static void test_versions(void **state)
{
    struct world *w = *state;
    struct err err;
    put(w, make(w, 30023, T0, 1, "word", "d=x", "title=X", NULL));
    store_close(w->store);

    static const struct store_migration two[] = {{"trialstate", 1, "SELECT 1"},
        {"trialstate", 2, "ALTER TABLE trialstate_note ADD COLUMN more TEXT"}, {NULL, 0, NULL}};
    struct store_tables tables = fixture_tables;
    tables.migrations = two;
    assert_int_equal(open_code(w, &tables, &err), 0);
    assert_int_equal(open_code(w, &fixture_tables, &err), ERR_VERSION);
    assert_non_null(strstr(err.what, "trialstate is at step 2"));
    assert_true(err.todo[0]);

    struct store_projection raised[2] = {fixture_tables.projections[0], {NULL, 0, NULL, NULL, NULL}};
    raised[0].version = 2;
    tables.projections = raised;
    store_open(w->directory, STORE_WRITE, &tables, &w->options, &w->store, &err);
    assert_non_null(w->store);
    assert_found(trial(w), "x=X*1"); /* made anew, before anybody is served */
    assert_found(search(w, "word"), "X");
    store_close(w->store);

    sql(w, "PRAGMA user_version=99");
    assert_int_equal(open_code(w, &tables, &err), ERR_VERSION);
    assert_non_null(strstr(err.what, "newer version"));
    sql(w, "PRAGMA user_version=1; PRAGMA application_id=5");
    assert_int_equal(open_code(w, &tables, &err), ERR_CORRUPT);
    sql(w, "PRAGMA application_id=1464094292");
    w->store = NULL;
    assert_int_equal(store_open(w->directory, STORE_WRITE, &tables, &w->options, &w->store, &err), 0);
}

static void test_reader_alone(void **state)
{
    struct world *w = *state;
    struct err err;
    put(w, make(w, 30023, T0, 1, "word", "d=x", "title=X", NULL));
    store_close(w->store);
    w->store = world_second(w, STORE_READ_ONLY); /* no writer is there */
    assert_found(find(w, "{}"), "word");
    assert_found(search(w, "word"), "X");
    assert_int_equal(store_applied_seq(w->store), 1);
    assert_int_equal(store_follow_wait(w->store, 1, 0, NULL), ERR_BUSY);
    store_close(w->store);
    /* Written by a program that does not know the room: it would miss what comes now. */
    assert_int_equal(open_code(w, NULL, &err), ERR_VERSION);
    assert_non_null(strstr(err.what, "trial"));
    w->store = world_second(w, STORE_WRITE);
}

static void overwrite(struct world *w, off_t at, const char *bytes, size_t n)
{
    int fd = open(arena_printf(w->arena, "%s/widenet.db", w->directory).p, O_WRONLY);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, bytes, n, at), (ssize_t)n);
    close(fd);
}

static void test_garbage(void **state)
{
    struct world *w = *state;
    struct err err;
    char garbage[4096];
    memset(garbage, 'x', sizeof garbage);
    put(w, make(w, 1, T0, 1, "word", NULL));
    store_close(w->store);
    w->store = NULL;
    overwrite(w, 0, garbage, sizeof garbage);
    unlink(arena_printf(w->arena, "%s/widenet.db-wal", w->directory).p);
    assert_int_equal(open_code(w, &fixture_tables, &err), ERR_CORRUPT);
    assert_non_null(strstr(err.what, "widenet.db"));
    assert_true(err.todo[0]);
    struct store *s;
    assert_int_equal(store_open("/nonexistent/here", STORE_READ_ONLY, &fixture_tables, &w->options, &s, &err),
        ERR_NOT_FOUND);
}

static void test_permission(void **state)
{
    struct world *w = *state;
    store_close(w->store);
    w->store = NULL;
    assert_int_equal(chmod(w->directory, 0555), 0);
    pid_t child = fork();
    if (child == 0) {
        struct err err;
        if (geteuid() == 0 && setuid(65534) < 0)
            _exit(2);
        _exit(open_code(w, &fixture_tables, &err) == ERR_DENIED && strstr(err.what, w->directory) ? 0 : 1);
    }
    int status;
    waitpid(child, &status, 0);
    assert_int_equal(status, 0);
    chmod(w->directory, 0700);
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
        sql(w, "PRAGMA wal_checkpoint(TRUNCATE)");
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
        sql(w, faults[i].damage);
        assert_int_equal(store_check(w->store, add_line, &lines, &result, NULL), 0);
        if (!result.other_faults || !strstr(lines.p, faults[i].says))
            fail_msg("%s: %s", faults[i].damage, lines.n ? lines.p : "nothing found");
        sql(w, faults[i].repair);
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

/* ---- erasure leaves no byte */

static bool file_holds(const char *path, const char *word)
{
    struct buf b _cleanup_buf_ = BUF_INIT;
    int fd = open(path, O_RDONLY);
    if (fd < 0)
        return false;
    ssize_t n;
    do {
        buf_reserve(&b, 65536);
        n = read(fd, b.p + b.n, 65536);
        b.n += n > 0 ? (size_t)n : 0;
    } while (n > 0);
    close(fd);
    return str_find(buf_str(&b), str_of(word)) != SIZE_MAX;
}

static void assert_nowhere(struct world *w, const char *word)
{
    static const char *const files[] = {"widenet.db", "widenet.db-wal", "widenet.db-shm"};
    for (size_t i = 0; i < 3; i++)
        if (file_holds(arena_printf(w->arena, "%s/%s", w->directory, files[i]).p, word))
            fail_msg("%s still holds \"%s\"", files[i], word);
}

static void test_nothing_is_left(void **state)
{
    struct world *w = *state;
    struct buf filler _cleanup_buf_ = BUF_INIT;
    for (int i = 0; i < 300; i++)
        buf_addf(&filler, "filler%d ", i * 7 % 100);
    struct record *secret = NULL;
    for (int i = 0; i < 120; i++) { /* among many others, so that pages are shared and segments many */
        bool bad = i % 10 == 3;
        struct str d = arena_printf(w->arena, bad ? "d=Zurbaran-%d" : "d=%d", i);
        struct str t = arena_printf(w->arena, bad ? "title=Xyloquist %d" : "title=Plain %d", i);
        struct str text = arena_printf(
            w->arena, "%s %s", bad ? "Qwertzuiop the ÄBTISSIN of Vexillum" : "harmless", filler.p);
        struct record *r = make(
            w, 30023, T0 - 50 + i % 7, bad ? 2 : 1, text.p, d.p, t.p, bad ? "t=Kryptonym" : "t=open", NULL);
        put(w, r);
        if (i == 3)
            secret = r;
        if (i % 20 == 3) /* a revision of it */
            put(w, make(w, 30023, T0 - 40, 2, arena_printf(w->arena, "Grmblfx %s", filler.p).p, d.p,
                       "title=Revision", NULL));
    }
    struct record *note = make(w, 1, T0 - 30, 3, "Wolpertinger note", NULL);
    put(w, note);
    /* "Plain" stays to show that the looking works. */
    static const char *const words[] = {"Qwertzuiop", "qwertzuiop", "äbtissin", "ÄBTISSIN", "abtissin",
        "Xyloquist", "xyloquist", "Zurbaran", "Kryptonym", "vexillum", "grmblfx", "Grmblfx"};
    assert_true(file_holds(arena_printf(w->arena, "%s/widenet.db-wal", w->directory).p, "Xyloquist") ||
                file_holds(arena_printf(w->arena, "%s/widenet.db", w->directory).p, "Xyloquist"));
    struct pubkey key = key_of(2);
    assert_int_equal(store_erase_key(w->store, &key, T0, "duty", NULL), 0);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        assert_nowhere(w, words[i]);
    assert_found(search(w, "vexillum"), "");
    assert_nowhere(w, record_hex(w, secret));
    assert_true(file_holds(arena_printf(w->arena, "%s/widenet.db", w->directory).p, "Plain"));
    assert_int_equal(store_erase_id(w->store, &note->id, "duty", NULL), 0);
    assert_nowhere(w, "Wolpertinger");
    struct store_check_result result;
    assert_int_equal(store_check(w->store, NULL, NULL, &result, NULL), 0);
    assert_int_equal(result.bad_records + result.other_faults, 0);
    /* A vanish request does the same, in the applier's own time. */
    put(w, make(w, 62, T0 - 20, 1, "", "relay=ALL_RELAYS", NULL));
    int64_t until = monotonic_us() + 20000000;
    while (monotonic_us() < until &&
           (file_holds(arena_printf(w->arena, "%s/widenet.db", w->directory).p, "harmless") ||
               file_holds(arena_printf(w->arena, "%s/widenet.db-wal", w->directory).p, "harmless")))
        usleep(20000);
    assert_nowhere(w, "harmless");
    assert_nowhere(w, "filler");
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

/* ---- bulk import */

static void add_refusal(void *ctx, uint64_t line, const char *reason)
{
    buf_addf(ctx, "%lu %s\n", (unsigned long)line, reason);
}

static void test_import(void **state)
{
    struct world *w = *state;
    struct buf text _cleanup_buf_ = BUF_INIT, refusals _cleanup_buf_ = BUF_INIT;
    enum { N = 400 };
    for (int i = 0; i < N; i++) {
        struct str line = record_raw(w, make(w, 1, T0 - i, 1, arena_printf(w->arena, "note %d", i).p, NULL));
        buf_addf(&text, "%.*s%s", STR_ARG(line), i % 3 ? "\n" : "\r\n");
    }
    buf_adds(&text, record_raw(w, make(w, 1, T0, 1, "note", NULL))); /* 401: forged below */
    text.p[text.n - 4] = text.p[text.n - 4] == '0' ? '1' : '0';
    buf_addz(&text, "\n\n{\"not\":\"a record\"}\nnonsense\n");
    buf_addf(&text, "%.*s\n", STR_ARG(record_raw(w, make(w, 1, T0 + 5000, 1, "future", NULL))));
    for (int i = 0; i < 3 << 20; i++)
        buf_addc(&text, '[');
    buf_addc(&text, '\n');
    buf_adds(&text, record_raw(w, make(w, 1, T0, 2, "last, without a newline", NULL)));
    struct str path = arena_printf(w->arena, "%s/records.jsonl", w->directory);
    int fd = open(path.p, O_RDWR | O_CREAT, 0600);
    assert_int_equal(write(fd, text.p, text.n), text.n);
    struct store_import_options options = {.refused = add_refusal, .ctx = &refusals};
    struct store_import_counts counts;
    struct err err;
    lseek(fd, 0, SEEK_SET);
    if (store_import(w->store, fd, &options, &counts, &err) < 0)
        fail_msg("%s", err.what);
    assert_int_equal(counts.added, N + 1);
    assert_int_equal(counts.refused, 5);
    assert_int_equal(counts.lines, N + 6);
    static const char *const said[] = {"401 invalid: ", "403 invalid: ", "404 invalid: ",
        "405 invalid: dated more than", "406 invalid: the line is longer"};
    for (size_t i = 0; i < 5; i++)
        if (!strstr(refusals.p, said[i]))
            fail_msg("no \"%s\" in %s", said[i], refusals.p);
    assert_int_equal(store_wait_applied(w->store, counts.last_seq, 20000, NULL), 0);
    lseek(fd, 0, SEEK_SET);
    assert_int_equal(store_import(w->store, fd, NULL, &counts, &err), 0);
    assert_int_equal(counts.added, 0);
    assert_int_equal(counts.duplicates, N + 1);
    close(fd);
    fd = open("/proc/self/mem", O_RDONLY); /* reading it from 0 fails */
    assert_int_equal(store_import(w->store, fd, NULL, &counts, &err), ERR_IO);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_two_handles, setup, teardown),
        cmocka_unit_test_setup_teardown(test_two_processes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_busy, setup, teardown),
        cmocka_unit_test_setup_teardown(test_log_is_emptied, setup, teardown),
        cmocka_unit_test_setup_teardown(test_versions, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reader_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(test_garbage, setup, teardown),
        cmocka_unit_test_setup_teardown(test_permission, setup, teardown),
        cmocka_unit_test_setup_teardown(test_flipped_bytes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_other_faults, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nothing_is_left, setup, teardown),
        cmocka_unit_test_setup_teardown(test_backup, setup, teardown),
        cmocka_unit_test_setup_teardown(test_import, setup, teardown),
    };
    return cmocka_run_group_tests_name("sqlite", tests, NULL, NULL);
}
