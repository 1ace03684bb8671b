/* What to do about a layout tax: only what replay has confirmed. */
#include <math.h>

#include "report/build.h"
#include "report/remedy.h"

void build_remedy(struct document *document, const struct result *result)
{
    const struct layout_study *study = result->layouts;
    struct arena *arena = document->arena;
    if (!study || !study->remedies_tried)
        return;
    struct block *list = document_list(document, "Remedy");
    list->note = arena_printf(arena, "%u tried by replay%s", study->remedies_tried,
                              result->real && isfinite(result->real->remedied.value) ? ", one measured" : "");
    if (!study->remedy) {
        block_item(document, list, TONE_PLAIN, "None of those tried takes half of the layout tax away.");
        return;
    }
    block_item(document, list, TONE_STRONG, "%s: new %+.1f %%, modelled%s.",
               remedy_said(arena, study->remedy), 100 * expm1(study->remedy->gain),
               study->remedy->kind == REMEDY_HUGE ? "" : ", wherever in the page it comes to lie");
    if (result->real && isfinite(result->real->remedied.value))
        block_item(document, list, TONE_PLAIN, "Measured: new %+.1f %% [%+.1f, %+.1f].",
                   100 * expm1(result->real->remedied.value), 100 * expm1(result->real->remedied.lo),
                   100 * expm1(result->real->remedied.hi));
    block_item(document, list, TONE_PLAIN, "%s", remedy_how(arena, study->remedy, NULL));
}
