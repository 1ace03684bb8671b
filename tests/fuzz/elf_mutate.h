/* Damage that keeps a file's skeleton: one field of one table goes wrong at a time, so the reader gets deep before it
 * meets it. Flipped bytes alone die in the header.
 *
 * Works on little-endian 64-bit files; others are left to the byte mutator. The same seed makes the same file.
 */
#ifndef TESTS_FUZZ_ELF_MUTATE_H
#define TESTS_FUZZ_ELF_MUTATE_H

#include <dwarf.h>
#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct damaged {
    uint8_t *bytes;
    size_t size;
    uint64_t seed; /* never 0 */
    const Elf64_Shdr *sections; /* inside bytes, perhaps not aligned: read with damage_section */
    size_t section_count;
};

/* A section's bytes in the file. */
struct span {
    uint8_t *at;
    size_t size;
};

static uint64_t damage_random(struct damaged *d)
{
    d->seed ^= d->seed << 13;
    d->seed ^= d->seed >> 7;
    return d->seed ^= d->seed << 17;
}

static size_t damage_below(struct damaged *d, size_t count)
{
    return count ? (size_t)(damage_random(d) % count) : 0;
}

static Elf64_Shdr damage_section(const struct damaged *d, size_t index)
{
    Elf64_Shdr h;
    memcpy(&h, (const uint8_t *)d->sections + index * sizeof h, sizeof h);
    return h;
}

static const char *damage_name(const struct damaged *d, const Elf64_Shdr *section)
{
    Elf64_Ehdr header;
    memcpy(&header, d->bytes, sizeof header);
    if (header.e_shstrndx >= d->section_count)
        return "";
    Elf64_Shdr names = damage_section(d, header.e_shstrndx);
    if (names.sh_offset >= d->size || names.sh_size > d->size - names.sh_offset || section->sh_name >= names.sh_size)
        return "";
    const char *text = (const char *)d->bytes + names.sh_offset + section->sh_name;
    return memchr(text, 0, names.sh_size - section->sh_name) ? text : "";
}

/* A section's bytes; size 0: none in the file. */
static struct span damage_span(struct damaged *d, const Elf64_Shdr *h)
{
    bool inside = h->sh_type != SHT_NOBITS && h->sh_offset < d->size && h->sh_size <= d->size - h->sh_offset;
    return inside ? (struct span){ d->bytes + h->sh_offset, h->sh_size } : (struct span){ 0 };
}

/* A number that breaks things: a limit, an address or offset of this file, or a neighbour of what was there. */
static uint64_t damage_number(struct damaged *d, uint64_t had, size_t here)
{
    static const uint64_t limits[] = { 0, 1, 2, 0x7f, 0x80, 0xff, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xfffffff0,
                                       0xffffffff, 0x100000000, INT64_MAX, (uint64_t)INT64_MIN, UINT64_MAX };
    Elf64_Shdr some = damage_section(d, damage_below(d, d->section_count));
    switch (damage_random(d) % 9) {
    case 0: return limits[damage_below(d, sizeof limits / sizeof *limits)];
    case 1: return some.sh_addr;
    case 2: return some.sh_addr + some.sh_size - damage_random(d) % 3;
    case 3: return some.sh_size + damage_random(d) % 3 - 1;
    case 4: return here; /* a table that points at itself */
    case 5: return damage_random(d) % (here + 1);
    case 6: return had + damage_random(d) % 17 - 8;
    case 7: return had ^ 1ull << damage_random(d) % 64;
    default: return damage_random(d) >> damage_random(d) % 64;
    }
}

/* Replaces the field of 1, 2, 4 or 8 bytes at an offset of a span. */
static void damage_field(struct damaged *d, struct span s, size_t at, size_t width)
{
    uint64_t value = 0;
    if (at >= s.size || width > s.size - at)
        return;
    memcpy(&value, s.at + at, width);
    value = damage_number(d, value, at);
    memcpy(s.at + at, &value, width);
}

