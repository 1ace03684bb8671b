/* Whether old and new print the same: two programs that compute other things are not comparable.
 *
 * A program may print figures that change with every run. So nothing is said against a difference between old
 * and new before each has printed the same twice, or until the session is over; and a program that does not
 * agree with itself is not held against the other one.
 */
#ifndef FORENSICS_RUN_SAME_H
#define FORENSICS_RUN_SAME_H

#include "run/output.h"

struct same;

struct same *same_open(struct arena *arena, const struct output_rules *rules); /* rules must outlive it */
void same_close(struct same *same); /* NULL is harmless */

/* Adds what a run printed. Takes *fd over (and sets it to -1) for the first output of a binary. Returns a
 * sentence the first time that a program's own outputs differ, else NULL. */
const char *same_add(struct same *same, enum side side, const struct output *output, int *fd);

/* False with ERR_TARGET and the first differing line if old and new are known to print different things;
 * `last`: no more runs follow, so that one output each decides. */
bool same_verdict(const struct same *same, bool last, struct err *err);

#endif
