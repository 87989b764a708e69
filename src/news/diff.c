/* diff.c: two texts compared word by word.
 *
 * Paragraphs first, then words inside the paragraphs that changed; both by the same comparison of numbered
 * tokens, Myers' greedy algorithm in its linear-space form ("An O(ND) Difference Algorithm and Its
 * Variations", 1986, section 4b). All comparisons of one call share a budget of steps; a stretch that would
 * go beyond it is given as removed and added whole. Changes that only a space holds apart are joined, so that
 * a rewritten sentence reads as one change. */
#include "base/utf8.h"
#include "news/news.h"

#include <unictype.h>

enum {
    budget = 6000000, /* steps of a comparison, of one call */
    max_cost = 3000,  /* differences that one comparison may search through before it gives up */
};

/* One side's tokens: token i is text[at[i], at[i + 1]), and what it says is number id[i]. */
struct side {
    struct str text;
    size_t *at;
    uint32_t *id;
    size_t n;
};

struct names { /* tokens' numbers, by open addressing */
    struct str *text;
    size_t slots; /* a power of two, more than twice the tokens */
};

struct span {
    size_t a, a_end, b, b_end;
};

struct diff {
    struct arena *arena;
    int64_t steps_left;
    struct diff_piece *pieces;
    size_t n, cap;
    bool full; /* the arena is */
};

/* ---- tokens */

static bool is_apart(uint32_t c) /* a character that is a word by itself */
{
    return (c >= 0x3040 && c <= 0x30ff) || (c >= 0x3400 && c <= 0x9fff) || (c >= 0xf900 && c <= 0xfaff) ||
           (c >= 0x20000 && c <= 0x3ffff) || (c >= 0x0e00 && c <= 0x0eff) || (c >= 0x1000 && c <= 0x109f) ||
           (c >= 0x1780 && c <= 0x17ff);
}

enum kind { WORD, SPACE, APART };

static enum kind kind_of(uint32_t c)
{
    if (c == ' ' || c == '\t' || c == 0xa0)
        return SPACE;
    if (is_apart(c))
        return APART;
    return uc_is_alnum(c) || uc_is_general_category_withtable(c, UC_CATEGORY_MASK_M) ? WORD : APART;
}

/* The end of the word, of the run of spaces, or of the one other character (with its marks) at `at`. */
static size_t word_end(struct str text, size_t at)
{
    uint32_t c = utf8_next(text, &at);
    enum kind kind = kind_of(c);
    while (at < text.n) {
        size_t next = at;
        c = utf8_next(text, &next);
        bool mark = uc_is_general_category_withtable(c, UC_CATEGORY_MASK_M);
        if (kind == APART ? !mark : kind_of(c) != kind)
            break;
        at = next;
    }
    return at;
}

static size_t paragraph_end(struct str text, size_t at)
{
    size_t line = str_find_char(str_slice(text, at, text.n), '\n');
    at = line == SIZE_MAX ? text.n : at + line + 1;
    while (at < text.n && text.p[at] == '\n')
        at++;
    return at;
}

static int cut(struct arena *arena, struct str text, size_t (*end)(struct str, size_t), struct side *out)
{
    *out = (struct side){.text = text};
    for (size_t at = 0; at < text.n; at = end(text, at))
        out->n++;
    out->at = ARENA_ARRAY(arena, size_t, out->n + 1);
    out->id = ARENA_ARRAY(arena, uint32_t, out->n + 1);
    if (!out->at || !out->id)
        return ERR_MEMORY;
    size_t i = 0;
    for (size_t at = 0; at < text.n; at = end(text, at))
        out->at[i++] = at;
    out->at[i] = text.n;
    return 0;
}

static struct str token(const struct side *s, size_t i)
{
    return str_slice(s->text, s->at[i], s->at[i + 1]);
}

static void number(struct names *names, struct side *s)
{
    for (size_t i = 0; i < s->n; i++) {
        struct str t = token(s, i);
        uint64_t hash = 14695981039346656037u;
        for (size_t k = 0; k < t.n; k++)
            hash = (hash ^ (unsigned char)t.p[k]) * 1099511628211u;
        size_t slot = (size_t)(hash ^ hash >> 29) & (names->slots - 1);
        while (names->text[slot].p && !str_eq(names->text[slot], t))
            slot = (slot + 1) & (names->slots - 1);
        names->text[slot] = t;
        s->id[i] = (uint32_t)slot;
    }
}

