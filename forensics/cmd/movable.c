#include "cmd/movable.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "elf/records.h"
#include "elf/symbolize.h"
#include "layout/loops.h"

enum { ELF_ALLOC = 2, ELF_EXEC = 4, ELF_TLS = 0x400 };

/* Groups, in the order in which GNU ld puts the parts of .text; sections follow. */
enum group { GROUP_COLD, GROUP_EXIT, GROUP_STARTUP, GROUP_HOT, GROUP_TEXT, GROUP_OTHER };

/* Numbers for pairs of things that are no symbols: by name, the same on both sides. */
struct names {
    const char **items;
    size_t count, room;
};

struct maker {
    struct arena *arena;
    struct names names;
    uint32_t first_name;     /* pair number of names.items[0]: below it are symbols */
    uint32_t *symbol_pair;   /* of the side being made, by index into its inventory's symbols */
    struct layout_side *side;
};

static uint32_t number_of_name(struct maker *m, const char *name)
{
    for (size_t i = 0; i < m->names.count; i++)
        if (strcmp(m->names.items[i], name) == 0)
            return (uint32_t)i;
    *ARENA_PUSH(m->arena, m->names.items, m->names.count, m->names.room) = name;
    return (uint32_t)(m->names.count - 1);
}

static void add(struct maker *m, enum layout_axis axis, const char *name, uint64_t address, uint64_t size, uint64_t extent,
                uint32_t group, uint32_t pair)
{
    if (!size)
        return;
    *ARENA_PUSH(m->arena, m->side->objects, m->side->count, m->side->room) = (struct layout_object){
        .name = name, .address = address, .size = size, .extent = extent, .axis = axis, .group = group, .pair = pair, .align = 1,
        .function = axis == AXIS_TEXT && pair < m->first_name };
}

/* Something without a symbol: it is paired by its name. */
static void add_named(struct maker *m, enum layout_axis axis, const char *name, uint64_t address, uint64_t end)
{
    uint32_t number = number_of_name(m, name);
    if (end > address)
        add(m, axis, name, address, end - address, end - address, GROUP_OTHER + number, m->first_name + number);
}

/* ---- the program ---- */

static uint32_t group_of(struct maker *m, const struct section *section, const struct symbol *symbol)
{
    if (strcmp(section->name, ".text") != 0)
        return GROUP_OTHER + number_of_name(m, section->name);
    switch (symbol ? symbol->use : USE_TEXT) {
    case USE_TEXT_COLD: return GROUP_COLD;
    case USE_TEXT_EXIT: return GROUP_EXIT;
    case USE_TEXT_STARTUP: return GROUP_STARTUP;
    case USE_TEXT_HOT: return GROUP_HOT;
    case USE_TEXT: case USE_OTHER: case USE_PLT: case USE_RODATA: case USE_DATA: case USE_BSS: case USE_TLS: case USE_DEBUG:
    case USE_COUNT: break;
    }
    return GROUP_TEXT;
}

/* One section: an object for each symbol, one for what comes before the first. */
static void add_section(struct maker *m, const struct inventory *inv, size_t index, uint64_t bias)
{
    const struct section *section = &inv->sections[index];
    enum layout_axis axis = section->flags & ELF_EXEC ? AXIS_TEXT : AXIS_DATA;
    uint64_t end = section->address + section->size, at = section->address;
    const struct symbol *open = NULL; /* begun, its end not known yet */
    for (size_t i = 0; i <= inv->symbol_count; i++) {
        const struct symbol *s = i < inv->symbol_count ? &inv->symbols[i] : NULL;
        bool data = s && s->kind == SYMBOL_OBJECT;
        if (s && (s->kind == SYMBOL_TLS || s->section != (int)index || s->alias || data != (axis == AXIS_DATA) || s->address >= end ||
                  s->address < at || (open && s->address < open->address + (open->size ? open->size : 1))))
            continue;
        uint64_t next = s ? s->address : end;
        if (open) {
            uint64_t size = axis == AXIS_TEXT && open->size && open->size < next - at ? open->size : next - at;
            add(m, axis, open->name, at + bias, size, next - at, group_of(m, section, open), m->symbol_pair[open - inv->symbols]);
        } else if (next > at) {
            uint32_t number = number_of_name(m, section->name);
            add(m, axis, section->name, at + bias, next - at, next - at, group_of(m, section, NULL), m->first_name + number);
        }
        open = s;
        at = next;
    }
}

