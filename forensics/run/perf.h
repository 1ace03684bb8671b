/* The source `perf`: hardware counters through perf_event_open.
 *
 * Events are opened on the child before execve (enable_on_exec), inherited by its threads and children, in groups
 * that the hardware can count at once. Cycles and instructions are in every group, so that rates come from one run.
 * The groups take turns by round, the same for every side of a round: the first group, which holds what the rules
 * look at, has every other round, the others share the rest. A group that had to share the hardware all the same
 * keeps its times, and its counts are scaled. What the clock gives is left to the clock.
 *
 * Where a metric has an event of the processor's own (perf_table.h) that is taken, else the kernel's generic one.
 * User and kernel mode are counted where the system allows it, else user mode alone (status.user_only), for all.
 */
#ifndef FORENSICS_RUN_PERF_H
#define FORENSICS_RUN_PERF_H

#include "run/source.h"

struct perf_kernel;

enum perf_state {
    PERF_WORKS,     /* cycles and instructions can be counted */
    PERF_ABSENT,    /* no such counters: a virtual machine, an unknown processor, an old kernel */
    PERF_FORBIDDEN, /* perf_event_paranoid, seccomp */
    PERF_BROKEN,    /* anything else: out of descriptors, ... */
};

/* What perf can do here. */
struct perf_status {
    enum perf_state state;
    const char *why;    /* one sentence without remedy; NULL when it works */
    const char *remedy; /* one sentence; NULL when it works */
    bool user_only;     /* kernel mode is not counted */
    const char *pmu;    /* libpfm4's name of the processor's counters; NULL: no table for it */
    enum reading_state metrics[METRIC_COUNT]; /* READ: can be counted; NOT_SUPPORTED; NOT_ASKED: no event is known */
    int rounds;         /* until every counter has had its turn; 0: nothing to count */
};

/* Tries every event that is known for this processor. `kernel` NULL: the real one. */
void perf_look(struct arena *arena, const struct perf_kernel *kernel, struct perf_status *status);

/* Makes the source for spec->events: names of metrics or events separated by commas, or METRIC=EVENT with an event of
 * libpfm4; "all"; NULL: the standard set, which few groups can hold. False: an event of the list is not known
 * (ERR_USAGE, with near names), or perf cannot count here (ERR_TOOL, with the remedy). Works with software events alone
 * if only those are asked for. `status` tells what was found. */
bool perf_source(struct arena *arena, const struct spec *spec, const struct perf_kernel *kernel,
                 struct source_object *source, struct perf_status *status, struct err *err);

#endif
