#include "report/remedy.h"

const char *remedy_said(struct arena *arena, const struct layout_remedy *remedy)
{
    switch (remedy->kind) {
    case REMEDY_ALIGN:
        return arena_printf(arena, "Let %s begin on a border of 64 bytes", remedy->name);
    case REMEDY_PLACE:
        return arena_printf(arena, "Let %s begin %u bytes behind a border of 64, as in old", remedy->name,
                            remedy->phase);
    case REMEDY_LOOP:
        return arena_printf(arena, "Let the loops of %s begin on borders of 64 bytes", remedy->name);
    case REMEDY_PAD:
        return arena_printf(arena, "Put 64 bytes in front of %s", remedy->name);
    case REMEDY_OLD:
    case REMEDY_HOT:
    case REMEDY_HUGE:
    case REMEDY_COUNT:
        break;
    }
    return remedy_table[remedy->kind].meaning;
}

const char *remedy_how(struct arena *arena, const struct layout_remedy *remedy, const char *file)
{
    const char *path = file ? file : "FILE";
    switch (remedy->kind) {
    case REMEDY_ALIGN:
        return arena_printf(arena,
                            "In the source: __attribute__((aligned(64))) on %s. Or without it, for an object compiled "
                            "with -ffunction-sections: "
                            "objcopy --set-section-alignment .text.%s=64 OBJECT.o",
                            remedy->name, remedy->name);
    case REMEDY_PLACE:
        return arena_printf(arena,
                            "Compile with -ffunction-sections and link with -Wl,-T,%s, a fragment for GNU ld that puts "
                            "this one function%s",
                            path, file ? "" : " (--remedy FILE writes it)");
    case REMEDY_LOOP:
        return arena_printf(
            arena,
            "Compile the file of %s with -falign-loops=64 -falign-jumps=64. Or, with GCC, in the source: "
            "__attribute__((optimize(\"align-loops=64\", \"align-jumps=64\"))) on %s",
            remedy->name, remedy->name);
    case REMEDY_HUGE:
        return "Link with -Wl,-z,common-page-size=2097152,-z,max-page-size=2097152, and let the program call "
               "madvise(code, bytes, "
               "MADV_HUGEPAGE) where the kernel has huge pages for files";
    case REMEDY_PAD:
        return arena_printf(arena, "In the source, in front of %s and used as it is: char pad[64];", remedy->name);
    case REMEDY_OLD:
    case REMEDY_HOT:
    case REMEDY_COUNT:
        break;
    }
    return arena_printf(arena,
                        "Compile with -ffunction-sections and link with -fuse-ld=lld -Wl,--symbol-ordering-file=%s%s",
                        path, file ? "" : " (--remedy FILE writes it)");
}

const char *remedy_file(struct arena *arena, const struct layout_remedy *remedy)
{
    const char *text = "";
    switch (remedy->kind) {
    case REMEDY_ALIGN:
        return arena_printf(arena, "objcopy --set-section-alignment .text.%s=64 \"$@\"\n", remedy->name);
    case REMEDY_PLACE:
        return arena_printf(
            arena, "SECTIONS\n{\n  .text_%s ALIGN(64) : { . += %u; *(.text.%s .text.*.%s) }\n}\nINSERT AFTER .text;\n",
            remedy->name, remedy->phase, remedy->name, remedy->name);
    case REMEDY_LOOP:
        return arena_printf(arena, "__attribute__((optimize(\"align-loops=64\", \"align-jumps=64\"))) /* on %s */\n",
                            remedy->name);
    case REMEDY_HUGE:
        return "-Wl,-z,common-page-size=2097152,-z,max-page-size=2097152\n";
    case REMEDY_PAD:
        return arena_printf(arena, "char pad[64]; /* in front of %s, and used as it is */\n", remedy->name);
    case REMEDY_OLD:
    case REMEDY_HOT:
    case REMEDY_COUNT:
        break;
    }
    for (size_t i = 0; i < remedy->order_count; i++)
        text = arena_printf(arena, "%s%s\n", text, remedy->order[i]);
    return text;
}
