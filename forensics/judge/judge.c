#include "judge/judge.h"

#include <math.h>

#include "judge/advice.h"
#include "judge/confidence.h"
#include "judge/counterfactual.h"
#include "judge/evidence.h"
#include "judge/rules.h"
#include "judge/split.h"
#include "judge/stack.h"

/* The model explains a slowdown only if it sees at least this part of it. */
static const double model_least = 0.25;

static double percent(double fraction)
{
    return 100 * fraction;
}

/* Without an interval the estimate is taken at face value. */
static enum trend trend_at_face_value(const struct docket *d)
{
    double s = d->comparison->slowdown;
    if (s - 1 >= d->floor)
        return TREND_SLOWER;
    return 1 / s - 1 >= d->floor ? TREND_FASTER : TREND_SAME;
}

/* A floor that the user set, also as the margin of equivalence: what is smaller is of no interest to them. Decided from
 * the 95 % interval, which is stricter than the 90 % one. */
static enum trend trend_with_floor(const struct docket *d)
{
    const struct comparison *c = d->comparison;
    if (c->slowdown_lo > 1 && c->slowdown - 1 >= d->floor)
        return TREND_SLOWER;
    if (c->slowdown_hi < 1 && 1 / c->slowdown - 1 >= d->floor)
        return TREND_FASTER;
    return c->slowdown_lo > 1 / (1 + d->floor) && c->slowdown_hi < 1 + d->floor ? TREND_SAME : TREND_UNKNOWN;
}

static enum trend find_trend(const struct docket *d)
{
    const struct comparison *c = d->comparison;
    if (!c->time)
        return TREND_UNKNOWN;
    if (c->time->estimator == ESTIMATOR_SINGLE || c->time->estimator == ESTIMATOR_EXACT)
        return trend_at_face_value(d);
    if (d->options.floor > 0)
        return trend_with_floor(d);
    switch (c->time->change) {
    case CHANGE_UP: case CHANGE_DOWN: return c->slowdown > 1 ? TREND_SLOWER : TREND_FASTER;
    case CHANGE_EQUIVALENT: return TREND_SAME;
    case CHANGE_UNKNOWN: case CHANGE_COUNT: break;
    }
    return TREND_UNKNOWN;
}

/* The model's change of cycles, from the profiles or from its figure. */
static double model_change(const struct docket *d)
{
    if (d->cost[0] && cost_cycles(&d->cost[0]->total) > 0)
        return cost_cycles(&d->cost[1]->total) / cost_cycles(&d->cost[0]->total) - 1;
    for (size_t i = 0; i < d->comparison->count; i++) {
        const struct figure *f = &d->comparison->figures[i];
        if (f->metric == M_CYCLES && f->source == SOURCE_SIM && f->state == READING_READ)
            return f->ratio - 1;
    }
    return NAN;
}

/* Measured counters first; the model's stack where there are none. */
static void attribute(struct docket *d)
{
    struct ratios r = find_ratios(d->comparison);
    bool measured = r.known && r.source != SOURCE_SIM;
    if (measured || !d->cost[0] || !split_stack(d))
        split_exactly(d);
    struct attribution *a = &d->verdict->attribution;
    a->arithmetic = d->arithmetic.text;
    a->arithmetic_count = d->arithmetic.count;
}

/* Exactly one cause among the rules that fired, when nothing could be divided; CAUSE_INCONCLUSIVE otherwise. */
static enum cause cause_by_rules(struct docket *d)
{
    enum cause found = CAUSE_INCONCLUSIVE;
    for (int i = 0; i < RULE_COUNT; i++) {
        if (!d->verdict->rules[i].fired)
            continue;
        if (found != CAUSE_INCONCLUSIVE && found != rule_table[i].cause)
            return CAUSE_INCONCLUSIVE;
        found = rule_table[i].cause;
    }
    if (found != CAUSE_INCONCLUSIVE)
        say(d->arena, &d->reasons,
            "Cycles and instructions cannot be divided here; the founding rules that fired all speak for %s.",
            cause_table[found].name);
    return found;
}

