/* import.c: folders of Markdown as articles: what is taken, how it is converted, what is refused and why;
 * again and after being killed; real folders where they are at hand. The sink keeps articles in memory. */
#include "check.h"
#include "news/html_check.h"
#include "news/news.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- a pool in memory */

struct kept {
    char *d;
    struct record record; /* deep in arena */
    uint8_t hash[32];
};
struct pool {
    struct arena *arena;
    struct kept *kept;
    size_t n, cap;
    size_t budget; /* articles until the process "dies"; SIZE_MAX: never */
    size_t published;
    struct buf refusals; /* "path: what\n" */
    size_t blobs;
    struct str last_blob;
    int64_t now;
    const char *license, *credit;
};

static struct kept *find(struct pool *p, struct str d)
{
    for (size_t i = 0; i < p->n; i++)
        if (str_eqz(d, p->kept[i].d))
            return &p->kept[i];
    return NULL;
}

static void keep(struct pool *p, const struct record *r)
{
    struct kept *k = find(p, record_d(r));
    if (!k) {
        if (p->n == p->cap) {
            p->cap = p->cap ? p->cap * 2 : 64;
            p->kept = realloc(p->kept, p->cap * sizeof *p->kept);
            assert_non_null(p->kept);
        }
        k = &p->kept[p->n++];
        k->d = str_dup(record_d(r));
    }
    struct record_draft copy = {.arena = p->arena};
    record_draft_init(&copy, p->arena, r->kind, r->created_at);
    for (size_t i = 0; i < r->tag_count; i++)
        record_draft_tag_strs(&copy, r->tags[i].v, r->tags[i].n);
    record_draft_content(&copy, r->content);
    k->record = copy.r;
    news_content_hash(&k->record, k->hash);
}

static int publish(void *ctx, struct record *records, struct store_item *items, size_t n, struct err *err)
{
    struct pool *p = ctx;
    for (size_t i = 0; i < n; i++) {
        if (p->published == p->budget)
            return err_set(err, ERR_CLOSED, "killed");
        p->published++;
        keep(p, &records[i]);
        items[i].verdict = STORE_NEW;
    }
    return 0;
}

static int append(void *ctx, struct store_item *items, size_t n, struct err *err)
{
    struct pool *p = ctx;
    (void)err;
    for (size_t i = 0; i < n; i++) {
        bool good = record_verify(items[i].record, NULL) == 0;
        items[i].verdict = good ? STORE_NEW : STORE_REFUSED;
        snprintf(items[i].reason, sizeof items[i].reason, "invalid: signature");
        p->published += good;
    }
    return 0;
}

static int blob(void *ctx, struct str bytes, struct str media_type, uint8_t sha256[32], struct err *err)
{
    struct pool *p = ctx;
    (void)err;
    assert_true(str_starts(media_type, STR("image/")));
    crypto_hash_sha256(sha256, (const uint8_t *)bytes.p, bytes.n);
    p->blobs++;
    p->last_blob = arena_str(p->arena, bytes);
    return 0;
}

static int64_t current(void *ctx, struct str d, uint8_t hash[32])
{
    struct kept *k = find(ctx, d);
    if (!k)
        return 0;
    memcpy(hash, k->hash, 32);
    return k->record.created_at;
}

static void refused(void *ctx, struct str path, const struct err *why)
{
    buf_addf(&((struct pool *)ctx)->refusals, "%.*s: %s\n", STR_ARG(path), why->what);
}

static int64_t pool_now(void *ctx)
{
    return ((struct pool *)ctx)->now * 1000000;
}

static int import(struct pool *p, const char *path, struct import_counts *out)
{
    *out = (struct import_counts){0};
    uint8_t secret[32] = {[31] = 7};
    struct import_options options = {
        .license = p->license, .credit = p->credit, .clock = {.now_us = pool_now, .ctx = p}};
    assert_int_equal(record_pubkey_of_secret(secret, &options.actor, NULL), 0);
    struct import_sink sink = {
        .ctx = p, .publish = publish, .append = append, .blob = blob, .current = current, .refused = refused};
    struct err err;
    int status = news_import(path, &options, &sink, out, &err);
    if (!status)
        assert_int_equal(out->files, out->imported + out->unchanged + out->refused);
    return status;
}

