#include "elf/code.h"

#include "elf/disasm.h"
#include "elf/image.h"
#include "elf/match.h"
#include "elf/scene.h"
#include "elf/sections.h"
#include "elf/symbolize.h"

#include <string.h>

enum { INSN_MOST = 15 /* bytes, by the architecture */ };

static bool inside(const struct symbol *function, uint64_t extent, uint64_t address)
{
    return address >= function->address && address - function->address < extent;
}

/* In a position-dependent file a 4-byte or longer field that holds a loaded address is taken for one. */
static bool is_address(const struct image *image, uint64_t value, unsigned field_bytes)
{
    return image->absolute && field_bytes >= 4 && image_covers(image, value);
}

/* Size of the block below the thread pointer: PT_TLS rounded up to its alignment (x86-64, TLS variant II). */
static uint64_t tls_block(const struct inventory *inv)
{
    uint64_t align = inv->tls_align ? inv->tls_align : 1;
    return align & (align - 1) ? inv->tls_size : (inv->tls_size + align - 1) & ~(align - 1);
}

/* %fs:-n is the program's own thread-local data; %fs:n with n >= 0 is the C library's (%fs:0x28 the stack guard). */
static bool is_tls(const struct inventory *inv, const struct insn *i)
{
    return i->fs && i->disp_size == 4 && (int64_t)i->reference < 0 && -i->reference <= tls_block(inv);
}

static bool masks_displacement(const struct image *image, const struct insn *i)
{
    return i->rip_relative || (i->disp_size && is_address(image, i->reference, i->disp_size));
}

static void mask_fields(const struct inventory *inv, const struct insn *i, bool leaves, unsigned char *bytes)
{
    const struct image *image = inv->image;
    if (i->target_size && leaves)
        memset(bytes + i->target_at, 0, i->target_size);
    if (masks_displacement(image, i) || is_tls(inv, i))
        memset(bytes + i->disp_at, 0, i->disp_size);
    if (i->imm_size && is_address(image, i->immediate, i->imm_size))
        memset(bytes + i->imm_at, 0, i->imm_size);
}

/* Folds up to 16 bytes into the hash (multiply and fold as in wyhash's core). */
static uint64_t fold(uint64_t hash, const unsigned char bytes[16], unsigned length)
{
    uint64_t a, b;
    memcpy(&a, bytes, 8);
    memcpy(&b, bytes + 8, 8);
    __uint128_t m = (__uint128_t)(a ^ hash ^ 0xa0761d6478bd642fu) * (b ^ length ^ 0xe7037ed1a0b428dbu);
    return (uint64_t)m ^ (uint64_t)(m >> 64) ^ (hash * 0x9e3779b97f4a7c15u);
}

uint64_t code_hash(const struct inventory *inv, const struct symbol *function)
{
    const struct image *image = inv->image;
    uint64_t extent = symbol_extent(inv, function), hash = extent;
    const unsigned char *code = image_at(image, function->address, extent);
    if (!code || !extent)
        return 0;
    for (uint64_t at = 0; at < extent;) {
        unsigned char bytes[16] = { 0 };
        struct insn insn = { .length = 1 };
        bool decoded = image->decodes && disasm(code + at, extent - at, function->address + at, &insn);
        memcpy(bytes, code + at, insn.length);
        if (decoded)
            mask_fields(inv, &insn, !inside(function, extent, insn.target), bytes);
        hash = fold(hash, bytes, insn.length);
        at += insn.length;
    }
    return hash ? hash : 1;
}

static bool same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

/* Neither side has a symbol there: literals, jump tables, GOT slots, PLT stubs. */
static bool same_unnamed(const struct pairing *p, uint64_t old, uint64_t new, unsigned access)
{
    int a = section_at(p->inv[0], old), b = section_at(p->inv[1], new);
    enum section_use use_a = a < 0 ? USE_OTHER : p->inv[0]->sections[a].use;
    enum section_use use_b = b < 0 ? USE_OTHER : p->inv[1]->sections[b].use;
    if (use_a != use_b)
        return false;
    if (use_a == USE_PLT)
        return same_text(scene_plt_name(p->scene[0], old), scene_plt_name(p->scene[1], new));
    if (use_a == USE_DATA)
        return same_text(scene_slot_name(p->scene[0], old), scene_slot_name(p->scene[1], new));
    if (use_a == USE_RODATA && access) {
        const unsigned char *x = image_at(p->inv[0]->image, old, access), *y = image_at(p->inv[1]->image, new, access);
        return x && y ? memcmp(x, y, access) == 0 : x == y;
    }
    return true;
}

static bool same_symbol_place(const struct pairing *p, uint64_t old, uint64_t new, uint64_t back)
{
    const struct symbol *a = symbol_at(p->inv[0], old - back), *b = symbol_at(p->inv[1], new - back);
    return a && b && match_new(p, a) == b && old - a->address == new - b->address;
}

