/* short.c: tests the few words on why, and the judgement of articles found in another way, against the full
 * account; and that a run ends when whoever asked has lost patience. */
#include "rating/pool.h"

#define TEXT "one two three four five six seven eight nine ten eleven twelve"
#define HOUR 3600
#define AT (T0 + 10 * HOUR)
#define ARTICLES 24

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    world_open_with(w, false, pool_tables());
    w->now = AT;
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    world_close(*state);
    free(*state);
    return 0;
}

static const char *name_of(struct world *w, size_t i)
{
    return arena_printf(w->arena, "d%zu", i).p;
}

/* 1 trusts 2 and 3; 2 trusts 4; 9 is nobody to them. Ratings by a fixed seed. */
static void fill(struct world *w)
{
    static const char *const dimensions[] = {"worth", "accurate", "junk"};
    static const char *const values[] = {"0", "0.25", "0.75", "1"};
    static const int raters[] = {2, 3, 4, 9};
    uint32_t seed = 7;
    put(w, trust(w, 1, "widenet.trust", "2=1 3=0.8", T0));
    put(w, trust(w, 2, "widenet.trust", "4=1", T0));
    for (size_t i = 0; i < ARTICLES; i++) {
        put(w, article(w, 5, name_of(w, i), T0 + (i % 3 ? HOUR : -400 * HOUR), name_of(w, i), TEXT, 0));
        for (size_t k = 0; k < 12; k++) {
            seed = seed * 1103515245 + 12345;
            if (seed >> 16 & 1)
                put(w, rating(w, raters[k / 3], address_text(w, 30023, 5, name_of(w, i)), NULL,
                           dimensions[k % 3], values[seed >> 20 & 3], T0 + 5 * HOUR));
        }
    }
}

static void judges_as_the_full_account_does(void **state)
{
    struct world *w = *state;
    struct err err = {0};
    struct store_read *read;
    struct pubkey me = key_of(1);
    struct str coordinates[ARTICLES + 2];
    struct scored judged[ARTICLES + 2], full;
    struct why_short words[ARTICLES + 2];
    fill(w);
    for (size_t i = 0; i < ARTICLES; i++)
        coordinates[i] = str_of(address_text(w, 30023, 5, name_of(w, i)));
    coordinates[ARTICLES] = STR("30023:nobody:nothing");
    coordinates[ARTICLES + 1] = coordinates[0]; /* one may be asked for twice */
    assert_int_equal(store_read_begin(w->store, &read, &err), 0);
    for (const char *const *name = recipe_ready_made_names(); *name; name++) {
        struct filter_run run = {
            .recipe = recipe_ready_made(str_of(*name)), .reader = &me, .at = AT, .limit = 30};
        size_t shown = 0;
        if (filter_judge(read, NULL, w->arena, &run, coordinates, ARTICLES + 2, judged, words, &err))
            fail_msg("%s: %s", *name, err.what);
        for (size_t i = 0; i < ARTICLES; i++) {
            struct why *whys;
            size_t n;
            uint32_t raters = 0, seeds = 0;
            assert_int_equal(
                filter_explain(read, NULL, w->arena, &run, coordinates[i], &full, &whys, &n, &err), 0);
            assert_int_equal(judged[i].rule, full.rule);
            assert_true(str_eq(judged[i].rule_name, full.rule_name));
            assert_int_equal(judged[i].support, full.support);
            assert_int_equal(judged[i].seq, full.seq);
            shown += !full.rule;
            for (size_t k = 0; k < n; k++) {
                bool again = false;
                for (size_t before = 0; before < k; before++)
                    again |= pubkey_eq(&whys[before].rater, &whys[k].rater);
                raters += !again;
                seeds += !again && whys[k].path_length == 1;
            }
            assert_int_equal(words[i].raters, raters);
            assert_int_equal(words[i].seeds, seeds);
            if (raters && seeds)
                assert_true(pubkey_eq(&words[i].first, &whys[0].rater));
        }
        assert_int_equal(judged[ARTICLES].rule, RULE_WINDOW);
        assert_int_equal(judged[ARTICLES].subject, 0);
        assert_int_equal(judged[ARTICLES + 1].rule, judged[0].rule);
        struct filter_result result;
        assert_int_equal(filter_execute(read, NULL, w->arena, &run, &result, &err), 0);
        assert_int_equal(shown, result.passed);
        /* the words for a page are those for its articles */
        struct why_short page[30];
        assert_int_equal(
            filter_why_short(read, NULL, w->arena, &run, &result, result.items, result.n, page, &err), 0);
        for (size_t i = 0; i < result.n; i++)
            for (size_t k = 0; k < ARTICLES; k++)
                if (str_eq(result.items[i].coordinate, coordinates[k])) {
                    assert_int_equal(page[i].raters, words[k].raters);
                    assert_true(str_eq(page[i].dimension, words[k].dimension));
                    assert_int_equal(page[i].high, words[k].high);
                }
    }
    store_read_end(read);
}

