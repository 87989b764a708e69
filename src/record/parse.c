/* parse.c: reads a record from its JSON, strictly, in one pass and almost without allocating.
 *
 * Counts the bytes of the form that is hashed on the way, so that the bound on a record's size costs nothing.
 * What it is not: a check of id, signature (verify.c) or of what a kind asks for (the kind's room). */
#include "base/hex.h"
#include "record/json.h"
#include "record/private.h"

/* A record within its bounds never needs more JSON than this, unless it is padded with white space: six bytes
 * (\uXXXX) for each of its own would be 768 KiB. What is longer is refused unread. */
#define MAX_JSON_BYTES (1024u * 1024)
#define ON_STACK 96 /* strings of the tags gathered before they get their own memory */

enum { ID = 1, PUBKEY = 2, CREATED_AT = 4, KIND = 8, TAGS = 16, CONTENT = 32, SIG = 64, ALL = 127 };

static int parse_hex(struct record__json *j, uint8_t *out, size_t n, const char *what)
{
    struct str text;
    int rc = record__json_string(j, &text, NULL);
    if (rc)
        return rc;
    if (!hex_decode(text, out, n))
        return record__json_fail(j, "%s is not %zu hexadecimal digits in lower case, which end", what, 2 * n);
    return 0;
}

/* The strings of all tags, one after the other: on the stack, in the arena once they are many. */
struct gathered {
    struct str *v;
    size_t n, cap;
    struct str first[ON_STACK];
};

static bool make_room(struct arena *arena, struct gathered *g)
{
    if (g->n < g->cap)
        return true;
    struct str *more = arena_alloc(arena, 4 * g->cap * sizeof *more);
    if (!more)
        return false;
    memcpy(more, g->v, g->n * sizeof *more);
    g->v = more;
    g->cap *= 4;
    return true;
}

static int parse_tag(struct record__json *j, struct gathered *g, size_t *extra)
{
    if (!record__json_take(j, '['))
        return record__json_fail(j, "a tag, a list of strings, is expected");
    do {
        if (!make_room(j->arena, g))
            return record__json_memory(j);
        int rc = record__json_string(j, &g->v[g->n], extra);
        if (rc)
            return rc;
        g->n++;
    } while (record__json_take(j, ','));
    return record__json_take(j, ']') ? 0 : record__json_fail(j, "a comma or ] is expected in a tag");
}

/* size: bytes of the tags as they are hashed. */
static int parse_tags(struct record__json *j, struct record *out, size_t *size)
{
    struct gathered g;
    g.v = g.first;
    g.n = 0;
    g.cap = ON_STACK;
    uint16_t lengths[RECORD_MAX_TAGS]; /* of each tag, in strings */
    size_t count = 0, extra = 0;

    if (!record__json_take(j, '['))
        return record__json_fail(j, "tags are not a list, which is expected");
    if (!record__json_take(j, ']')) {
        do {
            if (count == RECORD_MAX_TAGS)
                return err_set(j->err, ERR_LIMIT, "record: more than %d tags", RECORD_MAX_TAGS);
            size_t before = g.n;
            int rc = parse_tag(j, &g, &extra);
            if (rc)
                return rc;
            if (g.n - before > UINT16_MAX)
                return err_set(j->err, ERR_LIMIT, "record: a tag of more than %d strings", UINT16_MAX);
            lengths[count++] = (uint16_t)(g.n - before);
        } while (record__json_take(j, ','));
        if (!record__json_take(j, ']'))
            return record__json_fail(j, "a comma or ] is expected between tags");
    }

    *size = 2 + extra; /* the outer brackets */
    out->tag_count = count;
    out->tags = arena_alloc(j->arena, count * sizeof *out->tags);
    struct str *v = g.v;
    if (g.v == g.first) {
        v = arena_alloc(j->arena, g.n * sizeof *v);
        if (v)
            memcpy(v, g.first, g.n * sizeof *v);
    }
    if (!out->tags || !v)
        return record__json_memory(j);
    for (size_t i = 0; i < g.n; i++)
        *size += v[i].n + 3; /* its quotes, and the comma or bracket after it */
    for (size_t i = 0; i < count; i++) {
        out->tags[i] = (struct tag){v, lengths[i]};
        v += lengths[i];
    }
    if (count)
        *size += 2 * count - 1; /* each tag's opening bracket, and commas between them */
    return 0;
}

