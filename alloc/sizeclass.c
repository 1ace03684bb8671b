#include "sizeclass.h"

unsigned hak_class_aligned(size_t n, size_t align)
{
    if (n > SMALL_MAX || align > SMALL_MAX)
        return NCLASS;
    unsigned c = class_of(max_size(n, align));
    while (c < NCLASS && class_size(c) & (align - 1))
        c++;
    return c;
}

/* Spelled by the same rule as class_of(); a unit test compares the two for every size. */
#define O(c)    (uint8_t)((c) * 16 / CLASS_SCALE)
#define X4(c)   O(c), O(c), O(c), O(c)
#define X16(c)  X4(c), X4(c), X4(c), X4(c)
#define X32(c)  X16(c), X16(c)
#define X64(c)  X32(c), X32(c)
#define X128(c) X64(c), X64(c)
#define X256(c) X128(c), X128(c)
#define DOUBLING(x, c) x(c), x((c) + 1), x((c) + 2), x((c) + 3)

const uint8_t hak_class_table[FAST_MAX + 1] = {
    O(0), DOUBLING(X16, 0), DOUBLING(X16, 4), /* up to 128 */
    DOUBLING(X32, 8),   /* up to 256 */
    DOUBLING(X64, 12),  /* up to 512 */
    DOUBLING(X128, 16), /* up to 1024 */
    DOUBLING(X256, 20), /* up to 2048 */
};
