/* write.c: ratings, and taking them back, as unsigned drafts (kind 34259; NIP-09). */
#include "rating/private.h"

#include "base/hex.h"
#include "base/utf8.h"

#include <sodium.h>

const char *const rating__shipped[RATING_SHIPPED] = {"worth", "accurate", "clear", "junk", "agree"};

int rating__shipped_number(struct str name)
{
    for (int i = 0; i < RATING_SHIPPED; i++)
        if (str_eqz(name, rating__shipped[i]))
            return i;
    return -1;
}

static const char *type_of(const struct rating_target *target)
{
    static const char *const types[] = {"address", "event", "actor"};
    return types[target->type];
}

static void add_hex(struct buf *out, const uint8_t bytes[32])
{
    char hex[65];
    hex_encode(bytes, 32, hex);
    buf_add(out, hex, 64);
}

void rating__coordinate(const struct rating_target *target, struct buf *out)
{
    switch (target->type) {
    case RATING_OF_ADDRESS:
        address_format(&target->address, out);
        return;
    case RATING_OF_EVENT:
        add_hex(out, target->revision.b);
        return;
    case RATING_OF_ACTOR:
        buf_addz(out, "0:");
        add_hex(out, target->author.b);
        buf_addc(out, ':');
        return;
    }
}

void rating__d(const struct rating_target *target, struct str dimension, struct buf *out)
{
    _cleanup_buf_ struct buf whole = BUF_INIT;
    buf_addf(&whole, "%s:", type_of(target));
    rating__coordinate(target, &whole);
    buf_addc(&whole, '#');
    buf_adds(&whole, dimension);
    if (whole.n <= RECORD_MAX_D_BYTES) {
        buf_adds(out, buf_str(&whole));
        return;
    }
    uint8_t hash[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(hash, (const uint8_t *)whole.p, whole.n);
    buf_addz(out, "sha256:");
    add_hex(out, hash);
}

static bool is_dimension(struct str name)
{
    struct address address;
    return rating__shipped_number(name) >= 0 ||
           (address_parse(name, &address) && address.kind == KIND_DIMENSION && address.d.n);
}

static int check_target(const struct rating_target *t, struct err *err)
{
    static const struct record_id nothing;
    if (t->type == RATING_OF_ADDRESS && (!t->address.d.n || t->address.d.n > RECORD_MAX_D_BYTES ||
                                            record_class_of(t->address.kind) != RECORD_ADDRESSABLE))
        return err_set(err, ERR_INPUT, "target: what is rated has no address of an addressable kind");
    if (t->type == RATING_OF_EVENT && record_id_eq(&t->revision, &nothing))
        return err_set(err, ERR_INPUT, "target: the event that is rated is not named");
    return 0;
}

static int check(const struct rating_draft *d, struct err *err)
{
    int rc = check_target(&d->target, err);
    if (rc)
        return rc;
    if (!is_dimension(d->dimension)) {
        err_set(err, ERR_INPUT, "dimension: \"%.*s\" is none",
            (int)(d->dimension.n < 60 ? d->dimension.n : 60), d->dimension.p ? d->dimension.p : "");
        err_todo(err, "worth, accurate, clear, junk or agree, or the address of a dimension (34706:…)");
        return ERR_INPUT;
    }
    if (d->value > RATING_SCALE)
        return err_set(err, ERR_INPUT, "value: a rating lies between 0 and 1");
    if (d->reason.n > RATING_MAX_REASON)
        return err_set(
            err, ERR_LIMIT, "reason: it has %zu bytes, at most %d are kept", d->reason.n, RATING_MAX_REASON);
    bool control = false;
    for (size_t i = 0; i < d->reason.n; i++)
        control |= (unsigned char)d->reason.p[i] < ' ';
    if (control || !utf8_valid(d->reason))
        return err_set(err, ERR_INPUT, "reason: one line of text is expected");
    return 0;
}

static void tag_hex(struct record_draft *out, const char *name, const uint8_t bytes[32])
{
    char hex[65];
    hex_encode(bytes, 32, hex);
    record_draft_tag_strs(out, (struct str[]){str_of(name), {hex, 64}}, 2);
}

static void tag_str(struct record_draft *out, const char *name, struct str value)
{
    record_draft_tag_strs(out, (struct str[]){str_of(name), value}, 2);
}

static void tag_target(const struct rating_target *t, struct record_draft *out)
{
    static const struct record_id nothing;
    _cleanup_buf_ struct buf text = BUF_INIT;
    if (t->type == RATING_OF_ADDRESS) {
        address_format(&t->address, &text);
        tag_str(out, "a", buf_str(&text));
    }
    if (t->type != RATING_OF_ACTOR && !record_id_eq(&t->revision, &nothing))
        tag_hex(out, "e", t->revision.b);
    tag_hex(out, "p", t->type == RATING_OF_ADDRESS ? t->address.pubkey.b : t->author.b);
    buf_clear(&text);
    buf_addf(&text, "%u", t->type == RATING_OF_ADDRESS ? t->address.kind : t->kind);
    tag_str(out, "k", buf_str(&text));
}

int rating_write(const struct rating_draft *d, int64_t now, struct record_draft *out, struct err *err)
{
    int rc = check(d, err);
    if (rc)
        return rc;
    _cleanup_buf_ struct buf text = BUF_INIT;
    record_draft_init(out, out->arena, KIND_RATING, now);
    rating__d(&d->target, d->dimension, &text);
    tag_str(out, "d", buf_str(&text));
    tag_str(out, "m", str_of(type_of(&d->target)));
    buf_clear(&text);
    rating_value_format(d->value, &text);
    tag_str(out, "rating", buf_str(&text));
    tag_target(&d->target, out);
    record_draft_label(out, RATING_LABEL, d->dimension);
    record_draft_content(out, str_trim(d->reason));
    return out->failed ? err_set(err, ERR_MEMORY, "the rating does not fit") : 0;
}

int rating_withdraw_write(const struct rating_target *target, struct str dimension,
    const struct pubkey *rater, int64_t now, struct record_draft *out, struct err *err)
{
    int rc = check_target(target, err);
    if (rc)
        return rc;
    if (!is_dimension(dimension))
        return err_set(err, ERR_INPUT, "dimension: none of that name is known");
    _cleanup_buf_ struct buf d = BUF_INIT, text = BUF_INIT;
    rating__d(target, dimension, &d);
    address_format(&(struct address){.kind = KIND_RATING, .pubkey = *rater, .d = buf_str(&d)}, &text);
    record_draft_init(out, out->arena, 5, now);
    tag_str(out, "a", buf_str(&text));
    buf_clear(&text);
    buf_addf(&text, "%d", KIND_RATING);
    tag_str(out, "k", buf_str(&text));
    return out->failed ? err_set(err, ERR_MEMORY, "the withdrawal does not fit") : 0;
}
