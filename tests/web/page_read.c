/* page_read.c: tests the pages that are read: lists walked to their end, hostile texts, licences, versions,
 * search, feeds. */
#include "pool.h"

#include <jansson.h>
#include <stdlib.h>

#define T0 1700000000

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

static struct str get(const char *path)
{
    struct reader r = {.site = &site};
    struct str answer = reader_get(&r, path);
    reader_finish(&r);
    return answer;
}

static struct str page(const char *path)
{
    struct str answer = get(path);
    if (answer_status(answer) != 200)
        fail_msg("%s answers %d", path, answer_status(answer));
    return answer_body(answer);
}

static json_t *json(const char *path)
{
    struct str body = page(path);
    json_error_t error;
    json_t *root = json_loadb(body.p, body.n, 0, &error);
    if (!root)
        fail_msg("%s is no JSON: %s", path, error.text);
    return root;
}

/* Well-formed as far as our own writer could go wrong: tags in pairs, no bare < or &, no character that XML
 * forbids. */
static void assert_xml(struct str xml)
{
    struct str open[32];
    size_t depth = 0;
    assert_true(str_starts(xml, STR("<?xml")));
    for (size_t i = str_find(xml, STR("?>")) + 2; i < xml.n; i++) {
        unsigned char c = (unsigned char)xml.p[i];
        assert_true(c >= ' ' || c == '\n' || c == '\t');
        if (c == '&') {
            size_t end = i + 1;
            while (end < xml.n && xml.p[end] != ';' && end - i < 8)
                end++;
            struct str entity = str_slice(xml, i, end + 1);
            assert_true(str_eqz(entity, "&amp;") || str_eqz(entity, "&lt;") || str_eqz(entity, "&gt;") ||
                        str_eqz(entity, "&quot;") || str_eqz(entity, "&#13;"));
        }
        if (c != '<')
            continue;
        size_t end = i;
        while (end < xml.n && xml.p[end] != '>')
            assert_true(++end < xml.n && xml.p[end] != '<');
        struct str tag = str_slice(xml, i + 1, end);
        size_t name = 0;
        while (name < tag.n && tag.p[name] != ' ' && tag.p[name] != '\n')
            name++;
        if (tag.p[0] == '/') {
            assert_true(depth > 0);
            assert_true(str_eq(open[--depth], str_slice(tag, 1, tag.n)));
        } else if (tag.p[tag.n - 1] != '/') {
            assert_true(depth < 32);
            open[depth++] = str_slice(tag, 0, name);
        }
        i = end;
    }
    assert_int_equal(depth, 0);
}

/* Follows a JSON list's "next" to the end; gives how many different codes it had. */
static size_t walk(const char *path)
{
    static char seen[300][NEWS_CODE_CHARS + 1];
    size_t n = 0;
    char *at = strdup(path);
    for (unsigned pages = 0; at; pages++) {
        assert_true(pages < 20);
        json_t *root = json(at), *item, *next = json_object_get(root, "next");
        size_t i;
        json_array_foreach(json_object_get(root, "items"), i, item)
        {
            const char *code = json_string_value(json_object_get(item, "code"));
            assert_non_null(code);
            for (size_t k = 0; k < n; k++)
                assert_string_not_equal(seen[k], code);
            assert_true(n < 300);
            strcpy(seen[n++], code);
        }
        free(at);
        at = next ? strdup(strchr(json_string_value(next) + 8, '/')) : NULL;
        json_decref(root);
    }
    return n;
}

static void lists_are_walked_to_their_end(void **state)
{
    struct str topics[] = {STR("many"), STR("x.json")};
    for (int i = 0; i < 75; i++) {
        struct article_draft a = {
            .d = arena_printf(site.arena, "many-%d", i),
            .title = arena_printf(site.arena, "Number %d", i),
            .text = STR("One of many."),
            .license = STR("CC0-1.0"),
            .language = i % 2 ? STR("en") : STR("fr"),
            .topics = topics,
            .topic_count = i % 25 ? 1 : 2,
            .published_at = T0 - i / 40, /* many at the same second */
        };
        pool_article(&site, 1, &a, T0 + i);
    }
    struct buf npub _cleanup_buf_ = BUF_INIT;
    struct pubkey key = pool_key(1);
    nip19_npub(&key, &npub);
    assert_int_equal(walk("/index.json"), 75);
    assert_int_equal(walk("/tag/many.json"), 75);
    assert_int_equal(walk("/lang/fr.json"), 38);
    assert_int_equal(walk(arena_printf(site.arena, "/by/%.*s.json", (int)npub.n, npub.p).p), 75);
    assert_int_equal(walk("/search.json?q=tag:many"), 75);
    assert_int_equal(walk("/search.json?q=many&order=newest"), 75);
    /* A topic whose name ends like another form of the page has both. */
    assert_has(page("/"), "href=\"/tag/x%2Ejson\"");
    assert_has(page("/tag/x%2Ejson"), "<article class=\"item");
    assert_int_equal(walk("/tag/x%2Ejson.json"), 3);
    /* The page leads on to the same place. */
    struct str more = between(page("/"), "rel=\"next\" href=\"/?before=", "\"");
    assert_non_null(more.p);
    assert_has(page(arena_printf(site.arena, "/?before=%.*s", (int)more.n, more.p).p), "Number 3");
}

