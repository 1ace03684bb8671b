/* What lies where in the recorded process's memory, as its MAP and UNMAP events tell. Entries are never forgotten, so
 * that a block described long ago can still be named. */
#ifndef FORENSICS_SIM_MAPS_H
#define FORENSICS_SIM_MAPS_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "sim/stream.h"

struct sim_map {
    uint64_t address, bytes;
    uint64_t file_offset;     /* of `address` in `path` */
    const char *path;         /* "" when no file */
    enum stream_map_kind kind;
    unsigned protection;      /* STREAM_PROT_* bits */
    uint8_t build_id[STREAM_BUILD_ID_MAX];
    uint8_t build_id_bytes;   /* 0: unknown here; the file's first mapping has it */
};

struct maps {
    const struct sim_map **live; /* by address, not overlapping */
    size_t count, room;
};

/* A mapping appears; what it covers of others is cut off. */
void maps_add(struct maps *maps, struct arena *arena, const struct stream_map *map);

/* Addresses go away. */
void maps_remove(struct maps *maps, struct arena *arena, uint64_t address, uint64_t bytes);

/* The mapping that holds `address` now; NULL: none. */
const struct sim_map *maps_find(const struct maps *maps, uint64_t address);

#endif
