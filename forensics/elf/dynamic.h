/* What the dynamic loader is asked to do: libraries, relocations, PLT slots, TLS models. Internal to elf/. */
#ifndef FORENSICS_ELF_DYNAMIC_H
#define FORENSICS_ELF_DYNAMIC_H

#include "core/binary.h"
#include "elf/image.h"

/* What the dynamic section asks for. */
struct dynamic_tags {
    const char **needed; /* DT_NEEDED, in order */
    size_t needed_count;
    const char *soname, *rpath, *runpath; /* NULL: none */
    bool static_tls, pie;
};

/* The dynamic section of a file, damaged texts left out; all zero where there is none. */
struct dynamic_tags dynamic_tags(struct arena *arena, const struct image *image);

/* Fills type, interpreter, needed, runpath, static_tls, the relocation counts and plt_slots. */
void dynamic_read(struct arena *arena, const struct image *image, struct inventory *inv);

/* What the loader writes into a GOT slot: the address of a symbol, or where thread-local data is. */
enum slot_use { SLOT_ADDRESS, SLOT_TLS_OFFSET /* initial-exec */, SLOT_TLS_CALL /* for a call */ };

struct slot {
    uint64_t address;
    const char *name; /* "": a thread-local symbol of this file alone */
    enum slot_use use;
};

/* Every GOT slot with a name or for thread-local data, by address. */
struct slot *slots_read(struct arena *arena, const struct image *image, size_t *count);

/* The slot at an address; NULL: none. */
const struct slot *slot_at(const struct slot *slots, size_t count, uint64_t address);

/* The name in the slot at an address; NULL: none. */
const char *slot_name(const struct slot *slots, size_t count, uint64_t address);

#endif
