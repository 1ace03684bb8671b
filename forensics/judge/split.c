#include "judge/split.h"

#include <math.h>

#include "judge/penalty.h"
#include "judge/rules.h"

/* A change of cycles below this is not divided: the shares would be noise over noise. */
static const double least_change = 0.003;

static const struct figure *figure_from(const struct comparison *c, enum metric metric, enum source source)
{
    for (size_t i = 0; i < c->count; i++)
        if (c->figures[i].metric == metric && c->figures[i].source == source && c->figures[i].state == READING_READ)
            return isfinite(c->figures[i].ratio) && c->figures[i].ratio > 0 ? &c->figures[i] : NULL;
    return NULL;
}

/* How many operations new's run did for each of old's. A throughput that moved while the run's length did not means
 * that the program runs for a fixed time; one that moved together with it, that it does a fixed amount of work. */
static double operations(const struct comparison *c, const struct figure *cycles)
{
    if (!c->time || c->time->metric != M_THROUGHPUT)
        return 1;
    const struct figure *length = comparison_find(c, M_WALL);
    length = length ? length : comparison_find(c, M_CPU);
    length = length ? length : cycles;
    if (!length || fabs(log(c->slowdown)) < log1p(c->floor) || fabs(log(length->ratio)) >= fabs(log(c->slowdown)) / 2)
        return 1;
    return length->ratio / c->slowdown;
}

/* Only IPC and time were published: cycles follow time at an unchanged clock speed, instructions follow both. */
static struct ratios ratios_from_ipc(const struct comparison *c)
{
    const struct figure *ipc = comparison_find(c, M_IPC);
    if (!ipc || !c->time || !(ipc->ratio > 0) || !(ipc->old_value > 0))
        return (struct ratios){ .known = false, .per_operation = 1 };
    return (struct ratios){ true, ipc->source, c->slowdown, c->slowdown * ipc->ratio, 1 / ipc->old_value, 1, true };
}

static bool positive(const struct figure *f)
{
    return f->old_value > 0 && f->new_value > 0;
}

struct ratios find_ratios(const struct comparison *comparison)
{
    static const enum source order[] = { SOURCE_PERF, SOURCE_FILE, SOURCE_SCRIPT, SOURCE_SIM };
    for (size_t k = 0; k < sizeof order / sizeof *order; k++) {
        const struct figure *cycles = figure_from(comparison, M_CYCLES, order[k]);
        const struct figure *instructions = figure_from(comparison, M_INSTRUCTIONS, order[k]);
        if (!cycles || !instructions || !positive(cycles) || !positive(instructions))
            continue;
        double ops = operations(comparison, cycles);
        return (struct ratios){ true, order[k], cycles->ratio / ops, instructions->ratio / ops,
                                cycles->old_value / instructions->old_value, ops, false };
    }
    return ratios_from_ipc(comparison);
}

/* The split in old's cycles; positive is in the direction of the whole change. */
struct split {
    struct ratios r;
    double total, work, cpi;     /* dC / C_old and its two terms */
    double events[SHARE_COUNT];  /* priced events by share */
    double rule[RULE_COUNT];     /* priced events by the rule that looks at them */
    double scale;                /* what the prices were multiplied by to fit into the CPI term */
    double room[SHARE_COUNT];    /* how much more each share's events could cost at their highest prices */
};

static double percent(double fraction)
{
    return 100 * fraction;
}

static enum rule_id rule_of(enum metric metric)
{
    switch ((int)metric) {
    case M_BRANCH_MISSES: return RULE_BRANCH_MISS;
    case M_DTLB_MISSES: case M_DTLB_WALKS: case M_STLB_HITS: return RULE_DTLB_MISS;
    case M_CACHE_MISSES: case M_LLC_MISSES: case M_L2D_MISSES: case M_L1D_MISSES: return RULE_CACHE_MISS;
    default: return RULE_COUNT;
    }
}

/* New's value by the estimated ratio; from 0 there is no ratio, so new's own location stands. */
static double now_value(const struct figure *f)
{
    return f->old_value > 0 ? f->old_value * f->ratio : f->new_value;
}

/* Cost of a row's change per operation, as a fraction of old's cycles; 0 when not read or not clear. */
static double event_cost(const struct docket *d, const struct split *s, const struct penalty_row *row, double rates[2])
{
    const struct figure *event = figure_from(d->comparison, row->metric, s->r.source);
    const struct figure *instructions = figure_from(d->comparison, M_INSTRUCTIONS, s->r.source);
    bool superseded = row->covers != METRIC_COUNT && figure_from(d->comparison, row->covers, s->r.source);
    if (!event || !instructions || superseded || !clear_change(event))
        return 0;
    rates[0] = event->old_value / instructions->old_value;
    rates[1] = now_value(event) / (instructions->old_value * instructions->ratio);
    return (1 + s->r.instructions) / 2 * (rates[1] - rates[0]) * row->cycles / s->r.cpi;
}

