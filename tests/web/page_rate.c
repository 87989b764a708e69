/* page_rate.c: tests giving ratings: given, changed, taken back, left with an earlier text and confirmed;
 * what one agrees with, which leaves apart from one's name; comments; and what an attacker tries. */
#include "pool.h"

#include "base/hex.h"
#include "rating/rating.h"

static struct site site;

static int open_site(void **state)
{
    site_open(&site, NULL);
    return 0;
}

static int close_site(void **state)
{
    site_close(&site);
    return 0;
}

static const char *z(struct str s)
{
    return arena_strz(site.arena, s);
}

static struct reader member(const char *name)
{
    struct reader r = {.site = &site};
    struct str answer = reader_post(&r, "/sign-up", "/sign-up", "name", name, "password",
        "correct horse battery", "again", "correct horse battery", NULL);
    assert_int_equal(answer_status(answer), 303);
    return r;
}

#define LONG_TEXT                                                                                            \
    "The depot closed at four in the morning. Forty people stood at the gate and asked what had been "       \
    "decided, and by whom, and when. Nobody who knew came out to tell them. The night shift went home."

static const char *article(int who, const char *d, const char *text, int64_t at)
{
    const struct article_draft a = {.d = str_of(d),
        .title = STR("The depot"),
        .summary = STR("In one sentence."),
        .text = str_of(text),
        .language = STR("en"),
        .license = STR("CC0-1.0")};
    return pool_article(&site, who, &a, at);
}

static const char *link_of(const char *code, const char *after)
{
    return pool_link(&site, code, after);
}

static const char *revision_of(struct reader *r, const char *rate)
{
    struct str id = between(reader_get(r, rate), "name=\"revision\" value=\"", "\"");
    assert_int_equal(id.n, 64);
    return z(id);
}

static struct str rate(struct reader *r, const char *code, const char *worth, const char *reason)
{
    const char *path = link_of(code, "/rate");
    return reader_post(
        r, path, path, "revision", revision_of(r, path), "v0", worth, "r0", reason, "do", "rate", NULL);
}

static void goes_on(struct str answer)
{
    if (answer_status(answer) != 303)
        fail_msg("%.*s", (int)(answer.n < 4000 ? answer.n : 4000), answer.p);
}

static void a_rating_is_given_changed_and_taken_back(void **state)
{
    const char *code = article(3, "depot", LONG_TEXT, 1790000000);
    struct reader ana = member("ana"), guest = {.site = &site};
    assert_int_equal(answer_status(reader_get(&guest, link_of(code, "/rate"))), 303); /* to sign in */
    assert_has(reader_get(&guest, link_of(code, "")), "Nobody has rated it yet");
    struct str page = reader_get(&ana, link_of(code, "/rate"));
    assert_has(page, "Is it newsworthy?");
    assert_has(page, "everybody should know of it");
    assert_has(page, "Do you share its position?");
    assert_hasnt(page, "type=\"number\"");
    goes_on(rate(&ana, code, "75", "It names <b>who</b>\n\xe2\x80\xae decided."));
    page = reader_get(&guest, link_of(code, "/ratings"));
    assert_has(page, ">ana</a>");
    assert_has(page, "4 of 5");
    assert_has(page, "It names &lt;b&gt;who&lt;/b&gt; decided.");
    assert_hasnt(page, "\xe2\x80\xae");
    page = reader_get(&guest, link_of(code, "/ratings.json"));
    assert_has(page, "\"steps\":[0,0,0,1,0]");
    assert_has(page, "\"rating\":0.7500");
    assert_has(reader_get(&guest, link_of(code, "")), "one rating");
    /* the same again is nothing; another value takes its place, within the same second too */
    assert_int_equal(answer_status(rate(&ana, code, "75", "It names <b>who</b> decided.")), 422);
    goes_on(rate(&ana, code, "0", ""));
    page = reader_get(&guest, link_of(code, "/ratings.json"));
    assert_has(page, "\"steps\":[1,0,0,0,0]");
    assert_hasnt(page, "decided");
    /* taken back, and given anew at once */
    goes_on(rate(&ana, code, "", ""));
    assert_has(reader_get(&guest, link_of(code, "/ratings")), "Nobody has rated it yet");
    goes_on(rate(&ana, code, "100", ""));
    assert_has(reader_get(&guest, link_of(code, "/ratings.json")), "\"steps\":[0,0,0,0,1]");
    reader_finish(&ana);
    reader_finish(&guest);
}

