/* From an address to the symbol that owns it. */
#ifndef FORENSICS_ELF_SYMBOLIZE_H
#define FORENSICS_ELF_SYMBOLIZE_H

#include "core/binary.h"

/* The function or object that covers a link-time address (of aliases the first); NULL: none. O(log n). A symbol of
 * unknown size reaches to the next one or to its section's end. */
const struct symbol *symbol_at(const struct inventory *inv, uint64_t address);

/* The TLS symbol that covers an offset in the PT_TLS block; NULL: none. */
const struct symbol *symbol_at_tls(const struct inventory *inv, uint64_t offset);

/* The symbol's size, or where that is not recorded the bytes up to the next symbol or its section's end. */
uint64_t symbol_extent(const struct inventory *inv, const struct symbol *symbol);

/* The first symbol of this name that is not an alias, or the one that the alias stands for; NULL: none. O(n). */
const struct symbol *symbol_named(const struct inventory *inv, const char *name);

/* For an alias the symbol it stands for, else the symbol itself. */
const struct symbol *symbol_primary(const struct inventory *inv, const struct symbol *symbol);

#endif
