/* page_trust.c: tests whom a reader trusts: the list, its words and names, the ways by which weight comes,
 * lists from elsewhere, and what of it is published. */
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

static void goes_on(struct str answer)
{
    if (answer_status(answer) != 303)
        fail_msg("%.*s", (int)(answer.n < 4000 ? answer.n : 4000), answer.p);
}

static const char *npub(int who)
{
    struct buf out _cleanup_buf_ = BUF_INIT;
    struct pubkey key = pool_key(who);
    nip19_npub(&key, &out);
    return z(buf_str(&out));
}

static const char *hex(int who)
{
    char *out = arena_alloc(site.arena, 65);
    struct pubkey key = pool_key(who);
    hex_encode(key.b, sizeof key.b, out);
    return out;
}

/* A published list of who: at most two others, fully. */
static void publishes_trust(int who, int first, int second)
{
    struct record_draft d;
    record_draft_init(&d, site.arena, 30000, 1790000000);
    record_draft_tag(&d, "d", "widenet.trust", NULL);
    record_draft_tag(&d, "p", hex(first), "", "", "1", NULL);
    if (second)
        record_draft_tag(&d, "p", hex(second), "", "", "0.5", NULL);
    record_draft_content(&d, STR(""));
    pool_put(&site, &d.r, who);
}

static size_t trust_records(void)
{
    struct store_read *read;
    uint32_t kind = KIND_TRUST;
    struct filter f = {.kinds = &kind, .kind_count = 1, .has_kinds = true, .until = INT64_MAX, .limit = -1};
    assert_int_equal(store_read_begin(node_store(site.node), &read, NULL), 0);
    int64_t n = store_count(read, &f, 1, NULL);
    store_read_end(read);
    return (size_t)n;
}

