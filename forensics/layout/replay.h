/* Replaying a recording under a map: the processor model fed with blocks and references at their new addresses. */
#ifndef FORENSICS_LAYOUT_REPLAY_H
#define FORENSICS_LAYOUT_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "layout/object.h"
#include "sim/model.h"
#include "sim/remap.h"

struct replay {
    const char *recording;         /* a file that record_to_file made */
    const struct profile *profile;
    const struct remap *remap;     /* NULL: as recorded */
    const struct layout_side *side; /* whose functions are to be told apart; NULL: none */
    bool (*stop)(void *context);   /* asked for every chunk; true ends the replay with ERR_INTERRUPTED. NULL: never */
    void *context;
};

/* One function's cycles. */
struct replay_share {
    double cycles[COMPONENT_COUNT];
};

/* What a replay has found. */
struct replay_result {
    double cycles, instructions;
    struct replay_share *shares; /* by index into side->objects, in the arena given; NULL without a side */
};

/* Runs `count` of one recording over one reading of it, which unpacks it once; the first one's `stop` is asked. False: err
 * says why. */
bool replay_run(struct arena *arena, const struct replay *replays, size_t count, struct replay_result *results, struct err *err);

/* As many at once as the reading is worth: more take memory, and our own caches from one another. */
enum { REPLAY_AT_ONCE = 2 };

/* A copy of `block` at its place under `remap`, in `arena`; code, instructions and references are the original's. */
const struct stream_block *replay_block(struct arena *arena, const struct remap *remap, const struct stream_block *block);

#endif
