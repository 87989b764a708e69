/* service.c: tests rating services: who may rate, when an aggregate is published, what its noise is, and that
 * someone who sees every aggregate and controls all members but three learns no more of a rating than is
 * stated. */
#include "rating/pool.h"

#include "rating/service.h"

#include <math.h>

#define WEEK SERVICE_EPOCH_SECONDS

/* A seeded source: the same numbers in every run. */
static void fill_seeded(void *ctx, void *out, size_t n)
{
    uint64_t *state = ctx;
    for (size_t i = 0; i < n; i++) {
        *state ^= *state >> 12;
        *state ^= *state << 25;
        *state ^= *state >> 27;
        ((uint8_t *)out)[i] = (uint8_t)(*state * UINT64_C(0x2545f4914f6cdd1d) >> 56);
    }
}

struct panel {
    struct world w;
    struct pubkey service;
    uint64_t seed;
    struct rng rng;
    int64_t now;
};

static struct rating_draft of(const char *d, int64_t value)
{
    return (struct rating_draft){
        .target = {RATING_OF_ADDRESS, {30023, key_of(1), str_of(d)}, {{7}}, key_of(1), 30023},
        .dimension = STR("worth"),
        .value = (uint16_t)value};
}

static int rate(struct panel *p, int who, const struct rating_draft *d)
{
    struct err err;
    struct pubkey member = key_of(who);
    return service_rate(p->w.store, &p->service, &member, d, p->now, &err);
}

/* An article that stands, whose revision the draft names. */
static void publish_article(struct panel *p, const char *d, struct record_id *revision)
{
    struct record *r = article(&p->w, 1, d, T0, "A title", "one two three four", 0);
    assert_int_equal(put(&p->w, r), STORE_NEW);
    *revision = r->id;
}

static void open_panel(struct panel *p, uint64_t seed, int first, int members)
{
    struct err err;
    *p = (struct panel){.seed = seed, .service = key_of(200), .now = T0};
    p->rng = (struct rng){fill_seeded, &p->seed};
    world_open_with(&p->w, false, pool_tables());
    assert_int_equal(service_put(p->w.store, &p->service, STR("Panel"), STR(""), p->now, &err), 0);
    for (int i = 0; i < members; i++) {
        struct pubkey member = key_of(first + i);
        assert_int_equal(service_member_add(p->w.store, &p->service, &member, p->now, &err), 0);
    }
}

/* Lets a week pass; returns how many aggregates it brought, the last one's value in *value. */
static size_t close_week(struct panel *p, struct aggregate *last)
{
    struct err err;
    struct store_read *read;
    struct aggregate *found;
    size_t n;
    p->now += WEEK;
    assert_int_equal(service_close(p->w.store, &p->service, p->now, &p->rng, &err), 0);
    assert_int_equal(store_read_begin(p->w.store, &read, &err), 0);
    assert_int_equal(service_waiting(read, p->w.arena, &p->service, 100, &found, &n, &err), 0);
    store_read_end(read);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(service_published(p->w.store, &found[i], &err), 0);
    if (n && last)
        *last = found[n - 1];
    return n;
}

static void epochs(void **state)
{
    assert_int_equal(service_epoch(345600 - 1), -1);
    assert_int_equal(service_epoch(345600), 0); /* Monday, 5 January 1970 */
    for (int64_t e = 0; e < 4000; e += 37) {
        struct civil c;
        civil_from_unix(service_epoch_begin(e), &c);
        assert_int_equal(c.weekday, 1);
        assert_int_equal(c.hour * 3600 + c.minute * 60 + c.second, 0);
        assert_int_equal(service_epoch(service_epoch_begin(e)), e);
        assert_int_equal(service_epoch(service_epoch_begin(e + 1) - 1), e);
    }
}

static int forget(void *ctx, struct sql *db, struct err *err)
{
    return service_member_forget(db, ctx, err);
}

