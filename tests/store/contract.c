/* contract.c: what every back end of the store must do; runs on SQLite and in memory. */
#include "base/time.h"
#include "fixture.h"

static void test_append_and_find(void **state)
{
    struct world *w = *state;
    struct record *a = make(w, 1, T0 - 30, 1, "a", "t=red", NULL),
                  *b = make(w, 1, T0 - 20, 2, "b", "t=blue", NULL);
    assert_int_equal(put(w, a), STORE_NEW);
    assert_int_equal(put(w, b), STORE_NEW);
    assert_int_equal(put(w, make(w, 7, T0 - 10, 1, "c", NULL)), STORE_NEW);
    assert_int_equal(put(w, a), STORE_DUPLICATE);
    assert_int_equal(store_last_seq(w->store), 3);
    assert_found(find(w, "{}"), "c b a");
    assert_found(find(w, "{\"kinds\":[1]}"), "b a");
    assert_found(find(w, "{\"kinds\":[1],\"limit\":1}"), "b");
    assert_found(find(w, "{\"limit\":0}"), "");
    assert_found(find(w, "{\"#t\":[\"red\",\"green\"]}"), "a");
    assert_found(find(w, "{\"#t\":[\"red\",\"blue\"]}"), "b a");
    assert_found(find(w, arena_printf(w->arena, "{\"authors\":[\"%s\"]}", key_hex(w, 1)).p), "c a");
    assert_found(
        find(w, arena_printf(w->arena, "{\"authors\":[\"%s\"],\"kinds\":[7]}", key_hex(w, 1)).p), "c");
    assert_found(find(w, arena_printf(w->arena, "{\"authors\":[\"%s\"]}", key_hex(w, 5)).p), "");
    assert_found(find(w, arena_printf(w->arena, "{\"ids\":[\"%s\"]}", record_hex(w, b)).p), "b");
    assert_found(find(w, "{\"ids\":[]}"), "");
    assert_found(find(w, "{\"since\":1699999980,\"until\":1699999985}"), "b");
}

static void test_replace(void **state)
{
    struct world *w = *state;
    struct record *one = make(w, 30023, T0 - 30, 1, "one", "d=x", "title=One", NULL);
    struct record *two = make(w, 30023, T0 - 20, 1, "two", "d=x", "title=Two", NULL);
    struct record *late = make(w, 30023, T0 - 25, 1, "late", "d=x", "title=Late", NULL);
    assert_int_equal(put(w, one), STORE_NEW);
    assert_found(trial(w), "x=One*1");
    assert_int_equal(put(w, two), STORE_NEW);
    assert_int_equal(put(w, late), STORE_NEW);
    assert_found(trial(w), "x=Two*3");
    assert_found(find(w, "{}"), "two");
    assert_found(find_flags(w, "{}", STORE_OLD_TOO), "two late one");
    assert_found(find(w, arena_printf(w->arena, "{\"ids\":[\"%s\"]}", record_hex(w, one)).p), "one");
    assert_found(search(w, "one"), "");
    assert_found(search(w, "two"), "Two");
    struct store_read *r;
    struct store_found f;
    struct address a = {30023, key_of(1), STR("x")};
    assert_int_equal(store_read_begin(w->store, &r, NULL), 0);
    assert_int_equal(store_get_address(r, w->arena, &a, &f, NULL), 0);
    assert_str(f.record.content, "two");
    a.d = STR("y");
    assert_int_equal(store_get_address(r, w->arena, &a, &f, NULL), ERR_NOT_FOUND);
    store_read_end(r);
}

static void test_delete(void **state)
{
    struct world *w = *state;
    struct record *one = make(w, 30023, T0 - 30, 1, "one", "d=x", "title=One", NULL);
    struct record *note = make(w, 1, T0 - 30, 1, "note", NULL);
    put(w, one);
    put(w, note);
    struct str e = arena_printf(w->arena, "e=%s", record_hex(w, note));
    put(w, make(w, 5, T0 - 5, 2, "no", e.p, NULL)); /* somebody else's word counts nothing */
    assert_found(find(w, "{\"kinds\":[1]}"), "note");
    put(w, make(w, 5, T0 - 5, 1, "yes", e.p, NULL));
    assert_found(find(w, "{\"kinds\":[1]}"), "");
    assert_int_equal(get_code(w, note), ERR_GONE);
    assert_string_equal(put_reason(w, note), "blocked: deleted by its author");
    struct str a = arena_printf(w->arena, "a=%s", address_text(w, 30023, 1, "x"));
    struct record *deletion = make(w, 5, T0 - 20, 1, "gone", a.p, NULL);
    put(w, deletion);
    assert_found(trial(w), "");
    assert_found(search(w, "one"), "");
    assert_string_equal(
        put_reason(w, make(w, 30023, T0 - 21, 1, "older", "d=x", NULL)), "blocked: deleted by its author");
    struct str again = arena_printf(w->arena, "e=%s", record_hex(w, deletion));
    put(w, make(w, 5, T0 - 4, 1, "undo", again.p, NULL));
    assert_int_equal(get_code(w, deletion), 0);
    assert_int_equal(put(w, make(w, 30023, T0 - 10, 1, "newer", "d=x", "title=Newer", NULL)), STORE_NEW);
    assert_found(search(w, "newer"), "Newer");
}

