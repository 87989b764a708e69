/* vault.c: the keeper's cryptography against the specifications' own vectors, and its round trips. */
#include "check.h"

#include "base/hex.h"
#include "keeper/vault.h"

#include <sodium.h>

static struct vault_scratch scratch;

static void set_key(const char *hex)
{
    assert_true(hex_decode(str_of(hex), scratch.key, 32));
}

static void peer_of(const char *secret_hex, struct pubkey *out)
{
    uint8_t secret[32];
    struct err err;
    assert_true(hex_decode(str_of(secret_hex), secret, 32));
    assert_int_equal(record_pubkey_of_secret(secret, out, &err), 0);
}

#define ONE "0000000000000000000000000000000000000000000000000000000000000001"
#define TWO "0000000000000000000000000000000000000000000000000000000000000002"

/* NIP-44 §Tests and code. */
static void nip44_vector(void **state)
{
    (void)state;
    struct pubkey peer;
    struct err err;
    uint8_t nonce[32] = {[31] = 1};
    struct buf out _cleanup_buf_ = BUF_INIT;
    peer_of(TWO, &peer);
    set_key(ONE);
    assert_int_equal(keeper__nip44_encrypt(&scratch, &peer, STR("a"), nonce, &out, &err), 0);
    assert_string_equal(out.p,
        "AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABee0G5VSK0/9YypIObAtDKfYEAjD35uVkHyB0F4"
        "DwrcNaCXlCWZKaArsGrY6M9wnuTMxWfp1RTN9Xga8no+kF5Vsb");
    struct buf plain _cleanup_buf_ = BUF_INIT;
    peer_of(ONE, &peer);
    set_key(TWO);
    assert_int_equal(keeper__nip44_decrypt(&scratch, &peer, buf_str(&out), &plain, &err), 0);
    assert_true(str_eqz(buf_str(&plain), "a"));
}

/* NIP-44 §Extended length prefix test vectors. */
static void nip44_long(void **state)
{
    (void)state;
    static const struct {
        size_t n;
        const char *payload_sha256;
    } vectors[] = {
        {65535, "6d8c2810d1e870fbaa1f0a0937126cca837a15f9260e27060c331d70a3c0bc84"},
        {65536, "b7b4edb36ba92e267d322d56d9aebc22e7fa96ff52e3c12adc07f07a43cbc616"},
        {65537, "eeb7c7c5373894ea2c1547cfd3ccb15d5a0b2d619da852e5c79df792dcc9e435"},
    };
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        struct pubkey peer;
        struct err err;
        uint8_t nonce[32] = {[31] = 1}, hash[32];
        char hex[65];
        struct buf text _cleanup_buf_ = BUF_INIT, out _cleanup_buf_ = BUF_INIT, back _cleanup_buf_ = BUF_INIT;
        for (size_t c = 0; c < vectors[i].n; c++)
            buf_addc(&text, 'a');
        peer_of(TWO, &peer);
        set_key(ONE);
        assert_int_equal(keeper__nip44_encrypt(&scratch, &peer, buf_str(&text), nonce, &out, &err), 0);
        crypto_hash_sha256(hash, (uint8_t *)out.p, out.n);
        hex_encode(hash, 32, hex);
        assert_string_equal(hex, vectors[i].payload_sha256);
        assert_int_equal(keeper__nip44_decrypt(&scratch, &peer, buf_str(&out), &back, &err), 0);
        assert_true(str_eq(buf_str(&back), buf_str(&text)));
    }
}

static void nip44_refuses(void **state)
{
    (void)state;
    struct pubkey peer;
    struct err err;
    uint8_t nonce[32];
    struct buf good _cleanup_buf_ = BUF_INIT, out _cleanup_buf_ = BUF_INIT;
    peer_of(TWO, &peer);
    set_key(ONE);
    randombytes_buf(nonce, sizeof nonce);
    assert_int_equal(keeper__nip44_encrypt(&scratch, &peer, STR(""), nonce, &good, &err), ERR_INPUT);
    assert_int_equal(keeper__nip44_encrypt(&scratch, &peer, STR("a few words"), nonce, &good, &err), 0);
    for (size_t i = 0; i < good.n; i++) { /* one character changed anywhere */
        char kept = good.p[i];
        good.p[i] = kept == 'A' ? 'B' : 'A';
        assert_true(keeper__nip44_decrypt(&scratch, &peer, buf_str(&good), &out, &err) < 0);
        good.p[i] = kept;
    }
    for (size_t n = 0; n < good.n; n++) /* cut anywhere */
        assert_true(keeper__nip44_decrypt(&scratch, &peer, str_slice(buf_str(&good), 0, n), &out, &err) < 0);
    memset(&peer, 0xff, sizeof peer); /* no point on the curve */
    assert_int_equal(keeper__nip44_decrypt(&scratch, &peer, buf_str(&good), &out, &err), ERR_INPUT);
    assert_int_equal(out.n, 0);
}

