/* What lies apart from a file: debug information and symbols that its build id, .gnu_debuglink or .gnu_debugdata lead
 * to. libdwfl knows the places: /usr/lib/debug/.build-id, beside the file, in .debug/ there and below /usr/lib/debug; a
 * linked file counts only if its build id or its checksum is the one named. Internal to elf/.
 */
#ifndef FORENSICS_ELF_APART_H
#define FORENSICS_ELF_APART_H

#include "elf/image.h"

/* Whether the file has a section of this name. */
bool image_has(const struct image *image, const char *section);

/* How many symbols there are in a table that lies apart; 0: none, or none more than in the file's own dynamic one. */
int apart_symbols(struct image *image);

/* One of them, with its address as in this file; NULL: no such, or nameless. Its section index is another file's. */
const char *apart_symbol(const struct image *image, int number, GElf_Sym *sym);

/* The place of the separate debug file that symbols or debug information came from; NULL: none. */
const char *apart_path(const struct image *image);

#endif
