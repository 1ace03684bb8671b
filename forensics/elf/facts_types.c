#include "elf/facts_add.h"
#include "elf/image.h"
#include "elf/types.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

/* Both sides of one name, with room for their members. */
struct comparing {
    struct finder *f;
    struct types types[2];
    struct member *members[2];
    struct member *spare; /* for further definitions of a name */
    size_t budget;        /* definitions that may still be read again */
};

static const struct member *find_member(const struct member *m, size_t count, const char *name)
{
    for (size_t i = 0; i < count && name[0]; i++)
        if (strcmp(m[i].name, name) == 0)
            return &m[i];
    return NULL;
}

static bool same_members(const struct member *a, const struct member *b, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(a[i].name, b[i].name) != 0 || a[i].offset != b[i].offset || a[i].size != b[i].size ||
            a[i].bit != b[i].bit || a[i].bits != b[i].bits)
            return false;
    return true;
}

/* Whether all definitions of one name on one side are the same type. Otherwise they are different types of different
 * sources, which cannot be told apart between two files. */
static bool one_type(struct comparing *c, int side, size_t at, size_t run, size_t members)
{
    const struct type *first = &c->types[side].items[at];
    size_t values = type_values(first);
    for (size_t i = 1; i < run; i++) {
        const struct type *type = &first[i];
        if (type->size != first->size || type->is_enum != first->is_enum || c->budget == 0)
            return false;
        c->budget--;
        if (type->is_enum ? type_values(type) != values
                          : type_flat_members(type, c->spare) != members ||
                                !same_members(c->members[side], c->spare, members))
            return false;
    }
    return true;
}

static bool same_texts(const struct member *a, const struct member *b, size_t count)
{
    struct arena *scratch = arena_new();
    bool same = true;
    for (size_t i = 0; i < count && same; i++) {
        Dwarf_Die x = a[i].die, y = b[i].die;
        same = !types_differ(type_said(scratch, &x), type_said(scratch, &y));
    }
    arena_free(scratch);
    return same;
}

static struct code_fact fact_of(const struct type *type, enum code_fact_kind kind, uint64_t old, uint64_t new)
{
    return (struct code_fact){ .kind = kind,
                               .name = type->name,
                               .old = (double)old,
                               .new = (double)new,
                               .weight = (double)type->size };
}

static void tell_new_members(struct finder *f, const struct type *type, const struct member *old, size_t olds,
                             const struct member *new, size_t news)
{
    const struct member *came = NULL;
    for (size_t i = 0; i < news && !came; i++)
        if (new[i].name[0] && !find_member(old, olds, new[i].name))
            came = &new[i];
    if (olds == news && !came)
        return;
    fact_add(f, fact_of(type, FACT_MEMBERS, olds, news), "%s%s has %zu %s, before %zu%s", type->word, type->name,
             news,
             news == 1 ? "member" : "members", olds,
             came ? arena_printf(f->arena, ": %s is new (%llu bytes at %llu)", came->name,
                                 (unsigned long long)came->size, (unsigned long long)came->offset)
                  : "");
}

static void compare_member(struct finder *f, const struct type *type, const struct member *o, const struct member *m)
{
    Dwarf_Die old_die = o->die, new_die = m->die;
    const char *was = type_said(f->arena, &old_die), *is = type_said(f->arena, &new_die);
    if (types_differ(was, is) || o->bits != m->bits)
        fact_add(f, fact_of(type, FACT_MEMBER_TYPE, o->size, m->size),
                 "the member %s of %s%s is %s%s, before %s%s", m->name, type->word, type->name, is,
                 m->bits ? arena_printf(f->arena, " : %u", m->bits) : "", was,
                 o->bits ? arena_printf(f->arena, " : %u", o->bits) : "");
    if (o->size && member_crosses(m) && !member_crosses(o))
        fact_add(f, fact_of(type, FACT_MEMBER_LINE, o->offset, m->offset),
                 "the member %s of %s%s (%llu bytes at %llu, before at %llu) now crosses a 64-byte line where the "
                 "struct starts one",
                 m->name, type->word, type->name, (unsigned long long)m->size, (unsigned long long)m->offset,
                 (unsigned long long)o->offset);
}

/* "16", of a bit-field "bit 131". */
static const char *place_said(struct arena *arena, const struct member *m)
{
    return m->bits ? arena_printf(arena, "bit %llu", (unsigned long long)m->bit)
                   : arena_printf(arena, "%llu", (unsigned long long)m->offset);
}

