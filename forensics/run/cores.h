/* The cores this process may use, and which of them to measure on. */
#ifndef FORENSICS_RUN_CORES_H
#define FORENSICS_RUN_CORES_H

#include <sched.h>
#include <stddef.h>

#include "base/err.h"

enum { CORES_LOOK_MS = 60 };

/* Resolves spec.cpu: a core number must be allowed; -1 chooses the allowed core that was idle most during
 * CORES_LOOK_MS, the highest of equals, because the first ones take most interrupts; -2 pins to none
 * (*chosen = -1). Fills `own` with the allowed cores. */
bool cores_choose(int wanted, cpu_set_t *own, int *chosen, struct err *err);

/* Writes a set as the kernel does, "0-3,8"; cut when it does not fit. */
void cores_format(const cpu_set_t *set, char *text, size_t room);

#endif
