/* Floor 2: size classes, pure. Multiples of 16 up to 128, then four a doubling up to 32768: a block is at most
 * 25 % larger than the request above 128 bytes. Class sizes are multiples of 16, so every block is 16-aligned;
 * a slab starts at a multiple of 64 KiB and has no header, so a block of a size that is a multiple of a power
 * of two is aligned to it. */
#ifndef HAK_SIZECLASS_H
#define HAK_SIZECLASS_H

#include "bits.h"
#include "config.h"

/* The class for a request of n <= FAST_MAX bytes, as CLASS_SCALE-th part of its offset (class * 16) among a thread's
 * cells: the processor multiplies by 8 while it adds. An entry for every size costs 2 KiB of which a program uses the
 * lines of its sizes, and spares malloc the rounding. */
#define CLASS_SCALE 8u
HIDDEN extern const uint8_t hak_class_table[FAST_MAX + 1];

/* Bytes of a block of class c < NCLASS. */
static inline size_t class_size(unsigned c)
{
    return c < 8 ? 16 * (size_t)(c + 1) : (size_t)(5 + (c & 3)) << (c / 4 + 3);
}

/* The class that serves n bytes, n <= SMALL_MAX. */
static inline unsigned class_of(size_t n)
{
    if (n <= 128)
        return n ? (unsigned)(n - 1) / 16 : 0;
    unsigned high = 63 - (unsigned)__builtin_clzll(n - 1);
    return (high - 5) * 4 + (unsigned)((n - 1) >> (high - 2) & 3);
}

/* The smallest class that holds n bytes at a multiple of `align` (a power of two); NCLASS if there is none. */
unsigned hak_class_aligned(size_t n, size_t align);

/* Slabs that one span of class c takes: one up to 16 KiB, two above: at least four blocks, and an eighth of its
 * addresses unused at worst. (With longer spans a class of few blocks keeps more from the others.) */
static inline unsigned class_span(unsigned c)
{
    return c < 36 ? 1 : 2;
}

/* Band of class c: Cn covers requests of 2^(n+2)+1 .. 2^(n+3) bytes; NBAND - 1 for everything above C7. */
static inline unsigned class_band(unsigned c)
{
    unsigned high = 64 - (unsigned)__builtin_clzll(class_size(c) - 1);
    return high - 3 < NBAND - 1 ? high - 3 : NBAND - 1;
}

#endif
