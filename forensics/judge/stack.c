#include "judge/stack.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/fact_costs.h"
#include "judge/booking.h"

/* The exact split dC = dI * CPI + I * dCPI, function by function. The CPI is the pooled one, (C_old + C_new) / (I_old +
 * I_new), not the midpoint of the two: where inlining leaves a function a handful of instructions on one side, their
 * CPI is an accident and must not price the millions of the other. For each component c, dI * (c_old + c_new) /
 * (I_old + I_new) is work and the rest belongs to c's share; the parts sum to dC without a residual. A function that
 * only one side runs is all work: whatever it suffers, it suffers because it is there. */
static void split_pair(struct cost_pair *p)
{
    static const struct cost nothing;
    const struct cost *o = p->old ? &p->old->cost : &nothing, *n = p->new ? &p->new->cost : &nothing;
    double both = o->instructions + n->instructions, more = n->instructions - o->instructions;
    for (int i = 0; i < COMPONENT_COUNT; i++) {
        double delta = n->cycles[i] - o->cycles[i];
        double work = both > 0 ? more * (o->cycles[i] + n->cycles[i]) / both : delta;
        p->shares[SHARE_WORK] += work;
        p->shares[component_table[i].share] += delta - work;
        p->cycles += delta;
    }
}

static bool same_module(const struct cost_item *a, const struct cost_item *b)
{
    /* Old and new are two files with two names; any other module must be the same one. */
    return a->module && b->module ? strcmp(a->module, b->module) == 0 : a->module == b->module;
}

static const struct symbol_change *change_of(const struct docket *docket, bool old_side, const struct cost_item *item)
{
    return cost_item_change(docket->delta, docket->libraries, old_side, item);
}

/* new's partner in old: through the delta's symbols, else by name (the same module first). */
static const struct cost_item *partner(const struct docket *docket, const struct cost_item *olds, size_t n,
                                       const struct cost_item *new, const struct symbol_change *change,
                                       const bool *taken)
{
    const struct cost_item *by_name = NULL;
    for (size_t i = 0; i < n; i++) {
        if (taken[i])
            continue;
        if (change && change->old && olds[i].address && olds[i].address == change->old->address &&
            change_of(docket, true, &olds[i]) == change)
            return &olds[i];
        if (strcmp(olds[i].name, new->name) == 0 && (!by_name || same_module(&olds[i], new)))
            by_name = &olds[i];
    }
    return by_name;
}

static int by_cycles(const void *a, const void *b)
{
    double x = fabs(((const struct cost_pair *)a)->cycles), y = fabs(((const struct cost_pair *)b)->cycles);
    return (x < y) - (x > y);
}

/* The part of a name before a compiler's suffix (.cold, .part.0, .isra.0, ...). */
static size_t base_length(const char *name)
{
    return name[0] == '.' ? strlen(name) : strcspn(name, ".");
}

static const struct cost_item *sum_of(struct arena *arena, const struct cost_item *whole, const struct cost_item *part)
{
    struct cost_item *sum = arena_alloc(arena, sizeof *sum);
    *sum = *whole;
    sum->cost.instructions += part->cost.instructions;
    for (int i = 0; i < COMPONENT_COUNT; i++)
        sum->cost.cycles[i] += part->cost.cycles[i];
    for (int i = 0; i < METRIC_COUNT; i++)
        sum->cost.counts[i] += part->cost.counts[i];
    return sum;
}

/* A part that only one side has (f.cold, f.part.0) goes back into its function, which both have: a function that was
 * taken apart does not execute more for it. Returns how many pairs are left. */
static size_t rejoin_parts(struct arena *arena, struct cost_pair *pairs, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        const struct cost_item *part = pairs[i].old ? pairs[i].old : pairs[i].new;
        size_t length = base_length(part->name);
        struct cost_pair *whole = NULL;
        for (size_t k = 0; (!pairs[i].old || !pairs[i].new) && part->name[length] && k < count && !whole; k++) {
            struct cost_pair *q = &pairs[k];
            if (q->old && q->new && strncmp(q->new->name, part->name, length) == 0 && base_length(q->new->name) == length)
                whole = q;
        }
        if (whole && part == pairs[i].old)
            whole->old = sum_of(arena, whole->old, part);
        else if (whole)
            whole->new = sum_of(arena, whole->new, part);
        if (whole)
            pairs[i].old = pairs[i].new = NULL; /* gone */
    }
    for (size_t i = 0; i < count; i++)
        if (pairs[i].old || pairs[i].new)
            pairs[kept++] = pairs[i];
    return kept;
}

