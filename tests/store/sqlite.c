/* sqlite.c: what only a store on disk has: several handles, the write-ahead log, versions, permissions,
 * import. */
#include "base/time.h"
#include "fixture.h"
#include "store/store.h"
#include "watch.h"

#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>

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
    assert_sound(reader, SHARED + 1);
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
    assert_sound(w->store, SHARED);
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
    int watch = watch_open(w->directory);
    store_read_end(read);
    while (file_size(w, "widenet.db") <= (off_t)BIG * COUNT && watch_write(watch, "widenet.db", -1))
        ;
    close(watch);
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

    world_sql(w, "PRAGMA user_version=99");
    assert_int_equal(open_code(w, &tables, &err), ERR_VERSION);
    assert_non_null(strstr(err.what, "newer version"));
    world_sql(w, "PRAGMA user_version=1; PRAGMA application_id=5");
    assert_int_equal(open_code(w, &tables, &err), ERR_CORRUPT);
    world_sql(w, "PRAGMA application_id=1464094292");
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
    buf_addz(&text, "\xef\xbb\xbf");
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
        ON_DISK(test_two_handles),
        ON_DISK(test_two_processes),
        ON_DISK(test_busy),
        ON_DISK(test_log_is_emptied),
        ON_DISK(test_versions),
        ON_DISK(test_reader_alone),
        ON_DISK(test_garbage),
        ON_DISK(test_permission),
        ON_DISK(test_import),
    };
    return cmocka_run_group_tests_name("sqlite", tests, NULL, NULL);
}
