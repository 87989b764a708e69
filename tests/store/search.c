/* search.c: what search must find, on both back ends: scripts, phrases, operators, hostile queries, snippets.
 */
#include "base/utf8.h"
#include "fixture.h"

static void add(struct world *w, const char *title, const char *text)
{
    struct str d = arena_printf(w->arena, "d=%s", title), t = arena_printf(w->arena, "title=%s", title);
    assert_int_equal(put(w, make(w, 30023, T0, 1, text, d.p, t.p, NULL)), STORE_NEW);
}

/* text; a query of one character; one of two; one of a word (or more) that must all hit it. */
static const struct {
    const char *name, *text, *one, *two, *word;
} scripts[] = {
    {"Latin", "Éva is on an Île of Ännchen, I say", "i", "on", "ÄNNCHEN"},
    {"Cyrillic", "Я и ты на ЗАБАСТОВКЕ", "я", "на", "забастовке"},
    {"Arabic", "الإضراب في المصنع و العمال", "و", "في", "الاضراب"},
    {"Vowels", "كَتَبَ العُمَّالُ بَيَانًا مِنْ هُنا وَ", "و", "من", "كتب"},
    {"Devanagari", "मज़दूर हड़ताल पर हैं और न झुकेंगे", "न", "पर", "हड़ताल"},
    {"Thai", "คนงานหยุดงานประท้วง", "ค", "คน", "หยุดงาน"},
    {"Chinese", "北京工人罢工了", "工", "工人", "罢工了"},
    {"Japanese", "東京の労働者がストライキをした", "東", "労働", "ストライキ"},
};

static void test_scripts(void **state)
{
    struct world *w = *state;
    for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++)
        add(w, scripts[i].name, scripts[i].text);
    add(w, "Lone", "本 の ก");
    for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++) {
        const char *queries[] = {scripts[i].one, scripts[i].two, scripts[i].word};
        for (size_t k = 0; k < 3; k++)
            if (!strstr(search(w, queries[k]), scripts[i].name))
                fail_msg("%s: \"%s\" finds \"%s\"", scripts[i].name, queries[k], search(w, queries[k]));
    }
    assert_found(search(w, "كَتَبَ"), "Vowels"); /* marks in the query fall away, too */
    assert_found(search(w, "本"), "Lone");
    assert_found(search(w, "了"), "Chinese"); /* the last of its run */
    assert_found(search(w, "北京工人罢工"), "Chinese");
    assert_found(search(w, "\"東京の労働者\""), "Japanese");
    assert_found(search(w, "工北"), ""); /* not in this order */
    assert_found(search(w, "人北"), "");
    assert_found(search(w, "ｽﾄﾗｲｷ"), "Japanese"); /* half-width kana */
    assert_found(search(w, "annchen"), "Latin");
}

/* Where nothing has a word, words that begin so are found; what is quoted stays as it is. */
static void test_widened(void **state)
{
    struct world *w = *state;
    add(w, "Fish", "щука и рак");
    add(w, "Korean", "노동자들이 파업을 시작했다");
    add(w, "Plural", "two strikes in one week");
    add(w, "Exact", "one harbour");
    add(w, "Longer", "one harbourmaster");
    assert_found(search(w, "щ"), "Fish");
    assert_found(search(w, "파업"), "Korean");
    assert_found(search(w, "strike week"), "Plural");
    assert_found(search(w, "harbour"), "Exact");
    assert_found(search(w, "\"strike\""), "");
    assert_found(search(w, "strike -week"), "");
    assert_found(search(w, "zebra strike"), "");
    struct snippet snippet;
    struct str stem = STR("strike*");
    store_snippet(w->arena, STR("two strikes in one week"), &stem, 1, 100, &snippet);
    assert_int_equal(snippet.n, 3);
    assert_true(str_eqz(snippet.pieces[1], "strikes"));
}

