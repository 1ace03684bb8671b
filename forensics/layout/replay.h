/* Replaying a recording under a map: the processor model fed with blocks and references at their new addresses. */
#ifndef FORENSICS_LAYOUT_REPLAY_H
#define FORENSICS_LAYOUT_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "sim/model.h"
#include "sim/remap.h"

struct replay {
    const char *recording;         /* a file that record_to_file made */
    const struct profile *profile;
    const struct remap *remap;     /* NULL: as recorded */
    bool (*stop)(void *context);   /* asked for every chunk; true ends the replay with ERR_INTERRUPTED. NULL: never */
    void *context;
};

/* What a replay has found. */
struct replay_result {
    double cycles, instructions;
};

/* Runs it; false: err says why. */
bool replay_run(const struct replay *replay, struct replay_result *result, struct err *err);

/* A copy of `block` at its place under `remap`, in `arena`; code, instructions and references are the original's. */
const struct stream_block *replay_block(struct arena *arena, const struct remap *remap, const struct stream_block *block);

#endif
