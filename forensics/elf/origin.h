/* Who made a file and how: compiler, linker, flags. Internal to elf/. */
#ifndef FORENSICS_ELF_ORIGIN_H
#define FORENSICS_ELF_ORIGIN_H

#include "core/binary.h"
#include "elf/image.h"

/* Fills compiler, linker, flags, build_id and has_debug; wants sections filled before. */
void origin_read(struct arena *arena, struct image *image, struct inventory *inv);

#endif
