/* The processor model in a comparison: record each side once, model it, name what it names. */
#ifndef FORENSICS_CMD_SIMULATE_H
#define FORENSICS_CMD_SIMULATE_H

#include "cmd/progress.h"
#include "core/result.h"

/* Fills result->cost for both sides. Where this cannot be done: with `required` false and a sentence in err; otherwise
 * a warning says why and the result goes on without. Interruption always fails. */
bool simulate(struct result *result, bool required, struct progress *progress, struct err *err);

/* Adds the model's counts to the comparison as exact figures marked SOURCE_SIM. */
void add_model_figures(struct result *result);

#endif
