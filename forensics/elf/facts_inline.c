#include "elf/dwarf_walk.h"
#include "elf/facts_add.h"
#include "elf/image.h"
#include "elf/names.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

/* A call that was inlined in a function whose code changed. */
struct site {
    size_t change; /* index into delta.symbols, the function it ended up in */
    const char *callee;
    uint64_t line; /* of the call; 0: not recorded */
    Dwarf_Die die;
};

struct sites {
    struct finder *f;
    struct arena *arena;
    struct walk_budget *budget;
    bool old_side;
    bool *described; /* by change: its function has debug information */
    struct site *items;
    size_t count, room;
};

/* Files are numbered in the line table of the unit that the call is in. libdw reads the whole table, so only those are
 * asked for that are told. */
static const char *call_file(const struct site *site)
{
    Dwarf_Die call = site->die, *die = &call;
    Dwarf_Die unit;
    Dwarf_Files *files;
    size_t count;
    uint64_t number = walk_number(die, DW_AT_call_file, 0);
    if (!dwarf_diecu(die, &unit, NULL, NULL) || dwarf_getsrcfiles(&unit, &files, &count) != 0 || number >= count)
        return NULL;
    const char *path = dwarf_filesrc(files, number, NULL, NULL);
    const char *slash = path ? strrchr(path, '/') : NULL;
    return slash ? slash + 1 : path;
}

static void add_sites(struct sites *s, Dwarf_Die *parent, size_t change, unsigned depth)
{
    Dwarf_Die die;
    if (depth > WALK_MOST_DEPTH || !walk_child(s->budget, parent, &die))
        return;
    do {
        int tag = dwarf_tag(&die);
        const char *name = tag == DW_TAG_inlined_subroutine ? walk_name(&die) : NULL;
        if (name)
            *ARENA_PUSH(s->arena, s->items, s->count, s->room) =
                (struct site){ change, name, walk_number(&die, DW_AT_call_line, 0), die };
        if (tag == DW_TAG_inlined_subroutine || tag == DW_TAG_lexical_block)
            add_sites(s, &die, change, depth + 1);
    } while (walk_next(s->budget, &die));
}

/* The function that starts at an address and whose code changed; NULL: none. Functions whose code is the same
 * inline what they did. */
static const struct symbol_change *changed_at(const struct finder *f, bool old_side, uint64_t address)
{
    const struct symbol_change *c = delta_at(f->delta, old_side, address);
    const struct symbol *symbol = !c ? NULL : old_side ? c->old : c->new;
    if (!symbol || symbol->address != address || name_is_cold_part(symbol->name))
        return NULL;
    return c->fate != FATE_SAME && c->fate != FATE_MOVED && c->fate != FATE_REORDERED ? c : NULL;
}

const struct symbol_change *changed_function(const struct finder *f, bool old_side, Dwarf_Die *die)
{
    Dwarf_Addr base, start, end;
    const struct symbol_change *c = NULL;
    for (ptrdiff_t at = 0; !c && (at = dwarf_ranges(die, at, &base, &start, &end)) > 0;)
        c = changed_at(f, old_side, start);
    return c;
}

static void visit(void *context, Dwarf_Die *die, const char *scope)
{
    struct sites *s = context;
    (void)scope;
    const struct symbol_change *c =
        dwarf_tag(die) == DW_TAG_subprogram ? changed_function(s->f, s->old_side, die) : NULL;
    if (!c)
        return;
    s->described[c - s->f->delta->symbols] = true;
    add_sites(s, die, (size_t)(c - s->f->delta->symbols), 0);
}

static int by_callee(const void *a, const void *b)
{
    const struct site *x = a, *y = b;
    if (x->change != y->change)
        return x->change < y->change ? -1 : 1;
    int order = strcmp(x->callee, y->callee);
    return order ? order : (x->line > y->line) - (x->line < y->line);
}

static struct sites read_sites(struct finder *f, struct arena *scratch, bool old_side)
{
    struct walk_budget budget = { WALK_MOST_DIES };
    struct sites s = { .f = f,
                       .arena = scratch,
                       .budget = &budget,
                       .old_side = old_side,
                       .described = arena_array(scratch, f->delta->symbol_count + 1, sizeof *s.described) };
    walk_units((old_side ? f->delta->old : f->delta->new)->image, &budget, visit, &s);
    if (s.count)
        qsort(s.items, s.count, sizeof *s.items, by_callee);
    return s;
}

static bool same_callee(const struct site *a, const struct site *b)
{
    return a->change == b->change && strcmp(a->callee, b->callee) == 0;
}

static size_t run_length(const struct sites *s, size_t at)
{
    size_t end = at;
    while (end < s->count && same_callee(&s->items[end], &s->items[at]))
        end++;
    return end - at;
}

/* "made.c:7", or "line 7" where no file is recorded; NULL: no line is. */
static const char *place_of(struct arena *arena, const struct site *site)
{
    const char *file = site->line ? call_file(site) : NULL;
    if (!site->line)
        return NULL;
    return file ? arena_printf(arena, "%s:%llu", file, (unsigned long long)site->line)
                : arena_printf(arena, "line %llu", (unsigned long long)site->line);
}

/* One side's calls of one function inlined in another, by line. */
struct run {
    const struct site *sites;
    size_t count;
};

