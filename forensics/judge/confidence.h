/* How sure the judge is of the cause it names: a product of factors, each with its sentence when it costs something. */
#ifndef FORENSICS_JUDGE_CONFIDENCE_H
#define FORENSICS_JUDGE_CONFIDENCE_H

#include "judge/docket.h"

/* 0..1 for verdict->cause as it stands; says every factor below 1 as a reason. 0 for inconclusive and unreliable, where
 * no cause is named. The formula is in docs/rules.md. */
double confidence_of(struct docket *docket);

#endif
