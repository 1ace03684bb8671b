#include "core/comparison.h"

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
