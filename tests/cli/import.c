/* import.c: `widenet import`, `query` and `export` as an operator types them: with and without a running
 * node, again, and killed in the middle. */
#include "../node/process.h"
#include "watch.h"

#include <jansson.h>

static char directory[64], data[96], folder[96];
static struct buf said;

static int fresh(void **state)
{
    (void)state;
    snprintf(directory, sizeof directory, "/tmp/widenet-cli-XXXXXX");
    if (!mkdtemp(directory))
        return -1;
    snprintf(data, sizeof data, "%s/data", directory);
    snprintf(folder, sizeof folder, "%s/texts", directory);
    return mkdir(folder, 0755);
}

static int gone(void **state)
{
    (void)state;
    buf_finish(&said);
    return remove_tree(directory);
}

static void file(const char *name, const char *text)
{
    char path[200];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void articles(int n)
{
    char name[40], text[400];
    for (int i = 0; i < n; i++) {
        snprintf(name, sizeof name, "%d.md", i);
        snprintf(text, sizeof text,
            "---\ntitle: Number %d\ntags: [t%d]\ndate: 2020-01-01\n---\nThe tenants of house %d met on "
            "Monday. [Next]({{< ref \"%d\" >}})\n",
            i, i % 5, i, i + 1);
        file(name, text);
    }
}

static int run(const char *first, ...)
{
    const char *argv[16] = {"widenet", first};
    size_t n = 2;
    va_list words;
    va_start(words, first);
    for (const char *w; (w = va_arg(words, const char *)) && n < 12;)
        argv[n++] = w;
    va_end(words);
    argv[n++] = "--data";
    argv[n++] = data;
    return run_command(argv, &said);
}

#define says(text)                                                                                           \
    do {                                                                                                     \
        if (!strstr(said.p, text))                                                                           \
            fail_msg("not \"%s\" but: %s", text, said.p);                                                    \
    } while (0)

static size_t lines(const char *text)
{
    size_t n = 0;
    for (; *text; text++)
        n += *text == '\n';
    return n;
}

static void usage(void **state)
{
    (void)state;
    assert_int_equal(run("import", NULL), 2);
    assert_int_equal(run("import", "--source", "a", "--as", "b", folder, NULL), 2);
    assert_int_equal(run("import", "--license", "MIT", folder, NULL), 2);
    says("no licence is called \"MIT\"");
    assert_int_equal(run("import", "/nowhere/at/all", NULL), 1);
    says("/nowhere/at/all cannot be read");
    assert_int_equal(run("export", "--format", "csv", NULL), 2);
    assert_int_equal(run("query", NULL), 2);
    assert_int_equal(run("query", "{\"kinds\":7}", NULL), 2);
    says("widenet: filter: ");
}

static void there_and_back(void)
{
    articles(30);
    file("draft.md", "---\ntitle: D\ndraft: true\n---\nx\n");
    file("p.txt", "not Markdown");
    assert_int_equal(run("import", "--license", "CC0-1.0", "--json", folder, NULL), 0);
    json_t *counts = json_loads(said.p, 0, NULL);
    assert_non_null(counts);
    assert_int_equal(json_integer_value(json_object_get(counts, "files")), 32);
    assert_int_equal(json_integer_value(json_object_get(counts, "imported")), 30);
    assert_int_equal(json_integer_value(json_object_get(counts, "unresolved_refs")), 1);
    json_t *refusals = json_object_get(counts, "refusals");
    assert_int_equal(json_array_size(refusals), 2);
    assert_string_equal(
        json_string_value(json_object_get(json_array_get(refusals, 0), "reason")), "it is a draft");
    json_decref(counts);
    assert_int_equal(run("import", "--license", "CC0-1.0", folder, NULL), 0);
    says("refused: draft.md: it is a draft\n");
    says("32 files: 0 imported, 30 unchanged, 2 refused\n");
    assert_int_equal(run("query", "--count", "{\"kinds\":[30023],\"#t\":[\"t2\"]}", NULL), 0);
    assert_string_equal(said.p, "6\n");
    assert_int_equal(run("query", "{\"kinds\":[30023],\"limit\":3}", NULL), 0);
    assert_int_equal(lines(said.p), 3);
    assert_int_equal(run("query", "{\"kinds\":[0]}", NULL), 0); /* the source said who it is, once */
    const char *named = strstr(said.p, "\\\"name\\\":\\\"texts\\\"");
    assert_non_null(named);
    assert_null(strstr(named + 1, "\\\"name\\\":\\\"texts\\\""));
    file("0.md", "---\ntitle: Number 0\n---\nChanged.\n");
    assert_int_equal(run("import", "--license", "CC0-1.0", folder, NULL), 0);
    says("32 files: 1 imported, 29 unchanged, 2 refused\n");
    assert_int_equal(run("query", "--count", "{\"kinds\":[30023]}", NULL), 0);
    assert_string_equal(said.p, "30\n");
}

/* A source's name is one line; a link that is named is followed, one that is found is not. */
static void names_and_links(void **state)
{
    (void)state;
    char link[200], path[200];
    assert_int_equal(run("import", "--source", "two\nlines", folder, NULL), 1);
    says("control characters");
    says("--source NAME");
    assert_int_equal(run("import", "--source", "bell\a", folder, NULL), 1);
    assert_int_equal(run("import", "--source", "", folder, NULL), 1);
    file("one.md", "---\ntitle: One\n---\nThe text.\n");
    snprintf(path, sizeof path, "%s/one.md", folder);
    snprintf(link, sizeof link, "%s/link.md", directory);
    assert_int_equal(symlink("texts/one.md", link), 0);
    assert_int_equal(run("import", "--license", "CC0-1.0", link, NULL), 0);
    says("1 file: 1 imported, 0 unchanged, 0 refused");
    assert_int_equal(run("import", "--license", "CC0-1.0", path, NULL), 0); /* the same article */
    says("1 file: 0 imported, 1 unchanged, 0 refused");
    snprintf(link, sizeof link, "%s/folder", directory);
    assert_int_equal(symlink("texts", link), 0);
    assert_int_equal(run("import", "--license", "CC0-1.0", link, NULL), 0);
    says("1 file: 0 imported, 1 unchanged, 0 refused");
    snprintf(link, sizeof link, "%s/found.md", folder);
    assert_int_equal(symlink("../outside.md", link), 0);
    snprintf(path, sizeof path, "%s/outside.md", directory);
    FILE *f = fopen(path, "w");
    fputs("---\ntitle: Outside\n---\nNot meant.\n", f);
    fclose(f);
    assert_int_equal(run("import", "--license", "CC0-1.0", folder, NULL), 0);
    says("1 file: 0 imported, 1 unchanged, 0 refused");
    snprintf(link, sizeof link, "%s/broken.md", directory);
    assert_int_equal(symlink("nowhere.md", link), 0);
    assert_int_equal(run("import", link, NULL), 1);
    says("broken.md cannot be read");
}

static void without_a_node(void **state)
{
    (void)state;
    there_and_back();
    char records[112], other[112];
    snprintf(records, sizeof records, "%s/all.jsonl", directory);
    assert_int_equal(run("export", "--output", records, NULL), 0);
    says("33 records\n"); /* 30 articles, an older revision, profile and sort */
    assert_int_equal(run("export", "--output", records, NULL), 1);
    says("exists already; it was left as it is");
    assert_int_equal(run("export", "--current", NULL), 0);
    assert_int_equal(lines(said.p), 32);
    snprintf(other, sizeof other, "%s/other", directory);
    memcpy(data, other, sizeof data);
    assert_int_equal(run("import", records, NULL), 0);
    says("33 records: 33 imported, 0 unchanged, 0 refused\n");
    assert_int_equal(run("import", records, NULL), 0);
    says("33 records: 0 imported, 33 unchanged, 0 refused\n");
    assert_int_equal(run("query", "--count", "{\"kinds\":[30023]}", NULL), 0);
    assert_string_equal(said.p, "30\n");
}

static void beside_a_node(void **state)
{
    (void)state;
    struct served s;
    serve(&s, data, free_port(), NULL);
    there_and_back();
    char records[112];
    snprintf(records, sizeof records, "%s/all.jsonl", directory);
    assert_int_equal(run("export", "--output", records, NULL), 0);
    assert_int_equal(run("import", records, NULL), 0);
    says(" records: 0 imported, "); /* the 33, and what the node says of itself */
    says(" unchanged, 0 refused\n");
    kill(s.pid, SIGTERM);
    assert_int_equal(ended(&s), 0);
}

static void nothing_and_half(void **state)
{
    (void)state;
    file("a.md", "---\ntitle: T\n---\nText that stays here.\n");
    file("b.txt", "x");
    char path[112];
    snprintf(path, sizeof path, "%s/b.txt", folder);
    assert_int_equal(run("import", path, NULL), 1);
    says("refused: b.txt: not Markdown");
    snprintf(path, sizeof path, "%s/a.md", folder);
    assert_int_equal(run("import", path, NULL), 0);
    says("only title, summary and link were published");
    assert_int_equal(run("query", "{\"kinds\":[30023]}", NULL), 0);
    assert_null(strstr(said.p, "stays here"));
    assert_int_equal(
        run("import", "--license", "CC-BY-4.0", "--credit", "Anna https://a.example/", path, NULL), 0);
    assert_int_equal(run("query", "{\"kinds\":[30023]}", NULL), 0);
    says("[\"credit\",\"Anna\",\"source\",\"https://a.example/\"]");
    says("\"CC-BY-4.0\"");
}

/* What is there: (d, text, tags) of all articles, in the order of d. */
static void pool(struct buf *out)
{
    assert_int_equal(run("query", "{\"kinds\":[30023]}", NULL), 0);
    json_t *all = json_object(), *record;
    for (char *line = strtok(said.p, "\n"); line; line = strtok(NULL, "\n")) {
        record = json_loads(line, 0, NULL);
        json_t *tags = json_object_get(record, "tags");
        const char *d = json_string_value(json_array_get(json_array_get(tags, 0), 1));
        json_t *kept = json_pack("{s:O,s:O}", "tags", tags, "content", json_object_get(record, "content"));
        json_object_set_new(all, d, kept);
        json_decref(record);
    }
    char *text = json_dumps(all, JSON_SORT_KEYS);
    buf_clear(out);
    buf_addz(out, text);
    free(text);
    json_decref(all);
}

static void killed(void **state)
{
    (void)state;
    articles(700);
    for (int round = 1; round <= 8; round++) {
        const char *argv[] = {"widenet", "import", "--license", "CC0-1.0", folder, "--data", data, NULL};
        struct served s = {.port = 0};
        int watch = watch_open(data);
        s.pid = run_program(argv, &s.out, NULL);
        for (int writes = 0; writes < round * round && watch_write(watch, "widenet.db-wal", s.out); writes++)
            ;
        close(watch);
        kill(s.pid, SIGKILL);
        ended(&s);
    }
    struct buf after _cleanup_buf_ = BUF_INIT, whole _cleanup_buf_ = BUF_INIT;
    assert_int_equal(run("import", "--license", "CC0-1.0", folder, NULL), 0);
    pool(&after);
    assert_int_equal(run("import", "--license", "CC0-1.0", folder, NULL), 0);
    says("700 files: 0 imported, 700 unchanged, 0 refused\n");
    pool(&whole);
    assert_string_equal(after.p, whole.p);
    assert_int_equal(run("query", "--count", "{\"kinds\":[30023]}", NULL), 0);
    assert_string_equal(said.p, "700\n");
    assert_int_equal(run("check", NULL), 0);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(usage, fresh, gone),
        cmocka_unit_test_setup_teardown(names_and_links, fresh, gone),
        cmocka_unit_test_setup_teardown(without_a_node, fresh, gone),
        cmocka_unit_test_setup_teardown(beside_a_node, fresh, gone),
        cmocka_unit_test_setup_teardown(nothing_and_half, fresh, gone),
        cmocka_unit_test_setup_teardown(killed, fresh, gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
