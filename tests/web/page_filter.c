/* page_filter.c: tests the pages through filters: the front page by whom a reader trusts, why, what is
 * hidden, filters made, published, copied, compared and withdrawn, and that none of it reaches another
 * reader. */
#include "pool.h"

#include "rating/rating.h"

#include <jansson.h>
#include <stdlib.h>

static struct site site;
static int64_t now;
static const char *good, *bad, *unseen; /* articles: rated well by 1, badly by 1, by 2 alone */

static const char *z(struct str s)
{
    return arena_strz(site.arena, s);
}

static void rate(const char *d, int who, const char *dimension, uint16_t value, const char *reason)
{
    struct err err = {0};
    struct record_draft draft = {.arena = site.arena};
    struct rating_draft rating = {
        .target = {.type = RATING_OF_ADDRESS,
            .address = {KIND_ARTICLE, pool_key(5), str_of(d)},
            .author = pool_key(5),
            .kind = KIND_ARTICLE},
        .dimension = str_of(dimension),
        .value = value,
        .reason = str_of(reason),
    };
    struct store_found found;
    struct store_read *read;
    assert_int_equal(store_read_begin(node_store(site.node), &read, &err), 0);
    assert_int_equal(store_get_address(read, site.arena, &rating.target.address, &found, &err), 0);
    rating.target.revision = found.record.id;
    store_read_end(read);
    if (rating_write(&rating, now - 600, &draft, &err))
        fail_msg("%s", err.what);
    pool_put(&site, &draft.r, who);
}

static const char *article(const char *d, const char *title)
{
    return pool_article(&site, 5,
        &(struct article_draft){.d = str_of(d),
            .title = str_of(title),
            .text = STR("At four the night shift left the depot and nobody came to say why."),
            .language = STR("en"),
            .license = STR("CC0-1.0")},
        now - 3600);
}

static int open_site(void **state)
{
    site_open(&site, NULL);
    now = clock_now(&clock_system);
    good = article("good", "The depot <closes>");
    bad = article("bad", "Cheap pills");
    unseen = article("unseen", "A cat in a tree");
    rate("good", 1, "worth", 10000, "They were <there>");
    rate("good", 1, "accurate", 9000, "");
    rate("bad", 1, "worth", 1000, "");
    rate("bad", 1, "junk", 10000, "");
    rate("unseen", 2, "worth", 10000, "");
    return 0;
}

static int close_site(void **state)
{
    site_close(&site);
    return 0;
}

static struct reader person(const char *name)
{
    struct reader r = {.site = &site};
    struct str answer = reader_post(&r, "/sign-up", "/sign-up", "name", name, "password",
        "correct horse battery", "again", "correct horse battery", NULL);
    assert_int_equal(answer_status(answer), 303);
    return r;
}

static struct pubkey key_of(const char *name)
{
    struct err err = {0};
    struct store_read *read;
    struct account account;
    assert_int_equal(store_read_begin(node_store(site.node), &read, &err), 0);
    assert_int_equal(node_account_by_name(read, site.arena, str_of(name), &account, &err), 0);
    store_read_end(read);
    return account.key;
}

/* Privately: nobody but this node knows. */
static void trust(const char *name, int whom, const char *petname)
{
    struct err err = {0};
    struct pubkey me = key_of(name);
    struct trust_entry entry = {pool_key(whom), WEIGHT_ONE, str_of(petname)};
    assert_int_equal(trust_private_keep(node_store(site.node), &me, &entry, 1, &err), 0);
}

static const char *location(struct str answer)
{
    if (answer_status(answer) != 303)
        fail_msg("no way on but %.*s", (int)(answer.n < 3000 ? answer.n : 3000), answer.p);
    return z(answer_header_of(answer, "Location"));
}

static struct str page(struct reader *r, const char *path)
{
    struct str answer = reader_get(r, path);
    if (answer_status(answer) != 200)
        fail_msg("%s answers %d: %.*s", path, answer_status(answer), (int)(answer.n < 2000 ? answer.n : 2000),
            answer.p);
    return answer;
}

