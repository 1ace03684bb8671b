/* Where a variable of the debug information lies. Internal to elf/. */
#ifndef FORENSICS_ELF_VARIABLE_H
#define FORENSICS_ELF_VARIABLE_H

#include "core/binary.h"
#include "elf/dwarf_walk.h"

enum variable_place { VARIABLE_NOWHERE, VARIABLE_AT /* an address */, VARIABLE_IN_TLS /* an offset in the block */ };

/* *number: the address or offset. With split DWARF GCC writes the address of the block's first bytes plus the
 * offset. */
enum variable_place variable_place(Dwarf_Die *die, uint64_t *number);

/* Where the first bytes of the block of thread-local variables are in the file, as an address; UINT64_MAX: none. */
uint64_t variable_tls_base(const struct inventory *inv);

#endif
