#include "stat/effect.h"

#include <math.h>

#include "base/arena.h"
#include "stat/estimate.h"
#include "stat/rank.h"
#include "stat/tail.h"

/* Low-tail intervals must be this much narrower than Hodges-Lehmann's to be taken: choosing the narrower of two equals
 * would be choosing by luck. */
static const double clearly_sharper = 0.8;

static double *sorted_copy(struct arena *arena, const double *values, size_t n)
{
    double *copy = arena_array(arena, n ? n : 1, sizeof *copy);
    for (size_t i = 0; i < n; i++)
        copy[i] = values[i];
    sort_doubles(copy, n);
    return copy;
}

static double *logs(struct arena *arena, const double *values, size_t n, double pseudo)
{
    double *out = arena_array(arena, n ? n : 1, sizeof *out);
    for (size_t i = 0; i < n; i++)
        out[i] = log(values[i] + pseudo);
    return out;
}

/* Logarithms need positive values: half the smallest positive one is added to all when some value is 0 (a count of 0
 * page faults, a system time below the tick). All zero: 1, so that the ratio is 1. */
static double pseudo_count(const struct series *series, enum side base, enum side other)
{
    double least = INFINITY;
    bool zero = false;
    const enum side sides[] = { base, other };
    for (int k = 0; k < 2; k++)
        for (size_t i = 0; i < series->n[sides[k]]; i++) {
            double v = series->value[sides[k]][i];
            zero = zero || v <= 0;
            least = v > 0 ? fmin(least, v) : least;
        }
    return !zero ? 0 : isinf(least) ? 1 : least / 2;
}

static void set_medians(struct arena *arena, const struct series *series, enum side base, enum side other,
                        struct effect *e)
{
    e->old_value = median(sorted_copy(arena, series->value[base], series->n[base]), series->n[base]);
    e->new_value = median(sorted_copy(arena, series->value[other], series->n[other]), series->n[other]);
}

static void set_single(struct effect *e, enum estimator estimator, enum reason reason)
{
    double end = estimator == ESTIMATOR_EXACT ? e->log_ratio : NAN;
    e->estimator = estimator;
    e->reason = reason;
    e->at95 = e->at90 = (struct interval){ end, end };
    e->p = NAN;
}

static void set_unpaired(struct arena *arena, const struct series *series, enum side base, enum side other,
                         uint64_t seed, struct effect *e)
{
    size_t m = series->n[base], n = series->n[other];
    double *x = logs(arena, series->value[base], m, e->pseudo), *y = logs(arena, series->value[other], n, e->pseudo);
    e->estimator = ESTIMATOR_UNPAIRED;
    e->reason = REASON_UNPAIRED;
    e->p = mann_whitney(arena, x, m, y, n, seed).p;
    sort_doubles(x, m);
    sort_doubles(y, n);
    e->log_ratio = hodges_lehmann_shift(x, m, y, n);
    e->at95 = shift_interval(arena, x, m, y, n, .95);
    e->at90 = shift_interval(arena, x, m, y, n, .90);
    e->df = (double)(m + n) - 2;
}

static void set_paired(struct arena *arena, const double *a, const double *b, size_t n, uint64_t seed, struct effect *e)
{
    double *d = arena_array(arena, n, sizeof *d);
    for (size_t i = 0; i < n; i++)
        d[i] = log((b[i] + e->pseudo) / (a[i] + e->pseudo));
    e->estimator = ESTIMATOR_HODGES_LEHMANN;
    e->p = signed_rank(arena, d, n, seed).p;
    sort_doubles(d, n);
    e->log_ratio = hodges_lehmann(d, n);
    e->at95 = paired_interval(arena, d, n, .95);
    e->at90 = paired_interval(arena, d, n, .90);
    e->jitter = median_deviation(d, n, arena_array(arena, n, sizeof(double)));
    e->df = (double)n - 1;
    e->pairs = n;
}

