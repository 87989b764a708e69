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

/* ---- rules that look at the article */

static struct record *piece(
    struct world *w, const char *d, const char *language, const char *topic, const char *origin)
{
    struct record *r = make(w, 30023, T0 + HOUR, 5, TEXT, arena_printf(w->arena, "d=%s", d).p,
        arena_printf(w->arena, "title=%s", d).p, arena_printf(w->arena, "l=%s\x1fISO-639-1", language).p,
        arena_printf(w->arena, "t=%s", topic).p, origin ? arena_printf(w->arena, "A=%s", origin).p : NULL,
        NULL);
    assert_int_equal(put(w, r), STORE_NEW);
    return r;
}

static void what_it_is(void **state)
{
    struct world *w = *state;
    put(w, trust(w, 1, "widenet.trust", "2=1 3=1", T0));
    piece(w, "pt", "pt", "Rent", NULL);
    piece(w, "br", "pt-BR", "trams", NULL);
    piece(w, "en", "en", "École", NULL);
    put(w, article(w, 6, "other", T0 + HOUR, "other", TEXT, 0));
    static const char *const letters[] = {"pt", "br", "en"};
    for (size_t i = 0; i < 3; i++)
        rate(w, letters[i], "2 worth 1,3 worth 1");
    put(w, rating(w, 2, address_text(w, 30023, 6, "other"), NULL, "worth", "1", T0 + 2 * HOUR));
    assert_true(
        str_starts(shown(w, "{\"languages\":[\"pt\"]}"), STR("br=0.000000 pt=0.000000 | languages:2 of 4")));
    assert_true(str_ends(
        shown(w, "{\"tags\":[\" #ÉCOLE\",\"rent\"]}"), STR("en=0.000000 pt=0.000000 | tags:1 of 4")));
    assert_true(str_starts(shown(w, "{\"without_tags\":[\"RENT\"],\"tags\":[\"rent\",\"trams\"]}"),
        STR("br=0.000000 | tags:1 without_tags:2 of 4")));
    assert_true(str_starts(shown(w, "{\"tags\":[\"nobody has this\"]}"), STR(" | tags:4 of 4")));
    const char *without =
        arena_printf(w->arena, "{\"without_authors\":[\"%s\",\"%s\"]}", key_hex(w, 5), key_hex(w, 9)).p;
    assert_str(shown(w, without), "other=0.000000 | without_authors:3 of 4");
}

static void one_of_each_lineage(void **state)
{
    struct world *w = *state;
    put(w, trust(w, 1, "widenet.trust", "2=1 3=1", T0));
    piece(w, "first", "en", "rent", NULL);
    const char *origin = at5(w, "first");
    piece(w, "second", "en", "rent", origin);
    piece(w, "third", "en", "rent", origin);
    piece(w, "alone", "en", "rent", NULL);
    rate(w, "first", "2 worth 0.6,3 worth 0.6");
    rate(w, "second", "2 worth 0.9,3 worth 0.9");
    rate(w, "third", "2 worth 0.9,3 worth 0.9");
    rate(w, "alone", "2 worth 0.55,3 worth 0.6");
    const char *recipe =
        "{\"dimensions\":{\"worth\":{\"coefficient\":1}},\"order\":\"quality\",\"one_per_lineage\":%s}";
    assert_str(shown(w, arena_printf(w->arena, recipe, "false").p),
        "second=0.533333 third=0.533333 first=0.133333 alone=0.100000 | of 4");
    assert_str(shown(w, arena_printf(w->arena, recipe, "true").p),
        "second=0.533333 alone=0.100000 | lineage:2 of 4");
    assert_true(str_starts(hidden(w, arena_printf(w->arena, recipe, "true").p, "lineage", 0, 9),
        STR("first=0.133333!lineage third=0.533333!lineage |")));
}

/* ---- what counts */

