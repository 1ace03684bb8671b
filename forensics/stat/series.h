/* One metric of one source, pulled out of a session's runs. */
#ifndef FORENSICS_STAT_SERIES_H
#define FORENSICS_STAT_SERIES_H

#include "core/sample.h"

struct arena;

struct series {
    enum metric metric;
    enum source source;
    enum reading_state state;  /* READ when both old and new have a value; else the worse side's best state */
    double *value[SIDE_COUNT]; /* in the metric's unit, in order of execution; only runs that ended well */
    int *round[SIDE_COUNT];
    size_t n[SIDE_COUNT];
    bool scaled;               /* some value was multiplexed */
};

/* Runs that ended well, with their derived metrics filled in; `count` receives how many. */
struct run *good_runs(struct arena *arena, const struct session *session, size_t *count);

/* False when no run was asked for this metric from this source. */
bool series_collect(struct arena *arena, const struct run *runs, size_t count, enum metric metric, enum source source,
                    struct series *series);

/* Rounds in which both sides have a value: fills a (base) and b (other). */
size_t series_pairs(struct arena *arena, const struct series *series, enum side base, enum side other, double **a,
                    double **b);

/* True when all values of a side are the same. */
bool series_constant(const struct series *series, enum side side);

#endif
