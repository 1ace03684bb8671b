#include "judge/advice.h"

#include <math.h>

#include "judge/fact_evidence.h"
#include "judge/stack.h"

/* One row a sentence; a NULL `when` always holds. */
struct advice_row {
    enum cause cause;
    bool (*when)(const struct docket *docket);
    const char *text;
};

static bool text_grew(const struct docket *d)
{
    /* Where identical code carries nearly all of it, what was inlined on top is not the reason. */
    return d->delta && (double)d->delta->new->text_bytes > 1.01 * (double)d->delta->old->text_bytes &&
           !(d->identical_share >= 0.8);
}

static bool no_elf(const struct docket *d)
{
    return !d->delta;
}

static bool tls_changed(const struct docket *d)
{
    const struct delta *x = d->delta;
    return x &&
           (x->new->tls_dynamic_relocations > x->old->tls_dynamic_relocations || x->new->tls_size > x->old->tls_size);
}

static bool objects_resized(const struct docket *d)
{
    return d->delta && d->delta->fates[SYMBOL_OBJECT][FATE_RESIZED];
}

static bool no_counters(const struct docket *d)
{
    return !d->verdict->attribution.known && !comparison_find(d->comparison, M_INSTRUCTIONS);
}

/* Functions that went from one of .text.hot, .text.unlikely and the rest to another. */
static size_t went_elsewhere(const struct delta *delta)
{
    size_t count = 0;
    for (size_t i = 0; i < delta->code_fact_count; i++)
        count += delta->code_facts[i].kind == FACT_PLACE;
    return count;
}

/* Blocks reordered in many functions at once, and calls no longer inlined or functions hot that were not, is no edit of
 * the source. */
static bool profile_suspected(const struct docket *d)
{
    return d->delta && d->delta->fates[SYMBOL_FUNCTION][FATE_REORDERED] >= 3 &&
           (d->uninlined || went_elsewhere(d->delta) >= 3);
}

static bool inlining_held(const struct docket *d)
{
    return !d->uninlined;
}

static bool slower(const struct docket *d)
{
    return d->trend == TREND_SLOWER;
}

static bool slower_blind(const struct docket *d)
{
    return slower(d) && no_counters(d);
}

static bool undecided(const struct docket *d)
{
    return d->trend == TREND_UNKNOWN && d->comparison->time && d->comparison->time->estimator != ESTIMATOR_SINGLE;
}

static bool single(const struct docket *d)
{
    return d->comparison->time && d->comparison->time->estimator == ESTIMATOR_SINGLE;
}

static bool rests_on_rule(const struct docket *d)
{
    return d->rest_by_rule && (d->data_unread || d->branches_unread);
}

static const struct advice_row advice_table[] = {
    { CAUSE_LAYOUT, NULL,
      "Before you change the source: `layout_tax_forensics sweep` tries both builds in many layouts. If the slowdown "
      "comes and goes with them, it is luck of placement, and only fixing the placement cures it." },
    { CAUSE_LAYOUT, text_grew,
      "The text grew: see what was inlined or unrolled on top (inlining limits, -O3 or PGO decisions), and keep hot "
      "functions together (-ffunction-sections with an order file, or a post-link optimiser)." },
    { CAUSE_LAYOUT, no_elf,
      "Give the two ELF files as well: whether the hot functions' code is identical decides between layout and "
      "content." },
    { CAUSE_LAYOUT, rests_on_rule,
      "Record branch-misses, cache-misses and dTLB-load-misses, too: they can confirm or refute that what is left is "
      "layout." },
    { CAUSE_HINT, NULL,
      "Compare the training load of the profile with the load measured here (same knobs, same input), retrain, and "
      "look at __builtin_expect, likely/unlikely and cold attributes on the hot path." },
    { CAUSE_DATA, NULL,
      "Look at what the hot loops touch: struct sizes and padding, strides that are powers of two, page count, "
      "alignment." },
    { CAUSE_DATA, tls_changed,
      "Thread-local storage changed: prefer -ftls-model=initial-exec in libraries loaded at start, or keep the TLS "
      "block small." },
    { CAUSE_DATA, objects_resized,
      "Data objects changed their size: put the old sizes back one at a time to find the one that matters." },
    { CAUSE_WORK, profile_suspected,
      "The blocks of several functions lie in another order, and inlining was lost or other functions count as hot: that is "
      "what a profile (PGO) does that is missing or no longer fits. Train it on the load measured here, and compare again." },
    { CAUSE_WORK, inlining_held,
      "It executes more: compare instruction counts by function and look at what was added on the hot path." },
    { CAUSE_INCONCLUSIVE, slower_blind,
      "Only the clock was read, and it cannot name a cause: add hardware counters (layout_tax_forensics doctor says "
      "what this machine has) or the model (--source sim)." },
    { CAUSE_INCONCLUSIVE, undecided,
      "Add rounds (--runs) or quieten the machine: the smallest change that these runs would have shown is larger than "
      "the floor." },
    { CAUSE_INCONCLUSIVE, single, "Record several runs a side: one run gives no interval." },
    { CAUSE_UNRELIABLE, NULL,
      "The machine is not fit to measure now: stop other load, pin a core, fix the clock speed, and run again." },
};