static void only_what_stands_counts(void **state)
{
    struct world *w = *state;
    put(w, trust(w, 1, "widenet.trust", "2=1 3=1 5=1 1=1", T0));
    const char *recipe = "{\"depth\":0,\"dimensions\":{\"worth\":{\"coefficient\":1}},\"order\":\"quality\"}";
    struct record *first = article(w, 5, "swapped", T0 + HOUR, "swapped", TEXT, 0);
    put(w, first);
    rate(w, "swapped", "2 worth 1,3 worth 1");
    write_article(w, "agreed", 1);
    rate(w, "agreed", "2 agree 1,3 agree 1");
    write_article(w, "later", 1);
    put(w, rating(w, 2, at5(w, "later"), NULL, "worth", "1", AT + 1));
    put(w, rating(w, 3, at5(w, "later"), NULL, "worth", "1", AT + 900));
    /* Of its own author: counts, because the reader trusts the author. The reader's own does not. */
    write_article(w, "own", 1);
    rate(w, "own", "5 worth 1,2 worth 1,1 worth 0,9 worth 0");
    assert_str(shown(w, recipe), "own=0.666667 swapped=0.666667 | support:2 of 4");
    /* Another text in its place: the ratings stay with the old one, and are shown as that. */
    put(w, article(w, 5, "swapped", T0 + 6 * HOUR, "swapped", OTHER, 0));
    assert_str(shown(w, recipe), "own=0.666667 | support:3 of 4");
    struct pubkey me = key_of(1);
    struct filter_run run = {.recipe = parse(w, recipe), .reader = &me, .at = AT};
    struct store_read *read = begin(w);
    struct scored item;
    struct why *why;
    size_t n;
    struct err err;
    assert_int_equal(
        filter_explain(read, NULL, w->arena, &run, str_of(at5(w, "swapped")), &item, &why, &n, &err), 0);
    assert_str(item.rule_name, "support");
    assert_int_equal(n, 2);
    assert_true(why[0].behind && why[1].behind);
    assert_int_equal(
        filter_explain(read, NULL, w->arena, &run, str_of(at5(w, "never")), &item, &why, &n, &err),
        ERR_NOT_FOUND);
    /* Earlier, with the same records. */
    run.at = T0 - 1;
    struct filter_result result;
    run.limit = 9;
    assert_int_equal(filter_execute(read, NULL, w->arena, &run, &result, &err), 0);
    assert_int_equal(result.passed + result.hidden_count, 0);
    run.limit = 501;
    assert_int_equal(filter_execute(read, NULL, w->arena, &run, &result, &err), ERR_LIMIT);
    store_read_end(read);
}

static void disputed(void **state)
{
    struct world *w = *state;
    put(w, trust(w, 1, "widenet.trust", "2=1 3=1 4=0.5", T0));
    static const char *const letters[] = {"alike", "one", "torn", "mild", "apart"};
    for (size_t i = 0; i < 5; i++)
        write_article(w, letters[i], 1);
    rate(w, "alike", "2 worth 1,3 worth 1");
    rate(w, "one", "2 worth 1,2 accurate 0,3 clear 1");
    rate(w, "torn", "2 worth 1,3 worth 0");
    rate(w, "mild", "2 worth 0.8,3 worth 0.2");
    rate(w, "apart", "2 accurate 0.9,3 accurate 0.2,4 accurate 0.1");
    /* torn: 2/(1+2). apart: about 1.23/3.5. mild: 0.72/3. alike: 0. one: no two raters in one dimension. */
    assert_str(
        shown(w, "disputed"), "torn=0.000000 apart=-0.057143 mild=0.000000 alike=0.666667 | support:1 of 5");
}

/* ---- whose ratings */

