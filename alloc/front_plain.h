/* Floor 7: the fast paths. Budget: malloc about 15 instructions and two tests, free about 18 and two tests. */
#ifndef HAK_FRONT_PLAIN_H
#define HAK_FRONT_PLAIN_H

#include "heap.h"
#include "sizeclass.h"
#include "slow.h"

/* At least `size` bytes, 16-aligned. */
static inline void *front_malloc(size_t size)
{
    if (unlikely(size > FAST_MAX))
        return hak_malloc_slow(size);
    uint32_t off = hak_fast_offset[(size + 15) / 16];
    struct cell *cell = cell_at(off);
    void *p = cell->head;
    if (unlikely(!p))
        return hak_malloc_refill(off / 16);
    cell->head = next_block(p);
    cell->room++;
    return p;
}

/* One xor says whether the block is small and this thread's: anything else leaves an offset that is too large. */
static inline void front_free(void *p)
{
    size_t i = slab_index(p);
    if (unlikely(i >= atomic_load_explicit(&hak_space.limit, memory_order_relaxed))) {
        hak_free_foreign(p);
        return;
    }
    uint32_t off = atomic_load_explicit(&hak_space.tags[i], memory_order_relaxed) ^ hak_front.id;
    if (unlikely(off >= NCLASS * 16)) {
        hak_free_slow(p);
        return;
    }
    struct cell *cell = cell_at(off);
    set_next_block(p, cell->head);
    cell->head = p;
    if (unlikely(--cell->room < 0))
        hak_free_flush(off / 16);
}

/* C23: the size is a promise that only the checking build looks at. */
static inline void front_free_sized(void *p, size_t size)
{
    (void)size;
    front_free(p);
}

static inline void *front_calloc(size_t n, size_t size)
{
    return hak_calloc(n, size);
}

static inline void *front_aligned(size_t align, size_t size)
{
    return hak_aligned(align, size);
}

static inline void *front_realloc(void *p, size_t size)
{
    return hak_realloc(p, size);
}

static inline size_t front_usable(const void *p)
{
    return hak_usable(p);
}

#endif
