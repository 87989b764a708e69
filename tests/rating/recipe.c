/* recipe.c: a filter's recipe: every field, what is refused and in which words, its canonical form; filters
 * and trust lists as records. */
#include "check.h"

#include "base/hex.h"
#include "rating/recipe.h"

#include <math.h>
#include <stdlib.h>

#define NPUB1 "npub10xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqpkge6d" /* of secret key 1 */

static struct arena *arena;

static int begin(void **state)
{
    (void)state;
    arena = arena_create(64 << 20);
    return 0;
}

static int end(void **state)
{
    (void)state;
    arena_destroy(arena);
    return 0;
}

static const char whole[] =
    "{\"sources\":[{\"rater\":\"" NPUB1 "\",\"weight\":0.8}],\"depth\":2,\"support\":0.5,"
    "\"dimensions\":{\"worth\":{\"coefficient\":1,\"floor\":null},"
    "\"accurate\":{\"coefficient\":0.5,\"floor\":-0.2},\"junk\":{\"coefficient\":-1,\"ceiling\":0.2}},"
    "\"quality\":0.2,\"order\":\"fresh\",\"halflife\":48,\"window\":168,"
    "\"languages\":[\"pt\",\"EN\",\"pt\"],\"tags\":[\"#Housing\",\"strike\",\"housing\"],\"without_tags\":["
    "\"Sport\"],"
    "\"without_authors\":[\"" NPUB1 "\"],\"one_per_lineage\":true,\"missed\":2}";

static void reads_every_field(void **state)
{
    (void)state;
    struct recipe r;
    struct err err;
    assert_int_equal(recipe_parse(arena, str_of(whole), &r, &err), 0);
    assert_int_equal(r.sources, SOURCES_LIST);
    assert_int_equal(r.list_count, 1);
    assert_true(r.list[0].weight == UINT64_C(3435973836));
    assert_int_equal(r.depth, 2);
    assert_true(r.has_support && r.support == 0.5);
    assert_int_equal(r.dimension_count, 3);
    assert_str(r.dimensions[0].name, "accurate");
    assert_true(r.dimensions[0].has_floor && r.dimensions[0].floor == -0.2 && !r.dimensions[0].has_ceiling);
    assert_true(isnan(r.dimensions[0].ceiling));
    assert_true(r.dimensions[1].coefficient == -1 && r.dimensions[1].ceiling == 0.2);
    assert_true(!r.dimensions[2].has_floor);
    assert_true(r.has_quality && r.quality == 0.2);
    assert_int_equal(r.order, ORDER_FRESH);
    assert_int_equal(r.halflife, 48);
    assert_int_equal(r.window, 168);
    assert_int_equal(r.language_count, 2);
    assert_str(r.languages[0], "en");
    assert_int_equal(r.tag_count, 2);
    assert_str(r.tags[0], "housing");
    assert_str(r.without_tags[0], "sport");
    assert_int_equal(r.without_author_count, 1);
    assert_true(r.one_per_lineage);
    assert_int_equal(r.missed_of, 2);
    assert_int_equal(recipe_parse(arena, STR("{}"), &r, &err), 0);
    assert_int_equal(r.sources, SOURCES_TRUSTED);
    assert_true(!r.has_support && !r.has_quality && !r.window);
    assert_int_equal(r.depth, 3);
}

