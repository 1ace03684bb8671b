/* What real layouts say: the same questions as in stat/layouts.h, with the noise of a machine in every figure. */
#ifndef FORENSICS_STAT_REAL_H
#define FORENSICS_STAT_REAL_H

#include "core/real.h"

struct arena;

/* Fills what follows "what they say" in the study from its layouts' costs. `floor`: the smallest effect of interest, a
 * fraction > 0; it becomes twice the half-width of the control's interval where that is wider.
 *
 * One figure a layout: the difference of its two locations. The interval of the code is Student's over the layouts, so
 * it holds the runs' noise as well; that of the layout tax adds the observed difference's own. */
void real_conclude(struct arena *arena, struct real_study *study, double floor);

/* Whether more layouts are worth their time: the half-width of the code's interval is wider than the floor. */
bool real_too_wide(const struct real_study *study);

#endif
