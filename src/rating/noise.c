/* noise.c: draws of the discrete Laplace distribution, exact because only integers are used, and what becomes
 * of a noised sum. */
#include "rating/service.h"

static uint64_t below(const struct rng *rng, uint64_t n)
{
    uint64_t x, unfair = UINT64_MAX - UINT64_MAX % n;
    do
        rng->fill(rng->ctx, &x, sizeof x);
    while (x >= unfair);
    return x % n;
}

/* True with probability exp(−a/b), a ≤ b: the series of exp by coin throws (algorithm 1 of the source). */
static bool bernoulli_exp(const struct rng *rng, uint64_t a, uint64_t b)
{
    uint64_t k = 1;
    while (below(rng, b * k) < a)
        k++;
    return k % 2 == 1;
}

int64_t noise_laplace(const struct rng *rng, uint32_t scale)
{
    for (;;) {
        uint64_t part = below(rng, scale), whole = 0;
        if (!bernoulli_exp(rng, part, scale))
            continue;
        while (bernoulli_exp(rng, 1, 1))
            whole++;
        int64_t x = (int64_t)(part + scale * whole);
        bool negative = below(rng, 2);
        if (!negative || x)
            return negative ? -x : x;
    }
}

uint16_t aggregate_value(int64_t noised_sum, uint32_t n)
{
    int64_t unit = (int64_t)n * SERVICE_STEP;
    int64_t low = SERVICE_MIN / SERVICE_STEP, high = SERVICE_MAX / SERVICE_STEP;
    if (noised_sum <= low * unit)
        return SERVICE_MIN;
    int64_t steps = (noised_sum + unit / 2) / unit;
    return (uint16_t)((steps > high ? high : steps) * SERVICE_STEP);
}
