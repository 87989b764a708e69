/* wire.h: bytes packed for a socket between our own processes, unpacked with every bound checked, and frames.
 *
 * A frame is its length (four bytes, little endian) and that many bytes. Numbers are little endian; a string
 * is its length (four bytes) and its bytes. */
#ifndef WN_BASE_WIRE_H
#define WN_BASE_WIRE_H

#include "base/err.h"
#include "base/str.h"

void pack_u8(struct buf *out, uint8_t v);
void pack_u32(struct buf *out, uint32_t v);
void pack_u64(struct buf *out, uint64_t v);
void pack_str(struct buf *out, struct str s);

/* What is left of a message. The first piece that is not there sets bad, and all that follow are zero or
 * empty: check bad (or unpack_end) once, at the end. */
struct unpack {
    const uint8_t *p;
    size_t n;
    bool bad;
};
struct unpack unpack_of(struct str s);
uint8_t unpack_u8(struct unpack *u);
uint32_t unpack_u32(struct unpack *u);
uint64_t unpack_u64(struct unpack *u);
struct str unpack_str(struct unpack *u);                  /* borrowed from the message */
bool unpack_bytes(struct unpack *u, void *out, size_t n); /* zeroes out where they are not there */
/* A count of things of which each takes at least least bytes: never more than the message can hold. */
uint32_t unpack_count(struct unpack *u, size_t least);
bool unpack_end(const struct unpack *u); /* all was there and nothing is left */

/* Begin with frame_begin(&b), pack, then frame_end(&b) fills the length in. */
void frame_begin(struct buf *b);
void frame_end(struct buf *b);
/* Sends all bytes; ERR_CLOSED where the other side is gone, ERR_BUSY after SO_SNDTIMEO. */
int frame_send(int fd, struct str frame, struct err *err);
/* Reads one frame's bytes (without its length) into in, which is cleared first. 1 for a frame, 0 at a clean
 * end; ERR_LIMIT over max, ERR_CLOSED where it ends in the middle, ERR_BUSY where nothing came for timeout_ms
 * (−1: waits for ever) before it began, or in the middle. */
int frame_receive(int fd, struct buf *in, size_t max, int timeout_ms, struct err *err);

#endif
