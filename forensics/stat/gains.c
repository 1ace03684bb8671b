#include "stat/gains.h"

#include <assert.h>
#include <math.h>

#include "stat/estimate.h"
#include "stat/interval.h"
#include "stat/rank.h"

/* From differences, one a round; of logarithms but for shares. */
static struct gain of_differences(struct arena *arena, double *d, size_t n)
{
    struct gain g = { .n = n, .base_n = n, .paired = true, .p = NAN };
    assert(n >= 1);
    if (n == 1) {
        g.exact = true;
        g.log = g.lo = g.hi = d[0];
        return g;
    }
    g.p = signed_rank(arena, d, n, 1).p;
    sort_doubles(d, n);
    struct interval at95 = paired_interval(arena, d, n, 0.95);
    g.log = hodges_lehmann(d, n);
    g.lo = at95.lo;
    g.hi = at95.hi;
    return g;
}

struct gain gain_paired(struct arena *arena, const double *base, const double *other, size_t n)
{
    double *d = arena_array(arena, n, sizeof *d);
    for (size_t i = 0; i < n; i++)
        d[i] = log(base[i]) - log(other[i]);
    return of_differences(arena, d, n);
}

static double *speeds(struct arena *arena, const double *cost, size_t n)
{
    double *logs = arena_array(arena, n, sizeof *logs);
    for (size_t i = 0; i < n; i++)
        logs[i] = -log(cost[i]);
    sort_doubles(logs, n);
    return logs;
}

struct gain gain_unpaired(struct arena *arena, const double *base, size_t base_n, const double *other, size_t n)
{
    assert(base_n >= 2 && n >= 2);
    double *x = speeds(arena, base, base_n), *y = speeds(arena, other, n);
    struct interval at95 = shift_interval(arena, x, base_n, y, n, 0.95);
    return (struct gain){ .log = hodges_lehmann_shift(x, base_n, y, n), .lo = at95.lo, .hi = at95.hi,
                          .p = mann_whitney(arena, x, base_n, y, n, 1).p, .n = n, .base_n = base_n };
}

double cost_median(struct arena *arena, const double *cost, size_t n)
{
    double *sorted = arena_array(arena, n, sizeof *sorted);
    for (size_t i = 0; i < n; i++)
        sorted[i] = cost[i];
    sort_doubles(sorted, n);
    return median(sorted, n);
}

void matrix_gains(struct arena *arena, const struct bench_panel *panel, struct matrix *matrix)
{
    size_t n = panel->rounds;
    double *const *cost = panel->cost, *d = arena_array(arena, n, sizeof *d);
    assert(panel->point_count == POINT_COUNT);
    matrix->rounds = n;
    for (int p = 0; p < POINT_COUNT; p++) {
        matrix->cost[p] = cost_median(arena, cost[p], n);
        matrix->gain[p] = gain_paired(arena, cost[POINT_A], cost[p], n);
    }
    for (size_t i = 0; i < n; i++)
        d[i] = log(cost[POINT_B][i]) + log(cost[POINT_C][i]) - log(cost[POINT_A][i]) - log(cost[POINT_D][i]);
    matrix->beyond = of_differences(arena, d, n);
    for (size_t i = 0; i < n; i++)
        d[i] = (cost[POINT_B][i] + cost[POINT_C][i] - cost[POINT_A][i] - cost[POINT_D][i]) / cost[POINT_A][i];
    struct gain saved = of_differences(arena, d, n);
    matrix->saved = (struct saving){ saved.log, saved.lo, saved.hi, saved.exact };
}
