#include "elf/recode.h"

#include "elf/delta.h"
#include "elf/disasm.h"
#include "elf/image.h"
#include "elf/match.h"
#include "elf/names.h"
#include "elf/scene.h"
#include "elf/sections.h"
#include "elf/symbolize.h"

#include <stdlib.h>
#include <string.h>

/* Something that code refers to, by a number that is the same on both sides: a matched symbol, a library function, a
 * constant. */
struct ref {
    uint64_t id;
    const struct symbol *function; /* called directly; NULL: library functions, data, constants */
};

/* What one function, its cold part included, refers to: ascending, each once. */
struct refs {
    struct arena *arena;
    const struct pairing *pairing;
    int side;
    struct ref *items;
    size_t count, room;
    size_t insns, calls; /* nops aside; direct calls of functions in the file */
};

static uint64_t mix(uint64_t hash, const void *bytes, size_t length)
{
    for (const unsigned char *at = bytes; length--; at++)
        hash = (hash ^ *at) * 0x100000001b3u; /* FNV-1a */
    return hash;
}

static uint64_t id_of(unsigned kind, const void *bytes, size_t length)
{
    return mix(0xcbf29ce484222325u ^ (kind + 1) * 0x9e3779b97f4a7c15u, bytes, length);
}

enum { ID_MATCHED, ID_OLD, ID_NEW, ID_NAME, ID_CONSTANT, ID_NUMBER };

static void add_ref(struct refs *r, uint64_t id, const struct symbol *function)
{
    *ARENA_PUSH(r->arena, r->items, r->count, r->room) = (struct ref){ id, function };
}

/* A matched symbol goes by its new one, whatever its name. */
static void add_symbol(struct refs *r, const struct symbol *s, bool called)
{
    const struct pairing *p = r->pairing;
    size_t index = (size_t)(symbol_primary(p->inv[r->side], s) - p->inv[r->side]->symbols);
    const struct match *m = &p->match[r->side][index];
    bool matched = m->how != MATCH_NONE;
    size_t number = matched && r->side == 0 ? m->other : index;
    unsigned kind = matched ? ID_MATCHED : r->side == 0 ? ID_OLD : ID_NEW;
    add_ref(r, id_of(kind, &number, sizeof number), called ? s : NULL);
}

static bool repeats(const unsigned char *bytes, unsigned size, unsigned unit)
{
    for (unsigned at = unit; at < size; at += unit)
        if (memcmp(bytes, bytes + at, unit) != 0)
            return false;
    return size % unit == 0;
}

/* A constant in read-only data. A vector of equal elements is what a loop's constant becomes when it is vectorised;
 * other vectors are index tables and masks of the compiler's own. */
static void add_constant(struct refs *r, uint64_t address, unsigned access)
{
    const struct image *image = r->pairing->inv[r->side]->image;
    const unsigned char *bytes = access >= 4 && access <= 64 ? image_at(image, address, access) : NULL;
    unsigned unit = !bytes ? 0 : access > 4 && repeats(bytes, access, 4) ? 4 : repeats(bytes, access, 8) ? 8 : access;
    if (bytes && unit <= 8)
        add_ref(r, id_of(ID_CONSTANT, bytes, unit), NULL);
}

static void add_address(struct refs *r, uint64_t address, unsigned access)
{
    const struct inventory *inv = r->pairing->inv[r->side];
    const struct symbol *s = symbol_at(inv, address);
    int section = s ? -1 : section_at(inv, address);
    enum section_use use = section < 0 ? USE_OTHER : inv->sections[section].use;
    const char *slot = s ? NULL : scene_slot_name(r->pairing->scene[r->side], address);
    if (s)
        add_symbol(r, s, false);
    else if (slot)
        add_ref(r, id_of(ID_NAME, slot, strlen(slot)), NULL);
    else if (use == USE_RODATA)
        add_constant(r, address, access);
}

static void add_target(struct refs *r, const struct symbol *function, const struct insn *i)
{
    const struct inventory *inv = r->pairing->inv[r->side];
    const struct symbol *s = symbol_at(inv, i->target);
    const char *library = s ? NULL : scene_plt_name(r->pairing->scene[r->side], i->target);
    if (s && (s == function || name_is_cold_part(s->name) ||
              (name_is_cold_part(function->name) && strcmp(s->base_name, function->base_name) == 0)))
        return;
    r->calls += s && i->flow == FLOW_CALL;
    if (s)
        add_symbol(r, s, true);
    else if (library)
        add_ref(r, id_of(ID_NAME, library, strlen(library)), NULL);
}