static void a_rating_stays_with_its_text_until_confirmed(void **state)
{
    const char *code = article(4, "changed", LONG_TEXT, 1790000000);
    struct reader ben = member("ben");
    const char *path = link_of(code, "/rate"), *first = revision_of(&ben, path);
    goes_on(rate(&ben, code, "100", "Sober."));
    article(4, "changed", LONG_TEXT " Then", 1790000100); /* a word: as good as the same */
    assert_hasnt(reader_get(&ben, path), "It holds for the present text");
    article(4, "changed", "Buy our pills, they are cheap and they are good and they are here.", 1790000200);
    struct str page = reader_get(&ben, path);
    assert_has(page, "Your rating stays with the earlier text");
    assert_has(page, first); /* the link to what changed names the text that was read */
    assert_has(page, "/diff?from=");
    assert_has(reader_get(&ben, link_of(code, "")), "your rating stays with the earlier text");
    assert_has(reader_get(&ben, link_of(code, "/ratings.json")), "\"of_earlier_text\":1");
    assert_int_equal(answer_status(reader_get(&ben, link_of(code, "/diff"))), 200);
    const char *present = z(between(page, "name=\"revision\" value=\"", "\""));
    goes_on(reader_post(&ben, path, path, "revision", present, "do", "confirm", NULL));
    page = reader_get(&ben, link_of(code, "/ratings.json"));
    assert_has(page, "\"of_earlier_text\":0");
    assert_has(page, "\"steps\":[0,0,0,0,1]");
    assert_has(page, "Sober.");
    /* an older version can be rated on purpose: the page says where that rating goes */
    const char *old = link_of(code, z(arena_printf(site.arena, "/rate?v=%s", first)));
    assert_has(reader_get(&ben, old), "You are rating an older version.");
    reader_finish(&ben);
}

static int count_ratings(void *ctx, const struct store_found *f)
{
    *(size_t *)ctx += f->record.kind == KIND_RATING;
    return 0;
}

static size_t ratings_in_the_pool(void)
{
    struct store_read *read;
    size_t n = 0;
    assert_int_equal(store_read_begin(node_store(site.node), &read, NULL), 0);
    assert_true(store_follow(read, 0, 10000, STORE_PARSE, count_ratings, &n, NULL) >= 0);
    store_read_end(read);
    return n;
}

