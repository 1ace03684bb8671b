/* What the noise looks like: leaning to one side, or gathered in two heaps. */
#ifndef FORENSICS_STAT_SHAPE_H
#define FORENSICS_STAT_SHAPE_H

#include <stdbool.h>
#include <stddef.h>

/* Quantiles of the logarithms of costs. */
struct shape {
    double spread; /* q95 - q05 */
    double lean;   /* (q95 - q25) / (q25 - q05): normal 2.4, uniform 3.5, exponential 11; INFINITY when q25 == q05 */
};

/* Thresholds of one-sided noise: the upper three quarters at least five times as wide as the lowest fifth, and wide
 * enough (2 %) that it matters. Chosen between uniform (3.5) and exponential (11). */
#define LEAN_ONE_SIDED 5.0
#define SPREAD_MATTERS 0.02

/* n >= 2. */
struct shape noise_shape(const double *sorted_logs, size_t n);

bool one_sided(struct shape shape);

/* The two heaps of the best split (least variance within; each at least a fifth of the values). */
struct heaps {
    double
        separation; /* Ashman's D (Ashman, Bird and Zepf 1994): sqrt(2) |m1 - m2| / sqrt(s1^2 + s2^2); 0 when n < 10 */
    double critical;   /* passed by 1 % of uniform samples of this size, the widest shape with one heap */
    double distance;   /* m2 - m1 */
    double low_part;   /* fraction of the values in the lower heap */
};

struct heaps two_heaps(const double *sorted, size_t n);

/* separation > critical and the heaps at least `least` apart. */
bool bimodal(struct heaps heaps, double least);

#endif
