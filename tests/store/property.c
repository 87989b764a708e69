/* property.c: the same random life on both back ends ends in the same pool, rooms and search; and again after
 * a rebuild. The seed is fixed. */
#include "base/time.h"
#include "fixture.h"

#define STEPS 300

struct pair {
    struct world *lite, *memory;
    struct record **made;
    size_t n;
    struct seeded dice;
};

static int setup(void **state)
{
    struct pair *p = calloc(1, sizeof *p);
    p->lite = calloc(1, sizeof *p->lite);
    p->memory = calloc(1, sizeof *p->memory);
    world_open(p->lite, false);
    world_open(p->memory, true);
    p->made = calloc(STEPS + 1, sizeof *p->made);
    *state = p;
    return 0;
}

static int teardown(void **state)
{
    struct pair *p = *state;
    world_close(p->lite);
    world_close(p->memory);
    free(p->lite);
    free(p->memory);
    free(p->made);
    free(p);
    return 0;
}

static struct record *random_record(struct pair *p)
{
    static const char *const words[] = {"red", "green", "blue", "red green", "green blue", "strike", "court"};
    static const uint32_t kinds[] = {1, 1, 0, 30023, 30023, 30023, 30023, 5, 5, 62, 34700};
    struct world *w = p->lite;
    struct seeded *s = &p->dice;
    uint32_t kind = kinds[seeded_below(s, sizeof kinds / sizeof *kinds)];
    int who = 1 + (int)seeded_below(s, 3);
    int64_t created_at = w->now - 40 + (int64_t)seeded_below(s, 41);
    const char *word = words[seeded_below(s, 7)];
    struct str d = arena_printf(w->arena, "d=%c", (int)('a' + seeded_below(s, 3)));
    if (kind == 5) {
        const struct record *target = p->n ? p->made[seeded_below(s, p->n)] : NULL;
        struct str e = target && seeded_below(s, 2)
                           ? arena_printf(w->arena, "e=%s", record_hex(w, target))
                           : arena_printf(w->arena, "a=%s", address_text(w, 30023, who, d.p + 2));
        return make(w, 5, created_at, target && seeded_below(s, 4) ? 1 + (int)seeded_below(s, 3) : who, word,
            e.p, NULL);
    }
    if (kind == 62) {
        if (seeded_below(s, 4))
            kind = 1;
        else
            return make(w, 62, created_at - 20, who, word,
                seeded_below(s, 2) ? "relay=ALL_RELAYS" : "relay=wss://node.example", NULL);
    }
    struct str title = arena_printf(w->arena, "title=%s", word), t = arena_printf(w->arena, "t=%s", word);
    struct str last = seeded_below(s, 6) ? STR("x=y")
                                         : arena_printf(w->arena, "expiration=%ld",
                                               (long)(w->now + 1 + (int64_t)seeded_below(s, 30)));
    return make(w, kind, created_at, who, word, d.p, title.p, t.p, last.p, NULL);
}

/* The applier sweeps in its own time, so what it lacks may still come. */
static void same(const char *(*look)(struct world *w, const char *query), struct pair *p, const char *query)
{
    uint64_t told = world_told(p->lite);
    const char *want = look(p->memory, query), *got = look(p->lite, query);
    while (strcmp(got, want) && world_hears(p->lite, &told))
        got = look(p->lite, query);
    if (strcmp(got, want))
        fail_msg("%s: SQLite has \"%s\", memory \"%s\"", query, got, want);
}

static const char *rows(struct world *w, const char *query)
{
    return trial(w);
}

static const char *with_old(struct world *w, const char *query)
{
    return find_flags(w, query, STORE_OLD_TOO);
}

static void compare(struct pair *p)
{
    same(rows, p, "rows");
    same(find, p, "{}");
    same(with_old, p, "{\"limit\":40}");
    same(find, p, "{\"kinds\":[1,30023],\"limit\":7}");
    same(find, p, "{\"#t\":[\"red\",\"strike\",\"blue\"],\"limit\":9}");
    same(find, p,
        arena_printf(p->lite->arena, "{\"authors\":[\"%s\",\"%s\"],\"kinds\":[1,5,0]}", key_hex(p->lite, 1),
            key_hex(p->lite, 3))
            .p);
    same(find, p,
        arena_printf(p->lite->arena, "{\"authors\":[\"%s\"],\"since\":%ld}", key_hex(p->lite, 2),
            (long)p->lite->now - 20)
            .p);
    same(search_newest, p, "red");
    same(search_newest, p, "green -red");
    same(search_newest, p, "\"green blue\"");
    same(search_newest, p, "tag:strike");
}

static void step(struct pair *p)
{
    struct seeded *s = &p->dice;
    if (seeded_below(s, 12) == 0) {
        int64_t later = p->lite->now + (int64_t)seeded_below(s, 15);
        p->lite->now = later;
        p->memory->now = later;
        compare(p); /* so that both have swept before the next record comes */
        return;
    }
    if (p->n && seeded_below(s, 40) == 0) {
        const struct record *r = p->made[seeded_below(s, p->n)];
        int64_t until = p->lite->now - 25;
        bool key = seeded_below(s, 3) == 0;
        struct world *both[] = {p->lite, p->memory};
        for (size_t i = 0; i < 2; i++)
            assert_int_equal(key ? store_erase_key(both[i]->store, &r->pubkey, until, "", NULL)
                                 : store_erase_id(both[i]->store, &r->id, "", NULL),
                0);
        return;
    }
    struct record *r = p->n && seeded_below(s, 8) == 0 ? p->made[seeded_below(s, p->n)] : random_record(p);
    struct store_item one = {.record = r}, two = {.record = r};
    assert_int_equal(store_append(p->lite->store, &one, 1, NULL), 0);
    assert_int_equal(store_wait_applied(p->lite->store, store_last_seq(p->lite->store), 20000, NULL), 0);
    assert_int_equal(store_append(p->memory->store, &two, 1, NULL), 0);
    if (one.verdict != two.verdict || strcmp(one.reason, two.reason) ||
        one.seq * (one.verdict == STORE_NEW) != two.seq * (two.verdict == STORE_NEW))
        fail_msg("step %zu kind %u: SQLite says %d %lu %s, memory %d %lu %s", p->n, r->kind, one.verdict,
            (unsigned long)one.seq, one.reason, two.verdict, (unsigned long)two.seq, two.reason);
    p->made[p->n++] = r;
}

static void life(struct pair *p, uint64_t seed)
{
    p->dice.state = seed;
    for (int i = 0; i < STEPS; i++) {
        step(p);
        if (i % 10 == 9)
            compare(p);
    }
    struct world *both[] = {p->lite, p->memory};
    struct record *last = make(p->lite, 1, p->lite->now, 9, "last", NULL);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(put(both[i], last), STORE_NEW); /* whatever expired before it is swept by now */
        assert_rebuilds(both[i]->store);
    }
    compare(p);
}

static void test_life_1(void **state)
{
    life(*state, 1);
}

static void test_life_2(void **state)
{
    life(*state, 20261123);
}

static void test_life_3(void **state)
{
    const char *seed = getenv("WIDENET_SEED"); /* another one, to look further */
    life(*state, seed ? strtoull(seed, NULL, 10) : 777);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_life_1, setup, teardown),
        cmocka_unit_test_setup_teardown(test_life_2, setup, teardown),
        cmocka_unit_test_setup_teardown(test_life_3, setup, teardown),
    };
    return cmocka_run_group_tests_name("property", tests, NULL, NULL);
}
