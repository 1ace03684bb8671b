/* Hot/cold split: what of a function never ran is moved out of it, and what ran closes up. Code that ran keeps its byte
 * modulo 16. Jumps keep their lengths; where one across a seam may have to become longer, room is left for it. */
#ifndef FORENSICS_LAYOUT_COLD_H
#define FORENSICS_LAYOUT_COLD_H

#include "layout/object.h"
#include "sim/remap.h"

/* Code of one function that never ran, of a line or more. */
struct cold_range {
    uint64_t address, end;
    size_t object;
};

struct cold {
    struct cold_range *items; /* ascending */
    size_t count, room;
};

/* Of all functions of which something ran. The side has its spans. */
struct cold cold_find(struct arena *arena, const struct layout_side *side);

/* The object's first range at or behind items[0]; *count: how many it has. */
const struct cold_range *cold_of(const struct cold *cold, size_t object, size_t *count);

/* Whether closing up changes where anything lies that ran: whether a range has code behind it in its function. */
bool cold_parts(const struct cold *cold, const struct layout_side *side, size_t object);

/* Adds to `remap` (NULL: to nothing) that what ran of one object lies at `at` and behind, and what never ran at *away and behind; returns
 * where the first ends. */
uint64_t cold_split(struct remap *remap, const struct cold *cold, const struct layout_side *side, size_t object,
                    uint64_t at, uint64_t *away);

#endif
