/* verify.c: tests of ids, signing and verifying: BIP-340's vectors, forgeries, many keys, many threads. */
#include "support.h"

#include "base/hex.h"
#include "record/private.h"

#include <pthread.h>

/* BIP-340's vectors with messages of 32 bytes: secret, key, auxiliary randomness, message, signature, valid.
 */
static const struct {
    const char *secret, *key, *fresh, *message, *sig;
    bool valid;
} vectors[] = {
    {"0000000000000000000000000000000000000000000000000000000000000003",
        "f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "e907831f80848d1069a5371b402410364bdf1c5f8307b0084c55f1ce2dca8215"
        "25f66a4a85ea8b71e482a74f382d2ce5ebeee8fdb2172f477df4900d310536c0",
        true},
    {"b7e151628aed2a6abf7158809cf4f3c762e7160f38b4da56a784d9045190cfef",
        "dff1d77f2a671c5f36183726db2341be58feae1da2deced843240f7b502ba659",
        "0000000000000000000000000000000000000000000000000000000000000001",
        "243f6a8885a308d313198a2e03707344a4093822299f31d0082efa98ec4e6c89",
        "6896bd60eeae296db48a229ff71dfe071bde413e6d43f917dc8dcf8c78de3341"
        "8906d11ac976abccb20b091292bff4ea897efcb639ea871cfa95f6de339e4b0a",
        true},
    {"c90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b14e5c9",
        "dd308afec5777e13121fa72b9cc1b7cc0139715309b086c960e18fd969774eb8",
        "c87aa53824b4d7ae2eb035a2b5bbbccc080e76cdc6d1692c4b0b62d798e6d906",
        "7e2d58d8b3bcdf1abadec7829054f90dda9805aab56c77333024b9d0a508b75c",
        "5831aaeed7b44bb74e5eab94ba9d4294c49bcf2a60728d8b4c200f50dd313c1b"
        "ab745879a5ad954a72c45a91c3a51d3c7adea98d82f8481e0e1e03674a6f3fb7",
        true},
    {"0b432b2677937381aef05bb02a66ecd012773062cf3fa2549e44f58ed2401710",
        "25d1dff95105f5253c4022f628a996ad3a0d95fbf21d468a1b33f8c160d8f517",
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "7eb0509757e246f19449885651611cb965ecc1a187dd51b64fda1edc9637d5ec"
        "97582b9cb13db3933705b32ba982af5af25fd78881ebb32771fc5922efc66ea3",
        true},
    {NULL, "d69c3509bb99e412e68b0fe8544e72837dfa30746d8be2aa65975f29d22dc7b9", NULL,
        "4df3c3f68fcc83b27e9d42c90431a72499f17875c81a599b566c9889b9696703",
        "00000000000000000000003b78ce563f89a0ed9414f5aa28ad0d96d6795f9c63"
        "76afb1548af603b3eb45c9f8207dee1060cb71c04e80f593060b07d28308d7f4",
        true},
    {NULL, "eefdea4cdb677750a420fee807eacf21eb9898ae79b9768766e4faa04a2d4a34", NULL,
        "243f6a8885a308d313198a2e03707344a4093822299f31d0082efa98ec4e6c89",
        "6cff5c3ba86c69ea4b7376f31a9bcb4f74c1976089b2d9963da2e5543e177769"
        "69e89b4c5564d00349106b8497785dd7d1d713a8ae82b32fa79d5f7fc407d39b",
        false},
    {NULL, "dff1d77f2a671c5f36183726db2341be58feae1da2deced843240f7b502ba659", NULL,
        "243f6a8885a308d313198a2e03707344a4093822299f31d0082efa98ec4e6c89",
        "fff97bd5755eeea420453a14355235d382f6472f8568a18b2f057a1460297556"
        "3cc27944640ac607cd107ae10923d9ef7a73c643e166be5ebeafa34b1ac553e2",
        false},
    {NULL, "dff1d77f2a671c5f36183726db2341be58feae1da2deced843240f7b502ba659", NULL,
        "243f6a8885a308d313198a2e03707344a4093822299f31d0082efa98ec4e6c89",
        "1fa62e331edbc21c394792d2ab1100a7b432b013df3f6ff4f99fcb33e0e1515f"
        "28890b3edb6e7189b630448b515ce4f8622a954cfe545735aaea5134fccdb2bd",
        false},
    {NULL, "dff1d77f2a671c5f36183726db2341be58feae1da2deced843240f7b502ba659", NULL,
        "243f6a8885a308d313198a2e03707344a4093822299f31d0082efa98ec4e6c89",
        "6cff5c3ba86c69ea4b7376f31a9bcb4f74c1976089b2d9963da2e5543e177769"
        "961764b3aa9b2ffcb6ef947b6887a226e8d7c93e00c5ed0c1834ff0d0c2e6da6",
        false},
    {NULL, "dff1d77f2a671c5f36183726db2341be58feae1da2deced843240f7b502ba659", NULL,
        "243f6a8885a308d313198a2e03707344a4093822299f31d0082efa98ec4e6c89",
        "0000000000000000000000000000000000000000000000000000000000000000"
        "123dda8328af9c23a94c1feecfd123ba4fb73476f0d594dcb65c6425bd186051",
        false},
    {NULL, "dff1d77f2a671c5f36183726db2341be58feae1da2deced843240f7b502ba659", NULL,
        "243f6a8885a308d313198a2e03707344a4093822299f31d0082efa98ec4e6c89",
        "0000000000000000000000000000000000000000000000000000000000000001"
        "7615fbaf5ae28864013c099742deadb4dba87f11ac6754f93780d5a1837cf197",
        false},
    {NULL, "dff1d77f2a671c5f36183726db2341be58feae1da2deced843240f7b502ba659", NULL,
        "243f6a8885a308d313198a2e03707344a4093822299f31d0082efa98ec4e6c89",
        "4a298dacae57395a15d0795ddbfd1dcb564da82b0f269bc70a74f8220429ba1d"
        "69e89b4c5564d00349106b8497785dd7d1d713a8ae82b32fa79d5f7fc407d39b",
        false},
    {NULL, "dff1d77f2a671c5f36183726db2341be58feae1da2deced843240f7b502ba659", NULL,
        "243f6a8885a308d313198a2e03707344a4093822299f31d0082efa98ec4e6c89",
        "fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f"
        "69e89b4c5564d00349106b8497785dd7d1d713a8ae82b32fa79d5f7fc407d39b",
        false},
    {NULL, "dff1d77f2a671c5f36183726db2341be58feae1da2deced843240f7b502ba659", NULL,
        "243f6a8885a308d313198a2e03707344a4093822299f31d0082efa98ec4e6c89",
        "6cff5c3ba86c69ea4b7376f31a9bcb4f74c1976089b2d9963da2e5543e177769"
        "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141",
        false},
    {NULL, "fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc30", NULL,
        "243f6a8885a308d313198a2e03707344a4093822299f31d0082efa98ec4e6c89",
        "6cff5c3ba86c69ea4b7376f31a9bcb4f74c1976089b2d9963da2e5543e177769"
        "69e89b4c5564d00349106b8497785dd7d1d713a8ae82b32fa79d5f7fc407d39b",
        false},
};

