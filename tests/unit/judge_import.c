/* Published cases, imported from perf stat files and judged by their figures alone (tests/golden/import/README.md). */
#include "judge/judge.h"
#include "run/perf_file.h"
#include "stat/compare.h"
#include "tap.h"

static struct result *import(const char *name)
{
    static const char *const sides[] = { "old", "new" };
    struct result *r = result_new();
    struct perf_import import = { 0 };
    struct err err = ERR_INIT;
    r->spec = spec_default();
    r->session.complete = true;
    for (int side = 0; side < 2; side++) {
        char *path = arena_printf(r->arena, "%s/golden/import/%s.%s.perf", TEST_DIR, name, sides[side]);
        ok(perf_file_read(r->arena, path, (enum side)side, &r->session, &import, &err), "%s.%s is read%s%s", name,
           sides[side], err.kind ? ": " : "", err.text);
    }
    r->comparison = compare_session(r->arena, &r->session, &r->spec, NULL);
    r->verdict = judge(r->arena, r, NULL);
    const struct verdict *v = &r->verdict;
    diag("%s: %s, confidence %.2f. %s", name, cause_table[v->cause].name, v->confidence, v->summary);
    for (size_t i = 0; i < v->attribution.arithmetic_count; i++)
        diag("  %s", v->attribution.arithmetic[i]);
    for (size_t i = 0; i < v->reason_count; i++)
        diag("  because: %s", v->reasons[i]);
    return r;
}

static bool says(const struct verdict *v, const char *words)
{
    for (size_t i = 0; i < v->attribution.arithmetic_count; i++)
        if (strstr(v->attribution.arithmetic[i], words))
            return true;
    for (size_t i = 0; i < v->reason_count; i++)
        if (strstr(v->reasons[i], words))
            return true;
    return false;
}

static double share_sum(const struct verdict *v)
{
    double sum = v->attribution.residual;
    for (int i = 0; i < SHARE_COUNT; i++)
        sum += v->attribution.shares[i];
    return sum;
}

/* The anchor. By hand: cycles 62.63 / 55.04 = 1.1379; CPI 1/1.80 -> 1/1.67, x 1.07784; instructions x 1.05572.
 * work = .05572 x (1 + 1.07784) / 2 = .05789; CPI term = 2.05572 / 2 x .07784 = .08001.
 * Mispredicts per instruction .25 x 3.81 % -> .25 x 4.56 %, + .001875, x 15 cycles x 2.05572 / 2 / .55556 = .05204. */
static void founding(void)
{
    struct result *r = import("founding");
    const struct verdict *v = &r->verdict;
    const struct rule_result *ipc = &v->rules[RULE_IPC], *branch = &v->rules[RULE_BRANCH_MISS];
    ok(v->regression && fabs(r->comparison.slowdown - 62.63 / 55.04) < 1e-4,
       "the throughput fell by 12.1 %%: a slowdown of 13.8 %%");
    ok(ipc->fired && fabs(ipc->value - 7.2) < .05, "the IPC rule fires (-%.1f %%)", ipc->value);
    ok(branch->fired && fabs(branch->value - 19.7) < .1, "the branch-miss rule fires (+%.1f %%)", branch->value);
    is_near(v->shares[SHARE_WORK], .05789 / .1379, .002, "work has 42 %");
    is_near(v->shares[SHARE_HINT], .05204 / .1379, .002, "hint has 38 %");
    is_near(v->shares[SHARE_LAYOUT], (.08001 - .05204) / .1379, .002, "layout has 20 %");
    is_near(share_sum(v), 1, 1e-9, "the shares and the rest add up to the whole");
    ok(v->cause == CAUSE_MIXED && v->primary == CAUSE_WORK, "mixed: no one word would do");
    ok(says(v, "instructions by +5.6 %"), "instructions per operation rose by 5.6 %%, in words");
    ok(says(v, "x 15 cycles = +5.2 %") && says(v, "mean CPI 0.577"), "the sums are shown");
    ok(v->confidence > 0 && v->confidence < .6, "one run a side and an unread data side keep confidence down (%.2f)",
       v->confidence);
    result_free(r);
}

static void second(void)
{
    struct result *r = import("second");
    const struct verdict *v = &r->verdict;
    ok(v->cause == CAUSE_LAYOUT && v->primary == CAUSE_LAYOUT, "IPC -3.4 %% with throughput -4.05 %% is layout");
    ok(v->rules[RULE_IPC].fired && !v->rules[RULE_INSTRUCTIONS].fired && !v->rules[RULE_BRANCH_MISS].known,
       "by the IPC rule, as nothing else moved");
    ok(v->shares[SHARE_LAYOUT] > .8 && v->shares[SHARE_WORK] < .2, "layout %.2f, work %.2f", v->shares[SHARE_LAYOUT],
       v->shares[SHARE_WORK]);
    ok(says(v, "Mispredicts were not read") && says(v, "No data-side counter was read"),
       "what was not measured is said");
    result_free(r);
}

static void hint(void)
{
    struct result *r = import("hint");
    const struct verdict *v = &r->verdict;
    ok(v->cause == CAUSE_HINT && v->shares[SHARE_HINT] > .95, "the hot path behind taken branches is hint (%.2f)",
       v->shares[SHARE_HINT]);
    ok(v->rules[RULE_BRANCH_MISS].fired && v->rules[RULE_IPC].fired, "the branch-miss rule and the IPC rule fire");
    ok(fabs(v->rules[RULE_IPC].weight) < .05, "but nothing of the cycles is left for the IPC rule");
    ok(says(v, "prices were scaled"),
       "mispredicts at the default price would explain more than there is: the price is lowered, and said");
    result_free(r);
}

static void data(void)
{
    struct result *r = import("data");
    const struct verdict *v = &r->verdict;
    ok(v->cause == CAUSE_DATA && v->shares[SHARE_DATA] > .7,
       "a struct of 136 bytes instead of the few used is data (%.2f)", v->shares[SHARE_DATA]);
    ok(v->rules[RULE_CACHE_MISS].fired && v->rules[RULE_CACHE_MISS].weight > .7,
       "the cache-miss rule fires with the cycles to show for it");
    ok(v->shares[SHARE_LAYOUT] < .01, "nothing is booked to layout");
    result_free(r);
}

static void work(void)
{
    struct result *r = import("work");
    const struct verdict *v = &r->verdict;
    ok(v->cause == CAUSE_WORK && v->shares[SHARE_WORK] > .95, "+11.6 %% instructions at the same IPC is work (%.2f)",
       v->shares[SHARE_WORK]);
    ok(v->rules[RULE_INSTRUCTIONS].fired && !v->rules[RULE_IPC].fired, "only the instruction rule fires");
    result_free(r);
}

static void none(void)
{
    struct result *r = import("none");
    const struct verdict *v = &r->verdict;
    ok(r->comparison.time->estimator == ESTIMATOR_UNPAIRED && r->comparison.time->old_n == 5 &&
           r->comparison.time->new_n == 5,
       "five runs a side are compared unpaired");
    ok(v->cause == CAUSE_NONE && !v->regression && v->confidence > .9, "-.15 %% with 1 per mille of noise is none");
    result_free(r);
}

int main(void)
{
    founding();
    second();
    hint();
    data();
    work();
    none();
    return done_testing();
}
