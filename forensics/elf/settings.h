/* Sections, segments and settings that differ between two files. Internal to elf/. */
#ifndef FORENSICS_ELF_SETTINGS_H
#define FORENSICS_ELF_SETTINGS_H

#include "base/arena.h"
#include "core/binary.h"

/* Appends to delta.facts everything below the level of symbols that differs. */
void settings_compare(struct arena *arena, struct delta *delta);

#endif
