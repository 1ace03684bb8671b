#include "core/metric.h"

#include <string.h>

#define ROW(id, name, title, unit, worse, cause) [id] = { name, title, unit, worse, cause, false, 0, 0, 0 }
#define QUOTIENT(id, name, title, unit, worse, cause, over, under, scale) \
    [id] = { name, title, unit, worse, cause, true, over, under, scale }

const struct metric_row metric_table[METRIC_COUNT] = {
    ROW(M_WALL, "wall", "wall time", UNIT_NANOSECONDS, WORSE_UP, CAUSE_NONE),
    ROW(M_CPU, "cpu", "CPU time (user + system)", UNIT_NANOSECONDS, WORSE_UP, CAUSE_NONE),
    ROW(M_USER, "user", "user time", UNIT_NANOSECONDS, WORSE_UP, CAUSE_NONE),
    ROW(M_SYSTEM, "system", "system time", UNIT_NANOSECONDS, WORSE_UP, CAUSE_NONE),
    ROW(M_THROUGHPUT, "throughput", "throughput (from stdout)", UNIT_PER_SECOND, WORSE_DOWN, CAUSE_NONE),
    ROW(M_FAULTS_MINOR, "minor-faults", "minor page faults", UNIT_COUNT, WORSE_UP, CAUSE_NONE),
    ROW(M_FAULTS_MAJOR, "major-faults", "major page faults", UNIT_COUNT, WORSE_UP, CAUSE_NONE),
    ROW(M_SWITCHES, "context-switches", "context switches", UNIT_COUNT, WORSE_UP, CAUSE_NONE),
    ROW(M_MIGRATIONS, "cpu-migrations", "CPU migrations", UNIT_COUNT, WORSE_UP, CAUSE_NONE),
    ROW(M_PEAK_RSS, "peak-rss", "peak resident set", UNIT_BYTES, WORSE_UP, CAUSE_NONE),

    ROW(M_CYCLES, "cycles", "cycles", UNIT_COUNT, WORSE_UP, CAUSE_NONE),
    ROW(M_REF_CYCLES, "ref-cycles", "reference cycles", UNIT_COUNT, WORSE_UP, CAUSE_NONE),
    ROW(M_INSTRUCTIONS, "instructions", "instructions", UNIT_COUNT, WORSE_UP, CAUSE_WORK),
    ROW(M_UOPS, "uops", "micro-operations", UNIT_COUNT, WORSE_UP, CAUSE_WORK),
    ROW(M_LOADS, "loads", "loads", UNIT_COUNT, WORSE_UP, CAUSE_WORK),
    ROW(M_STORES, "stores", "stores", UNIT_COUNT, WORSE_UP, CAUSE_WORK),

    ROW(M_BRANCHES, "branches", "branches", UNIT_COUNT, WORSE_UP, CAUSE_WORK),
    ROW(M_BRANCH_MISSES, "branch-misses", "branch mispredicts", UNIT_COUNT, WORSE_UP, CAUSE_HINT),
    ROW(M_COND_BRANCHES, "cond-branches", "conditional branches", UNIT_COUNT, WORSE_UP, CAUSE_WORK),
    ROW(M_TAKEN_BRANCHES, "taken-branches", "taken branches", UNIT_COUNT, WORSE_UP, CAUSE_HINT),
    ROW(M_INDIRECT_BRANCHES, "indirect-branches", "indirect jumps and calls", UNIT_COUNT, WORSE_UP, CAUSE_WORK),
    ROW(M_CALLS, "calls", "calls", UNIT_COUNT, WORSE_UP, CAUSE_WORK),
    ROW(M_RETURNS, "returns", "returns", UNIT_COUNT, WORSE_UP, CAUSE_WORK),
    ROW(M_COND_MISSES, "cond-misses", "mispredicted directions", UNIT_COUNT, WORSE_UP, CAUSE_HINT),
    ROW(M_INDIRECT_MISSES, "indirect-misses", "mispredicted indirect targets", UNIT_COUNT, WORSE_UP, CAUSE_HINT),
    ROW(M_RETURN_MISSES, "return-misses", "mispredicted returns", UNIT_COUNT, WORSE_UP, CAUSE_HINT),

    ROW(M_L1I_ACCESSES, "l1i-accesses", "L1I accesses", UNIT_COUNT, WORSE_UP, CAUSE_NONE),
    ROW(M_L1I_MISSES, "l1i-misses", "L1I misses", UNIT_COUNT, WORSE_UP, CAUSE_LAYOUT),
    ROW(M_L2I_MISSES, "l2i-misses", "L2 misses of code", UNIT_COUNT, WORSE_UP, CAUSE_LAYOUT),
    ROW(M_LLCI_MISSES, "llci-misses", "LLC misses of code", UNIT_COUNT, WORSE_UP, CAUSE_LAYOUT),
    ROW(M_ITLB_MISSES, "itlb-misses", "iTLB misses", UNIT_COUNT, WORSE_UP, CAUSE_LAYOUT),
    ROW(M_ITLB_WALKS, "itlb-walks", "page walks for code", UNIT_COUNT, WORSE_UP, CAUSE_LAYOUT),
    ROW(M_FETCH_WINDOWS, "fetch-windows", "fetch windows", UNIT_COUNT, WORSE_UP, CAUSE_LAYOUT),
    ROW(M_OPCACHE_MISSES, "opcache-misses", "op-cache misses", UNIT_COUNT, WORSE_UP, CAUSE_LAYOUT),
    ROW(M_OPCACHE_SWITCHES, "opcache-switches", "op-cache to decoder switches", UNIT_COUNT, WORSE_UP, CAUSE_LAYOUT),
    ROW(M_BTB_MISSES, "btb-misses", "BTB misses (resteers)", UNIT_COUNT, WORSE_UP, CAUSE_LAYOUT),
    ROW(M_BRANCH_DENSITY, "branch-density", "crowded branch lines", UNIT_COUNT, WORSE_UP, CAUSE_LAYOUT),
    ROW(M_JCC_ERRATUM, "jcc-erratum", "JCC-erratum fetches", UNIT_COUNT, WORSE_UP, CAUSE_LAYOUT),
    ROW(M_FRONTEND_STALLS, "frontend-stalls", "front-end stall cycles", UNIT_COUNT, WORSE_UP, CAUSE_LAYOUT),
    ROW(M_BACKEND_STALLS, "backend-stalls", "back-end stall cycles", UNIT_COUNT, WORSE_UP, CAUSE_DATA),

    ROW(M_CACHE_REFERENCES, "cache-references", "cache references", UNIT_COUNT, WORSE_UP, CAUSE_NONE),
    ROW(M_CACHE_MISSES, "cache-misses", "cache misses", UNIT_COUNT, WORSE_UP, CAUSE_DATA),
    ROW(M_L1D_ACCESSES, "l1d-accesses", "L1D accesses", UNIT_COUNT, WORSE_UP, CAUSE_NONE),
    ROW(M_L1D_MISSES, "l1d-misses", "L1D misses", UNIT_COUNT, WORSE_UP, CAUSE_DATA),
    ROW(M_L2D_MISSES, "l2d-misses", "L2 misses of data", UNIT_COUNT, WORSE_UP, CAUSE_DATA),
    ROW(M_LLC_ACCESSES, "llc-accesses", "LLC accesses", UNIT_COUNT, WORSE_UP, CAUSE_NONE),
    ROW(M_LLC_MISSES, "llc-misses", "LLC misses of data", UNIT_COUNT, WORSE_UP, CAUSE_DATA),
    ROW(M_DTLB_ACCESSES, "dtlb-accesses", "dTLB accesses", UNIT_COUNT, WORSE_UP, CAUSE_NONE),
    ROW(M_DTLB_MISSES, "dtlb-misses", "dTLB misses", UNIT_COUNT, WORSE_UP, CAUSE_DATA),
    ROW(M_STLB_HITS, "stlb-hits", "second-level TLB hits", UNIT_COUNT, WORSE_UP, CAUSE_DATA),
    ROW(M_DTLB_WALKS, "dtlb-walks", "page walks for data", UNIT_COUNT, WORSE_UP, CAUSE_DATA),
    ROW(M_PREFETCHES, "prefetches", "prefetched lines", UNIT_COUNT, WORSE_NEITHER, CAUSE_NONE),
    ROW(M_LINE_SPLITS, "line-splits", "line splits", UNIT_COUNT, WORSE_UP, CAUSE_DATA),
    ROW(M_PAGE_SPLITS, "page-splits", "page splits", UNIT_COUNT, WORSE_UP, CAUSE_DATA),
    ROW(M_ALIAS_4K, "alias-4k", "4 KiB aliases", UNIT_COUNT, WORSE_UP, CAUSE_DATA),
    ROW(M_STORE_FORWARD_BLOCKS, "store-forward-blocks", "blocked store forwards", UNIT_COUNT, WORSE_UP, CAUSE_DATA),

    ROW(M_SLOTS, "slots", "issue slots", UNIT_COUNT, WORSE_NEITHER, CAUSE_NONE),
    ROW(M_SLOTS_FRONTEND, "slots-frontend", "slots lost to the front end", UNIT_COUNT, WORSE_UP, CAUSE_LAYOUT),
    ROW(M_SLOTS_BAD_SPECULATION, "slots-bad-speculation", "slots lost to bad speculation", UNIT_COUNT, WORSE_UP, CAUSE_HINT),
    ROW(M_SLOTS_BACKEND, "slots-backend", "slots lost to the back end", UNIT_COUNT, WORSE_UP, CAUSE_DATA),
    ROW(M_SLOTS_RETIRING, "slots-retiring", "slots that retired", UNIT_COUNT, WORSE_NEITHER, CAUSE_WORK),

    QUOTIENT(M_IPC, "ipc", "instructions per cycle", UNIT_RATIO, WORSE_DOWN, CAUSE_LAYOUT, M_INSTRUCTIONS, M_CYCLES, 1),
    QUOTIENT(M_BRANCH_MISS_RATE, "branch-miss-rate", "branch-miss rate", UNIT_PERCENT, WORSE_UP, CAUSE_HINT,
             M_BRANCH_MISSES, M_BRANCHES, 100),
    QUOTIENT(M_CACHE_MISS_RATE, "cache-miss-rate", "cache-miss rate", UNIT_PERCENT, WORSE_UP, CAUSE_DATA,
             M_CACHE_MISSES, M_CACHE_REFERENCES, 100),
#define PER_KILO(id, name, title, cause, over) \
    QUOTIENT(id, name, title, UNIT_PER_KILO, WORSE_UP, cause, over, M_INSTRUCTIONS, 1000)
    PER_KILO(M_BRANCH_MPKI, "branch-mpki", "branch mispredicts", CAUSE_HINT, M_BRANCH_MISSES),
    PER_KILO(M_TAKEN_PKI, "taken-pki", "taken branches", CAUSE_HINT, M_TAKEN_BRANCHES),
    PER_KILO(M_L1I_MPKI, "l1i-mpki", "L1I misses", CAUSE_LAYOUT, M_L1I_MISSES),
    PER_KILO(M_ITLB_MPKI, "itlb-mpki", "iTLB misses", CAUSE_LAYOUT, M_ITLB_MISSES),
    PER_KILO(M_OPCACHE_MPKI, "opcache-mpki", "op-cache misses", CAUSE_LAYOUT, M_OPCACHE_MISSES),
    PER_KILO(M_BTB_MPKI, "btb-mpki", "BTB misses", CAUSE_LAYOUT, M_BTB_MISSES),
    PER_KILO(M_CACHE_MPKI, "cache-mpki", "cache misses", CAUSE_DATA, M_CACHE_MISSES),
    PER_KILO(M_L1D_MPKI, "l1d-mpki", "L1D misses", CAUSE_DATA, M_L1D_MISSES),
    PER_KILO(M_LLC_MPKI, "llc-mpki", "LLC misses of data", CAUSE_DATA, M_LLC_MISSES),
    PER_KILO(M_DTLB_MPKI, "dtlb-mpki", "dTLB misses", CAUSE_DATA, M_DTLB_MISSES),
    PER_KILO(M_DTLB_WALK_PKI, "dtlb-walk-pki", "page walks for data", CAUSE_DATA, M_DTLB_WALKS),
};

