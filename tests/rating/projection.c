/* projection.c: what stands after records have come and gone; the same after a rebuild, and in whatever order
 * they came. */
#include "rating/pool.h"

#define TEXT "one two three four five six seven eight nine ten eleven twelve"
#define TYPO "one two three four five six seven eight nine ten eleven twelfe"
#define OTHER "quite another text stands here now and it sells you pills cheap"

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    world_open_with(w, false, pool_tables());
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    world_close(*state);
    free(*state);
    return 0;
}

static const char *a1(struct world *w)
{
    return address_text(w, 30023, 1, "a");
}

static void assert_marks(struct world *w, const char *want)
{
    /* without the revisions' ids */
    struct buf out _cleanup_buf_ = BUF_INIT;
    struct str rest = str_of(dump_marks(w)), line;
    while (str_cut(&rest, '\n', &line)) {
        size_t end = line.n;
        while (end && line.p[end - 1] != ' ')
            end--;
        if (end > 5)
            buf_addf(&out, "%s%.*s", out.n ? "|" : "", (int)(end - 6), line.p + 5);
    }
    assert_str(buf_str(&out), want);
}

static void standing(void **state)
{
    struct world *w = *state;
    struct record *a = article(w, 1, "a", T0, "Title", TEXT, 0);
    put(w, a);
    put(w, rating(w, 2, a1(w), a, "worth", "0.5", T0 + 10));
    put(w, rating(w, 2, a1(w), a, "worth", "0.9", T0 + 20));
    put(w, rating(w, 2, a1(w), a, "worth", "0.1", T0 + 15)); /* late, older */
    put(w, rating(w, 2, a1(w), a, "junk", "0", T0 + 15));
    put(w, rating(w, 3, a1(w), a, "", "1", T0 + 5)); /* without a dimension: worth */
    put(w, rating(w, 3, a1(w), a, "clear", "1.5", T0 + 5));
    put(w, rating(w, 3, a1(w), a, "accurate", "high", T0 + 5));
    put(w, rating(w, 3, a1(w), a, "nonsense", "0.5", T0 + 5));
    assert_marks(w, "30023:k1:a k2 junk 0 1700000015 0|30023:k1:a k2 worth 9000 1700000020 0|"
                    "30023:k1:a k3 worth 10000 1700000005 0");
    /* Two d for one thing: the newer stands, and the other when that is gone. */
    struct record *twin = rating(w, 3, a1(w), a, "worth", "0.2", T0 + 6);
    put(w, twin);
    assert_marks(w, "30023:k1:a k2 junk 0 1700000015 0|30023:k1:a k2 worth 9000 1700000020 0|"
                    "30023:k1:a k3 worth 2000 1700000006 0");
    assert_rebuilt_alike(w);
    put(w, deletion_of(w, twin, 3, T0 + 30));
    assert_marks(w, "30023:k1:a k2 junk 0 1700000015 0|30023:k1:a k2 worth 9000 1700000020 0|"
                    "30023:k1:a k3 worth 10000 1700000005 0");
    assert_rebuilt_alike(w);
}

static void reactions(void **state)
{
    struct world *w = *state;
    struct record *a = article(w, 1, "a", T0, "Title", TEXT, 0), *note = make(w, 1, T0, 1, "hello", NULL);
    put(w, a);
    put(w, note);
    put(w, reaction(w, 2, a1(w), a, "+", T0 + 10));
    put(w, reaction(w, 3, a1(w), a, "-", T0 + 10));
    put(w, reaction(w, 4, a1(w), a, "🤙", T0 + 10));
    put(w, reaction(w, 5, NULL, note, "", T0 + 10));
    const char *of_note = arena_printf(w->arena, "%s k5 worth 10000 1700000010 4", record_hex(w, note)).p;
    assert_marks(
        w, arena_printf(w->arena,
               "30023:k1:a k2 worth 10000 1700000010 4|30023:k1:a k3 worth 0 1700000010 4|%s", of_note)
               .p);
    struct record *proper = rating(w, 2, a1(w), a, "worth", "0.3", T0 + 5); /* stands though it is older */
    put(w, proper);
    put(w, reaction(w, 3, a1(w), a, "+", T0 + 11));
    assert_marks(
        w, arena_printf(w->arena,
               "30023:k1:a k2 worth 3000 1700000005 0|30023:k1:a k3 worth 10000 1700000011 4|%s", of_note)
               .p);
    assert_rebuilt_alike(w);
    put(w, deletion_of(w, proper, 2, T0 + 30));
    assert_marks(
        w, arena_printf(w->arena,
               "30023:k1:a k2 worth 10000 1700000010 4|30023:k1:a k3 worth 10000 1700000011 4|%s", of_note)
               .p);
    assert_rebuilt_alike(w);
}

