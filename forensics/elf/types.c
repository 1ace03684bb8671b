#include "elf/types.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

static const char *kind_word(int tag)
{
    return tag == DW_TAG_structure_type     ? "struct "
           : tag == DW_TAG_union_type       ? "union "
           : tag == DW_TAG_enumeration_type ? "enum "
           : tag == DW_TAG_class_type       ? "class "
                                            : "";
}

/* One reading of a file. */
struct reading {
    struct types *types;
    struct walk_budget *budget;
    types_function *inside;
    void *context;
    unsigned depth; /* of types and functions inside each other */
};

static void add(struct types *t, Dwarf_Die *die, const char *name, const char *word, const char *scope)
{
    uint64_t size = walk_number(die, DW_AT_byte_size, 0);
    if (!name || !size || walk_number(die, DW_AT_declaration, 0))
        return;
    struct type *type = ARENA_PUSH(t->arena, t->items, t->count, t->room);
    *type = (struct type){ .name = scope[0] ? arena_printf(t->arena, "%s::%s", scope, name) : name,
                           .word = word,
                           .die = *die,
                           .is_enum = dwarf_tag(die) == DW_TAG_enumeration_type,
                           .size = size,
                           .order = t->count };
}

static void collect(void *context, Dwarf_Die *die, const char *scope);

enum { SCOPE_MOST = 512 /* bytes; the rest is cut off */ };

/* Types among a type's or function's children, whose scope is "around::name"; blocks of a function add nothing to it. */
static void collect_below(struct reading *r, Dwarf_Die *parent, const char *around, const char *name)
{
    Dwarf_Die die;
    const char *scope = NULL; /* most have none inside */
    if (r->depth >= WALK_MOST_DEPTH || !walk_child(r->budget, parent, &die))
        return;
    r->depth++;
    do {
        int tag = dwarf_tag(&die);
        if (tag == DW_TAG_lexical_block)
            collect_below(r, &die, around, name);
        if (!kind_word(tag)[0] && tag != DW_TAG_typedef)
            continue;
        if (!scope)
            scope = arena_printf(r->types->arena, "%.*s%s%.*s%s", SCOPE_MOST, around, around[0] ? "::" : "", SCOPE_MOST,
                                 name, kind_word(dwarf_tag(parent))[0] ? "" : "()");
        collect(r, &die, scope);
    } while (walk_next(r->budget, &die));
    r->depth--;
}

static void collect(void *context, Dwarf_Die *die, const char *scope)
{
    struct reading *r = context;
    int tag = dwarf_tag(die);
    const char *word = kind_word(tag),
               *name = word[0] || tag == DW_TAG_typedef || tag == DW_TAG_subprogram ? walk_name(die) : NULL;
    Dwarf_Die named = *die;
    if (!name)
        return;
    if (word[0])
        add(r->types, die, name, word, scope);
    else if (tag == DW_TAG_typedef && walk_type(&named) && kind_word(dwarf_tag(&named))[0] && !walk_name(&named))
        add(r->types, &named, name, "", scope);
    if ((word[0] && tag != DW_TAG_enumeration_type) ||
        (tag == DW_TAG_subprogram && r->inside && r->inside(r->context, die)))
        collect_below(r, die, scope, name);
}

/* A typedef may have the name of another struct. */
int type_order(const struct type *a, const struct type *b)
{
    int order = strcmp(a->name, b->name);
    return order ? order : (a->word[0] != 0) - (b->word[0] != 0);
}

static int by_name(const void *a, const void *b)
{
    const struct type *x = a, *y = b;
    int order = type_order(x, y);
    return order ? order : (x->order > y->order) - (x->order < y->order);
}

struct types types_read(struct arena *arena, struct image *image, types_function *inside, void *context)
{
    struct walk_budget budget = { WALK_MOST_DIES };
    struct types t = { .arena = arena };
    struct reading reading = { .types = &t, .budget = &budget, .inside = inside, .context = context };
    walk_units(image, &budget, collect, &reading);
    if (t.count)
        qsort(t.items, t.count, sizeof *t.items, by_name);
    return t;
}

size_t types_run(const struct types *types, size_t at)
{
    size_t end = at;
    while (end < types->count && type_order(&types->items[end], &types->items[at]) == 0)
        end++;
    return end - at;
}

/* DWARF 4 and later count bits from the struct's start; before, from the most significant bit of a storage unit. */
static void place_bits(struct member *m, Dwarf_Die *die)
{
    uint64_t from_start = walk_number(die, DW_AT_data_bit_offset, UINT64_MAX);
    uint64_t from_top = walk_number(die, DW_AT_bit_offset, UINT64_MAX), location = m->offset;
    uint64_t storage = walk_number(die, DW_AT_byte_size, m->size);
    m->bits = (unsigned)walk_number(die, DW_AT_bit_size, 0);
    if (m->bits == 0 || m->bits > 128)
        return;
    m->bit = from_start != UINT64_MAX ? 8 * location + from_start
             : from_top != UINT64_MAX ? 8 * (location + storage) - from_top - m->bits
                                      : 8 * location;
    m->offset = m->bit / 8;
    m->size = (m->bit + m->bits + 7) / 8 - m->offset;
}

