/* address.c: the address of a replaceable or addressable record, "kind:pubkey:d", read and written. */
#include "base/hex.h"
#include "record/record.h"

struct str record_d(const struct record *r)
{
    struct str d = {NULL, 0};
    if (record_class_of(r->kind) == RECORD_ADDRESSABLE)
        d = record_tag_value(r, "d");
    return d.n ? d : STR("");
}

void record_address(const struct record *r, struct buf *out)
{
    address_format(&(struct address){r->kind, r->pubkey, record_d(r)}, out);
}

void address_format(const struct address *a, struct buf *out)
{
    char key[65];
    hex_encode(a->pubkey.b, sizeof a->pubkey.b, key);
    buf_addf(out, "%u:%s:", a->kind, key);
    buf_adds(out, a->d);
}

bool address_parse(struct str text, struct address *out)
{
    struct str kind, key;
    uint64_t number;
    if (!str_cut(&text, ':', &kind) || kind.n == 0 || kind.n > 5 || (kind.n > 1 && kind.p[0] == '0') ||
        !str_to_u64(kind, UINT16_MAX, &number))
        return false;
    if (text.n < 65 || text.p[64] != ':')
        return false;
    key = str_slice(text, 0, 64);
    if (!hex_decode(key, out->pubkey.b, sizeof out->pubkey.b))
        return false;
    out->kind = (uint32_t)number;
    out->d = str_slice(text, 65, text.n);
    return true;
}
