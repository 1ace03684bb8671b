/* Who meets in the sets of the L1I: hot functions whose lines fall into sets that hold fewer lines than these are. */
#ifndef FORENSICS_LAYOUT_CROWD_H
#define FORENSICS_LAYOUT_CROWD_H

#include "layout/object.h"

/* In words, e.g. "4 sets of the L1I with bar, baz and 20 more, where more than 8 lines want to be": what `object` shares.
 * `hot` by object: who counts. The side has its spans. NULL: it shares none. */
const char *crowd_of(struct arena *arena, const struct layout_side *side, size_t object, const bool *hot, unsigned ways);

#endif