/* Waits for what time alone brings about: the applier's sweep. */
static void wait_for_trial(struct world *w, const char *want)
{
    uint64_t told = world_told(w);
    while (strcmp(trial(w), want) && world_hears(w, &told))
        ;
    assert_found(trial(w), want);
}

static void test_order(void **state)
{
    struct world *w = *state;
    struct record *twin[4];
    for (int i = 0; i < 4; i++)
        put(w, twin[i] = make(w, 1, T0 - 7, i + 1, (const char *[]){"p", "q", "r", "s"}[i], NULL));
    for (int i = 0; i < 3; i++) /* by id, lowest first */
        for (int k = i + 1; k < 4; k++)
            if (memcmp(twin[k]->id.b, twin[i]->id.b, 32) < 0) {
                struct record *swap = twin[i];
                twin[i] = twin[k];
                twin[k] = swap;
            }
    put(w, make(w, 1, T0 - 8, 1, "old", NULL));
    put(w, make(w, 2, T0 - 6, 1, "new", NULL));
    struct str want = arena_printf(w->arena, "new %s %s %s %s old", twin[0]->content.p, twin[1]->content.p,
        twin[2]->content.p, twin[3]->content.p);
    assert_found(find(w, "{}"), want.p);
    want = arena_printf(w->arena, "new %s %s", twin[0]->content.p, twin[1]->content.p);
    assert_found(find(w, "{\"kinds\":[1,2],\"limit\":3}"), want.p);
}

static int add_one(void *ctx, const struct store_found *f)
{
    struct buf *b = ctx;
    buf_adds(b, f->record.content);
    return b->n >= 3 ? 77 : 0;
}

static void test_several_filters(void **state)
{
    struct world *w = *state;
    for (int i = 0; i < 5; i++)
        put(w, make(w, 1, T0 - i, 1 + i % 2, (const char *[]){"a", "b", "c", "d", "e"}[i], "t=x", NULL));
    struct filter f[2];
    assert_int_equal(filter_parse(w->arena, STR("{\"kinds\":[1],\"limit\":2}"), &f[0], NULL), 0);
    struct str mine = arena_printf(w->arena, "{\"authors\":[\"%s\"]}", key_hex(w, 1));
    assert_int_equal(filter_parse(w->arena, mine, &f[1], NULL), 0);
    struct store_read *r;
    struct buf out _cleanup_buf_ = BUF_INIT;
    assert_int_equal(store_read_begin(w->store, &r, NULL), 0);
    assert_int_equal(store_count(r, f, 2, NULL), 5); /* limits do not bound a count */
    f[0].kinds = (uint32_t[]){9};
    assert_int_equal(store_count(r, f, 2, NULL), 3);
    f[0].kinds = (uint32_t[]){1};
    assert_int_equal(store_query(r, f, 2, STORE_PARSE, add_one, &out, NULL), 77);
    assert_str(buf_str(&out), "abc"); /* a, b of the first; a, c, e of the second; stopped by the callback */
    store_read_end(r);
}

static void test_replaceable_tie(void **state)
{
    struct world *w = *state;
    struct record *a = make(w, 0, T0 - 9, 1, "a", NULL), *b = make(w, 0, T0 - 9, 1, "b", NULL);
    put(w, a);
    put(w, b);
    assert_found(find(w, "{\"kinds\":[0]}"), memcmp(a->id.b, b->id.b, 32) < 0 ? "a" : "b");
    put(w, make(w, 0, T0 - 8, 2, "other", NULL));
    put(w, make(w, 0, T0 - 8, 1, "newest", NULL));
    assert_found(
        find(w, arena_printf(w->arena, "{\"kinds\":[0],\"authors\":[\"%s\"]}", key_hex(w, 1)).p), "newest");
}

