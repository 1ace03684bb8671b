#include "sim/maps.h"

#include <string.h>

/* Index of the first live mapping that ends after `address`. */
static size_t first_after(const struct maps *maps, uint64_t address)
{
    size_t low = 0, high = maps->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (maps->live[middle]->address + maps->live[middle]->bytes > address)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static void insert(struct maps *maps, struct arena *arena, size_t at, const struct sim_map *map)
{
    *ARENA_PUSH(arena, maps->live, maps->count, maps->room) = NULL;
    memmove(&maps->live[at + 1], &maps->live[at], (maps->count - 1 - at) * sizeof *maps->live);
    maps->live[at] = map;
}

/* A copy of `map` that covers [address, end) only. */
static const struct sim_map *part(struct arena *arena, const struct sim_map *map, uint64_t address, uint64_t end)
{
    struct sim_map *cut = arena_alloc(arena, sizeof *cut);
    *cut = *map;
    cut->file_offset += address - map->address;
    cut->address = address;
    cut->bytes = end - address;
    return cut;
}

void maps_remove(struct maps *maps, struct arena *arena, uint64_t address, uint64_t bytes)
{
    uint64_t end = address + bytes;
    size_t at = first_after(maps, address);
    while (at < maps->count && maps->live[at]->address < end) {
        const struct sim_map *map = maps->live[at];
        uint64_t map_end = map->address + map->bytes;
        const struct sim_map *before = map->address < address ? part(arena, map, map->address, address) : NULL;
        const struct sim_map *after = map_end > end ? part(arena, map, end, map_end) : NULL;
        if (before) {
            maps->live[at++] = before;
            if (after)
                insert(maps, arena, at, after);
            continue;
        }
        if (after) {
            maps->live[at] = after;
            return;
        }
        maps->count--;
        memmove(&maps->live[at], &maps->live[at + 1], (maps->count - at) * sizeof *maps->live);
    }
}

void maps_add(struct maps *maps, struct arena *arena, const struct stream_map *map)
{
    if (!map->bytes)
        return;
    maps_remove(maps, arena, map->address, map->bytes);
    struct sim_map *fresh = arena_alloc(arena, sizeof *fresh);
    *fresh = (struct sim_map){ .address = map->address, .bytes = map->bytes, .file_offset = map->file_offset,
                               .path = arena_strdup(arena, map->path ? map->path : ""), .kind = map->kind,
                               .protection = map->protection, .build_id_bytes = map->build_id_bytes };
    memcpy(fresh->build_id, map->build_id, sizeof fresh->build_id);
    insert(maps, arena, first_after(maps, map->address), fresh);
}

const struct sim_map *maps_find(const struct maps *maps, uint64_t address)
{
    size_t at = first_after(maps, address);
    return at < maps->count && maps->live[at]->address <= address ? maps->live[at] : NULL;
}
