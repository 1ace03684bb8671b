#include "stat/estimate.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void sort_doubles(double *values, size_t n)
{
    if (n > 1)
        qsort(values, n, sizeof *values, by_value);
}

double mean(const double *values, size_t n)
{
    assert(n >= 1);
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += values[i];
    return sum / (double)n;
}

double deviation(const double *values, size_t n)
{
    if (n < 2)
        return 0;
    double m = mean(values, n), sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (values[i] - m) * (values[i] - m);
    return sqrt(sum / (double)(n - 1));
}

double quantile(const double *sorted, size_t n, double p)
{
    assert(n >= 1);
    double at = p * (double)(n - 1);
    size_t below = (size_t)floor(at);
    if (below >= n - 1)
        return sorted[n - 1];
    return sorted[below] + (at - (double)below) * (sorted[below + 1] - sorted[below]);
}

double median(const double *sorted, size_t n)
{
    return quantile(sorted, n, 0.5);
}

double median_deviation(const double *sorted, size_t n, double *scratch)
{
    double m = median(sorted, n);
    for (size_t i = 0; i < n; i++)
        scratch[i] = fabs(sorted[i] - m);
    sort_doubles(scratch, n);
    return median(scratch, n);
}

double trimmed_mean(const double *sorted, size_t n, double trim)
{
    size_t cut = (size_t)floor((double)n * trim);
    if (2 * cut >= n)
        return median(sorted, n);
    return mean(sorted + cut, n - 2 * cut);
}

double low_tail_mean(const double *sorted, size_t n)
{
    double room = fmax(1, (double)n / 10), sum = 0;
    size_t whole = (size_t)floor(room);
    for (size_t i = 0; i < whole; i++)
        sum += sorted[i];
    if (whole < n)
        sum += (room - (double)whole) * sorted[whole];
    return sum / room;
}

/* Two sorted samples; for Walsh averages y is x. */
struct pairing {
    const double *x, *y;
    size_t m, n;
};

/* How many Walsh averages are <= at: for each i the j >= i with x_j <= 2 at - x_i, found with one falling pointer. */
static double walsh_count(const struct pairing *p, double at)
{
    double count = 0;
    size_t end = p->m;
    for (size_t i = 0; i < p->m; i++) {
        while (end > 0 && (p->x[i] + p->x[end - 1]) / 2 > at)
            end--;
        if (end <= i)
            break;
        count += (double)(end - i);
    }
    return count;
}

static double shift_count(const struct pairing *p, double at)
{
    double count = 0;
    size_t end = 0;
    for (size_t i = 0; i < p->m; i++) {
        while (end < p->n && p->y[end] - p->x[i] <= at)
            end++;
        count += (double)end;
    }
    return count;
}

/* The k-th smallest value between lo and hi, exact to 1e-15 of their distance: bisection on the count, because the
 * values themselves are n^2 / 2 and need not be stored. */
static double select_order(const struct pairing *p, double (*count)(const struct pairing *, double), double k,
                           double lo, double hi)
{
    if (count(p, lo) >= k)
        return lo;
    double stop = (hi - lo) * 1e-15;
    while (hi - lo > stop) {
        double at = lo + (hi - lo) / 2;
        if (at <= lo || at >= hi)
            break;
        if (count(p, at) >= k)
            hi = at;
        else
            lo = at;
    }
    return hi;
}

double walsh_order(const double *sorted, size_t n, double k)
{
    assert(n >= 1 && k >= 1 && k <= (double)n * (double)(n + 1) / 2);
    const struct pairing p = { sorted, sorted, n, n };
    return select_order(&p, walsh_count, k, sorted[0], sorted[n - 1]);
}

double shift_order(const double *sorted_x, size_t m, const double *sorted_y, size_t n, double k)
{
    assert(m >= 1 && n >= 1 && k >= 1 && k <= (double)m * (double)n);
    const struct pairing p = { sorted_x, sorted_y, m, n };
    return select_order(&p, shift_count, k, sorted_y[0] - sorted_x[m - 1], sorted_y[n - 1] - sorted_x[0]);
}

double hodges_lehmann(const double *sorted, size_t n)
{
    double count = (double)n * (double)(n + 1) / 2;
    return (walsh_order(sorted, n, floor((count + 1) / 2)) + walsh_order(sorted, n, ceil((count + 1) / 2))) / 2;
}

double hodges_lehmann_shift(const double *sorted_x, size_t m, const double *sorted_y, size_t n)
{
    double count = (double)m * (double)n;
    return (shift_order(sorted_x, m, sorted_y, n, floor((count + 1) / 2)) +
            shift_order(sorted_x, m, sorted_y, n, ceil((count + 1) / 2))) / 2;
}