static void test_door(void **state)
{
    struct world *w = *state;
    assert_int_equal(put(w, make(w, 1, T0 + 900, 1, "soon", NULL)), STORE_NEW);
    assert_string_equal(put_reason(w, make(w, 1, T0 + 901, 1, "later", NULL)),
        "invalid: dated more than 900 seconds in the future");
    assert_string_equal(
        put_reason(w, make(w, 1, T0, 1, "over", "expiration=1700000000", NULL)), "invalid: it has expired");
    assert_int_equal(put(w, make(w, 20001, T0, 1, "fleeting", NULL)), STORE_REFUSED);
    struct store_item items[3] = {{.record = make(w, 1, T0 + 5000, 1, "bad", NULL)},
        {.record = make(w, 1, T0, 1, "good", NULL)}, {.record = make(w, 1, T0, 1, "good", NULL)}};
    assert_int_equal(store_append(w->store, items, 3, NULL), 0);
    assert_int_equal(items[0].verdict, STORE_REFUSED);
    assert_int_equal(items[1].verdict, STORE_NEW);
    assert_int_equal(items[2].verdict, STORE_DUPLICATE);
    assert_int_equal(items[2].seq, items[1].seq);
}

static int address_code(struct world *w, int who, const char *d)
{
    struct store_read *r;
    struct store_found f;
    assert_int_equal(store_read_begin(w->store, &r, NULL), 0);
    int rc = store_get_address(r, w->arena, &(struct address){30023, key_of(who), str_of(d)}, &f, NULL);
    store_read_end(r);
    return rc;
}

static void test_delete_first(void **state)
{
    struct world *w = *state;
    struct record *note = make(w, 1, T0 - 30, 1, "note", NULL);
    struct str e = arena_printf(w->arena, "e=%s", record_hex(w, note));
    put(w, make(w, 5, T0 - 40, 2, "not mine", e.p, NULL));
    assert_int_equal(put(w, make(w, 5, T0 - 40, 1, "mine", e.p, NULL)), STORE_NEW);
    assert_string_equal(put_reason(w, note), "blocked: deleted by its author");
    struct str a = arena_printf(w->arena, "a=%s", address_text(w, 30023, 1, "x"));
    put(w, make(w, 5, T0 - 20, 1, "address", a.p, NULL));
    assert_int_equal(address_code(w, 1, "x"), ERR_GONE);
    assert_int_equal(address_code(w, 1, "y"), ERR_NOT_FOUND);
    assert_int_equal(address_code(w, 3, "x"), ERR_NOT_FOUND);
    assert_int_equal(put(w, make(w, 30023, T0 - 20, 1, "x", "d=x", NULL)), STORE_REFUSED);
    assert_int_equal(put(w, make(w, 30023, T0 - 20, 2, "x", "d=x", NULL)), STORE_NEW);
    assert_int_equal(put(w, make(w, 30023, T0 - 19, 1, "x", "d=x", NULL)), STORE_NEW);
}

static void test_delete_current_revision(void **state)
{
    struct world *w = *state;
    struct record *one = make(w, 30023, T0 - 30, 1, "one", "d=x", "title=One", NULL);
    struct record *two = make(w, 30023, T0 - 20, 1, "two", "d=x", "title=Two", NULL);
    put(w, one);
    put(w, two);
    struct str e = arena_printf(w->arena, "e=%s", record_hex(w, two));
    put(w, make(w, 5, T0 - 10, 1, "", e.p, NULL));
    assert_found(find(w, "{\"kinds\":[30023]}"), ""); /* the older one does not come back */
    assert_found(trial(w), "x=*1");
    assert_int_equal(address_code(w, 1, "x"), ERR_GONE);
    assert_int_equal(get_code(w, two), ERR_GONE);
    assert_int_equal(get_code(w, one), 0); /* a deletion by e takes what it names */
    put(w, make(w, 30023, T0 - 25, 1, "late", "d=x", "title=Late", NULL));
    assert_found(find(w, "{\"kinds\":[30023]}"), "");
    put(w, make(w, 30023, T0 - 5, 1, "three", "d=x", "title=Three", NULL));
    assert_found(find(w, "{\"kinds\":[30023]}"), "three");
    assert_found(trial(w), "x=Three*3");
    assert_int_equal(address_code(w, 1, "x"), 0);
    struct record *only = make(w, 30023, T0 - 30, 1, "only", "d=y", "title=Only", NULL);
    put(w, only);
    e = arena_printf(w->arena, "e=%s", record_hex(w, only));
    put(w, make(w, 5, T0 - 10, 1, "", e.p, NULL));
    assert_int_equal(address_code(w, 1, "y"), ERR_GONE);
}

