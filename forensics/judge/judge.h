/* The judge: rules, attribution, evidence and advice from a finished comparison. Pure: reads a result, fills a verdict.
 *
 * docs/rules.md is its manual: every rule, every booking, every penalty and the formula of the confidence.
 */
#ifndef FORENSICS_JUDGE_JUDGE_H
#define FORENSICS_JUDGE_JUDGE_H

#include "core/result.h"

/* Judges result->comparison with what else is there: delta, inventories, cost profiles (each may be NULL). The verdict
 * lives in `arena`. `options` NULL: the defaults. */
struct verdict judge(struct arena *arena, const struct result *result, const struct judge_options *options);

#endif
