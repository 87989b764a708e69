/* page_panel.c: tests rating in private for a service's panel: that it stays on the node, that others do not
 * reach it, and that what the panel says together is published as the service's rating. */
#include "pool.h"

#include "rating/service.h"
#include "web/web.h"

static struct site site;
static struct pubkey service;

static int open_site(void **state)
{
    static const uint32_t kinds[] = {KIND_RATING, 30383, 30384};
    struct err err;
    site_open(&site, NULL);
    return node_source_key(site.node, STR("service panel"), kinds, 3, &service, &err) ||
           service_put(
               node_store(site.node), &service, STR("Tenants <i>panel"), STR("By lot."), 1790000000, &err);
}

static int close_site(void **state)
{
    site_close(&site);
    return 0;
}

static struct reader member(const char *name)
{
    struct reader r = {.site = &site};
    struct str answer = reader_post(&r, "/sign-up", "/sign-up", "name", name, "password",
        "correct horse battery", "again", "correct horse battery", NULL);
    assert_int_equal(answer_status(answer), 303);
    return r;
}

static struct pubkey key_of_account(const char *name)
{
    struct err err;
    struct store_read *read;
    struct account account;
    assert_int_equal(store_read_begin(node_store(site.node), &read, &err), 0);
    assert_int_equal(node_account_by_name(read, site.arena, str_of(name), &account, &err), 0);
    store_read_end(read);
    return account.key;
}

static void seat(const char *name)
{
    struct err err;
    struct pubkey key = key_of_account(name);
    assert_int_equal(service_member_add(node_store(site.node), &service, &key, 1790000000, &err), 0);
}

static int64_t ratings_in_pool(void)
{
    struct err err;
    struct store_read *read;
    struct filter f;
    assert_int_equal(filter_parse(site.arena, STR("{\"kinds\":[34259]}"), &f, &err), 0);
    assert_int_equal(store_read_begin(node_store(site.node), &read, &err), 0);
    int64_t n = store_count(read, &f, 1, &err);
    store_read_end(read);
    return n;
}

static const char *panel_link(const char *code)
{
    struct buf npub _cleanup_buf_ = BUF_INIT;
    nip19_npub(&service, &npub);
    return arena_printf(site.arena, "/r/%s/panel/%s", code, npub.p).p;
}

static int rate(struct reader *r, const char *code, const char *worth)
{
    const char *path = panel_link(code);
    struct str page = reader_get(r, path);
    struct str id = between(page, "name=\"revision\" value=\"", "\"");
    return answer_status(
        reader_post(r, path, path, "revision", arena_strz(site.arena, id), "v0", worth, NULL));
}

static const char *depot(const char *d)
{
    const struct article_draft a = {.d = str_of(d),
        .title = STR("The depot"),
        .text = STR("The depot closed at four in the morning."),
        .language = STR("en"),
        .license = STR("CC0-1.0")};
    return pool_article(&site, 3, &a, 1790000000);
}

static void a_panel_rates_in_private(void **state)
{
    const char *code = depot("one");
    struct reader ana = member("ana"), ben = member("ben"), guest = {.site = &site};
    seat("ana");
    assert_int_equal(answer_status(reader_get(&guest, panel_link(code))), 303); /* to sign in */
    assert_int_equal(answer_status(reader_get(&ben, panel_link(code))), 404);
    assert_hasnt(reader_get(&ben, "/me"), "/panels");
    assert_has(reader_get(&ben, "/panels"), "You sit on no panel");
    assert_has(reader_get(&ana, "/me"), "/panels");
    assert_has(reader_get(&ana, pool_link(&site, code, "/rate")), "Tenants &lt;i&gt;panel");
    assert_has(reader_get(&ana, panel_link(code)), "Whoever runs this node can see your single ratings");
    assert_hasnt(reader_get(&ana, panel_link(code)), "Do you share its position?");
    assert_int_equal(rate(&ana, code, "75"), 303);
    assert_int_equal(rate(&ana, code, "750"), 422);
    assert_int_equal(rate(&ana, code, "many"), 422);
    struct str page = reader_get(&ana, "/panels");
    assert_has(page, "The depot");
    assert_has(page, "<td>4</td>");
    assert_int_equal(ratings_in_pool(), 0);
    assert_has(reader_get(&guest, pool_link(&site, code, "/ratings")), "Nobody has rated it yet");
    assert_int_equal(rate(&ana, code, ""), 303); /* taken back */
    assert_hasnt(reader_get(&ana, "/panels"), "The depot");
    reader_finish(&ana);
    reader_finish(&ben);
    reader_finish(&guest);
}

static void ten_of_a_panel_speak_together(void **state)
{
    struct err err;
    const char *code = depot("two");
    size_t published = 0;
    struct reader guest = {.site = &site};
    for (int i = 0; i < 10; i++) {
        const char *name = arena_printf(site.arena, "member%d", i).p;
        struct reader r = member(name);
        seat(name);
        assert_int_equal(rate(&r, code, "100"), 303);
        reader_finish(&r);
    }
    int64_t before = ratings_in_pool();
    assert_int_equal(web_service_publish(site.node, &service, &published, &err), 0);
    assert_int_equal(published, 1);
    assert_int_equal(web_service_publish(site.node, &service, &published, &err), 0);
    assert_int_equal(published, 1); /* once */
    assert_int_equal(
        store_wait_applied(node_store(site.node), store_last_seq(node_store(site.node)), 10000, &err), 0);
    assert_int_equal(ratings_in_pool(), before + 1);
    struct str page = reader_get(&guest, pool_link(&site, code, "/ratings.json"));
    assert_has(page, "\"worth\"");
    assert_hasnt(page, "member0");
    reader_finish(&guest);
}

static void who_goes_is_forgotten(void **state)
{
    struct err err;
    const char *code = depot("three");
    struct reader dora = member("dora");
    seat("dora");
    assert_int_equal(rate(&dora, code, "50"), 303);
    struct pubkey key = key_of_account("dora");
    reader_finish(&dora);
    assert_int_equal(node_account_remove(site.node, STR("dora"), &err), 0);
    struct store_read *read;
    struct service_mark *marks;
    struct rating_service *services;
    size_t n;
    assert_int_equal(store_read_begin(node_store(site.node), &read, &err), 0);
    assert_int_equal(
        service_marks(read, site.arena, &service, &key, (struct str){NULL, 0}, 9, &marks, &n, &err), 0);
    assert_int_equal(n, 0);
    assert_int_equal(service_of_member(read, site.arena, &key, &services, &n, &err), 0);
    assert_int_equal(n, 0);
    store_read_end(read);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_panel_rates_in_private),
        cmocka_unit_test(ten_of_a_panel_speak_together),
        cmocka_unit_test(who_goes_is_forgotten),
    };
    return cmocka_run_group_tests(tests, open_site, close_site);
}
