/* From runs to figures: what compare_session makes of sessions whose answer is known. */
#include "core/comparison.h"
#include "stat/compare.h"
#include "stat/rng.h"
#include "stat_session.h"
#include "tap.h"

static struct arena *arena;
static struct spec spec;

static struct comparison compare(const struct session *session)
{
    return compare_session(arena, session, &spec, NULL);
}

static const struct figure *figure_of(const struct comparison *c, enum metric metric)
{
    for (size_t i = 0; i < c->count; i++)
        if (c->figures[i].metric == metric)
            return &c->figures[i];
    return NULL;
}

static bool has_note(const struct comparison *c, const char *words)
{
    for (size_t i = 0; i < c->note_count; i++)
        if (strstr(c->notes[i], words))
            return true;
    for (size_t i = 0; i < c->note_count; i++)
        diag("note: %s", c->notes[i]);
    return false;
}

/* Rounds of CPU time with a little normal noise; ratios over old's 1e9 ns. */
static struct session timed(int rounds, double new_ratio, double control_ratio, double noise, uint64_t seed)
{
    struct session s = { .complete = true };
    struct rng rng = rng_seeded(seed);
    for (int r = 0; r < rounds; r++) {
        put(arena, &s, SIDE_OLD, r, M_CPU, SOURCE_CLOCK, 1e9 * exp(noise * rng_normal(&rng)));
        put(arena, &s, SIDE_NEW, r, M_CPU, SOURCE_CLOCK, 1e9 * new_ratio * exp(noise * rng_normal(&rng)));
        if (control_ratio > 0)
            put(arena, &s, SIDE_CONTROL, r, M_CPU, SOURCE_CLOCK, 1e9 * control_ratio * exp(noise * rng_normal(&rng)));
    }
    return s;
}

static void plain_regression(void)
{
    struct session s = timed(10, 1.05, 1, .002, 1);
    struct comparison c = compare(&s);
    ok(c.time && c.time->metric == M_CPU && c.time->estimator == ESTIMATOR_HODGES_LEHMANN,
       "CPU time is judged, by Hodges-Lehmann");
    ok(c.slowdown_lo < 1.05 && c.slowdown_hi > 1.05 && fabs(c.slowdown - 1.05) < .004, "5 %% slower reads as %.4f",
       c.slowdown);
    ok(c.time->change == CHANGE_UP && c.time->p < .01, "and as a rise");
    ok(c.control.present && c.control.passed && c.floor >= .01 && c.floor < .02, "the control passes, floor %.4f",
       c.floor);
    ok(c.time->mde >= c.floor && c.time->mde < .03, "the smallest detectable effect is given (%.4f)", c.time->mde);
    ok(has_note(&c, "the low tail needs 20 rounds"), "the note says which estimator and why");
    s = timed(10, .95, 1, .002, 2);
    ok(compare(&s).time->change == CHANGE_DOWN, "5 %% faster is a fall");
    s = timed(10, 1.002, 1, .002, 3);
    ok(compare(&s).time->change == CHANGE_EQUIVALENT, ".2 %% on a quiet machine is equivalent");
    s = timed(10, 1.05, 1, .2, 4);
    ok(compare(&s).time->change == CHANGE_UNKNOWN, "5 %% under 20 %% of noise is not known");
}

static void control(void)
{
    struct session s = timed(10, 1, 1.04, .001, 5);
    struct comparison c = compare(&s);
    ok(c.control.present && !c.control.passed, "a copy of old that reads 4 %% slower fails the control");
    ok(c.floor > .039, "and the floor covers its offset (%.3f)", c.floor);
    s = timed(10, 1, 1.004, .0005, 6);
    c = compare(&s);
    ok(c.control.p < .005 && c.control.passed, "a significant but tiny offset (.4 %%) passes");
    s = timed(10, 1, 1, .05, 7);
    c = compare(&s);
    ok(c.floor > .03 && c.time->change == CHANGE_UNKNOWN, "a floor of %.0f %% proves no equivalence", 100 * c.floor);
    s = timed(10, 1.05, 0, .002, 8);
    c = compare(&s);
    ok(!c.control.present && c.control.passed && c.floor == .01 && has_note(&c, "no A/A control"),
       "without a control the floor is 1 %% and said so");
}

