/* search.c: search in the memory back end: every current text is cut into words anew and held against the
 * query. */
#include "base/tokenizer.h"
#include "store/memory/private.h"

#include <math.h>
#include <stdlib.h>

struct word {
    struct str folded; /* in arena */
    uint32_t position;
    int column;
};
struct words {
    struct arena *arena;
    int column;
    LIST(struct word) list;
};

static int keep(void *ctx, const struct token *t)
{
    struct words *w = ctx;
    struct word word = {arena_str(w->arena, t->folded), t->position, w->column};
    LIST_ADD(&w->list, word);
    return 0;
}

static void cut(struct words *w, int column, struct str text, unsigned flags)
{
    w->column = column;
    tokenize(text, flags, keep, w);
}

/* Does the phrase's i-th word stand at this place? */
static bool stands(const struct words *text, const struct words *phrase, size_t i, int column,
    uint32_t position, bool prefix)
{
    for (size_t k = 0; k < text->list.n; k++) {
        const struct word *w = &text->list.at[k];
        struct str want = phrase->list.at[i].folded;
        if (w->column == column && w->position == position &&
            (str_eq(w->folded, want) || (prefix && i + 1 == phrase->list.n && str_starts(w->folded, want))))
            return true;
    }
    return false;
}

/* How often a term is met, weighted by where. */
static double meets(const struct words *text, const struct search_term *t)
{
    static const double weights[] = {6, 3, 1};
    struct arena *arena _cleanup_arena_ = arena_create(0);
    struct words phrase = {.arena = arena};
    cut(&phrase, 0, t->text, TOKEN_FOR_QUERY);
    double found = 0;
    for (size_t k = 0; k < text->list.n && phrase.list.n; k++) {
        const struct word *w = &text->list.at[k];
        bool all = str_eq(w->folded, phrase.list.at[0].folded) ||
                   (t->prefix && phrase.list.n == 1 && str_starts(w->folded, phrase.list.at[0].folded));
        for (size_t i = 1; i < phrase.list.n && all; i++)
            all = stands(text, &phrase, i, w->column, w->position + (uint32_t)i, t->prefix);
        if (all)
            found += weights[w->column];
    }
    free(phrase.list.at);
    return found;
}

static bool has_fact(struct str facts, const struct search_fact *f)
{
    struct str word;
    while (str_cut(&facts, ' ', &word))
        for (size_t i = 0; i < f->n; i++)
            if (str_eq(word, f->words[i]))
                return true;
    return false;
}

struct found {
    struct search_hit hit;
    int64_t date;
};

static bool fits(struct memory *m, struct arena *arena, const struct search_plan *plan, const struct entry *e,
    struct found *out)
{
    struct search_text t;
    if (!rules__search_text(arena, &m->base.tables, &e->body->record, &t) || t.date < plan->from ||
        t.date > plan->until)
        return false;
    for (size_t i = 0; i < plan->fact_count; i++)
        if (has_fact(t.facts, &plan->facts[i]) == plan->facts[i].negative)
            return false;
    struct words words = {.arena = arena};
    cut(&words, 0, t.text.title, 0);
    cut(&words, 1, t.text.summary, 0);
    cut(&words, 2, t.text.body, 0);
    bool yes = true;
    *out = (struct found){{e->seq, 0}, t.date};
    for (size_t i = 0; i < plan->term_count && yes; i++) {
        double n = meets(&words, &plan->terms[i]);
        yes = (n > 0) != plan->terms[i].negative;
        out->hit.score += n / (n + 1 + (double)words.list.n / 400);
    }
    free(words.list.at);
    return yes;
}

static int better(const void *pa, const void *pb)
{
    const struct found *a = pa, *b = pb;
    if (a->hit.score != b->hit.score)
        return a->hit.score > b->hit.score ? -1 : 1;
    if (a->date != b->date)
        return a->date > b->date ? -1 : 1;
    return a->hit.seq > b->hit.seq ? -1 : a->hit.seq < b->hit.seq;
}

int memory__search(struct store_read *r, struct arena *arena, const struct search_plan *plan,
    struct search_result *out, struct err *err)
{
    struct memory *m = memory_of(r->store);
    const struct search_query *q = plan->query;
    struct arena *work _cleanup_arena_ = arena_create(0);
    LIST(struct found) all = {0};
    pthread_mutex_lock(&m->mutex);
    for (size_t i = 0; i < m->log.n; i++) {
        const struct entry *e = &m->log.at[i];
        struct found f;
        arena_reset(work);
        if (!e->body || entry_state(e, ((struct memory_read *)r)->version) != STORE_CURRENT ||
            (e->facts.expires_at && e->facts.expires_at <= r->now) || !fits(m, work, plan, e, &f))
            continue;
        if (q->newest || !plan->any_word)
            f.hit.score = 0;
        LIST_ADD(&all, f);
    }
    pthread_mutex_unlock(&m->mutex);
    if (all.n)
        qsort(all.at, all.n, sizeof *all.at, better);
    size_t from = q->offset < all.n ? q->offset : all.n;
    out->more = all.n > q->offset + q->limit;
    out->n = all.n - from < q->limit ? all.n - from : q->limit;
    out->hits = ARENA_ARRAY(arena, struct search_hit, out->n + 1);
    for (size_t i = 0; i < out->n; i++)
        out->hits[i] = all.at[from + i].hit;
    free(all.at);
    return 0;
}
