/* The other halves of skeleton units where libdw 0.188 does not read them: in a package beside the program (.dwp, the
 * index of DWARF 5 and GNU's of DWARF 4), and in .dwo files with several sections of one name (type units of DWARF 5).
 * Internal to elf/.
 */
#ifndef FORENSICS_ELF_SPLIT_H
#define FORENSICS_ELF_SPLIT_H

#include "elf/image.h"

/* Finds the unit that belongs to a skeleton of this number (dwo id); false: it is not there or is damaged. The unit and
 * the type units of the same object file are a Dwarf of their own, which goes with the image's arena. */
bool split_find(struct image *image, Dwarf_Die *skeleton, uint64_t id, Dwarf_Die *tree);

/* Whether libdw has read all of a file of split units: it reads one section of a name. */
bool split_is_whole(Dwarf *dwarf);

/* The package's path where there is one that can be read; NULL: none. */
const char *split_package(struct image *image);

#endif
