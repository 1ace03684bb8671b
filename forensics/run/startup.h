/* argv and environment of a program, filled up to a fixed size (see launch.h for why). */
#ifndef FORENSICS_RUN_STARTUP_H
#define FORENSICS_RUN_STARTUP_H

#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "core/sample.h"

/* Where one run finds its memory, beside what every run does. All 0: as always. */
struct launch_shift {
    unsigned stack; /* bytes by which the initial stack lies lower; a multiple of 16 below STARTUP_GRAIN */
    unsigned name;  /* "./" in front of argv[0]: strings lie elsewhere, the stack does not */
    unsigned heap;  /* bytes by which the program's break begins higher; a multiple of 16 (run/heap.h) */
};

enum { STARTUP_GRAIN = 4096 /* bytes: strings and pointers together are a multiple of it; one page */ };

struct startup {
    char **argv; /* NULL-terminated */
    char **envp; /* NULL-terminated; LAYOUT_TAX_PAD last */
    void *map;   /* holds both and their strings; shared with children, see shed.h */
    size_t map_bytes;
};

/* Builds both from the spec's arguments and the environment of old (0) or new (1). False: no memory. startup_close after
 * success. */
bool startup_open(struct arena *arena, const char *argv0, const struct spec *spec, int side, const struct launch_shift *shift,
                  struct startup *startup, struct err *err);
void startup_close(struct startup *startup); /* a zeroed one is harmless */

/* Bytes that argv and envp put on the initial stack: strings with their ends, and the pointers to them. */
size_t startup_bytes(const struct startup *startup);

#endif
