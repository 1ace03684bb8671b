/* Thinning: a slab of which a few blocks are in use keeps 64 KiB; the pages that hold free blocks alone can go. (Which
 * blocks are free is in the slab's bits, beside the memory, so nothing of theirs is lost.) It costs a system call for
 * each stretch of pages and a page fault when a block there is used again: so it is done where memory would grow
 * otherwise, and where nothing moved for HAKMEM_PURGE_MS. */
#include "heap.h"
#include "knobs.h"

#define LEAST_PART 4u /* a slab is thinned if this part of its pages can go */
#define WALK_UNITS 64u /* a walk over so many slabs puts the next one off by a fresh unit: so the pages that are given
                          back, and may be touched again, are at most twice those that are touched anew */

/* Are blocks [from, to) free? from < to. */
static bool all_free(const struct slab *s, unsigned from, unsigned to)
{
    for (unsigned w = from / 64; w <= (to - 1) / 64; w++) {
        uint64_t want = UINT64_MAX;
        if (w == from / 64)
            want &= UINT64_MAX << from % 64;
        if (w == (to - 1) / 64)
            want &= UINT64_MAX >> (63 - (to - 1) % 64);
        if (want & ~s->bits[w])
            return false;
    }
    return true;
}

/* Pages of s that were touched and hold free blocks alone. */
static uint32_t free_pages(const struct slab *s)
{
    const uint32_t page = (uint32_t)PAGE_SIZE_HAK, end = s->carved * s->size;
    uint32_t pages = 0;
    for (uint32_t k = 0, at = 0; at < end; k++, at += page) {
        uint32_t to = (at + page + s->size - 1) / s->size;
        if (all_free(s, at / s->size, to < s->carved ? to : s->carved))
            pages |= (uint32_t)1 << k;
    }
    return pages;
}
_Static_assert(2 * SLAB_SIZE / PAGE_SIZE_HAK == 32, "a bit for each page of the longest span");

static size_t thin(struct slab *s)
{
    uint32_t pages = free_pages(s);
    s->thinned = s->used;
    bool worth = (unsigned)__builtin_popcount(pages) * LEAST_PART >= s->nslabs * (SLAB_SIZE / PAGE_SIZE_HAK);
    return worth ? hak_slab_purge(s, pages) : 0;
}

/* Did nothing happen to s since the last sweep? */
static bool idle(struct slab *s)
{
    bool same = s->seen == s->used;
    s->seen = s->used;
    return same;
}

/* Those that were thinned before are worth another look when half of what was in use is free. Slabs looked at. */
static unsigned thin_list(struct heap *h, struct slab *last, bool idle_ones)
{
    unsigned n = 0;
    size_t bytes = 0;
    for (struct slab *s = last; s; s = s->prev, n++)
        if ((!idle_ones || idle(s)) && s->used && s->used <= s->thinned / 2)
            bytes += thin(s);
    hak_add(&h->stats.thinned, bytes);
    return n;
}

static unsigned thin_all(struct heap *h, bool idle_ones)
{
    unsigned n = 0;
    for (unsigned c = 0; c < NCLASS; c++)
        for (unsigned list = 0; list < 2; list++)
            n += thin_list(h, h->bins[c].pool.last[list], idle_ones);
    return n;
}

void hak_heap_thin(struct heap *h, enum thin_when when)
{
    if (!hak_knobs.purge_pages || hak_knobs.purge_ms < 0)
        return;
    if (when == THIN_GROWING && h->thin_wait)
        h->thin_wait--;
    else if (when == THIN_GROWING)
        h->thin_wait = thin_all(h, false) / WALK_UNITS;
    else
        thin_all(h, when == THIN_SWEEP);
}