static void price_events(struct docket *d, struct split *s)
{
    double sign = s->total < 0 ? -1 : 1, up = 0, down = 0, cost[64], rates[64][2];
    for (size_t i = 0; i < penalty_count; i++) {
        cost[i] = sign * event_cost(d, s, &penalty_table[i], rates[i]);
        *(cost[i] > 0 ? &up : &down) += cost[i];
    }
    double cpi = sign * s->cpi;
    s->scale = up > 0 && up + down > cpi ? fmax(0, (cpi - down) / up) : 1;
    for (size_t i = 0; i < penalty_count; i++) {
        const struct penalty_row *row = &penalty_table[i];
        double part = sign * cost[i] * (cost[i] > 0 ? s->scale : 1);
        enum rule_id rule = rule_of(row->metric);
        s->events[row->share] += part;
        s->room[row->share] += fmax(0, sign * part) * (row->most / row->cycles - 1) * sign;
        if (rule != RULE_COUNT)
            s->rule[rule] += part;
        if (fabs(cost[i]) >= 0.02 * fabs(s->total))
            say(d->arena, &d->arithmetic,
                "%s: %s per 1000 instructions %.3g -> %.3g, x %.3g cycles = %+.1f %% of old's cycles, %.0f %% of the "
                "change.",
                cause_table[cause_of_share(row->share)].name, metric_table[row->metric].title, 1000 * rates[i][0],
                1000 * rates[i][1], row->cycles * (cost[i] > 0 ? s->scale : 1), percent(part),
                percent(part / s->total));
    }
    if (s->scale < 1)
        say(d->arena, &d->arithmetic,
            "At their default prices these events would cost %.1f times what the CPI term holds, so the prices were "
            "scaled by %.2f.",
            1 / fmax(s->scale, 1e-3), s->scale);
}

/* Growth of a stall or slot counter per operation; NaN when not read. */
static double stall_growth(const struct docket *d, const struct split *s, enum metric metric)
{
    const struct figure *f = figure_from(d->comparison, metric, s->r.source);
    return f ? fmax(0, now_value(f) / s->r.per_operation - f->old_value) : NAN;
}

/* The rest goes where the extra stalls are, if the processor counts them. */
static bool rest_by_stalls(struct docket *d, const struct split *s, double rest, double *layout, double *data)
{
    double front = stall_growth(d, s, M_SLOTS_FRONTEND), back = stall_growth(d, s, M_SLOTS_BACKEND);
    if (isnan(front) || isnan(back)) {
        front = stall_growth(d, s, M_FRONTEND_STALLS);
        back = stall_growth(d, s, M_BACKEND_STALLS);
    }
    if (isnan(front) || isnan(back) || front + back <= 0)
        return false;
    *layout += rest * front / (front + back);
    *data += rest * back / (front + back);
    say(d->arena, &d->arithmetic,
        "rest: %+.1f %% of old's cycles, divided as the extra stalls are: %.0f %% front end (layout), %.0f %% back end "
        "(data).",
        percent(rest), percent(front / (front + back)), percent(back / (front + back)));
    return true;
}

/* Whether any counter of a share with a price was read. */
static bool share_read(const struct docket *d, enum source source, enum share share)
{
    for (size_t i = 0; i < penalty_count; i++)
        if (penalty_table[i].share == share && figure_from(d->comparison, penalty_table[i].metric, source))
            return true;
    return false;
}

/* Data misses that rose by the rule's measure may have hidden less than the default prices assume. */
static double raise_data_prices(struct docket *d, const struct split *s, double rest, double *data)
{
    double taken = fmin(rest / s->total, s->room[SHARE_DATA] / s->total) * s->total;
    if (taken / s->total < 0.02)
        return rest;
    say(d->arena, &d->arithmetic,
        "data: a rule on data misses fired and nothing else explains the rest, so their prices were raised towards the "
        "whole latency: another %+.1f %% of old's cycles, %.0f %% of the change.",
        percent(taken), percent(taken / s->total));
    *data += taken;
    return rest - taken;
}

/* What no event explains. It is layout's only if the IPC rule fires and no data rule does, or if branches and data were
 * both read and stayed where they were; anything else stays a rest. */