static void test_operators(void **state)
{
    struct world *w = *state;
    put(w, make(w, 30023, T0 - 3, 1, "the tenants won the court case", "d=a", "title=A", "t=Housing",
               "lang=en", "published_at=1262304000", NULL)); /* 2010-01-01 */
    put(w, make(w, 30023, T0 - 2, 2, "court of the tenants who won", "d=b", "title=B", "t=housing", "t=law",
               "lang=en-GB", "published_at=1577836800", NULL)); /* 2020-01-01 */
    put(w, make(w, 30023, T0 - 1, 3, "les locataires ont won", "d=c", "title=C", "lang=fr", NULL));
    assert_found(search_newest(w, "won"), "C B A");
    assert_found(search_newest(w, "tenants won"), "B A");
    assert_found(search(w, "\"tenants won\""), "A");
    assert_found(search(w, "\"won the court\""), "A");
    assert_found(search_newest(w, "won -court"), "C");
    assert_found(search_newest(w, "won -\"tenants won\""), "C B");
    assert_found(search_newest(w, "-court"), "C");
    assert_found(search_newest(w, "tag:housing"), "B A");
    assert_found(search_newest(w, "tag:#HOUSING -tag:law"), "A");
    assert_found(search_newest(w, "lang:en"), "B A");
    assert_found(search_newest(w, "lang:en-gb won"), "B");
    assert_found(search_newest(w, "-lang:en"), "C");
    assert_found(search_newest(w, "before:2015-06-01"), "A");
    assert_found(search_newest(w, "after:2010-01-01"), "C B A");
    assert_found(search_newest(w, "after:2010-01-02"), "C B");
    assert_found(search_newest(w, "before:2010-01-01"), "");
    assert_found(search_newest(w, "before:2010-01-02"), "A");
    assert_found(search_newest(w, "after:2010 before:2021"), "B A");
    assert_found(search_newest(w, "-before:2020"), "C B");
    assert_found(search_newest(w, arena_printf(w->arena, "author:%s", key_hex(w, 2)).p), "B");
    assert_found(search_newest(w, arena_printf(w->arena, "won -author:%s", key_hex(w, 2)).p), "C A");
    assert_found(search_newest(w, "author:nobody"), "");
    assert_found(search_newest(w, "-author:nobody won"), "C B A");
    assert_found(search_newest(w, "AUTHOR:nobody"), "");
    assert_found(search(w, "court:case"), "A");  /* an unknown operator is a word */
    assert_found(search(w, "before:lunch"), ""); /* as is one whose value makes no sense */
    assert_found(search(w, ""), "");
    assert_found(search(w, "  ... - \" "), "");
}

static void test_rank(void **state)
{
    struct world *w = *state;
    put(w, make(w, 30023, T0 - 1, 1, "the strike in the middle of many other words that say nothing", "d=a",
               "title=Body", NULL));
    put(w, make(w, 30023, T0 - 3, 1, "nothing here", "d=b", "title=Strike", NULL));
    put(w, make(w, 30023, T0 - 2, 1, "nothing here", "d=c", "title=Summary", "summary=a strike", NULL));
    assert_found(search(w, "strike"), "Strike Summary Body");
    assert_found(search_newest(w, "strike"), "Body Summary Strike");
}

/* More hits than are ranked: an old article that is about the words comes first all the same. */
static void test_rank_of_many(void **state)
{
    struct world *w = *state;
    enum { MANY = 12000, GROUP = 1000 };
    static const char *const bodies[] = {
        "strike here and pay there", "pay after the strike", "strike pay and more of it"};
    struct store_item *items = ARENA_ARRAY(w->arena, struct store_item, GROUP);
    for (int i = 0; i < MANY; i++) {
        struct str d = arena_printf(w->arena, "d=%d", i);
        const char *body = bodies[i % 3], *title = "title=News";
        if (i == 5)
            title = "title=Strike pay";
        else if (i == 6)
            title = "title=Pay for those on strike";
        else if (i == MANY / 2)
            title = "title=Often", body = "strike pay strike pay strike pay strike pay strike pay strike pay";
        else if (i == MANY - 3)
            title = "title=Strike";
        items[i % GROUP] = (struct store_item){
            .record = make(w, 30023, T0 - 2 * MANY + i, 1, body, d.p, title, NULL)};
        if (i % GROUP == GROUP - 1)
            assert_int_equal(store_append(w->store, items, GROUP, NULL), 0);
    }
    assert_int_equal(store_wait_applied(w->store, MANY, 60000, NULL), 0);
    struct search_query q = {.text = STR("strike pay"), .kind = 30023, .limit = 4};
    static const struct {
        const char *query;
        size_t n;
        uint64_t best[4];
    } cases[] = {{"strike pay", 4, {7, 6, MANY / 2 + 1, MANY - 2}}, {"\"strike pay\"", 2, {6, MANY / 2 + 1}},
        {"strike pay -those", 3, {6, MANY / 2 + 1, MANY - 2}}};
    struct store_read *r;
    assert_int_equal(store_read_begin(w->store, &r, NULL), 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct search_result found;
        q.text = str_of(cases[i].query);
        assert_int_equal(store_search(r, w->arena, &q, &found, NULL), 0);
        assert_true(found.more);
        for (size_t k = 0; k < cases[i].n; k++)
            if (found.hits[k].seq != cases[i].best[k])
                fail_msg("%s: hit %zu is %lu", cases[i].query, k, (unsigned long)found.hits[k].seq);
    }
    store_read_end(r);
}