static void what_is_forged_is_refused(void **state)
{
    const char *code = article(5, "target", LONG_TEXT, 1790000000),
               *other = article(5, "other", LONG_TEXT, 1790000000);
    struct reader cat = member("cat"), bare = {.site = &site};
    const char *path = link_of(code, "/rate"), *id = revision_of(&cat, path),
               *foreign = revision_of(&cat, link_of(other, "/rate"));
    size_t before = ratings_in_the_pool();
    static const char *const values[] = {
        "101", "-1", "0.5", "1e2", "NaN", "99999999999999999999", "50 ", "\xd9\xa5"};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        struct str answer = reader_post(
            &cat, path, path, "revision", id, "v0", values[i], "do", "rate", NULL);
        if (answer_status(answer) != 422)
            fail_msg("%s: %d", values[i], answer_status(answer));
        assert_has(answer, "one of the steps");
    }
    char much[400];
    memset(much, 'x', sizeof much);
    much[sizeof much - 1] = 0;
    assert_int_equal(answer_status(rate(&cat, code, "50", much)), 422);
    /* revisions of another article, of nothing, of no shape */
    static const char nothing[] = "00000000000000000000000000000000000000000000000000000000000000ff";
    const char *const wrong[] = {foreign, nothing, "", "zz", "../../etc"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(answer_status(reader_post(
                             &cat, path, path, "revision", wrong[i], "v0", "50", "do", "rate", NULL)),
            404);
    assert_int_equal(answer_status(reader_get(&cat, "/r/qqqqqqqqqq/rate")), 404);
    assert_int_equal(
        answer_status(reader_get(&cat, z(arena_printf(site.arena, "/e/%s/rate", nothing)))), 404);
    assert_int_equal(answer_status(reader_get(&cat, "/e/nonsense/rate")), 404);
    /* without the form's token, and without a session */
    assert_int_equal(answer_status(reader_post(&cat, NULL, path, "revision", id, "v0", "50", NULL)), 403);
    assert_int_equal(answer_status(reader_post(&bare, NULL, path, "revision", id, "v0", "50", NULL)), 403);
    assert_int_equal(answer_status(reader_post(&cat, NULL, link_of(code, "/agree"), "v", "50", NULL)), 403);
    assert_int_equal(ratings_in_the_pool(), before);
    /* as many as an account can: the keeper's rate ends it, and says how long */
    int status = 0;
    for (int i = 0; i < 400 && status != 429; i++)
        status = answer_status(
            reader_post(&cat, path, path, "revision", id, "v0", i % 2 ? "0" : "100", "do", "rate", NULL));
    assert_int_equal(status, 429);
    reader_finish(&cat);
    reader_finish(&bare);
}

/* ---- what one agrees with */

struct looking {
    const struct pubkey *account, *opinion;
    size_t by_opinion;
};

static bool mentions(struct str raw, const struct pubkey *key)
{
    char hex[65];
    struct buf npub _cleanup_buf_ = BUF_INIT;
    hex_encode(key->b, sizeof key->b, hex);
    nip19_npub(key, &npub);
    return str_find(raw, str_of(hex)) != SIZE_MAX || str_find(raw, buf_str(&npub)) != SIZE_MAX;
}

/* Every record anyone can get: none names both keys, and what the opinion key says has no trace of where it
 * came from. */
static int look(void *ctx, const struct store_found *f)
{
    struct looking *l = ctx;
    bool is_opinion = pubkey_eq(&f->record.pubkey, l->opinion);
    assert_false(is_opinion ? mentions(f->raw, l->account) : mentions(f->raw, l->opinion));
    if (!is_opinion)
        return 0;
    l->by_opinion++;
    assert_int_equal(f->record.created_at % 86400, 0);
    assert_int_equal(f->record.content.n, 0);
    assert_hasnt(f->raw, "dora");
    assert_hasnt(f->raw, "127.0.0.1");
    assert_hasnt(f->raw, "client");
    static const char *const known[] = {"d", "m", "rating", "a", "e", "p", "k", "L", "l"};
    for (size_t i = 0; i < f->record.tag_count; i++) {
        bool good = false;
        for (size_t k = 0; k < sizeof known / sizeof *known; k++)
            good = good || str_eqz(f->record.tags[i].v[0], known[k]);
        assert_true(good);
    }
    return 0;
}

static size_t opinions_public(const char *name)
{
    struct err err = {0};
    struct account account;
    struct pubkey opinion;
    struct store_read *read;
    assert_int_equal(store_read_begin(node_store(site.node), &read, NULL), 0);
    assert_int_equal(node_account_by_name(read, site.arena, str_of(name), &account, &err), 0);
    assert_int_equal(node_opinion_key(read, &account.key, &opinion, &err), 0);
    struct looking l = {&account.key, &opinion, 0};
    assert_true(store_follow(read, 0, 10000, STORE_PARSE | STORE_OLD_TOO, look, &l, &err) >= 0);
    store_read_end(read);
    return l.by_opinion;
}

