/* fixed.c: exact numbers: weights in units of 2^-32, scores as decimals, and a fading that every machine
 * computes alike.
 *
 * What is shown as a result must come out the same to the last byte on another processor and with another C
 * library. So: no printf of doubles where they are shown, no libm, one rounding at each step that is written
 * here. */
#include "rating/engine.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

_Static_assert(FLT_EVAL_METHOD == 0, "doubles must be computed as doubles");

double rating__ratio(rating__i128 numerator, rating__i128 denominator)
{
    return (double)numerator / (double)denominator;
}

double rating__fade(int64_t age, int64_t halflife)
{
    static const double ln2 = 0x1.62e42fefa39efp-1;
    int64_t halvings = age / halflife;
    if (halvings > 1100) /* below the smallest double */
        return 0;
    double x = (double)(age % halflife) / (double)halflife * ln2;
    /* e^-x for 0 ≤ x < ln 2 by Taylor: the 20th term is below 2^-63. */
    double sum = 1;
    for (int i = 19; i > 0; i--)
        sum = 1 - x / (double)i * sum;
    while (halvings-- > 0)
        sum = sum / 2;
    return sum;
}

weight rating__support_of(double s)
{
    if (!(s > 0))
        return 0;
    if (s >= 4294967296.0)
        return UINT64_MAX;
    weight w = (weight)(s * 1048576.0) << 12;
    return w ? w : 1;
}

void rating__number_format(double x, struct buf *out)
{
    if (x == 0) {
        buf_addc(out, '0');
        return;
    }
    for (int digits = 1; digits <= 17; digits++) {
        char text[32];
        snprintf(text, sizeof text, "%.*g", digits, x);
        if (strtod(text, NULL) != x)
            continue;
        if (strchr(text, 'e')) { /* a plain decimal reads better and is JSON as well */
            int after = digits - 1 - atoi(strchr(text, 'e') + 1);
            buf_addf(out, "%.*f", after > 0 ? after : 0, x);
        } else
            buf_addz(out, text);
        return;
    }
}

void score_format(double score, struct buf *out)
{
    if (!isfinite(score)) { /* cannot be: all bounds of a recipe are finite */
        buf_addz(out, "0.000000");
        return;
    }
    int exponent;
    double fraction = frexp(fabs(score), &exponent); /* exact, as is all that follows */
    unsigned __int128 exact = (unsigned __int128)(uint64_t)(fraction * 0x1p53) * 1000000u;
    int shift = 53 - exponent;
    unsigned __int128 units;
    if (shift <= 0)
        units = shift > -50 ? exact << -shift : (unsigned __int128)UINT64_MAX;
    else if (shift > 120)
        units = 0;
    else {
        unsigned __int128 rest = exact & (((unsigned __int128)1 << shift) - 1),
                          half = (unsigned __int128)1 << (shift - 1);
        units = exact >> shift;
        if (rest > half || (rest == half && (units & 1)))
            units++;
    }
    if (score < 0 && units)
        buf_addc(out, '-');
    buf_addf(
        out, "%llu.%06llu", (unsigned long long)(units / 1000000u), (unsigned long long)(units % 1000000u));
}
