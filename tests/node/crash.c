/* crash.c: a node killed at random moments, 54 times, while several clients write: every record that was
 * acknowledged is there afterwards, and nothing is damaged.
 *
 * Every other time the front alone is killed and its parent restarts it; else parent, front and keeper at
 * once, and the test starts the node again. */
#include "process.h"

#include "base/time.h"
#include "news/news.h"
#include "node/node.h"

#include <pthread.h>
#include <stdatomic.h>

enum { ROUNDS = 54, WRITERS = 3, BATCH = 8, MAX_KEPT = 200000 };

static char directory[64];
static struct store_projection
    projections[2]; /* as the program has them: a room that is missing here is refused */
static struct store_tables tables;
static struct config *config;

static int open_node(enum node_mode mode, struct node **out, struct err *err)
{
    struct node_options options = {
        .directory = directory, .config = config, .tables = &tables, .program = WIDENET_PROGRAM};
    return node_open(&options, mode, out, err);
}

/* What the node has acknowledged. */
struct ledger {
    pthread_mutex_t lock;
    struct record_id *ids;
    size_t n;
    atomic_bool stop;
    atomic_size_t acknowledged;
};

struct writer {
    struct ledger *ledger;
    unsigned number;
    char wrong[500]; /* an error that no crash explains */
};

static void keep(struct ledger *l, const struct record_id *id)
{
    pthread_mutex_lock(&l->lock);
    if (l->n < MAX_KEPT)
        l->ids[l->n++] = *id;
    pthread_mutex_unlock(&l->lock);
    atomic_fetch_add(&l->acknowledged, 1);
}

/* Signs for itself and appends through node.sock; an error means only that these were not acknowledged. */
static void *write_records(void *arg)
{
    struct writer *w = arg;
    uint8_t secret[32] = {1, (uint8_t)w->number};
    struct node *node = NULL;
    struct err err;
    for (unsigned count = 0; !atomic_load(&w->ledger->stop);) {
        if (!node && open_node(NODE_WRITE, &node, &err) != 0) {
            node = NULL;
            continue;
        }
        if (!node_is_remote(node)) { /* nobody served at that moment: not what is tested here */
            node_close(node);
            node = NULL;
            continue;
        }
        struct record r[BATCH];
        struct store_item items[BATCH] = {0};
        char texts[BATCH][48];
        for (int i = 0; i < BATCH; i++) {
            int n = snprintf(texts[i], sizeof texts[i], "writer %u, record %u", w->number, count++);
            r[i] = (struct record){.kind = 1, .created_at = 1700000000, .content = {texts[i], (size_t)n}};
            if (record_sign(&r[i], secret, &err) != 0)
                snprintf(w->wrong, sizeof w->wrong, "%s", err.what);
            items[i] = (struct store_item){.record = &r[i]};
        }
        if (node_append(node, items, BATCH, false, &err) != 0)
            continue;
        for (int i = 0; i < BATCH; i++) {
            if (items[i].verdict == STORE_REFUSED)
                snprintf(w->wrong, sizeof w->wrong, "%s", items[i].reason);
            else
                keep(w->ledger, &r[i].id);
        }
    }
    node_close(node);
    return NULL;
}

static void on_fault(void *ctx, const char *line)
{
    print_message("fault: %s\n", line);
    ++*(size_t *)ctx;
}

static void acknowledged_is_kept(void **state)
{
    (void)state;
    struct err err;
    struct served s;
    struct seeded random = {20261123};
    struct ledger ledger = {
        .lock = PTHREAD_MUTEX_INITIALIZER, .ids = calloc(MAX_KEPT, sizeof(struct record_id))};
    struct writer writers[WRITERS];
    pthread_t threads[WRITERS];
    int port = free_port();
    serve(&s, directory, port, NULL);
    for (unsigned i = 0; i < WRITERS; i++) {
        writers[i] = (struct writer){.ledger = &ledger, .number = i + 1};
        assert_int_equal(pthread_create(&threads[i], NULL, write_records, &writers[i]), 0);
    }
    for (int round = 0; round < ROUNDS; round++) {
        /* Under load again, and then a random moment. */
        size_t before = atomic_load(&ledger.acknowledged);
        int64_t limit = monotonic_us() + 60000000;
        while (atomic_load(&ledger.acknowledged) < before + 2 * WRITERS * BATCH && monotonic_us() < limit)
            poll(NULL, 0, 5);
        if (atomic_load(&ledger.acknowledged) == before)
            fail_msg("round %d: nothing is acknowledged any more", round);
        int64_t moment = monotonic_us() + (int64_t)seeded_below(&random, 150000);
        while (monotonic_us() < moment)
            poll(NULL, 0, 1);
        pid_t front, keeper = child_called(s.pid, "keeper");
        while (!(front = child_called(s.pid, "front")) && monotonic_us() < limit)
            poll(NULL, 0, 5);
        if (!front)
            fail_msg("round %d: no front runs", round);
        if (round % 2 == 0) {
            kill(front, SIGKILL);
        } else {
            kill(s.pid, SIGKILL);
            kill(front, SIGKILL);
            if (keeper > 0)
                kill(keeper, SIGKILL);
            assert_int_equal(ended(&s), 128 + SIGKILL);
            serve(&s, directory, port, NULL);
        }
    }
    atomic_store(&ledger.stop, true);
    for (unsigned i = 0; i < WRITERS; i++) {
        pthread_join(threads[i], NULL);
        if (writers[i].wrong[0])
            fail_msg("%s", writers[i].wrong);
    }
    kill(s.pid, SIGTERM);
    assert_int_equal(ended(&s), 0);

    struct node *node;
    struct store_read *read;
    if (open_node(NODE_READ, &node, &err) || store_read_begin(node_store(node), &read, &err))
        fail_msg("%s", err.what);
    size_t missing = 0, faults = 0;
    struct arena *arena _cleanup_arena_ = arena_create(0);
    for (size_t i = 0; i < ledger.n; i++) {
        struct store_found found;
        missing += store_get(read, arena, &ledger.ids[i], &found, &err) != 0;
        arena_reset(arena);
    }
    store_read_end(read);
    print_message("%zu records acknowledged in %d crashes, %zu missing\n", ledger.n, ROUNDS, missing);
    assert_int_equal(missing, 0);
    struct store_check_result result = {0};
    assert_int_equal(store_check(node_store(node), on_fault, &faults, &result, &err), 0);
    assert_int_equal(faults, 0);
    assert_true(result.records >= ledger.n);
    node_close(node);
    free(ledger.ids);
}

int main(void)
{
    struct err err;
    signal(SIGPIPE, SIG_IGN);
    projections[0] = news_projection;
    tables = (struct store_tables){
        .projections = projections, .migrations = node_migrations, .texts = news_texts};
    snprintf(directory, sizeof directory, "/tmp/widenet-crash-XXXXXX");
    if (!mkdtemp(directory) || config_load("/nonexistent", false, node_config_options, &config, &err) != 0)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(acknowledged_is_kept),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    config_destroy(config);
    remove_tree(directory);
    return failed;
}