bool same_place(const struct pairing *pairing, uint64_t old, uint64_t new, unsigned access)
{
    const struct symbol *a = symbol_at(pairing->inv[0], old), *b = symbol_at(pairing->inv[1], new);
    if (!a && !b)
        return same_unnamed(pairing, old, new, access);
    if (same_symbol_place(pairing, old, new, 0))
        return true;
    /* One past an array's end is an address of the array, whatever follows it. */
    if (!access && same_symbol_place(pairing, old, new, 1))
        return true;
    /* Nameless functions that changed are not matched, and a call to one says nothing. */
    return a && b && (a->made_up || b->made_up) && !match_new(pairing, a);
}

struct code_side {
    const struct inventory *inv;
    const struct symbol *function;
    const unsigned char *bytes;
    uint64_t extent;
};

static bool same_branch(const struct pairing *p, const struct code_side s[2], const struct insn i[2])
{
    bool in_old = inside(s[0].function, s[0].extent, i[0].target),
         in_new = inside(s[1].function, s[1].extent, i[1].target);
    if (in_old || in_new)
        return in_old && in_new && i[0].target - s[0].function->address == i[1].target - s[1].function->address;
    return same_place(p, i[0].target, i[1].target, 0);
}

static bool same_memory(const struct pairing *p, const struct code_side s[2], const struct insn i[2])
{
    bool in_old = inside(s[0].function, s[0].extent, i[0].reference);
    if (in_old && i[0].reference - s[0].function->address == i[1].reference - s[1].function->address)
        return true;
    return same_place(p, i[0].reference, i[1].reference, i[0].access);
}

static bool same_tls(const struct pairing *p, const struct insn i[2])
{
    uint64_t old = i[0].reference + tls_block(p->inv[0]), new = i[1].reference + tls_block(p->inv[1]);
    const struct symbol *a = symbol_at_tls(p->inv[0], old), *b = symbol_at_tls(p->inv[1], new);
    return a && b ? match_new(p, a) == b && old - a->address == new - b->address : !a && !b;
}

/* One instruction of each side, of equal length. */
static bool same_insn(const struct pairing *p, const struct code_side s[2], const struct insn i[2],
                      const unsigned char *at[2])
{
    unsigned char bytes[2][INSN_MOST + 1] = { { 0 } };
    if (i[0].length != i[1].length)
        return false;
    for (int side = 0; side < 2; side++) {
        memcpy(bytes[side], at[side], i[side].length);
        mask_fields(s[side].inv, &i[side], true, bytes[side]);
    }
    if (memcmp(bytes[0], bytes[1], i[0].length) != 0)
        return false;
    if (i[0].target_size && !same_branch(p, s, i))
        return false;
    if (masks_displacement(s[0].inv->image, &i[0]) && !same_memory(p, s, i))
        return false;
    if (is_tls(s[0].inv, &i[0]) && !(is_tls(s[1].inv, &i[1]) && same_tls(p, i)))
        return false;
    return !i[0].imm_size || i[0].immediate == i[1].immediate || same_place(p, i[0].immediate, i[1].immediate, 0);
}

static struct code_side code_side(const struct inventory *inv, const struct symbol *function)
{
    struct code_side s = { .inv = inv, .function = function, .extent = symbol_extent(inv, function) };
    s.bytes = s.extent ? image_at(inv->image, function->address, s.extent) : NULL;
    return s;
}

bool code_same(const struct pairing *pairing, const struct symbol *old, const struct symbol *new)
{
    struct code_side s[2] = { code_side(pairing->inv[0], old), code_side(pairing->inv[1], new) };
    if (!match_spend(pairing, s[0].extent))
        return false;
    if (s[0].extent != s[1].extent || !s[0].bytes || !s[1].bytes)
        return s[0].extent == s[1].extent && s[0].bytes == s[1].bytes;
    bool equal = memcmp(s[0].bytes, s[1].bytes, s[0].extent) == 0;
    if (equal && (pairing->in_place || !s[0].inv->image->decodes))
        return true;
    if (!s[0].inv->image->decodes || !s[1].inv->image->decodes)
        return false;
    for (uint64_t at = 0; at < s[0].extent;) {
        struct insn i[2] = { { .length = 1 }, { .length = 1 } };
        const unsigned char *bytes[2] = { s[0].bytes + at, s[1].bytes + at };
        bool a = disasm(bytes[0], s[0].extent - at, old->address + at, &i[0]);
        bool b = disasm(bytes[1], s[1].extent - at, new->address + at, &i[1]);
        if (a != b || (a ? !same_insn(pairing, s, i, bytes) : *bytes[0] != *bytes[1]))
            return false;
        at += i[0].length;
    }
    return true;
}

