/* Measured time by function: both sides run a few more times under the sampler. */
#ifndef FORENSICS_CMD_SAMPLING_H
#define FORENSICS_CMD_SAMPLING_H

#include "core/result.h"
#include "run/perf_sample.h"

/* Fills result->sampled. `kernel` NULL: the real one. False: the programs cannot be sampled, and nothing is filled. */
bool sample_sides(struct result *result, const struct perf_sample_kernel *kernel, struct err *err);

#endif
