/* Real layouts beside the model's: the same questions, asked of the processor model and of the machine. */
#include <math.h>

#include "report/build.h"
#include "report/format.h"

static const char *percent_said(struct arena *arena, double log_ratio)
{
    double percent = 100 * expm1(log_ratio);
    return isfinite(percent) ? arena_printf(arena, "%+.1f %%", fabs(percent) < 0.05 ? 0.0 : percent) : "";
}

/* One question: the model's answer and the machine's. NaN: it was not asked. */
static void line(struct document *document, struct block *table, const char *name, struct real_effect model,
                 struct real_effect real)
{
    struct arena *arena = document->arena;
    if (isnan(model.value) && isnan(real.value))
        return;
    block_row(document, table);
    block_cell(document, table, TONE_STRONG, "%s", name);
    block_cell(document, table, TONE_PLAIN, "%s", percent_said(arena, model.value));
    block_cell(document, table, TONE_FAINT, "%s", format_log_interval(arena, model.lo, model.hi));
    block_cell(document, table, TONE_PLAIN, "%s", percent_said(arena, real.value));
    block_cell(document, table, TONE_FAINT, "%s", format_log_interval(arena, real.lo, real.hi));
}

static struct real_effect exact(double value)
{
    return (struct real_effect){ value, NAN, NAN };
}

static void share_row(struct document *document, struct block *table, const char *name, double model, double real)
{
    struct arena *arena = document->arena;
    block_row(document, table);
    block_cell(document, table, TONE_PLAIN, "%s", name);
    block_cell(document, table, TONE_PLAIN, "%s", isfinite(model) ? arena_printf(arena, "%.1f %%", 100 * model) : "");
    block_cell(document, table, TONE_PLAIN, "%s", "");
    block_cell(document, table, TONE_PLAIN, "%s", isfinite(real) ? arena_printf(arena, "%.1f %%", 100 * real) : "");
    block_cell(document, table, TONE_PLAIN, "%s", "");
}

/* The model's drawn layouts of all axes; all NaN when there are none. */
static struct layout_effect modelled(const struct layout_study *study)
{
    bool has = study && study->effect_count && study->effects[0].experiment == EXPERIMENT_OBJECTS;
    return has ? study->effects[0]
               : (struct layout_effect){ .content = NAN,
                                         .content_lo = NAN,
                                         .content_hi = NAN,
                                         .luck = NAN,
                                         .luck_lo = NAN,
                                         .luck_hi = NAN,
                                         .spread = { NAN, NAN },
                                         .percentile = { NAN, NAN } };
}

static void add_rows(struct document *document, struct block *table, const struct layout_study *model,
                     const struct real_study *real)
{
    struct layout_effect m = modelled(model);
    const struct layout_effect *r = &real->all;
    bool drawn = r->layouts > 1;
    line(document, table, "as shipped", exact(model ? model->observed : NAN), real->observed);
    line(document, table, "code, in any layout", (struct real_effect){ m.content, m.content_lo, m.content_hi },
         (struct real_effect){ r->content, r->content_lo, r->content_hi });
    line(document, table, "layout (the rest)", (struct real_effect){ m.luck, m.luck_lo, m.luck_hi },
         (struct real_effect){ r->luck, r->luck_lo, r->luck_hi });
    line(document, table, "both in old's places", exact(model ? model->transplant[0] : NAN), real->transplant[0]);
    line(document, table, "both in new's places", exact(model ? model->transplant[1] : NAN), real->transplant[1]);
    line(document, table, "random addresses", exact(NAN), real->random);
    line(document, table, "old against its copies", exact(NAN), real->control);
    line(document, table, "old linked again", exact(NAN), real->relinked[SIDE_OLD]);
    line(document, table, "new linked again", exact(NAN), real->relinked[SIDE_NEW]);
    line(document, table, "new with the remedy, against new", exact(model && model->remedy ? model->remedy->gain : NAN),
         real->remedied);
    share_row(document, table, "spread of old", m.spread[SIDE_OLD], drawn ? r->spread[SIDE_OLD] : NAN);
    share_row(document, table, "spread of new", m.spread[SIDE_NEW], drawn ? r->spread[SIDE_NEW] : NAN);
    share_row(document, table, "layouts faster than old's own", m.percentile[SIDE_OLD],
              drawn ? r->percentile[SIDE_OLD] : NAN);
    share_row(document, table, "layouts faster than new's own", m.percentile[SIDE_NEW],
              drawn ? r->percentile[SIDE_NEW] : NAN);
}

static void layout_rows(struct document *document, const struct real_study *real)
{
    static const struct column columns[] = {
        { "layout", false, false, true },  { "batch", true, false, false }, { "no", true, false, false },
        { "stack", true, false, false },   { "heap", true, false, false },  { "rounds", true, false, false },
        { "counts", false, false, false },
    };
    struct block *table = document_table(document, "Every real layout", columns, sizeof columns / sizeof *columns);
    table->folded = true;
    for (size_t i = 0; i < real->layout_count; i++) {
        const struct real_layout *l = &real->layouts[i];
        block_row(document, table);
        block_cell(document, table, TONE_PLAIN, "%s%s%s", real_kind_name[l->kind],
                   l->family == FAMILY_SHIPPED ? "" : ", code: ",
                   l->family == FAMILY_SHIPPED ? "" : layout_family_table[l->family].meaning);
        block_cell(document, table, TONE_PLAIN, "%u", l->batch);
        block_cell(document, table, TONE_PLAIN, "%u", l->number);
        block_cell(document, table, TONE_PLAIN, "%u", l->stack);
        block_cell(document, table, TONE_PLAIN, "%u", l->heap);
        block_cell(document, table, TONE_PLAIN, "%zu", l->rounds);
        block_cell(document, table, l->refused ? TONE_BAD : TONE_PLAIN, "%s", l->refused ? l->refused : "yes");
    }
}

void build_real(struct document *document, const struct result *result, bool verbose)
{
    static const struct column columns[] = {
        { "new against old", false, false, true }, { "model", true, false, false },
        { "95 % interval", false, false, false },  { "measured", true, false, false },
        { "95 % interval", false, false, false },
    };
    const struct real_study *real = result->real;
    if (!real)
        return;
    struct arena *arena = document->arena;
    struct block *list = document_list(document, "Real layouts");
    list->note =
        arena_printf(arena, "measured: %s (%s), %zu layouts, %u rounds each%s", metric_table[real->metric].title,
                     source_name[real->source], real->all.layouts, real->rounds,
                     real->shards > 1 ? arena_printf(arena, "; shard %u of %u", real->shard, real->shards) : "");
    for (size_t i = 0; i < real->sentence_count; i++)
        block_item(document, list, i ? TONE_PLAIN : TONE_STRONG, "%s", real->sentences[i]);
    for (size_t i = 0; i < real->note_count; i++)
        block_item(document, list, TONE_FAINT, "%s", real->notes[i]);
    struct block *table = document_table(document, NULL, columns, sizeof columns / sizeof *columns);
    if (result->layouts)
        table->note = arena_printf(arena, "model: %s", result->layouts->processor);
    add_rows(document, table, result->layouts, real);
    if (verbose)
        layout_rows(document, real);
}
