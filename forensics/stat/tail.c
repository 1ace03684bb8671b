#include "stat/tail.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "base/arena.h"
#include "stat/estimate.h"
#include "stat/rng.h"

/* One run in the pool of both sides, sorted by cost. */
struct pooled {
    double cost;
    uint32_t round;
    uint32_t side; /* 0 old, 1 new */
};

struct swap_test {
    const double *old_cost, *new_cost;
    size_t n;
    struct pooled *pool; /* 2n */
    const uint8_t *swaps; /* TAIL_SWAPS rows of n: 1 swaps the round's two runs */
};

static int by_cost(const void *a, const void *b)
{
    const struct pooled *x = a, *y = b;
    if (x->cost != y->cost)
        return x->cost > y->cost ? 1 : -1;
    /* Ties in a fixed order, so that qsort's choice cannot show in the result. */
    return x->round != y->round ? (x->round > y->round ? 1 : -1) : (int)x->side - (int)y->side;
}

/* log of the ratio of the two low-tail means, new over old, after the swaps of one row (NULL: none). */
static double tail_ratio(const struct swap_test *t, const uint8_t *swaps)
{
    double room = fmax(1, (double)t->n / 10), sum[2] = { 0, 0 }, taken[2] = { 0, 0 };
    for (size_t i = 0; i < 2 * t->n && (taken[0] < room || taken[1] < room); i++) {
        uint32_t side = t->pool[i].side ^ (swaps ? swaps[t->pool[i].round] : 0);
        double take = fmin(1, room - taken[side]);
        sum[side] += take * t->pool[i].cost;
        taken[side] += take;
    }
    return log(sum[1] / sum[0]);
}

/* One-sided p of "new divided by e^shift is still above old" (sign 1) or below (sign -1). */
static double one_sided(const struct swap_test *t, double shift, int sign)
{
    for (uint32_t i = 0; i < t->n; i++) {
        t->pool[2 * i] = (struct pooled){ t->old_cost[i], i, 0 };
        t->pool[2 * i + 1] = (struct pooled){ t->new_cost[i] * exp(-shift), i, 1 };
    }
    qsort(t->pool, 2 * t->n, sizeof *t->pool, by_cost);
    double observed = sign * tail_ratio(t, NULL);
    int as_far = 1; /* the observed arrangement is one of them */
    for (size_t d = 0; d < TAIL_SWAPS; d++)
        as_far += sign * tail_ratio(t, t->swaps + d * t->n) >= observed - 1e-12;
    return as_far / (TAIL_SWAPS + 1.0);
}

/* The shift on the `sign` side of the lower (1) or upper (-1) end where the one-sided p passes `tail`. */
static double end_of(const struct swap_test *t, double centre, double tail, int sign)
{
    double step = 1e-3;
    while (step < 8 && one_sided(t, centre - sign * step, sign) > tail)
        step *= 2;
    double inside = 0, outside = step; /* distances from the centre */
    while (outside - inside > 1e-4) {
        double at = (inside + outside) / 2;
        if (one_sided(t, centre - sign * at, sign) > tail)
            inside = at;
        else
            outside = at;
    }
    return centre - sign * outside;
}

static const uint8_t *draw_swaps(struct arena *arena, size_t n, uint64_t seed)
{
    struct rng rng = rng_seeded(seed);
    uint8_t *swaps = arena_array(arena, TAIL_SWAPS * n, 1);
    for (size_t i = 0; i < TAIL_SWAPS * n; i++)
        swaps[i] = (uint8_t)(rng_next(&rng) >> 31);
    return swaps;
}

static double tail_of(struct arena *arena, const double *cost, size_t n)
{
    double *sorted = arena_array(arena, n, sizeof *sorted);
    for (size_t i = 0; i < n; i++)
        sorted[i] = cost[i];
    sort_doubles(sorted, n);
    return low_tail_mean(sorted, n);
}

struct tail_effect low_tail_effect(struct arena *arena, const double *old_cost, const double *new_cost, size_t n,
                                   uint64_t seed)
{
    assert(n >= 2);
    struct tail_effect e = { .old_value = tail_of(arena, old_cost, n), .new_value = tail_of(arena, new_cost, n) };
    const struct swap_test t = { old_cost, new_cost, n, arena_array(arena, 2 * n, sizeof(struct pooled)),
                                 draw_swaps(arena, n, seed) };
    e.effect = log(e.new_value / e.old_value);
    e.at95 = (struct interval){ end_of(&t, e.effect, 0.025, 1), end_of(&t, e.effect, 0.025, -1) };
    e.at90 = (struct interval){ end_of(&t, e.effect, 0.05, 1), end_of(&t, e.effect, 0.05, -1) };
    e.p = fmin(1, 2 * fmin(one_sided(&t, 0, 1), one_sided(&t, 0, -1)));
    return e;
}
