/* keeper_message.c: fuzz target: what a compromised front could send to the keeper. Whatever comes, the
 * answer is well formed, holds no private key, and the keeper goes on serving the session it had. */
#include "base/hex.h"
#include "base/wire.h"
#include "keeper/service.h"
#include "target.h"

#include <sodium.h>
#include <sys/mman.h>
#include <unistd.h>

#ifdef __clang__
#define UNWATCHED __attribute__((no_sanitize("coverage")))
#else
#define UNWATCHED
#endif

static int64_t fixed_now(void *ctx)
{
    (void)ctx;
    return INT64_C(1764000000) * 1000000;
}

static int64_t monotonic_fixed;
static int64_t monotonic_moving(void)
{
    return monotonic_fixed += 10000000; /* never over the rates */
}

static struct {
    struct service *service;
    int fd;
    struct vault_scratch scratch;
    struct keeper_session session;
    struct pubkey unattended;
    uint8_t secret[32];
} at;

static void ask(struct buf *request, struct buf *reply)
{
    keeper__service_answer(at.service, &at.scratch, buf_str(request), reply);
    MUST(sodium_is_zero((uint8_t *)&at.scratch, sizeof at.scratch));
}

static void start(void)
{
    static const struct vault_params cheap = {1, 8};
    struct clock clock = {fixed_now, NULL};
    struct vault_pepper pepper = {{7}};
    struct err err;
    MUST(sodium_init() >= 0);
    for (size_t i = 0; i < sizeof at.secret; i++)
        at.secret[i] = (uint8_t)(i * 167 + 41); /* no run that a mutation makes by itself */
    if (at.fd)
        close(at.fd);
    int fd = at.fd = memfd_create("keys", 0);
    MUST(fd >= 0);
    MUST(keeper__service_create(fd, &pepper, &clock, monotonic_moving, &cheap, &at.service, &err) == 0);
    struct buf nsec _cleanup_buf_ = BUF_INIT, request _cleanup_buf_ = BUF_INIT,
                    reply _cleanup_buf_ = BUF_INIT;
    bech32_encode(&nsec, "nsec", at.secret, sizeof at.secret);
    pack_u8(&request, KEEPER_IMPORT_KEY);
    pack_str(&request, STR("anna"));
    pack_str(&request, STR("password12"));
    pack_str(&request, buf_str(&nsec));
    pack_str(&request, STR(""));
    ask(&request, &reply);
    MUST(reply.n == 36);
    buf_clear(&request);
    buf_clear(&reply);
    pack_u8(&request, KEEPER_UNLOCK);
    pack_str(&request, STR("anna"));
    pack_str(&request, STR("password12"));
    static const uint8_t zero[16 + 1 + KEEPER_DEVICE_BYTES];
    buf_add(&request, zero, sizeof zero);
    ask(&request, &reply);
    MUST(reply.n == 4 + sizeof at.session + 32 + KEEPER_DEVICE_BYTES);
    memcpy(&at.session, reply.p + 4, sizeof at.session);
    buf_clear(&request);
    buf_clear(&reply);
    pack_u8(&request, KEEPER_CREATE_UNATTENDED);
    pack_str(&request, STR("source"));
    pack_u32(&request, 1);
    pack_u32(&request, 1);
    ask(&request, &reply);
    MUST(reply.n == 36);
    memcpy(&at.unattended, reply.p + 4, 32);
}

/* Byte by byte and unwatched: libFuzzer listens to memmem() and puts what was looked for into its next
 * inputs, so it would be told the secret, send it as a text to encrypt and get it back by right. */
static UNWATCHED bool holds_secret(struct str reply)
{
    for (size_t i = 0; i + sizeof at.secret <= reply.n; i++) {
        uint8_t differs = 0;
        for (size_t k = 0; k < sizeof at.secret; k++)
            differs |= (uint8_t)reply.p[i + k] ^ at.secret[k];
        if (!differs)
            return true;
    }
    return false;
}

static void still_serves(void)
{
    struct buf request _cleanup_buf_ = BUF_INIT, reply _cleanup_buf_ = BUF_INIT;
    pack_u8(&request, KEEPER_SIGN);
    buf_add(&request, &at.session, sizeof at.session);
    keeper__service_pack_record(&request, &(struct record){.kind = 1111, .created_at = 1764000000});
    ask(&request, &reply);
    if (reply.n != 4 + 128) { /* it was locked, its key forgotten or its password changed: begin anew */
        keeper__service_destroy(at.service);
        at.service = NULL;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!at.service)
        start();
    if (size == 0)
        return 0;
    /* The type's upper half: put the session, or the unattended key, behind it, which no fuzzer would guess.
     */
    struct buf request _cleanup_buf_ = BUF_INIT, reply _cleanup_buf_ = BUF_INIT;
    pack_u8(&request, data[0] & 31);
    if (data[0] & 64)
        buf_add(&request, &at.session, sizeof at.session);
    else if (data[0] & 128)
        buf_add(&request, at.unattended.b, 32);
    buf_add(&request, data + 1, size - 1);
    if (data[0] == KEEPER_IMPORT_KEY && size > 200) /* scrypt as large as the text asks for */
        return 0;
    ask(&request, &reply);
    MUST(reply.n >= 4);
    MUST(!holds_secret(buf_str(&reply)));
    struct unpack u = unpack_of(buf_str(&reply));
    if (unpack_u32(&u)) {
        struct str what = unpack_str(&u);
        unpack_str(&u);
        unpack_str(&u);
        MUST(unpack_end(&u) && what.n > 0);
    }
    still_serves();
    return 0;
}
