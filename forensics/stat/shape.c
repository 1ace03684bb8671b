#include "stat/shape.h"

#include <math.h>

#include "stat/estimate.h"

struct shape noise_shape(const double *sorted_logs, size_t n)
{
    double q05 = quantile(sorted_logs, n, .05), q25 = quantile(sorted_logs, n, .25),
           q95 = quantile(sorted_logs, n, .95);
    return (struct shape){ q95 - q05, q25 > q05 ? (q95 - q25) / (q25 - q05) : q95 > q25 ? INFINITY : 1 };
}

bool one_sided(struct shape shape)
{
    return shape.lean >= LEAN_ONE_SIDED && shape.spread >= SPREAD_MATTERS;
}

/* 99 % point of the separation in uniform samples: 3.46 (its limit) + 6 / sqrt(n) + 20 / n, fitted to 20000 samples
 * each of n = 10 .. 500, within 6 %. */
static double critical_separation(size_t n)
{
    return sqrt(12) + 6 / sqrt((double)n) + 20 / (double)n;
}

struct heaps two_heaps(const double *sorted, size_t n)
{
    struct heaps best = { .critical = critical_separation(n) };
    if (n < 10)
        return best;
    size_t least = (n + 4) / 5, split = 0;
    double most = -1;
    for (size_t k = least; k <= n - least; k++) {
        double step = mean(sorted + k, n - k) - mean(sorted, k), between = (double)k * (double)(n - k) * step * step;
        if (between > most) {
            most = between;
            split = k;
        }
    }
    double low = deviation(sorted, split), high = deviation(sorted + split, n - split);
    best.distance = mean(sorted + split, n - split) - mean(sorted, split);
    best.low_part = (double)split / (double)n;
    best.separation = best.distance > 0 ? M_SQRT2 * best.distance / sqrt(low * low + high * high) : 0;
    return best;
}

bool bimodal(struct heaps heaps, double least)
{
    return heaps.separation > heaps.critical && heaps.distance >= least;
}