static void throughput(void)
{
    struct session s = timed(8, 1, 0, .001, 9);
    for (int r = 0; r < 8; r++) {
        put(arena, &s, SIDE_OLD, r, M_THROUGHPUT, SOURCE_CLOCK, 62.63e6 * (1 + r * 1e-4));
        put(arena, &s, SIDE_NEW, r, M_THROUGHPUT, SOURCE_CLOCK, 55.04e6 * (1 + (7 - r) * 1e-4));
    }
    struct comparison c = compare(&s);
    ok(c.time->metric == M_THROUGHPUT && c.time->change == CHANGE_DOWN, "throughput comes before CPU time");
    is_near(c.slowdown, 62.63 / 55.04, 1e-3, "a throughput lower by 12.1 % is a slowdown of 13.8 %");
    ok(c.slowdown_lo < c.slowdown && c.slowdown < c.slowdown_hi, "its interval is turned the right way round");
    spec.lower_is_better = true;
    ok(compare(&s).slowdown < 1, "with lower-is-better the same figures are an improvement");
    spec.lower_is_better = false;
}

static void other_sources(void)
{
    struct session s = { .complete = true };
    for (int r = 0; r < 3; r++) {
        put(arena, &s, SIDE_OLD, r, M_CYCLES, SOURCE_SIM, 1000);
        put(arena, &s, SIDE_NEW, r, M_CYCLES, SOURCE_SIM, 1100);
        put(arena, &s, SIDE_OLD, r, M_INSTRUCTIONS, SOURCE_SIM, 2000);
        put(arena, &s, SIDE_NEW, r, M_INSTRUCTIONS, SOURCE_SIM, 2000.1);
    }
    struct comparison c = compare(&s);
    const struct figure *f = figure_of(&c, M_CYCLES), *i = figure_of(&c, M_INSTRUCTIONS), *ipc = figure_of(&c, M_IPC);
    ok(c.time == f && f->estimator == ESTIMATOR_EXACT && f->ratio == f->lo && f->lo == f->hi && isnan(f->mde),
       "model cycles that repeat are exact, and stand for time when there is nothing else");
    is_near(f->ratio, 1.1, 1e-12, "their ratio");
    ok(f->change == CHANGE_UP && i->change == CHANGE_EQUIVALENT, "instructions up by .005 %% are no change");
    ok(ipc && fabs(ipc->old_value - 2) < 1e-12 && ipc->change == CHANGE_DOWN, "IPC is derived");
    s.runs[0].readings[M_CYCLES].value = 1001;
    c = compare(&s);
    ok(figure_of(&c, M_CYCLES)->estimator == ESTIMATOR_HODGES_LEHMANN && has_note(&c, "not deterministic"),
       "a model that does not repeat is noisy and said so");
    put(arena, &s, SIDE_OLD, 0, M_CPU, SOURCE_CLOCK, 5);
    put(arena, &s, SIDE_NEW, 0, M_CPU, SOURCE_CLOCK, 5);
    ok(compare(&s).time->source == SOURCE_CLOCK, "the clock comes before the model");
}

static void imported(void)
{
    struct session s = { .complete = true };
    put(arena, &s, SIDE_OLD, 0, M_CYCLES, SOURCE_FILE, 1000);
    put(arena, &s, SIDE_NEW, 0, M_CYCLES, SOURCE_FILE, 1050);
    struct comparison c = compare(&s);
    ok(c.time->estimator == ESTIMATOR_SINGLE && isnan(c.time->lo) && isnan(c.time->p) && isnan(c.time->mde) &&
           c.time->change == CHANGE_UNKNOWN && fabs(c.slowdown - 1.05) < 1e-12,
       "one imported run a side has a ratio and no interval");
    ok(has_note(&c, "face value"), "and a note");
    for (int r = 1; r < 5; r++)
        put(arena, &s, SIDE_OLD, r, M_CYCLES, SOURCE_FILE, 1000 + r);
    for (int r = 1; r < 6; r++)
        put(arena, &s, SIDE_NEW, r, M_CYCLES, SOURCE_FILE, 1050 + r);
    c = compare(&s);
    ok(c.time->estimator == ESTIMATOR_UNPAIRED && c.time->old_n == 5 && c.time->new_n == 6 &&
           c.time->change == CHANGE_UP && fabs(c.time->ratio - 1.05) < .002,
       "several imported runs are compared unpaired");
}