static void agrees_with_bip340(void **state)
{
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        struct pubkey key;
        uint8_t message[32];
        struct signature sig;
        assert_true(hex_decode(str_of(vectors[i].key), key.b, 32));
        assert_true(hex_decode(str_of(vectors[i].message), message, 32));
        assert_true(hex_decode(str_of(vectors[i].sig), sig.b, 64));
        for (int again = 0; again < 2; again++) /* the second time from the cache */
            assert_int_equal(record__signature_valid(&key, message, &sig), vectors[i].valid);
        if (!vectors[i].secret)
            continue;
        uint8_t secret[32], fresh[32];
        struct pubkey made_key;
        struct signature made;
        struct err err;
        assert_true(hex_decode(str_of(vectors[i].secret), secret, 32));
        assert_true(hex_decode(str_of(vectors[i].fresh), fresh, 32));
        assert_int_equal(record__sign_bytes(secret, message, fresh, &made_key, &made, &err), 0);
        assert_memory_equal(made.b, sig.b, 64);
        assert_true(pubkey_eq(&made_key, &key));
        assert_int_equal(record_pubkey_of_secret(secret, &made_key, &err), 0);
        assert_true(pubkey_eq(&made_key, &key));
    }
}

/* The form that is hashed, byte by byte. */
static void serialises_as_nip01_says(void **state)
{
    struct arena *arena _cleanup_arena_ = test_arena();
    struct record_draft d;
    record_draft_init(&d, arena, 30023, 0);
    record_draft_tag(&d, "d", "\n\"\\\r\t\b\f/", NULL);
    record_draft_tag_strs(&d, (struct str[]){STR("x"), STR(""), STR("\0\x01\x1f\x7f")}, 3);
    record_draft_content(&d, STR("\xc3\xa9\xe2\x80\xa8\xf0\x9f\x98\x80</>"));
    struct buf form _cleanup_buf_ = BUF_INIT;
    record_serialize_for_id(&d.r, &form);
    assert_str(buf_str(&form),
        "[0,\"0000000000000000000000000000000000000000000000000000000000000000\",0,30023,"
        "[[\"d\",\"\\n\\\"\\\\\\r\\t\\b\\f/\"],[\"x\",\"\",\"\\u0000\\u0001\\u001f\x7f\"]],"
        "\"\xc3\xa9\xe2\x80\xa8\xf0\x9f\x98\x80</>\"]");
}