static void test_expire(void **state)
{
    struct world *w = *state;
    struct record *brief = make(
        w, 30023, T0, 1, "brief word", "d=x", "title=Brief", "expiration=1700000100", NULL);
    put(w, brief);
    put(w, make(w, 30023, T0 - 1, 1, "long word", "d=y", "title=Long", NULL));
    assert_found(search(w, "word"), "Brief Long");
    assert_found(trial(w), "x=Brief*1 y=Long*1");
    w->now = T0 + 100;
    assert_found(find(w, "{}"), "long word"); /* hidden at once, swept soon */
    assert_found(search(w, "word"), "Long");
    assert_int_equal(get_code(w, brief), ERR_GONE);
    wait_for_trial(w, "y=Long*1");
    assert_int_equal(put(w, brief), STORE_REFUSED);
}

static void test_vanish(void **state)
{
    struct world *w = *state;
    struct record *old = make(w, 30023, T0 - 50, 1, "before", "d=x", "title=Before", NULL);
    put(w, old);
    put(w, make(w, 1, T0 - 60, 1, "note", NULL));
    put(w, make(w, 1, T0 - 60, 2, "other", NULL));
    put(w, make(w, 1, T0 - 20, 1, "after", NULL));
    put(w, make(w, 62, T0 - 40, 1, "elsewhere", "relay=wss://other.example", NULL));
    assert_int_equal(strlen(find(w, "{\"kinds\":[1]}")), strlen("after note other"));
    struct record *vanish = make(w, 62, T0 - 40, 1, "here", "relay=wss://node.example/", NULL);
    put(w, vanish);
    assert_found(find(w, "{\"kinds\":[1]}"), "after other");
    assert_found(trial(w), "");
    assert_found(search(w, "before"), "");
    assert_int_equal(get_code(w, vanish), 0);
    assert_int_equal(get_code(w, old) == ERR_NOT_FOUND || get_code(w, old) == ERR_GONE, 1);
    assert_string_equal(put_reason(w, old), "blocked: its author has vanished or was erased");
    assert_int_equal(put(w, make(w, 1, T0 - 39, 1, "new", NULL)), STORE_NEW);
    struct str e = arena_printf(w->arena, "e=%s", record_hex(w, vanish));
    put(w, make(w, 5, T0, 1, "", e.p, NULL));
    assert_int_equal(get_code(w, vanish), 0); /* cannot be taken back */
    put(w, make(w, 62, T0, 2, "all", "relay=ALL_RELAYS", NULL));
    assert_found(find(w, arena_printf(w->arena, "{\"authors\":[\"%s\"]}", key_hex(w, 2)).p), "all");
}

static void test_erase(void **state)
{
    struct world *w = *state;
    struct record *one = make(w, 30023, T0 - 30, 1, "one", "d=x", "title=One", NULL);
    struct record *two = make(w, 30023, T0 - 20, 1, "two", "d=x", "title=Two", NULL);
    struct record *three = make(w, 30023, T0 - 10, 1, "three", "d=x", "title=Three", NULL);
    put(w, one);
    put(w, two);
    put(w, three);
    put(w, make(w, 1, T0 - 11, 2, "note", NULL));
    assert_int_equal(store_erase_id(w->store, &two->id, "a court said so", NULL), 0);
    assert_found(find_flags(w, "{}", STORE_OLD_TOO), "three note");
    assert_found(trial(w), "x=Three*1");
    assert_string_equal(put_reason(w, two), "blocked: it was erased here");
    assert_string_equal(put_reason(w, one), "blocked: it was erased here");
    assert_int_equal(get_code(w, two), ERR_GONE);
    assert_int_equal(get_code(w, three), 0);
    struct pubkey key = key_of(1);
    assert_int_equal(store_erase_key(w->store, &key, T0 - 10, "", NULL), 0);
    assert_found(find(w, "{}"), "note");
    assert_found(trial(w), "");
    assert_int_equal(put(w, three), STORE_REFUSED);
    assert_int_equal(put(w, make(w, 30023, T0 - 9, 1, "four", "d=x", "title=Four", NULL)), STORE_NEW);
    assert_found(search(w, "four"), "Four");
    assert_rebuilds(w->store);
    assert_int_equal(store_last_seq(w->store), 5); /* no place is given twice */
}

