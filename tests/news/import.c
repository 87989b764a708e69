/* import.c: folders of Markdown as articles: what is refused and why; again and after being killed; records;
 * real folders where they are at hand. */
#include "folder.h"
#include "news/html_check.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

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
    buf_addz(&lines, "\xef\xbb\xbf");
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

int main(void)
{
    if (sodium_init() < 0)
        return 1;
    const struct CMUnitTest tests[] = {
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
