/* bench/words.h: made-up words, as frequent as words are in real texts, and a seeded source of numbers: what
 * the benchmarks' generators write with. */
#ifndef WN_BENCH_WORDS_H
#define WN_BENCH_WORDS_H

#include "base/str.h"

#include <stdint.h>

struct words;
struct words *words_create(uint64_t seed); /* NULL without memory */
void words_destroy(struct words *w);       /* takes NULL */
uint64_t words_number(struct words *w);    /* any 64 bits */
double words_share(struct words *w);       /* 0 ≤ x < 1 */
uint64_t words_below(struct words *w, uint64_t n);
/* count words drawn by Zipf's law, with commas, or with paragraphs as well. */
void words_add(struct words *w, struct buf *b, unsigned count, bool paragraphs);

#endif
