/* What counterfactual layouts (core/layout.h) have to say about a cause: the third opinion, beside rules and attribution. */
#ifndef FORENSICS_JUDGE_COUNTERFACTUAL_H
#define FORENSICS_JUDGE_COUNTERFACTUAL_H

#include "judge/docket.h"

/* Adds the study's answer as evidence for layout or data, or as a reason against them; and the functions whose place
 * costs. Does nothing without a study. */
void hear_layouts(struct docket *docket);

/* What the study does to the confidence in `confidence`: a layout verdict that moving things proves keeps half of its doubt,
 * one that no layout confirms keeps half of its confidence; otherwise unchanged. */
double confidence_after_layouts(const struct docket *docket, double confidence);

#endif
