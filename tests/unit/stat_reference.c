/* Every function of the statistics against figures from R (tests/unit/data/make_reference.R) and published examples. */
#include "base/arena.h"
#include "stat/distribution.h"
#include "stat/estimate.h"
#include "stat/interval.h"
#include "stat/rank.h"
#include "tap.h"

enum { MOST = 256 };

struct line {
    char key[80];
    double value[MOST];
    size_t n;
};

static struct line *lines;
static size_t line_count;

static bool parse(char *text, struct line *line)
{
    char *equals = strstr(text, " = ");
    if (!equals || equals - text >= (long)sizeof line->key)
        return false;
    memcpy(line->key, text, (size_t)(equals - text));
    line->key[equals - text] = '\0';
    line->n = 0;
    for (char *at = equals + 3, *end; line->n < MOST; at = end) {
        line->value[line->n] = strtod(at, &end);
        if (end == at)
            break;
        line->n++;
    }
    return line->n > 0;
}

static void read_reference(void)
{
    FILE *file = fopen(TEST_DIR "/unit/data/stat_reference.txt", "r");
    static char text[8192];
    lines = calloc(1000, sizeof *lines);
    while (file && line_count < 1000 && fgets(text, sizeof text, file))
        line_count += parse(text, &lines[line_count]);
    if (file)
        fclose(file);
}

static const struct line *find(const char *format, ...) __attribute__((format(printf, 1, 2)));
static const struct line *find(const char *format, ...)
{
    static const struct line none;
    char key[80];
    va_list ap;
    va_start(ap, format);
    vsnprintf(key, sizeof key, format, ap);
    va_end(ap);
    for (size_t i = 0; i < line_count; i++)
        if (strcmp(lines[i].key, key) == 0)
            return &lines[i];
    ok(false, "the reference file has '%s'", key);
    return &none;
}

/* Relative when the reference is large, absolute when it is small. */
static bool near(double got, double want, double tolerance)
{
    bool same = fabs(got - want) <= tolerance * fmax(1, fabs(want));
    if (!same)
        diag("got %.15g want %.15g", got, want);
    return same;
}

/* All lines whose key is a name and numbers: calls one function with them. */
static void distributions(void)
{
    int checked = 0, good = 0;
    for (size_t i = 0; i < line_count; i++) {
        double a, b, want = lines[i].value[0];
        if (sscanf(lines[i].key, "pnorm %lf", &a) == 1)
            checked++, good += fabs(normal_cdf(a) - want) <= 1e-13 * want;
        else if (sscanf(lines[i].key, "qnorm %lf", &a) == 1)
            checked++, good += near(normal_quantile(a), want, 1e-12);
        else if (sscanf(lines[i].key, "pt %lf %lf", &a, &b) == 2)
            checked++, good += near(student_cdf(a, b), want, 1e-12);
        else if (sscanf(lines[i].key, "qt %lf %lf", &a, &b) == 2)
            checked++, good += near(student_quantile(a, b), want, 1e-11);
    }
    ok(checked == 88 && good == checked, "%d of %d normal and Student figures agree with R", good, checked);
}

static double *sorted_of(struct arena *a, const struct line *sample)
{
    double *sorted = arena_array(a, sample->n, sizeof *sorted);
    memcpy(sorted, sample->value, sample->n * sizeof *sorted);
    sort_doubles(sorted, sample->n);
    return sorted;
}

static void estimates(struct arena *a, const char *name)
{
    static const double levels[] = { 0.05, 0.1, 0.25, 0.5, 0.77, 0.95 };
    const struct line *s = find("sample %s", name);
    double *sorted = sorted_of(a, s), *scratch = arena_array(a, s->n, sizeof *scratch);
    bool quantiles = true;
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
        quantiles = quantiles &&
                    near(quantile(sorted, s->n, levels[i]), find("quantile %s %g", name, levels[i])->value[0], 1e-12);
    ok(quantiles, "quantiles of '%s' agree with R's type 7", name);
    ok(near(mean(s->value, s->n), find("mean %s", name)->value[0], 1e-13) &&
       near(deviation(s->value, s->n), find("sd %s", name)->value[0], 1e-13) &&
       near(median_deviation(sorted, s->n, scratch), find("mad %s", name)->value[0], 1e-13) &&
       near(trimmed_mean(sorted, s->n, .1), find("trimmed %s", name)->value[0], 1e-13),
       "mean, deviation, MAD and trimmed mean of '%s'", name);
    ok(near(hodges_lehmann(sorted, s->n), find("hl %s", name)->value[0], 1e-12), "Hodges-Lehmann of '%s'", name);
    if (s->n % 10 == 0)
        ok(near(low_tail_mean(sorted, s->n), find("lowtail %s", name)->value[0], 1e-13),
           "mean of the lowest tenth of '%s'", name);
}

