/* fixture.c: see fixture.h. */
#include "fixture.h"

#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <sqlite3.h>
#include <sys/stat.h>

/* ---- a room of the tests' own */

/* Counts what the room is told; the applier's threads tell. */
static struct {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    uint64_t count;
} told_of = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0};

static int trial_apply(void *ctx, struct sql *db, const struct store_change *c, struct err *err)
{
    pthread_mutex_lock(&told_of.mutex);
    told_of.count++;
    pthread_cond_broadcast(&told_of.changed);
    pthread_mutex_unlock(&told_of.mutex);
    static const struct sql_statement add = {"trial_add",
        "INSERT INTO trial_item (actor, d, title, revisions) VALUES (?1, ?2, ?3, 1) "
        "ON CONFLICT (actor, d) DO UPDATE SET title = ?3, revisions = revisions + 1"};
    static const struct sql_statement late = {
        "trial_late", "UPDATE trial_item SET revisions = revisions + 1 WHERE actor = ?1 AND d = ?2"};
    static const struct sql_statement drop = {
        "trial_drop", "UPDATE trial_item SET revisions = revisions - 1 WHERE actor = ?1 AND d = ?2"};
    static const struct sql_statement untitled = {
        "trial_untitled", "UPDATE trial_item SET title = NULL WHERE actor = ?1 AND d = ?2"};
    static const struct sql_statement clean = {"trial_clean", "DELETE FROM trial_item WHERE revisions = 0"};
    static const struct sql_statement seen = {
        "trial_seen", "INSERT OR IGNORE INTO trial_state_seen (seq) VALUES (?)"};
    if (c->record->kind == 30999) /* a room that stumbles over one kind */
        return err_set(err, ERR_INTERNAL, "this room cannot bear kind 30999");
    if (c->record->kind != 30023)
        return 0;
    int64_t actor = store_actor(db, &c->record->pubkey, err);
    if (actor < 0)
        return (int)actor;
    const struct sql_statement *what = c->type == STORE_ADDED     ? &add
                                       : c->type == STORE_REMOVED ? &drop
                                       : c->was_current           ? NULL
                                                                  : &late;
    if (what == &late) { /* a late one may be the first that is here after an erasure */
        static const struct sql_statement first = {"trial_first",
            "INSERT OR IGNORE INTO trial_item (actor, d, title, revisions) VALUES (?1, ?2, NULL, 0)"};
        struct sql_cursor *f = sql_open(db, &first);
        sql_int(f, 1, actor);
        sql_text(f, 2, record_d(c->record));
        if (sql_done(f, err) < 0)
            return ERR_IO;
    }
    if (what) {
        struct sql_cursor *q = sql_open(db, what);
        sql_int(q, 1, actor);
        sql_text(q, 2, record_d(c->record));
        if (what == &add)
            sql_text(q, 3, record_tag_value(c->record, "title"));
        int rc = sql_done(q, err);
        if (rc < 0)
            return rc;
    }
    if (c->type == STORE_REMOVED && c->was_current) {
        struct sql_cursor *q = sql_open(db, &untitled);
        sql_int(q, 1, actor);
        sql_text(q, 2, record_d(c->record));
        int rc = sql_done(q, err);
        if (rc < 0)
            return rc;
    }
    struct sql_cursor *q = sql_open(db, &seen);
    sql_int(q, 1, (int64_t)c->seq);
    int rc = sql_done(q, err);
    return rc < 0 ? rc : sql_done(sql_open(db, &clean), err);
}

static const struct store_projection projections[] = {
    {"trial", 1,
        "CREATE TABLE trial_item (actor INTEGER, d TEXT, title TEXT, revisions INTEGER, PRIMARY KEY (actor, "
        "d));"
        "CREATE TABLE IF NOT EXISTS trial_state_seen (seq INTEGER PRIMARY KEY);",
        trial_apply, NULL},
    {NULL, 0, NULL, NULL, NULL},
};

static const struct store_migration migrations[] = {
    {"trialstate", 1, "CREATE TABLE trialstate_note (id INTEGER PRIMARY KEY, text TEXT)"},
    {NULL, 0, NULL},
};

