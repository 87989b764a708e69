/* tokenizer.c: the one answer to "what is a word", for every script, by Unicode's properties (libunistring).
 *
 * Text is cut by the class of its characters as they stand; each piece is then normalised and folded alone,
 * so that every token knows which bytes it came from. */
#include "base/tokenizer.h"

#include "base/utf8.h"

#include <stdlib.h>
#include <unicase.h>
#include <unictype.h>
#include <uninorm.h>

#define LONGEST_FOLDED 128
#define STACK_BYTES 512

enum class {
    BETWEEN, /* spaces, punctuation, symbols */
    WORD,    /* letters, digits */
    MARK,    /* belongs to what it follows */
    IGNORED, /* joiners, soft hyphen: neither cut a word nor stand in it */
    BIGRAM,  /* letters of scripts written without spaces */
};

static bool is_bigram_letter(uint32_t u)
{
    if (u < 0x0e01)
        return false;
    return (u <= 0x0e3a) || (u >= 0x0e40 && u <= 0x0e4f) ||                             /* Thai */
           (u >= 0x0e81 && u <= 0x0ecd) || (u >= 0x0edc && u <= 0x0edf) ||              /* Lao */
           (u >= 0x1780 && u <= 0x17d3) || u == 0x17d7 || u == 0x17dc || u == 0x17dd || /* Khmer */
           (u >= 0x2e80 && u <= 0x2fdf) || (u >= 0x3005 && u <= 0x3007) || (u >= 0x3021 && u <= 0x302f) ||
           (u >= 0x3031 && u <= 0x3035) || (u >= 0x3038 && u <= 0x303c) || (u >= 0x3041 && u <= 0x309a) ||
           (u >= 0x309d && u <= 0x309f) || (u >= 0x30a1 && u <= 0x30fa) || (u >= 0x30fc && u <= 0x30ff) ||
           (u >= 0x31f0 && u <= 0x31ff) || (u >= 0x3400 && u <= 0x4dbf) || (u >= 0x4e00 && u <= 0x9fff) ||
           (u >= 0xf900 && u <= 0xfaff) || (u >= 0xff66 && u <= 0xff9f) || (u >= 0x1aff0 && u <= 0x1b16f) ||
           (u >= 0x20000 && u <= 0x323af);
}

static enum class class_of(uint32_t u) {
    if (u < 0x80){bool letter = (u | 32) >= 'a' && (u | 32) <= 'z';
                  return letter || (u >= '0' && u <= '9') ? WORD : BETWEEN;}
if (u == 0xad || u == 0x200c || u == 0x200d || u == 0x2060 || u == 0xfeff ||
    (u >= 0xfe00 && u <= 0xfe0f)) return IGNORED;
if (uc_is_general_category_withtable(u, UC_CATEGORY_MASK_M))
    return MARK;
if (is_bigram_letter(u))
    return uc_is_general_category_withtable(u, UC_CATEGORY_MASK_L | UC_CATEGORY_MASK_N) ? BIGRAM : BETWEEN;
return uc_is_general_category_withtable(u, UC_CATEGORY_MASK_L | UC_CATEGORY_MASK_N) ? WORD : BETWEEN;
}

/* What folding leaves of one character beyond NFKC and case: 0 where nothing. */
static uint32_t unify(uint32_t u)
{
    if (u < 0x0591)
        return u == 0xad ? 0 : u;
    if ((u >= 0x0591 && u <= 0x05bd) || u == 0x05bf || u == 0x05c1 || u == 0x05c2 || u == 0x05c4 ||
        u == 0x05c5 || u == 0x05c7) /* Hebrew points and accents */
        return 0;
    if (u == 0x0640 || (u >= 0x064b && u <= 0x065f) || u == 0x0670 || (u >= 0x06d6 && u <= 0x06dc) ||
        (u >= 0x06df && u <= 0x06e4) || u == 0x06e7 || u == 0x06e8 || (u >= 0x06ea && u <= 0x06ed))
        return 0; /* tatweel, vowel marks, Koranic marks */
    switch (u) {
    case 0x0622: /* alef with madda, hamza above, hamza below, wasla */
    case 0x0623:
    case 0x0625:
    case 0x0671:
        return 0x0627;
    case 0x0624: /* waw with hamza */
        return 0x0648;
    case 0x0626: /* yeh with hamza, alef maksura, Farsi yeh */
    case 0x0649:
    case 0x06cc:
        return 0x064a;
    case 0x0629: /* teh marbuta */
        return 0x0647;
    case 0x06a9: /* keheh */
        return 0x0643;
    case 0x200c: /* joiners and other characters without a shape */
    case 0x200d:
    case 0x2060:
    case 0xfeff:
        return 0;
    default:
        return u >= 0xfe00 && u <= 0xfe0f ? 0 : u;
    }
}