/* Both texts as numbered tokens. */
static int cut_both(struct arena *arena, struct str a, struct str b, size_t (*end)(struct str, size_t),
    struct side *left, struct side *right)
{
    if (cut(arena, a, end, left) || cut(arena, b, end, right))
        return ERR_MEMORY;
    struct names names = {.slots = 16};
    while (names.slots < 2 * (left->n + right->n) + 2)
        names.slots *= 2;
    names.text = ARENA_ARRAY(arena, struct str, names.slots);
    if (!names.text)
        return ERR_MEMORY;
    number(&names, left);
    number(&names, right);
    return 0;
}

/* ---- pieces */

static void add(struct diff *d, enum diff_type type, struct str text)
{
    if (!text.n)
        return;
    if (d->n) {
        struct diff_piece *last = &d->pieces[d->n - 1];
        if (last->type == type && last->text.p + last->text.n == text.p) {
            last->text.n += text.n;
            return;
        }
    }
    if (d->n == d->cap) {
        size_t cap = d->cap ? d->cap * 2 : 64;
        struct diff_piece *more = ARENA_ARRAY(d->arena, struct diff_piece, cap);
        if (!more) {
            d->full = true;
            return;
        }
        if (d->n)
            memcpy(more, d->pieces, d->n * sizeof *more);
        d->pieces = more;
        d->cap = cap;
    }
    d->pieces[d->n++] = (struct diff_piece){type, text};
}

static struct str range(const struct side *s, size_t from, size_t to)
{
    return str_slice(s->text, s->at[from], s->at[to]);
}

/* ---- the comparison: marks in `same` which tokens of each side stay */

struct compare {
    const struct side *a, *b;
    bool *kept_a, *kept_b;
    int32_t *forward, *backward; /* furthest reach on each diagonal */
    struct diff *diff;
};

/* The middle of a shortest way through the box, from both ends. False if it costs too much. */
static bool find_middle(struct compare *c, struct span box, size_t *x_out, size_t *y_out)
{
    int32_t n = (int32_t)(box.a_end - box.a), m = (int32_t)(box.b_end - box.b);
    int32_t delta = n - m, zero = max_cost + 1;
    bool odd = delta & 1;
    const uint32_t *a = c->a->id + box.a, *b = c->b->id + box.b;
    int32_t *v = c->forward + zero, *w = c->backward + zero;
    v[1] = w[1] = 0;
    for (int32_t cost = 0; cost < max_cost; cost++) {
        for (int32_t k = -cost; k <= cost; k += 2) {
            int32_t x = k == -cost || (k != cost && v[k - 1] < v[k + 1]) ? v[k + 1] : v[k - 1] + 1;
            int32_t y = x - k, from = x;
            while (x < n && y < m && x >= 0 && y >= 0 && a[x] == b[y])
                x++, y++;
            v[k] = x;
            c->diff->steps_left -= x - from + 1;
            int32_t mirrored = delta - k; /* the diagonal as the other end counts it */
            if (odd && mirrored >= -(cost - 1) && mirrored <= cost - 1 && x >= 0 && y >= 0 && x <= n &&
                y <= m && x + w[mirrored] >= n) {
                *x_out = (size_t)x;
                *y_out = (size_t)y;
                return true;
            }
        }
        for (int32_t k = -cost; k <= cost; k += 2) {
            int32_t x = k == -cost || (k != cost && w[k - 1] < w[k + 1]) ? w[k + 1] : w[k - 1] + 1;
            int32_t y = x - k, from = x;
            while (x < n && y < m && x >= 0 && y >= 0 && a[n - 1 - x] == b[m - 1 - y])
                x++, y++;
            w[k] = x;
            c->diff->steps_left -= x - from + 1;
            int32_t mirrored = delta - k;
            if (!odd && mirrored >= -cost && mirrored <= cost && x >= 0 && y >= 0 && x <= n && y <= m &&
                x + v[mirrored] >= n) {
                *x_out = (size_t)(n - x);
                *y_out = (size_t)(m - y);
                return true;
            }
        }
        if (c->diff->steps_left < 0)
            return false;
    }
    return false;
}

