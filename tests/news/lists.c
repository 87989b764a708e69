/* lists.c: the projection over a real store: lists, paging, counts, revisions, deletions, profiles, and the
 * same tables after a rebuild. */
#include "base/hex.h"
#include "check.h"
#include "news/news.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define T0 1700000000

struct world {
    char directory[64];
    struct store *store;
    struct arena *arena;
    struct store_read *read;
    int64_t now;
};

static int64_t world_now(void *ctx)
{
    return ((struct world *)ctx)->now * 1000000;
}

static void some_bytes(void *ctx, void *out, size_t n)
{
    (void)ctx;
    memset(out, 1, n);
}
static const struct rng fixed = {some_bytes, NULL};

static int open_world(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    const char *tmp = getenv("TMPDIR");
    snprintf(w->directory, sizeof w->directory, "%.40s/news-XXXXXX", tmp ? tmp : "/tmp");
    if (!mkdtemp(w->directory))
        return -1;
    w->now = T0;
    w->arena = arena_create(0);
    static struct store_projection projections[2];
    projections[0] = news_projection;
    static const struct store_migration none[1];
    struct store_tables tables = {.projections = projections, .migrations = none, .texts = news_texts};
    struct err err;
    if (store_open(w->directory, STORE_WRITE, &tables,
            &(struct store_options){.clock = {.now_us = world_now, .ctx = w}}, &w->store, &err)) {
        print_error("%s\n", err.what);
        return -1;
    }
    *state = w;
    return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

static int close_world(void **state)
{
    struct world *w = *state;
    store_read_end(w->read);
    store_close(w->store);
    arena_destroy(w->arena);
    nftw(w->directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(w);
    return 0;
}

static struct pubkey key_of(uint8_t who)
{
    struct pubkey key;
    uint8_t secret[32] = {[31] = who};
    assert_int_equal(record_pubkey_of_secret(secret, &key, NULL), 0);
    return key;
}

static enum store_verdict put(struct world *w, struct record *r, uint8_t who)
{
    uint8_t secret[32] = {[31] = who};
    struct err err;
    if (record_sign(r, secret, &err))
        fail_msg("%s", err.what);
    struct store_item item = {.record = r};
    if (store_append(w->store, &item, 1, &err))
        fail_msg("%s", err.what);
    if (item.verdict == STORE_NEW && store_wait_applied(w->store, item.seq, 20000, &err))
        fail_msg("%s", err.what);
    return item.verdict;
}

/* One article; topics are separated by spaces. */
static struct record_draft *publish(struct world *w, uint8_t who, const char *d, const char *title,
    const char *language, const char *topics, int64_t published_at, int64_t created_at)
{
    struct str list[8], rest = str_of(topics), piece;
    size_t n = 0;
    while (str_cut(&rest, ' ', &piece))
        if (piece.n)
            list[n++] = piece;
    struct record_draft *out = ARENA_NEW(w->arena, struct record_draft);
    out->arena = w->arena;
    struct err err;
    if (news_article_write(&(struct article_draft){.d = str_of(d),
                               .title = str_of(title),
                               .text = STR("Some text of *five* words."),
                               .language = str_of(language),
                               .license = STR("CC0-1.0"),
                               .topics = list,
                               .topic_count = n,
                               .published_at = published_at},
            created_at, &fixed, out, &err))
        fail_msg("%s", err.what);
    put(w, &out->r, who);
    return out;
}

static struct store_read *fresh(struct world *w)
{
    store_read_end(w->read);
    assert_int_equal(store_read_begin(w->store, &w->read, NULL), 0);
    return w->read;
}

/* Titles of a list, joined by spaces; pages of two. */
static const char *titles(struct world *w, struct news_query q)
{
    struct store_read *read = fresh(w);
    struct buf out = BUF_INIT;
    q.before_date = INT64_MAX;
    q.limit = 2;
    for (bool more = true; more;) {
        struct news_item *items;
        size_t n;
        struct err err;
        if (news_list(read, w->arena, &q, &items, &n, &more, &err))
            fail_msg("%s", err.what);
        assert_true(n == 2 || !more);
        for (size_t i = 0; i < n; i++)
            buf_addf(&out, "%s%.*s", out.n ? " " : "", STR_ARG(items[i].title));
        if (n) {
            q.before_date = items[n - 1].date;
            q.before_seq = items[n - 1].seq;
        }
    }
    const char *joined = arena_strz(w->arena, buf_str(&out));
    buf_finish(&out);
    return joined;
}

static const char *counts(struct world *w, const struct news_count *c, size_t n)
{
    struct buf out = BUF_INIT;
    for (size_t i = 0; i < n; i++)
        buf_addf(&out, "%s%.*s:%lld", i ? " " : "", STR_ARG(c[i].name), (long long)c[i].n);
    const char *joined = arena_strz(w->arena, buf_str(&out));
    buf_finish(&out);
    return joined;
}

static const char *topics(struct world *w, const char *language)
{
    struct news_count *c;
    size_t n;
    assert_int_equal(news_topics(fresh(w), w->arena, str_of(language), 10, &c, &n, NULL), 0);
    return counts(w, c, n);
}

static const char *languages(struct world *w)
{
    struct news_count *c;
    size_t n;
    assert_int_equal(news_languages(fresh(w), w->arena, &c, &n, NULL), 0);
    return counts(w, c, n);
}

static void assert_rebuilt_alike(struct world *w)
{
    uint8_t before[32], after[32];
    store_read_end(w->read);
    w->read = NULL;
    assert_int_equal(store_projection_digest(w->store, before, NULL), 0);
    assert_int_equal(store_rebuild(w->store, NULL), 0);
    assert_int_equal(store_projection_digest(w->store, after, NULL), 0);
    assert_memory_equal(before, after, 32);
}

static struct news_item item(struct world *w, uint8_t who, const char *d, int want)
{
    struct address a = {.kind = KIND_ARTICLE, .pubkey = key_of(who), .d = str_of(d)};
    char code[NEWS_CODE_CHARS + 1];
    news_article_code(&a, code);
    struct news_item out = {0};
    struct err err;
    int status = news_item_by_code(fresh(w), w->arena, str_of(code), &out, &err);
    if (status != want)
        fail_msg("%d, not %d: %s", status, want, status ? err.what : "");
    if (!status)
        assert_string_equal(out.code, code);
    return out;
}

static void lists_and_counts(void **state)
{
    struct world *w = *state;
    publish(w, 1, "a", "A", "en", "rent work", T0 - 5000, T0);
    publish(w, 1, "b", "B", "fr", "rent", T0 - 3000, T0);
    publish(w, 2, "c", "C", "en", "work", T0 - 4000, T0);
    publish(w, 2, "d", "D", "pt-BR", "", 0, T0);           /* first seen: now */
    publish(w, 2, "e", "E", "en", "Rent", T0 + 90000, T0); /* in the future: first seen */
    publish(w, 2, "f", "F", "en", "", T0 - 3000, T0);      /* same date as B, came later */
    struct pubkey two = key_of(2), nobody = key_of(9);
    assert_string_equal(titles(w, (struct news_query){0}), "E D F B C A");
    struct pubkey three = key_of(3);
    publish(w, 3, "g", "G", "de", "", -14182940, T0); /* before 1970 */
    publish(w, 3, "h", "H", "de", "", -3845577600, T0);
    publish(w, 3, "i", "I", "de", "", 86400, T0);
    assert_string_equal(titles(w, (struct news_query){0}), "E D F B C A I G H");
    assert_string_equal(titles(w, (struct news_query){.author = &three}), "I G H");
    assert_string_equal(titles(w, (struct news_query){.language = STR("en")}), "E F C A");
    assert_string_equal(titles(w, (struct news_query){.language = STR("pt")}), "D");
    assert_string_equal(titles(w, (struct news_query){.language = STR("pt-BR")}), "D");
    assert_string_equal(titles(w, (struct news_query){.language = STR("pt-PT")}), "");
    assert_string_equal(titles(w, (struct news_query){.topic = STR("#RENT")}), "E B A");
    assert_string_equal(titles(w, (struct news_query){.topic = STR("rent"), .language = STR("en")}), "E A");
    assert_string_equal(titles(w, (struct news_query){.author = &two}), "E D F C");
    assert_string_equal(titles(w, (struct news_query){.author = &two, .language = STR("en")}), "E F C");
    assert_string_equal(titles(w, (struct news_query){.author = &two, .topic = STR("work")}), "C");
    assert_string_equal(titles(w, (struct news_query){.author = &nobody}), "");
    assert_string_equal(languages(w), "en:4 de:3 fr:1 pt:1");
    assert_string_equal(topics(w, ""), "rent:3 work:2");
    assert_string_equal(topics(w, "en"), "rent:2 work:2");
    struct news_item a = item(w, 1, "a", 0);
    assert_int_equal(a.date, T0 - 5000);
    assert_int_equal(a.words, 5);
    assert_int_equal(a.revisions, 1);
    assert_int_equal(a.topic_count, 2);
    assert_str(a.license, "CC0-1.0");
    assert_str(a.summary, "Some text of five words.");
    assert_true(a.whole);
    struct news_item again;
    assert_int_equal(news_item_by_seq(w->read, w->arena, a.seq, &again, NULL), 0);
    assert_string_equal(again.code, a.code);
    assert_int_equal(news_item_by_seq(w->read, w->arena, UINT64_MAX, &again, NULL), ERR_NOT_FOUND);
    assert_int_equal(news_item_by_code(w->read, w->arena, STR("nothing"), &again, NULL), ERR_NOT_FOUND);
    assert_rebuilt_alike(w);
}

static void revisions(void **state)
{
    struct world *w = *state;
    publish(w, 1, "a", "One", "en", "x y", 0, T0);
    w->now += 100;
    publish(w, 1, "b", "Other", "en", "x", 0, T0);
    w->now += 100;
    struct record_draft *last = publish(w, 1, "a", "Three", "fr", "y z", 0, T0 + 30);
    struct record_draft *late = publish(w, 1, "a", "Two", "en", "x", 0, T0 + 20);
    struct news_item a = item(w, 1, "a", 0);
    assert_str(a.title, "Three");
    assert_int_equal(a.revisions, 3);
    assert_int_equal(a.date, T0); /* an edit does not bring it to the top */
    assert_int_equal(a.revised_at, T0 + 30);
    assert_string_equal(titles(w, (struct news_query){0}), "Other Three");
    assert_string_equal(topics(w, ""), "x:1 y:1 z:1");
    assert_string_equal(languages(w), "en:1 fr:1");
    assert_rebuilt_alike(w);
    store_read_end(w->read);
    w->read = NULL;
    assert_int_equal(store_erase_id(w->store, &late->r.id, "test", NULL), 0);
    assert_int_equal(item(w, 1, "a", 0).revisions, 1); /* what came before it goes with it */
    assert_rebuilt_alike(w);
    assert_int_equal(store_erase_id(w->store, &last->r.id, "test", NULL), 0);
    assert_rebuilt_alike(w);
}

static void deletions(void **state)
{
    struct world *w = *state;
    publish(w, 1, "a", "A", "en", "x", 0, T0);
    publish(w, 2, "a", "Another", "en", "x", 0, T0);
    struct record_draft d = {.arena = w->arena};
    _cleanup_buf_ struct buf address = BUF_INIT;
    address_format(&(struct address){.kind = KIND_ARTICLE, .pubkey = key_of(1), .d = STR("a")}, &address);
    record_draft_init(&d, w->arena, KIND_DELETION, T0 + 10);
    record_draft_tag_strs(&d, (struct str[]){STR("a"), buf_str(&address)}, 2);
    put(w, &d.r, 2); /* not its author: nothing happens */
    item(w, 1, "a", 0);
    put(w, &d.r, 1);
    item(w, 1, "a", ERR_GONE);
    assert_string_equal(titles(w, (struct news_query){0}), "Another");
    assert_string_equal(topics(w, ""), "x:1");
    assert_string_equal(languages(w), "en:1");
    assert_rebuilt_alike(w);
    publish(w, 1, "a", "Back", "en", "", 0, T0 + 20);
    assert_str(item(w, 1, "a", 0).title, "Back");
    store_read_end(w->read);
    w->read = NULL;
    struct pubkey one = key_of(1);
    assert_int_equal(store_erase_key(w->store, &one, T0 + 1000, "test", NULL), 0);
    item(w, 1, "a", ERR_NOT_FOUND);
    assert_string_equal(titles(w, (struct news_query){0}), "Another");
    assert_rebuilt_alike(w);
}

static struct record_draft *delete_record(struct world *w, uint8_t who, const struct record *target)
{
    struct record_draft *d = ARENA_NEW(w->arena, struct record_draft);
    char hex[65];
    hex_encode(target->id.b, 32, hex);
    record_draft_init(d, w->arena, KIND_DELETION, T0 + 50);
    record_draft_tag_strs(d, (struct str[]){STR("e"), {hex, 64}}, 2);
    put(w, &d->r, who);
    return d;
}

/* By e alone: what it names goes; without its current revision an article is gone, too. */
static void deletions_of_revisions(void **state)
{
    struct world *w = *state;
    struct record_draft *one = publish(w, 1, "a", "One", "en", "x", 0, T0);
    struct record_draft *two = publish(w, 1, "a", "Two", "en", "x", 0, T0 + 10);
    struct record_draft *only = publish(w, 1, "b", "Only", "en", "x", 0, T0);
    delete_record(w, 2, &only->r); /* not its author */
    delete_record(w, 1, &one->r);
    assert_int_equal(item(w, 1, "a", 0).revisions, 1);
    delete_record(w, 1, &two->r);
    delete_record(w, 1, &only->r);
    item(w, 1, "a", ERR_GONE);
    item(w, 1, "b", ERR_GONE);
    item(w, 1, "c", ERR_NOT_FOUND);
    assert_string_equal(titles(w, (struct news_query){0}), "");
    assert_rebuilt_alike(w);
    publish(w, 1, "a", "Three", "en", "", 0, T0 + 90);
    assert_str(item(w, 1, "a", 0).title, "Three");
    store_read_end(w->read);
    w->read = NULL;
    assert_int_equal(store_erase_id(w->store, &only->r.id, "test", NULL), 0);
    item(w, 1, "b", ERR_NOT_FOUND); /* not even that it was there */
    assert_rebuilt_alike(w);
}

/* What ends by itself (NIP-40) is gone, too, once that has been applied. */
static void expired_articles(void **state)
{
    struct world *w = *state;
    struct record_draft d = {.arena = w->arena};
    struct article_draft draft = {
        .d = STR("a"), .title = STR("A"), .text = STR("t"), .license = STR("CC0-1.0")};
    assert_int_equal(news_article_write(&draft, T0, &fixed, &d, NULL), 0);
    record_draft_tag_strs(
        &d, (struct str[]){STR("expiration"), arena_printf(w->arena, "%d", (int)T0 + 60)}, 2);
    put(w, &d.r, 1);
    item(w, 1, "a", 0);
    w->now = T0 + 60;
    publish(w, 2, "b", "B", "en", "", 0, T0 + 60); /* its time sweeps what expired before it */
    item(w, 1, "a", ERR_GONE);
    assert_rebuilt_alike(w);
}

static void profiles(void **state)
{
    struct world *w = *state;
    struct pubkey one = key_of(1), two = key_of(2), found[4];
    struct profile p;
    assert_int_equal(news_profile(fresh(w), w->arena, &one, &p, NULL), 0);
    assert_str(p.name, "");
    struct record_draft d = {.arena = w->arena};
    news_profile_write(STR("Brick \"field\""), STR("About"), STR("https://b.example/"), T0, &d);
    put(w, &d.r, 1);
    news_actor_write("organisation", T0, &d);
    put(w, &d.r, 1);
    publish(w, 1, "a", "A", "en", "", 0, T0);
    assert_int_equal(news_profile(fresh(w), w->arena, &one, &p, NULL), 0);
    assert_str(p.name, "Brick \"field\"");
    assert_str(p.about, "About");
    assert_str(p.website, "https://b.example/");
    assert_str(p.sort, "organisation");
    assert_int_equal(p.article_count, 1);
    assert_str(item(w, 1, "a", 0).author_name, "Brick \"field\"");
    assert_int_equal(news_keys_by_name(w->read, STR("brick \"FIELD\""), found, 4), 1);
    assert_true(pubkey_eq(&found[0], &one));
    assert_int_equal(news_keys_by_name(w->read, STR("brick"), found, 4), 0);
    static const char *const odd[] = {"", "[]", "{\"name\":5}", "{\"name\":\"x\"",
        "{\"name\":\"y\\u0000z\",\"display_name\":\" Disp\\nlay \"}"};
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        record_draft_init(&d, w->arena, KIND_PROFILE, T0 + 1 + (int64_t)i);
        record_draft_content(&d, str_of(odd[i]));
        put(w, &d.r, 2);
    }
    assert_int_equal(news_profile(fresh(w), w->arena, &two, &p, NULL), 0);
    assert_rebuilt_alike(w);
}

/* What a search finds of a text that may not be shown. */
static void search_text(void **state)
{
    struct world *w = *state;
    struct record_draft d = {.arena = w->arena};
    assert_int_equal(news_article_write(&(struct article_draft){.d = STR("x"),
                                            .title = STR("Visible"),
                                            .summary = STR("summed"),
                                            .text = STR("hiddenword **bold**"),
                                            .language = STR("en"),
                                            .license = STR("CC-BY-NC-4.0")},
                         T0, &fixed, &d, NULL),
        0);
    struct store_text text = {0};
    assert_int_equal(news_texts[0].extract(w->arena, &d.r, &text), 0);
    assert_str(text.title, "Visible");
    assert_str(text.summary, "summed");
    assert_int_equal(text.body.n, 0);
    assert_int_equal(news_article_write(&(struct article_draft){.d = STR("x"),
                                            .title = STR("Visible"),
                                            .text = STR("hiddenword **bold**"),
                                            .language = STR("en-GB"),
                                            .license = STR("cc0")},
                         T0, &fixed, &d, NULL),
        0);
    assert_int_equal(news_texts[0].extract(w->arena, &d.r, &text), 0);
    assert_str(text.body, "hiddenword bold");
    assert_str(text.language, "en");
    assert_int_equal(text.date, 0);
    static const struct {
        int64_t published, date;
    } cases[] = {{T0 - 86400, T0 - 86400}, {-3845577600, -3845577600},
        {T0 + 86400, 0}}; /* before: and after: see the date that lists show */
    for (size_t i = 0; i < 3; i++) {
        text = (struct store_text){0};
        assert_int_equal(news_article_write(&(struct article_draft){.d = STR("x"),
                                                .title = STR("Old"),
                                                .text = STR("t"),
                                                .language = STR("en"),
                                                .license = STR("cc0"),
                                                .published_at = cases[i].published},
                             T0, &fixed, &d, NULL),
            0);
        assert_int_equal(news_texts[0].extract(w->arena, &d.r, &text), 0);
        assert_int_equal(text.date, cases[i].date);
    }
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, open_world, close_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(lists_and_counts),
        IN_WORLD(revisions),
        IN_WORLD(deletions),
        IN_WORLD(deletions_of_revisions),
        IN_WORLD(expired_articles),
        IN_WORLD(profiles),
        IN_WORLD(search_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
