/* Set-associative caches and TLBs of any geometry, exactly LRU, and the numbering of pages that stands for their
 * physical addresses. Pure state: no global, no clock, no cost. */
#ifndef FORENSICS_SIM_CACHE_H
#define FORENSICS_SIM_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

struct cache {
    uint32_t sets; /* power of two */
    uint32_t ways;
    uint32_t *tags; /* sets * ways, each set newest first; 0: empty, so a tag is never 0 */
};

/* An empty cache; it lives in the arena. */
void cache_init(struct cache *cache, struct arena *arena, uint32_t sets, uint32_t ways);

/* Touches `tag` in set `index` (reduced modulo the sets): true when it was there; the least recently used one goes if
 * not. */
static inline bool cache_touch(struct cache *cache, uint32_t index, uint32_t tag)
{
    uint32_t *set = cache->tags + (size_t)(index & (cache->sets - 1)) * cache->ways;
    uint32_t last = cache->ways - 1, way = 0;
    if (set[0] == tag)
        return true;
    while (way < last && set[way] != tag)
        way++;
    bool hit = set[way] == tag;
    for (; way > 0; way--)
        set[way] = set[way - 1];
    set[0] = tag;
    return hit;
}

/* Pages by order of first touch: the sequence number is deterministic where a physical frame is not, and its hash
 * spreads pages over the sets of a physically indexed cache as a long-running kernel's free list does. */
struct pages {
    uint64_t *keys;    /* page + 1; 0: empty */
    uint32_t *numbers; /* 1, 2, 3, ... */
    uint32_t room;     /* power of two */
    uint32_t count;
    uint64_t last_key; /* the page asked for last */
    uint32_t last_number;
};

void pages_init(struct pages *pages);
void pages_release(struct pages *pages);

/* The number of virtual page `page` (address / 4096), given at its first touch. */
uint32_t pages_number(struct pages *pages, uint64_t page);

/* Index of a 64-byte line in a physically indexed cache: the hashed colour of its page above the line's place in it. */
static inline uint32_t page_line_index(uint32_t number, uint64_t line)
{
    return (number * 0x9e3779b1u) >> 12 << 6 | (uint32_t)(line & 63);
}

#endif
