/* service_order.c: what commands and pages order of rating services, as messages to the node's process. */
#include "rating/service.h"

#include "base/wire.h"

void service_order_pack(const struct service_order *o, struct buf *out)
{
    pack_u8(out, (uint8_t)o->what);
    buf_add(out, o->service.b, sizeof o->service.b);
    buf_add(out, o->member.b, sizeof o->member.b);
    pack_str(out, o->name.p ? o->name : STR(""));
    pack_str(out, o->about.p ? o->about : STR(""));
    pack_u64(out, (uint64_t)o->number);
}

static int answer(
    struct store *store, const struct clock *clock, struct str request, struct buf *reply, struct err *err)
{
    (void)reply;
    struct unpack u = unpack_of(request);
    struct service_order o = {.what = (int)unpack_u8(&u)};
    unpack_bytes(&u, o.service.b, sizeof o.service.b);
    unpack_bytes(&u, o.member.b, sizeof o.member.b);
    o.name = unpack_str(&u);
    o.about = unpack_str(&u);
    o.number = (int64_t)unpack_u64(&u);
    if (!unpack_end(&u))
        return err_set(err, ERR_INPUT, "the order for a rating service is malformed");
    switch (o.what) {
    case SERVICE_PUT:
        return service_put(store, &o.service, o.name, o.about, clock_now(clock), err);
    case SERVICE_REMOVE:
        return service_remove(store, &o.service, err);
    case SERVICE_SEAT:
        return service_member_add(store, &o.service, &o.member, clock_now(clock), err);
    case SERVICE_UNSEAT:
        return service_member_remove(store, &o.service, &o.member, err);
    case SERVICE_CLOSE:
        return service_close(store, &o.service, clock_now(clock), &rng_system, err);
    case SERVICE_PUBLISHED:
        return service_published(store, &(struct aggregate){.number = o.number}, err);
    }
    return err_set(err, ERR_INPUT, "there is no such order for a rating service");
}

const struct store_call rating_calls[] = {
    {"rating.service", answer},
    {NULL, NULL},
};
