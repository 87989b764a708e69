/* arena.h: memory for one piece of work (a request, a record, a batch), freed at once at its end.
 *
 * An arena may have a cap: what would go over it gives NULL instead of memory, which is how input from
 * outside is kept from taking the machine. Not for objects that outlive the work. Not thread-safe. */
#ifndef WN_BASE_ARENA_H
#define WN_BASE_ARENA_H

#include "base/str.h"

struct arena;

struct arena *arena_create(size_t cap_bytes); /* 0: no cap */
void arena_destroy(struct arena *arena);      /* takes NULL */
void arena_wipe(struct arena *arena);         /* overwrites what was handed out, then destroys; takes NULL */
void arena_reset(struct arena *arena);        /* forgets all, keeps one block to use again */
size_t arena_used(const struct arena *arena); /* bytes handed out */

/* 16-byte aligned. NULL only over the cap (or on overflow of count × size). arena_zero clears it. */
void *arena_alloc(struct arena *arena, size_t size);
void *arena_zero(struct arena *arena, size_t count, size_t size);
/* Copies; the copy ends in a zero byte that n does not count. {NULL,0} over the cap. */
struct str arena_str(struct arena *arena, struct str s);
char *arena_strz(struct arena *arena, struct str s);
struct str arena_printf(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define ARENA_NEW(arena, type) ((type *)arena_zero((arena), 1, sizeof(type)))
#define ARENA_ARRAY(arena, type, count) ((type *)arena_zero((arena), (count), sizeof(type)))

static inline void arena_cleanup_(struct arena **arena)
{
    arena_destroy(*arena);
}
#define _cleanup_arena_ __attribute__((cleanup(arena_cleanup_)))

#endif
