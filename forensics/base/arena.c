#include "base/arena.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Chunks double from the first to the most: arenas of one function's graph are made by the ten thousand, and fresh memory
 * is cleared. */
enum { CHUNK_FIRST = 2 * 1024, CHUNK_MOST = 64 * 1024, ALIGN = 16 };

/* Under the address sanitizer pieces are a gap apart, and what no piece covers may not be touched. */
#ifdef __SANITIZE_ADDRESS__
#define ARENA_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_ASAN 1
#endif
#endif
#ifdef ARENA_ASAN
#include <sanitizer/asan_interface.h>
enum { GAP = 16 };
#else
#define ASAN_POISON_MEMORY_REGION(at, bytes) ((void)(at), (void)(bytes))
#define ASAN_UNPOISON_MEMORY_REGION(at, bytes) ((void)(at), (void)(bytes))
enum { GAP = 0 };
#endif

struct chunk {
    struct chunk *next;
    size_t used, room; /* bytes of data[] */
    _Alignas(16) unsigned char data[];
};

struct deferred {
    struct deferred *next;
    void (*release)(void *);
    void *thing;
};

struct arena {
    struct chunk *head;        /* the chunk being filled; older ones behind it */
    size_t next_room;          /* bytes of the next chunk, for small pieces */
    struct deferred *deferred; /* the last one first */
};

static void default_oom(size_t bytes)
{
    fprintf(stderr, "layout_tax_forensics: out of memory (%zu bytes wanted): free some, or raise `ulimit -v`\n", bytes);
    exit(1);
}

static void (*on_oom)(size_t) = default_oom;

void arena_on_oom(void (*handler)(size_t bytes))
{
    on_oom = handler ? handler : default_oom;
}

static void *must(void *p, size_t bytes)
{
    if (!p) {
        on_oom(bytes);
        abort();
    }
    return p;
}

struct arena *arena_new(void)
{
    struct arena *arena = must(calloc(1, sizeof *arena), sizeof *arena);
    arena->next_room = CHUNK_FIRST;
    return arena;
}

void arena_free(struct arena *arena)
{
    if (!arena)
        return;
    for (struct deferred *d = arena->deferred; d; d = d->next)
        d->release(d->thing);
    for (struct chunk *c = arena->head, *next; c; c = next) {
        next = c->next;
        free(c);
    }
    free(arena);
}

/* A chunk with room for a piece. A large piece has its own behind the chunk in use, so that the rest of that is not lost. */
static struct chunk *add_chunk(struct arena *arena, size_t bytes)
{
    struct chunk *c = arena->head;
    bool large = bytes > CHUNK_MOST / 4;
    while (!large && arena->next_room < 4 * bytes)
        arena->next_room *= 2;
    size_t room = large ? bytes : arena->next_room;
    struct chunk *fresh = must(calloc(1, sizeof *fresh + room), room);
    fresh->room = room;
    ASAN_POISON_MEMORY_REGION(fresh->data, room);
    if (large && c) {
        fresh->next = c->next;
        c->next = fresh;
        return fresh;
    }
    if (!large && room < CHUNK_MOST)
        arena->next_room *= 2;
    fresh->next = c;
    return arena->head = fresh;
}

void *arena_alloc(struct arena *arena, size_t bytes)
{
    size_t wanted = bytes;
    if (bytes > SIZE_MAX - sizeof(struct chunk) - ALIGN - GAP)
        must(NULL, bytes);
    bytes = ((bytes + ALIGN - 1) & ~(size_t)(ALIGN - 1)) + GAP;
    struct chunk *c = arena->head;
    if (!c || c->room - c->used < bytes)
        c = add_chunk(arena, bytes);
    void *p = c->data + c->used;
    c->used += bytes;
    ASAN_UNPOISON_MEMORY_REGION(p, wanted);
    return p;
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes))
        must(NULL, SIZE_MAX);
    return arena_alloc(arena, bytes);
}

void *arena_grow(struct arena *arena, const void *old, size_t old_bytes, size_t bytes)
{
    void *p = arena_alloc(arena, bytes);
    if (old_bytes)
        memcpy(p, old, old_bytes);
    return p;
}

char *arena_strndup(struct arena *arena, const char *text, size_t bytes)
{
    char *p = arena_alloc(arena, bytes + 1);
    memcpy(p, text, bytes);
    return p;
}

char *arena_strdup(struct arena *arena, const char *text)
{
    return text ? arena_strndup(arena, text, strlen(text)) : NULL;
}

char *arena_vprintf(struct arena *arena, const char *format, va_list ap)
{
    va_list again;
    va_copy(again, ap);
    int length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    char *p = arena_alloc(arena, (size_t)length + 1);
    vsnprintf(p, (size_t)length + 1, format, ap);
    return p;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    char *p = arena_vprintf(arena, format, ap);
    va_end(ap);
    return p;
}

void arena_defer(struct arena *arena, void (*release)(void *thing), void *thing)
{
    struct deferred *d = arena_alloc(arena, sizeof *d);
    *d = (struct deferred){ .next = arena->deferred, .release = release, .thing = thing };
    arena->deferred = d;
}