static void work(void)
{
    struct err err = {0};
    assert_int_equal(
        node_opinion_work(site.node, clock_now(node_clock(site.node)) + 9 * 86400, NULL, &err), 0);
    assert_int_equal(
        store_wait_applied(node_store(site.node), store_last_seq(node_store(site.node)), 10000, &err), 0);
}

static void what_one_agrees_with_leaves_apart_from_ones_name(void **state)
{
    const char *code = article(6, "stand", LONG_TEXT, 1790000000);
    struct reader dora = member("dora");
    const char *path = link_of(code, "/rate"), *agree = link_of(code, "/agree"),
               *id = revision_of(&dora, path);
    goes_on(rate(&dora, code, "75", "Mine, by name."));
    goes_on(reader_post(&dora, path, agree, "revision", id, "v", "100", "do", "keep", NULL));
    struct str page = reader_get(&dora, path);
    assert_has(page, "Your choice leaves the node later.");
    page = reader_get(&dora, "/me/opinions");
    assert_has(page, "The depot");
    assert_has(page, "5 of 5");
    assert_hasnt(reader_get(&dora, link_of(code, "/ratings")), "Do you share its position?");
    goes_on(reader_post(&dora, path, agree, "revision", id, "v", "0", "do", "keep", NULL));
    assert_int_equal(opinions_public("dora"), 0);
    work();
    assert_int_equal(opinions_public("dora"), 1); /* the last choice of the day alone */
    page = reader_get(&dora, link_of(code, "/ratings.json"));
    assert_has(page, "\"dimension\":\"agree\",\"steps\":[1,0,0,0,0]");
    assert_has(reader_get(&dora, path), "has left the node under the key apart from your name");
    /* under one's name as well would count twice and tie the two */
    struct str answer = reader_post(&dora, path, agree, "revision", id, "v", "0", "do", "openly", NULL);
    assert_int_equal(answer_status(answer), 422);
    assert_has(answer, "Take that back first");
    goes_on(reader_post(&dora, path, agree, "revision", id, "do", "back", NULL));
    assert_has(reader_get(&dora, path), "That you take it back leaves the node later.");
    work();
    reader_finish(&dora);
}

static void saying_it_openly_is_a_choice_of_its_own(void **state)
{
    const char *code = article(7, "open", LONG_TEXT, 1790000000);
    struct reader eve = member("eve");
    const char *path = link_of(code, "/rate"), *agree = link_of(code, "/agree"),
               *id = revision_of(&eve, path);
    assert_has(reader_get(&eve, agree), "Everybody can then read, for good");
    goes_on(reader_post(&eve, path, agree, "revision", id, "v", "25", "do", "keep", NULL));
    goes_on(reader_post(&eve, agree, agree, "revision", id, "v", "100", "do", "openly", NULL));
    assert_has(reader_get(&eve, path), "You have said it publicly");
    assert_has(reader_get(&eve, link_of(code, "/ratings.json")), "\"name\":\"eve\",\"dimension\":\"agree\"");
    assert_int_equal(
        answer_status(reader_post(&eve, path, agree, "revision", id, "v", "100", "do", "keep", NULL)), 422);
    work();
    assert_int_equal(opinions_public("eve"), 0); /* what waited is dropped with it */
    goes_on(reader_post(&eve, path, agree, "revision", id, "do", "back", NULL));
    assert_hasnt(reader_get(&eve, link_of(code, "/ratings.json")), "\"agree\"");
    reader_finish(&eve);
}

