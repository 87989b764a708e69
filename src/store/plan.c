/* plan.c: reads what a person typed into a search box: words, phrases, operators, each perhaps with a minus.
 */
#include "base/hex.h"
#include "base/tokenizer.h"
#include "store/internal.h"

#include <stdlib.h>

#define TEXT_MAX 1000 /* bytes of a query that count */
#define TERMS_MAX 24
#define FACTS_MAX 24
#define AUTHORS_MAX 20
#define OFFSET_MAX 10000

struct reader {
    struct arena *arena;
    const struct search_query *q;
    struct search_plan *plan;
    struct buf words; /* struct str of each highlight word */
};

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

struct looked_at {
    size_t tokens;
    bool prefix; /* of the last one */
};

static int look_at(void *ctx, const struct token *t)
{
    struct looked_at *l = ctx;
    l->tokens++;
    l->prefix = t->prefix;
    return 0;
}

static int keep(struct reader *r, struct str word)
{
    const struct str *have = (const struct str *)(const void *)r->words.p;
    for (size_t i = 0; i < r->words.n / sizeof *have; i++)
        if (str_eq(have[i], word))
            return 0;
    buf_add(&r->words, &word, sizeof word);
    return 0;
}

static int keep_word(void *ctx, const struct token *t)
{
    struct reader *r = ctx;
    return keep(r, arena_str(r->arena, t->folded));
}

struct phrase {
    struct buf words; /* with spaces between them */
    size_t end;       /* of the last one */
    bool overlaps;    /* of a script without spaces, whose words are pairs of characters */
};

static int add_to_phrase(void *ctx, const struct token *t)
{
    struct phrase *p = ctx;
    p->overlaps |= t->start < p->end || t->prefix;
    p->end = t->end;
    if (p->words.n)
        buf_addc(&p->words, ' ');
    buf_adds(&p->words, t->folded);
    return 0;
}

/* Of a phrase its words are only to be highlighted where they stand together. */
static bool keep_phrase(struct reader *r, struct str text)
{
    struct phrase p = {.words = BUF_INIT};
    tokenize(text, TOKEN_FOR_QUERY, add_to_phrase, &p);
    if (!p.overlaps)
        keep(r, arena_str(r->arena, buf_str(&p.words)));
    buf_finish(&p.words);
    return !p.overlaps;
}

static void add_term(struct reader *r, struct str text, bool negative, bool quoted)
{
    struct looked_at l = {0};
    tokenize(text, TOKEN_FOR_QUERY, look_at, &l);
    if (!l.tokens || r->plan->term_count == TERMS_MAX) /* only marks: nothing to look for */
        return;
    r->plan->terms[r->plan->term_count++] = (struct search_term){text, negative, l.prefix, quoted};
    if (!negative) {
        r->plan->any_word = true;
        if (!quoted || !keep_phrase(r, text))
            tokenize(text, TOKEN_FOR_QUERY, keep_word, r);
    }
}

static struct search_fact *fact_new(struct reader *r, bool negative, size_t max)
{
    if (r->plan->fact_count == FACTS_MAX)
        return NULL;
    struct search_fact *f = &r->plan->facts[r->plan->fact_count++];
    *f = (struct search_fact){ARENA_ARRAY(r->arena, struct str, max), 0, negative};
    return f;
}

static void add_fact(struct reader *r, char letter, struct str value, bool negative)
{
    struct search_fact *f = fact_new(r, negative, 1);
    if (!f)
        return;
    struct buf word _cleanup_buf_ = BUF_INIT;
    rules__fact(&word, letter, value);
    f->words[f->n++] = arena_str(r->arena, buf_str(&word));
}

static void take_author(struct reader *r, struct str value, bool negative)
{
    struct pubkey keys[AUTHORS_MAX];
    size_t n = 0;
    if (pubkey_from_text(value, &keys[0], NULL) >= 0)
        n = 1;
    else if (r->q->author_keys)
        n = r->q->author_keys(r->q->ctx, value, keys, AUTHORS_MAX);
    if (n > AUTHORS_MAX)
        n = AUTHORS_MAX;
    if (!n) { /* nobody is called so: nothing is by them, everything is not by them */
        if (!negative)
            r->plan->nothing = true;
        return;
    }
    struct search_fact *f = fact_new(r, negative, n);
    for (size_t i = 0; f && i < n; i++) {
        char hex[65];
        struct buf word _cleanup_buf_ = BUF_INIT;
        hex_encode(keys[i].b, 32, hex);
        rules__fact(&word, 'a', str_of(hex));
        f->words[f->n++] = arena_str(r->arena, buf_str(&word));
    }
}

static void take_tag(struct reader *r, struct str value, bool negative)
{
    if (value.n && value.p[0] == '#')
        value = str_slice(value, 1, value.n);
    add_fact(r, 't', value, negative);
}

static void take_language(struct reader *r, struct str value, bool negative)
{
    add_fact(r, 'l', value, negative);
}

static bool read_date(struct str value, int64_t *day)
{
    struct buf whole _cleanup_buf_ = BUF_INIT;
    if (!time_parse(value, day)) { /* a year, or a year and a month, is its first day */
        if (value.n != 4 && value.n != 7)
            return false;
        buf_addf(&whole, "%.*s%s", STR_ARG(value), value.n == 4 ? "-01-01" : "-01");
        if (!time_parse(buf_str(&whole), day))
            return false;
    }
    *day -= ((*day % 86400) + 86400) % 86400;
    return true;
}

static void not_before(struct reader *r, int64_t t)
{
    if (t > r->plan->from)
        r->plan->from = t;
}

