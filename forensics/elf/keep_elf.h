/* Handles of libelf and libdw that live as long as an arena (base/keep.h). */
#ifndef FORENSICS_ELF_KEEP_ELF_H
#define FORENSICS_ELF_KEEP_ELF_H

#include "base/keep.h"

#include <elfutils/libdw.h>

Elf *keep_elf(struct arena *arena, Elf *elf);         /* returns it; NULL stays NULL */
Dwarf *keep_dwarf(struct arena *arena, Dwarf *dwarf); /* returns it; NULL stays NULL */

#endif