static void says_first_that_it_is_good(void **state)
{
    struct world *w = *state;
    struct err err = {0};
    struct store_read *read;
    struct pubkey me = key_of(1);
    struct scored judged[2];
    struct why_short words[2];
    put(w, trust(w, 1, "widenet.trust", "2=1", T0));
    static const char *const rated[][3] = {
        {"good", "worth", "0.75"}, {"good", "junk", "0"}, {"plain", "junk", "0"}};
    put(w, article(w, 5, "good", T0, "good", TEXT, 0));
    put(w, article(w, 5, "plain", T0, "plain", TEXT, 0));
    for (size_t i = 0; i < 3; i++)
        put(w,
            rating(w, 2, address_text(w, 30023, 5, rated[i][0]), NULL, rated[i][1], rated[i][2], T0 + HOUR));
    struct str coordinates[] = {
        str_of(address_text(w, 30023, 5, "good")), str_of(address_text(w, 30023, 5, "plain"))};
    struct filter_run run = {
        .recipe = recipe_ready_made(STR("trusted")), .reader = &me, .at = AT, .limit = 30};
    assert_int_equal(store_read_begin(w->store, &read, &err), 0);
    assert_int_equal(filter_judge(read, NULL, w->arena, &run, coordinates, 2, judged, words, &err), 0);
    assert_true(str_eqz(words[0].dimension, "worth") && words[0].high);
    assert_true(str_eqz(words[1].dimension, "junk") && !words[1].high);
    store_read_end(read);
}

static bool out_of_patience(void *ctx)
{
    ++*(int *)ctx;
    return true;
}

static void ends_when_it_is_told_to(void **state)
{
    struct world *w = *state;
    struct err err = {0};
    struct store_read *read;
    struct pubkey me = key_of(1);
    struct filter_result result;
    int asked = 0;
    fill(w);
    struct filter_run run = {.recipe = recipe_ready_made(STR("trusted")),
        .reader = &me,
        .at = AT,
        .limit = 30,
        .stop = out_of_patience,
        .stop_ctx = &asked};
    assert_int_equal(store_read_begin(w->store, &read, &err), 0);
    assert_int_equal(filter_execute(read, NULL, w->arena, &run, &result, &err), ERR_LIMIT);
    assert_int_equal(asked, 1);
    struct recipe everyone = {.sources = SOURCES_EVERYONE, .halflife = 48, .has_support = true, .support = 1};
    run.recipe = &everyone;
    assert_int_equal(filter_execute(read, NULL, w->arena, &run, &result, &err), ERR_LIMIT);
    store_read_end(read);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(judges_as_the_full_account_does, setup, teardown),
        cmocka_unit_test_setup_teardown(says_first_that_it_is_good, setup, teardown),
        cmocka_unit_test_setup_teardown(ends_when_it_is_told_to, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
