/* Random draws for layouts: a seed gives the same layouts on every machine and libc. */
#ifndef FORENSICS_LAYOUT_DRAW_H
#define FORENSICS_LAYOUT_DRAW_H

#include <stdint.h>

/* SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014). */
struct draw {
    uint64_t state;
};

static inline uint64_t draw_next(struct draw *draw)
{
    uint64_t z = draw->state += 0x9e3779b97f4a7c15ull;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ z >> 27) * 0x94d049bb133111ebull;
    return z ^ z >> 31;
}

/* Uniform in 0 .. bound-1, bound >= 1; the bias of bound / 2^64 is far below what a layout can tell. */
static inline uint64_t draw_below(struct draw *draw, uint64_t bound)
{
    return (uint64_t)((unsigned __int128)draw_next(draw) * bound >> 64);
}

#endif
