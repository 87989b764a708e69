/* signing.c: what is done with a key that is open: signing for people and unattended, private texts. */
#include "keeper/job.h"

#include "base/utf8.h"

#include <sodium.h>

/* ---- signing ---- */

void keeper__service_pack_record(struct buf *out, const struct record *r)
{
    pack_u32(out, r->kind);
    pack_u64(out, (uint64_t)r->created_at);
    pack_str(out, r->content);
    pack_u32(out, (uint32_t)r->tag_count);
    for (size_t t = 0; t < r->tag_count; t++) {
        pack_u32(out, (uint32_t)r->tags[t].n);
        for (size_t v = 0; v < r->tags[t].n; v++)
            pack_str(out, r->tags[t].v[v]);
    }
}

static int read_record(struct job *j, struct arena *arena, struct record *r)
{
    *r = (struct record){.kind = unpack_u32(&j->in)};
    r->created_at = (int64_t)unpack_u64(&j->in);
    r->content = unpack_str(&j->in);
    bool text = utf8_valid(r->content);
    r->tag_count = unpack_count(&j->in, 4);
    if (j->in.bad || r->tag_count > RECORD_MAX_TAGS)
        return keeper__malformed(j);
    r->tags = ARENA_ARRAY(arena, struct tag, r->tag_count + 1);
    if (!r->tags)
        return err_set(j->err, ERR_LIMIT, "the record is too large to sign");
    for (size_t t = 0; t < r->tag_count; t++) {
        struct tag *tag = &r->tags[t];
        tag->n = unpack_count(&j->in, 4);
        if (tag->n == 0)
            return keeper__malformed(j);
        tag->v = ARENA_ARRAY(arena, struct str, tag->n);
        if (!tag->v)
            return err_set(j->err, ERR_LIMIT, "the record is too large to sign");
        for (size_t v = 0; v < tag->n; v++) {
            tag->v[v] = unpack_str(&j->in);
            text = text && utf8_valid(tag->v[v]);
        }
    }
    if (j->in.bad)
        return keeper__malformed(j);
    if (!text)
        return err_set(j->err, ERR_INPUT, "the record's text is not valid UTF-8");
    if (r->kind > 65535 || r->created_at < 0 || r->created_at >= INT64_C(1) << 53)
        return err_set(j->err, ERR_INPUT, "the record's kind or date is out of range");
    return 0;
}

static int allow_person(
    struct job *j, struct slot *slot, const struct vault_ticket *ticket, const struct record *r)
{
    struct service *s = j->service;
    enum rule_verdict verdict = keeper__rules_kind(r->kind);
    if (verdict == RULE_NEVER)
        return err_set(j->err, ERR_DENIED, "the keeper does not sign records of kind %u for people", r->kind);
    int64_t apart = r->created_at - clock_now(&s->clock);
    if (apart < -RULES_DATE_SECONDS || apart > RULES_DATE_SECONDS)
        return err_set(j->err, ERR_INPUT, "the record is dated %lld seconds from now, more than %d",
            (long long)apart, RULES_DATE_SECONDS);
    if (verdict == RULE_CONFIRM &&
        !keeper__rules_is_confirmed(&s->confirmed, ticket->id, s->monotonic_now_us())) {
        err_set(j->err, ERR_DENIED, "signing a record of kind %u wants the password again", r->kind);
        err_todo(j->err, "give the password again");
        return ERR_DENIED;
    }
    if (!keeper__rules_rate(&slot->rate_tokens, &slot->rate_at_us, s->monotonic_now_us())) {
        err_set(j->err, ERR_LIMIT, "too many records signed in a short time");
        err_todo(j->err, "wait %d seconds and try again", (int)(1 / RULES_RATE_PER_SECOND));
        return ERR_LIMIT;
    }
    return 0;
}

int keeper__answer_sign(struct job *j)
{
    struct service *s = j->service;
    struct vault_ticket ticket;
    uint32_t i;
    int bad = keeper__open_session(j, &i, &ticket);
    if (bad)
        return bad;
    struct arena *arena _cleanup_arena_ = arena_create(8u << 20);
    struct record r;
    bad = read_record(j, arena, &r);
    if (!bad && !unpack_end(&j->in))
        bad = keeper__malformed(j);
    if (!bad)
        bad = allow_person(j, keeper__slots_at(s->slots, i), &ticket, &r);
    if (!bad)
        bad = record_sign(&r, j->scratch->key, j->err);
    if (bad)
        return bad;
    keeper__slots_log_add(s->slots, i, clock_now(&s->clock), r.kind, &r.id);
    buf_add(j->out, r.pubkey.b, sizeof r.pubkey.b);
    buf_add(j->out, r.id.b, sizeof r.id.b);
    buf_add(j->out, r.sig.b, sizeof r.sig.b);
    return 0;
}

