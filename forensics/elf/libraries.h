/* The shared libraries that two programs load, compared like the programs themselves. */
#ifndef FORENSICS_ELF_LIBRARIES_H
#define FORENSICS_ELF_LIBRARIES_H

#include "base/arena.h"
#include "core/binary.h"

/* What the loader would read from the environment of one side; NULL: not set. */
struct load_environment {
    const char *search_path; /* LD_LIBRARY_PATH */
    const char *preload;      /* LD_PRELOAD */
};

enum {
    LIBRARIES_INSPECTED = 8, /* pairs at most, the first that are loaded */
    LIBRARIES_BYTES = 256 << 20, /* of both sides together */
};

/* Finds both programs' libraries (elf/loader.h) and inspects those pairs that are not byte for byte the same file. NULL:
 * a program was loaded from JSON or is no file on disk. */
struct libraries *libraries_compare(struct arena *arena, const struct inventory *const program[2],
                                    const struct load_environment environment[2]);

#endif
