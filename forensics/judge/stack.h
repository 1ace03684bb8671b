/* Attribution from two cost profiles: the difference of two CPI stacks, by component, by function and by object. */
#ifndef FORENSICS_JUDGE_STACK_H
#define FORENSICS_JUDGE_STACK_H

#include "judge/docket.h"

/* One function or object in both profiles. */
struct cost_pair {
    const struct cost_item *old, *new;  /* one may be NULL */
    const struct symbol_change *change; /* NULL: no delta, or not found there */
    double cycles;                      /* new - old */
    double shares[SHARE_COUNT];         /* the same by share */
};

/* Joins the functions (or objects) of both profiles by the delta of their file, else by name and module; largest
 * |cycles| first. */
struct cost_pair *pair_costs(const struct docket *docket, const struct cost_profile *const costs[2], bool objects,
                             size_t *count);

/* Identical code: the delta says so, or (no delta) nothing is known: false. */
bool same_code(const struct cost_pair *pair);

/* Fills verdict->attribution from the profiles, with bookings; false when they differ by too little to divide. */
bool split_stack(struct docket *docket);

#endif
