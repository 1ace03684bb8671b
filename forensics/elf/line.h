/* From an address to the source line: for attribution by line and for the call sites of inline trees. */
#ifndef FORENSICS_ELF_LINE_H
#define FORENSICS_ELF_LINE_H

#include "base/arena.h"
#include "core/binary.h"

#include <stdbool.h>

struct lines;

struct source_line {
    const char *file;     /* as the compiler was given it, its folder in front */
    int line, column;     /* 1 is the first; column 0: not recorded */
    const char *function; /* the innermost one, inlined ones too, as in DWARF; NULL: not recorded */
    unsigned inlined;     /* how many inlined calls deep; 0: in the function itself */
};

/* Opens the line tables of a binary whose arena is still alive, wherever its debug information is; NULL: it has
 * none. */
struct lines *lines_open(struct arena *arena, const struct inventory *inv);

/* The line of a link-time address; false: no line is recorded for it. About a microsecond after the first in its
 * compilation unit. The texts live as long as the inventory. */
bool line_at(struct lines *lines, uint64_t address, struct source_line *line);

#endif
