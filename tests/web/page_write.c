/* page_write.c: tests the editor: drafts that are their writer's alone, preview, publishing, changing,
 * withdrawing. */
#include "pool.h"

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

static struct reader writer(const char *name)
{
    struct reader r = {.site = &site};
    struct str answer = reader_post(&r, "/sign-up", "/sign-up", "name", name, "password",
        "correct horse battery", "again", "correct horse battery", NULL);
    assert_int_equal(answer_status(answer), 303);
    return r;
}

static const char *z(struct str s)
{
    return arena_strz(site.arena, s);
}

static const char *location(struct str answer)
{
    if (answer_status(answer) != 303)
        fail_msg("no way on but %.*s", (int)(answer.n < 3000 ? answer.n : 3000), answer.p);
    return z(answer_header_of(answer, "Location"));
}

static struct str send(
    struct reader *r, const char *draft, const char *title, const char *text, const char *what)
{
    return reader_post(r, "/write", "/write", "draft", draft, "d", "", "title", title, "summary", "", "text",
        text, "topics", "Depot, night shift، ليل", "language", "", "license", "CC0-1.0", "do", what, NULL);
}

static const char *fresh(struct reader *r)
{
    struct str id = between(reader_get(r, "/write"), "name=\"draft\" value=\"", "\"");
    assert_int_equal(id.n, 16);
    return z(id);
}

static void writes_changes_and_withdraws(void **state)
{
    struct reader r = writer("ana");
    const char *id = fresh(&r);
    struct str page = reader_get(&r, "/write");
    assert_has(page, "public for good");
    assert_has(page, "value=\"CC0-1.0\" selected");
    /* save, and find it again as it was typed */
    const char *to = location(send(&r, id, "A <title> & more", "One\r\n\r\n&amp; </textarea><b>two", "save"));
    page = reader_get(&r, to);
    assert_has(page, "value=\"A &lt;title&gt; &amp; more\"");
    assert_has(page, "One\n\n&amp;amp; &lt;/textarea&gt;&lt;b&gt;two</textarea>");
    assert_has(page, "Only you can see it");
    assert_has(reader_get(&r, "/me"), "A &lt;title&gt; &amp; more");
    /* preview shows it, publishes nothing */
    to = location(send(&r, id, "A <title> & more", "At four the **night shift** left.", "preview"));
    page = reader_get(&r, to);
    assert_has(page, "<strong>night shift</strong>");
    assert_has(page, "Nothing is published yet.");
    assert_hasnt(reader_get(&r, "/index.json"), "night shift");
    /* publish: the draft goes, the article is there */
    to = location(reader_post(&r, to, "/write", "draft", id, "stored", "1", "do", "publish", NULL));
    to = location(reader_get(&r, to));
    assert_true(str_starts(str_of(to), STR("/r/")));
    page = reader_get(&r, to);
    assert_int_equal(answer_status(page), 200);
    assert_has(page, "Your article is published.");
    assert_has(page, ">ana</a>"); /* by name, though no profile was published */
    assert_has(page, "<strong>night shift</strong>");
    assert_has(page, "/tag/%D9%84%D9%8A%D9%84"); /* the Arabic comma parts topics, too */
    assert_has(reader_get(&r, "/me"), "You have no drafts.");
    /* change it: the same address, a second version */
    const char *edit = z(arena_printf(site.arena, "%s/edit", to));
    page = reader_get(&r, edit);
    assert_has(page, "At four the **night shift** left.</textarea>");
    const char *d = z(between(page, "name=\"d\" value=\"", "\"")),
               *second = z(between(page, "name=\"draft\" value=\"", "\""));
    const char *after = location(reader_post(&r, edit, "/write", "draft", second, "d", d, "title",
        "A <title> & more", "summary", "", "text", "At five.", "topics", "", "language", "en", "license",
        "CC-BY-4.0", "do", "publish", NULL));
    assert_string_equal(location(reader_get(&r, after)), to);
    page = reader_get(&r, to);
    assert_has(page, "At five.");
    assert_has(page, "The new version is published.");
    assert_has(reader_get(&r, z(arena_printf(site.arena, "%s/diff", to))), "<ins>");
    /* nobody else may */
    struct reader other = writer("berta");
    assert_int_equal(answer_status(reader_get(&other, edit)), 403);
    const char *withdraw = z(arena_printf(site.arena, "%s/withdraw", to));
    assert_int_equal(answer_status(reader_get(&other, withdraw)), 403);
    assert_int_equal(answer_status(reader_post(&other, "/write", withdraw, NULL)), 403);
    assert_has(reader_get(&r, withdraw), "What it cannot do");
    assert_string_equal(location(reader_post(&r, withdraw, withdraw, NULL)), "/me");
    assert_int_equal(answer_status(reader_get(&r, to)), 410);
    reader_finish(&r);
    reader_finish(&other);
}

