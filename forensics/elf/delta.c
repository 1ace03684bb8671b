#include "elf/delta.h"

#include "elf/cfg.h"
#include "elf/code.h"
#include "elf/match.h"
#include "elf/names.h"
#include "elf/settings.h"
#include "elf/symbolize.h"

#include <stdlib.h>
#include <string.h>

static bool is_code(const struct symbol *s)
{
    return s->kind == SYMBOL_FUNCTION || s->kind == SYMBOL_IFUNC;
}

/* Same blocks in another order, or inverted branches; blocks may have gone to the cold part or come from it. */
static bool reordered(const struct pairing *p, const struct symbol *old, const struct symbol *new)
{
    bool bounded = match_spend(p, symbol_extent(p->inv[0], old) + symbol_extent(p->inv[1], new));
    if (!bounded || !is_code(old) || !is_code(new))
        return false;
    struct arena *scratch = arena_new();
    bool same = graph_same(scratch, graph_build(scratch, p->scene[0], old), graph_build(scratch, p->scene[1], new));
    arena_free(scratch);
    return same;
}

static enum fate fate_of(const struct pairing *p, const struct symbol *old, const struct symbol *new)
{
    bool same = is_code(old) ? code_same(p, old, new) : object_same(p, old, new);
    if (same)
        return old->address == new->address ? FATE_SAME : FATE_MOVED;
    if (reordered(p, old, new))
        return FATE_REORDERED;
    return symbol_extent(p->inv[0], old) == symbol_extent(p->inv[1], new) ? FATE_CHANGED : FATE_RESIZED;
}

static const char *shown(const struct symbol *s)
{
    return s->pretty ? s->pretty : s->name;
}

static void add_change(struct arena *arena, struct delta *d, struct symbol_change change)
{
    const struct symbol *s = change.new ? change.new : change.old;
    change.name = shown(s);
    *ARENA_PUSH(arena, d->symbols, d->symbol_count, d->symbol_room) = change;
}

/* Symbols of one base name, to find where a piece came from or went. */
struct family {
    const struct symbol *symbol;
};

static int by_base(const void *a, const void *b)
{
    const struct family *x = a, *y = b;
    int order = strcmp(x->symbol->base_name, y->symbol->base_name);
    if (order)
        return order;
    return (x->symbol > y->symbol) - (x->symbol < y->symbol);
}

static struct family *families(struct arena *arena, const struct inventory *inv)
{
    struct family *f = arena_array(arena, inv->symbol_count, sizeof *f);
    for (size_t i = 0; i < inv->symbol_count; i++)
        f[i].symbol = &inv->symbols[i];
    if (inv->symbol_count)
        qsort(f, inv->symbol_count, sizeof *f, by_base);
    return f;
}

/* The first function on that side with the same base name, a cold part only where there is nothing else; aliases
 * lead to their primary (a function that was folded). */