static void sources(void **state)
{
    struct world *w = *state;
    fill(w);
    assert_str(
        shown(w, "{\"sources\":\"everyone\",\"support\":2,\"dimensions\":{\"worth\":{\"coefficient\":1}},"
                 "\"order\":\"quality\"}"),
        "c=0.666667 g=0.666667 b=-0.250000 | support:5 of 8");
    /* Default of everyone: 1.6. */
    assert_true(str_ends(shown(w, "{\"sources\":\"everyone\"}"), STR("| support:5 of 8")));
    const char *list = arena_printf(w->arena,
        "{\"sources\":[{\"rater\":\"%s\",\"weight\":0.5}],\"depth\":%%d,\"order\":\"quality\","
        "\"dimensions\":{\"worth\":{\"coefficient\":1}}}",
        key_hex(w, 2))
                           .p;
    /* 2 alone at a half: half of that must support; 4 is reached with a quarter and keeps an eighth. */
    struct buf json _cleanup_buf_ = BUF_INIT;
    buf_addf(&json, list, 0);
    assert_str(shown(w, json.p), "a=0.333333 e=0.333333 f=0.333333 g=0.333333 d=0.000000 | support:3 of 8");
    /* A private list stands before the published one; others see the published. */
    struct trust_entry own = {key_of(3), WEIGHT_ONE, STR("Kim")};
    struct pubkey me = key_of(1);
    struct err err;
    const char *recipe = "{\"dimensions\":{\"worth\":{\"coefficient\":1}},\"order\":\"quality\"}";
    struct str before = shown(w, recipe);
    assert_int_equal(trust_private_keep(w->store, &me, &own, 1, &err), 0);
    assert_str(shown(w, recipe), "b=0.500000 g=0.500000 | support:6 of 8");
    assert_str(run(w,
                   &(struct filter_run){
                       .recipe = parse(w, recipe), .reader = &me, .at = AT, .limit = 50, .published = true}),
        arena_strz(w->arena, before));
    assert_int_equal(trust_private_keep(w->store, &me, NULL, 0, &err), 0);
    assert_str(shown(w, recipe), arena_strz(w->arena, before));
    own.weight = WEIGHT_ONE + 1;
    assert_int_equal(trust_private_keep(w->store, &me, &own, 1, &err), ERR_INPUT);
    /* Nobody, and somebody whom nobody knows. */
    assert_str(run(w, &(struct filter_run){.recipe = parse(w, "trusted"), .at = AT, .limit = 50}),
        " | support:8 of 8");
    me = key_of(200);
    assert_str(
        run(w, &(struct filter_run){.recipe = parse(w, "trusted"), .reader = &me, .at = AT, .limit = 50}),
        " | support:8 of 8");
}

static void why_with_paths(void **state)
{
    struct world *w = *state;
    fill(w);
    struct pubkey me = key_of(1), rater = key_of(4), ben = key_of(2);
    struct filter_run run = {.recipe = parse(w, "newsworthy"), .reader = &me, .at = AT, .limit = 50};
    struct store_read *read = begin(w);
    struct filter_result result;
    struct err err;
    struct why *why;
    size_t n, raters;
    assert_int_equal(filter_execute(read, NULL, w->arena, &run, &result, &err), 0);
    assert_int_equal(result.weights.n, 3);
    assert_int_equal(
        filter_why(read, NULL, w->arena, &run, &result, &result.items[1], 0, &why, &n, &raters, &err), 0);
    assert_int_equal(n, 2); /* 9 has no weight */
    assert_int_equal(raters, 2);
    assert_true(pubkey_eq(&why[1].rater, &rater) && pubkey_eq(&why[1].path[0], &ben) &&
                pubkey_eq(&why[1].path[1], &rater));
    assert_int_equal(why[1].path_length, 2);
    assert_true(why[1].weight == WEIGHT_ONE / 4);
    assert_str(why[1].dimension, "worth");
    assert_int_equal(why[1].value, 0);
    assert_str(why[1].reason, "because");
    assert_int_equal(
        filter_why(read, NULL, w->arena, &run, &result, &result.items[1], 1, &why, &n, NULL, &err), 0);
    assert_int_equal(n, 1);
    struct trust_entry *own;
    struct trust_path *paths;
    bool is_private;
    assert_int_equal(trust_own(read, w->arena, &me, &own, &n, &is_private, &err), 0);
    assert_int_equal(n, 2);
    assert_false(is_private);
    size_t count;
    assert_int_equal(trust_paths(read, w->arena, &me, own, n, 3, &rater, 10, &paths, &count, &err), 0);
    assert_int_equal(count, 1);
    assert_int_equal(paths[0].length, 2);
    assert_true(paths[0].weight == WEIGHT_ONE / 4);
    rater = key_of(99);
    assert_int_equal(trust_paths(read, w->arena, &me, own, n, 3, &rater, 10, &paths, &count, &err), 0);
    assert_int_equal(count, 0);
    store_read_end(read);
}

static void filter_record(struct world *w, int who, const char *d, const char *recipe)
{
    assert_int_equal(put(w, make(w, KIND_FILTER, T0, who, recipe, arena_printf(w->arena, "d=%s", d).p,
                                arena_printf(w->arena, "name=%s of %d", d, who).p, NULL)),
        STORE_NEW);
}

