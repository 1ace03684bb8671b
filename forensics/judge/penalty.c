#include "judge/penalty.h"

/* Out-of-order processors hide a part of every miss, so the prices of the data side are below the latencies. They only
 * divide what the exact split has left over: scaled down when together they exceed it, and up to the whole latency when
 * a data rule fired and nothing else explains the rest. */
const struct penalty_row penalty_table[] = {
    { M_BRANCH_MISSES, METRIC_COUNT, 15, 20, SHARE_HINT,
      "Skylake-SP 15-20, Golden Cove about 17, Zen 3 about 13 cycles" },
    { M_CACHE_MISSES, M_LLC_MISSES, 40, 200, SHARE_DATA,
      "last level or memory (46-200 cycles), about half of it hidden" },
    { M_LLC_MISSES, METRIC_COUNT, 60, 200, SHARE_DATA,
      "memory latency 200 cycles and more, three to four misses at once" },
    { M_L2D_MISSES, METRIC_COUNT, 20, 70, SHARE_DATA,
      "last-level latency 46-70 cycles, about a third of it not hidden" },
    { M_L1D_MISSES, METRIC_COUNT, 4, 14, SHARE_DATA, "L2 latency 12-15 cycles, about a third of it not hidden" },
    { M_DTLB_MISSES, M_DTLB_WALKS, 20, 50, SHARE_DATA,
      "lower end of a page walk (20-50 cycles): some hit the second level" },
    { M_DTLB_WALKS, METRIC_COUNT, 30, 50, SHARE_DATA, "page walk 20-50 cycles" },
    { M_STLB_HITS, METRIC_COUNT, 7, 9, SHARE_DATA, "second-level TLB hit 7-9 cycles" },
    { M_LINE_SPLITS, METRIC_COUNT, 5, 10, SHARE_DATA, "a second L1D access" },
    { M_ALIAS_4K, METRIC_COUNT, 5, 7, SHARE_DATA, "reissue of the load" },
    { M_STORE_FORWARD_BLOCKS, METRIC_COUNT, 13, 14, SHARE_DATA, "13-14 cycles" },
    { M_L1I_MISSES, METRIC_COUNT, 12, 15, SHARE_LAYOUT, "L2 latency 12-15 cycles" },
    { M_ITLB_MISSES, M_ITLB_WALKS, 20, 50, SHARE_LAYOUT, "as for data" },
    { M_ITLB_WALKS, METRIC_COUNT, 30, 50, SHARE_LAYOUT, "as for data" },
    { M_OPCACHE_SWITCHES, METRIC_COUNT, 2, 3, SHARE_LAYOUT, "one to three cycles a switch" },
    { M_BTB_MISSES, METRIC_COUNT, 9, 10, SHARE_LAYOUT, "resteer at decode 8-10 cycles" },
};
const size_t penalty_count = sizeof penalty_table / sizeof *penalty_table;
