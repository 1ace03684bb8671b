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
    case REMEDY_VARIABLE:
        return arena_printf(arena, "Let the variable %s begin on a border of 64 bytes", remedy->name);
    case REMEDY_FIELDS:
        return arena_printf(arena, "Declare what is used of %s side by side", remedy->name);
    case REMEDY_SPLIT:
        return arena_printf(arena, "Move what never runs out of %s", remedy->name);
    case REMEDY_SPLIT_ALL:
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
    case REMEDY_VARIABLE:
        return arena_printf(arena, "In the source: __attribute__((aligned(64))) on %s", remedy->name);
    case REMEDY_FIELDS:
        return arena_printf(arena,
                            "In the source of %s: its fields in the order that begins with %s%s. What of it lies on the "
                            "heap was not replayed",
                            remedy->name, remedy->order_count ? remedy->order[0] : remedy->name,
                            file ? "" : " (--remedy FILE writes all of them)");
    case REMEDY_SPLIT:
        return arena_printf(arena,
                            "In the source of %s, with GCC: call cold_path() first thing where nothing ran, and have "
                            "in front of it: __attribute__((noinline, cold)) static void cold_path(void) { "
                            "__asm__ volatile(\"\"); }. The largest: %s%s",
                            remedy->name, remedy->order_count ? remedy->order[0] : remedy->name,
                            file ? "" : " (--remedy FILE writes all of them)");
    case REMEDY_SPLIT_ALL:
        return arena_printf(arena,
                            "Compile with a profile: -fprofile-generate, a typical run, then -fprofile-use%s. The "
                            "largest: %s%s",
                            " (clang: and -fsplit-machine-functions)",
                            remedy->order_count ? remedy->order[0] : "none",
                            file ? "" : " (--remedy FILE writes more of them)");
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

/* What the remedy lists, one a line behind `prefix`. */
static const char *lines_of(struct arena *arena, const struct layout_remedy *remedy, const char *prefix)
{
    const char *text = "";
    for (size_t i = 0; i < remedy->order_count; i++)
        text = arena_printf(arena, "%s%s%s\n", text, prefix, remedy->order[i]);
    return text;
}

const char *remedy_file(struct arena *arena, const struct layout_remedy *remedy)
{
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
    case REMEDY_VARIABLE:
        return arena_printf(arena, "__attribute__((aligned(64))) /* on %s */\n", remedy->name);
    case REMEDY_FIELDS:
        return arena_printf(arena, "%s {\n%s};\n", remedy->name, lines_of(arena, remedy, "    "));
    case REMEDY_SPLIT:
        return arena_printf(arena,
                            "/* in %s, to be called first thing at each of these places:\n%s */\n"
                            "__attribute__((noinline, cold)) static void cold_path(void) { __asm__ volatile(\"\"); }\n",
                            remedy->name, lines_of(arena, remedy, " * "));
    case REMEDY_SPLIT_ALL:
        return arena_printf(arena, "# never ran:\n%s-fprofile-use -freorder-blocks-and-partition\n",
                            lines_of(arena, remedy, "# "));
    case REMEDY_PAD:
        return arena_printf(arena, "char pad[64]; /* in front of %s, and used as it is */\n", remedy->name);
    case REMEDY_OLD:
    case REMEDY_HOT:
    case REMEDY_COUNT:
        break;
    }
    return lines_of(arena, remedy, "");
}
