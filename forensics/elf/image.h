/* The bytes of an ELF file, checked once so that everything above may read without fear.
 *
 * The mapping and the library handles belong to the arena given to image_open and go with it.
 */
#ifndef FORENSICS_ELF_IMAGE_H
#define FORENSICS_ELF_IMAGE_H

#include "base/arena.h"
#include "base/err.h"

#include <elfutils/libdw.h>
#include <gelf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct apart;
struct frames;
struct split;

/* A PT_LOAD whose file part lies inside the file. */
struct load {
    uint64_t address, file_size, memory_size; /* bytes */
    uint64_t offset;                          /* of the file part; offset + file_size <= image.size */
    bool writable, executable;
};

struct image {
    struct arena *arena; /* owner of everything here */
    const char *path;
    const unsigned char *bytes; /* the whole file, read-only */
    uint64_t size;
    Elf *elf;
    GElf_Ehdr header;
    size_t segment_count, section_count;
    struct load *loads; /* in the order of the program headers */
    size_t load_count;
    bool decodes;                  /* x86-64: the disassembler understands the code */
    bool absolute;                 /* ET_EXEC: addresses are final, so immediates may be addresses */
    Dwarf *dwarf;                  /* see image_dwarf */
    bool dwarf_tried;
    bool texts_unended;            /* there is debug information, but a section of texts in it does not end with one */
    bool on_disk;                  /* opened by path */
    struct apart *apart;           /* what lies in other files (apart.h); NULL: not looked for yet */
    struct split *split;           /* units in other files that libdw does not find (split.h); NULL: as above */
    const struct frames *frames;   /* call frame information; NULL until inventory_read filled it */
};

/* Opens and checks a linked ELF file; NULL with one sentence when it is missing, cut short or something else. */
struct image *image_open(struct arena *arena, const char *path, struct err *err);

/* The same for bytes already in memory, which must outlive the arena. `path` is only a name. */
struct image *image_from_memory(struct arena *arena, const char *path, const void *bytes, size_t size, struct err *err);

/* The file's bytes behind addresses [address, address + size); NULL when any of them is not in the file. */
const unsigned char *image_at(const struct image *image, uint64_t address, uint64_t size);

/* How many bytes of the file follow an address without a gap; 0: none. */
uint64_t image_room(const struct image *image, uint64_t address);

/* Whether a loaded segment (its zero-filled part too) covers an address. */
bool image_covers(const struct image *image, uint64_t address);

/* The NUL-terminated text at an address; NULL when it does not end inside its segment. */
const char *image_text(const struct image *image, uint64_t address);

/* The debug information, whose addresses are this file's link-time ones: inside the file, or for a file opened by
 * path in the separate one that its build id or .gnu_debuglink leads to (split units' and dwz's files are followed).
 * NULL: none. */
Dwarf *image_dwarf(struct image *image);

/* "x86-64", "AArch64"...; of an unlisted machine its number. */
const char *image_machine(const struct image *image);

#endif
