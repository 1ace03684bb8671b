#include "elf/recode.h"

#include "elf/delta.h"
#include "elf/image.h"
#include "elf/match.h"
#include "elf/names.h"
#include "elf/recoding.h"
#include "elf/refs.h"
#include "elf/scene.h"
#include "elf/symbolize.h"

/* What one side refers to and the other does not. */
static struct refs only_in(struct arena *arena, const struct refs *a, const struct refs *b)
{
    struct refs only = { .arena = arena, .pairing = a->pairing, .side = a->side };
    for (size_t i = 0; i < a->count; i++)
        if (!refs_hold(b, a->items[i].id))
            refs_add(&only, a->items[i]);
    return only;
}

static size_t functions_in(const struct refs *r)
{
    size_t count = 0;
    for (size_t i = 0; i < r->count; i++)
        count += r->items[i].function != NULL;
    return count;
}

enum { MOST_GONE = 32 /* callees that one function may have taken in */ };

/* Whether `inside` took in what `gone` no longer calls: all that those functions refer to is referred to there now,
 * what it refers to newly comes from them, and there is code in the place of the calls. */
static bool took_in(struct arena *arena, const struct refs *before, const struct refs *inside, const struct refs *gone,
                    const struct refs *came)
{
    size_t count = functions_in(gone);
    if (count == 0 || count > MOST_GONE || count != gone->count || functions_in(came) > 0 ||
        inside->insns + before->calls < before->insns + inside->calls)
        return false;
    struct refs *of = arena_array(arena, count, sizeof *of);
    for (size_t i = 0; i < count; i++) {
        of[i] = refs_read(arena, before->pairing, before->side, gone->items[i].function);
        for (size_t k = 0; k < of[i].count; k++)
            if (!refs_hold(inside, of[i].items[k].id) && !refs_hold(gone, of[i].items[k].id))
                return false;
    }
    for (size_t k = 0; k < came->count; k++) {
        bool from_one = false;
        for (size_t i = 0; i < count; i++)
            from_one = from_one || refs_hold(&of[i], came->items[k].id);
        if (!from_one)
            return false;
    }
    return true;
}

/* Which functions came or went with that: kin that no name told. */
static void adopt(struct delta *d, bool old_side, const struct refs *callees, const struct symbol *taker)
{
    for (size_t i = 0; i < callees->count; i++) {
        const struct symbol *callee = callees->items[i].function;
        struct symbol_change *c = (struct symbol_change *)(uintptr_t)delta_at(d, old_side, callee->address);
        bool alone = c && c->fate == (old_side ? FATE_REMOVED : FATE_ADDED) && (old_side ? c->old : c->new) == callee;
        if (alone && !c->kin)
            c->kin = taker;
    }
}

/* The same instructions with other registers may refer to nothing and are the same source all the same. */
static enum recoding recoding(const struct pairing *p, const struct symbol_change *c, struct arena *scratch, unsigned *turns)
{
    if (!match_spend(p, symbol_extent(p->inv[0], c->old) + symbol_extent(p->inv[1], c->new)))
        return RECODING_OTHER;
    return recoding_of(scratch, p, graph_build(scratch, p->scene[0], c->old), graph_build(scratch, p->scene[1], c->new),
                       turns);
}

static enum fate kind_of(struct delta *d, const struct pairing *p, struct symbol_change *c)
{
    struct arena *scratch = arena_new();
    unsigned turns = 0;
    struct refs old = refs_read(scratch, p, 0, c->old), new = refs_read(scratch, p, 1, c->new);
    struct refs gone = only_in(scratch, &old, &new), came = only_in(scratch, &new, &old);
    enum fate fate = c->fate;
    /* Of code that refers to nothing, nothing is known. */
    bool same_refs = gone.count == 0 && came.count == 0;
    c->recoding = same_refs ? recoding(p, c, scratch, &turns) : RECODING_OTHER;
    c->turns = (int)turns;
    if (same_refs && (old.count > 0 || c->recoding == RECODING_REGISTERS)) {
        fate = FATE_RECODED;
    } else if (took_in(scratch, &old, &new, &gone, &came)) {
        fate = FATE_REINLINED;
        adopt(d, true, &gone, c->new);
    } else if (took_in(scratch, &new, &old, &came, &gone)) {
        fate = FATE_REINLINED;
        adopt(d, false, &came, c->old);
    }
    arena_free(scratch);
    return fate;
}

static bool is_changed_code(const struct symbol_change *c)
{
    return (c->fate == FATE_CHANGED || c->fate == FATE_RESIZED) &&
           (c->new->kind == SYMBOL_FUNCTION || c->new->kind == SYMBOL_IFUNC);
}

/* A cold part shares the fate of its function. */
static void follow_functions(struct delta *d, const struct pairing *p)
{
    for (size_t i = 0; i < d->symbol_count; i++) {
        const struct symbol_change *c = &d->symbols[i];
        bool refined = c->fate == FATE_RECODED || c->fate == FATE_REINLINED;
        const struct symbol *cold = refined ? scene_cold_part(p->scene[1], c->new) : NULL;
        struct symbol_change *part = cold ? (struct symbol_change *)(uintptr_t)delta_at(d, false, cold->address) : NULL;
        if (part && part->new == cold && is_changed_code(part)) {
            part->fate = c->fate;
            part->recoding = c->recoding;
        }
    }
}

void recode_find(struct finder *f)
{
    struct delta *d = f->delta;
    const struct pairing *p = f->pairing;
    if (!d->old->image->decodes || !d->new->image->decodes)
        return;
    for (size_t i = 0; i < d->symbol_count; i++) {
        struct symbol_change *c = &d->symbols[i];
        if (!is_changed_code(c) || name_is_cold_part(c->new->name))
            continue;
        enum inlining told = f->inlining ? f->inlining[i] : INLINING_UNKNOWN;
        enum fate fate = told == INLINING_CHANGED ? FATE_REINLINED : kind_of(d, p, c);
        /* Debug information of both sides knows better what was inlined. */
        if (fate != FATE_REINLINED || told != INLINING_SAME)
            c->fate = fate;
    }
    follow_functions(d, p);
    delta_count_fates(d);
}
