/* utf8.h: checking and walking UTF-8 (RFC 3629: no surrogates, no overlong forms, nothing above U+10FFFF). */
#ifndef WN_BASE_UTF8_H
#define WN_BASE_UTF8_H

#include "base/str.h"

bool utf8_valid(struct str s);
/* The code point at *at, which moves on; U+FFFD for a bad byte. *at must be below s.n. */
uint32_t utf8_next(struct str s, size_t *at);
void utf8_add(struct buf *b, uint32_t code_point);
/* The longest prefix of s that is at most n bytes and ends at a character's boundary. */
struct str utf8_cut(struct str s, size_t n);

#endif