static void pool_open(struct pool *p)
{
    *p = (struct pool){.arena = arena_create(0), .budget = SIZE_MAX, .now = 1700000000, .license = "CC0-1.0"};
}

static void pool_close(struct pool *p)
{
    for (size_t i = 0; i < p->n; i++)
        free(p->kept[i].d);
    free(p->kept);
    buf_finish(&p->refusals);
    arena_destroy(p->arena);
}

/* ---- a folder */

static char folder[64];

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

static int make_folder(void **state)
{
    (void)state;
    const char *tmp = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%.40s/news-XXXXXX", tmp ? tmp : "/tmp");
    return mkdtemp(folder) ? 0 : -1;
}

static int drop_folder(void **state)
{
    (void)state;
    return nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void file_bytes(const char *name, const void *bytes, size_t n)
{
    char path[400];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    for (char *slash = path + strlen(folder) + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = 0;
        mkdir(path, 0777);
        *slash = '/';
    }
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    fclose(f);
}

static void file(const char *name, const char *text)
{
    file_bytes(name, text, strlen(text));
}

static const struct kept *article(struct pool *p, const char *d)
{
    const struct kept *k = find(p, str_of(d));
    if (!k)
        fail_msg("%s was not imported: %.*s", d, STR_ARG(buf_str(&p->refusals)));
    return k;
}

static struct str tag_of(const struct kept *k, const char *name)
{
    struct str value = record_tag_value(&k->record, name);
    return value.p ? value : STR("");
}

/* ---- tests */

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

/* The smallest PNG, with a text chunk that tells a place. */
static const uint8_t png[] = {0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49,
    0x48, 0x44, 0x52, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x01, 0x08, 0x06, 0x00, 0x00, 0x00, 0x1f,
    0x15, 0xc4, 0x89, 0x00, 0x00, 0x00, 0x0a, 0x74, 0x45, 0x58, 0x74, 0x70, 0x6c, 0x61, 0x63, 0x65, 0x00,
    0x68, 0x6f, 0x6d, 0x65, 0x14, 0xfc, 0x26, 0xf2, 0x00, 0x00, 0x00, 0x0b, 0x49, 0x44, 0x41, 0x54, 0x78,
    0x9c, 0x63, 0x60, 0x00, 0x02, 0x00, 0x00, 0x05, 0x00, 0x01, 0x7a, 0x5e, 0xab, 0x3f, 0x00, 0x00, 0x00,
    0x00, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82};

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

static void refusals(void **state)
{
    (void)state;
    static char big[RECORD_MAX_ARTICLE_BYTES + 1];
    memset(big, 'x', sizeof big);
    file_bytes("big.md", big, sizeof big);
    memcpy(big, "---\ntitle: T\n---\n", 17);
    file_bytes("over.md", big, RECORD_MAX_ARTICLE_BYTES - 10);
    file("bomb.md", "---\na: &a [x,x]\nb: &b [*a,*a]\ntitle: T\n---\nx\n");
    file("date.md", "---\ntitle: T\ndate: soon\n---\nx\n");
    file("deep.md", "---\ntitle: [[[[[[[[[[[[[[[x]]]]]]]]]]]]]]]\n---\nx\n");
    file("draft.md", "---\ntitle: T\ndraft: true\n---\nx\n");
    file("empty.md", "");
    file("endless.md", "---\ntitle: T\nx\n");
    file("image.svg", "<svg/>");
    file("json.md", "{\n\"title\": \"T\"\n}\nx\n");
    file("lang.md", "---\ntitle: T\nlang: english!\n---\nx\n");
    file("list.md", "---\n- a\n- b\n---\nx\n");
    file("same.markdown", "---\ntitle: T\n---\nx\n");
    file("same.md", "---\ntitle: T\n---\nx\n");
    file("toml.md", "+++\ntitle = 'T'\n+++\nx\n");
    file("unpublished.md", "---\ntitle: T\npublished: false\n---\nx\n");
    file("utf8.md", "---\ntitle: T\n---\nabc\xff def\n");
    file("yaml.md", "---\ntitle: \"T\nx: [\n---\nx\n");
    file_bytes("zero.md", "---\ntitle: T\n---\na\0b\n", 21);
    struct pool p;
    pool_open(&p);
    struct import_counts c;
    assert_int_equal(import(&p, folder, &c), 0);
    assert_int_equal(c.imported, 1);
    static const char *const want[] = {"big.md: the file has 131073 bytes (at most 131072)\n",
        "over.md: the article takes 131",
        "bomb.md: the front matter uses an alias (*name) at line 3, which is refused\n",
        "date.md: its date is no date: soon\n", "deep.md: the front matter is nested too deeply at line 2\n",
        "draft.md: it is a draft\n", "empty.md: it has no title\n",
        "endless.md: the front matter that begins at line 1 never ends\n",
        "image.svg: not Markdown (.md, .markdown)\n", "json.md: the front matter is JSON\n",
        "lang.md: the language is no language code such as",
        "list.md: the front matter is no list of \"name: value\"\n",
        "same.md: another file has the same name but for its ending: same.markdown\n",
        "toml.md: the front matter is TOML (+++)\n", "unpublished.md: it is a draft\n",
        "utf8.md: the text is not valid UTF-8 at byte 20\n",
        "yaml.md: the front matter is not YAML: ", "zero.md: it holds zero bytes: this is no text\n"};
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++)
        if (str_find(buf_str(&p.refusals), str_of(want[i])) == SIZE_MAX)
            fail_msg("\"%s\" is not among: %s", want[i], p.refusals.p);
    assert_int_equal(c.refused, sizeof want / sizeof want[0]);
    pool_close(&p);
}