static void compare_members(struct finder *f, const struct type *type, const struct member *old, size_t olds,
                            const struct member *new, size_t news)
{
    const struct member *first = NULL, *was = NULL;
    size_t moved = 0;
    for (size_t i = 0; i < news; i++) {
        const struct member *m = &new[i], *o = find_member(old, olds, m->name);
        if (!o)
            continue;
        compare_member(f, type, o, m);
        if (m->offset == o->offset && m->bit == o->bit)
            continue;
        moved++;
        if (!first) {
            first = m;
            was = o;
        }
    }
    if (moved)
        fact_add(f, fact_of(type, FACT_MEMBER_OFFSET, was->offset, first->offset),
                 "%zu %s of %s%s moved, the first is %s from %s to %s", moved, moved == 1 ? "member" : "members",
                 type->word, type->name, first->name, place_said(f->arena, was), place_said(f->arena, first));
    tell_new_members(f, type, old, olds, new, news);
}

static void compare_struct(struct comparing *c, size_t at[2], const size_t run[2])
{
    const struct type *old = &c->types[0].items[at[0]], *new = &c->types[1].items[at[1]];
    size_t olds = type_flat_members(old, c->members[0]), news = type_flat_members(new, c->members[1]);
    bool same = old->size == new->size && olds == news && same_members(c->members[0], c->members[1], news) &&
                same_texts(c->members[0], c->members[1], news);
    if (same || !one_type(c, 0, at[0], run[0], olds) || !one_type(c, 1, at[1], run[1], news))
        return;
    if (old->size != new->size)
        fact_add(c->f, fact_of(new, FACT_STRUCT_SIZE, old->size, new->size),
                 "%s%s has %llu bytes, %llu of them holes, before %llu with %llu", new->word, new->name,
                 (unsigned long long)new->size, (unsigned long long)type_holes(c->members[1], news),
                 (unsigned long long)old->size, (unsigned long long)type_holes(c->members[0], olds));
    compare_members(c->f, new, c->members[0], olds, c->members[1], news);
}

static void compare_enum(struct comparing *c, size_t at[2], const size_t run[2])
{
    const struct type *old = &c->types[0].items[at[0]], *new = &c->types[1].items[at[1]];
    size_t olds = type_values(old), news = type_values(new);
    if ((olds == news && old->size == new->size) || !one_type(c, 0, at[0], run[0], 0) ||
        !one_type(c, 1, at[1], run[1], 0))
        return;
    if (old->size != new->size)
        fact_add(c->f, fact_of(new, FACT_ENUM_SIZE, old->size, new->size), "%s%s has %llu bytes, before %llu",
                 new->word, new->name, (unsigned long long)new->size, (unsigned long long)old->size);
    if (olds != news)
        fact_add(c->f, fact_of(new, FACT_ENUM_VALUES, olds, news), "%s%s has %zu values, before %zu", new->word,
                 new->name, news, olds);
}

static void compare_name(struct comparing *c, size_t at[2], const size_t run[2])
{
    const struct type *old = &c->types[0].items[at[0]], *new = &c->types[1].items[at[1]];
    if (old->is_enum && new->is_enum)
        compare_enum(c, at, run);
    else if (!old->is_enum && !new->is_enum)
        compare_struct(c, at, run);
}

/* Functions of one side whose types inside matter. */
struct inside {
    struct finder *f;
    bool old_side;
};

/* What a function with the same code holds is the same to it. Of those that are inlined everywhere nothing is known. */
static bool is_wanted(void *context, Dwarf_Die *function)
{
    const struct inside *inside = context;
    return dwarf_hasattr(function, DW_AT_inline) || changed_function(inside->f, inside->old_side, function);
}

static struct types read_side(struct finder *f, bool old_side)
{
    struct inside inside = { f, old_side };
    bool any = false;
    for (size_t i = 0; i < f->delta->symbol_count && !any; i++)
        any = f->delta->symbols[i].fate != FATE_SAME && f->delta->symbols[i].fate != FATE_MOVED;
    return types_read(f->arena, (old_side ? f->delta->old : f->delta->new)->image, any ? is_wanted : NULL,
                      &inside);
}

void find_type_facts(struct finder *f)
{
    Dwarf *old = image_dwarf(f->delta->old->image), *new = image_dwarf(f->delta->new->image);
    if (!old || !new)
        return;
    struct arena *scratch = arena_new();
    struct comparing c = { .f = f,
                           .types = { read_side(f, true), read_side(f, false) },
                           .members = { arena_array(scratch, TYPE_MOST_MEMBERS, sizeof *c.spare),
                                        arena_array(scratch, TYPE_MOST_MEMBERS, sizeof *c.spare) },
                           .spare = arena_array(scratch, TYPE_MOST_MEMBERS, sizeof *c.spare),
                           .budget = 1 << 18 };
    for (size_t at[2] = { 0, 0 }; at[0] < c.types[0].count && at[1] < c.types[1].count;) {
        int order = type_order(&c.types[0].items[at[0]], &c.types[1].items[at[1]]);
        size_t run[2] = { types_run(&c.types[0], at[0]), types_run(&c.types[1], at[1]) };
        if (order == 0)
            compare_name(&c, at, run);
        at[0] += order <= 0 ? run[0] : 0;
        at[1] += order >= 0 ? run[1] : 0;
    }
    arena_free(scratch);
}
