/* execute.c: what filters show, hide and explain: worked out by hand, and against a plain reckoning over
 * random pools. */
#include "rating/pool.h"

#define TEXT "one two three four five six seven eight nine ten eleven twelve"
#define OTHER "quite another text stands here now and it sells you pills cheap"
#define HOUR 3600
#define AT (T0 + 10 * HOUR)

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

/* ---- saying what is there in a line, and what comes out in a line */

static const char *at5(struct world *w, const char *d)
{
    return address_text(w, 30023, 5, d);
}

/* "2 worth 1, 3 junk 0.5": who rates the article d of key 5 how. */
static void rate(struct world *w, const char *d, const char *ratings)
{
    struct str rest = str_of(ratings), one;
    while (str_cut(&rest, ',', &one)) {
        char dimension[32], value[32];
        int who;
        assert_int_equal(sscanf(arena_strz(w->arena, one), "%d %31s %31s", &who, dimension, value), 3);
        assert_int_equal(put(w, rating(w, who, at5(w, d), NULL, dimension, value, T0 + 5 * HOUR)), STORE_NEW);
    }
}

static void write_article(struct world *w, const char *d, int hour)
{
    assert_int_equal(put(w, article(w, 5, d, T0 + hour * HOUR, d, TEXT, 0)), STORE_NEW);
}

static const struct recipe *parse(struct world *w, const char *json)
{
    struct err err;
    struct recipe *r = ARENA_NEW(w->arena, struct recipe);
    if (recipe_ready_made(str_of(json)))
        return recipe_ready_made(str_of(json));
    if (recipe_parse(w->arena, str_of(json), r, &err))
        fail_msg("%s: %s", json, err.what);
    return r;
}

static struct store_read *begin(struct world *w)
{
    struct store_read *read;
    struct err err;
    assert_int_equal(store_read_begin(w->store, &read, &err), 0);
    return read;
}

static struct str last_of(struct str coordinate)
{
    size_t at = coordinate.n;
    while (at && coordinate.p[at - 1] != ':')
        at--;
    return str_slice(coordinate, at, coordinate.n);
}

static void add_result(const struct filter_result *result, struct buf *out)
{
    for (size_t i = 0; i < result->n; i++) {
        buf_addf(out, "%s%.*s=", i ? " " : "", STR_ARG(last_of(result->items[i].coordinate)));
        score_format(result->items[i].score, out);
        if (result->items[i].rule_name.n)
            buf_addf(out, "!%.*s", STR_ARG(result->items[i].rule_name));
    }
    buf_addz(out, " |");
    for (size_t i = 0; i < result->hidden_count; i++)
        buf_addf(out, " %.*s:%llu", STR_ARG(result->hidden[i].rule), (unsigned long long)result->hidden[i].n);
}

static struct str run(struct world *w, const struct filter_run *run)
{
    struct store_read *read = begin(w);
    struct filter_result result;
    struct err err;
    if (filter_execute(read, NULL, w->arena, run, &result, &err))
        fail_msg("%s", err.what);
    struct buf out _cleanup_buf_ = BUF_INIT;
    add_result(&result, &out);
    uint64_t hidden = 0;
    for (size_t i = 0; i < result.hidden_count; i++)
        hidden += result.hidden[i].n;
    buf_addf(&out, " of %llu", (unsigned long long)(result.passed + hidden));
    store_read_end(read);
    return arena_str(w->arena, buf_str(&out));
}

/* What key 1 is shown. */
static struct str shown(struct world *w, const char *recipe)
{
    struct pubkey me = key_of(1);
    return run(w, &(struct filter_run){.recipe = parse(w, recipe), .reader = &me, .at = AT, .limit = 50});
}

static struct str hidden(struct world *w, const char *recipe, const char *rule, size_t offset, size_t limit)
{
    struct pubkey me = key_of(1);
    return run(w, &(struct filter_run){.recipe = parse(w, recipe),
                      .reader = &me,
                      .at = AT,
                      .offset = offset,
                      .limit = limit,
                      .hidden_rule = str_of(rule)});
}

/* 1 trusts 2 fully and 3 at 0.8; 2 trusts 4 fully, who thereby has 0.25. Half of 1.8 must support. */
static void fill(struct world *w)
{
    put(w, trust(w, 1, "widenet.trust", "2=1 3=0.8", T0));
    put(w, trust(w, 2, "widenet.trust", "4=1", T0));
    static const char *const letters[] = {"a", "b", "c", "d", "e", "f", "h"};
    for (size_t i = 0; i < 7; i++)
        write_article(w, letters[i], 1);
    put(w, article(w, 5, "g", T0, "g", TEXT, T0 - 200 * HOUR));
    rate(w, "a", "2 worth 1");
    rate(w, "b", "3 worth 1,4 worth 0,9 worth 0,9 accurate 0");
    rate(w, "c", "4 worth 1,4 accurate 1,6 worth 1");
    rate(w, "d", "2 worth 0.5");
    rate(w, "e", "2 worth 1,2 accurate 0");
    rate(w, "f", "2 worth 1,2 junk 0.75");
    rate(w, "g", "2 worth 1,3 worth 1");
}

static void by_hand(void **state)
{
    struct world *w = *state;
    fill(w);
    /* a: 1/(1+1). b: (0.8 − 0.25)/(1 + 1.05). c: support 0.25. d: 0. e: 0.5 − 0.5·0.5, accurate −0.5.
     * f: 0.5 − 0.25, junk 0.25. g: too old. h: nobody. */
    assert_str(shown(w, "newsworthy"),
        "a=0.500000 b=0.268293 | window:1 support:2 quality:1 floor:accurate:1 ceiling:junk:1 of 8");
    assert_str(shown(w, "everything"), "a=0.000000 b=0.000000 c=0.000000 d=0.000000 e=0.000000 f=0.000000 "
                                       "h=0.000000 g=0.000000 | of 8");
    /* g: 1.8/2.8, but 200 hours before the others. e: 0.5 − 0.5 = 0 stays. f: 0.5 − 2·0.25 = 0. */
    assert_str(shown(w, "trusted"), "a=0.500000 b=0.268293 g=0.642857 d=0.000000 e=0.000000 f=0.000000 | "
                                    "support:2 of 8");
    assert_str(shown(w, "{\"dimensions\":{\"worth\":{\"coefficient\":1}},\"order\":\"quality\",\"depth\":0}"),
        "g=0.642857 a=0.500000 e=0.500000 f=0.500000 d=0.000000 | support:3 of 8");
    assert_str(hidden(w, "newsworthy", "support", 0, 50),
        "c=0.300000!support h=0.000000!support | window:1 "
        "support:2 quality:1 floor:accurate:1 ceiling:junk:1 of 8");
    assert_str(hidden(w, "newsworthy", "support", 1, 1),
        "h=0.000000!support | window:1 support:2 quality:1 floor:accurate:1 ceiling:junk:1 of 8");
    assert_true(str_starts(hidden(w, "newsworthy", "window", 0, 50), STR("g=0.000000!window |")));
    assert_true(
        str_starts(hidden(w, "newsworthy", "floor:accurate", 0, 50), STR("e=0.250000!floor:accurate |")));
    /* Another order of the same records, and of numbers: the same. */
    assert_int_equal(store_rebuild(w->store, NULL), 0);
    assert_str(shown(w, "newsworthy"),
        "a=0.500000 b=0.268293 | window:1 support:2 quality:1 floor:accurate:1 ceiling:junk:1 of 8");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(by_hand, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