/* What is refused; a part of what is said. */
static const struct {
    const char *json, *says;
} refused[] = {
    {"", "line 1"},
    {"[]", "an object is expected"},
    {"null", "'['"},
    {"{\"qualty\":1}", "no field \"qualty\"; the nearest is \"quality\""},
    {"{\"language\":[]}", "the nearest is \"languages\""},
    {"{\"dimensions\":{\"worth\":{\"flor\":1}}}",
        "no field \"dimensions.worth.flor\"; the nearest is \"floor\""},
    {"{\"dimensions\":{\"wroth\":{}}}", "no dimension \"wroth\"; the nearest is \"worth\""},
    {"{\"dimensions\":{\"agree\":{\"coefficient\":1}}}", "which is no quality"},
    {"{\"dimensions\":{\"worth\":1}}", "\"dimensions.worth\" must be an object"},
    {"{\"dimensions\":{\"worth\":{\"coefficient\":101}}}", "from -100 to 100"},
    {"{\"dimensions\":{\"worth\":{\"coefficient\":null}}}", "from -100 to 100"},
    {"{\"dimensions\":{\"worth\":{\"floor\":-1.1}}}", "from -1 to 1, or null"},
    {"{\"dimensions\":[]}", "\"dimensions\" must be an object"},
    {"{\"quality\":1,\"quality\":2}", "duplicate"},
    {"{\"quality\":1e999}", "overflow"},
    {"{\"quality\":NaN}", "line 1"},
    {"{\"quality\":Infinity}", "line 1"},
    {"{\"quality\":\"1\"}", "\"quality\" must be a number"},
    {"{\"quality\":10001}", "\"quality\" must be a number"},
    {"{\"support\":-1}", "\"support\" must be"},
    {"{\"support\":true}", "\"support\" must be"},
    {"{\"depth\":4}", "whole number from 0 to 3"},
    {"{\"depth\":1.5}", "whole number from 0 to 3"},
    {"{\"depth\":-1}", "whole number from 0 to 3"},
    {"{\"halflife\":0}", "\"halflife\" must be a whole number from 1"},
    {"{\"halflife\":99999999999999999999}", "integer"},
    {"{\"window\":0}", "\"window\" must be"},
    {"{\"window\":1e300}", "\"window\" must be"},
    {"{\"order\":\"oldest\"}", "\"order\" must be \"newest\""},
    {"{\"order\":0}", "\"order\" must be"},
    {"{\"sources\":\"nobody\"}", "\"sources\" must be \"trusted\""},
    {"{\"sources\":[1]}", "\"sources[1].rater\" must be"},
    {"{\"sources\":[{\"rater\":\"nobody\"}]}", "\"sources[1].rater\" must be a key"},
    {"{\"sources\":[{\"rater\":\"" NPUB1 "\",\"weight\":0}]}",
        "\"sources[1].weight\" must be a number above 0"},
    {"{\"sources\":[{\"rater\":\"" NPUB1 "\",\"weight\":1.01}]}", "at most 1"},
    {"{\"sources\":[{\"rater\":\"" NPUB1 "\",\"weight\":\"1\"}]}", "at most 1"},
    {"{\"sources\":[{\"rater\":\"" NPUB1 "\"},{\"rater\":\"" NPUB1 "\"}]}", "twice"},
    {"{\"sources\":[{\"rater\":\"" NPUB1 "\",\"wieght\":1}]}", "the nearest is \"weight\""},
    {"{\"languages\":\"pt\"}", "\"languages\" must be a list"},
    {"{\"languages\":[\"pt-BR\"]}", "number 1 is none"},
    {"{\"languages\":[\"pt\",7]}", "number 2 is none"},
    {"{\"tags\":[\"\"]}", "number 1 is none"},
    {"{\"tags\":[\" # \"]}", "number 1 is none"},
    {"{\"without_authors\":[\"ana\"]}", "number 1 is none"},
    {"{\"one_per_lineage\":1}", "true or false"},
    {"{\"missed\":21}", "whole number from 0 to 20"},
    {"{\"tags\":[\"a\\u0000b\"]}", "line 1"},
    {"{\"tags\":[\"\xff\"]}", "unable to decode byte 0xff"},
    {"{} x", "end of file"},
};

static void refuses(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct recipe r;
        struct err err = {0};
        char line[sizeof err];
        int status = recipe_parse(arena, str_of(refused[i].json), &r, &err);
        if (status != ERR_INPUT || !strstr(err_line(&err, line, sizeof line), refused[i].says))
            fail_msg("%s: %d, \"%s\", not \"%s\"", refused[i].json, status, err_line(&err, line, sizeof line),
                refused[i].says);
    }
}

static void repeat(struct buf *out, const char *piece, size_t n)
{
    for (size_t i = 0; i < n; i++)
        buf_addz(out, piece);
}

