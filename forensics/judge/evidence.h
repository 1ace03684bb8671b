/* Findings that speak for a cause, from cost profiles, from the delta and from the counters. */
#ifndef FORENSICS_JUDGE_EVIDENCE_H
#define FORENSICS_JUDGE_EVIDENCE_H

#include "judge/docket.h"

/* Appends to verdict->evidence and sets the docket's identical_share. */
void gather_evidence(struct docket *docket);

/* The weightiest findings for the verdict's primary cause, as reasons; nothing when there is no regression. */
void say_proof(struct docket *docket);

/* Most weight first; unknown weights last. */
void sort_evidence(struct docket *docket);

#endif
