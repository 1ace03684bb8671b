/* The low-tail comparison: for noise that only ever adds (bursts, stolen time, slow spells of a shared core), the
 * lowest tenth of each side is what the program costs, and medians are what the neighbours cost.
 *
 * Its test swaps old and new inside each round with probability 1/2 (they are exchangeable when nothing changed,
 * whatever the noise and however it hangs together over rounds) and its interval inverts that test: the set of factors
 * by which new may be divided so that nothing is left to see. A bootstrap of the lowest tenth was tried and covers
 * 80-92 % where 95 % is asked for; the inversion keeps its level from 20 rounds on (docs/statistics.md has the
 * figures).
 */
#ifndef FORENSICS_STAT_TAIL_H
#define FORENSICS_STAT_TAIL_H

#include <stddef.h>
#include <stdint.h>

#include "stat/interval.h"

struct arena;

enum {
    TAIL_ROUNDS = 20, /* with fewer the lowest tenth is one or two runs: not used */
    TAIL_SWAPS = 999, /* swaps drawn; smallest two-sided p: .002 */
};

struct tail_effect {
    double old_value, new_value; /* low-tail means, in the costs' unit */
    double effect;               /* log(new_value / old_value) */
    struct interval at95, at90;  /* of the effect; ends are exact to 1e-4 */
    double p;                    /* two-sided */
};

/* Costs of n paired rounds, all > 0; n >= 2. */
struct tail_effect low_tail_effect(struct arena *arena, const double *old_cost, const double *new_cost, size_t n,
                                   uint64_t seed);

#endif
