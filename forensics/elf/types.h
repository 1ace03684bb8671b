/* Types of the debug information: structs, classes, unions and enums with their members, as pahole would show them.
 * Internal to elf/.
 */
#ifndef FORENSICS_ELF_TYPES_H
#define FORENSICS_ELF_TYPES_H

#include "base/arena.h"
#include "elf/dwarf_walk.h"

enum { TYPE_LINE = 64, TYPE_MOST_MEMBERS = 1024 };

/* A definition: a name may have several, one a unit that uses it. */
struct type {
    const char *name; /* with namespaces, classes and functions around it: "space::outer::inner", "f()::local" */
    const char *word; /* "struct ", "class ", "union ", "enum "; "" where the name is a typedef's and it has none */
    Dwarf_Die die;
    bool is_enum;
    uint64_t size; /* bytes */
    size_t order;  /* of first sight */
};

struct types {
    struct arena *arena;
    struct type *items; /* by name, then order */
    size_t count, room;
};

struct member {
    const char *name;      /* "" for unnamed ones; a base class by its own name */
    uint64_t offset, size; /* bytes that hold it; of a bit-field those that its bits touch */
    uint64_t bit;          /* of a bit-field: first bit from the struct's start */
    unsigned bits;         /* of a bit-field; 0: none */
    Dwarf_Die die;
};

/* Whether the types inside a function are wanted. */
typedef bool types_function(void *context, Dwarf_Die *function);

/* Definitions with a name of their own or of a typedef: those outside functions, nested ones too, and those inside the
 * functions that `inside` wants; NULL: none. */
struct types types_read(struct arena *arena, struct image *image, types_function *inside, void *context);

/* By name; a typedef and a struct may share one. */
int type_order(const struct type *a, const struct type *b);

/* How many definitions from `at` on have one name. */
size_t types_run(const struct types *types, size_t at);

/* Members and base classes in the order of their declaration, at most TYPE_MOST_MEMBERS; returns how many. */
size_t type_members(const struct type *type, struct member *members);

/* The same with the members of unnamed members in their place, as the source names them. */
size_t type_flat_members(const struct type *type, struct member *members);

/* Bytes that no member covers before the last one ends, as pahole adds up holes. Bits between bit-fields are none. */
uint64_t type_holes(const struct member *members, size_t count);

/* Whether a member of at most a line lies on two when the struct starts one. */
bool member_crosses(const struct member *member);

/* The values of an enum: how many; 0: not an enum. */
size_t type_values(const struct type *type);

/* The type that DW_AT_type of a DIE leads to, as in C: "struct list *", "char[40]"; with a "?" where it leads to a type
 * that is not there, as in a package that keeps it with another unit. */
const char *type_said(struct arena *arena, Dwarf_Die *die);

/* Whether two such texts are of different types, both known. */
bool types_differ(const char *a, const char *b);

#endif
