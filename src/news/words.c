/* words.c: how many words a plain text has, in scripts with and without spaces. */
#include "base/utf8.h"
#include "news/news.h"

#include <unictype.h>

/* Scripts written without spaces: this many characters count as one word. */
static unsigned characters_a_word(uint32_t c)
{
    if ((c >= 0x3040 && c <= 0x30ff) || (c >= 0x3400 && c <= 0x9fff) || (c >= 0xf900 && c <= 0xfaff) ||
        (c >= 0x20000 && c <= 0x3ffff))
        return 2; /* kana, Han */
    if ((c >= 0x0e00 && c <= 0x0eff) || (c >= 0x1780 && c <= 0x17ff) || (c >= 0x1000 && c <= 0x109f))
        return 5; /* Thai, Lao, Khmer, Burmese */
    return 0;
}

uint32_t text_words(struct str plain)
{
    uint64_t words = 0, tenths = 0;
    bool inside = false;
    for (size_t at = 0; at < plain.n;) {
        unsigned char byte = (unsigned char)plain.p[at];
        if (byte < 0x80) { /* most of most texts */
            bool part = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                        (byte >= '0' && byte <= '9');
            words += part && !inside;
            inside = part || (inside && byte == '\'');
            at++;
            continue;
        }
        uint32_t c = utf8_next(plain, &at);
        unsigned share = characters_a_word(c);
        if (share) {
            tenths += 10 / share;
            inside = false;
        } else if (uc_is_alnum(c)) {
            words += !inside;
            inside = true;
        } else if (!uc_is_general_category_withtable(c, UC_CATEGORY_MASK_M) && c != 0x2019)
            inside = false;
    }
    words += (tenths + 9) / 10;
    return words > UINT32_MAX ? UINT32_MAX : (uint32_t)words;
}

uint32_t news_reading_minutes(uint32_t words)
{
    enum { words_a_minute = 220 };
    return words / words_a_minute + (words % words_a_minute >= words_a_minute / 2 || words < words_a_minute);
}