static void test_snapshot(void **state)
{
    struct world *w = *state;
    struct filter f;
    struct buf out _cleanup_buf_ = BUF_INIT;
    struct record *one = make(w, 30023, T0 - 30, 1, "one", "d=x", "title=One", NULL);
    put(w, one);
    struct store_read *r;
    assert_int_equal(store_read_begin(w->store, &r, NULL), 0);
    put(w, make(w, 30023, T0 - 20, 1, "two", "d=x", "title=Two", NULL));
    assert_int_equal(filter_parse(w->arena, STR("{}"), &f, NULL), 0);
    assert_int_equal(store_query(r, &f, 1, STORE_PARSE, add_one, &out, NULL), 77);
    assert_str(buf_str(&out), "one");
    assert_int_equal(store_read_seq(r), 1);
    static const struct sql_statement count = {"count", "SELECT title FROM trial_item"};
    struct sql_cursor *c = sql_open(store_read_sql(r), &count);
    assert_int_equal(sql_step(c, NULL), 1);
    assert_str(sql_col_text(c, 0), "One");
    sql_close(c, NULL);
    store_read_end(r);
    assert_found(trial(w), "x=Two*2");
}

static void test_follow(void **state)
{
    struct world *w = *state;
    assert_int_equal(store_follow_wait(w->store, 0, 0, NULL), ERR_BUSY);
    put(w, make(w, 30023, T0 - 30, 1, "a", "d=x", NULL));
    put(w, make(w, 30023, T0 - 20, 1, "b", "d=x", NULL));
    put(w, make(w, 1, T0 - 20, 1, "c", NULL));
    assert_int_equal(store_follow_wait(w->store, 2, 20000, NULL), 0);
    struct store_read *r;
    struct buf out _cleanup_buf_ = BUF_INIT;
    assert_int_equal(store_read_begin(w->store, &r, NULL), 0);
    assert_int_equal(store_follow(r, 0, 10, STORE_PARSE, add_one, &out, NULL), 2);
    assert_int_equal(store_follow(r, 0, 1, STORE_PARSE | STORE_OLD_TOO, add_one, &out, NULL), 1);
    assert_str(buf_str(&out), "bca");
    assert_int_equal(store_follow(r, 3, 10, STORE_PARSE, add_one, &out, NULL), 0);
    store_read_end(r);
}

static const struct sql_statement add_note = {"add_note", "INSERT INTO trialstate_note (text) VALUES (?)"};
static const struct sql_statement count_notes = {"count_notes", "SELECT count(*) FROM trialstate_note"};

static int write_note(void *ctx, struct sql *db, struct err *err)
{
    struct sql_cursor *c = sql_open(db, &add_note);
    sql_text(c, 1, STR("hello"));
    int rc = sql_done(c, err);
    if (rc < 0)
        return rc;
    struct pubkey key = key_of(9);
    int64_t actor = store_actor(db, &key, err);
    assert_true(actor > 0);
    assert_int_equal(sql_changes(db) >= 0, 1);
    return ctx ? err_set(err, ERR_INPUT, "no") : 0;
}

static void test_state(void **state)
{
    struct world *w = *state;
    struct err err;
    struct pubkey key = key_of(9), back;
    assert_int_equal(store_write(w->store, write_note, &err, &err), ERR_INPUT);
    struct store_read *r;
    assert_int_equal(store_read_begin(w->store, &r, NULL), 0);
    assert_int_equal(store_actor(store_read_sql(r), &key, NULL), 0); /* rolled back, and readers make none */
    store_read_end(r);
    assert_int_equal(store_write(w->store, write_note, NULL, &err), 0);
    assert_int_equal(store_read_begin(w->store, &r, NULL), 0);
    struct sql_cursor *c = sql_open(store_read_sql(r), &count_notes);
    assert_int_equal(sql_step(c, NULL), 1);
    assert_int_equal(sql_col_int(c, 0), 1);
    sql_close(c, NULL);
    int64_t actor = store_actor(store_read_sql(r), &key, NULL);
    assert_true(actor > 0);
    assert_true(store_actor_key(store_read_sql(r), actor, &back));
    assert_memory_equal(&key, &back, sizeof key);
    assert_false(store_actor_key(store_read_sql(r), actor + 100, &back));
    c = sql_open(store_read_sql(r), &add_note); /* readers cannot write */
    sql_text(c, 1, STR("x"));
    assert_true(sql_done(c, &err) < 0);
    static const struct sql_statement wrong = {"wrong", "SELECT nothing FROM nowhere"};
    c = sql_open(store_read_sql(r), &wrong);
    sql_int(c, 1, 1);
    assert_true(sql_step(c, &err) < 0);
    assert_true(sql_close(c, &err) < 0);
    store_read_end(r);
}