/* 200 MB are refused by their size alone (the file is sparse); a folder without permission does not end the
 * run. */
static void large_and_forbidden(void **state)
{
    (void)state;
    file("huge.md", "x");
    file("good.md", "---\ntitle: T\n---\nx\n");
    file("closed/hidden.md", "---\ntitle: T\n---\nx\n");
    char path[200];
    snprintf(path, sizeof path, "%s/huge.md", folder);
    assert_int_equal(truncate(path, 200 * 1000 * 1000), 0);
    snprintf(path, sizeof path, "%s/closed", folder);
    assert_int_equal(chmod(path, 0), 0);
    assert_int_equal(chmod(folder, 0755), 0);
    struct pool p;
    pool_open(&p);
    struct import_counts c;
    bool root = geteuid() == 0;
    if (root) /* whom no permission holds back */
        assert_int_equal(seteuid(65534), 0);
    int status = import(&p, folder, &c);
    if (root)
        assert_int_equal(seteuid(0), 0);
    chmod(path, 0755);
    assert_int_equal(status, 0);
    assert_int_equal(c.imported, 1);
    assert_int_equal(c.refused, 1);
    assert_int_equal(c.unreadable, 1);
    assert_true(str_find(buf_str(&p.refusals),
                    STR("huge.md: the file has 200000000 bytes (at most 131072)\n")) != SIZE_MAX);
    assert_true(str_find(buf_str(&p.refusals),
                    STR("closed: the folder cannot be read: Permission denied\n")) != SIZE_MAX);
    pool_close(&p);
}

