/* The functions and data that carry the difference, what became of them, and what else differs between the files. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/fact_costs.h"
#include "report/build.h"
#include "report/format.h"

/* One symbol on both sides; a side that lacks it has NULL. */
struct pair {
    const struct cost_item *old, *new;
    const struct symbol_change *change; /* NULL: no ELF files, or not a symbol */
    double cycles;                      /* new - old */
};

static double cycles_of(const struct cost_item *item)
{
    return item ? cost_cycles(&item->cost) : 0;
}

static bool same_item(const struct pair *pair, const struct cost_item *old, const struct symbol_change *old_change)
{
    if (pair->old || !pair->new)
        return false;
    if (pair->change && old_change)
        return pair->change == old_change;
    return strcmp(pair->new->name, old->name) == 0;
}

static int by_change(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;
    double d = fabs(y->cycles) - fabs(x->cycles);
    if (d != 0)
        return d > 0 ? 1 : -1;
    return strcmp((x->new ? x->new : x->old)->name, (y->new ? y->new : y->old)->name);
}

enum { PAIRED = 300 }; /* the costliest of each side; the tail cannot carry the difference */

static struct pair *pair_up(struct arena *arena, const struct result *result, const struct cost_item *old,
                            size_t old_count, const struct cost_item *new, size_t new_count, size_t *count)
{
    old_count = old_count < PAIRED ? old_count : PAIRED;
    new_count = new_count < PAIRED ? new_count : PAIRED;
    struct pair *pairs = arena_array(arena, old_count + new_count, sizeof *pairs);
    *count = 0;
    for (size_t i = 0; i < new_count; i++)
        pairs[(*count)++] = (struct pair){ NULL, &new[i], cost_item_change(result->delta, result->libraries, false, &new[i]), 0 };
    for (size_t i = 0; i < old_count; i++) {
        const struct symbol_change *change = cost_item_change(result->delta, result->libraries, true, &old[i]);
        size_t k = 0;
        while (k < new_count && !same_item(&pairs[k], &old[i], change))
            k++;
        if (k < new_count)
            pairs[k].old = &old[i];
        else
            pairs[(*count)++] = (struct pair){ &old[i], NULL, change, 0 };
    }
    for (size_t i = 0; i < *count; i++)
        pairs[i].cycles = cycles_of(pairs[i].new) - cycles_of(pairs[i].old);
    qsort(pairs, *count, sizeof *pairs, by_change);
    return pairs;
}

/* The component that changed most, signed as the pair did. */
static const char *mostly(const struct pair *pair)
{
    int best = 0;
    double most = 0, sign = pair->cycles < 0 ? -1 : 1;
    for (int i = 0; i < COMPONENT_COUNT; i++) {
        double d = sign * ((pair->new ? pair->new->cost.cycles[i] : 0) - (pair->old ? pair->old->cost.cycles[i] : 0));
        if (d > most) {
            most = d;
            best = i;
        }
    }
    /* Chains that take longer without more instructions are waits, not work. */
    bool both = pair->old && pair->new && pair->old->cost.instructions > 0;
    if (best == COMPONENT_DEPENDENCE && both && fabs(pair->new->cost.instructions / pair->old->cost.instructions - 1) < .01)
        return "same instructions, longer waits";
    return most > 0 ? component_table[best].title : "-";
}

static const char *resize(struct arena *arena, const struct symbol_change *change)
{
    return arena_printf(arena, "%" PRIu64 " -> %" PRIu64 " bytes", change->old->size, change->new->size);
}

static const char *recoding_said(struct arena *arena, const struct symbol_change *change)
{
    switch (change->recoding) {
    case RECODING_REGISTERS: return "same instructions, other registers";
    case RECODING_ALLOCATION:
        return arena_printf(arena, "same operations, other registers and stack slots, %s", resize(arena, change));
    case RECODING_UNROLLED:
        return arena_printf(arena, "a loop does %d turns in one now, %s", change->turns, resize(arena, change));
    case RECODING_ROLLED:
        return arena_printf(arena, "a loop does one turn where it did %d, %s", change->turns, resize(arena, change));
    case RECODING_OTHER:
    case RECODING_COUNT: break;
    }
    return arena_printf(arena, "other code, same calls and data, %s", resize(arena, change));
}

