#include "base/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK = 64 * 1024, ALIGN = 16 };

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
    return must(calloc(1, sizeof(struct arena)), sizeof(struct arena));
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

void *arena_alloc(struct arena *arena, size_t bytes)
{
    if (bytes > SIZE_MAX - sizeof(struct chunk) - ALIGN)
        must(NULL, bytes);
    bytes = (bytes + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    struct chunk *c = arena->head;
    if (!c || c->room - c->used < bytes) {
        size_t room = bytes > CHUNK ? bytes : CHUNK;
        struct chunk *fresh = must(calloc(1, sizeof *fresh + room), room);
        fresh->room = room;
        /* A large piece goes behind the chunk in use, so that the rest of that chunk is not lost. */
        if (c && bytes > CHUNK / 4) {
            fresh->next = c->next;
            c->next = fresh;
        } else {
            fresh->next = c;
            arena->head = fresh;
        }
        c = fresh;
    }
    void *p = c->data + c->used;
    c->used += bytes;
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