static const struct symbol *find_kin(const struct inventory *inv, const struct family *f, const struct symbol *s)
{
    size_t low = 0, high = inv->symbol_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(f[middle].symbol->base_name, s->base_name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    const struct symbol *kin = NULL;
    for (; low < inv->symbol_count && strcmp(f[low].symbol->base_name, s->base_name) == 0; low++) {
        const struct symbol *other = f[low].symbol;
        if (s->made_up || is_code(other) != is_code(s))
            continue;
        if (!name_is_cold_part(other->name))
            return symbol_primary(inv, other);
        kin = kin ? kin : symbol_primary(inv, other);
    }
    return kin;
}

static void add_new_side(struct arena *arena, struct delta *d, const struct pairing *p)
{
    struct family *old_families = NULL; /* made when first needed: equal files need none */
    for (size_t i = 0; i < d->new->symbol_count; i++) {
        const struct symbol *new = &d->new->symbols[i];
        struct match m = p->match[1][i];
        if (new->alias)
            continue;
        if (m.how == MATCH_NONE) {
            old_families = old_families ? old_families : families(arena, d->old);
            add_change(
                arena, d,
                (struct symbol_change){ .fate = FATE_ADDED, .new = new, .kin = find_kin(d->old, old_families, new) });
            continue;
        }
        const struct symbol *old = &d->old->symbols[m.other];
        add_change(arena, d,
                   (struct symbol_change){ .fate = fate_of(p, old, new),
                                           .old = old,
                                           .new = new,
                                           .by_suffix = m.how == MATCH_SUFFIX,
                                           .by_hash = m.how == MATCH_HASH,
                                           .by_refs = m.how == MATCH_REFS,
                                           .by_place = m.how == MATCH_BETWEEN });
    }
}

static void add_removed(struct arena *arena, struct delta *d, const struct pairing *p)
{
    struct family *new_families = NULL;
    for (size_t i = 0; i < d->old->symbol_count; i++) {
        const struct symbol *old = &d->old->symbols[i];
        if (old->alias || p->match[0][i].how != MATCH_NONE)
            continue;
        new_families = new_families ? new_families : families(arena, d->new);
        add_change(
            arena, d,
            (struct symbol_change){ .fate = FATE_REMOVED, .old = old, .kin = find_kin(d->new, new_families, old) });
    }
}

struct place {
    uint64_t address;
    size_t index;
};

static int by_address(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    if (x->address != y->address)
        return x->address < y->address ? -1 : 1;
    return (x->index > y->index) - (x->index < y->index);
}

static void index_addresses(struct arena *arena, struct delta *d, bool old_side)
{
    struct arena *scratch = arena_new();
    struct place *places = arena_array(scratch, d->symbol_count, sizeof *places);
    size_t *index = arena_array(arena, d->symbol_count, sizeof *index), count = 0;
    bool sorted = true; /* the new side is but for what was removed */
    for (size_t i = 0; i < d->symbol_count; i++) {
        const struct symbol *s = old_side ? d->symbols[i].old : d->symbols[i].new;
        if (!s || s->kind == SYMBOL_TLS)
            continue;
        places[count] = (struct place){ s->address, i };
        sorted = sorted && (!count || by_address(&places[count - 1], &places[count]) < 0);
        count++;
    }
    if (!sorted)
        qsort(places, count, sizeof *places, by_address);
    for (size_t i = 0; i < count; i++)
        index[i] = places[i].index;
    arena_free(scratch);
    d->by_address[!old_side] = index;
    d->by_address_count[!old_side] = count;
}

/* A cold part shares the fate of its function's blocks, which only changed place. */
static void follow_functions(struct delta *d, const struct pairing *p)
{
    for (size_t i = 0; i < d->symbol_count; i++) {
        struct symbol_change *c = &d->symbols[i];
        const struct symbol *cold = c->fate == FATE_REORDERED ? scene_cold_part(p->scene[1], c->new) : NULL;
        struct symbol_change *part = cold ? (struct symbol_change *)(uintptr_t)delta_at(d, false, cold->address) : NULL;
        if (part && part->new == cold && (part->fate == FATE_CHANGED || part->fate == FATE_RESIZED))
            part->fate = FATE_REORDERED;
    }
}

void delta_count_fates(struct delta *d)
{
    memset(d->fates, 0, sizeof d->fates);
    memset(d->fate_bytes, 0, sizeof d->fate_bytes);
    for (size_t i = 0; i < d->symbol_count; i++) {
        const struct symbol_change *c = &d->symbols[i];
        const struct symbol *s = c->new ? c->new : c->old;
        d->fates[s->kind][c->fate]++;
        d->fate_bytes[s->kind][c->fate] += symbol_extent(c->new ? d->new : d->old, s);
    }
}

struct delta *delta_of_pairs(struct arena *arena, const struct pairing *pairing)
{
    struct delta *d = arena_alloc(arena, sizeof *d);
    d->old = pairing->inv[0];
    d->new = pairing->inv[1];
    d->pairing = pairing;
    add_new_side(arena, d, pairing);
    add_removed(arena, d, pairing);
    index_addresses(arena, d, true);
    index_addresses(arena, d, false);
    follow_functions(d, pairing);
    delta_count_fates(d);
    settings_compare(arena, d);
    return d;
}

struct delta *delta_make(struct arena *arena, const struct inventory *old, const struct inventory *new)
{
    return delta_of_pairs(arena, match_symbols(arena, old, new));
}