static void articles_older_than_1970(void **state)
{
    struct str topic = STR("archive");
    const char *code = NULL;
    for (int i = 0; i < 45; i++) { /* more than a page */
        struct article_draft a = {
            .d = arena_printf(site.arena, "old-%d", i),
            .title = arena_printf(site.arena, "Old %d", i),
            .text = STR("A spectre in the telegraph."),
            .license = STR("CC0-1.0"),
            .language = STR("en"),
            .topics = &topic,
            .topic_count = 1,
            .published_at = INT64_C(-3845577600) - i * 86400,
        };
        const char *made = pool_article(&site, 3, &a, T0);
        code = code ? code : made;
    }
    assert_has(
        page(pool_link(&site, code, "")), "<time datetime=\"1848-02-21T00:00:00Z\">21 February 1848</time>");
    assert_has(page(pool_link(&site, code, ".json")), "\"-3845577600\"");
    assert_int_equal(walk("/tag/archive.json"), 45);
    struct str more = between(page("/tag/archive"), "?before=-", "\"");
    assert_non_null(more.p);
    assert_has(page(arena_printf(site.arena, "/tag/archive?before=-%.*s", STR_ARG(more)).p), "Old 44");
    assert_has(page("/search.atom?q=spectre&order=newest"), "<published>1848-02-21T00:00:00Z</published>");
    assert_int_equal(walk("/search.json?q=spectre+before:1848-02-12"), 35);
    assert_int_equal(walk("/search.json?q=spectre+after:1848-02-12"), 10);
    assert_int_equal(walk("/search.json?q=spectre+after:1970-01-01"), 0);
}

static void addresses_that_lead_nowhere(void **state)
{
    static const struct {
        const char *path;
        int status;
    } cases[] = {
        {"/?before=abc", 400},
        {"/?before=1-", 400},
        {"/?before=99999999999999999999-1", 400},
        {"/search?q=a&from=x", 400},
        {"/search?q=a&from=99999", 400},
        {"/r/zzzzzzzzzz", 404},
        {"/r/short", 404},
        {"/r/zzzzzzzzzz/history", 404},
        {"/by/npub1nobody", 404},
        {"/sitemap/9.xml", 404},
        {"/sitemap/x", 404},
        {"/tag/nobody-wrote-on-this", 200},
        {"/write", 303},
        {"/me", 303},
        {"/r/zzzzzzzzzz/edit", 303},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (answer_status(get(cases[i].path)) != cases[i].status)
            fail_msg("%s answers %d", cases[i].path, answer_status(get(cases[i].path)));
    assert_has(get("/r/zzzzzzzzzz"), "There is no article at this address.");
    assert_has(page("/tag/nobody-wrote-on-this"), "Nothing here yet");
    assert_has(page("/search?q=nobodywrotethis"), "Nothing found");
}

static void hostile_texts_stay_texts(void **state)
{
    struct record_draft d;
    record_draft_init(&d, site.arena, KIND_ARTICLE, T0 + 100);
    record_draft_tag(&d, "d", "\"><script>alert(2)</script>", NULL);
    record_draft_tag(&d, "title", "<script>alert(1)</script> \"'& \xe2\x80\xaeturned\xe2\x80\x8b \x01", NULL);
    record_draft_tag(&d, "summary", "]]></summary><script>alert(3)</script>", NULL);
    record_draft_tag(&d, "t", "<img src=x>", NULL);
    record_draft_tag(&d, "r", "javascript:alert(4)", "source", NULL);
    record_draft_tag(&d, "credit", "<b>Ana</b>", "text", "javascript:alert(5)", NULL);
    record_draft_label(&d, "license", STR("CC0-1.0"));
    record_draft_label(&d, "ISO-639-1", STR("x\"><i>"));
    record_draft_content(&d,
        STR("<script>alert(6)</script>\n\n[go](javascript:alert(7)) ![p](https://tracker.example/x.png)"));
    pool_put(&site, &d.r, 2);
    struct address address = {KIND_ARTICLE, d.r.pubkey, record_d(&d.r)};
    char code[NEWS_CODE_CHARS + 1];
    news_article_code(&address, code);
    const char *paths[] = {pool_link(&site, code, ""), pool_link(&site, code, "/history"),
        "/tag/%3Cimg%20src%3Dx%3E", "/search?q=turned", "/search?q=%3Cscript%3Ealert(8)%3C%2Fscript%3E",
        "/topics"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct str body = page(paths[i]);
        assert_hasnt(body, "<script>");
        assert_hasnt(body, "javascript:");
        assert_hasnt(body, "<img src=x");
        assert_hasnt(body, "<i>");
        assert_hasnt(body, "\xe2\x80\xae");
        assert_hasnt(body, "src=\"https://");
    }
    assert_has(page(paths[0]), "&lt;script&gt;alert(1)&lt;/script&gt;");
    json_t *root = json(pool_link(&site, code, ".json"));
    /* Programs get what was signed. */
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(root, "record"), "content")), d.r.content.p);
    assert_non_null(json_object_get(root, "id"));
    json_decref(root);
    assert_xml(page("/index.atom"));
    assert_xml(page("/search.atom?q=turned"));
    assert_has(page("/search.atom?q=turned"), "<id>nostr:naddr1");
}

