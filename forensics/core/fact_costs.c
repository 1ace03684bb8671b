#include "core/fact_costs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

/* Components that a kind of fact can move, as 1 << component; 0: all that its cause is booked. A stack frame is always
 * in the L1D: another size of it changes what a load finds in the store buffer, and no more. */
static const unsigned own_components[FACT_KIND_COUNT] = {
    [FACT_LOOP_WINDOWS] = 1u << COMPONENT_OPCACHE,
    [FACT_LOOP_OPS] = 1u << COMPONENT_OPCACHE,
    [FACT_LOOP_PAGES] = 1u << COMPONENT_ITLB,
    [FACT_JCC] = 1u << COMPONENT_JCC,
    [FACT_DENSE] = 1u << COMPONENT_DENSITY | 1u << COMPONENT_BTB,
    [FACT_GOT] = 1u << COMPONENT_INDIRECT,
    [FACT_COLD_ENTRIES] = 1u << COMPONENT_TAKEN | 1u << COMPONENT_DIRECTION,
    [FACT_INDIRECT] = 1u << COMPONENT_INDIRECT,
    [FACT_SPILLS] = 1u << COMPONENT_FORWARD | 1u << COMPONENT_ALIAS,
    [FACT_FRAME] = 1u << COMPONENT_FORWARD | 1u << COMPONENT_ALIAS,
};

static bool accounts_for(enum code_fact_kind kind, enum component component)
{
    if (own_components[kind])
        return own_components[kind] & 1u << component;
    return component_table[component].share == code_fact_table[kind].share;
}

/* One side's functions or objects in order of address, and those of them that are cold parts. */
struct ledger {
    const struct cost_item **by_address, **cold;
    size_t count, cold_count;
};

static int by_item_address(const void *a, const void *b)
{
    const struct cost_item *x = *(const struct cost_item *const *)a, *y = *(const struct cost_item *const *)b;
    return (x->address > y->address) - (x->address < y->address);
}

static struct ledger ledger_of(struct arena *arena, const struct cost_item *items, size_t count)
{
    struct ledger l = { arena_array(arena, count + 1, sizeof *l.by_address),
                        arena_array(arena, count + 1, sizeof *l.cold), 0, 0 };
    for (size_t i = 0; i < count; i++) {
        if (items[i].address)
            l.by_address[l.count++] = &items[i];
        if (strstr(items[i].name, ".cold"))
            l.cold[l.cold_count++] = &items[i];
    }
    qsort(l.by_address, l.count, sizeof *l.by_address, by_item_address);
    return l;
}

/* Modules have link-time addresses of their own, so an equal address alone is not the same symbol. */
static bool is_of(const struct cost_item *item, const struct symbol *symbol)
{
    return strcmp(item->name, symbol->name) == 0 || (symbol->pretty && strcmp(item->name, symbol->pretty) == 0);
}

static bool is_cold_part_of(const struct cost_item *item, const struct symbol *symbol)
{
    size_t length = strlen(symbol->name);
    return strncmp(item->name, symbol->name, length) == 0 && strncmp(item->name + length, ".cold", 5) == 0;
}

/* A function with its cold part, or an object, on one side. */
struct account {
    struct cost cost;
    double entries;
    bool ran;
};

static void add_item(struct account *sum, const struct cost_item *item, bool cold)
{
    for (int i = 0; i < COMPONENT_COUNT; i++)
        sum->cost.cycles[i] += item->cost.cycles[i];
    for (int i = 0; i < METRIC_COUNT; i++)
        sum->cost.counts[i] += item->cost.counts[i];
    sum->cost.instructions += item->cost.instructions;
    sum->entries += cold ? 0 : item->entries;
    sum->ran = true;
}

static struct account account_of_symbol(const struct ledger *l, const struct symbol *symbol)
{
    struct account sum = { .ran = false };
    size_t low = 0, high = symbol ? l->count : 0;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (l->by_address[middle]->address < symbol->address)
            low = middle + 1;
        else
            high = middle;
    }
    for (; symbol && low < l->count && l->by_address[low]->address == symbol->address; low++)
        if (is_of(l->by_address[low], symbol))
            add_item(&sum, l->by_address[low], false);
    for (size_t i = 0; symbol && i < l->cold_count; i++)
        if (is_cold_part_of(l->cold[i], symbol))
            add_item(&sum, l->cold[i], true);
    return sum;
}

