/* pool.c: see pool.h. */
#include "rating/pool.h"

const struct store_tables *pool_tables(void)
{
    static struct store_projection projections[3];
    static struct store_tables tables;
    projections[0] = news_projection;
    projections[1] = rating_projection;
    projections[1].ctx = (void *)(uintptr_t)news_texts;
    tables = (struct store_tables){projections, rating_migrations, news_texts};
    return &tables;
}

struct record *article(struct world *w, int who, const char *d, int64_t created_at, const char *title,
    const char *text, int64_t published_at)
{
    return make(w, 30023, created_at, who, text, arena_printf(w->arena, "d=%s", d).p,
        arena_printf(w->arena, "title=%s", title).p, "L=license", "l=CC0-1.0\x1flicense", "t=Work", "t=rent",
        published_at ? arena_printf(w->arena, "published_at=%ld", (long)published_at).p : "lang=en",
        published_at ? "lang=en" : NULL, NULL);
}

struct record *rating(struct world *w, int who, const char *address, const struct record *revision,
    const char *dimension, const char *value, int64_t created_at)
{
    const char *tags[8];
    size_t n = 0;
    tags[n++] = arena_printf(w->arena, "d=address:%s%s%s", address, *dimension ? "#" : "", dimension).p;
    if (strlen(tags[0]) - 2 > 184) /* not as it should be, but one for one */
        tags[0] = arena_printf(w->arena, "d=%s#%s", address + 60, dimension).p;
    tags[n++] = arena_printf(w->arena, "a=%s", address).p;
    tags[n++] = arena_printf(w->arena, "rating=%s", value).p;
    if (revision)
        tags[n++] = arena_printf(w->arena, "e=%s", record_hex(w, revision)).p;
    if (*dimension)
        tags[n++] = arena_printf(w->arena, "l=%s\x1fwidenet.rating", dimension).p;
    while (n < 8)
        tags[n++] = NULL;
    return make(w, 34259, created_at, who, "because", tags[0], tags[1], tags[2], tags[3], tags[4], NULL);
}

struct record *reaction(struct world *w, int who, const char *address, const struct record *event,
    const char *content, int64_t at)
{
    return make(w, 7, at, who, content, arena_printf(w->arena, "e=%s", record_hex(w, event)).p,
        address ? arena_printf(w->arena, "a=%s", address).p : NULL, NULL);
}

struct record *trust(struct world *w, int who, const char *d, const char *entries, int64_t created_at)
{
    struct record_draft draft;
    record_draft_init(&draft, w->arena, 30000, created_at);
    record_draft_tag(&draft, "d", d, NULL);
    struct str rest = str_of(entries), entry;
    while (str_cut(&rest, ' ', &entry)) {
        size_t equals = str_find_char(entry, '=');
        char key[8], share[32];
        snprintf(key, sizeof key, "%.*s", (int)equals, entry.p);
        snprintf(share, sizeof share, "%.*s", STR_ARG(str_slice(entry, equals + 1, entry.n)));
        if (*share)
            record_draft_tag(&draft, "p", key_hex(w, atoi(key)), "", "pet", share, NULL);
        else
            record_draft_tag(&draft, "p", key_hex(w, atoi(key)), NULL);
    }
    uint8_t secret[32] = {[0] = 7, [31] = (uint8_t)who};
    struct record *r = ARENA_NEW(w->arena, struct record);
    assert_int_equal(record_sign(&draft.r, secret, NULL), 0);
    *r = draft.r;
    return r;
}

struct record *deletion(struct world *w, int who, const char *address, int64_t created_at)
{
    return make(w, 5, created_at, who, "", arena_printf(w->arena, "a=%s", address).p, NULL);
}

struct record *deletion_of(struct world *w, const struct record *r, int who, int64_t created_at)
{
    return make(w, 5, created_at, who, "", arena_printf(w->arena, "e=%s", record_hex(w, r)).p, NULL);
}

/* ---- looking */

/* Keys by their number, so that a line can be read. */
static struct str name_keys(struct world *w, struct str line)
{
    struct buf out _cleanup_buf_ = BUF_INIT;
    for (size_t at = 0; at < line.n;) {
        int who = 0;
        for (int k = 1; k < 12 && !who && at + 64 <= line.n; k++)
            if (!memcmp(line.p + at, key_hex(w, k), 64))
                who = k;
        if (who)
            buf_addf(&out, "k%d", who);
        else
            buf_addc(&out, line.p[at]);
        at += who ? 64 : 1;
    }
    return arena_str(w->arena, buf_str(&out));
}

