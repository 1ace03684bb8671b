/* No allocator at all: compiled in front of a load (-include), malloc gives the same block always and free does
 * nothing, both inline. What is left is the loop itself; no allocator can be faster than this floor. Only for
 * random_mixed, which writes the first byte of a block and never reads it (not with --checksum).
 */
#ifndef BENCH_FLOOR_H
#define BENCH_FLOOR_H

#include <stdlib.h>

static inline void *floor_malloc(size_t size)
{
    static unsigned char block[65536];
    /* The compiler must not see that it is always the same block, or it drops the table with it. */
    void *memory = block;
    __asm__ volatile("" : "+r"(memory) : "r"(size));
    return memory;
}

static inline void floor_free(void *memory)
{
    __asm__ volatile("" : : "r"(memory));
}

#define malloc floor_malloc
#define free   floor_free

#endif