/* Of what these tell, only the cold part's own executions count. */
static bool is_of_cold_part(enum code_fact_kind kind)
{
    return kind == FACT_COLD_BYTES || kind == FACT_COLD_ENTRIES || kind == FACT_TO_COLD || kind == FACT_FROM_COLD;
}

static struct account account_of_cold_part(const struct ledger *l, const struct symbol *symbol)
{
    struct account sum = { .ran = false };
    for (size_t i = 0; symbol && i < l->cold_count; i++)
        if (is_cold_part_of(l->cold[i], symbol))
            add_item(&sum, l->cold[i], false);
    return sum;
}

/* An object has no instructions, and a sampler counts no executions. */
static const struct fact_counts *counts_of(struct arena *arena, const struct account *account, bool object,
                                           bool modelled)
{
    const double *counts = account->cost.counts;
    if (!account->ran)
        return NULL;
    struct fact_counts *c = arena_alloc(arena, sizeof *c);
    *c = (struct fact_counts){ .entries = object || !modelled ? NAN : account->entries,
                               .instructions = object || !modelled ? NAN : account->cost.instructions,
                               .branch_misses = object ? NAN : counts[M_BRANCH_MISSES],
                               .l1i_misses = object ? NAN : counts[M_L1I_MISSES],
                               .l1d_misses = modelled ? counts[M_L1D_MISSES] : NAN,
                               .dtlb_misses = counts[M_DTLB_MISSES] };
    return c;
}

static void join(struct arena *arena, struct code_fact *fact, const struct ledger ledgers[2], bool object,
                 bool modelled)
{
    const struct symbol_change *c = fact->change;
    struct account old = account_of_symbol(&ledgers[0], c ? c->old : NULL),
                   new = account_of_symbol(&ledgers[1], c ? c->new : NULL);
    if (!old.ran && !new.ran)
        return;
    fact->old_cycles = cost_cycles(&old.cost);
    fact->new_cycles = cost_cycles(&new.cost);
    struct account told[2] = { old, new };
    if (is_of_cold_part(fact->kind)) {
        told[0] = account_of_cold_part(&ledgers[0], c->old);
        told[1] = account_of_cold_part(&ledgers[1], c->new);
    }
    for (int side = 0; side < 2; side++)
        fact->counts[side] = counts_of(arena, &told[side], object, modelled);
    fact->cause_cycles = modelled ? 0 : NAN; /* samples know no components */
    for (int i = 0; i < COMPONENT_COUNT; i++)
        if (accounts_for(fact->kind, (enum component)i))
            fact->cause_cycles += new.cost.cycles[i] - old.cost.cycles[i];
}

static double change_of(const struct code_fact *fact)
{
    return isnan(fact->old_cycles) ? 0 : fabs(fact->new_cycles - fact->old_cycles);
}

/* The part of its function's change that a fact accounts for, as cycles; against the change: negative. */
static double account_of(const struct code_fact *fact)
{
    if (isnan(fact->old_cycles) || isnan(fact->cause_cycles))
        return 0;
    return fact->new_cycles < fact->old_cycles ? -fact->cause_cycles : fact->cause_cycles;
}

static int by_cycles(const void *a, const void *b)
{
    const struct code_fact *x = a, *y = b;
    double d = change_of(x) - change_of(y), e = account_of(x) - account_of(y);
    if (d != 0)
        return d > 0 ? -1 : 1;
    if (x->change != y->change && x->change && y->change && change_of(x) != 0)
        return x->change < y->change ? -1 : 1; /* facts of one function stay together */
    if (e != 0)
        return e > 0 ? -1 : 1;
    if (x->weight != y->weight)
        return x->weight > y->weight ? -1 : 1;
    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    if (x->new_address != y->new_address)
        return x->new_address < y->new_address ? -1 : 1;
    return strcmp(x->sentence, y->sentence);
}

