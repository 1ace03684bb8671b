/* The source every machine has: wall, user, system and CPU time, page faults, context switches, peak RSS. */
#ifndef FORENSICS_RUN_CLOCK_H
#define FORENSICS_RUN_CLOCK_H

#include "run/launch.h"

/* Fills the clock's readings of a run. Times in ns; a peak RSS that could not be told from this process's own
 * is "not counted". */
void clock_read(const struct launched *launched, struct reading readings[METRIC_COUNT]);

#endif
