/* view.c: what readers of the rating index see, and how the next view is made from the last. */
#include "rating/index.h"

#include <stdlib.h>

enum { most_changes = 2048 }; /* of dates, before the list is made anew */

static void *must(void *p)
{
    if (!p)
        abort();
    return p;
}

/* ---- looking */

const struct subject_facts *rating__view_facts(const struct view *v, uint32_t subject)
{
    static const struct subject_facts none;
    size_t page = subject / INDEX_PAGE;
    return page < v->page_count && v->pages[page] ? &v->pages[page]->facts[subject % INDEX_PAGE] : &none;
}

uint32_t rating__index_date(const struct subject_facts *facts)
{
    if (!(facts->flags & SUBJECT_HERE))
        return 0;
    return facts->date < 1 ? 1 : facts->date > UINT32_MAX ? UINT32_MAX : (uint32_t)facts->date;
}

static uint64_t clamped(int64_t date)
{
    return date < 1 ? 1 : date > UINT32_MAX ? UINT32_MAX : (uint64_t)date;
}

/* The first of the list that is not below. */
static size_t lower(const struct dates *d, uint64_t key)
{
    size_t low = 0, high = d ? d->n : 0;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (d->at[middle] < key)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static size_t lower_change(const struct view *v, uint64_t key)
{
    size_t low = 0, high = v->change_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (v->changes[middle].key < key)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* What lies before 1970 is one day in the list: its end is put in order. */
static int later_first(const void *pa, const void *pb, void *ctx)
{
    uint32_t a = *(const uint32_t *)pa, b = *(const uint32_t *)pb;
    int64_t x = rating__view_facts(ctx, a)->date, y = rating__view_facts(ctx, b)->date;
    if (x != y)
        return x > y ? -1 : 1;
    return a > b ? -1 : a < b;
}

int rating__view_articles(const struct view *v, struct arena *arena, int64_t from, int64_t to,
    const uint32_t **out, size_t *n, struct err *err)
{
    *n = 0;
    *out = NULL;
    if (from > to || from > UINT32_MAX)
        return 0;
    uint64_t first = clamped(from) << 32, last = clamped(to) << 32 | UINT32_MAX;
    size_t low = lower(v->dates, first),
           high = last == UINT64_MAX ? (v->dates ? v->dates->n : 0) : lower(v->dates, last + 1);
    size_t low_change = lower_change(v, first),
           high_change = last == UINT64_MAX ? v->change_count : lower_change(v, last + 1);
    uint32_t *list = arena_alloc(arena, (high - low + high_change - low_change + 1) * sizeof *list);
    if (!list)
        return err_set(err, ERR_MEMORY, "the articles do not fit");
    size_t recent = 0; /* those dated 1970 or later */
    while (high > low || high_change > low_change) {
        uint64_t key;
        if (high_change > low_change &&
            (high == low || v->changes[high_change - 1].key >= v->dates->at[high - 1])) {
            const struct dated_change *c = &v->changes[--high_change];
            key = c->key;
            if (high > low && v->dates->at[high - 1] == key)
                high--;
            if (c->gone)
                continue;
        } else {
            key = v->dates->at[--high];
        }
        /* The ends hold what lies beyond them, too. */
        if (key >> 32 == 1 || key >> 32 == UINT32_MAX) {
            int64_t date = rating__view_facts(v, (uint32_t)key)->date;
            if (date < from || date > to)
                continue;
        }
        if (key >> 32 > 1)
            recent = *n + 1;
        list[(*n)++] = (uint32_t)key;
    }
    if (*n > recent + 1)
        qsort_r(list + recent, *n - recent, sizeof *list, later_first, (void *)(uintptr_t)v);
    *out = list;
    return 0;
}

int rating__view_rater(const struct view *v, struct arena *arena, uint32_t rater, int64_t since,
    struct marks *out, struct err *err)
{
    struct slice slices[INDEX_MOST_RUNS];
    size_t count = 0, rows = 0;
    *out = (struct marks){NULL, 0};
    if (since > UINT32_MAX)
        return 0;
    for (size_t i = v->run_count; i-- > 0;) {
        slices[count] = rating__run_rater(v->runs[i], rater, (uint32_t)clamped(since));
        rows += slices[count].n;
        count += slices[count].n > 0;
    }
    if (!rows)
        return 0;
    struct mark *list = arena_alloc(arena, rows * sizeof *list);
    if (!list)
        return err_set(err, ERR_MEMORY, "the ratings do not fit");
    size_t n = rating__merge_dated(slices, count, rater, list), kept = since > 1 ? n : 0;
    for (size_t i = 0; since <= 1 && i < n; i++) /* what is dated before 1970 is kept as dated 1 */
        if (rating__view_facts(v, list[i].subject)->date >= since)
            list[kept++] = list[i];
    *out = (struct marks){list, kept};
    return 0;
}

int rating__view_subject(
    const struct view *v, struct arena *arena, uint32_t subject, struct marks *out, struct err *err)
{
    struct marks slices[INDEX_MOST_RUNS];
    size_t count = 0, rows = 0;
    *out = (struct marks){NULL, 0};
    for (size_t i = v->run_count; i-- > 0;) {
        slices[count] = rating__run_subject(v->runs[i], subject);
        rows += slices[count].n;
        count += slices[count].n > 0;
    }
    if (!rows)
        return 0;
    struct mark *list = arena_alloc(arena, rows * sizeof *list);
    if (!list)
        return err_set(err, ERR_MEMORY, "the ratings do not fit");
    *out = (struct marks){list, rating__merge_marks(slices, count, list)};
    return 0;
}

/* ---- the next view */

struct view *rating__view_copy(const struct view *v)
{
    struct view *copy = must(calloc(1, sizeof *copy));
    if (!v)
        return copy;
    *copy = *v;
    copy->next = NULL;
    copy->pages = must(malloc((v->page_count + 1) * sizeof(struct page *)));
    copy->changes = must(malloc((most_changes + 2) * sizeof *copy->changes));
    if (v->page_count)
        memcpy(copy->pages, v->pages, v->page_count * sizeof(struct page *));
    if (v->change_count)
        memcpy(copy->changes, v->changes, v->change_count * sizeof *v->changes);
    for (size_t i = 0; i < v->page_count; i++)
        if (v->pages[i])
            v->pages[i]->users++;
    for (size_t i = 0; i < v->run_count; i++)
        v->runs[i]->users++;
    if (v->dates)
        v->dates->users++;
    return copy;
}

static void drop_page(struct page *p)
{
    if (p && --p->users == 0) {
        free(p->topics);
        free(p);
    }
}

static void drop_dates(struct dates *d)
{
    if (d && --d->users == 0)
        free(d);
}

void rating__view_free(struct view *v)
{
    if (!v)
        return;
    for (size_t i = 0; i < v->page_count; i++)
        drop_page(v->pages[i]);
    for (size_t i = 0; i < v->run_count; i++)
        if (--v->runs[i]->users == 0)
            rating__run_free(v->runs[i]);
    drop_dates(v->dates);
    free(v->pages);
    free(v->changes);
    free(v);
}

void rating__view_add_run(struct view *v, struct run *run)
{
    run->users++;
    v->runs[v->run_count++] = run;
}

/* All changes into the list. */
static void fold_dates(struct view *v)
{
    size_t old = v->dates ? v->dates->n : 0, at = 0, change = 0;
    struct dates *next = must(malloc(sizeof *next + (old + v->change_count) * sizeof *next->at));
    next->users = 1;
    next->n = 0;
    while (at < old || change < v->change_count) {
        if (change == v->change_count || (at < old && v->dates->at[at] < v->changes[change].key)) {
            next->at[next->n++] = v->dates->at[at++];
            continue;
        }
        if (at < old && v->dates->at[at] == v->changes[change].key)
            at++;
        if (!v->changes[change].gone)
            next->at[next->n++] = v->changes[change].key;
        change++;
    }
    drop_dates(v->dates);
    v->dates = next;
    v->change_count = 0;
}

static void change_date(struct view *v, uint64_t key, bool gone)
{
    size_t at = lower_change(v, key);
    if (!v->changes)
        v->changes = must(malloc((most_changes + 2) * sizeof *v->changes));
    if (at == v->change_count || v->changes[at].key != key) {
        memmove(v->changes + at + 1, v->changes + at, (v->change_count - at) * sizeof *v->changes);
        v->change_count++;
    }
    v->changes[at] = (struct dated_change){key, gone};
    if (v->change_count > most_changes)
        fold_dates(v);
}

/* The page to write on: one that no other view has. The topics move together. */
static struct page *own_page(struct view *v, size_t number)
{
    if (number >= v->page_count) {
        size_t count = number + 1 + number / 8;
        v->pages = must(realloc(v->pages, (count + 1) * sizeof *v->pages));
        memset(v->pages + v->page_count, 0, (count - v->page_count) * sizeof *v->pages);
        v->page_count = count;
    }
    struct page *old = v->pages[number];
    if (old && old->users == 1)
        return old;
    struct page *page = must(calloc(1, sizeof *page));
    page->users = 1;
    if (old) {
        memcpy(page->facts, old->facts, sizeof page->facts);
        page->topics = must(malloc((old->topic_count + 1) * sizeof *page->topics));
        for (size_t i = 0; i < INDEX_PAGE; i++) {
            struct subject_facts *f = &page->facts[i];
            if (!f->topics)
                continue;
            const uint32_t *list = old->topics + f->topics - 1;
            memcpy(page->topics + page->topic_count, list, (list[0] + 1) * sizeof *list);
            f->topics = page->topic_count + 1;
            page->topic_count += list[0] + 1;
        }
        drop_page(old);
    }
    return v->pages[number] = page;
}

static int key_order(const void *pa, const void *pb)
{
    const uint64_t *a = pa, *b = pb;
    return *a < *b ? -1 : *a > *b;
}

void rating__view_date_all(struct view *v)
{
    size_t room = 1024;
    struct dates *d = must(malloc(sizeof *d + room * sizeof *d->at));
    *d = (struct dates){.users = 1};
    for (size_t i = 0; i < v->page_count; i++)
        for (size_t k = 0; v->pages[i] && k < INDEX_PAGE; k++) {
            uint32_t date = rating__index_date(&v->pages[i]->facts[k]);
            if (!date)
                continue;
            if (d->n == room)
                d = must(realloc(d, sizeof *d + (room *= 2) * sizeof *d->at));
            d->at[d->n++] = (uint64_t)date << 32 | (i * INDEX_PAGE + k);
        }
    if (d->n)
        qsort(d->at, d->n, sizeof *d->at, key_order);
    drop_dates(v->dates);
    v->dates = d;
    v->change_count = 0;
    v->article_count = d->n;
}

void rating__view_set_facts(struct view *v, uint32_t subject, const struct subject_facts *facts,
    const uint32_t *topics, size_t topic_count)
{
    uint32_t before = rating__index_date(rating__view_facts(v, subject)), after = rating__index_date(facts);
    struct page *page = own_page(v, subject / INDEX_PAGE);
    struct subject_facts *f = &page->facts[subject % INDEX_PAGE];
    *f = *facts;
    f->topics = 0;
    if (topic_count) {
        page->topics = must(realloc(page->topics, (page->topic_count + topic_count + 1) * sizeof *topics));
        f->topics = page->topic_count + 1;
        page->topics[page->topic_count++] = (uint32_t)topic_count;
        memcpy(page->topics + page->topic_count, topics, topic_count * sizeof *topics);
        page->topic_count += (uint32_t)topic_count;
    }
    if (before == after || !v->dates)
        return;
    if (before)
        change_date(v, (uint64_t)before << 32 | subject, true);
    if (after)
        change_date(v, (uint64_t)after << 32 | subject, false);
    v->article_count += (after > 0) - (uint64_t)(before > 0);
}

/* ---- readers */

struct view *rating__view_take(struct rating_index *index, unsigned *slot)
{
    /* A slot is claimed for a view by putting it there; then it must still be the one that is published, or
     * the index may have looked at the slots before. Each thread begins where it is likely alone. */
    struct view *v = atomic_load(&index->view);
    unsigned start = (unsigned)((uintptr_t)&v >> 12) % INDEX_SLOTS;
    for (unsigned i = 0; v && i < INDEX_SLOTS; i++) {
        unsigned here = (start + i) % INDEX_SLOTS;
        struct view *empty = NULL;
        if (atomic_load_explicit(&index->slots[here], memory_order_relaxed) ||
            !atomic_compare_exchange_strong(&index->slots[here], &empty, v))
            continue;
        for (struct view *now; (now = atomic_load(&index->view)) != v; v = now)
            atomic_store(&index->slots[here], now);
        *slot = here;
        if (!v)
            atomic_store(&index->slots[here], NULL);
        return v;
    }
    return NULL;
}

void rating__view_give(struct rating_index *index, unsigned slot)
{
    atomic_store(&index->slots[slot], NULL);
}

void rating__view_publish(struct rating_index *index, struct view *v)
{
    struct view *old = atomic_exchange(&index->view, v);
    if (old) {
        old->next = index->retired;
        index->retired = old;
    }
    for (struct view **at = &index->retired; *at;) {
        bool held = false;
        for (unsigned i = 0; i < INDEX_SLOTS && !held; i++)
            held = atomic_load(&index->slots[i]) == *at;
        if (held) {
            at = &(*at)->next;
            continue;
        }
        struct view *gone = *at;
        *at = gone->next;
        rating__view_free(gone);
    }
}
