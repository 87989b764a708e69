/* difference.c: see difference.h. Words become numbers by sorting; the numbers are compared by Myers' greedy
 * algorithm ("An O(ND) Difference Algorithm and Its Variations", 1986, section 2), inside the band that so
 * many words removed and so many added leave open. */
#include "base/difference.h"

#include "base/tokenizer.h"

#include <stdlib.h>

struct word {
    uint64_t hash;
    uint32_t at, n; /* its bytes in the buffer */
    uint32_t place; /* in its text, those of the second text after those of the first */
};

struct words {
    struct buf bytes;
    struct buf list; /* struct word */
};

static int take(void *ctx, const struct token *t)
{
    struct words *w = ctx;
    struct word word = {.hash = 14695981039346656037u,
        .at = (uint32_t)w->bytes.n,
        .n = (uint32_t)t->folded.n,
        .place = (uint32_t)(w->list.n / sizeof word)};
    for (size_t i = 0; i < t->folded.n; i++)
        word.hash = (word.hash ^ (unsigned char)t->folded.p[i]) * 1099511628211u;
    buf_adds(&w->bytes, t->folded);
    buf_add(&w->list, &word, sizeof word);
    return 0;
}

static int compare(const void *pa, const void *pb, void *ctx)
{
    const struct word *a = pa, *b = pb;
    const char *bytes = ctx;
    if (a->hash != b->hash)
        return a->hash < b->hash ? -1 : 1;
    return str_cmp((struct str){bytes + a->at, a->n}, (struct str){bytes + b->at, b->n});
}

/* Equal words get equal numbers. Gives back how many words both have in common, wherever they stand. */
static size_t number(struct words *w, size_t first, uint32_t *out)
{
    struct word *list = (struct word *)(void *)w->list.p;
    size_t n = w->list.n / sizeof *list, common = 0, left = 0, right = 0;
    uint32_t id = 0;
    if (n)
        qsort_r(list, n, sizeof *list, compare, w->bytes.p);
    for (size_t i = 0; i < n; i++) {
        if (i && compare(&list[i - 1], &list[i], w->bytes.p)) {
            common += left < right ? left : right;
            left = right = 0;
            id++;
        }
        *(list[i].place < first ? &left : &right) += 1;
        out[list[i].place] = id;
    }
    return common + (left < right ? left : right);
}

bool text_changed_by_tenth(const struct str *a, const struct str *b, size_t parts)
{
    struct words words = {BUF_INIT, BUF_INIT};
    for (size_t i = 0; i < parts; i++)
        tokenize(a[i], TOKEN_WHOLE_RUNS, take, &words);
    size_t n = words.list.n / sizeof(struct word);
    for (size_t i = 0; i < parts; i++)
        tokenize(b[i], TOKEN_WHOLE_RUNS, take, &words);
    size_t m = words.list.n / sizeof(struct word) - n, longer = n > m ? n : m;
    size_t allowed = longer / 10 < DIFFERENCE_MOST ? longer / 10 : DIFFERENCE_MOST;
    _cleanup_buf_ struct buf numbers = BUF_INIT;
    buf_reserve(&numbers, (n + m + 1) * sizeof(uint32_t));
    uint32_t *ids = (uint32_t *)(void *)numbers.p;
    bool more = longer - number(&words, n, ids) > allowed;
    buf_finish(&words.bytes);
    buf_finish(&words.list);
    return more || sequence_changed_by_more(ids, n, ids + n, m, allowed);
}

bool sequence_changed_by_more(const uint32_t *a, size_t n, const uint32_t *b, size_t m, size_t allowed)
{
    while (n && m && a[0] == b[0])
        a++, b++, n--, m--;
    while (n && m && a[n - 1] == b[m - 1])
        n--, m--;
    size_t longer = n > m ? n : m, needed = longer > allowed ? longer - allowed : 0;
    if (!needed)
        return false;
    if (n < needed || m < needed)
        return true;
    /* A way through has at most `removed` words of a and `added` of b that stand alone. reach[k]: how far
     * into a one gets on the diagonal k = removed so far − added so far; −1: not there. */
    ptrdiff_t removed = (ptrdiff_t)(n - needed), added = (ptrdiff_t)(m - needed);
    _cleanup_buf_ struct buf memory = BUF_INIT;
    buf_reserve(&memory, (size_t)(removed + added + 3) * sizeof(ptrdiff_t));
    ptrdiff_t *reach = (ptrdiff_t *)(void *)memory.p + added + 1;
    for (ptrdiff_t k = -added - 1; k <= removed + 1; k++)
        reach[k] = -1;
    for (ptrdiff_t cost = 0; cost <= removed + added; cost++) {
        ptrdiff_t low = -cost > cost - 2 * added ? -cost : cost - 2 * added;
        ptrdiff_t high = cost < 2 * removed - cost ? cost : 2 * removed - cost;
        for (ptrdiff_t k = low; k <= high; k += 2) {
            ptrdiff_t x = cost ? -1 : 0;
            if (k > -cost && reach[k - 1] >= 0 && reach[k - 1] < (ptrdiff_t)n)
                x = reach[k - 1] + 1; /* a word of a removed */
            if (k < cost && reach[k + 1] > x && reach[k + 1] - k <= (ptrdiff_t)m)
                x = reach[k + 1]; /* a word of b added */
            if (x >= 0)
                while (x < (ptrdiff_t)n && x - k < (ptrdiff_t)m && a[x] == b[x - k])
                    x++;
            reach[k] = x;
            if (x == (ptrdiff_t)n && x - k == (ptrdiff_t)m)
                return false;
        }
        /* What was written at this cost is read at the next; the diagonals between belong to the one before.
         */
    }
    return true;
}
