#include "core/cost.h"

const struct component_row component_table[COMPONENT_COUNT] = {
    [COMPONENT_BASE] = { "base", "instructions dispatched", SHARE_WORK },
    [COMPONENT_DIRECTION] = { "direction", "mispredicted directions", SHARE_HINT },
    [COMPONENT_INDIRECT] = { "indirect", "mispredicted indirect targets", SHARE_HINT },
    [COMPONENT_RETURN] = { "return", "mispredicted returns", SHARE_HINT },
    [COMPONENT_TAKEN] = { "taken", "taken-branch bubbles", SHARE_HINT },
    [COMPONENT_L1I] = { "l1i", "code from L2", SHARE_LAYOUT },
    [COMPONENT_L2I] = { "l2i", "code from beyond L2", SHARE_LAYOUT },
    [COMPONENT_ITLB] = { "itlb", "address translation of code", SHARE_LAYOUT },
    [COMPONENT_OPCACHE] = { "opcache", "op-cache and fetch windows", SHARE_LAYOUT },
    [COMPONENT_BTB] = { "btb", "branch-target misses", SHARE_LAYOUT },
    [COMPONENT_DENSITY] = { "density", "crowded branch lines", SHARE_LAYOUT },
    [COMPONENT_JCC] = { "jcc", "JCC erratum", SHARE_LAYOUT },
    [COMPONENT_L1D] = { "l1d", "data from L2", SHARE_DATA },
    [COMPONENT_L2D] = { "l2d", "data from LLC", SHARE_DATA },
    [COMPONENT_MEMORY] = { "memory", "data from memory", SHARE_DATA },
    [COMPONENT_DTLB] = { "dtlb", "address translation of data", SHARE_DATA },
    [COMPONENT_SPLIT] = { "split", "line and page splits", SHARE_DATA },
    [COMPONENT_ALIAS] = { "alias", "4 KiB aliasing", SHARE_DATA },
    [COMPONENT_FORWARD] = { "forward", "blocked store forwarding", SHARE_DATA },
    [COMPONENT_DEPENDENCE] = { "dependence", "dependence chains", SHARE_WORK },
};

double cost_cycles(const struct cost *cost)
{
    double sum = 0;
    for (int i = 0; i < COMPONENT_COUNT; i++)
        sum += cost->cycles[i];
    return sum;
}
