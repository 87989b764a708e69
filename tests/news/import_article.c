/* import_article.c: one imported file as an article: front matter, dates, licence, how its text is converted.
 */
#include "folder.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void front_matter_of_three_systems(void **state)
{
    (void)state;
    file("hugo.md",
        "\xef\xbb\xbf\n---\r\ntitle: 'It&#8217;s <em>here</em>'\r\ndate: 2015-06-04 2:00:34 "
        "-0400\r\ntopics:\r\n  - "
        "Mobile\r\n  - '#apps'\r\nauthors: [jane, \"John Doe\"]\r\nsource: 18f\r\nsource_url: "
        "https://a.example/x\r\nexpirydate: 2016-01-01\r\nlicense: CC-BY-4.0\r\n---\r\n\r\nBody *text*.\r\n");
    file("jekyll/one.markdown", "---\nlayout: post\ntitle: \"One: two\"\ndescription: A **bold** _claim_ "
                                "&amp; 1. more\nlang: pt-BR\ntags: "
                                "a, b\nlast_modified_at: 2020-01-01\n...\nText\n");
    file("ghost.md",
        "---\ntitle: Ghost\npublished_at: 2021-02-03T04:05:06.000Z\ncustom_excerpt: Short\nprimary_author: "
        "{name: "
        "Ann, website: 'https://ann.example'}\ntags:\n- {name: News, slug: news}\ncanonical_url: "
        "https://b.example/\nfeature_image: https://b.example/p.jpg\nfeature_image_alt: Alt\n---\nBody\n");
    file("bare.md", "\n# A *heading* #\n\nText without front matter.\n");
    struct pool p;
    pool_open(&p);
    p.credit = "Some Site https://site.example/";
    struct import_counts c;
    assert_int_equal(import(&p, folder, &c), 0);
    assert_int_equal(c.imported, 4);
    const struct kept *k = article(&p, "hugo");
    struct article a;
    assert_int_equal(news_article_read(p.arena, &k->record, &a, NULL), 0);
    assert_str(a.title, "It’s here");
    assert_int_equal(a.published_at, 1433397634);
    assert_int_equal(a.topic_count, 2);
    assert_str(a.topics[0], "mobile");
    assert_str(a.topics[1], "apps");
    assert_int_equal(a.credit_count, 4);
    assert_str(a.credits[1].name, "John Doe");
    assert_str(a.credits[1].role, "author");
    assert_str(a.credits[2].name, "18f");
    assert_str(a.credits[2].link, "https://a.example/x");
    assert_str(a.credits[3].name, "Some Site");
    assert_str(a.credits[3].link, "https://site.example/");
    assert_str(a.source, "https://a.example/x");
    assert_string_equal(a.license->id, "CC-BY-4.0"); /* its own goes before --license */
    assert_null(record_tag(&k->record, "expiration"));
    k = article(&p, "jekyll/one");
    assert_str(tag_of(k, "title"), "One: two");
    assert_str(tag_of(k, "summary"), "A bold claim & 1. more");
    assert_str(record_label(&k->record, "widenet.language"), "pt-BR");
    assert_null(record_tag(&k->record, "published_at")); /* never the file's own time */
    assert_int_equal(news_article_read(p.arena, &k->record, &a, NULL), 0);
    assert_int_equal(a.topic_count, 2);
    k = article(&p, "ghost");
    assert_int_equal(news_article_read(p.arena, &k->record, &a, NULL), 0);
    assert_int_equal(a.published_at, 1612325106);
    assert_str(a.summary, "Short");
    assert_str(a.credits[0].name, "Ann");
    assert_str(a.credits[0].link, "https://ann.example");
    assert_str(a.topics[0], "news");
    assert_str(a.source, "https://b.example/");
    assert_str(a.image, "https://b.example/p.jpg");
    assert_str(a.image_alt, "Alt");
    k = article(&p, "bare");
    assert_str(tag_of(k, "title"), "A heading");
    assert_str(k->record.content, "Text without front matter.\n");
    pool_close(&p);
}

