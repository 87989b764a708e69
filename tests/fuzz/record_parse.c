/* record_parse.c: fuzz target: whatever is accepted as a record comes back the same and within its bounds. */
#include "record/record.h"
#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena _cleanup_arena_ = arena_create(8u << 20);
    struct record r, again;
    struct err err;
    int rc = record_parse(arena, (struct str){(const char *)data, size}, &r, &err);
    if (rc) {
        MUST(rc == ERR_INPUT || rc == ERR_LIMIT || rc == ERR_MEMORY);
        MUST(err.code == rc && err.what[0]);
        return 0;
    }
    struct buf form _cleanup_buf_ = BUF_INIT, json _cleanup_buf_ = BUF_INIT, twice _cleanup_buf_ = BUF_INIT;
    record_serialize_for_id(&r, &form);
    MUST(form.n <= (r.kind == 30023 ? RECORD_MAX_ARTICLE_BYTES : RECORD_MAX_BYTES));
    record_to_json(&r, &json);
    MUST(record_parse(arena, buf_str(&json), &again, &err) == 0);
    record_to_json(&again, &twice);
    MUST(str_eq(buf_str(&json), buf_str(&twice)));
    struct record_id a, b;
    record_compute_id(&r, &a);
    record_compute_id(&again, &b);
    MUST(record_id_eq(&a, &b));
    MUST(record_verify(&r, &err) == record_verify(&again, &err));
    buf_clear(&twice);
    int verdict = record_verify_to_json(&r, &twice, &err);
    MUST(verdict == record_verify(&r, NULL));
    MUST(verdict ? twice.n == 0 : str_eq(buf_str(&json), buf_str(&twice)));
    struct buf address _cleanup_buf_ = BUF_INIT;
    struct address parsed;
    record_address(&r, &address);
    MUST(address_parse(buf_str(&address), &parsed));
    MUST(parsed.kind == r.kind && pubkey_eq(&parsed.pubkey, &r.pubkey) && str_eq(parsed.d, record_d(&r)));
    MUST(record_expiration(&r) >= 0);
    return 0;
}