/* The noise of both sides' costs together, each side measured from its own 10 % quantile. */
static struct shape pooled_shape(struct arena *arena, const double *a, const double *b, size_t n)
{
    double *both = arena_array(arena, 2 * n, sizeof *both);
    const double *sides[] = { a, b };
    for (int k = 0; k < 2; k++) {
        double base = quantile(sorted_copy(arena, sides[k], n), n, .1);
        for (size_t i = 0; i < n; i++)
            both[(size_t)k * n + i] = log(sides[k][i] / base);
    }
    sort_doubles(both, 2 * n);
    return noise_shape(both, 2 * n);
}

static double width(struct interval i)
{
    return i.hi - i.lo;
}

/* Takes the low tail over the Hodges-Lehmann result in `e` if the noise leans and it is clearly sharper, or if forced.
 */
static void try_low_tail(struct arena *arena, double *a, double *b, size_t n, const struct effect_options *o,
                         struct effect *e)
{
    for (size_t i = 0; i < n; i++) {
        a[i] = o->cost_is_inverse ? 1 / a[i] : a[i];
        b[i] = o->cost_is_inverse ? 1 / b[i] : b[i];
    }
    e->shape = pooled_shape(arena, a, b, n);
    e->reason = REASON_TWO_SIDED;
    if (!one_sided(e->shape) && o->forced != ESTIMATOR_LOW_TAIL)
        return;
    struct tail_effect t = low_tail_effect(arena, a, b, n, o->seed);
    bool sharper = width(t.at95) <= clearly_sharper * width(e->at95);
    e->rival = width(sharper ? e->at95 : t.at95) / width(sharper ? t.at95 : e->at95);
    e->reason = sharper ? REASON_ONE_SIDED : REASON_PAIRS_SHARPER;
    if (!sharper && o->forced != ESTIMATOR_LOW_TAIL)
        return;
    bool inverse = o->cost_is_inverse;
    e->estimator = ESTIMATOR_LOW_TAIL;
    e->old_value = inverse ? 1 / t.old_value : t.old_value;
    e->new_value = inverse ? 1 / t.new_value : t.new_value;
    e->log_ratio = inverse ? -t.effect : t.effect;
    e->at95 = inverse ? (struct interval){ -t.at95.hi, -t.at95.lo } : t.at95;
    e->at90 = inverse ? (struct interval){ -t.at90.hi, -t.at90.lo } : t.at90;
    e->p = t.p;
}

struct effect effect_of(struct arena *arena, const struct series *series, enum side base, enum side other,
                        const struct effect_options *options)
{
    struct effect e = { .p = NAN, .pseudo = pseudo_count(series, base, other) };
    double *a, *b;
    set_medians(arena, series, base, other, &e);
    e.log_ratio = log((e.new_value + e.pseudo) / (e.old_value + e.pseudo));
    size_t pairs = series->source == SOURCE_FILE ? 0 : series_pairs(arena, series, base, other, &a, &b);
    bool repeats = series_constant(series, base) && series_constant(series, other);
    if (series->source == SOURCE_SIM && repeats) {
        set_single(&e, ESTIMATOR_EXACT, REASON_DETERMINISTIC);
    } else if (pairs >= 2) {
        set_paired(arena, a, b, pairs, options->seed, &e);
        e.reason = !options->time_like ? REASON_COUNTER : pairs < TAIL_ROUNDS ? REASON_FEW_ROUNDS : REASON_TWO_SIDED;
        bool allowed = options->forced == ESTIMATOR_COUNT || options->forced == ESTIMATOR_LOW_TAIL;
        if (e.reason == REASON_TWO_SIDED && allowed && e.pseudo == 0)
            try_low_tail(arena, a, b, pairs, options, &e);
        if (options->forced != ESTIMATOR_COUNT)
            e.reason = REASON_FORCED;
    } else if (series->n[base] >= 2 && series->n[other] >= 2) {
        set_unpaired(arena, series, base, other, options->seed, &e);
    } else {
        set_single(&e, ESTIMATOR_SINGLE, REASON_ONE_RUN);
    }
    return e;
}