static void test_pages(void **state)
{
    struct world *w = *state;
    for (int i = 0; i < 25; i++)
        add(w, arena_printf(w->arena, "T%d", i).p, "word");
    struct search_query q = {.text = STR("word"), .kind = 30023, .limit = 10};
    struct search_result one, two, three;
    struct store_read *r;
    assert_int_equal(store_read_begin(w->store, &r, NULL), 0);
    assert_int_equal(store_search(r, w->arena, &q, &one, NULL), 0);
    q.offset = 10;
    assert_int_equal(store_search(r, w->arena, &q, &two, NULL), 0);
    q.offset = 20;
    assert_int_equal(store_search(r, w->arena, &q, &three, NULL), 0);
    assert_int_equal(one.n, 10);
    assert_true(one.more && two.more && !three.more);
    assert_int_equal(three.n, 5);
    for (size_t i = 0; i < 10; i++)
        for (size_t k = 0; k < 10; k++)
            assert_true(one.hits[i].seq != two.hits[k].seq);
    q.limit = 101;
    assert_int_equal(store_search(r, w->arena, &q, &one, NULL), ERR_LIMIT);
    q = (struct search_query){.text = STR("word"), .kind = 1, .limit = 10};
    assert_int_equal(store_search(r, w->arena, &q, &one, NULL), 0);
    assert_int_equal(one.n, 0);
    store_read_end(r);
}

/* Whatever is typed, no error comes, and both back ends agree. */
static void test_hostile(void **state)
{
    struct world *w = *state;
    static const char *const queries[] = {"\"", "\"\"", "'", "a'b\"c", "NEAR(a b)", "a AND b OR NOT c",
        "title:x", "{a}:b", "facts:k30023", "*", "a*", "^a", "-", "--a", "-\"", "author:", "author:\"",
        "tag:\"\"", "tag:a\"b", "(", ")))", "a:b:c", "\xff\xfe", "a\xc3", "\x01\x02", "%s%n",
        "; DROP TABLE store_log", "before:99999-01-01", "k30023", "store_search", "a OR", "\"a\" \"b",
        "lang:", "-tag:", "-before:x", "+a", "a-b", "\xe2\x80\x8b", "\xef\xbf\xbf"};
    add(w, "One", "a b c x");
    for (size_t i = 0; i < sizeof queries / sizeof *queries; i++)
        search(w, queries[i]); /* fails the test on an error */
    struct buf many _cleanup_buf_ = BUF_INIT;
    for (int i = 0; i < 3000; i++)
        buf_addz(&many, i % 3 ? "a " : i % 2 ? "-\"b c\" " : "\"a b\" ");
    search(w, many.p);
    buf_clear(&many);
    for (int i = 0; i < 50000; i++)
        buf_addz(&many, "(");
    search(w, many.p);
    struct seeded s = {42};
    static const char alphabet[] = "ab \"-:*()'^{}\xe4\xba\xac\xff"
                                   "tag:author:before:2020";
    for (int i = 0; i < 300; i++) {
        char text[24];
        size_t n = seeded_below(&s, sizeof text);
        for (size_t k = 0; k < n; k++)
            text[k] = alphabet[seeded_below(&s, sizeof alphabet - 1)];
        struct search_query q = {.text = {text, n}, .kind = 30023, .limit = 10, .newest = i % 2};
        struct search_result result;
        struct store_read *r;
        struct err err;
        assert_int_equal(store_read_begin(w->store, &r, NULL), 0);
        if (store_search(r, w->arena, &q, &result, &err) < 0)
            fail_msg("\"%.*s\": %s", (int)n, text, err.what);
        store_read_end(r);
    }
    assert_found(search(w, "facts:k30023"), "");
    assert_found(search(w, "k30023"), "");
    assert_found(search(w, "NEAR b"), "");
}

