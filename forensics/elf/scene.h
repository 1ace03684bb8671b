/* What the code of one file refers to: names behind addresses, PLT stubs, cold parts, functions that never return.
 * Internal to elf/.
 */
#ifndef FORENSICS_ELF_SCENE_H
#define FORENSICS_ELF_SCENE_H

#include "core/binary.h"
#include "elf/disasm.h"
#include "elf/dynamic.h"
#include "elf/frames.h"

struct scene {
    const struct inventory *inv;
    struct slot *slots; /* named GOT slots, by address */
    size_t slot_count;
    const struct frames *frames;
    const struct symbol **cold; /* *.cold parts, by name */
    size_t cold_count;
    unsigned char *returns; /* by symbol index: 0 not asked yet, 1 may return, 2 never */
};

struct scene *scene_make(struct arena *arena, const struct inventory *inv);

/* The name that the PLT stub at an address jumps to; NULL: not a stub, or a nameless one. */
const char *scene_plt_name(const struct scene *scene, uint64_t address);

/* The function or library function that a direct call or jump to an address reaches, without compiler suffixes; NULL:
 * nameless. */
const char *scene_callee(const struct scene *scene, uint64_t address);

/* The name in the GOT slot at an address; NULL: none. */
const char *scene_slot_name(const struct scene *scene, uint64_t address);

/* The cold part of a function; NULL: none. */
const struct symbol *scene_cold_part(const struct scene *scene, const struct symbol *function);

/* Whether a direct call to an address never comes back, by the callee's name or because its code has no way out. */
bool scene_never_returns(struct scene *scene, uint64_t address);

#endif