static void people_are_put_on_the_list_changed_and_taken_off(void **state)
{
    struct reader ana = member("ana"), bea = member("bea");
    size_t before = trust_records();
    assert_has(reader_get(&ana, "/trust"), "Nobody is on it yet.");
    goes_on(reader_post(&ana, "/trust", "/trust", "who", "bea", "petname", "<script>alert(1)</script>", "w",
        "much", "do", "add", NULL));
    goes_on(reader_post(&ana, "/trust", "/trust", "who", npub(1), "petname", "\xe2\x80\xaeOne", "w", "little",
        "do", "add", NULL));
    goes_on(reader_post(&ana, "/trust", "/trust", "who", hex(2), "fine", "37", "do", "add", NULL));
    struct str page = reader_get(&ana, "/trust");
    assert_has(page, "&lt;script&gt;alert(1)&lt;/script&gt;");
    assert_hasnt(page, "<script>alert");
    assert_hasnt(page, "\xe2\x80\xae");
    assert_has(page, "3 people");
    assert_has(page, "as it is: 0.37");
    assert_has(page, "adds up to 1.22"); /* few decide */
    assert_has(reader_get(&ana, "/trust.json"), "\"weight\":0.25");
    assert_has(reader_get(&bea, "/trust"), "Nobody is on it yet."); /* one's own alone */
    goes_on(reader_post(
        &ana, "/trust", "/trust", "who", hex(2), "w", "same", "petname", "Two", "do", "save", NULL));
    assert_has(reader_get(&ana, "/trust.json"), "\"petname\":\"Two\",\"weight\":0.37");
    goes_on(reader_post(&ana, "/trust", "/trust", "who", npub(1), "do", "remove", NULL));
    assert_hasnt(reader_get(&ana, "/trust.json"), npub(1));
    /* what cannot be */
    const struct {
        const char *who, *w, *fine, *says;
    } wrong[] = {
        {"ana", "much", "", "You need not be on your own list"},
        {"nobody-of-that-name", "much", "", "Nobody of that name is known here."},
        {"", "much", "", "Say whom"},
        {"nsec1vl029mgpspedva04g90vltkh6fvh240zqtv9k0t9af8935ke9laqsnlfe5", "much", "",
            "That is a private key."},
        {"bea", "", "", "Say how much"},
        {"bea", "utterly", "", "Say how much"},
        {"bea", "", "0", "Say how much"},
        {"bea", "", "101", "Say how much"},
        {"bea", "", "NaN", "Say how much"},
        {"bea", "", "-5", "Say how much"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct str answer = reader_post(&ana, "/trust", "/trust", "who", wrong[i].who, "w", wrong[i].w,
            "fine", wrong[i].fine, "do", "add", NULL);
        assert_int_equal(answer_status(answer), 422);
        assert_has(answer, wrong[i].says);
    }
    assert_int_equal(answer_status(reader_post(&ana, NULL, "/trust", "who", "bea", "w", "fully", NULL)), 403);
    assert_int_equal(trust_records(), before); /* nothing of it was published */
    reader_finish(&ana);
    reader_finish(&bea);
}

static void a_rater_has_a_weight_and_the_ways_it_comes_by(void **state)
{
    struct reader cora = member("cora");
    publishes_trust(3, 4, 5); /* 3 → 4, 5 */
    publishes_trust(5, 4, 0); /* 5 → 4 */
    goes_on(reader_post(
        &cora, "/trust", "/trust", "who", npub(3), "petname", "Trude", "w", "fully", "do", "add", NULL));
    struct str page = reader_get(&cora, z(arena_printf(site.arena, "/trust/of/%s", npub(4))));
    assert_has(page, "Their ratings count ");
    assert_has(page, "Trude");
    assert_has(page, "<svg");
    assert_has(page, "through");
    page = reader_get(&cora, z(arena_printf(site.arena, "/trust/of/%s", npub(7))));
    assert_has(page, "Their ratings do not count for you");
    assert_hasnt(page, "<svg class=\"ways\"");
    assert_has(reader_get(&cora, "/trust"), "more count a little");
    assert_int_equal(answer_status(reader_get(&cora, "/trust/of/nobody")), 404);
    /* and it stands beside a rating */
    const struct article_draft a = {.d = STR("w"),
        .title = STR("The depot"),
        .text = STR("One two three four."),
        .language = STR("en"),
        .license = STR("CC0-1.0")};
    const char *code = pool_article(&site, 8, &a, 1790000000);
    struct record_draft d = {.arena = site.arena};
    struct rating_draft rating = {.target = {.type = RATING_OF_ADDRESS,
                                      .address = {30023, pool_key(8), STR("w")},
                                      .author = pool_key(8),
                                      .kind = 30023},
        .dimension = STR("worth"),
        .value = 10000,
        .reason = STR("Go and see.")};
    struct err err;
    assert_int_equal(rating_write(&rating, 1790000100, &d, &err), 0);
    pool_put(&site, &d.r, 4);
    page = reader_get(&cora, pool_link(&site, code, ""));
    assert_has(page, "Go and see.");
    assert_has(page, "Trude");
    assert_has(page, "5 of 5");
    page = reader_get(&cora, pool_link(&site, code, "/ratings.json"));
    assert_has(page, "\"by_trusted\":[{");
    assert_has(page, "\"path\":[\"");
    struct reader guest = {.site = &site};
    assert_hasnt(reader_get(&guest, pool_link(&site, code, "")), "Trude");
    reader_finish(&cora);
    reader_finish(&guest);
}

static void lists_from_elsewhere_are_looked_at_and_taken_in(void **state)
{
    struct reader dan = member("dan");
    const char *path = "/trust/import";
    char pasted[600];
    snprintf(pasted, sizeof pasted,
        "{\"kind\":3,\"tags\":[[\"p\",\"%s\",\"wss://x\",\"<b>Six</"
        "b>\"],[\"p\",\"zz\"],[\"e\",\"%s\"]],\"content\":\"\"}",
        hex(6), hex(7));
    struct str page = reader_post(&dan, path, path, "do", "paste", "list", pasted, NULL);
    assert_int_equal(answer_status(page), 200);
    assert_has(page, "One person found");
    assert_has(page, "&lt;b&gt;Six&lt;/b&gt;");
    assert_has(page, "One line was no key");
    snprintf(pasted, sizeof pasted, "my friends: %s, nostr:%s and %s!", npub(6), npub(6), hex(7));
    page = reader_post(&dan, path, path, "do", "paste", "list", pasted, NULL);
    assert_has(page, "2 people found");
    const char *list = z(between(page, "name=\"list\" value=\"", "\""));
    goes_on(reader_post(&dan, path, path, "do", "take", "list", list, "w", "little", NULL));
    page = reader_get(&dan, "/trust.json");
    assert_has(page, npub(6));
    assert_has(page, npub(7));
    assert_has(page, "\"weight\":0.25");
    /* what one has already stays as it is */
    page = reader_post(&dan, path, path, "do", "paste", "list", pasted, NULL);
    assert_has(page, "2 of them are on your list already");
    goes_on(reader_post(&dan, path, path, "do", "take", "list", list, "w", "fully", NULL));
    assert_hasnt(reader_get(&dan, "/trust.json"), "\"weight\":1");
    /* nothing, nonsense, private keys, another's set */
    static const char *const bad[] = {"", "hello", "{\"tags\":{}}", "[1,2,[3]]", "[[[[[[[", "naddr1qqqq"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        page = reader_post(&dan, path, path, "do", "paste", "list", bad[i], NULL);
        assert_int_equal(answer_status(page), 422);
    }
    page = reader_post(&dan, path, path, "do", "paste", "list",
        "nsec1vl029mgpspedva04g90vltkh6fvh240zqtv9k0t9af8935ke9laqsnlfe5", NULL);
    assert_has(page, "There is a private key");
    assert_hasnt(page, "nsec1vl029");
    page = reader_post(&dan, path, path, "do", "take", "list", "zz 9 x\n\n- - -\n", "w", "much", NULL);
    assert_int_equal(answer_status(page), 303);
    reader_finish(&dan);
}

static struct str confirmed(struct reader *r, struct str page)
{
    const char *fields[4], *const names[] = {"record", "after", "said", "mac"};
    assert_has(page, "Your password again");
    for (int i = 0; i < 4; i++) {
        struct buf mark _cleanup_buf_ = BUF_INIT, plain _cleanup_buf_ = BUF_INIT;
        buf_addf(&mark, "name=\"%s\" value=\"", names[i]);
        struct str value = between(page, buf_str(&mark).p, "\"");
        assert_non_null(value.p);
        for (size_t at = 0; at < value.n; at++)
            if (str_starts(str_slice(value, at, value.n), STR("&quot;"))) {
                buf_addc(&plain, '"');
                at += 5;
            } else {
                buf_addc(&plain, value.p[at]);
            }
        fields[i] = z(buf_str(&plain));
    }
    return reader_post(r, "/trust", "/confirm", "record", fields[0], "after", fields[1], "said", fields[2],
        "mac", fields[3], "password", "correct horse battery", NULL);
}

static void publishing_is_on_purpose_and_wants_the_password(void **state)
{
    struct reader eli = member("eli");
    const char *path = "/trust/publish";
    goes_on(reader_post(&eli, "/trust", "/trust", "who", npub(2), "petname", "My secret name", "w", "much",
        "do", "add", NULL));
    assert_has(reader_get(&eli, path), "whom you trust and how much, and who trusts whom is worth a lot");
    size_t before = trust_records();
    /* sealed: the password, then one record that says nothing in clear */
    struct str page = reader_post(&eli, path, path, "do", "sealed", "texts", "", NULL);
    if (answer_status(page) == 200)
        page = confirmed(&eli, page);
    goes_on(page);
    assert_int_equal(trust_records(), before + 1);
    assert_has(reader_get(&eli, path), "sealed, only you can read it");
    /* and it can be opened again */
    page = reader_get(&eli, "/trust/import");
    const char *set = z(between(page, "name=\"set\" value=\"", "\""));
    page = reader_post(&eli, "/trust/import", "/trust/import", "do", "set", "set", set, NULL);
    assert_has(page, "My secret name");
    struct reader fox = member("fox"); /* not by anyone else */
    page = reader_post(&fox, "/trust/import", "/trust/import", "do", "set", "set", set, NULL);
    assert_has(page, "There is no such list of yours.");
    /* in the open: without the names one gave, unless asked */
    page = reader_post(&eli, path, path, "do", "open", NULL);
    if (answer_status(page) == 200)
        page = confirmed(&eli, page);
    goes_on(page);
    assert_int_equal(trust_records(), before + 1); /* in the sealed one's place */
    page = reader_get(&eli, path);
    assert_has(page, "one person, for all to see");
    struct store_read *read;
    struct err err;
    struct account account;
    struct store_found found;
    assert_int_equal(store_read_begin(node_store(site.node), &read, &err), 0);
    assert_int_equal(node_account_by_name(read, site.arena, STR("eli"), &account, &err), 0);
    struct address address = {KIND_TRUST, account.key, STR("widenet.trust")};
    assert_int_equal(store_get_address(read, site.arena, &address, &found, &err), 0);
    assert_hasnt(found.raw, "My secret name");
    assert_has(found.raw, hex(2));
    store_read_end(read);
    page = reader_post(&eli, path, path, "do", "withdraw", NULL);
    if (answer_status(page) == 200)
        page = confirmed(&eli, page);
    goes_on(page);
    assert_int_equal(trust_records(), before);
    assert_has(reader_get(&eli, "/trust.json"), npub(2)); /* the list itself stays */
    reader_finish(&eli);
    reader_finish(&fox);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(people_are_put_on_the_list_changed_and_taken_off),
        cmocka_unit_test(a_rater_has_a_weight_and_the_ways_it_comes_by),
        cmocka_unit_test(lists_from_elsewhere_are_looked_at_and_taken_in),
        cmocka_unit_test(publishing_is_on_purpose_and_wants_the_password),
    };
    return cmocka_run_group_tests(tests, open_site, close_site);
}
