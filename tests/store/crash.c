/* crash.c: a process that appends is killed again and again at random moments; what it was told is kept is
 * there afterwards, and a rebuild ends in the same tables. Then the same with a full disk instead of a kill.
 */
#include "base/time.h"
#include "disk.h"
#include "fixture.h"
#include "watch.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#define ROUNDS 55
#define WRITERS 3

/* Each writer's records follow from (round, writer, i), so that the parent can say what was acknowledged. */
static struct record *nth(struct world *w, int round, int writer, int i)
{
    struct str d = arena_printf(w->arena, "d=%d", i % 9),
               text = arena_printf(w->arena, "r%d w%d i%d", round, writer, i);
    if (i % 17 == 16)
        return make(w, 5, T0 - 1, 1 + writer, text.p,
            arena_printf(w->arena, "a=%s", address_text(w, 30023, 1 + writer, "3")).p, NULL);
    return make(w, i % 3 ? 30023 : 1, T0 - 1000 + i, 1 + writer, text.p, d.p, "title=T", NULL);
}

struct acknowledgement {
    int writer, i;
};
struct writer {
    struct world *w;
    int round, me, pipe;
};

static void *write_on(void *ctx)
{
    struct writer *me = ctx;
    struct world own = {.arena = arena_create(0)}; /* arenas are not shared between threads */
    for (int i = 0;; i++) {
        arena_reset(own.arena);
        struct store_item item = {.record = nth(&own, me->round, me->me, i)};
        if (store_append(me->w->store, &item, 1, NULL) < 0)
            abort();
        struct acknowledgement a = {me->me, i};
        if ((item.verdict == STORE_NEW || item.verdict == STORE_DUPLICATE) &&
            write(me->pipe, &a, sizeof a) != sizeof a)
            _exit(0);
    }
    return NULL;
}

static void child(struct world *w, int round, int pipe_end)
{
    struct writer writers[WRITERS];
    pthread_t threads[WRITERS];
    w->store = world_second(w, STORE_WRITE);
    for (int i = 0; i < WRITERS; i++) {
        writers[i] = (struct writer){w, round, i, pipe_end};
        pthread_create(&threads[i], NULL, write_on, &writers[i]);
    }
    if (round % 5 == 4) { /* an erasure in the middle of it all */
        struct pubkey key = key_of(9);
        store_erase_key(w->store, &key, T0, "", NULL);
    }
    for (;;)
        pause();
}

static void assert_kept(struct world *w, int round, const struct acknowledgement *a, size_t n)
{
    struct store_read *r;
    assert_int_equal(store_read_begin(w->store, &r, NULL), 0);
    struct arena *whole = w->arena;
    w->arena = arena_create(0);
    for (size_t i = 0; i < n; i++) {
        struct store_found f;
        arena_reset(w->arena);
        struct record *wanted = nth(w, round, a[i].writer, a[i].i);
        int rc = store_get(r, w->arena, &wanted->id, &f, NULL);
        if (rc < 0 && rc != ERR_GONE)
            fail_msg(
                "round %d: record %d of writer %d was acknowledged and is lost", round, a[i].i, a[i].writer);
    }
    arena_destroy(w->arena);
    w->arena = whole;
    store_read_end(r);
}

static void test_kill(void **state)
{
    struct world w;
    world_open(&w, false);
    store_close(w.store);
    struct seeded dice = {20261123};
    size_t acknowledged = 0;
    for (int round = 0; round < ROUNDS; round++) {
        int ends[2];
        assert_int_equal(pipe(ends), 0);
        pid_t pid = fork();
        if (pid == 0) {
            close(ends[0]);
            child(&w, round, ends[1]);
        }
        close(ends[1]);
        /* Killed after a random number of acknowledgements and then in the middle of some commit. */
        struct acknowledgement seen[4096];
        size_t n = 0, wanted = 1 + seeded_below(&dice, 60);
        while (n < wanted && read(ends[0], &seen[n], sizeof *seen) == sizeof *seen)
            n++;
        int watch = watch_open(w.directory);
        for (uint64_t writes = seeded_below(&dice, 40); writes && watch_write(watch, "widenet.db-wal", -1);
             writes--)
            ;
        close(watch);
        kill(pid, SIGKILL);
        while (n < 4096 && read(ends[0], &seen[n], sizeof *seen) == sizeof *seen)
            n++;
        close(ends[0]);
        waitpid(pid, NULL, 0);
        assert_true(n > 0);
        acknowledged += n;
        w.store = world_second(&w, STORE_WRITE);
        assert_int_equal(store_wait_applied(w.store, store_last_seq(w.store), 20000, NULL), 0);
        assert_kept(&w, round, seen, n);
        if (round % 11 == 10) {
            assert_true(assert_rebuilds(w.store) >= acknowledged / ROUNDS);
        }
        store_close(w.store);
    }
    w.store = NULL;
    world_close(&w);
}

static void test_full_disk(void **state)
{
    struct world w;
    world_open(&w, false);
    store_close(w.store);
    w.store = NULL;
    char place[200];
    fixture_directory(place);
    if (!disk_mount(place, "3m")) {
        print_message("# " NO_SMALL_DISK);
        fixture_remove(place);
        world_close(&w);
        skip();
    }
    struct world full = {.arena = w.arena, .now = T0, .options = w.options};
    snprintf(full.directory, sizeof full.directory, "%.180s/data", place);
    full.store = world_second(&full, STORE_WRITE);
    struct buf text _cleanup_buf_ = BUF_INIT;
    for (int i = 0; i < 20000; i++)
        buf_addc(&text, (char)('a' + i % 26));
    uint64_t kept = 0;
    struct err err = {0};
    int rc = 0, i = 0;
    for (; i < 1000 && rc >= 0; i++) {
        struct store_item item = {
            .record = make(&full, 30023, T0 - i, 1, text.p, arena_printf(w.arena, "d=%d", i).p, NULL)};
        if ((rc = store_append(full.store, &item, 1, &err)) >= 0)
            kept = item.seq;
    }
    assert_int_equal(rc, ERR_FULL);
    assert_true(kept > 10);
    assert_true(err.kept[0] && err.todo[0]);
    assert_int_equal(store_last_seq(full.store), kept);
    assert_true(strlen(find(&full, "{\"limit\":1}")) == text.n); /* still readable */
    /* Room again: without being opened anew it goes on, and all that was acknowledged is there. */
    assert_true(disk_resize(place, "64m"));
    struct store_item item = {.record = make(&full, 1, T0, 2, "room again", NULL)};
    if (store_append(full.store, &item, 1, &err) < 0)
        fail_msg("%s", err.what);
    assert_int_equal(item.seq, kept + 1);
    if (store_wait_applied(full.store, item.seq, 30000, &err) < 0)
        fail_msg("%s", err.what);
    assert_found(find(&full, "{\"kinds\":[1]}"), "room again");
    assert_sound(full.store, kept + 1);
    store_close(full.store);
    umount(place);
    fixture_remove(place);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kill),
        cmocka_unit_test(test_full_disk),
    };
    return cmocka_run_group_tests_name("crash", tests, NULL, NULL);
}
