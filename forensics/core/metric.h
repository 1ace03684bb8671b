/* The metric table: every figure that a source can give, one row each.
 *
 * A source (run/, sim/) fills readings by id, the statistics compare them by id, the reports print them in
 * table order. A derived metric is a quotient of two others of the same run and is never read by a source.
 */
#ifndef FORENSICS_CORE_METRIC_H
#define FORENSICS_CORE_METRIC_H

#include <stdbool.h>
#include <stdint.h>

#include "core/cause.h"

enum metric {
    /* the clock's: every machine has them */
    M_WALL, M_CPU, M_USER, M_SYSTEM, M_THROUGHPUT, M_FAULTS_MINOR, M_FAULTS_MAJOR, M_SWITCHES, M_MIGRATIONS, M_PEAK_RSS,
    /* what was executed */
    M_CYCLES, M_REF_CYCLES, M_INSTRUCTIONS, M_UOPS, M_LOADS, M_STORES,
    /* branches */
    M_BRANCHES, M_BRANCH_MISSES, M_COND_BRANCHES, M_TAKEN_BRANCHES, M_INDIRECT_BRANCHES, M_CALLS, M_RETURNS,
    M_COND_MISSES, M_INDIRECT_MISSES, M_RETURN_MISSES,
    /* front end */
    M_L1I_ACCESSES, M_L1I_MISSES, M_L2I_MISSES, M_LLCI_MISSES, M_ITLB_MISSES, M_ITLB_WALKS, M_FETCH_WINDOWS, M_OPCACHE_MISSES,
    M_OPCACHE_SWITCHES, M_BTB_MISSES, M_BRANCH_DENSITY, M_JCC_ERRATUM, M_FRONTEND_STALLS, M_BACKEND_STALLS,
    /* data side */
    M_CACHE_REFERENCES, M_CACHE_MISSES, M_L1D_ACCESSES, M_L1D_MISSES, M_L2D_MISSES, M_LLC_ACCESSES, M_LLC_MISSES, M_DTLB_ACCESSES,
    M_DTLB_MISSES, M_STLB_HITS, M_DTLB_WALKS, M_PREFETCHES, M_LINE_SPLITS, M_PAGE_SPLITS, M_ALIAS_4K, M_STORE_FORWARD_BLOCKS,
    /* top-down slots */
    M_SLOTS, M_SLOTS_FRONTEND, M_SLOTS_BAD_SPECULATION, M_SLOTS_BACKEND, M_SLOTS_RETIRING,
    /* derived */
    M_IPC, M_BRANCH_MISS_RATE, M_CACHE_MISS_RATE, M_BRANCH_MPKI, M_TAKEN_PKI, M_L1I_MPKI, M_ITLB_MPKI, M_OPCACHE_MPKI, M_BTB_MPKI,
    M_CACHE_MPKI, M_L1D_MPKI, M_LLC_MPKI, M_DTLB_MPKI, M_DTLB_WALK_PKI,
    METRIC_COUNT
};

enum unit { UNIT_COUNT, UNIT_NANOSECONDS, UNIT_BYTES, UNIT_PER_SECOND, UNIT_RATIO, UNIT_PERCENT, UNIT_PER_KILO };

/* Which way is worse for the user. */
enum worse { WORSE_UP, WORSE_DOWN, WORSE_NEITHER };

struct metric_row {
    const char *name;  /* in JSON, --events and the tables: lower case, '-' between words */
    const char *title; /* for people */
    enum unit unit;
    enum worse worse;
    enum cause cause; /* what a rise of it speaks for; CAUSE_NONE when for nothing in particular */
    bool derived;
    enum metric over, under; /* derived: scale * over / under */
    double scale;
};

extern const struct metric_row metric_table[METRIC_COUNT];

/* By name; false when there is no such metric. */
bool metric_by_name(const char *name, enum metric *metric);

/* The unit's word: "", "ns", "bytes", "/s", "", "%", "/1000 instructions". */
const char *unit_name(enum unit unit);

/* Where a figure came from. A simulated figure is never shown as a measured one. */
enum source { SOURCE_CLOCK, SOURCE_PERF, SOURCE_SIM, SOURCE_FILE /* perf stat output */, SOURCE_SCRIPT, SOURCE_ELF /* the binaries */, SOURCE_COUNT };

extern const char *const source_name[SOURCE_COUNT];

/* Absent is not zero. */
enum reading_state {
    READING_NOT_ASKED,
    READING_NOT_SUPPORTED, /* this machine or kernel has no such counter */
    READING_NOT_COUNTED,   /* opened, but never scheduled on the hardware */
    READING_READ,
    READING_STATE_COUNT
};

extern const char *const reading_state_name[READING_STATE_COUNT];

/* One metric of one run. */
struct reading {
    enum reading_state state;
    enum source source;  /* valid unless NOT_ASKED */
    double value;        /* in the metric's unit, already scaled to full time; valid when READ */
    uint64_t enabled_ns; /* time the event was enabled; 0 when the source has no such notion */
    uint64_t running_ns; /* on the hardware; 0 < running <= enabled when READ by perf; running < enabled: scaled (multiplexed) */
};

#define READING_SCALED(r) ((r)->enabled_ns && (r)->running_ns < (r)->enabled_ns)

/* Fills every derived metric of `readings[METRIC_COUNT]` whose two operands were READ from one source. */
void metric_derive(struct reading *readings);

#endif
