#include "sizeclass.h"

/* The table is spelled by the same rule as class_of(), and a unit test compares the two for every size. */
#define O(c)      (uint16_t)((c) * 16)
#define X2(c)     O(c), O(c)
#define X4(c)     X2(c), X2(c)
#define X8(c)     X4(c), X4(c)
#define X16(c)    X8(c), X8(c)
#define DOUBLING(x, c) x(c), x((c) + 1), x((c) + 2), x((c) + 3)

const uint16_t hak_fast_offset[FAST_MAX / 16 + 1] = {
    O(0), O(0), O(1), O(2), O(3), O(4), O(5), O(6), O(7), /* up to 128 */
    DOUBLING(X2, 8),   /* up to 256 */
    DOUBLING(X4, 12),  /* up to 512 */
    DOUBLING(X8, 16),  /* up to 1024 */
    DOUBLING(X16, 20), /* up to 2048 */
};

unsigned hak_class_aligned(size_t n, size_t align)
{
    if (n > SMALL_MAX || align > SMALL_MAX)
        return NCLASS;
    unsigned c = class_of(max_size(n, align));
    while (c < NCLASS && class_size(c) & (align - 1))
        c++;
    return c;
}