static void only_free_licences_show_the_text(void **state)
{
    struct record_draft d;
    record_draft_init(&d, site.arena, KIND_ARTICLE, T0 + 200);
    record_draft_tag(&d, "d", "closed", NULL);
    record_draft_tag(&d, "title", "A closed text", NULL);
    record_draft_tag(&d, "summary", "Its summary.", NULL);
    record_draft_tag(&d, "r", "https://source.example/closed", "source", NULL);
    record_draft_content(&d, STR("Nobody may pass on the heliotrope."));
    pool_put(&site, &d.r, 3);
    struct address address = {KIND_ARTICLE, d.r.pubkey, STR("closed")};
    char code[NEWS_CODE_CHARS + 1];
    news_article_code(&address, code);
    struct str body = page(pool_link(&site, code, ""));
    assert_has(body, "Why only a summary?");
    assert_has(body, "https://source.example/closed");
    assert_hasnt(body, "heliotrope");
    assert_hasnt(page(pool_link(&site, code, ".json")), "heliotrope");
    assert_int_equal(answer_status(get(pool_link(&site, code, ".md"))), 404);
    assert_hasnt(page("/index.atom"), "heliotrope");
    assert_hasnt(page("/search?q=heliotrope"), "pass on");
}

static void bombs_are_shown_as_they_are(void **state)
{
    struct buf text _cleanup_buf_ = BUF_INIT;
    for (int i = 0; i < 10000; i++)
        buf_addz(&text, "|a");
    buf_addz(&text, "|\n");
    for (int i = 0; i < 10000; i++)
        buf_addz(&text, "|-");
    buf_addz(&text, "|\n");
    for (int i = 0; i < 1000; i++)
        buf_addz(&text, "|x|\n");
    struct article_draft a = {
        .d = STR("bomb"), .title = STR("A bomb"), .text = buf_str(&text), .license = STR("CC0-1.0")};
    const char *code = pool_article(&site, 4, &a, T0 + 300);
    struct str body = page(pool_link(&site, code, ""));
    assert_has(body, "too tangled");
    assert_has(body, "<pre class=\"plain\"");
    assert_xml(page("/search.atom?q=bomb"));
}

