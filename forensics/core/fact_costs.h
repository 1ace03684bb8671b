/* What the facts about code and data cost: joins them with the cycles of the functions and objects they are of. */
#ifndef FORENSICS_CORE_FACT_COSTS_H
#define FORENSICS_CORE_FACT_COSTS_H

#include "core/binary.h"
#include "core/cost.h"

struct arena;

/* Writes to every fact of `delta` the cycles of its function (its cold part included) or object on both sides, joined
 * by link-time address and name, and the growth of those components that the fact can account for: all of its cause's,
 * or fewer where the kind allows (the JCC erratum, op-cache lines, pages, dense branches, the stack frame). Then sorts:
 * most |new - old| first; within a function what grew the more by the fact's own account; facts without cycles last, by
 * weight. A profile of NULL leaves everything as it is. */
void facts_join(struct arena *arena, struct delta *delta, const struct cost_profile *old,
                const struct cost_profile *new);

#endif