static void before_the_article(void **state)
{
    struct world *w = *state;
    struct record *first = article(w, 1, "a", T0, "Title", TEXT, T0 - 1000);
    put(w, rating(w, 2, a1(w), first, "worth", "1", T0 + 10));
    put(w, rating(w, 3, a1(w), NULL, "worth", "1", T0 + 10));
    put(w, rating(w, 4, address_text(w, 30023, 9, "never"), NULL, "worth", "1", T0 + 10));
    assert_marks(w, "30023:k1:a k2 worth 10000 1700000010 1|30023:k1:a k3 worth 10000 1700000010 1|"
                    "30023:k9:never k4 worth 10000 1700000010 1");
    put(w, first);
    assert_marks(w, "30023:k1:a k2 worth 10000 1700000010 0|30023:k1:a k3 worth 10000 1700000010 0|"
                    "30023:k9:never k4 worth 10000 1700000010 1");
    assert_rebuilt_alike(w);
}

static void a_tenth(void **state)
{
    struct world *w = *state;
    struct record *first = article(w, 1, "a", T0, "Title", TEXT, 0),
                  *typo = article(w, 1, "a", T0 + 100, "Title", TYPO, 0),
                  *swapped = article(w, 1, "a", T0 + 200, "Title", OTHER, 0),
                  *back = article(w, 1, "a", T0 + 300, "Title", TEXT, 0);
    put(w, first);
    put(w, rating(w, 2, a1(w), first, "worth", "1", T0 + 10));
    put(w, rating(w, 3, a1(w), NULL, "worth", "1", T0 + 150)); /* of what was current then: the typo */
    put(w, typo);
    assert_marks(w, "30023:k1:a k2 worth 10000 1700000010 0|30023:k1:a k3 worth 10000 1700000150 0");
    put(w, swapped);
    put(w, rating(w, 4, a1(w), swapped, "worth", "0", T0 + 210));
    put(w, rating(w, 5, a1(w), first, "worth", "1", T0 + 210)); /* read an old one */
    assert_marks(w, "30023:k1:a k2 worth 10000 1700000010 1|30023:k1:a k3 worth 10000 1700000150 1|"
                    "30023:k1:a k4 worth 0 1700000210 0|30023:k1:a k5 worth 10000 1700000210 1");
    assert_rebuilt_alike(w);
    put(w, rating(w, 2, a1(w), swapped, "worth", "1", T0 + 220)); /* confirmed */
    assert_marks(w, "30023:k1:a k2 worth 10000 1700000220 0|30023:k1:a k3 worth 10000 1700000150 1|"
                    "30023:k1:a k4 worth 0 1700000210 0|30023:k1:a k5 worth 10000 1700000210 1");
    put(w, back);
    assert_marks(w, "30023:k1:a k2 worth 10000 1700000220 1|30023:k1:a k3 worth 10000 1700000150 0|"
                    "30023:k1:a k4 worth 0 1700000210 1|30023:k1:a k5 worth 10000 1700000210 0");
    assert_rebuilt_alike(w);
    /* Without the article, nothing is of the current text. */
    put(w, deletion(w, 1, a1(w), T0 + 400));
    assert_marks(w, "30023:k1:a k2 worth 10000 1700000220 1|30023:k1:a k3 worth 10000 1700000150 1|"
                    "30023:k1:a k4 worth 0 1700000210 1|30023:k1:a k5 worth 10000 1700000210 1");
    assert_rebuilt_alike(w);
}