/* True when the model sees too little of what the clock sees. */
static bool model_misses_it(struct docket *d)
{
    const struct attribution *a = &d->verdict->attribution;
    bool clocked = d->comparison->time && d->comparison->time->source != SOURCE_SIM;
    if (a->source != SOURCE_SIM || !clocked || a->total >= model_least * (d->comparison->slowdown - 1))
        return false;
    say(d->arena, &d->reasons,
        "The clock says %+.1f %%, the model %+.1f %%: it does not see what makes new slower, so its shares are not "
        "claimed.",
        percent(d->comparison->slowdown - 1), percent(a->total));
    return true;
}

static enum cause cause_by_shares(struct docket *d, enum cause *primary)
{
    const struct attribution *a = &d->verdict->attribution;
    int best = 0, above = 0;
    for (int i = 0; i < SHARE_COUNT; i++) {
        above += a->shares[i] >= d->options.mixed;
        best = a->shares[i] > a->shares[best] ? i : best;
    }
    *primary = cause_of_share((enum share)best);
    if (above == 0 || a->residual > 0.5) {
        say(d->arena, &d->reasons, "%.0f %% of the change is explained by nothing that was read.",
            percent(a->residual));
        return *primary = CAUSE_INCONCLUSIVE;
    }
    return above > 1 ? CAUSE_MIXED : *primary;
}

static void choose_slower(struct docket *d)
{
    struct verdict *v = d->verdict;
    bool stopped = d->reasons.count > 0; /* the attribution said why it stopped */
    v->regression = true;
    if (!v->attribution.known) {
        v->cause = v->primary = stopped || d->cost[0] ? CAUSE_INCONCLUSIVE : cause_by_rules(d);
        if (d->cost[0])
            say(d->arena, &d->reasons,
                "The clock says %+.1f %%, the model %+.1f %%: it does not see what makes new slower.",
                percent(d->comparison->slowdown - 1), percent(d->model_change));
        else if (v->cause == CAUSE_INCONCLUSIVE && !stopped)
            say(d->arena, &d->reasons, "The slowdown is real, but nothing that was read can name its cause.");
        return;
    }
    if (model_misses_it(d)) {
        v->cause = v->primary = CAUSE_INCONCLUSIVE;
        return;
    }
    v->cause = cause_by_shares(d, &v->primary);
    for (int i = 0; i < SHARE_COUNT; i++)
        v->shares[i] = v->attribution.shares[i];
}

/* One run a side inside the floor: only if nothing else moved either. */
static bool single_but_moved(const struct docket *d)
{
    if (d->comparison->time->estimator != ESTIMATOR_SINGLE)
        return false;
    for (int i = 0; i < RULE_COUNT; i++)
        if (d->verdict->rules[i].fired)
            return true;
    return false;
}

static void choose(struct docket *d)
{
    struct verdict *v = d->verdict;
    if (d->comparison->control.present && !d->comparison->control.passed) {
        v->cause = v->primary = CAUSE_UNRELIABLE;
        say(d->arena, &d->reasons, "The A/A control failed: old against itself reads %+.1f %% (p = %.3g).",
            percent(d->comparison->control.ratio - 1), d->comparison->control.p);
    } else if (d->trend == TREND_SLOWER) {
        choose_slower(d);
    } else if (d->trend == TREND_UNKNOWN || (d->trend == TREND_SAME && single_but_moved(d))) {
        v->cause = v->primary = CAUSE_INCONCLUSIVE;
        if (d->trend == TREND_SAME)
            say(d->arena, &d->reasons,
                "Time did not move, but a counter did, and one run a side proves no equivalence.");
    } else {
        v->cause = v->primary = CAUSE_NONE;
    }
}

/* "work 42 %, hint 38 %, layout 20 %": largest first, those below 5 % left out. */
static const char *share_words(const struct docket *d)
{
    bool done[SHARE_COUNT] = { false };
    const char *words = "";
    for (int k = 0; k < SHARE_COUNT; k++) {
        int best = -1;
        for (int i = 0; i < SHARE_COUNT; i++)
            if (!done[i] && (best < 0 || d->verdict->shares[i] > d->verdict->shares[best]))
                best = i;
        done[best] = true;
        if (d->verdict->shares[best] >= 0.05)
            words = arena_printf(d->arena, "%s%s%s %.0f %%", words, *words ? ", " : "",
                                 cause_table[cause_of_share((enum share)best)].name, percent(d->verdict->shares[best]));
    }
    return words;
}