static void refuses_forgeries(void **state)
{
    struct seeded s = {42};
    for (int i = 0; i < 20; i++) {
        struct arena *arena _cleanup_arena_ = test_arena();
        struct record good, r;
        struct err err;
        random_record(&s, arena, &good);
        assert_int_equal(record_verify(&good, &err), 0);

        r = good;
        r.sig.b[seeded_below(&s, 64)] ^= (uint8_t)(1u << seeded_below(&s, 8));
        assert_int_equal(record_verify(&r, &err), ERR_INPUT);
        assert_non_null(strstr(err.what, "signature"));

        r = good;
        r.id.b[seeded_below(&s, 32)] ^= (uint8_t)(1u << seeded_below(&s, 8));
        assert_int_equal(record_verify(&r, &err), ERR_INPUT);
        assert_non_null(strstr(err.what, "id"));

        r = good;
        r.created_at ^= 1;
        assert_int_equal(record_verify(&r, &err), ERR_INPUT);
        record_compute_id(&r, &r.id); /* the id made right again, the signature is the old one */
        assert_int_equal(record_verify(&r, &err), ERR_INPUT);
        assert_non_null(strstr(err.what, "signature"));

        r = good; /* by another's key */
        struct record other;
        random_record(&s, arena, &other);
        r.pubkey = other.pubkey;
        record_compute_id(&r, &r.id);
        assert_int_equal(record_verify(&r, &err), ERR_INPUT);

        r = good; /* no point on the curve: about every second number is none */
        do
            r.pubkey.b[31]++;
        while (pubkey_valid(&r.pubkey));
        record_compute_id(&r, &r.id);
        assert_int_equal(record_verify(&r, &err), ERR_INPUT);
        assert_non_null(strstr(err.what, "no public key"));
    }
}

/* Also where the JSON stands behind other text, and where nearly every character is escaped. */
static void verifies_and_writes_at_once(void **state)
{
    struct seeded s = {43};
    static const uint8_t secret[32] = {[31] = 11};
    for (int i = 0; i < 60; i++) {
        struct arena *arena _cleanup_arena_ = test_arena();
        struct record good;
        struct err err;
        if (i % 2) {
            random_record(&s, arena, &good);
        } else {
            char text[700];
            for (size_t k = 0; k < sizeof text; k++)
                text[k] = "\1\"\\\n\37a"[seeded_below(&s, i % 4 ? 3 : 6)];
            struct record_draft d;
            record_draft_init(&d, arena, 1, 1700000000 + i);
            record_draft_content(&d, (struct str){text, seeded_below(&s, sizeof text)});
            assert_int_equal(record_sign(&d.r, secret, &err), 0);
            good = d.r;
        }
        struct buf alone _cleanup_buf_ = BUF_INIT, both _cleanup_buf_ = BUF_INIT;
        record_to_json(&good, &alone);
        buf_addz(&both, "before");
        assert_int_equal(record_verify_to_json(&good, &both, &err), 0);
        assert_true(str_eq(str_slice(buf_str(&both), 6, both.n), buf_str(&alone)));

        good.sig.b[0] ^= 1;
        assert_int_equal(record_verify_to_json(&good, &both, &err), ERR_INPUT);
        good.created_at++;
        assert_int_equal(record_verify_to_json(&good, &both, &err), ERR_INPUT);
        assert_int_equal(both.n, alone.n + 6);
    }
}