static double book_rest(struct docket *d, const struct split *s, double rest, double *layout, double *data)
{
    const struct rule_result *rules = d->verdict->rules;
    bool data_fired = rules[RULE_CACHE_MISS].fired || rules[RULE_DTLB_MISS].fired;
    bool branches = share_read(d, s->r.source, SHARE_HINT), memory = share_read(d, s->r.source, SHARE_DATA);
    if (rest / s->total < 0.02)
        return rest;
    if (rest_by_stalls(d, s, rest, layout, data))
        return 0;
    if (data_fired)
        rest = raise_data_prices(d, s, rest, data);
    if (rest / s->total < 0.02)
        return rest;
    bool eliminated = branches && memory && !data_fired && !rules[RULE_BRANCH_MISS].fired;
    bool by_rule = rules[RULE_IPC].fired && !data_fired;
    if (!eliminated && !by_rule) {
        say(d->arena, &d->arithmetic,
            "rest: %+.1f %% of old's cycles, %.0f %% of the change, is explained by no counter that was read.",
            percent(rest), percent(rest / s->total));
        return rest;
    }
    *layout += rest;
    d->rest_by_rule = !eliminated;
    d->branches_unread = !branches;
    d->data_unread = !memory;
    say(d->arena, &d->arithmetic,
        "layout: what is left of the CPI term, %+.1f %% of old's cycles, %.0f %% of the change, %s.", percent(rest),
        percent(rest / s->total),
        eliminated ? "because mispredicts and cache misses were read and did not rise"
        : memory   ? "on the word of the IPC rule"
        : branches ? "on the word of the IPC rule (no data-side counter was read)"
                   : "on the word of the IPC rule (neither mispredicts nor cache misses were read)");
    return 0;
}

static void say_terms(struct docket *d, const struct split *s)
{
    double cpi_new = s->r.cpi * s->r.cycles / s->r.instructions;
    if (s->r.per_operation != 1)
        say(d->arena, &d->arithmetic,
            "The runs last the same time but new does %+.1f %% operations, so everything is counted per operation.",
            percent(s->r.per_operation - 1));
    if (s->r.from_ipc)
        say(d->arena, &d->arithmetic,
            "Time changed by %+.1f %% and IPC by %+.1f %%, so instructions per operation changed by %+.1f %% (at the "
            "same clock speed).",
            percent(s->r.cycles - 1), percent(s->r.instructions / s->r.cycles - 1), percent(s->r.instructions - 1));
    say(d->arena, &d->arithmetic,
        "Cycles changed by %+.1f %%: instructions by %+.1f %%, cycles per instruction from %.3f to %.3f (IPC %.2f -> "
        "%.2f).",
        percent(s->total), percent(s->r.instructions - 1), s->r.cpi, cpi_new, 1 / s->r.cpi, 1 / cpi_new);
    say(d->arena, &d->arithmetic,
        "work: %+.1f %% instructions x mean CPI %.3f = %+.1f %% of old's cycles, %.0f %% of the change; the CPI term "
        "holds the other %.0f %%.",
        percent(s->r.instructions - 1), (s->r.cpi + cpi_new) / 2, percent(s->work), percent(s->work / s->total),
        percent(s->cpi / s->total));
}

/* dC = dI * mean CPI + mean I * dCPI with midpoints, all divided by C_old. */
static struct split two_terms(struct ratios r)
{
    double cpi_ratio = r.cycles / r.instructions;
    return (struct split){ .r = r, .total = r.cycles - 1, .work = (r.instructions - 1) * (1 + cpi_ratio) / 2,
                           .cpi = (1 + r.instructions) / 2 * (cpi_ratio - 1), .scale = 1 };
}

static bool worth_dividing(struct docket *d, const struct split *s)
{
    if (!s->r.known)
        return false;
    double slower = d->comparison->slowdown - 1;
    if (d->trend != TREND_SLOWER || s->total >= slower / 4)
        return fabs(s->total) >= least_change;
    say(d->arena, &d->reasons,
        "Time rose by %.1f %% but cycles changed by %+.1f %%: waiting, clock speed or another state of the machine, "
        "not what the code executes.",
        percent(slower), percent(s->total));
    return false;
}

void split_exactly(struct docket *docket)
{
    struct attribution *a = &docket->verdict->attribution;
    struct split s = two_terms(find_ratios(docket->comparison));
    if (!worth_dividing(docket, &s))
        return;
    say_terms(docket, &s);
    price_events(docket, &s);
    double layout = s.events[SHARE_LAYOUT], data = s.events[SHARE_DATA], hint = s.events[SHARE_HINT];
    double rest = book_rest(docket, &s, s.cpi - layout - data - hint, &layout, &data);
    *a = (struct attribution){
        .known = true, .method = "exact split + event penalties", .source = s.r.source, .total = s.total
    };
    a->shares[SHARE_WORK] = s.work / s.total;
    a->shares[SHARE_LAYOUT] = layout / s.total;
    a->shares[SHARE_HINT] = hint / s.total;
    a->shares[SHARE_DATA] = data / s.total;
    a->residual = rest / s.total;
    for (int i = 0; i < COMPONENT_COUNT; i++)
        a->components[i] = NAN;
    for (int i = 0; i < RULE_COUNT; i++)
        docket->rule_cycles[i] = s.rule[i] / s.total;
    docket->rule_cycles[RULE_IPC] = a->shares[SHARE_LAYOUT];
    docket->rule_cycles[RULE_INSTRUCTIONS] = a->shares[SHARE_WORK];
}
