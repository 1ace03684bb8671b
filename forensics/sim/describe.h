/* Describing blocks to a model: all that an execution of a block needs to know and that does not change. */
#ifndef FORENSICS_SIM_DESCRIBE_H
#define FORENSICS_SIM_DESCRIBE_H

#include "sim/stream.h"

struct model;

/* The next block of the stream. */
void describe_block(struct model *model, const struct stream_block *block);

#endif