/* The functions that came (or went) where `kin` is on the other side: "half, twice and 3 more". */
static const char *relatives(struct arena *arena, const struct delta *delta, enum fate fate, const struct symbol *kin)
{
    enum { NAMED = 3 };
    const char *list = NULL;
    size_t count = 0;
    for (size_t i = 0; delta && i < delta->symbol_count; i++) {
        const struct symbol_change *c = &delta->symbols[i];
        if (c->fate != fate || !c->kin || c->kin->address != kin->address || c->kin->kind != kin->kind)
            continue;
        if (count++ < NAMED)
            list = arena_printf(arena, "%s%s%s", list ? list : "", list ? ", " : "", c->name);
    }
    return count > NAMED ? arena_printf(arena, "%s and %zu more", list, count - NAMED) : list;
}

/* Several functions became one, or one several. */
static const char *inlining_said(struct arena *arena, const struct delta *delta, const struct symbol_change *change)
{
    const char *merged = relatives(arena, delta, FATE_REMOVED, change->new),
               *split = relatives(arena, delta, FATE_ADDED, change->old);
    return arena_printf(arena, "inlining changed%s%s%s%s, %s", merged ? ": holds " : "", merged ? merged : "",
                        split ? ": split off " : "", split ? split : "", resize(arena, change));
}

static const char *fate_said(struct arena *arena, const struct delta *delta, const struct symbol_change *change)
{
    if (!change)
        return "-";
    const struct symbol *old = change->old, *new = change->new;
    switch (change->fate) {
    case FATE_SAME: return "same code, same place";
    case FATE_MOVED:
        return arena_printf(arena, "same %s, moved: line offset %d -> %d", new->kind == SYMBOL_OBJECT ? "bytes" : "code",
                            (int)(old->address & 63), (int)(new->address & 63));
    case FATE_REORDERED: return "same blocks in another order";
    case FATE_RECODED: return recoding_said(arena, change);
    case FATE_REINLINED: return inlining_said(arena, delta, change);
    case FATE_CHANGED: return "contents changed";
    case FATE_RESIZED: return arena_printf(arena, "changed, %" PRIu64 " -> %" PRIu64 " bytes", old->size, new->size);
    case FATE_ADDED:
        return change->kin ? arena_printf(arena, "added, split from %s", change->kin->name) : "added";
    case FATE_REMOVED:
        return change->kin ? arena_printf(arena, "removed, now inside %s", change->kin->name) : "removed";
    case FATE_COUNT: break;
    }
    return "-";
}

static void pair_row(struct document *document, struct block *table, const struct delta *delta, const struct pair *pair,
                     double total, bool components)
{
    struct arena *arena = document->arena;
    const struct cost_item *item = pair->new ? pair->new : pair->old;
    double largest = fmax(cycles_of(pair->old), cycles_of(pair->new));
    block_row(document, table);
    block_cell(document, table, TONE_PLAIN, "%s", pair->change ? pair->change->name : item->name);
    block_cell(document, table, TONE_PLAIN, "%s", pair->old ? format_value(arena, UNIT_COUNT, cycles_of(pair->old), largest, 3) : "-");
    block_cell(document, table, TONE_PLAIN, "%s", pair->new ? format_value(arena, UNIT_COUNT, cycles_of(pair->new), largest, 3) : "-");
    block_cell(document, table, pair->cycles > 0 ? TONE_BAD : TONE_GOOD, "%s", total != 0 ? format_share(arena, pair->cycles / total) : "-");
    block_cell(document, table, TONE_PLAIN, "%s", components ? mostly(pair) : "-");
    block_cell(document, table, TONE_FAINT, "%s", fate_said(arena, delta, pair->change));
}

enum { SYMBOLS_SHOWN = 6, SYMBOLS_VERBOSE = 60 };

#define COST_COLUMNS(share)                                                                                      \
    {                                                                                                           \
        { "symbol", false, true, false }, { "old", true, false, false }, { "new", true, false, false },         \
            { share, true, false, false }, { "mostly", false, false, false },                                   \
            { "what became of it", false, false, true },                                                        \
    }