static void names(void **state)
{
    (void)state;
    _cleanup_buf_ struct buf name = BUF_INIT;
    for (int i = 0; i < 60; i++)
        buf_addz(&name, "é");
    _cleanup_buf_ struct buf path = BUF_INIT;
    buf_addf(&path, "%s/%s.md", name.p, name.p);
    file(path.p, "---\ntitle: Long\n---\nx\n");
    file("cafe\xcc\x81.md", "---\ntitle: Composed\n---\nx\n");
    struct pool p;
    pool_open(&p);
    struct import_counts c;
    assert_int_equal(import(&p, folder, &c), 0);
    assert_int_equal(c.imported, 2);
    article(&p, "caf\xc3\xa9");
    for (size_t i = 0; i < p.n; i++)
        if (str_eqz(tag_of(&p.kept[i], "title"), "Long")) {
            assert_true(str_starts(str_of(p.kept[i].d), STR("sha256:")));
            assert_int_equal(strlen(p.kept[i].d), 7 + 64);
        }
    pool_close(&p);
}

/* Same set of (address, text, tags) after being killed at any article, and nothing new the second time. */
static void again_and_killed(void **state)
{
    (void)state;
    for (int i = 0; i < 450; i++) {
        char name[40], text[100];
        snprintf(name, sizeof name, "%d/%d.md", i % 7, i);
        snprintf(
            text, sizeof text, "---\ntitle: Number %d\n---\nText [x](../%d/%d.md)\n", i, (i + 1) % 7, i + 1);
        file(name, text);
    }
    struct pool whole;
    pool_open(&whole);
    struct import_counts c;
    assert_int_equal(import(&whole, folder, &c), 0);
    assert_int_equal(c.imported, 450);
    assert_int_equal(import(&whole, folder, &c), 0);
    assert_int_equal(c.imported, 0);
    assert_int_equal(c.unchanged, 450);
    struct seeded random = {3};
    for (int round = 0; round < 6; round++) {
        struct pool p;
        pool_open(&p);
        p.budget = seeded_below(&random, 450);
        assert_int_equal(import(&p, folder, &c), ERR_CLOSED);
        p.budget = SIZE_MAX;
        p.now += 1000;
        assert_int_equal(import(&p, folder, &c), 0);
        assert_int_equal(p.n, whole.n);
        for (size_t i = 0; i < p.n; i++)
            assert_memory_equal(p.kept[i].hash, article(&whole, p.kept[i].d)->hash, 32);
        pool_close(&p);
    }
    /* A changed file is a new revision, dated later even within one second. */
    file("0/0.md", "---\ntitle: Number 0\n---\nChanged\n");
    int64_t before = article(&whole, "0/0")->record.created_at;
    assert_int_equal(import(&whole, folder, &c), 0);
    assert_int_equal(c.imported, 1);
    assert_true(article(&whole, "0/0")->record.created_at > before);
    pool_close(&whole);
}

static void one_file_and_records(void **state)
{
    (void)state;
    file("x/one.md", "---\ntitle: One\n---\n![p](p.png)\n");
    file_bytes("x/p.png", png, sizeof png);
    struct pool p;
    pool_open(&p);
    struct import_counts c;
    char path[200];
    snprintf(path, sizeof path, "%s/x/one.md", folder);
    assert_int_equal(import(&p, path, &c), 0);
    assert_int_equal(c.imported, 1);
    assert_int_equal(c.pictures, 1);
    article(&p, "one");
    _cleanup_buf_ struct buf lines = BUF_INIT;
    struct record_draft d = {.arena = p.arena};
    record_draft_init(&d, p.arena, 1, 1700000000);
    record_draft_content(&d, STR("hello"));
    uint8_t secret[32] = {[31] = 9};
    assert_int_equal(record_sign(&d.r, secret, NULL), 0);
    record_to_json(&d.r, &lines);
    buf_addz(&lines, "\n\nnot json\n");
    d.r.sig.b[5] ^= 1;
    record_to_json(&d.r, &lines);
    file_bytes("r.jsonl", lines.p, lines.n);
    snprintf(path, sizeof path, "%s/r.jsonl", folder);
    assert_int_equal(import(&p, path, &c), 0);
    assert_int_equal(c.records, 3);
    assert_int_equal(c.records_new, 1);
    assert_int_equal(c.refused, 2);
    assert_true(str_find(buf_str(&p.refusals), STR("line 3: ")) != SIZE_MAX);
    assert_true(str_find(buf_str(&p.refusals), STR("line 4: invalid: signature")) != SIZE_MAX);
    snprintf(path, sizeof path, "%s/nothing", folder);
    assert_int_equal(import(&p, path, &c), ERR_NOT_FOUND);
    pool_close(&p);
}

