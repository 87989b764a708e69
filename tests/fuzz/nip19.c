/* nip19.c: fuzz target: names as typed, and names whose checksum is right around any bytes. */
#include "base/hex.h"
#include "record/record.h"
#include "target.h"

static void check(struct str text)
{
    struct arena *arena _cleanup_arena_ = arena_create(1u << 16);
    struct nip19 n, again;
    struct pubkey key;
    struct err err;
    int rc = nip19_decode(arena, text, &n, &err);
    int key_rc = pubkey_from_text(text, &key, &err);
    if (rc)
        return;
    MUST(key_rc == (n.type == NIP19_NPUB || n.type == NIP19_NPROFILE ? 0 : ERR_INPUT));
    struct buf out _cleanup_buf_ = BUF_INIT;
    switch (n.type) {
    case NIP19_NPUB:
    case NIP19_NPROFILE:
        MUST(n.has_pubkey && pubkey_eq(&key, &n.pubkey));
        nip19_npub(&n.pubkey, &out);
        break;
    case NIP19_NOTE:
        nip19_note(&n.id, &out);
        break;
    case NIP19_NEVENT:
        nip19_nevent(&n.id, n.has_pubkey ? &n.pubkey : NULL, n.kind, &out);
        break;
    case NIP19_NADDR:
        MUST(n.has_pubkey && n.has_kind);
        nip19_naddr(&(struct address){n.kind, n.pubkey, n.d}, &out);
    }
    MUST(nip19_decode(arena, buf_str(&out), &again, &err) == 0);
    MUST(n.has_pubkey == again.has_pubkey && pubkey_eq(&n.pubkey, &again.pubkey) &&
         record_id_eq(&n.id, &again.id));
    MUST(n.kind == again.kind && str_eq(n.d, again.d));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const prefixes[] = {
        "npub", "note", "nprofile", "nevent", "naddr", "nsec", "nrelay", "x"};
    check((struct str){(const char *)data, size});
    struct address a;
    if (address_parse((struct str){(const char *)data, size}, &a)) {
        struct buf out _cleanup_buf_ = BUF_INIT;
        address_format(&a, &out);
        MUST(str_eq(buf_str(&out), (struct str){(const char *)data, size}));
    }
    if (size == 0)
        return 0;
    struct buf text _cleanup_buf_ = BUF_INIT;
    bech32_encode(&text, prefixes[data[0] % 8], data + 1, size - 1);
    check(buf_str(&text));
    return 0;
}
