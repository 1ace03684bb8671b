#include "elf/line.h"

#include "elf/dwarf_walk.h"
#include "elf/image.h"
#include "elf/names.h"

#include <dwarf.h>
#include <stdlib.h>

struct function_range {
    uint64_t start, end;
    Dwarf_Die die;
};

/* A compilation unit; its functions are listed when first asked for. */
struct source_unit {
    Dwarf_Die line_die, tree; /* with split DWARF the functions are below another DIE than the line table's */
    bool listed;
    struct function_range *functions; /* by start */
    size_t count, room;
};

/* A range of code and its unit. .debug_aranges would tell, but clang leaves it out. */
struct unit_range {
    uint64_t start, end;
    struct source_unit *unit;
};

struct lines {
    struct arena *arena;
    struct unit_range *ranges; /* by start */
    size_t count, room;
    struct source_unit *listing; /* while list_function runs */
};

static int by_start(const void *a, const void *b)
{
    const struct unit_range *x = a, *y = b;
    if (x->start != y->start)
        return x->start < y->start ? -1 : 1;
    return (x->end > y->end) - (x->end < y->end);
}

static void add_unit(struct lines *lines, Dwarf_Die *line_die, Dwarf_Die *tree)
{
    Dwarf_Addr base, start, end;
    struct source_unit *unit = arena_alloc(lines->arena, sizeof *unit);
    *unit = (struct source_unit){ .line_die = *line_die, .tree = *tree };
    for (ptrdiff_t at = 0; (at = dwarf_ranges(line_die, at, &base, &start, &end)) > 0;)
        if (start < end)
            *ARENA_PUSH(lines->arena, lines->ranges, lines->count, lines->room) = (struct unit_range){ start, end,
                                                                                                       unit };
}

struct lines *lines_open(struct arena *arena, const struct inventory *inv)
{
    Dwarf *dwarf = inv->image ? image_dwarf(inv->image) : NULL;
    struct walk_unit unit = { 0 };
    if (!dwarf)
        return NULL;
    struct lines *lines = arena_alloc(arena, sizeof *lines);
    lines->arena = arena;
    while (walk_unit(inv->image, &unit))
        add_unit(lines, &unit.head, &unit.tree);
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

static void list_function(void *context, Dwarf_Die *die, const char *scope)
{
    struct lines *lines = context;
    struct source_unit *u = lines->listing;
    Dwarf_Addr base, start, end;
    (void)scope;
    if (dwarf_tag(die) != DW_TAG_subprogram)
        return;
    for (ptrdiff_t at = 0; (at = dwarf_ranges(die, at, &base, &start, &end)) > 0;)
        if (start < end)
            *ARENA_PUSH(lines->arena, u->functions, u->count, u->room) = (struct function_range){ start, end, *die };
}

static int by_function_start(const void *a, const void *b)
{
    const struct function_range *x = a, *y = b;
    if (x->start != y->start)
        return x->start < y->start ? -1 : 1;
    return (x->end > y->end) - (x->end < y->end);
}

static struct function_range *function_at(struct lines *lines, struct source_unit *u, uint64_t address)
{
    if (!u->listed) {
        struct walk_budget budget = { WALK_MOST_DIES };
        u->listed = true;
        lines->listing = u;
        walk_scope(&budget, &u->tree, list_function, lines);
        if (u->count)
            qsort(u->functions, u->count, sizeof *u->functions, by_function_start);
    }
    size_t low = 0, high = u->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (u->functions[middle].start <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low && address < u->functions[low - 1].end ? &u->functions[low - 1] : NULL;
}

/* Steps to the child that covers the address, blocks and inlined calls only. */
static bool descend(struct walk_budget *budget, Dwarf_Die *die, uint64_t address)
{
    Dwarf_Die child;
    if (!walk_child(budget, die, &child))
        return false;
    do {
        int tag = dwarf_tag(&child);
        if ((tag == DW_TAG_inlined_subroutine || tag == DW_TAG_lexical_block) && dwarf_haspc(&child, address) == 1) {
            *die = child;
            return true;
        }
    } while (walk_next(budget, &child));
    return false;
}

/* libdw's dwarf_getscopes would answer too, but walks the whole unit for each address and leaks on damaged input. */
static void find_function(struct lines *lines, struct source_unit *unit, uint64_t address, struct source_line *line)
{
    struct function_range *f = function_at(lines, unit, address);
    struct walk_budget budget = { 1 << 16 };
    if (!f)
        return;
    Dwarf_Die die = f->die;
    line->function = walk_name(&die);
    for (unsigned depth = 0; depth < WALK_MOST_DEPTH && descend(&budget, &die, address); depth++) {
        if (dwarf_tag(&die) != DW_TAG_inlined_subroutine)
            continue;
        const char *name = walk_name(&die);
        line->function = name ? name : line->function;
        line->inlined++;
    }
}

bool line_at(struct lines *lines, uint64_t address, struct source_line *line)
{
    struct unit_range *range = find_unit(lines, address);
    Dwarf_Line *found = range ? dwarf_getsrc_die(&range->unit->line_die, address) : NULL;
    *line = (struct source_line){ 0 };
    if (!found || dwarf_lineno(found, &line->line) != 0 || line->line == 0)
        return false;
    line->file = name_clean(lines->arena, dwarf_linesrc(found, NULL, NULL));
    dwarf_linecol(found, &line->column);
    find_function(lines, range->unit, address, line);
    line->function = name_clean(lines->arena, line->function);
    return line->file != NULL;
}