static int line_cmp(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static const struct sql_statement looks[] = {
    {"marks", "SELECT 'mark ' || s.coordinate || ' ' || lower(hex(a.pubkey)) || ' ' || d.coordinate || ' ' "
              "|| m.value || ' ' || "
              "m.time || ' ' || m.flags || ' ' || coalesce(lower(hex(m.revision)), '-') FROM rating_mark m "
              "JOIN rating_state_subject s ON s.subject = m.subject JOIN store_actor a ON a.actor = m.rater "
              "JOIN rating_state_dimension d ON d.dimension = m.dimension"},
    {"facts", "SELECT 'facts ' || s.coordinate || ' ' || lower(hex(f.id)) || ' ' || f.date || ' ' || "
              "lower(hex(a.pubkey)) "
              "|| ' ' || l.coordinate || ' ' || f.language FROM rating_subject f "
              "JOIN rating_state_subject s ON s.subject = f.subject JOIN rating_state_subject l ON l.subject "
              "= f.lineage "
              "JOIN store_actor a ON a.actor = f.author"},
    {"topics", "SELECT 'topic ' || s.coordinate || ' ' || n.name FROM rating_topic t "
               "JOIN rating_state_subject s ON s.subject = t.subject JOIN rating_state_topic n ON n.topic = "
               "t.topic"},
    {"edges", "SELECT 'edge ' || lower(hex(a.pubkey)) || ' ' || lower(hex(b.pubkey)) || ' ' || e.weight || ' "
              "' || e.petname "
              "FROM rating_edge e JOIN store_actor a ON a.actor = e.truster JOIN store_actor b ON b.actor = "
              "e.target"},
    {"filters", "SELECT 'filter ' || lower(hex(a.pubkey)) || ' ' || f.d || ' ' || f.name || ' ' || f.origin "
                "FROM rating_filter f JOIN store_actor a ON a.actor = f.author"},
    {"dimensions", "SELECT 'dimension ' || d.coordinate FROM rating_dimension r "
                   "JOIN rating_state_dimension d ON d.dimension = r.dimension"},
    {"revisions", "SELECT 'revision ' || s.coordinate || ' ' || lower(hex(r.id)) FROM rating_revision r "
                  "JOIN rating_state_subject s ON s.subject = r.subject"},
};

static const char *look(struct world *w, size_t count)
{
    char **lines = NULL;
    size_t n = 0;
    struct store_read *r;
    assert_int_equal(store_read_begin(w->store, &r, NULL), 0);
    for (size_t i = 0; i < count; i++) {
        struct sql_cursor *c = sql_open(store_read_sql(r), &looks[i]);
        int step;
        struct err err;
        while ((step = sql_step(c, &err)) == 1) {
            lines = realloc(lines, (n + 1) * sizeof *lines);
            lines[n++] = arena_strz(w->arena, name_keys(w, sql_col_text(c, 0)));
        }
        if (step < 0)
            fail_msg("%s", err.what);
        sql_close(c, NULL);
    }
    store_read_end(r);
    if (n)
        qsort(lines, n, sizeof *lines, line_cmp);
    struct buf out _cleanup_buf_ = BUF_INIT;
    for (size_t i = 0; i < n; i++)
        buf_addf(&out, "%s\n", lines[i]);
    free(lines);
    return arena_strz(w->arena, buf_str(&out));
}

const char *dump(struct world *w)
{
    return look(w, sizeof looks / sizeof *looks);
}

const char *dump_marks(struct world *w)
{
    return look(w, 1);
}

void assert_rebuilt_alike(struct world *w)
{
    uint8_t before[32], after[32];
    const char *old = dump(w);
    assert_int_equal(store_projection_digest(w->store, before, NULL), 0);
    assert_int_equal(store_rebuild(w->store, NULL), 0);
    assert_int_equal(store_projection_digest(w->store, after, NULL), 0);
    assert_string_equal(old, dump(w));
    assert_memory_equal(before, after, 32);
}