/* Archives are older than Unix. */
static void dates_before_1970(void **state)
{
    (void)state;
    static const struct {
        const char *name, *date, *published_at;
    } cases[] = {
        {"manifesto", "1848-02-21", "-3845577600"},
        {"moon", "1969-07-20T20:17:40Z", "-14182940"},
        {"gazette", "0803-01-01", "-36826963200"},
        {"zero", "1970-01-01", "1"}, /* 0 means none */
        {"after", "1970-01-02", "86400"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char name[40], text[100];
        snprintf(name, sizeof name, "%s.md", cases[i].name);
        snprintf(text, sizeof text, "---\ntitle: T\ndate: %s\n---\nText\n", cases[i].date);
        file(name, text);
    }
    file("none.md", "---\ntitle: T\ndate: 1848-02-31\n---\nText\n");
    struct pool p;
    pool_open(&p);
    struct import_counts c;
    assert_int_equal(import(&p, folder, &c), 0);
    assert_int_equal(c.imported, 5);
    assert_true(str_find(buf_str(&p.refusals), STR("none.md: its date is no date: 1848-02-31")) != SIZE_MAX);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_str(tag_of(article(&p, cases[i].name), "published_at"), cases[i].published_at);
    assert_int_equal(import(&p, folder, &c), 0);
    assert_int_equal(c.unchanged, 5);
    pool_close(&p);
}

/* Jekyll says by the place what others say by a field. */
static void drafts_and_dates_of_jekyll(void **state)
{
    (void)state;
    file("blog/_posts/2015-03-04-hello.md", "---\ntitle: Hello\n---\nText\n");
    file("blog/_posts/2015-03-05-own.md", "---\ntitle: Own\ndate: 2016-01-01\n---\nText\n");
    file("blog/_posts/2015-13-45-odd.md", "---\ntitle: Odd\n---\nText\n");
    file("blog/2015-03-06-page.md", "---\ntitle: Page\n---\nText\n");
    file("blog/_drafts/idea.md", "---\ntitle: Idea\n---\nText\n");
    file("blog/members.md", "---\ntitle: M\nvisibility: members\n---\nText\n");
    file("blog/public.md", "---\ntitle: P\nvisibility: public\n---\nText\n");
    struct pool p;
    pool_open(&p);
    struct import_counts c;
    assert_int_equal(import(&p, folder, &c), 0);
    assert_int_equal(c.imported, 5);
    assert_int_equal(c.refused, 2);
    assert_str(tag_of(article(&p, "blog/_posts/2015-03-04-hello"), "published_at"), "1425427200");
    assert_str(tag_of(article(&p, "blog/_posts/2015-03-05-own"), "published_at"), "1451606400");
    assert_null(record_tag(&article(&p, "blog/_posts/2015-13-45-odd")->record, "published_at"));
    assert_null(record_tag(&article(&p, "blog/2015-03-06-page")->record, "published_at"));
    assert_true(str_find(buf_str(&p.refusals), STR("blog/_drafts/idea.md: it is a draft\n")) != SIZE_MAX);
    assert_true(str_find(buf_str(&p.refusals), STR("blog/members.md: it is not for everybody")) != SIZE_MAX);
    pool_close(&p);

    /* The same where the folder itself is what is imported. */
    char path[200];
    pool_open(&p);
    snprintf(path, sizeof path, "%s/blog/_posts", folder);
    assert_int_equal(import(&p, path, &c), 0);
    assert_str(tag_of(article(&p, "2015-03-04-hello"), "published_at"), "1425427200");
    snprintf(path, sizeof path, "%s/blog/_drafts/idea.md", folder);
    assert_int_equal(import(&p, path, &c), 0);
    assert_int_equal(c.refused, 1);
    pool_close(&p);
}

static void without_a_free_licence(void **state)
{
    (void)state;
    file("a.md",
        "---\ntitle: T\nsummary: S\nsource_url: https://a.example/\n---\nThe secret text of the house.\n");
    file("b.md", "---\ntitle: T\nlicence: CC BY-NC 4.0\nimage: p.png\n---\nThe secret text.\n");
    file("c.md", "---\ntitle: T\nlicense: All rights reserved\n---\nThe secret text.\n");
    struct pool p;
    pool_open(&p);
    p.license = NULL;
    struct import_counts c;
    assert_int_equal(import(&p, folder, &c), 0);
    assert_int_equal(c.imported, 3);
    for (size_t i = 0; i < p.n; i++) {
        assert_int_equal(p.kept[i].record.content.n, 0);
        for (size_t t = 0; t < p.kept[i].record.tag_count; t++)
            for (size_t v = 0; v < p.kept[i].record.tags[t].n; v++)
                assert_int_equal(str_find(p.kept[i].record.tags[t].v[v], STR("secret")), SIZE_MAX);
    }
    assert_str(tag_of(article(&p, "a"), "summary"), "S");
    assert_str(tag_of(article(&p, "a"), "r"), "https://a.example/");
    assert_str(record_label(&article(&p, "c")->record, "license"), "All rights reserved");
    assert_str(record_label(&article(&p, "b")->record, "license"), "CC-BY-NC-4.0");
    pool_close(&p);
}

static void convert(const char *markdown, const char *want)
{
    _cleanup_buf_ struct buf text = BUF_INIT;
    buf_addf(&text, "---\ntitle: T\n---\n%s", markdown);
    file("page/here.md", text.p);
    struct pool p;
    pool_open(&p);
    struct import_counts c;
    assert_int_equal(import(&p, folder, &c), 0);
    assert_str(article(&p, "page/here")->record.content, want);
    pool_close(&p);
}

static void shortcodes(void **state)
{
    (void)state;
    convert("a {{< note title=\"Mind\" >}}inner *text*{{< /note >}} b\n",
        "a\n\n**Mind**\n\ninner *text*\n\n b\n");
    convert("x {{< highlight >}}kept{{< /highlight >}}.\n", "x kept.\n");
    convert("{{< youtube id=\"x\" >}}{{% unknown %}}inside{{% /unknown %}}\n", "inside\n");
    convert("{{< legacy-img src=\"2014/a b.png\" alt=\"A [cat]\" >}}\n", "[A \\[cat\\]](2014/a%20b.png)\n");
    convert(
        "{{< figure src=\"https://a.example/p.jpg\" caption=\"C\" >}}\n", "[C](https://a.example/p.jpg)\n");
    convert("[{{< img src=\"x\" alt=\"small\" >}}](https://a.example/large)\n",
        "[small](https://a.example/large)\n");
    convert("{{< quote-block text=\"We \\\"will\\\"\" cite=\"Ann\" >}}\n", "> We \"will\"\n>\n> — Ann\n");
    convert("{{< button href=\"https://a.example/\" text=\"Go\" >}}\n", "[Go](https://a.example/)\n");
    convert("{{</* ref \"x\" */>}} {{< broken\n", "{{< ref \"x\" >}} {{< broken\n");
    convert("[gone]({{< ref \"missing.md\" >}}) and <a href=\"{{< ref \"/missing\" >}}\">there</a>\n",
        "gone and there\n");
    convert("see {{< ref \"missing\" >}}.\n", "see .\n");
}

static void html_in_markdown(void **state)
{
    (void)state;
    convert("<p>One <a href='https://a.example/x?a=1&amp;b=(2)'>two</a></p>\n",
        "One [two](https://a.example/x?a=1&amp;b=%282%29)\n");
    convert("<ul>\n  <li>\n    a\n  </li>\n  <li>b</li>\n</ul>\nafter\n", "- a\n\n- b\n\nafter\n");
    convert("<strong>bold</strong> <em> not </em><b>x </b>y\n", "**bold**  not **x** y\n");
    convert("<h2>Head</h2>text<br/>more\n", "## Head\n\ntext  \nmore\n");
    convert("<script>alert(1)</script><!-- no -->seen <span style=\"x\">yes</span>\n", "seen yes\n");
    convert("`<b>code</b>` and <code>a &lt; b</code>\n", "`<b>code</b>` and `a < b`\n");
    convert("```\n<b>{x}</b>\n```\n", "```\n<b>{x}</b>\n```\n");
    convert("<https://a.example> As a <type of person>, 1 < 2\n",
        "<https://a.example> As a <type of person>, 1 < 2\n");
    convert("<img src=\"https://a.example/p.png\" alt=\"A\"> x\n", "![A](https://a.example/p.png) x\n");
    convert("<table><tr><td>a</td><td><p>b</p></td></tr></table>\n", "a | b\n");
    convert("<a href=\"https://x.example\"></a>empty <a name=x>named</a>\n", "empty named\n");
}

static void liquid(void **state)
{
    (void)state;
    convert("a\n\n{% highlight ruby linenos %}\nputs {{ x }}\n{% endhighlight %}\n\nb\n",
        "a\n\n```ruby\nputs {{ x }}\n```\n\nb\n");
    convert("a {%- raw -%}{{ site.kept }} {% include x %}{% endraw %} b\n",
        "a {{ site.kept }} {% include x %} b\n");
    convert(
        "a{% comment %}gone {% if x %}{% endcomment %} b{% include fig.html src=\"a.png\" %}.\n", "a b.\n");
    convert("{% if site.x %}one{% else %}two{% endif %}\n", "onetwo\n");
    convert("![p]({{ site.baseurl }}/p.png) ![q]({{ '/q.png' | relative_url }})\n",
        "![p](/p.png) ![q](/q.png)\n");
    convert("## Head\n{: .no_toc }\n\nText{: #id} and {{ .Site.Title }} {% unknown %} { : }\n",
        "## Head\n\nText and {{ .Site.Title }} {% unknown %} { : }\n");
    convert("`{% raw %}` and {% highlight x and {% comment %} stay\n",
        "`{% raw %}` and {% highlight x and  stay\n");
    convert("[gone]({% post_url 2001-01-01-nothing %}).\n", "gone.\n");
    file("_posts/2015-03-05-second.md", "---\ntitle: Second\n---\nx\n");
    file("_posts/2015-03-06-third.md", "---\ntitle: Third\n---\n[s]({% post_url 2015-03-05-second %})\n");
    struct pool p;
    pool_open(&p);
    struct import_counts c;
    assert_int_equal(import(&p, folder, &c), 0);
    assert_true(str_starts(article(&p, "_posts/2015-03-06-third")->record.content, STR("[s](nostr:naddr1")));
    pool_close(&p);
}

static void links_between_articles(void **state)
{
    (void)state;
    file("2014/01/first.md", "---\ntitle: First\n---\n[b](../../2015/second.md) [c]({{< ref \"second\" >}} "
                             "\"T\") [d](/news/2015/second/) "
                             "[e](https://a.example/2015/second) [f](#x) [g](other.md) `[c](second.md)`\n\n"
                             "[h]\n\n[h]: ../../2015/second.md 'H'\n  [i]: <../../2015/second.md>\n"
                             "[j]: other.md\n[k]: <../../2015/second.md\n[^l]: ../../2015/second.md\n");
    file("2015/second.md", "---\ntitle: Second\n---\nx\n");
    file("2015/draft.md", "---\ntitle: Draft\ndraft: true\n---\nx\n");
    file("third.md", "---\ntitle: Third\n---\n[x]({{< relref \"2015/draft.md\" >}}) [y](2015/second)\n\n{{< "
                     "ref \"2015/second.md\" >}}!\n");
    struct pool p;
    pool_open(&p);
    struct import_counts c;
    assert_int_equal(import(&p, folder, &c), 0);
    assert_int_equal(c.imported, 3);
    assert_int_equal(c.unresolved_refs, 1);
    struct str text = article(&p, "2014/01/first")->record.content;
    size_t count = 0;
    struct str rest = text;
    for (size_t at; (at = str_find(rest, STR("](nostr:naddr1"))) != SIZE_MAX; count++) {
        rest = str_slice(rest, at + 2, rest.n);
        struct str name = str_slice(rest, 0, str_find_char(rest, ')'));
        size_t space = str_find_char(name, ' ');
        struct nip19 decoded;
        assert_int_equal(
            nip19_decode(p.arena, space == SIZE_MAX ? name : str_slice(name, 0, space), &decoded, NULL), 0);
        assert_str(decoded.d, "2015/second");
        assert_int_equal(decoded.kind, 30023);
    }
    assert_int_equal(count, 3);
    assert_true(str_find(text, STR("\"T\")")) != SIZE_MAX);
    assert_true(
        str_find(text, STR("[e](https://a.example/2015/second) [f](#x) [g](other.md) `[c](second.md)`")) !=
        SIZE_MAX);
    assert_true(str_find(text, STR("\n\n[h]: nostr:naddr1")) != SIZE_MAX);
    assert_true(str_find(text, STR(" 'H'\n  [i]: nostr:naddr1")) != SIZE_MAX);
    assert_true(
        str_ends(text, STR("\n[j]: other.md\n[k]: <../../2015/second.md\n[^l]: ../../2015/second.md\n")));
    assert_true(str_starts(article(&p, "third")->record.content, STR("x [y](nostr:naddr1")));
    assert_true(
        str_find(article(&p, "third")->record.content, STR("\n\n[2015/second](nostr:naddr1")) != SIZE_MAX);
    pool_close(&p);
}

static void pictures(void **state)
{
    (void)state;
    char outside[100], inside[200];
    snprintf(outside, sizeof outside, "%s-outside.png", folder);
    FILE *f = fopen(outside, "w");
    assert_non_null(f);
    fwrite(png, 1, sizeof png, f);
    fclose(f);
    snprintf(inside, sizeof inside, "%s/link.png", folder);
    assert_int_equal(symlink(outside, inside), 0);
    file_bytes("a/near.png", png, sizeof png);
    file_bytes("assets/img/rooted.png", png, sizeof png);
    file("a/fake.png", "<svg/>");
    const char *base = strrchr(outside, '/') + 1;
    _cleanup_buf_ struct buf text = BUF_INIT;
    buf_addf(&text,
        "---\ntitle: T\nimage: {src: near.png, alt: Front}\n---\n![one](near.png \"Title\") "
        "![two](/assets/img/rooted.png?x) "
        "![esc](../../%s) ![esc](../link.png) ![fake](fake.png) {{< img src=\"near.png\" alt=\"three\" >}} "
        "<img src=near.png>\n",
        base);
    file("a/text.md", text.p);
    struct pool p;
    pool_open(&p);
    struct import_counts c;
    assert_int_equal(import(&p, folder, &c), 0);
    unlink(outside);
    assert_int_equal(c.imported, 1);
    assert_int_equal(c.refused, 3); /* the picture files themselves are no Markdown */
    assert_int_equal(c.pictures, 5);
    const struct kept *k = article(&p, "a/text");
    struct str s = k->record.content;
    assert_true(str_starts(s, STR("![one](/media/")));
    assert_true(str_find(s, STR(".png \"Title\") ![two](/media/")) != SIZE_MAX);
    assert_true(str_find(s, STR("![esc](../link.png) ![fake](fake.png) ![three](/media/")) != SIZE_MAX);
    assert_true(str_starts(tag_of(k, "image"), STR("/media/")));
    assert_int_equal(str_find(p.last_blob, STR("place")), SIZE_MAX);
    struct article a;
    assert_int_equal(news_article_read(p.arena, &k->record, &a, NULL), 0);
    assert_str(a.image_alt, "Front");
    pool_close(&p);
}

int main(void)
{
    if (sodium_init() < 0)
        return 1;
    const struct CMUnitTest tests[] = {
        IN_FOLDER(front_matter_of_three_systems),
        IN_FOLDER(dates_before_1970),
        IN_FOLDER(drafts_and_dates_of_jekyll),
        IN_FOLDER(without_a_free_licence),
        IN_FOLDER(shortcodes),
        IN_FOLDER(liquid),
        IN_FOLDER(html_in_markdown),
        IN_FOLDER(links_between_articles),
        IN_FOLDER(pictures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
