/* Promises that hold on average, checked by simulation with fixed seeds: false positives, coverage, power. The bounds
 * leave room for three standard errors of the number of trials.
 */
#include "stat/compare.h"
#include "stat/estimate.h"
#include "stat/rng.h"
#include "stat/shape.h"
#include "stat_session.h"
#include "tap.h"

enum noise { NOISE_LOGNORMAL, NOISE_BURSTS, NOISE_SHORT_SPELLS, NOISE_LONG_SPELLS, NOISE_COUNT };

static const char *const noise_name[NOISE_COUNT] = { "lognormal noise of 2 %", "one-sided bursts",
                                                     "speed flips of 1.2-1.5x in spells as long as a run",
                                                     "speed flips in spells of many rounds" };

/* A core whose speed flips from outside: exponential spells, each slow one by its own factor. */
struct core {
    struct rng rng;
    double left; /* ms to the next flip */
    double slow; /* factor in force */
};

static double exponential(struct rng *rng, double average)
{
    return -average * log(rng_unit(rng));
}

static double on_core(struct core *c, double work, double spell)
{
    double time = 0;
    while (work > 0) {
        if (c->left <= 0) {
            c->slow = c->slow > 1 ? 1 : 1.2 + 0.3 * rng_unit(&c->rng);
            c->left = exponential(&c->rng, spell);
        }
        double step = fmin(c->left, work * c->slow);
        time += step;
        work -= step / c->slow;
        c->left -= step;
    }
    return time * exp(.003 * rng_normal(&c->rng));
}

static double one_run(struct core *c, enum noise noise, double cost)
{
    switch (noise) {
    case NOISE_LOGNORMAL: return 10 * cost * exp(.02 * rng_normal(&c->rng));
    case NOISE_BURSTS: return 10 * cost * (1 + exponential(&c->rng, .05)) * exp(.002 * rng_normal(&c->rng));
    case NOISE_SHORT_SPELLS: return on_core(c, 10 * cost, 20);
    case NOISE_LONG_SPELLS: return on_core(c, 10 * cost, 200);
    case NOISE_COUNT: break;
    }
    return NAN;
}

/* One session: three runs a round in random order, `cost` is new's true ratio. */
static struct session simulate(struct arena *arena, enum noise noise, int rounds, double cost, uint64_t seed)
{
    struct session s = { .complete = true };
    struct core core = { rng_seeded(seed), 0, 1 };
    for (int r = 0; r < rounds; r++) {
        enum side order[] = { SIDE_OLD, SIDE_NEW, SIDE_CONTROL };
        for (uint32_t i = 3; i-- > 1;) {
            uint32_t j = rng_below(&core.rng, i + 1);
            enum side t = order[i];
            order[i] = order[j];
            order[j] = t;
        }
        for (int i = 0; i < 3; i++)
            put(arena, &s, order[i], r, M_CPU, SOURCE_CLOCK,
                1e6 * one_run(&core, noise, order[i] == SIDE_NEW ? cost : 1));
    }
    return s;
}

struct tally {
    int trials, regressions, improvements, equivalent, unreliable, covered, low_tail;
    double mde, floor;
};

static struct tally repeat(enum noise noise, int rounds, double cost, int trials)
{
    struct tally t = { .trials = trials };
    struct spec spec = spec_default();
    for (int i = 0; i < trials; i++) {
        struct arena *arena = arena_new();
        struct session s = simulate(arena, noise, rounds, cost, (uint64_t)(1000 * rounds + i));
        struct comparison c = compare_session(arena, &s, &spec, NULL);
        t.regressions += c.control.passed && c.time->change == CHANGE_UP;
        t.improvements += c.control.passed && c.time->change == CHANGE_DOWN;
        t.equivalent += c.control.passed && c.time->change == CHANGE_EQUIVALENT;
        t.unreliable += !c.control.passed;
        t.covered += c.slowdown_lo <= cost && cost <= c.slowdown_hi;
        t.low_tail += c.time->estimator == ESTIMATOR_LOW_TAIL;
        t.mde += c.time->mde / trials;
        t.floor += c.floor / trials;
        arena_free(arena);
    }
    return t;
}

/* `trials` p + 3 standard errors. */
static double most(int trials, double p)
{
    return trials * p + 3 * sqrt(trials * p * (1 - p));
}