static void signed_ranks(struct arena *a)
{
    static const char *const names[] = { "small", "ten", "ties", "depression" };
    for (size_t i = 0; i < 4; i++) {
        const struct line *s = find("sample %s", names[i]), *want = find("signedrank %s", names[i]);
        struct rank_test t = signed_rank(a, s->value, s->n, 1);
        ok(near(t.statistic, want->value[0], 0) && near(t.p, want->value[1], 1e-12) && t.exact,
           "signed-rank test of '%s': W+ = %g, p = %.6f as by listing every sign", names[i], t.statistic, t.p);
    }
    static const char *const plain[] = { "small", "ten", "depression" };
    for (size_t i = 0; i < 3; i++) {
        const struct line *s = find("sample %s", plain[i]), *w = find("wilcox1 %s", plain[i]),
                          *n = find("wilcox1-90 %s", plain[i]);
        double *sorted = sorted_of(a, s);
        struct interval at95 = paired_interval(a, sorted, s->n, .95), at90 = paired_interval(a, sorted, s->n, .90);
        ok(near(signed_rank(a, s->value, s->n, 1).p, w->value[1], 1e-12) && near(at95.lo, w->value[2], 1e-12) &&
           near(at95.hi, w->value[3], 1e-12) && near(at90.lo, n->value[0], 1e-12) && near(at90.hi, n->value[1], 1e-12),
           "p and both intervals of '%s' agree with wilcox.test", plain[i]);
    }
    is_near(signed_rank(a, find("sample depression")->value, 9, 1).p, 0.0391, 5e-5,
            "Hollander and Wolfe's depression scores give their published p of .0391");
    const double up[] = { 1, 2, 3, 4, 5, 6, 7, 8 };
    is_near(signed_rank(a, up, 6, 1).p, 1 / 32., 1e-15, "six pairs all one way: p = 1/32, the smallest there is");
    is_near(signed_rank(a, up, 8, 1).p, 1 / 128., 1e-15, "eight pairs: 1/128");
    const double zeros[] = { 0, 0, 0 };
    is_near(signed_rank(a, zeros, 3, 1).p, 1, 0, "nothing but zeros: p = 1");
}

static void two_samples(struct arena *a)
{
    static const char *const tests[][2] = {
        { "small", "ten" }, { "ties", "small" }, { "ties", "depression" }, { "term", "preterm" }
    };
    for (size_t i = 0; i < 4; i++) {
        const struct line *x = find("sample %s", tests[i][0]), *y = find("sample %s", tests[i][1]);
        const struct line *want = find("mannwhitney %s %s", tests[i][0], tests[i][1]);
        struct rank_test t = mann_whitney(a, x->value, x->n, y->value, y->n, 1);
        ok(near(t.statistic, want->value[0], 0) && near(t.p, want->value[1], 1e-12) && t.exact,
           "Mann-Whitney of '%s' and '%s': U = %g, p = %.6f as by listing every choice", tests[i][0], tests[i][1],
           t.statistic, t.p);
    }
    static const char *const intervals[][2] = { { "small", "ten" }, { "term", "preterm" }, { "ten", "twenty" } };
    for (size_t i = 0; i < 3; i++) {
        const struct line *x = find("sample %s", intervals[i][0]), *y = find("sample %s", intervals[i][1]);
        const struct line *w = find("wilcox2 %s %s", intervals[i][0], intervals[i][1]);
        double *sx = sorted_of(a, x), *sy = sorted_of(a, y);
        struct interval at95 = shift_interval(a, sx, x->n, sy, y->n, .95);
        ok(near(hodges_lehmann_shift(sx, x->n, sy, y->n), w->value[4], 1e-12) && near(at95.lo, w->value[2], 1e-12) &&
               near(at95.hi, w->value[3], 1e-12),
           "shift of '%s' to '%s' and its interval agree with wilcox.test", intervals[i][0], intervals[i][1]);
    }
    const double x[] = { 1, 2, 3, 4, 5 }, y[] = { 6, 7, 8, 9, 10 };
    is_near(mann_whitney(a, x, 5, y, 5, 1).p, 2 / 252., 1e-15,
            "five against five, apart: p = 2/252, the smallest there is");
}

static void critical_values(struct arena *a)
{
    int checked = 0, good = 0;
    for (size_t i = 0; i < line_count; i++) {
        unsigned m, n;
        if (sscanf(lines[i].key, "signrank-critical %u", &n) == 1) {
            checked += 2;
            good += signed_rank_critical(a, n, .025) == lines[i].value[0];
            good += signed_rank_critical(a, n, .05) == lines[i].value[1];
        } else if (sscanf(lines[i].key, "wilcox-critical %u %u", &m, &n) == 2) {
            checked += 2;
            good += mann_whitney_critical(a, m, n, .025) == lines[i].value[0];
            good += mann_whitney_critical(a, m, n, .05) == lines[i].value[1];
        }
    }
    ok(checked == 30 && good == checked, "%d of %d critical values agree with qsignrank and qwilcox", good, checked);
    is_near(signed_rank_critical(a, 200, .025), signed_rank_critical(a, 201, .025) - 88, 3,
            "the normal approximation joins the exact values without a step");
}

