/* filter.c: `widenet filter` and `widenet recount` as a person types them, over a pool of a few hundred
 * articles: what they print, what is recounted to the last byte, and what they say of mistakes. */
#include "../node/process.h"

#include "base/hex.h"
#include "base/str.h"
#include "record/record.h"

#include <jansson.h>

#define AT "1701100000"
/* A shell's line that makes the pool. */
#define POOL RATINGS_DUMP " 1 120 30"

static char directory[64], data[96], dump[96], reader[65], other[65];
static struct buf said;

static void shell(const char *format, ...)
{
    char line[1000];
    va_list words;
    va_start(words, format);
    vsnprintf(line, sizeof line, format, words);
    va_end(words);
    assert_int_equal(system(line), 0);
}

/* Runs `widenet WORDS…`; NULL ends the words. */
static int run(const char *first, ...)
{
    const char *argv[24] = {"widenet", first};
    size_t n = 2;
    va_list words;
    va_start(words, first);
    for (const char *w; (w = va_arg(words, const char *)) && n < 22;)
        argv[n++] = w;
    va_end(words);
    return run_command(argv, &said);
}

#define says(text)                                                                                           \
    do {                                                                                                     \
        if (!strstr(said.p, text))                                                                           \
            fail_msg("not \"%s\" but: %s", text, said.p);                                                    \
    } while (0)

static int fresh(void **state)
{
    (void)state;
    uint8_t secret[32] = {[0] = 7, [31] = 1};
    struct pubkey key;
    snprintf(directory, sizeof directory, "/tmp/widenet-filter-XXXXXX");
    if (!mkdtemp(directory) || record_pubkey_of_secret(secret, &key, NULL))
        return -1;
    hex_encode(key.b, 32, reader);
    secret[31] = 2;
    if (record_pubkey_of_secret(secret, &key, NULL))
        return -1;
    hex_encode(key.b, 32, other);
    snprintf(data, sizeof data, "%s/data", directory);
    snprintf(dump, sizeof dump, "%s/dump.jsonl", directory);
    shell("%s >%s", POOL, dump);
    assert_int_equal(run("import", "--data", data, dump, NULL), 0);
    return 0;
}

static int gone(void **state)
{
    (void)state;
    buf_finish(&said);
    return remove_tree(directory);
}

static json_t *result_of(const char *filter)
{
    assert_int_equal(run("filter", "run", filter, "--as", reader, "--at", AT, "--limit", "500", "--json",
                         "--data", data, NULL),
        0);
    json_error_t why;
    json_t *object = json_loads(said.p, JSON_REJECT_DUPLICATES, &why);
    if (!object)
        fail_msg("%s: %s", why.text, said.p);
    return object;
}

static void check_item(const json_t *item)
{
    static const char *const members[] = {"id", "address", "title", "score", "support", "why"};
    assert_int_equal(json_object_size(item), 6);
    for (size_t i = 0; i < 6; i++)
        assert_non_null(json_object_get(item, members[i]));
    assert_int_equal(json_string_length(json_object_get(item, "id")), 64);
    assert_true(json_is_real(json_object_get(item, "score")));
    double support = json_number_value(json_object_get(item, "support")), sum = 0, before = 2;
    const char *last = "";
    const json_t *why = json_object_get(item, "why");
    for (size_t i = 0; i < json_array_size(why); i++) {
        const json_t *one = json_array_get(why, i), *path = json_object_get(one, "path");
        const char *rater = json_string_value(json_object_get(one, "rater"));
        double w = json_number_value(json_object_get(one, "weight"));
        assert_int_equal(json_object_size(one), 5);
        assert_true(w > 0 && w <= before);
        assert_string_equal(json_string_value(json_array_get(path, json_array_size(path) - 1)), rater);
        assert_non_null(json_object_get(one, "dimension"));
        assert_true(json_is_number(json_object_get(one, "rating")));
        if (strcmp(rater, last)) /* one rater's marks stand together */
            sum += w;
        last = rater;
        before = w;
    }
    assert_true(sum > support - 1e-6 && sum < support + 1e-6);
}

static size_t count_items(const char *filter)
{
    json_t *result = result_of(filter);
    size_t n = json_array_size(json_object_get(result, "items"));
    json_decref(result);
    return n;
}

