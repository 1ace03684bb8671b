#include "elf/refs.h"

#include "elf/disasm.h"
#include "elf/image.h"
#include "elf/match.h"
#include "elf/names.h"
#include "elf/scene.h"
#include "elf/sections.h"
#include "elf/symbolize.h"

#include <stdlib.h>
#include <string.h>

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

void refs_add(struct refs *refs, struct ref ref)
{
    *ARENA_PUSH(refs->arena, refs->items, refs->count, refs->room) = ref;
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
    refs_add(r, (struct ref){ id_of(kind, &number, sizeof number), matched, called ? s : NULL });
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
        refs_add(r, (struct ref){ id_of(ID_CONSTANT, bytes, unit), true, NULL });
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
        refs_add(r, (struct ref){ id_of(ID_NAME, slot, strlen(slot)), true, NULL });
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
        refs_add(r, (struct ref){ id_of(ID_NAME, library, strlen(library)), true, NULL });
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
            refs_add(r, (struct ref){ id_of(ID_NUMBER, &i.immediate, sizeof i.immediate), true, NULL });
    }
}

static int by_id(const void *a, const void *b)
{
    const struct ref *x = a, *y = b;
    if (x->id != y->id)
        return x->id < y->id ? -1 : 1;
    return (x->function < y->function) - (x->function > y->function);
}

struct refs refs_read(struct arena *arena, const struct pairing *p, int side, const struct symbol *function)
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

bool refs_hold(const struct refs *r, uint64_t id)
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

uint64_t refs_hash(const struct refs *r, size_t *common)
{
    uint64_t hash = 0xcbf29ce484222325u;
    *common = 0;
    for (size_t i = 0; i < r->count; i++) {
        if (!r->items[i].common)
            continue;
        hash = mix(hash, &r->items[i].id, sizeof r->items[i].id);
        ++*common;
    }
    return hash;
}