static void missed(void **state)
{
    struct world *w = *state;
    fill(w);
    assert_true(str_starts(shown(w, "missed"), STR(" | window:1 missed:7 of 8")));
    /* 2 and 3 publish filters; those of 9, whom 1 does not trust, are not asked. */
    filter_record(w, 2, "all", "{\"sources\":\"everyone\",\"support\":0}");
    filter_record(w, 3, "all", "{\"sources\":\"everyone\",\"support\":0}");
    filter_record(w, 9, "all", "{\"sources\":\"everyone\",\"support\":0}");
    filter_record(w, 9, "more", "{\"sources\":\"everyone\",\"support\":0}");
    filter_record(w, 2, "broken", "{\"sources\":\"everyone\",\"support\":nothing}");
    filter_record(w, 2, "asks", "{\"missed\":1,\"support\":0}");
    assert_true(str_starts(shown(w, "missed"), STR(" | window:1 missed:7 of 8")));
    filter_record(w, 2, "rated", "{\"sources\":\"everyone\",\"support\":1}");
    /* All but h, which nobody rated, and a and b, which newsworthy shows. */
    assert_str(shown(w, "missed"), "c=0.400000 d=0.000000 e=0.000000 f=0.500000 | window:1 missed:3 of 8");
}

/* ---- over the columns, with weights kept from run to run */

static struct str over(struct world *w, struct rating_index *index, const struct filter_run *run)
{
    struct store_read *read = begin(w);
    struct err err;
    struct filter_result result;
    struct buf out _cleanup_buf_ = BUF_INIT;
    if (index && rating_index_wait(index, store_read_seq(read), 60000, &err))
        fail_msg("%s", err.what);
    if (filter_execute(read, index, w->arena, run, &result, &err))
        fail_msg("%s", err.what);
    add_result(&result, &out);
    for (size_t i = 0; i < result.n; i++) {
        struct why *why;
        size_t n;
        assert_int_equal(
            filter_why(read, index, w->arena, run, &result, &result.items[i], 0, &why, &n, NULL, &err), 0);
        for (size_t k = 0; k < n; k++)
            buf_addf(&out, " %02x%02x %llu %u", why[k].rater.b[0], why[k].path[0].b[0],
                (unsigned long long)why[k].weight, why[k].value);
    }
    store_read_end(read);
    return arena_str(w->arena, buf_str(&out));
}

static void assert_columns_alike(struct world *w, struct rating_index *index)
{
    for (int who = 0; who < 4; who++)
        for (const char *const *name = recipe_ready_made_names(); *name; name++) {
            struct pubkey me = key_of(who);
            struct filter_run run = {
                .recipe = recipe_ready_made(str_of(*name)), .reader = who ? &me : NULL, .at = AT, .limit = 5};
            for (run.offset = 0; run.offset < 10; run.offset += 4) {
                struct str plain = over(w, NULL, &run);
                assert_str(over(w, index, &run), arena_strz(w->arena, plain));
                assert_str(over(w, index, &run), arena_strz(w->arena, plain)); /* from what is kept */
            }
        }
}

static void over_columns(void **state)
{
    struct world *w = *state;
    struct rating_index *index;
    struct err err;
    fill(w);
    assert_int_equal(rating_index_open(w->store, w->directory, &index, &err), 0);
    assert_columns_alike(w, index);
    struct pubkey me = key_of(1);
    const struct filter_run run = {
        .recipe = recipe_ready_made(STR("trusted")), .reader = &me, .at = AT, .limit = 50};
    struct str before = over(w, index, &run);
    /* Somebody further on trusts somebody else: seen at once. */
    put(w, trust(w, 2, "widenet.trust", "6=1", T0 + 9));
    assert_false(str_eq(before, over(w, index, &run)));
    assert_columns_alike(w, index);
    put(w, trust(w, 2, "widenet.trust", "4=1", T0 + 10));
    assert_str(over(w, index, &run), arena_strz(w->arena, before));
    /* A private list comes and goes. */
    struct trust_entry own[] = {{key_of(3), WEIGHT_ONE, STR("")}, {key_of(77), WEIGHT_ONE, STR("")}};
    assert_int_equal(trust_private_keep(w->store, &me, own, 2, &err), 0);
    assert_columns_alike(w, index);
    struct str strange = over(w, index, &run);
    rate(w, "h", "77 worth 1,3 worth 1"); /* a key that nobody had met */
    assert_false(str_eq(strange, over(w, index, &run)));
    assert_columns_alike(w, index);
    assert_int_equal(trust_private_keep(w->store, &me, NULL, 0, &err), 0);
    assert_columns_alike(w, index);
    rating_index_close(index);
}

