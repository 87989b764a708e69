/* weights.c: how far trust reaches: against a plain reckoning and the bound of DESIGN section 6, on thousands
 * of random graphs with attackers; paths; numbers. */
#include "check.h"

#include "rating/engine.h"

#include <stdio.h>
#include <stdlib.h>

enum { most = 48, max_edges = most * most };

/* A graph over people 0 … n−1; person p is node number[p], so that numbers can be dealt out anew. */
struct world {
    size_t n;
    uint64_t edge[most][most]; /* weight, 0: none */
    int64_t number[most];      /* above 0 */
    bool attacker[most];
    struct seeded *shuffle; /* not NULL: edges come in another order each time */
    struct rating__edge out[most];
};

static size_t person_of(const struct world *w, int64_t node)
{
    for (size_t p = 0; p < w->n; p++)
        if (w->number[p] == node)
            return p;
    fail_msg("node %lld is nobody", (long long)node);
    return 0;
}

static int edges(
    void *ctx, struct arena *arena, int64_t node, const struct rating__edge **out, size_t *n, struct err *err)
{
    (void)arena, (void)err;
    struct world *w = ctx;
    size_t p = person_of(w, node);
    *n = 0;
    for (size_t q = 0; q < w->n; q++)
        if (w->edge[p][q])
            w->out[(*n)++] = (struct rating__edge){w->number[q], w->edge[p][q]};
    for (size_t i = *n; w->shuffle && i > 1; i--) {
        size_t k = seeded_below(w->shuffle, i);
        struct rating__edge e = w->out[i - 1];
        w->out[i - 1] = w->out[k];
        w->out[k] = e;
    }
    *out = w->out;
    return 0;
}

static int compare(void *ctx, int64_t a, int64_t b)
{
    size_t x = person_of(ctx, a), y = person_of(ctx, b);
    return (x > y) - (x < y);
}

static struct rating__graph graph_of(struct world *w)
{
    return (struct rating__graph){w, edges, compare};
}

/* ---- the plain reckoning: whole arrays, level by level, as the text says it. crossing: what comes into the
 * attackers' set and has not been in it before, in whole weights. */
static void reckon(const struct world *w, size_t reader, const uint64_t *own, unsigned depth,
    uint64_t *weight_of, double *crossing)
{
    uint64_t mass[most] = {0};
    double clean[most] = {0}; /* the share that was never with an attacker */
    *crossing = 0;
    for (size_t p = 0; p < w->n; p++) {
        mass[p] = weight_of[p] = own[p];
        clean[p] = w->attacker[p] ? 0 : (double)own[p];
    }
    for (unsigned level = 1; level <= depth; level++) {
        uint64_t next[most] = {0};
        double next_clean[most] = {0};
        for (size_t p = 0; p < w->n; p++) {
            if (mass[p] < (UINT64_C(1) << 12))
                continue;
            uint64_t sum = 0;
            for (size_t q = 0; q < w->n; q++)
                sum += w->edge[p][q];
            if (sum < WEIGHT_ONE)
                sum = WEIGHT_ONE;
            for (size_t q = 0; q < w->n; q++) {
                if (q == reader || own[q] || !w->edge[p][q])
                    continue;
                next[q] += (uint64_t)((rating__i128)mass[p] * w->edge[p][q] / ((rating__i128)sum * 2));
                double part = clean[p] * (double)w->edge[p][q] / (2 * (double)sum);
                if (w->attacker[q])
                    *crossing += part;
                else
                    next_clean[q] += part;
            }
        }
        for (size_t q = 0; q < w->n; q++) {
            weight_of[q] += next[q] - next[q] / 2;
            mass[q] = next[q];
            clean[q] = next_clean[q];
        }
    }
    *crossing /= (double)WEIGHT_ONE;
}