static const char *summary_slower(const struct docket *d)
{
    const struct verdict *v = d->verdict;
    const char *modelled = v->attribution.known && v->attribution.source == SOURCE_SIM ? ", as modelled" : "";
    if (v->cause == CAUSE_INCONCLUSIVE)
        return "New is slower; the cause cannot be named.";
    if (!v->attribution.known)
        return arena_printf(d->arena, "New is slower, by the founding rules because %s.", cause_table[v->cause].meaning);
    if (v->cause == CAUSE_MIXED)
        return arena_printf(d->arena, "New is slower for several reasons (%s of the extra cycles%s).", share_words(d), modelled);
    return arena_printf(d->arena, "New is slower because %s (%s of the extra cycles%s).", cause_table[v->cause].meaning,
                        share_words(d), modelled);
}

/* Why, in a sentence. How much slower is the headline's to say, from the same figures. */
static const char *summary(const struct docket *d)
{
    const struct comparison *c = d->comparison;
    if (d->verdict->cause == CAUSE_UNRELIABLE)
        return arena_printf(
            d->arena, "Old differs from its own copy by %+.1f %%: the machine, not the program; nothing can be said.",
            percent(c->control.ratio - 1));
    if (!c->time)
        return "No figure of time was read, so nothing can be said about speed.";
    if (d->trend == TREND_SLOWER)
        return summary_slower(d);
    if (d->verdict->cause == CAUSE_INCONCLUSIVE && isnan(c->time->mde))
        return "That is too little to decide.";
    if (d->verdict->cause == CAUSE_INCONCLUSIVE)
        return arena_printf(d->arena, "Neither slower nor equivalent: only a change of %.1f %% or more would have been seen.",
                            percent(c->time->mde));
    if (d->trend == TREND_FASTER)
        return "New is not slower.";
    return arena_printf(d->arena, "Old and new take the same time: what differs is inside the floor of %.1f %%.",
                        percent(d->floor));
}

/* The model says more than an undecided clock: worth a sentence, not a verdict. */
static void mention_model(struct docket *d)
{
    if (d->trend == TREND_UNKNOWN && d->verdict->cause == CAUSE_INCONCLUSIVE && fabs(d->model_change) >= 0.01)
        say(d->arena, &d->reasons, "The model predicts %+.1f %%, which this clock could not see.",
            percent(d->model_change));
}

static struct docket open_docket(struct arena *arena, const struct result *result, const struct judge_options *options,
                                 struct verdict *verdict)
{
    bool costs = result->cost[0] && result->cost[1], sampled = result->sampled[0] && result->sampled[1];
    struct docket d = {
        .arena = arena, .comparison = &result->comparison, .delta = result->delta, .libraries = result->libraries, .verdict = verdict,
        .cost = { costs ? result->cost[0] : NULL, costs ? result->cost[1] : NULL },
        .sampled = { sampled ? result->sampled[0] : NULL, sampled ? result->sampled[1] : NULL },
        .layouts = result->layouts, .options = options ? *options : judge_options_default(),
        .identical_share = NAN,
    };
    d.floor = d.options.floor > 0 ? d.options.floor : fmax(d.comparison->floor, 0.01);
    for (int i = 0; i < RULE_COUNT; i++)
        d.rule_cycles[i] = NAN;
    for (int i = 0; i < SHARE_COUNT; i++)
        verdict->shares[i] = verdict->attribution.shares[i] = NAN;
    if (costs)
        d.functions = pair_costs(&d, d.cost, false, &d.function_count);
    d.trend = find_trend(&d);
    d.model_change = model_change(&d);
    return d;
}

struct verdict judge(struct arena *arena, const struct result *result, const struct judge_options *options)
{
    struct verdict verdict = { .cause = CAUSE_INCONCLUSIVE };
    struct docket d = open_docket(arena, result, options, &verdict);
    run_rules(&d);
    attribute(&d);
    weigh_rules(&d);
    choose(&d);
    gather_evidence(&d);
    hear_layouts(&d);
    sort_evidence(&d);
    say_proof(&d);
    mention_model(&d);
    verdict.confidence = confidence_after_layouts(&d, confidence_of(&d));
    give_advice(&d);
    verdict.summary = summary(&d);
    verdict.reasons = d.reasons.text;
    verdict.reason_count = d.reasons.count;
    verdict.advice = d.advice.text;
    verdict.advice_count = d.advice.count;
    return verdict;
}
