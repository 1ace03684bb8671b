/* A file of debug sections put together in memory, so that libdw reads what lies in pieces. Internal to elf/. */
#ifndef FORENSICS_ELF_COMPOSE_H
#define FORENSICS_ELF_COMPOSE_H

#include "base/arena.h"

#include <elfutils/libdw.h>
#include <gelf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An ELF file of any type. */
struct debug_file {
    int fd; /* open as long as the arena */
    Elf *elf;
};

/* A section's bytes. */
struct debug_part {
    const unsigned char *bytes;
    size_t size;
    uint64_t offset; /* in the file */
};

bool debug_file_open(struct arena *arena, const char *path, struct debug_file *file);

/* The number-th section of a name that is inside the file and not compressed; false: none. */
bool debug_section(const struct debug_file *file, const char *name, unsigned number, struct debug_part *part);

enum { COMPOSE_SECTIONS = 16 };

struct composed_section {
    const char *name;
    unsigned char *bytes; /* copied */
    size_t size, room;
    const struct debug_file *file; /* mapped from here; NULL: copied */
    uint64_t offset;
};

struct composing {
    struct arena *arena;
    size_t budget, copied; /* bytes; what is beyond the budget fails at the end */
    struct composed_section sections[COMPOSE_SECTIONS];
    size_t count;
    bool failed;
};

/* Appends a copy to the section of this name. */
void compose_add(struct composing *composing, const char *name, const void *bytes, size_t size);

/* Whether there is something in the section of this name. */
bool compose_has(const struct composing *composing, const char *name);

/* A section that stays in its file: for the large one that all units share. */
void compose_map(struct composing *composing, const char *name, const struct debug_file *file,
                 const struct debug_part *part);

/* What libdw makes of it, as long as the arena; NULL: nothing that it can read. */
Dwarf *compose_end(struct composing *composing);

#endif
