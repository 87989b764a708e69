/* locale.c: choosing the interface's language, its messages with values and plurals, its numbers. Dates are
 * locale_date.c's. */
#include "web/locale.h"

#include "web/locale_data.h"

#include <stdarg.h>

const struct locale *locale_at(size_t i)
{
    return i < LOCALE_COUNT ? &locale_table[i] : NULL;
}

/* The first part of a language tag: "fr" of "fr-CA". */
static struct str primary(struct str code)
{
    size_t n = 0;
    while (n < code.n && code.p[n] != '-' && code.p[n] != '_')
        n++;
    return str_slice(code, 0, n);
}

const struct locale *locale_find(struct str code)
{
    code = primary(code);
    for (size_t i = 0; i < LOCALE_COUNT; i++)
        if (str_eq_nocase(code, str_of(locale_table[i].code)))
            return &locale_table[i];
    return NULL;
}

/* RFC 9110 §12.4.2: ";q=0.8" in thousandths; what is malformed counts as 0. */
static int quality(struct str parameters)
{
    struct str piece;
    while (str_cut(&parameters, ';', &piece)) {
        piece = str_trim(piece);
        if (piece.n < 3 || (piece.p[0] != 'q' && piece.p[0] != 'Q') || piece.p[1] != '=')
            continue;
        if (piece.p[2] == '1')
            return 1000;
        if (piece.p[2] != '0')
            return 0;
        int value = 0, unit = 100;
        for (size_t i = 4; i < piece.n && i < 7 && piece.p[3] == '.'; i++, unit /= 10) {
            if (piece.p[i] < '0' || piece.p[i] > '9')
                return 0;
            value += (piece.p[i] - '0') * unit;
        }
        return value;
    }
    return 1000;
}

const struct locale *locale_choose(struct str accept_language)
{
    const struct locale *best = &locale_table[0];
    int best_quality = 0;
    struct str range;
    for (unsigned looked_at = 0; looked_at < 32 && str_cut(&accept_language, ',', &range); looked_at++) {
        size_t semicolon = str_find_char(range, ';');
        struct str tag = str_trim(semicolon == SIZE_MAX ? range : str_slice(range, 0, semicolon));
        int q = semicolon == SIZE_MAX ? 1000 : quality(str_slice(range, semicolon + 1, range.n));
        const struct locale *l = locale_find(tag);
        if (l && q > best_quality) {
            best = l;
            best_quality = q;
        }
    }
    return best;
}

const char *locale_code(const struct locale *l)
{
    return l->code;
}

const char *locale_own_name(const struct locale *l)
{
    return l->own_name;
}

bool locale_rtl(const struct locale *l)
{
    return l->rtl;
}

/* ---- messages */

/* FNV-1a over "one" or "one\1many", as tools/gen-locale computes it. */
static uint64_t message_hash(const char *one, const char *many)
{
    uint64_t hash = 14695981039346656037u;
    for (; *one; one++)
        hash = (hash ^ (uint8_t)*one) * 1099511628211u;
    if (many) {
        hash = (hash ^ 1) * 1099511628211u;
        for (; *many; many++)
            hash = (hash ^ (uint8_t)*many) * 1099511628211u;
    }
    return hash;
}

static const char *const *translation(const struct locale *l, const char *one, const char *many)
{
    if (!l->catalogue)
        return NULL;
    uint64_t hash = message_hash(one, many);
    size_t low = 0, high = l->catalogue->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (l->catalogue->entries[middle].hash < hash)
            low = middle + 1;
        else
            high = middle;
    }
    return low < l->catalogue->n && l->catalogue->entries[low].hash == hash ? l->catalogue->entries[low].forms
                                                                            : NULL;
}

struct str locale_message(const struct locale *l, const char *english)
{
    const char *const *forms = translation(l, english, NULL);
    return str_of(forms ? forms[0] : english);
}

struct str locale_plural(const struct locale *l, const char *one, const char *many, int64_t n)
{
    const char *const *forms = translation(l, one, many);
    uint64_t magnitude = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
    return str_of(forms ? forms[l->plural(magnitude)] : magnitude == 1 ? one : many);
}

