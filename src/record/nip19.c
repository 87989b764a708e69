/* nip19.c: the names that people copy and paste (NIP-19: npub, note, nprofile, nevent, naddr), both ways.
 *
 * A secret key (nsec) is refused by its prefix before anything is decoded, and no message ever repeats the
 * text it is about: what was pasted by mistake must not end in a log. */
#include "base/hex.h"
#include "base/utf8.h"
#include "record/record.h"

#define MAX_TEXT_BYTES 5000 /* NIP-19's own bound */

enum { TLV_SPECIAL = 0, TLV_RELAY = 1, TLV_AUTHOR = 2, TLV_KIND = 3 };

void nip19_npub(const struct pubkey *k, struct buf *out)
{
    bech32_encode(out, "npub", k->b, sizeof k->b);
}

void nip19_note(const struct record_id *id, struct buf *out)
{
    bech32_encode(out, "note", id->b, sizeof id->b);
}

static void add_item(struct buf *b, char type, const void *p, size_t n)
{
    buf_addc(b, type);
    buf_addc(b, (char)n);
    buf_add(b, p, n);
}

static void add_kind(struct buf *b, uint32_t kind)
{
    uint8_t big_endian[4] = {
        (uint8_t)(kind >> 24), (uint8_t)(kind >> 16), (uint8_t)(kind >> 8), (uint8_t)kind};
    add_item(b, TLV_KIND, big_endian, sizeof big_endian);
}

void nip19_naddr(const struct address *a, struct buf *out)
{
    if (a->d.n > UINT8_MAX)
        return;
    struct buf data _cleanup_buf_ = BUF_INIT;
    add_item(&data, TLV_SPECIAL, a->d.n ? a->d.p : "", a->d.n);
    add_item(&data, TLV_AUTHOR, a->pubkey.b, sizeof a->pubkey.b);
    add_kind(&data, a->kind);
    bech32_encode(out, "naddr", (const uint8_t *)data.p, data.n);
}

void nip19_nevent(const struct record_id *id, const struct pubkey *author, uint32_t kind, struct buf *out)
{
    struct buf data _cleanup_buf_ = BUF_INIT;
    add_item(&data, TLV_SPECIAL, id->b, sizeof id->b);
    if (author)
        add_item(&data, TLV_AUTHOR, author->b, sizeof author->b);
    add_kind(&data, kind);
    bech32_encode(out, "nevent", (const uint8_t *)data.p, data.n);
}

/* One row a name: its prefix; what TLV_SPECIAL holds is decided by type; which other items must be there. */
static const struct row {
    const char *prefix;
    enum nip19_type type;
    bool tlv, needs_author, needs_kind;
} rows[] = {
    {"npub", NIP19_NPUB, false, false, false},
    {"note", NIP19_NOTE, false, false, false},
    {"nprofile", NIP19_NPROFILE, true, false, false},
    {"nevent", NIP19_NEVENT, true, false, false},
    {"naddr", NIP19_NADDR, true, true, true},
};

static int bad(struct err *err, const char *prefix, const char *what)
{
    return err_set(err, ERR_INPUT, "%s: %s", prefix, what);
}

static int read_special(const struct row *row, struct str value, struct nip19 *out, struct err *err)
{
    switch (row->type) {
    case NIP19_NADDR:
        if (!utf8_valid(value))
            return bad(err, row->prefix, "its name is not UTF-8");
        out->d = value;
        return 0;
    case NIP19_NPUB:
    case NIP19_NPROFILE:
        if (value.n != sizeof out->pubkey.b)
            return bad(err, row->prefix, "its key is not 32 bytes");
        memcpy(out->pubkey.b, value.p, value.n);
        out->has_pubkey = true;
        return 0;
    default:
        if (value.n != sizeof out->id.b)
            return bad(err, row->prefix, "its id is not 32 bytes");
        memcpy(out->id.b, value.p, value.n);
        return 0;
    }
}