static void shows_in_json(void **state)
{
    (void)state;
    size_t everything = count_items("everything");
    static const char *const filters[] = {"trusted", "newsworthy", "disputed"};
    for (size_t f = 0; f < 3; f++) {
        json_t *result = result_of(filters[f]);
        const json_t *items = json_object_get(result, "items"), *n;
        json_t *hidden = json_object_get(result, "hidden");
        const char *rule;
        json_int_t all = (json_int_t)json_array_size(items);
        assert_int_equal(json_object_size(result), 2);
        assert_true(json_array_size(items) > 0);
        for (size_t i = 0; i < json_array_size(items); i++)
            check_item(json_array_get(items, i));
        json_object_foreach(hidden, rule, n) all += json_integer_value(n);
        assert_int_equal(all, everything);
        json_decref(result);
    }
}

static void shows_to_people(void **state)
{
    (void)state;
    assert_int_equal(run("filter", "run", "newsworthy", "--as", reader, "--at", "2023-11-27T15:46:40Z",
                         "--data", data, NULL),
        0);
    says("raters with weight");
    says("score ");
    says("support (rated by too few");
    assert_int_equal(
        run("filter", "diff", "newsworthy", "everything", "--as", reader, "--at", AT, "--data", data, NULL),
        0);
    says("Only newsworthy shows 0");
    says("newsworthy hides it by");
    assert_int_equal(run("filter", "diff", "trusted", "trusted", "--json", "--as", reader, "--at", AT,
                         "--data", data, NULL),
        0);
    says("\"only_first\":{\"count\":0,\"items\":[]}");
    assert_int_equal(run("filter", "list", "--data", data, NULL), 0);
    says("newsworthy\n");
    says("Filter 3  by npub1");
    /* Who trusts nobody sees nothing by trust, and is told where to turn. */
    assert_int_equal(run("filter", "run", "trusted", "--at", AT, "--data", data, NULL), 0);
    says("Nobody is trusted yet");
    says("the nearest that does is everything");
    assert_int_equal(run("filter", "run", "newsworthy", "--hidden", "support", "--as", reader, "--at", AT,
                         "--data", data, NULL),
        0);
    assert_int_equal(run("filter", "run", "newsworthy", "--hidden", "nonsense", "--as", reader, "--at", AT,
                         "--data", data, NULL),
        1);
    says("no rule \"nonsense\"");
}

static void explains(void **state)
{
    (void)state;
    json_t *result = result_of("trusted");
    const json_t *item = json_array_get(json_object_get(result, "items"), 0);
    static const char *const names[] = {"id", "address"};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(
            run("filter", "explain", "trusted", json_string_value(json_object_get(item, names[i])), "--as",
                reader, "--at", AT, "--json", "--data", data, NULL),
            0);
        says("\"rule\":null");
        says("\"counts\":true");
    }
    json_decref(result);
    assert_int_equal(run("filter", "explain", "trusted", "zzzzzzzzzz", "--data", data, NULL), 1);
    says("no article");
    assert_int_equal(run("filter", "explain", "trusted", "30023:00:x", "--data", data, NULL), 1);
    assert_int_equal(
        run("filter", "explain", "trusted", "naddr1qqqqqqqqqqqqqqqqqqqqqqqq", "--data", data, NULL), 1);
}

static void files_and_mistakes(void **state)
{
    (void)state;
    char file[128];
    snprintf(file, sizeof file, "%s/mine.json", directory);
    shell("printf '{\"sources\":\"everyone\",\"support\":0,\"languages\":[\"pt\"]}' >%s", file);
    assert_int_equal(run("filter", "run", file, "--at", AT, "--data", data, NULL), 0);
    says("languages (in other languages)");
    shell("printf '{\"qualty\":1}' >%s", file);
    assert_int_equal(run("filter", "run", file, "--data", data, NULL), 1);
    says("mine.json: filter: there is no field \"qualty\"; the nearest is \"quality\"");
    shell("head -c 100000 /dev/zero | tr '\\0' '[' >%s", file);
    assert_int_equal(run("filter", "run", file, "--data", data, NULL), 1);
    says("more than 65536 bytes");
    assert_int_equal(run("filter", "run", "/dev/zero", "--data", data, NULL), 1);
    assert_int_equal(run("filter", "run", directory, "--data", data, NULL), 1);
    says("directory");
    assert_int_equal(run("filter", "run", "newsworty", "--data", data, NULL), 1);
    says("the nearest ready-made one is \"newsworthy\"");
    assert_int_equal(run("filter", "run", "trusted", "--as", "nobody", "--data", data, NULL), 1);
    says("no account");
    assert_int_equal(run("filter", "run", "trusted", "--at", "soon", "--data", data, NULL), 1);
    says("\"soon\" is no time");
    assert_int_equal(run("filter", "run", "trusted", "--limit", "501", "--data", data, NULL), 1);
    says("0 to 500");
    assert_int_equal(run("filter", "run", "--data", data, NULL), 2);
    assert_int_equal(run("filter", "walk", "--data", data, NULL), 2);
    assert_int_equal(run("recount", "scores", dump, NULL), 2);
    says("--filter is missing");
    assert_int_equal(run("recount", "votes", "--filter", "trusted", dump, NULL), 2);
    assert_int_equal(run("recount", "scores", "--filter", "trusted", "--against", dump, dump, NULL), 2);
    says("wants the --at");
    assert_int_equal(run("recount", "scores", "--filter", "trusted", "/nowhere", NULL), 1);
    says("/nowhere");
    assert_int_equal(run("recount", "scores", "--filter", "trusted", "/dev/null", NULL), 1);
    says("holds no record");
}