/* The address where a symbol's initial bytes are: TLS symbols are offsets into PT_TLS. */
static const unsigned char *contents(const struct inventory *inv, const struct symbol *s)
{
    uint64_t base = 0;
    for (size_t i = 0; i < inv->segment_count && s->kind == SYMBOL_TLS; i++)
        if (inv->segments[i].type == PT_TLS)
            base = inv->segments[i].address;
    return image_at(inv->image, base + s->address, s->size);
}

/* Aligned words that are both addresses of their image may differ as the addresses do. */
static bool same_words(const struct pairing *p, const unsigned char *x, const unsigned char *y, uint64_t size)
{
    for (uint64_t at = 0; at < size; at += 8) {
        uint64_t a = 0, b = 0, step = size - at < 8 ? size - at : 8;
        memcpy(&a, x + at, step);
        memcpy(&b, y + at, step);
        if (a == b)
            continue;
        if (step < 8 || !image_covers(p->inv[0]->image, a) || !image_covers(p->inv[1]->image, b) ||
            !same_place(p, a, b, 0))
            return false;
    }
    return true;
}

bool object_same(const struct pairing *pairing, const struct symbol *old, const struct symbol *new)
{
    if (old->size != new->size || !match_spend(pairing, old->size))
        return false;
    const unsigned char *x = contents(pairing->inv[0], old), *y = contents(pairing->inv[1], new);
    if (!x || !y || old->size == 0)
        return !x == !y;
    return memcmp(x, y, old->size) == 0 || same_words(pairing, x, y, old->size);
}

static uint64_t fold_text(uint64_t hash, const char *text)
{
    unsigned char bytes[16];
    for (size_t length = strlen(text), at = 0; at <= length; at += 16) {
        memset(bytes, 0, sizeof bytes);
        memcpy(bytes, text + at, length - at < 16 ? length - at : 16);
        hash = fold(hash, bytes, 16);
    }
    return hash;
}

static uint64_t fold_number(uint64_t hash, uint64_t number)
{
    unsigned char bytes[16] = { 0 };
    memcpy(bytes, &number, 8);
    return fold(hash, bytes, 8);
}

/* What an address means: a symbol and an offset, a constant's bytes, or only the kind of section. */
static uint64_t fold_place(const struct scene *scene, uint64_t hash, uint64_t address, unsigned access)
{
    const struct symbol *s = symbol_at(scene->inv, address);
    if (s && s->made_up)
        return hash;
    if (s)
        return fold_number(fold_text(hash, s->base_name), address - s->address);
    int index = section_at(scene->inv, address);
    enum section_use use = index < 0 ? USE_OTHER : scene->inv->sections[index].use;
    const char *slot = use == USE_DATA ? scene_slot_name(scene, address) : NULL;
    if (slot)
        return fold_text(hash, slot);
    const unsigned char *constant = use == USE_RODATA && access && access <= 16
                                        ? image_at(scene->inv->image, address, access)
                                        : NULL;
    if (constant) {
        unsigned char bytes[16] = { 0 };
        memcpy(bytes, constant, access);
        return fold(hash, bytes, access);
    }
    return fold_number(hash, use);
}

uint64_t code_meaning(const struct scene *scene, const struct insn *insn, bool target_inside)
{
    const struct inventory *inv = scene->inv;
    unsigned char bytes[INSN_MOST + 1] = { 0 };
    const unsigned char *code = image_at(inv->image, insn->address, insn->length);
    if (insn->nop || insn->endbr || !code || (insn->flow == FLOW_JUMP && target_inside))
        return 0;
    uint64_t hash = 1 + insn->flow;
    if (insn->flow == FLOW_BRANCH && insn->condition < 16) {
        hash = fold_number(hash, insn->condition >> 1);
    } else {
        memcpy(bytes, code, insn->length);
        mask_fields(inv, insn, true, bytes);
        /* A jump out of the function may be short in one file and near in the other. */
        hash = insn->flow == FLOW_JUMP ? fold_number(hash, 1) : fold(hash, bytes, insn->length);
    }
    if (insn->target_size && !target_inside) {
        const char *callee = scene_callee(scene, insn->target);
        hash = callee ? fold_text(hash, callee) : hash;
    }
    if (masks_displacement(inv->image, insn))
        hash = fold_place(scene, hash, insn->reference, insn->access);
    if (is_tls(inv, insn)) {
        const struct symbol *s = symbol_at_tls(inv, insn->reference + tls_block(inv));
        hash = s ? fold_number(fold_text(hash, s->base_name), insn->reference + tls_block(inv) - s->address) : hash;
    }
    if (insn->imm_size && is_address(inv->image, insn->immediate, insn->imm_size))
        hash = fold_place(scene, hash, insn->immediate, 0);
    return hash ? hash : 1;
}
