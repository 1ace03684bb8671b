#include "judge/rules.h"

#include <math.h>

#include "judge/split.h"

/* Below this share of the cycle change a rule is about next to nothing: ten per cent more of nothing must not win. */
static const double least_weight = 0.1;

/* The first metric of the row that was read. */
static const struct figure *deciding(const struct comparison *comparison, const struct rule_row *row)
{
    for (size_t i = 0; i < sizeof row->metrics / sizeof *row->metrics && row->metrics[i] != METRIC_COUNT; i++) {
        const struct figure *f = comparison_find(comparison, row->metrics[i]);
        if (f)
            return f;
    }
    return NULL;
}

/* Totals of a program that runs for a fixed time say nothing: they are counted per operation. */
static double per_operation(const struct docket *d, const struct figure *f)
{
    const struct metric_row *row = &metric_table[f->metric];
    if (row->derived || row->unit != UNIT_COUNT)
        return 1;
    struct ratios r = find_ratios(d->comparison);
    return r.known && r.source == f->source ? r.per_operation : 1;
}

static void run_rule(const struct docket *d, enum rule_id id, struct rule_result *out)
{
    const struct rule_row *row = &rule_table[id];
    const struct figure *f = deciding(d->comparison, row);
    *out = (struct rule_result){ .rule = id, .threshold = d->options.threshold[id], .weight = NAN };
    if (!f || !isfinite(f->ratio))
        return;
    double change = 100 * (f->ratio / per_operation(d, f) - 1);
    out->known = true;
    out->metric = f->metric;
    out->value = row->drop ? -change : change;
    out->fired = out->value > out->threshold && clear_change(f);
}

void run_rules(struct docket *docket)
{
    for (int i = 0; i < RULE_COUNT; i++)
        run_rule(docket, (enum rule_id)i, &docket->verdict->rules[i]);
}

void weigh_rules(struct docket *docket)
{
    for (int i = 0; i < RULE_COUNT; i++)
        if (docket->verdict->rules[i].known && !isnan(docket->rule_cycles[i]))
            docket->verdict->rules[i].weight = fmin(1, fmax(-1, docket->rule_cycles[i]));
}

bool rule_counts(const struct rule_result *result)
{
    return result->fired && !(result->weight < least_weight);
}

bool rules_say(const struct verdict *verdict, enum cause cause)
{
    for (int i = 0; i < RULE_COUNT; i++)
        if (rule_counts(&verdict->rules[i]) && rule_table[i].cause == cause)
            return true;
    return false;
}
