#include "elf/dwarf_walk.h"
#include "elf/facts_add.h"
#include "elf/image.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

enum { LINE = 64, MOST_MEMBERS = 1024 };

struct type {
    const char *name; /* with namespaces */
    Dwarf_Die die;
    uint64_t size;
    size_t order;
};

struct types {
    struct arena *arena;
    struct type *items;
    size_t count, room;
};

/* Definitions of named structs, classes and unions. */
static void collect(void *context, Dwarf_Die *die, const char *scope)
{
    struct types *t = context;
    int tag = dwarf_tag(die);
    if (tag != DW_TAG_structure_type && tag != DW_TAG_class_type && tag != DW_TAG_union_type)
        return;
    const char *name = dwarf_diename(die);
    uint64_t size = walk_number(die, DW_AT_byte_size, 0);
    if (!name || !size || walk_number(die, DW_AT_declaration, 0))
        return;
    struct type *type = ARENA_PUSH(t->arena, t->items, t->count, t->room);
    *type = (struct type){ scope[0] ? arena_printf(t->arena, "%s::%s", scope, name) : name, *die, size, t->count };
}

static int by_name(const void *a, const void *b)
{
    const struct type *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    return order ? order : (x->order > y->order) - (x->order < y->order);
}

/* Sorted by name. Every unit repeats the types it uses, so equal names with equal sizes are one type. A name with
 * several sizes is several types, which cannot be told apart between two files, so all of them go. */
static struct types read_types(struct arena *arena, Dwarf *dwarf)
{
    struct walk_budget budget = { WALK_MOST_DIES };
    struct types t = { .arena = arena };
    size_t kept = 0;
    walk_units(dwarf, &budget, collect, &t);
    if (t.count)
        qsort(t.items, t.count, sizeof *t.items, by_name);
    for (size_t i = 0, end; i < t.count; i = end) {
        bool one = true;
        for (end = i; end < t.count && strcmp(t.items[i].name, t.items[end].name) == 0; end++)
            one = one && t.items[end].size == t.items[i].size;
        if (one)
            t.items[kept++] = t.items[i];
    }
    t.count = kept;
    return t;
}

struct member {
    const char *name; /* "" for unnamed ones */
    uint64_t offset, size;
};

static size_t read_members(const struct type *type, struct member *members)
{
    struct walk_budget budget = { 4 * MOST_MEMBERS };
    Dwarf_Die parent = type->die, die;
    size_t count = 0;
    if (!walk_child(&budget, &parent, &die))
        return 0;
    do {
        if (dwarf_tag(&die) != DW_TAG_member || walk_number(&die, DW_AT_external, 0))
            continue;
        const char *name = dwarf_diename(&die);
        uint64_t bit = walk_number(&die, DW_AT_data_bit_offset, UINT64_MAX);
        uint64_t offset = walk_number(&die, DW_AT_data_member_location, bit == UINT64_MAX ? 0 : bit / 8);
        members[count++] = (struct member){ name ? name : "", offset, walk_type_size(&die) };
    } while (count < MOST_MEMBERS && walk_next(&budget, &die));
    return count;
}

/* Bytes between members, as pahole counts holes; members come in the order of their offsets. */
static uint64_t holes(const struct member *m, size_t count)
{
    uint64_t end = 0, bytes = 0;
    for (size_t i = 0; i < count; i++) {
        bytes += m[i].offset > end ? m[i].offset - end : 0;
        end = m[i].offset + m[i].size > end ? m[i].offset + m[i].size : end;
    }
    return bytes;
}

static const struct member *find_member(const struct member *m, size_t count, const char *name)
{
    for (size_t i = 0; i < count && name[0]; i++)
        if (strcmp(m[i].name, name) == 0)
            return &m[i];
    return NULL;
}

static bool crosses(const struct member *m)
{
    return m->size && m->size <= LINE && m->offset / LINE != (m->offset + m->size - 1) / LINE;
}

static void compare_members(struct finder *f, struct code_fact fact, const struct member *old, size_t olds,
                            const struct member *new, size_t news)
{
    const struct member *first = NULL, *was = NULL;
    size_t moved = 0;
    for (size_t i = 0; i < news; i++) {
        const struct member *m = &new[i], *o = find_member(old, olds, m->name);
        if (!o)
            continue;
        if (crosses(m) && !crosses(o)) {
            fact.kind = FACT_MEMBER_LINE;
            fact.old = (double)o->offset;
            fact.new = (double)m->offset;
            fact_add(
                f, fact,
                "the member %s of struct %s (%llu bytes at %llu, before at %llu) now crosses a 64-byte line where the "
                "struct starts one",
                m->name, fact.name, (unsigned long long)m->size, (unsigned long long)m->offset,
                (unsigned long long)o->offset);
        }
        if (m->offset == o->offset)
            continue;
        moved++;
        if (!first) {
            first = m;
            was = o;
        }
    }
    if (!moved)
        return;
    fact.kind = FACT_MEMBER_OFFSET;
    fact.old = (double)was->offset;
    fact.new = (double)first->offset;
    fact_add(f, fact, "%zu %s of struct %s moved, the first is %s from %llu to %llu", moved,
             moved == 1 ? "member" : "members", fact.name, first->name, (unsigned long long)was->offset,
             (unsigned long long)first->offset);
}

static void compare_type(struct finder *f, const struct type *old, const struct type *new, struct member *members)
{
    size_t olds = read_members(old, members), news = read_members(new, members + MOST_MEMBERS);
    struct code_fact fact = { .kind = FACT_STRUCT_SIZE,
                              .name = new->name,
                              .old = (double)old->size,
                              .new = (double)new->size,
                              .weight = (double)new->size };
    if (old->size != new->size)
        fact_add(f, fact, "struct %s has %llu bytes, %llu of them holes, before %llu with %llu", new->name,
                 (unsigned long long)new->size, (unsigned long long)holes(members + MOST_MEMBERS, news),
                 (unsigned long long)old->size, (unsigned long long)holes(members, olds));
    compare_members(f, fact, members, olds, members + MOST_MEMBERS, news);
}

void find_type_facts(struct finder *f)
{
    Dwarf *old_dwarf = image_dwarf(f->delta->old->image), *new_dwarf = image_dwarf(f->delta->new->image);
    if (!old_dwarf || !new_dwarf)
        return;
    struct types old = read_types(f->arena, old_dwarf), new = read_types(f->arena, new_dwarf);
    struct arena *scratch = arena_new();
    struct member *members = arena_array(scratch, 2 * MOST_MEMBERS, sizeof *members);
    for (size_t i = 0, j = 0; i < old.count && j < new.count;) {
        int order = strcmp(old.items[i].name, new.items[j].name);
        if (order == 0)
            compare_type(f, &old.items[i], &new.items[j], members);
        i += order <= 0;
        j += order >= 0;
    }
    arena_free(scratch);
}
