#include "judge/confidence.h"

#include <math.h>

#include "judge/rules.h"
#include "judge/split.h"

/* How well the slowdown itself is known. */
static double of_time(struct docket *d)
{
    const struct figure *t = d->comparison->time;
    if (!t || t->estimator == ESTIMATOR_EXACT)
        return 1;
    if (t->estimator == ESTIMATOR_SINGLE) {
        say(d->arena, &d->reasons, "There is one run a side, so no interval: the figures are taken at face value.");
        return 0.6;
    }
    return 1 - fmin(0.5, isnan(t->p) ? 0.5 : t->p);
}

/* How often a modelled cause is right: (right + 1) / (claims + 2) over the labelled pairs as they are and built with -O1, -O3
 * and -Os. `make bench-accuracy` counts again, and prints how far the stated confidence is from it. */
static const double modelled_right[SHARE_COUNT] = {
    [SHARE_WORK] = 0.89, [SHARE_LAYOUT] = 0.96, [SHARE_HINT] = 0.91, [SHARE_DATA] = 0.97,
};

/* How often the clock moves the way the model does, over effects above 3 % (`make bench-model`). */
static const double CLOCK_FOLLOWS = 0.93;

/* The same for `none`: pairs of which the model says that they are equal. */
static const double NONE_RIGHT = 0.75;

static double right_of(enum cause cause)
{
    for (int s = 0; s < SHARE_COUNT; s++)
        if (cause_of_share((enum share)s) == cause)
            return modelled_right[s];
    return 0.5;
}

/* Measured, modelled with the clock's consent, or modelled alone. */
static double of_source(struct docket *d)
{
    const struct attribution *a = &d->verdict->attribution;
    if (!a->known || a->source != SOURCE_SIM)
        return 1;
    if (d->comparison->time && d->comparison->time->source != SOURCE_SIM) {
        say(d->arena, &d->reasons,
            "The shares are modelled; the clock agrees that new is slower (model %+.1f %%, clock %+.1f %%).",
            100 * d->model_change, 100 * (d->comparison->slowdown - 1));
        return right_of(d->verdict->primary);
    }
    say(d->arena, &d->reasons, "Everything here is modelled: no clock has confirmed the slowdown.");
    return right_of(d->verdict->primary) * CLOCK_FOLLOWS;
}

/* How far the winner is ahead; for mixed, how far the second is above the mixing threshold. */
static double of_margin(const struct docket *d)
{
    const double *s = d->verdict->attribution.shares;
    double first = -INFINITY, second = -INFINITY;
    for (int i = 0; i < SHARE_COUNT; i++) {
        if (s[i] > first) {
            second = first;
            first = s[i];
        } else if (s[i] > second) {
            second = s[i];
        }
    }
    double lead =
        d->verdict->cause == CAUSE_MIXED ? (second - d->options.mixed) / d->options.mixed : (first - second) / 0.5;
    return 0.6 + 0.4 * fmin(1, fmax(0, lead));
}

static bool any_fired(const struct verdict *v)
{
    for (int i = 0; i < RULE_COUNT; i++)
        if (v->rules[i].fired)
            return true;
    return false;
}

/* The rules are the first opinion, the attribution the second. */
static double of_agreement(struct docket *d)
{
    const struct verdict *v = d->verdict;
    int fired = 0, agree = 0;
    const char *others = NULL;
    for (int i = 0; i < RULE_COUNT; i++) {
        if (!rule_counts(&v->rules[i]))
            continue;
        enum cause cause = rule_table[i].cause;
        bool named = v->cause == cause;
        for (int s = 0; v->cause == CAUSE_MIXED && s < SHARE_COUNT; s++)
            named = named || (cause_of_share((enum share)s) == cause && v->attribution.shares[s] >= d->options.mixed);
        fired++;
        agree += named;
        if (!named)
            others = others ? arena_printf(d->arena, "%s, %s", others, rule_table[i].id) : rule_table[i].id;
    }
    if (fired == 0) {
        say(d->arena, &d->reasons, "%s: the cause rests on the attribution alone.",
            any_fired(v) ? "The founding rules that fired have next to none of the cycles to show for it"
                         : "No founding rule fired");
        /* Modelled causes without a rule are in modelled_right, and no less often right than those with one. */
        return v->attribution.source == SOURCE_SIM ? 1 : 0.75;
    }
    if (!others)
        return 1;
    say(d->arena, &d->reasons,
        agree ? "Rules that speak for something else fired, too (%s), with smaller shares."
              : "The founding rules disagree: those that fired (%s) speak for something else.",
        others);
    return agree ? 0.9 : 0.6;
}

/* A rest that went to layout on the IPC rule's word is weaker the less was read to contradict it. */
static double of_rest(struct docket *d)
{
    double factor = 1;
    if (!d->rest_by_rule || !(d->verdict->attribution.shares[SHARE_LAYOUT] >= 0.05))
        return 1;
    if (d->branches_unread) {
        say(d->arena, &d->reasons, "Mispredicts were not read: a part of what is called layout could be hint.");
        factor *= 0.8;
    }
    if (d->data_unread) {
        say(d->arena, &d->reasons, "No data-side counter was read: a part of what is called layout could be data.");
        factor *= 0.8;
    }
    struct ratios r = find_ratios(d->comparison);
    if (r.known && fabs(r.instructions - 1) > 0.01) {
        say(d->arena, &d->reasons,
            "New executes other instructions (%+.1f %%), whose own CPI is not known: what is left for layout is an "
            "upper bound.",
            100 * (r.instructions - 1));
        factor *= 0.85;
    }
    return factor;
}

/* Half of the doubt goes when most of the slowdown sits in code that did not change. */
static double with_identical_code(const struct docket *d, double confidence)
{
    bool strong = d->verdict->cause == CAUSE_LAYOUT && d->identical_share >= 0.5;
    return strong ? 1 - (1 - confidence) / 2 : confidence;
}

static double of_none(struct docket *d)
{
    const struct figure *t = d->comparison->time;
    double sure = !t ? 0 : t->estimator == ESTIMATOR_SINGLE ? 0.4 : t->estimator == ESTIMATOR_EXACT ? NONE_RIGHT : 0.95;
    for (int i = 0; i < RULE_COUNT; i++)
        if (d->verdict->rules[i].fired) {
            say(d->arena, &d->reasons, "Rule '%s' fired (%+.1f %%), but time does not show it.", rule_table[i].id,
                d->verdict->rules[i].value);
            sure *= 0.9;
        }
    if (t && t->source != SOURCE_SIM && d->model_change >= 0.03 && d->trend == TREND_SAME) {
        say(d->arena, &d->reasons, "The model predicts %+.1f %%, the clock does not show it: the clock is believed.",
            100 * d->model_change);
        sure *= 0.8;
    }
    return sure;
}

double confidence_of(struct docket *docket)
{
    const struct attribution *a = &docket->verdict->attribution;
    enum cause cause = docket->verdict->cause;
    if (cause == CAUSE_INCONCLUSIVE || cause == CAUSE_UNRELIABLE)
        return 0;
    if (cause == CAUSE_NONE)
        return of_none(docket);
    double explained = a->known ? 1 - fmin(1, fabs(a->residual)) : 0.4;
    double product = of_time(docket) * of_source(docket) * explained * (a->known ? of_margin(docket) : 1);
    product *= of_agreement(docket) * of_rest(docket);
    return with_identical_code(docket, product);
}
