/* pieces.h: what the web room's tests share: cmocka, and assertions on pieces of text. */
#ifndef WN_TESTS_WEB_PIECES_H
#define WN_TESTS_WEB_PIECES_H

#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static inline void test_has_(struct str text, const char *piece, bool wanted, const char *file, int line)
{
    if ((str_find(text, str_of(piece)) != SIZE_MAX) != wanted) {
        print_error("%s \"%s\" in:\n%.*s\n", wanted ? "no" : "there is", piece, STR_ARG(text));
        _fail(file, line);
    }
}
#define assert_has(text, piece) test_has_(text, piece, true, __FILE__, __LINE__)
#define assert_hasnt(text, piece) test_has_(text, piece, false, __FILE__, __LINE__)
#define assert_piece(text, expected)                                                                         \
    do {                                                                                                     \
        struct str text_ = (text);                                                                           \
        if (!str_eqz(text_, expected)) {                                                                     \
            print_error("\"%.*s\" instead of \"%s\"\n", STR_ARG(text_), (expected));                         \
            _fail(__FILE__, __LINE__);                                                                       \
        }                                                                                                    \
    } while (0)

#endif
