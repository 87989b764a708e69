/* wire.c: packing, unpacking and framing of wire.h. */
#include "base/wire.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

void pack_u8(struct buf *out, uint8_t v)
{
    buf_add(out, &v, 1);
}

void pack_u32(struct buf *out, uint32_t v)
{
    uint8_t b[4];
    for (int i = 0; i < 4; i++)
        b[i] = (uint8_t)(v >> (8 * i));
    buf_add(out, b, sizeof b);
}

void pack_u64(struct buf *out, uint64_t v)
{
    pack_u32(out, (uint32_t)v);
    pack_u32(out, (uint32_t)(v >> 32));
}

void pack_str(struct buf *out, struct str s)
{
    assert(s.n <= UINT32_MAX);
    pack_u32(out, (uint32_t)s.n);
    buf_adds(out, s);
}

struct unpack unpack_of(struct str s)
{
    return (struct unpack){(const uint8_t *)s.p, s.n, false};
}

static const uint8_t *take(struct unpack *u, size_t n)
{
    if (u->bad || n > u->n) {
        u->bad = true;
        return NULL;
    }
    const uint8_t *p = u->p;
    u->p += n;
    u->n -= n;
    return p;
}

uint8_t unpack_u8(struct unpack *u)
{
    const uint8_t *p = take(u, 1);
    return p ? *p : 0;
}

uint32_t unpack_u32(struct unpack *u)
{
    const uint8_t *p = take(u, 4);
    return p ? p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24 : 0;
}

uint64_t unpack_u64(struct unpack *u)
{
    uint64_t low = unpack_u32(u);
    uint64_t high = unpack_u32(u);
    return u->bad ? 0 : low | high << 32;
}

struct str unpack_str(struct unpack *u)
{
    uint32_t n = unpack_u32(u);
    const uint8_t *p = take(u, n);
    return p ? (struct str){(const char *)p, n} : (struct str){"", 0};
}

bool unpack_bytes(struct unpack *u, void *out, size_t n)
{
    const uint8_t *p = take(u, n);
    if (p)
        memcpy(out, p, n);
    else
        memset(out, 0, n);
    return p != NULL;
}

uint32_t unpack_count(struct unpack *u, size_t least)
{
    uint32_t n = unpack_u32(u);
    if (least > 0 && n > u->n / least) {
        u->bad = true;
        return 0;
    }
    return n;
}

bool unpack_end(const struct unpack *u)
{
    return !u->bad && u->n == 0;
}

void frame_begin(struct buf *b)
{
    buf_clear(b);
    pack_u32(b, 0);
}

void frame_end(struct buf *b)
{
    assert(b->n >= 4 && b->n - 4 <= UINT32_MAX);
    uint32_t n = (uint32_t)(b->n - 4);
    for (int i = 0; i < 4; i++)
        b->p[i] = (char)(uint8_t)(n >> (8 * i));
}

int frame_send(int fd, struct str frame, struct err *err)
{
    while (frame.n > 0) {
        ssize_t n = write(fd, frame.p, frame.n);
        if (n > 0)
            frame = str_slice(frame, (size_t)n, frame.n);
        else if (n < 0 && errno != EINTR) {
            if (errno == EPIPE || errno == ECONNRESET)
                return err_set(err, ERR_CLOSED, "the other side of the socket went away");
            if (errno == EAGAIN)
                return err_set(err, ERR_BUSY, "the other side of the socket does not read");
            return err_errno(err, errno, "cannot write to the socket");
        }
    }
    return 0;
}

/* 1: something to read (or an end); 0: the time is over. */
static int wait_readable(int fd, int timeout_ms)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    for (;;) {
        int n = poll(&p, 1, timeout_ms);
        if (n >= 0)
            return n > 0;
        if (errno != EINTR)
            return 1; /* read() will say what is wrong */
    }
}

/* Reads up to n bytes more into in; 0 at the end of the stream. */
static int read_some(int fd, struct buf *in, size_t n, int timeout_ms, struct err *err)
{
    if (timeout_ms >= 0 && !wait_readable(fd, timeout_ms))
        return err_set(err, ERR_BUSY, "nothing came over the socket for %d ms", timeout_ms);
    if (n > 1u << 20) /* memory is taken as the bytes come, not as they are promised */
        n = 1u << 20;
    buf_reserve(in, n);
    for (;;) {
        ssize_t got = read(fd, in->p + in->n, n);
        if (got >= 0) {
            in->n += (size_t)got;
            return got > 0;
        }
        if (errno == ECONNRESET)
            return 0;
        if (errno != EINTR)
            return err_errno(err, errno, "cannot read from the socket");
    }
}

int frame_receive(int fd, struct buf *in, size_t max, int timeout_ms, struct err *err)
{
    buf_clear(in);
    while (in->n < 4) {
        int got = read_some(fd, in, 4 - in->n, timeout_ms, err);
        if (got < 0)
            return got;
        if (got == 0)
            return in->n ? err_set(err, ERR_CLOSED, "the socket closed in the middle of a message") : 0;
    }
    struct unpack head = unpack_of(buf_str(in));
    size_t n = unpack_u32(&head);
    if (n > max)
        return err_set(err, ERR_LIMIT, "a message of %zu bytes, where at most %zu are taken", n, max);
    buf_clear(in);
    while (in->n < n) {
        int got = read_some(fd, in, n - in->n, timeout_ms, err);
        if (got < 0)
            return got;
        if (got == 0)
            return err_set(err, ERR_CLOSED, "the socket closed in the middle of a message");
    }
    buf_reserve(in, 1);
    in->p[in->n] = 0;
    return 1;
}