/* ---- real folders */

static int order_lines(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static void assert_same_lines(struct str got, struct str want)
{
    struct str lines[2][200], line;
    size_t n[2] = {0};
    struct str texts[2] = {got, want};
    for (int i = 0; i < 2; i++) {
        while (str_cut(&texts[i], '\n', &line) && n[i] < 200)
            if (line.n)
                lines[i][n[i]++] = line;
        qsort(lines[i], n[i], sizeof lines[i][0], order_lines);
    }
    for (size_t i = 0; i < n[0] && i < n[1]; i++)
        if (!str_eq(lines[0][i], lines[1][i]))
            fail_msg("got \"%.*s\", want \"%.*s\"", STR_ARG(lines[0][i]), STR_ARG(lines[1][i]));
    assert_int_equal(n[0], n[1]);
}

static void real_folder(const char *name, const char *license, const char *credit, size_t files)
{
    char path[400];
    const char *shared = getenv("WIDENET_SHARED");
    snprintf(path, sizeof path, "%s/data/articles/%s", shared ? shared : SOURCE_ROOT "/../shared", name);
    if (access(path, R_OK)) {
        print_message("skipped: %s is not here\n", path);
        return; /* cmocka calls a skipped test failed, in TAP */
    }
    struct pool p;
    pool_open(&p);
    p.license = license;
    p.credit = credit;
    struct import_counts c;
    assert_int_equal(import(&p, path, &c), 0);
    assert_int_equal(c.files, files);
    snprintf(path, sizeof path, SOURCE_ROOT "/tests/news/fixtures/%s.refused", name);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    char fixture[8192];
    size_t n = fread(fixture, 1, sizeof fixture, f);
    fclose(f);
    assert_same_lines(buf_str(&p.refusals), (struct str){fixture, n});
    for (size_t i = 0; i < p.n; i++) {
        _cleanup_arena_ struct arena *arena = arena_create(0);
        const struct record *r = &p.kept[i].record;
        struct str html, plain;
        struct err err;
        if (markdown_render(arena, r->content,
                &(struct markdown_options){.link = news_link, .heading_shift = 1}, &html, &err) ||
            markdown_plain(arena, r->content, &plain, &err))
            fail_msg("%s: %s", p.kept[i].d, err.what);
        struct html_faults faults;
        if (!html_check(html, &faults))
            fail_msg("%s: %s", p.kept[i].d, faults.what);
        assert_true(plain.n > 0 || !r->content.n);
        if (str_find(plain, STR("{{<")) != SIZE_MAX || str_find(plain, STR("unresolved-ref")) != SIZE_MAX)
            fail_msg("%s: something of a shortcode is left", p.kept[i].d);
        struct article a;
        assert_int_equal(news_article_read(arena, r, &a, &err), 0);
        assert_true(a.whole);
    }
    pool_close(&p);
}

static void digitalgov(void **state)
{
    (void)state;
    real_folder("digitalgov", "CC0-1.0", NULL, 2084);
}

static void opensource_guide(void **state)
{
    (void)state;
    real_folder("opensource-guide", "CC-BY-4.0", "GitHub | source | https://opensource.guide/", 378);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, drop_folder)

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
        IN_FOLDER(html_in_markdown),
        IN_FOLDER(links_between_articles),
        IN_FOLDER(pictures),
        IN_FOLDER(refusals),
        IN_FOLDER(large_and_forbidden),
        IN_FOLDER(names),
        IN_FOLDER(again_and_killed),
        IN_FOLDER(one_file_and_records),
        cmocka_unit_test(digitalgov),
        cmocka_unit_test(opensource_guide),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
