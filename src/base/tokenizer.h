/* tokenizer.h: how text is cut into words, for search, snippets, word diff and "a tenth of its words".
 *
 * NFKC and full case fold; combining marks stay in their words; Arabic vowel marks and tatweel and Hebrew
 * points are dropped, hamza, alef, yeh and kaf forms unified; each run of Han, kana, Thai, Lao or Khmer gives
 * its overlapping bigrams of characters with their marks. Deterministic: no locale, no dictionary. */
#ifndef WN_BASE_TOKENIZER_H
#define WN_BASE_TOKENIZER_H

#include "base/str.h"

enum token_flags {
    TOKEN_FOR_QUERY =
        1, /* what a person typed: one form of each word; a lone character of a bigram script is to match as a
              prefix (token.prefix), since it is the first of some bigram or the last of its run */
    TOKEN_WHOLE_RUNS =
        2, /* for counting and diff: one form of each word, bigram scripts give single characters */
};

/* Without flags, for an index and for finding a query's words in a text, some words come in a second form at
 * the same position (again is set): the one without its Latin, Greek or Cyrillic marks ("etudiants" beside
 * "étudiants"), and a run's last character alone beside its last bigram. */
struct token {
    struct str folded; /* valid until the callback returns; at most 128 bytes, longer words are cut */
    size_t start, end; /* the bytes in the input it came from */
    uint32_t position; /* counts up by one a word */
    bool again;        /* a further form of the word before */
    bool prefix;       /* only with TOKEN_FOR_QUERY: match every word that begins so */
};

/* Calls on_token for each token in order until it returns non-zero, which is then returned; else 0. Bytes
 * that are not UTF-8 separate words. Work is linear in text.n. Memory: a few KiB, and that of the longest
 * word. */
int tokenize(struct str text, unsigned flags, int (*on_token)(void *ctx, const struct token *t), void *ctx);

#endif
