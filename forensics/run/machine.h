/* The machine a session runs on, from /proc, /sys, uname and CPUID. */
#ifndef FORENSICS_RUN_MACHINE_H
#define FORENSICS_RUN_MACHINE_H

#include "base/arena.h"
#include "core/sample.h"

/* Never fails: what cannot be read stays NULL, 0 or the field's own word for "not known". `cpu` is the core whose
 * governor counts; < 0: core 0. */
struct machine machine_read(struct arena *arena, int cpu);

/* The first line of a small file without its end, NULL: cannot be read or empty. For /proc and /sys. */
const char *machine_line(struct arena *arena, const char *path);

/* The first number of a small file; `missing` when there is none. */
long machine_number(const char *path, long missing);

#endif