static void versions_and_what_changed(void **state)
{
    struct article_draft a = {.d = STR("rent"),
        .title = STR("The rent letter"),
        .text = STR("Pay on the first day.\n\nAsk for the bill."),
        .license = STR("CC0-1.0")};
    const char *code = pool_article(&site, 5, &a, T0 + 400);
    assert_has(page(pool_link(&site, code, "")), "One version, never changed");
    assert_int_equal(answer_status(get(pool_link(&site, code, "/diff"))), 404);
    a.text = STR("Pay on the third day.\n\nAsk for the bill.");
    pool_article(&site, 5, &a, T0 + 500);
    struct str body = page(pool_link(&site, code, "/diff"));
    assert_has(body, "<del>first</del>");
    assert_has(body, "<ins>third</ins>");
    assert_has(body, "One word added.");
    body = page(pool_link(&site, code, "/history"));
    struct str old = between(body, "/diff?from=", "&amp;to=");
    assert_int_equal(old.n, 64);
    const char *old_link = arena_printf(site.arena, "/r/%s/v/%.*s", code, (int)old.n, old.p).p;
    body = page(old_link);
    assert_has(body, "first day");
    assert_has(body, "This is an older version.");
    assert_has(body, "content=\"noindex\"");
    /* A version of one article is not to be had under the code of another. */
    const char *other = pool_article(&site, 5,
        &(struct article_draft){
            .d = STR("else"), .title = STR("Else"), .text = STR("x"), .license = STR("CC0-1.0")},
        T0);
    assert_int_equal(
        answer_status(get(arena_printf(site.arena, "/r/%s/v/%.*s", other, (int)old.n, old.p).p)), 404);
    struct str answer = get(pool_link(&site, code, "/the-rent-letter"));
    assert_int_equal(answer_status(answer), 303);
    assert_piece(answer_header_of(answer, "Location"), pool_link(&site, code, ""));
    /* Withdrawn (NIP-09): gone, every version of it. */
    struct record_draft d;
    struct buf address _cleanup_buf_ = BUF_INIT;
    struct pubkey key = pool_key(5);
    address_format(&(struct address){KIND_ARTICLE, key, STR("rent")}, &address);
    record_draft_init(&d, site.arena, KIND_DELETION, T0 + 600);
    record_draft_tag_strs(&d, (struct str[]){STR("a"), buf_str(&address)}, 2);
    pool_put(&site, &d.r, 5);
    assert_int_equal(answer_status(get(pool_link(&site, code, ""))), 410);
    assert_int_equal(answer_status(get(pool_link(&site, code, ".json"))), 410);
    assert_int_equal(answer_status(get(old_link)), 410);
    /* By the current version's id alone: the same to a reader. */
    record_draft_init(&d, site.arena, KIND_DELETION, T0 + 600);
    struct buf id _cleanup_buf_ = BUF_INIT;
    buf_adds(&id, between(page(pool_link(&site, other, ".json")), "\"record\":{\"id\":\"", "\""));
    assert_int_equal(id.n, 64);
    record_draft_tag_strs(&d, (struct str[]){STR("e"), buf_str(&id)}, 2);
    pool_put(&site, &d.r, 5);
    struct str gone = get(pool_link(&site, other, ""));
    assert_int_equal(answer_status(gone), 410);
    assert_has(gone, "This article is no longer published");
    assert_int_equal(answer_status(get(pool_link(&site, other, ".md"))), 410);
    assert_int_equal(
        answer_status(get(arena_printf(site.arena, "/r/%s/v/%.*s", other, (int)id.n, id.p).p)), 410);
}

static void search_marks_what_it_found(void **state)
{
    struct article_draft a = {.d = STR("crane"),
        .title = STR("Cranes"),
        .text = STR("Nobody told the crane driver & her **mate** about the <new> rota."),
        .license = STR("CC-BY-4.0")};
    pool_article(&site, 6, &a, T0 + 700);
    struct str body = page("/search?q=crane+rota");
    assert_has(body, "<mark>crane</mark> driver &amp; her mate");
    assert_has(body, "<mark>rota</mark>");
    assert_has(body, "value=\"crane rota\"");
    assert_has(page("/search?q=%22crane+driver%22"), "Cranes");
    assert_has(page("/search?q=%22driver+crane%22"), "Nothing found");
    assert_has(page("/search?q=crane+-rota"), "Nothing found");
}

static void programs_find_their_way(void **state)
{
    struct str body = page("/sitemap.xml");
    assert_xml(body);
    assert_has(body, "<loc>http://127.0.0.1:");
    assert_has(page("/robots.txt"), "/sitemap.xml");
    assert_has(page("/"), "rel=\"canonical\"");
    assert_has(page("/"), "application/atom+xml");
    assert_has(page("/service-worker.js"), "no-store");
    assert_has(page("/offline"), "No connection");
    json_decref(json("/topics.json"));
    json_decref(json("/languages.json"));
    json_decref(json("/authors.json"));
    assert_xml(page("/index.atom"));
    assert_xml(page("/lang/fr.atom"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_are_walked_to_their_end),
        cmocka_unit_test(articles_older_than_1970),
        cmocka_unit_test(addresses_that_lead_nowhere),
        cmocka_unit_test(hostile_texts_stay_texts),
        cmocka_unit_test(only_free_licences_show_the_text),
        cmocka_unit_test(bombs_are_shown_as_they_are),
        cmocka_unit_test(versions_and_what_changed),
        cmocka_unit_test(search_marks_what_it_found),
        cmocka_unit_test(programs_find_their_way),
    };
    return cmocka_run_group_tests(tests, open_site, close_site);
}
