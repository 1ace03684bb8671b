/* Which symbol of the old file is which of the new one. Internal to elf/.
 *
 * Passes, each on what the ones before left over: name and source file, name, name without compiler suffixes, code
 * with addresses masked (functions of at least MATCH_LEAST_CODE bytes), for nameless functions the place between two
 * matched ones that are neighbours of as many on both sides, and the set of matched functions, library functions, data
 * and constants that a function refers to (MATCH_LEAST_REFS at least, and no other with the same). Symbols of equal
 * name (statics of several files) are paired by equal size first, then in address order. Aliases take no part of their
 * own.
 */
#ifndef FORENSICS_ELF_MATCH_H
#define FORENSICS_ELF_MATCH_H

#include "base/arena.h"
#include "core/binary.h"

enum {
    MATCH_LEAST_CODE = 16, /* bytes; shorter functions look alike too often */
    MATCH_LEAST_REFS = 3,
};

enum match_how {
    MATCH_NONE,
    MATCH_PLACE /* nameless, same address and bytes */,
    MATCH_NAME,
    MATCH_SUFFIX,
    MATCH_HASH,
    MATCH_BETWEEN,
    MATCH_REFS /* by what its code refers to */
};

struct match {
    size_t other; /* index into the other side's symbols; SIZE_MAX: none */
    enum match_how how;
};

struct pairing {
    const struct inventory *inv[2]; /* 0 old, 1 new */
    struct match *match[2];         /* by index into inv[i]->symbols */
    struct scene *scene[2];
    uint64_t *budget; /* bytes that may still be looked at; see match_spend */
    bool in_place; /* symbols and sections sit where they sat and read-only data is equal: equal code means the same */
};

/* Pairs the symbols of two inventories whose images are still open. */
struct pairing *match_symbols(struct arena *arena, const struct inventory *old, const struct inventory *new);

/* The new symbol of an old one, NULL: none. */
const struct symbol *match_new(const struct pairing *pairing, const struct symbol *old);

/* Takes bytes from the budget; false: it is spent. In a crafted file a million symbols may each claim the whole of
 * the code, so everything that reads a symbol's bytes asks here first. Symbols of real files add up to less than
 * the file. */
bool match_spend(const struct pairing *pairing, uint64_t bytes);

#endif
