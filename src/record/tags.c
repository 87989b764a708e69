/* tags.c: reading a record's tags, its class by kind, and which of two records is the newer. */
#include "record/json.h"

enum record_class record_class_of(uint32_t kind)
{
    if (kind == 0 || kind == 3 || (kind >= 10000 && kind < 20000))
        return RECORD_REPLACEABLE;
    if (kind >= 20000 && kind < 30000)
        return RECORD_EPHEMERAL;
    if (kind >= 30000 && kind < 40000)
        return RECORD_ADDRESSABLE;
    return RECORD_REGULAR;
}

const struct tag *record_tag(const struct record *r, const char *name)
{
    struct str wanted = str_of(name);
    for (size_t i = 0; i < r->tag_count; i++)
        if (str_eq(r->tags[i].v[0], wanted))
            return &r->tags[i];
    return NULL;
}

struct str record_tag_value(const struct record *r, const char *name)
{
    const struct tag *tag = record_tag(r, name);
    return tag && tag->n > 1 ? tag->v[1] : (struct str){NULL, 0};
}

struct str record_label(const struct record *r, const char *label_namespace)
{
    struct str wanted = str_of(label_namespace);
    for (size_t i = 0; i < r->tag_count; i++) {
        const struct tag *tag = &r->tags[i];
        if (tag->n > 2 && str_eq(tag->v[0], STR("l")) && str_eq(tag->v[2], wanted))
            return tag->v[1];
    }
    return (struct str){NULL, 0};
}

int64_t record_expiration(const struct record *r)
{
    uint64_t seconds;
    struct str value = record_tag_value(r, "expiration");
    return value.n && str_to_u64(value, RECORD__MAX_NUMBER, &seconds) ? (int64_t)seconds : 0;
}

bool record_is_newer(const struct record *a, const struct record *b)
{
    if (a->created_at != b->created_at)
        return a->created_at > b->created_at;
    return memcmp(a->id.b, b->id.b, sizeof a->id.b) < 0;
}
