#include "elf/frames.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

enum { REG_RBP = 6, REG_RSP = 7 }; /* DWARF numbers of x86-64 (psABI, figure 3.36) */

struct cursor {
    const uint8_t *at, *end;
    bool bad;
};

static uint64_t take(struct cursor *c, unsigned bytes)
{
    uint64_t v = 0;
    if ((size_t)(c->end - c->at) < bytes) {
        c->bad = true;
        return 0;
    }
    memcpy(&v, c->at, bytes); /* little-endian only: the caller checked */
    c->at += bytes;
    return v;
}

static uint64_t take_uleb(struct cursor *c)
{
    uint64_t v = 0;
    for (unsigned shift = 0; c->at < c->end; shift += 7) {
        uint8_t byte = *c->at++;
        if (shift < 64)
            v |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return v;
    }
    c->bad = true;
    return 0;
}

/* A pointer in one of the DW_EH_PE forms that linkers write; `place` is the address of the field itself. */
static uint64_t take_pointer(struct cursor *c, unsigned encoding, uint64_t place, bool wide)
{
    uint64_t v;
    switch (encoding & 0x0f) {
    case DW_EH_PE_absptr: v = take(c, wide ? 8 : 4); break;
    case DW_EH_PE_udata4: v = take(c, 4); break;
    case DW_EH_PE_sdata4: v = (uint64_t)(int64_t)(int32_t)take(c, 4); break;
    case DW_EH_PE_udata8:
    case DW_EH_PE_sdata8: v = take(c, 8); break;
    default: c->bad = true; return 0;
    }
    if ((encoding & 0x70) == DW_EH_PE_pcrel)
        v += place;
    else if ((encoding & 0x70) != 0)
        c->bad = true;
    return v;
}

struct eh_section {
    Elf_Data data;
    uint64_t address;
    const struct image *image;
    uint64_t cie_offset; /* of the CIE below; UINT64_MAX: none yet */
    unsigned encoding;
    Dwarf_CIE cie;
};

static bool load_cie(struct eh_section *eh, uint64_t offset)
{
    if (eh->cie_offset == offset)
        return true;
    Dwarf_Off next;
    Dwarf_CFI_Entry entry;
    if (offset >= eh->data.d_size ||
        dwarf_next_cfi(eh->image->header.e_ident, &eh->data, true, offset, &next, &entry) != 0 ||
        !dwarf_cfi_cie_p(&entry))
        return false;
    eh->cie = entry.cie;
    eh->encoding = DW_EH_PE_absptr;
    eh->cie_offset = offset;
    const char *text = entry.cie.augmentation;
    if (*text != 'z')
        return true;
    struct cursor c = { entry.cie.augmentation_data, entry.cie.augmentation_data + entry.cie.augmentation_data_size,
                        false };
    bool wide = eh->image->header.e_ident[EI_CLASS] == ELFCLASS64;
    for (text++; *text && !c.bad; text++) {
        if (*text == 'R')
            eh->encoding = (unsigned)take(&c, 1);
        else if (*text == 'L')
            take(&c, 1);
        else if (*text == 'P')
            take_pointer(&c, (unsigned)take(&c, 1) & 0x0f, 0, wide);
        else if (*text != 'S' && *text != 'B')
            break;
    }
    return !c.bad;
}

static void add_fde(struct arena *arena, struct frames *frames, struct eh_section *eh, const Dwarf_FDE *fde)
{
    if (!load_cie(eh, fde->CIE_pointer))
        return;
    struct cursor c = { fde->start, fde->end, false };
    bool wide = eh->image->header.e_ident[EI_CLASS] == ELFCLASS64;
    uint64_t place = eh->address + (uint64_t)(fde->start - (const uint8_t *)eh->data.d_buf);
    uint64_t start = take_pointer(&c, eh->encoding, place, wide);
    uint64_t size = take_pointer(&c, eh->encoding & 0x0f, 0, wide);
    if (eh->cie.augmentation[0] == 'z') {
        uint64_t skip = take_uleb(&c);
        if (skip > (uint64_t)(c.end - c.at))
            return;
        c.at += skip;
    }
    if (c.bad || size == 0 || !image_at(eh->image, start, size))
        return;
    *ARENA_PUSH(arena, frames->items, frames->count, frames->room) = (struct frame){
        .address = start,
        .size = size,
        .program = c.at,
        .program_end = c.end,
        .first = eh->cie.initial_instructions,
        .first_end = eh->cie.initial_instructions_end,
    };
}

static int by_address(const void *a, const void *b)
{
    const struct frame *x = a, *y = b;
    return x->address != y->address ? (x->address < y->address ? -1 : 1) : (x->size > y->size) - (x->size < y->size);
}

/* Without a section table: PT_GNU_EH_FRAME holds a pointer to .eh_frame, whose size is not recorded. */
static bool find_by_segment(const struct image *image, uint64_t *address, uint64_t *size)
{
    for (size_t i = 0; i < image->segment_count; i++) {
        GElf_Phdr p;
        if (!gelf_getphdr(image->elf, (int)i, &p) || p.p_type != PT_GNU_EH_FRAME)
            continue;
        const unsigned char *header = image_at(image, p.p_vaddr, 12);
        if (!header || header[0] != 1)
            return false;
        struct cursor c = { header + 4, header + 12, false };
        *address = take_pointer(&c, header[1], p.p_vaddr + 4, image->header.e_ident[EI_CLASS] == ELFCLASS64);
        *size = image_room(image, *address);
        return !c.bad && *size > 0;
    }
    return false;
}