static void make_world(struct world *w, struct seeded *s)
{
    memset(w, 0, sizeof *w);
    w->n = 2 + seeded_below(s, most - 2);
    size_t attackers = seeded_below(s, w->n);
    unsigned density = 1 + (unsigned)seeded_below(s, 100), knit = (unsigned)seeded_below(s, 101);
    for (size_t p = 0; p < w->n; p++) {
        w->number[p] = (int64_t)p + 1;
        w->attacker[p] = p < attackers;
    }
    for (size_t p = 0; p < w->n; p++)
        for (size_t q = 0; q < w->n; q++) {
            /* Attackers trust each other and themselves more than others, and befriend newcomers. */
            unsigned chance = w->attacker[p] && w->attacker[q] ? knit : density / 2;
            if (seeded_below(s, 100) < chance)
                w->edge[p][q] = seeded_below(s, 3) ? 1 + seeded_below(s, WEIGHT_ONE) : WEIGHT_ONE;
        }
}

static size_t choose_seeds(const struct world *w, struct seeded *s, uint64_t *own, struct rating__seed *seeds)
{
    size_t n = 0, wanted = 1 + seeded_below(s, 6);
    memset(own, 0, most * sizeof *own);
    for (size_t i = 0; i < wanted; i++) {
        size_t p = seeded_below(s, w->n);
        if (own[p])
            continue;
        own[p] = seeded_below(s, 2) ? WEIGHT_ONE : 1 + seeded_below(s, WEIGHT_ONE);
        seeds[n++] = (struct rating__seed){w->number[p], own[p]};
    }
    return n;
}

static void check_path(const struct world *w, const struct rating__weights *got,
    const struct rating__reached *r, const uint64_t *own, unsigned depth)
{
    assert_in_range(r->length, 1, depth + 1);
    assert_ptr_equal(&got->at[r->path[r->length - 1]], r);
    assert_true(own[person_of(w, got->at[r->path[0]].node)] > 0);
    for (unsigned i = 1; i < r->length; i++)
        assert_true(
            w->edge[person_of(w, got->at[r->path[i - 1]].node)][person_of(w, got->at[r->path[i]].node)] > 0);
}

static void bound_holds_on_random_graphs(void **state)
{
    (void)state;
    struct seeded s = {20261123};
    for (unsigned round = 0; round < 6000; round++) {
        struct world w;
        make_world(&w, &s);
        uint64_t own[most], want[most];
        struct rating__seed seeds[8];
        size_t n = choose_seeds(&w, &s, own, seeds), reader = seeded_below(&s, w.n);
        unsigned depth = (unsigned)seeded_below(&s, 4);
        if (own[reader])
            reader = SIZE_MAX;
        double crossing;
        reckon(&w, reader, own, depth, want, &crossing);
        struct arena *arena _cleanup_arena_ = arena_create(0);
        struct rating__graph g = graph_of(&w);
        struct rating__weights got;
        struct err err;
        assert_int_equal(rating__spread_trust(&g, arena, reader == SIZE_MAX ? 0 : w.number[reader], seeds, n,
                             depth, &got, &err),
            0);
        uint64_t found[most] = {0};
        double all = 0, attackers = 0, own_attackers = 0;
        for (size_t i = 0; i < got.n; i++) {
            size_t p = person_of(&w, got.at[i].node);
            found[p] = got.at[i].weight;
            all += (double)found[p] / (double)WEIGHT_ONE;
            check_path(&w, &got, &got.at[i], own, depth);
        }
        for (size_t p = 0; p < w.n; p++) {
            assert_true(found[p] == want[p]);
            if (w.attacker[p]) {
                attackers += (double)found[p] / (double)WEIGHT_ONE;
                own_attackers += (double)own[p] / (double)WEIGHT_ONE;
            }
        }
        /* What floors lose is only ever lost; the reckoning's doubles are allowed their last bits. */
        assert_true(attackers <= 1.5 * own_attackers + crossing + 1e-8);
        assert_true(all <= 1.5 * ((double)got.own_sum / (double)WEIGHT_ONE) + 1e-8);
        if (reader != SIZE_MAX)
            assert_true(found[reader] == 0);
    }
}