/* Where one side's cycles are, by what became of the function. */
static void add_fates(struct delta *delta, bool old_side, const struct cost_profile *profile)
{
    double *by_fate = delta->fate_cycles[!old_side], *other = &delta->other_cycles[!old_side];
    memset(by_fate, 0, sizeof delta->fate_cycles[0]);
    *other = 0;
    for (size_t i = 0; i < profile->function_count; i++) {
        const struct cost_item *item = &profile->functions[i];
        const struct symbol_change *c = item->address ? delta_at(delta, old_side, item->address) : NULL;
        const struct symbol *s = !c ? NULL : old_side ? c->old : c->new;
        *(s && is_of(item, s) ? &by_fate[c->fate] : other) += cost_cycles(&item->cost);
    }
}

void facts_join(struct arena *arena, struct delta *delta, const struct cost_profile *old,
                const struct cost_profile *new)
{
    if (!old || !new || !delta)
        return;
    add_fates(delta, true, old);
    add_fates(delta, false, new);
    delta->has_fate_cycles = true;
    delta->cycles_source = new->source;
    delta->cycles_error = hypot(old->sampling_error, new->sampling_error);
    if (!delta->code_fact_count)
        return;
    struct ledger functions[2] = { ledger_of(arena, old->functions, old->function_count),
                                   ledger_of(arena, new->functions, new->function_count) };
    struct ledger objects[2] = { ledger_of(arena, old->objects, old->object_count),
                                 ledger_of(arena, new->objects, new->object_count) };
    for (size_t i = 0; i < delta->code_fact_count; i++) {
        const struct symbol_change *c = delta->code_facts[i].change;
        const struct symbol *s = !c ? NULL : c->new ? c->new : c->old;
        bool object = s && s->kind == SYMBOL_OBJECT;
        join(arena, &delta->code_facts[i], object ? objects : functions, object, new->source == SOURCE_SIM);
    }
    qsort(delta->code_facts, delta->code_fact_count, sizeof *delta->code_facts, by_cycles);
}

/* The items of one module, as a profile of its own. */
static struct cost_profile *profile_of(struct arena *arena, const struct libraries *libraries,
                                       const struct library *library, bool old_side, const struct cost_profile *whole)
{
    struct cost_profile *part = arena_alloc(arena, sizeof *part);
    *part = *whole;
    part->functions = arena_array(arena, whole->function_count + 1, sizeof *part->functions);
    part->objects = arena_array(arena, whole->object_count + 1, sizeof *part->objects);
    part->function_count = part->object_count = 0;
    for (size_t i = 0; i < whole->function_count; i++)
        if (library_of_module(libraries, old_side, whole->functions[i].module) == library)
            part->functions[part->function_count++] = whole->functions[i];
    for (size_t i = 0; i < whole->object_count; i++)
        if (library_of_module(libraries, old_side, whole->objects[i].module) == library)
            part->objects[part->object_count++] = whole->objects[i];
    return part;
}

/* Moves one library's cycles from "elsewhere" to their fates. */
static void adopt_fates(struct delta *delta, const struct delta *library)
{
    for (int side = 0; side < 2; side++)
        for (int fate = 0; fate < FATE_COUNT; fate++) {
            delta->fate_cycles[side][fate] += library->fate_cycles[side][fate];
            delta->other_cycles[side] -= library->fate_cycles[side][fate];
        }
}

void facts_join_libraries(struct arena *arena, struct delta *delta, const struct libraries *libraries,
                          const struct cost_profile *old, const struct cost_profile *new)
{
    for (size_t i = 0; delta && libraries && old && new && i < libraries->changed_count; i++) {
        const struct library *library = &libraries->changed[i];
        if (!library->delta)
            continue;
        facts_join(arena, library->delta, profile_of(arena, libraries, library, true, old),
                   profile_of(arena, libraries, library, false, new));
        adopt_fates(delta, library->delta);
    }
}

const struct symbol_change *cost_item_change(const struct delta *delta, const struct libraries *libraries,
                                             bool old_side, const struct cost_item *item)
{
    const struct library *library = library_of_module(libraries, old_side, item->module);
    const struct delta *own = library ? library->delta : delta;
    const struct symbol_change *c = own && item->address ? delta_at(own, old_side, item->address) : NULL;
    const struct symbol *s = !c ? NULL : old_side ? c->old : c->new;
    return s && is_of(item, s) ? c : NULL;
}
