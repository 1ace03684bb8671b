/* Gains in speed from saved runs: paired by round where runs have rounds, unpaired where they have not. The figures
 * are those of the other statistics here: Hodges-Lehmann on logarithms, exact rank tests, intervals by test inversion
 * (Student's or Welch's where there are too few values for that).
 */
#ifndef FORENSICS_STAT_GAINS_H
#define FORENSICS_STAT_GAINS_H

#include "core/bench.h"
#include "core/matrix.h"
#include "core/scorecard.h"

/* `other` against `base`, round by round; costs > 0. n == 1: exact (a modelled cost). */
struct gain gain_paired(struct arena *arena, const double *base, const double *other, size_t n);

/* `other` against `base` without common rounds; both at least 2. */
struct gain gain_unpaired(struct arena *arena, const double *base, size_t base_n, const double *other, size_t n);

/* The middle of the costs. */
double cost_median(struct arena *arena, const double *cost, size_t n);

/* The four points' gains and what they add up to; `panel` has the points A, B, C, D in this order. */
void matrix_gains(struct arena *arena, const struct bench_panel *panel, struct matrix *matrix);

/* Every subject against FAST, and the builds against their baselines, paired by round. False with a sentence when the
 * file lacks a build or a round. */
bool scorecard_gains(struct arena *arena, const struct bench_file *file, struct scorecard *card, struct err *err);

#endif
