/* difference.h: whether a text has changed by more than a tenth of its words.
 *
 * What has changed is the words of the longer text that are not in the longest common subsequence of both.
 * Words are the tokenizer's, so case, accents' coding and punctuation do not count. Bounded: more than
 * DIFFERENCE_MOST changed words are more than a tenth of any text. */
#ifndef WN_BASE_DIFFERENCE_H
#define WN_BASE_DIFFERENCE_H

#include "base/str.h"

#define DIFFERENCE_MOST 2000

/* Each text is given in so many parts, which are read one after the other. */
bool text_changed_by_tenth(const struct str *a, const struct str *b, size_t parts);
/* max(n, m) − longest common subsequence > allowed. Takes allowed² steps at most, and the texts' lengths. */
bool sequence_changed_by_more(const uint32_t *a, size_t n, const uint32_t *b, size_t m, size_t allowed);

#endif
