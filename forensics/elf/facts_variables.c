#include "elf/facts_add.h"
#include "elf/image.h"
#include "elf/types.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

/* A variable with a place, as one file describes it. */
struct variable {
    size_t change; /* index into delta.symbols */
    Dwarf_Die die;
};

struct variables {
    struct finder *f;
    struct arena *arena;
    bool old_side;
    struct variable *items;
    size_t count, room;
};

/* Objects of equal bytes have types of equal layout. */
static bool is_changed(const struct symbol_change *c)
{
    return c->old && c->new && c->fate != FATE_SAME && c->fate != FATE_MOVED &&
           (c->new->kind == SYMBOL_OBJECT && c->old->kind == SYMBOL_OBJECT);
}

/* The changed object that starts where the variable is; NULL: none, or unchanged. Thread-local ones have no address
 * before the program runs and are left out. */
static const struct symbol_change *change_of(const struct variables *v, Dwarf_Die *die)
{
    Dwarf_Attribute attr;
    Dwarf_Op *ops;
    size_t count;
    Dwarf_Addr address;
    if (!dwarf_attr_integrate(die, DW_AT_location, &attr) || dwarf_getlocation(&attr, &ops, &count) != 0 || count != 1)
        return NULL;
    if (ops[0].atom == DW_OP_addr)
        address = ops[0].number;
    else if (ops[0].atom != DW_OP_addrx || dwarf_getlocation_attr(&attr, ops, &attr) != 0 ||
             dwarf_formaddr(&attr, &address) != 0)
        return NULL;
    const struct symbol_change *c = delta_at(v->f->delta, v->old_side, address);
    const struct symbol *s = !c ? NULL : v->old_side ? c->old : c->new;
    return s && s->address == address && s->kind == SYMBOL_OBJECT && is_changed(c) ? c : NULL;
}

static void list_variable(void *context, Dwarf_Die *die, const char *scope)
{
    struct variables *v = context;
    (void)scope;
    if (dwarf_tag(die) != DW_TAG_variable)
        return;
    const struct symbol_change *c = change_of(v, die);
    if (c)
        *ARENA_PUSH(v->arena, v->items, v->count, v->room) =
            (struct variable){ (size_t)(c - v->f->delta->symbols), *die };
}

static int by_change(const void *a, const void *b)
{
    const struct variable *x = a, *y = b;
    if (x->change != y->change)
        return x->change < y->change ? -1 : 1;
    return (x->die.addr > y->die.addr) - (x->die.addr < y->die.addr);
}

static struct variables read_variables(struct finder *f, struct arena *scratch, bool old_side)
{
    struct walk_budget budget = { WALK_MOST_DIES };
    struct variables v = { .f = f, .arena = scratch, .old_side = old_side };
    walk_units(image_dwarf((old_side ? f->delta->old : f->delta->new)->image), &budget, list_variable, &v);
    if (v.count)
        qsort(v.items, v.count, sizeof *v.items, by_change);
    return v;
}

static void compare_variable(struct finder *f, struct arena *scratch, struct variable *old, struct variable *new)
{
    const struct symbol_change *c = &f->delta->symbols[new->change];
    const char *was = type_said(scratch, &old->die), *is = type_said(scratch, &new->die);
    struct code_fact fact = { .kind = FACT_VARIABLE_TYPE,
                              .change = c,
                              .name = c->name,
                              .old = (double)c->old->size,
                              .new = (double)c->new->size,
                              .old_address = c->old->address,
                              .new_address = c->new->address,
                              .weight = (double)c->new->size };
    if (strcmp(was, is) != 0)
        fact_add(f, fact, "the variable %s is %s, before %s", c->name, is, was);
}

static bool any_changed(const struct delta *d)
{
    for (size_t i = 0; i < d->symbol_count; i++)
        if (is_changed(&d->symbols[i]))
            return true;
    return false;
}

void find_variable_facts(struct finder *f)
{
    if (!any_changed(f->delta) || !image_dwarf(f->delta->old->image) || !image_dwarf(f->delta->new->image))
        return;
    struct arena *scratch = arena_new();
    struct variables old = read_variables(f, scratch, true), new = read_variables(f, scratch, false);
    for (size_t i = 0, j = 0; i < old.count && j < new.count;) {
        size_t a = old.items[i].change, b = new.items[j].change;
        if (a == b)
            compare_variable(f, scratch, &old.items[i], &new.items[j]);
        while (a <= b && i < old.count && old.items[i].change == a)
            i++;
        while (b <= a && j < new.count && new.items[j].change == b)
            j++;
    }
    arena_free(scratch);
}
