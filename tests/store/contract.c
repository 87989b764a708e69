/* contract.c: what every back end of the store must do; runs on SQLite and in memory. */
#include "fixture.h"

static bool in_memory;

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    world_open(w, in_memory);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    world_close(*state);
    free(*state);
    return 0;
}

static void test_append_and_find(void **state)
{
    struct world *w = *state;
    struct record *a = make(w, 1, T0 - 30, 1, "a", "t=red", NULL),
                  *b = make(w, 1, T0 - 20, 2, "b", "t=blue", NULL);
    assert_int_equal(put(w, a), STORE_NEW);
    assert_int_equal(put(w, b), STORE_NEW);
    assert_int_equal(put(w, make(w, 7, T0 - 10, 1, "c", NULL)), STORE_NEW);
    assert_int_equal(put(w, a), STORE_DUPLICATE);
    assert_int_equal(store_last_seq(w->store), 3);
    assert_found(find(w, "{}"), "c b a");
    assert_found(find(w, "{\"kinds\":[1]}"), "b a");
    assert_found(find(w, "{\"kinds\":[1],\"limit\":1}"), "b");
    assert_found(find(w, "{\"limit\":0}"), "");
    assert_found(find(w, "{\"#t\":[\"red\",\"green\"]}"), "a");
    assert_found(find(w, "{\"#t\":[\"red\",\"blue\"]}"), "b a");
    assert_found(find(w, arena_printf(w->arena, "{\"authors\":[\"%s\"]}", key_hex(w, 1)).p), "c a");
    assert_found(
        find(w, arena_printf(w->arena, "{\"authors\":[\"%s\"],\"kinds\":[7]}", key_hex(w, 1)).p), "c");
    assert_found(find(w, arena_printf(w->arena, "{\"authors\":[\"%s\"]}", key_hex(w, 5)).p), "");
    assert_found(find(w, arena_printf(w->arena, "{\"ids\":[\"%s\"]}", record_hex(w, b)).p), "b");
    assert_found(find(w, "{\"ids\":[]}"), "");
    assert_found(find(w, "{\"since\":1699999980,\"until\":1699999985}"), "b");
}

static void test_replace(void **state)
{
    struct world *w = *state;
    struct record *one = make(w, 30023, T0 - 30, 1, "one", "d=x", "title=One", NULL);
    struct record *two = make(w, 30023, T0 - 20, 1, "two", "d=x", "title=Two", NULL);
    struct record *late = make(w, 30023, T0 - 25, 1, "late", "d=x", "title=Late", NULL);
    assert_int_equal(put(w, one), STORE_NEW);
    assert_found(trial(w), "x=One*1");
    assert_int_equal(put(w, two), STORE_NEW);
    assert_int_equal(put(w, late), STORE_NEW);
    assert_found(trial(w), "x=Two*3");
    assert_found(find(w, "{}"), "two");
    assert_found(find_flags(w, "{}", STORE_OLD_TOO), "two late one");
    assert_found(find(w, arena_printf(w->arena, "{\"ids\":[\"%s\"]}", record_hex(w, one)).p), "one");
    assert_found(search(w, "one"), "");
    assert_found(search(w, "two"), "Two");
    struct store_read *r;
    struct store_found f;
    struct address a = {30023, key_of(1), STR("x")};
    assert_int_equal(store_read_begin(w->store, &r, NULL), 0);
    assert_int_equal(store_get_address(r, w->arena, &a, &f, NULL), 0);
    assert_str(f.record.content, "two");
    a.d = STR("y");
    assert_int_equal(store_get_address(r, w->arena, &a, &f, NULL), ERR_NOT_FOUND);
    store_read_end(r);
}

static void test_delete(void **state)
{
    struct world *w = *state;
    struct record *one = make(w, 30023, T0 - 30, 1, "one", "d=x", "title=One", NULL);
    struct record *note = make(w, 1, T0 - 30, 1, "note", NULL);
    put(w, one);
    put(w, note);
    struct str e = arena_printf(w->arena, "e=%s", record_hex(w, note));
    put(w, make(w, 5, T0 - 5, 2, "no", e.p, NULL)); /* somebody else's word counts nothing */
    assert_found(find(w, "{\"kinds\":[1]}"), "note");
    put(w, make(w, 5, T0 - 5, 1, "yes", e.p, NULL));
    assert_found(find(w, "{\"kinds\":[1]}"), "");
    assert_int_equal(get_code(w, note), ERR_GONE);
    assert_string_equal(put_reason(w, note), "blocked: deleted by its author");
    struct str a = arena_printf(w->arena, "a=%s", address_text(w, 30023, 1, "x"));
    struct record *deletion = make(w, 5, T0 - 20, 1, "gone", a.p, NULL);
    put(w, deletion);
    assert_found(trial(w), "");
    assert_found(search(w, "one"), "");
    assert_string_equal(
        put_reason(w, make(w, 30023, T0 - 21, 1, "older", "d=x", NULL)), "blocked: deleted by its author");
    struct str again = arena_printf(w->arena, "e=%s", record_hex(w, deletion));
    put(w, make(w, 5, T0 - 4, 1, "undo", again.p, NULL));
    assert_int_equal(get_code(w, deletion), 0);
    assert_int_equal(put(w, make(w, 30023, T0 - 10, 1, "newer", "d=x", "title=Newer", NULL)), STORE_NEW);
    assert_found(search(w, "newer"), "Newer");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_append_and_find, setup, teardown),
        cmocka_unit_test_setup_teardown(test_replace, setup, teardown),
        cmocka_unit_test_setup_teardown(test_delete, setup, teardown),
    };
    return cmocka_run_group_tests_name("sqlite", tests, NULL, NULL);
}
