/* From runs to figures: the one door of the statistics. */
#ifndef FORENSICS_STAT_COMPARE_H
#define FORENSICS_STAT_COMPARE_H

#include "core/comparison.h"

struct arena;

struct compare_options {
    double floor;       /* least smallest effect of interest, fraction; default .01 */
    double equivalence; /* a floor above this proves no equivalence: on a machine that cannot see 3 %, `none` would say
                           nothing; fraction, default .03 (the smallest threshold of the founding rules on time) */
    double control_p; /* the A/A control fails below this p; default .005, so that a sound machine fails once in 200 */
    double count_floor; /* least change of an instruction-like count that is no noise (Weaver et al. 2013: counts of
                           retired instructions differ by interrupts and faults); fraction, default 1e-4 */
};

struct compare_options compare_options_default(void);

/* Compares new with old on every metric, and control with old on time. Runs that did not end well are left out. The
 * result lives in `arena`; it points neither into the session nor into the spec. `options` NULL: the defaults. */
struct comparison compare_session(struct arena *arena, const struct session *session, const struct spec *spec,
                                  const struct compare_options *options);

#endif
