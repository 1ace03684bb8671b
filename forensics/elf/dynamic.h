/* What the dynamic loader is asked to do: libraries, relocations, PLT slots, TLS models. Internal to elf/. */
#ifndef FORENSICS_ELF_DYNAMIC_H
#define FORENSICS_ELF_DYNAMIC_H

#include "core/binary.h"
#include "elf/image.h"

/* Fills type, interpreter, needed, runpath, static_tls, the relocation counts and plt_slots. */
void dynamic_read(struct arena *arena, const struct image *image, struct inventory *inv);

/* A GOT slot and the symbol the loader writes into it. */
struct slot {
    uint64_t address;
    const char *name;
};

/* Every GOT slot with a name, by address. */
struct slot *slots_read(struct arena *arena, const struct image *image, size_t *count);

/* The name in the slot at an address; NULL: none. */
const char *slot_name(const struct slot *slots, size_t count, uint64_t address);

#endif