static void drafts_are_their_writers_alone(void **state)
{
    struct reader r = writer("clara"), other = writer("dora");
    const char *id = fresh(&r);
    send(&r, id, "Half a thought", "about ladders", "save");
    const char *draft = z(arena_printf(site.arena, "/write?draft=%s", id));
    assert_has(reader_get(&r, draft), "about ladders");
    assert_int_equal(answer_status(reader_get(&other, draft)), 404);
    assert_int_equal(
        answer_status(reader_get(&other, z(arena_printf(site.arena, "/write/preview/%s", id)))), 404);
    assert_string_equal(
        location(reader_get(&other, z(arena_printf(site.arena, "/write/done/%s", id)))), "/me");
    /* nor written over, published or thrown away by another */
    struct str answer = send(&other, id, "Mine now", "stolen", "save");
    assert_int_equal(answer_status(answer), 422);
    assert_int_equal(answer_status(reader_post(
                         &other, "/write", "/write", "draft", id, "stored", "1", "do", "publish", NULL)),
        404);
    reader_post(&other, "/write", "/write", "draft", id, "stored", "1", "do", "discard", NULL);
    assert_has(reader_get(&r, draft), "about ladders");
    /* done goes nowhere before it was published */
    assert_string_equal(location(reader_get(&r, z(arena_printf(site.arena, "/write/done/%s", id)))), draft);
    assert_string_equal(
        location(reader_post(&r, "/write", "/write", "draft", id, "do", "discard", NULL)), "/me");
    assert_int_equal(answer_status(reader_get(&r, draft)), 404);
    reader_finish(&r);
    reader_finish(&other);
}

static void what_is_wrong_is_said_and_kept(void **state)
{
    struct reader r = writer("emma");
    struct buf topics _cleanup_buf_ = BUF_INIT;
    for (int i = 0; i < 30; i++)
        buf_addf(&topics, "t%d,", i);
    struct buf title _cleanup_buf_ = BUF_INIT, text _cleanup_buf_ = BUF_INIT;
    for (int i = 0; i < 501; i++)
        buf_addc(&title, 't');
    for (size_t i = 0; i <= RECORD_MAX_ARTICLE_BYTES; i++)
        buf_addc(&text, i % 8 ? 'x' : ' ');
    buf_addz(&text, "an hour's work");
    const struct {
        const char *title, *text, *topics, *license, *says;
    } cases[] = {
        {"", "an hour's work", "", "CC0-1.0", "The article needs a title."},
        {"T", " \n ", "", "CC0-1.0", "The article has no text yet."},
        {"T", "an hour's work", z(buf_str(&topics)), "CC0-1.0", "At most 20 topics"},
        {z(buf_str(&title)), "an hour's work", "", "CC0-1.0", "The title is too long."},
        {"T", z(buf_str(&text)), "", "CC0-1.0", "Publish it in parts."},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct str answer = reader_post(&r, "/write", "/write", "draft", fresh(&r), "d", "", "title",
            cases[i].title, "summary", "", "text", cases[i].text, "topics", cases[i].topics, "language", "",
            "license", cases[i].license, "do", "publish", NULL);
        assert_int_equal(answer_status(answer), 422);
        assert_has(answer, cases[i].says);
        assert_has(answer, "aria-invalid");
        if (i != 1)
            assert_has(answer, "an hour&#39;s work</textarea>");
    }
    struct str bare = reader_post(&r, "/write", "/write", "title", "Sent by a program", "text", "words",
        "language", "en", "license", "CC0-1.0", "do", "publish", NULL);
    assert_int_equal(answer_status(bare), 303); /* it had asked for no form, so it knows no draft */
    struct str answer = send(&r, "../../etc", "T", "kept all the same", "save");
    assert_int_equal(answer_status(answer), 422);
    assert_has(answer, "kept all the same");
    reader_finish(&r);
}

static void says_who_one_is(void **state)
{
    struct reader r = writer("fatima");
    assert_has(reader_get(&r, "/me/profile"), "value=\"fatima\"");
    assert_int_equal(answer_status(reader_post(
                         &r, "/me/profile", "/me/profile", "name", "", "about", "", "website", "", NULL)),
        422);
    assert_int_equal(answer_status(reader_post(&r, "/me/profile", "/me/profile", "name", "F", "about", "",
                         "website", "javascript:alert(1)", NULL)),
        422);
    struct str answer = reader_post(&r, "/me/profile", "/me/profile", "name", "Fatima <of> the tram", "about",
        "I drive.", "website", "https://tram.example/", NULL);
    const char *page = location(answer);
    answer = reader_get(&r, page);
    assert_has(answer, "Fatima &lt;of&gt; the tram");
    assert_has(answer, "I drive.");
    assert_has(answer, "href=\"https://tram.example/\"");
    reader_finish(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_changes_and_withdraws),
        cmocka_unit_test(drafts_are_their_writers_alone),
        cmocka_unit_test(what_is_wrong_is_said_and_kept),
        cmocka_unit_test(says_who_one_is),
    };
    return cmocka_run_group_tests(tests, open_site, close_site);
}
