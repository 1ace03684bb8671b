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