static void a_comment_from_elsewhere_is_read_and_rated(void **state)
{
    const char *code = article(8, "discussed", LONG_TEXT, 1790000000);
    struct record_draft d;
    struct pubkey author = pool_key(8);
    char hex[65];
    hex_encode(author.b, sizeof author.b, hex);
    const char *coordinate = arena_printf(site.arena, "30023:%s:discussed", hex).p;
    record_draft_init(&d, site.arena, 1111, 1790000500);
    record_draft_tag(&d, "A", coordinate, NULL);
    record_draft_tag(&d, "K", "30023", NULL);
    record_draft_tag(&d, "a", coordinate, NULL);
    record_draft_tag(&d, "k", "30023", NULL);
    record_draft_content(&d, STR("I was **there**. <script>alert(1)</script>"));
    pool_put(&site, &d.r, 9);
    struct reader fay = member("fay");
    assert_has(reader_get(&fay, link_of(code, "")), "One comment");
    struct str page = reader_get(&fay, link_of(code, "/comments"));
    const char *event = z(arena_printf(site.arena, "/e/%.64s", between(page, "/e/", "\"").p));
    page = reader_get(&fay, event);
    assert_int_equal(answer_status(page), 200);
    assert_has(page, "<strong>there</strong>");
    assert_hasnt(page, "<script>alert");
    assert_has(page, link_of(code, ""));
    const char *path = z(arena_printf(site.arena, "%s/rate", event));
    goes_on(reader_post(
        &fay, path, path, "revision", revision_of(&fay, path), "v2", "100", "r2", "", "do", "rate", NULL));
    page = reader_get(&fay, z(arena_printf(site.arena, "%s/ratings.json", event)));
    assert_has(page, "\"dimension\":\"clear\",\"steps\":[0,0,0,0,1]");
    /* an article's version by its id leads to the version */
    const char *id = revision_of(&fay, link_of(code, "/rate"));
    assert_int_equal(answer_status(reader_get(&fay, z(arena_printf(site.arena, "/e/%s", id)))), 303);
    reader_finish(&fay);
}

static void a_dimension_is_defined_and_rated_by(void **state)
{
    const char *code = article(9, "by-others", LONG_TEXT, 1790000000);
    struct reader gus = member("gus");
    const char *form = "/dimensions/new";
    assert_int_equal(answer_status(reader_post(&gus, form, form, "d", "Bad Name", "language0", "en", "name0",
                         "x", "question0", "y", NULL)),
        422);
    goes_on(reader_post(&gus, form, form, "d", "own-voice", "language0", "en", "name0", "Own voice",
        "question0", "Do those <speak> whom it is about?", "low0", "never", "high0", "throughout",
        "language1", "fr", "name1", "Parole propre", "question1", "Les intéressés parlent-ils ?", "low1",
        "jamais", "high1", "partout", NULL));
    struct str page = reader_get(&gus, "/dimensions");
    assert_has(page, "Do those &lt;speak&gt; whom it is about?");
    assert_has(page, ">gus</a>");
    assert_has(reader_get(&gus, "/dimensions?ui=fr"), "Les intéressés parlent-ils ?");
    const char *path = z(arena_printf(site.arena, "%s?ui=en", link_of(code, "/rate")));
    page = reader_get(&gus, path);
    size_t at = str_find(page, STR("Do those &lt;speak&gt;"));
    assert_true(at != SIZE_MAX);
    const char *field = z(between(str_slice(page, at, page.n), "name=\"v", "\""));
    const char *name = z(arena_printf(site.arena, "v%s", field));
    goes_on(reader_post(&gus, path, link_of(code, "/rate"), "revision",
        z(between(page, "name=\"revision\" value=\"", "\"")), name, "50", "do", "rate", NULL));
    assert_has(reader_get(&gus, link_of(code, "/ratings.json")), ":own-voice\",\"steps\":[0,0,1,0,0]");
    reader_finish(&gus);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rating_is_given_changed_and_taken_back),
        cmocka_unit_test(a_rating_stays_with_its_text_until_confirmed),
        cmocka_unit_test(what_is_forged_is_refused),
        cmocka_unit_test(what_one_agrees_with_leaves_apart_from_ones_name),
        cmocka_unit_test(saying_it_openly_is_a_choice_of_its_own),
        cmocka_unit_test(a_comment_from_elsewhere_is_read_and_rated),
        cmocka_unit_test(a_dimension_is_defined_and_rated_by),
    };
    return cmocka_run_group_tests(tests, open_site, close_site);
}