static void test_blobs(void **state)
{
    struct world *w = *state;
    uint8_t hash[32];
    char hex[65], type[64], bytes[10] = {0};
    int fd;
    uint64_t size;
    assert_int_equal(store_blob_put(w->store, STR("picture"), STR("image/png"), hash, NULL), 0);
    assert_int_equal(store_blob_put(w->store, STR("picture"), STR("image/png"), hash, NULL), 0);
    assert_int_equal(store_blob_open(w->store, hash, &fd, &size, type, NULL), 0);
    assert_int_equal(size, 7);
    assert_string_equal(type, "image/png");
    assert_int_equal(read(fd, bytes, sizeof bytes), 7);
    assert_string_equal(bytes, "picture");
    close(fd);
    /* Erasing the last record that speaks of a file takes the file, too. */
    hex_encode(hash, 32, hex);
    struct str url = arena_printf(w->arena, "see https://node.example/%s.png", hex);
    struct record *a = make(w, 1, T0 - 2, 1, url.p, NULL), *b = make(w, 1, T0 - 1, 1, url.p, NULL);
    put(w, a);
    put(w, b);
    assert_int_equal(store_erase_id(w->store, &a->id, "", NULL), 0);
    assert_int_equal(store_blob_open(w->store, hash, &fd, &size, type, NULL), 0);
    close(fd);
    assert_int_equal(store_erase_id(w->store, &b->id, "", NULL), 0);
    assert_int_equal(store_blob_open(w->store, hash, &fd, &size, type, NULL), ERR_NOT_FOUND);
    assert_int_equal(store_blob_put(w->store, STR(""), STR(""), hash, NULL), 0);
    assert_int_equal(store_blob_remove(w->store, hash, NULL), 0);
    assert_int_equal(store_blob_open(w->store, hash, &fd, &size, type, NULL), ERR_NOT_FOUND);
}

static void test_stumbling_room(void **state)
{
    struct world *w = *state;
    put(w, make(w, 30999, T0 - 3, 1, "stone", "d=s", NULL));
    put(w, make(w, 30023, T0 - 2, 1, "way", "d=w", "title=Way", NULL));
    assert_found(find(w, "{}"), "way stone");
    assert_found(trial(w), "w=Way*1");
}

static void test_rebuild(void **state)
{
    struct world *w = *state;
    for (int i = 0; i < 40; i++) {
        struct str d = arena_printf(w->arena, "d=%d", i % 7), t = arena_printf(w->arena, "title=T%d", i);
        put(w, make(w, 30023, T0 - (i * 7919) % 100, 1 + i % 3, "text", d.p, t.p,
                   i % 5 ? "t=x" : "expiration=1700000050", NULL));
    }
    struct str a = arena_printf(w->arena, "a=%s", address_text(w, 30023, 1, "3"));
    put(w, make(w, 5, T0 - 40, 1, "", a.p, NULL));
    w->now = T0 + 60;
    put(w, make(w, 1, T0 + 60, 1, "now", NULL)); /* its time sweeps what expired before it */
    const char *rows = trial(w), *found = find_flags(w, "{}", STORE_OLD_TOO);
    assert_int_equal(assert_rebuilds(w->store), 42);
    assert_found(trial(w), rows);
    assert_found(find_flags(w, "{}", STORE_OLD_TOO), found);
    assert_int_equal(store_applied_seq(w->store), store_last_seq(w->store));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_BOTH(test_append_and_find),
        ON_BOTH(test_order),
        ON_BOTH(test_several_filters),
        ON_BOTH(test_replace),
        ON_BOTH(test_replaceable_tie),
        ON_BOTH(test_door),
        ON_BOTH(test_delete),
        ON_BOTH(test_delete_first),
        ON_BOTH(test_delete_current_revision),
        ON_BOTH(test_expire),
        ON_BOTH(test_vanish),
        ON_BOTH(test_erase),
        ON_BOTH(test_snapshot),
        ON_BOTH(test_follow),
        ON_BOTH(test_state),
        ON_BOTH(test_blobs),
        ON_BOTH(test_stumbling_room),
        ON_BOTH(test_rebuild),
    };
    return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
