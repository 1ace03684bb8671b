#include "core/verdict.h"

const struct rule_row rule_table[RULE_COUNT] = {
    [RULE_IPC] = { "ipc", "IPC drops", { M_IPC, METRIC_COUNT }, true, 3, CAUSE_LAYOUT, 0 },
    /* Penalties: METHOD.md section 6, middle of the ranges given for the three processors. */
    [RULE_BRANCH_MISS] = { "branch-miss", "branch misses rise", { M_BRANCH_MISS_RATE, M_BRANCH_MPKI, M_BRANCH_MISSES, METRIC_COUNT },
                           false, 10, CAUSE_HINT, 15 },
    [RULE_CACHE_MISS] = { "cache-miss", "cache misses rise", { M_CACHE_MPKI, M_CACHE_MISSES, M_L1D_MPKI, METRIC_COUNT },
                          false, 10, CAUSE_DATA, 40 },
    [RULE_DTLB_MISS] = { "dtlb-miss", "dTLB misses rise", { M_DTLB_MPKI, M_DTLB_MISSES, METRIC_COUNT }, false, 10, CAUSE_DATA, 20 },
    [RULE_INSTRUCTIONS] = { "instructions", "instructions rise", { M_INSTRUCTIONS, METRIC_COUNT }, false, 1, CAUSE_WORK, 0 },
};

struct judge_options judge_options_default(void)
{
    struct judge_options options = { .mixed = .25 };
    for (int i = 0; i < RULE_COUNT; i++)
        options.threshold[i] = rule_table[i].threshold;
    return options;
}
