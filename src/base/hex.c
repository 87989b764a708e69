/* hex.c: hexadecimal and bech32 (BIP-173). */
#include "base/hex.h"

void hex_encode(const uint8_t *bytes, size_t n, char *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < n; i++) {
        *out++ = digits[bytes[i] >> 4];
        *out++ = digits[bytes[i] & 15];
    }
    *out = 0;
}

/* A digit's value, 0x80 for what is none. A table because digits are random: branches on them would be
 * mispredicted every other time. */
#define NONE_16 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128
static const uint8_t digit_value[256] = {NONE_16, NONE_16, NONE_16, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 128, 128,
    128, 128, 128, 128, NONE_16, NONE_16, 128, 10, 11, 12, 13, 14, 15, 128, 128, 128, 128, 128, 128, 128, 128,
    128, NONE_16, NONE_16, NONE_16, NONE_16, NONE_16, NONE_16, NONE_16, NONE_16, NONE_16};

bool hex_decode(struct str text, uint8_t *out, size_t n)
{
    if (text.n != 2 * n)
        return false;
    const uint8_t *p = (const uint8_t *)text.p;
    uint8_t bad = 0;
    for (size_t i = 0; i < n; i++) {
        uint8_t high = digit_value[p[2 * i]], low = digit_value[p[2 * i + 1]];
        bad |= high | low;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return !(bad & 0x80);
}

static const char bech32_alphabet[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

static uint32_t polymod(uint32_t check, uint8_t value)
{
    static const uint32_t generator[5] = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3};
    uint32_t top = check >> 25;
    check = (check & 0x1ffffff) << 5 ^ value;
    for (int i = 0; i < 5; i++)
        if (top >> i & 1)
            check ^= generator[i];
    return check;
}

static uint32_t polymod_hrp(const char *hrp, size_t n)
{
    uint32_t check = 1;
    for (size_t i = 0; i < n; i++)
        check = polymod(check, (uint8_t)hrp[i] >> 5);
    check = polymod(check, 0);
    for (size_t i = 0; i < n; i++)
        check = polymod(check, (uint8_t)hrp[i] & 31);
    return check;
}

void bech32_encode(struct buf *out, const char *hrp, const uint8_t *data, size_t n)
{
    uint32_t check = polymod_hrp(hrp, strlen(hrp)), bits = 0;
    int held = 0;
    buf_addz(out, hrp);
    buf_addc(out, '1');
    for (size_t i = 0; i < n || held > 0;) {
        if (held < 5) {
            bits = bits << 8 | (i < n ? data[i] : 0);
            if (i >= n) { /* pad the last group with zero bits */
                bits >>= 8;
                bits <<= 5 - held;
                held = 5;
            } else {
                held += 8;
                i++;
            }
        }
        while (held >= 5) {
            uint8_t value = bits >> (held - 5) & 31;
            held -= 5;
            check = polymod(check, value);
            buf_addc(out, bech32_alphabet[value]);
        }
    }
    for (int i = 0; i < 6; i++)
        check = polymod(check, 0);
    check ^= 1;
    for (int i = 0; i < 6; i++)
        buf_addc(out, bech32_alphabet[check >> 5 * (5 - i) & 31]);
}

bool bech32_decode(struct str text, char *hrp, size_t hrp_size, struct buf *data)
{
    bool lower = false, upper = false;
    size_t one = SIZE_MAX;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (c < 33 || c > 126)
            return false;
        lower |= c >= 'a' && c <= 'z';
        upper |= c >= 'A' && c <= 'Z';
        if (c == '1')
            one = i;
    }
    if ((lower && upper) || one == SIZE_MAX || one == 0 || one >= hrp_size || text.n - one < 7)
        return false;
    for (size_t i = 0; i < one; i++) {
        char c = text.p[i];
        hrp[i] = c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
    }
    hrp[one] = 0;

    uint32_t check = polymod_hrp(hrp, one), bits = 0;
    int held = 0;
    size_t start = data->n;
    for (size_t i = one + 1; i < text.n; i++) {
        char c = text.p[i];
        if (c >= 'A' && c <= 'Z')
            c = (char)(c + 32);
        const char *at = strchr(bech32_alphabet, c);
        if (!at)
            goto bad;
        uint8_t value = (uint8_t)(at - bech32_alphabet);
        check = polymod(check, value);
        if (i + 6 >= text.n)
            continue; /* the checksum itself */
        bits = (bits << 5 | value) & 0xfff;
        held += 5;
        if (held >= 8) {
            buf_addc(data, (char)(bits >> (held - 8) & 0xff));
            held -= 8;
        }
    }
    if (check == 1 && held < 5 && !(bits & ((1u << held) - 1)))
        return true;
bad:
    data->n = start;
    return false;
}
