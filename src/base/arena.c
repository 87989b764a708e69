/* arena.c: bump allocation in blocks that double, freed together. */
#include "base/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_ASAN 1
#endif
#endif
#ifdef ARENA_ASAN
#include <sanitizer/asan_interface.h>
#define POISON(p, n) ASAN_POISON_MEMORY_REGION((p), (n))
#define UNPOISON(p, n) ASAN_UNPOISON_MEMORY_REGION((p), (n))
#define REDZONE 16
#else
#define POISON(p, n) ((void)(p), (void)(n))
#define UNPOISON(p, n) ((void)(p), (void)(n))
#define REDZONE 0
#endif

#define ALIGNMENT 16
#define FIRST_BLOCK 4096
#define LARGEST_BLOCK (1u << 20)

struct block {
    struct block *next;
    size_t size, used; /* of bytes */
    alignas(ALIGNMENT) char bytes[];
};

struct arena {
    struct block *blocks; /* the newest first; only it is filled */
    size_t cap, used, next_size;
};

struct arena *arena_create(size_t cap_bytes)
{
    struct arena *arena = calloc(1, sizeof *arena);
    if (!arena)
        abort();
    arena->cap = cap_bytes;
    arena->next_size = FIRST_BLOCK;
    return arena;
}

static void free_block(struct block *block)
{
    UNPOISON(block->bytes, block->size);
    free(block);
}

void arena_destroy(struct arena *arena)
{
    if (!arena)
        return;
    for (struct block *block = arena->blocks, *next; block; block = next) {
        next = block->next;
        free_block(block);
    }
    free(arena);
}

void arena_wipe(struct arena *arena)
{
    for (struct block *block = arena ? arena->blocks : NULL; block; block = block->next) {
        UNPOISON(block->bytes, block->used);
        explicit_bzero(block->bytes, block->used);
    }
    arena_destroy(arena);
}

void arena_reset(struct arena *arena)
{
    struct block *kept = arena->blocks;
    if (!kept)
        return;
    for (struct block *block = kept->next, *next; block; block = next) {
        next = block->next;
        free_block(block);
    }
    kept->next = NULL;
    kept->used = 0;
    POISON(kept->bytes, kept->size);
    arena->used = 0;
}

size_t arena_used(const struct arena *arena)
{
    return arena->used;
}

static struct block *add_block(struct arena *arena, size_t at_least)
{
    size_t size = arena->next_size > at_least ? arena->next_size : at_least;
    size_t whole;
    if (__builtin_add_overflow(size, sizeof(struct block), &whole))
        return NULL;
    struct block *block = malloc(whole);
    if (!block)
        return NULL;
    block->next = arena->blocks;
    block->size = size;
    block->used = 0;
    POISON(block->bytes, size);
    arena->blocks = block;
    if (arena->next_size < LARGEST_BLOCK)
        arena->next_size *= 2;
    return block;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    size_t step, total;
    if (__builtin_add_overflow(size, (size_t)ALIGNMENT - 1 + REDZONE, &step))
        return NULL;
    step &= ~(size_t)(ALIGNMENT - 1);
    if (step == 0)
        step = ALIGNMENT;
    if (__builtin_add_overflow(arena->used, step, &total) || (arena->cap && total > arena->cap))
        return NULL;
    struct block *block = arena->blocks;
    if (!block || block->size - block->used < step) {
        block = add_block(arena, step);
        if (!block)
            return NULL;
    }
    char *p = block->bytes + block->used;
    block->used += step;
    arena->used = total;
    UNPOISON(p, size);
    return p;
}

void *arena_zero(struct arena *arena, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes))
        return NULL;
    void *p = arena_alloc(arena, bytes);
    if (p)
        memset(p, 0, bytes);
    return p;
}

char *arena_strz(struct arena *arena, struct str s)
{
    size_t size;
    if (__builtin_add_overflow(s.n, 1, &size))
        return NULL;
    char *copy = arena_alloc(arena, size);
    if (!copy)
        return NULL;
    if (s.n)
        memcpy(copy, s.p, s.n);
    copy[s.n] = 0;
    return copy;
}

struct str arena_str(struct arena *arena, struct str s)
{
    char *copy = arena_strz(arena, s);
    return (struct str){copy, copy ? s.n : 0};
}

struct str arena_printf(struct arena *arena, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *p = n < 0 ? NULL : arena_alloc(arena, (size_t)n + 1);
    if (p)
        vsnprintf(p, (size_t)n + 1, format, again);
    va_end(again);
    return (struct str){p, p ? (size_t)n : 0};
}
