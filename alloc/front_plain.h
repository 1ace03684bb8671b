/* Floor 7: the fast paths. Budget: malloc 12 instructions and two tests, free 17 and three. */
#ifndef HAK_FRONT_PLAIN_H
#define HAK_FRONT_PLAIN_H

#include "cells.h"
#include "sizeclass.h"
#include "slow.h"

/* The first block of the list for `size` <= FAST_MAX bytes; NULL if it is empty. *at says which list that is. */
static inline void *plain_pop(size_t size, size_t *at)
{
    const uintptr_t front = front_self();
    *at = hak_class_table[size];
    void *p = cell_head(front, *at, CLASS_SCALE);
    if (unlikely(!p))
        return NULL;
    void *next = next_block(p);
    cell_popped(front, *at, CLASS_SCALE);
    cell_set_head(front, *at, CLASS_SCALE, next);
    return p;
}

/* At least `size` bytes, 16-aligned. */
static inline void *plain_malloc(size_t size)
{
    size_t at;
    if (unlikely(size > FAST_MAX))
        return hak_malloc_slow(size);
    void *p = plain_pop(size, &at);
    if (unlikely(!p))
        return hak_malloc_refill(at);
    return p;
}

/* One xor says whether the block is small and this thread's: anything else leaves an offset that is too large.
 * NULL is below the window like every foreign pointer, so it needs no test of its own. */
static inline void plain_free(void *p)
{
    size_t i = slab_index(p);
    if (unlikely(i >= space_limit())) {
        if (p)
            hak_free_foreign(p);
        return;
    }
    const uintptr_t front = front_self();
    uint64_t off = atomic_load_explicit(&hak_space_tags[i], memory_order_relaxed) ^ front_id(front);
    if (unlikely(off >= NCLASS * 16)) {
        hak_free_slow(p, off);
        return;
    }
    set_next_block(p, cell_head(front, off, 1));
    cell_set_head(front, off, 1, p);
    if (unlikely(cell_pushed(front, off, 1)))
        hak_free_flush(off);
}

/* C23: the size is a promise that only the checking build looks at. */
static inline void plain_free_sized(void *p, size_t align, size_t size)
{
    (void)align;
    (void)size;
    plain_free(p);
}

static inline void *plain_calloc(size_t n, size_t size)
{
    return hak_calloc(n, size);
}

/* An aligned block if a list has one: NULL otherwise, with errno as it was. A size that is a multiple of a power of
 * two has a class that is one, too, so rounding up is all there is to it. `align` is a power of two. */
static inline void *plain_aligned_now(size_t align, size_t size)
{
    size_t at;
    size = (size + !size + align - 1) & ~(align - 1);
    return likely(size - 1 < FAST_MAX) ? plain_pop(size, &at) : NULL; /* 0: it wrapped */
}

static inline void *plain_aligned(size_t align, size_t size)
{
    void *p = plain_aligned_now(align, size);
    return likely(p != NULL) ? p : hak_aligned(align, size);
}

static inline void *plain_realloc(void *p, size_t size)
{
    return hak_realloc(p, size);
}

static inline size_t plain_usable(const void *p)
{
    return hak_usable(p);
}

#endif
