/* What the trials of a layout study say: content and luck with their intervals, percentiles, the answer. */
#ifndef FORENSICS_STAT_LAYOUTS_H
#define FORENSICS_STAT_LAYOUTS_H

#include "core/layout.h"

struct arena;

/* Luck below this part of what the code costs is no cause of its own: less than a quarter of both together, as for the
 * shares of a verdict. */
#define LAYOUT_LUCK_LEAST (1.0 / 3)

/* Fills observed, effects, transplant, answer and sentences of a study whose trials have run. The unit is the layout:
 * one difference of logarithms per trial; their mean with Student's interval (they are drawn, exact and alike in
 * distribution). `floor`: the smallest effect of interest, a fraction > 0. */
void layouts_conclude(struct arena *arena, struct layout_study *study, double floor);

/* Whether more instructions account for half or more of what the code costs in any layout. False when the code costs
 * nothing, or was not found to. */
bool layouts_blame_work(const struct layout_study *study);

#endif