static void absent(void)
{
    struct session s = timed(8, 1.05, 0, .002, 10);
    for (int r = 0; r < 8; r++) {
        run_at(arena, &s, SIDE_OLD, r)->readings[M_DTLB_MISSES] =
            (struct reading){ READING_NOT_SUPPORTED, SOURCE_PERF, 0, 0, 0 };
        run_at(arena, &s, SIDE_NEW, r)->readings[M_DTLB_MISSES] =
            (struct reading){ READING_NOT_SUPPORTED, SOURCE_PERF, 0, 0, 0 };
        if (r % 2) {
            put(arena, &s, SIDE_OLD, r, M_BRANCH_MISSES, SOURCE_PERF, 100 + r);
            put(arena, &s, SIDE_NEW, r, M_BRANCH_MISSES, SOURCE_PERF, 200 + 2 * r);
        }
    }
    run_at(arena, &s, SIDE_NEW, 7)->readings[M_BRANCH_MISSES] =
        (struct reading){ READING_NOT_COUNTED, SOURCE_PERF, 0, 0, 0 };
    struct comparison c = compare(&s);
    const struct figure *d = figure_of(&c, M_DTLB_MISSES), *b = figure_of(&c, M_BRANCH_MISSES);
    ok(d && d->state == READING_NOT_SUPPORTED, "an unsupported event stays in the table as not supported");
    ok(!figure_of(&c, M_L1I_MISSES), "one that was not asked for does not");
    ok(b && b->state == READING_READ && b->old_n == 4 && b->new_n == 3 && fabs(b->ratio - 2) < 1e-9,
       "a rotated counter is paired over the rounds that have it");
    run_at(arena, &s, SIDE_OLD, 1)->readings[M_BRANCH_MISSES].enabled_ns = 100;
    run_at(arena, &s, SIDE_OLD, 1)->readings[M_BRANCH_MISSES].running_ns = 50;
    c = compare(&s);
    ok(figure_of(&c, M_BRANCH_MISSES)->scaled &&
           has_note(&c, "Multiplexed, so scaled up from a part of the time: branch-misses."),
       "multiplexing is flagged and named");
    run_at(arena, &s, SIDE_NEW, 0)->outcome = OUTCOME_TIMEOUT;
    c = compare(&s);
    ok(c.time->new_n == 7 && has_note(&c, "1 of 16 runs did not end well"), "a run that timed out is left out");
    s.complete = false;
    s.interrupted = "SIGINT";
    c = compare(&s);
    ok(has_note(&c, "cut short (SIGINT)"), "an interrupted session says so");
    struct session none = { .complete = true };
    c = compare(&none);
    ok(!c.time && c.count == 0 && c.slowdown == 1, "an empty session has no figures");
}

static void zeros(void)
{
    struct session s = timed(8, 1, 0, .002, 11);
    for (int r = 0; r < 8; r++) {
        put(arena, &s, SIDE_OLD, r, M_FAULTS_MAJOR, SOURCE_CLOCK, 0);
        put(arena, &s, SIDE_NEW, r, M_FAULTS_MAJOR, SOURCE_CLOCK, 0);
        put(arena, &s, SIDE_OLD, r, M_SWITCHES, SOURCE_CLOCK, r % 2);
        put(arena, &s, SIDE_NEW, r, M_SWITCHES, SOURCE_CLOCK, 40 + r);
    }
    struct comparison c = compare(&s);
    const struct figure *f = figure_of(&c, M_FAULTS_MAJOR), *w = figure_of(&c, M_SWITCHES);
    ok(f->ratio == 1 && f->change == CHANGE_EQUIVALENT, "no faults on either side is no change");
    ok(isfinite(w->ratio) && w->change == CHANGE_UP, "a count that starts at 0 has a finite ratio and a rise");
}

