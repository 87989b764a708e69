/* serialize.c: a record's two written forms, the one that is hashed for its id (NIP-01) and its canonical
 * JSON.
 *
 * Characters are escaped as NIP-01 lists them; the control characters that it does not list are written
 * \u00xx, because that is what every implementation in use hashes (docs/RECORDS.md has the details). */
#include "base/hex.h"
#include "record/json.h"
#include "record/private.h"

static void add_hex(struct buf *b, const uint8_t *bytes, size_t n)
{
    buf_reserve(b, 2 * n + 1);
    hex_encode(bytes, n, b->p + b->n);
    b->n += 2 * n;
}

static void add_number(struct buf *b, int64_t value)
{
    char digits[24], *p = digits + sizeof digits;
    uint64_t u = value < 0 ? -(uint64_t)value : (uint64_t)value;
    do
        *--p = (char)('0' + u % 10);
    while (u /= 10);
    if (value < 0)
        *--p = '-';
    buf_add(b, p, (size_t)(digits + sizeof digits - p));
}

static void add_tags(struct buf *b, const struct record *r)
{
    buf_addc(b, '[');
    for (size_t i = 0; i < r->tag_count; i++) {
        if (i)
            buf_addc(b, ',');
        for (size_t k = 0; k < r->tags[i].n; k++) {
            buf_addc(b, k ? ',' : '[');
            record__add_string(b, r->tags[i].v[k]);
        }
        buf_addc(b, ']');
    }
    buf_addc(b, ']');
}

void record_serialize_for_id(const struct record *r, struct buf *out)
{
    buf_reserve(out, 160 + r->content.n + 64 * r->tag_count);
    buf_add(out, "[0,\"", 4);
    add_hex(out, r->pubkey.b, sizeof r->pubkey.b);
    buf_add(out, "\",", 2);
    add_number(out, r->created_at);
    buf_addc(out, ',');
    add_number(out, r->kind);
    buf_addc(out, ',');
    add_tags(out, r);
    buf_addc(out, ',');
    record__add_string(out, r->content);
    buf_addc(out, ']');
}

void record_compute_id(const struct record *r, struct record_id *out)
{
    struct buf form _cleanup_buf_ = BUF_INIT;
    record_serialize_for_id(r, &form);
    record__sha256(form.p, form.n, out->b);
}

/* Where the fields that are hashed stand in the JSON. */
struct span {
    size_t from, to;
};
struct spans {
    struct span pubkey, created_at, kind, tags, content;
};

#define ADD_LITERAL(out, literal) buf_add(out, literal, sizeof(literal) - 1)

static void to_json(const struct record *r, struct buf *out, struct spans *s)
{
    buf_reserve(out, 400 + r->content.n + 64 * r->tag_count);
    ADD_LITERAL(out, "{\"id\":\"");
    add_hex(out, r->id.b, sizeof r->id.b);
    ADD_LITERAL(out, "\",\"pubkey\":\"");
    s->pubkey.from = out->n;
    add_hex(out, r->pubkey.b, sizeof r->pubkey.b);
    s->pubkey.to = out->n;
    ADD_LITERAL(out, "\",\"created_at\":");
    s->created_at.from = out->n;
    add_number(out, r->created_at);
    s->created_at.to = out->n;
    ADD_LITERAL(out, ",\"kind\":");
    s->kind.from = out->n;
    add_number(out, r->kind);
    s->kind.to = out->n;
    ADD_LITERAL(out, ",\"tags\":");
    s->tags.from = out->n;
    add_tags(out, r);
    s->tags.to = out->n;
    ADD_LITERAL(out, ",\"content\":");
    s->content.from = out->n;
    record__add_string(out, r->content);
    s->content.to = out->n;
    ADD_LITERAL(out, ",\"sig\":\"");
    add_hex(out, r->sig.b, sizeof r->sig.b);
    ADD_LITERAL(out, "\"}");
}

void record_to_json(const struct record *r, struct buf *out)
{
    struct spans s;
    to_json(r, out, &s);
}

static struct str cut(const struct buf *b, struct span s)
{
    return str_slice(buf_str(b), s.from, s.to);
}

void record__to_json_and_id(const struct record *r, struct buf *out, struct record_id *id)
{
    struct spans s;
    to_json(r, out, &s);
    const struct str form[] = {STR("[0,\""), cut(out, s.pubkey), STR("\","), cut(out, s.created_at), STR(","),
        cut(out, s.kind), STR(","), cut(out, s.tags), STR(","), cut(out, s.content), STR("]")};
    record__sha256_parts(form, sizeof form / sizeof *form, id->b);
}

int record__check_size(uint32_t kind, size_t serialized_bytes, struct err *err)
{
    size_t limit = kind == 30023 ? RECORD_MAX_ARTICLE_BYTES : RECORD_MAX_BYTES;
    if (serialized_bytes <= limit)
        return 0;
    return err_set(err, ERR_LIMIT, "record: %zu bytes as serialised for its id, the limit for kind %u is %zu",
        serialized_bytes, kind, limit);
}