static void add_program(struct maker *m, const struct module *module)
{
    const struct inventory *inv = module->inventory;
    for (size_t i = 0; i < inv->section_count; i++)
        if (inv->sections[i].flags & ELF_ALLOC && !(inv->sections[i].flags & ELF_TLS) && inv->sections[i].address)
            add_section(m, inv, i, module->bias);
}

/* ---- everything else ---- */

/* A shared object moves as three pieces: what is before its code, the code, the rest. */
static void add_library(struct maker *m, const struct module *module)
{
    const struct inventory *inv = module->inventory;
    uint64_t low = UINT64_MAX, high = 0;
    for (size_t i = 0; i < inv->section_count; i++)
        if (inv->sections[i].flags & ELF_EXEC) {
            const struct section *s = &inv->sections[i];
            low = s->address < low ? s->address : low;
            high = s->address + s->size > high ? s->address + s->size : high;
        }
    if (low >= high)
        return;
    low = (low & ~4095ull) + module->bias;
    high = ((high + 4095) & ~4095ull) + module->bias;
    add_named(m, AXIS_DATA, arena_printf(m->arena, "%s (read-only data)", module->path), module->low & ~4095ull, low);
    add_named(m, AXIS_TEXT, arena_printf(m->arena, "%s (code)", module->path), low, high);
    add_named(m, AXIS_DATA, arena_printf(m->arena, "%s (data)", module->path), high, (module->high + 4095) & ~4095ull);
}

static void add_regions(struct maker *m, const struct recording *r)
{
    unsigned mapped = 0, heaps = 0;
    for (size_t i = 0; i < r->region_count; i++) {
        const struct region *region = &r->regions[i];
        if (region->kind == STREAM_MAP_STACK)
            add_named(m, AXIS_STACK, "[stack]", region->address, region->end);
        else if (region->kind == STREAM_MAP_BRK)
            add_named(m, AXIS_HEAP, arena_printf(m->arena, "[heap %u]", ++heaps), region->address, region->end);
        else
            add_named(m, AXIS_HEAP, arena_printf(m->arena, "[mapping %u]", ++mapped), region->address, region->end);
    }
}

/* x86-64 puts the program's TLS block right below the thread pointer. 0: there is none. */
static uint64_t tls_begin(const struct inventory *inv, const struct recording *r)
{
    uint64_t align = inv->tls_align ? inv->tls_align : 1, size = (inv->tls_size + align - 1) / align * align;
    return size && r->thread_pointer > size ? r->thread_pointer - size : 0;
}

static void add_tls(struct maker *m, const struct inventory *inv, const struct recording *r)
{
    if (tls_begin(inv, r))
        add_named(m, AXIS_DATA, "[TLS]", tls_begin(inv, r), r->thread_pointer);
}

static bool is_program(const struct module *module, const char *path)
{
    char own[PATH_MAX];
    return module->inventory && realpath(path, own) && strcmp(own, module->path) == 0;
}

const struct module *movable_program(const struct result *result, int side, const struct recording *recording)
{
    for (size_t i = 0; i < recording->modules.count; i++)
        if (is_program(&recording->modules.items[i], result->spec.path[side]))
            return &recording->modules.items[i];
    return NULL;
}

static void make_side(struct maker *m, const struct result *result, int side, const struct recording *r)
{
    for (size_t i = 0; i < r->modules.count; i++) {
        const struct module *module = &r->modules.items[i];
        if (is_program(module, result->spec.path[side])) {
            add_program(m, module);
            add_tls(m, module->inventory, r);
        } else if (module->inventory) {
            add_library(m, module);
        }
    }
    add_regions(m, r);
}

