/* markdown.c: Markdown as HTML and as plain text: what readers see, what hostile texts may not do, and bombs.
 */
#include "check.h"
#include "news/html_check.h"
#include "news/news.h"

#include <stdlib.h>

static struct str render(struct arena *arena, const char *text)
{
    struct str html;
    struct err err;
    if (markdown_render(arena, str_of(text), NULL, &html, &err))
        fail_msg("%s", err.what);
    struct html_faults faults;
    if (!html_check(html, &faults))
        fail_msg("%s in %.*s", faults.what, STR_ARG(html));
    return html;
}

static void what_readers_see(void **state)
{
    (void)state;
    static const struct {
        const char *text, *html;
    } cases[] = {
        {"", ""},
        {"Hello *there*", "<p dir=\"auto\">Hello <em>there</em></p>\n"},
        {"# One\n\n## One",
            "<h1 dir=\"auto\" id=\"s-one\">One</h1>\n<h2 dir=\"auto\" id=\"s-one-2\">One</h2>\n"},
        {"~~gone *old*~~ ~ ~~~x~~~ ~~open",
            "<p dir=\"auto\"><del>gone <em>old</em></del> ~ ~~~x~~~ ~~open</p>\n"},
        {"*a ~~b* c~~", "<p dir=\"auto\"><em>a ~~b</em> c~~</p>\n"},
        {"see https://a.example/x_(y)_z.",
            "<p dir=\"auto\">see <a href=\"https://a.example/x_(y)_z\" "
            "rel=\"nofollow noopener ugc\">https://a.example/x_(y)_z</a>.</p>\n"},
        {"(www.a.example)、x", "<p dir=\"auto\">(<a href=\"https://www.a.example\" rel=\"nofollow noopener "
                               "ugc\">www.a.example</a>)、x</p>\n"},
        {"[in](/r/abc) [#](#one)",
            "<p dir=\"auto\"><a href=\"/r/abc\">in</a> <a href=\"#s-one\">#</a></p>\n"},
        /* "auto" does not look into children that have a direction of their own: a list would run from the
           left */
        {"> - نص", "<blockquote>\n<ul>\n<li>نص</li>\n</ul>\n</blockquote>\n"},
        {"- [x] done\n- [ ] to do\n", "<ul>\n<li class=\"task\">☑ done</li>\n"
                                      "<li class=\"task\">☐ to do</li>\n</ul>\n"},
        {"3. c\n4. d", "<ol start=\"3\">\n<li>c</li>\n<li>d</li>\n</ol>\n"},
        {"```c++ x\na < b\n```",
            "<pre dir=\"ltr\" tabindex=\"0\"><code class=\"language-c++\">a &lt; b\n</code></pre>\n"},
        {"|a|b|\n|-|-:|\n|1|2|",
            "<div class=\"table\" tabindex=\"0\"><table>\n<thead>\n<tr><th dir=\"auto\">a</th>"
            "<th dir=\"auto\" class=\"cell-right\">b</th></tr>\n</thead>\n<tbody>\n<tr><td "
            "dir=\"auto\">1</td>"
            "<td dir=\"auto\" class=\"cell-right\">2</td></tr>\n</tbody>\n</table></div>\n"},
        {"a[^x]\n\n[^x]: note",
            "<p dir=\"auto\">a<sup class=\"footnote\"><a id=\"s-fnref:1\" href=\"#s-fn:1\" "
            "role=\"doc-noteref\">1</a></sup></p>\n<section class=\"footnotes\" "
            "role=\"doc-endnotes\">\n<ol>\n<li id=\"s-fn:1\"><p dir=\"auto\">note"
            " <a href=\"#s-fnref:1\" role=\"doc-backlink\" aria-label=\"↩ 1\">↩</a></p>\n"
            "</li>\n</ol>\n</section>\n"},
        {"a<br>b <span onclick=x>c</span>", "<p dir=\"auto\">a<br>b c</p>\n"},
        {"<div><p>One &amp; two<script>alert(1)</script></p><ul><li>x</ul></div>",
            "<p dir=\"auto\">One &amp; two</p>\n<p dir=\"auto\">x</p>\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        _cleanup_arena_ struct arena *arena = arena_create(0);
        assert_str(render(arena, cases[i].text), cases[i].html);
    }
}

static void pictures(void **state)
{
    (void)state;
    _cleanup_arena_ struct arena *arena = arena_create(0);
#define SHA "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
    assert_str(render(arena, "![A cat](/media/" SHA ".jpg \"Ours\")"),
        "<figure><img src=\"/media/" SHA ".jpg\" alt=\"A cat\" loading=\"lazy\">"
        "<figcaption dir=\"auto\">Ours</figcaption></figure>\n");
    assert_str(render(arena, "x ![A *cat*](https://spy.example/p.gif)"),
        "<p dir=\"auto\">x <a href=\"https://spy.example/p.gif\" rel=\"nofollow noopener ugc\">A "
        "cat</a></p>\n");
    assert_str(render(arena, "![](https://spy.example/p.gif)"),
        "<p dir=\"auto\"><a href=\"https://spy.example/p.gif\" rel=\"nofollow noopener "
        "ugc\">p.gif</a></p>\n");
    assert_str(render(arena, "![x](/media/" SHA ".svg)"),
        "<p dir=\"auto\"><a href=\"/media/" SHA ".svg\">x</a></p>\n");
    assert_str(render(arena, "![x](data:image/png;base64,AAAA)"), "<p dir=\"auto\">x</p>\n");
}

static void hostile_addresses(void **state)
{
    (void)state;
    static const char *const texts[] = {"[x](javascript:alert(1))", "[x](JaVaScRiPt:alert(1))",
        "[x](&#106;avascript:alert(1))", "[x](java&#9;script:alert(1))", "[x](java&#10;script:alert(1))",
        "[x](&#1;javascript:alert(1))", "[x](vbscript:x)", "[x](data:text/html,x)", "<javascript:alert(1)>",
        "[x](<java script:x>)", "[x]( java\nscript:x)", "[x](file:///etc/passwd)", "[x](&Tab;javascript:x)",
        "[x](javascript&colon;alert(1))", "[x](jav\\ascript:x)", "[x][y]\n\n[y]: javascript:x", "[x](:x)"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        _cleanup_arena_ struct arena *arena = arena_create(0);
        struct str html = render(arena, texts[i]);
        if (str_find(html, STR("href=\"j")) != SIZE_MAX || str_find(html, STR("href=\"J")) != SIZE_MAX ||
            str_find(html, STR("href=\"d")) != SIZE_MAX || str_find(html, STR("href=\"v")) != SIZE_MAX ||
            str_find(html, STR("href=\"f")) != SIZE_MAX)
            fail_msg("%s gave %.*s", texts[i], STR_ARG(html));
    }
}

static struct str shout(void *ctx, struct arena *arena, struct str url, bool picture)
{
    (void)arena, (void)picture;
    *(unsigned *)ctx += 1;
    return str_starts(url, STR("drop")) ? (struct str){NULL, 0} : STR("/else where\"");
}

static void options(void **state)
{
    (void)state;
    _cleanup_arena_ struct arena *arena = arena_create(0);
    unsigned calls = 0;
    struct str html;
    assert_int_equal(markdown_render(arena, STR("###### T\n\n[a](drop) [b](x) ![c](drop)[^1]\n\n[^1]: n"),
                         &(struct markdown_options){
                             .link = shout, .ctx = &calls, .heading_shift = 1, .id_prefix = STR("k-")},
                         &html, NULL),
        0);
    assert_true(calls >= 3);
    assert_true(str_starts(html, STR("<h6 dir=\"auto\" id=\"k-t\">T</h6>\n<p dir=\"auto\">a <a "
                                     "href=\"/else%20where%22\">b</a> c<sup")));
    assert_true(str_find(html, STR("id=\"k-fn:1\"")) != SIZE_MAX);
}

static void plain_text(void **state)
{
    (void)state;
    static const struct {
        const char *text, *plain;
    } cases[] = {
        {"", ""},
        {"# A *b*\n\nc [d](e) ![f](g)\nh  \ni", "A b\n\nc d f h\ni"},
        {"- a\n- b\n\n`c` ~~d~~", "a\nb\n\nc d"},
        {"|a|b|\n|-|-|\n|1|2|", "a\tb\n1\t2"},
        {"x[^1] y\n\n[^1]: note", "x y\n\nnote"},
        {"<p>one <b>two</b></p>\n<style>p{}</style>\n\nthree &lt; four", "one two\n\nthree < four"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        _cleanup_arena_ struct arena *arena = arena_create(0);
        struct str plain;
        assert_int_equal(markdown_plain(arena, str_of(cases[i].text), &plain, NULL), 0);
        assert_str(plain, cases[i].plain);
    }
}

/* ---- bombs: `head`, then `piece` until `size` is reached */

struct bomb {
    const char *head, *piece;
    bool refused; /* it must be; the others may */
};
static const struct bomb bombs[] = {
    {"", "![[]()", true},
    {"", "[", true},
    {"", "[a](", true},
    {"", "[a](<b", true},
    {"", "[^", true},
    {"", ">", true},
    {"", "- ", true},
    {"", "1. ", true},
    {"x", "<!A ", true},
    {"x", "<![CDATA[", true},
    {"x", "<?", true},
    {"[a]: /u\n\n", "[a] ", true},
    {"[a]: /u\n\n", "[a] x\n\n", false},
    {"a\n", "|-|-|\n", true},
    {"", "a\n |-\n", true},
    {"", "*", false},
    {"", "*a_ ", false},
    {"", "*a **a ", false},
    {"", "_ a", false},
    {"", "e`", false},
    {"", "&aaaa", false},
    {"", "\\|", false},
    {"", "#\n", false},
    {"", "> a\n\n", false},
    {"x", "<a b='", false},
    {"<a ", "'x", false},
    {"<div>", "<x ", false},
    {"", "~~", false},
    {"", "~~a ", false},
    {"", "a~~", false},
    {"", "~~a *~~b* ", false},
    {"", "~~a ~~", false},
    {"", "www.a", false},
    {"", "http://a.b/((((", false},
    {"", "http://a))))", false},
    {"", "[^a]: x\n\n", false},
    {"[^a]: x\n\n", "[^a] x\n\n", false},
    {"", "# a\n", false},
    {"", "&#0;", false},
    {"|a|b|\n|-|-|\n", "||", true},
    {"|a|b|\n|-|-|\n", "- \"|", true},
};

static struct str make_bomb(const struct bomb *bomb, size_t size, char *out)
{
    size_t n = strlen(bomb->head), piece = strlen(bomb->piece);
    memcpy(out, bomb->head, n);
    for (; n + piece <= size; n += piece)
        memcpy(out + n, bomb->piece, piece);
    return (struct str){out, n};
}

static void check_bomb(struct str text, bool refused, const char *name)
{
    _cleanup_arena_ struct arena *arena = arena_create((size_t)64 << 20);
    struct str html, plain;
    struct err err;
    int status = markdown_render(arena, text, NULL, &html, &err);
    if (status != 0 && status != ERR_LIMIT)
        fail_msg("%s gave %d", name, status);
    if (refused && status != ERR_LIMIT)
        fail_msg("%s was taken", name);
    assert_int_equal(markdown_plain(arena, text, &plain, &err), status);
    struct html_faults faults;
    if (status == 0 && !html_check(html, &faults))
        fail_msg("%s: %s", name, faults.what);
    if (status)
        assert_true(strlen(err.what) > 10);
}

static void bombs_are_bounded(void **state)
{
    (void)state;
    enum { size = RECORD_MAX_ARTICLE_BYTES };
    char *text = malloc(size);
    assert_non_null(text);
    for (size_t i = 0; i < sizeof bombs / sizeof bombs[0]; i++)
        check_bomb(make_bomb(&bombs[i], size, text), bombs[i].refused, bombs[i].piece);
    free(text);
}

/* Ten thousand columns in 64 KB; few columns with very many rows; a definition as long as half the text. */
static void tables_and_references(void **state)
{
    (void)state;
    _cleanup_buf_ struct buf text = BUF_INIT;
    for (size_t i = 0; i < 10000; i++)
        buf_addz(&text, "|a");
    buf_addz(&text, "\n");
    for (size_t i = 0; i < 10000; i++)
        buf_addz(&text, "|-");
    buf_addz(&text, "\n");
    while (text.n < 65536)
        buf_addz(&text, "x\n");
    check_bomb(buf_str(&text), true, "ten thousand columns");
    buf_clear(&text);
    for (size_t i = 0; i < 200; i++)
        buf_addz(&text, "|a");
    buf_addz(&text, "\n> ");
    for (size_t i = 0; i < 200; i++)
        buf_addz(&text, "|-");
    buf_addz(&text, "\n");
    while (text.n < 120000)
        buf_addz(&text, "x\n");
    check_bomb(buf_str(&text), true, "many rows");
    buf_clear(&text);
    buf_addz(&text, "[a]: ");
    while (text.n < 60000)
        buf_addc(&text, 'u');
    while (text.n < 120000)
        buf_addz(&text, "\n\n[a][a][a][a][a][a][a][a]");
    check_bomb(buf_str(&text), true, "long references");
    buf_clear(&text);
    for (size_t depth = 0; text.n < 60000; depth++) {
        for (size_t i = 0; i < 2 * depth; i++)
            buf_addc(&text, ' ');
        buf_addz(&text, "- a\n");
    }
    check_bomb(buf_str(&text), true, "staircase");
    buf_clear(&text);
    while (text.n <= RECORD_MAX_ARTICLE_BYTES)
        buf_addz(&text, "words and words\n");
    check_bomb(buf_str(&text), true, "too long");
}

/* Random texts of Markdown's own marks: no crash, well-formed, both outputs agree on what is a bomb. */
static void random_marks(void **state)
{
    (void)state;
    static const char *const pieces[] = {"*", "**", "_", "~~", "`", "```\n", "[", "]", "(", ")", "![", "](",
        "<", ">", "<b>", "</b>", "<!--", "-->", "<script>", "\n", "\n\n", "> ", "- ", "1. ", "    ", "\t",
        "# ", "|", "|-|-|\n", "|a|b|\n", ":-:", "[^1]", "[^1]: ", "[a]: b\n", "[a]", "http://a.b/c",
        "www.x.y", "&amp;", "&#x22;", "\\", "\"", "'", "a", "é", "ש", "漢", " ", "[ ] ", "- [x] ",
        "javascript:", "nostr:", "\xff", "\x01", "{{< ref", "---\n", "===\n", "/media/"};
    struct seeded random = {7};
    for (int round = 0; round < 3000; round++) {
        _cleanup_buf_ struct buf text = BUF_INIT;
        size_t n = seeded_below(&random, 60);
        for (size_t i = 0; i < n; i++)
            buf_addz(&text, pieces[seeded_below(&random, sizeof pieces / sizeof pieces[0])]);
        check_bomb(buf_str(&text), false, text.p ? text.p : "");
    }
}

static void licences(void **state)
{
    (void)state;
    static const struct {
        const char *text, *id;
    } cases[] = {{"CC0-1.0", "CC0-1.0"}, {"cc0", "CC0-1.0"}, {"CC0 1.0 Universal", "CC0-1.0"},
        {"cc by 4.0", "CC-BY-4.0"}, {"CC-BY-SA-3.0", "CC-BY-SA-3.0"},
        {"https://creativecommons.org/licenses/by/4.0/", "CC-BY-4.0"},
        {"http://creativecommons.org/licenses/by-nc-nd/3.0/deed.de", "CC-BY-NC-ND-3.0"},
        {"https://creativecommons.org/publicdomain/zero/1.0/", "CC0-1.0"},
        {"Creative Commons Attribution-ShareAlike 4.0 International License", "CC-BY-SA-4.0"},
        {"Creative Commons Attribution 4.0", "CC-BY-4.0"}, {"Public Domain", "public-domain"},
        {"Attribution-NonCommercial 4.0 International", "CC-BY-NC-4.0"}, {"CC BY", NULL}, {"MIT", NULL},
        {"", NULL}, {"All rights reserved", NULL}, {"https://creativecommons.org/licenses/", NULL},
        {"https://evil.example/creativecommons.org/licenses/by/4.0/", NULL}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct license *found = license_find(str_of(cases[i].text));
        if (!cases[i].id)
            assert_null(found);
        else if (!found)
            fail_msg("%s is not known", cases[i].text);
        else
            assert_string_equal(found->id, cases[i].id);
    }
    assert_true(license_find(STR("CC-BY-SA-2.0"))->free);
    assert_false(license_find(STR("CC-BY-ND-4.0"))->free);
    assert_false(license_find(STR("CC-BY-NC-4.0"))->free);
    size_t n;
    assert_string_equal(license_list(&n)->id, "CC0-1.0");
    assert_true(n >= 3);
}

static void languages(void **state)
{
    (void)state;
    static const struct {
        const char *text, *code;
    } cases[] = {
        {"The tenants of the building met on Monday and decided together to refuse the new rents, which had "
         "risen by a third since last year.",
            "en"},
        {"Les locataires de l'immeuble se sont réunis lundi et ont décidé ensemble de refuser les nouveaux "
         "loyers, "
         "qui ont augmenté d'un tiers depuis l'année dernière.",
            "fr"},
        {"Los inquilinos del edificio se reunieron el lunes y decidieron juntos rechazar los nuevos "
         "alquileres, que "
         "han subido un tercio desde el año pasado.",
            "es"},
        {"Die Mieter des Hauses trafen sich am Montag und beschlossen gemeinsam, die neuen Mieten "
         "abzulehnen, die "
         "seit dem letzten Jahr um ein Drittel gestiegen sind.",
            "de"},
        {"اجتمع مستأجرو المبنى يوم الاثنين وقرروا معا رفض الإيجارات الجديدة التي ارتفعت بمقدار الثلث منذ "
         "العام الماضي",
            "ar"},
        {"大楼的租户星期一开会，一起决定拒绝新的租金。", "zh"},
        {"建物の借り手は月曜日に集まり、新しい家賃を拒否することを決めました。", "ja"},
        {"건물 세입자들은 월요일에 모여 새로운 임대료를 거부하기로 함께 결정했습니다.", "ko"},
        {"Οι ενοικιαστές", "el"},
        {"ผู้เช่าอาคาร", "th"},
        {"1234 !!", ""},
        {"ok", ""},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_str(news_language_detect(str_of(cases[i].text)), cases[i].code);
}

static void words(void **state)
{
    (void)state;
    assert_int_equal(text_words(STR("")), 0);
    assert_int_equal(text_words(STR("One two, three's. 4")), 4);
    assert_int_equal(text_words(STR("किताब की")), 2);
    assert_int_equal(text_words(STR("大楼的租户")), 3);
    assert_int_equal(news_reading_minutes(0), 1);
    assert_int_equal(news_reading_minutes(700), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_readers_see),
        cmocka_unit_test(pictures),
        cmocka_unit_test(hostile_addresses),
        cmocka_unit_test(options),
        cmocka_unit_test(plain_text),
        cmocka_unit_test(bombs_are_bounded),
        cmocka_unit_test(tables_and_references),
        cmocka_unit_test(random_marks),
        cmocka_unit_test(licences),
        cmocka_unit_test(languages),
        cmocka_unit_test(words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