static void nearest_and_compared(void **state)
{
    struct world *w = *state;
    struct pubkey me = key_of(1);
    struct err err;
    const char *near;
    struct filter_run run = {.recipe = parse(w, "{\"quality\":9}"), .reader = &me, .at = AT, .limit = 50};
    struct store_read *read = begin(w);
    assert_int_equal(filter_nearest(read, NULL, w->arena, &run, &near, &err), 0);
    assert_null(near);
    store_read_end(read);
    fill(w);
    read = begin(w);
    assert_int_equal(filter_nearest(read, NULL, w->arena, &run, &near, &err), 0);
    assert_non_null(near);
    struct filter_difference d;
    struct filter_run first = run, second = run;
    first.recipe = parse(w, "newsworthy");
    second.recipe = parse(w, "everything");
    second.limit = first.limit = 4;
    assert_int_equal(filter_compare(read, NULL, w->arena, &first, &second, &d, &err), 0);
    assert_int_equal(d.first, 0);
    assert_int_equal(d.second, 6);
    assert_int_equal(d.second_listed, 4);
    assert_int_equal(d.both, 2);
    assert_str(last_of(d.only_second[0].coordinate), "c");
    assert_str(d.only_second[0].rule_name, "support");
    store_read_end(read);
}

/* ---- against a plain reckoning */

enum { pool_articles = 40, pool_raters = 12 };
static const char *const dimensions[] = {"worth", "accurate", "clear", "junk", "agree"};

struct opinion {
    int who, article, dimension, value;
};

struct reckoned {
    struct str d, line;
    double rank, score;
};

static int by_rank(const void *a, const void *b)
{
    const struct reckoned *x = a, *y = b;
    return x->rank != y->rank ? (x->rank > y->rank ? -1 : 1) : str_cmp(x->d, y->d);
}

/* What a recipe of worth (coefficient 1), junk (−0.7, ceiling 0.3) and quality 0.05 shows, as the text has
 * it. */
static struct str reckon(struct world *w, const struct opinion *all, size_t n)
{
    struct pubkey me = key_of(1);
    struct store_read *read = begin(w);
    struct trust_entry *own;
    struct trust_weights weights;
    size_t own_count;
    bool is_private;
    struct err err;
    assert_int_equal(trust_own(read, w->arena, &me, &own, &own_count, &is_private, &err), 0);
    assert_int_equal(trust_widen(read, w->arena, &me, own, own_count, 3, &weights, &err), 0);
    store_read_end(read);
    struct reckoned shown[pool_articles];
    size_t count = 0, hidden[3] = {0};
    double needed = (double)weights.own_sum / (double)WEIGHT_ONE / 2;
    needed = needed > 1.6 ? 1.6 : needed;
    for (int article = 0; article < pool_articles; article++) {
        double support = 0, sum[5] = {0}, weighed[5] = {0};
        for (int who = 1; who <= pool_raters; who++) {
            struct pubkey key = key_of(who);
            double rater = 0;
            bool rated = false;
            for (size_t i = 0; i < weights.n; i++)
                if (pubkey_eq(&weights.raters[i].key, &key))
                    rater = (double)weights.raters[i].weight / (double)WEIGHT_ONE;
            for (size_t i = 0; i < n; i++)
                if (all[i].who == who && all[i].article == article && all[i].dimension != 4) {
                    rated = true;
                    sum[all[i].dimension] += rater * (2.0 * all[i].value / 100 - 1);
                    weighed[all[i].dimension] += rater;
                }
            support += rated ? rater : 0;
        }
        double worth = sum[0] / (1 + weighed[0]), junk = sum[3] / (1 + weighed[3]),
               score = worth - 0.7 * junk;
        if (support < needed - 1e-6)
            hidden[0]++;
        else if (score < 0.05)
            hidden[1]++;
        else if (junk > 0.3)
            hidden[2]++;
        else
            shown[count++] = (struct reckoned){
                arena_printf(w->arena, "p%02d", article), {NULL, 0}, score, score};
    }
    qsort(shown, count, sizeof *shown, by_rank);
    struct buf out _cleanup_buf_ = BUF_INIT;
    for (size_t i = 0; i < count; i++)
        buf_addf(&out, "%s%.*s=%.4f", i ? " " : "", STR_ARG(shown[i].d), shown[i].score);
    buf_addf(&out, " |%zu %zu %zu", hidden[0], hidden[1], hidden[2]);
    return arena_str(w->arena, buf_str(&out));
}

