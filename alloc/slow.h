/* Floor 7: the ways that the fast paths leave by, and what is not worth a fast path. */
#ifndef HAK_SLOW_H
#define HAK_SLOW_H

#include <stddef.h>
#include <stdint.h>

/* A request above FAST_MAX bytes. NULL and ENOMEM when there is no memory. */
void *hak_malloc_slow(size_t size);

/* A block of the class of a cell of this thread, whose list is empty. The cell is given as the fast path has it:
 * an address as cell_at() makes it, in FRONT_SPACE. */
void *hak_malloc_refill(uintptr_t cell);

/* A block that is not small, or not this thread's: its tag xor this thread's id is `off`. */
void hak_free_slow(void *p, uint64_t off);

/* NULL, or a pointer that is not ours. */
void hak_free_foreign(void *p);

/* The list of such a cell has grown beyond its bound. */
void hak_free_flush(uintptr_t cell);

void *hak_calloc(size_t n, size_t size);

/* `align` is a power of two; any size. */
void *hak_aligned(size_t align, size_t size);

/* As the C library's: NULL is malloc, size 0 frees and returns NULL. */
void *hak_realloc(void *p, size_t size);

/* Bytes that may be used at p; 0 for NULL and for what is not a block. */
size_t hak_usable(const void *p);

/* The same, and 0 for a pointer into the middle of a block. */
size_t hak_usable_exact(const void *p);

#endif
