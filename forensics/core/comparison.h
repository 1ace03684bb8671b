/* What the statistics make of a session: one figure per metric, old against new. */
#ifndef FORENSICS_CORE_COMPARISON_H
#define FORENSICS_CORE_COMPARISON_H

#include <stddef.h>

#include "core/sample.h"

enum estimator {
    ESTIMATOR_EXACT,          /* deterministic source: one value a side, no interval */
    ESTIMATOR_SINGLE,         /* one value a side of a noisy source: no interval can be given */
    ESTIMATOR_HODGES_LEHMANN, /* paired by round, on logarithms */
    ESTIMATOR_LOW_TAIL,       /* mean of the lowest tenth of each side: for one-sided bursty noise */
    ESTIMATOR_UNPAIRED,       /* Hodges-Lehmann shift of two independent samples (imported runs) */
    ESTIMATOR_COUNT
};

extern const char *const estimator_name[ESTIMATOR_COUNT];

enum change {
    CHANGE_UNKNOWN,    /* cannot be said: too few runs, or the interval straddles the floor */
    CHANGE_EQUIVALENT, /* the 90 % interval lies inside the floor (two one-sided tests) */
    CHANGE_UP,         /* lower bound > 0 and estimate >= floor */
    CHANGE_DOWN,
    CHANGE_COUNT
};

extern const char *const change_name[CHANGE_COUNT];

/* One metric, old against new. Ratios are new / old; effects are their logarithms. */
struct figure {
    enum metric metric;
    enum source source;
    enum reading_state state; /* the fields below are valid when READ */
    enum estimator estimator;
    double old_value, new_value; /* location of each side in the metric's unit (median, or the low-tail mean) */
    double ratio, lo, hi;        /* estimate and 95 % interval of new / old; lo == hi == ratio when EXACT, NaN when SINGLE */
    double p;                    /* two-sided; NaN when there is no test */
    int old_n, new_n;            /* runs that gave a reading */
    double mde;                  /* smallest ratio effect (as a fraction) that 80 % power would have seen; NaN when EXACT */
    enum change change;
    bool scaled;                 /* some reading was multiplexed */
    bool bimodal;                /* some side has two modes: the location lies */
};

struct comparison {
    struct figure *figures; /* one per metric that any run was asked for, in table order */
    size_t count;
    const struct figure *time; /* the figure regression is judged on (throughput if asked for, else CPU time, else cycles); NULL: none */
    double slowdown;           /* of `time` in cost terms, new/old of time (throughput inverted); 1 when there is none */
    double slowdown_lo, slowdown_hi;
    double floor;              /* smallest effect of interest, fraction: max(1 %, 2 x A/A half-width) */
    struct {
        bool present;
        double ratio, lo, hi, p; /* control / old of `time` */
        bool passed;             /* p > .005, or the interval stays inside 1 %; true when there is no control */
    } control;
    const char **notes; /* sentences: which estimator and why, bimodality, multiplexing */
    size_t note_count;
};

struct arena;

/* Adds a figure of a deterministic source (one value a side, no interval), in table order. Beside a clock its change is
 * judged by 1 % at most, whatever the clock's noise; alone by the comparison's floor. */
void comparison_add_exact(struct arena *arena, struct comparison *comparison, enum metric metric, enum source source,
                          double old_value, double new_value);

/* The figure of a metric; NULL when it is not there. Prefers the given source order: perf, file, sim, script, clock. */
const struct figure *comparison_find(const struct comparison *comparison, enum metric metric);

#endif