/* An author who edits a rated article all day: ratings of what is far behind are behind unread. */
static void many_edits(void **state)
{
    struct world *w = *state;
    w->now = T0 + 10000;
    struct record *first = article(w, 1, "a", T0, "Title", TEXT, 0);
    put(w, first);
    put(w, rating(w, 2, a1(w), first, "worth", "1", T0 + 10));
    for (int i = 1; i <= 31; i++)
        put(w, article(w, 1, "a", T0 + 100 + i, "Title", TEXT, 0));
    assert_marks(w, "30023:k1:a k2 worth 10000 1700000010 0");
    put(w, article(w, 1, "a", T0 + 200, "Title", TEXT, 0));
    assert_marks(w, "30023:k1:a k2 worth 10000 1700000010 1");
    assert_rebuilt_alike(w);
}

static void facts(void **state)
{
    struct world *w = *state;
    w->now = T0 + 10000;
    put(w, article(w, 1, "a", T0 + 500, "Title", TEXT, T0 + 100));
    assert_non_null(strstr(dump(w), " 1700000100 k1 30023:k1:a en\n"));
    assert_non_null(strstr(dump(w), "topic 30023:k1:a rent\ntopic 30023:k1:a work\n"));
    put(w,
        article(w, 1, "a", T0 + 50, "Title", TEXT, 0)); /* an earlier one: declared later than it was made */
    assert_non_null(strstr(dump(w), " 1700000050 k1 30023:k1:a en\n"));
    put(w, article(w, 1, "b", T0 + 50, "Title", TEXT, T0 + 51)); /* declared after it was made */
    assert_non_null(strstr(dump(w), " 1700000050 k1 30023:k1:b en\n"));
    put(w, make(w, 30023, T0 + 60, 2, TEXT, "d=c", "title=Version", arena_printf(w->arena, "A=%s", a1(w)).p,
               arena_printf(w->arena,
                   "a=%s\x1f\x1f"
                   "fork",
                   address_text(w, 30023, 1, "b"))
                   .p,
               NULL));
    assert_non_null(strstr(dump(w), " 1700000060 k2 30023:k1:a \n"));
    put(w, make(w, 30023, T0 + 70, 2, "", "d=c", NULL)); /* no article any more */
    assert_null(strstr(dump(w), "facts 30023:k2:c"));
    assert_rebuilt_alike(w);
}

static void edges(void **state)
{
    struct world *w = *state;
    put(w, trust(w, 1, "widenet.trust", "2=0.5 3= 4=NaN 5=0 6=1.5 7=-1 1=1 2=0.25 8=0.125", T0));
    put(w, trust(w, 1, "widenet.trust.2", "2=0.75", T0));
    put(w, trust(w, 1, "widenet.trustees", "9=1", T0));
    put(w, trust(w, 1, "friends", "9=1", T0));
    assert_string_equal(dump(w),
        "edge k1 k2 2147483648 pet\nedge k1 k2 3221225472 pet\nedge k1 k3 4294967296 \n"
        "edge k1 k8 536870912 pet\n");
    put(w, trust(w, 1, "widenet.trust", "4=1", T0 + 1));
    assert_string_equal(dump(w), "edge k1 k2 3221225472 pet\nedge k1 k4 4294967296 pet\n");
    assert_rebuilt_alike(w);
    put(w, deletion(w, 1, address_text(w, 30000, 1, "widenet.trust.2"), T0 + 2));
    assert_string_equal(dump(w), "edge k1 k4 4294967296 pet\n");
    assert_rebuilt_alike(w);
}

