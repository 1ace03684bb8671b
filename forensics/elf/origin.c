#include "elf/origin.h"

#include "elf/apart.h"
#include "elf/dwarf_walk.h"
#include "elf/inventory.h"
#include "elf/names.h"
#include "elf/sections.h"

#include <dwarf.h>
#include <elfutils/libdwelf.h>
#include <string.h>

/* Distinct texts of one kind, in order of first sight, each with how often it came. A file has a handful; more are
 * counted but not kept. */
enum { TEXTS = 64 };

struct texts {
    const char *text[TEXTS];
    size_t times[TEXTS], count;
};

static void texts_add(struct texts *t, const char *text)
{
    for (size_t i = 0; i < t->count; i++) {
        if (strcmp(t->text[i], text) == 0) {
            t->times[i]++;
            return;
        }
    }
    if (t->count < TEXTS) {
        t->text[t->count] = text;
        t->times[t->count++] = 1;
    }
}

static const char *texts_join(struct arena *arena, const struct texts *t)
{
    const char *all = NULL;
    for (size_t i = 0; i < t->count; i++)
        all = all ? arena_printf(arena, "%s; %s", all, t->text[i]) : t->text[i];
    return all;
}

/* Every NUL-terminated text of a section of texts. */
static void split_section(struct arena *arena, const struct inventory *inv, const char *name, struct texts *texts)
{
    uint64_t size = 0;
    const char *at = (const char *)section_bytes(inv, name, &size);
    for (const char *end = at ? at + size : NULL; at < end;) {
        size_t length = strnlen(at, (size_t)(end - at));
        if (length && length < 16384)
            texts_add(texts, name_clean(arena, arena_strndup(arena, at, length)));
        at += length + 1;
    }
}

static bool names_linker(const char *text)
{
    return strncmp(text, "Linker:", 7) == 0 || strncmp(text, "mold ", 5) == 0;
}

static void read_comment(struct arena *arena, struct inventory *inv)
{
    struct texts all = { .count = 0 }, compilers = { .count = 0 };
    uint64_t size;
    split_section(arena, inv, ".comment", &all);
    for (size_t i = 0; i < all.count; i++) {
        if (names_linker(all.text[i]))
            inv->linker = all.text[i];
        else
            texts_add(&compilers, all.text[i]);
    }
    if (!inv->linker && section_bytes(inv, ".note.gnu.gold-version", &size))
        inv->linker = "gold";
    inv->compiler = inv->comment = texts_join(arena, &compilers);
}

/* With -gsplit-dwarf the objects' .dwo files hold all but addresses and lines. */
static void note_split(struct arena *arena, struct inventory *inv, size_t units, size_t lacking)
{
    if (lacking)
        inventory_lacks(arena, inv,
                        "'%s' has the debug information of %zu of its %zu units in .dwo files that are not there or "
                        "cannot be read: types and inlining of those are not compared",
                        inv->path, lacking, units);
}

/* GCC's DW_AT_producer is "GNU C17 12.2.0 -mtune=... -O2"; clang's is "clang version 14.0.6", with the command line
 * only under -grecord-command-line. */
static void read_producers(struct arena *arena, struct image *image, struct inventory *inv)
{
    struct texts producers = { .count = 0 };
    struct walk_unit unit = { 0 };
    size_t units = 0, lacking = 0;
    while (walk_unit(image, &unit)) {
        units++;
        lacking += unit.lacks_split;
        inv->has_debug = true;
        const char *text = dwarf_tag(&unit.tree) == DW_TAG_compile_unit
                               ? walk_text(&unit.tree, DW_AT_producer)
                               : NULL;
        if (text && strncmp(text, "GNU AS", 6) != 0)
            texts_add(&producers, name_clean(arena, text));
    }
    note_split(arena, inv, units, lacking);
    size_t best = 0;
    for (size_t i = 1; i < producers.count; i++)
        if (producers.times[i] > producers.times[best])
            best = i;
    if (!producers.count)
        return;
    const char *flags = strstr(producers.text[best], " -");
    size_t length = flags ? (size_t)(flags - producers.text[best]) : strlen(producers.text[best]);
    inv->compiler = arena_strndup(arena, producers.text[best], length);
    if (flags)
        inv->flags = arena_strdup(arena, flags + 1);
}

static const char *build_id(struct arena *arena, Elf *elf)
{
    const void *bytes;
    ssize_t length = dwelf_elf_gnu_build_id(elf, &bytes);
    if (length <= 0 || length > 256)
        return NULL;
    char *hex = arena_alloc(arena, 2 * (size_t)length + 1);
    for (ssize_t i = 0; i < length; i++) {
        hex[2 * i] = "0123456789abcdef"[((const unsigned char *)bytes)[i] >> 4];
        hex[2 * i + 1] = "0123456789abcdef"[((const unsigned char *)bytes)[i] & 15];
    }
    return hex;
}

static void note_debug(struct arena *arena, struct image *image, struct inventory *inv)
{
    GElf_Word checksum;
    const char *link = dwelf_elf_gnu_debuglink(image->elf, &checksum);
    if (image_has(image, ".debug_info") || image_has(image, ".zdebug_info"))
        inventory_lacks(arena, inv,
                        "'%s' has debug information that cannot be read (%s): types, inlining and source lines cannot "
                        "be compared",
                        inv->path, image->texts_unended ? "a text in it has no end" : dwarf_errmsg(-1));
    else if (link)
        inventory_lacks(arena, inv,
                        "'%s' has its debug information in '%s', which is not there or belongs to another build: "
                        "types, inlining and source lines cannot be compared",
                        inv->path, name_clean(arena, arena_strdup(arena, link)));
    else
        inventory_lacks(arena, inv,
                        "'%s' has no debug information: types, inlining and source lines cannot be compared; build "
                        "with -g",
                        inv->path);
}

/* What dwz moved to a file for several. */
static void note_common(struct arena *arena, struct image *image, struct inventory *inv)
{
    const char *name;
    const void *id;
    size_t length;
    Dwarf *dwarf = image_dwarf(image);
    if (dwelf_dwarf_gnu_debugaltlink(dwarf, &name, &id) <= 0 || dwarf_getalt(dwarf))
        return;
    length = strnlen(name, 4096);
    inventory_lacks(arena, inv,
                    "'%s' shares debug information with other files in '%s', which is not there: names and types in it "
                    "are not compared",
                    inv->path, name_clean(arena, arena_strndup(arena, name, length)));
}

void origin_read(struct arena *arena, struct image *image, struct inventory *inv)
{
    struct texts lines = { .count = 0 };
    inv->build_id = build_id(arena, image->elf);
    read_comment(arena, inv);
    split_section(arena, inv, ".GCC.command.line", &lines);
    inv->flags = texts_join(arena, &lines);
    read_producers(arena, image, inv);
    if (!inv->has_debug)
        note_debug(arena, image, inv);
    else
        note_common(arena, image, inv);
    if (inv->has_debug && !inv->flags)
        inventory_lacks(arena, inv,
                        "'%s' does not record its compiler flags: build with -grecord-gcc-switches or "
                        "-frecord-command-line",
                        inv->path);
}
