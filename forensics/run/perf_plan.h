/* Which events work here and how they share the hardware; inside of perf.h. */
#ifndef FORENSICS_RUN_PERF_PLAN_H
#define FORENSICS_RUN_PERF_PLAN_H

#include "run/perf.h"
#include "run/perf_kernel.h"
#include "run/perf_table.h"

enum { PERF_GROUP_MAX = 24 /* more counters than any core has */ };

struct perf_event {
    const char *name;
    struct perf_code code;
    bool software; /* needs no counter: opened in every run, outside of the groups */
    int errnum;    /* why it cannot be opened; 0: it can */
};

/* A metric as a sum over events. */
struct perf_sum {
    enum metric metric;
    struct {
        double scale;
        int event; /* index into perf_plan.events */
    } terms[PERF_TERMS];
    int count;
};

/* Events that fit the hardware together; the first one is the leader. */
struct perf_group {
    int events[PERF_GROUP_MAX];
    int count;
};

struct perf_plan {
    const struct perf_kernel *kernel;
    const char *pmu;
    bool user_only;
    struct perf_event *events;
    size_t event_count, event_room;
    struct perf_sum *sums; /* metrics that can be had, the most urgent first */
    size_t sum_count, sum_room;
    struct perf_group *groups;
    size_t group_count, group_room;
    enum reading_state states[METRIC_COUNT]; /* as in perf_status.metrics; NOT_ASKED also when not wanted */
    int errnum; /* of cycles, instructions or, failing these, the first event refused; 0: none */
};

/* What is wanted: metrics, and rows that come before the table's (METRIC=EVENT). */
struct perf_wish {
    bool metrics[METRIC_COUNT];
    struct perf_table_row *rows; /* ends with NULL pmus; NULL: none */
};

/* Tries the events by opening them for this process, disabled. Never fails: what does not work is not in the plan. */
struct perf_plan perf_plan_make(struct arena *arena, const struct perf_kernel *kernel, const char *pmu,
                                const struct perf_wish *wish);

/* Reads spec.events (NULL: the standard set; "all": everything that the clock does not give). False: a name is not
 * known. */
bool perf_wish_read(struct arena *arena, const char *events, const char *pmu, struct perf_wish *wish, struct err *err);

/* The group that counts in a round; NULL: there is none. */
const struct perf_group *perf_plan_group(const struct perf_plan *plan, int round);

/* Rounds until every group has counted. */
int perf_plan_rounds(const struct perf_plan *plan);

#endif
