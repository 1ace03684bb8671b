/* Floor 7: the ways that the fast paths leave by, and what is not worth a fast path. */
#ifndef HAK_SLOW_H
#define HAK_SLOW_H

#include <stddef.h>
#include <stdint.h>

/* A request above FAST_MAX bytes. NULL and ENOMEM when there is no memory. */
void *hak_malloc_slow(size_t size);

/* A block of a class whose list is empty; hak_class_table has it as `at`. */
void *hak_malloc_refill(size_t at);

/* A block that is not small, or not this thread's: its tag xor this thread's id is `off`. */
void hak_free_slow(void *p, uint64_t off);

/* A pointer that is not ours: ends the process with a sentence. */
_Noreturn void hak_free_foreign(void *p);

/* The list of the cell at offset `off` has grown beyond its bound. */
void hak_free_flush(size_t off);

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