static void dimensions_and_filters(void **state)
{
    struct world *w = *state;
    const char *own = address_text(w, 34706, 3, "local");
    put(w, article(w, 1, "a", T0, "Title", TEXT, 0));
    put(w, rating(w, 2, a1(w), NULL, own, "0.5", T0 + 1)); /* before the dimension's record */
    put(w, make(w, 34706, T0, 3, "", "d=local", "name=Local",
               "name=Régional\x1f"
               "fr",
               "question=Is it from here?", NULL));
    put(w, make(w, 34701, T0, 4, "{}", "d=f", "name=Mine", NULL));
    put(w, make(w, 34701, T0, 5, "{}", "d=g",
               arena_printf(w->arena,
                   "a=%s\x1f\x1f"
                   "fork",
                   address_text(w, 34701, 4, "f"))
                   .p,
               NULL));
    assert_non_null(strstr(dump(w), "filter k4 f Mine \nfilter k5 g  34701:k4:f\n"));
    struct store_read *read;
    struct dimension *list;
    struct rating_mark_shown *marks;
    struct rating_spread *spreads;
    size_t n;
    assert_int_equal(store_read_begin(w->store, &read, NULL), 0);
    assert_int_equal(rating_dimensions(read, w->arena, STR("fr-CA"), &list, &n, NULL), 0);
    assert_int_equal(n, 6);
    assert_str(list[0].name, "worth");
    assert_true(list[4].shipped);
    assert_str(list[5].name, "Régional");
    assert_str(list[5].question, "Is it from here?");
    assert_str(list[5].coordinate, own);
    assert_int_equal(rating_marks_of(read, w->arena, str_of(a1(w)), 10, &marks, &n, NULL), 0);
    assert_int_equal(n, 1);
    assert_str(marks[0].dimension, own);
    assert_str(marks[0].reason, "because");
    assert_int_equal(marks[0].value, 5000);
    assert_false(marks[0].behind);
    assert_int_equal(rating_spreads(read, w->arena, str_of(a1(w)), &spreads, &n, NULL), 0);
    assert_int_equal(n, 1);
    assert_int_equal(spreads[0].steps[2], 1);
    assert_int_equal(rating_marks_of(read, w->arena, STR("30023:nobody"), 10, &marks, &n, NULL), 0);
    assert_int_equal(n, 0);
    store_read_end(read);
    assert_rebuilt_alike(w);
}

/* What rating_write() makes is read as what was meant, and a withdrawal takes it back. */
static void written(void **state)
{
    struct world *w = *state;
    char longest[185];
    memset(longest, 'x', 184);
    longest[184] = 0;
    struct record *a = article(w, 1, longest, T0, "Title", TEXT, 0), *note = make(w, 1, T0, 1, "hello", NULL);
    put(w, a);
    struct rating_target targets[3] = {
        {RATING_OF_ADDRESS, {30023, key_of(1), {longest, 184}}, a->id, key_of(1), 30023},
        {RATING_OF_EVENT, {0, {{0}}, {NULL, 0}}, note->id, key_of(1), 1},
        {RATING_OF_ACTOR, {0, {{0}}, {NULL, 0}}, {{0}}, key_of(1), 0},
    };
    uint8_t secret[32] = {[0] = 7, [31] = 2};
    for (int i = 0; i < 3; i++) {
        struct rating_draft d = {targets[i], STR("accurate"), 8500, STR("checked the figures")};
        struct record_draft out = {.arena = w->arena};
        struct err err;
        if (rating_write(&d, T0 + 5, &out, &err))
            fail_msg("%s", err.what);
        assert_int_equal(record_sign(&out.r, secret, NULL), 0);
        assert_int_equal(put(w, &out.r), STORE_NEW);
        assert_true(record_d(&out.r).n <= 184);
    }
    assert_marks(w, arena_printf(w->arena,
                        "0:k1: k2 accurate 8500 1700000005 0|30023:k1:%s k2 accurate 8500 1700000005 0|%s k2 "
                        "accurate 8500 1700000005 0",
                        longest, record_hex(w, note))
                        .p);
    for (int i = 0; i < 3; i++) {
        struct record_draft out = {.arena = w->arena};
        struct pubkey rater = key_of(2);
        assert_int_equal(rating_withdraw_write(&targets[i], STR("accurate"), &rater, T0 + 6, &out, NULL), 0);
        assert_int_equal(record_sign(&out.r, secret, NULL), 0);
        assert_int_equal(put(w, &out.r), STORE_NEW);
    }
    assert_marks(w, "");
    assert_rebuilt_alike(w);
    struct record_draft out = {.arena = w->arena};
    struct rating_draft bad = {targets[0], STR("beauty"), 8500, STR("")};
    struct err err;
    assert_int_equal(rating_write(&bad, T0, &out, &err), ERR_INPUT);
    assert_non_null(strstr(err.what, "dimension"));
    bad = (struct rating_draft){targets[0], STR("worth"), 10001, STR("")};
    assert_int_equal(rating_write(&bad, T0, &out, &err), ERR_INPUT);
    bad = (struct rating_draft){targets[0], STR("worth"), 1, STR("two\nlines")};
    assert_int_equal(rating_write(&bad, T0, &out, &err), ERR_INPUT);
}

