/* Sampling: the clocks run for a stretch of blocks, then caches and predictors alone are kept warm for a longer one. */
#ifndef FORENSICS_SIM_SAMPLE_H
#define FORENSICS_SIM_SAMPLE_H

struct model;

/* From warming to detail and back. What queued up while no clock ran is forgotten. */
void sample_next_phase(struct model *model);

#endif