static bool find_eh_frame(const struct image *image, const struct section *sections, size_t count, uint64_t *address,
                          uint64_t *size)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(sections[i].name, ".eh_frame") != 0 || !image_at(image, sections[i].address, sections[i].size))
            continue;
        *address = sections[i].address;
        *size = sections[i].size;
        return true;
    }
    return find_by_segment(image, address, size);
}

struct frames *frames_read(struct arena *arena, const struct image *image, const struct section *sections, size_t count)
{
    struct frames *frames = arena_alloc(arena, sizeof *frames);
    struct eh_section eh = { .image = image, .cie_offset = UINT64_MAX };
    uint64_t size;
    if (image->header.e_ident[EI_DATA] != ELFDATA2LSB || !find_eh_frame(image, sections, count, &eh.address, &size))
        return frames;
    eh.data = (Elf_Data){ .d_buf = (void *)(uintptr_t)image_at(image, eh.address, size),
                          .d_size = size,
                          .d_type = ELF_T_BYTE,
                          .d_version = EV_CURRENT };
    Dwarf_Off offset = 0, next;
    Dwarf_CFI_Entry entry;
    int found;
    while ((found = dwarf_next_cfi(image->header.e_ident, &eh.data, true, offset, &next, &entry)) == 0) {
        if (next <= offset)
            break;
        if (!dwarf_cfi_cie_p(&entry))
            add_fde(arena, frames, &eh, &entry.fde);
        offset = next;
    }
    frames->damaged = found < 0;
    bool sorted = true; /* as linkers mostly leave it */
    for (size_t i = 1; i < frames->count && sorted; i++)
        sorted = by_address(&frames->items[i - 1], &frames->items[i]) <= 0;
    if (!sorted)
        qsort(frames->items, frames->count, sizeof *frames->items, by_address);
    return frames;
}

const struct frame *frame_at(const struct frames *frames, uint64_t address)
{
    size_t low = 0, high = frames->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (frames->items[middle].address <= address)
            low = middle + 1;
        else
            high = middle;
    }
    const struct frame *f = low ? &frames->items[low - 1] : NULL;
    return f && address - f->address < f->size ? f : NULL;
}

struct cfa {
    bool in_rsp, left_rsp; /* now; at any time */
    uint64_t offset, largest;
};

static void use_register(struct cfa *cfa, uint64_t reg)
{
    cfa->in_rsp = reg == REG_RSP;
    cfa->left_rsp = cfa->left_rsp || !cfa->in_rsp;
}

static void skip_block(struct cursor *c)
{
    uint64_t bytes = take_uleb(c);
    if (bytes > (uint64_t)(c->end - c->at))
        c->bad = true;
    else
        c->at += bytes;
}

/* One CFA instruction (DWARF 5, section 6.4.2). Only what moves the CFA matters; the rest is skipped by its operands'
 * forms. */
static void step(struct cursor *c, struct cfa *cfa)
{
    uint8_t op = *c->at++;
    if ((op & 0xc0) == DW_CFA_offset)
        take_uleb(c);
    if (op & 0xc0) /* DW_CFA_advance_loc, DW_CFA_restore: the operand is in the byte */
        return;
    switch (op) {
    case DW_CFA_def_cfa:
        use_register(cfa, take_uleb(c));
        cfa->offset = take_uleb(c);
        break;
    case DW_CFA_def_cfa_register: use_register(cfa, take_uleb(c)); break;
    case DW_CFA_def_cfa_offset: cfa->offset = take_uleb(c); break;
    case DW_CFA_def_cfa_expression: /* realigned stacks and the PLT */
        use_register(cfa, REG_RBP);
        skip_block(c);
        break;
    case DW_CFA_advance_loc1: take(c, 1); break;
    case DW_CFA_advance_loc2: take(c, 2); break;
    case DW_CFA_advance_loc4: take(c, 4); break;
    case DW_CFA_offset_extended:
    case DW_CFA_offset_extended_sf:
    case DW_CFA_register:
    case DW_CFA_val_offset: take_uleb(c), take_uleb(c); break;
    case DW_CFA_restore_extended:
    case DW_CFA_undefined:
    case DW_CFA_same_value:
    case DW_CFA_GNU_args_size: take_uleb(c); break;
    case DW_CFA_expression:
    case DW_CFA_val_expression:
        take_uleb(c);
        skip_block(c);
        break;
    case DW_CFA_nop:
    case DW_CFA_remember_state:
    case DW_CFA_restore_state: break;
    default: c->bad = true; break;
    }
}

static void see(struct cfa *cfa)
{
    if (cfa->in_rsp && cfa->offset > cfa->largest)
        cfa->largest = cfa->offset;
}

/* The states on the way through a CIE's instructions hold nowhere: only the last is where the function starts. A cold
 * part starts with the frame that its function made. */
uint64_t frame_bytes(const struct frame *frame, bool *through_rbp)
{
    struct cfa cfa = { 0 };
    for (struct cursor c = { frame->first, frame->first_end, false }; c.at < c.end && !c.bad;)
        step(&c, &cfa);
    cfa.left_rsp = !cfa.in_rsp;
    see(&cfa);
    for (struct cursor c = { frame->program, frame->program_end, false }; c.at < c.end && !c.bad;) {
        step(&c, &cfa);
        if (!c.bad)
            see(&cfa);
    }
    *through_rbp = cfa.left_rsp;
    return cfa.largest;
}
