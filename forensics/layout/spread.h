/* Spreading the heap: every page of it turned by a drawn number of lines, so that objects at one distance of whole pages
 * no longer share a set. Both sides' n-th pages of a region turn alike. What lies across a turned page's seam is read
 * where it begins. */
#ifndef FORENSICS_LAYOUT_SPREAD_H
#define FORENSICS_LAYOUT_SPREAD_H

#include "layout/object.h"
#include "sim/remap.h"

/* A map that does so, trial `number` of `seed`. remap_free it. */
struct remap *spread_remap(const struct layout_side *side, uint64_t seed, unsigned number);

#endif
