/* Shared libraries that differ: what became of each, and its first facts. */
#include <string.h>

#include "report/build.h"

enum { KINDS_SHOWN = 4, LIBRARIES_SHOWN = 6 };

/* What became of a library, in a line. */
static const char *library_said(struct arena *arena, const struct library *library)
{
    const char *const *path = library->path;
    if (!path[0] || !path[1])
        return arena_printf(arena, "only %s loads it (%s)", path[0] ? "old" : "new", path[0] ? path[0] : path[1]);
    const char *which = strcmp(path[0], path[1]) == 0 ? path[0] : arena_printf(arena, "%s -> %s", path[0], path[1]);
    if (!library->delta)
        return arena_printf(arena, "differs (%s); not inspected", which);
    const char *functions = fates_said(arena, library->delta, SYMBOL_FUNCTION),
               *objects = fates_said(arena, library->delta, SYMBOL_OBJECT);
    return arena_printf(arena, "%s; functions: %s%s%s", which, functions ? functions : "none",
                        objects ? "; data objects: " : "", objects ? objects : "");
}

static void row_of(struct document *document, struct block *table, const char *library, const char *cause,
                   const char *fact, const char *cycles, const char *what)
{
    block_row(document, table);
    block_cell(document, table, TONE_STRONG, "%s", library);
    block_cell(document, table, TONE_PLAIN, "%s", cause);
    block_cell(document, table, TONE_PLAIN, "%s", fact);
    if (cycles)
        block_cell(document, table, TONE_PLAIN, "%s", cycles);
    block_cell(document, table, TONE_PLAIN, "%s", what);
}

static void library_rows(struct document *document, struct block *table, const struct library *library, bool costs,
                         bool verbose)
{
    const struct delta *delta = library->delta;
    struct arena *arena = document->arena;
    bool seen[FACT_KIND_COUNT] = { false };
    size_t count = delta ? delta->code_fact_count : 0, shown = 0;
    row_of(document, table, library->name, "", "", costs ? "" : NULL, library_said(arena, library));
    for (size_t i = 0; i < count; i++) {
        const struct code_fact *fact = &delta->code_facts[i];
        const struct code_fact_row *row = &code_fact_table[fact->kind];
        if (!verbose && (seen[fact->kind] || shown == KINDS_SHOWN))
            continue;
        seen[fact->kind] = true;
        shown++;
        row_of(document, table, "", cause_table[cause_of_share(row->share)].name, row->name,
               costs ? fact_cycles_said(arena, fact) : NULL, fact->sentence);
    }
    if (count > shown)
        row_of(document, table, "", "", "", costs ? "" : NULL,
               arena_printf(arena, "%zu more with --verbose", count - shown));
    for (size_t i = 0; verbose && delta && i < delta->fact_count; i++)
        row_of(document, table, "", "", delta->facts[i].what, costs ? "" : NULL,
               arena_printf(arena, "%s -> %s", delta->facts[i].old ? delta->facts[i].old : "none",
                            delta->facts[i].new ? delta->facts[i].new : "none"));
}

void build_libraries(struct document *document, const struct result *result, bool verbose)
{
    static const struct column plain[] = { { "library", false, true, false }, { "cause", false, false, false },
                                           { "fact", false, false, false },   { "what", false, false, true } };
    static const struct column with_costs[] = { { "library", false, true, false }, { "cause", false, false, false },
                                                { "fact", false, false, false },   { "cycles", true, false, false },
                                                { "what", false, false, true } };
    const struct libraries *libraries = result->libraries;
    bool costs = result->delta && result->delta->has_fate_cycles;
    if (!libraries || !libraries->changed_count)
        return;
    size_t limit = verbose || libraries->changed_count < LIBRARIES_SHOWN ? libraries->changed_count : LIBRARIES_SHOWN;
    struct block *table =
        document_table(document, "Shared libraries that differ", costs ? with_costs : plain, costs ? 5 : 4);
    table->note = arena_printf(document->arena, "%zu more are the same file%s", libraries->same,
                               costs ? arena_printf(document->arena, "; beside the facts: %s",
                                            cycles_note(document->arena, result->delta->cycles_source))
                             : "");
    for (size_t i = 0; i < limit; i++)
        library_rows(document, table, &libraries->changed[i], costs, verbose);
    if (libraries->changed_count > limit)
        document_text(document, NULL, "%zu more with --verbose.", libraries->changed_count - limit)->tone = TONE_FAINT;
    if (libraries->left_out)
        document_text(document, NULL, "%zu that differ were left out of the inspection: too many or too large.",
                      libraries->left_out)->tone = TONE_DOUBT;
}
