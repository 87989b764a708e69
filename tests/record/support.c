/* support.c: random text and random records for the record room's property tests. */
#include "support.h"

#include "base/utf8.h"

struct str random_text(struct seeded *s, struct arena *arena, size_t max)
{
    struct buf b _cleanup_buf_ = BUF_INIT;
    size_t n = seeded_below(s, max + 1);
    for (size_t i = 0; i < n; i++) {
        uint32_t u;
        switch (seeded_below(s, 8)) {
        case 0:
            u = (uint32_t)seeded_below(s, 0x20);
            break;
        case 1:
            u = (uint32_t) "\"\\/\x7f\n\t\r\b\f"[seeded_below(s, 9)];
            break;
        case 2:
            u = 0x80 + (uint32_t)seeded_below(s, 0x780);
            break;
        case 3:
            u = 0x800 + (uint32_t)seeded_below(s, 0xd000);
            break;
        case 4:
            u = seeded_below(s, 2) ? 0xe000 + (uint32_t)seeded_below(s, 0x2000)
                                   : 0x10000 + (uint32_t)seeded_below(s, 0x100000);
            break;
        default:
            u = 'a' + (uint32_t)seeded_below(s, 26);
        }
        utf8_add(&b, u);
    }
    return arena_str(arena, buf_str(&b));
}

void random_record(struct seeded *s, struct arena *arena, struct record *out)
{
    struct record_draft d;
    record_draft_init(&d, arena, (uint32_t)seeded_below(s, 65536), (int64_t)seeded_below(s, 1ull << 53));
    size_t tags = seeded_below(s, 12);
    for (size_t i = 0; i < tags; i++) {
        struct str v[8];
        size_t n = 1 + seeded_below(s, 8);
        for (size_t k = 0; k < n; k++)
            v[k] = random_text(s, arena, 40);
        record_draft_tag_strs(&d, v, n);
    }
    record_draft_content(&d, random_text(s, arena, 600));
    uint8_t secret[32];
    seeded_fill(s, secret, sizeof secret);
    secret[0] &= 0x7f; /* below the group's order */
    struct err err;
    assert_int_equal(record_sign(&d.r, secret, &err), 0);
    *out = d.r;
}