static const char *path_of(const char *before, const char *key, const char *after)
{
    return arena_printf(site.arena, "%s%s%s", before, key, after).p;
}

/* ---- */

static void the_front_page_follows_trust(void **state)
{
    struct reader ana = person("ana"), nobody = {.site = &site};
    struct str answer = page(&ana, "/");
    assert_has(answer, "The depot &lt;closes&gt;");
    assert_has(answer, "Cheap pills");
    assert_has(answer, "aria-current=\"true\" dir=\"auto\">Everything</a>");
    assert_has(answer, "This page&#39;s filter is a public record");
    /* whoever trusts nobody is told so, and how to begin */
    answer = page(&ana, "/?filter=trusted");
    assert_has(answer, "You trust nobody yet");
    assert_has(answer, "href=\"/trust\"");
    answer = page(&nobody, "/?filter=trusted");
    assert_has(answer, "Sign in");
    assert_hasnt(answer, "Cheap pills");
    trust("ana", 1, "Ben \u202etxt");
    answer = page(&ana, "/?filter=trusted");
    assert_has(answer, "The depot &lt;closes&gt;");
    assert_hasnt(answer, "Cheap pills");
    assert_hasnt(answer, "A cat in a tree");
    assert_has(answer, "\u2068Ben txt\u2069, whom you trust: newsworthy");
    assert_has(answer, "Fewer than four people");
    assert_has(answer, path_of("/r/", good, "/why?filter=trusted"));
    assert_has(answer, "2 hidden, and why");
    assert_piece(answer_header_of(answer, "Cache-Control"), "private, no-store");
    /* the full account */
    answer = page(&ana, path_of("/r/", good, "/why?filter=trusted"));
    assert_has(answer, "It passes the filter “People I trust”.");
    assert_has(answer, "Ben txt");
    assert_has(answer, "They were &lt;there&gt;");
    assert_has(answer, "weight 1");
    answer = page(&ana, path_of("/r/", bad, "/why?filter=trusted"));
    assert_has(answer, "hides it: rated too low in all.");
    answer = page(&ana, path_of("/r/", unseen, "/why?filter=newsworthy"));
    assert_has(answer, "hides it: too few people you trust have rated it.");
    assert_has(answer, "Nobody whose ratings this filter goes by");
    /* what it hid, rule by rule */
    answer = page(&ana, "/hidden?filter=trusted");
    assert_has(answer, "rule=quality");
    assert_has(answer, "rule=support");
    assert_hasnt(answer, "Cheap pills");
    answer = page(&ana, "/hidden?filter=trusted&rule=quality");
    assert_has(answer, "Cheap pills");
    assert_hasnt(answer, "A cat in a tree");
    answer = page(&ana, "/hidden?filter=trusted&rule=support");
    assert_has(answer, "A cat in a tree");
    /* lists of a language and a topic */
    assert_hasnt(page(&ana, "/lang/en?filter=trusted"), "Cheap pills");
    assert_has(page(&ana, "/lang/fr?filter=trusted"), "hides everything just now");
    /* somebody's articles, and words looked for: everything, until something else is asked for */
    struct buf npub _cleanup_buf_ = BUF_INIT;
    struct pubkey author = pool_key(5);
    nip19_npub(&author, &npub);
    const char *by = path_of("/by/", z(buf_str(&npub)), "");
    assert_has(page(&ana, by), "Cheap pills");
    answer = page(&ana, path_of(by, "?filter=trusted", ""));
    assert_hasnt(answer, "Cheap pills");
    assert_has(answer, "The depot &lt;closes&gt;");
    assert_has(answer, "whom you trust: newsworthy");
    assert_has(answer, "It left out 2 articles here.");
    assert_has(page(&ana, "/search?q=night+shift"), "Cheap pills");
    answer = page(&ana, "/search?q=night+shift&filter=trusted");
    assert_hasnt(answer, "Cheap pills");
    assert_has(answer, "The depot &lt;closes&gt;");
    assert_has(answer, "It left out 2 articles here.");
    assert_has(answer, "href=\"/search?q=night%20shift&amp;filter=everything\"");
    assert_has(answer, "name=\"filter\" value=\"trusted\"");
    assert_hasnt(page(&ana, path_of(by, ".json?filter=trusted", "")), "The depot");
    reader_finish(&ana);
}

