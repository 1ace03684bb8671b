#include "elf/facts_add.h"
#include "elf/image.h"
#include "elf/types.h"
#include "elf/variable.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

/* A variable with a place, as one file describes it. */
struct variable {
    size_t change; /* index into delta.symbols */
    size_t order;  /* of first sight */
    Dwarf_Die die;
};

/* A thread-local variable that changed, by its offset in one side's block. */
struct tls_place {
    uint64_t offset;
    const struct symbol_change *change;
};

struct variables {
    struct finder *f;
    struct arena *arena;
    struct walk_budget *budget;
    bool old_side, inside; /* inside: those of functions, too */
    struct tls_place *tls; /* by offset */
    size_t tls_count, tls_room;
    struct variable *items;
    size_t count, room;
};

/* Objects of equal bytes have types of equal layout. */
static bool is_changed(const struct symbol_change *c)
{
    return c->old && c->new && c->fate != FATE_SAME && c->fate != FATE_MOVED && c->new->kind == c->old->kind &&
           (c->new->kind == SYMBOL_OBJECT || c->new->kind == SYMBOL_TLS);
}

static int by_offset(const void *a, const void *b)
{
    const struct tls_place *x = a, *y = b;
    return (x->offset > y->offset) - (x->offset < y->offset);
}

static void list_tls(struct variables *v)
{
    const struct delta *d = v->f->delta;
    for (size_t i = 0; i < d->symbol_count; i++) {
        const struct symbol_change *c = &d->symbols[i];
        if (is_changed(c) && c->new->kind == SYMBOL_TLS)
            *ARENA_PUSH(v->arena, v->tls, v->tls_count, v->tls_room) =
                (struct tls_place){ (v->old_side ? c->old : c->new)->address, c };
    }
    if (v->tls_count)
        qsort(v->tls, v->tls_count, sizeof *v->tls, by_offset);
}

static const struct symbol_change *tls_at(const struct variables *v, uint64_t offset)
{
    struct tls_place key = { offset, NULL };
    const struct tls_place *found = v->tls_count ? bsearch(&key, v->tls, v->tls_count, sizeof key, by_offset) : NULL;
    return found ? found->change : NULL;
}

/* By the offset in the block. With split DWARF GCC writes the address of its first bytes plus the offset. */
static const struct symbol_change *tls_change(const struct variables *v, uint64_t number)
{
    uint64_t base = variable_tls_base(v->old_side ? v->f->delta->old : v->f->delta->new);
    const struct symbol_change *c = tls_at(v, number);
    return c || number < base ? c : tls_at(v, number - base);
}

static const struct symbol_change *object_at(const struct variables *v, uint64_t address)
{
    const struct symbol_change *c = delta_at(v->f->delta, v->old_side, address);
    const struct symbol *s = !c ? NULL : v->old_side ? c->old : c->new;
    return s && s->address == address && s->kind == SYMBOL_OBJECT && is_changed(c) ? c : NULL;
}

/* The changed object that starts where the variable is, by its address or by its offset in the thread's block; NULL:
 * none, or unchanged. */
static const struct symbol_change *change_of(const struct variables *v, Dwarf_Die *die)
{
    uint64_t number;
    switch (variable_place(die, &number)) {
    case VARIABLE_AT: return object_at(v, number);
    case VARIABLE_IN_TLS: return tls_change(v, number);
    case VARIABLE_NOWHERE: break;
    }
    return NULL;
}

static void list_variable(void *context, Dwarf_Die *die, const char *scope);

static void list_inside(struct variables *v, Dwarf_Die *parent, unsigned depth)
{
    Dwarf_Die die;
    if (depth > WALK_MOST_DEPTH || !walk_child(v->budget, parent, &die))
        return;
    do
        if (dwarf_tag(&die) == DW_TAG_lexical_block)
            list_inside(v, &die, depth + 1);
        else if (dwarf_tag(&die) == DW_TAG_variable)
            list_variable(v, &die, "");
    while (walk_next(v->budget, &die));
}

static void list_variable(void *context, Dwarf_Die *die, const char *scope)
{
    struct variables *v = context;
    (void)scope;
    if (v->inside && dwarf_tag(die) == DW_TAG_subprogram)
        list_inside(v, die, 0);
    if (dwarf_tag(die) != DW_TAG_variable)
        return;
    const struct symbol_change *c = change_of(v, die);
    if (c)
        *ARENA_PUSH(v->arena, v->items, v->count, v->room) =
            (struct variable){ (size_t)(c - v->f->delta->symbols), v->count, *die };
}

static int by_change(const void *a, const void *b)
{
    const struct variable *x = a, *y = b;
    if (x->change != y->change)
        return x->change < y->change ? -1 : 1;
    return (x->order > y->order) - (x->order < y->order);
}

static struct variables read_variables(struct finder *f, struct arena *scratch, bool old_side, bool inside)
{
    struct walk_budget budget = { WALK_MOST_DIES };
    struct variables v = { .f = f, .arena = scratch, .budget = &budget, .old_side = old_side, .inside = inside };
    list_tls(&v);
    walk_units((old_side ? f->delta->old : f->delta->new)->image, &budget, list_variable, &v);
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
                              .old_address = c->old->kind == SYMBOL_TLS ? 0 : c->old->address,
                              .new_address = c->new->kind == SYMBOL_TLS ? 0 : c->new->address,
                              .weight = (double)c->new->size };
    if (types_differ(was, is))
        fact_add(f, fact, "the %s %s is %s, before %s",
                 c->new->kind == SYMBOL_TLS ? "thread-local variable" : "variable", c->name, is, was);
}

/* Whether an object changed; `inside`: one that may be declared in a function: compilers put a number or the function
 * to its name (table.0, f.table, f()::table). */
static bool any_changed(const struct delta *d, bool inside)
{
    for (size_t i = 0; i < d->symbol_count; i++)
        if (is_changed(&d->symbols[i]) && (!inside || strchr(d->symbols[i].new->name, '.') || d->symbols[i].new->pretty))
            return true;
    return false;
}

void find_variable_facts(struct finder *f)
{
    if (!any_changed(f->delta, false) || !image_dwarf(f->delta->old->image) || !image_dwarf(f->delta->new->image))
        return;
    struct arena *scratch = arena_new();
    bool inside = any_changed(f->delta, true);
    struct variables old = read_variables(f, scratch, true, inside), new = read_variables(f, scratch, false, inside);
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