struct cost_pair *pair_costs(const struct docket *docket, const struct cost_profile *const costs[2], bool objects,
                             size_t *count)
{
    const struct cost_profile *o = costs[0], *n = costs[1];
    const struct cost_item *olds = objects ? o->objects : o->functions, *news = objects ? n->objects : n->functions;
    size_t old_count = objects ? o->object_count : o->function_count,
           new_count = objects ? n->object_count : n->function_count;
    struct cost_pair *pairs = arena_array(docket->arena, old_count + new_count + 1, sizeof *pairs);
    bool *taken = arena_array(docket->arena, old_count + 1, sizeof *taken);
    *count = 0;
    for (size_t i = 0; i < new_count; i++) {
        struct cost_pair *p = &pairs[(*count)++];
        *p = (struct cost_pair){ .new = &news[i], .change = change_of(docket, false, &news[i]) };
        p->old = partner(docket, olds, old_count, &news[i], p->change, taken);
        if (p->old)
            taken[p->old - olds] = true;
    }
    for (size_t i = 0; i < old_count; i++)
        if (!taken[i]) {
            struct cost_pair *p = &pairs[(*count)++];
            *p = (struct cost_pair){ .old = &olds[i], .change = change_of(docket, true, &olds[i]) };
        }
    if (!objects)
        *count = rejoin_parts(docket->arena, pairs, *count);
    for (size_t i = 0; i < *count; i++)
        split_pair(&pairs[i]);
    qsort(pairs, *count, sizeof *pairs, by_cycles);
    return pairs;
}

bool same_code(const struct cost_pair *pair)
{
    return pair->old && pair->new && pair->change &&
           (pair->change->fate == FATE_SAME || pair->change->fate == FATE_MOVED);
}

/* Dependence chains that grew without more instructions are nobody's work: the bookings say what they wait for. */
static bool only_waits(const struct docket *d, int component, double delta)
{
    return component == COMPONENT_DEPENDENCE && delta > 0 && idle_cycles(d) >= delta / 2;
}

static void say_components(struct docket *d, const double *delta, double total)
{
    for (int i = 0; i < COMPONENT_COUNT; i++)
        if (only_waits(d, i, delta[i]))
            say(d->arena, &d->arithmetic,
                "%+.3g cycles, %.0f %% of the modelled change, are longer waits of the same instructions.", delta[i],
                100 * delta[i] / total);
        else if (fabs(delta[i]) >= 0.03 * fabs(total))
            say(d->arena, &d->arithmetic, "%s: %s %+.3g cycles, %.0f %% of the modelled change.",
                cause_table[cause_of_share(component_table[i].share)].name, component_table[i].title, delta[i],
                100 * delta[i] / total);
}

/* Shares of the whole: the functions' sum, or where no functions are known the components as they stand; and where both
 * sides were modelled with groups knocked out, what went away with each group. */
static void add_up(const struct docket *docket, const double *delta, double shares[SHARE_COUNT])
{
    const struct cost_profile *o = docket->cost[0], *n = docket->cost[1];
    for (int s = 0; o->has_groups && n->has_groups && s < SHARE_COUNT; s++)
        shares[s] = n->group_cycles[s] - o->group_cycles[s];
    if (o->has_groups && n->has_groups)
        return;
    for (size_t k = 0; k < docket->function_count; k++)
        for (int s = 0; s < SHARE_COUNT; s++)
            shares[s] += docket->functions[k].shares[s];
    for (int i = 0; !docket->function_count && i < COMPONENT_COUNT; i++)
        shares[component_table[i].share] += delta[i];
}

bool split_stack(struct docket *docket)
{
    const struct cost *o = &docket->cost[0]->total, *n = &docket->cost[1]->total;
    struct attribution *a = &docket->verdict->attribution;
    double old_cycles = cost_cycles(o), total = cost_cycles(n) - old_cycles, delta[COMPONENT_COUNT],
           shares[SHARE_COUNT] = { 0 };
    if (!(old_cycles > 0) || fabs(total) < 0.003 * old_cycles)
        return false;
    say(docket->arena, &docket->arithmetic,
        "The model counts %.4g cycles for old and %.4g for new: %+.1f %%; instructions changed by %+.2f %%.",
        old_cycles, old_cycles + total, 100 * total / old_cycles, 100 * (n->instructions / o->instructions - 1));
    for (int i = 0; i < COMPONENT_COUNT; i++)
        delta[i] = n->cycles[i] - o->cycles[i];
    add_up(docket, delta, shares);
    say_components(docket, delta, total);
    book(docket, shares, total);
    *a = (struct attribution){ .known = true, .method = docket->cost[0]->has_groups && docket->cost[1]->has_groups
                                             ? "knock-out of component groups" : "CPI stack of the model", .source = docket->cost[1]->source,
                               .total = total / old_cycles };
    for (int i = 0; i < SHARE_COUNT; i++)
        a->shares[i] = shares[i] / total;
    for (int i = 0; i < COMPONENT_COUNT; i++)
        a->components[i] = delta[i] / total;
    docket->rule_cycles[RULE_IPC] = a->shares[SHARE_LAYOUT];
    docket->rule_cycles[RULE_INSTRUCTIONS] = a->shares[SHARE_WORK];
    docket->rule_cycles[RULE_BRANCH_MISS] =
        (delta[COMPONENT_DIRECTION] + delta[COMPONENT_INDIRECT] + delta[COMPONENT_RETURN]) / total;
    docket->rule_cycles[RULE_CACHE_MISS] =
        (delta[COMPONENT_L1D] + delta[COMPONENT_L2D] + delta[COMPONENT_MEMORY]) / total;
    docket->rule_cycles[RULE_DTLB_MISS] = delta[COMPONENT_DTLB] / total;
    return true;
}
