/* Parts of one sweep put together. */
#ifndef FORENSICS_CMD_JOIN_H
#define FORENSICS_CMD_JOIN_H

#include "core/result.h"

/* Adds the layouts of `part` (which must outlive `whole`) to those of `whole`; `what` names it in a sentence. False
 * when they are not of one sweep, or hold the same layouts. */
bool join_results(struct result *whole, const struct result *part, const char *what, struct err *err);

/* How many shards the sweep of a result has, and which of them it is; 1 of 1: it is whole. */
unsigned join_shards(const struct result *result);
unsigned join_shard(const struct result *result);

/* Once all are joined: what they say together. `floor` 0: that of the first. */
void join_conclude(struct result *whole, double floor);

#endif
