/* Variables that are records, or arrays of one: what the debug information says lies in them. */
#ifndef FORENSICS_ELF_RECORDS_H
#define FORENSICS_ELF_RECORDS_H

#include "base/arena.h"
#include "core/binary.h"

struct record_field {
    const char *name, *declaration; /* "next", "struct node *next;" */
    uint64_t offset, size;          /* bytes */
    uint64_t align;                 /* bytes: what its type needs, or of records all that its place allows */
};

struct record {
    const char *type;            /* "struct node" */
    uint64_t size;               /* bytes of one */
    struct record_field *fields; /* by offset, apart, none a bit-field */
    size_t field_count;
};

/* By index into the inventory's symbols: the record that a global or static variable outside functions is, or is an
 * array of; NULL: it is none, or one whose fields cannot be put into another order. */
struct record **records_read(struct arena *arena, const struct inventory *inv);

#endif
