/* What the two binaries themselves say of the functions and objects that carry the change. */
#ifndef FORENSICS_JUDGE_FACT_EVIDENCE_H
#define FORENSICS_JUDGE_FACT_EVIDENCE_H

#include "judge/docket.h"

/* Appends facts of the program and of every changed library as evidence, of each file at most five in its delta's order (core/fact_costs.h): those that can slow
 * something down, whose function or object grew by 5 % of the program's extra cycles or more, and whose own cause grew
 * there by 2 % or more, which is the weight. Where cycles were sampled and not modelled, the cause's part is taken to
 * be as large in the function as in the whole program; where nothing was divided, there is no weight. Then at most two without a weight of what no function owns (a struct's
 * size, the TLS segment), where their cause carries 20 % or more. First of all
 * functions that are called where they were inlined, if their own growth is 5 % or more. Nothing where no costs say what
 * carries the change.
 * The heaviest lost inlining becomes docket->uninlined.
 */
void fact_evidence(struct docket *docket);

/* Whether a symbol is the function `callee`, a compiler's suffix apart. */
bool is_callee(const char *symbol, const char *callee);

#endif
