#include "elf/keep_elf.h"

static void release_elf(void *thing)
{
    elf_end(thing);
}

Elf *keep_elf(struct arena *arena, Elf *elf)
{
    if (elf)
        arena_defer(arena, release_elf, elf);
    return elf;
}

static void release_dwarf(void *thing)
{
    dwarf_end(thing);
}

Dwarf *keep_dwarf(struct arena *arena, Dwarf *dwarf)
{
    if (dwarf)
        arena_defer(arena, release_dwarf, dwarf);
    return dwarf;
}