static void recounts(void **state)
{
    (void)state;
    static const char *const filters[] = {"everything", "trusted", "newsworthy", "disputed", "missed"};
    char shuffled[128], shown[128];
    snprintf(shuffled, sizeof shuffled, "%s/shuffled.jsonl", directory);
    snprintf(shown, sizeof shown, "%s/shown.json", directory);
    shell("sort %s >%s", dump, shuffled); /* by id: another order than they came in */
    for (size_t f = 0; f < 5; f++) {
        assert_int_equal(run("recount", "scores", "--filter", filters[f], "--as", reader, "--at", AT,
                             "--data", data, "--limit", "500", f % 2 ? dump : shuffled, NULL),
            0);
        says("equal to the last byte");
    }
    shell("%s filter run trusted --as %s --at " AT " --json --data %s >%s", WIDENET_PROGRAM, reader, data,
        shown);
    assert_int_equal(run("recount", "scores", "--filter", "trusted", "--as", reader, "--at", AT, "--against",
                         shown, shuffled, NULL),
        0);
    shell("sed -i '2s/\"score\":0/\"score\":1/;2s/\"score\":-0/\"score\":-1/' %s", shown);
    assert_int_equal(run("recount", "scores", "--filter", "trusted", "--as", reader, "--at", AT, "--against",
                         shown, shuffled, NULL),
        1);
    says("the first difference is in line 2");
    /* A rating left out of the dump changes something. */
    shell("grep -v '\"kind\":34259' %s >%s", dump, shuffled);
    assert_int_equal(run("recount", "scores", "--filter", "trusted", "--as", reader, "--at", AT, "--data",
                         data, shuffled, NULL),
        1);
}

/* A list that only the node keeps, given by hand. */
static void recounts_with_a_private_list(void **state)
{
    (void)state;
    char list[128];
    snprintf(list, sizeof list, "%s/trust.json", directory);
    shell("printf '[[\"p\",\"%s\",\"\",\"Kim\",\"0.5\"]]' >%s", other, list);
    assert_int_equal(run("recount", "scores", "--filter", "trusted", "--as", reader, "--at", AT, "--trust",
                         list, dump, NULL),
        0);
    says("\"weight\":0.5");
    shell("printf '[[\"p\",\"%s\",\"\",\"Kim\",\"much\"]]' >%s", other, list);
    assert_int_equal(run("recount", "scores", "--filter", "trusted", "--as", reader, "--at", AT, "--trust",
                         list, dump, NULL),
        1);
    says("\"much\", is no number");
}

static void beside_a_running_node(void **state)
{
    (void)state;
    struct served s;
    serve(&s, data, free_port(), NULL);
    assert_int_equal(run("filter", "run", "newsworthy", "--as", reader, "--at", AT, "--data", data, NULL), 0);
    says("raters with weight");
    kill(s.pid, SIGTERM);
    assert_int_equal(ended(&s), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shows_in_json),
        cmocka_unit_test(shows_to_people),
        cmocka_unit_test(explains),
        cmocka_unit_test(files_and_mistakes),
        cmocka_unit_test(recounts),
        cmocka_unit_test(recounts_with_a_private_list),
        cmocka_unit_test(beside_a_running_node),
    };
    return cmocka_run_group_tests(tests, fresh, gone);
}