/* After an erasure nothing is left that it made, as if it had never come. */
static void erasure(void **state)
{
    struct world *w = *state;
    struct record *a = article(w, 1, "secret-name", T0, "Title", TEXT, 0);
    const char *address = address_text(w, 30023, 1, "secret-name");
    put(w, a);
    put(w, rating(w, 2, address, a, "worth", "1", T0 + 1));
    put(w, trust(w, 1, "widenet.trust", "2=1", T0));
    struct pubkey one = key_of(1), two = key_of(2);
    assert_int_equal(store_erase_key(w->store, &one, T0 + 100, "test", NULL), 0);
    assert_marks(w, "30023:k1:secret-name k2 worth 10000 1700000001 1"); /* what another said of it stays */
    assert_rebuilt_alike(w);
    /* What was deleted before it is erased leaves as much. */
    struct record *draft = article(w, 2, "draft", T0, "Title", TEXT, 0);
    put(w, draft);
    put(w, rating(w, 2, address_text(w, 30023, 3, "other"), NULL, "worth", "1", T0 + 1));
    put(w, deletion(w, 2, address_text(w, 30023, 2, "draft"), T0 + 2));
    put(w, deletion(w, 2,
               arena_printf(
                   w->arena, "34259:%s:address:%s#worth", key_hex(w, 2), address_text(w, 30023, 3, "other"))
                   .p,
               T0 + 2));
    assert_int_equal(store_erase_key(w->store, &two, T0 + 100, "test", NULL), 0);
    assert_string_equal(dump(w), "");
    static const struct sql_statement left = {"left",
        "SELECT (SELECT count(*) FROM rating_state_subject) + (SELECT count(*) FROM rating_state_topic) + "
        "(SELECT count(*) FROM rating_state_compared)"};
    struct store_read *read;
    assert_int_equal(store_read_begin(w->store, &read, NULL), 0);
    struct sql_cursor *c = sql_open(store_read_sql(read), &left);
    assert_int_equal(sql_step(c, NULL), 1);
    assert_int_equal(sql_col_int(c, 0), 0);
    sql_close(c, NULL);
    store_read_end(read);
    assert_rebuilt_alike(w);
}

/* ---- random lives */

#define STEPS 260

static struct record *random_record(struct world *w, struct seeded *dice, struct record **made, size_t n)
{
    static const char *const names[] = {"a", "b"};
    static const char *const texts[] = {TEXT, TYPO, OTHER, ""};
    static const char *const dimensions[] = {"worth", "worth", "", "accurate", "junk"};
    static const char *const values[] = {"0", "1", "0.5", "0.25", "2"};
    static const char *const lists[] = {"1=1 2=0.5", "3=", "2=0.3 4=0.9 5=0.1", "x=1"};
    int who = 1 + (int)seeded_below(dice, 4);
    int64_t at = T0 + (int64_t)seeded_below(dice, 40);
    const char *of = address_text(w, 30023, 1 + (int)seeded_below(dice, 2), names[seeded_below(dice, 2)]);
    const struct record *any = n ? made[seeded_below(dice, n)] : NULL;
    switch (seeded_below(dice, 8)) {
    case 0:
    case 1:
        return article(w, 1 + who % 2, names[seeded_below(dice, 2)], at, seeded_below(dice, 9) ? "Title" : "",
            texts[seeded_below(dice, 4)], seeded_below(dice, 2) ? T0 + (int64_t)seeded_below(dice, 40) : 0);
    case 2:
        return any ? reaction(w, who, seeded_below(dice, 3) ? of : NULL, any,
                         seeded_below(dice, 2) ? "+" : "-", at)
                   : NULL;
    case 3:
        return trust(w, who, seeded_below(dice, 2) ? "widenet.trust" : "widenet.trust.2",
            lists[seeded_below(dice, 4)], at);
    case 4:
        return make(w, seeded_below(dice, 2) ? 34701 : 34706, at, who, "{}", "d=x", "name=X", NULL);
    default:
        return rating(w, who, of, seeded_below(dice, 3) ? any : NULL, dimensions[seeded_below(dice, 5)],
            values[seeded_below(dice, 5)], at);
    }
}

