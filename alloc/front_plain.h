/* Floor 7: the fast paths. Budget: malloc about 15 instructions and two tests, free about 18 and two tests. */
#ifndef HAK_FRONT_PLAIN_H
#define HAK_FRONT_PLAIN_H

#include "heap.h"
#include "sizeclass.h"
#include "slow.h"

/* The first block of *list, the list for `size` <= FAST_MAX bytes; NULL if it is empty. */
static inline void *plain_pop(size_t size, uintptr_t *list)
{
    struct front FRONT_SPACE *f = front_self();
    struct cell FRONT_SPACE *cell = cell_at(f, (size_t)hak_class_table[size] * CLASS_SCALE);
    void *p = cell->head;
    *list = (uintptr_t)cell;
    if (unlikely(!p))
        return NULL;
    cell->head = next_block(p);
    cell->room++;
    return p;
}

/* At least `size` bytes, 16-aligned. */
static inline void *plain_malloc(size_t size)
{
    uintptr_t list;
    if (unlikely(size > FAST_MAX))
        return hak_malloc_slow(size);
    void *p = plain_pop(size, &list);
    return likely(p != NULL) ? p : hak_malloc_refill(list);
}

/* One xor says whether the block is small and this thread's: anything else leaves an offset that is too large.
 * NULL is below the window like every foreign pointer, so it needs no test of its own. */
static inline void plain_free(void *p)
{
    size_t i = slab_index(p);
    if (unlikely(i >= space_limit())) {
        hak_free_foreign(p);
        return;
    }
    struct front FRONT_SPACE *f = front_self();
    uint64_t off = atomic_load_explicit(&hak_space_tags[i], memory_order_relaxed) ^ f->id;
    if (unlikely(off >= NCLASS * 16)) {
        hak_free_slow(p, off);
        return;
    }
    struct cell FRONT_SPACE *cell = cell_at(f, off);
    set_next_block(p, cell->head);
    cell->head = p;
    if (unlikely(--cell->room < 0))
        hak_free_flush((uintptr_t)cell);
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
    uintptr_t list;
    size = (size + !size + align - 1) & ~(align - 1);
    return likely(size - 1 < FAST_MAX) ? plain_pop(size, &list) : NULL; /* 0: it wrapped */
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
