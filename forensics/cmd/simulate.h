/* The processor model in a comparison: record each side once, model it, name what it names. */
#ifndef FORENSICS_CMD_SIMULATE_H
#define FORENSICS_CMD_SIMULATE_H

#include "cmd/progress.h"
#include "core/result.h"
#include "sim/record.h"

/* Fills result->cost for both sides. Where this cannot be done: with `required` false and a sentence in err; otherwise
 * a warning says why and the result goes on without. Interruption always fails. */
bool simulate(struct result *result, bool required, struct progress *progress, struct err *err);

/* What the recorder is told: the same for both sides but the program. */
struct record_spec recording_of(const struct spec *spec, int side, int stdin_fd);

/* The recorded run must end as a real one would: well. False: a sentence in err. */
bool ended_well(const struct record_result *end, const char *program, struct err *err);

/* Adds the model's counts to the comparison as exact figures marked SOURCE_SIM. */
void add_model_figures(struct result *result);

#endif
