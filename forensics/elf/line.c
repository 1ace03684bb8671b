#include "elf/line.h"

#include "elf/image.h"
#include "elf/names.h"

#include <dwarf.h>
#include <stdlib.h>

/* A range of code and the compilation unit it came from. .debug_aranges would tell, but clang leaves it out. */
struct unit_range {
    uint64_t start, end;
    Dwarf_Die unit, tree; /* tree: where the functions are; with split DWARF another DIE than the line table's */
};

struct lines {
    struct arena *arena;
    struct unit_range *ranges; /* by start */
    size_t count, room;
};

static int by_start(const void *a, const void *b)
{
    const struct unit_range *x = a, *y = b;
    if (x->start != y->start)
        return x->start < y->start ? -1 : 1;
    return (x->end > y->end) - (x->end < y->end);
}

static void add_unit(struct arena *arena, struct lines *lines, Dwarf_Die *unit, Dwarf_Die *tree)
{
    Dwarf_Addr base, start, end;
    for (ptrdiff_t at = 0; (at = dwarf_ranges(unit, at, &base, &start, &end)) > 0;)
        if (start < end)
            *ARENA_PUSH(arena, lines->ranges, lines->count, lines->room) = (struct unit_range){ start, end, *unit,
                                                                                                *tree };
}

struct lines *lines_open(struct arena *arena, const struct inventory *inv)
{
    Dwarf *dwarf = inv->image ? image_dwarf(inv->image) : NULL;
    Dwarf_CU *cu = NULL;
    Dwarf_Die unit, split;
    if (!dwarf)
        return NULL;
    struct lines *lines = arena_alloc(arena, sizeof *lines);
    lines->arena = arena;
    while (dwarf_get_units(dwarf, cu, &cu, NULL, NULL, &unit, &split) == 0)
        add_unit(arena, lines, &unit, split.addr ? &split : &unit);
    if (lines->count)
        qsort(lines->ranges, lines->count, sizeof *lines->ranges, by_start);
    return lines;
}

static struct unit_range *find_unit(struct lines *lines, uint64_t address)
{
    size_t low = 0, high = lines->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (lines->ranges[middle].start <= address)
            low = middle + 1;
        else
            high = middle;
    }
    struct unit_range *r = low ? &lines->ranges[low - 1] : NULL;
    return r && address < r->end ? r : NULL;
}

static void find_function(Dwarf_Die *tree, uint64_t address, struct source_line *line)
{
    Dwarf_Die *scopes = NULL;
    int count = dwarf_getscopes(tree, address, &scopes);
    for (int i = 0; i < count; i++) {
        int tag = dwarf_tag(&scopes[i]);
        if (tag != DW_TAG_inlined_subroutine && tag != DW_TAG_subprogram)
            continue;
        if (!line->function)
            line->function = dwarf_diename(&scopes[i]);
        if (tag == DW_TAG_subprogram)
            break;
        line->inlined++;
    }
    free(scopes);
}

bool line_at(struct lines *lines, uint64_t address, struct source_line *line)
{
    struct unit_range *range = find_unit(lines, address);
    Dwarf_Line *found = range ? dwarf_getsrc_die(&range->unit, address) : NULL;
    *line = (struct source_line){ 0 };
    if (!found || dwarf_lineno(found, &line->line) != 0 || line->line == 0)
        return false;
    line->file = name_clean(lines->arena, dwarf_linesrc(found, NULL, NULL));
    dwarf_linecol(found, &line->column);
    find_function(&range->tree, address, line);
    line->function = name_clean(lines->arena, line->function);
    return line->file != NULL;
}
