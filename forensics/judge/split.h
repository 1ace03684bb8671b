/* The exact split of METHOD: C = I * CPI, dC = dI * mean CPI + mean I * dCPI, and what event counts say of the second
 * term. */
#ifndef FORENSICS_JUDGE_SPLIT_H
#define FORENSICS_JUDGE_SPLIT_H

#include "judge/docket.h"

/* Ratios new / old per unit of the program's own work. */
struct ratios {
    bool known;             /* cycles and instructions can be had */
    enum source source;
    double cycles, instructions; /* new / old, per operation */
    double cpi;             /* old's cycles per instruction */
    double per_operation;   /* operations of new's run / old's: 1 unless the program runs for a fixed time */
    bool from_ipc;          /* instructions were inferred from IPC and time */
};

/* Finds cycles and instructions of one source, or infers the latter from IPC and the slowdown. Prefers measured
 * figures. */
struct ratios find_ratios(const struct comparison *comparison);

/* Fills verdict->attribution, the docket's rule_cycles and rest flags, with the sums as sentences. Needs the
 * rules to have run. Leaves `known` false when cycles or instructions are missing or the change is too small to divide.
 */
void split_exactly(struct docket *docket);

#endif