/* One field of a record of a table. */
static void damage_record(struct damaged *d, struct span s, size_t record, const uint8_t *widths)
{
    size_t fields = strlen((const char *)widths), field = damage_below(d, fields), at = 0;
    if (s.size < record)
        return;
    for (size_t i = 0; i < field; i++)
        at += widths[i];
    damage_field(d, s, damage_below(d, s.size / record) * record + at, widths[field]);
}

static void damage_symbols(struct damaged *d, struct span s)
{
    damage_record(d, s, sizeof(Elf64_Sym), (const uint8_t *)"\4\1\1\2\10\10");
}

static void damage_relocations(struct damaged *d, struct span s)
{
    damage_record(d, s, sizeof(Elf64_Rela), (const uint8_t *)"\10\4\4\10"); /* type, symbol */
}

static void damage_dynamic(struct damaged *d, struct span s)
{
    static const uint32_t tags[] = { DT_NEEDED, DT_PLTRELSZ, DT_HASH, DT_STRTAB, DT_SYMTAB, DT_RELA, DT_RELASZ, DT_RELAENT,
                                     DT_STRSZ, DT_RPATH, DT_JMPREL, DT_RUNPATH, DT_FLAGS, DT_PLTREL, DT_RELR, DT_RELRSZ };
    size_t entry = damage_below(d, s.size / sizeof(Elf64_Dyn)) * sizeof(Elf64_Dyn);
    if (s.size < sizeof(Elf64_Dyn))
        return;
    if (damage_random(d) & 1)
        memcpy(s.at + entry, &tags[damage_below(d, sizeof tags / sizeof *tags)], sizeof *tags);
    else
        damage_field(d, s, entry + 8, 8);
}

/* Tags, attributes and forms are a byte each but for a few. */
static void damage_abbreviations(struct damaged *d, struct span s)
{
    static const uint8_t words[] = {
        DW_TAG_structure_type, DW_TAG_class_type, DW_TAG_union_type, DW_TAG_member, DW_TAG_subprogram, DW_TAG_namespace,
        DW_TAG_inlined_subroutine, DW_TAG_lexical_block, DW_TAG_array_type, DW_TAG_subrange_type, DW_TAG_typedef,
        DW_TAG_variable, DW_TAG_enumeration_type, DW_TAG_imported_unit, DW_TAG_skeleton_unit, DW_TAG_compile_unit,
        DW_AT_name, DW_AT_byte_size, DW_AT_type, DW_AT_data_member_location, DW_AT_data_bit_offset, DW_AT_ranges,
        DW_AT_low_pc, DW_AT_high_pc, DW_AT_abstract_origin, DW_AT_specification, DW_AT_sibling, DW_AT_call_line,
        DW_AT_upper_bound, DW_AT_count, DW_AT_producer, DW_AT_stmt_list, DW_AT_str_offsets_base, DW_AT_addr_base,
        DW_AT_rnglists_base, DW_AT_declaration, DW_AT_external, DW_AT_linkage_name, DW_AT_signature, DW_AT_import,
        DW_FORM_addr, DW_FORM_data1, DW_FORM_data2, DW_FORM_data4, DW_FORM_data8, DW_FORM_data16, DW_FORM_sdata,
        DW_FORM_udata, DW_FORM_string, DW_FORM_strp, DW_FORM_line_strp, DW_FORM_strx, DW_FORM_strx1, DW_FORM_ref1,
        DW_FORM_ref2, DW_FORM_ref4, DW_FORM_ref8, DW_FORM_ref_udata, DW_FORM_ref_addr, DW_FORM_ref_sig8, DW_FORM_indirect,
        DW_FORM_sec_offset, DW_FORM_exprloc, DW_FORM_block, DW_FORM_block1, DW_FORM_block2, DW_FORM_block4, DW_FORM_flag,
        DW_FORM_flag_present, DW_FORM_rnglistx, DW_FORM_loclistx, DW_FORM_addrx, DW_FORM_implicit_const, 0, 1, 0x7f, 0x80,
    };
    if (s.size)
        s.at[damage_below(d, s.size)] = words[damage_below(d, sizeof words)];
}

