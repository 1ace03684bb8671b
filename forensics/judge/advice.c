#include "judge/advice.h"

#include <math.h>

/* One row a sentence; a NULL `when` always holds. */
struct advice_row {
    enum cause cause;
    bool (*when)(const struct docket *docket);
    const char *text;
};

static bool text_grew(const struct docket *d)
{
    return d->delta && (double)d->delta->new->text_bytes > 1.01 * (double)d->delta->old->text_bytes;
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
      "Relink new with other layouts (link order, -falign-functions=64, padding) and measure each: if the slowdown "
      "comes "
      "and goes with them, it is luck of placement and no source change will cure it for good." },
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
    { CAUSE_WORK, NULL,
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

void give_advice(struct docket *docket)
{
    for (size_t i = 0; i < sizeof advice_table / sizeof *advice_table; i++) {
        const struct advice_row *row = &advice_table[i];
        if (concerns(docket, row->cause) && (!row->when || row->when(docket)))
            say(docket->arena, &docket->advice, "%s", row->text);
    }
}
