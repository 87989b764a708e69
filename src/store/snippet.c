/* snippet.c: the passage of a text that holds most of the words looked for, cut into plain and highlighted
 * pieces.
 */
#include "base/tokenizer.h"
#include "base/utf8.h"
#include "store/store.h"

#include <stdlib.h>

#define HITS_MAX 2000

struct hit {
    size_t start, end;
    size_t word;
};
/* How far the words of a phrase have been met, one behind the other. */
struct meeting {
    struct str rest;   /* of the phrase, still to come */
    uint32_t position; /* of the last word met */
    size_t start;      /* of the first */
};
struct finder {
    const struct str *words;
    const bool *begins;       /* of each: a lone character, which any word may begin with */
    const bool *stems;        /* of each: all words that begin so */
    struct meeting *meetings; /* of each that is a phrase: words with spaces between them */
    size_t word_count, n;
    struct str text;
    struct hit *hits;
};

/* In the order of their ends; those that overlap (bigrams, a phrase and its words) make one longer hit. */
static void add_hit(struct finder *f, size_t start, size_t end, size_t word)
{
    while (f->n && f->hits[f->n - 1].end > start) {
        const struct hit *last = &f->hits[--f->n];
        start = last->start < start ? last->start : start;
        end = last->end > end ? last->end : end;
    }
    f->hits[f->n++] = (struct hit){start, end, word};
}

static void meet(struct finder *f, size_t phrase, const struct token *t)
{
    struct meeting *m = &f->meetings[phrase];
    struct str rest = m->rest, word;
    bool goes_on = rest.p && t->position == m->position + 1 && str_cut(&rest, ' ', &word) &&
                   str_eq(word, t->folded);
    if (!goes_on) {
        rest = f->words[phrase];
        if (!str_cut(&rest, ' ', &word) || !str_eq(word, t->folded))
            return; /* a further form of this word may still fit */
        m->start = t->start;
    }
    m->rest = rest;
    m->position = t->position;
    if (!rest.p)
        add_hit(f, m->start, t->end, phrase);
}

static int find(void *ctx, const struct token *t)
{
    struct finder *f = ctx;
    for (size_t i = 0; i < f->word_count && f->n < HITS_MAX; i++) {
        if (f->meetings[i].start != SIZE_MAX) {
            meet(f, i, t);
            continue;
        }
        if (!str_eq(f->words[i], t->folded) &&
            !((f->begins[i] || f->stems[i]) && str_starts(t->folded, f->words[i])))
            continue;
        size_t end = t->end;
        if (f->begins[i]) {
            end = t->start;
            utf8_next(f->text, &end);
        }
        add_hit(f, t->start, end, i);
    }
    return f->n == HITS_MAX;
}

static int begins(void *ctx, const struct token *t)
{
    *(bool *)ctx = t->prefix;
    return 0;
}

static bool space(char c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

/* The window of max_bytes with most different words, then most hits. Returns its first hit. */
static size_t best_window(const struct finder *f, size_t max_bytes)
{
    size_t best = 0, best_score = 0;
    size_t *count = calloc(f->word_count + 1, sizeof *count);
    size_t different = 0, to = 0;
    for (size_t from = 0; count && from < f->n; from++) {
        for (; to < f->n && f->hits[to].end - f->hits[from].start <= max_bytes; to++)
            different += count[f->hits[to].word]++ == 0;
        size_t score = different * HITS_MAX + (to - from);
        if (score > best_score) {
            best_score = score;
            best = from;
        }
        if (to > from)
            different -= --count[f->hits[from].word] == 0;
        else
            to = from + 1;
    }
    free(count);
    return best;
}

void store_snippet(struct arena *arena, struct str text, const struct str *words, size_t word_count,
    size_t max_bytes, struct snippet *out)
{
    memset(out, 0, sizeof *out);
    bool *lone = calloc(2 * word_count + 1, sizeof *lone), *stems = lone + word_count;
    struct str *bare = calloc(word_count + 1, sizeof *bare);
    struct meeting *meetings = calloc(word_count + 1, sizeof *meetings);
    struct finder f = {bare, lone, stems, meetings, word_count, 0, text, calloc(HITS_MAX, sizeof *f.hits)};
    if (!f.hits || !lone || !bare || !meetings)
        abort();
    for (size_t i = 0; i < word_count; i++) {
        stems[i] = str_ends(words[i], STR("*"));
        bare[i] = str_slice(words[i], 0, words[i].n - stems[i]);
        if (str_find_char(bare[i], ' ') == SIZE_MAX)
            meetings[i].start = SIZE_MAX; /* no phrase */
        if (!stems[i])
            tokenize(words[i], TOKEN_FOR_QUERY, begins, &lone[i]);
    }
    tokenize(text, 0, find, &f);
    size_t from = 0, to = text.n;
    if (text.n > max_bytes) {
        size_t first = f.n ? f.hits[best_window(&f, max_bytes)].start : 0;
        size_t lead = max_bytes / 5; /* some of what comes before helps to understand the hit */
        from = first > lead ? first - lead : 0;
        if (text.n - from < max_bytes)
            from = text.n - max_bytes;
        to = from + max_bytes;
        if (from > 0) { /* begin with a word, end with one */
            size_t at = from;
            while (at < first && !space(text.p[at]))
                at++;
            if (at < first)
                from = at + 1;
            while (from < first && ((unsigned char)text.p[from] & 0xc0) == 0x80)
                from++;
        }
        if (to < text.n) {
            size_t at = to;
            while (at > to - max_bytes / 5 && at > from && !space(text.p[at]))
                at--;
            if (space(text.p[at]) && at > from)
                to = at;
            while (to > from && ((unsigned char)text.p[to] & 0xc0) == 0x80)
                to--;
        }
        out->cut_before = from > 0;
        out->cut_after = to < text.n;
    }
    out->pieces = ARENA_ARRAY(arena, struct str, 2 * f.n + 2);
    size_t at = from;
    for (size_t i = 0; i < f.n; i++) {
        if (f.hits[i].start < at || f.hits[i].end > to)
            continue;
        out->pieces[out->n++] = str_slice(text, at, f.hits[i].start);
        out->pieces[out->n++] = str_slice(text, f.hits[i].start, f.hits[i].end);
        at = f.hits[i].end;
    }
    if (at < to)
        out->pieces[out->n++] = str_slice(text, at, to);
    free(f.hits);
    free(lone);
    free(bare);
    free(meetings);
}