/* Numbers the pairs of symbols by their place in the delta. */
static uint32_t *pairs_of(struct arena *arena, const struct delta *delta, int side)
{
    const struct inventory *inv = side == SIDE_OLD ? delta->old : delta->new;
    uint32_t *pair = arena_array(arena, inv->symbol_count + 1, sizeof *pair);
    for (size_t i = 0; i < inv->symbol_count; i++)
        pair[i] = LAYOUT_ALONE;
    for (size_t i = 0; i < delta->symbol_count; i++) {
        const struct symbol_change *change = &delta->symbols[i];
        const struct symbol *own = side == SIDE_OLD ? change->old : change->new;
        if (change->old && change->new)
            pair[own - inv->symbols] = (uint32_t)i;
    }
    return pair;
}

void movable_objects(struct result *result, const struct recording recordings[2], struct layout_side sides[2])
{
    struct maker maker = { .arena = result->arena, .first_name = (uint32_t)result->delta->symbol_count };
    for (int side = 0; side < 2; side++) {
        sides[side] = (struct layout_side){ 0 };
        maker.side = &sides[side];
        maker.symbol_pair = pairs_of(result->arena, result->delta, side);
        make_side(&maker, result, side, &recordings[side]);
        layout_sort(&sides[side]);
        layout_glue(&sides[side], recordings[side].spans, recordings[side].span_count);
        sides[side].spans = recordings[side].spans;
        sides[side].span_count = recordings[side].span_count;
        loops_find(result->arena, &sides[side], recordings[side].spans, recordings[side].span_count);
    }
    layout_pair(sides);
    layout_align(sides);
}

/* ---- variables ---- */

static void set_record(struct arena *arena, struct layout_variable *v, const struct record *record)
{
    struct layout_field *fields = arena_array(arena, record->field_count, sizeof *fields);
    for (size_t i = 0; i < record->field_count; i++)
        fields[i] = (struct layout_field){ record->fields[i].declaration, record->fields[i].offset,
                                           record->fields[i].size, record->fields[i].align };
    v->type = record->type;
    v->stride = record->size;
    v->fields = fields;
    v->field_count = record->field_count;
}

static int by_place(const void *a, const void *b)
{
    const struct layout_variable *x = a, *y = b;
    return x->address < y->address ? -1 : x->address > y->address;
}

/* Sorted; of those that overlap the first. */
static size_t keep_apart(struct layout_variable *variables, size_t count)
{
    size_t kept = 0;
    if (count)
        qsort(variables, count, sizeof *variables, by_place);
    for (size_t i = 0; i < count; i++)
        if (!kept || variables[i].address >= variables[kept - 1].address + variables[kept - 1].size)
            variables[kept++] = variables[i];
    return kept;
}

void movable_variables(struct result *result, const struct recording recordings[2], struct layout_side sides[2])
{
    struct arena *arena = result->arena;
    for (int side = 0; side < 2; side++) {
        const struct module *program = movable_program(result, side, &recordings[side]);
        const struct inventory *inv = side == SIDE_OLD ? result->delta->old : result->delta->new;
        struct record **records = program ? records_read(arena, inv) : NULL;
        const uint32_t *pair = pairs_of(arena, result->delta, side);
        struct layout_variable *variables = NULL;
        size_t count = 0, room = 0;
        for (size_t i = 0; program && i < inv->symbol_count; i++) {
            const struct symbol *s = &inv->symbols[i];
            bool tls = s->kind == SYMBOL_TLS;
            uint64_t base = tls ? tls_begin(inv, &recordings[side]) : program->bias;
            if (s->alias || !s->size || !(s->kind == SYMBOL_OBJECT || (tls && base)))
                continue;
            struct layout_variable *v = ARENA_PUSH(arena, variables, count, room);
            *v = (struct layout_variable){ .name = s->name, .address = base + s->address, .size = s->size,
                                           .pair = pair[i], .thread_local = tls };
            if (records[i])
                set_record(arena, v, records[i]);
        }
        sides[side].variables = variables;
        sides[side].variable_count = keep_apart(variables, count);
    }
}
