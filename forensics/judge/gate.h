/* The gate's decision, from intervals alone. Pure. */
#ifndef FORENSICS_JUDGE_GATE_H
#define FORENSICS_JUDGE_GATE_H

#include "core/gate.h"

/* Percent, by rule; the founding table's values. */
struct gate_options {
    double threshold[GATE_RULE_COUNT];
};

struct gate_options gate_options_default(void);

/* Fills word, undecided, summary and findings from the new baseline's gain over the old one and D's over A. */
void gate_judge(struct arena *arena, const struct gate_options *options, struct gain baseline, struct gain d_over_a,
                struct gate *gate);

/* Whether the three sessions can be held against one another: load, size, machine, knobs, binary. A difference that
 * makes a figure wrong is an error; one that only weakens it becomes a warning of `gate`. */
bool gate_comparable(struct arena *arena, struct gate *gate, struct err *err);

#endif
