/* tokenizer.h: how text is cut into words, for search, snippets, word diff and "a tenth of its words".
 *
 * NFKC and full case fold; combining marks stay in their words; Arabic vowel marks and tatweel dropped, hamza
 * and alef forms unified; each run of Han, kana, Thai, Lao or Khmer gives its overlapping bigrams (a run of
 * one character gives that character). Deterministic: no locale, no dictionary. */
#ifndef WN_BASE_TOKENIZER_H
#define WN_BASE_TOKENIZER_H

#include "base/str.h"

enum token_flags {
    TOKEN_FOR_QUERY = 1, /* a lone character of a bigram script is to match as a prefix: see token.prefix */
    TOKEN_WHOLE_RUNS =
        2, /* for diff: bigram scripts give single characters, and text between words is kept apart */
};

struct token {
    struct str folded; /* valid until the callback returns */
    size_t start, end; /* the bytes in the input it came from */
    uint32_t position; /* counts up by one a token */
    bool prefix;       /* only with TOKEN_FOR_QUERY: match every word that begins so */
};

/* Calls on_token for each token in order until it returns non-zero, which is then returned; else 0. Bytes
 * that are not UTF-8 separate words. Work is linear in text.n. */
int tokenize(struct str text, unsigned flags, int (*on_token)(void *ctx, const struct token *t), void *ctx);

#endif