static void signs_only_what_can_be_read(void **state)
{
    static const uint8_t secret[32] = {[31] = 9};
    struct arena *arena _cleanup_arena_ = test_arena();
    struct record_draft d;
    struct err err;
    record_draft_init(&d, arena, 1, 1700000000);
    assert_int_equal(record_sign(&d.r, secret, &err), 0);

    struct record r = d.r;
    r.kind = 65536;
    assert_int_equal(record_sign(&r, secret, &err), ERR_INPUT);
    r = d.r;
    r.created_at = -1;
    assert_int_equal(record_sign(&r, secret, &err), ERR_INPUT);
    r.created_at = INT64_C(1) << 53;
    assert_int_equal(record_sign(&r, secret, &err), ERR_INPUT);
    r = d.r;
    r.content = STR("a\xff");
    assert_int_equal(record_sign(&r, secret, &err), ERR_INPUT);
    r = d.r;
    r.tags = &(struct tag){(struct str[]){STR("\xed\xa0\x80")}, 1};
    r.tag_count = 1;
    assert_int_equal(record_sign(&r, secret, &err), ERR_INPUT);
    r.tags = &(struct tag){NULL, 0};
    assert_int_equal(record_sign(&r, secret, &err), ERR_INPUT);

    r = d.r; /* exactly at the limit, then a byte more */
    struct buf form _cleanup_buf_ = BUF_INIT, text _cleanup_buf_ = BUF_INIT;
    record_serialize_for_id(&r, &form);
    while (text.n < RECORD_MAX_BYTES - form.n)
        buf_addc(&text, 'x');
    r.content = buf_str(&text);
    assert_int_equal(record_sign(&r, secret, &err), 0);
    buf_addc(&text, 'x');
    r.content = buf_str(&text);
    assert_int_equal(record_sign(&r, secret, &err), ERR_LIMIT);
    assert_non_null(strstr(err.what, "65537"));
    assert_non_null(strstr(err.what, "65536"));

    static const uint8_t zero[32],
        beyond[32] = {255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
            255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255};
    assert_int_equal(record_sign(&d.r, zero, &err), ERR_INPUT);
    assert_int_equal(record_sign(&d.r, beyond, &err), ERR_INPUT);
    struct pubkey key;
    assert_int_equal(record_pubkey_of_secret(zero, &key, &err), ERR_INPUT);
}

struct shared {
    const struct record *records;
    size_t n;
    int wrong;
};

static void *verify_all(void *ctx)
{
    struct shared *shared = ctx;
    for (size_t i = 0; i < shared->n; i++) {
        struct record r = shared->records[i];
        if (record_verify(&r, NULL))
            __atomic_add_fetch(&shared->wrong, 1, __ATOMIC_RELAXED);
        r.sig.b[40] ^= 1;
        if (!record_verify(&r, NULL))
            __atomic_add_fetch(&shared->wrong, 1, __ATOMIC_RELAXED);
    }
    return NULL;
}

/* Keys that share one slot of the cache, asked for in turn: each comes out as itself. */
static void cache_never_mixes_keys(void **state)
{
    struct seeded s = {5};
    struct pubkey keys[64];
    bool valid[64];
    int points = 0;
    for (size_t i = 0; i < 64; i++) {
        secp256k1_xonly_pubkey parsed;
        seeded_fill(&s, keys[i].b, 32);
        keys[i].b[0] = keys[i].b[1] = 7;
        valid[i] = secp256k1_xonly_pubkey_parse(secp256k1_context_static, &parsed, keys[i].b);
        points += valid[i];
    }
    assert_true(points > 10 && points < 54);
    for (int i = 0; i < 2000; i++) {
        size_t k = seeded_below(&s, 64);
        secp256k1_xonly_pubkey parsed;
        struct pubkey back;
        assert_int_equal(record__key_parsed(&keys[k], &parsed), valid[k]);
        if (valid[k]) {
            assert_true(secp256k1_xonly_pubkey_serialize(secp256k1_context_static, back.b, &parsed));
            assert_true(pubkey_eq(&back, &keys[k]));
        }
    }
}

static void many_keys_in_many_threads(void **state)
{
    struct arena *arena _cleanup_arena_ = test_arena();
    struct seeded s = {99};
    enum { N = 40 };
    struct record *records = ARENA_ARRAY(arena, struct record, N);
    for (size_t i = 0; i < N; i++)
        random_record(&s, arena, &records[i]);
    struct shared shared = {records, N, 0};
    pthread_t threads[4];
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, verify_all, &shared), 0);
    for (size_t i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(shared.wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_bip340),
        cmocka_unit_test(serialises_as_nip01_says),
        cmocka_unit_test(refuses_forgeries),
        cmocka_unit_test(verifies_and_writes_at_once),
        cmocka_unit_test(signs_only_what_can_be_read),
        cmocka_unit_test(cache_never_mixes_keys),
        cmocka_unit_test(many_keys_in_many_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
