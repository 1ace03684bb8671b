#include "core/comparison.h"

#include <math.h>
#include <string.h>

#include "base/arena.h"

const char *const estimator_name[ESTIMATOR_COUNT] = { "exact", "single", "hodges-lehmann", "low-tail-mean", "unpaired-shift" };

const char *const change_name[CHANGE_COUNT] = { "unknown", "equivalent", "up", "down" };

const struct figure *comparison_find(const struct comparison *comparison, enum metric metric)
{
    static const enum source order[] = { SOURCE_PERF, SOURCE_FILE, SOURCE_SIM, SOURCE_SCRIPT, SOURCE_CLOCK };
    for (size_t k = 0; k < sizeof order / sizeof *order; k++)
        for (size_t i = 0; i < comparison->count; i++) {
            const struct figure *f = &comparison->figures[i];
            if (f->metric == metric && f->source == order[k] && f->state == READING_READ)
                return f;
        }
    return NULL;
}

static enum change exact_change(double ratio, double floor)
{
    if (isnan(ratio))
        return CHANGE_UNKNOWN;
    if (fabs(log(ratio)) < log1p(floor))
        return CHANGE_EQUIVALENT;
    return ratio > 1 ? CHANGE_UP : CHANGE_DOWN;
}

void comparison_add_exact(struct arena *arena, struct comparison *comparison, enum metric metric, enum source source,
                          double old_value, double new_value)
{
    size_t at = 0, time = comparison->time ? (size_t)(comparison->time - comparison->figures) : 0;
    struct figure *figures = arena_array(arena, comparison->count + 1, sizeof *figures);
    double ratio = old_value > 0 ? new_value / old_value : new_value == old_value ? 1 : NAN;
    /* The noise that widened a clock's floor is none of an exact figure's. */
    double floor = comparison->time ? fmin(comparison->floor, 0.01) : comparison->floor;

    while (at < comparison->count && comparison->figures[at].metric <= metric)
        at++;
    if (at)
        memcpy(figures, comparison->figures, at * sizeof *figures);
    if (at < comparison->count)
        memcpy(figures + at + 1, comparison->figures + at, (comparison->count - at) * sizeof *figures);
    figures[at] = (struct figure){
        .metric = metric, .source = source, .state = READING_READ, .estimator = ESTIMATOR_EXACT,
        .old_value = old_value, .new_value = new_value, .ratio = ratio, .lo = ratio, .hi = ratio,
        .p = NAN, .old_n = 1, .new_n = 1, .mde = NAN, .change = exact_change(ratio, floor),
    };
    comparison->figures = figures;
    comparison->count++;
    if (comparison->time)
        comparison->time = &figures[time + (at <= time)];
}
