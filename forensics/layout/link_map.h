/* A linker's map: which pieces (input sections) of which files lie where in the program. Read from what GNU ld prints
 * with -Map; and the linker script that it prints with --verbose. Pure text. */
#ifndef FORENSICS_LAYOUT_LINK_MAP_H
#define FORENSICS_LAYOUT_LINK_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

/* One input section that has a place in the program. */
struct link_piece {
    const char *output;  /* ".text" */
    const char *section; /* ".text.walk" */
    const char *file;    /* as the linker names it: "a.o", "lib/libx.a(b.o)" */
    uint64_t address;
    uint64_t size;       /* > 0 */
    bool unique;         /* no other piece of the map has this section name */
};

struct link_map {
    struct link_piece *pieces; /* in the order of the map */
    size_t count, room;
};

/* Reads a map of GNU ld; no pieces when it is none. */
struct link_map link_map_read(struct arena *arena, const char *text);

/* The script between the two lines of '=' that GNU ld --verbose prints; NULL: there is none (another linker). */
const char *link_script_in(struct arena *arena, const char *output);

#endif