static unsigned field_of(struct str name)
{
    switch (name.n) {
    case 2:
        return memcmp(name.p, "id", 2) == 0 ? ID : 0;
    case 3:
        return memcmp(name.p, "sig", 3) == 0 ? SIG : 0;
    case 4:
        return memcmp(name.p, "kind", 4) == 0 ? KIND : memcmp(name.p, "tags", 4) == 0 ? TAGS : 0;
    case 6:
        return memcmp(name.p, "pubkey", 6) == 0 ? PUBKEY : 0;
    case 7:
        return memcmp(name.p, "content", 7) == 0 ? CONTENT : 0;
    case 10:
        return memcmp(name.p, "created_at", 10) == 0 ? CREATED_AT : 0;
    default:
        return 0;
    }
}

static size_t digits(int64_t n)
{
    size_t count = 1;
    while (n >= 10) {
        n /= 10;
        count++;
    }
    return count;
}

static int parse_field(struct record__json *j, struct record *out, unsigned field, size_t *size)
{
    int64_t number;
    size_t bytes = 0;
    int rc;
    switch (field) {
    case ID:
        return parse_hex(j, out->id.b, sizeof out->id.b, "id");
    case PUBKEY:
        return parse_hex(j, out->pubkey.b, sizeof out->pubkey.b, "pubkey");
    case SIG:
        return parse_hex(j, out->sig.b, sizeof out->sig.b, "sig");
    case CREATED_AT:
        rc = record__json_number(j, RECORD__MAX_NUMBER, &number);
        if (!rc) {
            out->created_at = number;
            bytes = digits(number);
        }
        break;
    case KIND:
        rc = record__json_number(j, UINT16_MAX, &number);
        if (!rc) {
            out->kind = (uint32_t)number;
            bytes = digits(number);
        }
        break;
    case TAGS:
        rc = parse_tags(j, out, &bytes);
        break;
    default:
        rc = record__json_string(j, &out->content, &bytes);
        bytes += out->content.n + 2;
    }
    *size += bytes;
    return rc;
}

static const char *name_of(unsigned field)
{
    static const char *const names[] = {"id", "pubkey", "created_at", "kind", "tags", "content", "sig"};
    return names[__builtin_ctz(field)];
}

int record_parse(struct arena *arena, struct str json, struct record *out, struct err *err)
{
    const char *start = json.n ? json.p : "";
    struct record__json j = {start, start, start + json.n, arena, "record", err};
    memset(out, 0, sizeof *out);
    if (json.n > MAX_JSON_BYTES)
        return err_set(
            err, ERR_LIMIT, "record: its JSON has %zu bytes, the limit is %u", json.n, MAX_JSON_BYTES);
    if (!record__json_take(&j, '{'))
        return record__json_fail(&j, "a JSON object is expected");
    size_t size = sizeof "[0,\"\",,,,]" - 1 + 64;
    unsigned seen = 0;
    do {
        struct str name;
        int rc = record__json_string(&j, &name, NULL);
        if (rc)
            return rc;
        unsigned field = field_of(name);
        if (!field)
            return record__json_fail(
                &j, "an unknown field, \"%.*s\", ends", name.n > 40 ? 40 : (int)name.n, name.p);
        if (seen & field)
            return record__json_fail(&j, "a second field \"%s\" ends", name_of(field));
        seen |= field;
        if (!record__json_take(&j, ':'))
            return record__json_fail(&j, "a colon is expected");
        rc = parse_field(&j, out, field, &size);
        if (rc)
            return rc;
    } while (record__json_take(&j, ','));
    if (!record__json_take(&j, '}'))
        return record__json_fail(&j, "a comma or } is expected");
    if (seen != ALL)
        return record__json_fail(
            &j, "it has no field \"%s\" and ends", name_of(~seen & ALL & -(~seen & ALL)));
    int rc = record__json_end(&j);
    if (rc)
        return rc;
    return record__check_size(out->kind, size, err);
}
