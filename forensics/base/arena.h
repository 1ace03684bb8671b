/* One arena per comparison: everything a stage returns lives in it and goes with it.
 *
 * Allocation never returns NULL: out of memory ends the program through arena_on_oom's function with
 * one sentence. Memory is zeroed and aligned to 16 bytes.
 */
#ifndef FORENSICS_BASE_ARENA_H
#define FORENSICS_BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

struct arena;

struct arena *arena_new(void);
void arena_free(struct arena *arena); /* NULL is harmless */

void *arena_alloc(struct arena *arena, size_t bytes);
void *arena_array(struct arena *arena, size_t count, size_t size);            /* checks count * size */
void *arena_grow(struct arena *arena, const void *old, size_t old_bytes, size_t bytes); /* copy into a larger piece */
char *arena_strdup(struct arena *arena, const char *text);                   /* NULL gives NULL */
char *arena_strndup(struct arena *arena, const char *text, size_t bytes);
char *arena_printf(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));
char *arena_vprintf(struct arena *arena, const char *format, va_list ap);

/* Runs release(thing) when the arena is freed, the last one first: for mappings and handles its memory points into. */
void arena_defer(struct arena *arena, void (*release)(void *thing), void *thing);

/* What to do when memory ends; must not return. Default: one sentence on stderr, exit 1. */
void arena_on_oom(void (*handler)(size_t bytes));

/* Appends to a growing array: `items` is T *, `count` and `room` are size_t lvalues. Evaluates to the new, zeroed slot. */
#define ARENA_PUSH(arena, items, count, room)                                                                  \
    (((count) == (room)                                                                                        \
          ? (void)((items) = arena_grow((arena), (items), (count) * sizeof *(items),                           \
                                        ((room) = (room) ? 2 * (room) : 8) * sizeof *(items)))                 \
          : (void)0),                                                                                          \
     &(items)[(count)++])

#endif
