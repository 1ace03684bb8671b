/* The gate through every branch of its table, and the arithmetic of gains and matrices. */
#include "judge/gate.h"
#include "stat/gains.h"
#include "tap.h"

static struct arena *arena;

/* An interval in percent of speed. */
static struct gain percent(double lo, double hi)
{
    return (struct gain){ .log = log1p((lo + hi) / 200), .lo = log1p(lo / 100), .hi = log1p(hi / 100), .n = 10,
                          .paired = true };
}

static const struct row {
    int line;
    double base_lo, base_hi, d_lo, d_hi; /* percent */
    enum gate_word word;
    bool undecided;
    const char *words; /* in the summary */
} rows[] = {
    { __LINE__, -1, 1, 1.5, 3, GATE_GO, false, "has recovered" },
    { __LINE__, 5, 8, 1.5, 3, GATE_GO, false, "has recovered" },
    { __LINE__, -3, 0, 1, 3, GATE_GO, false, "has recovered" }, /* both lower ends on their thresholds */
    { __LINE__, -13, -11, 1.5, 3, GATE_NEUTRAL, false, "stays low" },
    { __LINE__, -4, -2, 1.5, 3, GATE_NEUTRAL, true, "baseline lies across" },
    { __LINE__, -1, 1, 0.2, 0.9, GATE_NEUTRAL, false, "less than the gain" },
    { __LINE__, -13, -11, 0.2, 0.9, GATE_NEUTRAL, false, "less than the gain" },
    { __LINE__, -1, 1, 0.5, 1.5, GATE_NEUTRAL, true, "across the gain" },
    { __LINE__, -4, -2, 0.5, 1.5, GATE_NEUTRAL, true, "across the gain" },
    { __LINE__, -1, 1, -0.5, 0.9, GATE_NEUTRAL, true, "across 0" },
    { __LINE__, -1, 1, -0.5, 1.5, GATE_NEUTRAL, true, "across 0" },
    { __LINE__, -13, -11, 0, 0, GATE_NEUTRAL, true, "across 0" }, /* exactly nothing is not positive */
    /* The estimate is below the threshold, the interval is not. */
    { __LINE__, -6, -2, 1.5, 3, GATE_NEUTRAL, true, "baseline lies across" },
    { __LINE__, -1, 1, 0.1, 1.2, GATE_NEUTRAL, true, "across the gain" },
    { __LINE__, -1, 1, -2, 0.5, GATE_NEUTRAL, true, "across 0" },
    { __LINE__, -1, 1, -2, -0.1, GATE_NO_GO, false, "cost speed" },
    { __LINE__, -13, -11, -2, -0.1, GATE_NO_GO, false, "cost speed" },
    { __LINE__, -4, -2, -2, -0.1, GATE_NO_GO, false, "cost speed" },
};

static void test_table(void)
{
    struct gate_options options = gate_options_default();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct row *r = &rows[i];
        struct gate gate = { .word = GATE_WORD_COUNT };
        gate_judge(arena, &options, percent(r->base_lo, r->base_hi), percent(r->d_lo, r->d_hi), &gate);
        bool right = gate.word == r->word && gate.undecided == r->undecided && strstr(gate.summary, r->words);
        ok(right, "line %d: baseline [%g, %g], D against A [%g, %g] is %s%s", r->line, r->base_lo, r->base_hi, r->d_lo,
           r->d_hi, gate_word_table[r->word].name, r->undecided ? ", undecided" : "");
        if (!right)
            diag("got word %d, undecided %d: %s", (int)gate.word, gate.undecided, gate.summary);
        ok(!gate.undecided || strstr(gate.summary, "counts as NEUTRAL"), "line %d: what is open counts as NEUTRAL", r->line);
    }
}

