/* Sampling: the clocks run for a stretch of blocks, then caches and predictors alone are kept warm for a longer one. */
#ifndef FORENSICS_SIM_SAMPLE_H
#define FORENSICS_SIM_SAMPLE_H

#include <stdint.h>

struct block;
struct model;

/* From warming to detail and back. */
void sample_next_phase(struct model *model);

/* All clocks meet at `now`, nothing is owed: no clock ran before. */
void sample_align_clocks(struct model *model);

/* Turns what a block's executions in detail took, `ticks` by component, into what its `executed` ones would have. */
void sample_expand(const struct model *model, const struct block *block, uint64_t executed, uint64_t *ticks);

/* The same of a count that needs clocks. */
uint64_t sample_scaled(const struct block *block, uint64_t executed, uint64_t amount);

#endif
