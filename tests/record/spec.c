/* spec.c: reads docs/RECORDS.md: its valid examples pass, its invalid ones are refused for the reason given.
 */
#include "support.h"

/* Parses, verifies, and looks at the kind's shape. Kind 1 stands in the page for "any record". */
static int judge(struct str json, struct err *err)
{
    struct arena *arena _cleanup_arena_ = test_arena();
    struct record r;
    int rc = record_parse(arena, json, &r, err);
    if (!rc)
        rc = record_verify(&r, err);
    if (!rc && r.kind != 1)
        rc = record_check_shape(&r, err);
    return rc;
}

static char *read_page(size_t *n)
{
    FILE *file = fopen(SOURCE_ROOT "/docs/RECORDS.md", "rb");
    assert_non_null(file);
    char *text = malloc(1 << 20);
    *n = fread(text, 1, 1 << 20, file);
    fclose(file);
    return text;
}

static void examples_are_as_the_page_says(void **state)
{
    size_t n;
    char *text = read_page(&n);
    struct str rest = {text, n}, line;
    int valid = 0, invalid = 0;
    while (str_cut(&rest, '\n', &line)) {
        if (!str_starts(line, STR("```json ")))
            continue;
        struct str says = str_slice(line, 8, line.n);
        size_t end = str_find(rest, STR("\n```"));
        assert_true(end != SIZE_MAX);
        struct err err;
        int rc = judge(str_slice(rest, 0, end), &err);
        if (str_eqz(says, "valid")) {
            if (rc)
                fail_msg("valid example %d: %s", valid + 1, err.what);
            valid++;
        } else {
            assert_true(str_starts(says, STR("invalid ")));
            char *reason = str_dup(str_slice(says, 8, says.n));
            if (!rc)
                fail_msg("accepted, though it should be refused: %s", reason);
            if (!strstr(err.what, reason))
                fail_msg("refused as \"%s\", should say \"%s\"", err.what, reason);
            free(reason);
            invalid++;
        }
        rest = str_slice(rest, end, rest.n);
    }
    free(text);
    assert_true(valid >= 6);
    assert_true(invalid >= 20);
}

static void unknown_kinds_have_no_shape(void **state)
{
    struct record r = {.kind = 4711};
    struct err err;
    assert_int_equal(record_check_shape(&r, &err), ERR_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(examples_are_as_the_page_says),
        cmocka_unit_test(unknown_kinds_have_no_shape),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
