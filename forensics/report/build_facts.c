/* What code and data of the two files tell without a run: grouped by cause, a row a kind, or with --verbose a row a
 * fact. */
#include <inttypes.h>
#include <math.h>

#include "report/build.h"
#include "report/format.h"

enum { KINDS_SHOWN = 4 }; /* of one cause */

const char *fact_cycles_said(struct arena *arena, const struct code_fact *fact)
{
    double change = fact->new_cycles - fact->old_cycles;
    if (isnan(change))
        return "-";
    if (change == 0)
        return "0";
    return arena_printf(arena, "%s%s", change < 0 ? "-" : "+",
                        format_value(arena, UNIT_COUNT, fabs(change), fabs(change), 3));
}

static void fact_row(struct document *document, struct block *table, const struct code_fact *fact, size_t of_kind,
                     bool costs)
{
    const struct code_fact_row *row = &code_fact_table[fact->kind];
    block_row(document, table);
    block_cell(document, table, TONE_STRONG, "%s", cause_table[cause_of_share(row->share)].name);
    block_cell(document, table, TONE_PLAIN, "%s", row->name);
    if (of_kind)
        block_cell(document, table, TONE_FAINT, "%zu", of_kind);
    else
        block_cell(document, table, TONE_PLAIN, fact->new_address ? "0x%" PRIx64 : "-", fact->new_address);
    if (costs)
        block_cell(document, table, TONE_PLAIN, "%s", fact_cycles_said(document->arena, fact));
    block_cell(document, table, TONE_PLAIN, "%s", fact->sentence);
}

/* How many facts there are of a kind. */
static size_t count_kind(const struct delta *delta, enum code_fact_kind kind)
{
    size_t count = 0;
    for (size_t i = 0; i < delta->code_fact_count; i++)
        count += delta->code_facts[i].kind == kind;
    return count;
}

/* Rows of one cause; returns how many facts they stand for or show. */
static size_t share_rows(struct document *document, struct block *table, const struct delta *delta, enum share share,
                         bool costs, bool verbose)
{
    bool seen[FACT_KIND_COUNT] = { false };
    size_t shown = 0, kinds = 0;
    for (size_t i = 0; i < delta->code_fact_count; i++) {
        const struct code_fact *fact = &delta->code_facts[i];
        bool wanted = verbose || (!seen[fact->kind] && kinds < KINDS_SHOWN);
        if (code_fact_table[fact->kind].share != share || !wanted)
            continue;
        kinds += !seen[fact->kind];
        seen[fact->kind] = true;
        fact_row(document, table, fact, verbose ? 0 : count_kind(delta, fact->kind), costs);
        shown++;
    }
    return shown;
}

void build_code_facts(struct document *document, const struct result *result, bool verbose)
{
    static const struct column columns[] = { { "cause", false, false, false },
                                             { "fact", false, false, false },
                                             { "facts", true, false, false },
                                             { "the largest", false, false, true } };
    static const struct column verbose_columns[] = {
        { "cause", false, false, false },
        { "fact", false, false, false },
        { "at", false, true, false },
        { "what", false, false, true },
    };
    static const struct column verbose_costs[] = {
        { "cause", false, false, false }, { "fact", false, false, false }, { "at", false, true, false },
        { "cycles", true, false, false }, { "what", false, false, true },
    };
    const struct delta *delta = result->delta;
    bool costs = delta && delta->has_fate_cycles;
    /* Where costs are known, the facts that matter are in the evidence. */
    if (!delta || !delta->code_fact_count || (costs && !verbose))
        return;
    const struct column *head = costs ? verbose_costs : verbose ? verbose_columns : columns;
    struct block *table = document_table(document, "What code and data tell", head, costs ? 5 : 4);
    size_t shown = 0;
    table->note = costs ? arena_printf(document->arena, "read from the files; beside it new - old of the function or object: %s",
                                       cycles_note(document->arena, delta->cycles_source))
                        : "read from the files";
    for (int share = 0; share < SHARE_COUNT; share++)
        shown += share_rows(document, table, delta, (enum share)share, costs, verbose);
    if (delta->code_fact_count > shown)
        document_text(document, NULL, "%zu more with --verbose.", delta->code_fact_count - shown)->tone = TONE_FAINT;
    if (delta->code_facts_left_out)
        document_text(document, NULL, "%zu more were left out when this was saved.", delta->code_facts_left_out)->tone =
            TONE_FAINT;
}
