/* record.h: the signed record, a Nostr event (NIP-01), and all that is done with one alone.
 *
 * What it is not: storage, and any kind's meaning. Leans on base, libsecp256k1, libsodium (SHA-256). */
#ifndef WN_RECORD_H
#define WN_RECORD_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

struct pubkey {
    uint8_t b[32]; /* x-only, BIP-340 */
};
struct record_id {
    uint8_t b[32]; /* SHA-256 of the serialised form, NIP-01 */
};
struct signature {
    uint8_t b[64]; /* BIP-340 */
};

struct tag {
    struct str *v; /* v[0] is the name; n ≥ 1 */
    size_t n;
};

struct record {
    struct record_id id;
    struct pubkey pubkey;
    struct signature sig;
    int64_t created_at; /* Unix seconds, 0 … 2^53−1 */
    uint32_t kind;      /* 0 … 65535 */
    struct tag *tags;
    size_t tag_count;
    struct str content; /* valid UTF-8; may hold any character, U+0000 too */
};

/* Bounds (DESIGN section 4): bytes as serialised for the id. */
#define RECORD_MAX_BYTES (64u * 1024)
#define RECORD_MAX_ARTICLE_BYTES (128u * 1024) /* kind 30023 */
#define RECORD_MAX_TAGS 2500
#define RECORD_MAX_D_BYTES 184 /* of our own addressable records */

/* Reads one JSON object strictly: exactly the seven fields, each once, no others; every escape; valid UTF-8;
 * hex in lower case; bounds above. Does not check id or signature. Strings point into arena (or, where they
 * have no escape, into json, which must outlive the record). ERR_INPUT, ERR_LIMIT (too large), ERR_MEMORY
 * (arena's cap). */
int record_parse(struct arena *arena, struct str json, struct record *out, struct err *err);

/* The bytes that are hashed for the id (NIP-01). */
void record_serialize_for_id(const struct record *r, struct buf *out);
void record_compute_id(const struct record *r, struct record_id *out);
/* The canonical JSON form: one line, NIP-01's escapes, fields id pubkey created_at kind tags content sig. */
void record_to_json(const struct record *r, struct buf *out);

/* id is right and the signature is the key's. ERR_INPUT says which is not. Thread-safe; recently seen public
 * keys are kept parsed (a bounded cache). */
int record_verify(const struct record *r, struct err *err);
/* The same, and appends its canonical JSON where it is good: who wants both pays for writing it once. */
int record_verify_to_json(const struct record *r, struct buf *out, struct err *err);
/* Fills pubkey, id and sig from the secret key. Only keeper, tests and benchmarks call it. ERR_INPUT for a
 * key out of range, ERR_LIMIT where the record is too large. */
int record_sign(struct record *r, const uint8_t secret[32], struct err *err);
int record_pubkey_of_secret(const uint8_t secret[32], struct pubkey *out, struct err *err);
bool pubkey_valid(const struct pubkey *k); /* a point on the curve */

static inline bool pubkey_eq(const struct pubkey *a, const struct pubkey *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}
static inline bool record_id_eq(const struct record_id *a, const struct record_id *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

/* Kinds by range (NIP-01). */
enum record_class { RECORD_REGULAR, RECORD_REPLACEABLE, RECORD_EPHEMERAL, RECORD_ADDRESSABLE };
enum record_class record_class_of(uint32_t kind);

/* Reading tags. The first tag with that name, or NULL; its value is v[1], {NULL,0} where it has none. */
const struct tag *record_tag(const struct record *r, const char *name);
struct str record_tag_value(const struct record *r, const char *name);
/* The value of the first ["l", value, namespace] (NIP-32), or {NULL,0}. */
struct str record_label(const struct record *r, const char *label_namespace);
/* The d tag's value ("" if it has none); only for addressable kinds. */
struct str record_d(const struct record *r);
/* "kind:pubkey:d" of a replaceable or addressable record. */
void record_address(const struct record *r, struct buf *out);
/* NIP-40: Unix seconds, or 0 where it does not expire. */
int64_t record_expiration(const struct record *r);
/* a replaces b where both have one address: greater created_at, then lower id. */
bool record_is_newer(const struct record *a, const struct record *b);

/* An address apart ("30023:<hex>:<d>"); d points into text. */
struct address {
    uint32_t kind;
    struct pubkey pubkey;
    struct str d;
};
bool address_parse(struct str text, struct address *out);
void address_format(const struct address *a, struct buf *out);

/* Is r what docs/RECORDS.md says of its kind? For what we write ourselves: the pool takes foreign records of
 * any shape. ERR_INPUT names the tag; ERR_NOT_FOUND for a kind that the page does not describe. */
int record_check_shape(const struct record *r, struct err *err);

/* Making a record: fields set, tags added one by one; everything is in arena. Where something could not be
 * added (the arena's cap, a tag without strings or with too many), failed is set and r.kind goes out of
 * range, so that a record with something missing is never signed. */
struct record_draft {
    struct arena *arena;
    struct record r;
    size_t tag_cap;
    bool failed;
};
void record_draft_init(struct record_draft *d, struct arena *arena, uint32_t kind, int64_t created_at);
/* record_draft_tag(d, "a", coord, hint, NULL): strings are copied; at most 16 of them. */
void record_draft_tag(struct record_draft *d, const char *name, ...) __attribute__((sentinel));
void record_draft_tag_strs(struct record_draft *d, const struct str *v, size_t n);
void record_draft_label(struct record_draft *d, const char *label_namespace, struct str value); /* L and l */
void record_draft_content(struct record_draft *d, struct str content);

/* NIP-19. Encoders append to out. nip19_naddr() appends nothing where d has more than 255 bytes: the form has
 * no room for it. */
void nip19_npub(const struct pubkey *k, struct buf *out);
void nip19_note(const struct record_id *id, struct buf *out);
void nip19_naddr(const struct address *a, struct buf *out);
void nip19_nevent(const struct record_id *id, const struct pubkey *author, uint32_t kind, struct buf *out);
enum nip19_type { NIP19_NPUB, NIP19_NOTE, NIP19_NPROFILE, NIP19_NEVENT, NIP19_NADDR };
struct nip19 {
    enum nip19_type type;
    struct pubkey pubkey;
    struct record_id id;
    bool has_pubkey, has_kind;
    uint32_t kind;
    struct str d; /* in arena */
};
/* With or without a leading "nostr:". nsec is refused by name (ERR_DENIED): it must never reach a form or an
 * argument. */
int nip19_decode(struct arena *arena, struct str text, struct nip19 *out, struct err *err);
/* npub, nprofile or 64 hex digits. */
int pubkey_from_text(struct str text, struct pubkey *out, struct err *err);

/* A NIP-01 filter (and NIP-50's search). Arrays are sorted and without doubles. */
struct filter_tag {
    char letter;
    struct str *values;
    size_t n;
};
struct filter {
    struct record_id *ids;
    struct pubkey *authors;
    uint32_t *kinds;
    struct filter_tag *tags;
    size_t id_count, author_count, kind_count, tag_count;
    bool has_ids, has_authors, has_kinds; /* present though perhaps empty: an empty list matches nothing */
    int64_t since, until;                 /* inclusive; 0 and INT64_MAX where absent */
    int64_t limit;                        /* −1 where absent */
    struct str search;
};
/* Strict: unknown fields are an error, lists of at most 5,000. All in arena. */
int filter_parse(struct arena *arena, struct str json, struct filter *out, struct err *err);
/* Without search and limit. Does not look at expiry. */
bool filter_matches(const struct filter *f, const struct record *r);
void filter_to_json(const struct filter *f, struct buf *out);

#endif