/* Lists of records that begin with their length: unit headers, frames, line programs. */
static void damage_chain(struct damaged *d, struct span s)
{
    size_t at = 0, steps = damage_below(d, 12);
    for (; steps; steps--) {
        uint32_t length;
        if (s.size < 4 || at > s.size - 4)
            break;
        memcpy(&length, s.at + at, 4);
        if (length > s.size - at - 4 || length == 0)
            break;
        at += length + 4;
    }
    damage_field(d, s, at + damage_below(d, 24), (size_t)1 << damage_below(d, 4));
}

/* Anywhere: a number, an endless or huge LEB128, a copied piece. */
static void damage_stream(struct damaged *d, struct span s)
{
    static const uint8_t leb[] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f };
    size_t at = damage_below(d, s.size), other = damage_below(d, s.size), most = at > other ? at : other;
    switch (damage_random(d) % 4) {
    case 0: damage_chain(d, s); break;
    case 1: memcpy(s.at + at, leb + damage_below(d, 10), 1); break;
    case 2: {
        size_t length = damage_below(d, s.size - most < 64 ? s.size - most : 64);
        memmove(s.at + at, s.at + other, length);
        break;
    }
    default: damage_field(d, s, at, (size_t)1 << damage_below(d, 4)); break;
    }
}

/* Control flow: jumps and calls anywhere, jump tables, ends and nothing. */
static void damage_code(struct damaged *d, struct span s)
{
    static const struct {
        uint8_t length, bytes[8];
    } pieces[] = {
        { 2, { 0x75, 0xfe } },       { 2, { 0xeb, 0xfe } },       { 1, { 0xc3 } },
        { 5, { 0xe9, 0, 0, 0, 0 } }, { 5, { 0xe8, 0, 0, 0, 0 } }, { 6, { 0x0f, 0x84, 0, 0, 0, 0 } },
        { 3, { 0x3e, 0xff, 0xe0 } }, { 7, { 0xff, 0x24, 0xc5 } }, { 7, { 0x48, 0x8d, 0x05 } },
        { 2, { 0x0f, 0x0b } },       { 1, { 0x90 } },             { 6, { 0xff, 0x25, 0, 0, 0, 0 } },
        { 7, { 0x48, 0x63, 0x04 } }, { 7, { 0x48, 0x81, 0xec } }, { 1, { 0x2e } },
    };
    size_t which = damage_below(d, sizeof pieces / sizeof *pieces), at = damage_below(d, s.size);
    if (s.size - at < 8) {
        damage_stream(d, s);
        return;
    }
    memcpy(s.at + at, pieces[which].bytes, pieces[which].length);
    if (pieces[which].length > 4) { /* a near target */
        int32_t to = (int32_t)(damage_random(d) % 512) - 256;
        memcpy(s.at + at + pieces[which].length - 4, &to, sizeof to);
    } else if (pieces[which].length == 2 && pieces[which].bytes[1] == 0xfe) {
        s.at[at + 1] = (uint8_t)damage_random(d);
    }
}

/* By type or the beginning of the name; the first row that fits. */
static const struct damage_row {
    uint32_t type;
    const char *name;
    void (*run)(struct damaged *d, struct span s);
} damage_table[] = {
    { SHT_SYMTAB, "", damage_symbols },
    { SHT_DYNSYM, "", damage_symbols },
    { SHT_RELA, "", damage_relocations },
    { SHT_DYNAMIC, "", damage_dynamic },
    { SHT_NOTE, "", damage_chain },
    { SHT_PROGBITS, ".debug_abbrev", damage_abbreviations },
    { SHT_PROGBITS, ".eh_frame", damage_stream },
    { SHT_PROGBITS, ".debug", damage_stream },
    { SHT_PROGBITS, ".text", damage_code },
    { SHT_PROGBITS, ".plt", damage_code },
    { SHT_PROGBITS, "", damage_stream },
    { SHT_STRTAB, "", damage_stream },
};

