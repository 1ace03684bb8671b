/* Rank tests with their exact distributions, ties included: the distribution is counted over the midranks that are
 * there, not looked up for ranks 1..n. Beyond the exact sizes a permutation with a fixed seed takes over.
 */
#ifndef FORENSICS_STAT_RANK_H
#define FORENSICS_STAT_RANK_H

#include <stddef.h>
#include <stdint.h>

struct arena;

enum {
    SIGNED_RANK_EXACT_N = 200, /* differences that are not zero; n^2 states, n steps each */
    MANN_WHITNEY_EXACT_N = 80, /* both samples together; n^2 states, n^2/4 steps each */
    PERMUTATION_DRAWS = 20000, /* standard error of a p of .05: .0015 */
};

/* What a rank test found. */
struct rank_test {
    double statistic; /* signed rank: W+, the sum of positive ranks; Mann-Whitney: U, pairs with y > x (ties half) */
    double p;         /* two-sided: twice the smaller tail, at most 1; 1 when nothing differs */
    size_t n;         /* values that counted: differences that are not zero, or both samples */
    int exact;        /* 0: by permutation */
};

/* Wilcoxon's signed-rank test of `differences` against 0. Zero differences are left out (Wilcoxon 1945). */
struct rank_test signed_rank(struct arena *arena, const double *differences, size_t n, uint64_t seed);

/* Mann-Whitney's test of y against x. */
struct rank_test mann_whitney(struct arena *arena, const double *x, size_t m, const double *y, size_t n, uint64_t seed);

/* The largest k with P(W+ <= k - 1) <= tail without ties: the k-th smallest and k-th largest Walsh averages are then an
 * interval of level 1 - 2 tail. 0: n is too small for that level. */
double signed_rank_critical(struct arena *arena, size_t n, double tail);

/* The same for the m*n differences of two samples. */
double mann_whitney_critical(struct arena *arena, size_t m, size_t n, double tail);

#endif