static const char *member_name(Dwarf_Die *die)
{
    Dwarf_Die base = *die;
    if (dwarf_tag(die) == DW_TAG_inheritance)
        return walk_type(&base) ? walk_name(&base) : NULL;
    return walk_name(die);
}

/* A static member of a C++ class takes no room in it; a virtual base sits where only the program knows. */
static bool is_inside(Dwarf_Die *die)
{
    int tag = dwarf_tag(die);
    return tag == DW_TAG_member ? !walk_number(die, DW_AT_external, 0)
                                : tag == DW_TAG_inheritance && !walk_number(die, DW_AT_virtuality, 0);
}

/* Appends the members of one type, which starts at `base`; with `flat` those of unnamed members instead of these. */
static size_t add_members(struct walk_budget *budget, Dwarf_Die *parent, uint64_t base, unsigned depth, bool flat,
                          struct member *members, size_t count)
{
    Dwarf_Die die;
    if (depth > WALK_MOST_DEPTH || !walk_child(budget, parent, &die))
        return count;
    do {
        if (!is_inside(&die))
            continue;
        const char *name = member_name(&die);
        uint64_t offset = base + walk_number(&die, DW_AT_data_member_location, 0);
        Dwarf_Die inner = die;
        if (flat && !name && walk_type(&inner) && kind_word(dwarf_tag(&inner))[0]) {
            count = add_members(budget, &inner, offset, depth + 1, true, members, count);
            continue;
        }
        struct member *m = &members[count++];
        *m = (struct member){ .name = name ? name : "", .offset = offset, .size = walk_type_size(&die), .die = die };
        place_bits(m, &die);
    } while (count < TYPE_MOST_MEMBERS && walk_next(budget, &die));
    return count;
}

static size_t members_of(const struct type *type, bool flat, struct member *members)
{
    struct walk_budget budget = { 4 * TYPE_MOST_MEMBERS };
    Dwarf_Die parent = type->die;
    return type->is_enum ? 0 : add_members(&budget, &parent, 0, 0, flat, members, 0);
}

size_t type_members(const struct type *type, struct member *members)
{
    return members_of(type, false, members);
}

size_t type_flat_members(const struct type *type, struct member *members)
{
    return members_of(type, true, members);
}

static int by_offset(const void *a, const void *b)
{
    const struct member *x = *(const struct member *const *)a, *y = *(const struct member *const *)b;
    if (x->offset != y->offset)
        return x->offset < y->offset ? -1 : 1;
    return (x > y) - (x < y);
}

/* A base class with virtual functions is placed before one declared earlier that has none. */
uint64_t type_holes(const struct member *m, size_t count)
{
    const struct member *sorted[TYPE_MOST_MEMBERS];
    uint64_t end = 0, bytes = 0;
    for (size_t i = 0; i < count; i++)
        sorted[i] = &m[i];
    qsort(sorted, count, sizeof *sorted, by_offset);
    for (size_t i = 0; i < count; i++) {
        bytes += sorted[i]->offset > end ? sorted[i]->offset - end : 0;
        end = sorted[i]->offset + sorted[i]->size > end ? sorted[i]->offset + sorted[i]->size : end;
    }
    return bytes;
}

bool member_crosses(const struct member *m)
{
    return m->size && m->size <= TYPE_LINE && m->offset / TYPE_LINE != (m->offset + m->size - 1) / TYPE_LINE;
}

size_t type_values(const struct type *type)
{
    struct walk_budget budget = { 1 << 16 };
    Dwarf_Die parent = type->die, die;
    size_t count = 0;
    if (!type->is_enum || !walk_child(&budget, &parent, &die))
        return 0;
    do
        count += dwarf_tag(&die) == DW_TAG_enumerator;
    while (walk_next(&budget, &die));
    return count;
}

enum { SAID_MOST = 256 /* bytes of one type's text; the rest is cut off */ };

/* Prepends or appends to the text of a type. */
static const char *join(struct arena *arena, const char *a, const char *b)
{
    return arena_printf(arena, "%.*s%.*s", SAID_MOST, a, SAID_MOST, b);
}

const char *type_said(struct arena *arena, Dwarf_Die *die)
{
    const char *behind = "";
    Dwarf_Die at = *die;
    for (unsigned depth = 0; depth < WALK_MOST_DEPTH; depth++) {
        if (!walk_type(&at))
            return join(arena, dwarf_hasattr_integrate(&at, DW_AT_type) ? "?" : "void", behind);
        int tag = dwarf_tag(&at);
        const char *name = walk_name(&at);
        if (tag == DW_TAG_pointer_type)
            behind = join(arena, " *", behind);
        else if (tag == DW_TAG_reference_type || tag == DW_TAG_rvalue_reference_type)
            behind = join(arena, " &", behind);
        else if (tag == DW_TAG_array_type)
            behind = arena_printf(arena, "[%llu]%.*s", (unsigned long long)walk_elements(&at), SAID_MOST, behind);
        else if (tag == DW_TAG_subroutine_type)
            return join(arena, "function", behind);
        else if (name || kind_word(tag)[0])
            return join(arena, kind_word(tag), join(arena, name ? name : "(unnamed)", behind));
        /* const, volatile, atomic and restrict take no room */
    }
    return join(arena, "?", behind);
}

bool types_differ(const char *a, const char *b)
{
    return strcmp(a, b) != 0 && !strchr(a, '?') && !strchr(b, '?');
}
