/* Compilation units one by one: which of them were compiled otherwise. Internal to elf/. */
#ifndef FORENSICS_ELF_UNITS_H
#define FORENSICS_ELF_UNITS_H

#include "base/arena.h"
#include "core/binary.h"

/* Sources whose compiler or flags changed in another way than the file's as a whole (inventory.compiler, .flags). */
struct unit_change {
    const char *name;      /* of the first such source, without its folder */
    size_t more;           /* further ones with the same change */
    bool compiler;         /* another compiler, not only other flags */
    const char *old, *new; /* flags; where the compiler is another, that and its flags */
};

/* The changes in order of the source's name; at most UNIT_CHANGES_MOST. Nothing where a side has no debug information. */
struct unit_change *units_compare(struct arena *arena, const struct inventory *old, const struct inventory *new,
                                  size_t *count);

enum { UNIT_CHANGES_MOST = 8 };

#endif