static void not_after(struct reader *r, int64_t t)
{
    if (t < r->plan->until)
        r->plan->until = t;
}

static bool take_before(struct reader *r, struct str value, bool negative)
{
    int64_t day;
    if (!read_date(value, &day))
        return false;
    if (negative)
        not_before(r, day);
    else
        not_after(r, day - 1);
    return true;
}

static bool take_after(struct reader *r, struct str value, bool negative)
{
    int64_t day;
    if (!read_date(value, &day))
        return false;
    if (negative)
        not_after(r, day - 1);
    else
        not_before(r, day);
    return true;
}

static bool author(struct reader *r, struct str value, bool negative)
{
    take_author(r, value, negative);
    return true;
}

static bool tag(struct reader *r, struct str value, bool negative)
{
    take_tag(r, value, negative);
    return true;
}

static bool language(struct reader *r, struct str value, bool negative)
{
    take_language(r, value, negative);
    return true;
}

/* name: what is written before the colon. take: false where the value makes no sense, then all of it is a
 * word. */
static const struct {
    const char *name;
    bool (*take)(struct reader *r, struct str value, bool negative);
} operators[] = {
    {"author", author},
    {"tag", tag},
    {"lang", language},
    {"before", take_before},
    {"after", take_after},
};

/* What is quoted, without the quotes; an open quote ends with the text. */
static struct str take_quoted(struct str text, size_t *at)
{
    size_t from = ++*at;
    while (*at < text.n && text.p[*at] != '"')
        ++*at;
    struct str inside = str_slice(text, from, *at);
    if (*at < text.n)
        ++*at;
    return inside;
}

static void take_piece(struct reader *r, struct str text, size_t *at)
{
    bool negative = text.p[*at] == '-' && *at + 1 < text.n && !is_space(text.p[*at + 1]);
    if (negative)
        ++*at;
    if (text.p[*at] == '"') {
        add_term(r, take_quoted(text, at), negative, true);
        return;
    }
    size_t from = *at;
    while (*at < text.n && !is_space(text.p[*at]) && text.p[*at] != '"')
        ++*at;
    struct str word = str_slice(text, from, *at);
    size_t colon = str_find_char(word, ':');
    if (colon != SIZE_MAX && colon + 1 <= word.n)
        for (size_t i = 0; i < sizeof operators / sizeof *operators; i++) {
            if (!str_eq_nocase(str_slice(word, 0, colon), str_of(operators[i].name)))
                continue;
            struct str value = str_slice(word, colon + 1, word.n);
            size_t end = *at;
            if (!value.n && *at < text.n && text.p[*at] == '"')
                value = take_quoted(text, &end);
            if (value.n && operators[i].take(r, value, negative)) {
                *at = end;
                return;
            }
        }
    add_term(r, word, negative, false);
}

static struct str clean(struct arena *arena, struct str text)
{
    text = text.n > TEXT_MAX ? str_slice(text, 0, TEXT_MAX) : text;
    char *copy = arena_alloc(arena, text.n + 1);
    for (size_t i = 0; i < text.n; i++)
        copy[i] = text.p[i] ? text.p[i] : ' ';
    return (struct str){copy, text.n};
}

int plan__parse(struct arena *arena, const struct search_query *q, struct search_plan *out,
    struct search_result *result, struct err *err)
{
    if (q->limit > 100 || q->offset > OFFSET_MAX)
        return err_set(err, ERR_LIMIT, "search gives at most 100 at a time, and goes back %d", OFFSET_MAX);
    memset(out, 0, sizeof *out);
    out->query = q;
    out->from = TIME_FIRST;
    out->until = TIME_LAST;
    out->terms = ARENA_ARRAY(arena, struct search_term, TERMS_MAX);
    out->facts = ARENA_ARRAY(arena, struct search_fact, FACTS_MAX + 1);
    struct reader r = {arena, q, out, BUF_INIT};
    struct str text = clean(arena, q->text);
    for (size_t at = 0; at < text.n;) {
        if (is_space(text.p[at]))
            at++;
        else
            take_piece(&r, text, &at);
    }
    bool asked = out->term_count || out->fact_count || out->from > TIME_FIRST || out->until < TIME_LAST;
    if (!asked || out->from > out->until)
        out->nothing = true;
    /* The kind last: it is everywhere, and what is rare should come first. */
    struct search_fact *kind = &out->facts[out->fact_count++];
    *kind = (struct search_fact){ARENA_ARRAY(arena, struct str, 1), 1, false};
    kind->words[0] = arena_printf(arena, "k%u", q->kind);
    result->word_count = r.words.n / sizeof(struct str);
    result->words = ARENA_ARRAY(arena, struct str, result->word_count + 1);
    if (r.words.n)
        memcpy(result->words, r.words.p, r.words.n);
    buf_finish(&r.words);
    return 0;
}

static int keep_last(void *ctx, const struct token *t)
{
    struct buf *last = ctx;
    buf_clear(last);
    buf_adds(last, t->folded);
    return 0;
}

bool plan__widen(struct arena *arena, struct search_plan *plan, struct search_result *result)
{
    bool widened = false;
    struct buf last _cleanup_buf_ = BUF_INIT;
    for (size_t i = 0; i < plan->term_count; i++) {
        struct search_term *t = &plan->terms[i];
        if (t->negative || t->quoted || t->prefix)
            continue;
        t->prefix = widened = true;
        tokenize(t->text, TOKEN_FOR_QUERY, keep_last, &last);
        for (size_t k = 0; k < result->word_count; k++)
            if (str_eq(result->words[k], buf_str(&last)))
                result->words[k] = arena_printf(arena, "%.*s*", STR_ARG(result->words[k]));
    }
    return widened;
}