static int extract(struct arena *arena, const struct record *r, struct store_text *out)
{
    int64_t published = 0;
    out->title = record_tag_value(r, "title");
    out->summary = record_tag_value(r, "summary");
    out->body = r->content;
    out->language = record_label(r, "ISO-639-1");
    struct str at = record_tag_value(r, "published_at");
    uint64_t seconds;
    if (at.n && str_to_u64(at, INT64_MAX, &seconds))
        published = (int64_t)seconds;
    out->date = published;
    return 0;
}

static const struct store_text_source texts[] = {{30023, extract}, {0, NULL}};

const struct store_tables fixture_tables = {projections, migrations, texts};
struct store_tables fixture_no_tables;

/* ---- directories */

void fixture_directory(char out[200])
{
    const char *tmp = getenv("TMPDIR");
    snprintf(out, 200, "%.150s/widenet-store-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(out));
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    return remove(path);
}

void fixture_remove(const char *directory)
{
    nftw(directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* ---- the world */

static int64_t world_now(void *ctx)
{
    return ((struct world *)ctx)->now * 1000000;
}

static void must(int rc, const struct err *err)
{
    char line[900];
    if (rc < 0)
        fail_msg("%d: %s", rc, err_line(err, line, sizeof line));
}

void world_open(struct world *w, bool memory)
{
    world_open_with(w, memory, &fixture_tables);
}

void world_open_with(struct world *w, bool memory, const struct store_tables *tables)
{
    memset(w, 0, sizeof *w);
    w->tables = tables;
    w->arena = arena_create(0);
    w->now = T0;
    w->options = (struct store_options){.clock = {world_now, w}, .node_url = "https://node.example"};
    struct err err = {0};
    if (memory) {
        must(store_open_memory(tables, &w->options, &w->store, &err), &err);
        return;
    }
    fixture_directory(w->directory);
    must(store_open(w->directory, STORE_WRITE, tables, &w->options, &w->store, &err), &err);
}

struct store *world_second(struct world *w, enum store_mode mode)
{
    struct store *s;
    struct err err = {0};
    must(
        store_open(w->directory, mode, w->tables ? w->tables : &fixture_tables, &w->options, &s, &err), &err);
    return s;
}

void world_reopen(struct world *w)
{
    store_close(w->store);
    w->store = world_second(w, STORE_WRITE);
}

void world_close(struct world *w)
{
    store_close(w->store);
    arena_destroy(w->arena);
    if (w->directory[0])
        fixture_remove(w->directory);
}

static int begin(void **state, bool memory)
{
    struct world *w = calloc(1, sizeof *w);
    world_open(w, memory);
    *state = w;
    return 0;
}

int world_on_disk(void **state)
{
    return begin(state, false);
}

int world_in_memory(void **state)
{
    return begin(state, true);
}

int world_ends(void **state)
{
    world_close(*state);
    free(*state);
    return 0;
}

/* ---- records */

static void secret_of(int who, uint8_t secret[32])
{
    memset(secret, 0, 32);
    secret[31] = (uint8_t)who;
    secret[0] = 7;
}

struct pubkey key_of(int who)
{
    static struct pubkey known[256];
    static bool have[256];
    if (!have[who]) {
        uint8_t secret[32];
        secret_of(who, secret);
        assert_int_equal(record_pubkey_of_secret(secret, &known[who], NULL), 0);
        have[who] = true;
    }
    return known[who];
}

const char *key_hex(struct world *w, int who)
{
    struct pubkey k = key_of(who);
    char *out = arena_alloc(w->arena, 65);
    hex_encode(k.b, 32, out);
    return out;
}

const char *address_text(struct world *w, uint32_t kind, int who, const char *d)
{
    return arena_printf(w->arena, "%u:%s:%s", kind, key_hex(w, who), d).p;
}

static void add_tag(struct record_draft *d, struct str name, struct str values)
{
    struct str v[16] = {name};
    size_t n = 1;
    while (n < 16 && str_cut(&values, 0x1f, &v[n]))
        n++;
    record_draft_tag_strs(d, v, n > 1 ? n : 2);
}

/* The store trusts its callers with signatures, and makes ids its keys: only those must be right. */
struct record *make(struct world *w, uint32_t kind, int64_t created_at, int who, const char *content, ...)
{
    struct record_draft d;
    record_draft_init(&d, w->arena, kind, created_at);
    record_draft_content(&d, str_of(content));
    va_list args;
    va_start(args, content);
    const char *tag;
    while ((tag = va_arg(args, const char *))) {
        const char *equals = strchr(tag, '=');
        struct str name = {tag, (size_t)(equals - tag)}, value = str_of(equals + 1);
        if (str_eqz(name, "lang"))
            record_draft_label(&d, "ISO-639-1", value);
        else
            add_tag(&d, name, value);
    }
    va_end(args);
    uint8_t secret[32];
    secret_of(who, secret);
    struct record *r = ARENA_NEW(w->arena, struct record);
    assert_int_equal(record_sign(&d.r, secret, NULL), 0);
    *r = d.r;
    return r;
}

struct str record_raw(struct world *w, const struct record *r)
{
    struct buf b _cleanup_buf_ = BUF_INIT;
    record_to_json(r, &b);
    return arena_str(w->arena, buf_str(&b));
}

const char *record_hex(struct world *w, const struct record *r)
{
    char *out = arena_alloc(w->arena, 65);
    hex_encode(r->id.b, 32, out);
    return out;
}

static struct store_item put_item(struct world *w, const struct record *r)
{
    struct store_item item = {.record = r};
    struct err err = {0};
    must(store_append(w->store, &item, 1, &err), &err);
    must(store_wait_applied(w->store, store_last_seq(w->store), 20000, &err), &err);
    return item;
}

enum store_verdict put(struct world *w, const struct record *r)
{
    return put_item(w, r).verdict;
}

const char *put_reason(struct world *w, const struct record *r)
{
    struct store_item item = put_item(w, r);
    return item.verdict == STORE_REFUSED ? arena_str(w->arena, str_of(item.reason)).p : "";
}

/* ---- looking */

static int add_content(void *ctx, const struct store_found *f)
{
    struct buf *b = ctx;
    if (b->n)
        buf_addc(b, ' ');
    buf_adds(b, f->record.content);
    return 0;
}

const char *find_flags(struct world *w, const char *filter, unsigned flags)
{
    struct filter f;
    struct err err = {0};
    must(filter_parse(w->arena, str_of(filter), &f, &err), &err);
    struct store_read *r;
    must(store_read_begin(w->store, &r, &err), &err);
    struct buf out _cleanup_buf_ = BUF_INIT;
    must(store_query(r, &f, 1, flags | STORE_PARSE, add_content, &out, &err), &err);
    store_read_end(r);
    return arena_str(w->arena, buf_str(&out)).p;
}

const char *find(struct world *w, const char *filter)
{
    return find_flags(w, filter, 0);
}

int get_code(struct world *w, const struct record *r)
{
    struct store_read *read;
    struct store_found f;
    assert_int_equal(store_read_begin(w->store, &read, NULL), 0);
    int rc = store_get(read, w->arena, &r->id, &f, NULL);
    store_read_end(read);
    return rc;
}

static const char *search_with(struct world *w, const char *query, bool newest)
{
    struct search_query q = {.text = str_of(query), .kind = 30023, .limit = 100, .newest = newest};
    struct search_result result;
    struct store_read *r;
    struct err err = {0};
    must(store_read_begin(w->store, &r, &err), &err);
    must(store_search(r, w->arena, &q, &result, &err), &err);
    struct buf out _cleanup_buf_ = BUF_INIT;
    for (size_t i = 0; i < result.n; i++) {
        struct store_found f;
        must(store_get_seq(r, w->arena, result.hits[i].seq, &f, &err), &err);
        buf_addf(&out, "%s%.*s", i ? " " : "", STR_ARG(record_tag_value(&f.record, "title")));
    }
    store_read_end(r);
    return arena_str(w->arena, buf_str(&out)).p;
}

const char *search(struct world *w, const char *query)
{
    return search_with(w, query, false);
}

const char *search_newest(struct world *w, const char *query)
{
    return search_with(w, query, true);
}

const char *trial(struct world *w)
{
    static const struct sql_statement rows = {
        "trial_rows", "SELECT d, title, revisions FROM trial_item ORDER BY d, actor"};
    struct store_read *r;
    assert_int_equal(store_read_begin(w->store, &r, NULL), 0);
    struct buf out _cleanup_buf_ = BUF_INIT;
    struct sql_cursor *c = sql_open(store_read_sql(r), &rows);
    while (sql_step(c, NULL) == 1) {
        struct str title = sql_col_text(c, 1);
        buf_addf(&out, "%s%.*s=%.*s*%d", out.n ? " " : "", STR_ARG(sql_col_text(c, 0)), (int)title.n,
            title.p ? title.p : "", (int)sql_col_int(c, 2));
    }
    assert_int_equal(sql_close(c, NULL), 0);
    store_read_end(r);
    return arena_str(w->arena, buf_str(&out)).p;
}

static int nothing(void *ctx, struct sql *db, struct err *err)
{
    return 0;
}

uint64_t world_told(struct world *w)
{
    pthread_mutex_lock(&told_of.mutex);
    uint64_t count = told_of.count;
    pthread_mutex_unlock(&told_of.mutex);
    /* Who may write now comes after the transaction in which the room was told. */
    assert_int_equal(store_write(w->store, nothing, NULL, NULL), 0);
    return count;
}

bool world_hears(struct world *w, uint64_t *told)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 60;
    pthread_mutex_lock(&told_of.mutex);
    int rc = 0;
    while (told_of.count <= *told && rc == 0)
        rc = pthread_cond_timedwait(&told_of.changed, &told_of.mutex, &until);
    pthread_mutex_unlock(&told_of.mutex);
    *told = world_told(w);
    return rc == 0;
}

void assert_found(const char *got, const char *want)
{
    if (strcmp(got, want))
        fail_msg("found \"%s\", want \"%s\"", got, want);
}

void assert_sound(struct store *s, uint64_t records)
{
    struct store_check_result result;
    assert_int_equal(store_check(s, NULL, NULL, &result, NULL), 0);
    assert_int_equal(result.bad_records + result.other_faults, 0);
    assert_int_equal(result.records, records);
}

uint64_t assert_rebuilds(struct store *s)
{
    uint8_t before[32], after[32];
    struct store_check_result result;
    assert_int_equal(store_projection_digest(s, before, NULL), 0);
    assert_int_equal(store_rebuild(s, NULL), 0);
    assert_int_equal(store_projection_digest(s, after, NULL), 0);
    assert_memory_equal(before, after, 32);
    assert_int_equal(store_check(s, NULL, NULL, &result, NULL), 0);
    assert_int_equal(result.bad_records + result.other_faults, 0);
    return result.records;
}

/* ---- on disk only */

void world_sql(struct world *w, const char *text)
{
    sqlite3 *db;
    struct str path = arena_printf(w->arena, "%s/widenet.db", w->directory);
    assert_int_equal(sqlite3_open(path.p, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 10000);
    char *message = NULL;
    if (sqlite3_exec(db, text, NULL, NULL, &message) != SQLITE_OK)
        fail_msg("%s: %s", text, message);
    sqlite3_close(db);
}

bool file_holds(const char *path, const char *word)
{
    struct buf b _cleanup_buf_ = BUF_INIT;
    int fd = open(path, O_RDONLY);
    if (fd < 0)
        return false;
    ssize_t n;
    do {
        buf_reserve(&b, 65536);
        n = read(fd, b.p + b.n, 65536);
        b.n += n > 0 ? (size_t)n : 0;
    } while (n > 0);
    close(fd);
    return str_find(buf_str(&b), str_of(word)) != SIZE_MAX;
}

void assert_nowhere(struct world *w, const char *word)
{
    static const char *const files[] = {"widenet.db", "widenet.db-wal", "widenet.db-shm"};
    for (size_t i = 0; i < 3; i++)
        if (file_holds(arena_printf(w->arena, "%s/%s", w->directory, files[i]).p, word))
            fail_msg("%s still holds \"%s\"", files[i], word);
}
