/* How the finders of facts hand them over. Internal to elf/. */
#ifndef FORENSICS_ELF_FACTS_ADD_H
#define FORENSICS_ELF_FACTS_ADD_H

#include "base/arena.h"
#include "core/binary.h"

#include <elfutils/libdw.h>

/* What debug information says of one function whose code changed. */
enum inlining { INLINING_UNKNOWN /* not described on both sides */, INLINING_SAME, INLINING_CHANGED };

struct finder {
    struct arena *arena;
    struct delta *delta;
    const struct pairing *pairing;
    unsigned char *inlining; /* enum inlining by index into delta.symbols; NULL: no debug information */
};

/* Appends a fact; the sentence is formatted. */
void fact_add(struct finder *f, struct code_fact fact, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* facts_inline.c: the function that debug information describes and whose code changed; NULL: none. One with a cold part
 * has ranges and no entry address, so every range is tried. */
const struct symbol_change *changed_function(const struct finder *f, bool old_side, Dwarf_Die *die);

/* facts_code.c: loops, grids, branches, calls, frames of matched functions. */
void find_code_facts(struct finder *f);

/* facts_data.c: objects, neighbours, TLS. */
void find_data_facts(struct finder *f);

/* facts_types.c: sizes, offsets and line crossings of structs, where both files have debug information. */
void find_type_facts(struct finder *f);

/* facts_variables.c: types of the data objects that changed. */
void find_variable_facts(struct finder *f);

/* facts_inline.c: calls inlined before or now, in functions whose code changed. */
void find_inline_facts(struct finder *f);

#endif