static int read_item(
    const struct row *row, uint8_t type, struct str value, struct nip19 *out, struct err *err)
{
    switch (type) {
    case TLV_SPECIAL:
        return read_special(row, value, out, err);
    case TLV_AUTHOR:
        if (row->type == NIP19_NPROFILE)
            return 0;
        if (value.n != sizeof out->pubkey.b)
            return bad(err, row->prefix, "its author is not 32 bytes");
        memcpy(out->pubkey.b, value.p, value.n);
        out->has_pubkey = true;
        return 0;
    case TLV_KIND: {
        if (row->type == NIP19_NPROFILE)
            return 0;
        const uint8_t *b = (const uint8_t *)value.p;
        if (value.n != 4 || b[0] || b[1])
            return bad(err, row->prefix, "its kind is not a number from 0 to 65535 in four bytes");
        out->kind = (uint32_t)b[2] << 8 | b[3];
        out->has_kind = true;
        return 0;
    }
    default: /* relays are hints that nobody asked for; unknown items are to be ignored */
        return 0;
    }
}

static int read_items(const struct row *row, struct str data, struct nip19 *out, struct err *err)
{
    unsigned seen = 0;
    while (data.n) {
        if (data.n < 2 || data.n - 2 < (uint8_t)data.p[1])
            return bad(err, row->prefix, "it is cut short");
        uint8_t type = (uint8_t)data.p[0];
        struct str value = str_slice(data, 2, 2 + (size_t)(uint8_t)data.p[1]);
        data = str_slice(data, 2 + value.n, data.n);
        if (type <= TLV_KIND && type != TLV_RELAY) {
            if (seen & 1u << type)
                return bad(err, row->prefix, "it says the same thing twice");
            seen |= 1u << type;
        }
        int rc = read_item(row, type, value, out, err);
        if (rc)
            return rc;
    }
    if (!(seen & 1u << TLV_SPECIAL) || (row->needs_author && !out->has_pubkey) ||
        (row->needs_kind && !out->has_kind))
        return bad(err, row->prefix, "something that belongs into it is missing");
    return 0;
}

/* out->d points into data. */
static int decode(struct str text, struct buf *data, struct nip19 *out, struct err *err)
{
    memset(out, 0, sizeof *out);
    text = str_trim(text);
    if (text.n >= 6 && str_eq_nocase(str_slice(text, 0, 6), STR("nostr:")))
        text = str_slice(text, 6, text.n);
    if (text.n >= 4 && str_eq_nocase(str_slice(text, 0, 4), STR("nsec"))) {
        err_set(err, ERR_DENIED, "this is a secret key (nsec), which must not be given here");
        err_kept(err, "it was not kept or logged");
        err_todo(err, "give the public key, which begins with npub");
        return ERR_DENIED;
    }
    if (text.n > MAX_TEXT_BYTES)
        return err_set(err, ERR_LIMIT, "a name of %zu characters, the limit is %d", text.n, MAX_TEXT_BYTES);
    char prefix[16];
    if (!bech32_decode(text, prefix, sizeof prefix, data))
        return err_set(err, ERR_INPUT, "this is no npub, note, nprofile, nevent or naddr, or it is mistyped");
    struct str bytes = buf_str(data);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (strcmp(prefix, rows[i].prefix) != 0)
            continue;
        out->type = rows[i].type;
        return rows[i].tlv ? read_items(&rows[i], bytes, out, err) : read_special(&rows[i], bytes, out, err);
    }
    return err_set(err, ERR_INPUT, "a name of an unknown sort: \"%s\"", prefix);
}

int nip19_decode(struct arena *arena, struct str text, struct nip19 *out, struct err *err)
{
    struct buf data _cleanup_buf_ = BUF_INIT;
    int rc = decode(text, &data, out, err);
    if (rc) {
        memset(out, 0, sizeof *out);
        return rc;
    }
    out->d = arena_str(arena, out->d.n ? out->d : STR(""));
    if (!out->d.p)
        return err_set(err, ERR_MEMORY, "a name needs more memory than it may have");
    return 0;
}

int pubkey_from_text(struct str text, struct pubkey *out, struct err *err)
{
    text = str_trim(text);
    if (text.n == 64 && hex_decode(text, out->b, sizeof out->b))
        return 0;
    struct buf data _cleanup_buf_ = BUF_INIT;
    struct nip19 name;
    int rc = decode(text, &data, &name, err);
    if (rc == ERR_DENIED)
        return rc;
    if (rc || (name.type != NIP19_NPUB && name.type != NIP19_NPROFILE))
        return err_set(err, ERR_INPUT, "this is no public key: npub, nprofile or 64 hexadecimal digits");
    *out = name.pubkey;
    return 0;
}