/* NIP-49 §Test Data. */
static void nip49_vectors(void **state)
{
    (void)state;
    struct err err;
    char hex[65];
    struct str text = STR(
        "ncryptsec1qgg9947rlpvqu76pj5ecreduf9jxhselq2nae2kghhvd5g7dgjtcxfqtd67p9m0w57lspw8gsq6yphnm8623ns"
        "l8xn9j4jdzz84zm3frztj3z7s35vpzmqf6ksu8r89qk5z2zxfmu5gv8th8wclt0h4p");
    assert_int_equal(keeper__nip49_import(&scratch, text, STR("nostr"), &err), 0);
    hex_encode(scratch.key, 32, hex);
    assert_string_equal(hex, "3501454135014541350145413501453fefb02227e449e57cf4d3a3ce05378683");
    assert_int_equal(keeper__nip49_import(&scratch, text, STR("nostR"), &err), ERR_DENIED);
    assert_int_equal(
        keeper__nip49_import(&scratch, str_slice(text, 0, text.n - 1), STR("nostr"), &err), ERR_INPUT);
    struct buf nfkc _cleanup_buf_ = BUF_INIT;
    assert_int_equal(keeper__normalize(STR("\xE2\x84\xAB\xE2\x84\xA6\xE1\xBA\x9B\xCC\xA3"), &nfkc, &err), 0);
    assert_true(str_eqz(buf_str(&nfkc), "\xC3\x85\xCE\xA9\xE1\xB9\xA9"));
    assert_int_equal(keeper__normalize(STR("\xff"), &nfkc, &err), ERR_INPUT);
}

static void nip49_round_trip(void **state)
{
    (void)state;
    struct err err;
    struct buf out _cleanup_buf_ = BUF_INIT;
    struct pubkey key;
    keeper__new_key(&scratch, &key);
    uint8_t kept[32];
    memcpy(kept, scratch.key, 32);
    assert_int_equal(keeper__nip49_export(&scratch, STR("pässword"), 16, &out, &err), 0);
    memset(scratch.key, 0, 32);
    assert_int_equal(keeper__nip49_import(&scratch, buf_str(&out), STR("pässword"), &err), 0);
    assert_memory_equal(kept, scratch.key, 32);
    struct buf nsec _cleanup_buf_ = BUF_INIT;
    bech32_encode(&nsec, "nsec", kept, 32);
    memset(scratch.key, 0, 32);
    assert_int_equal(keeper__nip49_import(&scratch, buf_str(&nsec), STR(""), &err), 0);
    assert_memory_equal(kept, scratch.key, 32);
    buf_clear(&nsec);
    bech32_encode(&nsec, "npub", kept, 32);
    assert_int_equal(keeper__nip49_import(&scratch, buf_str(&nsec), STR(""), &err), ERR_INPUT);
    memset(kept, 0xff, 32); /* above the order of the curve */
    buf_clear(&nsec);
    bech32_encode(&nsec, "nsec", kept, 32);
    assert_true(keeper__nip49_import(&scratch, buf_str(&nsec), STR(""), &err) < 0);
}

static void tickets(void **state)
{
    (void)state;
    struct vault_pepper pepper, other;
    randombytes_buf(&pepper, sizeof pepper);
    randombytes_buf(&other, sizeof other);
    struct vault_ticket in = {.issued = 1, .expires = 2, .generation = 3, .id = {4}}, out;
    keeper__new_key(&scratch, &in.key);
    uint8_t kept[32];
    memcpy(kept, scratch.key, 32);
    struct keeper_session session;
    keeper__ticket_seal(&pepper, &scratch, &in, &session);
    memset(&scratch, 0, sizeof scratch);
    assert_true(keeper__ticket_open(&pepper, &scratch, &session, &out));
    assert_memory_equal(&in.key, &out.key, 32);
    assert_memory_equal(kept, scratch.key, 32);
    assert_true(out.issued == 1 && out.expires == 2 && out.generation == 3 && out.id[0] == 4);
    assert_false(keeper__ticket_open(&other, &scratch, &session, &out));
    for (size_t i = 0; i < sizeof session; i++) {
        ((uint8_t *)&session)[i] ^= 1;
        assert_false(keeper__ticket_open(&pepper, &scratch, &session, &out));
        ((uint8_t *)&session)[i] ^= 1;
    }
}

int main(void)
{
    if (sodium_init() < 0)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nip44_vector),
        cmocka_unit_test(nip44_long),
        cmocka_unit_test(nip44_refuses),
        cmocka_unit_test(nip49_vectors),
        cmocka_unit_test(nip49_round_trip),
        cmocka_unit_test(tickets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