static void random_lives(void **state)
{
    for (uint64_t seed = 1; seed <= 4; seed++) {
        struct world lite, memory;
        struct seeded dice = {seed};
        struct record **made = calloc(STEPS, sizeof *made);
        size_t n = 0;
        world_open_with(&lite, false, pool_tables());
        world_open_with(&memory, true, pool_tables());
        for (int step = 0; step < STEPS; step++) {
            uint64_t what = seeded_below(&dice, 40);
            lite.now = memory.now = lite.now + 1;
            struct record *r = random_record(&lite, &dice, made, n);
            if (what < 3 && n)
                r = deletion_of(
                    &lite, made[seeded_below(&dice, n)], 1 + (int)seeded_below(&dice, 4), T0 + 50);
            else if (what == 3)
                r = make(&lite, 62, T0 + (int64_t)seeded_below(&dice, 40), 1 + (int)seeded_below(&dice, 4),
                    "", "relay=ALL_RELAYS", NULL);
            else if (what == 4 && n) {
                const struct record_id *id = &made[seeded_below(&dice, n)]->id;
                assert_int_equal(store_erase_id(lite.store, id, "test", NULL), 0);
                assert_int_equal(store_erase_id(memory.store, id, "test", NULL), 0);
                continue;
            }
            if (!r)
                continue;
            made[n++] = r;
            assert_int_equal(put(&lite, r), put(&memory, r));
            if (step % 10 == 0)
                assert_string_equal(dump(&lite), dump(&memory));
            if (step % 65 == 64)
                assert_rebuilt_alike(&lite);
        }
        assert_string_equal(dump(&lite), dump(&memory));
        assert_rebuilt_alike(&lite);
        assert_rebuilt_alike(&memory);
        world_close(&lite);
        world_close(&memory);
        free(made);
    }
}

/* The same records in shuffled orders end in the same marks, edges and facts. */
static void any_order(void **state)
{
    for (uint64_t seed = 11; seed <= 14; seed++) {
        struct world w;
        struct seeded dice = {seed};
        struct record **made = calloc(STEPS, sizeof *made);
        size_t n = 0;
        const char *want = NULL;
        world_open_with(&w, true, pool_tables());
        for (int i = 0; i < 90; i++) {
            struct record *r = random_record(&w, &dice, made, n);
            if (i % 30 == 29) /* by address; a deletion by id can leave an older revision out for good */
                r = deletion(&w, 1 + i % 2, address_text(&w, 30023, 1 + i % 2, "b"), T0 + 20);
            if (r)
                made[n++] = r;
        }
        for (int order = 0; order < 5; order++) {
            struct world other;
            world_open_with(&other, order > 0, pool_tables());
            for (size_t i = 0; i < n; i++)
                put(&other, made[i]);
            const char *got = arena_strz(w.arena, str_of(dump(&other)));
            if (want)
                assert_string_equal(got, want);
            want = got;
            world_close(&other);
            for (size_t i = n - 1; i > 0; i--) {
                size_t k = seeded_below(&dice, i + 1);
                struct record *swap = made[i];
                made[i] = made[k];
                made[k] = swap;
            }
        }
        world_close(&w);
        free(made);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(standing, setup, teardown),
        cmocka_unit_test_setup_teardown(reactions, setup, teardown),
        cmocka_unit_test_setup_teardown(before_the_article, setup, teardown),
        cmocka_unit_test_setup_teardown(a_tenth, setup, teardown),
        cmocka_unit_test_setup_teardown(many_edits, setup, teardown),
        cmocka_unit_test_setup_teardown(facts, setup, teardown),
        cmocka_unit_test_setup_teardown(edges, setup, teardown),
        cmocka_unit_test_setup_teardown(dimensions_and_filters, setup, teardown),
        cmocka_unit_test_setup_teardown(written, setup, teardown),
        cmocka_unit_test_setup_teardown(erasure, setup, teardown),
        cmocka_unit_test(random_lives),
        cmocka_unit_test(any_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