static void who_may(void **state)
{
    struct panel p;
    struct err err;
    struct rating_draft d = of("a", 5000);
    open_panel(&p, 1, 10, 2);
    assert_int_equal(rate(&p, 9, &d), ERR_DENIED);
    assert_int_equal(rate(&p, 10, &d), 0);
    d.reason = STR("because");
    assert_int_equal(rate(&p, 10, &d), ERR_INPUT);
    d = of("a", 5000);
    d.dimension = STR("agree");
    assert_int_equal(rate(&p, 10, &d), ERR_INPUT);
    d = of("a", RATING_SCALE + 1);
    assert_int_equal(rate(&p, 10, &d), ERR_INPUT);
    struct pubkey other = key_of(77), member = key_of(10);
    assert_int_equal(service_member_add(p.w.store, &other, &member, 0, &err), ERR_NOT_FOUND);
    assert_int_equal(service_put(p.w.store, &other, STR("two\nlines"), STR(""), 0, &err), ERR_INPUT);
    assert_int_equal(service_put(p.w.store, &other, STR("  "), STR(""), 0, &err), ERR_INPUT);
    assert_int_equal(service_remove(p.w.store, &other, &err), ERR_NOT_FOUND);

    struct store_read *read;
    struct rating_service *services;
    struct service_mark *marks;
    size_t n;
    assert_int_equal(store_read_begin(p.w.store, &read, &err), 0);
    assert_int_equal(service_of_member(read, p.w.arena, &member, &services, &n, &err), 0);
    assert_int_equal(n, 1);
    assert_int_equal(services[0].members, 2);
    assert_int_equal(
        service_marks(read, p.w.arena, &p.service, &member, (struct str){NULL, 0}, 10, &marks, &n, &err), 0);
    assert_int_equal(n, 1);
    assert_int_equal(marks[0].value, 5000);
    assert_int_equal(marks[0].uses_left, SERVICE_USES);
    store_read_end(read);
    assert_int_equal(store_write(p.w.store, forget, &member, &err), 0);
    d = of("a", 5000);
    assert_int_equal(rate(&p, 10, &d), ERR_DENIED);
    assert_int_equal(service_remove(p.w.store, &p.service, &err), 0);
    world_close(&p.w);
}

static void when_published(void **state)
{
    struct panel p;
    struct aggregate last;
    open_panel(&p, 2, 10, 30);
    struct rating_draft d = of("a", 8000);
    publish_article(&p, "a", &d.target.revision);
    for (int i = 0; i < 9; i++)
        assert_int_equal(rate(&p, 10 + i, &d), 0);
    assert_int_equal(close_week(&p, &last), 0); /* nine are too few */
    assert_int_equal(rate(&p, 19, &d), 0);
    assert_int_equal(close_week(&p, &last), 1);
    assert_int_equal(last.count, 10);
    assert_true(last.value >= SERVICE_MIN && last.value <= SERVICE_MAX && last.value % SERVICE_STEP == 0);
    assert_int_equal(close_week(&p, &last), 0); /* nothing changed */
    for (int i = 0; i < 4; i++)
        assert_int_equal(rate(&p, 20 + i, &d), 0);
    assert_int_equal(close_week(&p, &last), 0); /* four new ones */
    assert_int_equal(rate(&p, 24, &d), 0);
    assert_int_equal(close_week(&p, &last), 1);
    assert_int_equal(last.count, 15);
    struct rating_draft other = d;
    other.value = 1000;
    for (int i = 0; i < 11; i++) /* eleven of fifteen changed: four are the same, too few */
        assert_int_equal(rate(&p, 10 + i, &other), 0);
    assert_int_equal(close_week(&p, &last), 0);
    assert_int_equal(rate(&p, 10, &d), 0); /* one goes back: ten changed, five did not */
    assert_int_equal(close_week(&p, &last), 1);
    /* a new text: what was read before does not count */
    assert_int_equal(
        put(&p.w, article(&p.w, 1, "a", T0 + 10, "A title", "five six seven eight", 0)), STORE_NEW);
    for (int i = 0; i < 15; i++) {
        other.value = (uint16_t)(i * 100);
        assert_int_equal(rate(&p, 10 + i, &other), 0);
    }
    assert_int_equal(close_week(&p, &last), 0);
    world_close(&p.w);
}