static void bombs(void **state)
{
    (void)state;
    struct recipe r;
    struct err err;
    struct buf json _cleanup_buf_ = BUF_INIT;
    repeat(&json, "[", 60000);
    assert_int_equal(recipe_parse(arena, buf_str(&json), &r, &err), ERR_INPUT);
    buf_clear(&json);
    repeat(&json, "{\"sources\":", 5000);
    assert_int_equal(recipe_parse(arena, buf_str(&json), &r, &err), ERR_INPUT);
    buf_clear(&json);
    repeat(&json, " ", RECIPE_MAX_BYTES + 1);
    assert_int_equal(recipe_parse(arena, buf_str(&json), &r, &err), ERR_LIMIT);
    buf_clear(&json);
    buf_addz(&json, "{\"tags\":[\"a\"");
    repeat(&json, ",\"a\"", 600);
    buf_addz(&json, "]}");
    assert_int_equal(recipe_parse(arena, buf_str(&json), &r, &err), ERR_INPUT);
    assert_non_null(strstr(err.what, "at most 500"));
    buf_clear(&json);
    buf_addz(&json, "{\"quality\":0.");
    repeat(&json, "9", 50000);
    buf_addz(&json, "}");
    assert_int_equal(recipe_parse(arena, buf_str(&json), &r, &err), 0);
    assert_true(r.quality == 1);
    /* An arena that is too small is an error, not a half-read recipe. */
    struct arena *small _cleanup_arena_ = arena_create(64);
    assert_int_equal(recipe_parse(small, str_of(whole), &r, &err), ERR_MEMORY);
}

/* ---- the canonical form */

static double some_number(struct seeded *s, double low, double high)
{
    static const double plain[] = {0, 1, -1, 0.5, 0.2, -0.2, 0.1, 1e-7, 1.0 / 3, 100};
    double x = seeded_below(s, 3) ? plain[seeded_below(s, 10)]
                                  : low + (high - low) * (double)(seeded_next(s) >> 11) / 0x1p53;
    return x < low ? low : x > high ? high : x;
}

static void some_list(
    struct seeded *s, struct buf *json, const char *name, const char *const *words, size_t n)
{
    buf_addf(json, ",\"%s\":[", name);
    size_t count = seeded_below(s, 5);
    for (size_t i = 0; i < count; i++)
        buf_addf(json, "%s\"%s\"", i ? "," : "", words[seeded_below(s, n)]);
    buf_addc(json, ']');
}

static void some_recipe(struct seeded *s, struct buf *json)
{
    static const char *const names[] = {"clear", "junk", "worth", "accurate"};
    static const char *const languages[] = {"pt", "EN", "ar", "yue"};
    static const char *const tags[] = {
        "#Housing", "École", "ÉCOLE", "مدرسة", " a b ", "\\\"quoted\\\"", "e\xcc\x81t\xc3\xa9"};
    static const char *const keys[] = {
        NPUB1, "f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9"};
    buf_addf(json, "{\"depth\":%llu", (unsigned long long)seeded_below(s, 4));
    if (seeded_below(s, 2))
        buf_addf(json, ",\"sources\":\"%s\"", seeded_below(s, 2) ? "trusted" : "everyone");
    else
        buf_addf(json, ",\"sources\":[{\"rater\":\"%s\",\"weight\":%.17g},{\"rater\":\"%s\"}]", keys[0],
            some_number(s, 1e-9, 1), keys[1]);
    if (seeded_below(s, 2))
        buf_addf(json, ",\"support\":%.17g", some_number(s, 0, 1000));
    buf_addz(json, ",\"dimensions\":{");
    size_t first = seeded_below(s, 4);
    for (size_t i = first; i < 4; i++) {
        buf_addf(json, "%s\"%s\":{\"coefficient\":%.17g", i > first ? "," : "", names[i],
            some_number(s, -100, 100));
        if (seeded_below(s, 2))
            buf_addf(json, ",\"floor\":%.17g", some_number(s, -1, 1));
        if (seeded_below(s, 2))
            buf_addf(json, ",\"ceiling\":%.17g", some_number(s, -1, 1));
        buf_addc(json, '}');
    }
    buf_addf(json, "},\"quality\":%.17g,\"order\":\"%s\"", some_number(s, -10000, 10000),
        recipe__order_names[seeded_below(s, 4)]);
    if (seeded_below(s, 2))
        buf_addf(json, ",\"window\":%llu", (unsigned long long)(1 + seeded_below(s, 876000)));
    some_list(s, json, "languages", languages, 4);
    some_list(s, json, "tags", tags, 7);
    some_list(s, json, "without_tags", tags, 7);
    some_list(s, json, "without_authors", keys, 2);
    buf_addf(json, ",\"one_per_lineage\":%s,\"missed\":%llu}", seeded_below(s, 2) ? "true" : "false",
        (unsigned long long)seeded_below(s, 4));
}