static void order_does_not_matter(void **state)
{
    (void)state;
    struct seeded s = {77};
    for (unsigned round = 0; round < 1000; round++) {
        struct world w;
        make_world(&w, &s);
        /* Equal weights make equal shares, whose givers must still be told apart. */
        for (size_t p = 0; p < w.n && round % 2; p++)
            for (size_t q = 0; q < w.n; q++)
                w.edge[p][q] = w.edge[p][q] ? WEIGHT_ONE : 0;
        uint64_t own[most];
        struct rating__seed seeds[8], turned[8];
        size_t n = choose_seeds(&w, &s, own, seeds);
        struct arena *arena _cleanup_arena_ = arena_create(0);
        struct rating__graph g = graph_of(&w);
        struct rating__weights a, b;
        struct err err;
        assert_int_equal(rating__spread_trust(&g, arena, 0, seeds, n, 3, &a, &err), 0);
        int64_t before[most];
        memcpy(before, w.number, sizeof before);
        for (size_t p = 0; p < w.n; p++)
            w.number[p] = (int64_t)(1000000 - 7 * before[p]);
        for (size_t i = 0; i < n; i++)
            turned[i] = (struct rating__seed){1000000 - 7 * seeds[n - 1 - i].node, seeds[n - 1 - i].weight};
        w.shuffle = &s;
        assert_int_equal(rating__spread_trust(&g, arena, 0, turned, n, 3, &b, &err), 0);
        assert_int_equal(a.n, b.n);
        for (size_t i = 0; i < a.n; i++) {
            const struct rating__reached *x = &a.at[i], *y = NULL;
            for (size_t k = 0; k < b.n && !y; k++)
                y = b.at[k].node == 1000000 - 7 * x->node ? &b.at[k] : NULL;
            assert_non_null(y);
            assert_true(x->weight == y->weight && x->depth == y->depth && x->length == y->length);
            for (unsigned k = 0; k < x->length; k++)
                assert_true(b.at[y->path[k]].node == 1000000 - 7 * a.at[x->path[k]].node);
        }
    }
}

static void chains_add_up(void **state)
{
    (void)state;
    struct seeded s = {4242};
    for (unsigned round = 0; round < 300; round++) {
        struct world w;
        make_world(&w, &s);
        if (w.n > 14)
            w.n = 14;
        uint64_t own[most];
        struct rating__seed seeds[8];
        size_t n = choose_seeds(&w, &s, own, seeds);
        struct arena *arena _cleanup_arena_ = arena_create(0);
        struct rating__graph g = graph_of(&w);
        struct rating__weights all;
        struct rating__chain *chains;
        size_t count;
        struct err err;
        int64_t target = w.number[seeded_below(&s, w.n)];
        assert_int_equal(
            rating__chains(&g, arena, 0, seeds, n, 3, target, 100000, &all, &chains, &count, &err), 0);
        weight want = 0;
        double sum = 0;
        for (size_t i = 0; i < all.n; i++)
            if (all.at[i].node == target)
                want = all.at[i].weight;
        for (size_t i = 0; i < count; i++) {
            sum += (double)chains[i].weight;
            assert_true(!i || chains[i - 1].weight >= chains[i].weight);
            assert_true(all.at[chains[i].at[chains[i].length - 1]].node == target);
            assert_true(all.at[chains[i].at[0]].seed != UINT32_MAX);
        }
        assert_true(sum <= (double)want + 4.0 * (double)count + 4);
        assert_true(sum >= (double)want - 4.0 * (double)count - 4);
    }
}

/* Ana (1) trusts Ben (2) and Eva (3) fully; they trust each other, Ana, themselves and Kim (4); Kim trusts
 * Lou (5) at a half. */
