/* Floor 6: blocks above SMALL_MAX bytes or alignments above what a class gives. Up to RUN_MAX a block is a run
 * of slabs in a superslab; above, it has units of its own and is resized by remapping. */
#ifndef HAK_LARGE_H
#define HAK_LARGE_H

#include <stddef.h>
#include <stdint.h>

struct heap;

/* `size` bytes at a multiple of `align` (power of two); all after the first *dirty reads as zero. NULL: no memory.
 * `h` is the calling thread's heap; NULL where it has none. */
void *hak_large_alloc(struct heap *h, size_t size, size_t align, size_t *dirty);

/* Frees a block whose tag is not that of a small one; says what is wrong and aborts if p is none. */
void hak_large_free(struct heap *h, void *p, uint32_t tag);

/* Usable bytes of a block with such a tag; 0 if p is none. */
size_t hak_large_size(const void *p, uint32_t tag);

/* Changes the size without copying: the block's address, which may be a new one, or NULL: not possible. */
void *hak_large_resize(void *p, uint32_t tag, size_t size);

#endif
