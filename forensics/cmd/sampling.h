/* Measured time by function: both sides run a few more times under the sampler. */
#ifndef FORENSICS_CMD_SAMPLING_H
#define FORENSICS_CMD_SAMPLING_H

#include "core/result.h"
#include "run/perf_sample.h"

/* Fills result->sampled. `kernel` NULL: the real one. False: the programs cannot be sampled, and nothing is filled. */
bool sample_sides(struct result *result, const struct perf_sample_kernel *kernel, struct err *err);

/* A side's samples by function of its own file, per run; what lies in other files has an item a file. */
struct cost_profile *sampled_costs(struct arena *arena, const struct samples *samples, int runs,
                                   const struct inventory *inventory);

#endif
