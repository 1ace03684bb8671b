#include "stat/compare.h"

#include <math.h>

#include "base/arena.h"
#include "stat/effect.h"
#include "stat/estimate.h"
#include "stat/notes.h"

struct compare_options compare_options_default(void)
{
    return (struct compare_options){ .floor = .01, .equivalence = .03, .control_p = .005, .count_floor = 1e-4 };
}

/* What every step needs. */
struct work {
    struct arena *arena;   /* results */
    struct arena *scratch; /* freed at the end */
    const struct run *runs;
    size_t run_count;
    const struct spec *spec;
    struct compare_options options;
    struct comparison *out;
};

static bool time_like(enum metric metric)
{
    return metric_table[metric].unit == UNIT_NANOSECONDS || metric == M_THROUGHPUT || metric == M_CYCLES ||
           metric == M_REF_CYCLES;
}

static struct effect_options effect_options(const struct work *w, enum metric metric)
{
    return (struct effect_options){
        .cost_is_inverse =
            metric_table[metric].worse == WORSE_DOWN && !(metric == M_THROUGHPUT && w->spec->lower_is_better),
        .time_like = time_like(metric),
        .forced = ESTIMATOR_COUNT,
        .seed = w->spec->seed,
    };
}

/* The smallest change of this metric that counts, as a fraction. Instruction-like counts are nearly exact, so their own
 * jitter sets it; anything else is held against the floor of time or the least floor. */
static double floor_of(const struct work *w, enum metric metric, const struct effect *e)
{
    const struct metric_row *row = &metric_table[metric];
    if (time_like(metric) && e->estimator != ESTIMATOR_EXACT)
        return w->out->floor;
    if (row->unit == UNIT_COUNT && row->cause == CAUSE_WORK)
        return fmax(w->options.count_floor, expm1(3 * e->jitter));
    return w->options.floor;
}

static enum change change_of(const struct work *w, const struct effect *e, double floor)
{
    double least = log1p(floor), margin = log1p(fmin(floor, w->options.equivalence));
    if (e->estimator == ESTIMATOR_SINGLE)
        return CHANGE_UNKNOWN;
    if (e->at95.lo > 0 && e->log_ratio >= least)
        return CHANGE_UP;
    if (e->at95.hi < 0 && e->log_ratio <= -least)
        return CHANGE_DOWN;
    return equivalent(e->at90, margin) ? CHANGE_EQUIVALENT : CHANGE_UNKNOWN;
}

/* The control is a second measurement of old: a change that new does not show against it, too, is not known. This takes
 * the chance of calling a copy slower from 1 in 200 to less than 1 in 1000. */
static bool confirmed(const struct work *w, const struct series *s, const struct effect *e, enum change change)
{
    if (s->n[SIDE_CONTROL] < 2 || !w->out->control.present || (change != CHANGE_UP && change != CHANGE_DOWN))
        return true;
    struct effect_options o = effect_options(w, s->metric);
    o.forced = e->estimator;
    struct effect second = effect_of(w->scratch, s, SIDE_CONTROL, SIDE_NEW, &o);
    return change_of(w, &second, floor_of(w, s->metric, &second)) == change;
}

static bool side_bimodal(const struct work *w, const struct series *s, enum side side)
{
    size_t n = s->n[side];
    double *sorted = arena_array(w->scratch, n ? n : 1, sizeof *sorted);
    for (size_t i = 0; i < n; i++) {
        if (s->value[side][i] <= 0)
            return false;
        sorted[i] = log(s->value[side][i]);
    }
    sort_doubles(sorted, n);
    return bimodal(two_heaps(sorted, n), w->options.floor);
}

static void fill_figure(const struct work *w, const struct series *s, const struct effect *e, bool is_time,
                        struct figure *f)
{
    double floor = floor_of(w, s->metric, e), half = (e->at95.hi - e->at95.lo) / 2;
    f->estimator = e->estimator;
    f->old_value = e->old_value;
    f->new_value = e->new_value;
    f->ratio = exp(e->log_ratio);
    f->lo = exp(e->at95.lo);
    f->hi = exp(e->at95.hi);
    f->p = e->p;
    f->mde = e->df > 0 ? expm1(detectable_effect(half, e->df, log1p(floor))) : NAN;
    f->change = change_of(w, e, floor);
    if (is_time && !confirmed(w, s, e, f->change)) {
        f->change = CHANGE_UNKNOWN;
        note_unconfirmed(w->arena, w->out);
    }
    f->bimodal = time_like(s->metric) && (side_bimodal(w, s, SIDE_OLD) || side_bimodal(w, s, SIDE_NEW));
}

/* The metric that regression is judged on: what the user asked for, then what the clock says, then measured cycles,
 * then the model's. Within a metric: a real source before the model. */