static void what_one_reader_sees_reaches_nobody_else(void **state)
{
    struct reader bea = person("bea"), nobody = {.site = &site};
    trust("bea", 2, "Carla");
    assert_piece(
        str_of(location(reader_post(&bea, "/filters/trusted", "/filters/first", "filter", "trusted", NULL))),
        "/");
    struct str answer = page(&bea, "/");
    assert_has(answer, "You see this filter first from now on.");
    assert_has(answer, "A cat in a tree");
    assert_has(answer, "Carla");
    assert_hasnt(answer, "Cheap pills");
    for (int i = 0; i < 3; i++) { /* the second and third time from the cache */
        answer = page(&nobody, "/");
        assert_has(answer, "Cheap pills");
        assert_hasnt(answer, "Carla");
        assert_hasnt(page(&nobody, "/?filter=trusted"), "A cat in a tree");
        assert_hasnt(page(&nobody, "/hidden?filter=trusted"), "Carla");
    }
    /* feeds know no reader */
    static const char *const feeds[] = {"/index.json", "/index.atom", "/index.json?filter=trusted",
        "/index.atom?filter=trusted", "/hidden.json?filter=trusted&rule=support",
        "/lang/en.json?filter=trusted"};
    for (size_t i = 0; i < sizeof feeds / sizeof *feeds; i++) {
        struct str mine = page(&bea, feeds[i]), theirs = page(&nobody, feeds[i]);
        assert_true(str_eq(answer_body(mine), answer_body(theirs)));
        assert_hasnt(mine, "Carla");
    }
    assert_hasnt(page(&nobody, "/index.json?filter=trusted"), "A cat in a tree");
    /* forgotten again */
    location(reader_post(&bea, "/filters/trusted", "/filters/first", "forget", "1", NULL));
    assert_has(page(&bea, "/"), "Cheap pills");
    reader_finish(&bea);
}

/* Fields of the form that make "everyone, worth 1, at least 0.1". */
#define FORM                                                                                                 \
    "sources", "everyone", "depth", "0", "support", "0", "quality", "0,1", "dimension", "worth",             \
        "coefficient", "1", "floor", "", "ceiling", "", "order", "quality", "halflife", "48", "window", "",  \
        "languages", "en", "tags", "", "without_tags", "spam, Pills", "without_authors", "", "list", "",     \
        "lineage", "1"

