/* Symbols: the tables' and, where those are stripped, what call frame information still tells. Internal to elf/. */
#ifndef FORENSICS_ELF_SYMBOLS_H
#define FORENSICS_ELF_SYMBOLS_H

#include "core/binary.h"
#include "elf/frames.h"
#include "elf/image.h"

/* Fills inventory.symbols; wants sections and linker filled before. */
void symbols_read(struct arena *arena, struct image *image, const struct frames *frames, struct inventory *inv);

#endif
