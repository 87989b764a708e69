/* erase.c: an erasure leaves no byte; a key of many records goes in steps, which appends and crashes may
 * part. */
#include "fixture.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

/* What the store tells of its erasures, and what is to be done between the steps. */
struct steps {
    struct world *w;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    int count;
    bool clean;
    void (*between)(struct steps *s);
    /* of appends between the steps: */
    struct record *notes[40], *old;
    int new, refused, unseen;
    uint64_t left[40];
};

static void on_erased(void *ctx, uint64_t records, bool clean)
{
    struct steps *s = ctx;
    if (!clean && s->between)
        s->between(s);
    pthread_mutex_lock(&s->mutex);
    s->count += !clean;
    s->clean = clean;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->mutex);
}

/* Opens the world's store anew, with ears. */
static void steps_begin(struct steps *s, struct world *w)
{
    *s = (struct steps){.w = w, .mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    w->options.erased = on_erased;
    w->options.erased_ctx = s;
    world_reopen(w);
}

static void steps_forget(struct steps *s)
{
    pthread_mutex_lock(&s->mutex);
    s->clean = false;
    pthread_mutex_unlock(&s->mutex);
}

static void steps_wait_clean(struct steps *s)
{
    pthread_mutex_lock(&s->mutex);
    while (!s->clean)
        pthread_cond_wait(&s->changed, &s->mutex);
    pthread_mutex_unlock(&s->mutex);
}

static void test_nothing_is_left(void **state)
{
    struct world *w = *state;
    struct steps steps;
    steps_begin(&steps, w);
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
    assert_sound(w->store, 108);
    /* A vanish request does the same, in the applier's own time. */
    steps_forget(&steps);
    put(w, make(w, 62, T0 - 20, 1, "", "relay=ALL_RELAYS", NULL));
    steps_wait_clean(&steps);
    assert_nowhere(w, "harmless");
    assert_nowhere(w, "filler");
}

/* ---- a key of many records */

#define MANY 900

static void append_many(struct world *w, int who)
{
    struct record **r = ARENA_ARRAY(w->arena, struct record *, MANY);
    struct store_item *items = ARENA_ARRAY(w->arena, struct store_item, MANY);
    for (int i = 0; i < MANY; i++) { /* articles, most in several revisions, some deleted, and notes */
        struct str d = arena_printf(w->arena, "d=%d", i % 250),
                   title = arena_printf(w->arena, "title=Omphalos %d", i);
        if (i % 50 == 49)
            r[i] = make(w, 5, T0 - 2000 + i, who, "Xenolith",
                arena_printf(w->arena, "a=%s", address_text(w, 30023, who, d.p + 2)).p, NULL);
        else
            r[i] = make(w, i % 9 ? 30023 : 1, T0 - 2000 + i, who, "Xenolith", d.p, title.p, NULL);
        items[i] = (struct store_item){.record = r[i]};
    }
    assert_int_equal(store_append(w->store, items, MANY, NULL), 0);
    assert_int_equal(store_wait_applied(w->store, store_last_seq(w->store), 20000, NULL), 0);
}

static const struct sql_statement count_items = {"count_items", "SELECT count(*) FROM trial_item"};
static const struct sql_statement count_shown = {
    "count_shown", "SELECT count(*) FROM trial_item WHERE NOT store_leaving(actor, 0)"};
static const struct sql_statement count_left = {
    "count_left", "SELECT count(*) FROM store_log WHERE instr(CAST(raw AS TEXT), 'Xenolith') > 0"};

static int64_t count_of(struct store *s, const struct sql_statement *statement)
{
    struct store_read *r;
    if (store_read_begin(s, &r, NULL) < 0)
        return -1;
    struct sql_cursor *c = sql_open(store_read_sql(r), statement);
    int64_t n = sql_step(c, NULL) == 1 ? sql_col_int(c, 0) : -1;
    sql_close(c, NULL);
    store_read_end(r);
    return n;
}

static int stop_at_one(void *ctx, const struct store_found *f)
{
    return 1;
}

static bool is_unseen(struct steps *s)
{
    struct arena *arena _cleanup_arena_ = arena_create(0);
    struct filter filter;
    struct store_read *r;
    struct search_query q = {.text = STR("xenolith"), .kind = 30023, .limit = 5};
    struct search_result hits;
    struct store_found found;
    struct str text = arena_printf(
        arena, "{\"authors\":[\"%s\"],\"kinds\":[1,5,30023],\"until\":%d}", key_hex(s->w, 2), T0 - 10);
    if (filter_parse(arena, text, &filter, NULL) < 0 || store_read_begin(s->w->store, &r, NULL) < 0)
        return false;
    bool unseen = store_query(r, &filter, 1, STORE_OLD_TOO, stop_at_one, NULL, NULL) == 0 &&
                  store_count(r, &filter, 1, NULL) == 0 && store_search(r, arena, &q, &hits, NULL) == 0 &&
                  !hits.n && store_get(r, arena, &s->old->id, &found, NULL) < 0;
    store_read_end(r);
    return unseen && count_of(s->w->store, &count_shown) <= 1;
}

/* In the applier's thread, with nothing locked: what others do at that moment. */
static void append_between(struct steps *s)
{
    if (s->count >= 40)
        return;
    struct store_item note = {.record = s->notes[s->count]}, old = {.record = s->old};
    s->new += store_append(s->w->store, &note, 1, NULL) == 0 && note.verdict == STORE_NEW;
    s->refused += store_append(s->w->store, &old, 1, NULL) == 0 && old.verdict == STORE_REFUSED &&
                  strstr(old.reason, "vanished");
    s->unseen += is_unseen(s);
    s->left[s->count] = (uint64_t)count_of(s->w->store, &count_left);
}

static void test_appends_between(void **state)
{
    struct world *w = *state;
    struct steps steps;
    steps_begin(&steps, w);
    append_many(w, 2);
    for (int i = 0; i < 40; i++)
        steps.notes[i] = make(w, 1, T0 - 1, 1, arena_printf(w->arena, "note %d", i).p, NULL);
    steps.old = make(w, 1, T0 - 2000, 2, "Xenolith", "d=0", "title=Omphalos 0", NULL);
    key_hex(w, 2);
    steps.between = append_between;
    struct record *alive = make(w, 30023, T0 - 5, 2, "begun anew", "d=3", "title=Anew", NULL);
    struct store_item items[] = {
        {.record = make(w, 62, T0 - 10, 2, "let me go", "relay=ALL_RELAYS", NULL)}, {.record = alive}};
    assert_int_equal(store_append(w->store, items, 2, NULL), 0);
    steps_wait_clean(&steps);
    int n = steps.count < 40 ? steps.count : 40;
    assert_true(n >= 3); /* so many pauses there were, and in each of them: */
    assert_int_equal(steps.new, n);
    assert_int_equal(steps.refused, n);
    assert_int_equal(steps.unseen, n);
    for (int i = 1; i < n; i++)
        assert_true(steps.left[i] < steps.left[i - 1]);
    assert_true(steps.left[0] > 0 && steps.left[n - 1] == 0);
    assert_nowhere(w, "Xenolith");
    assert_nowhere(w, "xenolith");
    assert_nowhere(w, "Omphalos");
    assert_int_equal(get_code(w, alive), 0);
    assert_found(search(w, "anew"), "Anew");
    assert_found(trial(w), "3=Anew*1");
    assert_int_equal(assert_rebuilds(w->store), (uint64_t)n + 2);
    /* The same by an operator's hand. */
    struct pubkey key = key_of(3);
    append_many(w, 3);
    steps.count = 20;
    steps.new = steps.refused = 0;
    assert_int_equal(store_erase_key(w->store, &key, T0, "duty", NULL), 0);
    assert_true(steps.count - 20 >= 3);
    assert_int_equal(steps.new, steps.count - 20);
    assert_nowhere(w, "Omphalos");
    assert_sound(w->store, (uint64_t)steps.count - 20 + (uint64_t)n + 2);
}

/* ---- killed in the middle */

static void die(struct steps *s)
{
    kill(getpid(), SIGKILL);
}

/* A process that opens the store and, when it has erased for the first time, is killed. */
static void erase_and_die(struct world *w, const struct record *vanish)
{
    pid_t pid = fork();
    if (pid == 0) {
        struct steps steps = {
            .mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER, .between = die};
        struct store_item item = {.record = vanish};
        w->options.erased = on_erased;
        w->options.erased_ctx = &steps;
        w->store = world_second(w, STORE_WRITE);
        if (vanish)
            store_append(w->store, &item, 1, NULL);
        steps_wait_clean(&steps);
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void test_killed_between(void **state)
{
    struct world *w = *state;
    append_many(w, 2);
    struct record *vanish = make(w, 62, T0 - 10, 2, "let me go", "relay=ALL_RELAYS", NULL);
    store_close(w->store);
    w->store = NULL;
    erase_and_die(w, vanish);
    erase_and_die(w, NULL);
    assert_true(file_holds(arena_printf(w->arena, "%s/widenet.db", w->directory).p, "Omphalos"));
    struct store *looking = world_second(
        w, STORE_READ_ONLY); /* nobody goes on with it yet, and it is hidden */
    assert_true(count_of(looking, &count_items) > 0);
    assert_int_equal(count_of(looking, &count_shown), 0);
    store_close(looking);

    struct steps steps;
    steps_begin(&steps, w);
    steps_wait_clean(&steps);
    assert_nowhere(w, "Xenolith");
    assert_nowhere(w, "xenolith");
    assert_nowhere(w, "Omphalos");
    assert_found(trial(w), "");
    assert_int_equal(assert_rebuilds(w->store), 1);
}

/* A store of before there were such steps: readable as it is, and taken further by who writes. */
static void test_store_of_before(void **state)
{
    struct world *w = *state;
    put(w, make(w, 1, T0 - 20, 2, "note", NULL));
    store_close(w->store);
    world_sql(w, "DROP TABLE store_erasure; DELETE FROM store_migration WHERE room = 'store' AND number = 2");
    w->store = world_second(w, STORE_READ_ONLY);
    assert_found(find(w, "{}"), "note");
    world_reopen(w);
    put(w, make(w, 62, T0 - 10, 2, "let me go", "relay=ALL_RELAYS", NULL));
    assert_found(find(w, "{}"), "let me go");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_DISK(test_nothing_is_left),
        ON_DISK(test_appends_between),
        ON_DISK(test_killed_between),
        ON_DISK(test_store_of_before),
    };
    return cmocka_run_group_tests_name("erase", tests, NULL, NULL);
}