static void by_hand(void **state)
{
    (void)state;
    struct world w = {.n = 5, .number = {1, 2, 3, 4, 5}};
    w.edge[1][2] = w.edge[2][1] = w.edge[1][0] = w.edge[1][1] = w.edge[1][3] = w.edge[2][3] = WEIGHT_ONE;
    w.edge[3][4] = WEIGHT_ONE / 2;
    struct rating__seed seeds[] = {{2, WEIGHT_ONE}, {3, WEIGHT_ONE}};
    struct arena *arena _cleanup_arena_ = arena_create(0);
    struct rating__graph g = graph_of(&w);
    struct rating__weights got;
    struct err err;
    assert_int_equal(rating__spread_trust(&g, arena, 1, seeds, 2, 3, &got, &err), 0);
    assert_int_equal(got.n, 4);
    assert_true(got.own_sum == 2 * WEIGHT_ONE);
    assert_true(got.at[0].weight == WEIGHT_ONE && got.at[1].weight == WEIGHT_ONE);
    /* Kim: an eighth of Ben (four edges), a quarter of Eva (two): 3/8, of which half stays. */
    assert_true(got.at[2].weight == WEIGHT_ONE * 3 / 16);
    assert_int_equal(got.at[2].depth, 1);
    assert_int_equal(got.at[2].length, 2);
    assert_int_equal(got.at[2].path[0], 1); /* Eva gave most */
    /* Lou: half of Kim's 3/8, at half a weight: 3/32, of which half stays. */
    assert_true(got.at[3].weight == WEIGHT_ONE * 3 / 64);
    assert_int_equal(got.at[3].length, 3);
    assert_int_equal(rating__spread_trust(&g, arena, 1, seeds, 2, 0, &got, &err), 0);
    assert_int_equal(got.n, 2);
    assert_int_equal(rating__spread_trust(&g, arena, 1, seeds, 0, 3, &got, &err), 0);
    assert_int_equal(got.n, 0);
    assert_int_equal(rating__spread_trust(&g, arena, 1, seeds, 2, 4, &got, &err), ERR_INPUT);
    /* Two the graph has never heard of are two. */
    struct rating__seed strangers[] = {{0, WEIGHT_ONE}, {0, 5}};
    assert_int_equal(rating__spread_trust(&g, arena, 1, strangers, 2, 3, &got, &err), 0);
    assert_int_equal(got.n, 2);
    assert_true(got.at[1].weight == 5);
}

/* ---- a crowd: ten thousand trusted, each of whom trusts many */

static int crowd_edges(
    void *ctx, struct arena *arena, int64_t node, const struct rating__edge **out, size_t *n, struct err *err)
{
    (void)ctx, (void)err;
    struct rating__edge *e = ARENA_ARRAY(arena, struct rating__edge, 100);
    for (int64_t i = 0; i < 100; i++)
        e[i] = (struct rating__edge){1 + (node * 31 + i * 977) % 10000, WEIGHT_ONE};
    *out = e;
    *n = 100;
    return 0;
}

static int by_number(void *ctx, int64_t a, int64_t b)
{
    (void)ctx;
    return (a > b) - (a < b);
}

static void a_million_edges(void **state)
{
    (void)state;
    struct rating__graph g = {NULL, crowd_edges, by_number};
    struct arena *arena _cleanup_arena_ = arena_create(0);
    struct rating__seed *seeds = ARENA_ARRAY(arena, struct rating__seed, 10000);
    for (int64_t i = 0; i < 10000; i++)
        seeds[i] = (struct rating__seed){i + 1, WEIGHT_ONE};
    struct rating__weights got;
    struct err err;
    assert_int_equal(rating__spread_trust(&g, arena, 0, seeds, 10000, 3, &got, &err), 0);
    assert_int_equal(got.n, 10000);
    assert_true(got.own_sum == 10000 * WEIGHT_ONE);
    assert_int_equal(rating__spread_trust(&g, arena, 0, seeds, 3, 3, &got, &err), 0);
    assert_true(got.n > 3000);
    weight sum = 0;
    for (size_t i = 0; i < got.n; i++)
        sum += got.at[i].weight;
    assert_true(sum <= 3 * WEIGHT_ONE * 3 / 2);
}

/* ---- numbers */

