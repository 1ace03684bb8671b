/* Reads what a binary is: file, segments, sections, symbols, TLS, relocations, origin. */
#ifndef FORENSICS_ELF_INVENTORY_H
#define FORENSICS_ELF_INVENTORY_H

#include "base/arena.h"
#include "base/err.h"
#include "core/binary.h"

/* Reads a linked ELF file of any machine; NULL with one sentence when it cannot. What the file does not tell is listed
 * in `missing`. The file stays mapped until the arena is freed. */
struct inventory *inventory_read(struct arena *arena, const char *path, struct err *err);

/* The same from memory that outlives the arena. */
struct inventory *inventory_from_memory(struct arena *arena, const char *path, const void *bytes, size_t size,
                                        struct err *err);

/* Whether this machine can run and this tool can disassemble it; otherwise false with a sentence. */
bool inventory_is_native(const struct inventory *inv, struct err *err);

/* Appends a sentence to inventory.missing. */
void inventory_lacks(struct arena *arena, struct inventory *inv, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
