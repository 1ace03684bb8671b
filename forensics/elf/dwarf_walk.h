/* Walking debug information that may be hostile: every walk moves forward through the file, to a bounded depth, and
 * takes its steps from a budget. Internal to elf/.
 */
#ifndef FORENSICS_ELF_DWARF_WALK_H
#define FORENSICS_ELF_DWARF_WALK_H

#include "elf/image.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    WALK_MOST_DEPTH = 48,     /* nested scopes; real code stays below 30 */
    WALK_MOST_DIES = 1 << 25, /* visited in one walk: about five seconds */
};

struct walk_budget {
    size_t dies; /* left */
};

/* The first child; false: none. */
bool walk_child(struct walk_budget *budget, Dwarf_Die *die, Dwarf_Die *child);

/* Steps to the next sibling; false: none. A sibling reference that leads back ends the list. */
bool walk_next(struct walk_budget *budget, Dwarf_Die *die);

/* Whether the sections of texts end with the end of one: libdw hands out texts of those without looking for it. */
bool walk_texts_end(Dwarf *dwarf);

/* A unit of the debug information; all zero before the first. */
struct walk_unit {
    Dwarf_CU *cu;
    Dwarf_Die head;   /* with the ranges and the line table */
    Dwarf_Die tree;   /* with functions, variables and types: with split DWARF in another file */
    bool lacks_split; /* the other file is not there, so that the tree is empty */
};

/* Steps to the next unit of a file's debug information; false: none, or there is no such information. */
bool walk_unit(struct image *image, struct walk_unit *unit);

/* Calls back for every DIE outside functions and types: units' children and those of namespaces inside. `scope` is the
 * namespaces' names joined by "::", "" outside. */
typedef void walk_visit(void *context, Dwarf_Die *die, const char *scope);
void walk_units(struct image *image, struct walk_budget *budget, walk_visit *visit, void *context);

/* The same below one DIE. */
void walk_scope(struct walk_budget *budget, Dwarf_Die *parent, walk_visit *visit, void *context);

/* The value of a constant attribute, its abstract origin asked too; `otherwise` where it has none. */
uint64_t walk_number(Dwarf_Die *die, unsigned attribute, uint64_t otherwise);

/* The text of an attribute of this DIE; NULL: none, or one that does not end inside its unit, which libdw hands out. */
const char *walk_text(Dwarf_Die *die, unsigned attribute);

/* The name of a DIE or of what it is an instance or the definition of; NULL: nameless. */
const char *walk_name(Dwarf_Die *die);

/* Steps to the type that DW_AT_type of a DIE names, to its definition where that is in a type unit; false: none. */
bool walk_type(Dwarf_Die *die);

/* How many elements an array type has, all dimensions together; 0: not known. */
uint64_t walk_elements(Dwarf_Die *array);

/* Bytes of the type that DW_AT_type of a DIE leads to, through typedefs, qualifiers and arrays; 0: not known. */
uint64_t walk_type_size(Dwarf_Die *die);

#endif
