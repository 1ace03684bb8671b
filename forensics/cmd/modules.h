/* The files mapped by a recorded process, so that its addresses can be named. */
#ifndef FORENSICS_CMD_MODULES_H
#define FORENSICS_CMD_MODULES_H

#include "base/arena.h"
#include "core/binary.h"
#include "sim/model.h"

/* One mapped ELF file. */
struct module {
    const char *path;
    const struct inventory *inventory; /* NULL: not readable as ELF */
    uint64_t bias;                     /* run-time address - link-time address */
    uint64_t low, high;                /* run-time addresses it may own, .bss included */
};

struct modules {
    struct arena *arena;
    const struct inventory *program; /* read already; its path is the program's */
    struct module *items;
    size_t count, room;
};

/* Notes a mapping; the first one of a file reads it. */
void modules_map(struct modules *modules, const struct stream_map *map);

/* Names for model_costs; valid as long as `modules`. */
struct sim_names modules_names(struct modules *modules);

#endif