static void compare(struct compare *c, struct span box)
{
    for (;;) {
        while (box.a < box.a_end && box.b < box.b_end && c->a->id[box.a] == c->b->id[box.b]) {
            c->kept_a[box.a++] = true;
            c->kept_b[box.b++] = true;
        }
        while (box.a < box.a_end && box.b < box.b_end && c->a->id[box.a_end - 1] == c->b->id[box.b_end - 1]) {
            c->kept_a[--box.a_end] = true;
            c->kept_b[--box.b_end] = true;
        }
        size_t x, y;
        if (box.a == box.a_end || box.b == box.b_end || !find_middle(c, box, &x, &y))
            return;
        size_t n = box.a_end - box.a, m = box.b_end - box.b;
        if ((x == 0 && y == 0) || (x == n && y == m))
            return; /* nothing in common */
        /* Each half costs at most half as much, so this goes as deep as max_cost's logarithm. */
        compare(c, (struct span){box.a, box.a + x, box.b, box.b + y});
        box.a += x;
        box.b += y;
    }
}

typedef int on_span_fn(void *ctx, struct str a, struct str b, bool same, bool last);

/* Calls on_span for each stretch of kept tokens and each change, in order. */
static int walk(struct diff *d, const struct side *a, const struct side *b, on_span_fn *on_span, void *ctx)
{
    struct compare c = {.a = a, .b = b, .diff = d};
    c.kept_a = ARENA_ARRAY(d->arena, bool, a->n + 1);
    c.kept_b = ARENA_ARRAY(d->arena, bool, b->n + 1);
    c.forward = ARENA_ARRAY(d->arena, int32_t, 2 * max_cost + 4);
    c.backward = ARENA_ARRAY(d->arena, int32_t, 2 * max_cost + 4);
    if (!c.kept_a || !c.kept_b || !c.forward || !c.backward)
        return ERR_MEMORY;
    compare(&c, (struct span){0, a->n, 0, b->n});
    size_t i = 0, k = 0;
    while (i < a->n || k < b->n) {
        size_t i_end = i, k_end = k;
        bool same = i < a->n && k < b->n && c.kept_a[i] && c.kept_b[k];
        if (same)
            while (i_end < a->n && k_end < b->n && c.kept_a[i_end] && c.kept_b[k_end])
                i_end++, k_end++;
        else {
            while (i_end < a->n && !c.kept_a[i_end])
                i_end++;
            while (k_end < b->n && !c.kept_b[k_end])
                k_end++;
        }
        int status = on_span(
            ctx, range(a, i, i_end), range(b, k, k_end), same, i_end == a->n && k_end == b->n);
        if (status)
            return status;
        i = i_end;
        k = k_end;
    }
    return 0;
}

static bool is_space(struct str text)
{
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] != ' ')
            return false;
    return true;
}

/* A change of words waits until it is plain that no further one follows behind a single space. */
struct pending {
    struct diff *diff;
    struct str removed, added;
    bool open;
};

static void settle(struct pending *p)
{
    if (p->open) {
        add(p->diff, DIFF_REMOVED, p->removed);
        add(p->diff, DIFF_ADDED, p->added);
    }
    p->open = false;
}

static int on_words(void *ctx, struct str a, struct str b, bool same, bool last)
{
    struct pending *p = ctx;
    if (same && !(p->open && is_space(a) && !last)) {
        settle(p);
        add(p->diff, DIFF_SAME, a);
    } else if (p->open) {
        p->removed.n += a.n;
        p->added.n += b.n;
    } else {
        p->open = true;
        p->removed = a;
        p->added = b;
    }
    return 0;
}

static int on_paragraphs(void *ctx, struct str a, struct str b, bool same, bool last)
{
    (void)last;
    struct diff *d = ctx;
    if (same) {
        add(d, DIFF_SAME, a);
        return 0;
    }
    if (!a.n || !b.n || d->steps_left < 0) {
        add(d, DIFF_REMOVED, a);
        add(d, DIFF_ADDED, b);
        return 0;
    }
    struct side left, right;
    struct pending pending = {.diff = d};
    if (cut_both(d->arena, a, b, word_end, &left, &right) || walk(d, &left, &right, on_words, &pending))
        return ERR_MEMORY;
    settle(&pending);
    return 0;
}

int news_diff_words(
    struct arena *arena, struct str a, struct str b, struct diff_piece **out, size_t *n, struct err *err)
{
    enum { longest = 4 * 1024 * 1024 };
    if (a.n > longest || b.n > longest)
        return err_set(err, ERR_LIMIT, "texts to compare may have at most %d bytes", longest);
    struct diff d = {.arena = arena, .steps_left = budget};
    struct side left, right;
    if (cut_both(arena, a, b, paragraph_end, &left, &right) || walk(&d, &left, &right, on_paragraphs, &d) ||
        d.full)
        return err_set(err, ERR_MEMORY, "the comparison does not fit");
    *out = d.pieces;
    *n = d.n;
    return 0;
}
