/* A scripted source for tests: figures from a text file instead of from running anything, so that schedule,
 * statistics, judge and reports can be exercised without time and without hardware.
 *
 * One row a line; blanks separate; '#' starts a comment:
 *     SIDE ROUND METRIC VALUE [ENABLED RUNNING]    SIDE: old, new, control; ROUND: 0-based, or * for every round
 *     SIDE ROUND METRIC not-supported|not-counted  METRIC: a name of core/metric.h's table, not a derived one
 *     SIDE ROUND exit N | signal N | timeout       how that run ended
 * A later row replaces an earlier one of the same side, round and metric; a row with a round number replaces
 * a * row wherever it stands. ENABLED and RUNNING are nanoseconds. Times are ns, sizes bytes. "source clock" (or
 * perf, sim, file, script) on a line of its own names the source of the readings below it; it begins as script.
 */
#ifndef FORENSICS_RUN_SCRIPT_H
#define FORENSICS_RUN_SCRIPT_H

#include "run/source.h"

/* Reads the file whole. False: one sentence with the file and the line. */
bool script_source(struct arena *arena, const char *path, struct source_object *source, struct err *err);

#endif
