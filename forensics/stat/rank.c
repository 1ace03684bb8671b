#include "stat/rank.h"

#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "stat/distribution.h"
#include "stat/estimate.h"
#include "stat/rng.h"

/* First position in `sorted` whose value is >= `value`. */
static size_t lower_bound(const double *sorted, size_t n, double value)
{
    size_t lo = 0, hi = n;
    while (lo < hi) {
        size_t at = (lo + hi) / 2;
        if (sorted[at] < value)
            lo = at + 1;
        else
            hi = at;
    }
    return lo;
}

/* Midranks doubled, so that ties stay whole numbers: 1, 1, 3 get 3, 3, 6. */
static void double_midranks(struct arena *arena, const double *values, size_t n, uint32_t *ranks)
{
    double *sorted = arena_array(arena, n, sizeof *sorted);
    memcpy(sorted, values, n * sizeof *sorted);
    sort_doubles(sorted, n);
    for (size_t i = 0; i < n; i++) {
        size_t first = lower_bound(sorted, n, values[i]), last = first;
        while (last < n && sorted[last] == values[i])
            last++;
        ranks[i] = (uint32_t)(first + 1 + last);
    }
}

/* Twice the smaller tail of a distribution given by its weights at 0..top, observed at `at`. */
static double two_sided(const double *weights, size_t top, size_t at)
{
    double total = 0, below = 0, above = 0;
    for (size_t s = 0; s <= top; s++) {
        total += weights[s];
        below += s <= at ? weights[s] : 0;
        above += s >= at ? weights[s] : 0;
    }
    return fmin(1, 2 * fmin(below, above) / total);
}

/* P(sum of the ranks with a positive sign == s) for s in 0..top: each rank is in or out with probability 1/2. */
static double *signed_weights(struct arena *arena, const uint32_t *ranks, size_t n, size_t *top)
{
    size_t sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += ranks[i];
    double *weights = arena_array(arena, sum + 1, sizeof *weights);
    weights[0] = 1;
    size_t reach = 0;
    for (size_t i = 0; i < n; i++) {
        reach += ranks[i];
        for (size_t s = reach + 1; s-- > 0;)
            weights[s] = (weights[s] + (s >= ranks[i] ? weights[s - ranks[i]] : 0)) / 2;
    }
    *top = sum;
    return weights;
}

static double signed_permutation(const uint32_t *ranks, size_t n, size_t observed, uint64_t seed)
{
    struct rng rng = rng_seeded(seed);
    double below = 1, above = 1; /* the observed arrangement is one of them */
    for (int draw = 0; draw < PERMUTATION_DRAWS; draw++) {
        size_t sum = 0;
        for (size_t i = 0; i < n; i++)
            sum += rng_next(&rng) >> 31 ? ranks[i] : 0;
        below += sum <= observed;
        above += sum >= observed;
    }
    return fmin(1, 2 * fmin(below, above) / (PERMUTATION_DRAWS + 1));
}

struct rank_test signed_rank(struct arena *arena, const double *differences, size_t n, uint64_t seed)
{
    double *sizes = arena_array(arena, n, sizeof *sizes);
    int *positive = arena_array(arena, n, sizeof *positive);
    uint32_t *ranks = arena_array(arena, n, sizeof *ranks);
    size_t kept = 0, observed = 0;
    for (size_t i = 0; i < n; i++)
        if (differences[i] != 0) {
            positive[kept] = differences[i] > 0;
            sizes[kept++] = fabs(differences[i]);
        }
    struct rank_test test = { .p = 1, .n = kept, .exact = kept <= SIGNED_RANK_EXACT_N };
    if (kept == 0)
        return test;
    double_midranks(arena, sizes, kept, ranks);
    for (size_t i = 0; i < kept; i++)
        observed += positive[i] ? ranks[i] : 0;
    test.statistic = (double)observed / 2;
    if (test.exact) {
        size_t top;
        double *weights = signed_weights(arena, ranks, kept, &top);
        test.p = two_sided(weights, top, observed);
    } else {
        test.p = signed_permutation(ranks, kept, observed, seed);
    }
    return test;
}