static void damage_contents(struct damaged *d)
{
    size_t index = damage_below(d, d->section_count);
    Elf64_Shdr h = damage_section(d, index);
    struct span s = damage_span(d, &h);
    if (s.size == 0)
        return;
    const char *name = damage_name(d, &h);
    for (size_t i = 0; i < sizeof damage_table / sizeof *damage_table; i++) {
        const struct damage_row *row = &damage_table[i];
        if (row->type == h.sh_type && strncmp(name, row->name, strlen(row->name)) == 0) {
            row->run(d, s);
            return;
        }
    }
}

static void damage_headers(struct damaged *d)
{
    Elf64_Ehdr header;
    memcpy(&header, d->bytes, sizeof header);
    size_t segments = (size_t)header.e_phnum * sizeof(Elf64_Phdr);
    if ((damage_random(d) & 3) && header.e_phoff < d->size && segments <= d->size - header.e_phoff && segments)
        damage_record(d, (struct span){ d->bytes + header.e_phoff, segments }, sizeof(Elf64_Phdr),
                      (const uint8_t *)"\4\4\10\10\10\10\10\10");
    else
        damage_record(d, (struct span){ (uint8_t *)d->sections, d->section_count * sizeof(Elf64_Shdr) },
                      sizeof(Elf64_Shdr), (const uint8_t *)"\4\4\10\10\10\10\4\4\10\10");
}

/* The tables of a file of this kind; false: it is none that this knows. */
static bool damage_open(struct damaged *d, uint8_t *bytes, size_t size, uint64_t seed)
{
    Elf64_Ehdr header;
    *d = (struct damaged){ .bytes = bytes, .size = size, .seed = (seed + 1) * 0x9e3779b97f4a7c15u };
    if (size < sizeof header)
        return false;
    memcpy(&header, bytes, sizeof header);
    if (memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_shnum == 0 ||
        header.e_shoff >= size || (size_t)header.e_shnum * sizeof(Elf64_Shdr) > size - header.e_shoff)
        return false;
    d->sections = (const void *)(bytes + header.e_shoff);
    d->section_count = header.e_shnum;
    d->seed = d->seed ? d->seed : 1;
    return true;
}

/* Damages a file in a few places; false: it is none that this knows, and is left as it was. */
static bool damage_elf(uint8_t *bytes, size_t size, uint64_t seed)
{
    struct damaged d;
    if (!damage_open(&d, bytes, size, seed))
        return false;
    for (size_t places = 1 + damage_below(&d, 4); places; places--) {
        if (damage_random(&d) % 12 == 0)
            damage_headers(&d);
        else
            damage_contents(&d);
    }
    return true;
}

/* Puts the beginning of another file's section in the place of this file's one of the same name; false: there is none. */
static bool damage_graft(uint8_t *bytes, size_t size, const uint8_t *other, size_t other_size, uint64_t seed)
{
    struct damaged d, from;
    if (!damage_open(&d, bytes, size, seed) || !damage_open(&from, (uint8_t *)(uintptr_t)other, other_size, seed))
        return false;
    Elf64_Shdr to = damage_section(&d, damage_below(&d, d.section_count));
    struct span room = damage_span(&d, &to);
    for (size_t i = 0; i < from.section_count; i++) {
        Elf64_Shdr h = damage_section(&from, i);
        struct span s = damage_span(&from, &h);
        if (h.sh_type != to.sh_type || strcmp(damage_name(&from, &h), damage_name(&d, &to)) != 0)
            continue;
        if (s.size == 0 || room.size == 0)
            break;
        memcpy(room.at, s.at, s.size < room.size ? s.size : room.size);
        return true;
    }
    return false;
}

#endif