static bool pick_time(const struct work *w, struct series *time)
{
    static const enum metric order[] = { M_THROUGHPUT, M_CPU, M_CYCLES, M_WALL };
    static const enum source real[] = { SOURCE_CLOCK, SOURCE_PERF, SOURCE_FILE, SOURCE_SCRIPT };
    for (size_t m = 0; m < sizeof order / sizeof *order; m++)
        for (size_t s = 0; s < sizeof real / sizeof *real; s++)
            if (series_collect(w->scratch, w->runs, w->run_count, order[m], real[s], time) &&
                time->state == READING_READ)
                return true;
    return series_collect(w->scratch, w->runs, w->run_count, M_CYCLES, SOURCE_SIM, time) && time->state == READING_READ;
}

/* The A/A control sets the floor: twice its half-width, and never less than the farthest point of its interval, so that
 * a control that is off centre covers its own offset. */
static void judge_control(const struct work *w, const struct series *time, const struct effect *main_effect)
{
    struct comparison *out = w->out;
    out->floor = w->options.floor;
    out->control.passed = true;
    if (time->n[SIDE_CONTROL] < 2 || main_effect->estimator == ESTIMATOR_EXACT)
        return;
    struct effect_options o = effect_options(w, time->metric);
    o.forced = main_effect->estimator;
    struct effect e = effect_of(w->scratch, time, SIDE_OLD, SIDE_CONTROL, &o);
    if (e.estimator == ESTIMATOR_SINGLE || e.estimator == ESTIMATOR_EXACT)
        return;
    double half = (e.at95.hi - e.at95.lo) / 2, reach = fmax(fabs(e.at95.lo), fabs(e.at95.hi)),
           least = log1p(w->options.floor);
    out->control.present = true;
    out->control.ratio = exp(e.log_ratio);
    out->control.lo = exp(e.at95.lo);
    out->control.hi = exp(e.at95.hi);
    out->control.p = e.p;
    out->control.passed = e.p > w->options.control_p || reach <= least;
    out->floor = fmax(out->floor, expm1(fmax(2 * half, reach)));
}

static void set_slowdown(const struct work *w)
{
    struct comparison *out = w->out;
    const struct figure *t = out->time;
    bool inverse = t && effect_options(w, t->metric).cost_is_inverse;
    out->slowdown = !t ? 1 : inverse ? 1 / t->ratio : t->ratio;
    out->slowdown_lo = !t ? 1 : inverse ? 1 / t->hi : t->lo;
    out->slowdown_hi = !t ? 1 : inverse ? 1 / t->lo : t->hi;
}

static void add_figure(const struct work *w, enum metric metric, enum source source, const struct series *time,
                       size_t *room)
{
    struct series s;
    if (!series_collect(w->scratch, w->runs, w->run_count, metric, source, &s))
        return;
    struct figure *f = ARENA_PUSH(w->arena, w->out->figures, w->out->count, *room);
    *f = (struct figure){ .metric = metric, .source = source, .state = s.state, .scaled = s.scaled,
                          .old_n = (int)s.n[SIDE_OLD], .new_n = (int)s.n[SIDE_NEW] };
    if (s.state != READING_READ)
        return;
    struct effect_options o = effect_options(w, metric);
    struct effect e = effect_of(w->scratch, &s, SIDE_OLD, SIDE_NEW, &o);
    bool is_time = time && time->metric == metric && time->source == source;
    fill_figure(w, &s, &e, is_time, f);
    note_figure(w->arena, w->out, f, &s, &e, is_time);
}

static void add_figures(const struct work *w, const struct series *time)
{
    size_t room = 0;
    for (int m = 0; m < METRIC_COUNT; m++)
        for (int s = 0; s < SOURCE_COUNT; s++)
            add_figure(w, (enum metric)m, (enum source)s, time, &room);
    for (size_t i = 0; time && i < w->out->count; i++)
        if (w->out->figures[i].metric == time->metric && w->out->figures[i].source == time->source)
            w->out->time = &w->out->figures[i];
}

struct comparison compare_session(struct arena *arena, const struct session *session, const struct spec *spec,
                                  const struct compare_options *options)
{
    struct comparison out = { .floor = 0 };
    struct work w = { .arena = arena, .scratch = arena_new(), .spec = spec, .out = &out };
    struct series time;
    w.options = options ? *options : compare_options_default();
    w.runs = good_runs(w.scratch, session, &w.run_count);
    out.floor = w.options.floor;
    out.control.passed = true;
    bool has_time = pick_time(&w, &time);
    if (has_time) {
        struct effect_options o = effect_options(&w, time.metric);
        struct effect e = effect_of(w.scratch, &time, SIDE_OLD, SIDE_NEW, &o);
        judge_control(&w, &time, &e);
    }
    note_session(arena, &out, session, w.run_count);
    add_figures(&w, has_time ? &time : NULL);
    set_slowdown(&w);
    note_comparison(arena, &out);
    arena_free(w.scratch);
    return out;
}