/* How many ways (as doubles) to choose `take` of `count` ranks with sum s, for s in 0..top. */
static double *subset_weights(struct arena *arena, const uint32_t *ranks, size_t count, size_t take, size_t *top)
{
    size_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += ranks[i];
    double *ways = arena_array(arena, (take + 1) * (sum + 1), sizeof *ways);
    ways[0] = 1;
    for (size_t i = 0; i < count; i++)
        for (size_t k = i + 1 < take ? i + 1 : take; k > 0; k--)
            for (size_t s = ranks[i]; s <= sum; s++)
                ways[k * (sum + 1) + s] += ways[(k - 1) * (sum + 1) + s - ranks[i]];
    *top = sum;
    return ways + take * (sum + 1);
}

static double subset_permutation(uint32_t *ranks, size_t count, size_t take, size_t observed, uint64_t seed)
{
    struct rng rng = rng_seeded(seed);
    double below = 1, above = 1;
    for (int draw = 0; draw < PERMUTATION_DRAWS; draw++) {
        size_t sum = 0;
        for (size_t i = 0; i < take; i++) { /* the first `take` places of a Fisher-Yates shuffle */
            size_t j = i + rng_below(&rng, (uint32_t)(count - i));
            uint32_t rank = ranks[j];
            ranks[j] = ranks[i];
            ranks[i] = rank;
            sum += rank;
        }
        below += sum <= observed;
        above += sum >= observed;
    }
    return fmin(1, 2 * fmin(below, above) / (PERMUTATION_DRAWS + 1));
}

struct rank_test mann_whitney(struct arena *arena, const double *x, size_t m, const double *y, size_t n, uint64_t seed)
{
    size_t count = m + n, observed = 0;
    struct rank_test test = { .p = 1, .n = count, .exact = count <= MANN_WHITNEY_EXACT_N };
    if (m == 0 || n == 0)
        return test;
    double *both = arena_array(arena, count, sizeof *both);
    uint32_t *ranks = arena_array(arena, count, sizeof *ranks);
    memcpy(both, y, n * sizeof *both);
    memcpy(both + n, x, m * sizeof *both);
    double_midranks(arena, both, count, ranks);
    for (size_t i = 0; i < n; i++)
        observed += ranks[i];
    test.statistic = ((double)observed - (double)n * (double)(n + 1)) / 2;
    if (test.exact) {
        size_t top;
        double *ways = subset_weights(arena, ranks, count, n, &top);
        test.p = two_sided(ways, top, observed);
    } else {
        test.p = subset_permutation(ranks, count, n, observed, seed);
    }
    return test;
}

static double critical(const double *weights, size_t top, size_t from, double tail)
{
    double total = 0, below = 0;
    for (size_t s = 0; s <= top; s++)
        total += weights[s];
    for (size_t s = from; s <= top; s += 2) { /* doubled ranks: only every other sum occurs without ties */
        below += weights[s] / total;
        if (below > tail)
            return (double)(s - from) / 2;
    }
    return 0;
}

static double critical_normal(double average, double variance, double tail)
{
    return fmax(0, floor(average + normal_quantile(tail) * sqrt(variance) - 0.5) + 1);
}

static uint32_t *plain_ranks(struct arena *arena, size_t n)
{
    uint32_t *ranks = arena_array(arena, n, sizeof *ranks);
    for (size_t i = 0; i < n; i++)
        ranks[i] = (uint32_t)(2 * (i + 1));
    return ranks;
}

double signed_rank_critical(struct arena *arena, size_t n, double tail)
{
    double d = (double)n;
    if (n > SIGNED_RANK_EXACT_N)
        return critical_normal(d * (d + 1) / 4, d * (d + 1) * (2 * d + 1) / 24, tail);
    size_t top;
    double *weights = signed_weights(arena, plain_ranks(arena, n), n, &top);
    return critical(weights, top, 0, tail);
}

double mann_whitney_critical(struct arena *arena, size_t m, size_t n, double tail)
{
    double p = (double)m * (double)n;
    if (m + n > MANN_WHITNEY_EXACT_N)
        return critical_normal(p / 2, p * (double)(m + n + 1) / 12, tail);
    size_t top;
    double *ways = subset_weights(arena, plain_ranks(arena, m + n), m + n, n, &top);
    return critical(ways, top, n * (n + 1), tail);
}