static void permutations(struct arena *a)
{
    double *d = arena_array(a, 250, sizeof *d);
    for (int i = 0; i < 250; i++)
        d[i] = (i % 7) - 2.4 + i * 1e-5;
    double z; /* normal approximation of the same test, good to three digits at this n */
    struct rank_test t = signed_rank(a, d, 250, 7), exact = signed_rank(a, d, 200, 7);
    z = (t.statistic - 250 * 251 / 4.) / sqrt(250. * 251 * 501 / 24);
    ok(!t.exact && exact.exact, "beyond 200 differences a permutation takes over");
    is_near(t.p, fmax(2 * normal_cdf(-fabs(z)), 2. / (PERMUTATION_DRAWS + 1)), .002,
            "and agrees with the normal approximation");
    ok(t.p == signed_rank(a, d, 250, 7).p, "the same seed gives the same p");
    struct rank_test u = mann_whitney(a, d, 120, d + 117, 120, 7), v = mann_whitney(a, d, 120, d + 117, 120, 7);
    z = (u.statistic - 7200) / sqrt(120. * 120 * 241 / 12);
    ok(!u.exact && u.p == v.p, "Mann-Whitney beyond 80 values, too");
    is_near(u.p, 2 * normal_cdf(-fabs(z)), .02, "and agrees with the normal approximation there");
}

static void fallbacks(struct arena *a)
{
    const struct line *t = find("ttest first4"), *w = find("welch term3 preterm3");
    double *small = arena_array(a, 4, sizeof *small), *x = arena_array(a, 3, sizeof *x),
           *y = arena_array(a, 3, sizeof *y);
    memcpy(small, find("sample small")->value, 4 * sizeof *small);
    memcpy(x, find("sample term")->value, 3 * sizeof *x);
    memcpy(y, find("sample preterm")->value, 3 * sizeof *y);
    sort_doubles(small, 4);
    sort_doubles(x, 3);
    sort_doubles(y, 3);
    struct interval one = paired_interval(a, small, 4, .95), two = shift_interval(a, x, 3, y, 3, .95);
    ok(near(one.lo, t->value[0], 1e-10) && near(one.hi, t->value[1], 1e-10), "four pairs fall back to R's t interval");
    ok(near(two.lo, w->value[0], 1e-10) && near(two.hi, w->value[1], 1e-10), "three against three to Welch's");
}

static void many_tests_and_power(struct arena *a)
{
    const struct line *p = find("sample bh");
    bool chosen[MOST];
    ok((double)benjamini_hochberg(a, p->value, p->n, .05, chosen) == find("bh 0.05")->value[0] && chosen[3] &&
           !chosen[4],
       "Benjamini and Hochberg's own example keeps four of fifteen at .05");
    ok((double)benjamini_hochberg(a, p->value, p->n, .1, chosen) == find("bh 0.1")->value[0], "and nine at .1");
    const double shuffled[] = { .9, .001, .5, .002 };
    benjamini_hochberg(a, shuffled, 4, .05, chosen);
    ok(!chosen[0] && chosen[1] && !chosen[2] && chosen[3], "the order of the tests does not matter");
    is_near(detectable_effect(student_quantile(.975, 9) / sqrt(10), 9, 0), find("power.t n=10")->value[0], .01,
            "detectable effect of 10 pairs within 1 % of R's power.t.test");
    is_near(detectable_effect(student_quantile(.975, 39) / sqrt(40), 39, 0), find("power.t n=40")->value[0], .005,
            "and of 40");
    is_near(detectable_effect(.001, 9, .01), .01 + .001 * student_quantile(.8, 9) / student_quantile(.975, 9), 1e-12,
            "on a quiet machine the floor bounds what can be called");
    ok(equivalent((struct interval){ -.009, .0099 }, .01) && !equivalent((struct interval){ -.011, .002 }, .01) &&
       !equivalent((struct interval){ .002, .01 }, .01), "equivalence needs the whole interval inside the margin");
}

int main(void)
{
    static const char *const names[] = { "small", "ten", "ties", "twenty", "hundred", "term", "preterm", "depression" };
    struct arena *a = arena_new();
    read_reference();
    if (!ok(line_count > 200 && line_count < 1000, "the reference file is there"))
        return done_testing();
    distributions();
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        estimates(a, names[i]);
    signed_ranks(a);
    two_samples(a);
    critical_values(a);
    permutations(a);
    fallbacks(a);
    many_tests_and_power(a);
    arena_free(a);
    free(lines);
    return done_testing();
}