/* Appends up to the next %{name}, whose name it gives; false behind the last. */
static bool next_value(struct str *text, struct str *name, struct buf *out)
{
    size_t begin = str_find(*text, STR("%{"));
    size_t length = begin == SIZE_MAX ? SIZE_MAX : str_find_char(str_slice(*text, begin, text->n), '}');
    if (length == SIZE_MAX) {
        buf_adds(out, *text);
        return false;
    }
    buf_adds(out, str_slice(*text, 0, begin));
    *name = str_slice(*text, begin + 2, begin + length);
    *text = str_slice(*text, begin + length + 1, text->n);
    return true;
}

static void add_value(struct str name, struct buf *out, va_list args)
{
    va_list rest;
    va_copy(rest, args);
    for (const char *key; (key = va_arg(rest, const char *));) {
        struct str value = va_arg(rest, struct str);
        if (str_eqz(name, key))
            buf_adds(out, value);
    }
    va_end(rest);
}

void locale_format(const struct locale *l, struct buf *out, const char *english, ...)
{
    struct str text = locale_message(l, english), name;
    va_list args;
    va_start(args, english);
    while (next_value(&text, &name, out))
        add_value(name, out, args);
    va_end(args);
}

void locale_format_plural(
    const struct locale *l, struct buf *out, const char *one, const char *many, int64_t n, ...)
{
    struct str text = locale_plural(l, one, many, n), name;
    va_list args;
    va_start(args, n);
    while (next_value(&text, &name, out))
        if (str_eq(name, STR("n")))
            locale_add_int(l, n, out);
        else
            add_value(name, out, args);
    va_end(args);
}

void locale_add_plural(const struct locale *l, const char *one, const char *many, int64_t n, struct buf *out)
{
    struct str text = locale_plural(l, one, many, n), name;
    while (next_value(&text, &name, out))
        if (str_eq(name, STR("n")))
            locale_add_int(l, n, out);
}

/* ---- numbers */

void locale_add_int(const struct locale *l, int64_t n, struct buf *out)
{
    uint64_t magnitude = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
    unsigned char digits[20];
    unsigned count = 0;
    do
        digits[count++] = (unsigned char)(magnitude % 10);
    while (magnitude /= 10);
    if (n < 0)
        buf_addz(out, l->rtl ? "\u200f-" : "-");
    for (unsigned i = count; i-- > 0;) {
        buf_addz(out, l->digits[digits[i]]);
        if (i && i % 3 == 0 && count >= l->group_from)
            buf_addz(out, l->group);
    }
}

void locale_add_decimal(const struct locale *l, double value, unsigned digits, struct buf *out)
{
    static const int64_t powers[] = {1, 10, 100, 1000, 10000, 100000, 1000000};
    digits = digits > 6 ? 6 : digits;
    bool below = value < 0;
    value = below ? -value : value;
    if (!(value < 1e12)) { /* nothing that is shown comes near it; NaN neither */
        buf_addz(out, "…");
        return;
    }
    int64_t scaled = (int64_t)(value * (double)powers[digits] + 0.5);
    while (digits && scaled % 10 == 0) {
        scaled /= 10;
        digits--;
    }
    if (below && scaled)
        buf_addz(out, l->rtl ? "\u200f−" : "−");
    locale_add_int(l, scaled / powers[digits], out);
    if (digits)
        buf_addz(out, l->decimal);
    for (int64_t rest = scaled % powers[digits]; digits; rest %= powers[digits])
        buf_addz(out, l->digits[rest / powers[--digits]]);
}

/* ---- languages of texts */

struct str locale_language_name(const struct locale *l, struct str code)
{
    struct str first = primary(code);
    for (size_t i = 0; i < language_name_count; i++)
        if (str_eq_nocase(first, str_of(language_names[i].code)))
            return str_of(language_names[i].names[l->number]);
    return code;
}

const char *language_direction(struct str code)
{
    static const struct str right_to_left[] = {STR_INIT("ar"), STR_INIT("fa"), STR_INIT("he"), STR_INIT("ur"),
        STR_INIT("yi"), STR_INIT("ps"), STR_INIT("sd"), STR_INIT("ug"), STR_INIT("dv"), STR_INIT("ckb"),
        STR_INIT("arc"), STR_INIT("syr")};
    struct str first = primary(code);
    for (size_t i = 0; i < sizeof right_to_left / sizeof *right_to_left; i++)
        if (str_eq_nocase(first, right_to_left[i]))
            return "rtl";
    return "ltr";
}