static int sign_one_unattended(struct job *j, uint32_t i, struct arena *arena)
{
    const struct slot *slot = keeper__slots_at(j->service->slots, i);
    struct record r;
    int bad = read_record(j, arena, &r);
    if (bad)
        return bad;
    bool allowed = false;
    for (uint32_t k = 0; k < slot->kind_count; k++)
        allowed = allowed || slot->kinds[k] == r.kind;
    if (!allowed)
        return err_set(
            j->err, ERR_DENIED, "the key of \"%s\" may not sign records of kind %u", slot->name, r.kind);
    bad = record_sign(&r, j->scratch->key, j->err);
    if (bad)
        return bad;
    keeper__slots_log_add(j->service->slots, i, clock_now(&j->service->clock), r.kind, &r.id);
    buf_add(j->out, r.id.b, sizeof r.id.b);
    buf_add(j->out, r.sig.b, sizeof r.sig.b);
    return 0;
}

/* Those before the first that fails are signed and answered; the failure's story comes behind them. */
int keeper__answer_sign_unattended(struct job *j)
{
    struct service *s = j->service;
    struct pubkey key;
    unpack_bytes(&j->in, &key, sizeof key);
    uint32_t n = unpack_count(&j->in, 16);
    if (j->in.bad)
        return keeper__malformed(j);
    uint32_t i = keeper__slots_find_key(s->slots, &key);
    if (i == SLOT_NONE)
        return err_set(j->err, ERR_NOT_FOUND, "the key to sign with is not one of this node's");
    if (!keeper__slots_at(s->slots, i)->unattended) {
        err_set(j->err, ERR_DENIED, "a person's key signs only with that person's password");
        err_todo(j->err, "choose a source's key, or a new source with --source NAME");
        return ERR_DENIED;
    }
    const struct slot *slot = keeper__slots_at(s->slots, i);
    struct buf about _cleanup_buf_ = BUF_INIT;
    keeper__about_slot(slot, &about);
    keeper__unattended_hash(j, slot);
    if (!keeper__unwrap(s->pepper, j->scratch, buf_str(&about), slot->nonce, slot->wrapped))
        return err_set(
            j->err, ERR_CORRUPT, "the key of \"%s\" does not open: the key file is damaged", slot->name);
    struct arena *arena _cleanup_arena_ = arena_create(16u << 20);
    size_t count_at = j->out->n;
    pack_u32(j->out, 0);
    uint32_t done = 0;
    int bad = 0;
    for (; done < n; done++) {
        arena_reset(arena);
        bad = sign_one_unattended(j, i, arena);
        if (bad)
            break;
    }
    if (!bad && !unpack_end(&j->in))
        return keeper__malformed(j);
    for (int b = 0; b < 4; b++)
        j->out->p[count_at + (size_t)b] = (char)(uint8_t)(done >> (8 * b));
    if (bad)
        keeper__service_refuse(j->out, j->err);
    else
        pack_u32(j->out, 0);
    return 0;
}

/* ---- private texts ---- */

static int answer_nip44(struct job *j, bool encrypt)
{
    struct vault_ticket ticket;
    uint32_t i;
    int bad = keeper__open_session(j, &i, &ticket);
    if (bad)
        return bad;
    struct pubkey peer;
    unpack_bytes(&j->in, &peer, sizeof peer);
    struct str text = unpack_str(&j->in);
    if (!unpack_end(&j->in))
        return keeper__malformed(j);
    struct buf made _cleanup_wipe_ = BUF_INIT;
    buf_reserve(&made, KEEPER_MAX_MESSAGE);
    if (encrypt) {
        uint8_t nonce[32];
        randombytes_buf(nonce, sizeof nonce);
        bad = keeper__nip44_encrypt(j->scratch, &peer, text, nonce, &made, j->err);
    } else {
        bad = keeper__nip44_decrypt(j->scratch, &peer, text, &made, j->err);
    }
    if (!bad)
        pack_str(j->out, buf_str(&made));
    return bad;
}

int keeper__answer_nip44_encrypt(struct job *j)
{
    return answer_nip44(j, true);
}

int keeper__answer_nip44_decrypt(struct job *j)
{
    return answer_nip44(j, false);
}