static void build_costs(struct document *document, const struct result *result, struct cost_profile *const costs[2],
                        const char *title, bool objects, bool verbose)
{
    static const struct column of_change[] = COST_COLUMNS("of change"), of_old[] = COST_COLUMNS("of old");
    const struct cost_profile *old = costs[0], *new = costs[1];
    size_t count, limit = verbose ? SYMBOLS_VERBOSE : SYMBOLS_SHOWN, shown = 0;
    struct pair *pairs = pair_up(document->arena, result, objects ? old->objects : old->functions,
                                 objects ? old->object_count : old->function_count, objects ? new->objects : new->functions,
                                 objects ? new->object_count : new->function_count, &count);
    double total = cost_cycles(&new->total) - cost_cycles(&old->total), all = cost_cycles(&old->total);
    /* A program whose cycles stayed has no change to take shares of. */
    double noise = hypot(old->sampling_error, new->sampling_error);
    bool stayed = fabs(total) < fmax(.01 * all, 2 * noise);
    struct block *table = NULL;
    /* Below a thousandth of the program's cycles a symbol does not matter. */
    for (size_t i = 0; i < count && shown < limit && fabs(pairs[i].cycles) > fmax(.001 * all, noise); i++, shown++) {
        if (!table) {
            table = document_table(document, title, stayed ? of_old : of_change, sizeof of_old / sizeof *of_old);
            table->note = arena_printf(document->arena, "%s%s%s", cycles_note(document->arena, new->source),
                                       new->processor ? " for " : "", new->processor ? new->processor : "");
        }
        pair_row(document, table, result->delta, &pairs[i], stayed ? all : total, new->source == SOURCE_SIM);
    }
}

const char *fates_said(struct arena *arena, const struct delta *delta, enum symbol_kind kind)
{
    static const enum fate order[] = { FATE_ADDED, FATE_REMOVED, FATE_CHANGED, FATE_RESIZED, FATE_REINLINED,
                                       FATE_RECODED, FATE_REORDERED, FATE_MOVED, FATE_SAME };
    const char *text = NULL;
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        size_t count = delta->fates[kind][order[i]];
        if (count)
            text = arena_printf(arena, "%s%s%zu %s", text ? text : "", text ? ", " : "", count,
                                order[i] == FATE_MOVED     ? "moved but the same"
                                : order[i] == FATE_RECODED   ? "of other code but the same calls and data"
                                : order[i] == FATE_REINLINED ? "inlining something else"
                                                             : fate_name[order[i]]);
    }
    return text;
}

/* "functions: 2 moved, 1 resized, 310 same". */
static void fate_counts(struct document *document, struct block *list, const struct delta *delta, enum symbol_kind kind, const char *said)
{
    const char *text = fates_said(document->arena, delta, kind);
    if (text)
        block_item(document, list, TONE_PLAIN, "%s: %s", said, text);
}

/* Without costs: the symbols that changed, the largest first. */
static int by_size(const void *a, const void *b)
{
    const struct symbol_change *x = *(const struct symbol_change *const *)a, *y = *(const struct symbol_change *const *)b;
    uint64_t s = x->new ? x->new->size : x->old->size, t = y->new ? y->new->size : y->old->size;
    return s != t ? (s > t ? -1 : 1) : strcmp(x->name, y->name);
}

static void build_changed(struct document *document, const struct delta *delta, bool verbose)
{
    static const struct column columns[] = { { "symbol", false, true, false }, { "bytes", true, false, false }, { "what became of it", false, false, true } };
    const struct symbol_change **list = arena_array(document->arena, delta->symbol_count, sizeof *list);
    size_t count = 0, limit = verbose ? SIZE_MAX : SYMBOLS_SHOWN;
    for (size_t i = 0; i < delta->symbol_count; i++) {
        const struct symbol_change *c = &delta->symbols[i];
        bool plain = c->fate == FATE_MOVED || symbol_is_start_up(c->new ? delta->new : delta->old, c->new ? c->new : c->old);
        if (c->fate != FATE_SAME && (verbose || !plain))
            list[count++] = c;
    }
    qsort(list, count, sizeof *list, by_size);
    struct block *table = count ? document_table(document, "Symbols that changed", columns, 3) : NULL;
    if (table && count > limit)
        table->note = arena_printf(document->arena, "the largest %zu of %zu", limit, count);
    for (size_t i = 0; i < count && i < limit; i++) {
        const struct symbol *symbol = list[i]->new ? list[i]->new : list[i]->old;
        block_row(document, table);
        block_cell(document, table, TONE_PLAIN, "%s", list[i]->name);
        block_cell(document, table, TONE_PLAIN, "%" PRIu64, symbol->size);
        block_cell(document, table, TONE_PLAIN, "%s", fate_said(document->arena, delta, list[i]));
    }
}