/* The first call of the longer run that the shorter one lacks; NULL where the lines moved, so that none can be named. */
static const struct site *lone_call(const struct run *more, const struct run *fewer)
{
    const struct site *first = NULL;
    size_t lone = 0;
    for (size_t i = 0, j = 0; i < more->count; i++) {
        while (j < fewer->count && fewer->sites[j].line < more->sites[i].line)
            j++;
        if (j < fewer->count && fewer->sites[j].line == more->sites[i].line) {
            j++;
            continue;
        }
        first = lone++ ? first : &more->sites[i];
    }
    return lone == more->count - fewer->count ? first : NULL;
}

static void tell_count(struct finder *f, const struct code_fact *fact, const struct run *old, const struct run *new)
{
    const struct site *lone = new->count > old->count ? lone_call(new, old) : lone_call(old, new);
    const char *place = lone ? place_of(f->arena, lone) : NULL;
    fact_add(f, *fact, "%s is inlined %zu %s in %s, before %zu%s%s", fact->callee, new->count, new->count == 1 ? "time" : "times",
             fact->name, old->count,
             !place ? "" : new->count > old->count ? ": now also the call at " : ": no longer the call at ", place ? place : "");
}

static void tell(struct finder *f, const struct run *old, const struct run *new)
{
    const struct site *site = new->count ? new->sites : old->sites;
    const struct symbol_change *c = &f->delta->symbols[site->change];
    struct code_fact fact = { .kind = FACT_INLINED,
                              .change = c,
                              .name = c->name,
                              .callee = site->callee,
                              .old = (double)old->count,
                              .new = (double)new->count,
                              .old_address = c->old ? c->old->address : 0,
                              .new_address = c->new ? c->new->address : 0,
                              .weight = (double)(c->new ? c->new->size : c->old->size) };
    if (old->count == new->count || !c->old || !c->new)
        return; /* a function that came or went took its call sites along */
    if (old->count && new->count) {
        tell_count(f, &fact, old, new);
        return;
    }
    const char *place = place_of(f->arena, site);
    fact_add(f, fact, "%s is %s inlined in %s%s%s%s", site->callee, new->count ? "now" : "no longer", c->name,
             place ? " (call at " : "", place ? place : "", place ? ")" : "");
}

struct orphans {
    struct symbol_change **items; /* removed functions whose whereabouts are not known, by base name */
    size_t count, room;
};

static int by_base(const void *a, const void *b)
{
    const struct symbol_change *x = *(struct symbol_change *const *)a, *y = *(struct symbol_change *const *)b;
    int order = strcmp(x->old->base_name, y->old->base_name);
    return order ? order : (x > y) - (x < y);
}

static struct orphans find_orphans(struct delta *d, struct arena *scratch)
{
    struct orphans o = { 0 };
    for (size_t i = 0; i < d->symbol_count; i++) {
        struct symbol_change *c = &d->symbols[i];
        if (c->fate == FATE_REMOVED && !c->kin && c->old->kind == SYMBOL_FUNCTION)
            *ARENA_PUSH(scratch, o.items, o.count, o.room) = c;
    }
    if (o.count)
        qsort(o.items, o.count, sizeof *o.items, by_base);
    return o;
}

/* A removed function went into the function that inlines it now. */
static void adopt(struct finder *f, const struct orphans *o, const struct site *site)
{
    size_t low = 0, high = o->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(o->items[middle]->old->base_name, site->callee) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < o->count && strcmp(o->items[low]->old->base_name, site->callee) == 0 && !o->items[low]->kin)
        o->items[low]->kin = f->delta->symbols[site->change].new;
}

void find_inline_facts(struct finder *f)
{
    if (!image_dwarf(f->delta->old->image) || !image_dwarf(f->delta->new->image))
        return;
    struct arena *scratch = arena_new();
    struct orphans orphans = find_orphans(f->delta, scratch);
    struct sites old = read_sites(f, scratch, true), new = read_sites(f, scratch, false);
    f->inlining = arena_array(f->arena, f->delta->symbol_count + 1, sizeof *f->inlining);
    for (size_t i = 0; i < f->delta->symbol_count; i++)
        f->inlining[i] = old.described[i] && new.described[i] ? INLINING_SAME : INLINING_UNKNOWN;
    for (size_t i = 0, j = 0; i < old.count || j < new.count;) {
        int order = i == old.count ? 1 : j == new.count ? -1 : by_callee(&old.items[i], &new.items[j]);
        if (i < old.count && j < new.count &&same_callee(&old.items[i], &new.items[j]))
            order = 0; /* the lines of the calls may differ */
        size_t olds = order <= 0 ? run_length(&old, i) : 0, news = order >= 0 ? run_length(&new, j) : 0;
        const struct site *site = news ? &new.items[j] : &old.items[i];
        bool both = f->inlining[site->change] != INLINING_UNKNOWN;
        if (both && olds != news)
            f->inlining[site->change] = INLINING_CHANGED;
        if (both) /* a unit may have debug information on one side only */
            tell(f, &(struct run){ olds ? &old.items[i] : NULL, olds },
                 &(struct run){ news ? &new.items[j] : NULL, news });
        if (both && news > olds)
            adopt(f, &orphans, site);
        i += olds;
        j += news;
    }
    arena_free(scratch);
}
