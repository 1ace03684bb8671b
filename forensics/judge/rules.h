/* The founding rules: always run, always shown. */
#ifndef FORENSICS_JUDGE_RULES_H
#define FORENSICS_JUDGE_RULES_H

#include "judge/docket.h"

/* Evaluates every row of rule_table into verdict->rules; weights stay NaN until weigh_rules. */
void run_rules(struct docket *docket);

/* Gives each rule its share of the cycle change once the attribution is known. */
void weigh_rules(struct docket *docket);

/* A rule that fired and is known not to be about next to nothing (weight below 10 %). */
bool rule_counts(const struct rule_result *result);

/* True when a rule that counts speaks for the cause. */
bool rules_say(const struct verdict *verdict, enum cause cause);

#endif