enum { LARGE_NUMBER = 1 << 16 /* multipliers of hashes, limits: not the strides that unrolling makes */ };

static void read_part(struct refs *r, const struct symbol *function)
{
    const struct inventory *inv = r->pairing->inv[r->side];
    uint64_t extent = symbol_extent(inv, function);
    const unsigned char *code = image_at(inv->image, function->address, extent);
    if (!match_spend(r->pairing, extent))
        return;
    for (uint64_t at = 0; code && at < extent;) {
        struct insn i;
        if (!disasm(code + at, extent - at, function->address + at, &i)) {
            at++;
            continue;
        }
        at += i.length;
        r->insns += !i.nop && !i.endbr;
        if (i.target_size && i.target - function->address >= extent)
            add_target(r, function, &i);
        if (i.rip_relative || (i.disp_size == 4 && inv->image->absolute))
            add_address(r, i.reference, i.access);
        if (i.imm_size >= 4 && inv->image->absolute && image_covers(inv->image, i.immediate))
            add_address(r, i.immediate, 0);
        else if (i.imm_size >= 4 && (i.immediate + LARGE_NUMBER) > 2 * LARGE_NUMBER)
            add_ref(r, id_of(ID_NUMBER, &i.immediate, sizeof i.immediate), NULL);
    }
}

static int by_id(const void *a, const void *b)
{
    const struct ref *x = a, *y = b;
    if (x->id != y->id)
        return x->id < y->id ? -1 : 1;
    return (x->function < y->function) - (x->function > y->function);
}

static struct refs read_refs(struct arena *arena, const struct pairing *p, int side, const struct symbol *function)
{
    struct refs r = { .arena = arena, .pairing = p, .side = side };
    const struct symbol *cold = scene_cold_part(p->scene[side], function);
    read_part(&r, function);
    if (cold && cold != function)
        read_part(&r, cold);
    if (r.count)
        qsort(r.items, r.count, sizeof *r.items, by_id);
    size_t kept = 0;
    for (size_t i = 0; i < r.count; i++)
        if (i == 0 || r.items[i].id != r.items[kept - 1].id)
            r.items[kept++] = r.items[i];
    r.count = kept;
    return r;
}

static bool holds(const struct refs *r, uint64_t id)
{
    size_t low = 0, high = r->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (r->items[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < r->count && r->items[low].id == id;
}

/* What one side refers to and the other does not. */
static struct refs only_in(struct arena *arena, const struct refs *a, const struct refs *b)
{
    struct refs only = { .arena = arena, .pairing = a->pairing, .side = a->side };
    for (size_t i = 0; i < a->count; i++)
        if (!holds(b, a->items[i].id))
            add_ref(&only, a->items[i].id, a->items[i].function);
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
        of[i] = read_refs(arena, before->pairing, before->side, gone->items[i].function);
        for (size_t k = 0; k < of[i].count; k++)
            if (!holds(inside, of[i].items[k].id) && !holds(gone, of[i].items[k].id))
                return false;
    }
    for (size_t k = 0; k < came->count; k++) {
        bool from_one = false;
        for (size_t i = 0; i < count; i++)
            from_one = from_one || holds(&of[i], came->items[k].id);
        if (!from_one)
            return false;
    }
    return true;
}

static enum fate kind_of(const struct pairing *p, const struct symbol_change *c)
{
    struct arena *scratch = arena_new();
    struct refs old = read_refs(scratch, p, 0, c->old), new = read_refs(scratch, p, 1, c->new);
    struct refs gone = only_in(scratch, &old, &new), came = only_in(scratch, &new, &old);
    enum fate fate = c->fate;
    /* Of code that refers to nothing, nothing is known. */
    if (gone.count == 0 && came.count == 0 && old.count > 0)
        fate = FATE_RECODED;
    else if (took_in(scratch, &old, &new, &gone, &came) || took_in(scratch, &new, &old, &came, &gone))
        fate = FATE_REINLINED;
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
        if (part && part->new == cold && is_changed_code(part))
            part->fate = c->fate;
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
        enum fate fate = told == INLINING_CHANGED ? FATE_REINLINED : kind_of(p, c);
        /* Debug information of both sides knows better what was inlined. */
        if (fate != FATE_REINLINED || told != INLINING_SAME)
            c->fate = fate;
    }
    follow_functions(d, p);
    delta_count_fates(d);
}
