/* read.c: records of strangers read as ratings (34259, kind 7) and as trust (30000).
 *
 * What a rating is of stands in its tags: m says which, else a before e before p. Its d only decides which of
 * its author's records it replaces, so it is looked at for one thing: a dimension that no label names. */
#include "rating/read.h"

#include "base/hex.h"
#include "rating/private.h"

static struct str tag_at(const struct record *r, const char *name, bool last)
{
    struct str found = {NULL, 0};
    for (size_t i = 0; i < r->tag_count; i++)
        if (r->tags[i].n > 1 && str_eqz(r->tags[i].v[0], name)) {
            found = r->tags[i].v[1];
            if (!last)
                break;
        }
    return found;
}

static bool read_target(const struct record *r, bool last, struct rating__read *out)
{
    struct rating_target *t = &out->target;
    struct str a = tag_at(r, "a", last), e = tag_at(r, "e", last), p = tag_at(r, "p", false);
    struct str type = r->kind == KIND_RATING ? record_tag_value(r, "m") : (struct str){NULL, 0};
    bool has_event = e.p && hex_decode(e, t->revision.b, sizeof t->revision.b);
    if (a.p && !str_eqz(type, "event") && !str_eqz(type, "actor")) {
        if (!address_parse(a, &t->address) || record_class_of(t->address.kind) != RECORD_ADDRESSABLE)
            return false;
        t->type = RATING_OF_ADDRESS;
        t->author = t->address.pubkey;
        t->kind = t->address.kind;
        out->has_revision = has_event;
        return true;
    }
    bool has_author = p.p && hex_decode(p, t->author.b, sizeof t->author.b);
    if (e.p && !str_eqz(type, "address") && !str_eqz(type, "actor")) {
        t->type = RATING_OF_EVENT;
        return has_event;
    }
    t->type = RATING_OF_ACTOR;
    return has_author && r->kind == KIND_RATING && !str_eqz(type, "address") && !str_eqz(type, "event");
}

static struct str read_dimension(const struct record *r, const struct rating_target *target)
{
    struct str label = record_label(r, RATING_LABEL);
    if (label.p)
        return label;
    _cleanup_buf_ struct buf head = BUF_INIT;
    rating__d(target, STR(""), &head); /* ends in '#' unless it is too long to stand as such */
    struct str d = record_d(r);
    if (str_ends(buf_str(&head), STR("#")) && str_starts(d, buf_str(&head)))
        return str_slice(d, head.n, d.n);
    return STR("worth");
}

bool rating__read(const struct record *r, struct rating__read *out)
{
    *out = (struct rating__read){.dimension = STR("worth"), .reaction = r->kind == KIND_REACTION};
    if (!read_target(r, out->reaction, out))
        return false;
    if (out->reaction) {
        bool up = !r->content.n || str_eqz(r->content, "+");
        out->value = up ? RATING_SCALE : 0;
        return up || str_eqz(r->content, "-");
    }
    struct str value = record_tag_value(r, "rating");
    out->dimension = read_dimension(r, &out->target);
    struct address address;
    return value.p && rating_value_parse(value, &out->value) &&
           (rating__shipped_number(out->dimension) >= 0 ||
               (address_parse(out->dimension, &address) && address.kind == KIND_DIMENSION));
}

bool rating__is_trust(const struct record *r)
{
    struct str d = record_d(r);
    return str_eqz(d, "widenet.trust") || str_starts(d, STR("widenet.trust."));
}

bool rating__trust_next(const struct record *r, size_t *at, struct trust_entry *out)
{
    while (*at < r->tag_count) {
        const struct tag *t = &r->tags[(*at)++];
        *out = (struct trust_entry){.weight = WEIGHT_ONE, .petname = STR("")};
        if (t->n < 2 || !str_eqz(t->v[0], "p") || !hex_decode(t->v[1], out->key.b, sizeof out->key.b) ||
            pubkey_eq(&out->key, &r->pubkey) || (t->n > 4 && !weight_parse(t->v[4], &out->weight)))
            continue;
        if (t->n > 3)
            out->petname = t->v[3];
        return true;
    }
    return false;
}
