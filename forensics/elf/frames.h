/* Call frame information (.eh_frame): where functions begin and end without a symbol table, and how much stack they
 * take. */
#ifndef FORENSICS_ELF_FRAMES_H
#define FORENSICS_ELF_FRAMES_H

#include "core/binary.h"
#include "elf/image.h"

/* One FDE. A function with a cold part has two. */
struct frame {
    uint64_t address, size;               /* bytes of code it describes */
    const uint8_t *program, *program_end; /* its CFA instructions */
    const uint8_t *first, *first_end;     /* the CIE's, run before */
};

struct frames {
    struct frame *items; /* by address */
    size_t count, room;
    bool damaged; /* an entry could not be read; those after it are lost */
};

/* Reads every FDE of .eh_frame, found by section or by PT_GNU_EH_FRAME. */
struct frames *frames_read(struct arena *arena, const struct image *image, const struct section *sections,
                           size_t count);

/* The FDE that starts at or covers an address; NULL: none. */
const struct frame *frame_at(const struct frames *frames, uint64_t address);

/* Largest distance in bytes between the stack pointer and the frame's base (CFA), return address included. Where the
 * CFA is kept in %rbp (*through_rbp) only what was pushed before that counts. */
uint64_t frame_bytes(const struct frame *frame, bool *through_rbp);

#endif
