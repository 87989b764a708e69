/* index_source.c: what the engine takes, from the columns; from SQL where they are not there yet. */
#include "rating/index.h"

#include "rating/private.h"

struct source {
    struct rating_index *index;
    struct sql *db;
    const struct view *view;
    unsigned slot;
    struct arena *arena;
};

static int by_rater(
    void *ctx, struct arena *arena, uint32_t rater, int64_t since, struct marks *out, struct err *err)
{
    return rating__view_rater(((struct source *)ctx)->view, arena, rater, since, out, err);
}

static int by_subject(void *ctx, struct arena *arena, uint32_t subject, struct marks *out, struct err *err)
{
    return rating__view_subject(((struct source *)ctx)->view, arena, subject, out, err);
}

static int articles(void *ctx, struct arena *arena, int64_t from, int64_t to, const uint32_t **out, size_t *n,
    struct err *err)
{
    return rating__view_articles(((struct source *)ctx)->view, arena, from, to, out, n, err);
}

static uint64_t article_count(void *ctx)
{
    return ((struct source *)ctx)->view->article_count;
}

static const struct subject_facts *facts(void *ctx, uint32_t subject)
{
    return rating__view_facts(((struct source *)ctx)->view, subject);
}

static int topics(
    void *ctx, struct arena *arena, uint32_t subject, const uint32_t **out, size_t *n, struct err *err)
{
    (void)arena, (void)err;
    const struct view *v = ((struct source *)ctx)->view;
    const struct subject_facts *f = rating__view_facts(v, subject);
    *n = 0;
    *out = NULL;
    if (!f->topics)
        return 0;
    const uint32_t *list = v->pages[subject / INDEX_PAGE]->topics + f->topics - 1;
    *n = list[0];
    *out = list + 1;
    return 0;
}

static uint32_t topic(void *ctx, struct str name)
{
    return rating__topic(((struct source *)ctx)->db, name);
}

static void close_source(void *ctx)
{
    struct source *s = ctx;
    if (!s)
        return;
    rating__view_give(s->index, s->slot);
    arena_destroy(s->arena);
}

/* The published view, if its facts are those of the snapshot: a page must not list an article that the tables
 * do not have, nor miss one. Marks may be some milliseconds older or newer. */
static const struct view *take_view(
    struct rating_index *index, const struct journal_state *at, unsigned *slot)
{
    const struct view *view = rating__view_take(index, slot);
    if (!view || (view->epoch == at->epoch && view->facts == at->facts))
        return view;
    bool behind = view->epoch == at->epoch && (view->facts < at->facts || view->facts == UINT64_MAX);
    rating__view_give(index, *slot);
    if (!behind || !rating__index_wait_facts(index, at))
        return NULL;
    view = rating__view_take(index, slot);
    if (view && (view->epoch != at->epoch || view->facts != at->facts)) {
        rating__view_give(index, *slot);
        view = NULL;
    }
    return view;
}

int rating__index_source(
    struct rating_index *index, struct store_read *read, struct rating_source *out, struct err *err)
{
    unsigned slot;
    struct journal_state at;
    int rc = rating__journal_state(store_read_sql(read), &at, err);
    if (rc)
        return rc;
    const struct view *view = take_view(index, &at, &slot);
    if (!view)
        return rating__sql_source(read, out, err);
    struct arena *arena = arena_create(0);
    struct source *s = ARENA_NEW(arena, struct source);
    *s = (struct source){
        .index = index, .db = store_read_sql(read), .view = view, .slot = slot, .arena = arena};
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