static void null_twins(enum noise noise, int rounds, int trials)
{
    struct tally t = repeat(noise, rounds, 1, trials);
    diag("%s, %d rounds, %d null twins: regression %d, improvement %d, equivalent %d, unreliable %d; covered %d; low "
         "tail %d; mean floor "
         "%.3f, detectable %.3f",
         noise_name[noise], rounds, trials, t.regressions, t.improvements, t.equivalent, t.unreliable, t.covered,
         t.low_tail, t.floor, t.mde);
    ok(t.regressions + t.improvements <= most(trials, .01),
       "%s, %d rounds: at most 1 %% of null twins read as a change (%d of %d)", noise_name[noise], rounds,
       t.regressions + t.improvements, trials);
    ok(t.unreliable <= most(trials, .005), "and at most 1 in 200 fail the control (%d)", t.unreliable);
    ok(t.covered >= trials - most(trials, .05), "the 95 %% interval holds the truth (%d of %d)", t.covered, trials);
}

static void twenty_copies(void)
{
    for (int noise = 0; noise < NOISE_COUNT; noise++) {
        struct tally t = repeat((enum noise)noise, 10, 1, 20);
        ok(t.regressions == 0, "%s: a binary against its copy, 20 of 20 without a regression", noise_name[noise]);
    }
}

static void power(void)
{
    struct tally quiet = repeat(NOISE_LOGNORMAL, 10, 1.12, 60);
    ok(quiet.regressions >= 55, "12 %% slower under 2 %% noise is seen in ten rounds (%d of 60)", quiet.regressions);
    struct tally spells = repeat(NOISE_SHORT_SPELLS, 60, 1.05, 30);
    ok(spells.regressions >= 27 && spells.low_tail >= 27,
       "5 %% slower under speed flips is seen in sixty rounds (%d of 30, low tail %d)", spells.regressions,
       spells.low_tail);
    struct tally same = repeat(NOISE_SHORT_SPELLS, 100, 1, 20);
    ok(same.equivalent >= 17, "and a hundred rounds prove a copy equivalent (%d of 20)", same.equivalent);
}

/* Without a control the floor is 1 %; an effect of the size called detectable is called in about 80 % of the sessions.
 */
static void detectable(void)
{
    struct spec spec = spec_default();
    double mde = 0;
    int called = 0;
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < 200; i++) {
            struct arena *arena = arena_new();
            struct session s = { .complete = true };
            struct rng rng = rng_seeded((uint64_t)(pass * 1000 + i));
            for (int r = 0; r < 12; r++) {
                put(arena, &s, SIDE_OLD, r, M_CPU, SOURCE_CLOCK, exp(.02 * rng_normal(&rng)));
                put(arena, &s, SIDE_NEW, r, M_CPU, SOURCE_CLOCK, (pass ? 1 + mde : 1) * exp(.02 * rng_normal(&rng)));
            }
            struct comparison c = compare_session(arena, &s, &spec, NULL);
            mde += pass ? 0 : c.time->mde / 200;
            called += pass && c.time->change == CHANGE_UP;
            arena_free(arena);
        }
    ok(called >= 144 && called <= 180,
       "an effect of the mean detectable size (%.1f %%) is called in about 80 %% of sessions (%d of 200)", 100 * mde,
       called);
}

static void one_heap(void)
{
    struct rng rng = rng_seeded(5);
    static const size_t sizes[] = { 10, 20, 60, 200 };
    for (size_t k = 0; k < 4; k++) {
        int uniform = 0, normal = 0, two = 0;
        double x[200];
        for (int t = 0; t < 500; t++) {
            for (size_t i = 0; i < sizes[k]; i++)
                x[i] = rng_unit(&rng);
            sort_doubles(x, sizes[k]);
            uniform += bimodal(two_heaps(x, sizes[k]), 0);
            for (size_t i = 0; i < sizes[k]; i++)
                x[i] = rng_normal(&rng);
            sort_doubles(x, sizes[k]);
            normal += bimodal(two_heaps(x, sizes[k]), 0);
            for (size_t i = 0; i < sizes[k]; i++)
                x[i] = .2 * rng_normal(&rng) + (i % 3 ? 0 : 2.5);
            sort_doubles(x, sizes[k]);
            two += bimodal(two_heaps(x, sizes[k]), 0);
        }
        ok(uniform <= most(500, .015) && normal <= most(500, .015),
           "n = %zu: one heap is called two in about 1 %% (uniform %d, normal %d of 500)", sizes[k], uniform, normal);
        ok(two >= 450, "two narrow heaps are seen (%d of 500)", two);
    }
}

int main(void)
{
    twenty_copies();
    null_twins(NOISE_LOGNORMAL, 10, 200);
    null_twins(NOISE_BURSTS, 10, 200);
    null_twins(NOISE_SHORT_SPELLS, 10, 200);
    null_twins(NOISE_LONG_SPELLS, 10, 200);
    null_twins(NOISE_BURSTS, 30, 50);
    null_twins(NOISE_SHORT_SPELLS, 30, 50);
    null_twins(NOISE_LONG_SPELLS, 30, 50);
    power();
    detectable();
    one_heap();
    return done_testing();
}
