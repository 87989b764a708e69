/* rating_read.c: fuzz target: whatever a record says as a rating or as trust, what is read of it keeps its
 * bounds. */
#include "rating/read.h"

#include "record/record.h"
#include "target.h"

static void as_rating(struct arena *arena, struct record *r)
{
    struct rating__read read;
    if (!rating__read(r, &read))
        return;
    MUST(read.value <= RATING_SCALE);
    MUST(read.dimension.n > 0);
    MUST(read.target.type != RATING_OF_ADDRESS || read.target.address.kind >= 30000);
    /* Written by us it would say the same. */
    struct rating_draft d = {
        .target = read.target, .dimension = read.dimension, .value = read.value, .reason = STR("")};
    struct record_draft out = {.arena = arena};
    struct err err;
    if (!read.has_revision && read.target.type == RATING_OF_ADDRESS)
        memset(&d.target.revision, 0, sizeof d.target.revision);
    if (rating_write(&d, 1700000000, &out, &err)) {
        MUST(err.what[0]);
        return;
    }
    struct rating__read again;
    out.r.pubkey = r->pubkey;
    MUST(record_d(&out.r).n <= RECORD_MAX_D_BYTES);
    MUST(rating__read(&out.r, &again));
    MUST(again.value == read.value && str_eq(again.dimension, read.dimension) &&
         again.target.type == read.target.type);
    MUST(again.target.type != RATING_OF_ADDRESS || str_eq(again.target.address.d, read.target.address.d));
}

static void as_trust(const struct record *r)
{
    struct trust_entry entry;
    size_t at = 0, n = 0;
    rating__is_trust(r);
    while (rating__trust_next(r, &at, &entry)) {
        MUST(entry.weight > 0 && entry.weight <= WEIGHT_ONE);
        MUST(!pubkey_eq(&entry.key, &r->pubkey));
        struct buf text _cleanup_buf_ = BUF_INIT;
        weight w;
        weight_format(entry.weight, &text);
        MUST(weight_parse(buf_str(&text), &w) && w == entry.weight);
        MUST(++n <= r->tag_count);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena _cleanup_arena_ = arena_create(8u << 20);
    struct record r;
    if (record_parse(arena, (struct str){(const char *)data, size}, &r, NULL))
        return 0;
    static const uint32_t kinds[] = {KIND_RATING, KIND_REACTION};
    for (int i = 0; i < 2; i++) {
        r.kind = kinds[i];
        as_rating(arena, &r);
    }
    r.kind = KIND_TRUST;
    as_trust(&r);
    return 0;
}
