/* nip19.c: tests of NIP-19 names, with the examples of the NIP, and of addresses. */
#include "support.h"

#include "base/hex.h"

static void assert_hex(const uint8_t *bytes, size_t n, const char *want)
{
    char hex[129];
    hex_encode(bytes, n, hex);
    assert_string_equal(hex, want);
}

static const char npub[] = "npub10elfcs4fr0l0r8af98jlmgdh9c8tcxjvz9qkw038js35mp4dma8qzvjptg";
static const char npub_hex[] = "7e7e9c42a91bfef19fa929e5fda1b72e0ebc1a4c1141673e2794234d86addf4e";
static const char nsec[] = "nsec1vl029mgpspedva04g90vltkh6fvh240zqtv9k0t9af8935ke9laqsnlfe5";
static const char nprofile[] =
    "nprofile1qqsrhuxx8l9ex335q7he0f09aej04zpazpl0ne2cgukyawd24mayt8gpp4mhxue69uhhytnc9e3k7mgpz4"
    "mhxue69uhkg6nzv9ejuumpv34kytnrdaksjlyr9p";
static const char nprofile_hex[] = "3bf0c63fcb93463407af97a5e5ee64fa883d107ef9e558472c4eb9aaaefa459d";

static void reads_the_examples_of_the_nip(void **state)
{
    struct arena *arena _cleanup_arena_ = test_arena();
    struct nip19 n;
    struct err err;
    assert_int_equal(nip19_decode(arena, str_of(npub), &n, &err), 0);
    assert_int_equal(n.type, NIP19_NPUB);
    assert_true(n.has_pubkey);
    assert_hex(n.pubkey.b, 32, npub_hex);
    struct buf out _cleanup_buf_ = BUF_INIT;
    nip19_npub(&n.pubkey, &out);
    assert_str(buf_str(&out), npub);

    assert_int_equal(nip19_decode(arena, str_of(nprofile), &n, &err), 0);
    assert_int_equal(n.type, NIP19_NPROFILE);
    assert_hex(n.pubkey.b, 32, nprofile_hex);

    struct str link = arena_printf(arena, " nostr:%s\n", npub);
    assert_int_equal(nip19_decode(arena, link, &n, &err), 0);
    assert_hex(n.pubkey.b, 32, npub_hex);

    struct pubkey k;
    assert_int_equal(pubkey_from_text(str_of(npub), &k, &err), 0);
    assert_hex(k.b, 32, npub_hex);
    assert_int_equal(pubkey_from_text(str_of(nprofile), &k, &err), 0);
    assert_hex(k.b, 32, nprofile_hex);
    assert_int_equal(pubkey_from_text(str_of(npub_hex), &k, &err), 0);
    assert_hex(k.b, 32, npub_hex);
}

static void refuses_secrets_by_name(void **state)
{
    struct arena *arena _cleanup_arena_ = test_arena();
    const char *const texts[] = {nsec, "nsec1", "nsec1mistyped",
        "NSEC1VL029MGPSPEDVA04G90VLTKH6FVH240ZQTV9K0T9AF8935KE9LAQSNLFE5",
        "nostr:nsec1vl029mgpspedva04g90vltkh6fvh240zqtv9k0t9af8935ke9laqsnlfe5",
        "  nsec1vl029mgpspedva04g90vltkh6fvh240zqtv9k0t9af8935ke9laqsnlfe5"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct nip19 n;
        struct pubkey k;
        struct err err;
        char line[900];
        assert_int_equal(nip19_decode(arena, str_of(texts[i]), &n, &err), ERR_DENIED);
        assert_non_null(strstr(err_line(&err, line, sizeof line), "nsec"));
        assert_null(strstr(line, "vl029mg"));
        assert_int_equal(pubkey_from_text(str_of(texts[i]), &k, &err), ERR_DENIED);
    }
}

static void names_come_back(void **state)
{
    struct seeded s = {3};
    for (int i = 0; i < 300; i++) {
        struct arena *arena _cleanup_arena_ = test_arena();
        struct record_id id;
        struct address a;
        struct nip19 n;
        struct err err;
        seeded_fill(&s, id.b, 32);
        seeded_fill(&s, a.pubkey.b, 32);
        a.kind = (uint32_t)seeded_below(&s, 65536);
        do
            a.d = random_text(&s, arena, 80);
        while (a.d.n > 255);
        struct buf out _cleanup_buf_ = BUF_INIT;
        nip19_naddr(&a, &out);
        assert_int_equal(nip19_decode(arena, buf_str(&out), &n, &err), 0);
        assert_int_equal(n.type, NIP19_NADDR);
        assert_true(n.has_kind && n.kind == a.kind && n.has_pubkey && pubkey_eq(&n.pubkey, &a.pubkey));
        assert_true(str_eq(n.d, a.d));
        buf_clear(&out);
        nip19_nevent(&id, &a.pubkey, a.kind, &out);
        assert_int_equal(nip19_decode(arena, buf_str(&out), &n, &err), 0);
        assert_int_equal(n.type, NIP19_NEVENT);
        assert_true(record_id_eq(&n.id, &id) && n.kind == a.kind && pubkey_eq(&n.pubkey, &a.pubkey));
        buf_clear(&out);
        nip19_nevent(&id, NULL, a.kind, &out);
        assert_int_equal(nip19_decode(arena, buf_str(&out), &n, &err), 0);
        assert_false(n.has_pubkey);
        buf_clear(&out);
        nip19_note(&id, &out);
        assert_int_equal(nip19_decode(arena, buf_str(&out), &n, &err), 0);
        assert_true(n.type == NIP19_NOTE && record_id_eq(&n.id, &id));
        /* One letter changed is always noticed. */
        size_t at = 5 + seeded_below(&s, out.n - 5);
        out.p[at] = out.p[at] == 'q' ? 'p' : 'q';
        assert_int_equal(nip19_decode(arena, buf_str(&out), &n, &err), ERR_INPUT);

        buf_clear(&out);
        address_format(&a, &out);
        struct address back;
        assert_true(address_parse(buf_str(&out), &back));
        assert_true(back.kind == a.kind && pubkey_eq(&back.pubkey, &a.pubkey) && str_eq(back.d, a.d));
    }
    struct buf out _cleanup_buf_ = BUF_INIT;
    char d[256];
    memset(d, 'x', sizeof d);
    nip19_naddr(&(struct address){30023, {{1}}, {d, 256}}, &out);
    assert_int_equal(out.n, 0);
}

