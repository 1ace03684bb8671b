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

/* The same for every changed library, with the cycles of its own file alone; their cycles by fate join those of
 * `delta`. */
void facts_join_libraries(struct arena *arena, struct delta *delta, const struct libraries *libraries,
                          const struct cost_profile *old, const struct cost_profile *new);

/* What became of the function or object of a cost item: looked up in the delta of its own file, the program's or a
 * changed library's (NULL: there are none). NULL: in neither. */
const struct symbol_change *cost_item_change(const struct delta *delta, const struct libraries *libraries,
                                             bool old_side, const struct cost_item *item);

#endif
