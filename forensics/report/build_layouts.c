/* Counterfactual layouts: what the change costs in any of them, and what only where it landed costs. */
#include <math.h>
#include <string.h>

#include "report/build.h"
#include "report/format.h"

/* "text + data", or "all". */
static const char *axes_said(struct arena *arena, unsigned axes)
{
    const char *said = NULL;
    for (int i = 0; i < AXIS_COUNT; i++)
        if (axes >> i & 1)
            said = said ? arena_printf(arena, "%s + %s", said, layout_axis_table[i].name) : layout_axis_table[i].name;
    return axes == AXES_ALL ? "all" : said ? said : "none";
}

static const char *moves(struct arena *arena, const struct layout_effect *effect)
{
    const char *experiment = layout_experiment_table[effect->experiment].moves;
    return experiment ? experiment : axes_said(arena, effect->axes);
}

/* A difference of logarithms as a signed percentage; "?" when not known. */
static const char *percent_said(struct arena *arena, double log_ratio)
{
    double percent = 100 * expm1(log_ratio);
    return isfinite(percent) ? arena_printf(arena, "%+.1f %%", fabs(percent) < 0.05 ? 0.0 : percent) : "?";
}

/* What moving these objects, and nothing else, does to the difference. */
static const char *meaning(const struct layout_effect *effect)
{
    if (effect->content_significant)
        return effect->luck_significant ? "a part of it away" : "nothing away";
    if (effect->content_equivalent)
        return effect->luck_significant ? "it all away" : "no difference";
    return "unclear";
}

static void effect_row(struct document *document, struct block *table, const struct layout_effect *effect)
{
    struct arena *arena = document->arena;
    block_row(document, table);
    block_cell(document, table, TONE_STRONG, "%s", moves(arena, effect));
    block_cell(document, table, TONE_PLAIN, "%zu", effect->layouts);
    block_cell(document, table, TONE_PLAIN, "%s", percent_said(arena, effect->content));
    block_cell(document, table, TONE_FAINT, "%s", format_log_interval(arena, effect->content_lo, effect->content_hi));
    block_cell(document, table, effect->luck_significant ? TONE_BAD : TONE_PLAIN, "%s", percent_said(arena, effect->luck));
    block_cell(document, table, TONE_PLAIN, "%s", meaning(effect));
}

/* How much each side's cost wanders over the layouts, and where its own stands among them. */
static void spread_rows(struct document *document, const struct layout_study *study)
{
    static const struct column columns[] = {
        { "what moves", false, false, true }, { "spread of old", true, false, false }, { "of new", true, false, false },
        { "faster than old's own", true, false, false }, { "than new's own", true, false, false },
    };
    struct block *table = document_table(document, "Spread over the layouts", columns, sizeof columns / sizeof *columns);
    table->folded = true;
    for (size_t i = 0; i < study->effect_count; i++) {
        const struct layout_effect *effect = &study->effects[i];
        block_row(document, table);
        block_cell(document, table, TONE_STRONG, "%s", moves(document->arena, effect));
        for (int side = 0; side < 2; side++)
            block_cell(document, table, TONE_PLAIN, "%.1f %%", 100 * effect->spread[side]);
        for (int side = 0; side < 2; side++)
            block_cell(document, table, TONE_PLAIN, "%.0f %%", 100 * effect->percentile[side]);
    }
}

static void trial_rows(struct document *document, const struct layout_study *study)
{
    static const struct column columns[] = {
        { "layout", false, false, true }, { "moves", false, false, false }, { "seed", true, false, false },
        { "old, cycles", true, false, false }, { "new, cycles", true, false, false }, { "new / old", true, false, false },
    };
    struct arena *arena = document->arena;
    struct block *table = document_table(document, "Every layout", columns, sizeof columns / sizeof *columns);
    table->folded = true;
    for (size_t i = 0; i < study->trial_count; i++) {
        const struct layout_trial *t = &study->trials[i];
        block_row(document, table);
        block_cell(document, table, TONE_PLAIN, "%s", layout_family_table[t->family].meaning);
        block_cell(document, table, TONE_PLAIN, "%s", t->axes ? axes_said(arena, t->axes) : "");
        block_cell(document, table, TONE_FAINT, "%s", t->seed ? arena_printf(arena, "%llu", (unsigned long long)t->seed) : "");
        block_cell(document, table, TONE_PLAIN, "%.0f", t->cycles[0]);
        block_cell(document, table, TONE_PLAIN, "%.0f", t->cycles[1]);
        block_cell(document, table, TONE_PLAIN, "%s", percent_said(arena, log(t->cycles[1] / t->cycles[0])));
    }
}

/* The answer on each processor: a tax on one may be none on another. */
static void processor_row(struct document *document, struct block *table, const struct layout_study *study)
{
    struct layout_effect none = { .content = NAN, .content_lo = NAN, .content_hi = NAN, .luck = NAN };
    const struct layout_effect *all = study->effect_count ? &study->effects[0] : &none;
    struct arena *arena = document->arena;
    block_row(document, table);
    block_cell(document, table, TONE_STRONG, "%s", study->processor);
    block_cell(document, table, TONE_PLAIN, "%s", percent_said(arena, study->observed));
    block_cell(document, table, TONE_PLAIN, "%s", percent_said(arena, all->content));
    block_cell(document, table, TONE_FAINT, "%s", format_log_interval(arena, all->content_lo, all->content_hi));
    block_cell(document, table, all->luck_significant ? TONE_BAD : TONE_PLAIN, "%s", percent_said(arena, all->luck));
    block_cell(document, table, TONE_PLAIN, "%s", layout_answer_name[study->answer]);
}

static void processor_rows(struct document *document, const struct result *result)
{
    static const struct column columns[] = {
        { "on", false, false, false }, { "observed", true, false, false }, { "code", true, false, false },
        { "95 % interval", false, false, false }, { "layout", true, false, false }, { "answer", false, false, true },
    };
    if (!result->elsewhere_count)
        return;
    struct block *table = document_table(document, "The same layouts on each processor", columns, sizeof columns / sizeof *columns);
    table->note = "the answer of the first is the verdict";
    processor_row(document, table, result->layouts);
    for (size_t i = 0; i < result->elsewhere_count; i++)
        processor_row(document, table, &result->elsewhere[i]);
}

void build_layouts(struct document *document, const struct result *result, bool verbose)
{
    static const struct column columns[] = {
        { "what moves", false, false, false }, { "n", true, false, false }, { "code", true, false, false },
        { "95 % interval", false, false, false }, { "layout", true, false, false }, { "moving it takes", false, false, true },
    };
    const struct layout_study *study = result->layouts;
    if (!study)
        return;
    struct arena *arena = document->arena;
    struct block *list = document_list(document, "The same code in other layouts");
    list->note = arena_printf(arena, "modelled: %s", study->processor);
    for (size_t i = result->comparison.count ? 0 : 1; i < study->sentence_count; i++) /* a sweep's headline has the first */
        block_item(document, list, i ? TONE_PLAIN : TONE_STRONG, "%s", study->sentences[i]);
    struct block *table = document_table(document, NULL, columns, sizeof columns / sizeof *columns);
    for (size_t i = 0; i < study->effect_count; i++)
        effect_row(document, table, &study->effects[i]);
    processor_rows(document, result);
    if (verbose) {
        spread_rows(document, study);
        trial_rows(document, study);
    }
}