/* Each row: prefix, data in hex, what is decoded. */
static void reads_items_strictly(void **state)
{
#define KEY "7e7e9c42a91bfef19fa929e5fda1b72e0ebc1a4c1141673e2794234d86addf4e"
    static const struct {
        const char *prefix, *data;
        int rc;
    } rows[] = {
        {"npub", KEY, 0},
        {"npub", KEY "00", ERR_INPUT},
        {"npub", "", ERR_INPUT},
        {"note", "00", ERR_INPUT},
        {"nprofile", "", ERR_INPUT},
        {"nprofile", "0020" KEY, 0},
        {"nprofile", "0020" KEY "0105776f72642e", 0},
        {"nprofile", "0020" KEY "ff00", 0}, /* an unknown item */
        {"nprofile", "0020" KEY "0106776f72642e", ERR_INPUT},
        {"nprofile", "0020" KEY "01", ERR_INPUT},
        {"nprofile", "0021" KEY, ERR_INPUT},
        {"nprofile", "0020" KEY "0020" KEY, ERR_INPUT},
        {"nprofile", "001f" KEY, ERR_INPUT},
        {"nprofile", "01017801017901017a0020" KEY, 0}, /* relays first */
        {"nevent", "0020" KEY, 0},
        {"nevent", "0020" KEY "0220" KEY "030400007547", 0},
        {"nevent", "0020" KEY "021f" KEY, ERR_INPUT},
        {"nevent", "0020" KEY "030400010000", ERR_INPUT},
        {"nevent", "0020" KEY "03020001", ERR_INPUT},
        {"nevent", "0220" KEY, ERR_INPUT},
        {"naddr", "0001780220" KEY "030400007547", 0},
        {"naddr", "00000220" KEY "030400000000", 0},
        {"naddr", "0001ff0220" KEY "030400007547", ERR_INPUT}, /* not UTF-8 */
        {"naddr", "0001780220" KEY, ERR_INPUT},
        {"naddr", "000178030400007547", ERR_INPUT},
        {"naddr", "0220" KEY "030400007547", ERR_INPUT},
        {"nrelay", "0020" KEY, ERR_INPUT},
        {"ncryptsec", KEY, ERR_INPUT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct arena *arena _cleanup_arena_ = test_arena();
        uint8_t data[256];
        size_t n = strlen(rows[i].data) / 2;
        struct buf text _cleanup_buf_ = BUF_INIT;
        struct nip19 out;
        struct err err;
        assert_true(hex_decode(str_of(rows[i].data), data, n));
        bech32_encode(&text, rows[i].prefix, data, n);
        int rc = nip19_decode(arena, buf_str(&text), &out, &err);
        if (rc != rows[i].rc)
            fail_msg("row %zu (%s): %d, want %d", i, rows[i].prefix, rc, rows[i].rc);
    }
    struct arena *arena _cleanup_arena_ = test_arena();
    struct nip19 out;
    struct pubkey key;
    struct err err;
    char *long_text = malloc(6000);
    memset(long_text, 'q', 6000);
    memcpy(long_text, "npub1", 5);
    assert_int_equal(nip19_decode(arena, (struct str){long_text, 6000}, &out, &err), ERR_LIMIT);
    free(long_text);
    assert_int_equal(nip19_decode(arena, STR(""), &out, &err), ERR_INPUT);
    assert_int_equal(nip19_decode(arena, STR("nostr:"), &out, &err), ERR_INPUT);
    assert_int_equal(nip19_decode(arena, (struct str){NULL, 0}, &out, &err), ERR_INPUT);
    assert_int_equal(pubkey_from_text(STR("alice"), &key, &err), ERR_INPUT);
    assert_int_equal(pubkey_from_text(STR("note1qqqq"), &key, &err), ERR_INPUT);
}

static void reads_addresses_strictly(void **state)
{
    static const struct {
        const char *text;
        bool good;
    } rows[] = {
        {"30023:" KEY ":a:b", true},
        {"0:" KEY ":", true},
        {"65535:" KEY ":", true},
        {"65536:" KEY ":", false},
        {"030023:" KEY ":x", false},
        {"+1:" KEY ":x", false},
        {":" KEY ":x", false},
        {"1:" KEY, false},
        {"1:" KEY "0:x", false},
        {"1:7E7e9c42a91bfef19fa929e5fda1b72e0ebc1a4c1141673e2794234d86addf4e:x", false},
        {"1", false},
        {"", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct address a;
        assert_int_equal(address_parse(str_of(rows[i].text), &a), rows[i].good);
        if (rows[i].good) {
            struct buf out _cleanup_buf_ = BUF_INIT;
            address_format(&a, &out);
            assert_str(buf_str(&out), rows[i].text);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_the_examples_of_the_nip),
        cmocka_unit_test(refuses_secrets_by_name),
        cmocka_unit_test(names_come_back),
        cmocka_unit_test(reads_items_strictly),
        cmocka_unit_test(reads_addresses_strictly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
