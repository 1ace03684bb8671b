/* Which part of the time sits in code that is identical, reordered, changed: where to look first. */
#include <math.h>

#include "report/build.h"
#include "report/format.h"

static const char *const said[FATE_COUNT] = {
    [FATE_SAME] = "identical, in place",
    [FATE_MOVED] = "identical, moved",
    [FATE_REORDERED] = "same blocks, other order",
    [FATE_RECODED] = "other code, same calls and data",
    [FATE_REINLINED] = "inlining changed",
    [FATE_CHANGED] = "changed, same size",
    [FATE_RESIZED] = "changed, other size",
    [FATE_ADDED] = "added",
    [FATE_REMOVED] = "removed",
};

const char *cycles_note(struct arena *arena, enum source source)
{
    if (source == SOURCE_CLOCK)
        return "ns of CPU time, sampled by the clock";
    return arena_printf(arena, "cycles, %s%s", source == SOURCE_PERF ? "sampled by " : "", source_said(source));
}

struct sums {
    double old, new; /* cycles of all rows */
    double least;    /* a smaller change has no shares */
};

static void fate_row(struct document *document, struct block *table, const char *name, size_t count, double old,
                     double new, struct sums all)
{
    double change = all.new - all.old;
    if (!(old > 0) && !(new > 0))
        return;
    block_row(document, table);
    block_cell(document, table, TONE_PLAIN, "%s", name);
    if (count)
        block_cell(document, table, TONE_FAINT, "%zu", count);
    else
        block_cell(document, table, TONE_FAINT, "-");
    block_cell(document, table, TONE_PLAIN, "%s", all.old > 0 ? format_share(document->arena, old / all.old) : "-");
    block_cell(document, table, TONE_PLAIN, "%s", all.new > 0 ? format_share(document->arena, new / all.new) : "-");
    block_cell(document, table, new > old ? TONE_BAD : TONE_GOOD, "%s",
               fabs(change) < all.least ? "-" : format_share(document->arena, (new - old) / change));
}

/* Functions of a fate, in the program and in the libraries that differ. */
static size_t count_fate(const struct result *result, enum fate fate)
{
    const struct delta *delta = result->delta;
    size_t count = delta->fates[SYMBOL_FUNCTION][fate] + delta->fates[SYMBOL_IFUNC][fate];
    for (size_t i = 0; result->libraries && i < result->libraries->changed_count; i++)
        if ((delta = result->libraries->changed[i].delta))
            count += delta->fates[SYMBOL_FUNCTION][fate] + delta->fates[SYMBOL_IFUNC][fate];
    return count;
}

void build_fates(struct document *document, const struct result *result)
{
    static const struct column columns[] = {
        { "code", false, false, false },   { "functions", true, false, false }, { "time in old", true, false, false },
        { "in new", true, false, false }, { "of change", true, false, false },
    };
    const struct delta *delta = result->delta;
    if (!delta || !delta->has_fate_cycles)
        return;
    struct sums all = { delta->other_cycles[0], delta->other_cycles[1], 0 };
    for (int fate = 0; fate < FATE_COUNT; fate++) {
        all.old += delta->fate_cycles[0][fate];
        all.new += delta->fate_cycles[1][fate];
    }
    all.least = fmax(.01 * all.old, 2 * delta->cycles_error);
    struct block *table = document_table(document, "What became of the code that ran", columns, 5);
    table->note = cycles_note(document->arena, delta->cycles_source);
    for (int fate = 0; fate < FATE_COUNT; fate++)
        fate_row(document, table, said[fate], count_fate(result, (enum fate)fate),
                 delta->fate_cycles[0][fate], delta->fate_cycles[1][fate], all);
    fate_row(document, table, "libraries and code without a name", 0, delta->other_cycles[0], delta->other_cycles[1],
             all);
}

void build_fate_bytes(struct document *document, struct block *list, const struct delta *delta)
{
    double all = 0, same = (double)delta->fate_bytes[SYMBOL_FUNCTION][FATE_SAME],
           moved = (double)delta->fate_bytes[SYMBOL_FUNCTION][FATE_MOVED];
    for (int fate = 0; fate < FATE_COUNT; fate++)
        all += fate == FATE_REMOVED ? 0 : (double)delta->fate_bytes[SYMBOL_FUNCTION][fate];
    if (all > 0 && same < all)
        block_item(document, list, TONE_PLAIN, "%s of new's code is identical to old's: %s in place, %s moved",
                   format_share(document->arena, (same + moved) / all), format_share(document->arena, same / all),
                   format_share(document->arena, moved / all));
}
