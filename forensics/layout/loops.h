/* Loops and blocks: what an assembler's padding inside functions does (-falign-loops, -falign-jumps, code that grew
 * above a loop). Functions stay at their byte of the line; each loop and each block that is only jumped to begins at a
 * drawn byte of its line, the same on both sides for the n-th of a pair. Jumps keep their lengths, which an assembler
 * may not: a few bytes, and none of their cost. */
#ifndef FORENSICS_LAYOUT_LOOPS_H
#define FORENSICS_LAYOUT_LOOPS_H

#include "layout/object.h"
#include "sim/remap.h"

/* Fills the side's cuts: targets of backward jumps within one function, and blocks that nothing falls into. The side is
 * sorted and glued. */
void loops_find(struct arena *arena, struct layout_side *side, const struct layout_span *spans, size_t count);

/* A map that moves them, trial `number` of `seed`. remap_free it. */
struct remap *loops_remap(const struct layout_side *side, uint64_t seed, unsigned number);

/* Adds to `remap` that one object lies at `at`, with its cuts on borders of 64 bytes behind; returns where it
 * ends. */
uint64_t loops_align(struct remap *remap, const struct layout_side *side, size_t object, uint64_t at);

#endif
