#include "stat/series.h"

#include "base/arena.h"

struct run *good_runs(struct arena *arena, const struct session *session, size_t *count)
{
    struct run *runs = arena_array(arena, session->count ? session->count : 1, sizeof *runs);
    *count = 0;
    for (size_t i = 0; i < session->count; i++)
        if (session->runs[i].outcome == OUTCOME_OK) {
            runs[*count] = session->runs[i];
            metric_derive(runs[(*count)++].readings);
        }
    return runs;
}

/* The best state any run of a side has. */
static enum reading_state side_state(const struct run *runs, size_t count, enum side side, enum metric metric,
                                     enum source source)
{
    enum reading_state best = READING_NOT_ASKED;
    for (size_t i = 0; i < count; i++) {
        const struct reading *r = &runs[i].readings[metric];
        if (runs[i].side == side && r->state > best && r->source == source)
            best = r->state;
    }
    return best;
}

bool series_collect(struct arena *arena, const struct run *runs, size_t count, enum metric metric, enum source source,
                    struct series *series)
{
    enum reading_state old = side_state(runs, count, SIDE_OLD, metric, source);
    enum reading_state new = side_state(runs, count, SIDE_NEW, metric, source);
    if (old == READING_NOT_ASKED && new == READING_NOT_ASKED)
        return false;
    *series = (struct series){ .metric = metric, .source = source, .state = old < new ? old : new };
    for (int side = 0; side < SIDE_COUNT; side++) {
        series->value[side] = arena_array(arena, count ? count : 1, sizeof **series->value);
        series->round[side] = arena_array(arena, count ? count : 1, sizeof **series->round);
    }
    for (size_t i = 0; i < count; i++) {
        const struct reading *r = &runs[i].readings[metric];
        enum side side = runs[i].side;
        if (r->state != READING_READ || r->source != source)
            continue;
        series->value[side][series->n[side]] = r->value;
        series->round[side][series->n[side]++] = runs[i].round;
        series->scaled = series->scaled || READING_SCALED(r);
    }
    return true;
}

size_t series_pairs(struct arena *arena, const struct series *series, enum side base, enum side other, double **a,
                    double **b)
{
    size_t count = 0, room = series->n[base] ? series->n[base] : 1;
    *a = arena_array(arena, room, sizeof **a);
    *b = arena_array(arena, room, sizeof **b);
    for (size_t i = 0; i < series->n[base]; i++)
        for (size_t j = 0; j < series->n[other]; j++)
            if (series->round[base][i] == series->round[other][j]) {
                (*a)[count] = series->value[base][i];
                (*b)[count++] = series->value[other][j];
                break;
            }
    return count;
}

bool series_constant(const struct series *series, enum side side)
{
    for (size_t i = 1; i < series->n[side]; i++)
        if (series->value[side][i] != series->value[side][0])
            return false;
    return true;
}
