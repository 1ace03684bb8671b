/* Which shared libraries a program loads at start, found as the dynamic loader finds them. Internal to elf/. */
#ifndef FORENSICS_ELF_LOADER_H
#define FORENSICS_ELF_LOADER_H

#include "elf/image.h"

struct loaded {
    const char *name;           /* as asked for first */
    const char *soname;         /* NULL: none */
    const char *path;           /* links followed; NULL: not found */
    const char *wanted_by;      /* file name of who asked first */
    struct image *image;        /* NULL: not found or unreadable */
    const struct loaded *asker; /* NULL: the program, or preloaded */
    const char *folder;         /* what $ORIGIN stands for */
    const char *rpath, *runpath;
};

struct load_list {
    struct loaded **items; /* in the loader's order: what is preloaded, then breadth first */
    size_t count, room;
    bool cut; /* more than LOAD_MOST */
};

enum { LOAD_MOST = 512 };

/* DT_NEEDED of the program and of all that it loads: by DT_RPATH, `search_path` (LD_LIBRARY_PATH), DT_RUNPATH,
 * /etc/ld.so.cache and the standard folders, with $ORIGIN and $LIB; `preload` (LD_PRELOAD) first. Either may be NULL.
 * Not followed: folders for newer processors (glibc-hwcaps), and what the program opens later (dlopen). */
struct load_list *loads_of(struct arena *arena, const struct image *program, const char *search_path,
                           const char *preload);

#endif