static void makes_publishes_copies_and_withdraws(void **state)
{
    struct reader dora = person("dora"), eva = person("eva"), nobody = {.site = &site};
    assert_int_equal(answer_status(reader_get(&nobody, "/filters/new")), 303);
    struct str answer = page(&dora, "/filters/new");
    assert_has(answer, "What it would do to today&#39;s pool");
    /* shown before it is anything */
    answer = reader_post(&dora, "/filters/new", "/filters/new", "name", "", "about", "", "edit", "", "origin",
        "", "do", "show", FORM, NULL);
    assert_int_equal(answer_status(answer), 200);
    assert_has(answer, "It shows 2 articles.");
    assert_has(answer, "The depot &lt;closes&gt;");
    assert_has(answer, "rated too low in all");
    assert_has(answer, "value=\"0,1\"");
    answer = reader_post(&dora, "/filters/new", "/filters/count", "name", "", "about", "", "edit", "",
        "origin", "", FORM, NULL);
    assert_has(answer, "It shows 2 articles.");
    assert_hasnt(answer, "<html");
    assert_piece(answer_header_of(answer, "Cache-Control"), "private, no-store");
    /* a name is wanted only to keep it */
    answer = reader_post(&dora, "/filters/new", "/filters/new", "name", " ", "about", "", "edit", "",
        "origin", "", "do", "keep", FORM, NULL);
    assert_int_equal(answer_status(answer), 422);
    assert_has(answer, "1 to 80 characters");
    /* kept: nobody else's */
    const char *to = location(reader_post(&dora, "/filters/new", "/filters/new", "name", "Mine <own>",
        "about", "For me.", "edit", "", "origin", "", "do", "keep", FORM, NULL));
    assert_true(str_starts(str_of(to), STR("/filters/my-")));
    const char *key = to + strlen("/filters/");
    answer = page(&dora, to);
    assert_has(answer, "Mine &lt;own&gt;");
    assert_has(answer, "only you see it");
    assert_has(answer, "Newsworthiness counts for an article, with 1.");
    assert_has(answer, "Nothing on these topics: pills, spam.");
    assert_has(page(&dora, "/filters"), "Mine &lt;own&gt;");
    assert_has(page(&dora, path_of("/?filter=", key, "")), "The depot");
    assert_has(page(&dora, path_of("/filters/", key, ".json")), "\"recipe\":");
    assert_int_equal(answer_status(reader_get(&eva, to)), 404);
    assert_int_equal(answer_status(reader_get(&nobody, path_of("/?filter=", key, ""))), 404);
    assert_int_equal(answer_status(reader_get(&dora, path_of("/index.json?filter=", key, ""))), 404);
    assert_hasnt(page(&eva, "/filters"), "Mine");
    location(reader_post(&dora, to, "/filters/first", "filter", key, NULL));
    /* published under the same name: the private one goes, and stays what she sees first */
    to = location(reader_post(&dora, path_of("/filters/new?edit=", key, ""), "/filters/new", "name", "Ours",
        "about", "For all.", "edit", key, "origin", "", "do", "publish", FORM, NULL));
    const char *public = location(reader_get(&dora, to));
    assert_true(str_starts(str_of(public), STR("/filters/naddr1")));
    const char *naddr = public + strlen("/filters/");
    answer = page(&dora, public);
    assert_has(answer, "The filter is published.");
    assert_has(answer, "what you see first");
    assert_int_equal(answer_status(reader_get(&dora, path_of("/filters/", key, ""))), 404);
    assert_has(page(&nobody, "/filters"), ">Ours</a>");
    assert_has(page(&nobody, path_of("/?filter=", naddr, "")), "The depot");
    assert_hasnt(page(&nobody, path_of("/?filter=", naddr, "")), "Cheap pills");
    assert_has(page(&nobody, path_of("/index.atom?filter=", naddr, "")), "<subtitle>For all.</subtitle>");
    /* somebody comes back to it, copies it; its origin stays credited */
    location(reader_post(&eva, public, "/filters/subscribe", "filter", naddr, NULL));
    assert_has(page(&eva, "/"), ">Ours</a>");
    location(reader_post(&eva, public, "/filters/first", "filter", naddr, NULL));
    answer = page(&eva, path_of("/filters/new?from=", naddr, ""));
    const char *origin = z(between(answer, "name=\"origin\" value=\"", "\""));
    assert_true(str_starts(str_of(origin), STR("34701:")));
    to = location(reader_post(&eva, "/filters/new", "/filters/new", "name", "Copied", "about", "", "edit", "",
        "origin", origin, "do", "publish", FORM, NULL));
    const char *copy = location(reader_get(&eva, to));
    answer = page(&nobody, copy);
    assert_has(answer, "Made from");
    assert_has(answer, ">Ours</a>");
    assert_has(page(&nobody, path_of(copy, ".json", "")), "\"copied_from\":\"34701:");
    /* only its author withdraws it; who came back to it or saw it first is told */
    assert_int_equal(
        answer_status(reader_post(&eva, public, "/filters/withdraw", "filter", naddr, NULL)), 403);
    location(reader_post(&dora, public, "/filters/withdraw", "filter", naddr, NULL));
    assert_int_equal(answer_status(reader_get(&nobody, public)), 410);
    answer = page(&eva, "/");
    assert_has(answer, "The filter you had chosen is not there any more");
    assert_has(answer, "Cheap pills");
    answer = page(&eva, "/filters");
    assert_has(answer, "Withdrawn since you subscribed");
    location(reader_post(&eva, "/filters", "/filters/subscribe", "coordinate", origin, "stop", "1", NULL));
    assert_hasnt(page(&eva, "/filters"), "Withdrawn since");
    assert_has(page(&nobody, copy), "Made from");
    reader_finish(&dora);
    reader_finish(&eva);
}

