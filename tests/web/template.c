/* template.c: tests the template engine: escaping by place, sections, scopes, messages. */
#include "base/arena.h"
#include "fixtures.gen.h"
#include "pieces.h"
#include "web/locale.h"

static struct str render(
    struct arena *arena, const struct template *t, const struct view *v, const char *lang)
{
    struct buf out _cleanup_buf_ = BUF_INIT;
    template_render(t, v, locale_find(str_of(lang)), &out);
    return arena_str(arena, buf_str(&out));
}

static void escapes_by_place(void **state)
{
    struct arena *arena _cleanup_arena_ = arena_create(0);
    struct view *v = view_create(arena);
    view_str(v, "v", STR("</title><script>\"'&\n"));
    view_int(v, "n", 12345);
    view_time(v, "when", 1795437000); /* 2026-11-23 */
    view_html(v, "html", STR("<em>safe</em>"));
    struct str page = render(arena, &template_places, v, "en");
    assert_has(
        page, "<p title=\"&lt;/title&gt;&lt;script&gt;&quot;&#39;&amp;\n\">&lt;/title&gt;&lt;script&gt;");
    assert_has(page, "<a href=\"/t/%3C%2Ftitle%3E%3Cscript%3E%22%27%26%0A?q=%3C%2Ftitle");
    assert_has(page, "<title>&lt;/title&gt;");
    assert_has(page, "<textarea>\n&lt;/title");
    assert_has(page, "<time datetime=\"2026-11-23T");
    assert_has(page, "<i title=\"23 November 2026\">");
    assert_has(page, "<input value=\"12345\">12,345");
    assert_has(page, "<em>safe</em>");
    assert_hasnt(page, "comment");
    assert_hasnt(page, "<script>");
}

static void lets_only_harmless_addresses_pass(void **state)
{
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"https://a.example/?a=1&b=2", "href=\"https://a.example/?a=1&amp;b=2\""},
        {"HTTP://a.example", "href=\"HTTP://a.example\""},
        {"mailto:a@b.example", "href=\"mailto:a@b.example\""},
        {"/r/abc#x:y", "href=\"/r/abc#x:y\""},
        {"?x=javascript:1", "href=\"?x=javascript:1\""},
        {"", "href=\"\""},
        {"javascript:alert(1)", "href=\"#\""},
        {" \tjavascript:alert(1)", "href=\"#\""},
        {"java\nscript:alert(1)", "href=\"#\""},
        {"\x01javascript:alert(1)", "href=\"#\""},
        {"data:text/html,x", "href=\"#\""},
        {"JaVaScRiPt:x", "href=\"#\""},
        {"vbscript:x", "href=\"#\""},
        {"httpsx:y", "href=\"#\""},
        {":x", "href=\"#\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct arena *arena _cleanup_arena_ = arena_create(0);
        struct view *v = view_create(arena);
        view_str(v, "v", str_of(cases[i].in));
        assert_has(render(arena, &template_places, v, "en"), cases[i].out);
    }
}

static void walks_sections_and_scopes(void **state)
{
    struct arena *arena _cleanup_arena_ = arena_create(0);
    struct view *v = view_create(arena);
    assert_has(render(arena, &template_sections, v, "en"), "nonen");
    view_str(v, "outer", STR("O"));
    view_bool(v, "yes", true);
    view_bool(v, "no", false);
    view_str(view_item(v, "list"), "name", STR("a"));
    struct view *second = view_item(v, "list");
    view_str(view_item(second, "sub"), "x", STR("1"));
    view_str(view_item(second, "sub"), "x", STR("2"));
    struct view *map = view_map(v, "map");
    view_str(map, "here", STR("in map"));
    view_str(view_map(map, "deep"), "x", STR("deep"));
    struct str page = render(arena, &template_sections, v, "en");
    assert_has(page, "[a][-O(1)(2)]Yndeep");
    assert_has(page, "deepOpart:in map<option selected value=\"b\" disabled>");
    view_str(v, "outer", STR("later")); /* the same name again replaces */
    assert_has(render(arena, &template_sections, v, "en"), "[-later");
}

static void puts_values_into_messages(void **state)
{
    struct arena *arena _cleanup_arena_ = arena_create(0);
    struct view *v = view_create(arena);
    view_str(view_map(v, "author"), "name", STR("<A> \"%{name}\""));
    view_int(v, "count", 1);
    view_str(v, "outer", STR("o"));
    struct str page = render(arena, &template_messages, v, "en");
    assert_has(page, "By &lt;A&gt; &quot;%{name}&quot;;<b title=\"By &lt;A&gt; &quot;%{name}&quot;\">");
    assert_has(page, "One &lt;version&gt;;in o;a | b");
    view_int(v, "count", 2000);
    assert_has(render(arena, &template_messages, v, "en"), "2,000 &lt;versions&gt;");
    assert_has(render(arena, &template_messages, v, "ar"), "٢٬٠٠٠ &lt;versions&gt;");
}

static void survives_an_arena_that_is_full(void **state)
{
    struct arena *arena _cleanup_arena_ = arena_create(64);
    struct view *v = view_create(arena);
    for (int i = 0; i < 100; i++) {
        view_str(view_item(v, "list"), "name", STR("x"));
        view_map(view_map(v, "map"), "deep");
    }
    struct buf out _cleanup_buf_ = BUF_INIT;
    template_render(&template_sections, v, locale_at(0), &out);
    assert_true(out.n > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(escapes_by_place),
        cmocka_unit_test(lets_only_harmless_addresses_pass),
        cmocka_unit_test(walks_sections_and_scopes),
        cmocka_unit_test(puts_values_into_messages),
        cmocka_unit_test(survives_an_arena_that_is_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
