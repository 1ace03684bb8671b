/* What to try next, by cause and by what is missing. */
#ifndef FORENSICS_JUDGE_ADVICE_H
#define FORENSICS_JUDGE_ADVICE_H

#include "judge/docket.h"

/* Appends advice sentences for the verdict as it stands. */
void give_advice(struct docket *docket);

#endif
