/* sql_source.c: what the engine takes, by plain statements: the reference that the columns are compared with.
 */
#include "rating/apply.h"

struct source {
    struct store_read *read;
    struct sql *db;
    struct arena *arena;
    struct subject_facts **facts; /* asked for before, by subject: open addressing */
    uint32_t *keys;               /* 0: empty */
    size_t slots, used;
};

static int collect_marks(struct sql_cursor *c, struct arena *arena, struct marks *out, struct err *err)
{
    _cleanup_buf_ struct buf all = BUF_INIT;
    int step;
    while ((step = sql_step(c, err)) == 1) {
        struct mark m = {.subject = (uint32_t)sql_col_int(c, 0),
            .rater = (uint32_t)sql_col_int(c, 1),
            .dimension = (uint8_t)sql_col_int(c, 2),
            .value = (uint16_t)sql_col_int(c, 3),
            .time = rating__time(sql_col_int(c, 4)),
            .flags = (uint8_t)sql_col_int(c, 5)};
        buf_add(&all, &m, sizeof m);
    }
    int rc = sql_close(c, err);
    if (rc)
        return rc;
    struct str kept = arena_str(arena, buf_str(&all));
    *out = (struct marks){(const struct mark *)(const void *)kept.p, all.n / sizeof(struct mark)};
    return kept.p ? 0 : err_set(err, ERR_MEMORY, "the ratings do not fit");
}

static int by_rater(
    void *ctx, struct arena *arena, uint32_t rater, int64_t since, struct marks *out, struct err *err)
{
    struct source *s = ctx;
    struct sql_cursor *c = sql_open(s->db, &rating_source_by_rater);
    sql_int(c, 1, rater);
    sql_int(c, 2, since);
    return collect_marks(c, arena, out, err);
}

static int by_subject(void *ctx, struct arena *arena, uint32_t subject, struct marks *out, struct err *err)
{
    struct source *s = ctx;
    struct sql_cursor *c = sql_open(s->db, &rating_source_by_subject);
    sql_int(c, 1, subject);
    return collect_marks(c, arena, out, err);
}

static int collect_numbers(
    struct sql_cursor *c, struct arena *arena, const uint32_t **out, size_t *n, struct err *err)
{
    _cleanup_buf_ struct buf all = BUF_INIT;
    int step;
    while ((step = sql_step(c, err)) == 1)
        buf_add(&all, &(uint32_t){(uint32_t)sql_col_int(c, 0)}, sizeof(uint32_t));
    int rc = sql_close(c, err);
    if (rc)
        return rc;
    struct str kept = arena_str(arena, buf_str(&all));
    *out = (const uint32_t *)(const void *)kept.p;
    *n = all.n / sizeof(uint32_t);
    return kept.p ? 0 : err_set(err, ERR_MEMORY, "the articles do not fit");
}

static int articles(void *ctx, struct arena *arena, int64_t from, int64_t to, const uint32_t **out, size_t *n,
    struct err *err)
{
    struct source *s = ctx;
    struct sql_cursor *c = sql_open(s->db, &rating_source_articles);
    sql_int(c, 1, from);
    sql_int(c, 2, to);
    return collect_numbers(c, arena, out, n, err);
}

static uint64_t article_count(void *ctx)
{
    struct source *s = ctx;
    struct sql_cursor *c = sql_open(s->db, &rating_source_article_count);
    int64_t n = sql_step(c, NULL) == 1 ? sql_col_int(c, 0) : 0;
    sql_close(c, NULL);
    return (uint64_t)n;
}

static void read_facts(struct source *s, uint32_t subject, struct subject_facts *out)
{
    struct sql_cursor *c = sql_open(s->db, &rating_source_facts);
    sql_int(c, 1, subject);
    if (sql_step(c, NULL) == 1)
        *out = (struct subject_facts){.date = sql_col_int(c, 0),
            .author = (uint32_t)sql_col_int(c, 1),
            .lineage = (uint32_t)sql_col_int(c, 2),
            .language = rating__language(sql_col_text(c, 3)),
            .kind_class = 1,
            .flags = SUBJECT_HERE};
    sql_close(c, NULL);
}

static void grow(struct source *s)
{
    size_t slots = s->slots ? 2 * s->slots : 1024;
    uint32_t *keys = ARENA_ARRAY(s->arena, uint32_t, slots);
    struct subject_facts **facts = ARENA_ARRAY(s->arena, struct subject_facts *, slots);
    for (size_t i = 0; i < s->slots; i++) {
        if (!s->keys[i])
            continue;
        size_t at = s->keys[i] * 2654435761u & (slots - 1);
        while (keys[at])
            at = (at + 1) & (slots - 1);
        keys[at] = s->keys[i];
        facts[at] = s->facts[i];
    }
    s->keys = keys;
    s->facts = facts;
    s->slots = slots;
}

static const struct subject_facts *facts(void *ctx, uint32_t subject)
{
    static const struct subject_facts none;
    struct source *s = ctx;
    if (!subject)
        return &none;
    if (2 * s->used >= s->slots)
        grow(s);
    size_t at = subject * 2654435761u & (s->slots - 1);
    while (s->keys[at] && s->keys[at] != subject)
        at = (at + 1) & (s->slots - 1);
    if (!s->keys[at]) {
        s->keys[at] = subject;
        s->facts[at] = ARENA_NEW(s->arena, struct subject_facts);
        s->used++;
        read_facts(s, subject, s->facts[at]);
    }
    return s->facts[at];
}

static int topics(
    void *ctx, struct arena *arena, uint32_t subject, const uint32_t **out, size_t *n, struct err *err)
{
    struct source *s = ctx;
    struct sql_cursor *c = sql_open(s->db, &rating_source_topics);
    sql_int(c, 1, subject);
    return collect_numbers(c, arena, out, n, err);
}

uint32_t rating__topic(struct sql *db, struct str name)
{
    _cleanup_arena_ struct arena *arena = arena_create(0);
    struct sql_cursor *c = sql_open(db, &rating_topic_number);
    sql_text(c, 1, rating__topic_name(arena, name));
    int64_t topic = sql_step(c, NULL) == 1 ? sql_col_int(c, 0) : 0;
    sql_close(c, NULL);
    return (uint32_t)topic;
}

static uint32_t topic(void *ctx, struct str name)
{
    return rating__topic(((struct source *)ctx)->db, name);
}

static void close_source(void *ctx)
{
    struct source *s = ctx;
    if (s)
        arena_destroy(s->arena);
}

int rating__sql_source(struct store_read *read, struct rating_source *out, struct err *err)
{
    struct arena *arena = arena_create(0);
    struct source *s = ARENA_NEW(arena, struct source);
    (void)err;
    *s = (struct source){.read = read, .db = store_read_sql(read), .arena = arena};
    *out = (struct rating_source){.ctx = s,
        .by_rater = by_rater,
        .by_subject = by_subject,
        .articles = articles,
        .article_count = article_count,
        .facts = facts,
        .topics = topics,
        .topic = topic,
        .close = close_source};
    return 0;
}
