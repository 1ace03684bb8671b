/* argv and environment of a program, filled up to a fixed size (see launch.h for why). */
#ifndef FORENSICS_RUN_STARTUP_H
#define FORENSICS_RUN_STARTUP_H

#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "core/sample.h"

enum { STARTUP_GRAIN = 4096 /* bytes: strings and pointers together are a multiple of it; one page */ };

struct startup {
    char **argv; /* NULL-terminated */
    char **envp; /* NULL-terminated; LAYOUT_TAX_PAD last */
    void *map;   /* holds both and their strings; shared with children, see shed.h */
    size_t map_bytes;
};

/* Builds both from the spec's arguments and the environment of old (0) or new (1). False: no memory. startup_close after
 * success. */
bool startup_open(struct arena *arena, const char *argv0, const struct spec *spec, int side, struct startup *startup,
                  struct err *err);
void startup_close(struct startup *startup); /* a zeroed one is harmless */

/* Bytes that argv and envp put on the initial stack: strings with their ends, and the pointers to them. */
size_t startup_bytes(const struct startup *startup);

#endif
