#include "sim/cache.h"

#include <stdlib.h>

#include "base/err.h"

void cache_init(struct cache *cache, struct arena *arena, uint32_t sets, uint32_t ways)
{
    cache->sets = sets;
    cache->ways = ways;
    cache->tags = arena_array(arena, (size_t)sets * ways, sizeof *cache->tags);
}

enum { PAGES_FIRST = 1 << 12 };

/* The arena cannot give memory back and these tables double, so they are malloc's; the arena's handler still ends a
 * program that has no memory left. */
static void *zeroed(size_t count, size_t size)
{
    void *p = calloc(count, size);
    if (!p) {
        struct arena *arena = arena_new();
        p = arena_array(arena, count, size);
    }
    return p;
}

void pages_init(struct pages *pages)
{
    *pages = (struct pages){ .room = PAGES_FIRST };
    pages->keys = zeroed(pages->room, sizeof *pages->keys);
    pages->numbers = zeroed(pages->room, sizeof *pages->numbers);
}

void pages_release(struct pages *pages)
{
    free(pages->keys);
    free(pages->numbers);
    *pages = (struct pages){ .room = 0 };
}

static uint32_t pages_slot(const struct pages *pages, uint64_t key)
{
    uint32_t slot = (uint32_t)(key * 0x9e3779b97f4a7c15ull >> 32) & (pages->room - 1);
    while (pages->keys[slot] && pages->keys[slot] != key)
        slot = (slot + 1) & (pages->room - 1);
    return slot;
}

static void pages_double(struct pages *pages)
{
    struct pages old = *pages;
    pages->room *= 2;
    pages->keys = zeroed(pages->room, sizeof *pages->keys);
    pages->numbers = zeroed(pages->room, sizeof *pages->numbers);
    for (uint32_t i = 0; i < old.room; i++)
        if (old.keys[i]) {
            uint32_t slot = pages_slot(pages, old.keys[i]);
            pages->keys[slot] = old.keys[i];
            pages->numbers[slot] = old.numbers[i];
        }
    free(old.keys);
    free(old.numbers);
}

uint32_t pages_number(struct pages *pages, uint64_t page)
{
    uint64_t key = page + 1;
    if (pages->last_key == key)
        return pages->last_number;
    uint32_t slot = pages_slot(pages, key);
    if (!pages->keys[slot]) {
        if (pages->count >= pages->room / 4 * 3) {
            pages_double(pages);
            slot = pages_slot(pages, key);
        }
        pages->keys[slot] = key;
        pages->numbers[slot] = ++pages->count;
    }
    pages->last_key = key;
    pages->last_number = pages->numbers[slot];
    return pages->last_number;
}
