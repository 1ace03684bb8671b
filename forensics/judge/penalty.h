/* What an event costs, in cycles: the default prices of the attribution. A row a counter. */
#ifndef FORENSICS_JUDGE_PENALTY_H
#define FORENSICS_JUDGE_PENALTY_H

#include "core/verdict.h"

struct penalty_row {
    enum metric metric;
    enum metric covers; /* METRIC_COUNT, or a finer counter that, when read, makes this row superfluous */
    double cycles;      /* per event, overlap taken off */
    double most; /* the same with nothing hidden: how far the price may rise when nothing else explains the rest */
    enum share share;
    const char *basis;  /* where the price comes from */
};

extern const struct penalty_row penalty_table[];
extern const size_t penalty_count;

#endif
