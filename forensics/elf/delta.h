/* What changed between two binaries. */
#ifndef FORENSICS_ELF_DELTA_H
#define FORENSICS_ELF_DELTA_H

#include "base/arena.h"
#include "core/binary.h"

struct pairing;

/* Compares two inventories made by inventory_read in arenas that are still alive. Never fails: what cannot be compared
 * is in the inventories' `missing`. */
struct delta *delta_make(struct arena *arena, const struct inventory *old, const struct inventory *new);

/* The same with the pairing kept for further questions. */
struct delta *delta_of_pairs(struct arena *arena, const struct pairing *pairing);

/* Counts the fates and their bytes anew, after some were refined. */
void delta_count_fates(struct delta *delta);

#endif