/* Closing twice, or again after a crash, draws no second noise; what was not published goes on waiting. */
static void drawn_once(void **state)
{
    struct panel p;
    struct err err;
    struct store_read *read;
    struct aggregate *first, *second;
    size_t n, m;
    open_panel(&p, 3, 10, 12);
    struct rating_draft d = of("a", 6000);
    publish_article(&p, "a", &d.target.revision);
    for (int i = 0; i < 12; i++)
        assert_int_equal(rate(&p, 10 + i, &d), 0);
    p.now += WEEK;
    assert_int_equal(service_close(p.w.store, &p.service, p.now, &p.rng, &err), 0);
    assert_int_equal(store_read_begin(p.w.store, &read, &err), 0);
    assert_int_equal(service_waiting(read, p.w.arena, &p.service, 9, &first, &n, &err), 0);
    store_read_end(read);
    assert_int_equal(n, 1);
    world_reopen(&p.w);
    assert_int_equal(service_close(p.w.store, &p.service, p.now, &p.rng, &err), 0);
    assert_int_equal(store_read_begin(p.w.store, &read, &err), 0);
    assert_int_equal(service_waiting(read, p.w.arena, &p.service, 9, &second, &m, &err), 0);
    store_read_end(read);
    assert_int_equal(m, 1);
    assert_int_equal(first[0].value, second[0].value);

    struct record_draft record = {.arena = p.w.arena};
    assert_int_equal(aggregate_write(&second[0], &record, &err), 0);
    assert_int_equal(record.r.created_at, service_epoch_begin(service_epoch(p.now)));
    assert_str(record_tag_value(&record.r, "count"), "10");
    assert_int_equal(record_tag(&record.r, "noise")->n, 3);
    assert_str(record_tag(&record.r, "noise")->v[2], "0.200");
    assert_true(aggregate_mirror(&second[0], &record));
    assert_int_equal(record.r.kind, 30384);
    world_close(&p.w);
}

/* ---- the noise */

/* P(noise ≤ x) for scale t, exactly but for rounding. */
static double at_most(double x, double t)
{
    double q = exp(-1 / t);
    return x >= 0 ? 1 - pow(q, x + 1) / (1 + q) : pow(q, -x) / (1 + q);
}

static void laplace(void **state)
{
    enum { draws = 200000, scale = 3, widest = 12 };
    uint64_t seed = 42;
    struct rng rng = {fill_seeded, &seed};
    double seen[2 * widest + 1] = {0}, q = exp(-1.0 / scale);
    for (int i = 0; i < draws; i++) {
        int64_t x = noise_laplace(&rng, scale);
        if (x >= -widest && x <= widest)
            seen[x + widest]++;
    }
    for (int x = -widest; x <= widest; x++) {
        double expected = draws * (1 - q) / (1 + q) * pow(q, abs(x)), off = seen[x + widest] - expected;
        if (fabs(off) > 5 * sqrt(expected))
            fail_msg("%d came %g times of %d, %g expected", x, seen[x + widest], draws, expected);
    }
}

/* The chance of each published value, given the members' sum. */
static double chance_of(unsigned value, int64_t sum, uint32_t n)
{
    double unit = (double)n * SERVICE_STEP, half = n * SERVICE_STEP / 2;
    /* aggregate_value() is a step function of the noised sum: between which sums is it this value? */
    double from = value == SERVICE_MIN ? -INFINITY : value / SERVICE_STEP * unit - half;
    double to = value == SERVICE_MAX ? INFINITY : (value / SERVICE_STEP + 1) * unit - half - 1;
    if (value == SERVICE_MIN)
        to = fmax(unit, 2 * unit - half - 1);
    double t = SERVICE_NOISE_SCALE;
    return (isinf(to) ? 1 : at_most(to - (double)sum, t)) -
           (isinf(from) ? 0 : at_most(from - 1 - (double)sum, t));
}