static void weights_as_text(void **state)
{
    (void)state;
    weight w;
    static const char *const bad[] = {"", "0", "0.0", "1.1", "2", "-1", "+1", ".5", "1.", "0,5", "1e-3",
        "NaN", "inf", " 1", "1 ", "0x1", "0.00000000001", "0.5.5", "٠.٥"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (weight_parse(str_of(bad[i]), &w))
            fail_msg("\"%s\" was taken for a weight", bad[i]);
    assert_true(weight_parse(STR("1"), &w) && w == WEIGHT_ONE);
    assert_true(weight_parse(STR("1.0"), &w) && w == WEIGHT_ONE);
    assert_true(weight_parse(STR("0.5"), &w) && w == WEIGHT_ONE / 2);
    assert_true(weight_parse(STR("0.8"), &w) && w == UINT64_C(3435973836));
    assert_true(weight_parse(STR("0.9999999999999999999999999999"), &w) && w == WEIGHT_ONE - 1);
    struct seeded s = {5};
    for (unsigned i = 0; i < 100000; i++) {
        weight want = i < 2000 ? i + 1 : i < 4000 ? WEIGHT_ONE - i + 2000 : 1 + seeded_below(&s, WEIGHT_ONE);
        struct buf text _cleanup_buf_ = BUF_INIT;
        weight_format(want, &text);
        assert_true(text.n <= 12);
        assert_true(weight_parse(buf_str(&text), &w));
        assert_true(w == want);
    }
    struct buf text _cleanup_buf_ = BUF_INIT;
    weight_format(5 * WEIGHT_ONE + WEIGHT_ONE / 4, &text);
    assert_str(buf_str(&text), "5.25");
}

static void check_score(double score, const char *want)
{
    struct buf text _cleanup_buf_ = BUF_INIT;
    score_format(score, &text);
    assert_str(buf_str(&text), want);
}

static void scores_as_text(void **state)
{
    (void)state;
    check_score(0, "0.000000");
    check_score(-0.0, "0.000000");
    check_score(1, "1.000000");
    check_score(-2.5, "-2.500000");
    check_score(0.1, "0.100000");
    check_score(1.0 / 3, "0.333333");
    check_score(-2.0 / 3, "-0.666667");
    check_score(0x1p-7, "0.007812"); /* exactly 0.0078125: to even */
    check_score(0x3p-7, "0.023438"); /* exactly 0.0234375: to even */
    check_score(-0.0000004, "0.000000");
    check_score(1e-300, "0.000000");
    check_score(640000, "640000.000000");
    check_score(999999.9999996, "1000000.000000");
    check_score(0.0 / 0.0, "0.000000");
    struct seeded s = {9};
    for (unsigned i = 0; i < 20000; i++) {
        double x = ((double)(int64_t)(seeded_next(&s) >> 11) - 0x1p52) /
                   (double)(1 + seeded_below(&s, 1u << 30)) / 1048576.0;
        char want[64];
        snprintf(want, sizeof want, "%.6f", x); /* of the C library here: exact, too */
        if (!strcmp(want, "-0.000000"))
            memmove(want, want + 1, strlen(want));
        check_score(x, want);
    }
}

static void fading(void **state)
{
    (void)state;
    assert_true(rating__fade(0, 48) == 1);
    assert_true(rating__fade(48, 48) == 0.5);
    assert_true(rating__fade(480, 48) == 1.0 / 1024);
    assert_true(rating__fade(INT64_MAX, 1) == 0);
    for (int64_t age = 0; age < 10000; age++)
        assert_true(rating__fade(age, 977) > rating__fade(age + 1, 977));
    double root = rating__fade(1, 2);
    assert_true(root * root > 0.5 - 1e-15 && root * root < 0.5 + 1e-15);
}

static void support_in_steps(void **state)
{
    (void)state;
    weight w;
    assert_true(rating__support_of(0) == 0);
    assert_true(rating__support_of(1) == WEIGHT_ONE);
    assert_true(rating__support_of(1e-12) == 1);
    assert_true(rating__support_of(1e300) == UINT64_MAX);
    /* Two of 0.8 make 1.6, and four of 0.4. */
    assert_true(weight_parse(STR("0.8"), &w) && 2 * w >= rating__support_of(1.6));
    assert_true(weight_parse(STR("0.4"), &w) && 4 * w >= rating__support_of(1.6));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bound_holds_on_random_graphs),
        cmocka_unit_test(order_does_not_matter),
        cmocka_unit_test(chains_add_up),
        cmocka_unit_test(by_hand),
        cmocka_unit_test(a_million_edges),
        cmocka_unit_test(weights_as_text),
        cmocka_unit_test(scores_as_text),
        cmocka_unit_test(fading),
        cmocka_unit_test(support_in_steps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