static void compares_two(void **state)
{
    struct reader fay = person("fay");
    trust("fay", 1, "Ben");
    struct str answer = page(&fay, "/filters/compare?a=everything&b=trusted");
    assert_has(answer, "Both show one.");
    assert_has(answer, "Only “Everything” shows");
    assert_has(answer, "Cheap pills");
    assert_has(answer, "The other hides it: rated too low in all");
    assert_has(answer, "The other hides it: too few people you trust have rated it");
    assert_has(answer, "Nothing that the other does not show.");
    assert_has(page(&fay, "/filters/compare"), "Compare two filters");
    reader_finish(&fay);
}

/* A filter of key 3 that says what it likes. */
static const char *foreign(const char *d, const char *title, const char *recipe)
{
    struct record_draft draft;
    struct buf out _cleanup_buf_ = BUF_INIT;
    record_draft_init(&draft, site.arena, KIND_FILTER, now - 60);
    record_draft_tag(&draft, "d", d, NULL);
    record_draft_tag(&draft, "title", title, NULL);
    record_draft_tag(&draft, "summary", "<img src=x onerror=alert(1)>\u202e", NULL);
    record_draft_content(&draft, str_of(recipe));
    pool_put(&site, &draft.r, 3);
    nip19_naddr(&(struct address){KIND_FILTER, pool_key(3), str_of(d)}, &out);
    return z(buf_str(&out));
}

