/* Intervals, equivalence, power and the correction for many tests. Everything is on the scale it is given; the callers
 * give logarithms, so that an effect is a difference.
 */
#ifndef FORENSICS_STAT_INTERVAL_H
#define FORENSICS_STAT_INTERVAL_H

#include <stdbool.h>
#include <stddef.h>

struct arena;

struct interval {
    double lo, hi;
};

/* Interval of the centre of paired differences: signed-rank test inversion; with too few differences for that level
 * (fewer than 6 at 95 %, 5 at 90 %) Student's, which assumes normal noise. n >= 2. */
struct interval paired_interval(struct arena *arena, const double *sorted, size_t n, double level);

/* Interval of the shift y - x: Mann-Whitney test inversion; with too few values Welch's. m, n >= 2. */
struct interval shift_interval(struct arena *arena, const double *sorted_x, size_t m, const double *sorted_y, size_t n,
                               double level);

/* Two one-sided tests: the 90 % interval lies strictly inside -margin .. margin. */
bool equivalent(struct interval ninety, double margin);

/* The smallest effect that a test of 5 % would have called with 80 % power, from the half-width of the 95 % interval
 * and its degrees of freedom (INFINITY: normal), when an estimate below `floor` does not count: max(half (1 + t.80 /
 * t.975), floor + half t.80 / t.975). */
double detectable_effect(double half_width, double df, double floor);

/* Benjamini-Hochberg: sets chosen[i] for the tests kept at false discovery rate q; returns how many. */
size_t benjamini_hochberg(struct arena *arena, const double *p, size_t n, double q, bool *chosen);

#endif
