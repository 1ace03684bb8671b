/* Placing: an address for every object of both sides, for one trial. */
#ifndef FORENSICS_LAYOUT_PLACE_H
#define FORENSICS_LAYOUT_PLACE_H

#include "base/arena.h"
#include "layout/object.h"
#include "sim/remap.h"

/* What a trial asks for. */
struct layout_wish {
    enum layout_family family;
    unsigned axes;   /* bit per axis that moves; others stay as each side has them */
    uint64_t seed;
    size_t object;   /* FAMILY_ONE: index into new's objects */
    unsigned number; /* of this trial among its like: spreads the designed offsets */
};

/* Where objects go: to[side][i] for sides[side].objects[i]. */
struct layout_placing {
    uint64_t *to[2];
};

/* Both sides must be sorted, glued, paired and aligned.
 *
 * FAMILY_ORDER, FAMILY_PAD: paired objects get the same address on both sides, in room for the larger of the two; what
 * one side lacks is a hole in the other, so that trials differ by content alone. Objects lie by group in an address
 * range of their axis that no process uses. FAMILY_ORDER draws the order within each group and packs. FAMILY_PAD keeps
 * old's or new's order (by the draw) and puts 0..15 steps of 16 bytes in front of each object. Both begin each axis at
 * the designed offset 64*floor(64*frac(u + j*phi)) + 4*((7j + v) mod 16) of trial j, which over the trials covers the
 * 4 KiB period and the phase within 64 bytes.
 * FAMILY_OLD_PLACE: old stays; new's paired objects go where old's are; one that has grown into its neighbour's place,
 * or that old lacks, goes behind all at the same address modulo 4096. FAMILY_NEW_PLACE is the reverse. FAMILY_ONE does so with one of
 * new's objects, and always behind all. */
struct layout_placing layout_place(struct arena *arena, const struct layout_side sides[2], const struct layout_wish *wish);

/* The placing of one side as a map for the model; remap_free it. */
struct remap *layout_remap(const struct layout_side *side, const uint64_t *to);

#endif
