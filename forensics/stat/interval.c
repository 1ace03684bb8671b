#include "stat/interval.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "base/arena.h"
#include "stat/distribution.h"
#include "stat/estimate.h"
#include "stat/rank.h"

static struct interval around(double centre, double error, double df, double level)
{
    double half = error * student_quantile(0.5 + level / 2, df);
    return (struct interval){ centre - half, centre + half };
}

struct interval paired_interval(struct arena *arena, const double *sorted, size_t n, double level)
{
    assert(n >= 2);
    double k = signed_rank_critical(arena, n, (1 - level) / 2), count = (double)n * (double)(n + 1) / 2;
    if (k < 1)
        return around(mean(sorted, n), deviation(sorted, n) / sqrt((double)n), (double)n - 1, level);
    return (struct interval){ walsh_order(sorted, n, k), walsh_order(sorted, n, count + 1 - k) };
}

static struct interval welch(const double *x, size_t m, const double *y, size_t n, double level)
{
    double vx = pow(deviation(x, m), 2) / (double)m, vy = pow(deviation(y, n), 2) / (double)n, v = vx + vy;
    double df = v > 0 ? v * v / (vx * vx / (double)(m - 1) + vy * vy / (double)(n - 1)) : (double)(m + n - 2);
    return around(mean(y, n) - mean(x, m), sqrt(v), df, level);
}

struct interval shift_interval(struct arena *arena, const double *sorted_x, size_t m, const double *sorted_y, size_t n,
                               double level)
{
    assert(m >= 2 && n >= 2);
    double k = mann_whitney_critical(arena, m, n, (1 - level) / 2), count = (double)m * (double)n;
    if (k < 1)
        return welch(sorted_x, m, sorted_y, n, level);
    return (struct interval){ shift_order(sorted_x, m, sorted_y, n, k),
                              shift_order(sorted_x, m, sorted_y, n, count + 1 - k) };
}

bool equivalent(struct interval ninety, double margin)
{
    return ninety.lo > -margin && ninety.hi < margin;
}

double detectable_effect(double half_width, double df, double floor)
{
    double reach = isinf(df) ? normal_quantile(0.8) / normal_quantile(0.975)
                             : student_quantile(0.8, df) / student_quantile(0.975, df);
    return fmax(half_width * (1 + reach), floor + half_width * reach);
}

static int by_p(const void *a, const void *b)
{
    const double *x = *(const double *const *)a, *y = *(const double *const *)b;
    return (*x > *y) - (*x < *y);
}

size_t benjamini_hochberg(struct arena *arena, const double *p, size_t n, double q, bool *chosen)
{
    const double **order = arena_array(arena, n, sizeof *order);
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        order[i] = &p[i];
    if (n > 1)
        qsort(order, n, sizeof *order, by_p);
    for (size_t i = 0; i < n; i++)
        if (*order[i] <= q * (double)(i + 1) / (double)n)
            kept = i + 1;
    for (size_t i = 0; i < n; i++)
        chosen[order[i] - p] = i < kept;
    return kept;
}