static void hostile_filters_harm_nobody(void **state)
{
    struct reader gil = person("gil"), nobody = {.site = &site};
    trust("gil", 1, "Ben");
    const char *named = foreign("a/b \"c\"?&#", "<script>alert(1)</script>\u202e{{raw}}",
        "{\"sources\":\"everyone\",\"depth\":0,\"support\":0,\"dimensions\":{\"34706:none:such\":{"
        "\"coefficient\":1}},\"quality\":null,"
        "\"order\":\"newest\",\"halflife\":48,\"window\":null,\"languages\":[],\"tags\":[],\"without_tags\":["
        "],"
        "\"without_authors\":[],\"one_per_lineage\":false}");
    const char *broken = foreign("broken", "Broken", "{\"sources\":\"everyone\",\"shows\":\"all\"}");
    struct str answer = page(&nobody, "/filters");
    assert_hasnt(answer, "<script>alert");
    assert_hasnt(answer, "<img src=x");
    assert_hasnt(answer, ">Broken<");
    struct reader *both[] = {&gil, &nobody};
    for (size_t i = 0; i < 2; i++) {
        struct str one = reader_get(both[i], path_of("/filters/", named, ""));
        assert_true(answer_status(one) == 200 || answer_status(one) == 404);
        assert_hasnt(one, "<script>alert");
        one = reader_get(both[i], path_of("/?filter=", broken, ""));
        assert_int_equal(answer_status(one), 404);
        static const char *const bad_paths[] = {"/?filter=%00", "/?filter=my-",
            "/?filter=my-%27%20OR%201=1--", "/?filter=..%2F..%2Fetc", "/?filter=naddr1qqqq",
            "/?filter=34701:zz:d",
            "/?filter=30023:79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798:x",
            "/hidden?filter=everything&rule=nonsense", "/?filter=trusted&from=-1",
            "/?filter=trusted&from=99999999999999999999", "/filters?before=x", "/filters/compare?a=x&b=y",
            "/r/qqqqqqqqqq/why", "/filters/%F0%9F%90%88"};
        for (size_t k = 0; k < sizeof bad_paths / sizeof *bad_paths; k++) {
            int status = answer_status(reader_get(both[i], bad_paths[k]));
            if (status < 400 || status >= 500)
                fail_msg("%s answers %d", bad_paths[k], status);
        }
        static const char *const odd_paths[] = {"/?filter=trusted&without=%3Cb%3E",
            "/?filter=newsworthy&without=floor:", "/?filter=trusted&from=90000",
            "/hidden?filter=trusted&lang=%3Cb%3E&tag=x", "/?filter=", "/filters/compare?a=everything",
            "/filters?before=1"};
        for (size_t k = 0; k < sizeof odd_paths / sizeof *odd_paths; k++) {
            answer = page(both[i], odd_paths[k]);
            assert_hasnt(answer, "<b>");
        }
    }
    /* forms */
    static const struct {
        const char *field, *value, *problem;
    } refused[] = {
        {"support", "many", "not a number"},
        {"support", "-1", "not a number"},
        {"window", "1e9", "not a number"},
        {"quality", "0x10", "not a number"},
        {"sources", "list", "Name at least one person"},
        {"list", "nobody-here", "not known here"},
        {"list", "npub1xyz 2", "not known here"},
        {"without_authors", "<b>", "not known here"},
        {"dimension", "agree", "no filter that could work"},
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        answer = reader_post(&gil, "/filters/new", "/filters/new", refused[i].field, refused[i].value, "name",
            "x", "do", "publish", "coefficient", "1", "floor", "", "ceiling", "",
            strcmp(refused[i].field, "dimension") ? "dimension" : "about", "worth", NULL);
        assert_int_equal(answer_status(answer), 422);
        assert_has(answer, refused[i].problem);
    }
    struct buf many _cleanup_buf_ = BUF_INIT;
    for (int i = 0; i < 600; i++)
        buf_addf(&many, "t%d,", i);
    answer = reader_post(
        &gil, "/filters/new", "/filters/new", "name", "x", "do", "show", "tags", z(buf_str(&many)), NULL);
    assert_int_equal(answer_status(answer), 422);
    assert_has(answer, "longer than 500");
    assert_int_equal(
        answer_status(reader_post(&gil, "/filters/trusted", "/filters/first", "filter", "nonsense", NULL)),
        404);
    assert_int_equal(
        answer_status(reader_post(&gil, "/filters/trusted", "/filters/withdraw", "filter", "trusted", NULL)),
        403);
    assert_int_equal(
        answer_status(reader_post(&gil, "/filters/trusted", "/filters/subscribe", "filter", "trusted", NULL)),
        400);
    assert_int_equal(
        answer_status(reader_post(&nobody, NULL, "/filters/first", "filter", "trusted", NULL)), 403);
    reader_finish(&gil);
}

/* A private list is never the eyes through which others look. */
static void a_private_list_stays_private(void **state)
{
    struct reader ida = person("ida"), nobody = {.site = &site};
    trust("ida", 2, "Carla");
    const char *to = location(reader_post(&ida, "/filters/new", "/filters/new", "name", "By whom I trust",
        "about", "", "edit", "", "origin", "", "do", "publish", "sources", "trusted", "depth", "3",
        "dimension", "worth", "coefficient", "1", "floor", "", "ceiling", "", "order", "newest", NULL));
    const char *link = location(reader_get(&ida, to));
    const char *look = path_of("/?filter=", link + strlen("/filters/"), "");
    assert_has(page(&ida, look), "A cat in a tree");
    assert_hasnt(page(&nobody, look), "A cat in a tree");
    assert_has(page(&nobody, look), "goes by whom you trust");
    assert_hasnt(
        page(&nobody, path_of("/index.json?filter=", link + strlen("/filters/"), "")), "A cat in a tree");
    assert_hasnt(page(&nobody, link), "Carla");
    /* what is published is for everybody to see */
    struct err err = {0};
    struct record_draft draft = {.arena = site.arena};
    struct trust_entry entry = {pool_key(2), WEIGHT_ONE, STR("")};
    assert_int_equal(trust_write(&entry, 1, 1, now - 30, &draft, &err), 0);
    pool_put(&site, &draft.r, 3);
    const char *theirs = foreign(
        "by-trust", "By trust", z(between(page(&nobody, path_of(link, ".json", "")), "\"recipe\":", "}\n}")));
    (void)theirs;
    reader_finish(&ida);
}

