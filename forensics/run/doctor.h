/* What can be measured on this machine, what stands in the way, and how to get more. Data only; cmd/ prints it. */
#ifndef FORENSICS_RUN_DOCTOR_H
#define FORENSICS_RUN_DOCTOR_H

#include "run/perf.h"

enum doctor_level {
    DOCTOR_GOOD,
    DOCTOR_WEAK,    /* works, but figures are noisier or fewer than they could be */
    DOCTOR_MISSING, /* does not work here */
};

extern const char *const doctor_level_name[]; /* "good", "weak", "missing" */

/* One thing that was looked at. */
struct doctor_row {
    const char *topic;   /* "hardware counters", "governor", ... */
    enum doctor_level level;
    const char *finding; /* one sentence, with its full stop */
    const char *remedy;  /* what to do, as the end of a sentence; NULL when good or when there is none */
};

/* Whether a metric can be had here, and from where. */
struct doctor_figure {
    enum metric metric;
    bool measured;      /* by clock or perf; a simulator may give it all the same */
    enum source source; /* valid when measured */
    const char *blocked; /* one clause; NULL when measured */
};

struct doctor {
    struct machine machine;
    struct perf_status perf;
    struct doctor_row *rows;
    size_t row_count, row_room;
    struct doctor_figure figures[METRIC_COUNT]; /* derived ones too */
};

/* Looks. `kernel` as in perf.h; `cpu` as in spec. */
struct doctor doctor_look(struct arena *arena, const struct perf_kernel *kernel, int cpu);

#endif
