/* article.c: an article written as a record and read back; bounds; the permanent short name; nostr: links. */
#include "check.h"
#include "news/news.h"

static void some_bytes(void *ctx, void *out, size_t n)
{
    (void)ctx;
    memset(out, 5, n);
}
static const struct rng fixed = {some_bytes, NULL};

static struct article round_trip(
    struct arena *arena, const struct article_draft *draft, struct record_draft *out)
{
    out->arena = arena;
    struct err err;
    if (news_article_write(draft, 1700000000, &fixed, out, &err))
        fail_msg("%s", err.what);
    struct article article;
    if (news_article_read(arena, &out->r, &article, &err))
        fail_msg("%s", err.what);
    return article;
}

static void written_and_read(void **state)
{
    (void)state;
    _cleanup_arena_ struct arena *arena = arena_create(0);
    struct str topics[] = {STR("#Housing "), STR("housing"), STR("Рента"), STR(" ")};
    struct credit credits[] = {
        {STR("A. Writer"), STR("author"), STR("https://a.example/")}, {STR("B"), STR(""), STR("")}};
    struct article_draft draft = {.d = STR("2024/rent"),
        .title = STR(" Rent\n strike "),
        .summary = STR("Short."),
        .text = STR("Long *text*.\n"),
        .image = STR("https://a.example/p.jpg"),
        .image_alt = STR("A crowd"),
        .language = STR("pt-BR"),
        .license = STR("cc by 4.0"),
        .topics = topics,
        .topic_count = 4,
        .credits = credits,
        .credit_count = 2,
        .source = STR("https://a.example/rent"),
        .published_at = 1600000000};
    struct record_draft out;
    struct article a = round_trip(arena, &draft, &out);
    assert_int_equal(out.r.kind, 30023);
    assert_int_equal(out.r.created_at, 1700000000);
    assert_str(a.d, "2024/rent");
    assert_str(a.title, "Rent strike");
    assert_str(a.summary, "Short.");
    assert_str(a.image, "https://a.example/p.jpg");
    assert_str(a.image_alt, "A crowd");
    assert_str(a.language, "pt-BR");
    assert_str(record_label(&out.r, "ISO-639-1"), "pt");
    assert_str(record_label(&out.r, "license"), "CC-BY-4.0");
    assert_true(a.whole);
    assert_int_equal(a.published_at, 1600000000);
    assert_int_equal(a.topic_count, 2);
    assert_str(a.topics[0], "housing");
    assert_str(a.topics[1], "рента");
    assert_int_equal(a.credit_count, 2);
    assert_str(a.credits[0].role, "author");
    assert_str(a.credits[0].link, "https://a.example/");
    assert_str(a.credits[1].name, "B");
    assert_str(a.source, "https://a.example/rent");
    assert_str(out.r.content, "Long *text*.\n");
}

static void what_is_left_out(void **state)
{
    (void)state;
    _cleanup_arena_ struct arena *arena = arena_create(0);
    struct article_draft draft = {.title = STR("Ünïcode Title!"),
        .license = STR("Ask us"),
        .text = STR("The tenants met on Monday and decided together to refuse the new rents of the house.")};
    struct record_draft out;
    struct article a = round_trip(arena, &draft, &out);
    assert_true(str_starts(a.d, STR("ünïcode-title-")));
    assert_str(a.language, "en");
    assert_null(a.license);
    assert_str(a.license_text, "Ask us");
    assert_false(a.whole);
    assert_int_equal(a.published_at, 0);
    assert_null(record_tag(&out.r, "published_at"));
    assert_null(record_tag(&out.r, "image"));
}

static void own_pictures_get_their_hash(void **state)
{
    (void)state;
#define SHA "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
    _cleanup_arena_ struct arena *arena = arena_create(0);
    struct article_draft draft = {.title = STR("T"),
        .image = STR("/media/" SHA ".png"),
        .image_alt = STR("alt"),
        .text = STR("![x](/media/" SHA ".png) ![y](/media/" SHA ".webp)")};
    struct record_draft out;
    round_trip(arena, &draft, &out);
    size_t count = 0;
    for (size_t i = 0; i < out.r.tag_count; i++)
        if (str_eqz(out.r.tags[i].v[0], "imeta")) {
            count++;
            assert_str(out.r.tags[i].v[3], "x " SHA);
            assert_str(out.r.tags[i].v[2], count == 1 ? "m image/png" : "m image/webp");
        }
    assert_int_equal(count, 2);
}

static int refuse(const struct article_draft *draft)
{
    _cleanup_arena_ struct arena *arena = arena_create(0);
    struct record_draft out = {.arena = arena};
    struct err err = {0};
    int status = news_article_write(draft, 1, &fixed, &out, &err);
    assert_true(status == 0 || err.what[0]);
    return status;
}