/* ---- the node's own */

static void the_node_publishes_its_filter(void **state)
{
    struct site s;
    struct err err = {0};
    site_open(&s, "filter", "newsworthy", NULL);
    struct reader nobody = {.site = &s};
    struct str answer = reader_get(&nobody, "/");
    assert_int_equal(answer_status(answer), 200);
    assert_has(answer, "This filter goes by whom you trust");
    struct str link = between(answer, "<a href=\"/filters/naddr1", "\"");
    assert_true(link.n > 20);
    answer = reader_get(&nobody, arena_printf(s.arena, "/filters/naddr1%.*s", STR_ARG(link)).p);
    assert_int_equal(answer_status(answer), 200);
    assert_has(answer, "the node&#39;s operator can neither hide a rater nor weigh one unseen");
    assert_has(answer, "34701:");
    struct pubkey key;
    uint32_t kind = KIND_FILTER;
    assert_int_equal(node_source_key(s.node, STR("widenet.node"), &kind, 1, &key, &err), 0);
    struct store_read *read;
    struct store_found found;
    struct filter_thing thing;
    struct address address = {KIND_FILTER, key, STR("front-page")};
    assert_int_equal(store_read_begin(node_store(s.node), &read, &err), 0);
    assert_int_equal(store_get_address(read, s.arena, &address, &found, &err), 0);
    assert_int_equal(filter_read(s.arena, &found.record, &thing, &err), 0);
    assert_int_equal(thing.recipe.window, 168);
    store_read_end(read);
    site_close(&s);
}

static void a_filter_that_is_none_stops_the_start(void **state)
{
    struct err err = {0};
    struct web *web = NULL;
    web_stop(site.web);
    site.web = NULL;
    static const char *const none[] = {"nonsense", "/nonexistent/recipe.json", "/dev/zero"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        assert_int_equal(config_set(site.config, "web", "filter", none[i], "the test", &err), 0);
        assert_true(web_start(site.node, "127.0.0.1:0", &web, &err) < 0);
        assert_true(strlen(err.what) > 10);
    }
    char path[128];
    snprintf(path, sizeof path, "%s/look.json", site.directory);
    FILE *file = fopen(path, "w");
    fputs("{\"sources\":\"everyone\",\"support\":0,\"order\":\"newest\",\"tags\":[\"depot\"]}", file);
    fclose(file);
    assert_int_equal(config_set(site.config, "web", "filter", "look.json", "the test", &err), 0);
    int code = web_start(site.node, "127.0.0.1:0", &site.web, &err);
    if (code)
        fail_msg("%s", err.what);
    site.port = web_port(site.web);
    struct reader nobody = {.site = &site};
    struct str answer = page(&nobody, "/");
    assert_has(answer, "Not one article of the pool passes it.");
    assert_has(answer, "The same filter on all topics shows:");
    struct str nearest = between(answer, "class=\"button\" href=\"/?filter=naddr1", "\"");
    assert_true(nearest.n > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_front_page_follows_trust),
        cmocka_unit_test(what_one_reader_sees_reaches_nobody_else),
        cmocka_unit_test(makes_publishes_copies_and_withdraws),
        cmocka_unit_test(compares_two),
        cmocka_unit_test(hostile_filters_harm_nobody),
        cmocka_unit_test(a_private_list_stays_private),
        cmocka_unit_test(the_node_publishes_its_filter),
        cmocka_unit_test(a_filter_that_is_none_stops_the_start),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, open_site, close_site);
}
