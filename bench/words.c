/* bench/words.c: made-up words drawn by Zipf's law from a vocabulary of 30,000, and xorshift numbers. */
#include "words.h"

#include <stdlib.h>

#define VOCABULARY 30000

struct words {
    uint64_t state;
    double cumulative[VOCABULARY]; /* of the vocabulary's frequencies */
};

struct words *words_create(uint64_t seed)
{
    struct words *w = calloc(1, sizeof *w);
    if (!w)
        return NULL;
    w->state = seed ? seed : 1;
    double sum = 0;
    for (unsigned i = 0; i < VOCABULARY; i++)
        w->cumulative[i] = sum += 1.0 / (i + 2.7);
    return w;
}

void words_destroy(struct words *w)
{
    free(w);
}

uint64_t words_number(struct words *w)
{
    w->state ^= w->state >> 12;
    w->state ^= w->state << 25;
    w->state ^= w->state >> 27;
    return w->state * UINT64_C(0x2545f4914f6cdd1d);
}

double words_share(struct words *w)
{
    return (double)(words_number(w) >> 11) * 0x1p-53;
}

uint64_t words_below(struct words *w, uint64_t n)
{
    return (uint64_t)(words_share(w) * (double)n);
}

/* A word's number: frequent ones are small. */
static unsigned pick(struct words *w)
{
    double x = words_share(w) * w->cumulative[VOCABULARY - 1];
    unsigned low = 0, high = VOCABULARY - 1;
    while (low < high) {
        unsigned middle = (low + high) / 2;
        if (w->cumulative[middle] < x)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void add_word(struct buf *b, unsigned n)
{
    static const char *const syllables[] = {"ba", "de", "ki", "lo", "mu", "na", "pe", "ri", "so", "tu", "va",
        "ne", "ster", "mon", "tal", "gar", "fen", "lis", "dor", "qua"};
    do {
        buf_addz(b, syllables[n % 20]);
        n /= 20;
    } while (n);
}

void words_add(struct words *w, struct buf *b, unsigned count, bool paragraphs)
{
    for (unsigned i = 0; i < count; i++) {
        if (paragraphs && i && i % 60 == 0)
            buf_addz(b, ".\n\n");
        else if (i)
            buf_addz(b, i % 11 ? " " : ", ");
        add_word(b, pick(w));
    }
}