const char *const source_name[SOURCE_COUNT] = { "clock", "perf", "sim", "file", "script", "elf" };

const char *const reading_state_name[READING_STATE_COUNT] = { "not-asked", "not-supported", "not-counted", "read" };

bool metric_by_name(const char *name, enum metric *metric)
{
    for (int i = 0; i < METRIC_COUNT; i++)
        if (strcmp(metric_table[i].name, name) == 0) {
            *metric = (enum metric)i;
            return true;
        }
    return false;
}

const char *unit_name(enum unit unit)
{
    switch (unit) {
    case UNIT_COUNT: return "";
    case UNIT_NANOSECONDS: return "ns";
    case UNIT_BYTES: return "bytes";
    case UNIT_PER_SECOND: return "/s";
    case UNIT_RATIO: return "";
    case UNIT_PERCENT: return "%";
    case UNIT_PER_KILO: return "/1000 instructions";
    }
    return "";
}

static void derive(struct reading *readings, const struct metric_row *row, struct reading *out)
{
    const struct reading *over = &readings[row->over], *under = &readings[row->under];
    if (over->state != READING_READ || under->state != READING_READ) {
        /* The worse of the two states explains the gap. */
        *out = (struct reading){ .state = over->state < under->state ? over->state : under->state, .source = over->source };
        return;
    }
    if (over->source != under->source || under->value == 0) {
        *out = (struct reading){ .state = READING_NOT_COUNTED, .source = over->source };
        return;
    }
    *out = (struct reading){ .state = READING_READ, .source = over->source, .value = row->scale * over->value / under->value };
    if (READING_SCALED(over) || READING_SCALED(under)) {
        const struct reading *scaled = READING_SCALED(over) ? over : under;
        out->enabled_ns = scaled->enabled_ns;
        out->running_ns = scaled->running_ns;
    }
}

void metric_derive(struct reading *readings)
{
    for (int i = 0; i < METRIC_COUNT; i++)
        if (metric_table[i].derived)
            derive(readings, &metric_table[i], &readings[i]);
}