static void canonical_form_comes_back(void **state)
{
    (void)state;
    struct seeded s = {31};
    for (unsigned i = 0; i < 3000; i++) {
        struct arena *scratch _cleanup_arena_ = arena_create(1 << 20);
        struct buf json _cleanup_buf_ = BUF_INIT, one _cleanup_buf_ = BUF_INIT, two _cleanup_buf_ = BUF_INIT;
        struct recipe r, again;
        struct err err;
        some_recipe(&s, &json);
        if (recipe_parse(scratch, buf_str(&json), &r, &err))
            fail_msg("%s: %s", json.p, err.what);
        recipe_format(&r, &one);
        if (recipe_parse(scratch, buf_str(&one), &again, &err))
            fail_msg("%s: %s", one.p, err.what);
        recipe_format(&again, &two);
        assert_str(buf_str(&two), one.p);
        assert_true(again.quality == r.quality && again.dimension_count == r.dimension_count);
        for (size_t k = 0; k < r.dimension_count; k++)
            assert_true(again.dimensions[k].coefficient == r.dimensions[k].coefficient);
        for (size_t k = 0; k < r.list_count; k++)
            assert_true(again.list[k].weight == r.list[k].weight);
    }
}

static void canonical_form_is_stable(void **state)
{
    (void)state;
    struct buf json _cleanup_buf_ = BUF_INIT;
    recipe_format(recipe_ready_made(STR("newsworthy")), &json);
    assert_str(buf_str(&json),
        "{\n"
        "  \"sources\": \"trusted\",\n"
        "  \"depth\": 3,\n"
        "  \"support\": null,\n"
        "  \"dimensions\": {\n"
        "    \"accurate\": {\"coefficient\": 0.5, \"floor\": -0.2, \"ceiling\": null},\n"
        "    \"junk\": {\"coefficient\": -1, \"floor\": null, \"ceiling\": 0.2},\n"
        "    \"worth\": {\"coefficient\": 1, \"floor\": null, \"ceiling\": null}},\n"
        "  \"quality\": 0.2,\n"
        "  \"order\": \"fresh\",\n"
        "  \"halflife\": 48,\n"
        "  \"window\": 168,\n"
        "  \"languages\": [],\n"
        "  \"tags\": [],\n"
        "  \"without_tags\": [],\n"
        "  \"without_authors\": [],\n"
        "  \"one_per_lineage\": true\n"
        "}\n");
}

static void ready_made_ones_are_recipes(void **state)
{
    (void)state;
    size_t n = 0;
    for (const char *const *name = recipe_ready_made_names(); *name; name++, n++) {
        const struct recipe *r = recipe_ready_made(str_of(*name));
        assert_non_null(r);
        struct buf json _cleanup_buf_ = BUF_INIT, again _cleanup_buf_ = BUF_INIT;
        struct recipe read;
        struct err err;
        recipe_format(r, &json);
        assert_int_equal(recipe_parse(arena, buf_str(&json), &read, &err), 0);
        recipe_format(&read, &again);
        assert_str(buf_str(&again), json.p);
    }
    assert_int_equal(n, 5);
    assert_null(recipe_ready_made(STR("Everything")));
    assert_null(recipe_ready_made(STR("")));
}

/* ---- as records */

static void filter_comes_back_from_its_record(void **state)
{
    (void)state;
    struct filter_thing f = {
        .d = STR("city"), .name = STR("City news"), .about = STR("Of the quarter"), .language = STR("en")};
    struct err err;
    struct record_draft draft = {.arena = arena};
    uint8_t secret[32] = {[31] = 1};
    assert_int_equal(recipe_parse(arena, str_of(whole), &f.recipe, &err), 0);
    f.copied_from = (struct address){KIND_FILTER, {{7}}, STR("older")};
    assert_int_equal(filter_write(&f, 1000, &draft, &err), 0);
    assert_int_equal(record_sign(&draft.r, secret, &err), 0);
    assert_int_equal(record_check_shape(&draft.r, &err), 0);
    struct filter_thing read;
    assert_int_equal(filter_read(arena, &draft.r, &read, &err), 0);
    assert_str(read.d, "city");
    assert_str(read.name, "City news");
    assert_str(read.about, "Of the quarter");
    assert_str(read.language, "en");
    assert_str(read.copied_from.d, "older");
    assert_int_equal(read.recipe.dimension_count, 3);
    assert_int_equal(read.created_at, 1000);
    f.name = STR("  ");
    assert_int_equal(filter_write(&f, 1000, &draft, &err), ERR_INPUT);
    f.name = STR("x");
    f.d = STR("");
    assert_int_equal(filter_write(&f, 1000, &draft, &err), ERR_INPUT);
    draft.r.content = STR("{\"sources\":7}");
    assert_int_equal(filter_read(arena, &draft.r, &read, &err), ERR_INPUT);
    draft.r.kind = 1;
    assert_int_equal(filter_read(arena, &draft.r, &read, &err), ERR_INPUT);
}

