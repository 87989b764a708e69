/* filter_parse.c: fuzz target: whatever is accepted as a filter comes back the same and matches the same. */
#include "record/record.h"
#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena _cleanup_arena_ = arena_create(16u << 20);
    struct filter f, again;
    struct err err;
    int rc = filter_parse(arena, (struct str){(const char *)data, size}, &f, &err);
    struct str e[] = {STR("e"), STR("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")};
    struct str t[] = {STR("t"), STR("x")}, bare[] = {STR("t")};
    struct tag tags[] = {{e, 2}, {bare, 1}, {t, 2}};
    struct record r = {.created_at = 100, .kind = 1, .tags = tags, .tag_count = 3, .content = STR("")};
    if (rc) {
        MUST(rc == ERR_INPUT || rc == ERR_LIMIT || rc == ERR_MEMORY);
        MUST(err.code == rc && err.what[0]);
        MUST(!filter_matches(&f, &r));
        return 0;
    }
    struct buf json _cleanup_buf_ = BUF_INIT, twice _cleanup_buf_ = BUF_INIT;
    filter_to_json(&f, &json);
    MUST(filter_parse(arena, buf_str(&json), &again, &err) == 0);
    filter_to_json(&again, &twice);
    MUST(str_eq(buf_str(&json), buf_str(&twice)));
    MUST(filter_matches(&f, &r) == filter_matches(&again, &r));
    for (size_t i = 1; i < f.kind_count; i++)
        MUST(f.kinds[i - 1] < f.kinds[i]);
    for (size_t i = 1; i < f.id_count; i++)
        MUST(memcmp(&f.ids[i - 1], &f.ids[i], 32) < 0);
    return 0;
}