static const char *snippet(struct world *w, const char *text, const char *query, size_t max)
{
    struct search_query q = {.text = str_of(query), .kind = 30023, .limit = 1};
    struct search_result result;
    struct snippet s;
    struct store_read *r;
    assert_int_equal(store_read_begin(w->store, &r, NULL), 0);
    assert_int_equal(store_search(r, w->arena, &q, &result, NULL), 0);
    store_read_end(r);
    store_snippet(w->arena, str_of(text), result.words, result.word_count, max, &s);
    struct buf out _cleanup_buf_ = BUF_INIT;
    buf_addz(&out, s.cut_before ? "..." : "");
    for (size_t i = 0; i < s.n; i++) {
        assert_true(utf8_valid(s.pieces[i]));
        buf_addf(&out, i % 2 ? "[%.*s]" : "%.*s", STR_ARG(s.pieces[i]));
    }
    buf_addz(&out, s.cut_after ? "..." : "");
    return arena_str(w->arena, buf_str(&out)).p;
}

static void test_snippet(void **state)
{
    struct world *w = *state;
    add(w, "x", "x");
    assert_string_equal(snippet(w, "The Strike is on.", "strike", 100), "The [Strike] is on.");
    assert_string_equal(snippet(w, "no hit at all", "strike", 100), "no hit at all");
    assert_string_equal(snippet(w, "", "strike", 100), "");
    assert_string_equal(snippet(w, "one two", "\"one two\" -three", 100), "[one two]");
    assert_string_equal(
        snippet(w, "one, one: Two! one three two", "\"one two\"", 100), "one, [one: Two]! one three two");
    assert_string_equal(snippet(w, "one two, two", "\"one two\" two", 100), "[one two], [two]");
    assert_string_equal(snippet(w, "de l’été passé, été", "\"ete passe\"", 100), "de l’[été passé], été");
    assert_string_equal(snippet(w, "a b a b c", "\"a b c\"", 100), "a b [a b c]");
    assert_string_equal(snippet(w, "北京工人罢工了", "\"工人罢工\"", 100), "北京[工人罢工]了");
    assert_string_equal(
        snippet(w, "the first of all words here and then the lift at last", "\"the lift\"", 30),
        "...and then [the lift] at last");
    assert_string_equal(snippet(w, "北京工人罢工了", "工人", 100), "北京[工人]罢工了");
    assert_string_equal(snippet(w, "北京工人罢工了", "工人罢工", 100), "北京[工人罢工]了");
    assert_string_equal(snippet(w, "北京工人", "工", 100), "北京[工]人");
    const char *found = snippet(
        w, "aaaa bbbb cccc dddd eeee ffff strike gggg hhhh iiii jjjj kkkk llll mmmm nnnn", "strike", 30);
    assert_non_null(strstr(found, "[strike]"));
    assert_true(strlen(found) <= 30 + 2 + 6);
    assert_int_equal(strncmp(found, "...", 3), 0);
    struct buf long_text _cleanup_buf_ = BUF_INIT;
    for (int i = 0; i < 5000; i++)
        buf_addz(&long_text, "京é");
    for (size_t max = 1; max < 40; max++)
        snippet(w, long_text.p, "京", max);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_BOTH(test_scripts),
        ON_BOTH(test_widened),
        ON_BOTH(test_operators),
        ON_BOTH(test_rank),
        ON_DISK(test_rank_of_many),
        ON_BOTH(test_pages),
        ON_BOTH(test_hostile),
        ON_BOTH(test_snippet),
    };
    return cmocka_run_group_tests_name("search", tests, NULL, NULL);
}