static void test_thresholds(void)
{
    struct gate_options options = gate_options_default();
    struct gate gate = { .word = GATE_WORD_COUNT };
    is_near(options.threshold[GATE_GAIN], 1, 0, "the knobs must earn 1 %");
    options.threshold[GATE_GAIN] = 5;
    gate_judge(arena, &options, percent(-1, 1), percent(2, 4), &gate);
    ok(gate.word == GATE_NEUTRAL && gate.finding[GATE_GAIN].answer == ANSWER_NO,
       "a higher gain refuses what the default takes");
    is_str(gate.finding[GATE_GAIN].sentence, "D against A: +3.00 % [+2.00, +4.00]; all of the interval is below +5 %",
           "a finding names gain, interval and threshold");
    options = gate_options_default();
    options.threshold[GATE_BASELINE] = -20;
    gate_judge(arena, &options, percent(-13, -11), percent(2, 4), &gate);
    ok(gate.word == GATE_GO, "a lower baseline threshold takes what the default refuses");
    is_near(gate_word_table[GATE_GO].exit_status, 0, 0, "GO is exit status 0");
    is_near(gate_word_table[GATE_NEUTRAL].exit_status, 10, 0, "NEUTRAL is 10");
    is_near(gate_word_table[GATE_NO_GO].exit_status, 11, 0, "NO-GO is 11");
}

/* Seven rounds whose machine drifts by a third, with gains of 2 % (B), 3 % (C) and, together, 2 % * 3 % and 0.5 %
 * more. */
static void test_matrix(void)
{
    static double cost[POINT_COUNT][7];
    double *points[POINT_COUNT] = { cost[0], cost[1], cost[2], cost[3] };
    struct bench_panel panel = { .point_count = POINT_COUNT, .rounds = 7, .cost = points };
    struct matrix m = { .rounds = 0 };
    for (int r = 0; r < 7; r++) {
        double machine = 1 + 0.05 * r, wobble = 1 + 0.0001 * (r % 3 - 1);
        cost[POINT_A][r] = machine;
        cost[POINT_B][r] = machine / 1.02;
        cost[POINT_C][r] = machine / 1.03;
        cost[POINT_D][r] = machine / (1.02 * 1.03 * 1.005) * wobble;
    }
    matrix_gains(arena, &panel, &m);
    is_near(gain_percent(m.gain[POINT_B].log), 2, 1e-9, "B alone, drift of the machine or not");
    is_near(gain_percent(m.gain[POINT_C].log), 3, 1e-9, "C alone");
    is_near(gain_percent(m.gain[POINT_D].log), 100 * (1.02 * 1.03 * 1.005 - 1), 0.02, "D against A");
    is_near(gain_percent(m.beyond.log), 0.5, 0.02, "and what D has beyond both");
    ok(m.beyond.lo < m.beyond.hi && m.beyond.lo > 0, "whose interval has a width and leaves 0 out");
    is_near(m.beyond.p, 2.0 / 128, 1e-12, "seven rounds of one sign: p is 2 / 2^7");
    is_near(m.saved.value, 1 / 1.02 + 1 / 1.03 - 1 - 1 / (1.02 * 1.03 * 1.005), 1e-4, "as time saved, in parts of A's");
    ok(m.saved.lo < m.saved.value && m.saved.value < m.saved.hi, "which has an interval, too");
    for (int r = 0; r < 7; r++)
        cost[POINT_D][r] = cost[POINT_B][r] + cost[POINT_C][r] - cost[POINT_A][r];
    matrix_gains(arena, &panel, &m);
    is_near(m.saved.value, 0, 1e-12, "savings that add up leave nothing");
    ok(m.beyond.lo > 0, "though as factors they are more than the product");
    is_near(m.gain[POINT_A].hi, 0, 0, "A against itself is nothing");
    is_near(m.cost[POINT_A], 1.15, 1e-12, "the cost shown is the median");
    panel.rounds = 1;
    matrix_gains(arena, &panel, &m);
    ok(m.gain[POINT_D].exact && m.gain[POINT_D].lo == m.gain[POINT_D].hi,
       "one modelled round is exact and has no interval");
}

static void test_unpaired(void)
{
    double old[10], new[10];
    for (int i = 0; i < 10; i++) {
        old[i] = 1 + 0.001 * i;
        new[i] = old[i] * 1.1;
    }
    struct gain g = gain_unpaired(arena, old, 10, new, 10);
    is_near(g.log, -log(1.1), 2e-3, "a tenth more cost is a loss of speed by ln 1.1");
    ok(g.lo < g.log && g.log < g.hi && g.hi < 0, "inside an interval below 0");
    is_near(g.p, 1.082508822446903e-05, 1e-15, "ten against ten without overlap: p is 2 / C(20, 10)");
}

int main(void)
{
    arena = arena_new();
    test_table();
    test_thresholds();
    test_matrix();
    test_unpaired();
    arena_free(arena);
    return done_testing();
}
