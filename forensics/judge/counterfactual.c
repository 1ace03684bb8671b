#include "judge/counterfactual.h"

#include <math.h>

#include "core/layout.h"

/* Part of the observed difference, in 0..1. */
static double part(const struct layout_study *study, double of)
{
    return study->observed != 0 ? fmax(0, fmin(1, of / study->observed)) : NAN;
}

static void add_culprits(struct docket *d, const struct layout_study *study)
{
    double new_cycles = study->shipped[1];
    for (size_t i = 0; i < study->culprit_count; i++) {
        const struct layout_culprit *c = &study->culprits[i];
        if (isnan(c->alone) || c->alone > -study->floor)
            continue;
        add_evidence(d, CAUSE_LAYOUT, c->name, 0, fmax(0, fmin(1, c->cycles / (new_cycles * (1 - exp(-fabs(study->observed)))))), SOURCE_SIM,
                     "Moved alone to old's place in the page, %s makes new %.1f %% faster (mostly %s).", c->name,
                     100 * (1 - exp(c->alone)), component_table[c->component].title);
    }
}

void hear_layouts(struct docket *docket)
{
    const struct layout_study *study = docket->layouts;
    if (!study || !study->sentence_count || !study->effect_count)
        return;
    const struct layout_effect *all = &study->effects[0];
    switch (study->answer) {
    case LAYOUT_IS_LUCK:
        add_evidence(docket, CAUSE_LAYOUT, NULL, 0, part(study, layout_luck_of(study)->luck), SOURCE_SIM, "%s", study->sentences[0]);
        add_culprits(docket, study);
        break;
    case LAYOUT_IS_DATA:
        add_evidence(docket, CAUSE_DATA, NULL, 0, part(study, all->content), SOURCE_SIM, "%s", study->sentences[0]);
        break;
    case LAYOUT_IS_BOTH:
        add_evidence(docket, CAUSE_LAYOUT, NULL, 0, part(study, all->luck), SOURCE_SIM, "%s", study->sentences[0]);
        break;
    case LAYOUT_IS_CODE:
    case LAYOUT_NO_DIFFERENCE:
    case LAYOUT_UNDECIDED:
    case LAYOUT_ANSWER_COUNT:
        say(docket->arena, &docket->reasons, "%s", study->sentences[0]);
        break;
    }
}

double confidence_after_layouts(const struct docket *docket, double confidence)
{
    const struct layout_study *study = docket->layouts;
    if (!study || docket->verdict->cause != CAUSE_LAYOUT)
        return confidence;
    if (study->answer == LAYOUT_IS_LUCK)
        return 1 - (1 - confidence) / 2;
    return study->answer == LAYOUT_IS_CODE ? confidence / 2 : confidence;
}