struct walk {
    struct str text;
    unsigned flags;
    int (*on_token)(void *ctx, const struct token *t);
    void *ctx;
    uint32_t position;
    struct buf folded, bare; /* scratch */
};

static int emit(struct walk *w, struct str folded, size_t start, size_t end, bool again, bool prefix)
{
    if (folded.n == 0)
        return 0;
    struct token t = {utf8_cut(folded, LONGEST_FOLDED), start, end, w->position, again, prefix};
    return w->on_token(w->ctx, &t);
}

/* Appends the folded form of one piece of the text. */
static void fold(struct walk *w, struct str piece, struct buf *out)
{
    size_t ascii = 0;
    while (ascii < piece.n && (unsigned char)piece.p[ascii] < 0x80)
        ascii++;
    if (ascii == piece.n) {
        buf_reserve(out, piece.n);
        for (size_t i = 0; i < piece.n; i++) {
            char c = piece.p[i];
            out->p[out->n++] = c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
        }
        out->p[out->n] = 0;
        return;
    }
    uint8_t stack[STACK_BYTES];
    size_t n = sizeof stack;
    uint8_t *folded = u8_casefold((const uint8_t *)piece.p, piece.n, NULL, UNINORM_NFKC, stack, &n);
    if (!folded)
        return;
    struct str s = {(const char *)folded, n};
    for (size_t at = 0; at < s.n;) {
        uint32_t u = unify(utf8_next(s, &at));
        if (u)
            utf8_add(out, u);
    }
    if (folded != stack)
        free(folded);
}

/* The folded word without the marks that Latin, Greek and Cyrillic letters carry; false where it has none. */
static bool strip_marks(struct str folded, struct buf *out)
{
    bool high = false;
    for (size_t i = 0; i < folded.n && !high; i++)
        high = (unsigned char)folded.p[i] >= 0x80;
    if (!high)
        return false;
    uint8_t stack[STACK_BYTES];
    size_t n = sizeof stack;
    uint8_t *apart = u8_normalize(UNINORM_NFD, (const uint8_t *)folded.p, folded.n, stack, &n);
    if (!apart)
        return false;
    struct str s = {(const char *)apart, n};
    bool western = false, stripped = false;
    buf_clear(out);
    for (size_t at = 0; at < s.n;) {
        uint32_t u = utf8_next(s, &at);
        if (u >= 0x300 && u <= 0x36f) {
            if (western) {
                stripped = true;
                continue;
            }
        } else {
            western = u <= 0x52f || (u >= 0x1e00 && u <= 0x1fff);
        }
        utf8_add(out, u);
    }
    if (apart != stack)
        free(apart);
    return stripped && out->n > 0;
}

static int word(struct walk *w, size_t start, size_t end)
{
    buf_clear(&w->folded);
    fold(w, str_slice(w->text, start, end), &w->folded);
    if (w->folded.n == 0)
        return 0;
    int rc = emit(w, buf_str(&w->folded), start, end, false, false);
    if (!rc && !w->flags && strip_marks(buf_str(&w->folded), &w->bare))
        rc = emit(w, buf_str(&w->bare), start, end, true, false);
    w->position++;
    return rc;
}

