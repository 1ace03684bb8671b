/* The order in which the sides are run. Pure: the same arguments give the same order.
 *
 * Position is not neutral: what runs second finds other caches, clocks and neighbours. So the rounds come in
 * blocks that put every side at every position equally often: with two sides pairs of AB and BA, with three
 * sides six rounds that are the six orders (two Latin squares, so that also "old before new" is balanced after
 * every six). Which order comes when inside a block is drawn from the seed. A last block that is cut short
 * leaves positions unequal by at most one.
 */
#ifndef FORENSICS_RUN_SCHEDULE_H
#define FORENSICS_RUN_SCHEDULE_H

#include "base/arena.h"
#include "core/sample.h"

/* One execution to be done. */
struct slot {
    enum side side;
    int round;    /* 0-based; warm-up rounds count from 0, too */
    int position; /* place inside the round, 0-based */
    bool warmup;  /* its figures are thrown away */
};

struct schedule {
    struct slot *slots; /* in order: warm-up first */
    size_t count;
};

/* `warmup` rounds of old and new, then `rounds` rounds of old, new and, if asked for, control. */
struct schedule schedule_make(struct arena *arena, int rounds, int warmup, bool control, uint64_t seed);

#endif
