/* Whether old and new print the same: two programs that compute other things are not comparable.
 *
 * A program may print figures that change with every run. So a difference between old and new counts once each has
 * printed the same twice, or once the session is over; and of a program that does not agree with itself it is only
 * said that results cannot be compared.
 */
#ifndef FORENSICS_RUN_SAME_H
#define FORENSICS_RUN_SAME_H

#include "run/output.h"

struct same;

struct same *same_open(struct arena *arena, const struct output_rules *rules); /* rules must outlive it */
void same_close(struct same *same); /* NULL is harmless */

/* Adds what a run printed. Takes *fd over (and sets it to -1) for the first output of a binary. */
void same_add(struct same *same, enum side side, const struct output *output, int *fd);

/* A sentence when old and new are known to print different things, with the first differing line, or when a
 * program's own outputs differ, so that it cannot be known; else NULL. `last`: no more runs follow, so that one
 * output each decides. */
const char *same_finding(const struct same *same, bool last);

#endif
