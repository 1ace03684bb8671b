/* What the code of a function refers to: functions, data, constants. Internal to elf/. */
#ifndef FORENSICS_ELF_REFS_H
#define FORENSICS_ELF_REFS_H

#include "base/arena.h"
#include "core/binary.h"

struct pairing;

/* Something that code refers to, by a number that is the same on both sides: a matched symbol, a library function, a
 * constant. */
struct ref {
    uint64_t id;
    bool common; /* the number means the same on both sides: all but symbols that are not matched */
    const struct symbol *function; /* called directly; NULL: library functions, data, constants */
};

/* What one function, its cold part included, refers to: ascending, each once. */
struct refs {
    struct arena *arena;
    const struct pairing *pairing;
    int side;
    struct ref *items;
    size_t count, room;
    size_t insns, calls; /* nops aside; direct calls of functions in the file */
};

/* Reads the references of a function of one side (0 old, 1 new). */
struct refs refs_read(struct arena *arena, const struct pairing *pairing, int side, const struct symbol *function);

/* Whether a reference is among them. */
bool refs_hold(const struct refs *refs, uint64_t id);

/* Appends one to a list that is being made. */
void refs_add(struct refs *refs, struct ref ref);

/* Hash of those that are common to both sides, and how many there are. */
uint64_t refs_hash(const struct refs *refs, size_t *common);

#endif