static void bound_of_one(void **state)
{
    double worst = 0;
    for (uint32_t n = SERVICE_FIRST_RATERS; n <= 60; n += 5)
        for (int64_t others = 0; others <= (int64_t)(n - 1) * RATING_SCALE; others += 2500) {
            double all = 0;
            for (unsigned v = SERVICE_MIN; v <= SERVICE_MAX; v += SERVICE_STEP) {
                double low = chance_of(v, others, n), high = chance_of(v, others + RATING_SCALE, n);
                all += low;
                if (low < 1e-9 || high < 1e-9) /* differences of numbers near 1 have no digits left */
                    continue;
                worst = fmax(worst, fabs(log(low / high)));
            }
            assert_true(fabs(all - 1) < 1e-9);
        }
    if (worst > 0.5 + 1e-6 || worst < 0.4)
        fail_msg("the worst ratio is exp(%g)", worst);
}

/* Seventeen of twenty members are the adversary's. Each week they change five ratings, so that an aggregate
 * must be published, and try to take the noise out by many weeks' mean. Two worlds differ in one honest
 * member's rating. */
static void adversary(void **state)
{
    enum { honest = 3, weeks = 16 };
    uint16_t seen[2][weeks] = {{0}};
    size_t published[2] = {0};
    for (int world = 0; world < 2; world++) {
        struct panel p;
        struct aggregate last;
        open_panel(&p, 99, 10, 20); /* the same noise in both: what differs comes from the rating */
        struct rating_draft d = of("a", 0);
        publish_article(&p, "a", &d.target.revision);
        for (int i = 0; i < 20; i++) {
            d.value = i == 0 ? (uint16_t)(world * RATING_SCALE) : 5000;
            assert_int_equal(rate(&p, 10 + i, &d), 0);
        }
        for (int week = 0; week < weeks; week++) {
            if (close_week(&p, &last))
                seen[world][week] = last.value, published[world]++;
            for (int k = 0; k < 5; k++) {
                d.value = (uint16_t)(4000 + week * 10 + k);
                assert_int_equal(rate(&p, 10 + honest + (week * 5 + k) % 17, &d), 0);
            }
        }
        struct err err;
        struct store_read *read;
        struct service_mark *marks;
        size_t n;
        struct pubkey member = key_of(10);
        assert_int_equal(store_read_begin(p.w.store, &read, &err), 0);
        assert_int_equal(
            service_marks(read, p.w.arena, &p.service, &member, (struct str){NULL, 0}, 9, &marks, &n, &err),
            0);
        store_read_end(read);
        assert_int_equal(n, 1);
        assert_int_equal(marks[0].uses_left, 0);
        world_close(&p.w);
    }
    assert_int_equal(published[0], published[1]); /* whether something is published does not depend on it */
    assert_true(published[0] > SERVICE_USES + 3); /* they can force more, */
    size_t taken = 0;
    for (int week = 0; week < weeks; week++) {
        if (taken >= SERVICE_USES)
            assert_int_equal(seen[0][week], seen[1][week]); /* but those say nothing more of the honest */
        taken += seen[0][week] != 0;
    }
}

/* The best guess there is, by likelihood, from the four aggregates a rating takes part in, all others known.
 */
static void best_guess(void **state)
{
    enum { rounds = 20000, n = 10 };
    uint64_t seed = 7;
    struct rng rng = {fill_seeded, &seed};
    int right = 0;
    for (int round = 0; round < rounds; round++) {
        int truth = round % 2;
        double likelier = 0;
        for (int use = 0; use < SERVICE_USES; use++) {
            int64_t others = (int64_t)(n - 1) * 5000;
            uint16_t v = aggregate_value(
                others + truth * RATING_SCALE + noise_laplace(&rng, SERVICE_NOISE_SCALE), n);
            likelier += log(chance_of(v, others + RATING_SCALE, n) / chance_of(v, others, n));
        }
        if (fabs(likelier) > 2 + 1e-6)
            fail_msg("a series of aggregates tells the two apart by exp(%g)", likelier);
        right += (likelier > 0) == truth;
    }
    double share = (double)right / rounds;
    if (share > exp(2) / (1 + exp(2)))
        fail_msg("guessed right in %g of the cases", share);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(epochs), cmocka_unit_test(who_may),
        cmocka_unit_test(when_published), cmocka_unit_test(drawn_once), cmocka_unit_test(laplace),
        cmocka_unit_test(bound_of_one), cmocka_unit_test(adversary), cmocka_unit_test(best_guess)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