static struct str executed(struct world *w)
{
    struct pubkey me = key_of(1);
    struct filter_run run = {
        .recipe = parse(w, "{\"dimensions\":{\"worth\":{\"coefficient\":1},\"junk\":{\"coefficient\":-0.7,"
                           "\"ceiling\":0.3}},\"quality\":0.05,\"order\":\"quality\"}"),
        .reader = &me,
        .at = AT,
        .limit = 50};
    struct store_read *read = begin(w);
    struct filter_result result;
    struct err err;
    assert_int_equal(filter_execute(read, NULL, w->arena, &run, &result, &err), 0);
    struct buf out _cleanup_buf_ = BUF_INIT;
    for (size_t i = 0; i < result.n; i++)
        buf_addf(&out, "%s%.*s=%.4f", i ? " " : "", STR_ARG(last_of(result.items[i].coordinate)),
            result.items[i].score);
    uint64_t hidden[3] = {0};
    static const char *const rules[] = {"support", "quality", "ceiling:junk"};
    for (size_t i = 0; i < result.hidden_count; i++)
        for (size_t k = 0; k < 3; k++)
            if (str_eqz(result.hidden[i].rule, rules[k]))
                hidden[k] = result.hidden[i].n;
    buf_addf(&out, " |%zu %zu %zu", (size_t)hidden[0], (size_t)hidden[1], (size_t)hidden[2]);
    store_read_end(read);
    return arena_str(w->arena, buf_str(&out));
}

static void random_pools(void **state)
{
    struct world *w = *state;
    struct seeded s = {11};
    for (int a = 0; a < pool_articles; a++)
        write_article(w, arena_printf(w->arena, "p%02d", a).p, 1);
    struct opinion all[600];
    size_t n = 0, before = 0;
    for (unsigned round = 0; round < 6; round++) {
        for (int who = 1; who <= pool_raters; who++) {
            struct buf entries _cleanup_buf_ = BUF_INIT;
            for (unsigned i = 0; i < 3; i++)
                buf_addf(&entries, "%s%d=0.%d", i ? " " : "", (int)(1 + seeded_below(&s, 12)),
                    (int)(1 + seeded_below(&s, 99)));
            put(w, trust(w, who, "widenet.trust", entries.p, T0 + round));
        }
        for (unsigned i = 0; i < 90 && n < 600; i++) {
            struct opinion o = {(int)(1 + seeded_below(&s, pool_raters)),
                (int)seeded_below(&s, pool_articles), (int)seeded_below(&s, 5), (int)seeded_below(&s, 101)};
            bool twice = false;
            for (size_t k = 0; k < n; k++)
                twice = twice || (all[k].who == o.who && all[k].article == o.article &&
                                     all[k].dimension == o.dimension);
            if (twice)
                continue;
            all[n++] = o;
            put(w, rating(w, o.who, at5(w, arena_printf(w->arena, "p%02d", o.article).p), NULL,
                       dimensions[o.dimension],
                       arena_printf(w->arena, "%d.%02d", o.value / 100, o.value % 100).p, T0 + 2 * HOUR));
        }
        assert_true(n > before);
        before = n;
        assert_str(executed(w), arena_strz(w->arena, reckon(w, all, n)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(by_hand, setup, teardown),
        cmocka_unit_test_setup_teardown(what_it_is, setup, teardown),
        cmocka_unit_test_setup_teardown(one_of_each_lineage, setup, teardown),
        cmocka_unit_test_setup_teardown(only_what_stands_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(disputed, setup, teardown),
        cmocka_unit_test_setup_teardown(sources, setup, teardown),
        cmocka_unit_test_setup_teardown(why_with_paths, setup, teardown),
        cmocka_unit_test_setup_teardown(missed, setup, teardown),
        cmocka_unit_test_setup_teardown(over_columns, setup, teardown),
        cmocka_unit_test_setup_teardown(nearest_and_compared, setup, teardown),
        cmocka_unit_test_setup_teardown(random_pools, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