void build_symbols(struct document *document, const struct result *result, bool verbose)
{
    if (result->cost[0] && result->cost[1]) {
        build_costs(document, result, result->cost, "Functions that matter", false, verbose);
        build_costs(document, result, result->cost, "Data that matters", true, verbose);
    }
    if (result->sampled[0] && result->sampled[1])
        build_costs(document, result, result->sampled, "Where the time was", false, verbose);
    else if (result->delta && !result->cost[0])
        build_changed(document, result->delta, verbose);
}

enum { FACTS_SHOWN = 6, LONG_TEXT = 30 };

/* The words of `text` that `other` lacks: of two long command lines only that is worth reading. */
static const char *words_without(struct arena *arena, const char *text, const char *other)
{
    const char *list = NULL;
    while (*text) {
        size_t length = strcspn(text, " ");
        char *word = arena_strndup(arena, text, length);
        const char *at = length ? other : NULL;
        while (at && (at = strstr(at, word)) && !((at == other || at[-1] == ' ') && (at[length] == ' ' || !at[length])))
            at++;
        if (length && !at)
            list = list ? arena_printf(arena, "%s %s", list, word) : word;
        text += length + (text[length] == ' ');
    }
    return list ? list : "nothing";
}

static bool is_long(const struct fact_change *fact)
{
    return fact->old && fact->new && (strlen(fact->old) > LONG_TEXT || strlen(fact->new) > LONG_TEXT);
}

static void fact_row(struct document *document, struct block *table, const struct fact_change *fact)
{
    block_row(document, table);
    block_cell(document, table, TONE_PLAIN, "%s", fact->what);
    block_cell(document, table, TONE_PLAIN, "%s", fact->old ? fact->old : "(none)");
    block_cell(document, table, TONE_PLAIN, "-> %s", fact->new ? fact->new : "(none)");
    bool number = isfinite(fact->old_value) && isfinite(fact->new_value) && fact->old_value > 0;
    block_cell(document, table, TONE_FAINT, "%s", number ? format_change(document->arena, fact->new_value / fact->old_value, 1) : "");
}

/* Long texts join `list` by what they differ in, the others get a row. */
static void build_facts(struct document *document, struct block *list, const struct delta *delta, bool verbose)
{
    static const struct column columns[] = {
        { NULL, false, false, false }, { NULL, true, true, false }, { NULL, false, true, false }, { NULL, true, false, false },
    };
    struct arena *arena = document->arena;
    struct document draft = document_new(arena, "");
    struct block *table = document_table(&draft, NULL, columns, 4);
    size_t limit = verbose ? delta->fact_count : FACTS_SHOWN;
    for (size_t i = 0; i < delta->fact_count && i < limit; i++) {
        const struct fact_change *fact = &delta->facts[i];
        if (is_long(fact))
            block_item(document, list, TONE_PLAIN, "%s: only old has %s; only new has %s", fact->what,
                       words_without(arena, fact->old, fact->new), words_without(arena, fact->new, fact->old));
        else
            fact_row(document, table, fact);
    }
    if (table->row_count)
        document_append(document, table);
    if (delta->fact_count > limit)
        document_text(document, NULL, "%zu more with --verbose.", delta->fact_count - limit)->tone = TONE_FAINT;
}

void build_files(struct document *document, const struct result *result, bool verbose)
{
    const struct delta *delta = result->delta;
    if (!delta)
        return;
    struct block *list = document_list(document, "What differs in the files");
    fate_counts(document, list, delta, SYMBOL_FUNCTION, "functions");
    build_fate_bytes(document, list, delta);
    fate_counts(document, list, delta, SYMBOL_OBJECT, "data objects");
    fate_counts(document, list, delta, SYMBOL_TLS, "thread-local objects");
    fate_counts(document, list, delta, SYMBOL_IFUNC, "ifuncs");
    if (!list->row_count && !delta->fact_count)
        block_item(document, list, TONE_FAINT, "nothing that was looked at");
    build_facts(document, list, delta, verbose);
}
