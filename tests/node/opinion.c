/* opinion.c: tests what an account says under its opinion key: that it leaves late and in no order, that the
 * last choice of a day stands alone, and that nothing in the public records leads from the one key to the
 * other. */
#include "check.h"

#include "base/hex.h"
#include "node/node.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

#define DAY 86400
#define CHOICES 100

static char directory[64];
static const struct store_projection no_projections[] = {{NULL}};
static const struct store_text_source no_texts[] = {{.extract = NULL}};
static struct store_tables tables = {no_projections, node_migrations, no_texts};
static struct config *config;
static struct err err;

#define must(call)                                                                                           \
    do {                                                                                                     \
        int got_ = (call);                                                                                   \
        if (got_)                                                                                            \
            fail_msg("%s: %d %s; %s", #call, got_, err.what, err.todo);                                      \
    } while (0)

static struct node *serve(void)
{
    struct node *node;
    struct node_options options = {
        .directory = directory, .config = config, .tables = &tables, .program = WIDENET_PROGRAM};
    must(node_open(&options, NODE_SERVE, &node, &err));
    return node;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st, (void)type, (void)at;
    return remove(path);
}

static int fresh(void **state)
{
    (void)state;
    snprintf(directory, sizeof directory, "/tmp/widenet-opinion-XXXXXX");
    if (config_load("/nonexistent/widenet.ini", false, node_config_options, &config, &err))
        return -1;
    return mkdtemp(directory) ? 0 : -1;
}

static int gone(void **state)
{
    (void)state;
    config_destroy(config);
    return nftw(directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static void rating(struct record_draft *d, struct arena *arena, int subject, const char *value, int64_t now)
{
    struct str what = arena_printf(arena, "a:30023:%064d:text-%d", 7, subject);
    record_draft_init(d, arena, 34259, now);
    record_draft_tag(d, "d", arena_strz(arena, arena_printf(arena, "%.*s#agree", STR_ARG(what))), NULL);
    record_draft_tag(d, "m", "a", NULL);
    record_draft_tag(d, "rating", value, NULL);
    record_draft_tag(d, "a", what.p + 2, NULL);
    record_draft_content(d, STR(""));
}

static void choose(struct node *node, const struct pubkey *account, int subject, const char *value)
{
    struct arena *arena _cleanup_arena_ = arena_create(0);
    struct record_draft d;
    char name[32];
    snprintf(name, sizeof name, "text-%d", subject);
    rating(&d, arena, subject, value, clock_now(&clock_system));
    must(node_opinion_put(node, account, str_of(name), &d.r, &err));
}

struct public
{
    struct arena *arena;
    struct record *records;
    size_t n;
};

static int collect(void *ctx, const struct store_found *f)
{
    struct public *p = ctx;
    assert_true(p->n < 300);
    assert_int_equal(record_parse(p->arena, arena_str(p->arena, f->raw), &p->records[p->n++], &err), 0);
    return 0;
}

/* All records in the order in which they came: what anyone can see. */
static void export_all(struct node *node, struct arena *arena, struct public *out)
{
    struct store_read *read;
    *out = (struct public){.arena = arena, .records = ARENA_ARRAY(arena, struct record, 300)};
    must(store_wait_applied(node_store(node), store_last_seq(node_store(node)), 10000, &err));
    must(store_read_begin(node_store(node), &read, &err));
    assert_true(store_follow(read, 0, 300, STORE_OLD_TOO, collect, out, &err) >= 0);
    store_read_end(read);
}

static bool mentions(const struct record *r, const struct pubkey *key)
{
    char hex[65];
    struct buf npub _cleanup_buf_ = BUF_INIT, json _cleanup_buf_ = BUF_INIT;
    hex_encode(key->b, sizeof key->b, hex);
    nip19_npub(key, &npub);
    record_to_json(r, &json);
    return str_find(buf_str(&json), str_of(hex)) != SIZE_MAX ||
           str_find(buf_str(&json), buf_str(&npub)) != SIZE_MAX;
}

/* Pairs that stand in the other order than they were chosen in. */
static size_t inversions(const int *order, size_t n)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t k = i + 1; k < n; k++)
            count += order[i] > order[k];
    return count;
}

static void nothing_public_links_the_keys(void **state)
{
    (void)state;
    struct arena *arena _cleanup_arena_ = arena_create(0);
    struct node *node = serve();
    struct pubkey account, opinion;
    struct keeper_session session;
    struct record_draft d;
    size_t n;
    must(node_account_add(node, STR("anna"), STR("correct horse"), &account, &err));
    must(keeper_unlock(node_keeper(node, &err), STR("anna"), STR("correct horse"), &session, &account, &err));
    int64_t now = clock_now(&clock_system), day_end = now - now % DAY + DAY;
    for (int i = 0; i < CHOICES; i++) {
        choose(node, &account, i, "0.25");
        if (i % 10)
            continue;
        rating(&d, arena, i, "1", clock_now(&clock_system)); /* under one's own name, at the same time */
        must(node_publish(node, &session, &d.r, true, NULL, &err));
    }
    for (int i = 0; i < CHOICES; i += 7) /* changed on the same day */
        choose(node, &account, i, "0.75");
    must(node_opinion_drop(node, &account, STR("text-3"), &err));
    must(node_opinion_work(node, day_end - 1, &n, &err));
    assert_int_equal(n, 0);
    node_close(node);
    node = serve(); /* the queue outlives the process */
    struct store_read *read;
    struct record waiting;
    must(store_read_begin(node_store(node), &read, &err));
    must(node_opinion_waiting(read, arena, &account, STR("text-7"), &waiting, &err));
    assert_str(record_tag_value(&waiting, "rating"), "0.75");
    assert_int_equal(
        node_opinion_waiting(read, arena, &account, STR("text-3"), &waiting, &err), ERR_NOT_FOUND);
    must(node_opinion_key(read, &account, &opinion, &err));
    struct opinion_waiting *list;
    must(node_opinions(read, arena, &account, &list, &n, &err));
    assert_int_equal(n, CHOICES - 1);
    store_read_end(read);
    assert_false(pubkey_eq(&opinion, &account));
    must(node_opinion_work(node, day_end + 8 * DAY, &n, &err));
    assert_int_equal(n, CHOICES - 1);
    must(node_opinion_work(node, day_end + 8 * DAY, &n, &err));
    assert_int_equal(n, 0);

    struct public all;
    int order[CHOICES];
    size_t of_opinion = 0;
    export_all(node, arena, &all);
    for (size_t i = 0; i < all.n; i++) {
        const struct record *r = &all.records[i];
        bool is_opinion = pubkey_eq(&r->pubkey, &opinion);
        assert_false(is_opinion ? mentions(r, &account) : mentions(r, &opinion));
        if (!is_opinion)
            continue;
        assert_int_equal(r->created_at, day_end - DAY);
        for (size_t t = 0; t < r->tag_count; t++) { /* no hint, no client, nothing but what the rating says */
            struct str name = r->tags[t].v[0];
            assert_true(
                str_eqz(name, "d") || str_eqz(name, "m") || str_eqz(name, "rating") || str_eqz(name, "a"));
            assert_int_equal(r->tags[t].n, 2);
        }
        struct str a = record_tag_value(r, "a");
        order[of_opinion] = atoi(a.p + a.n - 1 - (a.p[a.n - 2] != '-'));
        assert_str(record_tag_value(r, "rating"), order[of_opinion] % 7 ? "0.25" : "0.75");
        of_opinion++;
    }
    assert_int_equal(of_opinion, CHOICES - 1);
    /* Of a shuffled hundred half the pairs are turned, give or take 170: the bounds are nine times as wide.
     */
    size_t turned = inversions(order, of_opinion);
    assert_true(turned > 950 && turned < 3900);
    node_close(node);
}

static void a_later_day_takes_the_place_and_the_queue_is_bounded(void **state)
{
    (void)state;
    struct arena *arena _cleanup_arena_ = arena_create(0);
    struct node *node = serve();
    struct pubkey account, opinion;
    struct record_draft d;
    struct public all;
    struct store_read *read;
    size_t n;
    must(node_account_add(node, STR("bert"), STR("correct horse"), &account, &err));
    must(store_read_begin(node_store(node), &read, &err));
    assert_int_equal(node_opinion_key(read, &account, &opinion, &err), ERR_NOT_FOUND); /* made when needed */
    store_read_end(read);
    for (int i = 0; i < NODE_OPINIONS_WAITING; i++)
        choose(node, &account, i, "1");
    rating(&d, arena, 9999, "1", 0);
    assert_int_equal(node_opinion_put(node, &account, STR("one more"), &d.r, &err), ERR_LIMIT);
    choose(node, &account, 5, "0"); /* changing is possible all the same */
    record_draft_init(&d, arena, 1, 0);
    assert_int_equal(node_opinion_put(node, &account, STR("x"), &d.r, &err), ERR_INPUT);
    /* the account goes: nothing of what waited leaves, and the keeper forgets the key */
    must(store_read_begin(node_store(node), &read, &err));
    must(node_opinion_key(read, &account, &opinion, &err));
    store_read_end(read);
    must(node_opinion_leave(node, &account, NULL, &err));
    must(node_opinion_work(node, INT64_MAX / 2, &n, &err));
    assert_int_equal(n, 0);
    export_all(node, arena, &all);
    assert_int_equal(all.n, 0);
    struct keeper_key *keys;
    must(keeper_list(node_keeper(node, &err), arena, &keys, &n, &err));
    for (size_t i = 0; i < n; i++)
        assert_false(pubkey_eq(&keys[i].key, &opinion));
    node_close(node);
}

static void erasing_comes_later_and_under_the_opinion_key(void **state)
{
    (void)state;
    struct arena *arena _cleanup_arena_ = arena_create(0);
    struct node *node = serve();
    struct pubkey account;
    struct public all;
    size_t n;
    int64_t now = clock_now(&clock_system);
    must(node_account_add(node, STR("cleo"), STR("correct horse"), &account, &err));
    choose(node, &account, 1, "1");
    must(node_opinion_work(node, now + 9 * DAY, &n, &err));
    assert_int_equal(n, 1);
    choose(node, &account, 1, "1"); /* as if the node had died between publishing and noting it */
    must(node_opinion_work(node, now + 9 * DAY, &n, &err));
    export_all(node, arena, &all);
    assert_int_equal(all.n, 1);
    must(node_opinion_leave(node, &account, "ALL_RELAYS", &err));
    must(node_opinion_work(node, now + DAY / 2, &n, &err));
    assert_int_equal(n, 0);
    struct store_read *read;
    struct pubkey opinion;
    must(store_read_begin(node_store(node), &read, &err));
    assert_int_equal(node_opinion_key(read, &account, &opinion, &err), ERR_NOT_FOUND);
    store_read_end(read);
    export_all(node, arena, &all);
    assert_int_equal(all.n, 1);
    node_close(node);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_public_links_the_keys, fresh, gone),
        cmocka_unit_test_setup_teardown(a_later_day_takes_the_place_and_the_queue_is_bounded, fresh, gone),
        cmocka_unit_test_setup_teardown(erasing_comes_later_and_under_the_opinion_key, fresh, gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