/* The character at *at with the marks behind it. */
static void cluster(struct walk *w, size_t end, size_t *at)
{
    utf8_next(w->text, at);
    while (*at < end) {
        size_t next = *at;
        enum class c = class_of(utf8_next(w->text, &next));
        if (c != MARK && c != IGNORED)
            return;
        *at = next;
    }
}

static int run(struct walk *w, size_t start, size_t end)
{
    size_t first = start, second = start;
    cluster(w, end, &second);
    if (second >= end || (w->flags & TOKEN_WHOLE_RUNS)) {
        for (size_t at = start; at < end;) {
            size_t next = at;
            cluster(w, end, &next);
            buf_clear(&w->folded);
            fold(w, str_slice(w->text, at, next), &w->folded);
            int rc = emit(w, buf_str(&w->folded), at, next, false,
                (w->flags & TOKEN_FOR_QUERY) && !(w->flags & TOKEN_WHOLE_RUNS));
            if (rc)
                return rc;
            w->position++;
            at = next;
        }
        return 0;
    }
    while (second < end) {
        size_t after = second;
        cluster(w, end, &after);
        buf_clear(&w->folded);
        fold(w, str_slice(w->text, first, second), &w->folded);
        size_t half = w->folded.n;
        fold(w, str_slice(w->text, second, after), &w->folded);
        int rc = emit(w, buf_str(&w->folded), first, after, false, false);
        if (!rc && after >= end && !w->flags)
            rc = emit(w, str_slice(buf_str(&w->folded), half, w->folded.n), second, after, true, false);
        if (rc)
            return rc;
        w->position++;
        first = second;
        second = after;
    }
    return 0;
}

/* Most words of many languages are ASCII from end to end: read, folded and given on in one go. Returns where
 * the word ends; start where it may go on beyond ASCII, which the others know how to read. */
static size_t ascii_word(struct walk *w, size_t start, int *rc)
{
    char folded[LONGEST_FOLDED];
    const unsigned char *p = (const unsigned char *)w->text.p;
    size_t at = start, n = w->text.n;
    for (; at < n; at++) {
        unsigned char c = p[at], letter = c | 32;
        if (letter >= 'a' && letter <= 'z')
            c = letter;
        else if (c < '0' || c > '9')
            break;
        if (at - start < sizeof folded)
            folded[at - start] = (char)c;
    }
    if (at == start || (at < n && p[at] >= 0x80))
        return start;
    size_t length = at - start < sizeof folded ? at - start : sizeof folded;
    *rc = emit(w, (struct str){folded, length}, start, at, false, false);
    w->position++;
    return at;
}

static int walk(struct walk *w)
{
    size_t at = 0;
    while (at < w->text.n) {
        size_t start = at;
        if ((unsigned char)w->text.p[at] < 0x80) {
            int rc = 0;
            if (class_of((unsigned char)w->text.p[at]) == BETWEEN) {
                at++;
                continue;
            }
            at = ascii_word(w, start, &rc);
            if (rc)
                return rc;
            if (at > start)
                continue;
        }
        /* a bad byte reads as U+FFFD, which is a symbol: it separates */
        enum class kind = class_of(utf8_next(w->text, &at));
        if (kind == BETWEEN || kind == IGNORED)
            continue;
        if (kind == MARK)
            kind = WORD;
        while (at < w->text.n) {
            size_t next = at;
            enum class c = class_of(utf8_next(w->text, &next));
            if (c != kind && c != MARK && c != IGNORED)
                break;
            at = next;
        }
        int rc = kind == BIGRAM ? run(w, start, at) : word(w, start, at);
        if (rc)
            return rc;
    }
    return 0;
}

int tokenize(struct str text, unsigned flags, int (*on_token)(void *ctx, const struct token *t), void *ctx)
{
    struct walk w = {text, flags, on_token, ctx, 0, BUF_INIT, BUF_INIT};
    int rc = walk(&w);
    buf_finish(&w.folded);
    buf_finish(&w.bare);
    return rc;
}