static void trust_as_private_text(void **state)
{
    (void)state;
    struct trust_entry list[3] = {
        {{{1}}, WEIGHT_ONE, STR("Ana \"A\"")}, {{{2}}, 12345, STR("")}, {{{3}}, WEIGHT_ONE / 2, {NULL, 0}}};
    uint8_t secret[32] = {0};
    struct err err;
    for (size_t i = 0; i < 3; i++) {
        secret[31] = (uint8_t)(i + 1);
        assert_int_equal(record_pubkey_of_secret(secret, &list[i].key, &err), 0);
    }
    struct buf text _cleanup_buf_ = BUF_INIT;
    trust_private_text(list, 3, &text);
    struct trust_entry *read;
    size_t n;
    assert_int_equal(trust_private_read(arena, buf_str(&text), &read, &n, &err), 0);
    assert_int_equal(n, 3);
    for (size_t i = 0; i < n; i++) {
        assert_true(!i || memcmp(&read[i - 1].key, &read[i].key, 32) < 0);
        for (size_t k = 0; k < 3; k++)
            if (pubkey_eq(&list[k].key, &read[i].key))
                assert_true(read[i].weight == list[k].weight && str_eq(read[i].petname, list[k].petname));
    }
    /* Others' tags are passed over, a missing weight is one, of two edges the heavier counts. */
    assert_int_equal(
        trust_private_read(arena,
            STR("[[\"t\",\"x\"],[\"p\",\"" NPUB1 "\",\"\",\"\",\"0.25\"],[\"p\",\"" NPUB1 "\"]]"), &read, &n,
            &err),
        0);
    assert_int_equal(n, 1);
    assert_true(read[0].weight == WEIGHT_ONE);
    static const char *const bad[] = {"", "{}", "[1]", "[[\"p\"]]", "[[\"p\",\"zz\"]]",
        "[[\"p\",\"" NPUB1 "\",\"\",\"\",\"lots\"]]", "[[\"p\",\"" NPUB1 "\",\"\",\"\",\"NaN\"]]",
        "[[\"p\",\"" NPUB1 "\",\"\",\"\",0.5]]", "[[\"p\",\"" NPUB1 "\",\"\",\"\",\"2\"]]"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(trust_private_read(arena, str_of(bad[i]), &read, &n, &err), ERR_INPUT);
}

static void trust_sets(void **state)
{
    (void)state;
    struct trust_entry *list = ARENA_ARRAY(arena, struct trust_entry, TRUST_SET_ENTRIES + 1);
    struct err err;
    for (size_t i = 0; i <= TRUST_SET_ENTRIES; i++)
        list[i] = (struct trust_entry){{{(uint8_t)i, (uint8_t)(i >> 8), 1}}, WEIGHT_ONE - i, STR("a name")};
    struct record_draft draft = {.arena = arena};
    uint8_t secret[32] = {[31] = 1};
    assert_int_equal(trust_write(list, TRUST_SET_ENTRIES, 1, 5, &draft, &err), 0);
    assert_str(record_d(&draft.r), "widenet.trust");
    assert_int_equal(record_sign(&draft.r, secret, &err), 0); /* it fits into a record */
    if (record_check_shape(&draft.r, &err))
        fail_msg("%s", err.what);
    assert_int_equal(trust_write(list, 1, 2, 5, &draft, &err), 0);
    assert_str(record_d(&draft.r), "widenet.trust.2");
    assert_int_equal(trust_write(list, TRUST_SET_ENTRIES + 1, 1, 5, &draft, &err), ERR_LIMIT);
    assert_int_equal(trust_write(list, 1, 0, 5, &draft, &err), ERR_LIMIT);
    list[0].weight = 0;
    assert_int_equal(trust_write(list, 1, 1, 5, &draft, &err), ERR_INPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_field),
        cmocka_unit_test(refuses),
        cmocka_unit_test(bombs),
        cmocka_unit_test(canonical_form_comes_back),
        cmocka_unit_test(canonical_form_is_stable),
        cmocka_unit_test(ready_made_ones_are_recipes),
        cmocka_unit_test(filter_comes_back_from_its_record),
        cmocka_unit_test(trust_as_private_text),
        cmocka_unit_test(trust_sets),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