static void instruction_counts(void)
{
    struct session s = timed(10, 1, 0, .002, 12);
    for (int r = 0; r < 10; r++) {
        put(arena, &s, SIDE_OLD, r, M_INSTRUCTIONS, SOURCE_PERF, 1e9 + r);
        put(arena, &s, SIDE_NEW, r, M_INSTRUCTIONS, SOURCE_PERF, 1.002e9 + r);
    }
    struct comparison c = compare(&s);
    ok(figure_of(&c, M_INSTRUCTIONS)->change == CHANGE_UP, "+.2 %% instructions is a rise: counts are nearly exact");
    for (int r = 0; r < 10; r++)
        put(arena, &s, SIDE_NEW, r, M_INSTRUCTIONS, SOURCE_PERF, 1.00005e9 + r);
    c = compare(&s);
    ok(figure_of(&c, M_INSTRUCTIONS)->change == CHANGE_EQUIVALENT, "+.005 %% is below what such counts can tell");
}

/* Costs with exponential bursts on a sharp low edge. */
static struct session bursty(int rounds, double new_ratio, bool together, uint64_t seed)
{
    struct session s = { .complete = true };
    struct rng rng = rng_seeded(seed);
    for (int r = 0; r < rounds; r++) {
        double shared = exp(-.2 * log(rng_unit(&rng)));
        for (int side = 0; side < SIDE_COUNT; side++) {
            double burst = together ? shared : 1 - .2 * log(rng_unit(&rng));
            double cost = 1e9 * (side == SIDE_NEW ? new_ratio : 1) * burst * exp(.002 * rng_normal(&rng));
            put(arena, &s, (enum side)side, r, M_CPU, SOURCE_CLOCK, cost);
            put(arena, &s, (enum side)side, r, M_WALL, SOURCE_CLOCK, cost);
        }
    }
    return s;
}

static void noise_shapes(void)
{
    struct session s = bursty(40, 1.1, false, 13);
    struct comparison c = compare(&s);
    ok(c.time->estimator == ESTIMATOR_LOW_TAIL && has_note(&c, "the noise only adds"),
       "one-sided bursts choose the low tail");
    ok(c.slowdown_lo < 1.1 && c.slowdown_hi > 1.1 && c.time->change == CHANGE_UP,
       "and it finds the 10 %% (%.3f to %.3f)", c.slowdown_lo, c.slowdown_hi);
    ok(c.time->old_value < 1.03e9, "its location is the undisturbed cost");
    struct comparison again = compare(&s);
    ok(again.slowdown == c.slowdown && again.slowdown_lo == c.slowdown_lo && again.slowdown_hi == c.slowdown_hi,
       "twice the same, bit for bit");
    for (size_t i = 0; i < s.count; i++)
        put(arena, &s, s.runs[i].side, s.runs[i].round, M_THROUGHPUT, SOURCE_CLOCK,
            1e18 / s.runs[i].readings[M_CPU].value);
    again = compare(&s);
    ok(again.time->metric == M_THROUGHPUT && again.time->estimator == ESTIMATOR_LOW_TAIL &&
           fabs(again.slowdown - c.slowdown) < 1e-9,
       "a throughput is the same story told from its high end");
    s = bursty(40, 1.1, true, 14);
    c = compare(&s);
    ok(c.time->estimator == ESTIMATOR_HODGES_LEHMANN && has_note(&c, "hits both runs of a round alike"),
       "bursts that cover whole rounds leave Hodges-Lehmann the sharper one");
    s = bursty(12, 1.1, false, 15);
    ok(compare(&s).time->estimator == ESTIMATOR_HODGES_LEHMANN, "12 rounds are too few for a lowest tenth");
    s = timed(40, 1.05, 1, .03, 16);
    c = compare(&s);
    ok(c.time->estimator == ESTIMATOR_HODGES_LEHMANN && has_note(&c, "does not lean"),
       "symmetric noise keeps Hodges-Lehmann");
}

static void two_modes(void)
{
    struct session s = timed(20, 1, 0, .003, 17);
    for (int r = 0; r < 20; r++)
        if (r % 2)
            run_at(arena, &s, SIDE_NEW, r)->readings[M_CPU].value *= 1.3;
    struct comparison c = compare(&s);
    ok(c.time->bimodal && has_note(&c, "two values"), "two speeds on one side raise the bimodality warning");
    s = timed(20, 1, 0, .003, 18);
    ok(!compare(&s).time->bimodal, "plain noise does not");
}

int main(void)
{
    arena = arena_new();
    spec = spec_default();
    plain_regression();
    control();
    throughput();
    other_sources();
    imported();
    absent();
    zeros();
    instruction_counts();
    noise_shapes();
    two_modes();
    arena_free(arena);
    return done_testing();
}
