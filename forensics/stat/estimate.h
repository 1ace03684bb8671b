/* Locations and spreads of one or two samples. Functions that say `sorted` need ascending order (sort_doubles). */
#ifndef FORENSICS_STAT_ESTIMATE_H
#define FORENSICS_STAT_ESTIMATE_H

#include <stddef.h>

/* Ascending, in place. */
void sort_doubles(double *values, size_t n);

double mean(const double *values, size_t n); /* n >= 1 */

/* Sample standard deviation (n - 1); 0 when n < 2. */
double deviation(const double *values, size_t n);

/* Quantile by linear interpolation (Hyndman and Fan's type 7, R's default); p in 0..1, n >= 1. */
double quantile(const double *sorted, size_t n, double p);

double median(const double *sorted, size_t n);

/* Median absolute deviation from the median, not scaled. Needs scratch of n doubles. */
double median_deviation(const double *sorted, size_t n, double *scratch);

/* Mean without the lowest and highest floor(n * trim) values; trim in 0 .. 0.5. */
double trimmed_mean(const double *sorted, size_t n, double trim);

/* Mean of the lowest tenth: the undisturbed cost when noise only ever adds. n/10 need not be whole: the value on the
 * border counts by its fraction (the expected-shortfall form, so that the estimate moves smoothly with n); with n < 10
 * it is the smallest value. */
double low_tail_mean(const double *sorted, size_t n);

/* k-th smallest (1-based) of the n(n+1)/2 Walsh averages (x_i + x_j)/2, i <= j; 1e-15 of the range exact. */
double walsh_order(const double *sorted, size_t n, double k);

/* k-th smallest (1-based) of the m*n differences y_j - x_i. */
double shift_order(const double *sorted_x, size_t m, const double *sorted_y, size_t n, double k);

/* Hodges-Lehmann, one sample: the median of the Walsh averages. */
double hodges_lehmann(const double *sorted, size_t n);

/* Hodges-Lehmann, two samples: the median of the differences y - x. */
double hodges_lehmann_shift(const double *sorted_x, size_t m, const double *sorted_y, size_t n);

#endif