static void bounds(void **state)
{
    (void)state;
    static char big[RECORD_MAX_ARTICLE_BYTES + 1];
    memset(big, 'a', sizeof big);
    struct str topics[60];
    static char names[60][4];
    for (int i = 0; i < 60; i++) {
        names[i][0] = (char)('a' + i % 26);
        names[i][1] = (char)('a' + i / 26);
        topics[i] = str_of(names[i]);
    }
    assert_int_equal(refuse(&(struct article_draft){.title = STR("t")}), 0);
    assert_int_equal(refuse(&(struct article_draft){.title = STR(" \n")}), ERR_INPUT);
    assert_int_equal(refuse(&(struct article_draft){.title = {big, 501}}), ERR_LIMIT);
    assert_int_equal(refuse(&(struct article_draft){.title = STR("t"), .summary = {big, 2001}}), ERR_LIMIT);
    assert_int_equal(refuse(&(struct article_draft){.title = STR("t"), .d = {big, 185}}), ERR_LIMIT);
    assert_int_equal(
        refuse(&(struct article_draft){.title = STR("t"), .text = {big, sizeof big}}), ERR_LIMIT);
    assert_int_equal(
        refuse(&(struct article_draft){.title = STR("t"), .text = {big, sizeof big - 100}}), ERR_LIMIT);
    assert_int_equal(refuse(&(struct article_draft){
                         .title = STR("t"), .text = {big, sizeof big - 1000}, .language = STR("en")}),
        0);
    assert_int_equal(refuse(&(struct article_draft){.title = STR("t"), .text = STR("\xff")}), ERR_INPUT);
    assert_int_equal(refuse(&(struct article_draft){.title = STR("t\xff")}), ERR_INPUT);
    assert_int_equal(
        refuse(&(struct article_draft){.title = STR("t"), .language = STR("english!")}), ERR_INPUT);
    assert_int_equal(refuse(&(struct article_draft){.title = STR("t"), .language = STR("e")}), ERR_INPUT);
    assert_int_equal(
        refuse(&(struct article_draft){.title = STR("t"), .source = STR("javascript:x")}), ERR_INPUT);
    assert_int_equal(refuse(&(struct article_draft){.title = STR("t"), .image = STR("x.jpg")}), ERR_INPUT);
    assert_int_equal(
        refuse(&(struct article_draft){.title = STR("t"), .topics = topics, .topic_count = 60}), ERR_LIMIT);
    struct credit bad = {STR("x"), STR(""), STR("ftp://x")};
    assert_int_equal(
        refuse(&(struct article_draft){.title = STR("t"), .credits = &bad, .credit_count = 1}), ERR_INPUT);
}

static void foreign_articles(void **state)
{
    (void)state;
    _cleanup_arena_ struct arena *arena = arena_create(0);
    struct record_draft d = {.arena = arena};
    record_draft_init(&d, arena, 30023, 5);
    struct article a;
    struct err err;
    assert_int_equal(news_article_read(arena, &d.r, &a, &err), ERR_INPUT); /* no d */
    record_draft_tag(&d, "d", "", NULL);
    assert_int_equal(news_article_read(arena, &d.r, &a, &err), ERR_INPUT); /* neither title nor text */
    record_draft_content(&d, STR("\n\n# First line\nsecond"));
    record_draft_tag(&d, "t", NULL);
    record_draft_tag(&d, "published_at", "soon", NULL);
    record_draft_tag(&d, "credit", "", NULL);
    record_draft_label(&d, "ISO-639-1", STR("<b>"));
    assert_int_equal(news_article_read(arena, &d.r, &a, &err), 0);
    assert_str(a.title, "First line");
    assert_str(a.language, "");
    assert_int_equal(a.topic_count, 0);
    assert_int_equal(a.credit_count, 0);
    assert_int_equal(a.published_at, 0);
    assert_false(a.whole);
    d.r.kind = 1;
    assert_int_equal(news_article_read(arena, &d.r, &a, &err), ERR_INPUT);
}

static void short_names(void **state)
{
    (void)state;
    struct address address = {.kind = 30023, .d = STR("x")};
    char one[NEWS_CODE_CHARS + 1], two[NEWS_CODE_CHARS + 1];
    news_article_code(&address, one);
    news_article_code(&address, two);
    assert_string_equal(one, two);
    assert_int_equal(strlen(one), NEWS_CODE_CHARS);
    address.d = STR("y");
    news_article_code(&address, two);
    assert_string_not_equal(one, two);
}

static void nostr_links(void **state)
{
    (void)state;
    _cleanup_arena_ struct arena *arena = arena_create(0);
    struct address address = {.kind = 30023, .d = STR("x")};
    uint8_t secret[32] = {[31] = 1};
    assert_int_equal(record_pubkey_of_secret(secret, &address.pubkey, NULL), 0);
    char code[NEWS_CODE_CHARS + 1];
    news_article_code(&address, code);
    _cleanup_buf_ struct buf naddr = BUF_INIT, npub = BUF_INIT, path = BUF_INIT;
    buf_addz(&naddr, "nostr:");
    nip19_naddr(&address, &naddr);
    buf_addf(&path, "/r/%s", code);
    assert_str(news_link(NULL, arena, buf_str(&naddr), false), path.p);
    assert_null(news_link(NULL, arena, buf_str(&naddr), true).p);
    buf_addz(&npub, "nostr:");
    nip19_npub(&address.pubkey, &npub);
    buf_clear(&path);
    buf_addf(&path, "/by/%s", npub.p + 6);
    assert_str(news_link(NULL, arena, buf_str(&npub), false), path.p);
    assert_null(news_link(NULL, arena, STR("nostr:nonsense"), false).p);
    static const char *const stay[] = {
        "https://a.example/", "//a.example", "mailto:a@b", "#x", "/r/abc", "/media/x.png"};
    for (size_t i = 0; i < sizeof stay / sizeof stay[0]; i++)
        assert_str(news_link(NULL, arena, str_of(stay[i]), false), stay[i]);
    static const char *const drop[] = {"", "a.md", "../x", "/sign-out", "?q=x:y", "/", "2014/p.png"};
    for (size_t i = 0; i < sizeof drop / sizeof drop[0]; i++)
        assert_null(news_link(NULL, arena, str_of(drop[i]), false).p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(written_and_read),
        cmocka_unit_test(what_is_left_out),
        cmocka_unit_test(own_pictures_get_their_hash),
        cmocka_unit_test(bounds),
        cmocka_unit_test(foreign_articles),
        cmocka_unit_test(short_names),
        cmocka_unit_test(nostr_links),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
