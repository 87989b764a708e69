/* value.c: ratings and weights as decimals, exactly: no double, no exponent, no sign. */
#include "rating/rating.h"

#include <stdio.h>

enum { longest = 64 }; /* characters of a decimal; more than any writer has use for */

/* Splits "0.85" into its whole part (at most two digits) and the digits behind the point. */
static bool split(struct str text, unsigned *whole, struct str *fraction)
{
    size_t point = str_find_char(text, '.');
    struct str head = point == SIZE_MAX ? text : str_slice(text, 0, point);
    *fraction = point == SIZE_MAX ? STR("") : str_slice(text, point + 1, text.n);
    uint64_t number;
    if (text.n > longest || !head.n || head.n > 2 || (point != SIZE_MAX && !fraction->n) ||
        !str_to_u64(head, 99, &number))
        return false;
    for (size_t i = 0; i < fraction->n; i++)
        if (fraction->p[i] < '0' || fraction->p[i] > '9')
            return false;
    *whole = (unsigned)number;
    return true;
}

static bool all_zero(struct str digits)
{
    for (size_t i = 0; i < digits.n; i++)
        if (digits.p[i] != '0')
            return false;
    return true;
}

bool weight_parse(struct str text, weight *out)
{
    unsigned whole;
    struct str fraction;
    if (!split(text, &whole, &fraction) || whole > 1 || (whole == 1 && !all_zero(fraction)))
        return false;
    if (whole == 1) {
        *out = WEIGHT_ONE;
        return true;
    }
    /* Doubling the decimal gives one bit at a time: what is carried out of it. */
    uint8_t digits[longest];
    for (size_t i = 0; i < fraction.n; i++)
        digits[i] = (uint8_t)(fraction.p[i] - '0');
    weight w = 0;
    for (int bit = 0; bit < 32; bit++) {
        unsigned carry = 0;
        for (size_t i = fraction.n; i-- > 0;) {
            unsigned twice = 2u * digits[i] + carry;
            digits[i] = (uint8_t)(twice % 10);
            carry = twice / 10;
        }
        w = w << 1 | carry;
    }
    *out = w;
    return w > 0;
}

void weight_format(weight w, struct buf *out)
{
    unsigned __int128 scale = 1, digits = 0;
    int n = 0;
    for (;; n++, scale *= 10) {
        digits = ((unsigned __int128)w * scale + (unsigned __int128)WEIGHT_ONE - 1) /
                 (unsigned __int128)WEIGHT_ONE;
        if (digits * (unsigned __int128)WEIGHT_ONE / scale == (unsigned __int128)w)
            break;
    }
    buf_addf(out, "%llu", (unsigned long long)(digits / scale));
    if (n)
        buf_addf(out, ".%0*llu", n, (unsigned long long)(digits % scale));
}

bool rating_value_parse(struct str text, uint16_t *out)
{
    unsigned whole;
    struct str fraction;
    if (!split(text, &whole, &fraction) || whole > 1 || (whole == 1 && !all_zero(fraction)))
        return false;
    unsigned value = whole * RATING_SCALE, unit = RATING_SCALE / 10;
    for (size_t i = 0; i < fraction.n && i < 4; i++, unit /= 10)
        value += unit * (unsigned)(fraction.p[i] - '0');
    if (fraction.n > 4 && fraction.p[4] >= '5')
        value++;
    *out = (uint16_t)value;
    return true;
}

void rating_value_format(uint16_t value, struct buf *out)
{
    if (value >= RATING_SCALE) {
        buf_addz(out, "1");
        return;
    }
    char digits[16];
    int n = snprintf(digits, sizeof digits, "%04u", value);
    while (n > 0 && digits[n - 1] == '0')
        n--;
    buf_addf(out, n ? "0.%.*s" : "0", n, digits);
}