static bool concerns(const struct docket *d, enum cause cause)
{
    const struct verdict *v = d->verdict;
    if (v->cause == cause)
        return true;
    for (int s = 0; v->cause == CAUSE_MIXED && s < SHARE_COUNT; s++)
        if (cause_of_share((enum share)s) == cause && v->attribution.shares[s] >= d->options.mixed)
            return true;
    return false;
}

/* The function that carries most of what grew by a share, if that is worth naming; NULL: none stands out. */
static const struct cost_pair *culprit(const struct docket *d, enum share share)
{
    const struct cost_pair *best = NULL;
    double total = d->cost[0] ? cost_cycles(&d->cost[1]->total) - cost_cycles(&d->cost[0]->total) : 0;
    for (size_t i = 0; total > 0 && i < d->function_count; i++) {
        const struct cost_pair *p = &d->functions[i];
        if (p->new && p->shares[share] >= 0.3 * total && (!best || p->shares[share] > best->shares[share]))
            best = p;
    }
    return best;
}

/* Whether what grew in a function is mostly code that comes from far away: no alignment cures that. */
static bool far_code(const struct cost_pair *p)
{
    const double *o = p->old->cost.cycles, *n = p->new->cost.cycles;
    double before = o[COMPONENT_L1I] + o[COMPONENT_L2I] + o[COMPONENT_ITLB];
    return n[COMPONENT_L1I] + n[COMPONENT_L2I] + n[COMPONENT_ITLB] - before > p->cycles / 2;
}

/* The remedy for identical code that one function suffers most from. */
static void name_layout(struct docket *d)
{
    const struct cost_pair *p = culprit(d, SHARE_LAYOUT);
    if (!p || !same_code(p) || !p->change->old || !p->change->new)
        return;
    unsigned from = (unsigned)(p->change->old->address % 64), to = (unsigned)(p->change->new->address % 64);
    if (far_code(p))
        say(d->arena, &d->advice,
            "Keep %s next to the functions it runs with: its code now comes from farther away. Use -ffunction-sections "
            "and an order file (ld.lld --symbol-ordering-file), or a fresh profile.",
            p->new->name);
    else if (from != to)
        say(d->arena, &d->advice,
            "Align %s (its offset in the 64-byte line went from %u to %u): __attribute__((aligned(64))) on it, or build "
            "with -falign-functions=64 -falign-loops=32.",
            p->new->name, from, to);
}

/* The share of a function that was a part of its caller before says nothing: what cures it is named instead. */
static bool inline_again(struct docket *d, const struct cost_pair *culprit)
{
    const struct code_fact *f = d->uninlined;
    if (!f || !is_callee(culprit->new->name, f->callee))
        return false;
    say(d->arena, &d->advice,
        "Get %s inlined into %s again: a profile of the load that matters (-fprofile-use), or "
        "__attribute__((always_inline)) on %s.",
        f->callee, f->name, f->callee);
    return true;
}

static void name_others(struct docket *d)
{
    static const enum share shares[] = { SHARE_HINT, SHARE_DATA, SHARE_WORK };
    double total = d->cost[0] ? cost_cycles(&d->cost[1]->total) - cost_cycles(&d->cost[0]->total) : 0;
    for (size_t i = 0; i < sizeof shares / sizeof *shares; i++) {
        const struct cost_pair *p = concerns(d, cause_of_share(shares[i])) ? culprit(d, shares[i]) : NULL;
        if (p && !inline_again(d, p))
            say(d->arena, &d->advice, "Start with %s: it carries %.0f %% of the extra cycles, mostly as %s.",
                p->new->name, 100 * p->cycles / total, cause_table[cause_of_share(shares[i])].name);
    }
}

void give_advice(struct docket *docket)
{
    if (concerns(docket, CAUSE_LAYOUT))
        name_layout(docket);
    name_others(docket);
    for (size_t i = 0; i < sizeof advice_table / sizeof *advice_table; i++) {
        const struct advice_row *row = &advice_table[i];
        if (concerns(docket, row->cause) && (!row->when || row->when(docket)))
            say(docket->arena, &docket->advice, "%s", row->text);
    }
}
